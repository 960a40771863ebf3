"""The 1,797 handwritten digits of chapters 16 to 18 and of assignment 5, which come with the library.

They are the test set of Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998,
https://doi.org/10.24432/C50P49), licence CC BY 4.0: the same images, in the same order, as scikit-learn's ``load_digits`` gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Digits", "load_digits"]

_FILE = Path(__file__).with_name("digits.npz")


class Digits(NamedTuple):
    """Images of digits, and which digit each shows; the names are scikit-learn's.

    Parameters
    ----------
    data : ndarray of float64, shape (1797, 64)
        One row an image of 8 by 8 pixels: how much ink, a whole number from 0 to 16.
    target : ndarray of int64, shape (1797,)
        0 to 9.
    """

    data: NDArray[np.float64]
    target: NDArray[np.int64]


def load_digits() -> Digits:
    """All images, in their own order.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.data.shape, digits.target[:5].tolist()
    ((1797, 64), [0, 1, 2, 3, 4])
    """
    with np.load(_FILE, allow_pickle=False) as kept:
        return Digits(kept["pixels"].astype(np.float64), kept["digits"].astype(np.int64))
