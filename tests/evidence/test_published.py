"""Emergence scores of the bundled published curves, against what the tables themselves say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mirage_utils import tables
from mirage_utils.evidence.published import PUBLISHED, by_benchmark, published_scores


@pytest.fixture(scope="module")
def found():
    return published_scores(min_scales=6, draws=20)


def test_every_published_family_of_six_sizes_is_there(found):
    """A table added later must not be forgotten, nor one of them be empty."""
    assert set(found["table"]) == set(PUBLISHED)
    # Our own models, an average of runs, answers without sizes, and losses of five sizes.
    others = {"ladder", "families", "models", "gpt3_answers", "olmo_ladder", "olmo_losses"}
    assert {t.name for t in tables.tables()} == set(PUBLISHED) | others
    for name in ("olmo_ladder", "olmo_losses"):
        frame = tables.load_table(name)
        assert frame.groupby("family")["params"].nunique().max() < 6
    assert found["n_scales"].min() >= 6
    assert not found.duplicated(["table", "family", "task", "setting", "metric"]).any()


def test_scores_are_those_of_the_table(found):
    frame = tables.load_table("openlm_scaling")
    part = frame[(frame["family"] == "OpenLM C4 1x") & (frame["task"] == "copa")]
    y = part.sort_values("params")["score"].to_numpy()
    rise = np.sign(y.argmax() - y.argmin()) * np.ptp(y)
    one = found[(found["family"] == "OpenLM C4 1x") & (found["task"] == "copa")]
    assert one["excess"].item() == pytest.approx(rise / np.sqrt(np.median(np.diff(y) ** 2)) / 5)
    assert "mean_accuracy" not in set(found["metric"])
    assert {"mmlu", "winogender", "logiqa", "hellaswag"} <= set(found["benchmark"])
    assert not found["benchmark"].str.contains("zeroshot|_val$|_test$").any()


def test_doubtful_scores_stay_out_unless_asked_for(found):
    kept = published_scores(min_scales=6, draws=20, doubtful=True)
    key = ["table", "family", "task", "setting", "metric"]
    both = found.merge(kept, on=key, suffixes=("", "_kept"))
    changed = both[both["n_scales"] != both["n_scales_kept"]]
    assert set(changed["task"]) == {"ipa_transliterate", "2D+", "4D-"}
    assert (changed["n_scales_kept"] == changed["n_scales"] + 1).all()


def test_benchmarks_count_once():
    curves = pd.DataFrame(
        {
            "metric": ["a", "a", "a", "b"], "benchmark": ["x", "x", "y", "x"], "family": ["F", "G", "F", "F"],
            "excess": [5.0, 0.5, np.inf, np.nan],
        }
    )  # fmt: skip
    counted = by_benchmark(curves, least=2).set_index("metric")
    assert counted.loc["a"].tolist() == [3, 2, 2, 2]
    assert counted.loc["b"].tolist() == [1, 1, 1, 0]
    assert by_benchmark(curves, least=3)["high"].tolist() == [1, 0]
