"""The scaling law: its values, its inverse, its errors, and the honesty of its fit."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from mirage_utils import FieldError, ScalingLaw, scaling, symbols

exponents = st.floats(0.01, 3)
scales = st.floats(1e3, 1e14)
floors = st.floats(0, 5)


@given(alpha=exponents, N_c=scales, E=floors, N=scales)
def test_value_is_the_formula_in_plain_python(alpha, N_c, E, N):
    ce = ScalingLaw(alpha, N_c, E).cross_entropy(N)
    assert ce == pytest.approx(E + (N / N_c) ** -alpha, rel=1e-12)


@given(alpha=exponents, N_c=scales, E=floors, N=scales)
def test_probability_is_the_exponential_of_minus_the_loss(alpha, N_c, E, N):
    law = ScalingLaw(alpha, N_c, E)
    assert law.probability(N) == pytest.approx(np.exp(-law.cross_entropy(N)), rel=1e-12)
    assert 0 <= law.probability(N) <= np.exp(-E)


@given(alpha=st.floats(0.05, 3), N_c=scales, E=st.floats(0, 2), N=scales)
def test_scale_at_inverts_the_law(alpha, N_c, E, N):
    law = ScalingLaw(alpha, N_c, E)
    loss = law.cross_entropy(N)
    if loss - E > 1e-6 * max(E, 1):  # else the reducible part is lost to rounding
        assert law.scale_at(loss) == pytest.approx(N, rel=1e-6)


@given(
    alpha=exponents, N_c=scales, E=floors, N=st.lists(scales, min_size=2, max_size=20, unique=True)
)
def test_a_larger_model_never_has_a_larger_loss(alpha, N_c, E, N):
    loss = ScalingLaw(alpha, N_c, E).cross_entropy(np.sort(N))
    assert (np.diff(loss) <= 1e-12 * loss[:-1]).all()


def test_at_the_critical_scale_the_reducible_loss_is_one_nat():
    assert ScalingLaw(0.3, 1e9, 0.5).cross_entropy(1e9) == pytest.approx(1.5)


def test_the_symbolic_law_is_the_numeric_one():
    values = {symbols.N: 3e8, symbols.N_c: 1e9, symbols.alpha: 0.4, symbols.E: 0.2}
    symbolic = float(symbols.CROSS_ENTROPY.subs(values))
    assert ScalingLaw(0.4, 1e9, 0.2).cross_entropy(3e8) == pytest.approx(symbolic, rel=1e-14)
    assert sp.simplify(symbols.PROBABILITY - sp.exp(-symbols.CROSS_ENTROPY)) == 0


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ({"alpha": -1}, "alpha", -1),
        ({"alpha": 0}, "alpha", 0),
        ({"alpha": float("nan")}, "alpha", None),
        ({"alpha": float("inf")}, "alpha", float("inf")),
        ({"alpha": "steep"}, "alpha", "steep"),
        ({"alpha": True}, "alpha", True),
        ({"alpha": 0.5, "N_c": 0}, "N_c", 0),
        ({"alpha": 0.5, "N_c": -1e9}, "N_c", -1e9),
        ({"alpha": 0.5, "E": -0.1}, "E", -0.1),
    ],
)
def test_a_wrong_constant_is_named_with_its_value(arguments, field, value):
    with pytest.raises(FieldError, match=rf"^{field} = ") as caught:
        ScalingLaw(**arguments)
    assert caught.value.field == field
    if value is not None:
        assert caught.value.value == value


def test_a_wrong_scale_is_named_with_its_place():
    with pytest.raises(FieldError, match=r"N\[2\] = -5"):
        ScalingLaw(0.5).cross_entropy([1, 2, -5])
    with pytest.raises(FieldError, match="cross_entropy"):
        ScalingLaw(0.5, E=1.0).scale_at(0.9)


# -- fitting ------------------------------------------------------------------------------------


def simulated(law, rng, relative_noise=0.02, points=12):
    N = np.geomspace(1e7, 1e11, points)
    sigma = relative_noise * law.cross_entropy(N)
    return N, law.cross_entropy(N) + rng.normal(0, sigma), sigma


@settings(deadline=None, max_examples=40)
@given(alpha=st.floats(0.05, 1.5), log_c=st.floats(7, 12), E=st.sampled_from([0.0, 0.3, 2.0]))
def test_noiseless_data_give_the_constants_back(alpha, log_c, E):
    law = ScalingLaw(alpha, 10**log_c, E)
    N = np.geomspace(1e6, 1e12, 15)
    fit = scaling.fit_scaling_law(N, law.cross_entropy(N), irreducible=E > 0)
    fitted = fit.law.cross_entropy(N)
    assert fitted == pytest.approx(law.cross_entropy(N), rel=1e-3)
    if E == 0:
        assert fit.law.alpha == pytest.approx(alpha, rel=1e-4)


def test_the_fit_minimises_the_squared_error():
    """Against an independent optimiser with a derivative-free method."""
    law = ScalingLaw(0.4, 1e9, 0.2)
    N, ce, sigma = simulated(law, np.random.default_rng(0))
    fit = scaling.fit_scaling_law(N, ce, sigma=sigma, irreducible=True)

    def loss(z):
        return np.sum(((ce - z[2] - np.exp(-z[0] * (np.log(N) - z[1]))) / sigma) ** 2)

    start = [0.3, np.log(2e9), 0.1]
    best = optimize.minimize(
        loss,
        start,
        method="Nelder-Mead",
        options={"maxiter": 20_000, "fatol": 1e-12, "xatol": 1e-10},
    )
    mine = loss([fit.law.alpha, np.log(fit.law.N_c), fit.law.E])
    assert mine <= best.fun * (1 + 1e-6)
    assert fit.law.alpha == pytest.approx(best.x[0], rel=1e-3)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    law = ScalingLaw(0.4, 1e9)
    rng = np.random.default_rng(1)
    runs, inside = 300, {"alpha": 0, "N_c": 0}
    for _ in range(runs):
        N, ce, sigma = simulated(law, rng)
        fit = scaling.fit_scaling_law(N, ce, sigma=sigma)
        for name in inside:
            low, high = fit.interval(name)
            inside[name] += low <= getattr(law, name) <= high
    # 95 % of 300 is 285, standard deviation 3.8; Student's t on known errors is a little wide
    for name, hits in inside.items():
        assert 272 <= hits <= 300, name


def test_a_fit_needs_enough_points_and_says_so():
    with pytest.raises(FieldError, match="more than 2 points"):
        scaling.fit_scaling_law([1e7, 1e8], [2.0, 1.0])
    with pytest.raises(FieldError, match="distinct"):
        scaling.fit_scaling_law([1e7, 1e7, 1e7], [2.0, 1.9, 2.1])
    with pytest.raises(FieldError, match=r"cross_entropy\[1\] = nan"):
        scaling.fit_scaling_law([1e7, 1e8, 1e9], [2.0, float("nan"), 1.0])
    with pytest.raises(FieldError, match="shape"):
        scaling.fit_scaling_law([1e7, 1e8, 1e9], [2.0, 1.0])
    fit = scaling.fit_scaling_law([1e7, 1e8, 1e9, 1e10], [2.0, 1.5, 1.2, 0.9])
    with pytest.raises(FieldError, match="E"):
        fit.interval("E")
