"""Chapter 19 ("Audit your own evaluation"): its numbers against independent computations."""

from __future__ import annotations

import collections
import csv
import itertools
from importlib import resources

import numpy as np
import pytest
from chapter_runs import execute, followed
from conftest import ROOT
from independent import outputs, published
from scipy import optimize, stats

from mirage_utils import models
from mirage_utils.audit import simulate

NAME = "19_audit"
CHANGED = {"SEED": 7, "LEVEL": 0.01}
METRIC, BLAMED = "metric effect", "not explained by the metric"


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["n_each"] == before["n_each"]  # the study is the bundled one
    assert after["real_metric"] == before["real_metric"]
    assert after["recall_early"] == pytest.approx(before["recall_early"], abs=0.02)  # other pairs
    assert after["recall_early"] != before["recall_early"]
    assert after["refused"] < before["refused"]  # at a fifth of the level
    assert after["level_used"] == 0.01


def study_rows(level):
    text = (resources.files("mirage_utils.audit") / "data" / "study.csv").read_text()
    return [r for r in csv.DictReader(text.splitlines()) if float(r["level"]) == level]


def exact(k, n):
    """Ends of the interval of Clopper and Pearson, by quantiles of the beta distribution, in words."""
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return f"{low:.0%} to {high:.0%}"


def test_the_study_is_counted_rightly(chapter_run):
    g = chapter_run(NAME).glued
    rows = study_rows(0.05)
    tally = collections.Counter((r["truth"], r["verdict"]) for r in rows)
    kinds = {r["truth"] for r in rows}
    assert g["n_kinds"] == len(kinds) == g["n_foreseen"] + 2
    assert g["n_each"] * len(kinds) == len(rows)
    n = g["n_each"]
    for count, truth, verdict in (
        ("answers_right", "mirage", METRIC),
        ("silent_right", "mirage, scores only", METRIC),
        ("silent_resolution", "mirage, scores only", "resolution effect"),
        ("real_right", "real leap", BLAMED),
        ("real_metric", "real leap", METRIC),
        ("part_right", "real leap after a part", BLAMED),
        ("part_metric", "real leap after a part", METRIC),
        ("unread_blamed", "unread answers", BLAMED),
        ("unequal_right", "mirage, unequal items", METRIC),
    ):
        assert g[count] == tally[truth, verdict], count
    for words, count in (
        ("answers_span", "answers_right"), ("silent_span", "silent_right"), ("real_span", "real_metric"),
        ("part_span", "part_metric"), ("unread_span", "unread_blamed"), ("unequal_span", "unequal_right"),
        ("alarms_span", "alarms"),
    ):  # fmt: skip
        assert g[words] == exact(g[count], n), words
    assert g["alarms"] == sum(k for (t, v), k in tally.items() if t == "noise" and v != "no leap")
    real = ("real leap", "real leap after modesty", "real leap after a part")
    foreseen = kinds - {"unread answers", "mirage, unequal items"}
    blamed = {t: k for (t, v), k in tally.items() if v == BLAMED}
    assert g["blamed_wrongly"] == sum(blamed.get(t, 0) for t in foreseen if t not in real)
    assert g["mirages_blamed"] == tally.get(("mirage", BLAMED), 0)
    assert g["blamed_most"] == pytest.approx(1 - 0.025 ** (1 / n))
    assert g["mirages_blamed"] == 0
    said = {t: k for (t, v), k in tally.items() if v == METRIC and t in foreseen}
    assert g["said_metric"] == sum(said.values())
    assert g["said_of_leaps"] == said["real leap"] + said["real leap after a part"]
    assert all(said.get(t, 0) == 0 for t in real[1:] if t != "real leap after a part")
    told = tally["mirage, scores only", METRIC] + tally["mirage, scores only", "resolution effect"]
    assert g["scores_told"] == told + tally["real leap, scores only", "cannot tell"]
    assert g["answers_told"] == tally["mirage", METRIC] + tally["real leap", BLAMED]
    assert g["scores_told"] > g["answers_told"]
    assert tally["two kinds of runs", "cannot tell"] == n  # the rule asks for a gentler metric
    # no evaluation has ten runs with answers, so that the rule about kinds of runs is untried
    assert g["kinds_decided"] == sum(r["rule"] == "runs differ in kind" for r in rows) == 0
    assert g["n_audited"] == len(rows)
    assert g["likelihood_ratio"] == pytest.approx(tally["mirage", METRIC] / g["real_metric"])


