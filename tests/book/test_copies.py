"""The copies of the chapters for JupyterLab, Colab, VS Code and the download: they read as text, all of them."""

from __future__ import annotations

import ast
import functools
import html
import math
import re
import subprocess
import sys

import copies
import nbformat
import pytest
import readable
from conftest import CHAPTERS, ROOT
from copied import COLAB, LIVE, STILL
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mirage_utils.page.numerals import typeset

PLACES = {"live": LIVE, "still": STILL, "colab": COLAB}


# What no reader should meet: roles, directives, names of glued values with their formats, unfilled formats.
MARKUP = re.compile(
    r"\{(?!eval\})[\w:-]+\}`|^[`:]{3,}\{(?!admonition\})|glue:|\(eq-|\{[a-z_]+:[.,]?\d*[a-z%]\}",
    re.M,
)

FENCED = re.compile(r"^(`{3,})\w*\n.*?^\1$", re.M | re.S)

EVAL = re.compile(r"\{eval\}`([^`]+)`")

FOLD = re.compile(r"<details><summary>.*?</details>", re.S)

# What hangs on the last digits of a processor's arithmetic, and by how much it was seen to differ between two of them: networks
# that a chapter trains while it runs, a quantile of trials that are nearly equal, and optima that are flat.
ARITHMETIC = {
    ("01_what_is_emergence", "wide_low"): 0.001,
    ("04_does_gpt3_obey", "luck_needed_least"): 1e-4,
    ("15_between", "live_learnt"): 1,
    ("15_between", "live_mean"): 0.02,
    ("15_between", "live_part"): 1,
    ("18_omniglot", "live_all"): 0.03,
    ("18_omniglot", "live_right"): 0.01,
    ("24_items_and_abilities", "graded_mixed"): 1e-4,
    ("24_items_and_abilities", "made_two_unequal"): 1e-4,
    ("24_items_and_abilities", "two_mixed"): 1e-4,
    ("24_items_and_abilities", "two_unequal"): 1e-4,
}

every_copy = pytest.mark.parametrize(
    ("chapter", "kind"),
    [(c, k) for c in CHAPTERS for k in PLACES],
    ids=lambda v: v if isinstance(v, str) else v.stem,
)


@functools.cache
def copied(chapter, place):
    notebook = nbformat.read(chapter, as_version=4)
    return readable.rewrite(notebook, chapter.stem, copies.published(chapter.stem), place)


def prose(notebook):
    """Text of a copy, without code that stands in it."""
    cells = (c.source for c in notebook.cells if c.cell_type == "markdown")
    return FENCED.sub("", "\n\n".join(cells))


@every_copy
def test_a_copy_reads_as_text_and_begins_with_its_question(chapter, kind):
    copy = copied(chapter, PLACES[kind])
    nbformat.validate(copy)
    text = prose(copy)
    assert not MARKUP.findall(EVAL.sub("", text))
    assert bool(EVAL.search(text)) == (kind == "live")
    first = copy.cells[0]
    assert first.cell_type == "markdown"
    # It opens on something concrete, and ends on the question.
    _, told, opening = first.source.partition("published run")
    assert told
    assert len(opening.split()) > 40
    assert opening.rstrip().endswith("?")
    assert not any(c.get("outputs") for c in copy.cells)


@every_copy
def test_what_the_page_folds_is_collapsed(chapter, kind):
    copy = copied(chapter, PLACES[kind])
    for cell in copy.cells:
        if cell.cell_type != "code" or "%pip" in cell.source:
            continue
        tags = set(cell.metadata.get("tags", []))
        folded = readable.FOLDED & tags and "parameters" not in tags
        if folded or readable.only_imports(cell.source):
            assert cell.metadata["jupyter"]["source_hidden"]
            # Colab collapses a form, and shows the title in its first line.
            assert cell.metadata["cellView"] == "form"
            assert re.match(r"# @title \w" if kind != "live" else r"# [A-Z]\w*", cell.source)
        else:
            assert "jupyter" not in cell.metadata


def test_imports_are_collapsed_wherever_they_stand_alone():
    without = [
        chapter.stem
        for chapter in CHAPTERS
        if not any("# Imports\n" in cell.source for cell in copied(chapter, LIVE).cells)
    ]
    assert without == []


