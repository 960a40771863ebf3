"""A small chapter with everything that an author can name: questions, boxes, the laboratory."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pages import build_small, small_house

NAME = "notebooks/01_trial"
QUESTION = (
    "Four-digit addition looks like a switch on the usual axes. Draw both axes linear, or both logarithmic, from the "
    "same table. What do you expect?"
)
OPTIONS = {
    "It is a switch on every axis.": "With both axes linear the way between the two largest models is a slope.",
    "It is a switch on some axes and a slope on others.": "Yes. The corner belongs to the <em>axes</em>.",
    "It is a slope on every axis.": "On the usual axes the corner is there for anyone to see.",
}
ASKS = f"""
panels = []
for log in (False, True):
    fig, ax = plots.panel("Both logarithmic" if log else "Both linear")
    plots.percent_axis(ax, "exact match", log=log)
    plots.points(ax, four)
    plots.scale_axis(ax, log=log)
    panels.append(fig)
quiz.ask(
    "guess-axes",
    "{QUESTION}",
    {OPTIONS!r},
    plots.show(
        panels, name="fig-axes", kind="published figures", source="Brown et al. 2020.",
        alt="Exact match of GPT-3 on four-digit addition against parameters, in two panels.",
        caption="The same answers, two ways of drawing them.",
    ),
)"""
DRAWS = """
fig, ax = plots.panel("Four-digit addition", wide=True)
plots.percent_axis(ax, "exact match", log=True)
plots.points(ax, four)
plots.scale_axis(ax)
quiz.draw(
    "guess-curve", "Draw exact match of four-digit addition at the eight sizes.",
    plots.show(
        fig, name="fig-curve", kind="published figures", source="Brown et al. 2020.",
        alt="Exact match of GPT-3 on four-digit addition against parameters, on logarithmic axes.",
        caption="Eight sizes, both axes logarithmic.",
    ),
    sizes=four.scale, truth=four.score, x="parameters", y="exact match", lowest=1e-4,
)"""
EXPLORES = """
quiz.ask(
    "guess-moves", "What happens if the exponent grows larger?",
    {"It is steeper": "Yes, at its end.", "Nothing": "Move it and see."},
    explorers.one_token(),
)"""
CELLS = [
    new_markdown_cell("# A trial\n\n**Question.** What, exactly, is supposed to have emerged?"),
    new_code_cell(
        "from mirage_utils import tables\n"
        "from mirage_utils.evidence import curve_of\n"
        "from mirage_utils.page import claim, explorers, plots, quiz\n\n"
        "four = curve_of(tables.load_table('gpt3_arithmetic'), '4D+', 'few-shot')"
    ),
    new_code_cell(ASKS, metadata={"tags": ["hide-input"]}),
    new_markdown_cell("## A second question\n\n" + "Words between them. " * 60),
    new_code_cell(DRAWS, metadata={"tags": ["remove-input"]}),
    new_code_cell(EXPLORES, metadata={"tags": ["remove-input"]}),
    new_markdown_cell("See <a href=\"#fig-axes\">the figure</a>.\n"),
    new_markdown_cell(
        "```{takeaways}\nA jump can be made by the axes. **The same answers** make a slope on others.\n```\n\n"
        "```{on-monday}\nPlot the score on *both* axes before you call it emergent.\n```"
    ),
    new_markdown_cell("```{laboratory}\n```\n\nFirst words.\n\n### A detail\n\nMore."),
    new_code_cell("claim('1.1', 'One and one make two.', 1 + 1 == 2)"),
    new_markdown_cell("## Exercises\n\nNone."),
]  # fmt: skip


def notebook() -> nbformat.NotebookNode:
    """The chapter as its author writes it."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [cell.copy() for cell in CELLS]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def build(where: Path) -> Path:
    """Build a book of the chapter and a first page; returns the site."""
    small_house(where, "book/intro", NAME)
    (where / "book" / "intro.md").write_text("# A page\n\nOf few words.\n")
    (where / "notebooks").mkdir()
    nbformat.write(notebook(), where / f"{NAME}.ipynb")
    result = build_small(where)
    assert result.returncode == 0, result.printed
    return where / "_build" / "html"
