"""Laws on trial, and the bent curves that a line must be held against."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from mirage_utils import Curve, laws
from mirage_utils.errors import FieldError
from mirage_utils.laws import CUBIC, FLOOR, KINK, PARABOLA, STRAIGHT, TWO_KINDS, scattered, trial

SIZES = np.geomspace(1e8, 1e11, 8)
U = np.log(SIZES / 1e9)
THETA = {
    "parabola": (0.5, 0.4, 0.05),
    "cubic": (0.5, 0.4, 0.05, 0.01),
    "kink": (0.5, 0.2, 1.0, 2.0),
}


def by_hand(name, a, alpha, *extra):
    if name == "kink":
        loss = a - alpha * U - extra[0] * np.maximum(U - extra[1], 0)
    else:
        loss = a - alpha * U - sum(c * U ** (k + 2) for k, c in enumerate(extra))
    return np.exp(-np.exp(loss))


@pytest.mark.parametrize("law", [PARABOLA, CUBIC, KINK], ids=lambda law: law.name)
def test_a_bent_law_is_what_its_name_says(law):
    found = law.accuracy(U, THETA[law.name])
    # The two lines of a kink are joined within a few per cent of size.
    assert found == pytest.approx(
        by_hand(law.name, *THETA[law.name]), abs=0.003 if law is KINK else 1e-12
    )


@pytest.mark.parametrize("law", [PARABOLA, CUBIC, KINK], ids=lambda law: law.name)
def test_a_bent_law_contains_the_line(law):
    line = STRAIGHT.accuracy(U, (0.5, 0.4))
    flat = (0.0,) * (len(law.extra))
    assert law.accuracy(U, (0.5, 0.4, *flat)) == pytest.approx(line, abs=1e-12)


def test_scatter_leaves_the_accuracy_and_adds_a_parameter():
    law = scattered(TWO_KINDS)
    assert law.expression == TWO_KINDS.expression
    assert [str(q.symbol) for q in law.extra] == ["w", "c", "rho"]
    with pytest.raises(FieldError, match="binomial"):
        scattered(law)


def test_normal_luck_against_hermites_quadrature():
    """A wide luck on few items, where forty nodes of another rule suffice."""
    rng = np.random.default_rng(3)
    right = np.exp(-np.exp(0.5 - 0.4 * U + 0.5 * rng.standard_normal(8)))
    curve = Curve(SIZES, rng.binomial(50, right) / 50, 50)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def lost(z):
        p = np.exp(-np.exp(z[0] - z[1] * U[:, None] + np.exp(z[2]) * nodes)).clip(1e-9)
        chance = stats.binom.pmf(curve.counts[:, None], 50, p) @ weights / weights.sum()
        return 2 * (stats.binom.logpmf(curve.counts, 50, curve.score) - np.log(chance)).sum()

    theirs = optimize.minimize(lost, [0.5, 0.4, -0.7], method="Nelder-Mead")
    found = laws.normal_luck(STRAIGHT, curve, reference=1e9)
    assert found.deviance == pytest.approx(theirs.fun, abs=0.02)
    assert found.spread == pytest.approx(np.exp(theirs.x[2]), rel=0.02)
    assert found.at_one_half == pytest.approx(found.spread * 0.3466, rel=1e-3)
    # A line has nothing beside its skill.
    assert found == laws.normal_luck(STRAIGHT, curve, reference=1e9, of="skill")
    with pytest.raises(FieldError, match="skill"):
        laws.normal_luck(STRAIGHT, curve, reference=1e9, of="life")
    with pytest.raises(FieldError, match="binomial"):
        laws.normal_luck(scattered(STRAIGHT), curve, reference=1e9)


@pytest.mark.parametrize("of", ["loss", "odds", "skill"])
def test_normal_luck_of_the_score_or_of_the_skill_alone(of):
    """A floor that has luck and one that has none, by Hermite's quadrature."""
    rng = np.random.default_rng(5)
    right = 0.1 + 0.9 * np.exp(-np.exp(0.9 - 0.7 * U))
    right = np.exp(-np.exp(np.log(-np.log(right)) + 0.3 * rng.standard_normal(8)))
    curve = Curve(SIZES, rng.binomial(300, right) / 300, 300)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)

    def lost(z):
        luck, g = np.exp(z[2]) * nodes, 0.2 / (1 + np.exp(-z[3]))
        y = (z[0] - np.exp(z[1]) * U)[:, None]
        p = g + (1 - g) * np.exp(-np.exp(np.minimum(y + luck * (of == "skill"), 50)))
        p = p.clip(1e-9, 1 - 1e-9)
        if of == "loss":
            p = np.exp(-np.exp(np.log(-np.log(p)) + luck))
        elif of == "odds":
            p = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + luck)))
        chance = stats.binom.pmf(curve.counts[:, None], 300, p) @ weights / weights.sum()
        return 2 * (stats.binom.logpmf(curve.counts, 300, curve.score) - np.log(chance)).sum()

    options = {"maxiter": 4000, "maxfev": 4000}
    starts = ([0.9, -0.3, s, 0.0] for s in (-1.0, -3.0))
    theirs = min(
        optimize.minimize(lost, z, method="Nelder-Mead", options=options).fun for z in starts
    )
    assert laws.normal_luck(FLOOR, curve, reference=1e9, of=of).deviance == pytest.approx(
        theirs, abs=0.1
    )


def test_a_trial_of_the_line_on_its_own_data_predicts_and_fits():
    rng = np.random.default_rng(1)
    shares = STRAIGHT.accuracy(U, (0.5, 0.4))
    curve = Curve(SIZES, rng.binomial(2000, shares) / 2000, 2000)
    found = trial(STRAIGHT, curve, up_to=2e10, reference=1e9, seed=0)
    assert len(found.predictions) == len(found.hidden) == 2
    assert all(found.inside(i) and found.predicted(i) for i in range(2))
    assert found.ignorance[0] == pytest.approx(-np.log(2001))
    # Deviance by a direct search, plus ln 8 for each of two parameters.
    k = curve.counts

    def lost(z):
        p = np.exp(-np.exp(z[0] - z[1] * U))
        return 2 * (stats.binom.logpmf(k, 2000, k / 2000) - stats.binom.logpmf(k, 2000, p)).sum()

    best = optimize.minimize(lost, [0.5, 0.4], method="Nelder-Mead").fun
    assert found.bic == pytest.approx(best + 2 * np.log(8), abs=1e-3)


def test_an_interval_that_holds_everything_has_not_predicted():
    counts = np.array([0, 0, 1, 0, 1, 1, 900, 1990])
    curve = Curve(SIZES, counts / 2000, 2000)
    found = trial(FLOOR, curve, up_to=2e10, reference=1e9, points=20_000, seed=0)
    wide = [i for i in range(2) if np.ptp(found.predictions[i].interval) > 0.95]
    assert all(found.inside(i) for i in wide)
    assert all(found.predicted(i) <= found.inside(i) for i in range(2))
    missed = trial(STRAIGHT, curve, up_to=2e10, reference=1e9, points=20_000, seed=0)
    assert not any(missed.inside(i) or missed.predicted(i) for i in range(2))


def test_kink_finds_the_place_where_two_lines_meet():
    shares = by_hand("kink", 0.5, 0.2, 1.0, 2.0)
    curve = Curve(SIZES, np.round(shares * 20_000) / 20_000, 20_000)
    found = laws.fit(KINK, curve, reference=1e9)
    smooth = laws.fit(CUBIC, curve, reference=1e9)
    assert found["k"] == pytest.approx(2.0, abs=0.3)
    assert found.deviance < smooth.deviance
