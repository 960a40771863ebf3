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
from independent import codes, outputs
from scipy import optimize, stats

NAME = "21_choose_your_metric"
CHANGED = {"SEED": 7, "TOLERATED": [0, 1, 3], "POWER": 0.9}


def test_the_numbers_follow_the_parameters(chapter_run, changed_run):
    before, after = followed(NAME, chapter_run, changed_run)
    assert after["width_most"] > before["width_most"]  # fewer errors forgiven, less sharp
    assert after["items_loss"] == pytest.approx(
        before["items_loss"] * ((1.959964 + 1.281552) / (1.959964 + 0.841621)) ** 2, rel=1e-4
    )
    assert after["n_forgotten"] == before["n_forgotten"]


def test_chapter_21_numbers(chapter_run):
    g = chapter_run(NAME).glued
    # tolerance: half-way and width from the binomial distribution, in decades times alpha of the law exp(-e^-z)
    place = {}
    for name, share in (
        ("one", lambda z: math.exp(-math.exp(-z))),
        ("most", lambda z: stats.binom.cdf(5, 20, 1 - math.exp(-math.exp(-z)))),
    ):
        at = [
            optimize.brentq(lambda z, f=share, y=y: f(z) - y, -5, 25) / math.log(10)
            for y in (0.1, 0.5, 0.9)
        ]
        place[name] = at[1], at[2] - at[0]
    assert g["later_most"] == pytest.approx(place["most"][0] - place["one"][0], abs=1e-3)
    assert g["width_most"] == pytest.approx(place["most"][1] / place["one"][1], abs=1e-3)
    # the impostor, digit by digit
    rows = outputs("addition")
    one = rows[(rows["params"] == rows["params"].min()) & (rows["seed"] == 0)]
    digits, whole = [], []
    for prompt, target in zip(one["prompt"].astype(str), one["target"].astype(str), strict=True):
        a, b = prompt.rstrip("=").split("+")
        said = [str((int(x) + int(y)) % 10) for x, y in zip(a[::-1], b[::-1], strict=True)] + ["0"]
        right = [x == y for x, y in zip(said, target, strict=True)]
        digits.append(right)
        whole.append(all(right))
    assert g["impostor_exact"] == pytest.approx(np.mean(whole), abs=1e-9)
    best = np.mean(
        [
            collections.Counter(c).most_common(1)[0][1] / len(one)
            for c in zip(*one["target"].astype(str), strict=True)
        ]
    )
    assert g["impostor_tokens"] == pytest.approx((np.mean(digits) - best) / (1 - best))
    # items that tell neighbouring sizes on the floor apart by the log-likelihood
    found = codes("recall")
    floor = [
        n
        for n in sorted(found)
        if np.mean([r.all(axis=1).mean() for _, r in found[n].values()]) < 0.05
    ]
    scores = [[lp.mean(axis=1) for lp, _ in found[n].values()] for n in floor]
    needed = []
    for small, large in itertools.pairwise(scores):
        gap = np.mean([s.mean() for s in large]) - np.mean([s.mean() for s in small])
        scatter = np.mean([s.var() for s in small]) + np.mean([s.var() for s in large])
        needed.append((1.959964 + 0.841621) ** 2 * scatter / gap**2)
    assert g["items_loss"] == pytest.approx(np.median(needed), rel=1e-4)
    assert g["floor_sizes"] == len(floor)


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


@needs_evaluation_data
def test_forgotten_carries_from_the_raw_answers(chapter_run):
    glued = chapter_run(NAME).glued
    packed = (evaluation_data() / "gpt3_arithmetic" / "responses.jsonl.gz").read_bytes()
    wrong = forgotten = 0
    for line in gzip.decompress(packed).decode().splitlines():
        row = json.loads(line)
        if row["engine"] != "text-davinci-001" or row["tag"] not in ("2D+", "3D+", "4D+", "5D+"):
            continue
        a, b = map(int, re.findall(r"\d+", row["question"]))
        said = re.search(r"-?\d[\d,]*", row["response"])
        said = int(said[0].replace(",", "")) if said else None
        if said != a + b:
            wrong += 1
            forgotten += said in without_one_carry(a, b)
    assert (glued["n_wrong"], glued["n_forgotten"]) == (wrong, forgotten)
