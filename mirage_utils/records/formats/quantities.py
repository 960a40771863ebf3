"""Numbers as people write them in tables: decimal marks, thousands, per cent, sizes such as ``6.9B``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

__all__ = [
    "TRUTH", "cell", "counts_in_groups", "decimal_of", "is_missing", "is_per_cent", "number", "size", "size_in", "with_error",
    "without_marks", "without_unit",
]  # fmt: skip

TRUTH = {
    **dict.fromkeys(("true", "wahr", "vrai", "verdadero", "vero", "yes", "correct", "right"), 1.0),
    **dict.fromkeys(("false", "falsch", "faux", "falso", "no", "incorrect", "wrong"), 0.0),
}
"""Scores of items in words, and in those that spreadsheets of other languages write."""

_MISSING = {
    "", "-", "--", "---", "–", "—", "?", "n/a", "na", "nan", "#n/a", "#na", "n.a.", "none", "null", "nil",
    "missing", "<na>",
}  # fmt: skip
_BLANKS = " '’\u00a0\u2009\u202f"


def cell(value: Any) -> str:
    """A cell as text without blanks around it; true and false as they are, ``""`` where there is none."""
    if value is None or value is np.ma.masked:
        return ""
    if isinstance(value, (float, np.floating)) and math.isnan(value):
        return ""
    if type(value).__name__ in ("NAType", "NaTType"):
        return ""
    return str(value).strip()


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value: blank, ``N/A``, ``nan``, ``-``, ..."""
    return text.strip().lower() in _MISSING


def is_per_cent(text: str) -> bool:
    """Whether a cell says that it is in per cent."""
    return text.rstrip().endswith("%")


_ERROR = re.compile(
    r"(.*[0-9]\s*%?)\s*(?:(?:±|\+/-|\+-)\s*([0-9.,]+\s*%?)|\(\s*(?:±|\+/-|\+-)?\s*([0-9.,]+\s*%?)\s*\))"
)


def with_error(text: str) -> tuple[str, str]:
    """A number and the error behind it, ``""`` for none; a "%" behind the error is of both.

    Examples
    --------
    >>> with_error("45.2 ± 1.2"), with_error("45.2 (1.2%)"), with_error("45.2")
    (('45.2', '1.2'), ('45.2%', '1.2%'), ('45.2', ''))
    """
    found = _ERROR.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        return text, ""
    value, error = found[1].strip(), found[2] or found[3]
    return value + "%" * (is_per_cent(error) and not is_per_cent(value)), error


_MARKS = re.compile(r"(?:\*\*|__|\*|_)?([-+−]?[0-9.,]*[0-9][0-9.,]*\s*%?)\s*[*_†‡§¶¹²³⁴⁵ᵃᵇᶜ]*")


def without_marks(text: str) -> str:
    """A number without the marks of bold type and of footnotes around it.

    Examples
    --------
    >>> without_marks("**40.2**"), without_marks("30.4†"), without_marks("n/a*")
    ('40.2', '30.4', 'n/a*')
    """
    found = _MARKS.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return text if found is None else found[1].strip()


def decimal_of(cells: Iterable[str]) -> str:
    """The decimal mark of a column, where its cells leave no doubt.

    Parameters
    ----------
    cells : iterable of str

    Returns
    -------
    str
        ``","`` or ``"."``; ``""`` where they do not tell: a cell is no number, none has such a mark,
        some have the one and some the other, or each may as well be a separator of thousands (``1,300``).

    Examples
    --------
    >>> decimal_of(["0,25", "1,300"]), decimal_of(["1,300", "2,800"])
    (',', '')
    """
    found = set()
    for text in set(cells):
        text = text.strip().removesuffix("%").strip()
        if is_missing(text):
            continue
        if len(text) > _LONGEST or not _NUMERIC.fullmatch(text):
            return ""
        found |= {mark for mark, pattern in _CERTAIN.items() if pattern.fullmatch(text)}
    return found.pop() if len(found) == 1 else ""


_LONGEST = 60
"""Characters of a number at most."""
_NUMERIC = re.compile(r"[-+−]?[0-9.,]*[0-9][0-9.,]*(?:[eE][-+]?[0-9]+)?")


def _grouped(mark: str) -> str:
    """The pattern of a whole number whose thousands are set apart by a mark, or one of several."""
    return rf"[-+−]?[1-9][0-9]{{0,2}}(?:[{mark}][0-9]{{3}})+"