def test_other_draws_come_out_like_those_of_the_study():
    """A part of a study from another seed: within what chance allows of the bundled one."""
    kept = simulate.kept()
    for truth in ("mirage", "mirage, scores only", "real leap, scores only"):
        right = [
            simulate._judged(truth, draw, 5_000, [0.05])[0][5] in simulate.TRUTHS[truth].verdicts
            for draw in range(12)
        ]
        part = simulate.outcomes(kept).loc[truth]
        chance = max(part["wrong"] + part["abstained"], 3) / 100
        assert stats.binom.sf(12 - sum(right) - 1, 12, chance) > 1e-3, truth


def codes():
    recall = outputs("recall")
    return recall[recall["seed"] == recall["seed"].min()]


def test_what_the_audit_says_of_the_codes(chapter_run):
    g = chapter_run(NAME).glued
    # skill in symbols, over all pairs of items in place of one drawn pairing
    skill, whole = {}, {}
    for params, run in codes().groupby("params"):
        said = np.array([list(o) for o in run["greedy"]])
        right = np.array([list(t) for t in run["target"]])
        own, n = (said == right).mean(), len(run)
        by_symbol = [
            np.sum([(said[:, k] == c).sum() * (right[:, k] == c).sum() for c in np.unique(right)])
            for k in range(8)
        ]
        crossed = (sum(by_symbol) / 8 - own * n) / (n * (n - 1))
        skill[params] = own - crossed
        whole[params] = (run["greedy"].str.strip() == run["target"]).mean()
    y, x = np.array(list(skill.values())), np.array(list(whole.values()))
    at = int(np.argmax(np.diff(x)))
    assert (g["n_models"], g["n_codes"]) == (len(x), 512)
    assert (g["leap_low"], g["leap_high"]) == pytest.approx((x[at], x[at + 1]))
    assert g["recall_early"] == pytest.approx((y[at] - y[0]) / (y[-1] - y[0]), abs=0.02)
    # the leap is a leap, and the gentler metric saw more before it than exact match shows
    assert (x[at + 1] - x[at]) / np.ptp(x) >= 0.5
    assert (g["five_verdict"], g["six_verdict"], g["five_others"]) == (BLAMED, METRIC, 4)
    early = (y[at] - y[-5]) / (y[-1] - y[-5]) - (x[at] - x[-5]) / (x[-1] - x[-5])
    assert early < 0.25  # of the five largest sizes only, the digits are not a quarter ahead
    assert g["recall_early"] - (x[at] - x[0]) / (x[-1] - x[0]) >= 0.25


def test_random_errors_have_no_skill_in_symbols():
    """Why the second folder's verdict is another: right digits of wrong answers are one in ten."""
    rng = np.random.default_rng(1)
    early = []
    for _, run in codes().groupby("params"):
        wrong = run["greedy"].str.strip() != run["target"]
        said = rng.integers(0, 10, (int(wrong.sum()), 8))
        right = np.array([[int(c) for c in t] for t in run["target"][wrong]]).reshape(-1, 8)
        kept = 8 * int((~wrong).sum())
        early.append((kept + (said == right).sum()) / (8 * len(run)))
    shares = np.array(early)
    at = int(np.argmax(np.diff(shares)))
    steps = np.diff(shares) / np.ptp(shares)
    assert steps[at] >= 0.5  # symbols leap where whole answers do


