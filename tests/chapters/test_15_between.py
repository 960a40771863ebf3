"""Chapter 15 ("In between"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs

NAME = "15_between"
CHANGED = {"SEED": 7, "SOLVED": 0.2}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["live_mean"] != before["live_mean"]
    assert after["steep_one"] == before["steep_one"]


def test_chapter_15_numbers(chapter_run):
    g = chapter_run(NAME).glued
    for k, name in ((16, "some"), (64, "many")):
        rows = outputs(f"parities_{k}")
        rows["loss"] = -rows["logprob"].astype(float) / math.log(2)
        loss = rows.groupby(["size", "seed", "task"])["loss"].mean()
        assert g[f"clear_{name}"] == pytest.approx(((loss < 0.25) | (loss > 0.75)).mean())
        shares = 1 / np.arange(1, k + 1)
        shares /= shares.sum()
        wide = loss.unstack("task")
        mean = (wide * shares).sum(axis=1).unstack("seed")
        assert g[f"last_{name}"] == pytest.approx(mean.iloc[-1].mean(), rel=1e-4)
        middle = mean.median(axis=1)
        falls = [
            (middle[a] - middle[b]) / math.log2(b / a) for a, b in itertools.pairwise(middle.index)
        ]
        assert g[f"steep_{name}"] == pytest.approx(max(falls), rel=1e-4)
        good = total = 0
        for have in (wide < 0.25).to_numpy():
            for i, j in itertools.combinations(range(k), 2):
                if have[i] != have[j]:
                    total += 1
                    good += bool(have[i])
        assert g[f"order_{name}"] == pytest.approx(good / total)
    found = codes("multiplication")
    sizes = sorted(found)
    match = [np.mean([r.all(axis=1).mean() for _, r in found[n].values()]) for n in sizes]
    assert (g["mult_match_first"], g["mult_match_last"]) == pytest.approx((match[0], match[-1]))
    units = {n: np.mean([-lp[:, 0].mean() for lp, _ in found[n].values()]) for n in sizes}
    assert g["unit_before"] == pytest.approx(units[g["unit_from"]], rel=1e-4)
    assert g["unit_after"] == pytest.approx(units[g["unit_to"]], rel=1e-4)
    zipf = codes("recall_zipf")
    shares = 1 / np.arange(1, 1025)
    top = [r.all(axis=1) for _, r in zipf[max(zipf)].values()]
    assert g["top_used"] == pytest.approx(np.mean([r @ shares / shares.sum() for r in top]))
    assert g["top_alike"] == pytest.approx(np.mean(top))
    assert g["top_rare"] == pytest.approx(np.mean([r[-256:] for r in top]))
