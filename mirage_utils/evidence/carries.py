"""What kind of mistake a wrong sum is: a carry forgotten, a carry invented, or something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FieldError, require
from ..metrics.arithmetic import forget_one_carry, read_integer

__all__ = ["SLIPS", "slips"]

SLIPS = ("right", "forgotten", "invented", "too large", "other", "no number")
"""What `slips` says of an answer."""


def slips(sums: Sequence[tuple[int, int]], outputs: Sequence[str]) -> NDArray[np.str_]:
    """What kind of mistake each answer to a sum is.

    Two mirror images of a forgotten carry show how many answers would look like one by missing a digit by one. An invented
    carry makes a column too large by one that no carry goes into: whoever confuses carries makes it as easily. A column too
    large by one that has its carry already is explained by no mistake with carries, since two numbers never carry a two.

    Parameters
    ----------
    sums : sequence of pairs of int
        The two numbers to add, >= 0.
    outputs : sequence of str
        Answers, read as a person reads them.

    Returns
    -------
    ndarray of str
        Of each answer: ``"right"``; ``"forgotten"``, one carry left out; ``"invented"``, one in a column that no carry
        goes into; ``"too large"``, by one, a column that a carry goes into; ``"no number"``; or ``"other"``.

    Raises
    ------
    FieldError
        If a number is negative, or there are not as many outputs as sums.

    Examples
    --------
    >>> slips([(47, 38)] * 6, ["85", "75", "185", "95", "84", "eighty"]).tolist()
    ['right', 'forgotten', 'invented', 'too large', 'other', 'no number']
    """
    require(len(sums) == len(outputs), "outputs", len(outputs), f"{len(sums)}, one for each sum")
    return np.array([_kind(a, b, said) for (a, b), said in zip(sums, outputs, strict=True)])


def _kind(a: int, b: int, said: str) -> str:
    if a < 0 or b < 0:
        raise FieldError("sums", (a, b), "two numbers >= 0")
    read = read_integer(said)
    if read is None:
        return "no number"
    answer = int(("-" if read.negative else "") + read.digits)
    if answer == a + b:
        return "right"
    if not read.negative and read.digits in forget_one_carry(str(a), str(b)):
        return "forgotten"
    for k in range(1, len(str(max(a, b))) + 1):
        if answer - a - b == 10**k:
            return "too large" if a % 10**k + b % 10**k >= 10**k else "invented"
    return "other"
