"""Laws of accuracy fitted to curves by maximum likelihood, and how well they fit."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from ..curves import Curve
from ..errors import FieldError, as_array, positive, require
from .accuracy import AccuracyLaw, Parameter
from .climbing import Sloped, linear_algebra, scored

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
    Bounded L-BFGS (`scipy.optimize.minimize`) along exact slopes, from several starts: for each of a few values of the
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


@lru_cache(maxsize=8192)
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
    search = _Search(law, dict(held))
    log_likelihood = law._likelihood_of(curve, reference)

    def loss(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return -log_likelihood(search.theta(z[..., None, :])).sum(axis=-1)

    starts = _starts(search, loss) if start is None else [search.z(np.asarray(start, dtype=float))]
    if law.hilly and len(starts) > 1:
        # Scoring climbs all hills together. On the ridges of other laws it would stop too early.
        ends, heights = scored(
            search.accuracy_of(curve, reference), curve.counts[None], curve.items,
            np.array(starts), search.boxes, least=1e-6, most=80,
        )  # fmt: skip
        starts = [ends[np.argmax(heights)]]
    best = None
    downhill = search.downhill(curve, reference)
    with linear_algebra().limit(limits=1):
        for z0 in starts[:12]:  # the hills worth climbing
            found = optimize.minimize(
                downhill, z0, jac=True, method="L-BFGS-B", bounds=search.boxes
            )
            # A second run from the end point recovers from the badly scaled first Hessian.
            found = optimize.minimize(
                downhill, found.x, jac=True, method="L-BFGS-B", bounds=search.boxes
            )
            if best is None or found.fun < best.fun:
                best = found
    assert best is not None, "there is at least one start"
    theta = np.array([float(t) for t in search.theta(best.x)])
    theta.flags.writeable = False
    return LawFit(law, curve, float(reference), theta, -float(best.fun))


class _Search:
    """What a fit moves: the parameters of a law that are not held, in logarithms where their prior is flat in it.

    Parameters
    ----------
    law : AccuracyLaw
    held : mapping
        Values of the other parameters, by name.
    """

    def __init__(self, law: AccuracyLaw, held: Mapping[str, float]) -> None:
        names = [str(q.symbol) for q in law.parameters]
        for name in held:
            require(name in names, "fixed", name, f"names among {names}")
        self.law = law
        self.held = {names.index(name): float(value) for name, value in held.items()}
        self.free = [i for i in range(len(names)) if i not in self.held]
        require(len(self.free) > 0, "fixed", held, "at least one parameter left to fit")
        self.parameters: list[Parameter] = [law.parameters[i] for i in self.free]
        self.boxes = [q.box for q in self.parameters]
        self._logs = np.array([q.log for q in self.parameters], dtype=float)

    def theta(self, z: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """All parameters in their own units; the last axis of `z` runs over the free ones."""
        theta: list = [self.held.get(i) for i in range(len(self.law.parameters))]
        for j, (i, q) in enumerate(zip(self.free, self.parameters, strict=True)):
            theta[i] = np.exp(z[..., j]) if q.log else z[..., j]
        return theta

    def z(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """The way back."""
        free = theta[self.free]
        return np.where(self._logs, np.log(np.maximum(free, 1e-300)), free)

    def _by_z(self, by_theta: NDArray[np.float64], z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Slopes by the free coordinates from those by all parameters: d/d ln t is t d/dt."""
        return by_theta[..., self.free] * np.exp(self._logs * z)

    def accuracy_of(self, curve: Curve, reference: float) -> Sloped:
        """Accuracy at the scales of a curve, and its slopes."""
        u = np.log(curve.scale / reference)

        def accuracy(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            z = z[..., None, :]  # one column along the points
            value, slopes = self.law.with_slopes(u, self.theta(z))
            return value, self._by_z(slopes, z)

        return accuracy

    def downhill(self, curve: Curve, reference: float) -> Sloped:
        """Minus the log-likelihood of a curve, and its slopes."""
        likelihood = self.law._slopes_of(curve, reference)

        def loss(z: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            value, slopes = likelihood(self.theta(z))
            # At a floor of nothing the slope is as steep as one over the accuracy: the optimiser squares it.
            downhill = -self._by_z(slopes, z)
            return -value, np.minimum(np.maximum(downhill, -_STEEPEST), _STEEPEST)

        return loss


_STEEPEST = 1e12
"""Slope beyond which steeper says nothing more."""


def _starts(search: _Search, loss) -> list[NDArray[np.float64]]:
    """Starting points in search coordinates: the best coarse line for each value of the extras."""
    line = [q for i, q in zip(search.free, search.parameters, strict=True) if i < 2]
    extra = [q for i, q in zip(search.free, search.parameters, strict=True) if i >= 2]
    lines = list(itertools.product(*(np.linspace(*q.box, 25) for q in line)))
    # Near the low end an extra parameter is off and the law is the line it extends. A low end of
    # zero is approached in even ratios, because a floor of .001 and one of .1 are equally thinkable.
    off = [
        np.linspace(*q.box, 7)
        if q.low != 0
        else np.array([0, *np.geomspace(1e-4, 0.9, 6) * q.high])
        for q in extra
    ]
    found = []
    for corner in itertools.product(*off):
        grid = np.array([(*point, *corner) for point in lines])
        found.append(grid[np.argmin(loss(grid))])
    return sorted(found, key=lambda z: float(loss(z)))


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
    curve, search = fitted.curve, _Search(fitted.law, {})
    start = np.tile(search.z(fitted.theta), (len(counts), 1))
    accuracy = search.accuracy_of(curve, fitted.reference)
    return scored(accuracy, counts, curve.items, start, search.boxes)[1]


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
    # The sum of several likelihoods may have a hill at each one's own exponent.
    tried = np.geomspace(min(slopes), max(max(slopes), min(slopes) + 1e-6), 12)
    lowest = int(np.argmin([loss(slope) for slope in tried]))
    between = tried[max(lowest - 1, 0)], tried[min(lowest + 1, len(tried) - 1)]
    found = optimize.minimize_scalar(loss, bounds=between, method="bounded")
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
