"""Chapter 22 ("The ladder"): its numbers against independent computations from the answers that were kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from chapter_runs import followed
from independent import outputs
from rapidfuzz.distance import Levenshtein

NAME = "22_the_ladder"
CHANGED = {"FEW_ITEMS": 60, "ENOUGH": 3.0, "LEVEL": 0.9}


@pytest.fixture(scope="module")
def answers():
    frame = outputs("ladder")
    frame["task"], frame["said"], frame["asked"] = (
        frame[c].astype(str) for c in ("task", "greedy", "target")
    )
    frame["right"] = frame["said"] == frame["asked"]
    logs = frame[[c for c in frame if c.startswith("logprob_")]].to_numpy(float)
    frame["total"], frame["symbols"] = np.nansum(logs, axis=1), (~np.isnan(logs)).sum(axis=1)
    return frame


@pytest.fixture(scope="module")
def sums(answers):
    return answers[(answers["task"] == "addition") & (answers["length"] == 5)]


def by_size(frame, column):
    """Mean over questions, then over runs."""
    return frame.groupby(["params", "seed"])[column].mean().groupby("params").mean()


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["zeros_few"] <= before["zeros_few"]
    assert after["sharp_exact"] <= before["sharp_exact"]
    assert before["later_low"] < after["later_low"] < after["later"] == before["later"]


def test_long_sums(chapter_run, sums):
    g = chapter_run(NAME).glued
    right = by_size(sums, "right")
    assert g["n_sizes"] == len(right) >= 8
    assert g["largest"] / g["smallest"] > 100
    none, half = right[right < 0.01].index[-1], right[right > 0.5].index[0]
    assert (g["middle_size"], g["half_size"]) == (none, half)
    assert g["steps_up"] == list(right.index).index(half) - list(right.index).index(none)
    assert g["exact_half"] == pytest.approx(right[half])
    edits = by_size(
        sums.assign(edits=[Levenshtein.distance(a, b) for a, b in zip(sums["asked"], sums["said"], strict=True)]),
        "edits",
    )  # fmt: skip
    assert (g["edits_first"], g["edits_none"]) == pytest.approx((edits.iloc[0], edits[none]))
    assert (np.diff(edits.loc[:none]) < 0).all()
    # Half-way points by another route: linear interpolation of the rising mean.
    x, half_of = np.log10(right.index.to_numpy(float)), []
    for y in (right.cummax(), (-edits).cummax()):
        half_of.append(float(np.interp(0.5, (y - y.iloc[0]) / (y.iloc[-1] - y.iloc[0]), x)))
    assert g["later"] == pytest.approx(half_of[0] - half_of[1], abs=1e-6)


def test_what_of_long_sums_is_right(chapter_run, sums):
    g = chapter_run(NAME).glued
    asked, said = (sums[c].str.removesuffix(".") for c in ("asked", "said"))
    none = sums["params"] == g["middle_size"]
    assert g["length_none"] == pytest.approx((asked.str.len() == said.str.len())[none].mean())
    first = ((asked.str[0] == said.str[0]) * 1.0 + (asked.str[1] == said.str[1])) / 2
    assert g["two_none"] == pytest.approx(first[none].mean())
    last = sum((asked.str[-k] == said.str[-k]).astype(float) for k in (1, 2, 3, 4)) / 4
    by_run = last.groupby([sums["params"], sums["seed"]]).mean()
    small = by_run[by_run.index.get_level_values("params") <= g["middle_size"]]
    assert ((small > 0.07) & (small < 0.14)).sum() == len(small) - 1
    assert g["edits_median"] > g["edits_none"]
    one = sums[sums["seed"] == 0].groupby("params")["right"]
    assert g["zeros_run"] == (one.sum() == 0).sum()
    assert g["zeros_few"] == (one.apply(lambda x: x.head(20).sum()) == 0).sum()


def test_the_mixtures_law(chapter_run, answers):
    g = chapter_run(NAME).glued
    weighted = answers.assign(
        nats=-answers["total"] * answers["weight"], of=answers["symbols"] * answers["weight"]
    )
    loss = weighted.groupby(["params", "seed"])[["nats", "of"]].sum()
    loss = (loss["nats"] / loss["of"]).groupby("params").mean()
    slope, at = np.polyfit(np.log(loss.index), np.log(loss), 1)
    rest = np.log(loss) - (slope * np.log(loss.index) + at)
    assert g["alpha_mixture"] == pytest.approx(-slope, abs=1e-6)
    assert g["r_squared"] == pytest.approx(1 - rest.var() / np.log(loss).var(), abs=1e-6)
    small = loss.loc[: g["middle_size"]]
    said = np.polyval(np.polyfit(np.log(small.index), np.log(small), 1), np.log(g["half_size"]))
    assert g["times_less"] == pytest.approx(np.exp(said) / loss[g["half_size"]], abs=1e-6)


def test_the_chance_of_a_right_answer(chapter_run, sums):
    g = chapter_run(NAME).glued
    chance = by_size(sums.assign(chance=np.exp(sums["total"])), "chance")
    assert g["chance_first"] == pytest.approx(chance.iloc[0])
    assert g["chance_none"] == pytest.approx(chance[g["middle_size"]])
    counts = sums.groupby("params")["right"].sum()
    assert g["zeros_all"] == (counts == 0).sum()


def test_choices_by_hand(chapter_run, answers):
    g = chapter_run(NAME).glued
    asked = answers[answers["task"] == "choice of modular sum"]
    letters = asked[[f"choice_{i}" for i in range(1, 5)]].to_numpy(float)
    p = np.exp(letters - letters.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    right = asked["asked"].str[0].map("ABCD".index).to_numpy()
    one = np.eye(4)[right]
    asked = asked.assign(ok=p.argmax(axis=1) == right, brier=((p - one) ** 2).sum(axis=1))
    ok, brier = by_size(asked, "ok"), by_size(asked, "brier")
    place = int(np.argmax(np.diff(ok)))
    assert (g["jump_from"], g["jump_to"]) == tuple(ok.index[place : place + 2])
    # One answer in a thousand has two letters of the same probability.
    assert (g["acc_from"], g["acc_to"]) == pytest.approx(
        tuple(ok.iloc[place : place + 2]), abs=2e-3
    )
    assert (g["brier_from"], g["brier_to"]) == pytest.approx(tuple(brier.iloc[place : place + 2]), abs=1e-6)  # fmt: skip


def test_how_many_curves_are_sharp(chapter_run, answers):
    """The emergence score by hand, of exact match and of the loss."""
    g = chapter_run(NAME).glued
    found = {"right": 0, "loss": 0}
    for (task, _), part in answers.groupby(["task", "length"]):
        if task.startswith("choice"):
            continue
        weight = part["weight"]
        table = pd.DataFrame({
            "params": part["params"], "seed": part["seed"], "w": weight, "right": part["right"] * weight,
            "nats": -part["total"] * weight, "symbols": part["symbols"] * weight,
        }).groupby(["params", "seed"]).sum()  # fmt: skip
        for name, y in (
            ("right", table["right"] / table["w"]),
            ("loss", table["nats"] / table["symbols"]),
        ):
            y = y.groupby("params").mean().to_numpy()
            step = np.sqrt(np.median(np.diff(y) ** 2))
            found[name] += step == 0 or np.ptp(y) / step / (len(y) - 1) >= 2
    assert (g["sharp_exact"], g["sharp_loss"]) == (found["right"], found["loss"])


def test_the_cut_of_equal_compute(chapter_run):
    g = chapter_run(NAME).glued
    frame = outputs("ladder_same_compute")
    frame = frame[(frame["task"].astype(str) == "addition") & (frame["length"] == 5)]
    right = by_size(
        frame.assign(right=frame["greedy"].astype(str) == frame["target"].astype(str)), "right"
    )
    assert g["best_equal"] == right.idxmax()
    assert g["best_right"] == pytest.approx(right.max())
    assert g["largest_equal"] == right.iloc[-1]
    assert g["n_equal"] == len(right)
