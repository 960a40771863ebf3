"""Chapter 9 ("The same outputs, two metrics"): its numbers against independent computations."""

from __future__ import annotations

import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from chapter_runs import followed
from conftest import evaluation_data, needs_evaluation_data
from independent import outputs, quoted
from rapidfuzz.distance import Levenshtein
from scipy import optimize, stats

NAME = "09_same_outputs_two_metrics"
CHANGED = {"FEW_ITEMS": 40, "LEVEL": 0.9}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["reads_zero"] == pytest.approx((1 - after["smallest_score"]) ** 40)
    assert after["four_zero_high"] == pytest.approx(1 - 0.05 ** (1 / 80))
    assert after["deviance_all"] == before["deviance_all"]


def test_the_family_of_the_figure(chapter_run):
    """Scored by hand from the answers that were kept."""
    g = chapter_run(NAME).glued
    frame = outputs("addition")
    said, asked = frame["greedy"].astype(str), frame["target"].astype(str)
    frame["right"] = (said == asked).to_numpy()
    frame["edits"] = [Levenshtein.distance(a, b) for a, b in zip(said, asked, strict=True)]
    means = frame.groupby("params")[["right", "edits"]].mean()
    for i in range(3):
        assert g[f"exact_{i + 1}"] == pytest.approx(means["right"].iloc[i], abs=1e-9)
        assert g[f"edits_{i + 1}"] == pytest.approx(means["edits"].iloc[i], abs=1e-9)
    x = np.log10(means.index.to_numpy(float))
    half = []
    for y in (means["right"].cummax(), (1 - means["edits"] / 5).cummax()):
        half.append(float(np.interp(0.5, (y - y.iloc[0]) / (y.iloc[-1] - y.iloc[0]), x)))
    assert g["later"] == pytest.approx(half[0] - half[1], abs=1e-6)
    assert g["later_low"] < g["later"] < g["later_high"]
    for k in (2, 3):  # without the smallest sizes
        cut = []
        for y in (means["right"], 1 - means["edits"] / 5):
            y = y.iloc[k:].cummax()
            cut.append(float(np.interp(0.5, (y - y.iloc[0]) / (y.iloc[-1] - y.iloc[0]), x[k:])))
        assert g[f"cut_{k}"] == pytest.approx(cut[0] - cut[1], abs=1e-6)
        assert g[f"cut_{k}_low"] < g[f"cut_{k}"] < g[f"cut_{k}_high"]
    # A tenth to nine tenths of each rise.
    for name, y in (
        ("harsh", means["right"].cummax()),
        ("gentle", (1 - means["edits"] / 5).cummax()),
    ):
        ends = np.interp([0.1, 0.9], (y - y.iloc[0]) / (y.iloc[-1] - y.iloc[0]), x)
        assert g[f"width_{name}"] == pytest.approx(np.diff(ends)[0], abs=1e-6)
    fallen = means["edits"].iloc[0] - means["edits"]
    assert g["gained_3"] == pytest.approx(fallen.iloc[2] / fallen.max())
    # Sums are written backwards: the last character is the leading digit.
    frame["lead"] = (said.str[-1] == asked.str[-1]).to_numpy()
    lead = frame.groupby("params")["lead"].mean()
    assert (g["lead_1"], g["lead_3"]) == pytest.approx((lead.iloc[0], lead.iloc[2]))
    runs = frame.groupby(["params", "seed"])["right"].mean().unstack()
    assert g["all_4"] == (runs.iloc[3] > 0.99).sum()
    assert g["all_last"] == (runs.iloc[-1] > 0.99).sum()
    # The largest step of ladders of one run of each size, and the width of the medians.
    each = frame.groupby(["params", "seed"])["edits"].mean().unstack()
    for name, table in (("exact", runs), ("soft", 1 - each / 5)):
        rng, steps = np.random.default_rng(3), []
        for _ in range(4_000):
            one = np.maximum.accumulate([rng.choice(row) for row in table.to_numpy()])
            steps.append(np.diff(one).max() / np.ptp(one))
        assert g[f"step_{name}"] == pytest.approx(np.median(steps), abs=0.02)
    y = runs.median(axis=1).cummax()
    ends = np.interp([0.1, 0.9], ((y - y.iloc[0]) / np.ptp(y)).to_numpy(), x)
    assert g["narrow_harsh"] == pytest.approx(np.diff(ends)[0], abs=0.01)


