"""Chapter 23 ("Error bars"): its numbers against independent computations."""

from __future__ import annotations

import collections
import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs, rows_of
from scipy import optimize, stats

NAME = "23_error_bars"
CHANGED = {"SEED": 5, "SMALL": 50, "POWER": 0.9, "ITEMS": 400, "RIGHT": 300}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["cell"] == 0.75
    assert after["cell_high"] - after["cell_low"] < before["cell_high"] - before["cell_low"]
    assert after["cover_wald"] > before["cover_wald"]
    assert after["zero_bound"] < before["zero_bound"]
    assert after["small_infinite"] < before["small_infinite"]
    assert after["digits_difference_points"] == before["digits_difference_points"]


def below_or_at(k, n, q):
    return sum(math.comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(k + 1))


def test_intervals_of_one_cell(chapter_run):
    g = chapter_run(NAME).glued
    n, k = g["items"], g["right"]
    low = optimize.brentq(lambda q: 1 - below_or_at(k - 1, n, q) - 0.025, 0.1, 0.9)
    high = optimize.brentq(lambda q: below_or_at(k, n, q) - 0.025, 0.1, 0.9)
    assert (g["cell_low"], g["cell_high"]) == pytest.approx((low, high))
    half = 1.959964 * math.sqrt(k / n * (1 - k / n) / n)  # the Wald interval of our cell is fine
    assert (k / n - half, k / n + half) == pytest.approx((low, high), abs=0.005)
    # Newcombe: the ends of both Wilson intervals
    ends = [stats.binomtest(c, n).proportion_ci(0.95, "wilson") for c in (k, g["right_below"])]
    (a, b), (a_low, a_high), (b_low, b_high) = (k / n, g["right_below"] / n), *ends
    assert g["gap_low_points"] == pytest.approx(100 * (a - b - math.hypot(a - a_low, b_high - b)))
    assert g["gap_high_points"] == pytest.approx(100 * (a - b + math.hypot(a_high - a, b - b_low)))


def test_coverage_by_counting(chapter_run):
    g = chapter_run(NAME).glued
    n, q, z = g["small"], 0.95, stats.norm.ppf(0.975)
    mass = [math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(n + 1)]
    share = np.arange(n + 1) / n
    wald = abs(share - q) <= z * np.sqrt(share * (1 - share) / n)
    wilson = abs(share - q) <= z * math.sqrt(
        q * (1 - q) / n
    )  # Wilson's is the score test turned round
    for name, inside in (("wald", wald), ("wilson", wilson)):
        assert g[f"cover_{name}"] == pytest.approx(np.dot(mass, inside))
    assert g["all_right"] == pytest.approx(mass[-1])
    assert g["cover_wald"] < 1 - mass[-1]  # claim 23.1
    assert 0.99 ** g["items_99"] <= 0.05 < 0.99 ** (g["items_99"] - 1)
    chances = stats.binom.pmf(np.arange(301), 300, 0.99)
    share = np.arange(301) / 300
    missed = abs(share - 0.99) > z * np.sqrt(share * (1 - share) / 300)
    assert g["miss_99"] == pytest.approx(chances[missed].sum())


def test_the_lowest_point_of_wilsons_interval(chapter_run):
    """By a grid so fine that the ends of intervals are nearly on it."""
    g = chapter_run(NAME).glued
    n, z = g["small"], stats.norm.ppf(0.975)
    q = np.linspace(0.5, 0.995, 200_001)
    total = np.zeros_like(q)
    for k in range(n + 1):
        held = abs(k / n - q) <= z * np.sqrt(q * (1 - q) / n)
        total += held * stats.binom.pmf(k, n, q)
    assert g["wilson_least"] == pytest.approx(total.min(), abs=2e-4)
    assert total.min() < 0.84


@pytest.fixture(scope="module")
def digits():
    """By size and seed: a table of pictures by positions, right or wrong."""
    frame = outputs("lenets_mnist")
    frame["right"] = (frame["target"] == frame["output"]).astype(float)
    return {
        key: each.pivot(index="image", columns="view", values="right")
        for key, each in frame.groupby(["params", "seed"])
    }


