"""Explorer of what an audit's verdict is worth: chapter 19."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from ...curves.resolution import binomial_interval
from ...errors import require
from .charts import MUTED, Charts, dotted, panel, percent, sequence
from .controls import Choice, Control, Slider
from .explorer import Explorer
from .vega import colour, rounded, switch, written

__all__ = ["verdicts"]

_EACH = 0.975
"""Level of the interval of each of two shares, so that both hold at least 95 times in 100."""
_SAID = {
    "metric": ("answers", "metric effect"),
    "unexplained": ("answers", "not explained by the metric"),
    "resolution": ("scores", "resolution effect"),
    "open": ("scores", "cannot tell"),
    "scores-metric": ("scores", "metric effect"),
}
"""What was kept, and the verdict."""
_KEPT = {"answers": "from answers", "scores": "from scores alone"}
_MIRAGES = {"answers": "mirage", "scores": "mirage, scores only"}
_OTHERS = {
    "real": ("real leap", "leaps of all digits at once"),
    "part": ("real leap after a part", "leaps after one known digit"),
    "modest": ("real leap after modesty", "leaps after growing less sure"),
    "unread": ("unread answers", "answers that were not read"),
}
"""Kind and words of what leaps and is no mirage, where the answers were kept."""
_BARE = "real leap, scores only"
_ANSWERS = "(v_verdict == 'metric' || v_verdict == 'unexplained')"


def verdicts(counts: pd.DataFrame, *, mirages: float = 0.5) -> Explorer:
    """Explorer of chapter 19: how likely a mirage is after a verdict, by how many leaps were mirages before.

    Parameters
    ----------
    counts : DataFrame
        Kinds of evaluations in rows, verdicts in columns, numbers of evaluations in cells, as from
        `mirage_utils.audit.simulate.confusion`.
    mirages : float
        Share of leaps that are mirages, before the verdict, to begin with, in [0, 1].

    Raises
    ------
    FieldError
        If a kind that is asked about is not there, or has no evaluations.
    """
    kinds = [*_MIRAGES.values(), *(kind for kind, _ in _OTHERS.values()), _BARE]
    for kind in kinds:
        drawn = int(counts.loc[kind].sum()) if kind in counts.index else 0
        require(drawn > 0, kind, drawn, "at least one evaluation of this kind")
    controls: dict[str, Control] = {
        "s": Slider("leaps that are mirages", mirages, 0.0, 1.0, 0.01, format="percent"),
        "verdict": Choice(
            "the audit says", tuple((f"{said}, {_KEPT[kept]}", key) for key, (kept, said) in _SAID.items()), "metric"
        ),
        "others": Choice(
            "the rest are", tuple((words, key) for key, (_, words) in _OTHERS.items()), "real",
            where=_ANSWERS,
        ),
    }  # fmt: skip
    others = {key: kind for key, (kind, _) in _OTHERS.items()}
    against = {"answers": others, "scores": dict.fromkeys(others, _BARE)}
    table = {
        key: {o: _pair(counts, said, _MIRAGES[kept], kind) for o, kind in against[kept].items()}
        for key, (kept, said) in _SAID.items()
    }
    given = "table[v_verdict][v_others]"
    k, m = f"{given}.mirages", f"{given}.others"

    def after(s: str, a: str, b: str) -> str:
        return f"({s} <= 0 ? 0 : {s} >= 1 ? 1 : {s} * {given}.{a} / ({s} * {given}.{a} + (1 - {s}) * {given}.{b}))"

    def curves(s: str) -> dict[str, str]:
        """What is drawn at a share: the likeliest value, where both kinds got the verdict, and the ends of its interval."""
        return {
            "after": f"({k} > 0 && {m} > 0 ? {after(s, 'mirages', 'others')} : null)",
            "low": after(s, "mirages_low", "others_high"),
            "high": after(s, "mirages_high", "others_low"),
        }

    rows = alt.Chart(sequence(0, 1.005, 0.01, "s")).transform_calculate(**curves("datum.s"))
    here = alt.Chart(alt.Data(values=[{}])).transform_calculate(s="v_s", **curves("v_s"))
    across = alt.X(
        "s:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(title="mirages, before the verdict", format=".0%", tickCount=5),
    )
    y = percent("after", "mirages, after it")
    band, ink = percent("low", "mirages, after it"), colour("c1")
    quoted = switch("verdict", {key: f"'“{said}”'" for key, (_, said) in _SAID.items()})
    charts = Charts(
        name="fig-verdicts-explorer",
        panels=(
            _hundred(counts, against),
            panel(
                rows.mark_area(color=ink, opacity=0.25).encode(across, band, alt.Y2("high:Q")),
                rows.transform_filter("datum.s == 0 || datum.s == 1")
                .mark_line(color=MUTED, strokeDash=[6, 4]).encode(across, alt.Y("s:Q")),
                rows.transform_filter("isValid(datum.after)").mark_line(color=ink).encode(across, y),
                dotted(alt.X, "v_s"),
                here.mark_rule(color=ink, strokeWidth=3).encode(alt.X("s:Q"), alt.Y("low:Q"), alt.Y2("high:Q")),
                title=f"='After ' + {quoted}", height=200,
            ),
        ),
        says=_says(k, m, given, quoted, curves("v_s")),
        rows=rows,
        columns={
            "s": ("mirages before", "percent"), "after": ("after the verdict", "percent"), "low": ("interval from", "percent"), "high": ("to", "percent"),
        },
        caption="Shares of verdicts are those of the study: 100 drawn evaluations of each kind that leap, two kinds at a time. Dashed: no verdict. Shaded: from the "
        "worst to the best ends of exact 97.5% intervals of both counts, so at least 95%. No line where one of the counts is zero. “From scores alone”: thousands "
        "of items for mirages, hundreds for real leaps.",
        alt="Two charts that follow the controls. Bars: of 100 leaps, how many get each verdict, by whether they are mirages. A curve with an interval: the share of "
        "mirages among leaps with the chosen verdict, against their share before it.",
        source="The bundled study (mirage_utils.audit.simulate), level 0.05, and Bayes's rule.",
        kind="our runs",
        constants={"table": table},
        every=10,
    )  # fmt: skip
    return Explorer(controls, charts)


def _pair(counts: pd.DataFrame, verdict: str, mirage: str, other: str) -> dict[str, float]:
    """Shares of both kinds that got a verdict, with their intervals."""
    found: dict[str, float] = {}
    for name, kind in {"mirages": mirage, "others": other}.items():
        got, n = int(counts.loc[kind, verdict]), int(counts.loc[kind].sum())
        ends = [float(end) for end in binomial_interval(got, n, level=_EACH)]
        found |= {name: got / n, f"{name}_n": n, f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return {name: float(rounded(value, 15)) for name, value in found.items()}


def _hundred(counts: pd.DataFrame, against: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Of 100 leaps, how many of either kind get each verdict."""
    used = counts.loc[list({*_MIRAGES.values(), *against["answers"].values(), _BARE})]
    shares = counts.div(counts.sum(axis=1), axis=0)
    values = [
        {
            "verdict": verdict.removesuffix(" by the metric"), "full": verdict,
            "of_mirages": {kept: float(shares.loc[kind, verdict]) for kept, kind in _MIRAGES.items()},
            "of_others": {kept: {o: float(shares.loc[kind, verdict]) for o, kind in each.items()} for kept, each in against.items()},
        }
        for verdict in counts.columns if used[verdict].sum() > 0
    ]  # fmt: skip
    kept = switch("verdict", {key: f"'{kept}'" for key, (kept, _) in _SAID.items()})
    said = switch("verdict", {key: f"'{verdict}'" for key, (_, verdict) in _SAID.items()})
    words = ["mirages", "other leaps"]
    bars = (
        alt.Chart(alt.Data(values=values))
        .transform_calculate(
            m=f"100 * v_s * datum.of_mirages[{kept}]",
            o=f"100 * (1 - v_s) * datum.of_others[{kept}][v_others]",
            chosen=f"datum.full == {said}",
        )
        .transform_fold(["m", "o"], as_=["which", "leaps"])
        .transform_calculate(
            cause=f"datum.which == 'm' ? '{words[0]}' : '{words[1]}'",
            order="datum.which == 'm' ? 0 : 1",
        )
        .mark_bar(height={"band": 0.7})
        .encode(
            alt.X("leaps:Q", stack="zero", scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(title="of 100 leaps", tickCount=5)),
            alt.Y("verdict:N", scale=alt.Scale(domain=[each["verdict"] for each in values]), axis=alt.Axis(title=None)),
            alt.Color("cause:N", scale=alt.Scale(domain=words, range=[colour("c1"), colour("c2")]), legend=alt.Legend(symbolType="square", symbolSize=120)),
            alt.Order("order:Q"),
            opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0.4)),
        )
    )  # fmt: skip
    return panel(bars, title="What the audit says of 100 leaps", height=200)


