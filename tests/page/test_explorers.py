"""Explorers without a kernel: what the browser computes is what NumPy computes, and everyone can use them."""

from __future__ import annotations

import collections
import functools
import itertools
import json
import re
import sys

import by_numpy
import numpy as np
import pandas as pd
import pytest
from browser import swipe
from conftest import ROOT
from pages import keep, visit
from scipy import optimize, stats

from mirage_utils.audit import simulate
from mirage_utils.curves import Curve, resolution, width
from mirage_utils.errors import FieldError
from mirage_utils.evidence.emergence import emergence_score, gaussian_null
from mirage_utils.evidence.rises import own_rise, rises
from mirage_utils.evidence.single_items import single_items, spread
from mirage_utils.metrics import METRICS
from mirage_utils.metrics.rises import rise
from mirage_utils.models import bundled
from mirage_utils.models.scores import errors_by_size
from mirage_utils.page import explorers, plots
from mirage_utils.page.explorers import metrics as explorer_metrics
from mirage_utils.page.explorers.charts import grid
from mirage_utils.page.explorers.controls import Choice, Steps, powers, round_numbers
from mirage_utils.page.explorers.counts import counts, tabulated
from mirage_utils.page.explorers.ladder import LENGTHS
from mirage_utils.page.explorers.points import emergence_score as score_expression
from mirage_utils.page.explorers.points import noise_above
from mirage_utils.page.explorers.vega import FORMATS, evaluated, vega, written
from mirage_utils.symbols import CROSS_ENTROPY, N, p

# Rounding of p near one is all that is left of 1 - p there: an absolute allowance beside the relative one.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


PARAMS = np.geomspace(100, 1e5, 9).round()
KNOWN = np.linspace(0.1, 1, 9)


@functools.cache
def errors():
    units, losses = errors_by_size(bundled("autoencoders_digits").frame)
    return units, losses[:, 0]


RISING = {
    # a rise that ends, one that is interrupted by a worse size, and none
    "steep": (PARAMS, np.array([0, 0, 0, 0, 0, 0.1, 0.6, 1, 1]), np.linspace(0.2, 1, 9)),
    "uneven": (PARAMS[1:], np.array([0.1, 0.3, 0.2, 0.2, 0.5, 0.6, 0.4, 0.8]), np.linspace(0.1, 0.5, 8) ** 2),
    "flat": (PARAMS, np.zeros(9), np.linspace(0.2, 0.3, 9)),
}  # fmt: skip


MAKERS = {
    "one_token": explorers.one_token,
    "many_tokens": explorers.many_tokens,
    "one_metric": explorers.one_metric,
    "assumptions": explorers.assumptions,
    "items": explorers.items,
    "error_bars": explorers.error_bars,
    "drawn_points": explorers.drawn_points,
    "measured": explorers.measured,
    "forecasts": explorers.forecasts,
    "horizons": explorers.horizons,
    "unequal_items": explorers.unequal_items,
    "products": explorers.products,
    "threshold": lambda: explorers.threshold(
        *errors(), c=0.02, label="units", source="Our runs, bundled.", kind="our runs"
    ),
    "lengths": lambda: explorers.lengths(
        PARAMS,
        KNOWN[:, None] ** np.arange(1, 9),
        KNOWN[:, None] ** np.arange(2, 10),
        source="Made up.",
    ),
    "skills": explorers.skills,
    "ladder": explorers.ladder,
    "two_metrics": lambda: explorers.two_metrics(
        RISING, harsh="exact match", soft="token accuracy", label="task", x="parameters", start="steep",
        caption="Made up, n = 100.", source="Made up.", kind="simulation",
    ),
    "verdicts": lambda: explorers.verdicts(simulate.confusion(simulate.kept())),
}  # fmt: skip
REFERENCES = {
    **{name: getattr(by_numpy, name, None) for name in MAKERS},
    "threshold": lambda c: by_numpy.threshold(*errors())(c),
    "two_metrics": by_numpy.two_metrics(RISING),
    "lengths": by_numpy.lengths(PARAMS, KNOWN[:, None] ** np.arange(1, 9), KNOWN[:, None] ** np.arange(2, 10)),
}  # fmt: skip
ON_PAGES = [
    ("book/intro", "fig-later"),
    ("notebooks/02_one_token", "fig-one-token-explorer"),
    ("notebooks/03_many_tokens", "fig-many-tokens-explorer"),
    ("notebooks/04_does_gpt3_obey", "fig-forecasts-explorer"),
    ("notebooks/04_does_gpt3_obey", "fig-measured-explorer"),
    ("notebooks/05_assumptions", "fig-assumptions-explorer"),
    ("notebooks/06_resolution", "fig-items-explorer"),
    ("notebooks/07_a_field_guide_to_metrics", "fig-one-metric-explorer"),
    ("notebooks/08_the_emergence_score", "fig-drawn-points"),
    ("notebooks/13_a_mirage_we_made", "fig-lengths-explorer"),
    ("notebooks/15_between", "fig-skills-explorer"),
    ("notebooks/16_autoencoders", "fig-threshold-explorer"),
    ("notebooks/09_same_outputs_two_metrics", "fig-two-metrics"),
    ("notebooks/14_not_a_mirage", "fig-two-metrics"),
    ("notebooks/17_digits", "fig-two-metrics"),
    ("notebooks/18_omniglot", "fig-two-metrics"),
    ("notebooks/19_audit", "fig-verdicts-explorer"),
    ("notebooks/20_the_other_side", "fig-products-explorer"),
    ("notebooks/21_choose_your_metric", "fig-two-metrics"),
    ("notebooks/22_the_ladder", "fig-two-metrics"),
    ("notebooks/23_error_bars", "fig-error-bars-explorer"),
    ("notebooks/24_items_and_abilities", "fig-unequal-items-explorer"),
    ("notebooks/25_the_mirage_today", "fig-horizons-explorer"),
]
"""Each explorer with the page that it stands on."""


@functools.cache
def explorer(name):
    return MAKERS[name]()


def test_a_law_that_missed_is_not_said_to_have_seen_it_coming():
    explorer("forecasts")  # what it tries is kept
    part = sys.modules["mirage_utils.page.explorers.forecasts"]
    told = set()
    for curve, law, seen in itertools.product(
        part._few_shot().values(), part._LAWS.values(), part._SEEN
    ):
        if curve.task not in part._TASKS:
            continue
        found = part._tried(law, curve, seen, 0)
        words = part._sentence(found)
        pairs = list(zip(found.predictions, found.hidden.score, strict=True))
        over = any(score < each.interval.low for each, score in pairs)
        under = any(score > each.interval.high for each, score in pairs)
        assert ("too much" in words, "too little" in words) == (over, under), words
        assert ("saw that coming" in words or "next to nothing" in words) == (
            not over and not under
        ), words
        told.add(words.rpartition(". ")[2])
    assert len(told) > 5


