"""Runs of smooth mirages that scatter: gaps by arithmetic, and what the audit says of such runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mirage_utils import audit
from mirage_utils.audit import truths
from mirage_utils.audit.scattered import gaps
from mirage_utils.errors import FieldError
from mirage_utils.evidence import curves_of
from mirage_utils.records.gathering import tabulate


def test_gaps_grow_with_scatter_and_shrink_with_runs():
    wide = {(k, s): (gaps(k, s, 2_000) >= 0.5).mean() for k in (4, 10) for s in (0.2, 0.5)}
    for k in (4, 10):
        assert wide[k, 0.2]["exact"] < wide[k, 0.5]["exact"]
    for s in (0.2, 0.5):
        assert wide[10, s]["exact"] < wide[4, s]["exact"]
        assert wide[4, s]["digits"] < wide[4, s]["exact"] / 2


def test_gaps_without_scatter_are_those_of_drawn_items():
    found = gaps(4, 0.0, 500)
    assert len(found) == 500
    assert found["digits"].median() < 0.05
    assert (found["exact"] < 0.5).mean() > 0.97
    pd.testing.assert_frame_equal(found, gaps(4, 0.0, 500))
    assert (found["there"] <= found["digits"]).all()
    assert ((found >= 0) & (found <= 1)).all(axis=None)


@pytest.mark.parametrize("wrong", [(1, 0.3, 5), (4, -0.1, 5), (4, 0.3, 0)])
def test_gaps_refuse_what_cannot_be_drawn(wrong):
    with pytest.raises(FieldError):
        gaps(*wrong)


def test_with_answers_and_four_runs_that_scatter_the_audit_often_cannot_tell():
    """The price of the rule: "runs far apart" is asked before the gentler metrics are."""
    said = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        sizes = np.geomspace(1e6, 1e9, 7)
        parts = []
        for run in range(4):
            own = dict(zip(sizes, 5e7 * 10 ** rng.normal(0, 0.35, len(sizes)), strict=True))
            drawn = truths.answers(lambda s, own=own: truths.smooth_token(0.6, own[s])(s), sizes, 8, 100, rng)  # fmt: skip
            parts.append(drawn.assign(run=f"{run}"))
        made = tabulate(pd.concat(parts, ignore_index=True), None, seed=0)
        (asked,) = curves_of(made.scores, made.lengths).questions
        found = next(f for f in audit.judge([asked], thorough=False) if f.metric == "exact_match")
        assert found.verdict != "not explained by the metric"
        if found.rule == "runs far apart":
            assert found.settle == "10 runs or more a size"  # the answers are there
        said.append(found.rule)
    assert 1 <= said.count("runs far apart") <= 7
