"""Markdown that a cell displays, as HTML, which Jupyter's front ends make of it by themselves."""

from __future__ import annotations

from typing import Any

from ..ground.optional import MissingPackageError, package

__all__ = ["with_html"]


def with_html(data: dict[str, Any]) -> dict[str, Any]:
    """Forms of one thing, and HTML where Markdown is the best of them.

    Parameters
    ----------
    data : dict
        By MIME type.

    Examples
    --------
    >>> with_html({"text/markdown": "*a*", "text/plain": "<Markdown>"})["text/html"]
    '<p><em>a</em></p>\\n'
    """
    if "text/markdown" not in data or "text/html" in data:
        return data
    try:
        parser = package("markdown_it", "showing Markdown").MarkdownIt("commonmark").enable("table")
    except MissingPackageError:
        return data  # it is shown as it is written
    return {**data, "text/html": parser.render(data["text/markdown"])}