def test_every_explorer_stands_on_a_page():
    assert {explorer(name).charts.name for name in MAKERS} == {figure for _, figure in ON_PAGES}
    assert len(set(ON_PAGES)) == len(ON_PAGES) >= len(MAKERS)


@pytest.fixture(scope="module")
def stage(browser, tmp_path_factory):
    """A page with all explorers and the book's scripts, apart from the book."""
    import vl_convert

    folder = tmp_path_factory.mktemp("stage")
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    (folder / "mirage-vega.js").write_text(f"(() => {{{bundle}}})();")
    scripts = ("mirage-drawing.js", "mirage-explorer.js")
    for script in scripts:
        (folder / script).write_text((ROOT / "book/_static" / script).read_text())
    loaded = "".join(f'<script defer src="{script}"></script>' for script in scripts)
    style = plots.stylesheet() + (ROOT / "book/_static/mirage.css").read_text()
    body = "".join(explorer(name).html() for name in MAKERS)
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Stage</title><style>{style}</style>'
        f"<body>{body}{loaded}</body></html>"
    )
    page, trouble = visit(browser, f"file://{folder}", "index.html", 1000, "light")
    for name in MAKERS:
        awake(page, explorer(name).still.name)
    page.trouble = trouble
    yield page
    page.close()


def awake(page, figure):
    """Scroll to an explorer and wait until it moves."""
    page.evaluate(f"document.getElementById('{figure}').scrollIntoView()")
    page.wait_for_function(f"document.getElementById('{figure}').dataset.live === 'yes'")


def rows(page, name):
    """What the charts draw now, and what NumPy makes of the same values."""
    about = explorer(name)
    js = f"mirage.explorers.get('{about.still.name}')"
    page.evaluate(f"{js}.update()")
    drawn = pd.DataFrame(page.evaluate(f"{js}.rows()"))
    state = page.evaluate(f"{js}.state")
    for key, control in about.controls.items():
        if control.format == "whole":
            state[key] = int(state[key])
    return drawn, state


def move(page, figure, control, position):
    page.locator(f"#{figure} [name={control}]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", position
    )


@pytest.mark.parametrize("name", MAKERS)
def test_every_control_moves_the_curve_to_where_numpy_puts_it(stage, name):
    about = explorer(name)
    figure = about.still.name
    fields = list(about.charts.columns)
    seen = []

    def same():
        drawn, state = rows(stage, name)
        seen.append(drawn[fields].to_json())
        if name == "measured" and state["n"] < about.controls["n"].values[-1]:
            return  # a smaller test is drawn: see below
        computed = REFERENCES[name](**state)
        assert len(drawn) == len(computed), state
        for field in fields:
            found = drawn[field].astype(float).to_numpy()
            close = CLOSE
            if "tests" in about.charts.constants and field in (
                "count",
                "low",
                "high",
            ):  # interpolated between tabulated ones
                # Between tabulated counts; a hundredth of a standard deviation, or one item where that is more.
                count, n = computed["count"].to_numpy(), state["n"]
                spread = np.sqrt(np.maximum(count * (1 - count / n), 1))
                most = np.where(np.minimum(count, n - count) <= 10, 0, np.maximum(1, 0.01 * spread))
                close = {
                    "rtol": 1e-5,
                    "atol": (most if field == "count" else 1.5 * most / n) + 1e-7,
                }
                assert (
                    abs(found - computed[field]) <= close["atol"] + 1e-5 * computed[field]
                ).all(), (field, state)
                continue
            rounding = (
                {"rtol": 1e-5, "atol": 1e-6}
                if name in ("assumptions", "measured", "lengths", "two_metrics")
                else close
            )
            np.testing.assert_allclose(
                found, computed[field], **rounding, err_msg=f"{field} {state}"
            )

    same()
    for key, control in about.controls.items():
        if isinstance(control, Choice):
            for _, value in control.options:
                stage.locator(f"#{figure} [name={key}]").select_option(value)
                same()
        else:
            last = len(control.values) - 1 if isinstance(control, Steps) else None
            for part in (0.0, 0.37, 1.0):
                at = (
                    control.low + part * (control.high - control.low)
                    if last is None
                    else round(part * last)
                )
                move(stage, figure, key, at)
                same()
        stage.locator(f"#{figure} button[type=reset]").click()
        stage.wait_for_timeout(20)
    same()
    assert seen[0] == seen[-1]  # reset
    assert len(set(seen)) > len(about.controls)  # the controls do something
    assert stage.trouble == []


