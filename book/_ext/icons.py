"""The theme's icons drawn into the page itself: those that a page shows, and no others.

The theme brings all of Font Awesome, a script of half a megabyte and a font besides.
"""

from __future__ import annotations

import re

__all__ = ["STYLE", "IconError", "Icons"]

_PLACE = re.compile(
    r'(?P<open><(?P<tag>i|span)\b[^>]*\bclass="(?P<classes>[^"]*\bfa(?:s|b|r|-solid|-brands|-regular)\b[^"]*)"[^>]*>)'
    r"\s*(?P<close></(?P=tag)>)"
)
_NAME = re.compile(r"\bfa-([a-z0-9-]+)")
_NOT_ICONS = {"solid", "brands", "regular", "lg", "sm", "fw", "xs", "2x"}

STYLE = """\
.fas, .fa-solid, .far, .fa-regular, .fab, .fa-brands {
  display: inline-block; flex: none; box-sizing: content-box; width: 1em; height: 1em; vertical-align: -0.125em;
}
.fas::before, .fa-solid::before, .far::before, .fa-regular::before, .fab::before, .fa-brands::before { content: none !important; }
.mb-icon { display: block; width: 100%; height: 100%; fill: currentColor; }
"""


class IconError(ValueError):
    """A page shows an icon that the theme does not have."""


class Icons:
    """The shapes of the theme's icons (Font Awesome Free, CC BY 4.0).

    Parameters
    ----------
    script : str
        Font Awesome's own script, which holds the shapes.
    """

    def __init__(self, script: str) -> None:
        self._script = script
        self._drawn: dict[str, str] = {}

    def page(self, text: str) -> str:
        """A page with its icons drawn.

        Raises
        ------
        IconError
            Naming the icon that the theme does not have.
        """

        def draw(match: re.Match[str]) -> str:
            names = [n for n in _NAME.findall(match["classes"]) if n not in _NOT_ICONS]
            return match["open"] + "".join(map(self._shape, names)) + match["close"]

        return _PLACE.sub(draw, text)

    def _shape(self, name: str) -> str:
        if name not in self._drawn:
            shape = re.search(
                rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"',
                self._script,
            )
            if shape is None:
                raise IconError(f"fa-{name}: no such icon in the theme's Font Awesome")
            self._drawn[name] = (
                f'<svg class="mb-icon" viewBox="0 0 {shape[1]} {shape[2]}" aria-hidden="true">'
                f'<path d="{shape[3]}"/></svg>'
            )
        return self._drawn[name]
