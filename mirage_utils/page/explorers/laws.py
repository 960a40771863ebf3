"""Explorers of the scaling law: chapters 2 and 3."""

from __future__ import annotations

import altair as alt
import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ... import symbols
from ...metrics import EXACT_MATCH, TOKEN_EDIT_DISTANCE
from .charts import (
    GRID,
    Charts,
    dotted,
    numbers,
    panel,
    percent,
    scale_x,
    sequence,
)
from .controls import Control, Slider, Steps, powers, round_numbers
from .counts import simulated_test, tabulated
from .explorer import Explorer
from .vega import colour, place, size_words, vega, written

__all__ = ["AT", "DECADES", "SIZES", "law_rows", "many_tokens", "one_token", "measured_law"]

AT = {symbols.N: "datum.N", symbols.p: "datum.p"}
"""Fields of rows that stand for symbols."""
_DECADES = sp.log(sp.log(10) / sp.log(sp.Rational(10, 9))) / sp.log(10) / symbols.alpha
DECADES = written(vega(_DECADES), "digits3")
"""How many powers of ten of scale the rise from 10% to 90% of its end takes, in words: 1.34 / alpha, at any length."""
SIZES = np.geomspace(1e7, 1e12, 11)
"""Numbers of parameters of the models that are tested in simulations."""


def law_controls(alpha: float, N_c: float) -> dict[str, Control]:
    """Sliders of the scaling law."""
    return {
        "alpha": Slider("exponent α", alpha, 0.05, 2.0, 0.05),
        "N_c": Steps("critical scale N_c", N_c, powers(1e6, 1e12, 0.05, N_c), format="size"),
    }


def law_rows(E: bool = True) -> alt.Chart:
    """Rows of scale N, loss and probability p of a token, of the scaling law under the sliders."""
    loss = symbols.CROSS_ENTROPY if E else symbols.CROSS_ENTROPY.subs(symbols.E, 0)
    return (
        alt.Chart(sequence(*GRID, "u"))
        .transform_calculate(N="pow(10, datum.u)")
        .transform_calculate(loss=vega(loss, AT))
        .transform_calculate(p=vega(sp.exp(-symbols.x), {symbols.x: "datum.loss"}))
    )


def measured_law(items: str, *, E: bool = True, sizes: NDArray[np.float64] = SIZES) -> alt.Chart:
    """Rows of a test of exact match at some sizes, of the scaling law under the sliders.

    Parameters
    ----------
    items : str
        Name of the slider of the number of items, whose tests are the constant ``tests``.
    E : bool
        Whether there is an irreducible loss among the controls.
    sizes : ndarray
        Numbers of parameters of the models, `SIZES` unless given.
    """
    values = [{"i": i, "N": float(size)} for i, size in enumerate(sizes)]
    p = symbols.PROBABILITY if E else symbols.PROBABILITY.subs(symbols.E, 0)
    models = (
        alt.Chart(alt.Data(values=values))
        .transform_calculate(p=vega(p, AT))
        .transform_calculate(truth=vega(EXACT_MATCH.expression, AT))
    )
    return simulated_test(models, f"tests[{place(items)}]")


def draws(seed: int) -> NDArray[np.float64]:
    """What decides the draw at each of `SIZES`."""
    return np.random.default_rng(seed).random(len(SIZES))


def one_token(*, alpha: float = 0.5, N_c: float = 1e9, E: float = 0.0) -> Explorer:
    """Explorer of chapter 2: the loss of one token, and the probability that follows from it.

    Parameters
    ----------
    alpha, N_c, E : float
        Starting values; see `ScalingLaw`.
    """
    controls: dict[str, Control] = {
        **law_controls(alpha, N_c),
        "E": Slider("irreducible loss E, nats", E, 0.0, 2.0, 0.05),
    }
    rows = law_rows()
    # Where the reducible loss has the values of 10% and 90% right.
    low, high = (
        vega(symbols.N_c * sp.log(1 / sp.Rational(share, 100)) ** (-1 / symbols.alpha))
        for share in (10, 90)
    )
    says = (
        f"'The rise from 10% to 90%' + (v_E > 0 ? ' of its height' : '') + ' takes ' + {DECADES} + "
        f"' decades of size: 1.34 divided by the exponent. It is steepest at ' + {size_words('v_N_c')} + ' parameters, the critical scale.'"
        f" + (v_E > 0 ? ' It levels off at ' + {written('exp(-v_E)', 'percent')} + ', the least that a perfect model gets.' : '')"
    )
    critical = dotted(alt.X, "v_N_c")
    loss = rows.mark_line(color=colour("c1")).encode(
        scale_x(), numbers("loss", "cross-entropy per token, nats", (1e3, 1e-3), log=True)
    )
    accuracy = rows.mark_line(color=colour("c2")).encode(scale_x(), percent("p", "p = exp(−loss)"))
    charts = Charts(
        name="fig-one-token-explorer",
        panels=(
            panel(accuracy, dotted(alt.X, low), dotted(alt.X, high), title="Probability of one token"),
            panel(loss, critical, title="='Loss on log axes' + (v_E > 0 ? '' : ': a straight line')"),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "loss": ("loss, nats", "digits3"), "p": ("probability", "percent"),
        },
        caption="One scaling law, twice. Dotted: where the rise has reached 10% and 90%, and, with the loss, the critical scale. The axis of loss is inverted, so up is better.",
        alt="Two charts against number of parameters that follow the sliders: the probability of the right token, rising in an "
        "S, and the cross-entropy of a token on logarithmic axes, of which the vertical one is inverted, so that a smaller loss is higher.",
        source="The closed form of this chapter; no data.",
        kind="formula",
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)