@pytest.mark.parametrize("n", [1, 7, 21, 200, 5_153, 1_000_000])
def test_tabulated_counts_are_those_of_the_binomial_distribution(n):
    rng = np.random.default_rng(n)
    uniforms = rng.random(4)
    (table,) = tabulated([n], uniforms)
    k = counts(n)
    assert k[0] == 0
    assert k[-1] == n
    assert len(k) <= 60
    assert (n - k[::-1]).tolist() == k.tolist()
    assert set(range(min(10, n) + 1)) <= set(k.tolist())
    low, high = resolution.binomial_interval(k, n)
    np.testing.assert_allclose(np.sin(table["low"]) ** 2, low, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(np.sin(table["high"]) ** 2, high, rtol=1e-5, atol=1e-12)
    for u, least in zip(uniforms, table["least"], strict=True):
        # As the page carries angles: just below, and just above, where k is reached.
        below, above = (
            stats.binom.ppf(u, n, np.sin(np.array(least[1:]) + d) ** 2) for d in (-1e-6, 1e-6)
        )
        assert (below < k[1:]).all()
        assert (k[1:] <= above).all()


def test_every_metric_over_a_grid_in_vega(stage):
    values = {
        "p": [0.0, 1e-6, 0.01, 0.2, 0.37, 0.5, 0.73, 0.9, 0.999, 1 - 1e-6, 1.0],
        "L": [1, 5, 40], "m": [1, 4], "K": [3, 10], "s": [0.1, 0.8, 2.0], "c": [0.05, 0.6],
        "k": [1, 30], "w": [4], "b": [3],
    }  # fmt: skip
    # Beside 1e-9 of the value, a few units in the last place of one: near the ends of p some expressions
    # are differences of terms of size one.
    for metric in METRICS.values():
        names = [str(symbol) for symbol in metric.arguments]
        points = list(itertools.product(*(values[n] for n in names)))
        data = [dict(zip(names, point, strict=True)) for point in points]
        text = vega(metric.expression, {s: f"datum.{s}" for s in metric.arguments})
        found = stage.evaluate(
            """async ([values, text]) => {
              const place = document.createElement('div');
              const made = await vegaEmbed(place, {mode: 'vega', spec: {
                $schema: 'https://vega.github.io/schema/vega/v6.json',
                data: [{name: 'rows', values, transform: [{type: 'formula', as: 'y', expr: text}]}]},
              }.spec, {mode: 'vega', actions: false});
              return made.view.data('rows').map(row => row.y);
            }""",
            [data, text],
        )
        for point, y in zip(data, found, strict=True):
            expected = float(metric.expected(**point))
            given = float("inf") if y is None else y
            assert given == expected or np.isclose(given, expected, rtol=1e-9, atol=1e-15), (
                metric.name, point, given, expected,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("L", "K", "s", "c", "k"),
    [(5, 4, 0.35, 0.1, 10), (1, 3, 0.05, 0.01, 1), (50, 20, 2.0, 0.9, 1000)],
)
def test_the_explorer_of_metrics_says_when_and_how_wide(L, K, s, c, k):
    expressions, token = explorer_metrics._rise(), rise(METRICS["token_accuracy"])
    given = {"v_alpha": 0.5, "v_L": L, "v_K": K, "v_s": s, "v_c": c, "v_k": k}
    given |= explorer_metrics._tabulated_levels()
    for name, metric in METRICS.items():
        if metric.gentle == "loss":
            assert evaluated([explorer_metrics._place(1)], {**given, "v_metric": name}) == [None]
            continue
        found = evaluated(expressions, {**given, "v_metric": name})
        half, width = rise(metric, L=L, m=L, K=K, s=s, c=c, k=k, w=4, b=4)
        assert found == pytest.approx([(half - token.half) / 0.5, width / 0.5], abs=2e-5), name


def test_the_explorer_of_metrics_in_words():
    about = explorers.one_metric(metric="exact_match")
    assert "half-way 1.40 decades later than token accuracy, and rises over 2.68 decades: 100% of the width" in about.still.alt  # fmt: skip
    assert "is half-way where token accuracy is" in explorers.one_metric(metric="rouge_l_sum").still.alt  # fmt: skip
    assert "0.50 decades earlier" in explorers.one_metric(metric="brier").still.alt
    assert "has no end" in explorers.one_metric(metric="log_score").still.alt


def test_the_score_of_points_is_equation_1():
    rng = np.random.default_rng(1)
    names = [f"v_y{i}" for i in range(8)]
    for y in [
        *rng.normal(size=(20, 8)),
        np.arange(8) / 10.0,
        np.r_[0.9, np.zeros(7)],
        np.full(8, 0.5),
    ]:
        (found,) = evaluated([score_expression(names)], dict(zip(names, y.tolist(), strict=True)))
        expected = emergence_score(y).value
        if np.isfinite(expected):
            np.testing.assert_allclose(found, expected, rtol=1e-9)
        else:
            assert found is None


def test_how_often_noise_scores_as_high_is_right_to_a_tenth_of_a_per_cent():
    grid, above = noise_above()
    null = gaussian_null(8)
    for score in (0.7, 2.0, 5.0, 12.0, 40.0):
        i = int(np.clip(round((np.log(score) - grid[0]) / (grid[1] - grid[0])), 0, len(grid) - 1))
        assert above[i] == pytest.approx((null >= score).mean(), abs=1e-3)
        # The noise has no sign: as many score below a fall as above a rise.
        assert (null >= -score).mean() == pytest.approx(1 - above[i], abs=3e-3)


def test_numbers_in_words():
    words = {
        "size": {999.0: "999", 1.5e6: "1.5M", 2.04e9: "2.04B", 1.746e11: "175B", 3e12: "3T", 999_900.0: "1M"},
        "whole": {12_345.0: "12,345", 0.6: "1"},
        "fixed1": {0.25: "0.3", -1.5: "−1.5"},
        "fixed2": {1.0: "1.00", -0.5: "−0.50"},
        "digits3": {0.0: "0", 7.256: "7.26", 12_345.0: "12300", 4e-9: "4 × 10⁻⁹", 2.5e12: "2.5 × 10¹²"},
        "percent": {
            0.0: "0%", 1.0: "100%", 0.5: "50%", 0.0625: "6.3%", 0.0004: "0.04%", 4.12e-6: "0.00041%", 1e-12: "under 0.00001%",
            0.9996: "over 99.9%", 0.9994: "99.9%",
        },
    }  # fmt: skip
    for how, cases in words.items():
        assert evaluated([written(repr(v), how) for v in cases], {}) == list(cases.values()), how
    assert evaluated([written("1 / 0", "digits3"), written("0 / 0", "digits3"), written("null", "percent")], {}) == ["∞", "–", "–"]  # fmt: skip
    assert {*words, "text"} == set(FORMATS)


@pytest.mark.parametrize("value", [*10.0 ** np.arange(-14, 0), *(1 - 10.0 ** np.arange(-14, -1))])
def test_nothing_is_said_to_be_nothing_or_everything_that_is_not(value):
    (said,) = evaluated([written(repr(float(value)), "percent")], {})
    assert said not in ("0%", "100%")
    assert not re.fullmatch(r"0\.0*%", said)


@pytest.mark.parametrize("name", MAKERS)
def test_the_picture_says_and_draws_what_the_page_does(stage, name):
    """One specification: Vega in the browser and vl-convert's make the same sentence, the same texts and the same table."""
    about = explorer(name)
    figure = about.still.name
    stage.locator(f"#{figure} button[type=reset]").click()
    stage.wait_for_timeout(30)
    stage.evaluate(f"mirage.explorers.get('{figure}').update()")
    here = stage.locator(f"#{figure}")
    assert here.locator(".mb-says").inner_text() in about.still.alt
    stage.evaluate(f"document.querySelector('#{figure} .mb-numbers').open = true")
    stage.evaluate(f"mirage.explorers.get('{figure}').table()")
    cells = "[...document.querySelectorAll('#%s .mb-numbers tbody tr')].map(r => [...r.children].map(c => c.textContent))"
    shown = stage.evaluate(cells % figure)
    stage.evaluate("html => { const t = document.createElement('template'); t.innerHTML = html; window.made = t.content; }", about.html())  # fmt: skip
    made = stage.evaluate("[...made.querySelectorAll('.mb-numbers tbody tr')].map(r => [...r.children].map(c => c.textContent))")  # fmt: skip
    assert shown == made
    outputs = "%s.querySelectorAll('output')"
    live, still = (
        stage.evaluate(f"[...{outputs % where}].map(o => o.textContent)")
        for where in (f"document.getElementById('{figure}')", "made")
    )
    assert live == still
    stage.evaluate(f"document.querySelector('#{figure} .mb-numbers').open = false")


def test_a_slider_that_does_nothing_is_not_shown(stage):
    about = explorer("one_metric")
    figure = about.still.name
    for metric in METRICS.values():
        stage.locator(f"#{figure} [name=metric]").select_option(metric.name)
        stage.evaluate(f"mirage.explorers.get('{figure}').update()")
        shown = {n for n in about.controls if stage.locator(f"#{figure} [name={n}]").is_visible()}
        used = {{"m": "L"}.get(n, n) for n in metric.parameters} & set(about.controls)
        assert shown == {"metric", "alpha"} | used, metric.name
    stage.locator(f"#{figure} button[type=reset]").click()
    about.widget()
    about.inputs["metric"].value = "token_accuracy"
    assert about.inputs["L"].layout.display == "none"
    about.reset()
    assert about.inputs["L"].layout.display is None


def places(control):
    """Values of a control: its ends and one between."""
    if isinstance(control, Choice):
        return [value for _, value in control.options]
    if isinstance(control, Steps):
        return [control.values[i] for i in (0, len(control.values) // 2, -1)]
    number = int if control.format == "whole" else float
    return [number(control.low + part * (control.high - control.low)) for part in (0, 0.5, 1)]


@pytest.mark.parametrize("name", MAKERS)
def test_the_sentence_follows_every_control(name):
    """Who cannot see the chart has the sentence: one that stays as it was says that nothing has happened."""
    about = explorer(name)
    for key, control in about.controls.items():
        used = (
            [about.start | {"metric": m.name} for m in METRICS.values()]
            if name == "one_metric"
            else [about.start]
        )
        where = next(
            start for start in used
            if evaluated([control.where], about.given(start)) == [True]
        )  # fmt: skip
        if "preset" in about.start and key != "preset":
            where = where | {"preset": "drawn"}
        said = set()
        for value in places(control):
            values = where | {key: value}
            if key == "preset":
                values |= about.charts.presets.get(value, {})
            said |= set(evaluated([about.charts.says], about.given(values)))
        assert len(said) > 1, (key, said)


def test_two_metrics_say_what_the_library_measures():
    about = explorer("two_metrics")
    for task, skip in itertools.product(RISING, (0, 2)):
        (said,) = evaluated([about.charts.says], about.given({"case": task, "skip": skip}))
        size, *scores = (y[skip:] for y in RISING[task])
        if task == "flat":
            assert "does not rise" in said
            continue
        found = rises(size, {str(i): y[:, None] for i, y in enumerate(scores)}, draws=1)
        (half, wide, excess) = zip(*found.of.values(), strict=True)
        assert f"later by {half[0] - half[1]:.2f} decades" in said.replace(
            "earlier by ", "later by -"
        )
        assert f"{wide[0]:.2f} and {wide[1]:.2f} decades" in said
        assert (
            f"line: {f'{excess[0]:.3g}' if np.isfinite(excess[0]) else '∞'} and {excess[1]:.3g}."
            in said
        )
        assert ("Without the 2 smallest" in said) == (skip == 2)


def test_an_excess_below_zero_is_no_infinity():
    """A curve that is highest before it is lowest has a negative score; one with a level step in the middle may have an infinite one."""
    size, falls = 10.0 ** np.arange(3, 8), np.array([0.2, 0.9, 0.1, 0.8, 0.5])
    level = np.array([0, 0, 0, 0, 1.0])
    about = explorers.two_metrics(
        {"a": (size, falls, level)}, harsh="h", soft="s", label="task", x="N", start="a",
        caption="Made up, n = 100.", source="Made up.", kind="simulation",
    )  # fmt: skip
    (said,) = evaluated([about.charts.says], about.given({"case": "a", "skip": 0}))
    # range 0.8, median of the steps 0.7, four steps in a line
    assert "straight line: −0.286 and ∞." in said
    (said,) = evaluated([about.charts.says], about.given({"case": "a", "skip": 1}))
    assert said.endswith("Without the smallest.")


def test_two_metrics_by_a_number_have_a_slider():
    about = explorers.two_metrics(
        {k: (PARAMS, KNOWN**k, KNOWN) for k in (1, 2, 5)}, harsh="all right", soft="one right", label="digits, K", x="N", start=5,
        caption="Made up, n = 100.", source="Made up.", kind="simulation",
    )  # fmt: skip
    assert isinstance(about.controls["case"], Steps)
    said = {
        k: evaluated([about.charts.says], about.given({"case": k, "skip": 0}))[0] for k in (1, 5)
    }
    assert said[1].startswith("digits, K = 1: half-way up at")
    assert "at the same place" in said[1]
    assert "later by" in said[5]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"cases": {"a": (PARAMS[:3], KNOWN[:3], KNOWN[:3])}}, "at least 4 sizes"),
        ({"cases": {"a": (PARAMS, KNOWN + 1, KNOWN)}}, "harsh"),
        ({"start": "b"}, "one of a"),
    ],
)
def test_two_metrics_refuse_what_is_no_rise(change, said):
    asked = {
        "cases": {"a": (PARAMS, KNOWN, KNOWN)}, "harsh": "h", "soft": "s", "label": "task", "x": "N", "start": "a",
        "caption": "Made up.", "source": "Made up.", "kind": "simulation",
    }  # fmt: skip
    with pytest.raises(FieldError, match=said):
        explorers.two_metrics(**(asked | change))


