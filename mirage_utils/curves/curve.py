"""The curve itself: a score against scale, and what it is a curve of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import FieldError, as_array, require
from ..scaling import Interval
from .resolution import Method, binomial_interval

__all__ = ["MOST_ITEMS", "Curve"]

MOST_ITEMS = 2**53
"""Numbers of items beyond this are no whole numbers to a computer."""
_NOT_GIVEN: Any = None
"""Default of what a caller may leave out and every curve has: it is worked out, or nan at each size."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A score against scale. Curves that agree in everything are equal, and can be keys of a dictionary.

    Parameters
    ----------
    scale : array_like, shape (m,)
        Scales, > 0, strictly increasing (number of parameters, unless said otherwise).
    score : array_like, shape (m,)
        Scores within `score_range`; where there are several runs of a size, their mean.
    n : int or array_like, shape (m,), optional
        Number of test items behind each score, >= 1. None for a curve computed from a formula.
    score_range : tuple of float
        Lowest and highest score the metric can give.
    name : str
        For legends and messages.
    family, task, setting, metric : str
        What it is a curve of. The number of shots, where it is known, is part of the setting.
    direction : {"higher", "lower", ""}
        Which scores are good; empty where that is not known.
    graded : {"file", "here"}
        Whether the scores are those of the file or were made here from its outputs.
    proportion : bool, optional
        Whether scores are shares of `n` items right, so that counts are binomial. Needs `n` and scores
        in [0, 1]. By default they are if `n` is given and `score_range` is (0, 1); curves of tables are
        (`mirage_utils.evidence.curves_of`) if the name of their metric says so, too.
    error : array_like, shape (m,), optional
        Standard error of each score over items; nan where it is unknown.
    skill, skill_error : array_like, shape (m,), optional
        By how much outputs fit their own items better than others, and its standard error (see
        `mirage_utils.records.gathering.Gathered`); nan where unknown.
    replicates : sequence of array_like, optional
        Scores of the single runs of each size. None where each size has one run.

    Raises
    ------
    FieldError
        Naming the field and the first offending value: not finite, unsorted or repeated scales,
        a score outside the range, n below 1, unequal lengths.

    Examples
    --------
    >>> curve = Curve([1e7, 1e8, 1e9], [0.0, 0.1, 0.6], n=50)
    >>> curve.counts
    array([ 0,  5, 30])
    >>> curve.interval().high.round(2)
    array([0.07, 0.22, 0.74])
    """

    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    n: NDArray[np.int64] | None = None
    score_range: tuple[float, float] = (0.0, 1.0)
    name: str = ""
    family: str = ""
    task: str = ""
    setting: str = ""
    metric: str = ""
    direction: Literal["higher", "lower", ""] = ""
    graded: Literal["file", "here"] = "file"
    proportion: bool = _NOT_GIVEN
    error: NDArray[np.float64] = _NOT_GIVEN
    skill: NDArray[np.float64] = _NOT_GIVEN
    skill_error: NDArray[np.float64] = _NOT_GIVEN
    replicates: tuple[NDArray[np.float64], ...] | None = None

    def __post_init__(self) -> None:
        low, high = (float(end) for end in self.score_range)
        require(low < high, "score_range", self.score_range, "a lower end below the upper end")
        scale = _rising(self.scale)
        score = as_array("score", self.score, low=low, high=high)
        require(
            score.shape == scale.shape, "score", score.shape, f"the shape of scale, {scale.shape}"
        )
        checked = {"scale": _frozen(scale), "score": _frozen(score), "score_range": (low, high)}
        if self.n is not None:
            n = as_array("n", self.n, low=1, high=MOST_ITEMS, integer=True)
            require(
                n.ndim == 0 or n.shape == scale.shape, "n", n.shape, f"one number or {scale.shape}"
            )
            checked["n"] = _frozen(np.broadcast_to(n, scale.shape).astype(np.int64))
        require(
            self.direction in ("higher", "lower", ""), "direction", self.direction,
            "'higher', 'lower' or ''",
        )  # fmt: skip
        shares = self.n is not None and score.min() >= 0 and score.max() <= 1
        if self.proportion is None:
            checked["proportion"] = self.n is not None and (low, high) == (0.0, 1.0)
        else:
            require(
                bool(shares) or not self.proportion, "proportion", self.proportion,
                "n, and scores in [0, 1]",
            )  # fmt: skip
            checked["proportion"] = bool(self.proportion)
        for name in ("error", "skill", "skill_error"):
            checked[name] = _known(name, getattr(self, name), scale.shape)
        if self.replicates is not None:
            checked["replicates"] = _runs(self.replicates, scale.size)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        return self._content == other._content if isinstance(other, Curve) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._content)

    @property
    def _content(self) -> tuple:
        return tuple(_plain(getattr(self, field.name)) for field in fields(self))

    def __len__(self) -> int:
        return self.scale.size

    @property
    def log_scale(self) -> NDArray[np.float64]:
        """Natural logarithm of scale."""
        return np.log(self.scale)

    @property
    def up(self) -> NDArray[np.float64]:
        """The score turned so that up is better."""
        return -self.score if self.direction == "lower" else self.score

    @property
    def n_runs(self) -> NDArray[np.int64]:
        """How many runs each size has."""
        if self.replicates is None:
            return np.ones(len(self), np.int64)
        return np.array([len(values) for values in self.replicates], np.int64)

    @property
    def items(self) -> NDArray[np.int64]:
        """Number of test items behind each score, shape (m,), for those who cannot do without.

        Raises
        ------
        FieldError
            If it is not known.
        """
        if self.n is None:
            raise FieldError("n", None, "the number of test items, which this curve does not have")
        return self.n

    @property
    def resolution(self) -> NDArray[np.float64]:
        """Smallest step of a score that counts successes: 1 / n; see `items`."""
        return 1.0 / self.items

    @property
    def counts(self) -> NDArray[np.int64]:
        """Number of successes: the whole number nearest to score * n (scores in [0, 1] only).

        Raises
        ------
        FieldError
            If `n` is not known, or `score_range` is not (0, 1).
        """
        require(
            self.score_range == (0.0, 1.0), "score_range", self.score_range, "(0, 1) for counts"
        )
        return np.rint(self.score * self.items).astype(np.int64)

    def interval(self, level: float = 0.95, method: Method = "exact") -> Interval:
        """Binomial interval of each score; see `binomial_interval`.

        Parameters
        ----------
        level : float
            In (0, 1).
        method : {"exact", "wilson", "jeffreys"}

        Raises
        ------
        FieldError
            If `n` is not known, `score_range` is not (0, 1), or `level` is out of range.
        """
        return binomial_interval(self.counts, self.items, level, method)

    def up_to(self, scale: float) -> Curve:
        """The part of the curve at or below a scale."""
        return self._where(self.scale <= scale, f"a scale >= {self.scale[0]:g}", scale)

    def above(self, scale: float) -> Curve:
        """The part of the curve above a scale."""
        return self._where(self.scale > scale, f"a scale < {self.scale[-1]:g}", scale)

    def _where(self, keep: NDArray[np.bool_], expected: str, scale: float) -> Curve:
        require(bool(keep.any()), "scale", scale, expected)
        along = ("scale", "score", "error", "skill", "skill_error")
        parts = {name: getattr(self, name)[keep] for name in along}
        if self.n is not None:
            parts["n"] = self.n[keep]
        if self.replicates is not None:
            parts["replicates"] = [
                values for values, kept in zip(self.replicates, keep, strict=True) if kept
            ]
        return replace(self, **parts)


def _rising(values: ArrayLike) -> NDArray[np.float64]:
    scale = as_array("scale", values, low=0, open_low=True)
    require(scale.ndim == 1, "scale", scale.shape, "one dimension")
    require(scale.size > 0, "scale", scale.size, "at least one point")
    steps = np.diff(scale)
    if (steps <= 0).any():
        i = int(np.argmax(steps <= 0)) + 1
        fault = "repeats" if steps[i - 1] == 0 else "is smaller than"
        raise FieldError(
            "scale",
            scale[i],
            f"strictly increasing scales, but it {fault} its predecessor {scale[i - 1]:g}",
            where=f"[{i}]",
        )
    return scale


def _known(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Numbers of which some may be unknown, that is nan."""
    found = np.full(shape, np.nan) if values is None else np.asarray(values, dtype=float)
    require(found.shape == shape, name, found.shape, f"the shape of scale, {shape}")
    return _frozen(found)


def _runs(values: Sequence[ArrayLike], size: int) -> tuple[NDArray[np.float64], ...]:
    found = tuple(_frozen(as_array("replicates", each)) for each in values)
    require(len(found) == size, "replicates", len(found), f"the runs of {size} sizes")
    for each in found:
        require(each.ndim == 1 and each.size > 0, "replicates", each, "a run or more of each size")
    return found


def _frozen(array: NDArray) -> NDArray:
    array = np.array(array)
    array.flags.writeable = False
    return array


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.tobytes() if isinstance(value, np.ndarray) else value