def test_pairs_and_clusters_of_pictures(chapter_run, digits):
    g = chapter_run(NAME).glued
    a, b = digits[g["few_params"], 0], digits[g["many_params"], 0]
    assert a.shape == (g["pictures"], g["views"])
    d = (b - a).to_numpy()
    assert g["digits_difference_points"] == pytest.approx(100 * d.mean())
    # a picture is one observation: the error of a mean of means
    clustered = d.mean(axis=1).std(ddof=1) / math.sqrt(len(d))
    assert g["same_clustered"] == pytest.approx(clustered)
    assert g["same_plain"] == pytest.approx(d.std(ddof=1) / math.sqrt(d.size), rel=1e-6)
    apart = math.hypot(*(x.mean(axis=1).std(ddof=1) / math.sqrt(len(d)) for x in (a, b)))
    assert g["apart_clustered"] == pytest.approx(apart)
    assert g["pairing_worth"] == pytest.approx((apart / clustered) ** 2)
    assert g["alike"] == pytest.approx(
        np.corrcoef(a.to_numpy().ravel(), b.to_numpy().ravel())[0, 1]
    )
    assert g["digits_low_points"] == pytest.approx(100 * (d.mean() - 1.96 * clustered), abs=0.01)
    p = b.to_numpy().mean()
    alone = b.mean(axis=1).std(ddof=1) ** 2 / len(b)
    assert g["worth_answers"] == pytest.approx(p * (1 - p) / alone, abs=60)


def test_the_trainings_disagree(chapter_run, digits):
    g = chapter_run(NAME).glued
    few, many = ([digits[g[size], s] for s in range(5)] for size in ("few_params", "many_params"))
    z = []
    for a, b in zip(few, many, strict=True):
        d = (b - a).mean(axis=1)
        z.append(d.mean() / (d.std(ddof=1) / math.sqrt(len(d))))
    assert (g["clear_up"], g["clear_down"]) == (sum(v > 1.97 for v in z), sum(v < -1.97 for v in z))
    assert g["clear_up"] >= 1 <= g["clear_down"]  # what the quiz says
    assert g["clear_down"] == 1
    x, y = (np.array([t.to_numpy().mean() for t in each]) for each in (few, many))
    parts = [v.var(ddof=1) / 5 for v in (x, y)]
    df = sum(parts) ** 2 / sum(v**2 / 4 for v in parts)  # Welch
    half = stats.t.ppf(0.975, df) * math.sqrt(sum(parts))
    assert g["sizes_low"] == pytest.approx(100 * (y.mean() - x.mean() - half))
    assert g["sizes_high"] == pytest.approx(100 * (y.mean() - x.mean() + half))


def test_on_pictures_as_they_are_no_training_disagrees(chapter_run, digits):
    g = chapter_run(NAME).glued
    few, many = (
        np.array([digits[g[size], s][0] for s in range(5)])
        for size in ("few_params", "many_params")
    )
    assert (
        many.mean() > 0.95 > 0.85 > digits[g["many_params"], 0][[1, 2, 3, 4, 5]].to_numpy().mean()
    )
    gained, lost = ((many > few).sum(axis=1), (many < few).sum(axis=1))
    assert (gained > lost).all()  # one sign
    p = [stats.binomtest(int(a), int(a + b)).pvalue for a, b in zip(gained, lost, strict=True)]
    assert min(p) > 0.05  # none clear alone
    over = stats.ttest_ind(many.mean(axis=1), few.mean(axis=1), equal_var=False)
    low, high = over.confidence_interval()
    assert (g["plain_low"], g["plain_high"]) == pytest.approx((100 * low, 100 * high))
    assert g["plain_low"] > 0
    assert g["plain_difference"] == pytest.approx(100 * (many - few).mean())


