"""Tasks that two sides have in common and that cannot be compared, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import shown
from ..records.wording import several
from .same_items import without_names
from .sides import Side

if TYPE_CHECKING:
    from .pairing import Pair

__all__ = ["NotCompared", "why_nothing"]


class NotCompared(NamedTuple):
    """A task and metric of both sides that cannot be compared, and why.

    Attributes
    ----------
    task, metric : str
    why : str
        Begins with their names.
    """

    task: str
    metric: str
    why: str

    @property
    def note(self) -> str:
        """As a note beside others."""
        return f"not compared: {self.why}"


def why_nothing(
    refused: Sequence[NotCompared], empty: Sequence[Pair], sides: tuple[Side, Side]
) -> str:
    """Why no task at all is compared."""
    if not refused:
        return _nothing(empty, sides)
    more = len(refused) + len(empty) - 1
    others = f"; nor can {more:,} other{'s' * (more > 1)} be compared" if more else ""
    return refused[0].why + others


def _nothing(empty: Sequence[Pair], sides: tuple[Side, Side]) -> str:
    if not empty:
        return "nothing is left to compare"
    most = max(empty, key=lambda p: len(p.items))
    left = most.left_out
    n = len(most.items)
    if n or left.ungraded_first or left.ungraded_second:
        return f"{most.name}, {most.metric}: {n} item{'s are' if n != 1 else ' is'} scored on both sides, and two are needed ({'; '.join(left.words()) or 'nothing is left out'})"
    if any(map(without_names, sides)):
        return (
            f"items of {most.name} have no names, and which row of A belongs to which of B cannot be told: A has {len(left.only_first):,} "
            f"rows, B has {len(left.only_second):,}; --column NAME=item says which column names the items"
        )
    ours, theirs = (
        several([shown(i, 30) for i in items]) for items in (left.only_first, left.only_second)
    )
    return (
        f"item differs: no item in common in {most.name}: A has {len(left.only_first):,} ({ours}), B has {len(left.only_second):,} ({theirs}); "
        "--column NAME=item says which column of a table names them"
    )