def test_what_the_audit_says_of_additions_and_of_gpt3(chapter_run):
    g = chapter_run(NAME).glued
    addition = outputs("addition")
    right = (addition["greedy"].str.strip() == addition["target"].str.strip()).groupby(
        [addition["params"], addition["seed"]]
    )
    shares = right.mean()
    gaps = {}
    for params, runs in shares.groupby(level=0):
        ordered = np.sort(runs.to_numpy())
        k = int(np.argmax(np.diff(ordered)))
        gaps[params] = (np.diff(ordered)[k], k + 1, len(ordered))
    gap, low, runs = max(gaps.values())
    means = shares.groupby(level=0).mean()
    assert g["addition_gap"] in (
        pytest.approx(gap / (shares.max() - shares.min())),
        pytest.approx(gap / (means.max() - means.min())),
    )
    assert (g["addition_low"], g["addition_runs"]) == (low, runs)
    # at that size the share of right digits has a gap too, and a much smaller one
    said, due = (addition[c].str.strip() for c in ("greedy", "target"))
    digits = [
        np.mean([a == b for a, b in zip(x, y, strict=False)])
        for x, y in zip(said, due, strict=True)
    ]
    by_run = addition.assign(digits=digits).groupby(["params", "seed"])["digits"].mean()
    at = max(gaps, key=lambda size: gaps[size][0])
    gap_in_digits = np.diff(np.sort(by_run.loc[at])).max() / (by_run.max() - by_run.min())
    assert g["closest_gap"] == pytest.approx(gap_in_digits, abs=0.06)
    assert g["closest_gap"] < 0.5 < g["addition_gap"]
    products = outputs("multiplication")
    hits = products["greedy"].str.strip() == products["target"].str.strip()
    by_size = hits.groupby([products["params"], products["seed"]]).mean().groupby(level=0).mean()
    assert g["multiplication_step"] == pytest.approx(np.diff(by_size).max() / np.ptp(by_size))
    assert g["multiplication_step"] < 0.5
    few = {task: v for (task, setting), v in published().items() if setting == "few-shot"}
    leap = {t: np.diff(k / n).max() >= 0.5 * np.ptp(k / n) for t, (_, k, n) in few.items()}
    assert (g["n_theirs"], g["n_theirs_leap"]) == (len(few), sum(leap.values()))
    assert 0 < g["n_theirs_open"] < g["n_theirs_leap"]
    # the others are named by a law that fits the counts of that task
    assert g["n_theirs_open"] + g["n_theirs_fit"] == g["n_theirs_leap"]
    assert g["n_theirs_fit"] == g["n_theirs_resolution"] + g["n_theirs_metric"]
    assert leap[g["theirs_metric"]]
    size, k, n = (np.asarray(v, float) for v in few[g["theirs_metric"]])

    def wrongness(at):
        alpha, log_size = np.exp(at)
        p = np.clip(np.exp(-((size / np.exp(log_size)) ** -alpha)), 1e-12, 1 - 1e-12)
        return -2 * stats.binom.logpmf(k, n, p).sum()

    least = min(
        optimize.minimize(wrongness, np.log([a, np.log(c)]), method="Nelder-Mead").fun
        for a in (0.3, 0.9)
        for c in (1e10, 1e11)
    )
    seen = np.clip(k / n, 1e-12, 1 - 1e-12)
    deviance = least + 2 * stats.binom.logpmf(k, n, seen).sum()
    assert stats.chi2.sf(deviance, len(k) - 2) > 0.01