def test_trainings_differ_more_on_moved_digits(chapter_run, digits):
    g = chapter_run(NAME).glued
    sizes = sorted({size for size, _ in digits})

    def pooled(views, sizes):
        found = []
        for size in sizes:
            means = [digits[size, s][views].mean(axis=1) for s in range(5)]
            of_test = np.mean([m.var(ddof=1) for m in means]) / g["pictures"]
            found.append(np.var([m.mean() for m in means], ddof=1) / of_test)
        return math.sqrt(np.mean(found))

    assert g["plain_ratio"] == pytest.approx(pooled([0], sizes))
    able = [n for n in sizes if n >= 2_000]
    assert (g["n_able"], g["least_able"]) == (len(able), able[0])
    assert g["plain_able"] == pytest.approx(pooled([0], able))
    assert g["plain_able"] < 1 < 1.3 < pooled([1, 2, 3, 4, 5], able)
    single = [pooled([v], sizes) for v in range(1, 6)]
    assert (g["single_low"], g["single_high"]) == pytest.approx((min(single), max(single)))
    assert g["single_low"] < g["bound"] < g["single_high"]


def test_noise_of_trainings_against_that_of_pictures(chapter_run, digits):
    g = chapter_run(NAME).glued
    ratio = []
    for size in sorted({size for size, _ in digits}):
        means = [digits[size, s].mean(axis=1) for s in range(5)]
        of_test = np.mean([m.var(ddof=1) for m in means]) / g["pictures"]
        ratio.append(np.var([m.mean() for m in means], ddof=1) / of_test)
    assert g["ratio_pooled"] == pytest.approx(math.sqrt(np.mean(ratio)))
    assert g["ratio_pooled"] > 1.3  # claim 23.3
    assert (g["ratio_least"], g["ratio_most"]) == pytest.approx(
        (min(ratio) ** 0.5, max(ratio) ** 0.5)
    )


def test_pairing_is_worth_three_times_the_pictures(chapter_run, digits):
    g = chapter_run(NAME).glued
    sizes = sorted({size for size, _ in digits})
    worth = {}
    for a, b in itertools.pairwise(sizes[2:]):
        for s in range(5):
            x, y = (digits[n, s].mean(axis=1) for n in (a, b))
            worth[a, s] = (x.var() + y.var()) / (y - x).var()
    assert np.median(list(worth.values())) > 3  # claim 23.2
    every = []
    for a, b in itertools.pairwise(sizes):
        of = [[digits[n, s].mean(axis=1) for n in (a, b)] for s in range(5)]
        every.append(np.median([(x.var() + y.var()) / (y - x).var() for x, y in of]))
    assert (g["worth_least"], g["worth_most"]) == pytest.approx((min(every), max(every)))
    by_size = [np.median([worth[a, s] for s in range(5)]) for a in sizes[2:-1]]
    assert (g["worth_low"], g["worth_high"]) == pytest.approx((min(by_size), max(by_size)))


