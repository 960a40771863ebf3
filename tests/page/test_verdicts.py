"""The explorer of verdicts: its sentence against drawn leaps, counts of the study and its own picture."""

from __future__ import annotations

import itertools
import re
import sys

import by_numpy
import numpy as np
import pytest
from scipy import stats

from mirage_utils.audit import simulate
from mirage_utils.errors import FieldError
from mirage_utils.page import explorers
from mirage_utils.page.explorers.vega import evaluated

COUNTS = simulate.confusion(simulate.kept())
ABOUT = explorers.verdicts(COUNTS)
STATES = [
    (s, verdict, others)
    for s, (_, verdict), (_, others) in itertools.product(
        (0.0, 0.01, 0.37, 0.9, 0.99, 1.0), ABOUT.controls["verdict"].options, ABOUT.controls["others"].options
    )
    if verdict in ("metric", "unexplained") or others == "real"
]  # fmt: skip


def said(s, verdict, others):
    given = ABOUT.given({"s": s, "verdict": verdict, "others": others})
    return evaluated([ABOUT.charts.says], given)[0]


def number(text):
    return float(re.sub("over ", "", text).rstrip("%")) / 100


@pytest.mark.parametrize(("s", "verdict", "others"), STATES)
def test_the_sentence_says_what_is_counted_and_computed(s, verdict, others):
    words = said(s, verdict, others)
    mirage, other = by_numpy.audited(verdict, others)
    rows = by_numpy.verdicts(s, verdict, others)
    row = rows.iloc[round(100 * s)]
    if 0 < s < 1:
        found = re.search(r"goes to (no|[\d.]+) mirages? and (no|[\d.]+) others? in 100\.", words)
        told = [float(k.replace("no", "0")) for k in found.groups()]
        assert told == pytest.approx([s * sum(mirage), (1 - s) * sum(other)], rel=0.005)
        (share,) = re.findall(
            r"a mirage is (?:at least |at most )?((?:over )?[\d.]+%) likely", words
        )
        expected = (
            row["after"]
            if any(mirage) and any(other)
            else row["low"]
            if any(mirage)
            else row["high"]
        )
        assert number(share) == pytest.approx(expected, abs=0.00051, rel=0.02)
        assert ("at most" in words) == (not any(mirage))
        assert ("at least" in words or "over 99.9%" in words) == (not any(other))
        if ends := re.search(r"\(([\d.]+%) to ([\d.]+%) by the counts\)", words):
            assert [*map(number, ends.groups())] == pytest.approx(
                [row["low"], row["high"]], abs=0.00051, rel=0.02
            )
        assert ("which way" in words) == (row["low"] <= s <= row["high"])
    else:
        assert "sure beforehand" in words
        (alone,) = re.findall(r"goes to (no|[\d.]+) ", words)
        assert float(alone.replace("no", "0")) == sum(mirage if s else other)
        assert "likely" not in words
    assert f"“{by_numpy.AUDITED[verdict][1]}”" in words
    assert ("from answers" in words) == (verdict in ("metric", "unexplained"))
    assert ("no model leapt" in words) == (
        verdict == "unexplained" and others == "unread" and s < 1
    )
    assert not re.search(r"(?<![.\d])1 (mirages|others)\b|NaN|null|undefined|at least over|\b0%", words)  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "others"), [("metric", "real"), ("metric", "part"), ("open", "real")]
)
def test_of_many_drawn_leaps_with_the_verdict_so_many_are_mirages(verdict, others):
    rng = np.random.default_rng(3)
    mirage, other = map(np.array, by_numpy.audited(verdict, others))
    is_mirage = rng.random(400_000) < 0.37
    got = np.where(is_mirage, rng.choice(mirage, is_mirage.size), rng.choice(other, is_mirage.size))
    told = number(re.search(r"a mirage is ([\d.]+%)", said(0.37, verdict, others))[1])
    assert told == pytest.approx(is_mirage[got].mean(), abs=0.01)


@pytest.mark.parametrize(("of_mirages", "of_others"), [(0.97, 0.28), (0.99, 0.01), (0.5, 0.45)])
def test_the_interval_holds_at_least_95_times_in_100(of_mirages, of_others):
    module = sys.modules["mirage_utils.page.explorers.verdicts"]
    rng = np.random.default_rng(5)
    truth, held, draws = of_mirages / (of_mirages + of_others), 0, 300
    for a, b in zip(
        rng.binomial(100, of_mirages, draws), rng.binomial(100, of_others, draws), strict=True
    ):
        counts = COUNTS.copy()
        for kind, k in (("mirage", a), ("real leap", b)):
            counts.loc[kind] = 0
            counts.loc[kind, ["metric effect", "cannot tell"]] = k, 100 - k
        found = module._pair(counts, "metric effect", "mirage", "real leap")
        low = found["mirages_low"] / (found["mirages_low"] + found["others_high"])
        high = found["mirages_high"] / (found["mirages_high"] + found["others_low"])
        held += low <= truth <= high
    assert held >= stats.binom.ppf(0.001, draws, 0.95)


def test_the_bars_are_the_rows_of_the_confusion_table():
    """What is drawn of 100 leaps, read off the specification's data."""
    bars = ABOUT.charts.panels[0]["layer"][0]
    data = ABOUT.charts.panels[0].get("data") or bars["data"]
    values = (
        data["values"] if "values" in data else ABOUT.charts.panels[0]["datasets"][data["name"]]
    )
    for kept, kind in (("answers", "mirage"), ("scores", "mirage, scores only")):
        drawn = {each["full"]: 100 * each["of_mirages"][kept] for each in values}
        assert drawn == {verdict: pytest.approx(COUNTS.loc[kind, verdict]) for verdict in drawn}
        assert sum(drawn.values()) == pytest.approx(100)
    for key, kind in by_numpy.LEAPS.items():
        drawn = {each["full"]: 100 * each["of_others"]["answers"][key] for each in values}
        assert drawn == {verdict: pytest.approx(COUNTS.loc[kind, verdict]) for verdict in drawn}
        assert sum(drawn.values()) == pytest.approx(100)
        bare = {each["full"]: 100 * each["of_others"]["scores"][key] for each in values}
        assert bare == {v: pytest.approx(COUNTS.loc["real leap, scores only", v]) for v in bare}


def test_a_study_without_a_kind_is_refused():
    with pytest.raises(FieldError, match="unread answers"):
        explorers.verdicts(COUNTS.drop(index="unread answers"))
    with pytest.raises(FieldError, match="leaps that are mirages"):
        explorers.verdicts(COUNTS, mirages=1.5)
