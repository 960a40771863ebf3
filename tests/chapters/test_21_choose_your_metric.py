"""Chapter 21 ("Choose your metric"): its numbers against independent computations."""

from __future__ import annotations

import collections
import gzip
import itertools
import json
import math
import re

import numpy as np
import pytest
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data
from independent import codes, outputs, quoted, rows_of
from scipy import stats

from mirage_utils.curves.resolution import items_to_distinguish

NAME = "21_choose_your_metric"
CHANGED = {"SEED": 7, "TOLERATED": [0, 1, 2], "POWER": 0.9, "NONE": 0.02}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    more = ((1.959964 + 1.281552) / (1.959964 + 0.841621)) ** 2
    for name in ("items_whole", "items_half", "items_one"):
        assert after[name] == pytest.approx(before[name] * more, rel=1e-4)
    assert (before["most_tolerated"], after["most_tolerated"]) == (3, 2)
    assert after["width_most"] < before["width_most"]  # less is forgiven
    assert after["width_none"] == before["width_none"]
    assert after["narrower"] > before["narrower"]
    assert after["n_forgotten"] == before["n_forgotten"]
    assert after["none"] == 0.02


def drawn_score(logp, k):
    """Mean and variance of a check of k places of drawn answers, by all choices of places."""
    p = np.exp(logp)
    length = p.shape[1]
    choices = list(itertools.combinations(range(length), k))
    mean = np.mean([p[:, list(c)].prod(axis=1) for c in choices], axis=0).mean()
    # Two choices are both right if all places of either are.
    square = 0.0
    for a in choices:
        either = [sorted({*a, *b}) for b in choices] if len(choices) < 30 else None
        assert either is not None
        square += np.mean([p[:, e].prod(axis=1).mean() for e in either])
    return mean, square / len(choices) - mean**2


def by_size(k, sizes, found):
    each = [[drawn_score(lp, k) for lp, _ in found[n].values()] for n in sizes]
    return np.mean(each, axis=1)


