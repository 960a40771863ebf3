"""Answers step by step: how likely the next symbol is right along an answer, and after a mistake of the model's own.

The probabilities kept are those of the right symbols *with the right symbols before them given*. Answers that were drawn
contain the model's own mistakes. At the same item and the same place the two can be compared: whatever is missing after
a mistake is what the mistake did.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import require
from .outputs import Asked

__all__ = ["AfterMistakes", "Places", "after_mistakes", "by_place", "partial_credit"]


class Places(NamedTuple):
    """Chance that the symbol at each place is right, answers drawn at random; shape (m, seeds, l).

    Attributes
    ----------
    everyone : ndarray
        Mean over all items, with right symbols before it.
    survivors : ndarray
        Among answers that are right so far. With equal and independent steps it is the same at every place.
    """

    everyone: NDArray[np.float64]
    survivors: NDArray[np.float64]


def by_place(outputs: Asked) -> Places:
    """Chances of the next symbol along an answer, from the probabilities alone.

    Parameters
    ----------
    outputs : Asked

    Examples
    --------
    >>> from mirage_utils import models
    >>> from mirage_utils.models.language.outputs import asked
    >>> found = by_place(asked(models.bundled("recall_in_order")))
    >>> found.survivors[8].mean(axis=0).round(2)
    array([0.76, 0.79, 0.87, 0.87, 0.89, 0.92, 0.92, 0.92])
    """
    so_far = outputs.mean(np.moveaxis(np.exp(np.cumsum(outputs.logp, axis=-1)), -1, -2))
    before = np.concatenate([np.ones((*so_far.shape[:-1], 1)), so_far[..., :-1]], axis=-1)
    return Places(outputs.mean(np.moveaxis(np.exp(outputs.logp), -1, -2)), so_far / before)


class AfterMistakes(NamedTuple):
    """Symbols of drawn answers that follow at least one wrong symbol; shape (m, seeds).

    Attributes
    ----------
    right : ndarray
        Share of them that are right.
    promised : ndarray
        Mean probability that the model gives to the right symbol at the same items and places when all symbols before it
        are right; what `right` would be if mistakes had no consequences.
    n : ndarray of int
        How many there are. Where there are none, the shares are nan.
    """

    right: NDArray[np.float64]
    promised: NDArray[np.float64]
    n: NDArray[np.int64]


def after_mistakes(outputs: Asked, *, straight: bool = False) -> AfterMistakes:
    """What happens to an answer after its first wrong symbol.

    Parameters
    ----------
    outputs : Asked
        With answers that were drawn. Each symbol counts once, whatever the weight of its item.
    straight : bool
        Only the symbol straight after the first wrong one, instead of all symbols after it.

    Raises
    ------
    FieldError
        If no answers were drawn.

    Examples
    --------
    >>> from mirage_utils import models
    >>> from mirage_utils.models.language.outputs import asked
    >>> found = after_mistakes(asked(models.bundled("recall_in_order")))
    >>> found.promised[8].mean().round(2), found.right[8].mean().round(2)
    (np.float64(0.87), np.float64(0.13))
    """
    drawn = outputs.drawn
    require(drawn.shape[2] > 0, "drawn", drawn.shape, "answers that were drawn")
    after: NDArray[np.bool_] = np.asarray(np.cumsum(~drawn, axis=-1) - ~drawn > 0)
    if straight:
        after &= np.cumsum(after, axis=-1) == 1
    chance = np.broadcast_to(np.exp(outputs.logp)[:, :, None], drawn.shape)
    n = after.sum(axis=(2, 3, 4))
    with np.errstate(invalid="ignore"):
        right, promised = ((values * after).sum(axis=(2, 3, 4)) / n for values in (drawn, chance))
    return AfterMistakes(right, promised, n)


def partial_credit(outputs: Asked) -> dict[str, NDArray[np.float64]]:
    """The drawn answers under three scores, by size and seed: one all or nothing, two that give credit for a part.

    Parameters
    ----------
    outputs : Asked
        With answers that were drawn.

    Returns
    -------
    dict of str to ndarray of shape (m, seeds)
        ``"all right"``; ``"steps right"``, the share of symbols that are right; ``"right before the first mistake"``, the
        share of symbols up to there.

    Raises
    ------
    FieldError
        If no answers were drawn.

    Examples
    --------
    >>> from mirage_utils import models
    >>> from mirage_utils.models.language.outputs import asked
    >>> found = partial_credit(asked(models.bundled("recall_in_order")))
    >>> {name: round(float(score[8].mean()), 2) for name, score in found.items()}
    {'all right': 0.32, 'steps right': 0.53, 'right before the first mistake': 0.47}
    """
    drawn = outputs.drawn
    require(drawn.shape[2] > 0, "drawn", drawn.shape, "answers that were drawn")

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return outputs.mean(values.mean(axis=2))

    return {
        "all right": mean(np.min(drawn, axis=-1)),
        "steps right": mean(drawn.mean(axis=-1)),
        "right before the first mistake": mean(np.cumprod(drawn, axis=-1).mean(axis=-1)),
    }  # fmt: skip