def test_the_small_models_answer_their_own_sums(chapter_run):
    """Answers of the third size dealt to the problems of their run by chance."""
    g, frame = chapter_run(NAME).glued, outputs("addition")
    third = frame[frame["params"] == np.sort(frame["params"].unique())[2]]
    rng, own, dealt = np.random.default_rng(2), [], []
    for _, run in third.groupby("seed"):
        said, asked = (np.array([list(str(v)) for v in run[c]]) for c in ("greedy", "target"))
        own.append((said != asked).sum(axis=1).mean())
        dealt.append([(rng.permutation(said) != asked).sum(axis=1).mean() for _ in range(50)])
    assert g["own_wrong"] == pytest.approx(np.mean(own))
    assert g["dealt_wrong"] == pytest.approx(np.mean(dealt), abs=0.01)


def puzzles(size):
    """Length of the right answer, right or wrong, and edits: one row for every digit matrix."""
    raw = pd.read_csv(
        evaluation_data() / "lm_task_demands" / "digit_mat" / f"pythia-{size}-deduped.csv.gz"
    )
    target = ["".join(re.findall(r"\d", t)) for t in raw["correct_answer"]]
    output = ["".join(re.findall(r"\d", str(r).split("]")[0])) for r in raw["generated_response"]]
    return pd.DataFrame(
        {
            "length": [len(t) for t in target],
            "right": [t == o for t, o in zip(target, output, strict=True)],
            "edits": [Levenshtein.distance(t, o) for t, o in zip(target, output, strict=True)],
        }
    )


def digits(size):
    """Right answers and edit distances to the digit matrices, by length of the right answer."""
    found = (
        puzzles(size)
        .groupby("length")
        .agg(
            n=("right", "size"),
            right=("right", "sum"),
            edits=("edits", "mean"),
            sem=("edits", "sem"),
        )
    )
    return found.loc[1:4]


@needs_evaluation_data
def test_the_digit_matrices_are_quoted_right(chapter_run):
    four, by_length = quoted(chapter_run(NAME), "FOUR", "BY_LENGTH")
    sizes = ("1b", "1.4b", "2.8b", "6.9b", "12b")
    tables = {s: digits(s) for s in sizes}
    assert [int(tables[s].loc[4, "right"]) for s in sizes] == four["right"]
    assert {int(tables[s].loc[4, "n"]) for s in sizes} == {four["n"]}
    assert [tables[s].loc[4, "edits"] for s in sizes] == pytest.approx(four["edits"], abs=1e-4)
    assert [tables[s].loc[4, "sem"] for s in sizes] == pytest.approx(four["error"], abs=1e-4)
    edits = {s: puzzles(s) for s in sizes}
    fours = np.array([e.loc[e["length"] == 4, "edits"] for e in edits.values()])
    assert np.corrcoef(fours) == pytest.approx(np.array(four["together"]), abs=1e-4)
    # A slope for every puzzle over the four smaller models, and its mean over its standard error.
    x = np.log([1_011_781_632, 1_414_647_808, 2_775_208_960, 6_857_302_016])
    for length, z in enumerate(by_length["slope"], start=1):
        y = np.array([edits[s].loc[edits[s]["length"] == length, "edits"] for s in sizes[:4]])
        slopes = np.polyfit(x, y, 1)[0]
        assert slopes.mean() / stats.sem(slopes) == pytest.approx(z, abs=1e-3)
    for s in ("1b", "6.9b", "12b"):
        assert tables[s]["n"].tolist() == by_length["n"]
        if s != "6.9b":
            assert tables[s]["right"].tolist() == by_length[f"right_{s}"]
        assert tables[s]["edits"].tolist() == pytest.approx(by_length[f"edits_{s}"], abs=1e-4)


def test_the_tests_on_the_digit_matrices(chapter_run):
    glued = chapter_run(NAME).glued
    # Fisher's exact test by the hypergeometric distribution
    h = stats.hypergeom(160, 80, 5)
    chance = h.pmf(range(6))
    assert glued["fisher"] == pytest.approx(chance[chance <= h.pmf(5) + 1e-12].sum())
    # and against all four smaller models
    every = stats.hypergeom(400, 80, 5)
    chance = every.pmf(range(6))
    assert glued["fisher_all"] == pytest.approx(chance[chance <= every.pmf(5) + 1e-12].sum())
    # a straight line and a step, by generalised least squares: the same puzzles for all models
    sizes = np.log([1_011_781_632, 1_414_647_808, 2_775_208_960, 6_857_302_016, 11_846_072_320])
    four = quoted(chapter_run(NAME), "FOUR")[0]
    spread = np.diag(four["error"]) @ np.array(four["together"]) @ np.diag(four["error"])
    for name, curve in (("line", sizes), ("step", np.eye(5)[4])):
        fit = sm.GLS(four["edits"], sm.add_constant(curve), sigma=spread).fit()
        left = four["edits"] - fit.fittedvalues
        assert glued[f"chi_{name}"] == pytest.approx(left @ np.linalg.solve(spread, left))
        assert glued[f"p_{name}"] == pytest.approx(stats.chi2.sf(glued[f"chi_{name}"], 3))
    for name, i in (("neighbour", 3), ("best", 2)):
        apart = np.eye(5)[i] - np.eye(5)[4]
        z = apart @ four["edits"] / np.sqrt(apart @ spread @ apart)
        assert glued[f"z_{name}"] == pytest.approx(z)
    assert glued["four_zero_high"] == pytest.approx(1 - 0.025 ** (1 / 80))
    assert glued["geometric_4"] == pytest.approx((335 / 376) ** 4)


