"""Laws that join loss, metric and scale: closed forms of accuracy and their fits, forecasts, sweeps of parameters."""

from __future__ import annotations

from ..ground.lazy import on_first_use

_MODULES = ("accuracy", "beliefs", "fitting", "forecast", "sweep")
_NAMES = {
    "AccuracyLaw": "accuracy",
    "FLOOR": "accuracy",
    "FLOOR_OVERDISPERSED": "accuracy",
    "IRREDUCIBLE": "accuracy",
    "LAWS": "accuracy",
    "LawFit": "fitting",
    "LocalSlope": "beliefs",
    "OVERDISPERSED": "accuracy",
    "Parameter": "accuracy",
    "Posterior": "beliefs",
    "Prediction": "beliefs",
    "STRAIGHT": "accuracy",
    "TWO_KINDS": "accuracy",
    "UNEQUAL": "accuracy",
    "deviance": "fitting",
    "fit": "fitting",
    "linearise": "accuracy",
    "local_slopes": "beliefs",
    "monte_carlo_p": "fitting",
    "pooled_lengths": "accuracy",
    "posterior": "beliefs",
    "shared_slope": "fitting",
}

__all__ = [*_MODULES, *_NAMES]

__getattr__, __dir__ = on_first_use(__name__, _MODULES, _NAMES)
