"""Rows of a command's output: a table to look at, or CSV for other programs."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..ground.write import harmless

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["harmless_table", "print_frame", "print_rows"]


def print_rows(rows: Iterable[dict[str, object]], *, as_csv: bool) -> None:
    """As CSV row by row, since some take seconds to compute; as a table when all are there."""
    if as_csv:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            sys.stdout.flush()
        return
    import pandas as pd

    print(pd.DataFrame(list(rows)).to_string(index=False))


def print_frame(frame: pd.DataFrame, *, as_csv: bool) -> None:
    """A table, its numbers with six digits, nothing for what is undefined, and no sign before 0."""
    rows = frame.to_dict("records")
    print_rows(
        ({k: _number(v) if isinstance(v, float) else v for k, v in r.items()} for r in rows),
        as_csv=as_csv,
    )


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:z.6g}"


def harmless_table(table: pd.DataFrame, as_csv: bool) -> pd.DataFrame:
    """A table whose names, which come from files, are no formulas to a spreadsheet."""
    if not as_csv:
        return table
    texts = [c for c in table if table[c].map(lambda v: isinstance(v, str)).any()]
    safe = {c: table[c].map(lambda v: harmless(v) if isinstance(v, str) else v) for c in texts}
    return table.assign(**safe)
