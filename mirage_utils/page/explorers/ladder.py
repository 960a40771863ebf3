"""The explorer of the first page: one smooth curve, and what a ladder of sizes and a test show of it."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy import stats

from ... import ScalingLaw, symbols, tables
from ...errors import as_array
from ...metrics import EXACT_MATCH, TOKEN_ACCURACY
from .charts import MUTED, Charts, panel, percent, scale_x, sequence
from .controls import Choice, Control, Steps, round_numbers
from .explorer import Explorer
from .laws import AT
from .vega import colour, place, switch, vega, written

__all__ = ["LENGTHS", "counted", "ladder", "ladders"]

LENGTHS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 50)
"""Tokens that must all be right: nearly equal ratios, so that each step slides the curve about as far."""
_DOMAIN = (8e7, 4e12)
_JUMP = 0.5
"""A step that makes at least this part of what is seen, and twice as much as an even step would, is said to look like a jump."""


def ladders() -> dict[str, NDArray[np.float64]]:
    """Sizes of models by the value of the choice: an even ladder, GPT-3's, and every other of GPT-3's."""
    eight = np.sort(tables.load_table("gpt3_arithmetic")["params"].unique()).astype(float)
    return {"many": 10 ** (8 + 0.2 * np.arange(23)), "gpt3": eight, "four": eight[1::2]}


def counted(
    law: ScalingLaw, sizes: NDArray[np.float64], items: tuple[int, ...], seed: int
) -> NDArray[np.int64]:
    """Right answers of a simulated test of each number of items at each size, for each of `LENGTHS`.

    Parameters
    ----------
    law : ScalingLaw
    sizes : ndarray, shape (m,)
    items : tuple of int
    seed : int
        One uniform number a size decides all its draws, so that a count moves as little as it must.

    Returns
    -------
    ndarray of int, shape (m, len(items), len(LENGTHS))
    """
    uniforms = np.random.default_rng(seed).random(len(sizes))[:, None, None]
    truth = EXACT_MATCH.expected(law.probability(sizes)[:, None, None], L=np.array(LENGTHS))
    found = stats.binom.ppf(uniforms, np.array(items)[:, None], truth)
    return np.asarray(found, dtype=np.int64)


def ladder(
    *, alpha: float = 1.0, N_c: float = 2e9, L: int = 20, items: int = 200, seed: int = 2023
) -> Explorer:
    """Explorer of the first page: the same curve, later; few items hide its start, and few sizes make a jump of it.

    Parameters
    ----------
    alpha, N_c : float
        The scaling law; see `ScalingLaw`.
    L : int
        Tokens that must all be right, to begin with: one of `LENGTHS`.
    items : int
        Test items to begin with.
    seed : int
        Of the simulated tests.
    """
    alpha = float(as_array("alpha", alpha, low=0, open_low=True))
    N_c = float(as_array("N_c", N_c, low=0, open_low=True))
    steps = round_numbers(50, 10_000, items)
    controls: dict[str, Control] = {
        "L": Steps("tokens per answer", L, LENGTHS, format="whole"),
        "items": Steps("test items", items, steps, format="whole"),
        "sizes": Choice(
            "model sizes",
            (("many", "many"), ("GPT-3's eight", "gpt3"), ("four of them", "four")),
            "gpt3",
        ),
    }  # fmt: skip
    law, rungs = ScalingLaw(alpha, N_c), ladders()
    counts = {name: counted(law, rungs[name], steps, seed) for name in ("many", "gpt3")}
    counts["four"] = counts["gpt3"][1::2]  # the same models, tested once
    given = {symbols.E: sp.Integer(0)}
    loss = symbols.CROSS_ENTROPY.subs(given)
    p = vega(symbols.PROBABILITY.subs(given), AT)

    def probability(rows: alt.Chart) -> alt.Chart:
        return (
            rows.transform_calculate(loss=vega(loss, AT))
            .transform_calculate(p=p)
            .transform_calculate(
                one=vega(TOKEN_ACCURACY.expression, AT), all=vega(EXACT_MATCH.expression, AT)
            )
        )

    curve = probability(
        alt.Chart(sequence(7.9, 12.62, 0.04, "u")).transform_calculate(N="pow(10, datum.u)")
    )
    values = [
        {"ladder": name, "N": float(size), "counts": each.tolist()}
        for name, sizes in rungs.items()
        for size, each in zip(sizes, counts[name], strict=True)
    ]
    models = probability(
        alt.Chart(alt.Data(values=values)).transform_filter("datum.ladder == v_sizes")
    ).transform_calculate(
        count=f"datum.counts[{place('items')}][{place('L')}]", share="datum.count / v_items"
    )
    x = scale_x(title="parameters", domain=_DOMAIN)
    x["axis"]["grid"] = False
    y = percent("all", "right", (0, 1.3))
    y["axis"]["values"] = [0, 0.25, 0.5, 0.75, 1]
    orange, green = colour("c2"), colour("c3")
    charts = Charts(
        name="fig-later",
        panels=(
            panel(
                models.transform_calculate(foot="0", head="1")
                .mark_rule(color=MUTED, opacity=0.5, strokeWidth=1)
                .encode(alt.X("N:Q"), alt.Y("foot:Q"), alt.Y2("head:Q")),
                curve.mark_line(color=green, strokeDash=[6, 3]).encode(x, alt.Y("one:Q")),
                curve.mark_line(color=orange, opacity=0.55).encode(x, y),
                models.mark_line(color=orange, strokeWidth=1.4).encode(alt.X("N:Q"), alt.Y("share:Q")),
                models.mark_point(filled=True, size=70, color=orange, opacity=1).encode(
                    alt.X("N:Q"), alt.Y("share:Q")
                ),
                *_rise("1", "'one token: ' + ", 1.06, green, [6, 3]),
                *_rise("v_L", "'all ' + v_L + ': ' + ", 1.2, orange, [1, 0], where="v_L > 1"),
                title="='One token right' + (v_L > 1 ? ' (dashed), all ' + v_L + ' right' : '')",
                height=250,
            ),
        ),
        says=_says(rungs),
        rows=models,
        columns={
            "N": ("parameters", "size"), "one": ("one token right", "percent"), "all": ("all right", "percent"),
            "count": ("right in the test", "whole"),
        },
        caption=f"One smooth law (&alpha; = {alpha:g}, N<sub>c</sub> = 2B, our choice) and a simulated test. Dashed: one token right, "
        "which is also the share of tokens right, a gentle metric that stays where it is. Bars on top: the rise from 10% to 90%, as a factor of "
        "size. Upright lines: the sizes that are tested; dots: what the test shows.",
        alt="A chart against number of parameters that follows the controls. The share of single tokens right and the share of "
        "answers with all tokens right are S-curves of one shape and width, the second further to the right. Dots show a simulated "
        "test of the second at each size.",
        source="The closed form of chapters 2 and 3; dots drawn from it with a fixed seed.",
        kind="simulation",
        constants={
            "v_alpha": alpha, "v_N_c": N_c,
            "seen": {name: _seen(counts[name], steps) for name in rungs},
        },
    )  # fmt: skip
    return Explorer(controls, charts)


def _reached(share: str, tokens: str) -> str:
    """Expression of the size at which so many tokens are all right so often."""
    y = sp.Symbol("y", positive=True)
    size = symbols.N_c * (-sp.log(y) / symbols.L) ** (-1 / symbols.alpha)
    return vega(size, {y: share, symbols.L: tokens})


def _rise(
    tokens: str, words: str, height: float, ink: str, dash: list[int], *, where: str = "true"
) -> list[alt.Chart]:
    """A bar from 10% to 90% of the rise of a curve, and how many times larger the models are at its end."""
    low, high = _reached("0.1", tokens), _reached("0.9", tokens)
    factor = f"{words}{written(f'({high}) / ({low})', 'whole')} + '× in size'"
    bar = (
        alt.Chart(alt.Data(values=[{}]))
        .transform_filter(where)
        .transform_calculate(
            low=low, high=high, middle=f"sqrt({low} * {high})", at=repr(height), factor=factor
        )
    )
    return [
        bar.mark_rule(color=ink, strokeWidth=4, strokeDash=dash).encode(
            alt.X("low:Q"), alt.X2("high:Q"), alt.Y("at:Q")
        ),
        bar.mark_text(color=colour("ink"), dy=-10, fontSize=12.5).encode(
            alt.X("middle:Q"), alt.Y("at:Q"), alt.Text("factor:N")
        ),
    ]


def _seen(counts: NDArray[np.int64], items: tuple[int, ...]) -> list[list[dict[str, Any]]]:
    """What a reader of the dots notices, for each number of items and length: zeros, and the largest step."""
    found: list[list[dict[str, Any]]] = []
    for n, each in enumerate(items):
        found.append([])
        for length in range(len(LENGTHS)):
            share = counts[:, n, length] / each
            steps = np.diff(share)
            part = float(steps.max() / share.max()) if share.max() > 0 else 0.0
            jump = part >= max(_JUMP, 2 / len(steps))
            # In whole per cent: at least so much of a jump, at most so much of a slope.
            part = (np.floor if jump else np.ceil)(round(100 * part, 6)) / 100
            found[-1].append({"zeros": int((share == 0).sum()), "part": part, "jump": jump})
    return found


def _says(rungs: dict[str, NDArray[np.float64]]) -> str:
    """Expression of the sentences below the chart: what the metric does, and what sizes and items make of it."""
    seen = f"seen[v_sizes][{place('items')}][{place('L')}]"
    width = written(f"({_reached('0.9', 'v_L')}) / ({_reached('0.1', 'v_L')})", "whole")
    half = "({}) / ({})".format(*(_reached("0.5", tokens) for tokens in ("v_L", "1")))
    whose = switch("sizes", {"many": f"'{len(rungs['many'])} evenly spaced sizes'", "gpt3": "'GPT-3’s eight sizes'", "four": "'the four sizes'"})  # fmt: skip
    return (
        "(v_L > 1 ? 'All of ' + v_L + ' tokens right: the same curve, only later, at models ' + "
        f"{written(half, 'whole')} + ' times larger. Its rise is as wide as before: ' : 'One token right: a smooth curve. Its rise is ' ) + "
        f"'a factor of ' + {width} + ' in size. With ' + {written('v_items', 'whole')} + ' test items, ' + "
        f"({seen}.zeros == 0 ? 'none' : {seen}.zeros) + ' of ' + {whose} + ({seen}.zeros < 2 ? ' reads' : ' read') + ' zero; ' + "
        f"({seen}.jump ? 'one step makes ' + {written(f'{seen}.part', 'percent')} + ' of what is seen, so it looks like a jump.' : "
        f"'no step makes more than ' + {written(f'{seen}.part', 'percent')} + ' of what is seen, so it looks like a slope.')"
    )
