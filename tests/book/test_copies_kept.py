"""Folders of copies: work in a copy is kept, and what no copy can show is refused."""

from __future__ import annotations

import json
import re

import copies
import pytest
import readable
from conftest import CHAPTERS, ROOT
from copied import COLAB, LIVE, STILL
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

# -- folders of copies -------------------------------------------------------------------------------


def test_work_in_a_copy_is_kept_and_a_changed_chapter_told(tmp_path):
    assert copies.write({"a.ipynb": "1\n", "b.ipynb": "1\n"}, tmp_path) == {
        "a.ipynb": "written", "b.ipynb": "written",
    }  # fmt: skip
    (tmp_path / "a.ipynb").write_text("mine\n")
    assert copies.write({"a.ipynb": "1\n", "b.ipynb": "2\n"}, tmp_path) == {
        "a.ipynb": "kept", "b.ipynb": "written",
    }  # fmt: skip
    assert copies.write({"a.ipynb": "2\n", "b.ipynb": "2\n"}, tmp_path) == {
        "a.ipynb": "outdated", "b.ipynb": "written",
    }  # fmt: skip
    assert (tmp_path / "a.ipynb").read_text() == "mine\n"
    assert (tmp_path / "b.ipynb").read_text() == "2\n"
    (tmp_path / "a.ipynb").unlink()
    assert copies.write({"a.ipynb": "2\n"}, tmp_path) == {"a.ipynb": "written"}


def test_a_file_that_is_no_copy_is_never_written_over(tmp_path):
    (tmp_path / "a.ipynb").write_text("from elsewhere\n")
    assert copies.write({"a.ipynb": "1\n"}, tmp_path) == {"a.ipynb": "outdated"}
    assert (tmp_path / "a.ipynb").read_text() == "from elsewhere\n"


def test_copies_that_nobody_edited_are_never_taken_for_edited_ones(tmp_path):
    class Stop(dict):
        def items(self):
            yield "a.ipynb", "1\n"
            raise KeyboardInterrupt  # in the middle

    with pytest.raises(KeyboardInterrupt):
        copies.write(Stop(), tmp_path)
    assert copies.write({"a.ipynb": "2\n"}, tmp_path) == {"a.ipynb": "written"}
    for damaged in ("", "[]", "{", "null"):
        (tmp_path / copies.MADE).write_text(damaged)
        assert copies.write({"a.ipynb": "2\n"}, tmp_path) == {"a.ipynb": "written"}
        (tmp_path / copies.MADE).write_text(damaged)
        assert copies.write({"a.ipynb": "3\n"}, tmp_path) == {
            "a.ipynb": "outdated"
        }  # for all we know
    (tmp_path / "b.ipynb").write_bytes(b"\xff\xfe")
    (tmp_path / "c.ipynb").mkdir()
    assert copies.write({"b.ipynb": "1\n", "c.ipynb": "1\n"}, tmp_path) == {
        "b.ipynb": "outdated",
        "c.ipynb": "outdated",
    }
    assert (tmp_path / "b.ipynb").read_bytes() == b"\xff\xfe"


def test_a_file_in_the_place_of_the_folder_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(copies, "executed", lambda *_: None)
    (tmp_path / "lab").write_text("")
    assert copies.main(["live", str(tmp_path / "lab")]) == 1
    assert f"{tmp_path / 'lab'}: expected a folder" in capsys.readouterr().err


