"""Chapter 24 ("Items and abilities"): its numbers against independent computations."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs
from scipy import optimize, special, stats

NAME = "24_items_and_abilities"
CHANGED = {"SEED": 7, "FEW": 30}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert (before["few"], after["few"]) == (50, 30)
    assert after["plain_unequal"] > before["plain_unequal"]  # fewer questions, larger errors
    assert after["ability_unequal"] > before["ability_unequal"]
    assert after["mean_unequal"] == before["mean_unequal"]
    assert after["ability_u"] == before["ability_u"]  # no draw in a forecast


@functools.cache
def answers(name, n=None):
    """Probability of a whole right answer: sizes and an array by size, seed, item."""
    found = codes(name)
    sizes = sorted(found)
    p = [[np.exp(found[s][k][0].sum(axis=1))[:n] for k in sorted(found[s])] for s in sizes]
    return np.array(sizes, float), np.array(p)


def pairs(p, draws=1_500):
    """Mean rank correlation of two networks, over pairs drawn at random."""
    table = p.reshape(-1, p.shape[-1])
    table = table[np.ptp(table, axis=1) > 0]
    rng = np.random.default_rng(1)
    found = [
        stats.spearmanr(*table[rng.choice(len(table), 2, replace=False)])[0] for _ in range(draws)
    ]
    return np.mean(found)


def test_two_networks_agree_on_some_tests_only(chapter_run):
    g = chapter_run(NAME).glued
    for name, n, glued in (
        ("addition", None, "sums"),
        ("recall", None, "equal"),
        ("recall_zipf", g["common"], "unequal"),
    ):
        p = answers(name, n)[1]
        assert g[f"pair_{glued}"] == pytest.approx(pairs(p), abs=0.03)
        table = p.reshape(-1, p.shape[-1])
        middle = table[np.abs(table.mean(axis=1) - 0.5) < 0.47]
        assert g[f"middle_{glued}"] == pytest.approx(pairs(middle), abs=0.03)
    assert min(g["pair_unequal"], g["pair_mixed"]) > 0.3
    assert max(g["pair_equal"], g["pair_sums"], g["of_masters"]) < 0.2


def test_how_halves_agree_depends_on_how_networks_are_averaged(chapter_run):
    g = chapter_run(NAME).glued
    p = answers("addition")[1]
    found = []
    for score in (p, stats.rankdata(p, axis=-1)):
        seeds = [score[:, k].mean(axis=0) for k in range(p.shape[1])]
        splits = itertools.combinations(range(len(seeds)), len(seeds) // 2)
        some = list(itertools.islice(splits, 0, None, 9_000)) or [tuple(range(len(seeds) // 2))]
        each = []
        for half in some:
            a = np.mean([seeds[k] for k in half], axis=0)
            b = np.mean([seeds[k] for k in range(len(seeds)) if k not in half], axis=0)
            each.append(stats.spearmanr(a, b)[0])
        found.append(np.mean(each))
    assert g["mean_sums"] == pytest.approx(found[0], abs=0.12)
    assert g["alike_sums"] == pytest.approx(found[1], abs=0.06)
    # Spearman and Brown: a correlation of two, raised to halves of a hundred networks
    pair, n = g["pair_sums"], p.shape[0] * p.shape[1] / 2
    assert n * pair / (1 + (n - 1) * pair) == pytest.approx(g["alike_sums"], abs=0.1)


def additive(table, hidden, with_items):
    """Abilities, and difficulties if asked for, by SciPy's general minimiser; predictions at the hidden cells."""
    m, n = table.shape
    seen = ~hidden
    centre = special.logit(table[seen].mean())

    def log_odds(x):
        return centre + x[:m, None] - (x[m:] if with_items else np.zeros(n))

    def loss(x):
        eta = log_odds(x)
        off = seen * (special.expit(eta) - table)
        value = (seen * (np.logaddexp(0, eta) - table * eta)).sum()
        value += 0.005 * (x[:m] ** 2).sum() + 0.025 * (x[m:] ** 2).sum()
        steep = [off.sum(axis=1) + 0.01 * x[:m]]
        if with_items:
            steep.append(-off.sum(axis=0) + 0.05 * x[m:])
        return value, np.concatenate(steep)

    found = optimize.minimize(
        loss, np.zeros(m + n * with_items), jac=True, method="BFGS", options={"maxiter": 600}
    )
    return special.expit(log_odds(found.x))[hidden]


