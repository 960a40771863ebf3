"""What authors name and do not build: the boxes and the laboratory, in pages and in copies."""

from __future__ import annotations

import re

import nbformat
import pytest
import readable
from directives import BoxDirective, Divide, LaboratoryDirective
from docutils import nodes
from docutils.parsers.rst import directives as known
from myst_parser.docutils_ import Parser
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from trial import NAME, OPTIONS, QUESTION, notebook

from mirage_utils.page.parts import BOXES, LABORATORY, LEAD


def tree(text, monkeypatch, warnings=()):
    """The doctree of a page, with our directives and nothing else of the book."""
    from docutils.core import publish_doctree

    for name in BOXES:
        monkeypatch.setitem(known._directives, name, BoxDirective)
    monkeypatch.setitem(known._directives, "laboratory", LaboratoryDirective)
    said = []
    monkeypatch.setattr("directives.logger.warning", lambda words, **_: said.append(words))
    document = publish_doctree(
        text, parser=Parser(), settings_overrides={"myst_heading_anchors": 0, "doctitle_xform": False}
    )  # fmt: skip
    Divide(document).apply()
    assert len(said) == len(warnings), said
    for words, expected in zip(said, warnings, strict=True):
        assert expected in words
    return document


def outline(document):
    """Headings of a page with what stands below each, in brackets by rank."""

    def told(section):
        parts = []
        for child in section.children:
            if isinstance(child, nodes.section):
                parts.append(told(child))
            elif not isinstance(child, nodes.title):
                parts.append(child.astext().replace(LEAD, "lead"))
        return [section.next_node(nodes.title).astext(), *parts]

    return told(document.next_node(nodes.section))


LAB = "```{laboratory}\n```"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# T\n\na\n\n{LAB}\n\nb", ["T", "a", [LABORATORY, "lead", "b"]]),
        (
            f"# T\n\n## A\n\na\n\n{LAB}\n\nb\n\n### C\n\nc\n\n## D\n\nd",
            ["T", ["A", "a"], [LABORATORY, "lead", "b", ["C", "c"]], ["D", "d"]],
        ),
        (
            f"# T\n\n## A\n\n### B\n\nb\n\n{LAB}\n\nc\n\n### D\n\n## E",
            ["T", ["A", ["B", "b"]], [LABORATORY, "lead", "c", ["D"]], ["E"]],
        ),
        (
            f"# T\n\na\n\n{LAB}\n\n## B\n\nb",
            ["T", "a", [LABORATORY, "lead"], ["B", "b"]],
        ),
        (
            "# T\n\n## A\n\n```{laboratory}\nMore of it.\n```\n\n## B",
            ["T", ["A"], [LABORATORY, "lead", "More of it."], ["B"]],
        ),
    ],
)
def test_the_laboratory_is_a_heading_of_the_second_rank(text, expected, monkeypatch):
    document = tree(text, monkeypatch)
    assert outline(document) == expected
    (laboratory,) = (s for s in document.findall(nodes.section) if "mb-laboratory" in s["classes"])
    assert laboratory["ids"] == ["the-laboratory"]


@pytest.mark.parametrize("text", [LAB, f"# T\n\n> {LAB.replace(chr(10), chr(10) + '> ')}"])
def test_a_laboratory_within_something_else_is_refused(text, monkeypatch):
    tree(text, monkeypatch, ["must stand by itself"])


def test_a_box_has_its_title_and_an_anchor(monkeypatch):
    document = tree("# T\n\n```{takeaways}\nOne. **Two.**\n```", monkeypatch)
    (box,) = document.findall(nodes.Admonition)
    assert box.astext() == "In short\n\nOne. Two."
    assert box["ids"] == ["in-short"]
    assert box["title"] == "In short"


def test_an_empty_box_is_refused(monkeypatch, capsys):
    tree("# T\n\n```{takeaways}\n```", monkeypatch)
    assert 'Content block expected for the "takeaways" directive' in capsys.readouterr().err


# -- the page -----------------------------------------------------------------------------------------


