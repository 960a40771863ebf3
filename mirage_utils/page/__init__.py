"""What a chapter needs, and exists only because there is a page.

A chapter never types a number that it computed: it glues the value under a name, the prose pastes it by that name,
and the tests read it back from the executed notebook.
"""

from __future__ import annotations

from ..ground.lazy import on_first_use

_MODULES = ("explorers", "figures", "markup", "numerals", "parameters", "plots", "quiz")
_NAMES = {
    "begin": "beginning",
    "claim": "claims",
    "equation": "display",
    "glue": "numbers",
    "offer": "numbers",
    "pasted": "numbers",
    "table": "display",
}

__all__ = [*_MODULES, *_NAMES]

# On first use: the figures serve programs that have neither IPython nor widgets.
__getattr__, __dir__ = on_first_use(__name__, _MODULES, _NAMES)
