"""Explorer of a test whose questions are not equally hard: chapter 24."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from .charts import MUTED, Charts, panel, percent, sequence
from .controls import Control, Steps
from .explorer import Explorer
from .vega import colour, place, rounded, written

__all__ = ["unequal_items"]

_SPREAD = tuple(0.25 * k for k in range(13))
_WIDTH = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)
_ITEMS = (2, 3, 4, 7, 10, 28, 64)
_SHOWN = 10
"""Single questions that are drawn at most: of 28 every third, of 64 every seventh."""
_ODDS = 2 * float(np.log(9))
"""Log-odds from 10% to 90%."""


def unequal_items(*, spread: float = 2.0, width: float = 0.5, n: int = 10) -> Explorer:
    """Explorer of chapter 24: how sharply single questions rise, and how sharply their mean.

    Parameters
    ----------
    spread : float
        Distance from the easiest to the hardest question, in decades of size: one of 0, 0.25, ... 3.
    width : float
        Width of one question from 10% to 90%, in decades of size.
    n : int
        Questions of the test, evenly from the easiest to the hardest.
    """
    controls: dict[str, Control] = {
        "spread": Steps("easiest to hardest, decades", spread, _SPREAD, format="fixed2"),
        "width": Steps("width of one question, decades", width, _WIDTH, format="fixed1"),
        "n": Steps("questions", n, _ITEMS, format="whole", where="v_spread > 0"),
    }
    tables = [[_of_test(d, w) for w in _WIDTH] for d in _SPREAD]
    wide, apart = (
        f"{name}[{place('spread')}][{place('width')}][{place('n')}]" for name in ("wide", "apart")
    )

    def rasch(beyond: str, over: str) -> str:
        """Chance of a right answer so many decades beyond a question's place."""
        return f"1 / (1 + exp(-{_ODDS!r} * ({beyond}) / ({over})))"

    def at(j: str) -> str:
        return f"v_spread * ({j} / (v_n - 1) - 0.5)"

    axis = sequence(-3.5, 3.525, 0.05, "u")
    few = f"min(v_n, {_SHOWN})"
    single = (
        alt.Chart(axis)
        .transform_calculate(j=f"sequence({few})")
        .transform_flatten(["j"])
        .transform_calculate(p=rasch(f"datum.u - {at(f'datum.j * (v_n - 1) / ({few} - 1)')}", "v_width"))
    )  # fmt: skip
    rows = (
        alt.Chart(axis)
        .transform_calculate(j="sequence(v_n)")
        .transform_flatten(["j"])
        .transform_calculate(p=rasch(f"datum.u - {at('datum.j')}", "v_width"))
        .transform_aggregate(test="mean(p)", groupby=["u"])
        .transform_calculate(
            easiest=rasch(f"datum.u - {at('0')}", "v_width"),
            hardest=rasch(f"datum.u - {at('(v_n - 1)')}", "v_width"),
            equal=rasch("datum.u", wide),
        )
    )
    within = f"({np.pi**2 / 3 / _ODDS**2!r} * v_width * v_width)"
    between = "(v_spread * v_spread * (v_n + 1) / (12 * (v_n - 1)))"
    share = f"({between} / ({between} + {within}))"
    test = written(wide, "fixed2")
    says = (
        f"v_spread == 0 ? 'All questions are equally hard. The test rises over ' + {test} + ' decades, exactly as one question does, however many it has.' : "
        f"'One question rises over ' + {written('v_width', 'fixed2')} + ' decades, the test of ' + v_n + ' over ' + {test} + '. Differences between questions make ' + "
        f"{written(share, 'percent')} + ' of the variance of its rise: it is wide mostly because ' + ({share} > 0.5 ? 'its questions differ' : 'each question is wide') + "
        "(v_spread / (v_n - 1) > v_width ? ', and it climbs in ' + v_n + ' steps, for they are further apart than one is wide' : '') + "
        f"'. The dashed mean of equal questions, each ' + {test} + ' decades wide, stays within ' + {written(apart, 'fixed1')} + (({apart}) == 1 ? ' point of it.' : ' points of it.')"
    )
    x = alt.X(
        "u:Q", scale=alt.Scale(domain=[-3.5, 3.5], nice=False),
        axis=alt.Axis(title="decades of size from half-way", values=list(range(-3, 4)), format="d", grid=False),
    )  # fmt: skip
    y = percent("test", "right", (0, 1.36))
    y["axis"]["values"] = [0, 0.25, 0.5, 0.75, 1]
    charts = Charts(
        name="fig-unequal-items-explorer",
        panels=(
            panel(
                single.mark_line(color=colour("c1"), strokeWidth=1, opacity=0.6).encode(
                    x, alt.Y("p:Q"), alt.Detail("j:N")
                ),
                rows.mark_line(color=MUTED, strokeDash=[6, 4]).encode(x, alt.Y("equal:Q")),
                rows.mark_line(color=colour("c2"), strokeWidth=3).encode(x, y),
                *_rise("v_width", "one question: ", 1.06, "c1"),
                *_rise(wide, "the test: ", 1.22, "c2"),
                title="Questions (thin), their mean (bold)", height=240,
            ),
        ),
        says=says,
        rows=rows,
        columns={
            "u": ("decades from half-way", "fixed2"), "easiest": ("easiest question", "percent"), "hardest": ("hardest", "percent"),
            "test": ("the test", "percent"), "equal": ("equal questions as wide as the test", "percent"),
        },
        caption="Questions of Rasch's model, evenly from the easiest to the hardest; ability is a straight line in the logarithm of size. Of more than ten questions, ten are drawn. "
        "Bars: the rise from 10% to 90%. Grey and dashed: a test of equal questions that rises over as many decades.",
        alt="A chart that follows the sliders, against decades of size: the S-curves of single questions one after the other, the wider curve of their mean, and a dashed curve of equal questions with the width of the mean.",
        source="Rasch's model; no data.",
        kind="formula",
        constants={
            "wide": rounded([[w for w, _ in row] for row in tables], 12).tolist(),
            "apart": rounded([[a for _, a in row] for row in tables], 6).tolist(),
        },
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)


