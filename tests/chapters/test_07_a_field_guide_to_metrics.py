"""Chapter 7 ("A field guide to metrics"): its numbers against independent computations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import rise
from scipy import optimize, stats

NAME = "07_a_field_guide_to_metrics"
CHANGED = {"LENGTH": 9, "ATTEMPTS": 100, "SPREAD": 0.2}
GPT3 = np.array([125e6, 356e6, 760e6, 1.32e9, 2.65e9, 6.66e9, 12.85e9, 174.6e9])


def grade(s, K=4):
    """Share of items in which the right option is the largest."""

    def picked(p):  # with Gumbel noise of scale s, as often as mass**(1/s) has it
        weights = np.array([p, *[(1 - p) / (K - 1)] * (K - 1)]) ** (1 / s)
        return weights[0] / weights.sum()

    return picked


def below(s, c=0.1):
    return lambda p: stats.logistic.cdf((math.log(c) - math.log(max(1 - p, 1e-300))) / s)


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["later_match"] == pytest.approx(math.log10(9), abs=1e-4)
    assert after["narrower_pass"] < before["narrower_pass"]  # more attempts, sharper
    assert after["narrower_grade"] < before["narrower_grade"]  # items more alike, sharper


def test_each_metric_from_its_definition_and_not_from_its_expression(chapter_run):
    g = chapter_run(NAME).glued
    place, width = rise(lambda p: p)
    shapes = {
        "match": rise(lambda p: p**5),
        "bleu": rise(lambda p: math.prod(p**n for n in (1, 2, 3, 4)) ** 0.25),
        "brier": rise(lambda p: 2 - ((p - 1) ** 2 + 3 * ((1 - p) / 3) ** 2)),  # four options
        "pass": rise(lambda p: 1 - stats.binom.pmf(0, 10, p)),
        "grade": rise(grade(0.35)),
        "threshold": rise(below(0.35)),
    }
    for name in ("match", "bleu", "threshold"):
        assert g[f"later_{name}"] == pytest.approx(shapes[name][0] - place, abs=2e-4), name
    for name in ("brier", "pass"):
        assert g[f"earlier_{name}"] == pytest.approx(place - shapes[name][0], abs=2e-4), name
    for name in ("brier", "pass", "grade", "threshold"):
        assert g[f"narrower_{name}"] == pytest.approx(shapes[name][1] / width, rel=1e-3), name
    prefix = rise(lambda p: sum(p**j for j in range(1, 6)))
    carry = rise(lambda p: sum(w * stats.binom.pmf(5 - j, 5, p) for j, w in ((0, 1), (1, 0.5))))
    assert g["prefix_wide"] == pytest.approx(prefix[1] / width, rel=1e-3)
    assert g["carry_narrow"] == pytest.approx(carry[1] / width, rel=1e-3)
    assert g["bleu_tokens"] == 2.5
    even = optimize.brentq(lambda s: rise(below(s))[1] - width, 0.4, 1.5)
    assert g["threshold_even"] == pytest.approx(even, abs=1e-3)
    assert g["grade_even"] == pytest.approx(1, abs=1e-6)


def test_slips_by_summing_the_chances_of_their_numbers(chapter_run):
    g = chapter_run(NAME).glued
    place, width = rise(lambda p: p)

    def few(slips, of):
        return lambda p: sum(
            math.comb(of, j) * (1 - p) ** j * p ** (of - j) for j in range(slips + 1)
        )

    assert g["slip_ratio"] == pytest.approx(rise(few(1, 10))[1] / width, rel=1e-4)
    assert g["all_later"] == pytest.approx((rise(few(0, 10))[0] - place) / 0.5, abs=1e-4)
    ends = [rise(few(1, of))[1] / width for of in (2, 1000)]
    assert (g["slip_most"], g["slip_least"]) == pytest.approx(ends, rel=1e-4)
    assert g["most"] == pytest.approx(ends[0], rel=1e-4)


def test_dependent_tokens_by_integrating_over_the_beta_distribution(chapter_run):
    g = chapter_run(NAME).glued
    _, width = rise(lambda p: p)
    at = (np.arange(40_000) + 0.5) / 40_000

    def passed(required):
        def score(p):
            if p in (0.0, 1.0):
                return p
            spare = 0.7 / 0.3
            return stats.binom.sf(
                required - 1, 10, stats.beta.ppf(at, p * spare, (1 - p) * spare)
            ).mean()

        return score

    for name, required in (("one_dep", 1), ("all_dep", 10)):
        assert g[name] == pytest.approx(rise(passed(required))[1] / width, abs=3e-3), name


def test_excess_by_hand(chapter_run):
    g = chapter_run(NAME).glued

    def excess(score, critical):
        y = np.array([score(math.exp(-((n / critical) ** -0.5))) for n in GPT3])
        return (y[-1] - y[0]) / np.median(np.abs(np.diff(y))) / 7

    assert g["excess_token"] == pytest.approx(excess(lambda p: p, 1e9))
    assert g["excess_match"] == pytest.approx(excess(lambda p: p**5, 1e9))
    assert g["excess_grade"] == pytest.approx(excess(grade(0.35), 1e9))
    assert g["token_there"] == pytest.approx(excess(lambda p: p, 1e11))


def test_rouge_the_target_brier_score_and_what_a_test_sees(chapter_run):
    g = chapter_run(NAME).glued
    assert g["rouge_drop"] == pytest.approx(0.05, abs=4 * g["rouge_drop_error"] / 1.96)
    assert g["rouge_power"] == pytest.approx(1, abs=0.02)
    # the target Brier score's best forecast by brute force over the simplex
    a, b = np.meshgrid(np.linspace(0, 1, 601), np.linspace(0, 1, 601))
    c = 1 - a - b
    loss = np.where(
        c >= -1e-12, 0.6 * (1 - a) ** 2 + 0.3 * (1 - b) ** 2 + 0.1 * (1 - c) ** 2, np.inf
    )
    best = np.unravel_index(loss.argmin(), loss.shape)
    assert g["target_best"] == pytest.approx(a[best], abs=2e-3)
    assert g["target_last"] == pytest.approx(c[best], abs=2e-3)
    # what of one resolution is seen, for whole answers: 1 - (1 - p^5)^10 = 1/300, and p^5 = 1/300
    at = [-math.log(-math.log(q) / 5) for q in (1 - (1 - 1 / 300) ** 0.1, 1 / 300)]
    assert g["seen_gap"] == pytest.approx((at[1] - at[0]) / math.log(10) / 0.5, abs=1e-3)


def test_pass_at_k_of_whole_answers_comes_after_one_token(chapter_run):
    g = chapter_run(NAME).glued
    # half-way: 1 - (1 - p^5)^10 = 1/2 against p = 1/2
    half = (1 - 0.5**0.1) ** 0.2
    assert g["pass_later"] == pytest.approx(math.log10(math.log(0.5) / math.log(half)), abs=1e-4)


def test_unequal_tokens_by_drawing_their_difficulties(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(7)
    hard = rng.exponential(size=(200_000, 5))

    def width(score):
        ten, ninety = (
            optimize.brentq(lambda x, y=y: score(math.exp(-x)) - y, -12, 8) for y in (0.1, 0.9)
        )
        return ten - ninety

    token = width(lambda d: np.exp(-d * hard[:, 0]).mean())
    match = width(lambda d: np.exp(-d * hard.sum(axis=1)).mean())
    assert g["unequal"] == pytest.approx(match / token, abs=0.01)
    limit = math.log10(math.log(10) / math.log(10 / 9)) / math.log10(81)  # many tokens: no spread
    assert g["unequal_long"] == pytest.approx(limit, abs=2e-3)


def test_the_grade_against_the_mean_probability_on_other_draws_of_the_items(chapter_run):
    g = chapter_run(NAME).glued
    noise = np.random.default_rng(11).gumbel(size=(40_000, 4))
    for name, s in (("same_narrow", 0.1), ("same_wide", 1.5)):

        def mean(x, s=s):
            p = math.exp(-math.exp(-x))
            own = math.log(p) + s * noise[:, 0]
            rest = math.log((1 - p) / 3) + s * noise[:, 1:]
            return (1 / (1 + np.exp(rest - own[:, None]).sum(axis=1))).mean()

        probability = [optimize.brentq(lambda x, y=y: mean(x) - y, -3, 6) for y in (0.1, 0.9)]
        odds = [(3 * y / (1 - y)) ** s for y in (0.1, 0.9)]  # at which the grade is y
        largest = [-math.log(math.log((o + 3) / o)) for o in odds]
        expected = (largest[1] - largest[0]) / (probability[1] - probability[0])
        assert g[name] == pytest.approx(expected, abs=0.012), name


def test_exact_match_from_guessing(chapter_run):
    g = chapter_run(NAME).glued
    for name, K in (("guess_most", 2), ("guess_least", 10)):
        at = []
        for y in (0.1, 0.9):
            plain = 1 / K + y * (1 - 1 / K)
            match = (K**-5 + y * (1 - K**-5)) ** 0.2
            at.append([-math.log(-math.log(q)) for q in (plain, match)])
        ratio = (at[1][1] - at[0][1]) / (at[1][0] - at[0][0])
        assert g[name] == pytest.approx(ratio, rel=1e-3), name


def test_from_guessing_the_grade_is_half_way_before_the_brier_score(chapter_run):
    g = chapter_run(NAME).glued

    def half(score, K):
        start = score(1 / K)
        q = optimize.brentq(
            lambda q: (score(q) - start) / (score(1 - 1e-12) - start) - 0.5, 1 / K, 1 - 1e-9
        )
        return math.log10(-math.log(q))  # larger: earlier

    for K in (2, 3, 4, 10, 100):
        plain = half(lambda q: q, K)
        # the Brier score of q on the right option and the rest spread evenly
        brier = half(lambda q, K=K: 2 - (1 - q) ** 2 - (1 - q) ** 2 / (K - 1), K) - plain
        largest = half(grade(0.35, K), K) - plain
        assert largest > brier > 0
        if K == 4:
            assert g["grade_above"] == pytest.approx(largest, abs=1e-3)
            assert g["brier_above"] == pytest.approx(brier, abs=1e-3)


def test_the_mean_bleu_of_sentences_by_drawing_them(chapter_run):
    g = chapter_run(NAME).glued
    for name, words in (("few", 5), ("many", 16)):
        assert g[f"{name}_words"] == words
        drawn = np.random.default_rng(words).random((40_000, words))

        def mean(p, drawn=drawn, words=words):
            right, product = drawn < p, 1.0
            run = np.ones_like(right)
            for n in (1, 2, 3, 4):
                run = right if n == 1 else run[:, :-1] & right[:, n - 1 :]
                product = product * run.mean(axis=1)
            return (product**0.25).mean()

        at = [optimize.brentq(lambda q, y=y: mean(q) - y, 0.05, 0.9999) for y in (0.1, 0.5, 0.9)]
        ten, half, ninety = (math.log10(-math.log(q)) for q in at)
        assert g[f"sentence_{name}_later"] == pytest.approx(
            math.log10(math.log(2)) - half, abs=0.01
        )
        one = math.log10(math.log(0.1) / math.log(0.9))
        assert g[f"sentence_{name}_width"] == pytest.approx((ten - ninety) / one, abs=0.015)


def test_one_size_left_out_and_items_of_wide_spread(chapter_run):
    g = chapter_run(NAME).glued
    left = []
    for i in range(8):
        y = np.exp(-5 * (np.delete(GPT3, i) / 1e9) ** -0.5)
        low, high = np.sort(np.diff(y) ** 2)[2:4]  # the middle two of six steps
        left.append((y[-1] - y[0]) / math.sqrt((low + high) / 2) / 6)
    assert (g["left_low"], g["left_high"]) == pytest.approx((min(left), max(left)))
    assert g["same_wide"] < g["same_far"] < 1


def test_tokens_of_two_kinds_by_the_number_of_hard_ones(chapter_run):
    g = chapter_run(NAME).glued
    assert (g["hard_share"], g["hard_times"]) == (0.04, 100)

    def width(tokens):
        hard = np.arange(min(tokens, 200) + 1)
        weight = stats.binom.pmf(hard, tokens, 0.04)
        total = tokens + 99 * hard  # difficulty of the answer, in easy tokens

        def score(x):
            return (weight * np.exp(-total * math.exp(-x))).sum()

        ten, ninety = (optimize.brentq(lambda x, y=y: score(x) - y, -9, 25) for y in (0.1, 0.9))
        return ninety - ten

    assert g["kinds_wide"] == pytest.approx(width(5) / width(1), abs=1e-3)
    assert g["kinds_wide"] > 1.2
    assert g["kinds_long"] == pytest.approx(width(1_000) / width(1), abs=1e-3)


def test_exact_match_keeps_its_width_under_the_power_law_only(chapter_run):
    g = chapter_run(NAME).glued
    laws = {
        "power": lambda x: math.exp(-math.exp(-x)),
        "logistic": lambda x: 1 / (1 + math.exp(-x)),
        "normal": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
        "cauchy": lambda x: 0.5 + math.atan(x) / math.pi,
    }

    def ratio(law, score):
        def width(of):
            at = [optimize.brentq(lambda x, y=y: of(law(x)) - y, -35, 60) for y in (0.1, 0.9)]
            return at[1] - at[0]

        return width(score) / width(lambda p: p)

    for name, law, score in (
        ("logistic_match", "logistic", lambda p: p**5),
        ("logistic_long", "logistic", lambda p: p**10),
        ("logistic_bleu", "logistic", lambda p: p**2.5),
        ("normal_long", "normal", lambda p: p**10),
        ("cauchy_long", "cauchy", lambda p: p**10),
        ("cauchy_pass", "cauchy", lambda p: 1 - (1 - p) ** 10),
    ):
        assert g[name] == pytest.approx(ratio(laws[law], score), abs=1e-4), name
    assert ratio(laws["power"], lambda p: p**5) == pytest.approx(1, abs=1e-9)
    # exponential difficulty makes the mean chance of a token logistic
    assert g["unequal"] == pytest.approx(g["logistic_match"], abs=1e-6)
