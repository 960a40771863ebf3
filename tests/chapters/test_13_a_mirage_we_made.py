"""Chapter 13 ("A mirage we made"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes

NAME = "13_a_mirage_we_made"
CHANGED = {"SEED": 7, "FEW": 50, "NONE": 0.03}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["few"] == 50
    assert after["decades"] >= before["decades"]  # a smaller test sees less
    assert after["n_small"] > before["n_small"]  # more models count as never right
    assert after["actual"] == before["actual"]


def test_chapter_13_numbers(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("recall")
    sizes = sorted(found)
    loss = {n: [-lp.mean() for lp, _ in found[n].values()] for n in sizes}
    match = {n: np.mean([r.all(axis=1).mean() for _, r in found[n].values()]) for n in sizes}
    assert (g["keys"], g["n_sizes"], g["n_seeds"]) == (512, len(sizes), 5)
    assert g["loss_first"] == pytest.approx(np.mean(loss[sizes[0]]), rel=1e-5)
    # the floor: sizes at which none of a hundred is the likeliest outcome
    floor = [n for n in sizes if (1 - match[n]) ** 100 > 0.5]
    assert (sizes[0], floor[-1]) == (g["first"], g["floor_last"])
    assert g["decades"] == pytest.approx(math.log10(floor[-1] / floor[0]))
    assert g["decades"] > 1
    # by the ends of the issue: monotone to the last seed, and nine in ten at the top
    for seed in range(5):
        path = [loss[n][seed] for n in sizes]
        assert all(b < a for a, b in itertools.pairwise(path) if a > 0.01)
        assert found[sizes[-1]][seed][1].all(axis=1).mean() > 0.9
    # the factors at the worst size
    n = g["worst_at"]
    sure = [np.exp(lp.sum(axis=1)).mean() for lp, _ in found[n].values()]
    plain = [math.exp(8 * lp.mean()) for lp, _ in found[n].values()]
    assert g["worst"] == pytest.approx(np.mean(sure) / np.mean(plain), rel=1e-4)
    places = [np.exp(lp).mean(axis=0).prod() for lp, _ in found[n].values()]
    assert g["worst_spread"] == pytest.approx(np.mean(np.array(places) / plain), rel=1e-4)
    assert g["worst_dependence"] == pytest.approx(np.mean(np.array(sure) / places), rel=1e-4)
    # the forecast, by NumPy's own line
    small = [n for n in sizes if match[n] < 0.01]
    slope, at = np.polyfit(small, [np.mean(loss[n]) for n in small], 1)
    assert g["foretold"] == pytest.approx((math.log(2) / 8 - at) / slope, rel=1e-4)
    assert g["kappa"] == pytest.approx(-slope * 512 * 8 / math.log(2), rel=1e-4)
    assert g["foretold"] / g["actual"] == pytest.approx(1, abs=0.25)
    # answered in order, and with frequencies by Zipf's law
    order = codes("recall_in_order")[g["order_params"]]
    assert g["order_eight"] == pytest.approx(
        np.mean([r.all(axis=1).mean() for _, r in order.values()])
    )
    assert g["order_one"] == pytest.approx(np.mean([r[:, 0].mean() for _, r in order.values()]))
    zipf = codes("recall_zipf")
    shares = 1 / np.arange(1, g["zipf_keys"] + 1)
    shares /= shares.sum()
    mean = [
        np.mean([-(lp.mean(axis=1) @ shares) for lp, _ in zipf[n].values()]) for n in sorted(zipf)
    ]
    fitted = np.polyfit(np.log(sorted(zipf)), np.log(mean), 1)
    assert g["zipf_exponent"] == pytest.approx(-fitted[0], rel=1e-4)
    assert g["zipf_rise"] > 2 * g["uniform_rise"]


def test_eight_digits_rise_over_fewer_decades_than_one(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("recall")
    sizes = np.array(sorted(found))

    def ends(
        digits,
    ):  # the sizes between which a tenth and nine tenths of the rise are passed, at the least and at the most
        score = np.array(
            [
                np.mean([np.exp(lp[:, :digits].sum(axis=1)).mean() for lp, _ in found[n].values()])
                for n in sizes
            ]
        )
        way = (score - score[0]) / (score[-1] - score[0])
        first, last = int(np.argmax(way >= 0.1)), int(np.argmax(way >= 0.9))
        fewest = max(0, math.log10(sizes[last - 1] / sizes[first])) if last > first else 0
        return fewest, math.log10(sizes[last] / sizes[first - 1])

    assert g["one_fewest"] == pytest.approx(ends(1)[0])
    assert g["eight_most"] == pytest.approx(ends(8)[1])
    assert g["eight_most"] < g["one_fewest"]