@every_copy
def test_solutions_and_answers_are_out_of_sight(chapter, kind):
    source = nbformat.read(chapter, as_version=4)
    copy = copied(chapter, PLACES[kind])
    titles = [c.source for c in copy.cells if c.cell_type == "markdown"]
    exercises = sum(c.source.count("```{exercise}") for c in source.cells)
    assert sum(bool(re.match(r"### Exercise \d+\.\d+", t)) for t in titles) == exercises
    if kind == "live":  # JupyterLab folds what stands between a heading and the next of its rank
        heads = [c for c in copy.cells if c.source == "#### Solution"]
        assert len(heads) == exercises
        assert all(c.metadata["jp-MarkdownHeadingCollapsed"] for c in heads)
        shown, rank = [], None
        for cell in copy.cells:
            heading = cell.cell_type == "markdown" and re.match(r"(#+) ", cell.source)
            if heading:
                rank = (
                    4 if cell.source == "#### Solution" else rank if len(heading[1]) > 4 else None
                )
            if rank is None:
                shown.append(cell)
    else:
        shown = [
            new_code_cell(c.source)
            if c.cell_type == "code"
            else new_markdown_cell(FOLD.sub("", c.source))
            for c in copy.cells
        ]
        assert prose(copy).count("<summary>Solution</summary>") == exercises
        for cell in source.cells:  # the answers of a question are in no code and no open text
            found = readable.asked(cell.source) if cell.cell_type == "code" else None
            for answer in found.options.values() if found else ():
                assert not any(answer in c.source for c in shown)
                assert answer in prose(copy)
    # No code of a solution is in sight.
    inside, within = [], False
    for cell in source.cells:
        if cell.cell_type == "markdown":
            last = max(cell.source.rfind("{solution-start}"), cell.source.rfind("{solution-end}"))
            within = cell.source[last:].startswith("{solution-start}") if last >= 0 else within
        elif within:
            inside.append(cell.source)
    assert inside
    for code in inside:
        assert not any(code in cell.source for cell in shown)
        assert any(code in cell.source for cell in copy.cells)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda c: c.stem)
def test_the_numbers_are_those_of_the_run(chapter, chapter_run):
    """The file beside the chapters is what the chapter glues, and is printed as the book prints it."""
    source = nbformat.read(chapter, as_version=4)
    run = copies.of_run(source, chapter_run(chapter.stem).notebook)
    glued, known = run.numbers, copies.published(chapter.stem).numbers
    assert glued.keys() == known.keys(), "run `make numbers`"
    assert run.printed == copies.published(chapter.stem).printed, "run `make numbers`"
    for name, value in known.items():
        if isinstance(value, float) and not math.isinf(value):
            bound = ARITHMETIC.get((chapter.stem, name), 1e-12)
            assert value == pytest.approx(glued[name], rel=1e-6, abs=bound), (
                f"{name}: run `make numbers`"
            )
        elif (chapter.stem, name) in ARITHMETIC:
            bound = ARITHMETIC[chapter.stem, name]
            assert value == pytest.approx(glued[name], abs=bound), f"{name}: run `make numbers`"
        else:
            assert value == glued[name], f"{name}: run `make numbers`"
    pasted = [content.partition(":") for content in readable.pasted(source)]
    printed = [typeset(format(known[name], spec)) for name, _, spec in pasted]
    for (name, _, _), number in zip(pasted, printed, strict=True):
        assert not re.search(r"\d[eE][-+]\d|(?<![\w)])-\d", number), (
            f"{name} in machine form: {number}"
        )
        assert re.search("[1-9]", number) or known[name] == 0 or not number[0].isdigit(), (
            f"{name} = {known[name]} is printed as {number}, though it is not zero"
        )
    text = prose(copied(chapter, STILL))
    at = 0  # in the order of the text
    for number in printed:
        at = text.index(number, at) + len(number)
    live = copied(chapter, LIVE)
    shown = [
        (ast.literal_eval(e["result"]["data"]["text/plain"]), e["expression"])
        for cell in live.cells
        for e in cell.metadata.get("user_expressions", [])
    ]
    expressions = EVAL.findall(prose(live))
    assert {expression for _, expression in shown} == set(expressions)
    assert [{e: s for s, e in shown}[e] for e in expressions] == printed


def test_a_folded_solution_shows_what_its_code_printed():
    outputs = [
        nbformat.v4.new_output("stream", name="stdout", text="slo"),
        nbformat.v4.new_output("stream", name="stdout", text="pe 1\n"),
        nbformat.v4.new_output("display_data", {"text/latex": "$\\displaystyle C = 1$", "text/plain": "C"}),
        nbformat.v4.new_output("execute_result", {"text/plain": "2.5"}, execution_count=1),
        nbformat.v4.new_output("execute_result", {"text/plain": "f", "text/html": "<figure>"}, execution_count=1),
    ]  # fmt: skip
    code = new_code_cell("x", outputs=outputs)
    text = readable.shown(code)
    assert text == "```text\nslope 1\n```\n\n$$\nC = 1\n$$\n\n```text\n2.5\n```"
    cells = [
        new_code_cell("y"), new_markdown_cell("# A title\n\n````{solution-start} x\n````\n"), code,
        new_markdown_cell("````{solution-end}\n````\n"), new_code_cell("z"),
    ]  # fmt: skip
    notebook = new_notebook(cells=cells)
    assert readable.in_solutions(notebook) == [1]
    notebook.cells = cells[1:]
    copy = readable.rewrite(notebook, "03_x", readable.Published({}, {"0": text}), STILL)
    assert f"```python\nx\n```\n\n{text}\n\n</details>" in copy.cells[-2].source


