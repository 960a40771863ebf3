"""The theme's icons as one small style sheet: those that a page of the book shows, and no others.

The theme brings all of Font Awesome, a script of half a megabyte and a font besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["IconError", "stylesheet", "used"]

_CLASS = re.compile(r'class="[^"]*\bfa(?:s|-solid|-brands|b|r|-regular)\b[^"]*"')
_NAME = re.compile(r"\bfa-([a-z0-9-]+)")
_NOT_ICONS = {"solid", "brands", "regular", "lg", "sm", "fw", "xs", "2x"}

_RULES = """\
/* Icons: Font Awesome Free, CC BY 4.0, https://fontawesome.com/license/free */
.fas, .fa-solid, .far, .fa-regular, .fab, .fa-brands {
  display: inline-block; width: 1em; height: 1em; vertical-align: -0.125em;
  background: currentColor; mask: var(--mb-icon) center / contain no-repeat;
}
.fas::before, .fa-solid::before, .far::before, .fa-regular::before, .fab::before, .fa-brands::before { content: none !important; }
"""


class IconError(ValueError):
    """A page shows an icon that the theme does not have."""


def used(page: str) -> set[str]:
    """Names of the icons in a page of HTML."""
    return {n for c in _CLASS.findall(page) for n in _NAME.findall(c)} - _NOT_ICONS


def stylesheet(names: Iterable[str], script: str) -> str:
    """Rules that draw the icons.

    Parameters
    ----------
    names : iterable of str
    script : str
        Font Awesome's own script, which holds the shapes.

    Raises
    ------
    IconError
        Naming the icon that it does not hold.
    """
    rules = [_RULES]
    for name in sorted(names):
        shape = re.search(
            rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"', script
        )
        if shape is None:
            raise IconError(f"fa-{name}: no such icon in the theme's Font Awesome")
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {shape[1]} {shape[2]}">'
            f'<path d="{shape[3]}"/></svg>'
        )
        rules.append(f'.fa-{name} {{ --mb-icon: url("data:image/svg+xml,{quote(svg)}"); }}\n')
    return "".join(rules)
