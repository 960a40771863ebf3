"""Images in rows: each in its place, and frames around those that are meant."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_utils import FieldError
from mirage_utils.page.images import grid

ROWS = {"image": np.zeros((3, 8, 8)), "1 unit": np.linspace(0, 1, 192).reshape(3, 8, 8)}


def test_every_image_is_in_its_place_and_framed_if_it_is_marked():
    (ax,) = grid(ROWS, {"1 unit": [False, True, False]}).axes
    drawn = ax.images[0].get_array()
    np.testing.assert_array_equal(drawn[10:18, 20:28], ROWS["1 unit"][2])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(ROWS)
    (frame,) = ax.patches
    assert (frame.get_x(), frame.get_y(), frame.get_width()) == (9, 9, 9)


@pytest.mark.parametrize(
    ("rows", "framed"),
    [
        ({}, {}),
        ({"a": np.zeros((3, 8, 7))}, {}),
        (ROWS | {"2 units": np.zeros((2, 8, 8))}, {}),
        (ROWS, {"2 units": [True, False, False]}),
        (ROWS, {"1 unit": [True]}),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows, framed):
    with pytest.raises(FieldError):
        grid(rows, framed)
