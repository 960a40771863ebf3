"""Explorers of model families: chapters 13 and 15."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ...curves import resolution
from ...errors import as_array, require
from .. import plots
from .controls import Choice, Slider
from .explorer import Explorer
from .live import Live, colour, panel, percent, rounded, scale_x

__all__ = ["lengths", "skills"]

_CAPACITY = 3.0
"""Room for this power of ten of skills is where the axis of `skills` ends."""


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

    def rows(L: int, n: int) -> pd.DataFrame:
        share, expected = seen[:, L - 1], sure[:, L - 1]
        return pd.DataFrame(
            {
                "N": N,
                "share": share,
                "expected": expected,
                "zero": resolution.chance_of_zero(share, n),
            }
        )

    def draw(L: int, n: int) -> plots.Picture:
        found = rows(L, n)
        blind = (found["zero"] > 0.5).to_numpy()
        left, ax = plots.panel(f"What {n:,} items show")
        ax.plot(N, found["share"], color=plots.COLOURS[1], linewidth=1)
        ax.plot(N[~blind], found["share"][~blind], "o", color=plots.COLOURS[1], label="seen")
        ax.plot(
            N[blind], found["share"][blind], "o", color=plots.COLOURS[1], markerfacecolor="none",
            label="most likely reads 0",
        )  # fmt: skip
        plots.percent_axis(ax, f"first {L} right")
        ax.set_ylim(-0.03, 1.03)
        ax.legend()
        right, ay = plots.panel("What probabilities show")
        ay.plot(N, found["expected"], "s-", color=plots.COLOURS[0], linewidth=1)
        plots.percent_axis(ay, "expected, answers drawn", log=True)
        plots.resolution_line(ay, n)
        ay.set_ylim(min(sure.min(), 1e-6) / 2, 1.5)
        for axes in (ax, ay):
            plots.scale_axis(axes)
        return plots.show(
            [left, right],
            name="fig-lengths-explorer",
            alt=f"Share of answers whose first {L} symbols are all right, by model. Left, likeliest answers: {int(blind.sum())} of {len(N)} "
            f"models would most likely read zero on {n} items. Right, expected values on a logarithmic axis rise from {sure[0, L - 1]:.1e}.",
            caption=f"L = {L}, a test of n = {n:,} items. Hollow: the likeliest outcome is that no answer is right. Dotted: one of n.",
            source=source,
            kind="our runs",
        )

    controls: dict[str, Slider | Choice] = {
        "L": Slider("symbols asked for, L", most, 1, most, 1, format="whole"),
        "n": Slider("test items n", n, 1, 5, 0.05, kind="logwhole", format="whole"),
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
    x = scale_x(domain=(float(N.min()) / 1.2, float(N.max()) * 1.2))
    y = percent("share", "first L all right")
    floor = float(10 ** np.floor(np.log10(min(sure.min(), 1e-5))))
    z = percent("expected", "expected, answers drawn", (floor, 1), log=True)
    limit = (
        alt.Chart(alt.Data(values=[{}])).transform_calculate(least="1 / v_n")
        .mark_rule(strokeDash=[2, 3], clip=True).encode(alt.Y("least:Q"))
    )  # fmt: skip
    live = Live(
        panels=(
            panel(
                models.mark_line(color=colour(2), strokeWidth=1).encode(x, y),
                models.transform_filter("datum.zero <= 0.5")
                .mark_point(filled=True, size=60, color=colour(2), opacity=1).encode(x, y),
                models.transform_filter("datum.zero > 0.5")
                .mark_point(filled=False, size=60, color=colour(2), opacity=1).encode(x, y),
                title="='What ' + format(v_n, ',') + ' items show'",
            ),
            panel(
                models.mark_line(color=colour(1), strokeWidth=1).encode(x, z),
                models.mark_point(filled=True, shape="square", size=50, color=colour(1), opacity=1).encode(x, z),
                limit,
                title="What probabilities show",
            ),
        ),
        says="'Asked for ' + v_L + (v_L == 1 ? ' symbol' : ' symbols') + '. A hollow point is a model of which a test of ' + "
        "format(v_n, ',') + ' items most likely sees no right answer: one that is right less often than once in ' + "
        "format(1 / (1 - pow(0.5, 1 / v_n)), ',.0f') + '.'",
        rows=rows,
        columns={
            "N": ("parameters", "size"), "share": ("likeliest answers right", "percent"),
            "expected": ("expected, drawn", "digits3"), "zero": ("chance of reading zero", "percent"),
        },
        caption="The same models in both charts, mean of the seeds. Hollow points: the likeliest outcome of the test is zero. "
        "Dotted: one of n.",
        alt="Two charts that follow the sliders: the share of likeliest answers whose first symbols are all right, and the "
        "expected share of answers drawn at random on a logarithmic axis, by number of parameters.",
    )  # fmt: skip
    return Explorer(controls, draw, live)


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

    def draw(K: int, s: float) -> plots.Picture:
        found = skill_rows(K, s)
        room = np.r_[1e-3, found["room"], 2.0]
        loss = np.r_[1.0, found["loss"], 0.0]
        figs = []
        for title, log in (("Loss on a linear axis", False), ("Both axes logarithmic", True)):
            fig, ax = plots.panel(title)
            shown = np.where(loss > 0, loss, np.nan) if log else loss
            ax.step(room, shown, where="post", color=plots.COLOURS[0])
            ax.set_xscale("log")
            ax.set_xlabel("room, as a share of what all skills need")
            if log:
                ax.set_yscale("log")
            ax.set_ylabel("loss, of guessing")
            figs.append(fig)
        return plots.show(
            figs,
            name="fig-skills-explorer",
            alt=f"Loss of a model that learns {K} skills one after the other, the most frequent first, against the room it has, for "
            f"frequencies with exponent {s:.1f}: a staircase, whose first step goes down to {found['loss'].iloc[0]:.2f}.",
            caption=f"K = {K:,} skills, frequencies in proportion to k<sup>-{s:.1f}</sup>. Each is learnt whole or not at all.",
            source="The model of Michaud et al. (2023), as a formula.",
            kind="formula",
        )

    controls: dict[str, Slider | Choice] = {
        "K": Slider("number of skills K", K, 0, _CAPACITY, 0.05, kind="logwhole", format="whole"),
        "s": Slider("exponent of their frequencies s", s, 0.0, 2.0, 0.1, format="fixed1"),
    }
    base = (
        alt.Chart(alt.sequence(1, 10**_CAPACITY + 1, 1, as_="learnt"))
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
        axis=alt.Axis(title="room, as a share of what all skills need", values=[0.001, 0.01, 0.1, 1], format="~g"),
    )  # fmt: skip
    order = alt.Order("learnt:Q")
    level = [
        alt.Chart(alt.Data(values=[{"side": 0}, {"side": 1}]))
        .transform_calculate(room="datum.side ? 1 / v_K : 0.001", value="1")
        .mark_line(color=colour(1)).encode(x, alt.Y("value:Q"))
    ]  # fmt: skip
    panels = []
    for title, log in (("Loss on a linear axis", False), ("Both axes logarithmic", True)):
        y = alt.Y(
            "value:Q",
            scale=alt.Scale(
                type="log" if log else "linear", domain=[1e-3, 1] if log else [0, 1], nice=False, clamp=log
            ),
            axis=alt.Axis(title="loss, of guessing", format="~g", tickCount=5),
        )  # fmt: skip
        rows = line.transform_filter("datum.value > 0") if log else line
        panels.append(
            panel(
                rows.mark_line(color=colour(1), interpolate="step-after").encode(x, y, order),
                *level,
                title=title,
            )
        )
    live = Live(
        panels=tuple(panels),
        says="v_K == 1 ? 'One skill: the loss falls in one step, at the size that has room for it.' : "
        "format(v_K, ',') + ' skills. The most frequent is asked for ' + format(pow(v_K, v_s), ',.0f') + "
        "(v_s == 0 ? ' time' : ' times') + ' as often as the rarest.'",
        rows=skill_rows,
        columns={"learnt": ("skills learnt", "whole"), "room": ("room", "percent"), "loss": ("loss", "digits3")},
        caption="A skill is learnt whole or not at all, the most frequent first. Room: what the model can hold.",
        alt="Two charts of loss against room for skills that follow the sliders, with linear and with logarithmic loss: one step for one skill, a slope for many.",
        every=3,
    )  # fmt: skip
    return Explorer(controls, draw, live)
