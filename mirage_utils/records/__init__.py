"""Evaluation results, whatever program wrote them: read, identified, graded.

A *record* is one evaluated item. Files of many formats end in two tables, of records and of scores
(`schema`), in which networks, conditions, runs and items have names and are never confused
(`identity`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..ground.lazy import on_first_use

if TYPE_CHECKING:
    from .gathering import Gathered, gather, tabulate
    from .grading import grade
    from .identity import UnknownModelError, resolve
    from .options import Options
    from .reading import read, read_folder, stream
    from .schema import RECORDS, SCORES, EvalFileError, Reading

__all__ = [
    "RECORDS",
    "SCORES",
    "EvalFileError",
    "Gathered",
    "Options",
    "Reading",
    "UnknownModelError",
    "gather",
    "grade",
    "read",
    "read_folder",
    "resolve",
    "stream",
    "tabulate",
]

__getattr__, __dir__ = on_first_use(
    __name__,
    [
        "columns", "fetch", "files", "formats", "gathering", "grading", "identity", "options", "reading",
        "schema", "values",
    ],
    {
        **dict.fromkeys(("Gathered", "gather", "tabulate"), "gathering"),
        "grade": "grading",
        **dict.fromkeys(("UnknownModelError", "resolve"), "identity"),
        "Options": "options",
        **dict.fromkeys(("read", "read_folder", "stream"), "reading"),
        **dict.fromkeys(("RECORDS", "SCORES", "EvalFileError", "Reading"), "schema"),
    },
)  # fmt: skip