def _of_test(spread: float, width: float) -> tuple[list[float], list[float]]:
    """Width of a test of each number of questions, and how far it is from equal questions of that width, in points of per cent, rounded up."""
    widths, apart = [], []
    for n in _ITEMS:
        places = spread * (np.arange(n) / (n - 1) - 0.5)

        def mean(x: Any, places: NDArray[np.float64] = places) -> NDArray[np.float64]:
            beyond = np.atleast_1d(x)[:, None] - places
            return np.asarray(expit(_ODDS * beyond / width).mean(axis=1))

        low, high = -spread / 2 - width, 0.0  # the test is below 10%, and at a half
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (low, middle) if mean(middle)[0] > 0.1 else (middle, high)
        widths.append(-2 * high if spread else width)
        x = np.linspace(0, spread / 2 + width, 801)
        far = float(abs(mean(x) - expit(_ODDS * x / widths[-1])).max()) if spread else 0.0
        apart.append(float(np.ceil(1_000 * far + 0.01) / 10 if spread else 0.0))
    return widths, apart


def _rise(over: str, words: str, height: float, ink: str) -> list[alt.Chart]:
    """A bar from 10% to 90% of a curve around the middle, and its length."""
    bar = alt.Chart(alt.Data(values=[{}])).transform_calculate(
        low=f"-({over}) / 2", high=f"({over}) / 2", middle="0", at=repr(height),
        length=f"'{words}' + {written(over, 'fixed2')} + ' decades'",
    )  # fmt: skip
    return [
        bar.mark_rule(color=colour(ink), strokeWidth=4).encode(
            alt.X("low:Q"), alt.X2("high:Q"), alt.Y("at:Q")
        ),
        bar.mark_text(color=colour("ink"), dy=-10, fontSize=12.5).encode(
            alt.X("middle:Q"), alt.Y("at:Q"), alt.Text("length:N")
        ),
    ]
