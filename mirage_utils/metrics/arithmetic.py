"""Partial credit for arithmetic, as a teacher would give it.

Answers are read as a person reads them, by `read_integer`: the minus sign may be any of Unicode's,
thousands may be separated, leading zeros and a final full stop mean nothing, digits may be full
width. What is not one whole number (an empty output, ``12.5``, ``about 40``) earns nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..errors import FieldError
from ..symbols import L, p
from .base import Metric, records

__all__ = ["DIGIT_ACCURACY", "CARRY_CREDIT", "Integer", "forget_one_carry", "read_integer"]

_Number = int | str
_SIGNS = {ord(c): "-" for c in "\u2212\u2012\u2013\u2010\u2011\u207b\ufe63\uff0d"} | {0xFF0B: "+"}
_GROUPED = re.compile(r"\d{1,3}([ ,.'’_])\d{3}(?:\1\d{3})*")


class Integer(NamedTuple):
    """A whole number as written: its sign and its digits, without leading zeros."""

    negative: bool
    digits: str


def read_integer(text: _Number) -> Integer | None:
    """Read one whole number as a person would; None if the text is anything else.

    Accepted: spaces around it, a sign (any of Unicode's minus signs, or plus), digits of any width,
    leading zeros, one kind of separator between groups of three (``1,000``, ``1 000``, ``1_000``,
    ``1'000``), a final full stop. A full stop between groups is read as a separator only where there
    are two or more (``1.000.000``), because ``1.000`` may as well be one. Zero has no sign.
    """
    plain = str(text)
    if plain.isascii() and plain.isdigit():  # most answers, in a tenth of the time
        return Integer(False, plain.lstrip("0") or "0")
    # Not Unicode's compatibility form: it would turn 10² into 102.
    plain = "".join(" " if c.isspace() else c for c in plain).strip().translate(_SIGNS)
    plain = re.sub(r"(?<=\d)\.$", "", plain)
    sign = plain[0] if plain.startswith(("-", "+")) else ""
    body = plain.removeprefix(sign).lstrip()
    grouped = _GROUPED.fullmatch(body)
    if grouped and (grouped[1] != "." or body.count(".") > 1):
        body = body.replace(grouped[1], "")
    if not re.fullmatch(r"\d+", body):
        return None
    # other scripts' digits, such as Arabic-Indic, by their value
    digits = "".join(str(unicodedata.decimal(c)) for c in body).lstrip("0") or "0"
    return Integer(sign == "-" and digits != "0", digits)


def _read_target(value: _Number, i: int, name: str = "targets") -> Integer:
    number = read_integer(value)
    if number is None:
        raise FieldError(name, value, "a whole number", where=f"[{i}]")
    return number


def digit_accuracy(targets: Sequence[_Number], outputs: Sequence[_Number]) -> NDArray[np.float64]:
    """Share of places, counted from the units, that hold the right digit.

    The two numbers stand one below the other as on paper, right-aligned; the share is out of the
    places of the longer one. A missing or surplus leading digit costs one place and not, as position
    by position from the left, all of them. Where either is negative the sign is one place more.

    Parameters
    ----------
    targets : sequence of int or str
        Whole numbers.
    outputs : sequence of int or str
        Answers; see `read_integer` for what is read as a number.

    Raises
    ------
    FieldError
        Naming the record: a target that is no whole number; or if there are not as many outputs as targets.
    """
    records("targets", targets, "outputs", outputs)
    scores = []
    for i, (target, output) in enumerate(zip(targets, outputs, strict=True)):
        right, given = _read_target(target, i), read_integer(output)
        if given is None:
            scores.append(0.0)
            continue
        places = max(len(right.digits), len(given.digits))
        hits = sum(
            a == b for a, b in zip(reversed(right.digits), reversed(given.digits), strict=False)
        )
        signs = right.negative or given.negative
        scores.append((hits + (signs and right.negative == given.negative)) / (places + signs))
    return np.array(scores)


def forget_one_carry(a: str, b: str) -> set[str]:
    """The wrong sums of two digit strings that come of forgetting a single carry.

    Parameters
    ----------
    a, b : str
        Digits 0 to 9 and nothing else.
    """
    places = max(len(a), len(b))
    columns = [
        int(x) + int(y)
        for x, y in zip(reversed(a.zfill(places)), reversed(b.zfill(places)), strict=True)
    ]

    def add(forgotten: int | None) -> tuple[str, int]:
        carry, carries, digits = 0, 0, []
        for column in columns:
            total = column + carry
            digits.append(str(total % 10))
            carry = total // 10
            if carry:
                carry = 0 if carries == forgotten else 1
                carries += 1
        return ("".join(reversed([*digits, str(carry)])).lstrip("0") or "0"), carries

    right, carries = add(None)
    return {add(i)[0] for i in range(carries)} - {right}


def carry_credit(
    targets: Sequence[tuple[_Number, _Number]], outputs: Sequence[_Number]
) -> NDArray[np.float64]:
    """1 for the right sum, 1/2 for a sum in which a single carry was forgotten, else 0.

    Parameters
    ----------
    targets : sequence of pairs of int or str
        The two numbers to add, whole and not negative.
    outputs : sequence of int or str
        Answers; see `read_integer` for what is read as a number.

    Raises
    ------
    FieldError
        Naming the record: a target that is no pair of whole numbers >= 0; or if there are not as many outputs
        as targets.
    """
    records("targets", targets, "outputs", outputs)
    scores = []
    for i, (pair, output) in enumerate(zip(targets, outputs, strict=True)):
        if isinstance(pair, str) or len(pair) != 2:
            raise FieldError("targets", pair, "the two numbers to add", where=f"[{i}]")
        a, b = (_read_target(value, i) for value in pair)
        if a.negative or b.negative:
            raise FieldError("targets", pair, "numbers >= 0", where=f"[{i}]")
        given = read_integer(output)
        if given is None or given.negative:
            scores.append(0.0)
        elif given.digits == _sum(a.digits, b.digits):
            scores.append(1.0)
        else:
            scores.append(0.5 * (given.digits in forget_one_carry(a.digits, b.digits)))
    return np.array(scores)


def _sum(a: str, b: str) -> str:
    # in pieces: Python refuses to turn more than a few thousand digits into an int at once
    longest = max(len(a), len(b))
    size, carry, parts = min(4000, longest), 0, []
    width = -(-longest // size) * size
    a, b = a.zfill(width), b.zfill(width)
    for end in range(width, 0, -size):
        carry, rest = divmod(int(a[end - size : end]) + int(b[end - size : end]) + carry, 10**size)
        parts.append(str(rest).zfill(size))
    return (str(carry) + "".join(reversed(parts))).lstrip("0") or "0"


# -- simulators ------------------------------------------------------------------------------------


def _simulate_digits(rng: np.random.Generator, n: int, *, p: float):
    """Six-digit numbers, each digit right with probability p and else one of the other nine."""
    places = 6
    targets = rng.integers(0, 10, (n, places))
    targets[:, 0] = rng.integers(1, 10, n)
    wrong = (targets + rng.integers(1, 10, (n, places))) % 10
    outputs = np.where(rng.random((n, places)) < p, targets, wrong)

    def text(table: NDArray) -> list[str]:
        return ["".join(map(str, row)) for row in table.tolist()]

    return text(targets), text(outputs)


def _simulate_carries(rng: np.random.Generator, n: int, *, p: float, L: int):
    """Sums of L columns that all carry by themselves; each carry is kept with probability p."""
    low = rng.integers(1, 10, (n, L))
    # The other digit makes 10 to 18 of it: the column carries whether or not a carry comes in.
    high = 10 - low + (rng.random((n, L)) * low).astype(int)
    kept = rng.random((n, L)) < p
    column = low + high
    into = np.concatenate([np.zeros((n, 1), int), kept[:, :-1]], axis=1)  # units first
    digits = np.concatenate([(column + into) % 10, kept[:, -1:]], axis=1)[:, ::-1]
    outputs = ["".join(map(str, row)) for row in digits.tolist()]
    pairs = (["".join(map(str, row)) for row in side[:, ::-1].tolist()] for side in (low, high))
    return list(zip(*pairs, strict=True)), outputs


DIGIT_ACCURACY = Metric(
    name="digit_accuracy",
    title="digit accuracy from the units",
    expression=p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="linear",
    assumptions="each digit is right with probability p (independence is not needed)",
    scorer=digit_accuracy,
    simulator=_simulate_digits,
    source="this book: place value, as on paper",
    gentle="answer",
)

CARRY_CREDIT = Metric(
    name="carry_credit",
    title="credit for a forgotten carry",
    expression=p**L + L * p ** (L - 1) * (1 - p) / 2,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="continuous",
    assumptions=(
        "a sum with L carries, none of which depends on another; each is kept independently with "
        "probability p, and nothing else goes wrong"
    ),
    scorer=carry_credit,
    simulator=_simulate_carries,
    source="this book: half the marks for one forgotten carry",
    records=2_000,
)
