"""What tells the question of one item from that of another: a fingerprint, and how the question begins."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from .names import plain_name

__all__ = ["asked_of", "column_of_questions", "how_it_begins", "what_it_is_of"]

_FIELDS = (
    "question", "query", "problem", "prompt", "input", "instruction", "goal", "ctx", "context", "passage", "story", "text", "sentence",
    "sentence1", "sentence2", "premise", "hypothesis", "choices", "options", "endings",
)  # fmt: skip
"""Fields of a document that are asked, whatever a program adds beside them."""
_COLUMNS = ("question", "query", "problem", "instruction", "prompt", "input")
"""Columns of tables that hold questions, the surest first."""
_SHOWN = 60
_CUT = "\x1f"


def asked_of(document: Any, digest: Any = None) -> str | None:
    """What tells a question from others; None where a file says nothing of it.

    Parameters
    ----------
    document : object
        Its fields by name. Where some of them are known to be what is asked, the others do not count.
    digest : str, optional
        The program's own hash of the document, where the document itself is not there.
    """
    if isinstance(document, dict):
        whole = {str(k): v for k, v in document.items() if v not in (None, "", [], {})}
        asked = {k: whole[k] for k in _FIELDS if k in whole} or whole
        if asked:
            first = next(iter(asked.values()))
            begins = first if isinstance(first, str) else _written(first)
            print_of = hashlib.blake2b(_written(asked).encode("utf-8", "replace"), digest_size=8)
            kind = ", ".join(asked)
            begins = " ".join(begins.split())[:_SHOWN].encode("utf-8", "replace").decode()
            return _CUT.join((kind, print_of.hexdigest(), begins))
    if isinstance(digest, str) and digest:
        return _CUT.join(("doc_hash", digest, digest[:12]))
    return None


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        value = {k: v.strip() if isinstance(v, str) else v for k, v in value.items()}
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def what_it_is_of(asked: str) -> str:
    """The fields that a fingerprint was made of: those of other fields are not to be compared with it."""
    return asked.partition(_CUT)[0]


def how_it_begins(asked: str) -> str:
    """The question's first words."""
    return asked.rpartition(_CUT)[2]


def column_of_questions(names: Iterable[str], settings: Iterable[str] = ()) -> str:
    """The column of a table that holds the questions; ``""`` where there is none.

    Parameters
    ----------
    names : iterable of str
    settings : iterable of str
        Notes on the columns that are conditions: these hold none.
    """
    said = " ".join(settings)
    by_name = {plain_name(str(n)): str(n) for n in names if repr(str(n)) not in said}
    return next((by_name[name] for name in _COLUMNS if name in by_name), "")
