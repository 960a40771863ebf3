"""Groups of test items that are all right, against counts that are known."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest

from mirage_utils.models import scores


def outputs(right, views=1):
    """Rows of one model, an image for each entry of `right` (images, views), in a mixed order."""
    right = np.asarray(right, bool).reshape(-1, views)
    image, view = np.divmod(np.arange(right.size), views)
    rows = pd.DataFrame({"params": 7, "seed": 0, "image": image, "view": view, "class": image % 2, "right": right.ravel()})  # fmt: skip
    return rows.sample(frac=1, random_state=0)


def test_random_groups_have_the_hypergeometric_share_in_the_long_run():
    rows = outputs(np.arange(60) < 45)
    rng = np.random.default_rng(0)
    found = pd.concat([scores.groups_right(rows, 3, rng) for _ in range(400)])
    assert found["share"].mean() == pytest.approx(comb(45, 3) / comb(60, 3), abs=0.01)
    assert (found["n"] == 20).all()
    assert found["power"].unique() == pytest.approx([0.75**3])


def test_groups_of_one_class_are_right_as_often_as_their_class():
    rows = outputs(np.arange(40) % 2 == 0)  # one class always right, the other never
    (found,) = scores.groups_right(rows, 4, np.random.default_rng(0), of="class").itertuples()
    assert (found.share, found.n, found.power) == (0.5, 10, 0.5**4)
    assert found.low < 0.5 < found.high


def test_views_of_an_image_are_a_group_and_only_the_first_count():
    right = [[True, True, False], [True, False, True], [True, True, True], [False, True, True]]
    (found,) = scores.views_right(outputs(right, views=3), 2).itertuples()
    assert (found.share, found.n) == (0.5, 4)
    assert found.power == pytest.approx((6 / 8) ** 2)
    assert found.product == pytest.approx(3 / 4 * 3 / 4)


def test_every_model_has_its_row():
    rows = pd.concat([outputs(np.ones(10)).assign(seed=s) for s in (0, 1)])
    found = scores.groups_right(rows, 5, np.random.default_rng(0))
    assert found["seed"].tolist() == [0, 1]
    assert (found["share"] == 1).all()