def many_tokens(
    *,
    alpha: float = 0.5,
    N_c: float = 1e9,
    E: float = 0.0,
    L: int = 5,
    items: int = 500,
    seed: int = 0,
) -> Explorer:
    """Explorer of chapter 3: one loss under two metrics, measured with a finite test set.

    Parameters
    ----------
    alpha, N_c, E : float
        Starting values; see `ScalingLaw`.
    L : int
        Target length, tokens.
    items : int
        Number of test items of the simulated measurement.
    seed : int
        Of the simulated measurement.
    """
    steps = round_numbers(10, 10_000, items)
    controls: dict[str, Control] = {
        **law_controls(alpha, N_c),
        "E": Slider("irreducible loss E, nats", E, 0.0, 1.0, 0.02),
        "L": Slider("target length L, tokens", L, 1, 50, 1, format="whole"),
        "items": Steps("test items n", items, steps, format="whole"),
    }
    rows = (
        law_rows()
        .transform_calculate(exact=vega(EXACT_MATCH.expression, AT))
        .transform_calculate(
            edits=vega(TOKEN_EDIT_DISTANCE.expression / symbols.L, AT),
        )
    )
    test = measured_law("items")
    # Of the way to its end, exp(-L E).
    half = vega(symbols.N_c * (symbols.L / sp.log(2)) ** (1 / symbols.alpha))
    low, high = (f"1e{end:g}" for end in GRID[:2])
    says = (
        "'Exact match of ' + v_L + (v_L == 1 ? ' token' : ' tokens') + ' is half-way up' + (v_E > 0 ? ', on its way to ' + "
        f"{written('exp(-v_L * v_E)', 'percent')} + ',' : '') + ({half} < {low} ? ' below the sizes of this picture' : {half} > {high} ? "
        f"' beyond the sizes of this picture' : ' at ' + {size_words(half)} + ' parameters') + '. Its rise from 10% to 90% of its end takes ' + "
        f"{DECADES} + ' decades of scale at any length. A test of ' + {written('v_items', 'whole')} + ' items shows nothing "
        f"between 0 and ' + {written('1 / v_items', 'percent')} + '.'"
    )

    def dots(rows: alt.Chart) -> alt.Chart:
        return rows.mark_point(filled=True, size=60, color=colour("c2"), clip=True).encode(
            alt.X("N:Q"), alt.Y("share:Q")
        )

    charts = Charts(
        name="fig-many-tokens-explorer",
        panels=(
            panel(
                rows.mark_line(color=colour("c2")).encode(scale_x(), percent("exact", "items all right")),
                dots(test),
                title="='Exact match, ' + v_L + (v_L > 1 ? ' tokens' : ' token')",
            ),
            panel(
                rows.transform_filter("datum.exact > 0").mark_line(color=colour("c2")).encode(
                    scale_x(), percent("exact", "items all right", (1e-6, 1), log=True)
                ),
                dotted(alt.Y, "1 / v_items"),
                dots(test.transform_filter("datum.share > 0")),
                title="The same, on a log axis of score",
            ),
            panel(
                rows.mark_line(color=colour("c1")).encode(
                    scale_x(), numbers("edits", "edits per token", (1, 0))
                ),
                title="Edit distance",
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "N": ("parameters", "size"), "p": ("one token", "percent"), "exact": ("exact match", "percent"),
            "edits": ("edits per token", "digits3"),
        },
        caption="One loss, two metrics. Dots: a simulated test; dotted: the smallest score above zero that it can give. "
        "The axis of edits is inverted, so up is better.",
        alt="Three charts against number of parameters that follow the sliders: exact match on a linear and on a "
        "logarithmic axis with dots of a simulated test, and the edit distance per token on an inverted axis, improving smoothly.",
        source="The closed form of this chapter; dots drawn from it with a fixed seed.",
        kind="simulation",
        constants={"tests": tabulated(steps, draws(seed))},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)
