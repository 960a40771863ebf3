"""Claims of a chapter: a sentence with a number, and a check that runs when the chapter runs."""

from __future__ import annotations

import html

from IPython import get_ipython
from IPython.display import display

from .numbers import glue

__all__ = ["claim"]


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
