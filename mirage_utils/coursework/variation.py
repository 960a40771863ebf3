"""Numbers of one's own: drawn from the student's name, the same on every machine and in every year.

Two students of a class have different numbers: each assignment has some hundred thousand sets of answers that
differ by more than its tests let pass. So an answer that was copied is wrong, and each can check their own as often
as they like. A draw depends on the name, the assignment and the name of the draw alone: a new
exercise leaves the numbers of the others as they were.
"""

from __future__ import annotations

import hashlib
import math
import unicodedata
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from ..errors import require

__all__ = ["Variation", "normalised", "seed"]

_Choice = TypeVar("_Choice")


def normalised(student: str) -> str:
    """A name as it counts: without outer blanks, in lower case, composed (so that "É" is one letter)."""
    require(isinstance(student, str), "student", student, "text")
    return unicodedata.normalize("NFKC", student).strip().casefold()


def seed(*words: str) -> int:
    """A whole number below 2^128 from words, by SHA-256; no two lists of words share one by accident."""
    digest = hashlib.sha256()
    for word in words:
        content = word.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return int.from_bytes(digest.digest()[:16], "big")


class Variation:
    """The numbers of one student in one assignment.

    Parameters
    ----------
    student : str
        The name in the class list, in any case; not empty.
    assignment : str
        Name of the assignment.

    Raises
    ------
    FieldError
        If the student has no name.

    Examples
    --------
    >>> Variation("Ada", "one_token").choose("alpha", [0.3, 0.4]) == Variation("ada ", "one_token").choose("alpha", [0.3, 0.4])
    True
    """

    def __init__(self, student: str, assignment: str) -> None:
        self.student = normalised(student)
        require(
            bool(self.student),
            "STUDENT",
            student,
            "your name as it is in the class list, in quotation marks",
        )
        self.assignment = assignment

    def rng(self, name: str) -> np.random.Generator:
        """A generator of its own for each named draw."""
        return np.random.default_rng(seed(self.student, self.assignment, name))

    def choose(self, name: str, options: Sequence[_Choice]) -> _Choice:
        """One of the options."""
        return options[int(self.rng(name).integers(len(options)))]

    def number(self, name: str, low: float, high: float, digits: int = 2) -> float:
        """A number between `low` and `high`, rounded to so many digits after the point."""
        return round(float(self.rng(name).uniform(low, high)), digits)

    def size(self, name: str, low: float, high: float, figures: int = 3) -> float:
        """A size between `low` and `high`, even on the logarithmic axis, of so many significant figures."""
        size = math.exp(self.rng(name).uniform(math.log(low), math.log(high)))
        return float(f"{size:.{figures - 1}e}")

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng(name).integers(low, high + 1))
