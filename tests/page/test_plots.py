"""Figures: never without words, safe to put several on a page, right in light and dark."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

import kernels
import numpy as np
import pytest
from conftest import ROOT

from mirage_utils import Curve, FieldError
from mirage_utils.metrics import METRICS
from mirage_utils.page import claim, display, explorers, glue, plots, table
from mirage_utils.page.numbers import _plain
from mirage_utils.page.numerals import typeset
from mirage_utils.page.style import THEME

WORDS = {
    "name": "fig-test",
    "alt": "Score against number of parameters, rising from zero to one.",
    "caption": "What to see here, and n.",
    "source": "Made for the test.",
    "kind": "simulation",
}


def picture(**changes):
    fig, ax = plots.panel("A title")
    plots.points(ax, Curve([1e8, 1e9, 1e10], [0, 0.2, 1], 50), label="x")
    plots.scale_axis(ax)
    plots.percent_axis(ax, "score")
    return plots.show(fig, **{**WORDS, **changes})


def test_a_picture_is_well_formed_and_has_its_words():
    html = picture()._repr_html_()
    svg = html[html.index("<svg") : html.index("</svg>") + 6]
    ElementTree.fromstring(svg)
    assert f'aria-label="{WORDS["alt"]}"' in html
    assert WORDS["caption"] in html
    assert WORDS["source"] in html
    assert "simulation" in html


@pytest.mark.parametrize(
    ("field", "value"),
    [("alt", "a plot"), ("alt", ""), ("caption", "Figure"), ("source", " "), ("name", "Figure 1")],
)
def test_a_picture_without_words_is_refused(field, value):
    with pytest.raises(FieldError, match=f"^{field} = "):
        picture(**{field: value})


def test_quotes_in_a_description_are_escaped():
    alt = 'A curve called "emergent" <by some> & not by others, rising to one.'
    html = picture(alt=alt)._repr_html_()
    assert '"emergent"' not in html
    assert "&quot;emergent&quot; &lt;by some&gt; &amp; not" in html


def test_ids_are_unique_in_a_page():
    fig, _ = plots.panel("One")
    other, _ = plots.panel("Two")
    html = plots.show([fig, other], **WORDS)._repr_html_() + picture(name="fig-other")._repr_html_()
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids)) > 10
    for used in re.findall(r'(?:href="#|url\(#)([^")]+)', html):
        assert used in ids


def test_colours_follow_the_theme():
    html = picture()._repr_html_()
    assert "var(--mb-c1, #0068a8)" in html
    # no colour of the palette is left bare, where it could not follow the theme
    bare = re.sub(r"var\([^()]*(?:\([^()]*\)[^()]*)*\)", "", html)
    assert not set(re.findall(r"#[0-9a-f]{6}", bare)) & {pair[0] for pair in THEME.values()}
    css = plots.stylesheet()
    for name in re.findall(r"var\((--mb-[a-z0-9]+)", html):
        assert css.count(f"{name}:") == 2


def luminance(colour):
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def contrast(a, b):
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", [n for n in THEME if n[0] in "cr" or n in ("ink", "muted")])
def test_colours_can_be_told_from_the_page(name, which):
    """WCAG 2.2: 3 : 1 for graphics, 4.5 : 1 for text."""
    ratio = contrast(THEME[name][which], THEME["paper"][which])
    lightest = name == "r1" and which == 0  # the lightest step of the ramp also has its own dash
    assert ratio >= (2.5 if lightest else 3.0 if name[0] == "r" else 4.5)
    if name[0] != "r":  # series are named in their colours, and some figures stand on a card
        assert contrast(THEME[name][which], ("#f3f4f5", "#29313d")[which]) >= 4.5


@pytest.mark.parametrize("matrix", [
    [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],  # protanopia
    [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],  # deuteranopia
])  # fmt: skip
@pytest.mark.parametrize("which", [0, 1])
def test_the_first_colours_differ_for_the_colour_blind(matrix, which):
    """Machado et al. 2009, applied to the three colours that share most figures."""
    seen = []
    for name in ("c1", "c2", "c3"):
        colour = THEME[name][which]
        seen.append(np.array(matrix) @ [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    for i in range(3):
        for j in range(i):
            assert np.linalg.norm(seen[i] - seen[j]) > 0.13


def test_a_count_of_zero_is_an_arrow_and_not_a_point_on_a_log_axis():
    fig, ax = plots.panel()
    plots.percent_axis(ax, "score", log=True)
    plots.points(ax, Curve([1e8, 1e9], [0, 0.2], 50))
    fig.draw_without_rendering()
    drawn = np.concatenate([line.get_ydata() for line in ax.lines if line.get_marker() == "o"])
    assert drawn.tolist() == [0.2]


# -- explorers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        explorers.one_token,
        explorers.many_tokens,
        explorers.one_metric,
        explorers.items,
    ],
)
def test_an_explorer_moves_in_a_kernel_and_stands_still_in_a_page(make):
    explorer = make()
    bundle = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "<svg" in bundle["text/html"]
    before = explorer._view.value
    explorer.inputs["alpha"].value = 1.25
    assert explorer._view.value != before
    explorer.reset()
    assert explorer._view.value == before


@pytest.mark.parametrize(
    ("make", "controls"),
    [
        (explorers.many_tokens, {"alpha", "N_c", "E", "L", "items"}),
        (explorers.items, {"alpha", "L", "n"}),
    ],
)
def test_every_control_changes_the_picture(make, controls):
    explorer = make()
    explorer.widget()
    assert set(explorer.inputs) == controls
    for name, control in explorer.inputs.items():
        explorer.reset()
        before = explorer._view.value
        start = control.value
        steps = getattr(explorer.controls[name], "values", None)
        for end in (steps[0], steps[-1]) if steps else (control.min, control.max):
            control.value = end
            assert "<svg" in explorer._view.value
            assert (explorer._view.value != before) == (end != start), (name, end)


def test_the_explorer_of_metrics_knows_them_all():
    explorer = explorers.one_metric()
    explorer.widget()
    controls = explorer.inputs
    assert {name for _, name in controls["metric"].options} == set(METRICS)
    for metric in METRICS.values():
        explorer.reset()
        controls["metric"].value = metric.name
        assert metric.title.lower() in explorer._view.value.lower()
        for parameter in metric.parameters:
            control = controls.get({"m": "L"}.get(parameter, parameter))
            if control is not None:  # bytes and characters of a token stay as they are
                before = explorer._view.value
                control.value = control.max
                assert explorer._view.value != before, (metric.name, parameter)


def test_drawn_points_say_what_has_no_score_and_what_has_an_infinite_one():
    explorer = explorers.drawn_points()
    explorer.widget()
    points = [control for name, control in explorer.inputs.items() if name != "preset"]
    for control in points:
        control.value = 0.4
    assert "there is no score" in explorer._view.value
    points[-1].value = 0.9
    assert "infinite" in explorer._view.value
    explorer.inputs["preset"].value = "line"
    assert [c.value for c in points] == pytest.approx(np.linspace(0, 0.7, 8), abs=1e-9)
    assert "excess 1: about a straight line's." in html.unescape(explorer._view.value)


# -- glue and claims ----------------------------------------------------------------------------


def test_glue_keeps_plain_values():
    import sympy as sp

    values = [1, 1.5, "a", True, np.float64(2.5), np.int64(3), np.array([4.0])]
    for value, kind in zip(values, (int, float, str, bool, float, int, float), strict=True):
        assert type(_plain("x", value)) is kind
    assert _plain("x", np.bool_(True)) is True
    assert _plain("x", sp.exp(-1)) == pytest.approx(np.exp(-1))
    assert _plain("x", float("inf")) == float("inf")


@pytest.mark.parametrize("value", [float("nan"), None, [1, 2], np.array([1, 2]), object()])
def test_glue_refuses_what_would_print_nothing(value):
    with pytest.raises(FieldError, match=r"^x = "):
        glue(x=value)


def test_glue_refuses_odd_names():
    with pytest.raises(FieldError, match="name"):
        glue(Bad=1)


def test_a_claim_that_does_not_hold_stops_everything(capsys):
    with pytest.raises(AssertionError, match=r"Claim 9\.1 does not hold: pigs fly"):
        claim("9.1", "pigs fly", np.bool_(False))


def test_who_tries_other_values_is_told_that_a_claim_fails_and_the_notebook_goes_on():
    from jupyter_client.manager import KernelManager

    code = "from mirage_utils.page import claim\nclaim('9.1', 'pigs <fly>', False)"
    manager = KernelManager(kernel_name="python3", config=kernels.settings())
    manager.start_kernel(cwd=str(ROOT))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(somebody_is_there: bool) -> tuple[str, list[dict]]:
        told = []
        answer = client.execute_interactive(
            code, allow_stdin=somebody_is_there, output_hook=told.append
        )
        return answer["content"]["status"], [
            m["content"]["data"] for m in told if "data" in m["content"]
        ]

    try:
        status, (told,) = run(True)
        assert status == "ok"
        assert told["text/plain"] == "Claim 9.1, which does not hold with these values: pigs <fly>"
        assert "pigs &lt;fly&gt;" in told["text/html"]
        assert run(False) == ("error", [])  # papermill, the book and its tests stop there
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    ("formatted", "printed"),
    [
        ("-0.56", "−0.56"), ("-7%", "−7%"), ("+0.07", "+0.07"), ("1,000", "1,000"), ("12", "12"),
        ("2.4e-06", "2.4 × 10⁻⁶"), ("1e-08", "10⁻⁸"), ("-1e-08", "−10⁻⁸"), ("3e+15", "3 × 10¹⁵"), ("-2.5e+03", "−2.5 × 10³"),
        ("two-digit addition", "two-digit addition"), ("inf", "inf"), ("", ""), ("GPT-3", "GPT-3"), ("1e-08 of 3", "1e-08 of 3"),
    ],
)  # fmt: skip
def test_a_number_is_printed_as_in_a_sentence(formatted, printed):
    assert typeset(formatted) == printed


# -- tables ---------------------------------------------------------------------------------------


def test_a_table_has_a_caption_headings_and_escaped_cells(monkeypatch):
    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    table({"name": ["a<b"], "formula": ["p^L"]}, caption="What is in it.", mathematics=["formula"])
    html = shown[0]._repr_html_()
    assert "<caption>What is in it.</caption>" in html
    assert '<th scope="row">a&lt;b</th>' in html
    assert r"\(p^L\)" in html
    assert 'tabindex="0"' in html


@pytest.mark.parametrize(
    ("columns", "message"),
    [({}, r"^columns = \{\}"), ({"a": [1], "b": []}, r"^columns = \[0, 1\]")],
)
def test_a_table_of_unequal_columns_is_refused(columns, message):
    with pytest.raises(FieldError, match=message):
        table(columns, caption="x")
