"""The session that runs a chapter where there is no kernel gives what a kernel gives, and says what a page has to know."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mirage_utils.page import live, live_messages, numerals
from mirage_utils.page.live_widgets import VIEW

ROOT = Path(__file__).resolve().parents[2]
# A process of its own: there is one shell in a process, and what is glued stays.
DRIVER = """
import json, sys
from mirage_utils.page.live import Session
from mirage_utils.page.live_messages import digest
cells, pasted = json.load(open(sys.argv[1]))
done = []
for source, received in cells:
    if not done:
        session = Session(lambda text: messages.append(json.loads(text)), pasted)
    messages = []
    good = session.run(source)
    for name, data in received:
        models = {k: s for each in done for m in each["messages"] if m["kind"] == "models" for k, s in m["models"].items()}
        model = next(k for k, s in models.items() if s["_model_name"] == name)
        session.receive(model, json.dumps(data))
    done.append({"good": good, "messages": messages, "digest": digest(messages)})
print(json.dumps(done))
"""


def run(tmp_path, *cells, pasted=()):
    """What a session says of cells; a cell may be followed by what a reader does to a widget."""
    given = [cell if isinstance(cell, tuple) else (cell, []) for cell in cells]
    path = tmp_path / "cells.json"
    path.write_text(json.dumps([given, list(pasted)]), encoding="utf-8")
    environ = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    result = subprocess.run(
        [sys.executable, "-c", DRIVER, path], capture_output=True, text=True, cwd=ROOT / "notebooks", env=environ
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-3000:]
    return json.loads(result.stdout)


def kinds(cell):
    return [message["kind"] for message in cell["messages"]]


@pytest.mark.parametrize("name", ["03_many_tokens", "10_meta_analysis"])
def test_a_chapter_gives_the_outputs_and_the_numbers_of_a_kernel(name, chapter_run, tmp_path):
    kernel = chapter_run(name)
    code = [cell for cell in kernel.notebook.cells if cell.cell_type == "code"]
    published = json.loads((ROOT / "notebooks" / "numbers.json").read_text(encoding="utf-8"))
    kept = published[name]["numbers"]
    found = run(tmp_path, *(cell.source for cell in code), pasted=kept)
    assert all(cell["good"] for cell in found)
    told = {}
    for cell, mine in zip(code, found, strict=True):
        assert mine["digest"] == live_messages.digest(live_messages.printed(cell.outputs)), (
            cell.source
        )
        shown = [m for m in mine["messages"] if m["kind"] == "display"]
        theirs = [m for m in live_messages.printed(cell.outputs) if m["kind"] == "display"]
        for one, other in zip(shown, theirs, strict=True):
            # Models have names of their own in each run.
            assert {**one["data"], VIEW: 0} == {**other["data"], VIEW: 0}
        told |= {
            k: v for m in mine["messages"] if m["kind"] == "numbers" for k, v in m["values"].items()
        }
    assert told == {key: numerals.typeset(format(value, "")) for key, value in kept.items()}


def test_what_is_shown_goes_out_in_its_order(tmp_path):
    source = """
