"""The verbs of figures: what the data are decides how they look, and nothing hides anything."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.offsetbox import AnnotationBbox
from matplotlib.text import Text
from test_plots import contrast

from mirage_utils import Curve, FieldError, ScalingLaw
from mirage_utils.metrics import EXACT_MATCH, METRICS
from mirage_utils.page import plots
from mirage_utils.page.figures import (
    SIZE,
    at,
    bands,
    bars,
    cloud,
    diagonal,
    figure,
    heat,
    intervals,
    level,
    lines,
    number,
    panel,
    points,
    ranges,
    resolution,
    rows,
    seeds,
    share,
    shares,
    small_multiples,
    swarm,
    traces,
)
from mirage_utils.page.figures.axes import tick
from mirage_utils.page.figures.figure import _drawn, _quantities
from mirage_utils.page.figures.labels import spread
from mirage_utils.page.figures.look import looks, of_metric
from mirage_utils.page.plots import COLOURS
from mirage_utils.page.style import THEME

SIZES = np.array([1e6, 1e7, 1e8, 1e9])
WORDS = {
    "alt": "Exact match against parameters for two tasks, which rise one after the other.",
    "caption": "Two tasks and one family.",
    "source": "Made for this test.",
    "kind": "simulation",
}


def curve(*scores, n=200):
    return Curve(SIZES, scores, n)


def laws(lengths=(1, 2, 4, 8, 16)):
    law, x = ScalingLaw(0.5, 1e9), np.geomspace(1e6, 1e13, 200)
    return {f"L = {k}": Curve(x, EXACT_MATCH.expected(law.probability(x), L=k)) for k in lengths}


# -- looks -------------------------------------------------------------------------------------------


def test_every_metric_has_a_look_of_its_own_and_keeps_it():
    """One that is forgotten would be given some look or other, a different one in each figure."""
    titles = [metric.title for metric in METRICS.values()]
    assert [title for title in titles if of_metric(title) is None] == []
    known = [of_metric(t) for t in titles if not t.startswith("top-")]
    assert len({(look.colour, look.marker, look.dash) for look in known}) == len(known)
    # A line has no markers: those of one colour differ in their dashes.
    assert len({(look.colour, look.dash) for look in known}) == len(known)
    alone = looks(["exact match"])["exact match"]
    among = looks(["my model", "BLEU", "exact match"])
    assert among["exact match"] == alone
    assert among["my model"].colour not in (alone.colour, among["BLEU"].colour)


def test_names_beside_steps_of_a_ramp_are_written_in_ink():
    """The palest step has a contrast of 2.7 : 1 on the page, the darkest one of 3.3 : 1 in the dark."""
    data = {k: (SIZES, [0, 0, y, y]) for k, y in (("L = 1", 1), ("L = 4", 0.5))}
    for ordered, plain in ((True, {plots.INK}), (False, set(COLOURS[:2]))):
        found = panel("x", lines(data, ordered=ordered), x=SIZE, y="y")
        fig = _drawn(found, looks(data, *_quantities([found])), single=True)
        assert {t.get_color() for t in fig.axes[0].texts if t.get_text()} == plain
        samples = fig.axes[0].findobj(AnnotationBbox)
        assert len(samples) == (2 if ordered else 0)


@pytest.mark.parametrize("which", [0, 1])
def test_numbers_in_cells_can_be_read_on_every_shade(which):
    found = panel("x", heat([[0.0, 0.5, 1.0]], across=["a", "b", "c"], down=["d"]), x="x")
    fig = _drawn(found, {}, single=True)
    shade, page = (THEME[name][which] for name in ("r3", "paper"))
    for cell in fig.axes[0].patches:
        part = cell.get_alpha()
        mixed = "#" + "".join(
            f"{round(part * int(shade[i : i + 2], 16) + (1 - part) * int(page[i : i + 2], 16)):02x}"
            for i in (1, 3, 5)
        )
        assert contrast(mixed, THEME["ink"][which]) >= 4.5
    assert len(fig.axes[0].patches) == 3


def test_steps_of_an_ordered_quantity_are_one_hue_from_light_to_dark():
    steps = [f"L = {k}" for k in (1, 2, 4, 8, 16)]
    found = looks(steps, steps)
    brightness = [sum(int(found[s].colour[i : i + 2], 16) for i in (1, 3, 5)) for s in steps]
    assert brightness == sorted(brightness, reverse=True)
    assert len({found[s].dash for s in steps}) == 5


def test_no_series_beside_steps_passes_for_one_of_them():
    steps = ["L = 1", "L = 8"]
    assert looks(["one token"])["one token"].colour == COLOURS[0]
    assert looks(["one token", *steps], steps)["one token"].colour != COLOURS[0]


@pytest.mark.parametrize("others", [[], ["exact match"], ["exact match", "BLEU", "token accuracy"]])
def test_no_two_series_of_a_figure_look_the_same(others):
    """There are six colours and grey: a series beyond them has a colour again, and must have another marker and dash."""
    found = looks([*others, *(f"source {i}" for i in range(9))])
    assert len({(look.colour, look.marker) for look in found.values()}) == 9 + len(others)
    assert len({(look.colour, look.dash) for look in found.values()}) == 9 + len(others)


def test_steps_of_two_quantities_are_each_from_light_to_dark():
    """As one quantity, the second would begin where the first ends."""
    two = {
        "Lengths": lines({k: (SIZES, [0, 0, 1, 1]) for k in ("L = 1", "L = 4")}, ordered="length"),
        "Floors": lines({k: (SIZES, [0, 0, 1, 1]) for k in ("E = 0", "E = 1")}, ordered="floor"),
    }
    found = looks(["L = 1", "L = 4", "E = 0", "E = 1"], *_quantities(small_multiples(two, x=SIZE)))
    assert found["L = 1"] == found["E = 0"]
    assert found["L = 4"] == found["E = 1"] != found["E = 0"]


def test_what_is_drawn_broad_is_named_so():
    """A thin handle would be looked for among the thin lines."""
    data = {k: (SIZES, [0, 0, 1, 1]) for k in ("the law as assumed", "another")}
    each = panel("", lines(data, wide=["the law as assumed"]), x=SIZE, y=share("score"))
    fig = _drawn(each, looks(data), single=True)
    drawn = {line.get_linewidth() for line in fig.axes[0].lines if line.get_alpha() == 0.35}
    shown = {h.get_label(): h.get_linewidth() for h in fig.legends[0].legend_handles}
    assert drawn == {shown["the law as assumed"]}
    assert shown["another"] < shown["the law as assumed"]


# -- words -------------------------------------------------------------------------------------------


def test_the_caption_says_what_the_figure_knows():
    picture = figure(
        "fig-a", panel("A", points({"one": curve(0, 0.1, 0.5, 0.9)}), resolution(200), x=SIZE, y=share("exact match", log=True)),
        **WORDS,
    )  # fmt: skip
    assert "n = 200 items a point." in picture.caption
    assert "Bars: exact 95% intervals." in picture.caption
    assert "Arrows: none right." in picture.caption
    linear = figure("fig-c", panel("C", points({"one": curve(0, 0.1, 0.5, 0.9)}), x=SIZE, y=share("exact match")), **WORDS)  # fmt: skip
    assert "Arrows" not in linear.caption
    assert "the least that answers graded right or wrong can show" in picture.caption
    silent = figure("fig-b", panel("B", lines(laws()), x=SIZE, y=share("exact match")), **WORDS)
    assert silent.caption == WORDS["caption"]


def test_different_numbers_of_items_are_given_as_what_they_are():
    two = {"one": curve(0, 0.1, 0.5, 0.9, n=100), "two": curve(0, 0, 0.2, 0.5, n=2000)}
    picture = figure("fig-n", panel("", points(two), x=SIZE, y=share("score")), **WORDS)
    assert "n = 100 or 2,000 items a point." in picture.caption


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0%"), (0.5, "50%"), (0.004, "0.4%"), (1e-7, "0.00001%"), (1, "100%"), (0.125, "12.5%"), (-0.05, "−5%")]
)  # fmt: skip
def test_only_zero_is_nought_per_cent_and_none_is_written_with_an_e(value, written):
    assert tick(value) == written


# -- places ------------------------------------------------------------------------------------------


def texts(fig):
    fig.draw_without_rendering()
    renderer = fig._get_renderer()
    found = [t for t in fig.axes[0].texts if t.get_text()]
    found += [t for legend in fig.legends for t in legend.get_texts()]
    return [t.get_window_extent(renderer) for t in found]


def inside(fig, box):
    return box.x0 >= -1 and box.y0 >= -1 and box.x1 <= fig.bbox.x1 + 1 and box.y1 <= fig.bbox.y1 + 1


@pytest.mark.parametrize(
    "series",
    [
        laws(),
        {"a": curve(0.1, 0.2, 0.3, 0.4), "b": curve(0.1, 0.2, 0.3, 0.4)},
        {"a model with a long name": curve(0, 0, 0.1, 0.2), "token edit distance": curve(0, 0.3, 0.6, 1)},
        {str(i): curve(0, 0, 0, 0) for i in range(12)},
    ],
    ids=["apart", "ends together", "long", "twelve at zero"],
)  # fmt: skip
@pytest.mark.parametrize("log", [False, True])
def test_labels_never_lie_on_one_another_or_on_the_data_or_outside(series, log):
    y = share("score", log=log, limits=(1e-4, 1.5) if log else None)
    each = panel("Title", lines(series), x=SIZE, y=y)
    fig = _drawn(each, looks(each.labels), single=False)
    boxes = texts(fig)
    assert len(boxes) == len(series)
    for one, other in itertools.combinations(boxes, 2):
        assert not one.padded(-1).overlaps(other.padded(-1))
    data = fig.axes[0].get_window_extent()
    for box in boxes:
        assert inside(fig, box)
        assert not box.overlaps(data.padded(-1))


@pytest.mark.parametrize(
    "title", ["Short", "What the probabilities show", "A title that is as long as the panel"]
)
def test_labels_that_end_high_do_not_lie_on_the_title(title):
    series = {f"L = {k}": curve(0.1, 0.5, 0.9, 1) for k in (1, 2, 4, 8)}
    y = share("score", log=True, limits=(1e-8, 3))
    each = panel(title, points(series, ordered=True), x=SIZE, y=y)
    fig = _drawn(each, looks(each.labels, *_quantities([each])), single=False)
    boxes = texts(fig)
    assert len(boxes) == len(series)
    (words,) = (t for t in fig.axes[0].findobj(Text) if t.get_text() == title)
    samples = [s.get_window_extent() for s in fig.axes[0].findobj(AnnotationBbox)]
    for box in boxes + samples:
        assert not box.overlaps(words.get_window_extent())
    if title == "Short":
        assert len(samples) == len(series)  # beside their lines


def test_a_panel_may_be_called_like_its_axis():
    series = {"a": curve(0, 0.1, 0.2, 0.3), "b": curve(0, 0.3, 0.6, 1)}
    each = panel("score", lines(series), x=SIZE, y=share("score"))
    assert len(texts(_drawn(each, looks(each.labels), single=False))) == 2


def test_places_are_apart_and_near_what_was_wanted():
    rng = np.random.default_rng(1)
    for _ in range(200):
        wanted = rng.random(rng.integers(1, 8))
        found = spread(wanted, 0.05)
        assert (np.diff(np.sort(found)) >= 0.05 - 1e-9).all()
        assert (np.argsort(found, kind="stable") == np.argsort(wanted, kind="stable")).all()
        if (np.diff(np.sort(wanted)) >= 0.05).all():
            assert found == pytest.approx(wanted)


def test_labels_below_a_panel_take_nothing_from_its_height():
    long = {
        "as often as they come up": curve(0, 0.1, 0.2, 0.3),
        "the rarest quarter": curve(0, 0, 0, 0),
    }
    heights = []
    for series in ({"a": curve(0, 0.1, 0.2, 0.3)}, long):
        each = panel("Title", lines(series), x=SIZE, y=share("score"))
        fig = _drawn(each, looks(each.labels), single=False)
        fig.draw_without_rendering()
        heights.append(fig.axes[0].get_window_extent().height)
    assert len(fig.legends) == 1
    assert heights[1] == pytest.approx(heights[0], rel=0.03)


def test_an_area_is_known_by_an_area_and_marks_by_their_marker():
    parts = {"guess": [0.8, 0.6, 0.5, 0.2], "a label too long for the side": [0.2, 0.4, 0.5, 0.8]}
    each = panel("", shares(SIZES, parts), x=SIZE, y=share("runs"))
    fig = _drawn(each, looks(each.labels, each.labels), single=True)
    assert [h.get_marker() for h in fig.legends[0].legend_handles] == ["s", "s"]
    both = {"x": (SIZES, [0] * 4, [1] * 4), "y": (SIZES, [0] * 4, [1] * 4)}
    marked = panel("", bands(both, meaning="ranges"), cloud({"x": curve(0, 0, 0, 0)}), x=SIZE, y=share("runs"))  # fmt: skip
    fig = _drawn(marked, looks(["x", "y"]), single=True)
    assert [t.get_text() for t in fig.axes[0].texts] == ["x", "y"]


def test_what_stands_beside_a_metric_has_another_mark():
    found = looks(["bits per byte", "probability", "exact match", "skill", "mean"])
    assert len({look.marker for look in found.values()}) == 5
    assert len({str(look.dash) for look in found.values()}) == 5


def test_of_one_series_the_title_says_what_it_is():
    each = panel("Title", lines({"a": curve(0, 0.1, 0.2, 0.3)}), x=SIZE, y=share("score"))
    fig = _drawn(each, looks(["a"]), single=True)
    assert (list(fig.axes[0].texts), fig.legends) == ([], [])


def test_labels_below_a_panel_are_read_row_by_row_and_show_a_whole_dash():
    names = [f"series of the number {i}" for i in range(5)]
    each = panel("Title", lines({n: curve(0, 0, 0, 0) for n in names}), x=SIZE, y=share("score"))
    fig = _drawn(each, looks(names), single=True)
    fig.draw_without_rendering()
    places = {t.get_text(): t.get_window_extent() for t in fig.legends[0].get_texts()}
    read = sorted(places, key=lambda n: (-round(places[n].y0), places[n].x0))
    assert read == names
    assert len({round(p.y0) for p in places.values()}) < 5  # several stand in a row
    handle = fig.legends[0].legend_handles[0].get_window_extent()
    assert handle.width >= 2.5 * 8.5 * fig.dpi / 72


def test_a_band_as_narrow_as_a_line_is_seen():
    each = panel("", bands({"a": (SIZES, [0.5] * 4, [0.5] * 4)}, meaning="ranges"), x=SIZE, y=share("score"))  # fmt: skip
    (band,) = _drawn(each, looks(["a"]), single=True).axes[0].collections
    assert band.get_linewidth()[0] > 0


def test_up_is_better_also_where_less_is_better():
    edits = number("edits", better="down", limits=(0, 4))
    each = panel("", intervals({"a": (SIZES, [4, 3, 2, 1], [3, 2, 1, 0.5], [5, 4, 3, 2])}, meaning="ranges"), x=SIZE, y=edits)  # fmt: skip
    fig = _drawn(each, looks(["a"]), single=True)
    assert fig.axes[0].get_ylim() == (4, 0)


def test_the_width_and_the_middle_of_a_rise_are_marked_where_they_are():
    each = panel("", lines(laws((1, 4)), rise=True), x=SIZE, y=share("exact match"))
    ax = _drawn(each, looks(each.labels), single=True).axes[0]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    pale = [line for line in ax.lines if line.get_alpha() == 0.4]
    assert [float(d.get_ydata()[0]) for d in dots] == [0.5, 0.5]
    # Four tokens are half right at ln(4)/alpha beyond one token: 16 times the size.
    assert dots[1].get_xdata()[0] / dots[0].get_xdata()[0] == pytest.approx(16, rel=0.01)
    widths = [np.log10(p.get_xdata()[1] / p.get_xdata()[0]) for p in pale]
    assert widths[0] == pytest.approx(widths[1], rel=0.01)
    with pytest.raises(FieldError, match="a Curve"):
        lines({"x": (SIZES, [0, 0, 1, 1])}, rise=True)


def test_ticks_that_were_asked_for_are_written_out_on_a_logarithmic_axis_too():
    ratio = number("ratio", log=True, limits=(0.4, 12), ticks=(0.5, 1, 2, 5, 10))
    each = panel("", lines({"a": (SIZES, [1, 2, 3, 4])}), x=SIZE, y=ratio)
    fig = _drawn(each, looks(["a"]), single=False)
    fig.draw_without_rendering()
    assert [t.get_text() for t in fig.axes[0].get_yticklabels()] == ["0.5", "1", "2", "5", "10"]


@pytest.mark.parametrize("top", [2.4, 3.2, 4.5, 9.5, 3000])
def test_ticks_are_where_numbers_are_round(top):
    each = panel("", lines({"a": (SIZES, [0, 1, 2, 3])}), x=SIZE, y=number("loss", limits=(0, top)))
    ticks = _drawn(each, looks(["a"]), single=False).axes[0].get_yticks()
    step = ticks[1] - ticks[0]
    first = step / 10 ** np.floor(np.log10(step) + 1e-9)
    assert any(first == pytest.approx(round_one) for round_one in (1, 2, 2.5, 5))
    assert (ticks <= top).sum() >= 3


def test_the_text_of_a_level_is_on_the_side_that_was_asked_for():
    for above in (True, False):
        guessing = level(0.5, "guessing", above=above)
        each = panel("", lines(laws()), guessing, x=SIZE, y=share("exact match"))
        fig = _drawn(each, looks(each.labels), single=False)
        (text,) = [t for t in fig.axes[0].texts if t.get_text() == "guessing"]
        box, line = text.get_window_extent(), fig.axes[0].transData.transform((1e6, 0.5))[1]
        assert (box.y0 > line) if above else (box.y1 < line)


# -- each verb ---------------------------------------------------------------------------------------


def test_the_line_through_runs_of_two_kinds_says_which_middle_it_is():
    runs = np.array([[0.0, 0.0, 1.0]] * 4)  # a third of the runs of each size has learnt it
    for middle, height in (("mean", 1 / 3), ("median", 0)):
        each = panel("", seeds({"a": (SIZES, runs)}, middle=middle), x=SIZE, y=share("score"))
        fig = _drawn(each, looks(["a"]), single=True)
        (line,) = [line for line in fig.axes[0].lines if line.get_linestyle() != "None"]
        assert line.get_ydata() == pytest.approx([height] * 4)
        assert f"lines: {middle}s." in each.layers[0].said[0]
    with pytest.raises(FieldError, match="middle"):
        seeds({"a": (SIZES, runs)}, middle="mode")


def test_means_and_ranges_of_runs_are_where_they_are():
    runs = np.array([[0.0, 0.2, 0.4], [0.1, 0.2, 0.9], [0.5, np.nan, 0.7], [1, 1, 1]])
    each = panel("", ranges({"a": (SIZES, runs)}), x=SIZE, y=share("score"))
    ax = _drawn(each, looks(["a"]), single=True).axes[0]
    heights = [line.get_ydata() for line in ax.lines if len(line.get_ydata()) == 4]
    assert heights[0] == pytest.approx([0.2, 0.4, 0.6, 1])
    corners = ax.collections[0].get_paths()[0].vertices
    for size, row in zip(SIZES, runs, strict=True):
        found = corners[corners[:, 0] == size, 1]
        assert (found.min(), found.max()) == pytest.approx((np.nanmin(row), np.nanmax(row)))


def test_runs_of_different_numbers_are_counted_in_one_sentence():
    few, many = ({"recall": (SIZES, np.zeros((4, k)))} for k in (5, 20))
    both = [panel("", seeds(each), x=SIZE, y=share("score")) for each in (few, many)]
    picture = figure("fig-r", both, **WORDS)
    assert "Marks: single runs, 5 or 20 a size; lines: means." in picture.caption
    assert picture.caption.count("single runs") == 1
    uneven = np.zeros((4, 5))
    uneven[-1, 3:] = np.nan
    fewer = figure(
        "fig-u", panel("", seeds({"a": (SIZES, uneven)}), x=SIZE, y=share("score")), **WORDS
    )
    assert "single runs, 3 or 5 a size" in fewer.caption
    banded = figure("fig-b", panel("", ranges(few), x=SIZE, y=share("score")), **WORDS)
    assert "Points: means of 5 runs; bands: lowest and highest run." in banded.caption


def test_a_cloud_stands_behind_the_line_through_it_and_both_have_one_label():
    scattered = {"a": (SIZES[::-1], [0.1, 0.9, 0.4, 0.2])}
    each = panel("", lines({"a": (SIZES, [0.1, 0.2, 0.4, 0.8])}), cloud(scattered), x=SIZE, y=share("score"))  # fmt: skip
    fig = _drawn(each, looks(["a"]), single=True)
    line, marks, *_ = fig.axes[0].lines
    assert marks.get_linestyle() == "None"
    assert marks.get_zorder() < line.get_zorder()
    assert marks.get_color() == line.get_color()
    beside = panel(
        "", lines({"a": (SIZES, [0.1, 0.2, 0.4, 0.8]), "b": curve(0, 0, 0, 0.1)}), cloud(scattered), x=SIZE, y=share("score")
    )  # fmt: skip
    fig = _drawn(beside, looks(["a", "b"]), single=True)
    assert ([t.get_text() for t in fig.axes[0].texts], fig.legends) == (["a", "b"], [])
    two = {"a": scattered["a"], "b": scattered["a"]}
    alone = _drawn(panel("", cloud(two), x=SIZE, y=share("score")), looks(["a", "b"]), single=True)
    assert [t.get_text() for t in alone.legends[0].get_texts()] == ["a", "b"]


def test_a_table_of_many_cells_has_no_numbers():
    values = np.random.default_rng(0).random((30, 8))
    cells = heat(values, across=list("abcdefgh"), down=[""] * 30, written="")
    ax = _drawn(panel("", cells, x="", height=3), looks([]), single=True).axes[0]
    assert len(ax.patches) == values.size
    assert not any(t.get_text() for t in ax.texts)


def test_each_run_is_a_line_and_their_number_is_said():
    values = np.random.default_rng(0).random((4, 7))
    each = panel("Seven networks", traces({"loss": (SIZES, values)}), x=SIZE, y="loss, nats")
    ax = _drawn(each, looks(["loss"]), single=True).axes[0]
    assert [line.get_ydata().tolist() for line in ax.lines] == values.T.tolist()
    assert "Thin lines: single runs, 7 in all." in figure("fig-traces", each, **WORDS).caption


@pytest.mark.parametrize(("axis", "reach"), [(SIZE, 10**0.25), (number("units"), 9e6 / 4)])
def test_runs_side_by_side_are_in_order_and_stay_with_their_size(axis, reach):
    runs = np.random.default_rng(0).permuted(np.tile([0.0, 0.0, 0.5, 0.5, 1.0], (4, 1)), axis=1)
    each = panel("", swarm({"a": (SIZES, runs)}, middle="median"), x=axis, y=share("score"))
    ax = _drawn(each, looks(["a"]), single=True).axes[0]
    (dots,) = [line for line in ax.lines if line.get_linestyle() == "None"]
    x, y = (values.reshape(4, 5) for values in dots.get_data())
    assert y.tolist() == [[0, 0, 0.5, 0.5, 1]] * 4
    assert x[:, 2] == pytest.approx(SIZES)
    away = x / SIZES[:, None] if axis.log else x - SIZES[:, None]
    assert (np.diff(away, axis=1) > 0).all()
    assert away.max() == pytest.approx(reach)
    (line,) = [line for line in ax.lines if line is not dots]
    assert line.get_ydata() == pytest.approx([0.5] * 4)


def test_the_diagonal_is_where_both_axes_have_the_same_value():
    each = panel("", cloud({"a task": ([0.1, 0.2], [0.3, 0.1])}), diagonal(0.05, 0.5), x=number("harsh", log=True), y=number("gentle", log=True))  # fmt: skip
    ax = _drawn(each, looks(["a task"]), single=False).axes[0]
    (line,) = [line for line in ax.lines if line.get_linestyle() == ":"]
    assert line.get_xydata().tolist() == [[0.05, 0.05], [0.5, 0.5]]
    assert each.layers[1].said == ("Dotted: the same on both axes.",)


def test_the_marks_of_a_small_cloud_are_as_large_as_others():
    def size(number_of_marks):
        x = np.geomspace(1e6, 1e9, number_of_marks)
        each = panel("", cloud({"a": (x, x)}), x=SIZE, y="score")
        return _drawn(each, looks(["a"]), single=False).axes[0].lines[0].get_markersize()

    assert size(200) < size(20) == pytest.approx(plots.STYLE["lines.markersize"])


def test_all_verbs_make_one_figure():
    runs = np.random.default_rng(0).random((4, 5))
    picture = figure(
        "fig-all",
        panel("Seeds", seeds({"recall": (SIZES, runs)}), at(1e7, "here"), level(0.5, "chance"), x=SIZE, y=share("score")),
        panel("Bands", bands({"law": (SIZES, [0, 0, 0, 0.5], [0.1, 0.2, 0.5, 1])}, meaning="prediction intervals"), x=SIZE, y=share("score")),
        panel("Shares", shares(SIZES, {"0": [0.2] * 4, "1": [0.8] * 4}), x=SIZE, y=share("runs", limits=(0, 1))),
        panel("Heat", heat([[0.1, np.nan]], across=["a", "b"], down=["r"]), x="kind"),
        panel("Rows", rows(["a", "b"], {"gain": ([0.1, 0.2], [0, 0.1], [0.2, 0.3])}, meaning="95% intervals"), x="gain"),
        panel("Bars", bars({"a": 3, "b": 12}), x="items"),
        small_multiples({"one": lines(laws()), "two": [lines(laws())]}, x=SIZE, y=share("score")),
        **WORDS,
    )  # fmt: skip
    assert len(picture.panels) == 8  # small multiples are two
    assert "single runs, 5 a size" in picture.caption
    assert "Bands: prediction intervals." in picture.caption
    html = picture._repr_html_()
    assert 'aria-label="Exact match against' in html
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: shares(SIZES, {"a": [0.6] * 4, "b": [0.6] * 4}), "at most 1"),
        (lambda: seeds({"a": (SIZES, [0.1, 0.2])}), r"\(4, runs\)"),
        (lambda: ranges({"a": (SIZES, [[0.1, 0.2]])}), r"\(4, runs\)"),
        (lambda: traces({"a": (SIZES, [0.1, 0.2])}), r"\(4, runs\)"),
        (lambda: heat([[1, 2]], across=["a"], down=["b"]), r"\(1, 1\)"),
        (lambda: rows(["a"], {"x": ([1, 2],)}), "an entry a row"),
        (lambda: lines({"a": (SIZES, [1, 2])}), "equal length"),
        (lambda: lines([1, 2]), "data by label"),
        (lambda: points([1, 2]), "data by label"),
        (lambda: panel("no layers", x=SIZE), "at least one layer"),
        (lambda: share("x", log=True, limits=(0, 1)), "ends > 0"),
        (lambda: number("x", limits=(1, 0)), "lower end"),
    ],
)
def test_what_does_not_fit_is_said(make, message):
    with pytest.raises(FieldError, match=message):
        make()
