"""Numbers and sentences of a comparison as they are printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sheets_of_two import halves, two

from mirage_utils.cli.printing import print_frame
from mirage_utils.compare import compare, page
from mirage_utils.compare.report import lines
from mirage_utils.compare.words import amount, in_points, p_text


@pytest.mark.parametrize("points", [True, False])
def test_zero_has_no_sign(points):
    assert amount(-0.0, points) == amount(0.0, points)
    assert amount(-0.0004, True) == "0.0"
    assert amount(-0.0006, True) == "-0.1"
    assert amount(-0.0, False, 4) == "0"


def _sheets(tmp_path, n, lower, higher, tasks=("t0",)):
    """Two files: in the first task A alone is right on some items and B alone on others; in the others both are wrong."""
    frame = two(n=n, tasks=tasks).assign(score=0)
    a, b = (((frame["task"] == "t0") & (frame["model"] == m)).to_numpy().nonzero()[0] for m in ("owl-1", "owl-2"))  # fmt: skip
    frame.iloc[[*a[:lower], *b[lower : lower + higher]], frame.columns.get_loc("score")] = 1
    return halves(frame, tmp_path)


def test_no_end_of_an_interval_is_minus_nothing(tmp_path):
    found = compare(*_sheets(tmp_path, 50, 8, 18))
    assert -0.0005 < found.rows[0].difference.low < 0
    assert "(0.0 to 38.5)" in found.rows[0].words
    assert "  0.0 to 38.5  " in "\n".join(lines(found))
    assert ">0.0 to 38.5</td>" in page(found)


@pytest.mark.parametrize(
    ("value", "level", "text"),
    [(0.0503, 0.05, "0.0503"), (0.04996, 0.05, "0.04996"), (0.05, 0.05, "0.05"), (0.0022, 0.05, "0.0022"), (0.0544, 0.05, "0.054"),
     (1.0, 0.05, "1"), (0.00994, 0.01, "0.0099"), (0.00999, 0.01, "0.00999"), (2e-5, 0.05, "< 0.0001")],
)  # fmt: skip
def test_a_p_value_is_never_rounded_onto_the_level(value, level, text):
    assert p_text(value, level) == text


def test_the_corrected_value_shows_why_it_does_not_decide(tmp_path):
    found = compare(*_sheets(tmp_path, 60, 10, 25, ("t0", "t1", "t2")))
    row = found.rows[0]
    assert row.verdict == "cannot tell"
    assert row.p_holm == pytest.approx(3 * stats.binomtest(25, 35).pvalue)
    assert f"{row.p_holm:.3g}" == "0.05"
    assert "corrected 0.05002)" in row.words
    assert "  0.05002  " in "\n".join(lines(found))
    assert ">0.05002</td>" in page(found)


def test_runs_of_which_some_are_alike_are_counted_in_plain_words(tmp_path):
    frame = two(n=20, run="")
    runs = [frame.assign(run=f"seed {k}") for k in range(3)]
    runs[2]["score"] = 1 - runs[2]["score"]
    found = compare(*halves(pd.concat(runs), tmp_path))
    assert "A: 3 runs, 2 of them different" in found.rows[0].notes


def test_the_caption_says_which_grey_is_meant(tmp_path):
    text = page(compare(*halves(two(), tmp_path)))
    assert "grey bands show which true differences would be missed" in text
    assert "Lines are coloured where the corrected test decides." in text


def test_points_are_of_fractions_and_of_what_the_user_says(tmp_path):
    half, marks = np.array([0.5, 0.2]), np.array([0.5, 20.0])
    assert in_points("accuracy", half, half)
    assert in_points("my_index", np.array([0.0, 1.0]), np.array([1.0, 1.0]))
    assert not in_points("my_index", half, half)
    assert in_points("my_index", half, half, ["my_* on quiz of Owl"])
    assert not in_points("my_index", half, marks, ["my_index"])
    assert in_points("my_index", np.array([]), np.array([]))


def test_a_printed_table_has_no_minus_before_nothing(capsys):
    print_frame(pd.DataFrame({"low": [-0.0, -1e-7, float("nan")]}), as_csv=True)
    assert capsys.readouterr().out.split() == ["low", "0", "-1e-07", '""']
