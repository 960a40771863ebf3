"""Explorers without a kernel: what the browser computes is what NumPy computes, and everyone can use them."""

from __future__ import annotations

import functools
import itertools
import json
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from pages import keep, visit
from scipy import special, stats

from mirage_utils.curves import resolution
from mirage_utils.errors import FieldError
from mirage_utils.evidence.emergence import emergence_score
from mirage_utils.metrics import METRICS
from mirage_utils.models import bundled
from mirage_utils.models.scores import errors_by_size
from mirage_utils.page import explorers, plots
from mirage_utils.page.explorers.controls import FORMATS, formatted
from mirage_utils.page.explorers.live import grid, vega
from mirage_utils.symbols import CROSS_ENTROPY, N, p

# Rounding of p near one is all that is left of 1 - p there: an absolute allowance beside the relative one.
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


PARAMS = np.geomspace(100, 1e5, 9).round()
KNOWN = np.linspace(0.1, 1, 9)


@functools.cache
def errors():
    units, losses = errors_by_size(bundled("autoencoders_digits").frame)
    return units, losses[:, 0]


MAKERS = {
    "one_token": explorers.one_token,
    "many_tokens": explorers.many_tokens,
    "one_metric": explorers.one_metric,
    "assumptions": explorers.assumptions,
    "items": explorers.items,
    "drawn_points": explorers.drawn_points,
    "measured": explorers.measured,
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
}
ON_PAGES = {
    "notebooks/02_one_token": "fig-one-token-explorer",
    "notebooks/03_many_tokens": "fig-many-tokens-explorer",
    "notebooks/04_does_gpt3_obey": "fig-measured-explorer",
    "notebooks/05_a_field_guide_to_metrics": "fig-one-metric-explorer",
    "notebooks/06_resolution": "fig-items-explorer",
    "notebooks/07_the_emergence_score": "fig-drawn-points",
    "notebooks/08_assumptions": "fig-assumptions-explorer",
    "notebooks/13_a_mirage_we_made": "fig-lengths-explorer",
    "notebooks/15_between": "fig-skills-explorer",
    "notebooks/16_autoencoders": "fig-threshold-explorer",
}


@functools.cache
def explorer(name):
    return MAKERS[name]()


@pytest.fixture(scope="module")
def stage(browser, tmp_path_factory):
    """A page with all explorers and the book's scripts, apart from the book."""
    import vl_convert

    folder = tmp_path_factory.mktemp("stage")
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    (folder / "mirage-vega.js").write_text(f"(() => {{{bundle}}})();")
    script = (ROOT / "book/_static/mirage-explorer.js").read_text()
    (folder / "mirage-explorer.js").write_text(script)
    style = plots.stylesheet() + (ROOT / "book/_static/mirage.css").read_text()
    body = "".join(explorer(name).html() for name in MAKERS)
    (folder / "index.html").write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Stage</title><style>{style}</style>'
        f'<body>{body}<script defer src="mirage-explorer.js"></script></body></html>'
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
    for key, control in about.about.items():
        if control.format == "whole":
            state[key] = int(state[key])
    return drawn, about.live.rows(**state), state


def move(page, figure, control, position):
    page.locator(f"#{figure} [name={control}]").evaluate(
        "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", position
    )


@pytest.mark.parametrize("name", MAKERS)
def test_every_control_moves_the_curve_to_where_numpy_puts_it(stage, name):
    about = explorer(name)
    figure = about.still.name
    fields = list(about.live.columns)
    seen = []

    def same():
        drawn, computed, state = rows(stage, name)
        assert len(drawn) == len(computed), state
        for field in fields:
            found = drawn[field].astype(float).to_numpy()
            np.testing.assert_allclose(found, computed[field], **CLOSE, err_msg=f"{field} {state}")
        seen.append(drawn[fields].to_json())

    same()
    for key, control in about.about.items():
        if control.kind == "choice":
            for _, value in control.options:
                stage.locator(f"#{figure} [name={key}]").select_option(value)
                same()
        else:
            for part in (0.0, 0.37, 1.0):
                move(stage, figure, key, control.low + part * (control.high - control.low))
                same()
        stage.locator(f"#{figure} button[type=reset]").click()
        stage.wait_for_timeout(20)
    same()
    assert seen[0] == seen[-1]  # reset
    assert len(set(seen)) > len(about.about)  # the controls do something
    assert stage.trouble == []


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