# Where a mark can only be the decimal mark: a number with it that is no whole number in groups.
_CERTAIN = {
    mark: re.compile(
        rf"(?!{_grouped(mark)}$)(?:[-+−]?[0-9]*|{_grouped(other)})[{mark}][0-9]*(?:[eE][-+]?[0-9]+)?"
    )
    for mark, other in (".,", ",.")
}
_GROUPED = {
    mark: re.compile(rf"{_grouped(other + _BLANKS)}(?:[{mark}][0-9]*)?")
    for mark, other in (".,", ",.")
}
_POINTED = re.compile(_grouped("."))
_SEPARATORS = {mark: re.compile(f"[{other}{_BLANKS}]") for mark, other in (".,", ",.")}
_PLAIN = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def number(text: str, decimal: str = ".") -> float | None:
    """A finite number, or None.

    Parameters
    ----------
    text : str
        Thousands may be set apart by blanks, apostrophes, or the mark that is not the decimal one.
    decimal : str
        ``"."`` or ``","``.
    """
    if len(text) > _LONGEST:
        return None
    plain = text.strip().replace("−", "-")
    if _GROUPED[decimal].fullmatch(plain):
        plain = _SEPARATORS[decimal].sub("", plain)
    plain = plain.replace(decimal, ".") if decimal != "." and "." not in plain else plain
    if not _PLAIN.fullmatch(plain):
        return None
    value = float(plain)
    return value if math.isfinite(value) else None


def counts_in_groups(cells: Iterable[str]) -> dict[str, str]:
    """Numbers of items whose thousands are set apart by a point, and the same without it; empty where none are.

    As a decimal number 1.319 is no count, so in such a column 1.000 is none either.

    Examples
    --------
    >>> counts_in_groups(["1.319", "1.000", "250"]), counts_in_groups(["1.000"]), counts_in_groups(["1.319", "2.5"])
    ({'1.000': '1000', '1.319': '1319'}, {}, {})
    """
    pointed = sorted({text for text in cells if "." in text})
    if not all(len(text) <= _LONGEST and _POINTED.fullmatch(text) for text in pointed):
        return {}
    values = [number(text) for text in pointed]
    if all(value is not None and value == round(value) for value in values):
        return {}
    return {text: text.replace(".", "") for text in pointed}


_UNITS = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
_UNIT = r"(thousand|million|billion|trillion|mio|mrd|mn|bn|[kmbt])s?"
_SIZE = re.compile(
    rf"(.*?[0-9.,])\s*(?:{_UNIT}\.?)?(?:\s*(?:params|parameters))?", re.IGNORECASE | re.DOTALL
)
_IN_NAME = re.compile(
    r"(?<![a-z0-9.])([0-9]+(?:[._][0-9]+)?)\s?(million|billion|[kmbt])(?![a-z0-9])", re.IGNORECASE
)


def _factor(unit: str) -> float:
    return {"mio": 1e6, "mrd": 1e9}.get(unit.lower()) or _UNITS[unit[0].lower()]


def size(text: str, decimal: str = ".") -> tuple[float, bool] | None:
    """A number of parameters as people write it, and whether it has a unit; None of anything else.

    Examples
    --------
    >>> size("6.9B"), size("1,300,000"), size("70 million")
    ((6900000000.0, True), (1300000.0, False), (70000000.0, True))
    """
    found = _SIZE.fullmatch(text.strip())
    value = number(found[1], decimal) if found else None
    if found is None or value is None:
        return None
    # 6.9B is 6,900,000,000 and not 6,900,000,000.000001.
    return (float(f"{value * _factor(found[2]):.15g}"), True) if found[2] else (value, False)


def without_unit(text: str) -> str:
    """The number of a size."""
    found = _SIZE.fullmatch(text.strip())
    return found[1] if found else text


def size_in(name: str) -> float | None:
    """The size that a model's name carries, where it carries one.

    Examples
    --------
    >>> size_in("acme/owl-1.5b-chat"), size_in("owl-8x7b"), size_in("owl")
    (1500000000.0, None, None)
    """
    found = {
        float(digits.replace("_", ".")) * _factor(unit) for digits, unit in _IN_NAME.findall(name)
    }
    return found.pop() if len(found) == 1 else None