def test_difficulties_help_where_codes_are_unequal(chapter_run):
    g = chapter_run(NAME).glued
    shares = {}
    for name in ("recall", "recall_zipf"):
        p = answers(name, 256)[1]
        table = p.reshape(-1, p.shape[2])[:, ::4].astype(float)
        hidden = np.random.default_rng(0).random(table.shape) < 0.2
        y = table[hidden]
        left = []
        for with_items in (False, True):
            mu = additive(table, hidden, with_items)
            own = special.entr(y) + special.entr(1 - y)
            left.append(np.mean(-special.xlogy(y, mu) - special.xlogy(1 - y, 1 - mu) - own))
        shares[name] = 1 - left[1] / left[0]
    assert shares["recall_zipf"] == pytest.approx(g["rasch_unequal"], abs=0.08)
    assert abs(shares["recall"]) < 0.15
    assert g["rasch_equal"] > 0
    assert g["own_mixed"] > g["two_mixed"] > g["made_two_mixed"]
    assert g["two_unequal"] > max(g["made_two_unequal"], 0)


def test_the_error_of_the_plain_mean_is_that_of_sampling(chapter_run):
    g = chapter_run(NAME).glued
    p = answers("recall_zipf", g["common"])[1][-1]  # the largest networks
    n, few = p.shape[1], g["few"]
    theory = math.sqrt(np.mean(p.var(axis=1, ddof=1)) * (1 / few - 1 / n))
    assert g["plain_unequal"] == pytest.approx(100 * theory, rel=0.15)
    assert g["ability_unequal"] < 0.75 * g["plain_unequal"]
    # as many plain questions as the ability is worth have its error
    worth = math.sqrt(np.mean(p.var(axis=1, ddof=1)) * (1 / g["worth_unequal"] - 1 / n))
    assert 100 * worth == pytest.approx(g["ability_unequal"], rel=0.15)


