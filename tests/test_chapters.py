"""Every chapter, run as a reader would run it, and its numbers against independent computations.

The computations here share nothing with the chapters but the published table: plain formulas,
scipy, statsmodels and brute force.
"""

from __future__ import annotations

import collections
import csv
import itertools
import json
import math
import re
from importlib import resources

import numpy as np
import pytest
import statsmodels.api as sm
import yaml
from conftest import CHAPTERS, ROOT, execute
from scipy import integrate, optimize, special, stats

NAMES = [chapter.stem for chapter in CHAPTERS]
chapters = pytest.mark.parametrize("name", NAMES)
CHANGED = {
    "01_what_is_emergence": {"LEVEL": 0.8},
    "02_one_token": {"ALPHA": 0.8, "N_C": 1e8, "E_FLOOR": 0.3},
    "03_many_tokens": {"ALPHA": 0.8, "LENGTHS": [1, 3, 9], "ITEMS": 100},
    "04_does_gpt3_obey": {"LEVEL": 0.99},
}


def published():
    """The table as plain rows, read without the library."""
    text = (resources.files("mirage_utils.evals") / "data" / "gpt3_arithmetic.csv").read_text()
    rows = collections.defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        n = int(row["n"])
        rows[row["task"], row["setting"]].append(
            (int(row["params"]), round(float(row["score"]) * n), n)
        )
    return {
        key: tuple(np.array(column, float) for column in zip(*sorted(v), strict=True))
        for key, v in rows.items()
    }


# -- the house rules -------------------------------------------------------------------------------


@chapters
def test_a_chapter_keeps_the_form_of_the_house(name):
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text())
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    prose = "\n".join(
        "".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown"
    )
    assert not any(c["outputs"] or c["execution_count"] for c in code), "stored outputs"
    parameters = [
        "".join(c["source"]) for c in code if "parameters" in c["metadata"].get("tags", [])
    ]
    assert len(parameters) == 1
    assert "PROFILE" in parameters[0]
    assert "SEED" in parameters[0]
    for part in ("**Question.**", "**Prediction.**", "## Exercises", "## What this does not show"):
        assert part in prose, part
    assert prose.count("{exercise}") == prose.count("{solution-start}") >= 2
    listed = (ROOT / "_toc.yml").read_text()
    assert f"notebooks/{name}" in listed
    assert yaml.safe_load(listed)["root"] == "book/intro"


@chapters
def test_a_chapter_runs_and_its_claims_hold(name, chapter_run):
    run = chapter_run(name)
    chapter = int(name[:2])
    numbers = [tuple(map(int, key.split("_")[1:])) for key in run.claims]
    assert numbers == [(chapter, i + 1) for i in range(len(numbers))]
    assert len(numbers) >= 4


@chapters
def test_every_picture_of_a_chapter_has_its_words(name, chapter_run):
    run = chapter_run(name)
    figures = [h for h in run.html() if "<figure" in h]
    assert len(figures) >= 3
    for figure in figures:
        alt = re.search(r'role="img" aria-label="([^"]+)"', figure)[1]
        assert len(alt.split()) >= 12
        assert re.search(r"<figcaption>.{40,}mb-source.{15,}</figcaption>", figure, re.S)
    for cell in run.notebook.cells:
        for output in cell.get("outputs", []):
            assert not any(m.startswith("image/") for m in output.get("data", {})), (
                "a picture without words"
            )
            assert output.get("name") != "stderr", output


@chapters
def test_the_numbers_follow_the_parameters(name, chapter_run, tmp_path):
    before = chapter_run(name).glued
    after = execute(ROOT / "notebooks" / f"{name}.ipynb", tmp_path, **CHANGED[name]).glued
    assert set(before) == set(after)
    moved = {k for k in before if before[k] != after[k] and not k.startswith("claim")}
    if name == "01_what_is_emergence":
        k, n = published()["4D+", "few-shot"][1:]
        assert after["floor_high"] == pytest.approx(1 - 0.1 ** (1 / n[0]))
        assert after["sixth_high"] == pytest.approx(stats.beta.ppf(0.9, k[5] + 1, n[5] - k[5]))
    elif name == "02_one_token":
        assert after["width_pictures"] == pytest.approx(1.3395378 / 0.8)
        assert after["formula_slope"] == pytest.approx(0.8 / math.e)
        assert after["ceiling"] == pytest.approx(math.exp(-0.3))
    elif name == "03_many_tokens":
        assert after["shift_formula"] == pytest.approx(math.log10(9) / 0.8)
        assert after["width_long"] == pytest.approx(1.3395378 / 0.8, rel=1e-3)
        assert after["in_view"] == pytest.approx(in_view(100, 0.8))
    else:
        assert after["level"] == 0.99
        assert (
            after["line_2d_high"] - after["line_2d_low"]
            > before["line_2d_high"] - before["line_2d_low"]
        )
    assert len(moved) >= 3


# -- chapter 1 -------------------------------------------------------------------------------------


