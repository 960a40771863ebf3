"""Explorers: move a quantity, see its consequence, in a live kernel and in a page without one."""

from .charts import Charts
from .controls import Choice, Slider, Steps
from .error_bars import error_bars
from .explorer import Explorer
from .families import lengths, skills
from .forecasts import forecasts
from .horizons import horizons
from .ladder import ladder
from .laws import many_tokens, one_token
from .measurement import items, measured, threshold
from .metrics import assumptions, one_metric
from .points import drawn_points
from .products import products
from .rises import two_metrics
from .unequal_items import unequal_items
from .verdicts import verdicts

__all__ = [
    "Charts", "Choice", "Explorer", "Slider", "Steps", "assumptions", "drawn_points", "error_bars", "forecasts", "horizons", "items", "ladder", "lengths",
    "many_tokens", "measured",
    "one_metric", "one_token", "products", "skills", "threshold", "two_metrics", "unequal_items", "verdicts",
]  # fmt: skip