def test_questions_from_each_task_need_no_calibration(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("ladder")
    rows = rows[rows["params"] == rows["params"].max()]
    p = np.exp(rows.filter(like="logprob_").sum(axis=1))
    within = p.groupby([rows["task"].astype(str), rows["seed"]], observed=True).var()
    within = within[~within.index.get_level_values(0).str.startswith("choice")]
    # all questions of the ladder, not the ones that were drawn into the test
    n, each = g["each_few"], g["each_task"]
    theory = math.sqrt(within.mean() * (1 / n - 1 / each) / g["n_tasks"])
    assert g["stratified_mixed"] == pytest.approx(100 * theory, rel=0.12)
    assert g["stratified_mixed"] < 0.8 * g["plain_mixed"]


def test_twins_of_the_right_ability_beat_rasch_in_the_mixed_test_only_clearly(chapter_run):
    g = chapter_run(NAME).glued
    assert g["moved_mixed"] < 0.95 * g["rasch_of_mixed"]
    p = answers("recall_zipf", g["common"])[1]
    others = (p.sum(axis=1, keepdims=True) - p) / (p.shape[1] - 1)
    mu = 0.003 + 0.994 * others
    own = special.entr(p) + special.entr(1 - p)
    bare = np.mean(-special.xlogy(p, mu) - special.xlogy(1 - p, 1 - mu) - own)
    assert g["twin_unequal"] == pytest.approx(bare, rel=1e-4)
    assert g["moved_unequal"] < g["twin_unequal"]


def test_the_mixed_test_is_made_of_the_ladder(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("ladder")
    tasks = sorted({t for t in map(str, rows["task"]) if not t.startswith("choice")})
    assert g["n_tasks"] == len(tasks)
    assert g["n_mixed"] == len(tasks) * g["each_task"]


def test_no_change_misses_by_the_steps_of_the_mean(chapter_run):
    g = chapter_run(NAME).glued
    for name, n, glued in (("recall_zipf", g["common"], "same_u"), ("addition", None, "same_s")):
        steps = np.abs(np.diff(answers(name, n)[1].mean(axis=(1, 2))))
        assert g[glued] == pytest.approx(100 * steps[3:].mean(), rel=1e-4)
        x, y = np.log(answers(name, n)[0]), answers(name, n)[1].mean(axis=(1, 2))
        line = [
            y[k] + (y[k] - y[k - 1]) / (x[k] - x[k - 1]) * (x[k + 1] - x[k])
            for k in range(3, len(x) - 1)
        ]
        off = np.abs(np.clip(line, 0, 1) - y[4:]).mean()
        assert g[glued.replace("same", "step")] == pytest.approx(100 * off, rel=1e-4)
    assert g["ability_u"] < g["step_u"] < g["same_u"]
    assert g["ability_s"] > g["same_s"]
    assert g["step_m"] < g["ability_m"]


def rising(score):
    way = np.maximum.accumulate(score)
    return (way - way[0]) / (way[-1] - way[0])


def decades(sizes, score):
    way, x = rising(score), np.log10(sizes)
    ends = []
    for level in (0.1, 0.9):
        i = int(np.argmax(way >= level))
        ends.append(x[i - 1] + (level - way[i - 1]) / (way[i] - way[i - 1]) * (x[i] - x[i - 1]))
    return ends[1] - ends[0]


def test_single_items_and_their_mean(chapter_run):
    g = chapter_run(NAME).glued
    for name, n, one, mean, between in (
        ("recall", None, "one_equal", "mean_equal", "between_equal"),
        ("recall_zipf", g["head"], "one_unequal", "mean_unequal", "between_unequal"),
    ):
        sizes, p = answers(name, n)
        each = p.mean(axis=1)
        assert g[mean] == pytest.approx(decades(sizes, each.mean(axis=1)), rel=1e-4)
        widths = [decades(sizes, y) for y in each.T]
        assert g[one] == pytest.approx(np.median(widths), rel=1e-4)
        # places of items agree over halves of the seeds as much as they differ
        x = np.log10(sizes)
        middle = (x[1:] + x[:-1]) / 2

        def places(who, p=p, middle=middle):
            return np.array([np.diff(rising(y)) @ middle for y in p[:, who].mean(axis=1).T])

        covariances = []
        for half in itertools.combinations(range(5), 2):
            other = [k for k in range(5) if k not in half]
            a, b = places(list(half)), places(other)
            covariances.append(np.mean((a - a.mean()) * (b - b.mean())))
        steps = np.diff(np.array([rising(y) for y in each.T]).mean(axis=0))
        second = (x[1:] ** 2 + x[1:] * x[:-1] + x[:-1] ** 2) / 3
        total = steps @ second - (steps @ middle) ** 2
        assert g[between] == pytest.approx(np.mean(covariances) / total, rel=1e-3)
    assert g["one_unequal"] < 0.7 * g["mean_unequal"]
    assert g["between_unequal"] > 0.5 > g["later"] > 0.1 > g["between_equal"]


def test_steps_between_sizes(chapter_run):
    g = chapter_run(NAME).glued
    steps = np.concatenate([np.diff(np.log10(answers(n)[0])) for n in ("recall", "recall_zipf")])
    assert (g["step_low"], g["step_high"]) == pytest.approx((steps.min(), steps.max()), rel=1e-6)
