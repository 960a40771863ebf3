"""Records of tokens and of text, drawn under the assumptions of the metrics in `string`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["simulate_eight_tokens", "simulate_group", "simulate_text", "simulate_tokens"]


def simulate_tokens(
    rng: np.random.Generator, n: int, *, p: float, L: int = 1
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Records whose tokens are right independently with probability `p`.

    Targets are L distinct tokens; a wrong token is one that occurs nowhere in the target, so that
    no shifted alignment can rescue it and the edit distance is the number of wrong tokens.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int
        Records.
    p : float
        In [0, 1].
    L : int
        Tokens of a target, >= 1.

    Returns
    -------
    targets, outputs : ndarray of int, shape (n, L)
    """
    targets = np.broadcast_to(np.arange(L), (n, L))
    outputs = np.where(rng.random((n, L)) < p, targets, rng.integers(L, L + 50_000, (n, L)))
    return targets, outputs


def simulate_eight_tokens(rng: np.random.Generator, n: int, *, p: float):
    """Records of eight tokens, which exercise the averaging where the expectation does not depend on L."""
    return simulate_tokens(rng, n, p=p, L=8)


def simulate_group(rng: np.random.Generator, n: int, *, p: float, m: int):
    """Groups of m items, each of one token."""
    return simulate_tokens(rng, n, p=p, L=m)


def simulate_text(rng: np.random.Generator, n: int, *, p: float, L: int, w: int):
    """Texts of L tokens of w characters; the characters of a wrong token occur in no target."""
    right = [chr(0x4E00 + i) for i in range(L * w)]
    wrong = [chr(0xAC00 + i) for i in range(L * w)]
    draws = np.repeat(rng.random((n, L)) < p, w, axis=1)
    outputs = ["".join(row) for row in np.where(draws, right, wrong)]
    return ["".join(right)] * n, outputs