def test_chapter_1_numbers(chapter_run):
    g = chapter_run("01_what_is_emergence").glued
    N, k, _ = published()["4D+", "few-shot"]
    assert g["items"] == 2000
    assert g["share_of_last_step"] == pytest.approx((k[-1] - k[-2]) / (k[-1] - k[0]))
    assert g["gap"] == pytest.approx(N[-1] / N[-2])
    assert g["floor_high"] == pytest.approx(1 - 0.025 ** (1 / 2000))  # no success in n: closed form
    assert g["sixth_low"] == pytest.approx(stats.beta.ppf(0.025, 3, 1998))
    assert g["sixth_high"] == pytest.approx(stats.beta.ppf(0.975, 4, 1997))
    zero = published()["1DC", "zero-shot"][1] / 2000
    assert g["ragged_max"] == zero.max()
    signs = [b > a for a, b in itertools.pairwise(zero)]
    assert g["turns"] == sum(a != b for a, b in itertools.pairwise(signs))
    assert g["inside"] >= g["forecasts"] - 2
    assert g["hidden_top"] == pytest.approx(math.exp(-20 / 300), abs=0.002)


# -- chapter 2 -------------------------------------------------------------------------------------


def test_chapter_2_numbers(chapter_run):
    g = chapter_run("02_one_token").glued
    constant = math.log10(math.log(10) / math.log(10 / 9))
    assert g["width_constant"] == pytest.approx(constant, rel=1e-12)
    assert g["width_pretraining"] == pytest.approx(constant / 0.076)
    assert g["score_at_inflection"] == pytest.approx(1 / math.e)
    assert g["halving"] == pytest.approx(2 ** (1 / 0.076))
    assert g["decades_to_target"] == pytest.approx(-math.log10(-math.log(0.9)) / 0.076)
    # Steepest point found by brute force and not by algebra.
    alpha = g["alpha_pictures"]
    x = np.linspace(-10, 10, 2_000_001)
    slope = np.gradient(np.exp(-np.exp(-alpha * x)), x)
    assert g["formula_slope"] == pytest.approx(slope.max(), rel=1e-6)
    assert abs(x[slope.argmax()]) < 1e-3
    # The Jensen gap by adaptive quadrature over the normal density (spread 1, mean loss 3).
    mean_loss = 3.0
    p, _ = integrate.quad(lambda z: np.exp(-mean_loss * np.exp(z - 0.5)) * stats.norm.pdf(z), -9, 9)
    assert g["gap_one"] == pytest.approx(p / math.exp(-mean_loss), rel=0.01)
    assert g["a_low"] < g["fit_alpha"] < g["a_high"]


# -- chapter 3 -------------------------------------------------------------------------------------


def in_view(n, alpha, d=0.1):
    """Decades from a score of 1/n to one of 1-d, by root finding."""

    def where(y):
        return optimize.brentq(lambda x: np.exp(-np.exp(-alpha * x)) - y, -60, 60)

    return (where(1 - d) - where(1 / n)) / math.log(10)


def test_chapter_3_numbers(chapter_run):
    g = chapter_run("03_many_tokens").glued
    assert g["shift_measured"] == pytest.approx(math.log10(16) / 0.5, abs=1e-3)
    assert g["width_long"] == pytest.approx(1.3395378 / 0.5, rel=1e-3)
    assert g["slope_long"] == pytest.approx(0.5 / math.e, rel=1e-3)
    assert g["in_view"] == pytest.approx(in_view(500, 0.5))
    assert g["extra"] == pytest.approx(math.log10(2) / 0.5)
    loss = optimize.brentq(lambda q: (1 - q) * (math.exp(q) - 1) + q, 0.5, 3)
    assert g["brier_loss"] == pytest.approx(loss)
    assert g["brier_p"] == pytest.approx(math.exp(-loss))
    a13, a175 = (math.exp(-16 * 1e10 / N) for N in (12.85e9, 174.6e9))
    assert g["share_long"] == pytest.approx((a175 - a13) / a175, rel=1e-6)
    assert abs(g["slip_simulated"] - 8 * 0.2) < 5 * math.sqrt(8 * 0.2 * 0.8 / g["slip_n"])
    assert g["worst_z"] < 4


# -- chapter 4 -------------------------------------------------------------------------------------


