"""What a cell shows where there is no kernel, as messages to the page.

They are dictionaries that JSON can hold, each with a ``kind``:

- ``stream``: ``name`` and ``text`` of what was printed;
- ``display``: ``data`` by MIME type, ``metadata``, ``id`` (None, or what an update names), ``update``;
- ``clear``: everything shown so far by this cell, at once or (``wait``) when the next thing comes;
- ``error``: ``name`` and ``text`` of it, the ``lines`` of cells that led there, and the whole ``traceback``;
- ``numbers``: the numbers in the text that have changed, as the text prints them;
- ``models``, ``model``: of widgets, see `live_widgets`.

Each has ``into`` where an Output widget catches it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..ground.optional import MissingPackageError, package
from .live_widgets import VIEW

__all__ = ["RECORD", "SHOWN", "Message", "as_json", "digest", "printed", "with_html"]

Message = dict[str, Any]

SHOWN = (
    "text/html", VIEW, "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/latex", "text/plain",
)  # fmt: skip
"""What a page shows of several forms of one thing: the first that is there. An explorer's HTML comes before its widget."""

RECORD = "application/papermill.record/"
"""Begins the MIME types of numbers in the text, which nobody sees."""


def with_html(data: dict[str, Any]) -> dict[str, Any]:
    """Forms of one thing, and HTML where Markdown is the best of them, which Jupyter's front ends make of it by themselves.

    Parameters
    ----------
    data : dict
        By MIME type.

    Examples
    --------
    >>> with_html({"text/markdown": "*a*", "text/plain": "<Markdown>"})["text/html"]
    '<p><em>a</em></p>\\n'
    """
    text = data.get("text/markdown")
    if not isinstance(text, str) or next(kind for kind in SHOWN if kind in data) != "text/markdown":
        return data
    try:
        parser = package("markdown_it", "showing Markdown").MarkdownIt("commonmark").enable("table")
    except MissingPackageError:
        return data  # it is shown as it is written
    return {**data, "text/html": parser.render(text)}


def as_json(message: Message) -> str:
    """A message as text; numbers that JSON does not have, which browsers refuse to read, are null.

    Parameters
    ----------
    message : dict
    """
    try:
        return json.dumps(message, default=repr, allow_nan=False)
    except ValueError:
        return json.dumps(
            json.loads(json.dumps(message, default=repr), parse_constant=lambda _: None)
        )


def printed(outputs: Iterable[Mapping[str, Any]]) -> list[Message]:
    """The outputs of a cell in an executed notebook as the messages that a session would send of them.

    Parameters
    ----------
    outputs : iterable of mapping
        As nbformat has them.
    """
    found: list[Message] = []
    for output in outputs:
        if output["output_type"] == "stream":
            found.append({"kind": "stream", "name": output["name"], "text": output["text"]})
        elif "data" in output:
            data = {k: v for k, v in output["data"].items() if not k.startswith(RECORD)}
            if data:
                found.append({"kind": "display", "data": with_html(data)})
    return found


def digest(messages: Iterable[Message]) -> str:
    """A short text that is the same where a page would show the same; empty where it would show nothing.

    Parameters
    ----------
    messages : iterable of dict
        Those of one cell.
    """
    shown: list[list[str]] = []
    for message in messages:
        if message["kind"] == "stream":
            if shown and shown[-1][0] == message["name"]:
                shown[-1][1] += message["text"]
            else:
                shown.append([message["name"], message["text"]])
        elif message["kind"] == "display":
            kind = next((kind for kind in SHOWN if kind in message["data"]), "")
            shown.append([kind, str(message["data"].get(kind, ""))])
    text = json.dumps(shown)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if shown else ""
