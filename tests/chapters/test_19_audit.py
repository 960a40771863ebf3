"""Chapter 19 ("Audit your own evaluation"): its numbers against independent computations."""

from __future__ import annotations

import collections
import csv
from importlib import resources

import numpy as np
import pytest
from chapter_runs import execute, followed
from conftest import ROOT
from independent import outputs, published

from mirage_utils.audit import simulate

NAME = "19_audit"
CHANGED = {"SEED": 7, "LEVEL": 0.01}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["n_study"] == before["n_study"]
    assert after["recall_early"] == pytest.approx(before["recall_early"], abs=0.02)  # other pairs
    assert after["recall_early"] != before["recall_early"]
    assert after["refused"] < before["refused"]  # at a fifth of the level


def study_rows():
    text = (resources.files("mirage_utils.audit") / "data" / "study.csv").read_text()
    return list(csv.DictReader(text.splitlines()))


def test_chapter_19_numbers(chapter_run):
    g = chapter_run(NAME).glued
    # the study, counted from its file
    tally = collections.Counter((r["truth"], r["verdict"]) for r in study_rows())
    assert g["n_study"] == sum(tally.values())
    assert g["silent_right"] == tally["mirage, scores only", "metric effect"]
    assert g["silent_open"] == tally["mirage, scores only", "cannot tell"]
    assert g["silent_resolution"] == tally["mirage, scores only", "resolution effect"]
    assert g["part_right"] == tally["real leap after a part", "not explained by the metric"]
    assert g["part_metric"] == tally["real leap after a part", "metric effect"]
    assert g["alarms"] == sum(n for (t, v), n in tally.items() if t == "noise" and v != "no leap")
    real = ("real leap", "real leap after modesty", "real leap after a part", "two kinds of runs")
    blamed = {t: n for (t, v), n in tally.items() if v == "not explained by the metric"}
    assert g["blamed_wrongly"] == sum(n for t, n in blamed.items() if t not in real)
    assert g["blamed_others"] == sum(n for (t, _), n in tally.items() if t not in real)
    # recall's skill in symbols, over all pairs of items in place of one drawn pairing
    recall = outputs("recall")
    skill, exact = {}, {}
    for params, part in recall.groupby("params"):
        found = []
        for _, run in part.groupby("seed"):
            said = np.array([list(o) for o in run["greedy"]])
            right = np.array([list(t) for t in run["target"]])
            own = (said == right).mean()
            n = len(run)
            by_symbol = [
                np.sum(
                    [(said[:, k] == c).sum() * (right[:, k] == c).sum() for c in np.unique(right)]
                )
                for k in range(8)
            ]
            crossed = (sum(by_symbol) / 8 - own * n) / (n * (n - 1))
            found.append(own - crossed)
        skill[params] = np.mean(found)
        exact[params] = (part["greedy"].str.strip() == part["target"]).mean()
    y, x = np.array(list(skill.values())), np.array(list(exact.values()))
    at = int(np.argmax(np.diff(x)))
    assert g["recall_early"] == pytest.approx((y[at] - y[0]) / (y[-1] - y[0]), abs=0.01)
    # addition's runs
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
    assert g["addition_gap"] == pytest.approx(gap / (shares.max() - shares.min()))
    assert (g["addition_low"], g["addition_runs"]) == (low, runs)
    # modesty: Brier by its definition, and skill over all pairs, of the first evaluation that suits
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
    error = g["modest_skill"] / g["modest_skill_errors"]
    assert g["modest_skill"] == pytest.approx(gain[before] - gain[0], abs=4 * error)
    # GPT-3's published counts
    few = {task: v for (task, setting), v in published().items() if setting == "few-shot"}
    leap = {t: np.diff(k / n).max() >= 0.5 * np.ptp(k / n) for t, (_, k, n) in few.items()}
    assert (g["n_theirs"], g["n_theirs_leap"]) == (len(few), sum(leap.values()))


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