@pytest.mark.parametrize("name", MAKERS)
def test_axes_of_scores_stay_where_they_are(name):
    """An axis that follows the data moves under the eye, and makes every curve as high as the picture."""
    for panel in explorer(name).charts.panels:
        scales = [
            layer["encoding"]["y"]["scale"] for layer in panel["layer"]
            if "scale" in layer["encoding"].get("y", {})
        ]  # fmt: skip
        assert scales
        assert any("domain" in s or {"domainMin", "domainMax"} <= set(s) for s in scales), scales


def test_a_metric_that_is_nearly_one_is_not_said_to_be_one():
    about = explorer("one_metric")
    (said,) = evaluated(
        [about.charts.says], about.given(about.start | {"metric": "pass_at_k", "k": 20})
    )
    assert not re.search(r"\bis 1\b|100%", said)


def test_the_last_step_of_skills_leads_out_of_the_logarithmic_picture():
    (line, _) = re.findall(
        r'class="mark-line role-mark[^"]*"[^>]*><path[^>]*? d="M([^"]+)"',
        explorer("skills").picture(K=1, s=1.0).panels[1],
    )
    heights = [float(point.split(",")[1]) for point in line.split("L")]
    assert min(heights) == pytest.approx(0)
    assert max(heights) >= 250


def test_tests_are_as_large_as_the_slider_says():
    """Beyond the size of every test there is only the whole of each, which is no number."""
    about = explorer("measured")
    assert about.controls["n"].values[-2] < 1000
    assert about._steps("n")[-2:] == ["500", "all"]


