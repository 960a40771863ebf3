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
from ..symbols import alpha, numpy_function

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
    """

    name: str
    title: str
    expression: sp.Expr
    extra: tuple[Parameter, ...] = ()
    overdispersed: bool = False

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, the line's first."""
        return (*_LINE, *self.extra)

    @cached_property
    def _function(self):
        return numpy_function(self.expression, (u, *(q.symbol for q in self.parameters)))

    def accuracy(self, u: ArrayLike, theta: Sequence[ArrayLike]) -> NDArray[np.float64]:
        """Accuracy at log scales `u`; parameters in the order of `parameters`, broadcast."""
        with np.errstate(over="ignore", under="ignore"):
            return self._function(np.asarray(u, dtype=float), *theta)

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
        log_pmf = log_pmf_of(curve.counts, curve.n)

        def log_likelihood(theta: Sequence[ArrayLike]) -> NDArray[np.float64]:
            return log_pmf(self.accuracy(u, theta), theta[-1] if self.overdispersed else None)

        return log_likelihood


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
FLOOR = AccuracyLaw("floor", "guessing floor", g + (1 - g) * sp.exp(-_LOSS), (_FLOOR,))
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
w = sp.Symbol("w", nonnegative=True)
c = sp.Symbol("c", positive=True)
TWO_KINDS = AccuracyLaw(
    "two_kinds",
    "two kinds of items",
    w * sp.exp(-_LOSS / c) + (1 - w) * sp.exp(-_LOSS),
    (
        Parameter(w, 0.0, 1.0, meaning="share of the easy items"),
        Parameter(c, 1.0, 1e6, log=True, meaning="by which the loss of an easy item is smaller"),
    ),
)
"""The line for items of two kinds."""
LAWS = (STRAIGHT, FLOOR, IRREDUCIBLE, UNEQUAL, OVERDISPERSED, FLOOR_OVERDISPERSED)
"""All of them, the straight line first."""


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


def log_pmf_of(k, n) -> Callable[..., NDArray[np.float64]]:
    """Binomial or beta-binomial log-probability of counts, as a function of accuracy and correlation.

    Broadcast, and finite at accuracies of 0 and 1.
    """
    k, n = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    missed = n - k
    choose = special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(missed + 1)

    def log_pmf(accuracy, rho=None) -> NDArray[np.float64]:
        if rho is None:
            A = np.minimum(np.maximum(accuracy, 1e-300), 1 - 1e-15)
            return choose + k * np.log(A) + missed * np.log1p(-A)
        size = 1 / np.asarray(rho) - 1
        # Below 1e-12 a beta-binomial cannot be told from no successes at all at any n used here.
        A = np.minimum(np.maximum(accuracy, 1e-12), 1 - 1e-12)
        right, wrong = A * size, (1 - A) * size
        return choose + special.betaln(k + right, missed + wrong) - special.betaln(right, wrong)

    return log_pmf


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
