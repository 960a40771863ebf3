"""Laws that join loss, metric and scale: closed forms of accuracy and their fits, forecasts, sweeps of parameters."""

from __future__ import annotations

from ..ground.lazy import on_first_use

_MODULES = (
    "accuracy",
    "attempts",
    "beliefs",
    "easy_tail",
    "fitting",
    "forecast",
    "horizons",
    "one_slope",
    "rivals",
    "slips",
    "sweep",
    "trials",
)
_NAMES = {
    "AccuracyLaw": "accuracy",
    "CUBIC": "rivals",
    "EASY_TAIL": "easy_tail",
    "FLOOR": "accuracy",
    "FLOOR_OVERDISPERSED": "accuracy",
    "IRREDUCIBLE": "accuracy",
    "KINK": "rivals",
    "LAWS": "accuracy",
    "LawFit": "fitting",
    "LocalSlope": "beliefs",
    "OVERDISPERSED": "accuracy",
    "PARABOLA": "rivals",
    "Parameter": "accuracy",
    "Posterior": "beliefs",
    "Prediction": "beliefs",
    "STRAIGHT": "accuracy",
    "Trial": "trials",
    "TWO_KINDS": "accuracy",
    "UNEQUAL": "accuracy",
    "deviance": "fitting",
    "fit": "fitting",
    "NormalLuck": "rivals",
    "OneSlope": "one_slope",
    "linearise": "accuracy",
    "local_slopes": "beliefs",
    "monte_carlo_p": "fitting",
    "normal_luck": "rivals",
    "one_slope_with_luck": "one_slope",
    "pooled_lengths": "accuracy",
    "posterior": "beliefs",
    "scattered": "rivals",
    "shared_slope": "fitting",
    "trial": "trials",
}

__all__ = [*_MODULES, *_NAMES]

__getattr__, __dir__ = on_first_use(__name__, _MODULES, _NAMES)