@pytest.mark.parametrize("width", [390, 1400])
def test_the_keyboard_goes_where_the_eye_goes(stage, browser, width):
    page, _ = visit(browser, stage.url.rpartition("/")[0], "index.html", width, "light")
    for name in MAKERS:
        figure = explorer(name).still.name
        awake(page, figure)
        page.wait_for_timeout(50)
        tops = page.evaluate(
            """id => [...document.getElementById(id).querySelectorAll('[tabindex="0"], select, input, button, summary')]
              .filter(e => e.offsetParent).map(e => Math.round(e.getBoundingClientRect().top))""",
            figure,
        )
        rows = [top // 12 for top in tops]  # a select is a little higher than a slider beside it
        assert all(b >= a - 2 for a, b in itertools.pairwise(rows)), (figure, tops)
    page.close()


@pytest.mark.parametrize("name", MAKERS)
def test_on_a_phone_all_words_of_the_charts_are_seen_and_controls_with_them(stage, browser, name):
    # The book's own margins take 16 of the 390 pixels.
    page, _ = visit(browser, stage.url.rpartition("/")[0], "index.html", 374, "light")
    about = explorer(name)
    figure = about.still.name
    awake(page, figure)
    cut = """id => [...document.querySelectorAll(`#${id} .mb-slot`)].flatMap(slot => {
      const place = slot.getBoundingClientRect();
      return [...slot.querySelectorAll('text')].filter(text => text.textContent).filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < place.left - 1 || box.right > place.right + 1;
      }).map(text => text.textContent);
    })"""
    below = """id => { const f = document.getElementById(id);
      return f.querySelector('.mb-controls').getBoundingClientRect().bottom - f.getBoundingClientRect().top }"""
    for key, control in about.controls.items():
        if not page.locator(f"#{figure} [name={key}]").is_visible():
            continue
        for part in (0, 1):
            if isinstance(control, Choice):
                value = control.options[-part][1]
                page.locator(f"#{figure} [name={key}]").select_option(value)
            else:
                ends = "(e, v) => { e.value = v ? e.max : e.min; e.dispatchEvent(new Event('input', {bubbles: true})); }"
                page.locator(f"#{figure} [name={key}]").evaluate(ends, part)
            page.evaluate(f"mirage.explorers.get('{figure}').update()")
            page.wait_for_timeout(20)
            assert page.evaluate(cut, figure) == [], (key, part)
            assert page.evaluate(below, figure) <= 664, (key, part)
        page.locator(f"#{figure} button[type=reset]").click()
        page.wait_for_timeout(20)
    page.close()


def test_steps_of_sliders():
    assert round_numbers(10, 1000, 200) == (10, 20, 50, 100, 200, 500, 1000)
    assert round_numbers(10, 1000, 137) == (10, 20, 50, 100, 137, 200, 500, 1000)
    assert round_numbers(10, 5153, 5153)[-2:] == (5000, 5153)
    steps = powers(1e6, 1e12, 0.05, 1e9)
    assert (steps[0], steps[-1], len(steps)) == (1e6, 1e12, 121)
    assert 1.3e9 in powers(1e6, 1e12, 0.05, 1.3e9)
    with pytest.raises(FieldError, match="critical scale N_c"):
        explorers.one_token(N_c=1e13)
    with pytest.raises(FieldError, match="test items n"):
        explorers.items(n=3)


def test_an_address_brings_back_the_values(stage, browser):
    figure = explorer("one_token").still.name
    address = stage.url.partition("#")[0] + f"#{figure}&alpha=1.25&N_c=1e8&E=0.5"
    page = browser.new_page()
    page.goto(address)
    awake(page, figure)
    state = page.evaluate(f"mirage.explorers.get('{figure}').state")
    assert state == {"alpha": 1.25, "N_c": 1e8, "E": 0.5}
    # What the page writes when a slider is moved is what it reads.
    move(page, figure, "alpha", 0.75)
    page.wait_for_function("location.hash.includes('alpha=0.75')")
    assert "E=0.5" in page.url
    page.close()


def test_a_broken_address_changes_nothing(stage, browser):
    figure = explorer("measured").still.name
    page = browser.new_page()
    page.goto(
        stage.url.partition("#")[0] + f"#{figure}&n=lots&task=nonsense&other=1&metric=loss&axis"
    )
    awake(page, figure)
    state = page.evaluate(f"mirage.explorers.get('{figure}').state")
    assert state == {**explorer("measured").start, "metric": "loss"}
    page.close()


@pytest.mark.parametrize("address", ["&alpha=%", "%E0%A4%A", "&alpha=&E=", "&alpha", "&&="])
def test_an_address_that_is_none_leaves_a_living_explorer(stage, browser, address):
    figure = explorer("one_token").still.name
    page = browser.new_page()
    page.goto(stage.url.partition("#")[0] + f"#{figure}{address}")
    awake(page, figure)
    assert page.evaluate(f"mirage.explorers.get('{figure}').state") == explorer("one_token").start
    # A link that is followed within the page counts too; what lies beyond a slider is its end.
    page.evaluate(f"location.hash = '#{figure}&alpha=1.5&N_c=1e300'")
    page.wait_for_function(f"mirage.explorers.get('{figure}').state.alpha === 1.5")
    assert page.evaluate(f"mirage.explorers.get('{figure}').state.N_c") == 1e12
    page.close()


def test_an_address_may_name_a_shape_or_points(stage, browser):
    about = explorer("drawn_points")
    figure, shapes = about.still.name, about.charts.presets
    page = browser.new_page()
    for address, preset, points in (
        ("&preset=step", "step", shapes["step"]),
        ("&preset=step&y1=0.9", "drawn", {**shapes["step"], "y1": 0.9}),
    ):
        page.goto(stage.url.partition("#")[0] + f"?{preset}#{figure}{address}")
        awake(page, figure)
        assert page.evaluate(f"mirage.explorers.get('{figure}').state") == {
            "preset": preset,
            **points,
        }
    page.close()


def test_where_vega_cannot_be_loaded_the_still_picture_says_so(stage, browser):
    page = browser.new_page()
    page.route("**/mirage-vega.js", lambda route: route.abort())
    page.goto(stage.url.partition("#")[0])
    figure = explorer("one_token").still.name
    page.evaluate(f"document.getElementById('{figure}').scrollIntoView()")
    page.wait_for_selector(f"#{figure} .mb-failed:not([hidden])")
    assert not page.locator(f"#{figure} form").is_visible()
    assert page.locator(f"#{figure} .mb-panels svg").first.is_visible()
    page.close()


@pytest.mark.parametrize("values", [{"alpha": 0.75}, {"alpha": 2.0, "L": 50}, {"alpha": 1.2}])
def test_what_is_too_small_for_a_number_is_no_score_of_one(values):
    """A line on a logarithmic axis begins where it can be drawn, and not at the top."""
    for name, at in (("many_tokens", 1), ("items", 1)):
        about = explorer(name)
        svg = about.picture(**{**about.start, **values}).panels[at]
        (line,) = re.findall(r'class="mark-line role-mark[^"]*"[^>]*><path[^>]*? d="M([^"]+)"', svg)
        first, _, *_ = line.split("L")
        assert float(first.split(",")[1]) > 100, line[:60]


def test_a_strip_of_charts_can_be_swiped_and_only_points_are_dragged(stage):
    for name in MAKERS:
        drawable = stage.locator(f"#{explorer(name).still.name} .mb-drawable").count()
        assert drawable == (name == "drawn_points"), name


@pytest.mark.parametrize(
    ("make", "given", "said"),
    [
        ("one_token", {"alpha": "0.5"}, "exponent α"), ("one_token", {"alpha": float("nan")}, "exponent α"),
        ("many_tokens", {"L": 2.5}, "target length L"), ("many_tokens", {"items": 137.5}, "test items n"),
        ("items", {"N_c": -1}, "N_c"), ("one_metric", {"N_c": float("nan")}, "N_c"),
    ],
)  # fmt: skip
def test_what_is_no_value_of_a_slider_is_refused(make, given, said):
    with pytest.raises(FieldError, match=said):
        MAKERS[make].__call__(**given)


def test_numbers_of_numpy_and_values_between_steps_are_kept():
    about = explorers.one_token(alpha=np.float64(0.333), N_c=np.float64(2e9))
    assert 'step="any" value="0.333"' in about.html()
    assert explorers.many_tokens(items=np.int64(137)).start["items"] == 137


def test_in_a_kernel_a_moved_point_is_nobodys_shape():
    about = explorers.drawn_points()
    about.widget()
    about.inputs["y3"].value = 0.9
    assert about.inputs["preset"].value == "drawn"
    about.inputs["preset"].value = "law"
    assert about.values == about.start


def test_a_shape_sets_the_points_and_a_moved_point_is_nobodys_shape(stage):
    about = explorer("drawn_points")
    figure = about.still.name
    js = f"mirage.explorers.get('{figure}').state"
    for shape, points in about.charts.presets.items():
        stage.locator(f"#{figure} [name=preset]").select_option(shape)
        state = stage.evaluate(js)
        assert {k: v for k, v in state.items() if k != "preset"} == pytest.approx(dict(points))
        score = emergence_score(list(points.values())).value
        # The charts write a minus sign, not a hyphen.
        words = (
            f"{score:.3g}, excess {score / 7:.3g}:".replace("-", "−")
            if np.isfinite(score)
            else "infinite"
        )
        stage.wait_for_function(
            "([id, text]) => document.querySelector(`#${id} .mb-says`).textContent.includes(text)",
            arg=[figure, words],
        )
    move(stage, figure, "y3", 0.9)
    assert stage.evaluate(js)["preset"] == "drawn"
    stage.locator(f"#{figure} button[type=reset]").click()


def test_points_follow_the_pointer(stage):
    figure = explorer("drawn_points").still.name
    stage.evaluate(f"document.getElementById('{figure}').scrollIntoView()")
    place = stage.locator(f"#{figure} .mb-slot").bounding_box()
    before = stage.evaluate(f"mirage.explorers.get('{figure}').state")
    stage.mouse.move(place["x"] + place["width"] * 0.55, place["y"] + place["height"] * 0.3)
    stage.mouse.down()
    stage.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + place["height"] * 0.25)
    stage.mouse.up()
    after = stage.evaluate(f"mirage.explorers.get('{figure}').state")
    changed = [key for key in before if before[key] != after[key]]
    assert "preset" in changed
    assert 1 <= len([key for key in changed if key.startswith("y")]) <= 2
    stage.locator(f"#{figure} button[type=reset]").click()


