"""Evaluation results, whatever program wrote them: read, identified, graded.

A *record* is one evaluated item. Files of many formats end in two tables, of records and of scores
(`schema`), in which networks, conditions, runs and items have names and are never confused
(`identity`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import on_first_use

if TYPE_CHECKING:
    from .grading import grade
    from .identity import UnknownModelError, resolve
    from .reading import Reading, read, read_folder, stream
    from .schema import RECORDS, SCORES, EvalFileError

__all__ = [
    "RECORDS",
    "SCORES",
    "EvalFileError",
    "Reading",
    "UnknownModelError",
    "grade",
    "read",
    "read_folder",
    "resolve",
    "stream",
]

__getattr__, __dir__ = on_first_use(
    __name__,
    ["columns", "fetch", "files", "formats", "grading", "identity", "reading", "schema", "values"],
    {
        "grade": "grading",
        **dict.fromkeys(("UnknownModelError", "resolve"), "identity"),
        **dict.fromkeys(("Reading", "read", "read_folder", "stream"), "reading"),
        **dict.fromkeys(("RECORDS", "SCORES", "EvalFileError"), "schema"),
    },
)  # fmt: skip
