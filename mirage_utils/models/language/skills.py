"""Many skills in one network: what it lost on each, and in what order it learnt them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import as_array, require
from ..results import Bundle

__all__ = ["Skills", "fall_width", "in_order", "in_proportion", "skills", "steepest_fall"]


@dataclass(frozen=True)
class Skills:
    """Losses of a family of networks, skill by skill.

    Attributes
    ----------
    units : ndarray of int, shape (m,)
        Hidden units, rising.
    loss : ndarray, shape (m, seeds, k)
        Mean loss on the questions of each skill, as a share of the loss of guessing. Above one a network is confidently
        wrong.
    asked : ndarray, shape (k,)
        How often each skill comes up in training; they sum to one. The most frequent comes first.
    """

    units: NDArray[np.int64]
    loss: NDArray[np.float64]
    asked: NDArray[np.float64]

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean loss, each skill counted as often as it comes up, shape (m, seeds)."""
        return self.loss @ self.asked


def skills(bundle: Bundle) -> Skills:
    """Losses skill by skill of a family of parities.

    Parameters
    ----------
    bundle : Bundle
        Of a family of `Parities`.

    Raises
    ------
    FieldError
        If the family learns something else.

    Examples
    --------
    >>> from mirage_utils import models
    >>> skills(models.bundled("parities_16")).loss.shape
    (8, 8, 16)
    """
    config = bundle.manifest["config"]
    require(config["kind"] == "parity", "kind", config["kind"], "a family of parities")
    loss = -bundle.frame["logprob"].astype(float) / np.log(2)
    each = bundle.frame.assign(loss=loss).groupby(["size", "seed", "task"])["loss"].mean()
    table = each.unstack("task")
    units = np.unique(table.index.get_level_values("size"))
    asked = np.arange(1, table.shape[1] + 1) ** -float(config["exponent"])
    return Skills(
        units, table.to_numpy().reshape(len(units), -1, table.shape[1]), asked / asked.sum()
    )


def steepest_fall(scale: ArrayLike, loss: ArrayLike) -> float:
    """The largest fall of a loss between neighbouring sizes, for a doubling of size.

    Parameters
    ----------
    scale, loss : array_like, shape (m,)
        Sizes, rising, and the loss of each.

    Examples
    --------
    >>> steepest_fall([1, 2, 8], [1.0, 0.75, 0.15])
    0.3
    """
    at = np.log2(as_array("scale", scale, low=0, open_low=True))
    return float((-np.diff(as_array("loss", loss)) / np.diff(at)).max())


def fall_width(scale: ArrayLike, loss: ArrayLike, high: float = 0.9, low: float = 0.1) -> float:
    """Decades of scale in which a loss falls from `high` to `low`, straight lines drawn between sizes.

    Parameters
    ----------
    scale, loss : array_like, shape (m,)
        Sizes, rising, and the loss of each, as a share of guessing. A loss above that of a smaller size counts as level
        with it.
    high, low : float
        Levels; high > low.

    Returns
    -------
    float
        NaN if the loss does not begin above `high` and end at or below `low`.

    Examples
    --------
    >>> round(fall_width([1, 10, 100, 1000], [1.0, 0.9, 0.1, 0.0]), 3)
    1.0
    """
    at, y = (
        np.log10(as_array("scale", scale, low=0, open_low=True)),
        np.minimum.accumulate(as_array("loss", loss)),
    )
    require(high > low, "high, low", (high, low), "high > low")
    if y[0] < high or y[-1] > low:
        return float("nan")
    first, last = (_crossing(at, y, level) for level in (high, low))
    return float(last - first)


def _crossing(at: NDArray[np.float64], y: NDArray[np.float64], level: float) -> float:
    """Where a falling curve first reaches a level that it begins above or on."""
    i = int(np.argmax(y <= level))
    if i == 0:
        return float(at[0])
    share = (y[i - 1] - level) / (y[i - 1] - y[i])
    return float(at[i - 1] + share * (at[i] - at[i - 1]))


def in_order(learnt: ArrayLike) -> float:
    """Of all pairs of a learnt and an unlearnt skill of one network: in which share the learnt one is the more frequent.

    Parameters
    ----------
    learnt : array_like of bool, shape (networks, k)
        The most frequent skill first.

    Returns
    -------
    float
        One if every network has learnt its skills in the order of frequency, about a half if order means nothing; NaN if no
        network has both.

    Examples
    --------
    >>> in_order([[True, True, False], [True, False, True]])
    0.75
    """
    found = np.asarray(learnt, dtype=bool)
    require(found.ndim == 2, "learnt", found.shape, "(networks, skills)")
    open_after = (~found)[:, ::-1].cumsum(axis=1)[:, ::-1]  # unlearnt ones from here on
    good = int((open_after * found).sum())
    pairs = int((found.sum(axis=1) * (~found).sum(axis=1)).sum())
    return good / pairs if pairs else float("nan")


def in_proportion(
    learnt: ArrayLike, asked: ArrayLike, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """As many skills learnt by each network, drawn one after another with chances in proportion to their frequencies.

    The rival of learning in the order of frequency: frequent skills are preferred, but nothing is certain.

    Parameters
    ----------
    learnt : array_like of bool, shape (networks, k)
    asked : array_like, shape (k,)
        Frequencies, > 0.
    rng : Generator

    Examples
    --------
    >>> import numpy as np
    >>> in_proportion([[True, False, False]] * 4, [0.5, 0.3, 0.2], np.random.default_rng(0)).sum(axis=1)
    array([1, 1, 1, 1])
    """
    found = np.asarray(learnt, dtype=bool)
    weights = as_array("asked", asked, low=0, open_low=True)
    require(weights.shape == found.shape[1:], "asked", weights.shape, "one frequency a skill")
    # The places of weights plus Gumbel noise, in logarithms, are an order drawn without replacement.
    keys = np.log(weights) + rng.gumbel(size=found.shape)
    place = (-keys).argsort(axis=1).argsort(axis=1)
    return place < found.sum(axis=1, keepdims=True)
