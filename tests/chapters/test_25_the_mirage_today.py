"""Chapter 25 ("The mirage today"): its numbers against independent computations."""

from __future__ import annotations

import collections
import itertools
import math

import numpy as np
import pytest
from chapter_runs import followed
from independent import codes, outputs
from scipy import integrate, optimize, stats

NAME = "25_the_mirage_today"
CHANGED = {"SEED": 7, "P_HANOI": 0.998, "GROWS": 1.5, "TOKENS": 30_000, "TRIES": 50}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["tries"] == 50
    assert after["ten"] < before["ten"]  # more slips
    assert after["wide"] == before["wide"]  # the same cliff, elsewhere
    assert after["wide_growing"] > before["wide_growing"]
    assert after["held"] == before["held"] - 1  # half the tokens, one disk less
    for seen in ("outcome", "first", "place"):
        assert after[f"power_{seen}"] > before[f"power_{seen}"]
    assert after["order_whole"] == before["order_whole"]


def test_the_cliff(chapter_run):
    g = chapter_run(NAME).glued
    moves = [1]
    while len(moves) < 14:
        moves.append(2 * moves[-1] + 1)  # the smaller tower, the largest disk, the smaller tower
    assert (g["moves_eight"], g["moves_twelve"]) == (moves[7], moves[11])
    for name, n in (("eight", 8), ("ten", 10), ("twelve", 12)):
        assert g[name] == pytest.approx(math.prod([0.999] * moves[n - 1]))
    # decades of the fall found by root finding, at two chances of a slip
    for slip, factor, name in ((1e-3, 1, "wide"), (1e-5, 1, "wide"), (1e-3, 2, "wide_growing")):

        def solved(n, slip=slip, factor=factor):
            return math.exp(-slip * factor ** (n - 10) * 2**n)

        a, b = (optimize.brentq(lambda n, q=q: solved(n) - q, -5, 60) for q in (0.9, 0.1))
        assert g[name] == pytest.approx(b - a, rel=1e-6)
    assert 10 * moves[g["held"] - 1] <= 64_000 < 10 * moves[g["held"]]
    assert g["tokens_eight"] == 2_550
    assert moves[7] * (g["too_long"] - 1) <= 64_000 < moves[7] * g["too_long"]
    longer = [optimize.brentq(lambda m, q=q: 0.999**m - q, 1, 1e5) for q in (0.9, 0.1)]
    assert g["fold"] == pytest.approx(longer[1] / longer[0], rel=1e-6)


def test_only_slips_at_the_same_place_are_not_deceived(chapter_run):
    """By Mantel and Haenszel's way of counting, and a trend by hand: Cox's score test, place by place."""
    g = chapter_run(NAME).glued
    disks, rng = np.arange(3, 13), np.random.default_rng(11)
    moves = 2.0**disks - 1

    def alarms(factor, along=1.0, unequal=None, experiments=120, tries=25):
        naive = placed = 0
        for _ in range(experiments):
            luck = rng.gamma(unequal, 1 / unequal, (10, tries)) if unequal else 1.0
            hazard = 0.001 * factor ** (disks - 9.0)[:, None] * luck
            at = np.ceil(rng.exponential(size=(10, tries)) ** (1 / along) / hazard)
            size = np.repeat(disks, tries).astype(float)
            at, end = at.ravel(), np.repeat(moves, tries)
            u = v = 0.0
            for place in np.unique(at[at <= end]):  # every place with a slip
                there = (at >= place) & (end >= place)
                bad = (at == place) & there
                u += (size[bad] - size[there].mean()).sum()
                v += bad.sum() * size[there].var()
            placed += u * u / v > 3.84
            slipped, made = at <= end, np.minimum(at, end)
            centre = (size * made).sum() / made.sum()
            spread = ((size - centre) ** 2 * made).sum() / made.sum()
            naive += (size[slipped] - centre).sum() ** 2 / (slipped.sum() * spread) > 3.84
        return naive / experiments, placed / experiments

    assert max(alarms(1.0)) < 0.13
    for kind in ({"along": 1.5}, {"along": 0.7}, {"unequal": 0.5}):
        naive, placed = alarms(1.0, **kind)
        assert placed < 0.13
        assert naive > 0.5
    assert alarms(1.25)[1] == pytest.approx(g["power_place"], abs=0.12)
    # the text: "in most simulated experiments", and few false alarms
    assert g["false_least"] > 0.5
    mild = [alarms(1.0, **kind)[0] for kind in ({"along": 1.2}, {"unequal": 2.0})]
    assert max(mild) < 0.5
    assert 0.1 < g["mild_least"] <= g["mild_most"] < 0.5
    # "about one in twenty", at any number of tries
    assert 0.04 < g["false_place_least"] < g["false_place_most"] < 0.07
    # with ten tries the strong ones are no longer most, with a hundred the milder ones are; two can cancel
    few = [alarms(1.0, **kind, tries=10)[0] for kind in ({"along": 1.5}, {"unequal": 0.5})]
    assert g["strong_few_least"] - 0.12 < min(few) <= max(few) < g["strong_few_most"] + 0.12
    for kind in ({"along": 1.2}, {"unequal": 2.0}):
        many, _ = alarms(1.0, **kind, experiments=60, tries=g["many_tries"])
        assert 0.5 < g["mild_many_least"] < many + 0.15
        assert many < g["mild_many_most"] + 0.12
    both, _ = alarms(1.0, along=1.5, unequal=0.5)
    assert both == pytest.approx(g["both_first"], abs=0.12)
    assert max(g["both_outcome"], g["both_first"]) < 0.35 < g["false_least"]
    assert g["power_outcome"] < g["power_place"] < g["power_first"]