def test_modest_models_improve_their_brier_score_and_not_their_skill(chapter_run):
    g = chapter_run(NAME).glued
    # Brier by its definition, and skill over all pairs, of the first evaluation that suits
    for draw in range(100):
        modest = simulate.simulate("real leap after modesty", seed=19 + draw)["records"]
        correct = (modest["output"] == modest["target"]).groupby(modest["params"]).mean().to_numpy()
        before = int(np.argmax(np.diff(correct)))
        if before >= 4:
            break
    loss, gain = [], []
    for _, part in modest.groupby("params"):
        q = np.exp(np.array(part["logprobs"].tolist()))
        t = part["target"].astype(int).to_numpy()
        loss.append(((q - np.eye(4)[t]) ** 2).sum(axis=1).mean())
        mine = q[np.arange(len(t)), t]
        others = (q.sum(axis=0)[t] - mine) / (len(t) - 1)
        gain.append(2 * (mine - others).mean())
    assert (g["n_modest"], g["n_below"]) == (len(t), before + 1)
    assert g["modest_drop"] == pytest.approx(loss[0] - loss[before])
    assert g["modest_share"] == pytest.approx((loss[0] - loss[before]) / (loss[0] - loss[-1]))
    assert g["modest_drop_errors"] > 4
    assert abs(g["modest_skill_errors"]) < 4
    error = g["modest_skill"] / g["modest_skill_errors"]
    assert g["modest_skill"] == pytest.approx(gain[before] - gain[0], abs=4 * abs(error))


def test_the_power_of_length_is_found(chapter_run):
    g = chapter_run(NAME).glued
    assert abs(g["symbol_power"] - 1) < 2 * g["symbol_error"]
    assert abs(g["whole_power"]) < 2 * g["whole_error"] + 0.005
    assert stats.binomtest(g["refused"], g["n_lines"], 0.05).pvalue > 0.001
    assert g["refused_span"] == exact(g["refused"], g["n_lines"])


def test_a_leap_near_a_size_is_misread_and_one_between_is_not(chapter_run):
    g = chapter_run(NAME).glued
    assert g["called_middle"] == 0
    assert max(g["called_first"], g["called_last"]) >= g["tries"] / 2
    # by arithmetic: half-way digits at a size make a rise of their own before whole answers' leap
    token = lambda size: 0.1 + 0.87 / (1 + size**-12.0)  # noqa: E731
    gap = 10 ** (3 / 7)
    early = {}
    for part_way in (0.05, 0.5):
        below, above = token(gap**-part_way), token(gap ** (1 - part_way))
        assert above**5 - below**5 >= 0.5 * 0.97**5
        early[part_way] = (below - 0.1) / 0.87 - (below**5 - 0.1**5) / 0.97**5
    assert early[0.5] < 0.25 < early[0.05]


def scattered_mirage(runs, scatter, rng):
    """Gaps of one mirage, run by run: of exact match, of digits, and of digits where exact match has its own."""
    count, decades = int(rng.integers(6, 11)), rng.uniform(2, 4)
    alpha, length, items = rng.uniform(0.3, 0.8), int(rng.integers(5, 13)), rng.integers(200, 1001)
    middle = decades + rng.uniform(-1.5, -0.8)
    whole, digits = [], []
    for size in [decades * k / (count - 1) for k in range(count)]:
        loss = [10 ** (-alpha * (size - middle - rng.normal(0, scatter))) for _ in range(runs)]
        p = [0.1 + 0.9 * np.exp(-each) for each in loss]
        whole.append(sorted(rng.binomial(items, each**length) / items for each in p))
        digits.append(sorted(rng.binomial(items * length, each) / items / length for each in p))
    gaps = []
    for scores in (whole, digits):
        span = max(y[-1] for y in scores) - min(y[0] for y in scores)
        gaps.append([max(b - a for a, b in itertools.pairwise(y)) / span for y in scores])
    at = gaps[0].index(max(gaps[0]))
    return max(gaps[0]), max(gaps[1]), gaps[1][at]


