"""Explorer of long tasks: chapter 25."""

from __future__ import annotations

import altair as alt
import numpy as np

from ... import symbols
from ...laws import horizons as chain
from .charts import MUTED, Charts, dotted, panel, percent, scale_x, sequence
from .controls import Control, Steps, round_numbers
from .explorer import Explorer
from .vega import colour, place, rounded, vega, written

__all__ = ["horizons"]

_SLIP = (2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
_REPAIR = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_TIMES = (1, 2, 5, 10, 20, 50)
_NEVER = 1e15
"""Stands for a success that never falls below a half: a page cannot carry infinity."""


def horizons(*, every: int = 100, repair: float = 0.0, times: int = 1, L: int = 100) -> Explorer:
    """Explorer of chapter 25: success of a long task, the share of its steps on the track, and its horizon.

    Parameters
    ----------
    every : int
        A step slips once in so many, as long as there was no slip.
    repair : float
        Chance that a step taken off the track leads back to it.
    times : int
        By how much slips are likelier after the first.
    L : int
        Steps of the task.
    """
    controls: dict[str, Control] = {
        "m": Steps("steps per slip, 1/(1 − p)", every, _SLIP, format="whole"),
        "L": Steps("steps of the task L", L, round_numbers(1, 10_000, L), format="whole"),
        "r": Steps("chance that a step repairs", repair, _REPAIR, format="percent"),
        "s": Steps("slips likelier after a slip, ×", times, _TIMES, format="whole"),
    }
    p = "(1 - 1 / v_m)"

    def closed(length: str) -> tuple[str, str, str]:
        """Independent steps, success and share of steps on the track, at a length."""
        at = {symbols.p: p, chain.repair: "v_r", chain.times: "v_s", symbols.L: length}
        alone = f"pow({p}, {length})"
        plain = f"({p} * (1 - {alone}) * v_m / {length})"
        success, on_track = (vega(each, at) for each in (chain.SUCCESS, chain.ON_TRACK))
        return alone, f"(v_r == 0 ? {alone} : {success})", f"(v_r == 0 ? {plain} : {on_track})"

    alone, success, on_track = closed("datum.L")
    rows = (
        alt.Chart(sequence(0, 4.025, 0.05, "u"))
        .transform_calculate(L="round(pow(10, datum.u))")
        .transform_calculate(alone=alone, success=success, on_track=on_track)
    )
    table = [
        [[min(chain.chain_horizon(1 - 1 / m, r, s), _NEVER) for s in _TIMES] for r in _REPAIR]
        for m in _SLIP
    ]
    alone_here, success_here, on_track_here = closed("v_L")
    half = f"half[{place('m')}][{place('r')}][{place('s')}]"
    independent = f"half[{place('m')}][0][0]"
    steps = f"{written('v_L', 'whole')} + (v_L == 1 ? ' step' : ' steps')"
    says = (
        f"'One slip in ' + {written('v_m', 'whole')} + ' steps, each on its own: half of all tasks succeed up to ' + {written(independent, 'whole')} + "
        f"(({independent}) == 1 ? ' step. Of tasks of ' : ' steps. Of tasks of ' ) + {steps} + ', ' + {written(alone_here, 'percent')} + ' do'"
        " + (v_r == 0 ? (v_s == 1 ? '' : '. A first slip makes others likelier and changes nothing, because nothing is repaired: the task has failed already')"
        f" : '. With repair' + (v_s == 1 ? '' : ' and slips that feed slips') + ', ' + {written(success_here, 'percent')} + ' end on the track, and half do ' + "
        f"({half} >= {_NEVER:g} ? 'at any length' : {half} < 1 ? 'at no length' : 'up to ' + {written(half, 'whole')} + ' steps')) + "
        f"'. Steps on the track: ' + {written(on_track_here, 'percent')} + '.'"
    )
    across = scale_x("L", "steps L", (1, 1e4))
    level = dotted(alt.Y, "0.5")
    here = dotted(alt.X, "v_L")
    charts = Charts(
        name="fig-horizons-explorer",
        panels=(
            panel(
                rows.mark_line(color=MUTED, strokeDash=[6, 4]).encode(across, percent("alone", "on the track at the end")),
                rows.mark_line(color=colour("c2")).encode(across, percent("success", "on the track at the end")),
                level, here, title="The outcome",
            ),
            panel(
                rows.mark_line(color=colour("c1")).encode(across, percent("on_track", "steps on the track")),
                here, title="The steps of the same tasks",
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "L": ("steps", "whole"), "alone": ("independent steps", "percent"), "success": ("at the end", "percent"),
            "on_track": ("steps on the track", "percent"),
        },
        caption="A task succeeds if the work is on the track at its end. Grey and dashed: steps on their own, which is p to the power L. "
        "Dotted: a half, and the chosen length.",
        alt="Two charts that follow the sliders, against the number of steps on a logarithmic axis: the share of tasks that are on the "
        "track at the end, with the curve of independent steps beside it, and the share of steps after which they are.",
        source="The closed form of a Markov chain with three states, derived in the laboratory; no data.",
        kind="formula",
        constants={"half": rounded(np.array(table), 15).tolist()},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)