def test_items_from_all_choices_of_places(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("recall")
    z = (1.959964 + 0.841621) ** 2
    exact = {n: np.mean([r.all(axis=1).mean() for _, r in v.values()]) for n, v in found.items()}
    floor = [n for n in sorted(found) if exact[n] < 0.01]
    assert g["on_floor"] == len(floor)
    sizes = floor[-3:-1]
    assert [g["small_size"], g["large_size"]] == sizes
    for k, name in ((1, "items_one"), (7, None), (8, "items_whole")):
        (mean, variance), (mean_2, variance_2) = by_size(k, sizes, found)
        if name:
            assert g[name] == pytest.approx(
                z * (variance + variance_2) / (mean_2 - mean) ** 2, rel=1e-4
            )
    # Exact match is right or wrong: Fisher's exact test on the two scores.
    scores = [
        np.mean([np.exp(lp.sum(axis=1)).mean() for lp, _ in found[n].values()]) for n in sizes
    ]
    assert g["items_whole"] == pytest.approx(items_to_distinguish(*scores), rel=0.3)
    assert g["digits_small"] == pytest.approx(
        np.mean([r.mean() for _, r in found[sizes[0]].values()])
    )
    assert g["whole_small"] == sum(r.all(axis=1).sum() for _, r in found[sizes[0]].values())
    assert g["whole_large"] == sum(r.all(axis=1).sum() for _, r in found[sizes[1]].values())
    assert g["asked_each"] == 512 * 5


def test_half_of_the_digits_by_simulation(chapter_run):
    g = chapter_run(NAME).glued
    found, rng = codes("recall"), np.random.default_rng(0)
    moments = []
    for n in (g["small_size"], g["large_size"]):
        each = []
        for lp, _ in found[n].values():
            c = (rng.random((400, *lp.shape)) < np.exp(lp)).sum(axis=-1)
            score = np.array([math.comb(i, 4) / math.comb(8, 4) for i in range(9)])[c]
            each.append((score.mean(), score.var()))
        moments.append(np.mean(each, axis=0))
    (a, u), (b, v) = moments
    assert g["items_half"] == pytest.approx(
        (1.959964 + 0.841621) ** 2 * (u + v) / (b - a) ** 2, rel=0.15
    )


def test_tolerance_from_drawn_counts(chapter_run):
    g = chapter_run(NAME).glued
    found = codes("recall")
    sizes = sorted(found)

    def width(most_wrong):
        curve = []
        for n in sizes:
            shares = []
            for lp, _ in found[n].values():
                p = np.exp(lp)
                total = 0.0
                for wrong in range(most_wrong + 1):
                    for places in itertools.combinations(range(8), wrong):
                        hit = np.ones(len(p))
                        for j in range(8):
                            hit *= (1 - p[:, j]) if j in places else p[:, j]
                        total += hit.mean()
                shares.append(total)
            curve.append(np.mean(shares))
        rise = np.maximum.accumulate(curve)
        rise = (rise - rise[0]) / (rise[-1] - rise[0])
        first = [np.argmax(rise >= y) for y in (0.1, 0.9)]
        at = [
            np.interp(y, rise[i - 1 : i + 1], np.log10(sizes)[i - 1 : i + 1])
            for i, y in zip(first, (0.1, 0.9), strict=True)
        ]
        return at[1] - at[0]

    assert g["width_none"] == pytest.approx(width(0), rel=1e-3)
    assert g["width_most"] == pytest.approx(width(3), rel=1e-3)


def test_the_impostor_and_the_agreement(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("addition")
    one = rows[(rows["params"] == rows["params"].min()) & (rows["seed"] == 0)]
    right = []
    for prompt, target in zip(one["prompt"].astype(str), one["target"].astype(str), strict=True):
        a, b = prompt.rstrip("=").split("+")
        said = [str((int(x) + int(y)) % 10) for x, y in zip(a[::-1], b[::-1], strict=True)] + ["0"]
        right.append([x == y for x, y in zip(said, target, strict=True)])
    right = np.array(right)
    assert g["never_one"] == pytest.approx(right.mean())
    assert g["never_all"] == pytest.approx(right.all(axis=1).mean())
    four = [right[:, list(c)].all(axis=1).mean() for c in itertools.combinations(range(5), 4)]
    assert g["never_four"] == pytest.approx(np.mean(four))
    commonest = [
        collections.Counter(place).most_common(1)[0][1] / len(one)
        for place in zip(*one["target"].astype(str), strict=True)
    ]
    assert g["constant_one"] == pytest.approx(np.mean(commonest))
    # agreement of the two halves: even and odd items instead of random halves
    taus = {"one": [], "exact": []}
    for _, runs in sorted(codes("addition").items()):
        table = np.array([r for _, r in runs.values()])
        whole = table.all(axis=2)
        if not 0.02 < whole.mean() < 0.98:
            continue
        for name, score in (("one", table.mean(axis=2)), ("exact", whole)):
            pairs = [(0, 1), (1, 0)]
            taus[name].append(
                np.mean(
                    [
                        stats.somersd(
                            whole[:, j::2].mean(axis=1), score[:, i::2].mean(axis=1).round(9)
                        ).statistic
                        for i, j in pairs
                    ]
                )
            )
    assert g["n_some"] == len(taus["one"])
    assert g["agree_one"] == pytest.approx(np.mean(taus["one"]), abs=0.03)
    assert g["agree_exact"] == pytest.approx(np.mean(taus["exact"]), abs=0.03)
    # runs that tell the two sizes on the floor apart
    digits = {n: np.array([r.mean() for _, r in v.values()]) for n, v in codes("addition").items()}
    a, b = digits[g["sum_small"]], digits[g["sum_large"]]
    needed = (
        (1.959964 + 0.841621) ** 2 * (a.var(ddof=1) + b.var(ddof=1)) / (a.mean() - b.mean()) ** 2
    )
    assert g["runs_needed"] == pytest.approx(needed, rel=1e-4)
    assert g["runs_p_digits"] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    assert 0.05 < g["runs_p_digits"] < g["runs_p_exact"]


def test_agreement_in_the_codes_by_pairs(chapter_run):
    g, rng = chapter_run(NAME).glued, np.random.default_rng(8)
    found = {"digits": [], "codes": []}
    for _, runs in sorted(codes("recall").items()):
        table = np.array([r for _, r in runs.values()])
        whole = table.all(axis=2)
        if not 0.02 < whole.mean() < 0.98:
            continue
        each = {name: [] for name in found}
        for _ in range(400):
            first = rng.random(whole.shape[1]) < 0.5
            goal = whole[:, ~first].mean(axis=1)
            for name, score in (("digits", table.mean(axis=2)), ("codes", whole)):
                mine = score[:, first].mean(axis=1)
                pairs = [
                    np.sign(round((mine[i] - mine[j]) * (goal[i] - goal[j]), 12))
                    for i, j in itertools.combinations(range(len(mine)), 2)
                    if goal[i] != goal[j]
                ]
                each[name].append(np.mean(pairs))
        for name, values in each.items():
            found[name].append(np.mean(values))
    assert g["code_sizes"] == len(found["digits"]) == 3
    assert g["code_agree_one"] == pytest.approx(np.mean(found["digits"]), abs=0.06)
    assert g["code_agree_exact"] == pytest.approx(np.mean(found["codes"]), abs=0.06)
    assert 0.05 < g["code_p"] < 0.2  # three sizes cannot tell


def test_one_wrong_carry_is_the_mistake_of_who_can_nearly_add(chapter_run):
    g, rows = chapter_run(NAME).glued, outputs("ladder")
    rows = rows[(rows["task"] == "addition") & (rows["length"] == 5)]
    tally = {n: [0, 0, 0, 0] for n in sorted(rows["params"].unique())}  # wrong, carry, forgot, all
    runs = collections.Counter()
    for n, seed, prompt, said in rows[["params", "seed", "prompt", "greedy"]].itertuples(index=False):  # fmt: skip
        a, b = map(int, str(prompt).rstrip("=").split("+"))
        said = int(str(said).rstrip(".")) if str(said).rstrip(".").isdigit() else None
        forgot = said in without_one_carry(a, b)
        tally[n][0] += said != a + b
        tally[n][1] += forgot or said in one_too_large(a, b)[1]
        tally[n][2] += forgot
        tally[n][3] += 1
        runs[n, seed] += forgot
    share = [carry / wrong for wrong, carry, *_ in tally.values()]
    right = [1 - wrong / n for wrong, *_, n in tally.values()]
    assert right == sorted(right)
    assert np.diff(share).min() > -0.01  # the more is right, the larger the share
    assert max(s for s, r in zip(share, right, strict=True) if r < 0.01) < 0.01
    top = np.array([t for t, r in zip(tally.values(), right, strict=True) if r > 0.9]).sum(axis=0)
    assert g["ladder_top_either"] == pytest.approx(top[1] / top[0])
    assert top[2] / top[0] > 0.5  # most of the wrong sums
    points = [50 * forgot / n for _, _, forgot, n in tally.values()]
    assert g["ladder_points"] == pytest.approx(max(points))
    assert max(points) < 5  # at no size worth five points in a hundred
    assert g["ladder_run"] == pytest.approx(50 * max(runs.values()) / rows["item"].nunique())


def without_one_carry(a, b):
    """Every wrong result of adding on paper with one carry left out, by adding column by column."""
    wrong = set()
    columns = max(len(str(a)), len(str(b)))
    for skipped in range(columns):
        carry, total = 0, 0
        for i in range(columns + 1):
            column = a // 10**i % 10 + b // 10**i % 10 + carry
            carry = column // 10 if i != skipped else 0
            total += column % 10 * 10**i
        wrong.add(total)
    return wrong - {a + b}


def one_too_large(a, b):
    """The sum and one more in a column: those that a carry goes into, and those that none goes into."""
    found, carry = (set(), set()), 0
    for i in range(len(str(max(a, b)))):
        carry = (a // 10**i % 10 + b // 10**i % 10 + carry) // 10
        found[not carry].add(a + b + 10 ** (i + 1))
    return found


def test_carries_of_our_own_networks(chapter_run):
    g = chapter_run(NAME).glued
    for name, keep, read in (
        ("addition", lambda r: r, lambda s: s[::-1]),
        (
            "ladder",
            lambda r: r[(r["task"] == "addition") & (r["length"] == 5)],
            lambda s: s.rstrip("."),
        ),
    ):
        rows = keep(outputs(name))
        forgot = invented = large = 0
        for prompt, said in zip(
            rows["prompt"].astype(str), rows["greedy"].astype(str), strict=True
        ):
            a, b = map(int, prompt.rstrip("=").split("+"))
            if not read(said).isdigit() or int(read(said)) == a + b:
                continue
            has_one, has_none = one_too_large(a, b)
            forgot += int(read(said)) in without_one_carry(a, b)
            invented += int(read(said)) in has_none
            large += int(read(said)) in has_one
        found = [g[f"{name}_{kind}"] for kind in ("forgot", "invented", "large")]
        assert found == [forgot, invented, large]
    assert g["ladder_large"] < g["ladder_invented"] < g["ladder_forgot"]
    assert g["addition_forgot"] < g["addition_invented"]
    assert 0 < g["ladder_low"] < g["ladder_forgot"] - g["ladder_invented"] < g["ladder_high"]


def test_the_counts_of_problems_fit_the_bundled_scores(chapter_run):
    run = chapter_run(NAME)
    (problems,) = quoted(run, "PROBLEMS")
    scores = collections.defaultdict(float)
    for row in rows_of("gpt3_answers"):
        if row["model"] == "text-davinci-001" and row["task"] in ("2D+", "3D+", "4D+", "5D+"):
            scores[int(row["task"][0]), row["metric"]] += float(row["score"]) * int(row["n"])
    for digits, cells in problems.items():
        wrong, forgotten, *_ = np.array([np.array(c) * m for c, m in cells.items()]).sum(axis=0)
        assert 400 - wrong == pytest.approx(scores[digits, "exact_match"])
        credit = scores[digits, "carry_credit"] - scores[digits, "exact_match"]
        assert forgotten == pytest.approx(2 * credit)
    assert run.glued["forgotten_share"] == pytest.approx(
        run.glued["n_forgotten"] / run.glued["n_wrong"]
    )
    assert run.glued["forgotten_low"] < run.glued["forgotten_share"] < run.glued["forgotten_high"]


@needs_evaluation_data
def test_carries_from_the_raw_answers(chapter_run):
    run = chapter_run(NAME)
    packed = (evaluation_data() / "gpt3_arithmetic" / "responses.jsonl.gz").read_bytes()
    cells = {d: collections.defaultdict(lambda: [0, 0, 0, 0]) for d in (2, 3, 4, 5)}
    none = no_carry = 0
    for line in gzip.decompress(packed).decode().splitlines():
        row = json.loads(line)
        if row["engine"] != "text-davinci-001" or row["tag"] not in ("2D+", "3D+", "4D+", "5D+"):
            continue
        a, b = map(int, re.findall(r"\d+", row["question"]))
        said = re.search(r"-?\d[\d,]*", row["response"])
        said = int(said[0].replace(",", "")) if said else None
        cell = cells[int(row["tag"][0])][a, b]
        if said != a + b:
            cell[0] += 1
            cell[1] += said in without_one_carry(a, b)
            has_one, has_none = one_too_large(a, b)
            cell[2] += said in has_none
            cell[3] += said in has_one
            none += said is None
            no_carry += not without_one_carry(a, b)
    found = {d: dict(collections.Counter(map(tuple, each.values()))) for d, each in cells.items()}
    assert [found, none, no_carry] == quoted(run, "PROBLEMS", "NO_NUMBER", "WITHOUT_CARRY")


def test_the_example_is_a_code_of_the_family(chapter_run):
    for row in outputs("recall").query("prompt == 'cab'")["target"].astype(str).unique():
        assert f"{chapter_run(NAME).glued['cab_code']:08d}" == row


def test_turning_the_dial_on_equal_networks_by_answers_one_by_one(chapter_run):
    g = chapter_run(NAME).glued
    found, rng = codes("recall"), np.random.default_rng(3)
    p = np.exp(found[g["small_size"]][0][0])
    alarms = 0
    for _ in range(600):
        drawn = rng.random((2, 200, 8)) < p[rng.integers(0, len(p), (2, 200))]
        marks = np.array([[math.comb(c, k) for k in range(1, 9)] for c in range(9)])[drawn.sum(-1)]
        p_values = np.array(stats.ttest_ind(*marks[..., :5], equal_var=False).pvalue)
        alarms += (p_values < 0.05).any()
    assert g["tuned_least"] - 0.03 < alarms / 600 < g["tuned_most"]


def test_the_share_of_places_is_wider_than_a_tolerance(chapter_run):
    g = chapter_run(NAME).glued
    # One token of a power law with exponent 1/2: from 10 to 90% in closed form.
    share = 2 * math.log10(math.log(10) / -math.log(0.9))
    assert g["share_formula"] == pytest.approx(share, rel=1e-2)
    assert g["width_formula"] < g["share_formula"]
    assert g["width_most"] < g["share_codes"]
    assert 0 < g["share_wider_low"] < g["share_sums"] - g["sum_one_wrong"] < g["share_wider_high"]


def test_a_score_without_ties_cannot_reach_one(chapter_run):
    g = chapter_run(NAME).glued
    best = []
    for _, runs in sorted(codes("addition_long").items()):
        score = np.array([r.all(axis=1).mean() for _, r in runs.values()])
        best.append(stats.spearmanr(score, score + 1e-9 * np.arange(len(score))).statistic)
    assert g["best_possible"] == pytest.approx(np.mean(best))
    assert g["short_most"] < g["best_possible"]
