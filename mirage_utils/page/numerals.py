"""Numbers as a sentence prints them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[-+]?[\d,]+(\.\d+)?(e[-+]\d+)?%?")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def typeset(number: str) -> str:
    """A formatted number as a sentence prints it: ``"-2.4e-06"`` becomes ``"−2.4 × 10⁻⁶"``.

    Other texts stay as they are.
    """
    if not _NUMBER.fullmatch(number):
        return number
    mantissa, _, exponent = number.replace("-", "−").partition("e")
    if not exponent:
        return mantissa
    power = f"10{str(int(exponent.replace('−', '-'))).translate(_RAISED)}"
    sign, digits = mantissa[: mantissa[0] in "+−"], mantissa.lstrip("+−")
    return sign + (power if digits == "1" else f"{digits} × {power}")