def test_the_functions_of_statistics_agree_with_scipy(stage):
    def call(name, cases):
        return np.array(
            stage.evaluate(f"cases => cases.map(c => mirage.functions.{name}(...c))", cases), float
        )

    shapes = [0.5, 1, 2.5, 40, 700, 20_000]
    beta = [[x, a, b] for x in (1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999) for a in shapes for b in shapes]
    expected = np.array([special.betainc(a, b, x) for x, a, b in beta])
    np.testing.assert_allclose(call("betaCdf", beta), expected, rtol=1e-9, atol=1e-13)
    counts = [
        [k, n] for n in (1, 7, 200, 5153, 1_000_000) for k in sorted({0, 1, n // 3, n - 1, n})
    ]
    low = [stats.beta.ppf(0.025, k, n - k + 1) if k else 0 for k, n in counts]
    high = [stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1 for k, n in counts]
    np.testing.assert_allclose(call("exactLow", counts), low, rtol=1e-9)
    np.testing.assert_allclose(call("exactHigh", counts), high, rtol=1e-9)
    np.testing.assert_allclose(
        call("exactLow", counts), [resolution.binomial_interval(k, n).low for k, n in counts],
        rtol=1e-7, atol=1e-12,
    )  # fmt: skip
    rng = np.random.default_rng(1)
    draws = [
        [float(u), n, float(q)]
        for n in (1, 10, 500, 100_000)
        for q in (0.0, 1e-4, 0.2, 0.97, 1.0)
        for u in rng.random(8)
    ]
    assert call("binomialQuantile", draws).tolist() == [
        stats.binom.ppf(u, n, q) for u, n, q in draws
    ]
    curves = [rng.normal(size=m).tolist() for m in (3, 4, 7, 8, 30) for _ in range(4)]
    np.testing.assert_allclose(
        call("emergenceScore", [[c] for c in curves]), [emergence_score(c).value for c in curves], rtol=1e-9
    )  # fmt: skip
    table = np.sort(rng.random(50))
    limits = [0.0, *table[:3].tolist(), 0.5, 2.0]
    assert call("countBelow", [[table.tolist(), v] for v in limits]).tolist() == [
        (table < v).sum() for v in limits
    ]


def test_numbers_are_written_alike_in_python_and_in_the_page(stage):
    values = [
        0.0,
        1.0,
        0.5,
        0.0004,
        0.00123,
        0.0567,
        2.52,
        7.26,
        99.4,
        12_345.0,
        1.5e6,
        2.04e9,
        1.746e11,
        3e12,
    ]
    for how in FORMATS:
        found = stage.evaluate(f"values => values.map(mirage.formats.{how})", values)
        if how == "text":
            continue
        assert found == [formatted(v, how) for v in values], how


def test_an_address_brings_back_the_values(stage, browser):
    figure = explorer("one_token").still.name
    address = stage.url.partition("#")[0] + f"#{figure}&alpha=1.25&N_c=1e8&E=0.5"
    page = browser.new_page()
    page.goto(address)
    awake(page, figure)
    state = page.evaluate(f"mirage.explorers.get('{figure}').state")
    assert state == {"alpha": 1.25, "N_c": pytest.approx(1e8), "E": 0.5}
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
    assert state == {**explorer("measured").start, "metric": "loss", "n": 5900}
    page.close()


def test_a_shape_sets_the_points_and_a_moved_point_is_nobodys_shape(stage):
    about = explorer("drawn_points")
    figure = about.still.name
    js = f"mirage.explorers.get('{figure}').state"
    for shape, points in about.live.presets.items():
        stage.locator(f"#{figure} [name=preset]").select_option(shape)
        state = stage.evaluate(js)
        assert {k: v for k, v in state.items() if k != "preset"} == pytest.approx(dict(points))
        score = emergence_score(list(points.values())).value
        # The charts write a minus sign, not a hyphen.
        words = f"{score:.3g}".replace("-", "−") if np.isfinite(score) else "infinite"
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


def test_the_keyboard_alone_is_enough(site, browser):
    page, trouble = visit(browser, f"file://{site}", "notebooks/02_one_token.html", 1400, "light")
    figure = ON_PAGES["notebooks/02_one_token"]
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


@pytest.mark.parametrize("name", ON_PAGES)
def test_each_explorer_lives_in_its_chapter(site, browser, name):
    page, trouble = visit(browser, f"file://{site}", f"{name}.html", 390, "dark")
    figure = ON_PAGES[name]
    awake(page, figure)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert page.locator(f"#{figure} .mb-live svg").count() >= 1
    assert len(page.locator(f"#{figure} .mb-says").inner_text().split()) >= 5
    assert page.locator(f"#{figure} script.mb-about").count() == 1
    keep(page.locator(f"#{figure}"), figure)
    assert trouble == []
    page.close()


def test_without_scripts_the_picture_and_the_numbers_stay(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, figure in ON_PAGES.items():
        page.goto(f"file://{site}/{name}.html")
        here = page.locator(f"#{figure}")
        assert here.locator(".mb-panels svg").first.is_visible()
        assert not here.locator("form").is_visible()
        assert here.locator(".mb-still").is_visible()
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
    first = next(key for key, c in about.about.items() if c.kind != "choice" and c.position > c.low)
    control = about.controls[first]
    control.value = control.min if about.about[first].kind == "range" else 10**control.min
    assert about._view.value != about.still._repr_html_()
    about.reset()
    for key, value in about.start.items():
        assert about.values[key] == (
            value if isinstance(value, str) else pytest.approx(value, rel=0.03)
        )


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