def test_a_finger_moves_the_point_that_it_is_on_and_scrolls_the_page_elsewhere(stage):
    figure = explorer("drawn_points").still.name
    state = f"mirage.explorers.get('{figure}').state"
    stage.evaluate(f"document.getElementById('{figure}').scrollIntoView({{block: 'center'}})")

    def at(i):
        return stage.evaluate(
            """([id, i]) => {
              const explorer = mirage.explorers.get(id), view = explorer.views[0], [left, top] = view.origin();
              const box = document.querySelector(`#${id} .mb-drawable svg`).getBoundingClientRect();
              const share = explorer.state[`y${i}`];
              return [box.left + left + view.width() * (i - 1) / 7, box.top + top + view.height() * (1 - share)];
            }""",
            [figure, i],
        )

    scrolled = stage.evaluate("scrollY")
    x, y = at(3)
    swipe(stage, x, y, 0, -100)
    after = stage.evaluate(state)
    assert after["y3"] > explorer("drawn_points").start["y3"] + 0.3
    assert stage.evaluate("scrollY") == scrolled
    x, y = at(3)
    swipe(stage, x, y + 80, 0, -60)
    assert stage.evaluate(state) == after
    assert stage.evaluate("scrollY") > scrolled
    stage.evaluate(f"scrollTo(0, {scrolled})")
    x, y = at(5)
    swipe(stage, x, y - 100, 0, 0)  # a tap
    assert stage.evaluate(state)["y5"] > after["y5"] + 0.3
    stage.locator(f"#{figure} button[type=reset]").click()


def of_products(values):
    """What the sentence on a product of parts says: factors of size, decades and shares, by another route than its own."""
    parts = by_numpy.of_parts(**values)

    def reaches(parts, level):
        def off(u):
            return np.prod([d.cdf(10**u) for d in parts]) - level

        return optimize.brentq(off, -6, 6, xtol=1e-12)

    first, low, half, high = (reaches(parts, level) for level in (0.01, 0.1, 0.5, 0.9))
    equal = reaches([parts[-1]] * len(parts), 0.5)
    part = np.diff(np.log10(parts[-1].ppf([0.1, 0.9])))[0]
    return 10**half, 10**equal, high - low, part, parts[-1].cdf(10**first), parts[0].cdf(10**first)


def test_products_are_as_late_and_as_sharp_as_they_are_said_to_be():
    about = explorer("products")
    verdicts = collections.Counter()
    ratios, alphas = about.controls["ratio"].values, about.controls["alpha"].values
    for parts, ratio, alpha, (_, law) in itertools.product(
        (2, 3, 6, 10), ratios, alphas, about.controls["law"].options
    ):
        values = {"parts": parts, "ratio": ratio, "alpha": alpha, "law": law}
        (words,) = evaluated([about.charts.says], about.given(values))
        half, equal, wide, part, hardest, easiest = of_products(values)
        # What the chapter says of the first law; the others are later, sharper or gentler, and it is said.
        if law == "loss":
            C = (np.geomspace(1 / ratio, 1, parts) ** alpha).sum() ** (1 / alpha)
            assert half == pytest.approx(C, rel=1e-8)
            assert half <= parts ** (1 / alpha) * (1 + 1e-9)
            assert wide == pytest.approx(part, abs=1e-8)
            assert "and no sharper" in words
        told = re.search(r"half-way at ([\d.]+) times", words)
        assert (told is None) == (half < 1.005), words
        assert ("practically" in words) == ("hardly later" in words) == (told is None)
        assert told is None or float(told[1]) == pytest.approx(half, rel=0.0052)
        told = re.search(r"were all as hard, at ([\d.]+) times", words)
        assert (told is None) == (ratio == 1)
        assert told is None or float(told[1]) == pytest.approx(equal, rel=0.0052)
        told = re.search(r"takes ([\d.]+) decades, each part’s ([\d.]+): ", words)
        assert [float(v) for v in told.groups()] == pytest.approx([wide, part], abs=0.00505)
        told = re.search(r"(gentler|sharper) by ([\d.]+)%", words)
        change = wide / part - 1
        assert ("no sharper" in words) == (told is None) == (abs(change) < 0.005), words
        if told:
            assert {"gentler": 1, "sharper": -1}[told[1]] * float(told[2]) / 100 == pytest.approx(change, abs=6e-4)  # fmt: skip
        verdicts[law, told and told[1]] += 1
        shares = re.findall(r"right in (?:(?:over )?([\d.]+)%)", words.rpartition("once in 100")[2])
        shares += re.findall(r"its easiest in (?:over )?([\d.]+)%", words)
        expected = [hardest] if ratio == 1 else [hardest, easiest]
        known = np.minimum(expected, 0.999)  # over 99.9%
        assert [float(v) / 100 for v in shares] == pytest.approx(known, abs=6e-4)
    assert set(verdicts) == {
        ("loss", None), ("odds", None), ("odds", "sharper"), ("error", None), ("error", "gentler"),
    }  # fmt: skip