def test_parts_are_there_for_every_reader(trial_site, browser):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"file://{trial_site}/{NAME}.html")
    for title in BOXES.values():
        box = page.get_by_role("region", name=title)
        assert box.count() == 1
        assert box.locator("strong").first.inner_text() == title
    heading = page.get_by_role("heading", name=re.compile(f"^{LABORATORY}"), level=2)
    assert heading.count() == 1
    assert page.get_by_text(LEAD).is_visible()
    contents = page.locator(".bd-toc-item a, .page-toc a").all_text_contents()
    assert [words.strip() for words in contents][-3:] == [LABORATORY, "A detail", "Exercises"]
    page.emulate_media(media="print")
    assert page.get_by_role("region", name="On Monday").is_visible()
    page.close()


# -- the copies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("live", [True, False], ids=["live", "still"])
def test_copies_read_as_text(live):
    copy = readable.rewrite(notebook(), "01_trial", readable.Published({}), readable.Place(live=live))  # fmt: skip
    nbformat.validate(copy)
    text = "\n\n".join(c.source for c in copy.cells if c.cell_type == "markdown")
    for title, words in zip(
        BOXES.values(), ("A jump can be made", "Plot the score on *both*"), strict=True
    ):
        box = f"::::{{admonition}} {title}\n\n{words}" if live else f"> **{title}**\n>\n> {words}"
        assert box in text
    assert f"## {LABORATORY}\n\n*{LEAD}*\n\nFirst words." in text
    code = "\n\n".join(c.source for c in copy.cells if c.cell_type == "code")
    asked = live and "quiz.ask(\n" in code
    assert asked == live
    for option, answer in OPTIONS.items():
        assert (answer in code) == live
        assert (f"- **{option}** {answer}" in text) != live
    assert (QUESTION in text) != live


def test_a_still_copy_shows_the_figure_after_the_question():
    copy = readable.rewrite(notebook(), "01_trial", readable.Published({}), readable.Place())
    at = next(i for i, c in enumerate(copy.cells) if QUESTION in c.source)
    assert "<details><summary>The answers</summary>" in copy.cells[at].source
    figure = copy.cells[at + 1].source
    assert figure.startswith("# @title A figure\n")
    names = {}
    exec("from mirage_utils import tables\nfrom mirage_utils.evidence import curve_of\nfrom mirage_utils.page import plots\nfour = curve_of(tables.load_table('gpt3_arithmetic'), '4D+', 'few-shot')", names)  # fmt: skip
    *before, last = figure.partition("plots.show(")
    exec(before[0], names)
    assert "fig-axes" in eval(f"plots.show({last}", names).html()


def test_a_question_may_end_a_cell_and_must_be_written_out():
    good = 'fig = made()\nquiz.ask("guess-x", "What now?", {"a": "1"}, reveals=fig)'
    assert readable.asked(good) == ("What now?", {"a": "1"}, "fig = made()\nfig")
    with pytest.raises(readable.CopyError, match="not written out"):
        readable.asked(good.replace('"1"', 'f"{one}"'))
    for bad in (f"{good}\nx = 1", f"{good}\n{good}", good.replace("quiz.", "")):
        with pytest.raises(readable.CopyError, match="ends one with"):
            readable.asked(bad)


@pytest.mark.parametrize("live", [True, False], ids=["live", "still"])
def test_a_laboratory_may_follow_a_solution_and_not_stand_in_one(live):
    exercise = "```{exercise}\nx\n```\n\n````{solution-start} x\n````\n\nso\n\n"
    ends = "````{solution-end}\n````\n\n"

    def copied(text):
        cells = [new_markdown_cell("# A title\n\n**Question.** Why?"), new_markdown_cell(text), new_code_cell("1")]  # fmt: skip
        place = readable.Place(live=live)
        return readable.rewrite(new_notebook(cells=cells), "03_x", readable.Published({}), place)

    assert any(c.source.startswith(f"## {LABORATORY}") for c in copied(exercise + ends + LAB).cells)
    with pytest.raises(readable.CopyError, match="would end its fold"):
        copied(exercise + LAB + "\n\n" + ends)
