"""Curves with hidden models: units of errors, benchmarks counted once, families, and the way through the loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mirage_utils.errors import FieldError
from mirage_utils.evidence import held_out

SIZES = np.geomspace(1e7, 1e10, 8)
AWAY = np.arange(8) >= 6


def test_models_are_put_in_order_with_their_families():
    curve = held_out.hide("s", "t", "accuracy", [3, 1, 2], [0.3, 0.1, 0.2], [1, 0, 0], ["c", "a", "b"])  # fmt: skip
    assert curve.scale.tolist() == [1, 2, 3]
    assert curve.score.tolist() == [0.1, 0.2, 0.3]
    assert curve.hidden.tolist() == [False, False, True]
    assert curve.family == ("a", "b", "c")
    with pytest.raises(FieldError):
        held_out.hide("s", "t", "accuracy", [1, 2], [0.1], [0, 1])


def test_each_yardstick_divides_the_same_miss():
    score = np.array([0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.5, 0.7])
    curve = held_out.hide("s", "t", "accuracy", SIZES, score, AWAY)
    row = held_out.forecast_all([curve], laws=["last"]).iloc[0]
    assert row["miss"] == pytest.approx((0.2 + 0.4) / 2)
    assert row["miss_range"] == pytest.approx(0.3 / 0.6)
    assert row["miss_held_out"] == pytest.approx(0.3 / 0.2)
    assert row["miss_no_change"] == row["crps_no_change"] == pytest.approx(1)
    assert row["miss_rank"] == pytest.approx((0 + 1) / 2 / 8)  # 0.5 lies between 0.3 and 0.7


def test_flat_curves_are_skipped_and_a_line_is_found():
    flat = held_out.hide("s", "flat", "accuracy", SIZES, np.full(8, 0.2), AWAY)
    line = held_out.hide("s", "line", "accuracy", SIZES, np.linspace(0.1, 0.8, 8), AWAY)
    found = held_out.forecast_all([flat, line], laws=["line", "last"])
    assert set(found["task"]) == {"line"}
    assert found.set_index("law").loc["line", "miss_no_change"] < 1e-6


def test_two_splits_of_a_benchmark_count_once():
    errors = pd.DataFrame(
        [
            ("s", f"{b}_{split}", b, metric, law, value * (2 if metric == "soft" else 3))
            for b, value in (("x", 1.0), ("y", 2.0))
            for split in ("val", "test")
            for metric in ("harsh", "soft")
            for law in ("line", "power")
        ],
        columns=["source", "task", "benchmark", "metric", "law", "miss"],
    )
    pairs = held_out.by_benchmark(errors, "s", "harsh", "soft", "miss")
    assert pairs.index.tolist() == ["x", "y"]
    assert pairs["soft"].tolist() == [2, 4]
    assert held_out.by_benchmark(errors, "s", "harsh", "soft", "miss", law="line")["harsh"].tolist() == [3, 6]  # fmt: skip


def test_families_are_averaged_over_their_hidden_models():
    names = ["a", "a", "b", "b", "c", "c", "d", "e"]
    curves = [
        held_out.hide("s", "t", metric, SIZES, np.r_[np.zeros(6) + 0.1, 0.2, 0.4], AWAY, names)
        for metric in ("accuracy", "Brier")
    ]
    table = held_out.by_family(curves, "accuracy", "Brier", law="last")
    assert table.index.tolist() == ["d", "e"]
    assert table["Brier"].tolist() == pytest.approx([0.1 / 0.2, 0.3 / 0.2])


def test_the_way_through_the_loss_finds_a_sigmoid_of_a_power_law():
    loss = 0.5 + 2 * (SIZES / 1e7) ** -0.3
    score = 1 / (1 + np.exp(4 * (loss - 1.2)))
    harsh = held_out.hide("s", "t", "accuracy", SIZES, score, AWAY)
    soft = held_out.hide("s", "t", "bits per byte", SIZES, loss, AWAY)
    direct, through = held_out.two_steps(harsh, soft, direct="line")
    assert through < 0.01 < direct


def test_published_curves_have_enough_known_models():
    curves = held_out.published()
    assert min((~c.hidden).sum() for c in curves) >= 5
    ladder = [c for c in curves if c.source == "OLMo's ladder"]
    assert len({c.task for c in ladder}) == 20
    assert len({c.benchmark for c in ladder}) == 13
    assert {c.hidden.sum() for c in ladder} == {5}


def truth(link: str) -> np.ndarray:
    u = np.log(SIZES / 1e9)
    return (
        1 / (1 + np.exp(1 - 0.8 * u)) if link == "logit" else np.minimum(np.exp(0.5 * u - 1.5), 1)
    )


@pytest.mark.parametrize("link", ["logit", "log"])
def test_counts_give_back_the_law_that_made_them(link):
    score = truth(link)
    curve = held_out.hide("s", "t", "exact match", SIZES, score, AWAY)
    assert held_out.two_parameters(curve, 10**6, link=link) == pytest.approx(score[AWAY], rel=0.01)


def test_a_logistic_curve_solves_its_likelihood_equations():
    """At the maximum, counts and expected counts agree, and so do their moments in the logarithm of scale."""
    known, n = np.array([0.01, 0.02, 0.02, 0.05, 0.12, 0.2]), 2000
    u = np.log(SIZES)
    theta = np.zeros(2)
    design = np.c_[np.ones(6), u[:6] - u[:6].mean()]
    for _ in range(50):  # Newton's steps
        p = 1 / (1 + np.exp(-design @ theta))
        theta += np.linalg.solve(
            (design.T * (n * p * (1 - p))) @ design, design.T @ (n * (known - p))
        )
    expected = 1 / (1 + np.exp(-theta[0] - theta[1] * (u[6:] - u[:6].mean())))
    curve = held_out.hide("s", "t", "exact match", SIZES, [*known, 0.5, 0.9], AWAY)
    assert held_out.two_parameters(curve, n) == pytest.approx(expected, abs=1e-4)


def test_another_link_is_refused():
    curve = held_out.hide("s", "t", "exact match", SIZES, truth("logit"), AWAY)
    with pytest.raises(FieldError):
        held_out.two_parameters(curve, 100, link="probit")  # type: ignore[arg-type]