def test_three_sources_in_the_families_that_calculate(chapter_run):
    g = chapter_run(NAME).glued
    chances = {
        name: {n: np.array([np.exp(lp.sum(axis=1)) for lp, _ in of.values()]) for n, of in codes(name).items()}
        for name in ("addition", "multiplication", "recall")
    }  # fmt: skip
    addition = chances["addition"][6864]
    assert g["addition_seeds"] == pytest.approx(100 * addition.mean(axis=1).std(ddof=1), rel=0.01)
    # one answer to each of 500 sums: the binomial variance, less what the trainings differ
    usual = [p.mean() * (1 - p.mean()) / 500 for p in addition]
    assert g["addition_usual"] == pytest.approx(100 * math.sqrt(np.mean(usual)), rel=0.01)
    right = [r for _, r in codes("addition")[6864].values()]
    share = np.array([r.all(axis=1).mean() for r in right])
    assert (g["n_addition"], g["n_solved"], g["n_failed"]) == (
        20,
        (share > 0.9).sum(),
        (share < 0.2).sum(),
    )
    assert g["failed_most"] == pytest.approx(share[share < 0.9].max())
    # those that fail guess one place, and know most of the others
    places = np.sort([r.mean(axis=0) for r, s in zip(right, share, strict=True) if s < 0.9], axis=1)
    assert (g["guess_least"], g["guess_most"]) == pytest.approx(
        (places[:, 0].min(), places[:, 0].max())
    )
    assert places[:, 1:].min() > 0.7
    p = chances["multiplication"][14784]
    assert g["decoding_seeds"] == pytest.approx(100 * p.mean(axis=1).std(ddof=1), rel=0.05)
    # from probabilities what the chapter estimates from ten answers
    between, own = p[0].var(), (p[0] * (1 - p[0])).mean()
    for name, runs in (("one_answer", 1), ("ten_answers", 10), ("endless", math.inf)):
        assert g[name] == pytest.approx(100 * math.sqrt((between + own / runs) / 500), rel=0.06)
    assert g["ten_worth"] < g["ten_cost"] / 5
    assert g["ten_worth"] == pytest.approx(500 * (between + own) / (between + own / 10), rel=0.05)
    # a comparison: the answers of both, drawn
    rng = np.random.default_rng(3)
    before = chances["multiplication"][10400][0]
    errors = []
    for k in (1, 10):
        d = rng.binomial(k, p[0], (3_000, 500)) / k - rng.binomial(k, before, (3_000, 500)) / k
        errors.append(np.mean(d.var(axis=1, ddof=1)))
    assert g["paired_worth"] == pytest.approx(errors[0] / errors[1], rel=0.03)
    below = (chances["multiplication"][n].mean(axis=1).std(ddof=1) for n in (6784, 10400))
    assert (g["seeds_below"], g["seeds_before"]) == pytest.approx(
        [100 * v for v in below], rel=0.08
    )
    # sizes of every family half-way: more from trainings than from items
    more = every = short = 0
    for of in chances.values():
        for p in of.values():
            if 0.05 <= p.mean() <= 0.95:
                every += 1
                items = math.sqrt(np.mean([each.var(ddof=1) for each in p]) / p.shape[1])
                more += p.mean(axis=1).std(ddof=1) > items
                short += p.mean(axis=1).std(ddof=1) > items * math.sqrt(p.shape[1] / 200)
    assert g["n_more_short"] == short  # of the networks that calculate: no digit network
    assert g["n_digits_short"] == 0
    assert 0 <= g["n_halfway"] - every <= 11
    assert abs(g["n_more"] - more - 11) <= 1


def test_correlations_between_trainings(chapter_run):
    g = chapter_run(NAME).glued
    for name in ("addition", "multiplication"):
        found = []
        for of in codes(name).values():
            right = [r.all(axis=1) for _, r in of.values()]
            right = [r for r in right if 0.05 < r.mean() < 0.95]
            found += [np.corrcoef(a, b)[0, 1] for i, a in enumerate(right) for b in right[:i]]
        assert g[f"alike_{name}"] == pytest.approx(np.mean(found))
        if name == "addition":
            ends = g["addition_least"], g["addition_most"]
            assert ends == pytest.approx((min(found), max(found)))
    assert abs(g["alike_addition"]) < 0.05 < 0.3 < g["alike_multiplication"]


def test_items_for_two_points_and_five_points_on_164_problems(chapter_run):
    g = chapter_run(NAME).glued
    q = g["cell"]
    for name, rho in (("apart_items", 0), ("half_items", 0.5)):
        error = math.sqrt(2 * q * (1 - q) * (1 - rho) / g[name])
        assert stats.norm.sf(1.959964 - 0.02 / error) == pytest.approx(0.8, abs=1e-3)
    for name, lost in (("p_none", 0), ("p_twenty", 12)):
        n = g["net"] + 2 * lost
        assert g[name] == pytest.approx(2 * below_or_at(lost, n, 0.5))
    assert g["net"] / g["problems"] == pytest.approx(0.05, abs=0.002)
    rng = np.random.default_rng(0)
    up, down, _ = rng.multinomial(g["problems"], (0.145, 0.095, 0.76), 4_000).T
    p = [stats.binomtest(int(u), int(u + d)).pvalue for u, d in zip(up, down, strict=True)]
    told = np.array(p) < 0.05
    assert g["gain_found"] == pytest.approx(told.mean(), abs=0.03)
    assert g["gain_shown"] == pytest.approx(100 * (up - down)[told].mean() / g["problems"], abs=0.3)
    both = 0.85 * 0.9 + 0.5 * math.sqrt(0.85 * 0.15 * 0.9 * 0.1)
    up, down, _ = rng.multinomial(164, (0.9 - both, 0.85 - both, 2 * both + 1 - 1.75), 4_000).T
    p = [stats.binomtest(int(u), int(max(u + d, 1))).pvalue for u, d in zip(up, down, strict=True)]
    assert g["gain_found_high"] == pytest.approx((np.array(p) < 0.05).mean(), abs=0.03)
    # the correlation of two such models whose scores are near 60% and 65%
    both = (0.6 - 0.095 - 0.6 * 0.65) / math.sqrt(0.6 * 0.4 * 0.65 * 0.35)
    assert both == pytest.approx(0.5, abs=0.02)


