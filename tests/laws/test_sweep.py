"""Sweeps give what the plain functions give, on any shape."""

from __future__ import annotations

import numpy as np
import pytest

from mirage_utils import FieldError, ScalingLaw
from mirage_utils.laws import sweep
from mirage_utils.metrics import METRICS, check
from mirage_utils.symbols import K, L, p, x

LAW = ScalingLaw(alpha=0.4, N_c=2e9, E=0.05)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_sweep_is_the_expected_score_along_the_law(metric):
    log_scale = np.linspace(np.log(1e6), np.log(1e13), 40_001)  # more than two blocks
    values = check.settings(metric)[-1]
    swept = sweep.sweep(metric, LAW, log_scale, **values)
    plain = metric.expected(LAW.probability(np.exp(log_scale)), **values)
    assert np.allclose(swept, plain, rtol=1e-9, atol=1e-12)
    assert swept.shape == log_scale.shape


def test_arrays_are_broadcast_and_written_where_asked():
    grid = np.linspace(0.1, 0.9, 5)[:, None]
    lengths = np.arange(1, 4)
    out = np.empty((5, 3))
    assert sweep.evaluate(p**L, {p: grid, L: lengths}, out=out) is out
    assert out == pytest.approx(grid**lengths)
    assert sweep.evaluate(p**L, {p: 0.5, L: 3}) == 0.125
    assert sweep.evaluate(p**L, {p: np.zeros((2, 0)), L: 3}).shape == (2, 0)
    assert sweep.evaluate(p, {p: np.arange(6.0).reshape(2, 3).T}).tolist() == [
        [0, 3],
        [1, 4],
        [2, 5],
    ]


def test_single_numbers_are_compiled_in():
    expression = sweep.over_log_scale(METRICS["exact_match"], LAW, L=5)
    assert expression.free_symbols == {x}
    assert sweep.over_log_scale(METRICS["brier"], LAW, K=4).free_symbols == {x}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: sweep.evaluate(p * K, {p: 0.1}), r"^K = None"),
        (lambda: sweep.evaluate(p, {p: [0.1, 0.2]}, out=np.empty(3)), r"^out = \(3,\)"),
        (lambda: sweep.sweep(METRICS["exact_match"], LAW, [1.0]), r"^L = None"),
        (lambda: sweep.sweep(METRICS["exact_match"], LAW, [1.0], L=[1, 2]), r"^L = \[1, 2\]"),
        (lambda: sweep.sweep(METRICS["exact_match"], LAW, [np.nan], L=2), r"^log_scale\[0\] = nan"),
        (lambda: sweep.over_log_scale(METRICS["exact_match"], LAW), r"^L = None"),
    ],
)
def test_wrong_input_is_named_with_its_value(call, message):
    with pytest.raises(FieldError, match=message):
        call()
