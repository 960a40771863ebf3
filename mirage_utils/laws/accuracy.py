"""Does a curve of exact-match scores obey the closed form? Laws, fits and predictions.

If the loss is a power law of scale and the L tokens of a target are equally hard and independent,
then accuracy is ``exp(-L (N/N_c)**(-alpha))`` (Schaeffer et al. 2023, section 2), so that

    ln(-ln accuracy) = ln L + alpha ln N_c - alpha ln N

is a straight line in ln N with the same slope for every target length. The laws below are that
line and the rescues that could bend it: each is one SymPy expression for the accuracy, in

    u      ln(N / reference), the log of scale from a reference size
    a      ln of the whole target's loss, ln(-ln accuracy), at the reference size
    alpha  the exponent of the scaling law, the line's downward slope

and at most two parameters more. Counts are binomial, or beta-binomial where a law says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import special

from ..curves import Curve
from ..errors import as_array, require
from ..symbols import Formula, alpha

__all__ = [
    "FLOOR",
    "FLOOR_OVERDISPERSED",
    "IRREDUCIBLE",
    "LAWS",
    "OVERDISPERSED",
    "STRAIGHT",
    "TWO_KINDS",
    "UNEQUAL",
    "AccuracyLaw",
    "Parameter",
    "linearise",
    "pooled_lengths",
]

a = sp.Symbol("a", real=True)
u = sp.Symbol("u", real=True)
g = sp.Symbol("g", nonnegative=True)
f = sp.Symbol("f", nonnegative=True)
v = sp.Symbol("v", positive=True)
rho = sp.Symbol("rho", positive=True)
w = sp.Symbol("w", nonnegative=True)
c = sp.Symbol("c", positive=True)

_LOSS = sp.exp(a - alpha * u)
"""Loss of the whole target, L times the loss per token."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a law and its prior: flat between `low` and `high`, or flat in its logarithm.

    The same range bounds the maximum-likelihood fit.

    Parameters
    ----------
    symbol : sympy.Symbol
    low, high : float
        Ends of its range.
    log : bool
        Whether the prior is flat in its logarithm.
    meaning : str
        In words.
    """

    symbol: sp.Symbol
    low: float
    high: float
    log: bool = False
    meaning: str = ""

    @property
    def box(self) -> tuple[float, float]:
        """The range in the coordinate in which the prior is flat."""
        return (np.log(self.low), np.log(self.high)) if self.log else (self.low, self.high)


@dataclass(frozen=True)
class AccuracyLaw:
    """Accuracy against scale, with the distribution of the counts around it.

    Parameters
    ----------
    name, title : str
    expression : sympy.Expr
        Accuracy in ``u``, ``a``, ``alpha`` and the extra parameters.
    extra : tuple of Parameter
        What the law has beside the line's two parameters.
    overdispersed : bool
        Counts are beta-binomial with intra-class correlation ``rho`` (the last extra parameter),
        instead of binomial.
    hilly : bool
        Whether its likelihood of counts has several hills and no ridges, so that a fit does well to climb all of them.
    """

    name: str
    title: str
    expression: sp.Expr
    extra: tuple[Parameter, ...] = ()
    overdispersed: bool = False
    hilly: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, the line's first."""
        return (*_LINE, *self.extra)

    @cached_property
    def _formula(self) -> Formula:
        return Formula(self.expression, u, tuple(q.symbol for q in self.parameters))

    def accuracy(self, u: ArrayLike, theta: Sequence[ArrayLike]) -> NDArray[np.float64]:
        """Accuracy at log scales `u`; parameters in the order of `parameters`, broadcast."""
        with np.errstate(over="ignore", under="ignore"):
            return self._formula(np.asarray(u, dtype=float), *theta)

    def with_slopes(
        self, u: ArrayLike, theta: Sequence[ArrayLike]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Accuracy, and its derivatives by the parameters along a last axis.

        Zero where an exponential overflows: no accuracy that can be told from 0 or 1 moves there.
        """
        with np.errstate(all="ignore"):
            accuracy, slopes = self._formula.with_slopes(np.asarray(u, dtype=float), *theta)
        slopes[~np.isfinite(slopes)] = 0.0
        return accuracy, slopes

    def log_likelihood(
        self, curve: Curve, reference: float, theta: Sequence[ArrayLike]
    ) -> NDArray[np.float64]:
        """Log-likelihood of each count of a curve; the last axis runs over the curve's points."""
        return self._likelihood_of(curve, reference)(theta)

    def _likelihood_of(
        self, curve: Curve, reference: float
    ) -> Callable[[Sequence[ArrayLike]], NDArray[np.float64]]:
        """`log_likelihood` as a function of the parameters alone, which a fit asks thousands of times."""
        u = np.log(curve.scale / reference)
        counts = Counts(curve.counts, curve.items)

        def log_likelihood(theta: Sequence[ArrayLike]) -> NDArray[np.float64]:
            correlation = theta[-1] if self.overdispersed else None
            return counts.log_pmf(self.accuracy(u, theta), correlation)

        return log_likelihood

    def _slopes_of(
        self, curve: Curve, reference: float
    ) -> Callable[[Sequence[ArrayLike]], tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Log-likelihood of a whole curve and its derivatives by the parameters, as a function of these."""
        u = np.log(curve.scale / reference)
        counts = Counts(curve.counts, curve.items)

        def both(
            theta: Sequence[ArrayLike],
        ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            accuracy, slopes = self.with_slopes(u, theta)
            correlation = theta[-1] if self.overdispersed else None
            by_accuracy, by_correlation = counts.slopes(accuracy, correlation)
            gradient = by_accuracy @ slopes
            if self.overdispersed:  # which accuracy does not depend on
                gradient[-1] = by_correlation.sum()
            return counts.log_pmf(accuracy, correlation).sum(), gradient

        return both


# The line's own parameters. At the reference size, a = -12 is an accuracy of .999994 and a = 6 one
# of 1e-175: no measured score lies outside. alpha = 15 would take a task
# from 10 % to 90 % within a third of a doubling; at alpha = .01 that takes 134 decades.
_LINE = (
    Parameter(a, -12.0, 6.0, meaning="ln(-ln accuracy) of the line at the reference size"),
    Parameter(alpha, 0.01, 15.0, log=True, meaning="exponent of the scaling law"),
)
_RHO = Parameter(rho, 1e-6, 0.5, log=True, meaning="correlation of items within one trained model")
_FLOOR = Parameter(g, 0.0, 0.2, meaning="share answered right without the skill")

STRAIGHT = AccuracyLaw("straight", "straight line", sp.exp(-_LOSS))
"""The closed form itself: a straight line of ``ln(-ln accuracy)`` in ln N."""
FLOOR = AccuracyLaw("floor", "guessing floor", g + (1 - g) * sp.exp(-_LOSS), (_FLOOR,), hilly=True)
"""The line, above a share of items that is answered right without the skill."""
IRREDUCIBLE = AccuracyLaw(
    "irreducible",
    "irreducible loss",
    sp.exp(-sp.exp(a) * (f + (1 - f) * sp.exp(-alpha * u))),
    (
        Parameter(
            f, 0.0, 1.0, meaning="share of the loss at the reference size that no scale removes"
        ),
    ),
)
"""The line with a part of the loss that no scale removes."""
UNEQUAL = AccuracyLaw(
    "unequal",
    "unequal items",
    # Gamma-distributed difficulty of variance v gives (1 + v x)**(-1/v) for a mean loss x; v -> 0 is
    # the line. Writing x through its value at the reference size keeps `a` the measured one there.
    (1 + (sp.exp(v * sp.exp(a)) - 1) * sp.exp(-alpha * u)) ** (-1 / v),
    (Parameter(v, 1e-4, 10.0, log=True, meaning="variance of item difficulty (gamma, mean 1)"),),
)
"""The line for items of unequal difficulty, gamma-distributed with mean 1."""
OVERDISPERSED = AccuracyLaw(
    "overdispersed", "over-dispersed counts", sp.exp(-_LOSS), (_RHO,), overdispersed=True
)
"""The line, with counts that scatter more than those of independent items."""
FLOOR_OVERDISPERSED = AccuracyLaw(
    "floor_overdispersed",
    "floor and over-dispersion",
    g + (1 - g) * sp.exp(-_LOSS),
    (_FLOOR, _RHO),
    overdispersed=True,
)
"""The line above a floor, with counts that scatter more than those of independent items."""
TWO_KINDS = AccuracyLaw(
    "two_kinds",
    "two kinds of items",
    w * sp.exp(-_LOSS / c) + (1 - w) * sp.exp(-_LOSS),
    (
        # Any share is as thinkable as any other. With c = 1 there is one kind. A factor c brings the easy kind's rise
        # to sizes c**(1/alpha) times smaller: with alpha = 2, as in GPT-3's sums of two digits, a million means a
        # thousand times smaller, which is the whole range of its sizes, and the easy kind is a floor.
        Parameter(w, 0.0, 1.0, meaning="share of the easier kind"),
        Parameter(c, 1.0, 1e6, log=True, meaning="how many times smaller its loss is"),
    ),
    hilly=True,
)
"""The line, with a share of items whose loss is smaller by a factor."""
LAWS = (STRAIGHT, FLOOR, IRREDUCIBLE, UNEQUAL, OVERDISPERSED, FLOOR_OVERDISPERSED)
"""The line, and what could rescue it; chapter 4 adds `TWO_KINDS`, which was thought of later."""


def pooled_lengths(weights: Mapping[int, float]) -> AccuracyLaw:
    """The line for a test set that pools targets of several lengths; no parameter more.

    Parameters
    ----------
    weights : mapping of int to float
        Share of the items with each target length, > 0, summing to 1. `a` is then
        ``ln(-ln accuracy)`` of a single token.
    """
    shares = as_array("weights", list(weights.values()), low=0, high=1, open_low=True)
    require(abs(shares.sum() - 1) < 1e-9, "weights", shares.sum(), "shares that sum to 1")
    lengths = as_array("lengths", list(weights), low=1, integer=True)
    terms = [float(w) * sp.exp(-int(k) * _LOSS) for k, w in zip(lengths, shares, strict=True)]
    return AccuracyLaw("pooled", "pooled lengths", sp.Add(*terms))


_STEEPEST = 1e200
"""Slopes end here, which is next to an accuracy of nothing: those of 10**15 items would be too large for a number."""


class Counts:
    """Counts of right answers among items: their binomial or beta-binomial log-probability, and its slopes.

    Broadcast, and finite at accuracies of 0 and 1.

    Parameters
    ----------
    k, n : array_like
        Right answers, and items.
    """

    def __init__(self, k: ArrayLike, n: ArrayLike) -> None:
        self.k, self.n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
        self.missed = self.n - self.k
        self._choose = (
            special.gammaln(self.n + 1)
            - special.gammaln(self.k + 1)
            - special.gammaln(self.missed + 1)
        )

    def log_pmf(self, accuracy: ArrayLike, rho: ArrayLike | None = None) -> NDArray[np.float64]:
        """Log-probability at an accuracy, and at a correlation of the items if counts are beta-binomial."""
        if rho is None:
            A = _inside(accuracy, *_BINOMIAL)
            return self._choose + self.k * np.log(A) + self.missed * np.log1p(-A)
        A, size = _inside(accuracy, *_BETA_BINOMIAL), 1 / np.asarray(rho) - 1
        right, wrong = A * size, (1 - A) * size
        together = special.betaln(self.k + right, self.missed + wrong)
        return self._choose + together - special.betaln(right, wrong)

    def slopes(
        self, accuracy: ArrayLike, rho: ArrayLike | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Derivatives of `log_pmf` by accuracy and by correlation (0 where counts are binomial).

        Beyond the accuracies that `log_pmf` tells apart they are those at the nearest one: a climb that has strayed
        there still learns which way is back.
        """
        if rho is None:
            A = _inside(accuracy, *_BINOMIAL)
            with np.errstate(over="ignore"):
                by_accuracy = (self.k - self.n * A) / (A * (1 - A))
            return np.clip(by_accuracy, -_STEEPEST, _STEEPEST), np.zeros(())
        A, size = _inside(accuracy, *_BETA_BINOMIAL), 1 / np.asarray(rho) - 1
        right, wrong = A * size, (1 - A) * size
        by_right = special.digamma(self.k + right) - special.digamma(right)
        by_wrong = special.digamma(self.missed + wrong) - special.digamma(wrong)
        by_sum = special.digamma(size) - special.digamma(self.n + size)
        by_size = A * by_right + (1 - A) * by_wrong + by_sum
        return size * (by_right - by_wrong), -by_size / np.asarray(rho) ** 2


_BINOMIAL = 1e-300, 1 - 1e-15
# Below 1e-12 a beta-binomial cannot be told from no successes at all at any n used here.
_BETA_BINOMIAL = 1e-12, 1 - 1e-12


def _inside(accuracy: ArrayLike, low: float, high: float) -> NDArray[np.float64]:
    # np.clip of a few numbers takes several times as long.
    return np.minimum(np.maximum(accuracy, low), high)


def linearise(score: ArrayLike) -> NDArray[np.float64]:
    """``ln(-ln score)``: the coordinate in which the closed form is a straight line in ln N.

    A score of 0 gives +inf and a score of 1 gives -inf.

    Parameters
    ----------
    score : array_like
        In [0, 1]; any shape.

    Examples
    --------
    >>> linearise([0.1, 0.5]).round(3)
    array([ 0.834, -0.367])
    """
    score = as_array("score", score, low=0, high=1)
    with np.errstate(divide="ignore"):
        return np.log(-np.log(score))
