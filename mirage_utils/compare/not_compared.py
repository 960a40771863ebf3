"""Tasks that cannot be compared, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..errors import shown
from ..records.wording import several
from .same_items import without_names
from .sides import Side

if TYPE_CHECKING:
    from .pairing import Pair

__all__ = ["NotCompared", "too_few", "why_nothing"]


class NotCompared(NamedTuple):
    """A task and metric of one side or of both that cannot be compared, and why.

    Attributes
    ----------
    task, metric : str
        ``""`` for the metric of a task without scores.
    why : str
    """

    task: str
    metric: str
    why: str

    @property
    def words(self) -> str:
        """Which task and metric, and why."""
        return f"{', '.join(filter(None, (self.task, self.metric)))}: {self.why}"

    @property
    def note(self) -> str:
        """As a note beside others."""
        return f"not compared: {self.words}"


def why_nothing(refused: Sequence[NotCompared]) -> str:
    """Why no task at all is compared."""
    more = len(refused) - 1
    others = f"; nor can {more:,} other{'s' * (more > 1)} be compared" if more else ""
    return refused[0].words + others


def too_few(pair: Pair, sides: tuple[Side, Side]) -> str:
    """Why a pair has fewer than two items, and what helps."""
    left = pair.left_out
    n = len(pair.items)
    if n or left.ungraded_first or left.ungraded_second:
        return f"{n} item{'s are' if n != 1 else ' is'} scored on both sides, and two are needed ({'; '.join(left.words()) or 'nothing is left out'})"
    if any(map(without_names, sides)):
        return (
            f"items have no names, and which row of A belongs to which of B cannot be told: A has {len(left.only_first):,} "
            f"rows, B has {len(left.only_second):,}; --column NAME=item says which column names the items"
        )
    ours, theirs = (
        several([shown(i, 30) for i in items]) for items in (left.only_first, left.only_second)
    )
    return (
        f"item differs: no item in common: A has {len(left.only_first):,} ({ours}), B has {len(left.only_second):,} ({theirs}); "
        "--column NAME=item says which column of a table names them"
    )