def test_a_number_in_the_text_follows_the_kernel():
    from mirage_utils.page import numbers

    copy = copied(CHAPTERS[2], LIVE)
    expression = next(e for e in EVAL.findall(prose(copy)) if "shift_measured" in e)
    assert eval(expression) == f"{copies.published('03_many_tokens').numbers['shift_measured']:.2f}"
    numbers._GLUED["shift_measured"] = 7.0
    try:
        assert eval(expression) == "7.00"
    finally:
        del numbers._GLUED["shift_measured"]


def test_citations_equations_and_exercises_are_those_of_the_page(site):
    """Read from the built pages, which number and cite by another way."""
    tags = re.compile(r"<[^>]+>")

    def words(text):
        return " ".join(html.unescape(tags.sub("", text)).split())

    for chapter in CHAPTERS:
        page = (site / "notebooks" / f"{chapter.stem}.html").read_text()
        text = prose(copied(chapter, STILL))
        cited = re.findall(
            r'<a class="reference internal" href="\.\./book/references\.html#[^"]*">(.*?)</a>',
            page,
            re.S,
        )
        names = {re.split(r" et al| and |,| \(| \[|\d", words(c))[0] for c in cited} - {""}
        assert all(name in text for name in names), (chapter.stem, names)
        years = set(re.findall(r"\b(?:19|20)\d\d\b", " ".join(map(words, cited))))
        assert all(year in text for year in years)
        for number in re.findall(r'class="eqno">\(([\d.]+)\)', page):
            assert rf"\tag{{{number}}}" in text, (chapter.stem, number)
        for number in re.findall(r">equation ([\d.]+)<", page):
            assert f"equation {number}" in text
        exercises = re.findall(r"Exercise\s*(?:<[^>]*>)*\s*([\d.]+)", page)
        assert set(exercises) == set(re.findall(r"### Exercise ([\d.]+)", text)), chapter.stem


def test_the_page_offers_the_copy(site):
    for chapter in CHAPTERS:
        page = (site / "notebooks" / f"{chapter.stem}.html").read_text()
        offered = set(re.findall(r'href="(\.\./_sources/[^"]+\.ipynb)"', page))
        assert offered == {f"../_sources/notebooks/{chapter.name}"}
        notebook = nbformat.read(site / "_sources" / "notebooks" / chapter.name, as_version=4)
        offered, ours = (
            re.split(r"(\d+(?:[.,]\d+)*)", text)
            for text in (prose(notebook), prose(copied(chapter, STILL)))
        )
        assert len(offered) == len(ours)
        other = [i for i, (one, two) in enumerate(zip(offered, ours, strict=True)) if one != two]
        # Numbers alone, which stand at odd places, and no more of them than the text pastes of those that are held above.
        assert not [i for i in other if i % 2 == 0], chapter.stem
        pasted = readable.pasted(nbformat.read(chapter, as_version=4))
        names = [content.partition(":")[0] for content in pasted]
        assert len(other) <= sum((chapter.stem, name) in ARITHMETIC for name in names), chapter.stem


@every_copy
def test_links_lead_somewhere_from_where_the_copy_lies(chapter, kind):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(copied(chapter, PLACES[kind]))):
        if target.startswith("https://book.example/"):
            page = target.removeprefix("https://book.example/").partition("#")[0]
            source = ROOT / page.removesuffix(".html")
            assert source.with_suffix(".md").exists() or source.with_suffix(".ipynb").exists(), (
                target
            )
        elif not re.match(r"https?:", target):
            assert kind != "colab", target
            assert (ROOT / "notebooks" / target).exists(), target
            assert "/" not in target  # the other chapters lie beside it, and nothing else does


def test_code_of_still_copies_misses_no_name(tmp_path):
    """Questions become text there, and take nothing along that later code needs."""

    def undefined_names():
        command = [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--isolated",
            "--select",
            "F821",
            str(tmp_path),
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    copies.write({c.name: nbformat.writes(copied(c, STILL)) for c in CHAPTERS}, tmp_path)
    assert "All checks passed" in undefined_names()
    planted = new_notebook(cells=[new_code_cell("quiz.sketch()")])
    copies.write({"planted.ipynb": nbformat.writes(planted)}, tmp_path)
    assert "Undefined name `quiz`" in undefined_names()


def test_colab_installs_the_library_before_any_other_code():
    for chapter in CHAPTERS:
        code = [c for c in copied(chapter, COLAB).cells if c.cell_type == "code"]
        assert code[0].source.endswith('\n%pip install -q "mirage-utils @ git+x"')
        assert code[0].metadata["cellView"] == "form"
        assert not any("%pip" in c.source for c in code[1:])
    assert copies.requirement("https://github.com/owner/book", "abc") == (
        "mirage-utils[chapters,train] @ git+https://github.com/owner/book@abc"
    )