def sums(shots=2):
    packed = (evaluation_data() / "gpt3_arithmetic" / "responses.jsonl.gz").read_bytes()
    rows = []
    for row in map(json.loads, gzip.decompress(packed).decode().splitlines()):
        if (
            row["engine"] == "text-davinci-001"
            and row["n_shots"] == shots
            and row["tag"] in ("2D+", "3D+", "4D+", "5D+")
        ):
            said = re.search(r"-?\d[\d,]*", row["response"])
            output, target = said[0].replace(",", "") if said else "", str(row["answer"])
            rows.append(
                (row["tag"], len(target), output == target, Levenshtein.distance(output, target))
            )
    return pd.DataFrame(rows, columns=["task", "length", "right", "edits"])


@needs_evaluation_data
def test_gpt3_by_length(chapter_run):
    glued = chapter_run(NAME).glued
    raw = sums()

    def deviance(part):
        grouped = part.groupby("length")["right"].agg(["size", "sum"])
        L, n, k = grouped.index.to_numpy(), grouped["size"].to_numpy(), grouped["sum"].to_numpy()
        grid = np.linspace(0.3, 0.9999, 200_001)[:, None] ** L
        fitted = (k * np.log(grid) + (n - k) * np.log1p(-grid)).sum(axis=1).max()
        share = np.clip(k / n, 1e-300, 1 - 1e-16)
        saturated = (k * np.log(share) + (n - k) * np.log1p(-share)).sum()
        return 2 * (saturated - fitted), len(L) - 1

    overall, dof = deviance(raw)
    assert glued["deviance_all"] == pytest.approx(overall, rel=1e-4)
    assert glued["dof_all"] == dof
    within = [deviance(part) for _, part in raw.groupby("task")]
    assert glued["deviance_within"] == pytest.approx(sum(d for d, _ in within), rel=1e-3)
    assert glued["dof_within"] == sum(f for _, f in within)
    for shots in (1, 3):
        within = [deviance(part) for _, part in sums(shots).groupby("task")]
        p = stats.chi2.sf(sum(d for d, _ in within), sum(f for _, f in within))
        assert glued[f"compatible_{shots}"] == pytest.approx(p, rel=0.01)
        # one share of right answers whatever the length, by the G-test of the table of lengths
        tables = [
            pd.crosstab(part["length"], part["right"]) for _, part in sums(shots).groupby("task")
        ]
        tests = [
            stats.chi2_contingency(t, correction=False, lambda_="log-likelihood") for t in tables
        ]
        p = stats.chi2.sf(sum(t.statistic for t in tests), sum(t.dof for t in tests))
        assert glued[f"blind_{shots}"] == pytest.approx(p, rel=0.01)
    edits = raw.groupby("length")["edits"].mean()
    assert glued["edit_power"] == pytest.approx(
        stats.linregress(np.log(edits.index), np.log(edits)).slope
    )
    exact = raw.groupby("length")["right"].mean()
    assert glued["implied_long"] == pytest.approx(exact.iloc[-1] ** (1 / 6))


@needs_evaluation_data
def test_the_small_models_edits_are_those_of_answers_dealt_at_random(chapter_run):
    run = chapter_run(NAME)
    glued, (stated, rank) = run.glued, quoted(run, "ADA_P", "ADA_RANK")
    packed = (evaluation_data() / "gpt3_arithmetic" / "responses.jsonl.gz").read_bytes()
    rows = [json.loads(line) for line in gzip.decompress(packed).decode().splitlines()]
    for (task, shots), p in stated.items():
        asked = [
            row for row in rows
            if (row["engine"], row["tag"], row["n_shots"]) == ("text-ada-001", task, shots)
        ]  # fmt: skip
        said = [re.search(r"-?\d[\d,]*", row["response"]) for row in asked]
        said = [found[0].replace(",", "") if found else "" for found in said]
        cross = np.array([[Levenshtein.distance(o, str(r["answer"])) for r in asked] for o in said])
        n, rng = len(asked), np.random.default_rng(9)
        own = np.trace(cross) / n
        dealt = [cross[np.arange(n), rng.permutation(n)].mean() for _ in range(10_000)]
        assert np.mean(np.array(dealt) <= own + 1e-9) == pytest.approx(p, abs=0.02)
        pairs = [(int(o), r["answer"]) for o, r in zip(said, asked, strict=True) if o]
        found = stats.spearmanr(*np.array(pairs, float).T)
        if (task, shots) == ("2D-", 2):
            assert found.statistic == pytest.approx(rank["differences"], abs=1e-3)
        if (task, shots) == ("2D+", 2):
            assert found.statistic == pytest.approx(rank["correlation"], abs=1e-3)
            assert found.pvalue == pytest.approx(rank["p"], abs=1e-3)
            assert glued["ada_own"] == pytest.approx(own)
            assert glued["ada_others"] == pytest.approx(
                (cross.sum() - np.trace(cross)) / (n * (n - 1))
            )
            assert glued["ada_right"] == np.mean([o == str(r["answer"]) for o, r in zip(said, asked, strict=True)])  # fmt: skip


