"""Pieces of HTML that more than one part of the library shows."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Sequence
from typing import Any


def data_script(data: Any, name: str = "") -> str:
    """Data for the scripts of a page, as JSON in a tag of its own.

    Parameters
    ----------
    data : object
        Anything that `json.dumps` takes.
    name : str
        Class of the tag.
    """
    # A closing tag inside the data would end the script.
    text = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    given = f' class="{name}"' if name else ""
    return f'<script type="application/json"{given}>{text}</script>'


def table(
    head: Iterable[str], rows: Iterable[Sequence[str]], *, label: str, caption: str = ""
) -> str:
    """A table that scrolls where it is wider than its place.

    Parameters
    ----------
    head : iterable of str
        Headings, HTML.
    rows : iterable of sequences of str
        Cells, HTML. The first of a row names it.
    label : str
        Plain text for those who do not see the table.
    caption : str
        Plain text above the table; none if empty.
    """
    heads = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    above = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    # What scrolls must be reachable by keyboard.
    return (
        f'<div class="mb-tables" role="region" aria-label="{html.escape(label, quote=True)}" tabindex="0">'
        f'<table class="dataframe mb-table">{above}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )
