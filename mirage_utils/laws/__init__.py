"""Laws that join loss, metric and scale: closed forms of accuracy and their fits, forecasts, sweeps of parameters."""

from __future__ import annotations

from ..ground.lazy import on_first_use

_MODULES = ("accuracy", "beliefs", "bends", "easy_tail", "fitting", "forecast", "sweep", "trials")
_NAMES = {
    "AccuracyLaw": "accuracy",
    "CUBIC": "bends",
    "EASY_TAIL": "easy_tail",
    "FLOOR": "accuracy",
    "FLOOR_OVERDISPERSED": "accuracy",
    "IRREDUCIBLE": "accuracy",
    "KINK": "bends",
    "LAWS": "accuracy",
    "LawFit": "fitting",
    "LocalSlope": "beliefs",
    "OVERDISPERSED": "accuracy",
    "PARABOLA": "bends",
    "Parameter": "accuracy",
    "Posterior": "beliefs",
    "Prediction": "beliefs",
    "STRAIGHT": "accuracy",
    "Trial": "trials",
    "TWO_KINDS": "accuracy",
    "UNEQUAL": "accuracy",
    "deviance": "fitting",
    "fit": "fitting",
    "NormalLuck": "bends",
    "linearise": "accuracy",
    "local_slopes": "beliefs",
    "monte_carlo_p": "fitting",
    "normal_luck": "bends",
    "pooled_lengths": "accuracy",
    "posterior": "beliefs",
    "scattered": "bends",
    "shared_slope": "fitting",
    "trial": "trials",
}

__all__ = [*_MODULES, *_NAMES]

__getattr__, __dir__ = on_first_use(__name__, _MODULES, _NAMES)
