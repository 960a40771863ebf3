"""Pictures are judged by what is seen: over all of the axis, and not by what is hidden in them."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mirage_utils.coursework import check
from mirage_utils.coursework.values import decode, plain
from mirage_utils.coursework.values.sizes import POINTS

SIZES = np.geomspace(1e6, 1e14, 60)
MIXED = np.random.default_rng(1).permutation(60)


def right(n):
    return np.exp(-((np.asarray(n) / 1e9) ** -0.3))


def judged(ax) -> str:
    """What the check says of a picture; an empty text if nothing."""
    try:
        check.curve(ax, right, (1e6, 1e14), "ax", points=50)
    except check.NotYet as error:
        return str(error)
    return ""


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    axes.set_xscale("log")
    yield axes
    plt.close(figure)


HONEST = {
    "a line": lambda ax: ax.plot(SIZES, right(SIZES)),
    "semilogx": lambda ax: ax.semilogx(SIZES, right(SIZES)),
    "both logarithmic": lambda ax: ax.loglog(SIZES, right(SIZES)),
    "points": lambda ax: ax.scatter(SIZES, right(SIZES)),
    "points coloured by score": lambda ax: ax.scatter(SIZES, right(SIZES), c=right(SIZES)),
    "open circles": lambda ax: ax.scatter(SIZES, right(SIZES), facecolors="none", edgecolors="k"),
    "open markers": lambda ax: ax.plot(SIZES, right(SIZES), "o", markerfacecolor="none"),
    "markers": lambda ax: ax.plot(SIZES, right(SIZES), ".", color="0.3"),
    "dashed": lambda ax: ax.plot(SIZES, right(SIZES), "--", alpha=0.3, linewidth=0.5),
    "white on black": lambda ax: (ax.set_facecolor("k"), ax.plot(SIZES, right(SIZES), "w")),
    "not in order": lambda ax: ax.plot(SIZES[::-1], right(SIZES[::-1])),
    "errors": lambda ax: ax.errorbar(SIZES, right(SIZES), yerr=0.01, capsize=3),
    "reference lines": lambda ax: (ax.plot(SIZES, right(SIZES)), ax.axhline(0.5), ax.axvline(1e9)),
    "a band": lambda ax: (ax.plot(SIZES, right(SIZES)), ax.fill_between(SIZES, 0, right(SIZES))),
    "four curves with errors": lambda ax: [ax.errorbar(SIZES, right(SIZES) ** power, yerr=0.01, capsize=3) for power in (1, 2, 4, 8)],
    "after a hundred dots": lambda ax: ([ax.plot([n], right([n]), "ko") for n in np.geomspace(1e6, 1e14, 100)], ax.plot(SIZES, right(SIZES))),
    "scattered in any order": lambda ax: ax.scatter(SIZES[MIXED], right(SIZES[MIXED])),
    "four curves": lambda ax: [ax.plot(SIZES, right(SIZES) ** power) for power in (1, 2, 4, 8)],
    "two axes": lambda ax: (ax.plot(SIZES, right(SIZES)), ax.twinx().plot(SIZES, -np.log(right(SIZES)))),
    "the second axes": lambda ax: ax.twinx().plot(SIZES, right(SIZES)),
    "on axes without a colour": lambda ax: (ax.set_facecolor("none"), ax.plot(SIZES, right(SIZES), "k")),
    "white on a dark figure": lambda ax: (ax.figure.set_facecolor("k"), ax.set_facecolor((0, 0, 0, 0)), ax.plot(SIZES, right(SIZES), "w")),
    "with a colour bar": lambda ax: ax.figure.colorbar(ax.scatter(SIZES, right(SIZES), c=right(SIZES))),
    "nothing at one size": lambda ax: ax.plot([*SIZES, 1e15], [*right(SIZES), np.nan]),
    "from zero": lambda ax: ax.plot([0, *SIZES], [0, *right(SIZES)]),
    "symlog": lambda ax: (ax.plot(SIZES, right(SIZES)), ax.set_xscale("symlog")),
    "very many": lambda ax: ax.plot(x := np.geomspace(1e6, 1e14, 3 * POINTS), right(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_styles_are_right(name, ax):
    HONEST[name](ax)
    assert judged(ax.figure) == ""


def test_panels_are_given_as_matplotlib_makes_them():
    for panels in (plt.subplots(1, 2)[1], plt.subplots(squeeze=False)[1], list(plt.subplots(2)[1])):
        for each in np.ravel(panels):
            each.semilogx(SIZES, right(SIZES))
            each.set(xlabel="N", ylabel="accuracy")
        assert judged(panels) == ""
        check.labelled(panels, "axes")
    figure, axes = plt.subplots()
    bar = figure.colorbar(axes.scatter(SIZES, right(SIZES), c=right(SIZES)))
    axes.set(xscale="log", xlabel="N", ylabel="accuracy")
    assert judged(figure) == ""
    check.labelled(figure, "figure")
    assert "figure without axes" in judged(bar.ax)
    axes.set_visible(False)
    assert "figure without axes" in judged(axes)
    plt.close("all")


def two_ends(ax):
    at = np.concatenate([np.full(30, 1e6), np.full(30, 1e14)])
    ax.plot(at, right(at))


DISHONEST = {
    "two ends": (two_ends, r"a line of 2 points"),
    "linspace": (lambda ax: ax.plot(x := np.linspace(1e6, 1e14, 100), right(x)), r"no points between x = 1e\+06 and x = 1.01e\+12.*np.geomspace"),
    "a longer linspace": (lambda ax: ax.plot(x := np.linspace(1e6, 1e14, 10_000), right(x)), "np.geomspace"),
    "a hole": (lambda ax: ax.plot(x := np.array([n for n in np.geomspace(1e6, 1e14, 200) if not 1e9 < n < 2e10]), right(x)), "no points between"),
    "hidden": (lambda ax: ax.plot(SIZES, right(SIZES), visible=False), "no line in them that can be seen"),
    "clear": (lambda ax: ax.plot(SIZES, right(SIZES), alpha=0), "can be seen"),
    "no colour": (lambda ax: ax.plot(SIZES, right(SIZES), color="none"), "can be seen"),
    "a clear colour": (lambda ax: ax.plot(SIZES, right(SIZES), color=(0, 0, 0, 0)), "can be seen"),
    "no width": (lambda ax: ax.plot(SIZES, right(SIZES), linewidth=0), "can be seen"),
    "no line": (lambda ax: ax.plot(SIZES, right(SIZES), linestyle="None"), "can be seen"),
    "white on white": (lambda ax: ax.plot(SIZES, right(SIZES), "w"), "can be seen"),
    "clear points": (lambda ax: ax.scatter(SIZES, right(SIZES), c="none"), "can be seen"),
    "points of no size": (lambda ax: ax.scatter(SIZES, right(SIZES), s=0), "can be seen"),
    "a hidden one beside a wrong one": (lambda ax: (ax.plot(SIZES, right(SIZES), alpha=0), ax.plot(SIZES, 0 * SIZES)), "y = 0"),
    "hardly there": (lambda ax: ax.plot(SIZES, right(SIZES), alpha=0.001), "can be seen"),
    "as thin as nothing": (lambda ax: ax.plot(SIZES, right(SIZES), linewidth=1e-6), "can be seen"),
    "nearly white": (lambda ax: ax.plot(SIZES, right(SIZES), color="#fefefe"), "can be seen"),
    "every 59th marker": (lambda ax: ax.plot(SIZES, right(SIZES), "o", markevery=59), "can be seen"),
    "dots that are clear but two": (lambda ax: ax.scatter(SIZES, right(SIZES), alpha=[1.0, *[0.0] * 58, 1.0]), "a line of 2 points"),
    "dots of no size but two": (lambda ax: ax.scatter(SIZES, right(SIZES), s=[20, *[0] * 58, 20]), "a line of 2 points"),
    "bars of no width": (lambda ax: ax.bar(SIZES, right(SIZES), width=0), "can be seen"),
    "ends of errors": (lambda ax: ax.errorbar(SIZES, right(SIZES), yerr=0, fmt="none", capsize=3), "can be seen"),
    "a scribble": (lambda ax: ax.plot(SIZES[MIXED], right(SIZES[MIXED])), "back and forth"),
    "four sizes many times": (lambda ax: ax.plot(x := np.repeat(np.geomspace(1e6, 1e14, 4), 20), right(x)), "a line of 4 points"),
    "decoys of few points": (lambda ax: [ax.plot(SIZES[:49], right(SIZES[:49]) ** power) for power in np.linspace(0.5, 2, 30)] and ax.plot(SIZES, right(SIZES)), "31 curves in one picture"),
    "white on axes without a colour": (lambda ax: (ax.set_facecolor((0, 0, 0, 0)), ax.plot(SIZES, right(SIZES), "w")), "can be seen"),
    "nothing that can be drawn": (lambda ax: ax.plot(SIZES, np.full(SIZES.size, np.nan)), "without points"),
    "axes that are hidden": (lambda ax: (ax.plot(SIZES, right(SIZES)), ax.set_visible(False)), "figure without axes"),
    "thirty": (lambda ax: [ax.plot(SIZES, right(SIZES) ** power) for power in np.linspace(0.5, 2, 30)] and ax.plot(SIZES, right(SIZES)), "31 curves in one picture"),
    "a straight line": (lambda ax: ax.plot([1e6, 1e14], right([1e6, 1e14])), "a line of 2 points"),
    "wrong scale of its own": (lambda ax: (ax.plot([1e6, 1e14], [0, 1]), (other := ax.figure.add_subplot(212)), other.plot(SIZES, right(SIZES))), "a line of 2 points"),
}  # fmt: skip


@pytest.mark.parametrize("name", DISHONEST)
def test_what_does_not_show_the_curve_is_told(name, ax):
    draw, says = DISHONEST[name]
    draw(ax)
    found = judged(ax.figure)
    assert found
    assert re.search(says, found), found


def test_published_sizes_have_the_gaps_they_have(ax):
    sizes = np.array([1.25e8, 3.5e8, 7.6e8, 1.3e9, 2.7e9, 6.7e9, 1.3e10, 1.75e11])
    ax.plot(sizes, right(sizes), "o-")
    check.curve(ax, right, (1.25e8, 1.75e11), "ax", points=8, gap=0.4)
    with pytest.raises(check.NotYet, match="no points between"):
        check.curve(ax, right, (1.25e8, 1.75e11), "ax", points=8)


def test_a_long_line_is_thinned_from_end_to_end(ax):
    x = np.geomspace(1e6, 1e14, 10 * POINTS)
    ax.plot(x, right(x))
    (line,) = plain(ax).series
    assert (len(line.x), line.x[0], line.x[-1]) == (POINTS, x[0], x[-1])


def test_a_forged_line_of_unequal_sides_is_refused():
    series = {"kind": "line", "label": "", "x": [1.0, 2.0], "y": [1.0]}
    words = dict.fromkeys(("x_scale", "y_scale", "x_label", "y_label", "title"), "")
    with pytest.raises(ValueError, match="not a line"):
        decode({"drawing": [{"series": [series], **words}]}, None)
