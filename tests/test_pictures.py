"""Pictures are judged by what is seen: over all of the axis, and not by what is hidden in them."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mirage_utils.coursework import check
from mirage_utils.coursework.values import MOST, plain

SIZES = np.geomspace(1e6, 1e14, 60)


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
    "four curves": lambda ax: [ax.plot(SIZES, right(SIZES) ** power) for power in (1, 2, 4, 8)],
    "two axes": lambda ax: (ax.plot(SIZES, right(SIZES)), ax.twinx().plot(SIZES, -np.log(right(SIZES)))),
    "the second axes": lambda ax: ax.twinx().plot(SIZES, right(SIZES)),
    "very many": lambda ax: ax.plot(x := np.geomspace(1e6, 1e14, 3 * MOST), right(x)),
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_honest_styles_are_right(name, ax):
    HONEST[name](ax)
    assert judged(ax.figure) == ""


def two_ends(ax):
    at = np.concatenate([np.full(30, 1e6), np.full(30, 1e14)])
    ax.plot(at, right(at))


DISHONEST = {
    "two ends": (two_ends, r"no points between x = 1e\+06 and x = 1e\+14"),
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
    x = np.geomspace(1e6, 1e14, 10 * MOST)
    ax.plot(x, right(x))
    (line,) = plain(ax).series
    assert (len(line.x), line.x[0], line.x[-1]) == (MOST, x[0], x[-1])
