"""Verdicts of comparisons in plain words."""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..evidence.paired import Difference
from ..records.schema import is_fraction

__all__ = ["VERDICTS", "Verdict", "amount", "how_often", "in_points", "p_text", "verdict_of"]

Verdict = Literal["better", "worse", "higher", "lower", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
"""What B can be; higher or lower where it is not known which scores are good."""

_TIMES = {
    2: "two",
    3: "three",
    4: "four",
    5: "five",
    6: "six",
    7: "seven",
    8: "eight",
    9: "nine",
    10: "ten",
}


def in_points(
    metric: str, first: NDArray[np.float64], second: NDArray[np.float64], said: Collection[str] = ()
) -> bool:
    """Whether differences are told in points, hundredths of the score: of shares and other fractions.

    Parameters
    ----------
    metric : str
    first, second : ndarray
        Scores.
    said : collection of str
        Of which the user says that they are in per cent, or are fractions.
    """
    scores = np.concatenate([first, second])
    if scores.size and not (scores.min() >= 0 and scores.max() <= 1):
        return False
    whole = bool(np.isin(scores, (0.0, 1.0)).all())
    return whole or is_fraction(metric) or is_said(metric, said)


def is_said(metric: str, said: Collection[str]) -> bool:
    """Whether a metric is among those that a user names, perhaps on a task or of a family."""
    names = (text.partition(" on ")[0].partition(" of ")[0] for text in said)
    return any(fnmatchcase(metric, name) for name in names)


def amount(value: float, points: bool, digits: int = 3) -> str:
    """A score or a difference as text, in points or in units of the score; what rounds to 0 has no sign."""
    if not np.isfinite(value):
        return "?"
    return f"{100 * value:z.1f}" if points else f"{value:z.{digits}g}"


def verdict_of(
    d: Difference, *, direction: str, p_holm: float, family: int, level: float, power: float, detectable: float, points: bool,
    over_runs: float = float("nan"),
) -> tuple[Verdict, str]:  # fmt: skip
    """What is said of B, and in which words.

    Parameters
    ----------
    d : Difference
    direction : {"higher", "lower", ""}
        Which scores are good.
    p_holm : float
        By which it is decided: corrected over `family` comparisons.
    family : int
    level, power : float
    detectable : float
        The smallest difference that would be seen with that power.
    points : bool
    over_runs : float
        Half of the interval of the difference with other runs as well as other items; nan where there is one run.
    """
    unit = " points" if points else ""
    up = d.value > 0
    if d.lower == 0 == d.higher:
        return (
            "cannot tell",
            f"both have the same score on all {d.n:,} items; {_missed(d, detectable, unit, power, points)}",
        )
    interval = "" if d.low != d.low else f" ({amount(d.low, points)} to {amount(d.high, points)})"
    p, corrected = p_text(d.p, level), p_text(p_holm, level)
    good: Verdict
    if direction:
        good = "better" if up == (direction == "higher") else "worse"
    else:
        good = "higher" if up else "lower"
    size = _size(d, points, up)
    if p_holm <= level and abs(d.value) <= over_runs:
        return "cannot tell", (
            f"on these items these runs of B scored {good} by {size}, but runs differ by more: {amount(abs(d.value), points)} ± "
            f"{amount(over_runs, points)}{unit} with other runs"
        )
    if p_holm <= level and d.value != 0:
        runs = ""
        if np.isfinite(over_runs):
            runs = f" with these runs, ± {amount(over_runs, points)}{unit} with others"
        return good, f"B {'is' if direction else 'scores'} {good} by {size}{runs}"
    if d.p <= level and d.value != 0:
        return "cannot tell", (
            f"B scored {good} by {size}, but of {family:,} tasks one may well show as much by chance (p = {p}, corrected {corrected})"
        )
    if d.low > 0 or d.high < 0:
        return "cannot tell", (
            f"these items cannot tell: B - A is {_signed(d.value, points)}{unit}{interval}, but the test does not confirm it (p = "
            f"{p}): too few items or clusters carry the difference"
        )
    return (
        "cannot tell",
        f"these items cannot tell: B - A is {_signed(d.value, points)}{unit}{interval}; {_missed(d, detectable, unit, power, points)}",
    )


def _size(d: Difference, points: bool, up: bool) -> str:
    """How large a difference is, without its sign: "3.1 points (0.8 to 5.4)"."""
    low, high = (d.low, d.high) if up else (-d.high, -d.low)
    interval = "" if low != low else f" ({amount(low, points)} to {amount(high, points)})"
    return f"{amount(abs(d.value), points)}{' points' if points else ''}{interval}"


def _signed(value: float, points: bool) -> str:
    text = amount(value, points)
    return text if text.startswith("-") or float(text) == 0 else f"+{text}"


def _missed(d: Difference, detectable: float, unit: str, power: float, points: bool) -> str:
    if d.planning_error == 0:
        return "nothing says how scores of such items vary"
    if not np.isfinite(detectable):
        return "so few items show no difference, however large"
    return f"a true difference under {amount(detectable, points)}{unit} would be missed {how_often(1 - power)} or more often"


def how_often(chance: float) -> str:
    """A chance as "one time in five", where it is one; else in per cent."""
    times = round(1 / chance)
    if times in _TIMES and abs(1 / times - chance) < 0.005:
        return f"one time in {_TIMES[times]}"
    return f"{100 * chance:.2g}% of the time"


def p_text(value: float, level: float) -> str:
    """A p-value with two digits, and as many more as show on which side of the level it is."""
    if value < 1e-4:
        return "< 0.0001"
    texts = (f"{value:.{digits}g}" for digits in range(2, 18))
    return next(t for t in texts if np.sign(float(t) - level) == np.sign(value - level))