def test_times(chapter_run):
    g = chapter_run(NAME).glued

    def at(survive, q):
        half, there = (
            optimize.brentq(lambda u, q=q: survive(math.exp(u)) - q, -20, 5) for q in (0.5, q)
        )
        return math.exp(there - half)

    def unequal(t):
        return integrate.quad(lambda h: math.exp(-h - h * t), 0, 60)[0]

    laws = {
        "constant": lambda t: math.exp(-t), "unequal": unequal, "weibull": lambda t: math.exp(-(t**0.6)),
        "logistic": lambda t: 1 / (1 + math.exp(0.6 * math.log2(t))),
    }  # fmt: skip
    for name, law in laws.items():
        assert g[f"{name}_80"] == pytest.approx(at(law, 0.8), rel=1e-5)
    assert g["apart_99"] == pytest.approx(at(laws["constant"], 0.99) / at(laws["weibull"], 0.99), rel=1e-4)  # fmt: skip


def test_steps_of_our_own_outputs(chapter_run):
    g = chapter_run(NAME).glued
    order, once = codes("recall_in_order"), codes("recall")
    whole = {n: np.mean([np.exp(lp.sum(axis=1)).mean() for lp, _ in by.values()]) for n, by in order.items()}  # fmt: skip
    size = min(whole, key=lambda n: abs(whole[n] - 0.5))
    assert size == g["order_params"]
    assert g["order_whole"] == pytest.approx(whole[size], rel=1e-5)
    logs = np.concatenate([lp for lp, _ in order[size].values()])
    assert g["order_first"] == pytest.approx(np.exp(logs[:, 0]).mean(), rel=1e-5)
    assert g["order_power"] == pytest.approx(np.exp(logs[:, 0]).mean() ** 8, rel=1e-5)
    # the last, over all codes, right digits given
    assert g["order_all_last"] == pytest.approx(np.exp(logs[:, 7]).mean(), rel=1e-5)
    assert g["order_all_last"] > g["order_first"] + 0.1
    # the quiz: among codes of which seven are right, nine in ten
    last = [np.exp(lp.sum(axis=1)).mean() / np.exp(lp[:, :7].sum(axis=1)).mean() for lp, _ in order[size].values()]  # fmt: skip
    assert np.mean(last) == pytest.approx(0.92, abs=0.02)
    slips = [-np.expm1(lp) for lp, _ in order[size].values()]
    ratios = [each[:, 4:].mean() / each[:, 0].mean() for each in slips]
    assert (g["seed_least"], g["seed_most"]) == pytest.approx((min(ratios), max(ratios)), rel=1e-5)
    slips = np.concatenate(slips)
    assert g["hazard_ratio"] == pytest.approx(slips[:, 4:].mean() / slips[:, 0].mean(), rel=1e-5)
    # codes of one chance each, exactly: what looking at survivors shows without any difference between places
    one = np.exp(logs.mean(axis=1))
    reached = sum((one**j).sum() for j in range(4, 8))
    slipped = sum((one**j * (1 - one)).sum() for j in range(4, 8))
    assert g["survivors_alone"] == pytest.approx(slipped / reached / (1 - one).mean(), abs=0.02)
    assert g["survivors_alone"] < 0.75
    logs = np.concatenate([lp for lp, _ in once[g["once_params"]].values()])
    means = np.exp(logs).mean(axis=0)
    assert g["once_product"] == pytest.approx(means.prod(), rel=1e-4)
    assert g["once_whole"] == pytest.approx(np.exp(logs.sum(axis=1)).mean(), rel=1e-5)
    assert g["once_whole"] > 1.5 * g["once_product"]
    assert g["once_all_last"] == pytest.approx(means[7], rel=1e-5)
    # "after the first digit there is no clear trend"
    assert stats.spearmanr(np.arange(7), means[1:]).pvalue > 0.2


