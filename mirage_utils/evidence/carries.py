"""What kind of mistake a wrong sum is: a carry forgotten, a carry too many, or something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import FieldError, require
from ..metrics.arithmetic import forget_one_carry, read_integer

__all__ = ["SLIPS", "slips"]

SLIPS = ("right", "forgotten", "added", "other", "no number")
"""What `slips` says of an answer."""


def slips(sums: Sequence[tuple[int, int]], outputs: Sequence[str]) -> NDArray[np.str_]:
    """What kind of mistake each answer to a sum is.

    Forgetting a carry makes a column too small by one. An answer in which such a column is too *large* by one is as near to
    the right sum, and no forgotten carry explains it. So it shows how many answers would look like a forgotten carry by
    missing one digit by one.

    Parameters
    ----------
    sums : sequence of pairs of int
        The two numbers to add, >= 0.
    outputs : sequence of str
        Answers, read as a person reads them.

    Returns
    -------
    ndarray of str
        Of each answer: ``"right"``; ``"forgotten"``, one carry left out; ``"added"``, one too many in a column that a
        carry goes into; ``"no number"``; or ``"other"``.

    Raises
    ------
    FieldError
        If a number is negative, or there are not as many outputs as sums.

    Examples
    --------
    >>> slips([(47, 38)] * 5, ["85", "75", "95", "84", "eighty"]).tolist()
    ['right', 'forgotten', 'added', 'other', 'no number']
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
    into = (10**k for k in range(1, len(str(max(a, b))) + 1) if a % 10**k + b % 10**k >= 10**k)
    return "added" if answer - a - b in into else "other"
