"""Times as Moodle writes them, in the language of whoever downloaded the worksheet."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache

__all__ = ["moment"]

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "ca", "da", "sv", "nb", "fi", "pl", "cs")
# "Friday, 20 November 2026, 9:05 PM", "Freitag, 20. November 2026, 21:05", "viernes, 20 de noviembre de 2026, 21:05"
_TIME = re.compile(
    r"(?:.*\W)?(\d{1,2})\.? (?:de )?([^\W\d_]+)\.? (?:de )?(\d{4}),? (\d{1,2})[:.](\d{2})(?: ?([AP])M)?",
    re.IGNORECASE,
)


def moment(text: str) -> datetime | None:
    """The time that a text says, without a zone; None if it says none.

    Parameters
    ----------
    text : str
        Day, month by its name, year and time; or year, month and day in numbers, as in ISO 8601.
    """
    plain = " ".join(text.split())
    try:
        return datetime.strptime(plain, "%Y-%m-%d %H:%M")
    except ValueError:
        pass
    # In the United States the month comes first.
    plain = re.sub(r"([^\W\d_]+) (\d{1,2}), (\d{4})", r"\2 \1 \3", plain)
    found = _TIME.fullmatch(plain)
    months = _months().get(found[2].casefold(), set()) if found else set()
    if not found or len(months) != 1:
        return None
    (month,) = months
    hour = int(found[4])
    if found[6]:
        hour = hour % 12 + 12 * (found[6].upper() == "P")
    try:
        return datetime(int(found[3]), month, int(found[1]), hour, int(found[5]))
    except ValueError:  # such as the 31st of February
        return None


@cache
def _months() -> dict[str, set[int]]:
    """The numbers of the months by their names, long and short; a name that two languages give to two months has both."""
    from babel.dates import get_month_names

    found: dict[str, set[int]] = {}
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, language).items():
                    found.setdefault(name.casefold().rstrip("."), set()).add(number)
    return found