def test_after_a_mistake(chapter_run):
    g = chapter_run(NAME).glued
    for name, family, size in (
        ("codes", "recall_in_order", g["order_params"]), ("rows", "induction", 4656), ("sums", "addition", 3996),
        ("products", "multiplication", 14_784),
    ):  # fmt: skip
        rows = outputs(family)
        rows = rows[rows["params"] == size]
        right = promised = n = steps = before = whole = straight = straight_promised = 0
        length = len(rows["target"].iloc[0])
        logs = rows[[f"logprob_{j + 1}" for j in range(length)]].to_numpy(float)
        for target, said, lp in zip(rows["target"], rows["sample_1"], logs, strict=True):
            same = [a == b for a, b in zip(target, said, strict=True)]
            first = same.index(False) if False in same else length
            right += sum(same[first + 1 :])
            promised += np.exp(lp[first + 1 :]).sum()
            n += max(length - first - 1, 0)
            straight += sum(same[first + 1 : first + 2])
            straight_promised += np.exp(lp[first + 1 : first + 2]).sum()
            steps, before, whole = steps + sum(same), before + first, whole + all(same)
        if name != "products":
            assert g[f"{name}_right"] == pytest.approx(right / n, rel=1e-5), name
        if name in ("codes", "sums"):
            assert g[f"{name}_promised"] == pytest.approx(promised / n, rel=1e-4)
            assert g[f"{name}_steps"] == pytest.approx(steps / length / len(rows), rel=1e-5)
            assert g[f"{name}_first"] == pytest.approx(before / length / len(rows), rel=1e-5)
            # had mistakes no consequences: answers drawn digit by digit from the promises
            free = np.random.default_rng(3).random((200, *logs.shape)) < np.exp(logs)
            assert g[f"{name}_free"] == pytest.approx(free.mean(), abs=0.002)
            assert free.all(axis=-1).mean() == pytest.approx(whole / len(rows), abs=0.03)
        if name in ("sums", "products"):
            assert g[f"{name}_kept"] == pytest.approx(right / promised, rel=1e-4)
            assert g[f"{name}_kept_low"] < right / promised < g[f"{name}_kept_high"] < 1
            assert g[f"{name}_straight"] == pytest.approx(straight / straight_promised, rel=1e-4)
            assert g[f"{name}_straight"] < g[f"{name}_kept"]
        if name == "sums":  # a mean of networks that can and others that cannot
            by_seed = collections.defaultdict(list)
            for seed, target, said in zip(rows["seed"], rows["target"], rows["sample_1"], strict=True):  # fmt: skip
                by_seed[seed] += [a == b for a, b in zip(target, said, strict=True)]
            shares = sorted(map(np.mean, by_seed.values()))
            assert shares[g["n_unsolved_sums"]] > 0.99
            ends = g["unsolved_least"], g["unsolved_most"]
            assert ends == pytest.approx((shares[0], shares[g["n_unsolved_sums"] - 1]))
        # the text and the quiz: codes and rows lose nearly all, sums and products far less
        assert (right / promised < 0.2) == (name in ("codes", "rows"))
        assert right / promised < 0.95


