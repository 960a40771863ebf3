"""How often intervals for a proportion hold: against simulation, published averages and what must be so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mirage_utils.curves.coverage import count_intervals, coverage, mean_coverage
from mirage_utils.errors import FieldError


@pytest.mark.parametrize("kind", ["wald", "wilson", "exact", "uniform", "jeffreys"])
@pytest.mark.parametrize(("score", "n"), [(0.5, 10), (0.95, 30), (0.99, 200)])
def test_coverage_is_that_of_simulated_tests(kind, score, n):
    low, high = count_intervals(n, kind)
    drawn = np.random.default_rng(0).binomial(n, score, 40_000)
    held = (low[drawn] <= score) & (score <= high[drawn])
    assert coverage(score, n, kind) == pytest.approx(held.mean(), abs=0.008)


@pytest.mark.parametrize("n", [3, 10, 100])
def test_the_average_is_the_integral(n):
    q = (np.arange(20_000) + 0.5) / 20_000
    for kind in ("wald", "wilson", "exact"):
        assert mean_coverage(n, kind) == pytest.approx(coverage(q, n, kind).mean(), abs=1e-3)
    # a prior that is the truth keeps what it promises
    assert mean_coverage(n, "uniform", 0.9) == pytest.approx(0.9)


def test_exact_never_covers_too_little():
    q = np.linspace(0, 1, 2_001)
    for n in (1, 7, 30):
        assert coverage(q, n, "exact", 0.9).min() >= 0.9
        assert coverage(q, n, "wilson").min() < 0.95


def test_intervals_are_the_usual_ones():
    low, high = count_intervals(20, "wilson")
    wanted = stats.binomtest(7, 20).proportion_ci(method="wilson")
    assert (low[7], high[7]) == pytest.approx(tuple(wanted))
    low, high = count_intervals(20, "wald")
    assert (low[20], high[20]) == (1, 1)
    assert count_intervals(20, "exact").low[0] == 0


@pytest.mark.parametrize(
    ("arguments", "field"),
    [((0.5, 0), "n"), ((1.5, 10), "score"), ((0.5, 10, "guess"), "kind"), ((0.5, 10, "wald", 1.0), "level")],
)  # fmt: skip
def test_what_is_refused(arguments, field):
    with pytest.raises(FieldError, match=field):
        coverage(*arguments)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("n", [1, 2, 30, 417])
def test_intervals_are_those_of_statsmodels_to_the_last_digit(n, level):
    names = {"wald": "normal", "wilson": "wilson", "exact": "beta", "jeffreys": "jeffreys"}
    for kind, name in names.items():
        theirs = proportion_confint(np.arange(n + 1), n, alpha=1 - level, method=name)
        for ours, end in zip(count_intervals(n, kind, level), theirs, strict=True):
            assert ours.tolist() == end.tolist()
