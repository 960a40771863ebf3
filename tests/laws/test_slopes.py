"""Exact slopes against differences, and fits by slopes against fits by differences."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from scipy import optimize, stats

from mirage_utils import Curve, laws, tables
from mirage_utils.evidence import curve_of, rise
from mirage_utils.laws import LAWS, TWO_KINDS
from mirage_utils.laws.accuracy import Counts
from mirage_utils.laws.fitting import _Search
from mirage_utils.laws.forecast import CONTENDERS
from mirage_utils.scaling import _against_log_scale
from mirage_utils.symbols import Formula, x

REFERENCE = 6.66e9
TABLE = tables.load_table("gpt3_arithmetic")
POOLED = laws.pooled_lengths({1: 0.25, 3: 0.75})
ALL = (*LAWS, TWO_KINDS, POOLED)
CURVE = curve_of(TABLE, "2D+", "few-shot")
U = np.log(CURVE.scale / REFERENCE)


def differences(function, at, step=1e-6):
    """Central differences, along a last axis."""
    at = np.asarray(at, dtype=float)
    moves = step * np.maximum(1, np.abs(at)) * np.eye(at.size)
    return np.stack([(function(at + m) - function(at - m)) / (2 * m.max()) for m in moves], axis=-1)


def points(law, rng, many):
    """Search coordinates: anywhere, where curves rise, and next to an end of a range."""
    low, high = np.array([q.box for q in law.parameters]).T
    anywhere = rng.uniform(low, high, (many, len(low)))
    rising = anywhere.copy()
    rising[:, :2] = rng.uniform([-2, -3], [2, 0.5], (many, 2))
    near = rising.copy()
    for row in near:
        j = rng.integers(len(low))
        row[j] = (low[j], high[j])[rng.integers(2)]
    return np.clip(np.vstack([anywhere, rising, near]), low + 1e-4, high - 1e-4)


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.name)
def test_slopes_of_accuracy_are_its_differences(law):
    search = _Search(law, {})
    accuracy = search.accuracy_of(CURVE, REFERENCE)
    for z in points(law, np.random.default_rng(0), 150):
        exact = accuracy(z)[1]
        expected = differences(lambda z: accuracy(z)[0], z, 1e-5)
        assert exact == pytest.approx(expected, rel=1e-3, abs=2e-5), z


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.name)
def test_slopes_of_the_likelihood_are_its_differences(law):
    """Where every accuracy can be told from 0 and 1; elsewhere the likelihood is held, and has steps of rounding."""
    search = _Search(law, {})
    loss = search.downhill(CURVE, REFERENCE)
    told = 0
    for z in points(law, np.random.default_rng(1), 400):
        A = law.accuracy(U, search.theta(z))
        if not ((A > 1e-11) & (A < 1 - 1e-3)).all():
            continue
        told += 1
        by_scipy = optimize.approx_fprime(z, lambda z: loss(z)[0], 1e-7)
        by_us = differences(lambda z: loss(z)[0], z, 3e-7)
        scale = 1 + np.abs(by_us).max()
        assert loss(z)[1] == pytest.approx(by_us, abs=1e-4 * scale), z
        assert loss(z)[1] == pytest.approx(by_scipy, abs=1e-2 * scale), z
    assert told >= 100


@pytest.mark.parametrize("law", ALL, ids=lambda law: law.name)
def test_slopes_are_numbers_in_every_corner(law):
    """Whether an exponential overflows there, or accuracy is 0 or 1 and the curve says otherwise."""
    search = _Search(law, {})
    corners = np.stack(np.meshgrid(*search.boxes, indexing="ij"), axis=-1).reshape(
        -1, len(search.boxes)
    )
    for curve in (CURVE, Curve(CURVE.scale, 1 - CURVE.score, CURVE.n)):
        loss = search.downhill(curve, REFERENCE)
        for z in corners:
            value, slopes = loss(z)
            assert np.isfinite(value)
            assert np.isfinite(slopes).all()


def test_held_parameters_have_no_slope_and_those_in_logarithms_the_chain_rule():
    theta = {"a": 0.4, "alpha": 0.5, "g": 0.03, "rho": 0.01}
    law = LAWS[5]
    whole = law._slopes_of(CURVE, REFERENCE)(list(theta.values()))[1]
    part = _Search(law, {"a": 0.4, "g": 0.03}).downhill(CURVE, REFERENCE)
    slopes = -part(np.log([0.5, 0.01]))[1]
    assert slopes == pytest.approx([0.5 * whole[1], 0.01 * whole[3]])


@pytest.mark.parametrize("rho", [None, 1e-6, 1e-3, 0.3])
def test_slopes_of_a_count_are_those_of_its_distribution(rho):
    """By differences of scipy's distributions."""
    k, n = np.arange(0, 41, 5), 40

    def log_pmf(at):
        A, r = (*at, None)[:2]
        if r is None:
            return stats.binom.logpmf(k, n, A)
        return stats.betabinom.logpmf(k, n, A * (1 / r - 1), (1 - A) * (1 / r - 1))

    for A in (0.01, 0.4, 0.97):
        by_accuracy, by_rho = Counts(k, n).slopes(A, rho)
        at = np.array([A] if rho is None else [A, rho])
        assert by_accuracy == pytest.approx(
            differences(log_pmf, at, 1e-5 * A)[..., 0], rel=1e-3, abs=1e-3
        )
        if rho is not None and rho > 1e-5:  # or rounding is all that a difference shows
            assert by_rho == pytest.approx(
                differences(log_pmf, at, 1e-3 * rho)[..., 1], rel=1e-2, abs=1
            )


