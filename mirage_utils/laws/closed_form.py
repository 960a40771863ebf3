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

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats
from threadpoolctl import ThreadpoolController

from ..curves import Curve
from ..errors import FieldError, as_array, positive, require
from ..scaling import Interval
from ..symbols import alpha, numpy_function

__all__ = [
    "FLOOR",
    "FLOOR_OVERDISPERSED",
    "IRREDUCIBLE",
    "LAWS",
    "OVERDISPERSED",
    "STRAIGHT",
    "UNEQUAL",
    "AccuracyLaw",
    "LawFit",
    "LocalSlope",
    "Parameter",
    "Posterior",
    "Prediction",
    "deviance",
    "fit",
    "linearise",
    "local_slopes",
    "monte_carlo_p",
    "pooled_lengths",
    "posterior",
    "shared_slope",
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
        log_pmf = _log_pmf_of(curve.counts, curve.n)

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


def _log_pmf_of(k, n) -> Callable[..., NDArray[np.float64]]:
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


def deviance(curve: Curve, log_likelihood: float) -> float:
    """Twice the log-likelihood by which a free probability per point beats a fit.

    Parameters
    ----------
    curve : Curve
        With `n` and scores in [0, 1].
    log_likelihood : float
        That of the fit.
    """
    k, n = curve.counts, curve.n
    return float(2 * (stats.binom.logpmf(k, n, k / n).sum() - log_likelihood))


@dataclass(frozen=True, eq=False)
class LawFit:
    """A law fitted to a curve by maximum likelihood.

    Attributes
    ----------
    law : AccuracyLaw
    curve : Curve
    reference : float
        Scale at which ``u = 0``.
    theta : ndarray
        Estimates in the order of ``law.parameters``.
    log_likelihood : float
    """

    law: AccuracyLaw
    curve: Curve
    reference: float
    theta: NDArray[np.float64]
    log_likelihood: float

    def __getitem__(self, name: str) -> float:
        """Estimate of a parameter by its symbol's name."""
        for q, value in zip(self.law.parameters, self.theta, strict=True):
            if str(q.symbol) == name:
                return float(value)
        raise FieldError(
            "parameter", name, f"one of {[str(q.symbol) for q in self.law.parameters]}"
        )

    @property
    def deviance(self) -> float:
        """Deviance from the saturated binomial model."""
        return deviance(self.curve, self.log_likelihood)

    @property
    def dof(self) -> int:
        """Number of points minus number of parameters."""
        return len(self.curve) - len(self.theta)

    @property
    def p_value(self) -> float:
        """Chi-squared tail probability of the deviance.

        An approximation that fails where expected counts are small; see `monte_carlo_p`. Undefined
        (nan) with no degree of freedom, and for over-dispersed laws, whose extra variance absorbs
        misfit by construction.
        """
        if self.law.overdispersed or self.dof < 1:
            return float("nan")
        return float(stats.chi2.sf(self.deviance, self.dof))

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2 k - 2 ln(likelihood)."""
        return 2 * len(self.theta) - 2 * self.log_likelihood

    def accuracy(self, scale: ArrayLike) -> NDArray[np.float64]:
        """Fitted accuracy at scales > 0."""
        scale = as_array("scale", scale, low=0, open_low=True)
        return self.law.accuracy(np.log(scale / self.reference), list(self.theta))


def _check(curve: Curve, reference: float, parameters: int) -> float:
    require(curve.n is not None, "curve", curve.n, "a curve with the number of items of each point")
    require(
        len(curve) >= parameters,
        "curve",
        len(curve),
        f"at least as many points as parameters, {parameters}",
    )
    return positive("reference", reference)


def fit(
    law: AccuracyLaw,
    curve: Curve,
    *,
    reference: float,
    fixed: Mapping[str, float] | None = None,
    start: ArrayLike | None = None,
) -> LawFit:
    """Fit a law to a curve of proportions by maximum likelihood.

    Parameters
    ----------
    law : AccuracyLaw
    curve : Curve
        With `n` and scores in [0, 1]; at least as many points as the law has parameters.
    reference : float
        Scale at which ``u = 0``, in the unit of the curve's scale.
    fixed : mapping, optional
        Parameters held at given values, by symbol name.
    start : array_like, optional
        One starting point (in the parameters' own units) in place of the search: for refits of
        simulated copies of a curve that has been fitted already.

    Notes
    -----
    Bounded L-BFGS (`scipy.optimize.minimize`) from several starts: for each of a few values of the
    extra parameters the best line on a coarse grid. The likelihoods of the richer laws have more
    than one hill.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.533], n=1000)
    >>> found = fit(STRAIGHT, curve, reference=1e9)
    >>> round(found["alpha"], 2), found.dof
    (0.3, 2)
    """
    _check(curve, reference, len(law.parameters))
    held = tuple(sorted((fixed or {}).items()))
    if start is None:
        return _searched(law, curve, float(reference), held)
    return _climbed(law, curve, reference, held, start)


@lru_cache(maxsize=1024)
def _searched(
    law: AccuracyLaw, curve: Curve, reference: float, held: tuple[tuple[str, float], ...]
) -> LawFit:
    """`fit` with the search for starting points, kept: a cell that is run again need not wait for it again."""
    return _climbed(law, curve, reference, held, None)


def _climbed(
    law: AccuracyLaw,
    curve: Curve,
    reference: float,
    held: tuple[tuple[str, float], ...],
    start: ArrayLike | None,
) -> LawFit:
    fixed = dict(held)
    names = [str(q.symbol) for q in law.parameters]
    for name in fixed:
        require(name in names, "fixed", name, f"names among {names}")
    free = [i for i, name in enumerate(names) if name not in fixed]
    require(len(free) > 0, "fixed", fixed, "at least one parameter left to fit")
    boxes = [law.parameters[i].box for i in free]
    logs = [law.parameters[i].log for i in free]
    log_likelihood = law._likelihood_of(curve, reference)

    def unpack(z: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Parameters from search coordinates (last axis over the free ones)."""
        theta: list = [None] * len(names)
        for j, i in enumerate(free):
            theta[i] = np.exp(z[..., j]) if logs[j] else z[..., j]
        for name, value in fixed.items():
            theta[names.index(name)] = np.full(z.shape[:-1], float(value))
        return theta

    def loss(z: NDArray[np.float64]) -> NDArray[np.float64]:
        columns = [t[..., None] for t in unpack(np.asarray(z))]
        return -log_likelihood(columns).sum(axis=-1)

    if start is None:
        starts = _starts(law, boxes, free, loss)
    else:
        given = np.asarray(start, dtype=float)[free]
        starts = [np.where(logs, np.log(np.maximum(given, 1e-300)), given)]
    if law == FLOOR and len(starts) > 1:
        # Scoring climbs all its hills together. Those of other laws have ridges, on which it stops too early.
        starts = [_highest(law, curve, reference, unpack, np.array(starts), boxes)]
    best = None
    sloped = _with_gradient(loss, boxes)
    with _linear_algebra().limit(limits=1):
        for z0 in starts:
            found = optimize.minimize(sloped, z0, jac=True, method="L-BFGS-B", bounds=boxes)
            # A second run from the end point recovers from the badly scaled first Hessian.
            found = optimize.minimize(sloped, found.x, jac=True, method="L-BFGS-B", bounds=boxes)
            if best is None or found.fun < best.fun:
                best = found
    theta = np.array([float(t) for t in unpack(best.x)])
    theta.flags.writeable = False
    return LawFit(law, curve, float(reference), theta, -float(best.fun))