import sys
print("one"); print("two"); print("\\x1b[31mwrong\\x1b[0m", file=sys.stderr)
display({"text/plain": "three"}, raw=True, display_id="here")
display({"text/plain": "four"}, raw=True, display_id="here", update=True)
display(b"", metadata={"a": 1}) if False else None
5
"""
    (cell,) = run(tmp_path, source)
    assert [(m["kind"], m.get("text", m.get("data", {}).get("text/plain"))) for m in cell["messages"]] == [
        ("stream", "one\ntwo\n"), ("stream", "wrong\n"), ("display", "three"), ("display", "four"), ("display", "5"),
    ]  # fmt: skip
    three, four, five = cell["messages"][2:]
    assert (three["id"], three["update"]) == ("here", False)
    assert (four["id"], four["update"]) == ("here", True)
    assert five["id"] is None


def test_pictures_show_and_a_semicolon_keeps_a_value_back(tmp_path):
    cell, quiet, cleared = run(
        tmp_path, "import matplotlib.pyplot as plt\nplt.plot([1, 2]);", "1 + 1;",
        "from IPython.display import clear_output\nclear_output(wait=True)",
    )  # fmt: skip
    (picture,) = cell["messages"]
    assert picture["data"]["image/png"].startswith("iVBOR")
    assert quiet["messages"] == []
    assert cleared["messages"] == [{"kind": "clear", "wait": True}]


def test_a_warning_is_told_in_its_words(tmp_path):
    source = "import warnings\nwarnings.warn('as you like')\nwarnings.warn('old', FutureWarning)"
    (cell,) = run(tmp_path, source)
    assert [(m["name"], m["text"]) for m in cell["messages"]] == [
        ("stderr", "Note: as you like\nFutureWarning: old\n")
    ]


def test_markdown_goes_out_as_what_jupyter_would_make_of_it(tmp_path):
    source = "from IPython.display import Markdown\nMarkdown('**a**\\n\\n| b |\\n|---|\\n| 1 |')"
    (cell,) = run(tmp_path, source)
    (message,) = cell["messages"]
    assert re.sub(r"\s", "", message["data"]["text/html"]) == (
        "<p><strong>a</strong></p><table><thead><tr><th>b</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>"
    )
    output = {
        "output_type": "display_data",
        "data": {"text/markdown": message["data"]["text/markdown"], "text/plain": "x"},
    }
    assert cell["digest"] == live_messages.digest(live_messages.printed([output]))


def test_an_error_names_the_lines_of_the_cells_and_keeps_the_whole_traceback(tmp_path):
    first, second, third, last = run(
        tmp_path, "import json\ndef half(x):\n    return x / none", "half(1)", "def f(:", "json.loads('{')"
    )  # fmt: skip
    assert [first["good"], second["good"]] == [True, False]
    (error,) = second["messages"]
    assert (error["name"], error["text"]) == ("NameError", "name 'none' is not defined")
    assert error["lines"] == [[1, "half(1)"], [3, "    return x / none"]]
    assert "NameError" in error["traceback"]
    assert "\x1b" not in error["traceback"]
    (syntax,) = third["messages"]
    assert (syntax["name"], syntax["lines"]) == ("SyntaxError", [[1, "def f(:"]])
    (inside,) = last["messages"]
    assert inside["lines"] == [[1, "json.loads('{')"]]  # not those of the library


def test_of_a_thousand_lines_that_led_to_an_error_the_ends_are_told(tmp_path):
    (cell,) = run(tmp_path, "def again(): return again()\nagain()")
    (error,) = cell["messages"]
    assert error["name"] == "RecursionError"
    assert [line for line, _ in error["lines"]] == [2, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]
    assert "more lines]" in error["lines"][5][1]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("input('n: ')", "a page has no place to type an answer: write the value into the code"),
        ("import no_such_package_anywhere", "No module named 'no_such_package_anywhere'. The page has the packages that chapters need"),
        ("raise RuntimeError(\"can't start new thread\")", "can't start new thread. Python in a page has one thread"),
        ("exit()", "Python in a page does not end by itself: press Stop"),
    ],
)  # fmt: skip
def test_what_a_page_cannot_do_is_said_in_its_words(cell, words, tmp_path):
    (found,) = run(tmp_path, cell)
    assert not found["good"]
    (error,) = [message for message in found["messages"] if message["kind"] == "error"]
    assert words in error["text"]


def test_a_flood_is_cut_in_the_middle(tmp_path):
    printed, shown = run(
        tmp_path,
        "for i in range(100_000): print(i)",
        "from IPython.display import display, HTML\nfor i in range(300): display(HTML('x'))",
    )
    text = "".join(m["text"] for m in printed["messages"] if m["kind"] == "stream")
    assert len(text) < 120_000
    assert text.startswith("0\n1\n")
    assert text.endswith("99998\n99999\n")
    left = 588_890 - 110_000  # of what Python itself would have written
    assert f"[{left:,} characters are left out here]" in text
    assert kinds(shown).count("display") == 200
    assert shown["messages"][-1]["text"].startswith("[100 more things were displayed")


def test_nothing_is_told_that_comes_from_the_page_and_not_from_the_cell(tmp_path):
    found, own = run(
        tmp_path,
        "import warnings\n"
        "warnings.warn_explicit('overflow encountered in cast', RuntimeWarning, 'format.py', 1, module='pandas.io.formats.format')",
        "warnings.warn_explicit('overflow encountered in cast', RuntimeWarning, 'mine.py', 1, module='mine')",
    )
    assert found["messages"] == []
    assert [m["text"] for m in own["messages"]] == [
        "RuntimeWarning: overflow encountered in cast\n"
    ]


def test_what_json_does_not_have_goes_out_all_the_same(tmp_path):
    table, box = run(
        tmp_path, "display({'text/plain': 'x', 'application/json': [float('nan'), 1]}, raw=True)",
        "import ipywidgets, math\nipywidgets.BoundedFloatText(value=1, max=math.inf)",
    )  # fmt: skip
    (shown,) = table["messages"]
    assert shown["data"]["application/json"] == [None, 1]
    (state,) = [
        s
        for m in box["messages"]
        if m["kind"] == "models"
        for s in m["models"].values()
        if "max" in s
    ]
    assert (state["value"], state["max"]) == (1, None)


def test_what_was_cleared_no_longer_counts(tmp_path):
    frames = "from IPython.display import clear_output\nfor i in range(300):\n    clear_output(wait=True)\n    display(i)"
    prints = "for i in range(30):\n    clear_output()\n    print(str(i) * 9_000)"
    moved, told = run(tmp_path, frames, f"from IPython.display import clear_output\n{prints}")
    assert moved["messages"][-1]["data"] == {"text/plain": "299"}
    assert told["messages"][-1]["text"] == "29" * 9_000 + "\n"


def test_numbers_are_told_once_and_again_when_they_change(tmp_path):
    first, second, same, other = run(
        tmp_path, "from mirage_utils.page import begin\nbegin(globals())\nshare = 0.1234", "share = 0.5", "share = 0.5",
        "share = 'none'", pasted=["share:.0%", "absent:.2f"],
    )  # fmt: skip
    assert first["messages"] == [{"kind": "numbers", "values": {"share:.0%": "12%"}}]
    assert second["messages"] == [{"kind": "numbers", "values": {"share:.0%": "50%"}}]
    assert same["messages"] == []
    assert other["messages"] == [{"kind": "numbers", "values": {"share:.0%": "none"}}]


def test_a_widget_goes_out_when_it_is_displayed_and_its_output_is_caught(tmp_path):
    moved = ("FloatSliderModel", {"method": "update", "state": {"value": 0.25}})
    quiet, shown, after = run(
        tmp_path, "from ipywidgets import *\nhidden = IntSlider(); hidden.value = 3",
        "@interact(a=(0, 1.0))\ndef f(a):\n    print(a)\n    return 2 * a", ("None", [moved]),
    )  # fmt: skip
    assert quiet["messages"] == []
    models = {
        s["_model_name"]
        for m in shown["messages"]
        if m["kind"] == "models"
        for s in m["models"].values()
    }
    assert {"VBoxModel", "FloatSliderModel", "OutputModel", "LayoutModel"} <= models
    assert "IntSliderModel" not in models
    inside = [m for m in shown["messages"] if "into" in m]
    assert [m["kind"] for m in inside] == ["clear", "stream", "display"]
    again = [m for m in after["messages"] if "into" in m]
    assert [m.get("text") for m in again] == [None, "0.25\n", None]
    assert again[2]["data"]["text/plain"] == "0.5"


def test_a_failing_callback_is_told_and_a_closed_widget_ignored(tmp_path):
    pressed = ("ButtonModel", {"method": "custom", "content": {"event": "click"}})
    _, told, closed = run(
        tmp_path, "from ipywidgets import Button\nb = Button(); b.on_click(lambda _: 1 / 0); b", ("None", [pressed]),
        ("b.close()", [pressed]),
    )  # fmt: skip
    assert [m["name"] for m in told["messages"] if m["kind"] == "error"] == ["ZeroDivisionError"]
    assert [m.get("closed") for m in closed["messages"]] == [True]


def test_code_has_the_classes_of_the_code_in_pages():
    html = live.coloured("x = 1  # one\n")
    assert re.sub(r"<[^>]+>", "", html) == "x = 1  # one\n"
    assert {'<span class="c1">', '<span class="mi">'} <= set(
        re.findall(r"<span class=.\w+.>", html)
    )


def test_a_digest_is_of_what_a_page_shows():
    html = {
        "kind": "display",
        "data": {"text/html": "<p>", "text/plain": "a", VIEW: {"model_id": "1"}},
    }
    other = {
        "kind": "display",
        "data": {"text/html": "<p>", "text/plain": "b", VIEW: {"model_id": "2"}},
    }
    assert (
        live_messages.digest([html])
        == live_messages.digest([other])
        != live_messages.digest([html, html])
    )
    assert live_messages.digest([{"kind": "numbers", "values": {}}]) == ""
    parts = [{"kind": "stream", "name": "stdout", "text": text} for text in "ab"]
    assert live_messages.digest(parts) == live_messages.digest([{**parts[0], "text": "ab"}])