SHAPES = {
    **{name: contender.law for name, contender in CONTENDERS.items() if contender.law},
    "logistic": rise._LOGISTIC,
    "scaling": _against_log_scale(False),
    "irreducible scaling": _against_log_scale(True),
}


@pytest.mark.parametrize("name", SHAPES)
def test_slopes_of_laws_fitted_by_least_squares_are_their_differences(name):
    law = SHAPES[name]
    along = np.linspace(-0.6, 0.6, 7)
    rng = np.random.default_rng(2)
    for _ in range(300):
        theta = rng.uniform(-2, 2, len(law.parameters))
        if "width" in map(str, law.parameters):
            theta[-1] = np.copysign(max(abs(theta[-1]), 0.2), theta[-1])
        expected = differences(lambda t: law(along, *t), theta)
        height, slopes = law.with_slopes(along, *theta)
        assert height == pytest.approx(law(along, *theta))
        assert slopes == pytest.approx(expected, rel=1e-5, abs=1e-6 * (1 + np.abs(height).max()))


def test_beyond_its_bound_a_parameter_has_no_slope():
    law = CONTENDERS["sigmoid"].law
    assert (law.slopes(np.linspace(-0.5, 0.5, 5), 0.1, 0.8, 0.1, 4.5)[:, 3] == 0).all()
    assert np.abs(law.slopes(np.linspace(-0.5, 0.5, 5), 0.1, 0.8, 0.1, 3.9)[:, 3]).max() > 0


def test_what_overflows_would_not_move():
    """Far from its middle a sigmoid is flat, and nothing in its slopes overflows."""
    law = CONTENDERS["sigmoid"].law
    with np.errstate(all="raise", under="ignore"):
        assert law.slopes(np.array([-1e4, 1e4]), 0.1, 0.8, 0.0, 4.0) == pytest.approx(
            np.array([[1, 0, 0, 0], [1, 1, 0, 0]])
        )


