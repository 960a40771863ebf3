"""Typeset equations and small tables."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from IPython.display import HTML, Math, display

from ..errors import require
from . import markup

__all__ = ["equation", "table"]


def equation(left: str, right: sp.Expr | str, *more: sp.Expr | str) -> None:
    """Display ``left = right (= more ...)`` as typeset mathematics.

    Parameters
    ----------
    left : str
        LaTeX.
    right : sympy.Expr or str
        An expression, or LaTeX.
    *more : sympy.Expr or str
        Further sides of the equation.
    """
    parts = [side if isinstance(side, str) else sp.latex(side) for side in (left, right, *more)]
    display(Math(" = ".join(parts)))


def table(
    columns: Mapping[str, Sequence[Any]], *, caption: str, mathematics: Sequence[str] = ()
) -> None:
    """Display a small table whose cells are finished texts.

    Parameters
    ----------
    columns : mapping of str to sequence
        Cells by heading; columns of equal length. The first column names the rows.
    caption : str
        One sentence above the table, plain text.
    mathematics : sequence of str
        Headings of columns whose cells are LaTeX.

    Raises
    ------
    FieldError
        If there is no column, or columns differ in length.

    Examples
    --------
    >>> table({"L": ["1", "5"], "accuracy": ["90 %", "59 %"]}, caption="Longer is harder.")
    <IPython.core.display.HTML object>
    """
    require(len(columns) > 0, "columns", columns, "at least one column")
    lengths = {len(cells) for cells in columns.values()}
    require(len(lengths) == 1, "columns", sorted(lengths), "columns of equal length")

    def cell(heading: str, value: Any) -> str:
        text = html.escape(str(value))
        # The class is what the typesetter of the pages looks for.
        formula = f'<span class="math notranslate nohighlight">\\({text}\\)</span>'
        return formula if heading in mathematics else text

    rows = [
        [cell(heading, value) for heading, value in zip(columns, row, strict=True)]
        for row in zip(*columns.values(), strict=True)
    ]
    head = [html.escape(heading) for heading in columns]
    display(HTML(markup.table(head, rows, label=caption, caption=caption)))
