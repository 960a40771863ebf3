"""Laws of accuracy fitted to curves by maximum likelihood, and how well they fit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ..curves import Curve
from ..errors import FieldError, as_array, positive, require
from .accuracy import FLOOR, AccuracyLaw
from .climbing import Boxes, linear_algebra, scored, with_gradient

__all__ = ["LawFit", "deviance", "fit", "monte_carlo_p", "shared_slope"]


def deviance(curve: Curve, log_likelihood: float) -> float:
    """Twice the log-likelihood by which a free probability per point beats a fit.

    Parameters
    ----------
    curve : Curve
        With `n` and scores in [0, 1].
    log_likelihood : float
        That of the fit.
    """
    k, n = curve.counts, curve.items
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


def checked_reference(curve: Curve, reference: float, parameters: int) -> float:
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
    >>> from mirage_utils.laws import STRAIGHT
    >>> curve = Curve([1e8, 1e9, 1e10, 1e11], [0.007, 0.081, 0.285, 0.533], n=1000)
    >>> found = fit(STRAIGHT, curve, reference=1e9)
    >>> round(found["alpha"], 2), found.dof
    (0.3, 2)
    """
    checked_reference(curve, reference, len(law.parameters))
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
    sloped = with_gradient(loss, boxes)
    with linear_algebra().limit(limits=1):
        for z0 in starts:
            found = optimize.minimize(sloped, z0, jac=True, method="L-BFGS-B", bounds=boxes)
            # A second run from the end point recovers from the badly scaled first Hessian.
            found = optimize.minimize(sloped, found.x, jac=True, method="L-BFGS-B", bounds=boxes)
            if best is None or found.fun < best.fun:
                best = found
    assert best is not None, "there is at least one start"
    theta = np.array([float(t) for t in unpack(best.x)])
    theta.flags.writeable = False
    return LawFit(law, curve, float(reference), theta, -float(best.fun))


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

    ends, heights = scored(
        accuracy, curve.counts[None], curve.items, starts, boxes, least=1e-6, most=80
    )
    return ends[np.argmax(heights)]


def _starts(law: AccuracyLaw, boxes, free: Sequence[int], loss) -> list[NDArray[np.float64]]:
    """Starting points in search coordinates: the best coarse line for each value of the extras."""
    line = [box for i, box in zip(free, boxes, strict=True) if i < 2]
    extra = [box for i, box in zip(free, boxes, strict=True) if i >= 2]
    lines = list(itertools.product(*(np.linspace(box[0], box[1], 25) for box in line)))
    # Near the low end an extra parameter is off and the law is the line it extends. A low end of
    # zero is approached in even ratios, because a floor of .001 and one of .1 are equally thinkable.
    off = [
        np.linspace(box[0], box[1], 7)
        if box[0] != 0
        else np.array([0, *np.geomspace(1e-4, 0.9, 6) * box[1]])
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
    counts = rng.binomial(curve.items, fitted.accuracy(curve.scale), (draws, len(curve)))
    # The curve itself comes first and is refitted as its copies are: equal counts, equal deviance.
    counts = np.vstack([curve.counts, counts])
    saturated = stats.binom.logpmf(counts, curve.items, counts / curve.items).sum(axis=1)
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
    return scored(accuracy, counts, curve.items, np.tile(start, (len(counts), 1)), boxes)[1]


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