def test_runs_of_a_smooth_mirage_lie_far_apart(chapter_run):
    g = chapter_run(NAME).glued
    rng = np.random.default_rng(0)
    four = np.array([scattered_mirage(4, 0.35, rng) for _ in range(600)]) >= 0.5
    assert g["four_exact"] == pytest.approx(four[:, 0].mean(), abs=0.08)
    assert 0.4 < g["four_exact"] < 0.6  # "about half" in the text
    assert g["four_digits"] == pytest.approx(four[:, 1].mean(), abs=0.03)
    ten = np.array([scattered_mirage(10, 0.5, rng) for _ in range(600)]) >= 0.5
    assert g["worst_digits"] == pytest.approx(ten[:, 1].mean(), abs=0.03)
    passed = int((ten[:, 0] & ten[:, 2]).sum())  # what the rule asks for, in digits
    assert stats.binom.sf(passed - 1, len(ten), g["worst_there"]) > 1e-3
    assert 0 < g["worst_there"] < g["worst_digits"] / 4


def test_narrow_leaps_are_misread_less_often(chapter_run):
    g = chapter_run(NAME).glued
    assert g["ahead_study"] == pytest.approx(g["real_metric"] / g["n_each"], abs=0.12)
    assert 0 < g["ahead_narrow"] < g["ahead_study"] / 2
    assert 9 < g["ratio_narrow"] < 20
    # the width of a digit's leap, by solving for 10 and 90 per cent
    low, high = ((share / (1 - share)) ** (1 / 12) for share in (0.1, 0.9))
    assert np.log10(high / low) == pytest.approx(1 / 6, abs=0.01)


def test_short_answers_with_one_early_digit_are_all_called_an_effect():
    said = {int(r["draw"]): r["verdict"] for r in study_rows(0.05) if r["truth"] == "real leap after a part"}  # fmt: skip
    short = 0
    for draw in range(12):
        drawn = simulate.simulate("real leap after a part", seed=draw)["records"]
        if len(drawn["target"].iloc[0]) <= 4:
            short += 1
            assert said[draw] == METRIC
    assert short >= 2


def test_the_sums_of_the_ladder_refuse_one_line_in_every_run(chapter_run):
    g = chapter_run(NAME).glued
    sums = models.bundled("ladder").frame.query("task == 'addition'")
    right = sums["greedy"].str.strip() == sums["target"].str.strip()
    every = right.groupby([sums["seed"], sums["params"], sums["length"]]).mean().unstack()
    assert (g["ladder_shortest"], g["ladder_longest"]) == (every.columns.min(), every.columns.max())
    medians = []
    for _, share in every.groupby(level="seed"):
        inner = share[((share > 0.02) & (share < 0.98)).sum(axis=1) >= 3]
        powers = []
        for _, row in inner.iterrows():
            kept = row[(row > 0.02) & (row < 0.98)]
            known = np.log(kept.index.to_numpy(float)), np.log(-np.log(kept))
            powers.append(np.polyfit(*known, 1)[0])
        medians.append(np.median(powers))
    assert g["ladder_runs"] == len(medians)
    assert min(medians) > 1.5
    assert 1.5 < g["ladder_least"] < g["ladder_most"]
    assert g["ladder_most"] - g["ladder_least"] > 1  # far more than one run's error


def test_chapter_19_audits_what_a_reader_gives_it(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = ["model,task,metric,score,n"]
    rows += [f"zebra-{i},spots,exact_match,{y},500" for i, y in enumerate((0, 0, 0, 0.002, 0.9))]
    (folder / "r.csv").write_text("\n".join(rows) + "\n")
    (folder / "unknown.csv").write_text(f"{rows[0]}\nhorse,spots,exact_match,0.5,500\n")
    (folder / "broken.json").write_text("{")
    given = {f"zebra-{i}": 10.0 ** (6 + i) for i in range(5)}
    run = execute(ROOT / "notebooks" / "19_audit.ipynb", tmp_path, results=str(folder), sizes=given)
    page = " ".join(run.html())
    assert "spots" in page
    assert "100% of the range lies between 1B and 10B" in page
    printed = "".join(o.get("text", "") for c in run.notebook.cells for o in c.get("outputs", []))
    assert "broken.json" in printed
    assert "no size known, give it in `sizes`: horse" in printed