def test_the_command_writes_every_chapter(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(copies, "executed", lambda *_: None)
    folder = tmp_path / "my chapters"
    assert copies.main(["still", str(folder)]) == 0
    assert [p.name for p in sorted(folder.glob("*.ipynb"))] == [c.name for c in CHAPTERS]
    (folder / CHAPTERS[0].name).write_text("{}")
    (folder / copies.MADE).write_text(json.dumps({CHAPTERS[0].name: "an older one"}))
    capsys.readouterr()
    assert copies.main(["still", str(folder)]) == 0
    said = capsys.readouterr()
    assert f"{folder / CHAPTERS[0].name}: you have worked in this copy" in said.err
    assert (folder / CHAPTERS[0].name).read_text() == "{}"


def test_make_lab_writes_the_copies_and_opens_them():
    """What the test in the browser does by hand."""
    recipe = re.search(r"^lab: .*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.M)[1]
    assert [line.strip() for line in recipe.splitlines()] == [
        "$(BIN)/python book/copies.py live lab", "$(BIN)/jupyter lab lab",
    ]  # fmt: skip
    assert "python book/copies.py live lab" in (ROOT / ".binder" / "postBuild").read_text()


# -- what no copy can show is refused ------------------------------------------------------------------


def one(text, place=STILL, **numbers):
    notebook = new_notebook(cells=[new_markdown_cell("# A title\n\n**Question.** Why?"), *(
        [new_markdown_cell(text)] if isinstance(text, str) else text
    )])  # fmt: skip
    return readable.rewrite(notebook, "03_many_tokens", readable.Published(numbers), place)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{numref}`fig-x`", "a role that no copy knows, {numref}`fig-x`"),
        ("```{tip}\nx\n```\n", "a directive that no copy knows, tip"),
        ("{glue:text}`share:.0%`", "pastes share, of which no value is known"),
        ("{cite}`nobody1999`", "no reference nobody1999"),
        ("{doc}`../book/nowhere`", "no page ../book/nowhere"),
        ("{eq}`eq-nowhere`", "no equation eq-nowhere"),
        ("{claim}`99.1`", "no chapter holds claim 99.1"),
        ("{py:func}`numpy.log`", "no page on the library describes numpy.log"),
        ("```{exercise}\nx\n```\n\n````{solution-start} x\n````\n", "a solution that does not end"),
        ("````{solution-end}\n````\n", "a solution ends that has not begun"),
        (
            "````{solution-start} x\n````\n\n````{solution-start} y\n````\n",
            "a solution begins before the last one ends",
        ),
        (
            "````{solution-start} x\n````\n\n### So\n\n````{solution-end}\n````\n",
            "would end its fold",
        ),
        (":::{margin}\nx\n:::", "markup that no copy knows, ':::{margin}'"),
        ("~~~{note}\nx\n~~~", "markup that no copy knows, '~~~{note}'"),
        ("- a list\n\n  ```{tip}\n  x\n  ```", "markup that no copy knows"),
        ("(a-place)=\n\nx", "markup that no copy knows, '(a-place)='"),
        ("{{ x }}", "markup that no copy knows"),
        ("$$ x $$ (eq-nowhere)", "no equation eq-nowhere"),
        ("$$\nx\n$$\n(eq-jensen)", "markup that no copy knows, '(eq-jensen)'"),
    ],
)
def test_what_a_copy_cannot_show_is_named(text, message):
    with pytest.raises(readable.CopyError, match=re.escape(message)):
        one(text)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("mirage_utils.curves.width", "mirage_utils.curves.width"),
        ("~mirage_utils.curves.width", "width"),
        ("its width <mirage_utils.curves.width>", "its width"),
    ],
)
def test_a_name_of_the_library_leads_to_its_entry_where_there_is_a_book(content, words):
    text = f"See {{py:func}}`{content}`."
    assert f"See `{words}`." in one(text).cells[-1].source
    address = f"{COLAB.site}book/api/curves.html#mirage_utils.curves.width"
    assert f"See [`{words}`]({address})." in one(text, COLAB).cells[-1].source


def test_nothing_falls_into_the_fold_of_a_solution():
    text = "```{exercise}\nx\n```\n\n````{solution-start} x\n````\n\nso\n\n````{solution-end}\n````\n\nand on"
    assert "and on" in one(text, STILL).cells[-1].source
    with pytest.raises(readable.CopyError, match="must follow a solution"):
        one(text, LIVE)
    with pytest.raises(readable.CopyError, match="must follow a solution"):
        one([new_markdown_cell(text.removesuffix("and on")), new_code_cell("1")], LIVE)


def test_a_question_is_written_out_in_a_cell_of_its_own():
    good = 'from mirage_utils.page import quiz\n\nquiz.choose("guess-x", "What now?", {"a": "1"}, figure="fig-x")'
    assert readable.asked(good) == ("What now?", {"a": "1"}, "")
    assert readable.asked("x = 1") is None
    with pytest.raises(readable.CopyError, match="not written out"):
        readable.asked(good.replace('"What now?"', "question"))
    for bad in (
        f"x = 1\n{good}",
        f"{good}\n{good}",
        good.replace("quiz.choose", "x = quiz.choose"),
        good.replace("quiz.choose", "choose"),
    ):
        with pytest.raises(readable.CopyError, match="a cell of its own"):
            readable.asked(bad)


def test_code_in_the_text_is_left_alone():
    text = (
        "```text\n{glue:text}`x` $$a$$ (eq-x)\n```\n\nand `{not}` [here](04_does_gpt3_obey.ipynb)"
    )
    assert one(text).cells[-1].source == text