def test_many_attempts(chapter_run):
    g = chapter_run(NAME).glued

    def missed(a, b, k):
        return math.gamma(b + k) / math.gamma(b) * math.gamma(a + b) / math.gamma(a + b + k)

    at = optimize.brentq(lambda k: missed(0.5, 2, k) - missed(0.25, 0.5, k), 1.5, 100)
    assert g["cross"] == pytest.approx(at, rel=1e-5)
    guessed = optimize.brentq(lambda k: missed(0.4, 2, k) * 0.99**k - missed(0.5, 1, k), 10, 160)
    assert g["guess_cross"] == pytest.approx(guessed, rel=0.01)
    found = codes("addition")
    chance = {n: [np.exp(lp.sum(axis=1)) for lp, _ in by.values()] for n, by in found.items()}
    score = {(n, k): np.mean([(1 - (1 - p) ** k).mean() for p in each]) for n, each in chance.items() for k in (1, 100)}  # fmt: skip
    turned = [
        pair for pair in itertools.combinations(sorted(found), 2)
        if (score[pair[0], 1] - score[pair[1], 1]) * (score[pair[0], 100] - score[pair[1], 100]) < 0
    ]  # fmt: skip
    assert len(turned) == 3
    first, then = g["first_params"], g["then_params"]
    assert tuple(sorted((first, then))) in turned
    assert g["n_crossing"] == 3
    ones = {n: np.array([p.mean() for p in each]) for n, each in chance.items()}
    many = {n: np.array([1 - np.exp(100 * np.log1p(-np.minimum(p, 1 - 1e-15))).mean() for p in each]) for n, each in chance.items()}  # fmt: skip
    assert g["lead_one"] == pytest.approx(100 * (ones[first].mean() - ones[then].mean()), rel=1e-5)
    assert g["trail_hundred"] == pytest.approx(100 * (many[then].mean() - many[first].mean()), rel=1e-4)  # fmt: skip
    # "neither end is sure": the normal intervals hold zero, too
    for by, low, high in ((ones, g["lead_one_low"], g["lead_one_high"]), (many, -g["trail_hundred_high"], -g["trail_hundred_low"])):  # fmt: skip
        se = 100 * math.sqrt(sum(by[n].var(ddof=1) / 20 for n in (first, then)))
        assert low < 100 * (by[first].mean() - by[then].mean()) < high
        assert low <= 0 <= high
        assert high - low == pytest.approx(3.92 * se, rel=0.2)
    # it "hangs on two networks": without them nothing is left of it
    assert abs(np.sort(many[first])[2:].mean() - many[then].mean()) < 1e-5
    by_median = [
        pair for pair in itertools.combinations(sorted(found), 2)
        if np.prod([np.median(by[pair[0]]) - np.median(by[pair[1]]) for by in (ones, many)]) < 0
    ]  # fmt: skip
    assert len(by_median) == g["n_crossing_medians"] == 0
    worst = chance[first][int(many[first].argmin())]
    assert 0.008 < worst.min() < worst.max() < 0.012
    assert sum(p.min() > 0.075 and p.max() < 0.125 for p in chance[then]) == g["n_guessers"] == 6
    assert g["clear_of_zero"] == 0  # the band of the second panel holds zero at every k
    # too few seeds to be sure
    assert 0.5 < g["both_ways"] < 0.95

    def log_missed(a, b, k):
        return math.lgamma(b + k) - math.lgamma(b) + math.lgamma(a + b) - math.lgamma(a + b + k)

    for guess, name in ((0.001, "guess_rarely"), (0.03, "guess_often")):

        def behind(k, guess=guess):
            return log_missed(0.4, 2, k) + k * math.log1p(-guess) - log_missed(0.5, 1, k)

        assert g[name] == pytest.approx(optimize.brentq(behind, 5, 5_000), rel=0.01)


def test_forecasts_and_training(chapter_run):
    g = chapter_run(NAME).glued
    logs = np.concatenate([lp for lp, _ in codes("recall_in_order")[g["hard_params"]].values()])
    p = np.exp(logs.sum(axis=1))
    assert g["hard_truth"] == pytest.approx(1 - np.exp(10_000 * np.log1p(-p)).mean(), rel=1e-5)
    # the beta of the same moments of counts, by another search than the library's
    counts = np.random.default_rng(0).binomial(100, p)

    def unlikely(t):
        return -stats.betabinom.logpmf(counts, 100, *np.exp(t)).sum()

    a, b = np.exp(optimize.minimize(unlikely, [-2, 1], method="Nelder-Mead").x)
    forecast = 1 - math.exp(sum(s * math.lgamma(v) for s, v in ((1, b + 1e4), (-1, b), (1, a + b), (-1, a + b + 1e4))))  # fmt: skip
    assert g["hard_forecast"] == pytest.approx(forecast, abs=0.05)
    assert g["hard_truth"] - forecast > 0.05
    # "neither wins": the power law is nearer for two families, the beta law for sums
    for name in ("products", "order"):
        assert g[f"line_{name}"] < g[f"beta_{name}"] - 2
    assert g["beta_sums"] < 5
    assert g["line_sums"] > 15
    assert g["rare_least"] > 5
    assert g["order_off"] < 2
    for name, family in (("short", "addition"), ("long", "addition_long")):
        by = codes(family)[g["longer_params"]]
        assert g[f"{name}_exact"] == pytest.approx(np.mean([r.all(axis=1).mean() for _, r in by.values()]))  # fmt: skip
        assert g[f"{name}_solved"] == sum(r.all(axis=1).mean() > 0.5 for _, r in by.values())
        assert g[f"{name}_digits"] == pytest.approx(np.mean([r.mean() for _, r in by.values()]))


@pytest.mark.parametrize(("p", "memory"), [(0.99, 1), (0.99, 3), (0.9, 1), (0.9, 3), (0.999, 5)])
def test_success_settles_at_one_half_where_repair_is_as_likely_as_a_new_slip(p, memory):
    """By the matrix of the chain's three states, step by step."""
    again = memory * (1 - p)  # a new slip, back on the track
    for repair, above in ((again / 2, False), (again, None), (2 * again, True)):
        step = np.array([[p, 0, 1 - p], [0, 1 - again, again], [0, repair, 1 - repair]])
        state, success = np.array([1.0, 0, 0]), []
        for _ in range(20_000):
            state = state @ step
            success.append(state[0] + state[1])
        if above is None:
            assert success[-1] == pytest.approx(0.5, abs=1e-4)
        else:  # and then no length is too long for one half
            assert (min(success) > 0.5) == above
