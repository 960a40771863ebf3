"""Explorers of model families: chapters 13 and 15."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ...errors import as_array, require
from .charts import Charts, dotted, panel, percent, scale_x
from .controls import Control, Slider, Steps, powers, round_numbers
from .explorer import Explorer
from .vega import colour, rounded, written

__all__ = ["lengths", "skill_rows", "skill_width", "skills"]

_MOST = 1000
"""Most skills of `skills`."""


def lengths(
    params: ArrayLike, share: ArrayLike, expected: ArrayLike, *, source: str, n: int = 100
) -> Explorer:
    """Explorer of chapter 13: one family's answers, asked for more or fewer symbols, on larger or smaller tests.

    Parameters
    ----------
    params : array_like, shape (m,)
        Numbers of parameters, rising.
    share : array_like, shape (m, l)
        Share of likeliest answers whose first 1, 2, ... l symbols are all right.
    expected : array_like, shape (m, l)
        The same of answers drawn at random, from their probabilities; > 0.
    source : str
        Where they come from.
    n : int
        Test items to begin with.

    Raises
    ------
    FieldError
        If shapes disagree, or a number is out of range.
    """
    N = as_array("params", params, low=0, open_low=True)
    seen = as_array("share", share, low=0, high=1)
    sure = as_array("expected", expected, low=0, open_low=True, high=1)
    require(seen.ndim == 2 and len(seen) == len(N), "share", seen.shape, f"({len(N)}, lengths)")
    require(sure.shape == seen.shape, "expected", sure.shape, f"the shape of share, {seen.shape}")
    most = seen.shape[1]
    seen, sure = rounded(seen, 6), rounded(sure, 6)

    controls: dict[str, Control] = {
        "L": Slider("symbols asked for, L", most, 1, most, 1, format="whole"),
        "n": Steps("test items n", n, round_numbers(10, 100_000, n), format="whole"),
    }
    data = [
        {"N": float(size), "shares": a.tolist(), "sure": b.tolist()}
        for size, a, b in zip(N, seen, sure, strict=True)
    ]
    models = (
        alt.Chart(alt.Data(values=data))
        .transform_calculate(share="datum.shares[v_L - 1]", expected="datum.sure[v_L - 1]")
        .transform_calculate(zero="pow(1 - datum.share, v_n)")
    )
    hollow = " + ".join(f"(pow(1 - seen[{i}][v_L - 1], v_n) > 0.5 ? 1 : 0)" for i in range(len(N)))
    hollow = f"({hollow})"
    x = scale_x(domain=(float(N.min()) / 1.2, float(N.max()) * 1.2))
    y = percent("share", "first L all right")
    floor = float(10 ** np.floor(np.log10(min(sure.min(), 1e-5))))
    z = percent("expected", "expected, answers drawn", (floor, 1), log=True)
    charts = Charts(
        name="fig-lengths-explorer",
        panels=(
            panel(
                models.mark_line(color=colour("c2"), strokeWidth=1).encode(x, y),
                models.transform_filter("datum.zero <= 0.5")
                .mark_point(filled=True, size=60, color=colour("c2"), opacity=1).encode(x, y),
                models.transform_filter("datum.zero > 0.5")
                .mark_point(filled=False, size=60, color=colour("c2"), opacity=1).encode(x, y),
                title=f"='What ' + {written('v_n', 'whole')} + ' items show'",
            ),
            panel(
                models.mark_line(color=colour("c1"), strokeWidth=1).encode(x, z),
                models.mark_point(filled=True, shape="square", size=50, color=colour("c1"), opacity=1).encode(x, z),
                dotted(alt.Y, "1 / v_n"),
                title="What probabilities show",
            ),
        ),
        says="'Asked for ' + v_L + (v_L == 1 ? ' symbol' : ' symbols') + '. In a test of ' + "
        f"{written('v_n', 'whole')} + ' items, a model that is right less often than once in ' + "
        f"{written('1 / (1 - pow(0.5, 1 / v_n))', 'whole')} + ' most likely shows no right answer: ' + "
        f"({hollow} == 0 ? 'none of these {len(N)}.' : {hollow} + ' of these {len(N)}, drawn hollow.')",
        rows=models,
        columns={
            "N": ("parameters", "size"), "share": ("likeliest answers right", "percent"),
            "expected": ("expected, drawn", "digits3"), "zero": ("chance of reading zero", "percent"),
        },
        caption="The same models in both charts, mean of the seeds. Hollow points: zero is more likely than not. "
        "Dotted: one of n.",
        alt="Two charts that follow the sliders: the share of likeliest answers whose first symbols are all right, and the "
        "expected share of answers drawn at random on a logarithmic axis, by number of parameters.",
        source=source,
        kind="our runs",
        constants={"seen": seen.tolist()},
    )  # fmt: skip
    return Explorer(controls, charts)


def skill_rows(K: int, s: float) -> pd.DataFrame:
    """Loss against the number of skills that there is room for: the frequent ones are learnt first.

    Parameters
    ----------
    K : int
        Number of skills, >= 1.
    s : float
        Exponent of the Zipf law of their frequencies, >= 0.

    Returns
    -------
    DataFrame
        One row a number of skills learnt: ``learnt`` from 1 to K, ``room`` (the same as a share of K), ``loss`` (share
        of questions that need a skill not learnt).
    """
    learnt = np.arange(1, K + 1)
    weights = learnt ** -float(s)
    known = weights.cumsum()
    return pd.DataFrame(
        {"learnt": learnt, "room": learnt / K, "loss": np.maximum(1 - known / known[-1], 0)}
    )


def skill_width(K: int, s: float) -> float:
    """Decades of room in which the loss of `skill_rows` falls to a tenth, from where it first is nine tenths or less.

    Parameters
    ----------
    K, s
        As in `skill_rows`.

    Examples
    --------
    >>> round(skill_width(1_000, 0.0), 2), round(skill_width(1_000, 1.0), 2)
    (0.95, 2.67)
    """
    loss = skill_rows(K, s)["loss"].to_numpy()
    # A hair of room for rounding: 100 of 1,000 equal skills leave 0.9 of the loss.
    first, last = (int(np.argmax(loss <= level + 1e-9)) + 1 for level in (0.9, 0.1))
    return float(np.log10(last / first))


def skills(*, K: int = 16, s: float = 1.0) -> Explorer:
    """Explorer of chapter 15: from a step to a slope by the number of skills and how unequally they are used.

    Source: the quantisation model of Michaud et al. (2023): a skill is learnt whole or not at all, the most frequent
    first, and a model has room for a number of them that is in proportion to its size.

    Parameters
    ----------
    K : int
        Number of skills to begin with, 1 to 1,000.
    s : float
        Exponent of their frequencies to begin with, 0 to 2.
    """

    # Whole numbers, about twelve in each power of ten.
    steps = tuple(sorted({int(v) for v in powers(1, _MOST, 1 / 12, K)}))
    controls: dict[str, Control] = {
        "K": Steps("number of skills K", K, steps, format="whole"),
        "s": Slider(
            "exponent of their frequencies s", s, 0.0, 2.0, 0.1, format="fixed1", where="v_K > 1"
        ),
    }
    base = (
        alt.Chart(alt.sequence(1, _MOST + 1, 1, as_="learnt"))
        .transform_filter("datum.learnt <= v_K")
        .transform_calculate(weight="pow(datum.learnt, -v_s)")
        .transform_window(known="sum(weight)", sort=[{"field": "learnt"}], frame=[None, 0])
        .transform_joinaggregate(all="sum(weight)")
        .transform_calculate(room="datum.learnt / v_K", loss="max(1 - datum.known / datum.all, 0)")
    )
    # The steps as a line: at each skill from the loss before it to the loss after it.
    line = base.transform_calculate(
        before="min(1, 1 - (datum.known - datum.weight) / datum.all)"
    ).transform_fold(["before", "loss"], as_=["side", "value"])
    x = alt.X(
        "room:Q",
        scale=alt.Scale(type="log", domain=[1e-3, 2], nice=False, clamp=True),
        axis=alt.Axis(title="room, of what all skills need", values=[0.001, 0.01, 0.1, 1], format="~g"),
    )  # fmt: skip
    order = alt.Order("learnt:Q")
    level = [
        alt.Chart(alt.Data(values=[{"side": 0}, {"side": 1}]))
        .transform_calculate(room="datum.side ? 1 / v_K : 0.001", value="1")
        .mark_line(color=colour("c1")).encode(x, alt.Y("value:Q"))
    ]  # fmt: skip
    panels = []
    for title, log in (("Loss on a linear axis", False), ("Both axes logarithmic", True)):
        y = alt.Y(
            "value:Q",
            scale=alt.Scale(
                type="log" if log else "linear", domain=[1e-3, 1] if log else [0, 1], nice=False
            ),
            axis=alt.Axis(title="loss, of guessing", format="~g", tickCount=5),
        )  # fmt: skip
        # The last step goes to nothing, on a logarithmic axis down and out of the picture.
        rows = line.transform_calculate(value="max(datum.value, 1e-6)") if log else line
        panels.append(
            panel(
                rows.mark_line(color=colour("c1"), interpolate="step-after").encode(x, y, order),
                *level,
                title=title,
            )
        )
    charts = Charts(
        name="fig-skills-explorer",
        panels=tuple(panels),
        says="v_K == 1 ? 'One skill: the loss falls in one step, at the size that has room for it.' : "
        f"{written('v_K', 'whole')} + ' skills. The most frequent is asked for ' + (v_s == 0 ? 'as often as the rarest.' : "
        f"(pow(v_K, v_s) < 100 ? {written('pow(v_K, v_s)', 'digits3')} : {written('pow(v_K, v_s)', 'whole')}) + ' times as often as the rarest.') + "
        f"' The loss falls from 90% to 10% over ' + {written('widths[indexof(numbers, v_K)][round(10 * v_s)]', 'fixed2')} + ' decades of room.'",
        rows=base,
        columns={"learnt": ("skills learnt", "whole"), "room": ("room", "percent"), "loss": ("loss", "digits3")},
        caption="A skill is learnt whole or not at all, the most frequent first. Room: what the model can hold.",
        alt="Two charts of loss against room for skills that follow the sliders, with linear and with logarithmic loss: one step for one skill, a slope for many.",
        source="The model of Michaud et al. (2023), as a formula.",
        kind="formula",
        constants={
            "numbers": list(steps),
            "widths": [[round(skill_width(k, i / 10), 2) for i in range(21)] for k in steps],
        },
        every=3,
    )  # fmt: skip
    return Explorer(controls, charts)
