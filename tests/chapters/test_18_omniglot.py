"""Chapter 18 ("A row of letters"): its numbers against independent computations."""

from __future__ import annotations

import numpy as np
import pytest
from chapter_runs import followed
from independent import outputs

NAME = "18_omniglot"
CHANGED = {"L": 4, "SEED": 7}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["all_last"] > before["all_last"]
    assert after["n_tests"] == 150
    assert after["acc_last"] == pytest.approx(before["acc_last"], abs=0.02)


def test_chapter_18_numbers(chapter_run):
    g = chapter_run(NAME).glued
    rows = outputs("transformers_omniglot")
    rows["right"] = rows["target"] == rows["output"]
    sizes = sorted(rows["params"].unique())

    def kind(name, params):
        part = rows[(rows["sequence_kind"] == name) & (rows["params"] == params)]
        whole = part.groupby(["seed", "sequence"])["right"].all().groupby("seed").mean()
        power = part.groupby("seed")["right"].mean() ** 5
        return whole.mean(), power.mean(), part

    whole, _, part = kind("independent", sizes[-1])
    assert g["all_last"] == pytest.approx(whole)
    assert g["acc_last"] == pytest.approx(part["right"].mean())
    whole, power, _ = kind("one class", g["mid_size"])
    assert (g["mid_class"], g["mid_class_power"]) == pytest.approx((whole, power))
    whole, power, _ = kind("one writer", g["mid_size"])
    assert (g["mid_writer"], g["mid_writer_power"]) == pytest.approx((whole, power))
    _, _, part = kind("one class", sizes[-1])
    places = part.groupby("place")["right"].mean()
    assert (g["class_first"], g["class_last"]) == pytest.approx((places[0], places[4]))
    assert g["n_classes"] == 242
    # rows are later than letters by what straight pieces between the means give
    random = rows[rows["sequence_kind"] == "independent"]
    letters = random.groupby("params")["right"].mean()
    whole = random.groupby(["params", "seed", "sequence"])["right"].all().groupby("params").mean()
    halves = []
    for curve in (letters, whole):
        rising = np.maximum.accumulate(curve.to_numpy())
        halves.append(np.interp((rising[0] + rising[-1]) / 2, rising, np.log10(sizes)))
    assert g["later"] == pytest.approx(halves[1] - halves[0], abs=0.02)
    steps = np.abs(np.diff(letters))
    assert g["es_letters"] == pytest.approx(np.ptp(letters) / np.sqrt(np.median(steps**2)))
    # without the three smallest sizes the letters' own tenth is off the axis, and nothing changes for rows
    means = letters.to_numpy()
    assert means[3] > means[-1] / 10 > means[2]
    assert g["cut_start"] == pytest.approx(means[3])
    assert g["cut5_wider"] == pytest.approx(
        g["wider"] + g["wide_letters"] - g["cut_letters"], abs=0.005
    )
    assert g["n_kept"] == 12
    assert g["widest_10"] < 0 < g["cut5_wider"]
    assert g["cut_ratio_low"] < 1 < g["cut_ratio_high"]
    assert g["later_cut_low"] < g["later"] == pytest.approx(g["later_cut_high"], abs=0.01)
    # to one score for both, by seed
    by_seed = [
        random.groupby(["params", "seed"])["right"].mean().unstack(),
        random.groupby(["params", "seed", "sequence"])["right"].all().groupby(["params", "seed"]).mean().unstack(),
    ]  # fmt: skip
    delay = [
        [
            np.subtract(*(np.interp(score, np.maximum.accumulate(t[s]), np.log10(sizes)) for t in by_seed[::-1]))
            for s in by_seed[0]
        ]
        for score in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35)
    ]  # fmt: skip
    assert (g["same_low"], g["same_high"]) == pytest.approx(
        (np.min(delay), np.max(delay)), abs=0.01
    )
    assert g["later"] < g["same_low"]
    # what the alphabets give alone: letters of one alphabet are those that rows of one hand hold together
    _, _, hands = kind("one writer", g["mid_size"])
    groups = {letter: {letter} for letter in hands["target"].unique()}
    for _, row in hands[hands["seed"] == 0].groupby("sequence")["target"]:
        merged = set().union(*(groups[letter] for letter in row))
        groups.update(dict.fromkeys(merged, merged))
    alphabet = hands["target"].map({letter: min(group) for letter, group in groups.items()})
    assert alphabet.nunique() == g["n_alphabets"] == 8
    each = hands.groupby([hands["seed"], alphabet])["right"].agg(["mean", "size"])
    assert g["mid_alphabets"] == pytest.approx(np.average(each["mean"] ** 5, weights=each["size"]))
    assert g["n_some"] == g["n_agree"] == (whole.groupby("params").mean() > 0).sum()
    assert g["n_silent"] == 77
    recurring = rows[
        (rows["sequence_kind"] == "repeats") & (rows["params"] == sizes[0]) & (rows["seed"] == 0)
    ]
    assert g["n_one_only"] == (recurring.groupby("sequence")["target"].nunique() == 1).sum()
    # rows of one letter hold one letter, and each its own five drawings
    one = part[part["seed"] == 0].groupby("sequence")
    assert (one["target"].nunique() == 1).all()
    assert (one["image"].nunique() == 5).all()
