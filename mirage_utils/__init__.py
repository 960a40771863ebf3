"""The library behind The Mirage Book.

One idea: a model's loss falls smoothly with scale, a metric maps loss to a score, and the
score's shape comes from the metric. The nouns are `ScalingLaw`, `Metric`, `Curve`, record and
emergence; each module holds one of them.

Submodules are loaded on first use, so that ``import mirage_utils`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Where each public name lives. Loading is lazy (PEP 562): SymPy, pandas and Matplotlib are
# imported by the first line that needs them and not by a bare ``import mirage_utils``.
_SUBMODULES = (
    "chapter",
    "closed_form",
    "coursework",
    "curves",
    "emergence",
    "errors",
    "evals",
    "explore",
    "meta",
    "metrics",
    "models",
    "plots",
    "predict",
    "resolution",
    "scaling",
    "sweep",
    "symbols",
)
_NAMES = {
    "Curve": "curves",
    "FieldError": "errors",
    "Metric": "metrics",
    "METRICS": "metrics",
    "ScalingLaw": "scaling",
}

__all__ = [*_SUBMODULES, *_NAMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
