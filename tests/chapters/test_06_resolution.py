"""Chapter 6 ("Resolution"): its numbers against independent computations."""

from __future__ import annotations

import collections
import csv
import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data
from independent import published
from scipy import integrate, optimize, stats

NAME = "06_resolution"
CHANGED = {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "POWER": 0.9}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["gain_limit"] == pytest.approx(math.log10(2) / 0.8)
    assert after["double_hundredth"] > before["double_hundredth"]
    assert after["rate"] == before["rate"]


def test_chapter_6_numbers(chapter_run):
    g = chapter_run(NAME).glued
    assert g["three"] == pytest.approx(math.log(20))
    assert g["bound_128"] == pytest.approx(1 - 0.05 ** (1 / 128))
    N, k, n = published()["4D+", "few-shot"]
    assert (g["count_13"], g["count_175"]) == (k[-2], k[-1]) == (8, 510)
    assert g["sixth_low"] == pytest.approx(stats.beta.ppf(0.025, 3, 1998))
    assert g["zero_high"] == pytest.approx(1 - 0.025 ** (1 / 2000))
    low, high = stats.beta.ppf(0.025, k, n - k + 1), stats.beta.ppf(0.975, k + 1, n - k)
    low[k == 0] = 0
    small = [i for i in range(8) if N[i] < 7e9]
    pairs = list(itertools.combinations(small, 2))
    assert g["n_pairs"] == len(pairs)
    assert g["overlapping"] == sum(max(low[i], low[j]) <= min(high[i], high[j]) for i, j in pairs)
    # worst coverage of Wilson's interval, written out
    rates, counts = np.geomspace(2e-4, 0.5, 400), np.arange(129)
    q, z = counts / 128, stats.norm.ppf(0.975)
    middle, half = (
        (q + z**2 / 256) / (1 + z**2 / 128),
        z * np.sqrt(q * (1 - q) / 128 + z**2 / (4 * 128**2)) / (1 + z**2 / 128),
    )
    inside = (np.maximum(middle - half, 0)[:, None] - 1e-12 <= rates) & (
        rates <= (middle + half)[:, None]
    )
    cover = (stats.binom.pmf(counts[:, None], 128, rates) * inside).sum(axis=0)
    assert g["worst_wilson"] == pytest.approx(cover.min(), abs=1e-6)
    assert g["reads_zero"] == pytest.approx((1 - g["rate"]) ** 128)
    assert g["pooled_low"] == pytest.approx(stats.beta.ppf(0.025, 686, 1_015_808 - 685))

    # detection floor by root finding on the closed form
    def floor(items, L=16, alpha=0.5):
        return optimize.brentq(
            lambda u: (1 - math.exp(-L * math.exp(-alpha * u))) ** items - 0.05, -20, 40
        )

    floors = [floor(m) / math.log(10) for m in (100, 10_000, 1_000_000)]
    assert g["gain_first"] == pytest.approx(floors[0] - floors[1], abs=1e-6)
    assert g["gain_second"] == pytest.approx(floors[1] - floors[2], abs=1e-6)
    # power of the doubling at one in ten, by simulation
    rng, m = np.random.default_rng(5), g["double_tenth"]
    a, b = rng.binomial(m, 0.1, 2_000), rng.binomial(m, 0.2, 2_000)
    tail = np.minimum(
        stats.hypergeom.sf(b - 1, 2 * m, a + b, m), stats.hypergeom.cdf(b, 2 * m, a + b, m)
    )
    assert (tail <= 0.025).mean() == pytest.approx(0.8, abs=0.04)
    assert g["bias_two"] == pytest.approx(2, abs=0.1)
    assert g["bias_twenty"] == pytest.approx(20 / 19, abs=0.02)
    assert g["scatter_twenty"] == pytest.approx(1 / math.sqrt(18), rel=0.1)
    # worth of an item by probability: gamma integrals done numerically
    loss = 8 * 10 ** (0.5)  # eight tokens at a tenth of the critical scale
    density = stats.gamma(8, scale=1 / 8).pdf
    mean, square = (
        integrate.quad(lambda h, t=t: np.exp(-t * loss * h) * density(h), 0, 10)[0] for t in (1, 2)
    )
    assert g["truth_lowest"] == pytest.approx(mean, rel=1e-6)
    assert g["saving_small"] == pytest.approx(mean * (1 - mean) / (square - mean**2), rel=1e-4)


@needs_evaluation_data
def test_the_quoted_pass_counts_are_those_of_the_files(chapter_run):
    g = chapter_run(NAME).glued
    folder = evaluation_data() / "llm_monkeys"
    totals = collections.defaultdict(lambda: [0, 0, 0, 0])
    for file, columns in (
        ("pythia_gsm8k_math_pass_counts.csv", "Num. Samples"),
        ("pythia_math_original_pass_counts_10000_samples.csv", "Num. Samples Total"),
    ):
        for row in csv.DictReader((folder / file).read_text().splitlines()):
            total = totals[file[:12], row["Model"], row["Benchmark"]]
            right = int(float(row["Num. Samples Correct"]))
            for i, value in enumerate((1, int(row[columns]), right, right == 0)):
                total[i] += value
    first, brown = "pythia_gsm8k", "pythia_math_"
    assert totals[first, "Pythia 70M", "GSM8K"] == [
        g["problems"],
        g["samples"],
        g["right"],
        g["never"],
    ]
    assert g["rate"] == pytest.approx(0.000675, abs=5e-7)
    assert totals[first, "Pythia 70M", "MATH"][1:3] == [g["math_samples"], 0]
    assert totals[brown, "Pythia 70M", "MATH"][1:3] == [g["brown_samples"], g["brown_right"]]