def test_a_small_test_of_a_smooth_law(chapter_run):
    g = chapter_run(NAME).glued
    sizes = sorted({float(row["params"]) for row in rows_of("gpt3_arithmetic")})
    law = np.exp(-5 * (np.array(sizes) / 1e9) ** -0.5)
    assert g["law_score"] == pytest.approx((law[-1] - law[0]) / np.median(np.diff(law)))
    y = np.random.default_rng(99).binomial(g["small"], law, (20_000, 8))
    flat = np.median(abs(np.diff(y, axis=1)), axis=1) == 0
    assert g["small_infinite"] == pytest.approx(flat.mean(), abs=0.06)
    for tokens, least, most in ((2, 0, 0.01), (10, 0.9, 1)):
        law_here = law ** (tokens / 5)
        found = np.random.default_rng(98).binomial(g["small"], law_here, (20_000, 8))
        infinite = (np.median(abs(np.diff(found, axis=1)), axis=1) == 0).mean()
        assert least <= infinite <= most
    assert g["long_infinite"] == pytest.approx(infinite, abs=0.04)
    assert g["small_zeros"] == pytest.approx(((1 - law) ** g["small"]).sum(), abs=0.2)
    assert g["zero_bound"] == pytest.approx(1 - 0.025 ** (1 / g["small"]))
    assert g["small_width"] == pytest.approx(g["law_width"], abs=0.05)
    assert g["small_broad"] - g["small_narrow"] > 5 * (g["many_broad"] - g["many_narrow"])


def test_the_paired_interval_fails_where_few_items_carry_it(chapter_run):
    g = chapter_run(NAME).glued
    # by Student's t alone, 4,000 tests a size
    rng = np.random.default_rng(1)
    for n, name in ((30, "carry_30"), (100, "carry_100"), (300, "carry_300")):
        d = (rng.random((4_000, n)) < 0.02) * rng.exponential(1, (4_000, n))
        half = stats.t.ppf(0.975, n - 1) * d.std(axis=1, ddof=1) / math.sqrt(n)
        held = ((abs(d.mean(axis=1) - 0.02) <= half) & (half > 0)).mean()
        assert g[name] == pytest.approx(held, abs=0.03)
        if n > 30:
            c = d - d.mean(axis=1, keepdims=True)
            with np.errstate(invalid="ignore"):
                carriers = np.nan_to_num((c**2).sum(axis=1) ** 2 / (c**4).sum(axis=1))
            assert g[f"carriers_{n}"] == pytest.approx(np.median(carriers), abs=0.3)
    assert g["carry_30"] < g["carry_100"] < g["carry_300"] < 0.9 < g["binary_low"]
    assert g["carry_300"] < g["carry_1000"] < 0.93 < g["clusters_low"] + 0.02
    assert g["all_differ_carriers"] > g["carriers_1000"]  # and its interval is right


