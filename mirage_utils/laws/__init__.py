"""Laws that join loss, metric and scale: closed forms of accuracy and their fits, forecasts, sweeps of parameters."""

from __future__ import annotations

from ..ground.lazy import on_first_use

_MODULES = ("closed_form", "forecast", "sweep")

__all__ = [*_MODULES]

__getattr__, __dir__ = on_first_use(__name__, _MODULES)
