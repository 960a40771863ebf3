"""The library behind The Mirage Book.

One idea: a model's loss falls smoothly with scale, a metric maps loss to a score, and the
score's shape comes from the metric. The nouns are `ScalingLaw`, `Metric`, `Curve`, record and
emergence; each module holds one of them.

Submodules are loaded on first use, so that ``import mirage_utils`` costs nothing.
"""

from __future__ import annotations

import sys

from .ground.lazy import on_first_use

__version__ = "0.1.0"

# Where each public name lives. Loading is lazy: SymPy, pandas and Matplotlib are imported by the
# first line that needs them and not by a bare ``import mirage_utils``.
_SUBMODULES = (
    "audit",
    "cli",
    "compare",
    "coursework",
    "curves",
    "errors",
    "evidence",
    "ground",
    "laws",
    "metrics",
    "models",
    "page",
    "records",
    "scaling",
    "symbols",
    "tables",
)
_NAMES = {
    "Curve": "curves",
    "FieldError": "errors",
    "Metric": "metrics",
    "METRICS": "metrics",
    "ScalingLaw": "scaling",
}

__all__ = [*_SUBMODULES, *_NAMES, "__version__"]

__getattr__, _ = on_first_use(__name__, _SUBMODULES, _NAMES)

if sys.platform == "emscripten":
    from .ground.browser import settle

    settle()


def __dir__() -> list[str]:
    return sorted(__all__)