def test_many_tasks(chapter_run):
    g = chapter_run(NAME).glued
    scores = collections.defaultdict(dict)
    for row in rows_of("pythia_evals"):
        if row["task"].startswith("mmlu_") and row["metric"] == "acc":
            n = int(row["n"])
            of = scores[row["model"], row["shots"]]
            of[row["task"]] = (round(float(row["score"]) * n), n)
    none = [scores[f"EleutherAI/pythia-{m}-deduped", "0"] for m in ("6.9b", "12b")]
    z = []
    for task, (x, n) in none[0].items():
        y, pool = none[1][task][0], (x + none[1][task][0]) / (2 * n)
        z.append((y - x) / n / math.sqrt(pool * (1 - pool) * 2 / n))
    assert (g["zero_tasks"], g["zero_found"]) == (len(z), sum(abs(v) > 1.959964 for v in z))
    small, large = (scores[f"EleutherAI/pythia-{m}-deduped", "5"] for m in ("6.9b", "12b"))
    p, up = [], []
    for task, (x, n) in small.items():
        y, _ = large[task]
        pool = (x + y) / (2 * n)
        z = (y - x) / n / math.sqrt(pool * (1 - pool) * 2 / n)
        p.append(2 * stats.norm.sf(abs(z)))
        up.append(z > 0)
    assert (g["n_tasks"], g["near_found"]) == (len(p), sum(v < 0.05 for v in p))
    assert g["near_down"] == sum(v < 0.05 and not u for v, u in zip(p, up, strict=True))
    assert g["near_holm"] == 0 == sum(min(p) <= 0.05 / len(p) for _ in "x")
    ranked = sorted(p)
    assert g["near_bh"] == 0 == sum(v <= 0.05 * (i + 1) / len(p) for i, v in enumerate(ranked))


def test_above_95_per_cent_other_items_mostly_move_digits_as_they_are_more(chapter_run):
    """By a two-way table of trainings and pictures, and its mean squares."""
    g = chapter_run("23_error_bars").glued
    frame = outputs("lenets_mnist")
    plain = frame[frame["view"] == frame["view"].min()]
    found = []
    for _, size in plain.groupby("params"):
        right = (size["output"] == size["target"]).astype(float)
        y = right.groupby([size["seed"], size["image"]]).mean().unstack().to_numpy()
        trainings, n = y.shape
        left = y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean()
        error = (left**2).sum() / ((trainings - 1) * (n - 1))
        other_training = y.mean(axis=1).var(ddof=1) - error / n
        other_items = y.var(axis=1, ddof=1).mean() / n
        if y.mean() > 0.95:
            found.append(other_items > other_training)
    assert (g["n_items_high"], g["n_high"]) == (sum(found), len(found))


def test_trainings_of_larger_networks_differ_on_digits_as_they_are_too(chapter_run, digits):
    """By Cochran's Q for each size: it asks whether trainings are right on the same pictures equally often."""
    g = chapter_run(NAME).glued
    q, scatter, own = {}, {}, {}
    for size in sorted({size for size, _ in digits}):
        right = np.array([digits[size, s][0] for s in range(5)])
        of_run, of_picture = right.sum(axis=1), right.sum(axis=0)
        pull = 4 * (5 * (of_run**2).sum() - of_run.sum() ** 2)
        q[size] = pull / (5 * of_picture.sum() - (of_picture**2).sum())
        scatter[size] = right.mean(axis=1).var(ddof=1)
        # a training less the mean of the five, picture by picture, and those again less their mean
        apart = right - right.mean(axis=0)
        own[size] = apart.var(axis=1).sum() / 4 / (right.shape[1] - 1)
    able = [size for size in q if size >= g["least_able"]]
    assert stats.chi2.sf(sum(q[size] for size in able), 4 * len(able)) < 1e-4
    # with many pictures F is Q over its four degrees of freedom
    assert g["plain_f"] == pytest.approx(np.mean([q[size] / 4 for size in able]), rel=0.02)
    assert g["f_by_chance"] == pytest.approx(stats.chi2.isf(0.001, 4 * 8) / 4 / 8, rel=0.01)
    assert g["plain_f"] > g["f_by_chance"]
    high = [size for size in q if np.mean([digits[size, s][0].mean() for s in range(5)]) > 0.95]
    assert len(high) == g["n_high"]
    left = 1 - sum(own[size] for size in high) / sum(scatter[size] for size in high)
    assert g["left_of_interval"] == pytest.approx(math.sqrt(left), rel=1e-6)
    # the two sizes of the essay alone say something else, and their neighbours more
    few, many = g["few_params"], g["many_params"]
    assert max(q[few], q[many]) < 5 < min(q[15_738], q[158_990])