def predictive(N, k, n, new, level=0.95):
    """The line's predictive interval, on a dense fixed grid and with an exact count distribution."""
    u = np.log(N / 6.66e9)
    a, log_alpha = np.meshgrid(
        np.linspace(-1.5, 2.6, 1500), np.linspace(math.log(0.01), math.log(2), 900)
    )
    a, alpha = a.ravel(), np.exp(log_alpha.ravel())
    ll = np.zeros_like(a)
    for ui, ki, ni in zip(u, k, n, strict=True):
        log_p = -np.exp(a - alpha * ui)
        ll += ki * log_p + (ni - ki) * np.log1p(-np.exp(np.minimum(log_p, -1e-300)))
    keep = ll > ll.max() - 16
    weight = special.softmax(ll[keep])
    p = np.exp(-np.exp(a[keep] - alpha[keep] * math.log(new / 6.66e9)))
    counts = np.arange(2001)
    order = np.argsort(p)
    p, weight = p[order], weight[order]
    blocks = np.array_split(
        np.arange(p.size), min(400, p.size)
    )  # nearly equal probabilities, pooled
    cdf = sum(
        weight[b].sum() * stats.binom.cdf(counts, 2000, np.average(p[b], weights=weight[b]))
        for b in blocks
    )
    tail = (1 - level) / 2
    return np.searchsorted(cdf, tail) / 2000, np.searchsorted(cdf, 1 - tail) / 2000


def test_chapter_4_fits(chapter_run):
    g = chapter_run("04_does_gpt3_obey").glued
    table = published()
    assert g["curves"] == len(table) == 30
    assert g["testable"] == sum(k[N <= 7e9].sum() >= 10 for N, k, n in table.values())
    # the worst misfit, by statsmodels
    N, k, n = table["2D+", "few-shot"]
    link = sm.families.links.LogLog()
    design = sm.add_constant(np.log(N / 6.66e9))
    glm = sm.GLM(np.stack([k, n - k], axis=1), design, sm.families.Binomial(link)).fit(maxiter=200)
    assert g["worst_name"] == "2D+ few-shot"
    assert g["worst_deviance"] == pytest.approx(glm.deviance, rel=1e-3)
    assert g["straight_names"] == "1DC few-shot"
    N, k, n = table["1DC", "few-shot"]
    glm = sm.GLM(np.stack([k, n - k], axis=1), design, sm.families.Binomial(link)).fit(maxiter=200)
    assert stats.chi2.sf(glm.deviance, 6) > 0.05
    # slope of the famous step, straight from the numbers
    N, k, n = table["2D+", "few-shot"]
    linear = np.log(-np.log(k[5:7] / n[5:7]))
    assert g["slope_2d"] == pytest.approx(np.diff(linear)[0] / np.diff(np.log(N[5:7]))[0], abs=0.02)


def test_chapter_4_floors(chapter_run):
    g = chapter_run("04_does_gpt3_obey").glued
    # The best constant guess, by counting: a sum of two d-digit numbers is 10^d - 1 with probability
    # 10^-d, a difference is 0 with probability 10^-d, a product is 0 if a factor is.
    answers = collections.Counter(
        eval(f"{a}{f}({b}{h}{c})")
        for a, b, c in itertools.product(range(10), repeat=3)
        for f, h in itertools.product("+-*", repeat=2)
    )
    assert g["guess_brackets"] == pytest.approx(max(answers.values()) / answers.total())
    scores = published()["1DC", "few-shot"][1] / 2000
    assert g["below_guess"] == (scores < g["guess_brackets"]).sum()
    # The zero-shot floor of two-digit addition by a direct search over the floor.
    N, k, n = published()["2D+", "zero-shot"]
    u = np.log(N / 6.66e9)

    def minus_ll(z):
        p = z[2] + (1 - z[2]) * np.exp(-np.exp(z[0] - z[1] * u))
        return -stats.binom.logpmf(k, n, np.clip(p, 1e-12, 1 - 1e-12)).sum()

    best = min(
        (
            optimize.minimize(
                minus_ll, [1, al, fl], method="Nelder-Mead", options={"maxiter": 4000}
            )
            for al in (0.3, 0.8)
            for fl in (0.003, 0.02)
        ),
        key=lambda r: r.fun,
    )
    assert g["ratio_zero_low"] - 1e-3 <= best.x[2] / 0.01 <= g["ratio_zero_high"] + 1e-3
    assert best.x[2] == pytest.approx(0.0075, abs=2e-4)


def test_chapter_4_predictions(chapter_run):
    g = chapter_run("04_does_gpt3_obey").glued
    table = published()
    sums = [(t, s) for t, s in table if t in ("2D+", "2D-", "3D+", "3D-")]
    small = {key: tuple(col[:6] for col in table[key]) for key in table}
    ends = predictive(*small["2D+", "few-shot"], 12.85e9)
    assert (g["line_2d_low"], g["line_2d_high"]) == pytest.approx(ends, abs=0.006)
    ends = predictive(*small["2Dx", "few-shot"], 174.6e9)
    assert (g["products_few_far_low"], g["products_few_far_high"]) == pytest.approx(ends, abs=0.008)
    ends = predictive(*small["1DC", "one-shot"], 174.6e9)
    assert (g["brackets_one_low"], g["brackets_one_high"]) == pytest.approx(ends, abs=0.01)
    understated = [predictive(*small[key], 174.6e9)[1] < table[key][1][-1] / 2000 for key in sums]
    assert g["understated"] == sum(understated) == 12
    assert g["ignorance"] == pytest.approx(-math.log(2001))