def _says(k: str, m: str, given: str, quoted: str, at: dict[str, str]) -> str:
    """Expression of the sentences below the charts."""
    of_mirages, of_others = f"(100 * v_s * {k})", f"(100 * (1 - v_s) * {m})"

    def counted(value: str, one: str) -> str:
        number = written(value, "digits3")
        return f"({value} == 0 ? 'no {one}' : {number} + (abs({value} - 1) < 1e-9 ? ' {one}' : ' {one}s'))"

    words = switch("others", {key: f"'{words}'" for key, (_, words) in _OTHERS.items()})
    rest = f"({_ANSWERS} ? {words} : 'real leaps')"
    low, high = at["low"], at["high"]
    between = f"(v_s <= 0 || v_s >= 1 ? '' : {counted(of_mirages, 'mirage')} + ' and ') + (v_s >= 1 ? {counted(of_mirages, 'mirage')} : {counted(of_others, 'other')})"
    likely = (
        f"({m} == 0 ? 'None of the ' + {given}.others_n + ' others drawn got it: after it, a mirage is ' + ({low} > 0.9995 ? '' : 'at least ') + {written(low, 'percent')} + ' likely.' : "
        f"{k} == 0 ? 'None of the ' + {given}.mirages_n + ' mirages drawn got it: after it, a mirage is at most ' + {written(high, 'percent')} + ' likely.' : "
        f"'After it, a mirage is ' + {written(at['after'], 'percent')} + ' likely (' + {written(low, 'percent')} + ' to ' + {written(high, 'percent')} + ' by the counts).')"
    )
    same = f"({given}.mirages_low <= {given}.others_high && {given}.others_low <= {given}.mirages_high)"
    return (
        f"(v_s <= 0 ? 'If no such leap is a mirage and all are ' + {rest} : v_s >= 1 ? 'If all such leaps are mirages' : "
        f"'If ' + {written('v_s', 'percent')} + ' of such leaps are mirages and the rest are ' + {rest}) + "
        f"', ' + {quoted} + ({_ANSWERS} ? ' from answers' : ' from scores alone') + ' goes to ' + {between} + ' in 100. ' + "
        f"(v_s <= 0 || v_s >= 1 ? 'Who is sure beforehand is moved by no verdict.' : {likely} + "
        f"({same} ? ' Too few got it to say which way it points.' : ''))"
        " + (v_verdict == 'unexplained' && v_others == 'unread' && v_s < 1 ? ' But here no model leapt: read the answers.' : '')"
    )