@needs_evaluation_data
def test_transliteration(chapter_run):
    glued = chapter_run(NAME).glued
    folder = evaluation_data() / "obs_scaling"
    sizes = (
        pd.read_csv(folder / "base_llm_benchmark_eval.csv").set_index("Model")["FLOPs (1E21)"]
        * 1e21
    )
    raw = pd.read_csv(folder / "base_llm_emergent_capability_eval.csv").set_index("Model")
    raw = (
        raw.drop(["Qwen/Qwen-72B", "Qwen/Qwen1.5-72B"])
        .assign(flops=sizes)
        .dropna(subset=["ipa_transliterate_2_exact_match", "ipa_transliterate_2_bleu", "flops"])
    )
    exact, bleu = raw["ipa_transliterate_2_exact_match"], raw["ipa_transliterate_2_bleu"] / 100
    assert glued["n_both"] == len(raw)
    assert glued["n_none"] == (exact == 0).sum()
    assert glued["bleu_none"] == pytest.approx(bleu[exact == 0].median())
    assert glued["bleu_none_max"] == pytest.approx(bleu[exact == 0].max())
    assert glued["agree"] == pytest.approx(exact.rank().corr(bleu.rank()))
    off = bleu[(exact > 0) & (exact < 0.01)]
    assert glued["n_off"] == len(off)
    assert glued["made_off"] == pytest.approx(np.median(off) / bleu.max())
    x, best_of = np.log10(raw["flops"]), {}
    for name, y in (("exact", exact), ("bleu", bleu)):

        def lost(theta, y=y):
            return ((theta[0] / (1 + np.exp(-(x - theta[1]) / theta[2])) - y) ** 2).sum()

        best = optimize.minimize(
            lost,
            [y.max(), 23.5, 0.4],
            method="Nelder-Mead",
            options={"maxiter": 5000, "xatol": 1e-9, "fatol": 1e-14},
        )
        # from 10 % to 90 % of a logistic is 2 ln 9 of its scale
        assert glued[f"width_{name}"] == pytest.approx(2 * np.log(9) * best.x[2], rel=1e-3)
        best_of[name] = best.x
    (top, middle, scale), (_, middle_b, scale_b) = best_of.values()
    for name, at in (("fitted_share", 0.01), ("fitted_20", 0.05)):
        reached = middle - scale * np.log(top / at - 1)
        assert glued[name] == pytest.approx(1 / (1 + np.exp((middle_b - reached) / scale_b)), rel=1e-2)  # fmt: skip


@needs_evaluation_data
def test_pythias_sums(chapter_run):
    glued = chapter_run(NAME).glued
    scores, products = {}, {}
    for path in (evaluation_data() / "pythia_evals" / "num_reasoning").glob("*.csv.gz"):
        raw = pd.read_csv(path)
        final = raw[(raw["checkpoint"] == 143000) & (raw["fewshot"] == 16)]
        multiplied = final[final["task"].str.contains("multiplication")]
        products[re.search(r"pythia-([\d.]+[mb])", path.name)[1]] = multiplied["acc"].mean()
        raw = raw[(raw["checkpoint"] == 143000) & raw["task"].str.contains("addition")]
        size = re.search(r"pythia-([\d.]+[mb])", path.name)[1]
        scores[size] = raw.groupby("fewshot")["acc"].mean()
        assert (raw.groupby("fewshot").size() == 100).all()
    assert glued["smallest_score"] == pytest.approx(scores["125m"][16])
    assert glued["before"] == pytest.approx(scores["1.3b"][16])
    assert glued["after"] == pytest.approx(scores["2.7b"][16])
    assert glued["next_score"] == pytest.approx(scores["6.7b"][16])
    assert glued["reads_zero"] == pytest.approx((1 - scores["125m"][16]) ** 50)
    assert glued["zeros"] == sum(s[0] == 0 for s in scores.values())
    assert glued["below_constant"] == pytest.approx(scores["350m"][2])
    assert [glued[f"times_{i}"] for i in range(3, 7)] == pytest.approx(
        sorted(products.values())[-4:]
    )