@pytest.mark.parametrize("law", ["loss", "odds", "error"])
def test_many_equal_parts_of_any_law_near_the_curve_of_the_first(law):
    gaps = []
    for parts in (2, 10, 100, 10_000):
        (part,) = by_numpy.of_parts(1, 1, 1.0, law)
        x = part.ppf(np.array([0.1, 0.5, 0.9]) ** (1 / parts))
        gaps.append(abs(np.log10(x[2] / x[0]) - np.log10(np.log(0.1) / np.log(0.9))))
    assert gaps[-1] < 1e-3
    assert all(b <= a + 1e-9 for a, b in itertools.pairwise(gaps))


def test_the_picture_of_a_product_marks_what_is_half_way():
    """The task's point lies on its own curve, and one point is drawn for each part."""
    about = explorer("products")
    for parts in (2, 7, 10):
        half, *_ = of_products({**about.start, "parts": parts})
        (layer,) = (each for each in about.charts.panels[0]["layer"] if each["mark"]["type"] == "point")  # fmt: skip
        place = next(t["calculate"] for t in layer["transform"] if t.get("as") == "size")
        given = about.given({**about.start, "parts": parts})
        found = evaluated([place.replace("datum.i", f"({i})") for i in range(-1, parts)], given)
        assert found == pytest.approx([half, *np.geomspace(1, 0.1, parts)], rel=1e-4)


def said(**values):
    """The sentences of the first page's picture at some values of its controls."""
    about = explorer("ladder")
    return evaluated([about.charts.says], about.given({**about.start, **values}))[0]


def test_a_harsher_metric_is_later_and_never_sharper():
    before = said(L=1)
    for L in LENGTHS[1:]:
        after = said(L=L)
        assert after != before
        assert (
            f"All of {L} tokens right: the same curve, only later, at models {L} times larger."
            in after
        )
        assert not re.search("sharper|steeper|sudden", after)
        before = after
    assert "later" not in said(L=1)


def test_the_rise_is_equally_wide_for_every_number_of_tokens():
    """In the picture's own expressions, and measured on its own curves."""
    about, widths = explorer("ladder"), []
    bars = [layer for layer in about.charts.panels[0]["layer"] if "x2" in layer["encoding"]]
    assert len(bars) == 2
    for L in LENGTHS:
        given = about.given({**about.start, "L": L})
        for bar in bars:
            ends = [
                step["calculate"] for step in bar["transform"] if step.get("as") in ("low", "high")
            ]
            low, high = map(float, evaluated(ends, given))
            widths.append(np.log10(high / low))
        N = np.geomspace(1e6, 1e16, 4001)
        curve = Curve(N, np.exp(-L * 2e9 / N))
        assert width(curve) == pytest.approx(widths[-1], abs=2e-3), L
    assert np.ptp(widths) < 1e-9
    assert widths[0] == pytest.approx(np.log10(np.log(10) / -np.log(0.9)))
    assert all("a factor of 22 in size" in said(L=L) for L in LENGTHS)


def test_the_ladder_s_sentence_follows_every_control():
    about = explorer("ladder")
    steps = about.controls["items"].values
    by_items = [
        int(re.search(r"items, (none|\d+) of", said(items=n))[1].replace("none", "0"))
        for n in steps
    ]
    assert by_items == sorted(by_items, reverse=True)
    assert by_items[0] > by_items[-1]
    ends = {sizes: said(sizes=sizes).rpartition("; ")[2] for sizes in ("many", "gpt3", "four")}
    assert len(set(ends.values())) == 3
    assert "so it looks like a slope" in ends["many"]
    assert "so it looks like a jump" in ends["gpt3"]
    assert "so it looks like a jump" in ends["four"]
    assert "so it looks like a slope" in said(L=1)
    assert "so it looks like a slope" in said(L=1, sizes="four")
    # What it says of zeros and steps is what the dots show.
    for L, items, sizes in itertools.product((1, 5, 20, 50), (50, 200, 10_000), ends):
        share = by_numpy.ladder(L, items, sizes)["count"].to_numpy() / items
        words = said(L=L, items=items, sizes=sizes)
        zeros, part = (share == 0).sum(), np.diff(share).max() / share.max()
        assert f" items, {zeros or 'none'} of " in words
        told = int(re.search(r"(\d+)% of what is seen", words)[1]) / 100
        jump = part >= 0.5 and part >= 2 / (len(share) - 1)  # twice an even step
        assert ("jump" in words) == jump
        assert (
            (part - 0.01 <= told <= part + 1e-9) if jump else (part - 1e-9 <= told <= part + 0.01)
        )


def unequal(spread, width, n, u):
    """Questions of the explorer of unequal items, by size and question."""
    places = np.linspace(-spread / 2, spread / 2, n)
    return 1 / (1 + 81.0 ** (-(u[:, None] - places) / width))


def test_unequal_items_are_as_wide_as_the_library_measures():
    about = explorer("unequal_items")
    u = np.linspace(-14, 14, 5_601)
    told = set()
    for d, w, n in itertools.product((0, 0.25, 1, 2, 3), (0.2, 0.5, 2), (2, 10, 64)):
        (said,) = evaluated([about.charts.says], about.given({"spread": d, "width": w, "n": n}))
        p = unequal(d, w, n, u)
        mean = p.mean(axis=1)
        found = spread(10**u, np.apply_along_axis(own_rise, 0, p))
        wide = width(Curve(10**u, mean))
        if d == 0:
            assert f"rises over {w:.2f} decades, exactly as one question" in said
            assert wide == pytest.approx(w, rel=1e-3)
            assert found.between == pytest.approx(0, abs=1e-9)
            continue
        one, test = map(
            float, re.search(r"over ([\d.]+) decades, .* over ([\d.]+)\.", said).groups()
        )
        assert (one, test) == (w, pytest.approx(wide, abs=0.006))
        between = found.between / found.total
        assert float(re.search(r"make ([\d.]+)%", said)[1]) / 100 == pytest.approx(
            between, abs=6e-4
        )
        assert ("because its questions differ" in said) == (between > 0.5), said
        assert ("because each question is wide" in said) == (between < 0.5), said
        # Steps that are told are steps: as many places where it climbs faster than before and after.
        slope = np.diff(mean)
        tops = (
            (slope[1:-1] > slope[:-2]) & (slope[1:-1] >= slope[2:]) & (slope[1:-1] > 1e-6)
        ).sum()
        if "steps" in said:
            assert f"climbs in {n} steps" in said
            assert tops == n, said
        apart = 100 * abs(mean - unequal(0, wide, 1, u)[:, 0]).max()
        within = float(re.search(r"within ([\d.]+) points? of it", said)[1])
        assert apart <= within <= apart + 0.11, said
        told.add((between > 0.5, "steps" in said))
    assert len(told) == 3


