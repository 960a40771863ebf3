"""Scaling laws: cross-entropy per token as a smooth function of scale, and fitting one.

The law is ``CE(N) = E + (N / N_c)**(-alpha)`` in nats per token [1]_ [2]_. The Mirage paper [3]_
writes the same reducible part as ``(N/c)**alpha`` with ``alpha < 0``.

References
----------
.. [1] Hestness et al., "Deep learning scaling is predictable, empirically", 2017.
.. [2] Kaplan et al., "Scaling laws for neural language models", 2020.
.. [3] Schaeffer, Miranda and Koyejo, "Are emergent abilities of large language models a
       mirage?", NeurIPS 2023, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from . import symbols
from .errors import FieldError, as_array, positive, require

__all__ = ["Interval", "ScalingFit", "ScalingLaw", "fit_scaling_law"]


class Interval(NamedTuple):
    """Lower and upper end of an interval (floats or arrays of one shape).

    Parameters
    ----------
    low, high : float or ndarray
    """

    low: float | NDArray[np.float64]
    high: float | NDArray[np.float64]


@cache
def _cross_entropy():
    return symbols.numpy_function(
        symbols.CROSS_ENTROPY, (symbols.N, symbols.alpha, symbols.N_c, symbols.E)
    )


@cache
def _against_log_scale(irreducible: bool) -> symbols.Formula:
    """The law against ln N, to be fitted in alpha, ln N_c and, if there is an irreducible part, E."""
    u, log_n_c = sp.symbols("u c", real=True)
    law = symbols.CROSS_ENTROPY.subs({symbols.N: sp.exp(u), symbols.N_c: sp.exp(log_n_c)})
    parameters = (symbols.alpha, log_n_c, symbols.E) if irreducible else (symbols.alpha, log_n_c)
    if not irreducible:
        law = law.subs(symbols.E, 0)
    return symbols.Formula(sp.powsimp(law, deep=True), u, parameters)


@dataclass(frozen=True)
class ScalingLaw:
    """Cross-entropy per token against scale, ``CE(N) = E + (N / N_c)**(-alpha)``.

    Parameters
    ----------
    alpha : float
        Exponent, > 0, dimensionless.
    N_c : float
        Critical scale, > 0, in the unit of `N` (parameters): where the reducible loss is one nat.
        The default 1 measures scale in units of the critical scale.
    E : float
        Irreducible cross-entropy, >= 0, nats per token.

    Raises
    ------
    FieldError
        If a value is not finite or out of range; the field and the value are named.

    Examples
    --------
    >>> law = ScalingLaw(alpha=0.5, N_c=1e8)
    >>> float(law.cross_entropy(1e8))
    1.0
    >>> round(float(law.probability(1e10)), 4)
    0.9048
    """

    alpha: float
    N_c: float = 1.0
    E: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "alpha", positive("alpha", self.alpha))
        object.__setattr__(self, "N_c", positive("N_c", self.N_c))
        object.__setattr__(self, "E", positive("E", self.E, zero=True))

    def cross_entropy(self, N: ArrayLike) -> NDArray[np.float64]:
        """Cross-entropy in nats per token at scale `N` (any shape, > 0).

        Raises
        ------
        FieldError
            If a scale is not above 0.
        """
        N = as_array("N", N, low=0, open_low=True)
        return _cross_entropy()(N, self.alpha, self.N_c, self.E)

    def probability(self, N: ArrayLike) -> NDArray[np.float64]:
        """Probability of the correct token, ``exp(-CE(N))``, at scale `N` (any shape, > 0)."""
        return np.exp(-self.cross_entropy(N))

    def scale_at(self, cross_entropy: ArrayLike) -> NDArray[np.float64]:
        """Scale at which the law reaches a cross-entropy (nats, > `E`); the inverse of the law.

        Raises
        ------
        FieldError
            If a cross-entropy is not above `E`.
        """
        ce = as_array("cross_entropy", cross_entropy, low=self.E, open_low=True)
        return self.N_c * (ce - self.E) ** (-1.0 / self.alpha)


@dataclass(frozen=True)
class ScalingFit:
    """A fitted scaling law with its uncertainty.

    Attributes
    ----------
    law : ScalingLaw
        The least-squares estimate.
    names : tuple of str
        Names of the fitted parameters, in the order of `covariance`. The critical scale is
        estimated as ``ln N_c``, where its error is close to Gaussian.
    covariance : ndarray, shape (k, k)
        Covariance of the estimate.
    residuals : ndarray, shape (n,)
        Observed minus fitted cross-entropy, nats.
    dof : int
        Degrees of freedom, n - k.
    """

    law: ScalingLaw
    names: tuple[str, ...]
    covariance: NDArray[np.float64]
    residuals: NDArray[np.float64]
    dof: int

    def interval(self, name: str, level: float = 0.95) -> Interval:
        """Confidence interval of ``"alpha"``, ``"N_c"`` or ``"E"`` from Student's t.

        The interval of `N_c` is computed on ``ln N_c``; that of `E` is cut at zero.

        Parameters
        ----------
        name : {"alpha", "N_c", "E"}
        level : float
            In (0, 1).

        Returns
        -------
        Interval
            In the unit of the parameter.

        Raises
        ------
        FieldError
            If no parameter that was fitted has the name, or `level` is out of range.
        """
        require(0 < level < 1, "level", level, "a number between 0 and 1")
        key = "ln N_c" if name == "N_c" else name
        require(key in self.names, "name", name, f"one of {', '.join(self.names)}")
        i = self.names.index(key)
        centre = np.log(self.law.N_c) if name == "N_c" else getattr(self.law, name)
        half = stats.t.ppf(0.5 + level / 2, self.dof) * np.sqrt(self.covariance[i, i])
        low, high = centre - half, centre + half
        if name == "N_c":
            return Interval(float(np.exp(low)), float(np.exp(high)))
        return Interval(float(max(low, 0.0)), float(high))


def fit_scaling_law(
    N: ArrayLike,
    cross_entropy: ArrayLike,
    *,
    sigma: ArrayLike | None = None,
    irreducible: bool = False,
) -> ScalingFit:
    """Fit a scaling law to measured losses by (weighted) least squares.

    Parameters
    ----------
    N : array_like, shape (n,)
        Scales, > 0, at least two distinct ones (three with `irreducible`), and more points than
        parameters.
    cross_entropy : array_like, shape (n,)
        Measured cross-entropy, > 0, nats per token.
    sigma : array_like, shape (n,), optional
        Standard errors of the measurements, nats. Without them the residuals set the scale of
        the covariance.
    irreducible : bool
        Also estimate `E` (otherwise it is zero).

    Returns
    -------
    ScalingFit

    Raises
    ------
    FieldError
        If an input is out of range, lengths differ, or the data cannot determine the parameters.

    Notes
    -----
    `scipy.optimize.curve_fit` minimises over ``(alpha, ln N_c, E)`` from a start taken from the
    straight line of ``ln(CE - E)`` on ``ln N``, along exact slopes; with `irreducible` from several starts for `E`,
    because the objective can have a valley along which `E` and `alpha` trade.

    Examples
    --------
    >>> law = ScalingLaw(alpha=0.3, N_c=1e8)
    >>> N = [1e7, 1e8, 1e9, 1e10]
    >>> round(fit_scaling_law(N, law.cross_entropy(N)).law.alpha, 6)
    0.3
    """
    N = as_array("N", N, low=0, open_low=True)
    ce = as_array("cross_entropy", cross_entropy, low=0, open_low=True)
    require(N.ndim == 1, "N", N.shape, "one dimension")
    require(ce.shape == N.shape, "cross_entropy", ce.shape, f"the shape of N, {N.shape}")
    k = 3 if irreducible else 2
    require(N.size > k, "N", N.size, f"more than {k} points to fit {k} parameters")
    require(np.unique(N).size >= k, "N", np.unique(N).size, f"at least {k} distinct scales")
    if sigma is not None:
        sigma = as_array("sigma", sigma, low=0, open_low=True)
        require(sigma.shape == N.shape, "sigma", sigma.shape, f"the shape of N, {N.shape}")

    u = np.log(N)
    model = _against_log_scale(irreducible)
    best = None
    for fraction in (0.0, 0.5, 0.9, 0.99) if irreducible else (0.0,):
        E0 = fraction * ce.min()
        slope, _ = np.polyfit(u, np.log(ce - E0), 1)
        alpha0 = max(-slope, 1e-3)
        start = [alpha0, float(np.mean(u) + np.mean(np.log(ce - E0)) / alpha0), E0][:k]
        bounds = ([1e-9, -np.inf, 0.0][:k], [np.inf, np.inf, ce.min()][:k])
        try:
            theta, covariance = optimize.curve_fit(
                model, u, ce, start, sigma, absolute_sigma=sigma is not None,
                bounds=bounds, jac=model.slopes, max_nfev=20_000,
            )  # fmt: skip
        except RuntimeError:  # this start did not converge; another may
            continue
        residuals = ce - model(u, *theta)
        weighted = float(np.sum((residuals / (1 if sigma is None else sigma)) ** 2))
        if best is None or weighted < best[0]:
            best = weighted, theta, covariance, residuals
    if best is None:
        raise FieldError("cross_entropy", ce, "losses that a falling power law can follow")
    _, theta, covariance, residuals = best
    law = ScalingLaw(theta[0], float(np.exp(theta[1])), theta[2] if irreducible else 0.0)
    names = ("alpha", "ln N_c", "E")[:k]
    return ScalingFit(law, names, covariance, residuals, N.size - k)
