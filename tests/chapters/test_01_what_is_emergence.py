"""Chapter 1 ("What is emergence?"): its numbers against independent computations."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import published, rows_of
from scipy import optimize, stats

NAME = "01_what_is_emergence"
CHANGED = {"LEVEL": 0.8, "SWITCH_AT": 90e9}


def four_digit():
    return published()["4D+", "few-shot"]


def shuffled_p(k, x, draws=400_000):
    """Two-sided p-value of a trend by shuffling: right answers are dealt to models as cards are."""
    rng = np.random.default_rng(1)
    dealt = rng.multivariate_hypergeometric([2000] * len(k), int(sum(k)), draws)
    at, middle = dealt @ x, sum(k) * np.mean(x)
    return np.mean(np.abs(at - middle) >= abs(np.dot(k, x) - middle) - 1e-9)


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    _, k, n = four_digit()
    assert after["zero_high"] == pytest.approx(1 - 0.1 ** (1 / n[0]))
    assert after["sixth_high"] == pytest.approx(stats.beta.ppf(0.9, k[5] + 1, n[5] - k[5]))
    assert after["grows_high"] < before["grows_high"]  # a lower level, a shorter interval
    assert after["p_start"] == before["p_start"]


def test_the_counts_and_single_intervals(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = four_digit()
    assert [g[f"right_{i + 1}"] for i in range(8)] == list(k) == [0, 1, 1, 0, 3, 3, 8, 510]
    assert g["items"] == 2000
    assert g["share_of_last_step"] == pytest.approx((k[-1] - k[-2]) / (k[-1] - k[0]))
    assert g["gap"] == pytest.approx(N[-1] / N[-2])
    assert g["zero_high"] == pytest.approx(1 - 0.025 ** (1 / 2000))  # no success in n: closed form
    assert g["sixth_low"] == pytest.approx(stats.beta.ppf(0.025, 3, 1998))
    assert g["sixth_high"] == pytest.approx(stats.beta.ppf(0.975, 4, 1997))


def test_the_start_of_the_curve_rises(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = four_digit()
    x = np.log10(N)
    assert g["p_early"] == pytest.approx(shuffled_p(k[:6], x[:6]), abs=0.002)
    assert g["p_start"] == pytest.approx(shuffled_p(k[:7], x[:7]), abs=0.0001)

    # The likeliest growth: successes of rare events are Poisson, and given their sum multinomial.
    def lost(slope):
        return -(k[:7] @ (slope * (x[:7] - 9) - np.log(np.exp(slope * (x[:7] - 9)).sum())))

    slope = optimize.minimize_scalar(lost, bounds=(0, 6), method="bounded").x
    assert g["grows"] == pytest.approx(math.exp(slope), rel=0.02)
    assert g["grows_low"] > 1
    assert g["tenfold_a_decade"] > 10 * g["early_high"]

    # Tenfold steps: the deviance of binomial counts from the best of these lines.
    def deviance(level):
        p = np.exp(level) * 10.0 ** np.arange(6)
        seen = np.maximum(k[:6], 1e-12) / 2000
        return (
            2 * (stats.binom.logpmf(k[:6], 2000, seen) - stats.binom.logpmf(k[:6], 2000, p)).sum()
        )

    best = optimize.minimize_scalar(deviance, bounds=(-25, -12), method="bounded").fun
    assert best == pytest.approx(27.7, abs=0.1)
    assert g["deviance_tenfold"] == pytest.approx(best, rel=0.02)
    assert g["p_tenfold"] < 0.001
    assert g["reached_tenfold"] == 0


def test_over_networks_little_is_left_of_the_trend(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(2)
    found = {}
    for task, setting in itertools.product(("4D+", "4D-"), ("few-shot", "one-shot", "zero-shot")):
        N, k, _ = published()[task, setting]
        x = np.log10(N[:7])
        shuffled = np.array([rng.permutation(k[:7]) for _ in range(40_000)])
        away = np.abs(shuffled @ x - k[:7].sum() * x.mean())
        found[task, setting] = np.mean(away >= abs(k[:7] @ x - k[:7].sum() * x.mean()) - 1e-9)
    first, *rest = sorted(found.values())
    assert found["4D+", "few-shot"] == first
    assert g["p_networks"] == pytest.approx(first, abs=0.003)
    assert g["p_networks_low"] == pytest.approx(rest[0], abs=0.006)
    assert 6 * g["p_networks"] > 0.05  # Holm: none of the six
    assert g["orders"] == math.factorial(7)


def test_the_start_continued_falls_short_with_fifty_examples_only(chapter_run):
    g = chapter_run(NAME).glued
    assert g["on_few_low"] < g["expected_175"] < g["on_few_high"] < g["right_8"]
    assert g["on_one_low"] < g["seen_one"] < g["on_one"] < g["on_one_high"]
    assert g["seen_one"] == published()["4D+", "one-shot"][1][-1]
    import statsmodels.api as sm

    N, k, _ = published()["4D+", "one-shot"]
    found = sm.GLM(k[:7], sm.add_constant(np.log(N[:7] / 1e10)), family=sm.families.Poisson()).fit()
    assert g["on_one"] == pytest.approx(found.predict([1, np.log(N[-1] / 1e10)])[0], rel=0.04)
    assert g["gap"] > 13


def test_both_worlds_fit_and_differ_between(chapter_run):
    g = chapter_run(NAME).glued
    assert 0.2 < g["p_smooth"] < 0.8
    assert 0.2 < g["p_switch"] < 0.85
    assert g["slow_47"] < g["smooth_47"] / 2 < g["last_score"] / 10
    # The power of size by another program: a Poisson regression, near enough at such rates.
    N, k, _ = four_digit()
    import statsmodels.api as sm

    found = sm.GLM(k[:7], sm.add_constant(np.log(N[:7] / 1e10)), family=sm.families.Poisson()).fit()
    power = found.predict(np.column_stack([np.ones(2), np.log(np.array([47e9, N[-1]]) / 1e10)]))
    assert g["slow_47"] == pytest.approx(power[0] / 2000, rel=0.02)
    assert g["expected_175"] == pytest.approx(power[1], rel=0.03)


def test_width_excess_and_skill(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = four_digit()
    steps = np.abs(np.diff(k))
    assert g["excess_four"] == pytest.approx((k.max() - k.min()) / np.sort(steps)[3] / 7)
    assert g["most_four"] == pytest.approx(math.log10(N[-1] / N[-2]))
    composite = published()["1DC", "zero-shot"][1]
    rise = composite.max() - composite.min()
    assert g["excess_composite"] == pytest.approx(rise / np.sort(np.abs(np.diff(composite)))[3] / 7)
    assert g["composite_last"] == pytest.approx((composite[-1] - composite[-2]) / rise)
    # Averaged falls: pools of equal scores by hand. Seven small ones below a tenth of the rise, one at the end.
    pools = [[v] for v in composite]
    while any(np.mean(a) > np.mean(b) for a, b in itertools.pairwise(pools)):
        i = next(i for i in range(len(pools) - 1) if np.mean(pools[i]) > np.mean(pools[i + 1]))
        pools[i : i + 2] = [pools[i] + pools[i + 1]]
    level = np.concatenate([np.full(len(pool), np.mean(pool)) for pool in pools])
    there = (level - level[0]) / (level[-1] - level[0])
    assert there[6] < 0.1
    assert (g["pooled_fewest"], g["pooled_most"]) == (0, pytest.approx(math.log10(N[-1] / N[-2])))
    assert g["levelled_fewest"] > 1.5
    signs = [b > a for a, b in itertools.pairwise(composite)]
    assert g["turns"] == sum(a != b for a, b in itertools.pairwise(signs))
    words = sorted(
        (int(r["params"]), float(r["score"]))
        for r in rows_of("gpt3_word_tasks")
        if r["task"] == "anagrams 2"
    )
    size, score = np.transpose(words)
    tenth, most = score[0] + np.array([0.1, 0.9]) * (score[-1] - score[0])
    fewest = math.log10(size[score < most][-1] / size[score >= tenth][0])
    assert g["fewest_anagrams"] == pytest.approx(fewest)
    assert fewest > g["most_four"]
    assert not g["wider_less"]

    # The law fitted to seven models, by maximum likelihood with another optimiser.
    def lost(theta, k):
        p = np.exp(-np.exp(theta[0] - theta[1] * np.log(N[:7] / 1e10)))
        return -stats.binom.logpmf(k[:7], 2000, p).sum()

    for counts, name in ((k, "skill_four"),):
        theta = optimize.minimize(lost, [1.7, 0.1], args=(counts,), method="Nelder-Mead").x
        there = math.exp(-math.exp(theta[0] - theta[1] * math.log(N[-1] / 1e10)))
        actual, before = counts[-1] / 2000, counts[-2] / 2000
        assert g[name] == pytest.approx(1 - abs(there - actual) / abs(before - actual), abs=0.003)


def test_the_simulated_law_is_predicted_with_many_items_and_not_with_few(chapter_run):
    g = chapter_run(NAME).glued
    N = four_digit()[0]
    assert g["simulated_7"] == pytest.approx(0.004, abs=0.0003)
    assert g["simulated_8"] == pytest.approx(0.004 ** (N[-2] / N[-1]), abs=0.003)
    assert g["skill_law"] > 0.9
    assert g["near_many"] > 0.95 * g["tries"]
    assert g["near_few"] < 0.2 * g["tries"]
    assert g["narrow_high"] - g["narrow_low"] < 0.15 < 0.5 < g["wide_high"] - g["wide_low"]
    assert g["kept"] == 4


def test_who_knows_the_exponent_predicts_with_few_items(chapter_run):
    g = chapter_run(NAME).glued
    N = four_digit()[0]
    place = -math.log(0.004) * N[-2]
    rng = np.random.default_rng(7)
    missed = []
    for _ in range(100):
        k = rng.binomial(2000, np.exp(-place / N))
        found = optimize.minimize_scalar(
            lambda c, k=k: -stats.binom.logpmf(k[:-1], 2000, np.exp(-c / N[:-1])).sum(),
            bounds=(place / 3, place * 3),
            method="bounded",
        ).x
        missed.append(abs(math.exp(-found / N[-1]) - k[-1] / 2000))
    assert np.mean(np.array(missed) < 0.1) > 0.98
    assert g["near_known"] > 0.98 * g["tries"]
    assert g["worst_known"] < 10
    assert 0.3 * g["tries"] < g["predicted_few"] < 0.7 * g["tries"]


def test_the_other_four_digit_curves_continued(chapter_run):
    g = chapter_run(NAME).glued
    import statsmodels.api as sm

    # A bend by a likelihood ratio of Poisson regressions: a value of its own for 175B, or none.
    bent, judged = [], 0
    for task, setting in itertools.product(("4D+", "4D-"), ("few-shot", "one-shot", "zero-shot")):
        N, k, _ = published()[task, setting]
        if not k[:6].any():
            continue
        judged += 1
        lines = sm.add_constant(np.log(N / 1e10))
        plain = sm.GLM(k, lines, family=sm.families.Poisson()).fit()
        own = np.column_stack([lines, N > 1e11])
        free = sm.GLM(k, own, family=sm.families.Poisson()).fit()
        up = free.params[2] > 0
        if up and stats.chi2.sf(plain.deviance - free.deviance, 1) < 0.05:
            bent.append((task, setting))
        if (task, setting) == ("4D-", "few-shot"):
            assert g["on_minus"] == pytest.approx(math.exp(lines[-1] @ free.params[:2]), rel=0.02)
            assert g["seen_minus"] == k[-1]
    assert bent == [("4D+", "few-shot"), ("4D+", "zero-shot")]
    assert (g["bending"], g["continuable"]) == (len(bent), judged)
    assert g["on_minus_low"] < g["on_minus"] < g["seen_minus"] < g["on_minus_high"]
    # Without 13B: the largest end that a Poisson regression with a given value there does not reject.
    N, k, _ = four_digit()
    lines = sm.add_constant(np.log(N / 1e10))
    early = sm.GLM(k[:6], lines[:6], family=sm.families.Poisson()).fit().deviance

    def worse(end):
        slope = lines[:6, 1] - lines[7, 1]
        fixed = sm.GLM(k[:6], slope, offset=np.full(6, math.log(end)), family=sm.families.Poisson())
        return fixed.fit().deviance - early - stats.chi2.ppf(0.95, 1)

    assert g["on_early_high"] == pytest.approx(optimize.brentq(worse, 100, 5000), rel=0.001)
    assert g["on_few_high"] < g["right_8"] < g["on_early_high"]


def test_a_smooth_law_with_a_floor_fits_too_and_gives_more_between(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = four_digit()

    def score(z, at):
        return z[2] ** 2 + (1 - z[2] ** 2) * np.exp(-np.exp(z[0] - z[1] * np.log(at / 1e10)))

    def deviance(z):
        p = np.clip(score(z, N), 1e-12, 1 - 1e-12)
        seen = stats.binom.logpmf(k, 2000, k / 2000)
        return 2 * (seen - stats.binom.logpmf(k, 2000, p)).sum()

    options = {"xatol": 1e-8, "fatol": 1e-8, "maxiter": 5000}
    best = optimize.minimize(deviance, [1.8, 0.5, 0.02], method="Nelder-Mead", options=options)
    assert g["floor_47"] == pytest.approx(float(score(best.x, 47e9)), rel=0.01)
    assert g["p_floor"] == pytest.approx(stats.chi2.sf(best.fun, 5), abs=0.005)
    assert g["p_floor"] > 0.1
    assert g["floor_47"] > 1.5 * g["smooth_47"]


def test_how_often_flat_lines_look_like_a_trend(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(3)
    none = 1.0
    for task, setting in itertools.product(("4D+", "4D-"), ("few-shot", "one-shot", "zero-shot")):
        N, k, _ = published()[task, setting]
        total, x = int(k[:6].sum()), np.log10(N[:6])
        if total:
            away = np.abs(
                rng.multivariate_hypergeometric([2000] * 6, total, 40_000) @ (x - x.mean())
            )
            kinds, which, often = np.unique(away.round(9), return_inverse=True, return_counts=True)
            tail = np.cumsum(often[::-1])[::-1] / often.sum()
            assert len(kinds) == len(tail)
            none *= 1 - np.mean(tail[which] < 0.05)
    assert g["flat_found"] == pytest.approx(1 - none, abs=0.03)


def test_the_unsettled_cell_and_the_anagrams(chapter_run):
    g = chapter_run(NAME).glued
    N, k, _ = published()["4D-", "one-shot"]
    x = np.log10(N[:7])
    assert list(k[:7]) == [0, 0, 0, 0, 1, 0, 10]

    def permuted(place):  # where the two models that have right answers may stand
        found = [10 * b + a for a, b in itertools.permutations(x - x.mean(), 2)]
        seen = 10 * (x[6] - x.mean()) + (x[place] - x.mean())
        return np.mean(np.abs(found) >= abs(seen) - 1e-9)

    assert g["p_as_printed"] == pytest.approx(permuted(4))
    assert g["p_moved"] == pytest.approx(permuted(5))
    assert g["anagrams_low"] < g["predicted_above"] < g["skill_anagrams"] < g["anagrams_high"]