@pytest.mark.parametrize(("d", "w", "n"), [(0, 0.5, 4), (1, 0.5, 2), (2, 0.5, 10), (3, 1.0, 7)])
def test_unequal_items_are_those_of_the_chapter_s_own_measure(d, w, n):
    about = explorer("unequal_items")
    u = np.arange(-7, 7.01, 0.1)
    found = single_items(10**u, np.repeat(unequal(d, w, n, u)[:, None], 3, axis=1))
    assert found.item_width.value == pytest.approx(w, abs=0.03)
    (said,) = evaluated([about.charts.says], about.given({"spread": d, "width": w, "n": n}))
    if d == 0:
        assert found.mean_width.value == pytest.approx(found.item_width.value)
        assert found.between.value == pytest.approx(0, abs=1e-9)
        return
    assert f"the test of {n} over" in said
    told = float(re.search(r" over ([\d.]+)\. ", said)[1])
    assert told == pytest.approx(found.mean_width.value, abs=0.03)
    share = float(re.search(r"make ([\d.]+)%", said)[1]) / 100
    assert share == pytest.approx(found.between.value, abs=0.01)


def test_the_keyboard_alone_is_enough(site, browser):
    page, trouble = visit(browser, f"file://{site}", "notebooks/02_one_token.html", 1400, "light")
    figure = dict(ON_PAGES)["notebooks/02_one_token"]
    awake(page, figure)
    page.locator(f"#{figure} [name=alpha]").focus()
    alpha = page.locator(f"#{figure} output").first
    before, said = alpha.inner_text(), page.locator(f"#{figure} .mb-says").inner_text()
    page.keyboard.press("ArrowRight")
    assert float(alpha.inner_text()) == pytest.approx(float(before) + 0.05)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "N_c"
    page.keyboard.press("End")
    page.wait_for_function(
        "([id, said]) => document.querySelector(`#${id} .mb-says`).textContent !== said", arg=[figure, said]
    )  # fmt: skip
    for expected in ("E", "", ""):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name ?? ''") == expected
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")  # reset
    page.wait_for_function("([id, t]) => document.querySelector(`#${id} output`).value === t", arg=[figure, before])  # fmt: skip
    page.locator(f"#{figure} summary").focus()
    page.keyboard.press("Enter")
    assert page.locator(f"#{figure} .mb-numbers tbody tr").count() > 5
    assert trouble == []
    page.close()


@pytest.mark.parametrize(("name", "figure"), ON_PAGES)
def test_each_explorer_lives_in_its_chapter(site, browser, name, figure):
    page, trouble = visit(browser, f"file://{site}", f"{name}.html", 390, "dark")
    awake(page, figure)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.locator(f"#{figure} .mb-live svg").count() >= 1
    assert len(page.locator(f"#{figure} .mb-says").inner_text().split()) >= 5
    assert page.locator(f"#{figure} script.mb-about").count() == 1
    # What moves, what it moves and what that means are on the screen of a phone together.
    ends = "getBoundingClientRect(), h = f.querySelector('.mb-controls').getBoundingClientRect()"
    height = page.evaluate(
        f"(() => {{ const f = document.getElementById('{figure}'), t = f.{ends}; return h.bottom - t.top }})()"
    )
    assert height <= 664
    keep(page.locator(f"#{figure}"), figure)
    assert trouble == []
    page.close()


def test_without_scripts_the_picture_and_the_numbers_stay(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, figure in ON_PAGES:
        page.goto(f"file://{site}/{name}.html")
        here = page.locator(f"#{figure}")
        assert here.locator(".mb-panels svg").first.is_visible()
        assert not here.locator("form").is_visible()
        assert here.locator(".mb-still:not(.mb-failed)").is_visible()
        assert here.locator("tbody tr").count() >= 5
    context.close()


def test_what_reads_notebooks_starts_without_a_parser_of_addresses():
    """jsonschema, of Altair and nbformat: three seconds at every start, of every chapter too (see pyproject.toml)."""
    assert {"altair", "jsonschema"} <= set(sys.modules)
    assert "rfc3987_syntax" not in sys.modules


def test_an_expression_beyond_vega_is_refused():
    import sympy as sp

    with pytest.raises(FieldError, match="functions that JavaScript has"):
        vega(sp.zeta(p))
    assert vega(CROSS_ENTROPY, {N: "datum.N"}) == "v_E + pow(datum.N/v_N_c, -v_alpha)"


def test_the_grid_is_that_of_vega():
    assert grid(6.0, 13.0, 0.05)[[0, -1]].tolist() == pytest.approx([6.0, 12.95])
    assert len(grid(0.0, 1.0, 0.25)) == 4


@pytest.mark.parametrize("name", MAKERS)
def test_in_a_kernel_the_same_controls_draw_the_same_values(name):
    about = MAKERS[name]()
    about.widget()
    first = next(key for key, c in about.controls.items() if not isinstance(c, Choice))
    control, described = about.inputs[first], about.controls[first]
    values = described.values if isinstance(described, Steps) else (described.low, described.high)
    control.value = next(v for v in values if v != control.value)
    assert about._view.value != about.still.html()
    about.reset()
    assert (
        about.values == pytest.approx(about.start) if first == "y1" else about.values == about.start
    )
    assert about._view.value == about.still.html()


def test_wrong_starting_values_are_named():
    with pytest.raises(FieldError, match="exponent α = 9"):
        explorers.one_token(alpha=9)
    with pytest.raises(FieldError, match="metric = 'nonsense'"):
        explorers.one_metric(metric="nonsense")
    with pytest.raises(FieldError, match="shape = 'nonsense'"):
        explorers.drawn_points(shape="nonsense")
    with pytest.raises(FieldError, match=r"\(sizes, items\)"):
        explorers.threshold([1, 2], [0.1, 0.2], c=0.1, label="x", source="y", kind="our runs")


def test_data_in_a_page_cannot_end_its_script():
    for name in MAKERS:
        html = explorer(name).html()
        assert html.count("</script>") == 1
        start = html.index('class="mb-about">') + len('class="mb-about">')
        json.loads(html[start : html.index("</script>")].replace("<\\/", "</"))


def test_labels_of_chapter_25_fit_beside_their_sliders():
    """JupyterLab cuts a description of more than some thirty letters."""
    assert max(len(c.label) for c in explorers.horizons().controls.values()) <= 30