Boxes = Sequence[tuple[float, float]]


def _highest(
    law: AccuracyLaw,
    curve: Curve,
    reference: float,
    unpack: Callable[[NDArray[np.float64]], list[NDArray[np.float64]]],
    starts: NDArray[np.float64],
    boxes: Boxes,
) -> NDArray[np.float64]:
    """A point near the top of the highest hill that can be climbed from some starts."""
    u = np.log(curve.scale / reference)

    def accuracy(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return law.accuracy(u, [t[..., None] for t in unpack(z)])

    ends, heights = _scored(
        accuracy, curve.counts[None], curve.n, starts, boxes, least=1e-6, most=80
    )
    return ends[np.argmax(heights)]


@cache
def _linear_algebra() -> ThreadpoolController:
    """To keep it to one thread: for the few numbers of a fit others only wait for one another, ten times as long."""
    return ThreadpoolController()


def _with_gradient(loss, boxes: Sequence[tuple[float, float]]):
    """A function's value and gradient at a point, from one call on the point and its neighbours.

    Central differences, one-sided at the ends of a box. The optimiser's own differences call the function once a
    neighbour, and most of the time goes into the calls.
    """
    low, high = np.array(boxes, dtype=float).T
    size = len(low)
    rows = np.arange(size)

    def both(z: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        step = 1e-6 * np.maximum(1.0, np.abs(z))
        points = np.empty((2 * size + 1, size))
        points[:] = z
        up, down = np.minimum(z + step, high), np.maximum(z - step, low)
        points[1 + rows, rows], points[1 + size + rows, rows] = up, down
        values = loss(points)
        return values[0], (values[1 : 1 + size] - values[1 + size :]) / (up - down)

    return both


def _starts(law: AccuracyLaw, boxes, free: Sequence[int], loss) -> list[NDArray[np.float64]]:
    """Starting points in search coordinates: the best coarse line for each value of the extras."""
    line = [box for i, box in zip(free, boxes, strict=True) if i < 2]
    extra = [box for i, box in zip(free, boxes, strict=True) if i >= 2]
    lines = list(itertools.product(*(np.linspace(*box, 25) for box in line)))
    # Near the low end an extra parameter is off and the law is the line it extends. A low end of
    # zero is approached in even ratios, because a floor of .001 and one of .1 are equally thinkable.
    off = [
        np.linspace(*box, 7) if box[0] != 0 else np.array([0, *np.geomspace(1e-4, 0.9, 6) * box[1]])
        for box in extra
    ]
    found = []
    for corner in itertools.product(*off):
        grid = np.array([(*point, *corner) for point in lines])
        found.append(grid[np.argmin(loss(grid))])
    # the hills worth climbing: the best dozen
    return sorted(found, key=lambda z: float(loss(z)))[:12]


def monte_carlo_p(fitted: LawFit, *, draws: int, seed: int) -> float:
    """Goodness of fit without the chi-squared approximation.

    Simulates `draws` curves from the fit, refits each, and returns the share (with the usual +1)
    whose deviance is at least the observed one.

    Parameters
    ----------
    fitted : LawFit
        What `fit` gave.
    draws : int
        Number of simulated curves.
    seed : int
        Of the simulations.
    """
    draws = int(as_array("draws", draws, low=1, integer=True))
    require(not fitted.law.overdispersed, "law", fitted.law.name, "a law with binomial counts")
    return _simulated_p(fitted, draws, int(seed))


@lru_cache(maxsize=256)
def _simulated_p(fitted: LawFit, draws: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    curve = fitted.curve
    counts = rng.binomial(curve.n, fitted.accuracy(curve.scale), (draws, len(curve)))
    # The curve itself comes first and is refitted as its copies are: equal counts, equal deviance.
    counts = np.vstack([curve.counts, counts])
    saturated = stats.binom.logpmf(counts, curve.n, counts / curve.n).sum(axis=1)
    found = 2 * (saturated - _refits(fitted, counts))
    worse = np.sum(found[1:] >= found[0] - 1e-9)
    return float((worse + 1) / (draws + 1))


def _refits(fitted: LawFit, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Log-likelihoods of a law refitted to other counts of the same curve, one row a refit.

    Each climbs from the parameters at hand; all of them in step.
    """
    law, curve = fitted.law, fitted.curve
    u = np.log(curve.scale / fitted.reference)

    def accuracy(z: NDArray[np.float64]) -> NDArray[np.float64]:
        theta = [np.exp(z[..., i]) if q.log else z[..., i] for i, q in enumerate(law.parameters)]
        return law.accuracy(u, [t[..., None] for t in theta])

    start = [np.log(t) if q.log else t for q, t in zip(law.parameters, fitted.theta, strict=True)]
    boxes = [q.box for q in law.parameters]
    return _scored(accuracy, counts, curve.n, np.tile(start, (len(counts), 1)), boxes)[1]


def _scored(
    law: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    counts: NDArray[np.int64],
    n: NDArray[np.int64],
    start: NDArray[np.float64],
    boxes: Boxes,
    *,
    least: float = 1e-12,
    most: int = 500,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where climbs of binomial likelihoods end, and the log-likelihoods there, one row a climb.

    By Fisher's scoring, damped (Levenberg and Marquardt) and kept in the box, until no step would gain `least`;
    all of them in step, because most of the time of one climb goes into calls.
    """
    log_pmf = _log_pmf_of(counts, n)
    low, high = np.array(boxes, dtype=float).T
    k = len(low)

    def accuracy(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum(np.maximum(law(z), 1e-300), 1 - 1e-15)

    z = np.clip(start, low, high)
    A = accuracy(z)
    best = log_pmf(A).sum(axis=1)
    damping = np.full(len(z), 1e-3)
    for _ in range(most):
        up, down = (
            np.clip(z[:, None] + sign * 1e-6 * np.eye(k), low, high) for sign in (1, -1)
        )  # one-sided at the ends of the box
        width = np.diagonal(up - down, axis1=1, axis2=2)[..., None]
        change = (accuracy(up) - accuracy(down)) / width
        weight = 1 / (A * (1 - A))
        slope = np.einsum("skm,sm->sk", change, (counts - n * A) * weight)
        information = np.einsum("skm,slm,sm->skl", change, change, n * weight)
        # A coordinate at an end of its range to which the slope points stays there.
        stays = ((z <= low) & (slope < 0)) | ((z >= high) & (slope > 0))
        slope[stays] = 0
        information[stays[:, :, None] | stays[:, None, :]] = 0
        bend = np.diagonal(information, axis1=1, axis2=2)
        with np.errstate(over="ignore"):
            information[:, range(k), range(k)] += damping[:, None] * bend + 1e-9
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        new = np.clip(z + step, low, high)
        if ((slope * (new - z)).sum(axis=1) < least).all():
            break
        there = accuracy(new)
        height = log_pmf(there).sum(axis=1)
        better = height > best
        z[better], A[better], best[better] = new[better], there[better], height[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
    return z, best


def shared_slope(
    law: AccuracyLaw, curves: Sequence[Curve], *, reference: float
) -> tuple[float, float, float]:
    """One exponent for several curves, everything else free in each.

    Parameters
    ----------
    law : AccuracyLaw
    curves : sequence of Curve
        Two or more.
    reference : float
        Scale at which ``u = 0``, in the unit of the curves' scale.

    Returns
    -------
    alpha : float
        The shared exponent of largest likelihood.
    statistic : float
        Likelihood-ratio statistic against an exponent for each curve, >= 0.
    p_value : float
        Its chi-squared tail probability, with one degree of freedom less than there are curves.
    """
    require(len(curves) >= 2, "curves", len(curves), "at least two curves")
    free = [fit(law, c, reference=reference) for c in curves]

    def loss(slope: float) -> float:
        return -sum(
            fit(law, c, reference=reference, fixed={"alpha": slope}, start=f.theta).log_likelihood
            for c, f in zip(curves, free, strict=True)
        )

    slopes = [f["alpha"] for f in free]
    found = optimize.minimize_scalar(
        loss, bounds=(min(slopes), max(max(slopes), min(slopes) + 1e-6)), method="bounded"
    )
    # The search above starts each curve from its own optimum, which another exponent may turn into a
    # lesser hill. At the exponent found, the full search has the last word.
    shared = sum(
        max(
            fit(law, c, reference=reference, fixed={"alpha": found.x}, start=start).log_likelihood
            for start in (f.theta, None)
        )
        for c, f in zip(curves, free, strict=True)
    )
    statistic = max(2 * (sum(f.log_likelihood for f in free) - shared), 0.0)
    return float(found.x), float(statistic), float(stats.chi2.sf(statistic, len(curves) - 1))


class Prediction(NamedTuple):
    """Predicted score at a scale that the fit has not seen.

    Attributes
    ----------
    interval : Interval
        Central predictive interval of the measured score (parameters and counts uncertain).
    median : float
    log_score : float
        Log of the predicted probability of the count that was observed; nan if none was given.
    """

    interval: Interval
    median: float
    log_score: float


@dataclass(frozen=True)
class Posterior:
    """Posterior of a law's parameters on a grid.

    Attributes
    ----------
    law : AccuracyLaw
    reference : float
    samples : ndarray, shape (grid points kept, k)
        Grid points, in the parameters' own units.
    weights : ndarray, shape (grid points kept,)
        Posterior probabilities, summing to 1.
    """

    law: AccuracyLaw
    reference: float
    samples: NDArray[np.float64]
    weights: NDArray[np.float64]

    def interval(self, name: str, level: float = 0.95) -> Interval:
        """Central posterior interval of one parameter."""
        names = [str(q.symbol) for q in self.law.parameters]
        require(name in names, "name", name, f"one of {names}")
        values = self.samples[:, names.index(name)]
        order = np.argsort(values)
        cumulative = np.cumsum(self.weights[order])
        at = np.searchsorted(cumulative, [(1 - level) / 2, (1 + level) / 2])
        low, high = values[order][np.minimum(at, values.size - 1)]
        return Interval(float(low), float(high))

    def predict(
        self,
        scale: float,
        n: int,
        *,
        observed: int | None = None,
        level: float = 0.95,
        draws: int = 20_000,
        seed: int,
    ) -> Prediction:
        """Predict the score of `n` items at a scale.

        Parameters
        ----------
        scale : float
            > 0.
        n : int
            Items, >= 1.
        observed : int, optional
            The count that came out, for the log score.
        level : float
            Of the predictive interval.
        draws, seed : int
            Monte-Carlo draws for the quantiles, and their seed.
        """
        theta = list(self.samples.T)
        u = np.log(positive("scale", scale) / self.reference)
        accuracy = np.broadcast_to(self.law.accuracy(u, theta), self.weights.shape)
        rng = np.random.default_rng(seed)
        pick = rng.choice(self.weights.size, draws, p=self.weights)
        rate = accuracy[pick]
        if self.law.overdispersed:
            size = 1 / self.samples[pick, -1] - 1
            rate = np.clip(rate, 1e-12, 1 - 1e-12)
            rate = rng.beta(rate * size, (1 - rate) * size)
        counts = rng.binomial(n, np.clip(rate, 0, 1))
        low, median, high = np.quantile(counts, [(1 - level) / 2, 0.5, (1 + level) / 2]) / n
        log_score = float("nan")
        if observed is not None:
            correlation = self.samples[:, -1] if self.law.overdispersed else None
            log_pmf = _log_pmf_of(observed, n)(accuracy, correlation)
            log_score = float(special.logsumexp(log_pmf, b=self.weights))
        return Prediction(Interval(float(low), float(high)), float(median), log_score)


def posterior(
    law: AccuracyLaw, curve: Curve, *, reference: float, points: int = 60_000
) -> Posterior:
    """Posterior of a law's parameters under the priors of `AccuracyLaw.parameters`.

    The likelihood is evaluated on a regular grid of about `points` points, first around the maximum,
    then over a box that is widened until nothing of weight is outside and narrowed to what carries
    weight: no random sampling, and no Gaussian assumption.

    Parameters
    ----------
    law : AccuracyLaw
    curve : Curve
        With `n` and scores in [0, 1].
    reference : float
        Scale at which ``u = 0``.
    points : int
        Grid points, >= 1,000.

    Raises
    ------
    FieldError
        As `fit`, or if `points` is too small.

    Examples
    --------
    >>> from mirage_utils import Curve
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.533], n=1000)
    >>> low, high = posterior(STRAIGHT, curve, reference=1e9, points=2000).interval("alpha")
    >>> low < 0.3 < high
    True
    """
    points = int(as_array("points", points, low=1000, integer=True))
    return _posterior(law, curve, float(reference), points)


@lru_cache(maxsize=256)
def _posterior(law: AccuracyLaw, curve: Curve, reference: float, points: int) -> Posterior:
    best = fit(law, curve, reference=reference)
    k = len(law.parameters)
    prior = np.array([q.box for q in law.parameters])
    centre = np.array(
        [np.log(t) if q.log else t for q, t in zip(law.parameters, best.theta, strict=True)]
    )
    half = (prior[:, 1] - prior[:, 0]) / 200
    box = np.clip(np.stack([centre - half, centre + half], axis=1), prior[:, :1], prior[:, 1:])

    log_likelihood = law._likelihood_of(curve, reference)

    def evaluate(box: NDArray[np.float64], side: int):
        """Parameters and log-posterior (up to a constant) on a grid of `side` points an axis."""
        axes = [np.linspace(low, high, side) for low, high in box]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        theta = [
            np.exp(grid[..., j]) if q.log else grid[..., j] for j, q in enumerate(law.parameters)
        ]
        columns = [t[..., None] for t in theta]
        weight = log_likelihood(columns).sum(axis=-1)
        return axes, theta, weight - weight.max()

    side = max(int(min(points, 8_000) ** (1 / k)), 5)
    for turn in range(40):
        axes, _, weight = evaluate(box, side)
        new = box.copy()
        for j in range(k):
            profile = weight.max(axis=tuple(i for i in range(k) if i != j))
            span, step = box[j, 1] - box[j, 0], axes[j][1] - axes[j][0]
            inside = np.flatnonzero(profile > -14)
            # exp(-14) of the peak is outside any interval we report: widen while an end carries
            # more than that, else narrow to what carries weight, one step beyond.
            at_low, at_high = inside[0] == 0, inside[-1] == side - 1
            new[j, 0] = box[j, 0] - span / 2 if at_low else axes[j][inside[0]] - step
            new[j, 1] = box[j, 1] + span / 2 if at_high else axes[j][inside[-1]] + step
        if turn >= 12:  # a box that keeps being widened and narrowed in turn may only be widened
            new[:, 0], new[:, 1] = (
                np.minimum(new[:, 0], box[:, 0]),
                np.maximum(new[:, 1], box[:, 1]),
            )
        new = np.clip(new, prior[:, :1], prior[:, 1:])
        moved = np.abs(new - box).max(axis=1) > 0.15 * (box[:, 1] - box[:, 0])
        if not moved.any():
            break
        box = new
    else:
        raise RuntimeError(f"the grid for {law.name} on {curve.name or 'a curve'} did not settle")

    # The box is found on a coarse grid; the posterior is taken on a fine one, because where the
    # extra parameter is small the others may be known much better than elsewhere in the box.
    _, theta, weight = evaluate(box, max(int(points ** (1 / k)), 5))
    mass = np.exp(weight).ravel()
    keep = mass > 1e-9 * mass.max()
    samples = np.stack([t.ravel()[keep] for t in theta], axis=1)
    return Posterior(law, float(reference), samples, mass[keep] / mass[keep].sum())


class LocalSlope(NamedTuple):
    """Slope of ``ln(-ln accuracy)`` on ln N between two neighbouring sizes.

    Attributes
    ----------
    smaller, larger : float
        The two scales.
    median : float
    interval : Interval
        Central posterior interval.
    """

    smaller: float
    larger: float
    median: float
    interval: Interval


def local_slopes(
    curve: Curve, *, level: float = 0.95, draws: int = 40_000, seed: int
) -> list[LocalSlope]:
    """Slope of the linearised score between neighbouring sizes, with its uncertainty.

    Each accuracy has its own posterior under Jeffreys's prior (a beta distribution); the slopes are
    computed from draws of it. If the closed form holds they are all equal to ``-alpha``. A count of
    0 or n leaves one side to the prior: such a slope says little, and its interval is wide.

    Parameters
    ----------
    curve : Curve
        With `n` and scores in [0, 1].
    level : float
        Of the intervals, in (0, 1).
    draws : int
        Draws from each posterior.
    seed : int
        Of the draws.
    """
    _check(curve, 1.0, 2)
    rng = np.random.default_rng(seed)
    k, n = curve.counts, curve.n
    # A draw of 0 or 1 (possible in floating point at counts of 0 and n) has no finite image.
    accuracy = np.clip(rng.beta(k + 0.5, n - k + 0.5, (draws, len(curve))), 1e-300, 1 - 1e-16)
    slopes = np.diff(np.log(-np.log(accuracy)), axis=1) / np.diff(curve.log_scale)
    low, middle, high = np.quantile(slopes, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    return [
        LocalSlope(float(curve.scale[i]), float(curve.scale[i + 1]), float(middle[i]),
                   Interval(float(low[i]), float(high[i])))
        for i in range(len(curve) - 1)
    ]  # fmt: skip
