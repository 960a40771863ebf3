"""The law with one hump of difficulty and a tail of easy items, against quadrature and a search of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from mirage_utils import Curve, laws, tables
from mirage_utils.evidence import curve_of
from mirage_utils.laws import EASY_TAIL, KINK
from mirage_utils.laws.easy_tail import tail_accuracy


@pytest.mark.parametrize("x", [1e-9, 1e-3, 0.7, 5.0, 80.0])
@pytest.mark.parametrize("b", [0.02, 0.3, 1.0, 6.0])
def test_the_closed_form_is_the_mean_over_the_tail(x, b):
    def item(t):  # t is b times how much easier the item is, on a scale of logarithms
        return np.exp(-t) * np.exp(-x * np.exp(-t / b))

    step = b * np.log(x) if x > 1 else 0.0  # where the items begin to be right
    mean = sum(
        integrate.quad(item, *ends, epsabs=1e-12, limit=400)[0]
        for ends in ((0, step), (step, step + 30 * b), (step + 30 * b, np.inf))
    )
    assert tail_accuracy(x, b) == pytest.approx(mean, rel=1e-6)


def test_its_expression_and_its_slopes_agree_with_its_values():
    theta = (0.4, 2.5, 0.3, 0.25)
    u = np.array([-3.0, -0.5, 0.2, 1.5])
    value, slopes = EASY_TAIL.with_slopes(u, theta)
    assert value == pytest.approx(EASY_TAIL.accuracy(u, theta))
    symbols = [q.symbol for q in EASY_TAIL.parameters]
    (u_symbol,) = EASY_TAIL.expression.free_symbols - set(symbols)
    for at, found in zip(u, value, strict=True):
        numbers = {u_symbol: at} | dict(zip(symbols, theta, strict=True))
        assert float(EASY_TAIL.expression.subs(numbers).evalf()) == pytest.approx(found)
    for j in range(4):
        step = np.eye(4)[j] * 1e-6
        up, down = (EASY_TAIL.accuracy(u, theta + s) for s in (step, -step))
        assert slopes[:, j] == pytest.approx((up - down) / 2e-6, abs=1e-6)


def test_no_tail_is_the_line_and_an_endless_one_a_floor():
    u = np.linspace(-4, 3, 15)
    assert EASY_TAIL.accuracy(u, (0.5, 1.2, 0.0, 1.0)) == pytest.approx(
        laws.STRAIGHT.accuracy(u, (0.5, 1.2))
    )
    assert EASY_TAIL.accuracy(u, (0.5, 1.2, 0.04, 1e-9)) == pytest.approx(
        laws.FLOOR.accuracy(u, (0.5, 1.2, 0.04)), abs=1e-6
    )


def test_it_fits_two_digit_addition_as_well_as_a_kink():
    c = curve_of(tables.load_table("gpt3_arithmetic"), "2D+", "few-shot")
    mine = laws.fit(EASY_TAIL, c, reference=6.66e9)
    full = stats.binom.logpmf(c.counts, c.n, c.score).sum()
    u = np.log(c.scale / 6.66e9)

    def lost(z):
        a, alpha, share, rate = z[0], np.exp(z[1]), 1 / (1 + np.exp(-z[2])), np.exp(z[3])
        x = np.exp(np.clip(a - alpha * u, -50, 50))
        s = (np.arange(4000) + 0.5) / 4000  # quantiles of the tail
        tail = np.exp(-x[:, None] * s ** (1 / rate)).mean(axis=1)
        p = np.clip(share * tail + (1 - share) * np.exp(-x), 1e-12, 1 - 1e-12)
        return 2 * (full - stats.binom.logpmf(c.counts, c.n, p).sum())

    start = (1.0, 1.0, -1.7, -1.5)
    theirs = optimize.minimize(lost, start, method="Nelder-Mead", options={"maxiter": 2000})
    assert mine.deviance < theirs.fun + 0.2
    assert lost((mine["a"], np.log(mine["alpha"]), np.log(mine["w"] / (1 - mine["w"])), np.log(mine["b"]))) == pytest.approx(mine.deviance, abs=0.3)  # fmt: skip
    assert mine.deviance <= laws.fit(KINK, c, reference=6.66e9).deviance + 1


def test_it_finds_what_made_the_data():
    sizes = np.geomspace(1e8, 1e11, 10)
    truth = (1.0, 2.0, 0.3, 0.3)
    rate = EASY_TAIL.accuracy(np.log(sizes / 6.66e9), truth)
    c = Curve(sizes, np.round(rate * 1_000_000) / 1_000_000, 1_000_000)
    found = laws.fit(EASY_TAIL, c, reference=6.66e9)
    assert found.theta == pytest.approx(truth, rel=0.03)
