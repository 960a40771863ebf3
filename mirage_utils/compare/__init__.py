"""Two models, or one under two conditions, on the same items.

`compare` reads results of any known kind that hold a score for each item, pairs them, and says of every task by how much
they differ, how sure that is, and what so many items cannot show.
"""

from .comparing import Compared, Comparison, compare
from .not_compared import NotCompared
from .pairing import Cell, LeftOut, Pair
from .report import page, write
from .sides import NotPairedError
from .words import VERDICTS

__all__ = [
    "VERDICTS", "Cell", "Compared", "Comparison", "LeftOut", "NotCompared", "NotPairedError", "Pair", "compare", "page", "write",
]  # fmt: skip
