"""What the chapters are written with: glued numbers, checked claims, displayed equations.

A chapter never types a number that it computed. It glues the value under a name, the prose pastes
it by that name, and the tests read it back from the executed notebook.
"""

from __future__ import annotations

import html
import math
import numbers
import re
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp
from IPython import get_ipython
from IPython.display import HTML, Math, display

from . import _html
from ._numerals import typeset
from .errors import FieldError, require

__all__ = ["claim", "equation", "glue", "pasted", "table"]

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX = "application/papermill.record/"
_GLUED: dict[str, bool | int | float | str] = {}
"""Values by name, as they were last glued in this kernel."""


def glue(**values: Any) -> None:
    """Store values of an executed notebook by name, for the prose and for the tests.

    Parameters
    ----------
    **values : bool, int, float or str
        NumPy and SymPy numbers are turned into Python's own, because the book's text role cannot
        format ``np.float64(1.5)`` and would print nothing.

    Raises
    ------
    FieldError
        If a name is not lower case with underscores, or a value is NaN or of another type.

    Notes
    -----
    The output is what ``myst_nb.glue`` and scrapbook write: a display whose metadata carry the name
    and whose MIME type is prefixed, so that no front end shows it.
    """
    for name, value in values.items():
        require(
            bool(_NAME.fullmatch(name)), "name", name, "lower-case letters, digits, underscores"
        )
        plain = _GLUED[name] = _plain(name, value)
        display(
            {_PREFIX + "text/plain": repr(plain)},
            raw=True,
            metadata={"scrapbook": {"name": name, "mime_prefix": _PREFIX}},
        )


def pasted(content: str, published: str) -> str:
    """A glued value as the text prints it; what a number in the text of JupyterLab's copies evaluates.

    Parameters
    ----------
    content : str
        Name of the value, and behind a colon its format, such as ``"share:.0%"``.
    published : str
        What is printed while this kernel has not glued the value.
    """
    name, _, spec = content.partition(":")
    return typeset(format(_GLUED[name], spec)) if name in _GLUED else published


def _plain(name: str, value: Any) -> bool | int | float | str:
    if isinstance(value, (bool, str)):
        return value
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:  # NumPy scalars
        value = value.item()
        if isinstance(value, (bool, str)):
            return value
    if isinstance(value, (numbers.Integral, sp.Integer)):
        return int(value)
    if isinstance(value, (numbers.Real, sp.Number)) or (
        isinstance(value, sp.Expr) and value.is_number and value.is_real
    ):
        plain = float(value)
        require(
            not math.isnan(plain), name, plain, "a number, since NaN says nothing in a sentence"
        )
        return plain
    raise FieldError(name, value, "a bool, an int, a float or a str")


def claim(number: str, text: str, holds: bool) -> None:
    """State a numbered claim and check it here and now.

    Parameters
    ----------
    number : str
        Chapter and claim, such as ``"2.3"``; a page that is no chapter has a letter, as in ``"E.1"``.
    text : str
        The claim in one sentence of plain text.
    holds : bool
        The check, computed by the cell. NumPy booleans are accepted, arrays are not.

    Raises
    ------
    AssertionError
        If the claim does not hold. The notebook, the book and the tests stop there, unless somebody sits in front of
        the notebook: whoever tries other parameters is told, and the rest runs.
    """
    holds = bool(holds)
    if not holds and not _watched():
        raise AssertionError(f"Claim {number} does not hold: {text}")
    name = "claim_" + number.replace(".", "_").lower()
    verdict = "checked" if holds else "which does not hold with these values"
    if holds:
        glue(**{name: text})
    display(
        {
            # In bold, for front ends without the book's style sheet.
            "text/html": f'<p class="mb-claim" id="{name.replace("_", "-")}"><b class="mb-claim-number">Claim {number}, {verdict}'
            f"</b> {html.escape(text)}</p>",
            "text/plain": f"Claim {number}, {verdict}: {text}",
        },
        raw=True,
    )


def _watched() -> bool:
    """Whether a person runs this cell: JupyterLab, VS Code and Colab can be asked for input, papermill and the book cannot."""
    kernel = getattr(get_ipython(), "kernel", None)
    parent = kernel.get_parent() if kernel is not None else {}
    return bool(parent.get("content", {}).get("allow_stdin", False))


def equation(left: str, right: sp.Expr | str, *more: sp.Expr | str) -> None:
    """Display ``left = right (= more ...)`` as typeset mathematics."""
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
    display(HTML(_html.table(head, rows, label=caption, caption=caption)))
