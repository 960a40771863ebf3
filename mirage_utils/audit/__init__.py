"""The reader's own evaluation, taken through the whole argument.

`audit` reads results of any known kind, in batches, and says of every curve whether it leaps and
whether that is the metric, the number of test items, too few sizes, or the models themselves.
"""

from ..records.gathering import Gathered, gather, tabulate
from .judging import Audit, Finding, audit, judge
from .report import page, write
from .rules import RULES, VERDICTS, Rule

__all__ = [
    "RULES", "VERDICTS", "Audit", "Finding", "Gathered", "Rule", "audit", "gather", "judge", "page", "tabulate", "write",
]  # fmt: skip
