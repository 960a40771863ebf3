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

from mirage_utils.page import explorers

NAME = "06_resolution"
CHANGED = {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "POWER": 0.9}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["gain_limit"] == pytest.approx(math.log10(2) / 0.8)
    assert after["double_hundredth"] > before["double_hundredth"]
    assert after["needed_low"] > before["needed_low"]
    assert after["rate"] == before["rate"]


def test_what_a_zero_bounds(chapter_run):
    g = chapter_run(NAME).glued
    assert g["three"] == pytest.approx(math.log(20))
    assert g["two_sided"] == pytest.approx(math.log(40))
    assert g["bound_2000"] == pytest.approx(1 - 0.05 ** (1 / 2000))
    assert g["zero_high"] == pytest.approx(1 - 0.025 ** (1 / 2000))
    assert g["zero_high"] == pytest.approx(stats.binomtest(0, 2000).proportion_ci(0.95).high)
    assert g["touching"] == pytest.approx(math.erfc(1.959964), abs=1e-6)


def test_the_counts_of_gpt3(chapter_run):
    g = chapter_run(NAME).glued
    _, k, n = published()["4D+", "few-shot"]
    assert g["right_six"] == "0, 1, 1, 0, 3 and 3"
    assert list(k[:6]) == [0, 1, 1, 0, 3, 3]
    assert g["right_13"] == k[6] == 8
    low, high = stats.beta.ppf(0.025, k, n - k + 1), stats.beta.ppf(0.975, k + 1, n - k)
    low[k == 0] = 0
    pairs = list(itertools.combinations(range(7), 2))
    assert g["n_pairs"] == len(pairs)
    assert g["overlapping"] == sum(max(low[i], low[j]) <= min(high[i], high[j]) for i, j in pairs)


@pytest.mark.parametrize(("m", "name"), [(6, "p_six"), (7, "p_seven")])
def test_the_trend_by_shuffling_right_answers(chapter_run, m, name):
    """Right answers thrown at random into m equal bins: how far does the sum of log sizes get from its mean?"""
    N, k, _ = published()["4D+", "few-shot"]
    x = np.log(np.asarray(N[:m], float))
    rng, many = np.random.default_rng(3), 400_000
    total = int(np.sum(k[:m]))
    # 2,000 items a bin: with or without replacement makes no difference to three digits here
    sums = x[rng.integers(0, m, (many, total))].sum(axis=1)
    middle = total * x.mean()
    p = (abs(sums - middle) >= abs(np.dot(k[:m], x) - middle) - 1e-9).mean()
    assert chapter_run(name=NAME).glued[name] == pytest.approx(
        p, abs=4 * math.sqrt(p / many) + 0.02 * p
    )