def test_a_formula_broadcasts():
    m, c = sp.symbols("m c")
    line = Formula(m * x + c, x, (m, c))
    height, slopes = line.with_slopes(np.arange(3.0), np.array([[1.0], [2.0]]), 0.5)
    assert height.tolist() == [[0.5, 1.5, 2.5], [0.5, 2.5, 4.5]]
    assert slopes.shape == (2, 3, 2)
    assert (slopes[..., 1] == 1).all()


def test_no_fit_is_worse_than_by_differences():
    """Log-likelihoods of GPT-3's curves, noted when fits took differences for slopes."""
    by_name = {law.name: law for law in LAWS}
    with (Path(__file__).parent / "by_differences.csv").open(newline="") as file:
        noted = list(csv.DictReader(file))
    assert len(noted) == len(LAWS) * 30
    for row in noted:
        curve = curve_of(TABLE, row["task"], row["setting"])
        found = laws.fit(by_name[row["law"]], curve, reference=REFERENCE)
        assert found.log_likelihood >= float(row["log_likelihood"]) - 1e-6, row


# -- two kinds of item ----------------------------------------------------------------------------


def test_two_kinds_are_the_line_at_one_end_and_the_floor_at_the_other():
    line = laws.STRAIGHT.accuracy(U, (0.3, 0.7))
    assert TWO_KINDS.accuracy(U, (0.3, 0.7, 0.4, 1.0)) == pytest.approx(line)
    assert TWO_KINDS.accuracy(U, (0.3, 0.7, 0.0, 50.0)) == pytest.approx(line)
    floor = laws.FLOOR.accuracy(U, (0.3, 0.7, 0.04))
    assert TWO_KINDS.accuracy(U, (0.3, 0.7, 0.04, 1e6)) == pytest.approx(floor, abs=1e-5)


def test_a_few_easy_items_bend_two_digit_addition():
    """A hostile reader's reckoning: deviance 1980, 388, 121, and 69 for two kinds with one parameter more."""
    deviance = {
        law.name: laws.fit(law, CURVE, reference=REFERENCE).deviance
        for law in (laws.STRAIGHT, laws.UNEQUAL, laws.FLOOR, TWO_KINDS)
    }
    assert list(deviance.values()) == pytest.approx([1980, 388, 121, 68.5], abs=0.5)
    assert laws.fit(TWO_KINDS, CURVE, reference=REFERENCE)["w"] == pytest.approx(0.055, abs=0.001)


@pytest.mark.parametrize(
    "key", [("2D+", "few-shot"), ("2D-", "one-shot"), ("1DC", "few-shot"), ("4D+", "few-shot")]
)
def test_no_random_start_finds_a_higher_hill_of_two_kinds(key):
    """Where another kind than the right one is taken for the easy one, or none is, climbs end lower."""
    curve, search = curve_of(TABLE, *key), _Search(TWO_KINDS, {})
    best = laws.fit(TWO_KINDS, curve, reference=REFERENCE).log_likelihood
    low, high = np.array(search.boxes).T
    ends = [
        laws.fit(TWO_KINDS, curve, reference=REFERENCE, start=np.array(search.theta(z)))
        for z in np.random.default_rng(5).uniform(low, high, (40, 4))
    ]
    reached = np.array([end.log_likelihood for end in ends])
    assert reached.max() <= best + 1e-4
    if key[0] == "2D+":
        assert reached.min() < best - 900  # the line: there is more than one hill


def test_two_kinds_are_found_back():
    truth = np.array([0.8, 0.9, 0.06, 80.0])
    rng = np.random.default_rng(6)
    A = TWO_KINDS.accuracy(U, truth)
    found = np.array(
        [
            laws.fit(
                TWO_KINDS,
                Curve(CURVE.scale, rng.binomial(20_000, A) / 20_000, 20_000),
                reference=REFERENCE,
            ).theta
            for _ in range(40)
        ]
    )
    assert np.median(found, axis=0) == pytest.approx(truth, rel=0.05)
    assert np.abs(found / truth - 1).mean(axis=0) == pytest.approx(np.zeros(4), abs=0.15)
