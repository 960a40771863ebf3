"""Numbers as a sentence prints them."""

from __future__ import annotations

import math
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


def percent(share: float) -> str:
    """A share in per cent, to two digits where it is small: ``0.00052`` becomes ``"0.052%"``.

    What is neither nothing nor all is never written ``0%`` or ``100%``.
    """
    if 0 < share < 1e-9:
        return "under 0.0000001%"
    value = 100 * share
    if 0 < value < 10:
        places = 1 - math.floor(math.log10(value))
    elif 99 < value < 100:
        places = -math.floor(math.log10(100 - value))
    else:
        places = 0
    digits = f"{value:.{places}f}"
    return f"{digits.rstrip('0').rstrip('.') if places else digits}%"