def test_neighbours_and_trend_if_growth_is_as_fitted(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = published()["4D+", "few-shot"]
    x, k = np.log10(np.asarray(N[:7], float)), np.asarray(k[:7], float)

    # Poisson regression for such rare successes, by maximum likelihood
    def loss(theta):
        mean = 2000 * np.exp(theta[0] + theta[1] * (x - 9))
        return (mean - k * np.log(mean)).sum()

    found = optimize.minimize(loss, [-8.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})  # fmt: skip
    assert g["growth"] == pytest.approx(math.exp(found.x[1]), rel=0.02)
    p = np.exp(found.x[0] + found.x[1] * (x[:6] - 9))
    rng = np.random.default_rng(8)
    draws = rng.poisson(2000 * p, (20_000, 6))
    # normal approximation of the trend test (Cochran and Armitage)
    centred = x[:6] - x[:6].mean()
    total = draws.sum(axis=1)
    z = draws @ centred / np.sqrt(np.maximum(total, 1) * (centred**2).mean())
    assert g["trend_power"] == pytest.approx((abs(z) > 1.96).mean(), abs=0.06)
    assert g["trend_power_slow"] < 0.4 < g["trend_power"]
    assert g["reads_zero_all"] == pytest.approx(math.exp(-686 / 1_015_808 * 1_319), abs=1e-3)
    by_fisher = [
        np.mean([stats.fisher_exact([[a, 2000 - a], [b, 2000 - b]]).pvalue < 0.05 for a, b in draws[:1500, i : i + 2]])
        for i in range(5)
    ]  # fmt: skip
    assert max(by_fisher) == pytest.approx(g["best_neighbours"], abs=0.03)
    # Poisson counts of both and the normal approximation of square roots
    wanted = [
        ((1.96 + 0.8416) / (2 * (math.sqrt(b) - math.sqrt(a)))) ** 2 * 2
        for a, b in itertools.pairwise(p)
    ]
    assert g["needed_low"] == pytest.approx(min(wanted), rel=0.15)
    assert g["needed_high"] == pytest.approx(max(wanted), rel=0.15)


def test_a_zero_from_templates_by_simulation(chapter_run):
    g = chapter_run(NAME).glued
    rng, score, alike = np.random.default_rng(4), g["limit_tenth"], 0.1
    scores = rng.beta(
        score * (1 / alike - 1), (1 - score) * (1 / alike - 1), (100_000, g["templates"])
    )
    nothing = np.prod((1 - scores) ** g["template_size"], axis=1).mean()
    assert nothing == pytest.approx(0.025, rel=0.05)
    # the design effect, as the variance of a mean of correlated items
    one, m, T = 0.05, g["template_size"], g["templates"]
    scores = rng.beta(one * 9, (1 - one) * 9, (4000, T))
    means = rng.binomial(m, scores).mean(axis=1) / m
    assert one * (1 - one) / means.var() == pytest.approx(g["template_worth"], rel=0.08)


def test_chapter_6_numbers(chapter_run):
    g = chapter_run(NAME).glued
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
    # worth of an item by probability: gamma integrals done numerically
    loss = 8 * 10 ** (0.5)  # eight tokens at a tenth of the critical scale
    density = stats.gamma(8, scale=1 / 8).pdf
    mean, square = (
        integrate.quad(lambda h, t=t: np.exp(-t * loss * h) * density(h), 0, 10)[0] for t in (1, 2)
    )
    assert g["truth_lowest"] == pytest.approx(mean, rel=1e-6)
    assert g["saving_small"] == pytest.approx(mean * (1 - mean) / (square - mean**2), rel=1e-4)
    savings = []
    for decade in np.linspace(8, 12, 9):
        gone = 8 * 10 ** (-(decade - 9) / 2)
        mean, square = (
            integrate.quad(lambda h, c=t * gone: np.exp(-c * h) * density(h), 0, 10, limit=200)[0]
            for t in (1, 2)
        )
        savings.append(mean * (1 - mean) / (square - mean**2))
    assert g["saving_least"] == pytest.approx(min(savings), rel=1e-3)
    assert g["saving_least"] < g["saving_large"] < g["saving_small"]


def test_the_worst_coverage_is_beside_an_end_of_an_interval(chapter_run):
    g = chapter_run(NAME).glued
    k, z = np.arange(129), stats.norm.ppf(0.975)
    q = k / 128
    middle = (q + z**2 / 256) / (1 + z**2 / 128)
    half = z * np.sqrt(q * (1 - q) / 128 + z**2 / (4 * 128**2)) / (1 + z**2 / 128)
    written_out = {
        "exact": (stats.beta.ppf(0.025, k, 129 - k), stats.beta.ppf(0.975, k + 1, 128 - k)),
        "wilson": (middle - half, middle + half),
        "jeffreys": tuple(stats.beta.ppf(u, k + 0.5, 128.5 - k) for u in (0.025, 0.975)),
    }
    for name, (low, high) in written_out.items():
        low, high = np.where(k == 0, 0, low), np.where(k == 128, 1, high)

        def covered(p, low=low, high=high):
            return sum(math.comb(128, j) * p**j * (1 - p) ** (128 - j) for j in k if low[j] <= p <= high[j])  # fmt: skip

        at = [e * way for e in (*low, *high) if 2e-4 < e < 0.5 for way in (1 - 1e-10, 1 + 1e-10)]
        least = min(covered(p) for p in at)
        assert g[f"worst_{name}"] == pytest.approx(least, abs=1e-6), name
        # and nowhere between them is it lower
        assert min(covered(p) for p in np.geomspace(2e-4, 0.5, 1_500)) >= least - 1e-6, name


def test_the_error_of_waiting_for_passes(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(12)
    for r, name in ((3, "three"), (5, "five"), (20, "twenty")):
        took = rng.geometric(0.1, (400_000, r)).sum(axis=1)
        error = np.sqrt((((r - 1) / (took - 1) - 0.1) ** 2).mean()) / 0.1
        assert g[f"{name}_often"] == pytest.approx(error, rel=0.02), name
        # rare passes come as a Poisson process: one over a gamma variable
        assert g[f"{name}_rare"] == pytest.approx(1 / math.sqrt(r - 2), rel=2e-3), name


def test_how_well_the_rate_on_these_problems_is_known(chapter_run):
    g = chapter_run(NAME).glued
    normal = 1.96 * math.sqrt(686) / 1_015_808  # Poisson counts
    assert g["rate_within"] == pytest.approx(normal, rel=0.02)


def test_what_the_exercise_by_slider_says():
    about = explorers.items(seed=6)
    left = [
        about.picture(**{**about.start, **moved}).caption.split(" of 11")[0]
        for moved in ({}, {"n": 1_000_000}, {"L": 1}, {"n": 1_000_000, "L": 1})
    ]
    assert left == ["4", "3", "2", "0"]


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
    by_problem = {
        file: np.array(
            [
                (float(row["Num. Samples Correct"]), float(row[columns]))
                for row in csv.DictReader((folder / file).read_text().splitlines())
                if row["Model"] == "Pythia 70M" and row["Benchmark"] == benchmark
            ]
        ).T
        for file, columns, benchmark in (
            ("pythia_gsm8k_math_pass_counts.csv", "Num. Samples", "GSM8K"),
            ("pythia_math_original_pass_counts_10000_samples.csv", "Num. Samples Total", "MATH"),
        )
    }
    (k, m), (other, tens) = by_problem.values()
    assert set(m) == {g["each"]}
    rates = k / m
    error = rates.std(ddof=1) / math.sqrt(128)
    assert g["error"] == pytest.approx(error, rel=1e-5)
    assert g["worth"] == pytest.approx(g["rate"] * (1 - g["rate"]) / error**2, rel=1e-4)
    assert g["ten_easiest"] == pytest.approx(np.sort(k)[-10:].sum() / k.sum())
    assert g["one_each"] == pytest.approx(np.prod(1 - rates), abs=1e-6)
    rest = np.sort(rates)[:-1]
    assert g["error_without_easiest"] == pytest.approx(rest.std(ddof=1) / math.sqrt(127), rel=1e-5)
    assert g["error_brown"] == pytest.approx((other / tens).std(ddof=1) / math.sqrt(128), rel=1e-5)
    # problems drawn again scatter as the standard error says
    drawn = np.random.default_rng(2).choice(rates, (20_000, 128)).mean(axis=1)
    assert drawn.std() == pytest.approx(error, rel=0.03)
    resampled = np.random.default_rng(5).choice(rates, (20_000, 128))
    mean = resampled.mean(axis=1)
    worths = mean * (1 - mean) / (resampled.var(axis=1, ddof=1) / 128)
    ends = np.percentile(worths, [2.5, 97.5])
    assert ends == pytest.approx([g["worth_low"], g["worth_high"]], rel=0.03)
    # between problems and within: the samples a problem at which both parts are equal
    within = (rates * (1 - rates)).mean()
    assert g["enough"] == pytest.approx(within / (rates.var(ddof=1) - within / g["each"]), rel=0.02)
    assert g["rate"] == pytest.approx(0.000675, abs=5e-7)
    assert totals[first, "Pythia 70M", "MATH"][1:3] == [g["math_samples"], 0]
    assert totals[brown, "Pythia 70M", "MATH"][1:3] == [g["brown_samples"], g["brown_right"]]


def test_normal_intervals_from_log_probabilities_miss_the_truth_at_the_start(chapter_run):
    g = chapter_run(NAME).glued
    rng, found = np.random.default_rng(21), []
    for decade in np.linspace(8, 12, 9):
        loss = 8 * 10 ** (-(decade - 9) / 2)
        q = np.exp(-loss * rng.gamma(8, 1 / 8, (8_000, 100)))
        truth = stats.gamma(8, scale=1 / 8).expect(lambda h, loss=loss: np.exp(-loss * h))
        z = (q.mean(axis=1) - truth) / (q.std(axis=1, ddof=1) / 10)
        found.append((abs(z) <= 1.96).mean())
    three = [g[f"covers_{place}"] for place in ("first", "second", "third")]
    assert three == pytest.approx(found[:3], abs=0.05)
    assert (g["covers_least"], g["covers_most"]) == pytest.approx(
        (min(found[3:]), max(found[3:])), abs=0.03
    )


def test_one_answer_to_each_test_problem_over_the_interval_of_the_rate(chapter_run):
    g = chapter_run(NAME).glued
    t = stats.t.ppf(0.975, 127)
    low, high = (math.exp(-1_319 * (g["rate"] + way * t * g["error"])) for way in (1, -1))
    assert (g["all_low"], g["all_high"]) == pytest.approx((low, high), abs=2e-3)
