"""Metrics on a continuous error: the share of errors below a threshold."""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from ..errors import as_array, positive, require
from ..symbols import p, spread, threshold
from .base import Metric, records

__all__ = ["THRESHOLDED_ERROR"]


def thresholded_error(targets: ArrayLike, outputs: ArrayLike, *, c: float) -> NDArray[np.float64]:
    """1 where the squared error of a reconstruction is below `c`, else 0.

    Parameters
    ----------
    targets, outputs : array_like, shape (n, ...)
        What was to be reconstructed and what was made of it; the error is summed over all axes
        but the first.
    c : float
        Threshold, > 0, in the unit of the squared error.

    Raises
    ------
    FieldError
        If `c` is not above 0, or the two sides differ in shape.
    """
    c = positive("c", c)
    truth, made = as_array("targets", targets), as_array("outputs", outputs)
    require(truth.ndim >= 1, "targets", truth.shape, "one row a record")
    records("targets", truth, "outputs", made)
    require(
        made.shape == truth.shape, "outputs", made.shape, f"the shape of targets, {truth.shape}"
    )
    error = ((truth - made) ** 2).reshape(len(truth), -1).sum(axis=1)
    return (error < c).astype(float)


def _simulate_reconstructions(rng: np.random.Generator, n: int, *, p: float, c: float, s: float):
    """Targets at the origin; outputs in a random direction, as far off as the error says."""
    del c  # the errors do not depend on where the threshold will be
    error = (1 - p) * np.exp(s * rng.logistic(size=n))
    direction = rng.normal(size=(n, 4))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return np.zeros((n, 4)), direction * np.sqrt(error)[:, None]


THRESHOLDED_ERROR = Metric(
    name="thresholded_error",
    title="thresholded error",
    # The distribution function at c of a log-logistic error whose median is 1 - p.
    expression=1 / (1 + ((1 - p) / threshold) ** (1 / spread)),
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="discontinuous",
    assumptions=(
        "p is the share of the variance that the typical reconstruction explains, so its squared "
        "error is 1 - p in units of the variance; items differ by logistic noise of scale s on the "
        "logarithm of the error"
    ),
    scorer=thresholded_error,
    simulator=_simulate_reconstructions,
    source="Schaeffer et al. 2023, equation 2 (there Reconstruction_c)",
    binary=True,
)
