"""Explorer of two metrics of the same answers: chapters 9, 14, 17, 18 and 22."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import ArrayLike

from ...errors import as_array, require
from ...evidence.rises import own_rise, rises
from .. import plots
from .charts import Charts, dotted, panel, percent, scale_x
from .controls import Choice, Control, Steps
from .explorer import Explorer
from .vega import colour, rounded, written

__all__ = ["two_metrics"]

_FEWEST = 4
"""Sizes that stay, however many are left out."""
_INFINITE = 1e9
"""Stands for infinity, which a page cannot carry."""


def two_metrics(
    cases: Mapping[Any, tuple[ArrayLike, ArrayLike, ArrayLike]],
    *,
    harsh: str,
    soft: str,
    label: str,
    x: str,
    start: Any,
    caption: str,
    source: str,
    kind: plots.Kind,
) -> Explorer:
    """Explorer of a harsh and a soft metric of the same answers: which is later, which is narrower, and from which sizes on.

    Parameters
    ----------
    cases : mapping of str or int to (sizes, harsh, soft)
        By what is chosen: sizes of shape (m,), rising, m >= 4, and the two mean scores at each, in [0, 1], more is better.
        Keys are all texts, chosen from a list, or all whole numbers, rising, chosen by a slider.
    harsh, soft : str
        What the two metrics are called.
    label : str
        Of the control that chooses.
    x : str
        Title of the axis of size.
    start : str or int
        Key to begin with.
    caption : str
        HTML. What the scores are, and n.
    source, kind : str
        See `mirage_utils.page.plots.show`.

    Raises
    ------
    FieldError
        If there are fewer than four sizes, or a score lies outside [0, 1].
    """
    keys = list(cases)
    numbers = all(isinstance(key, int) for key in keys)
    require(start in cases, label, start, "one of " + ", ".join(map(str, keys)))
    tables = {
        key: (
            as_array("sizes", sizes, low=0, open_low=True),
            as_array("harsh", high, low=0, high=1),
            as_array("soft", low, low=0, high=1),
        )
        for key, (sizes, high, low) in cases.items()
    }
    fewest = min(len(size) for size, *_ in tables.values())
    require(fewest >= _FEWEST, "sizes", fewest, f"at least {_FEWEST} sizes")
    skips = tuple(range(min(3, fewest - _FEWEST) + 1))
    controls: dict[str, Control] = {
        "case": Steps(label, start, tuple(keys), format="whole")
        if numbers
        else Choice(label, tuple((key, key) for key in keys), start),
    }
    if len(skips) > 1:
        controls["skip"] = Steps("smallest sizes left out", 0, skips, format="whole")

    data, told = [], []
    for key, (size, *scores) in tables.items():
        told.append([_told(size[k:], *(y[k:] for y in scores)) for k in skips])
        own = [np.column_stack([_own_rise(y, k) for k in skips]) for y in scores]
        data += [
            {
                "case": key, "i": i, "N": float(N),
                "harsh": float(rounded(scores[0][i], 6)), "soft": float(rounded(scores[1][i], 6)),
                "harshs": _plain(own[0][i]), "softs": _plain(own[1][i]),
            }
            for i, N in enumerate(size)
        ]  # fmt: skip
    skip = "v_skip" if len(skips) > 1 else "0"
    models = (
        alt.Chart(alt.Data(values=data))
        .transform_filter("datum.case == v_case")
        .transform_calculate(
            harsh_own=f"datum.harshs[{skip}]", soft_own=f"datum.softs[{skip}]"
        )
    )  # fmt: skip
    sizes = np.concatenate([size for size, *_ in tables.values()])
    across = scale_x(title=x, domain=(float(sizes.min()) / 1.2, float(sizes.max()) * 1.2))
    ours = f"told[indexof(cases, v_case)][{skip}]"
    half_harsh, half_soft, wide_harsh, wide_soft, excess_harsh, excess_soft = (
        f"{ours}[{i}]" for i in range(6)
    )
    later = f"(log({half_harsh} / {half_soft}) / LN10)"

    def excess(value: str) -> str:
        return (
            f"(abs({value}) < {_INFINITE} ? {written(value, 'digits3')} : {value} > 0 ? '∞' : '−∞')"
        )

    def decades(value: str) -> str:
        return f"(isValid({value}) ? {written(value, 'fixed2')} : '–')"

    chosen = f"'{label} = ' + v_case + ': '" if numbers else "v_case + ': '"
    says = (
        f"{chosen} + (!isValid({half_harsh}) || !isValid({half_soft}) ? 'at least one of the two scores does not rise here.' : "
        f"'half-way up at ' + {written(half_harsh, 'size')} + ' ({harsh}) and ' + {written(half_soft, 'size')} + ' ({soft}), ' + "
        f"(abs{later} < 0.005 ? 'at the same place' : 'the harsh one ' + ({later} > 0 ? 'later' : 'earlier') + ' by ' + {written(f'abs{later}', 'fixed2')} + ' decades') + "
        f"'. From 10% to 90% of its rise: ' + {decades(wide_harsh)} + ' and ' + {decades(wide_soft)} + ' decades. "
        f"Excess over a straight line: ' + {excess(excess_harsh)} + ' and ' + {excess(excess_soft)} + '.')"
        + (f" + ({skip} > 1 ? ' Without the ' + {skip} + ' smallest.' : {skip} > 0 ? ' Without the smallest.' : '')" if len(skips) > 1 else "")
    )  # fmt: skip
    words, looks = (harsh, soft), ([colour("c2"), colour("c1")], ["circle", "square"])

    def both(fields: tuple[str, str], title: str) -> list[alt.Chart]:
        # The table keeps sizes that are left out: rows that come and go would come back in another order.
        kept = models.transform_filter(f"datum.i >= {skip}")
        rows = kept.transform_fold(list(fields), as_=["which", "value"]).transform_calculate(
            metric=f"datum.which == '{fields[0]}' ? '{harsh}' : '{soft}'"
        )
        key = alt.Legend(symbolSize=80)
        hue = alt.Color("metric:N", legend=key, scale=alt.Scale(domain=list(words), range=looks[0]))
        mark = alt.Shape("metric:N", scale=alt.Scale(domain=list(words), range=looks[1]))
        y = percent("value", title)
        return [
            rows.mark_line(strokeWidth=1).encode(across, y, hue),
            rows.mark_point(filled=True, size=60, opacity=1).encode(across, y, hue, mark),
        ]

    charts = Charts(
        name="fig-two-metrics",
        panels=(
            panel(*both(("harsh", "soft"), "score"), title="The scores"),
            panel(
                *both(("harsh_own", "soft_own"), "share of its own rise"),
                dotted(alt.X, half_harsh), dotted(alt.X, half_soft),
                title="As shares of their own rise",
            ),
        ),
        says=says,
        rows=models,
        columns={
            "N": (x, "size"), "harsh": (harsh, "percent"), "soft": (soft, "percent"),
            "harsh_own": (f"{harsh}, of its rise", "percent"), "soft_own": (f"{soft}, of its rise", "percent"),
        },
        caption=f"{caption} On the right a size that does worse than a smaller one counts as level. Dotted: half-way points.",
        alt=f"Two charts that follow the controls: {harsh} and {soft} of the same answers by size, as they are and as shares of "
        "their own rise.",
        source=source,
        kind=kind,
        constants={"told": told, "cases": keys},
    )  # fmt: skip
    return Explorer(controls, charts)


def _own_rise(score: np.ndarray, skip: int) -> np.ndarray:
    """Each size's place in the rise of the sizes from `skip` on; nan before it, and where nothing rises."""
    return np.concatenate([np.full(skip, np.nan), own_rise(score[skip:])])


def _told(size: np.ndarray, harsh: np.ndarray, soft: np.ndarray) -> list[float | None]:
    """Half-way points (sizes), widths (decades) and excesses of both, None where there is none, 1e9 for infinity."""
    found = rises(size, {"harsh": harsh[:, None], "soft": soft[:, None]}, draws=1)
    (half, wide, excess) = zip(*(found.of[m] for m in ("harsh", "soft")), strict=True)
    return _plain(
        np.array([*(10 ** np.array(half)), *wide, *np.clip(excess, -_INFINITE, _INFINITE)])
    )


def _plain(values: np.ndarray) -> list[float | None]:
    """Numbers that a page can carry."""
    return [None if np.isnan(v) else float(v) for v in rounded(values, 6)]
