"""Gathering for the audit: in batches, on clusters, with the skill that is more than chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evaluations import records, write

from mirage_utils import FieldError, audit
from mirage_utils import records as rec
from mirage_utils.audit import truths
from mirage_utils.metrics import METRICS
from mirage_utils.records import EvalFileError
from mirage_utils.records.gathering import gather, tabulate


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("batch", [9, 80])
def test_batches_of_any_size_make_the_same_scores(tmp_path, suffix, batch):
    path = write(records(), tmp_path / f"r{suffix}")
    found = gather(path, batch=batch)
    assert found.records == 80
    whole = rec.read(path).records
    for metric in ("exact_match", "token_accuracy", "token_edit_distance"):
        graded = rec.grade(whole, metric).groupby("params")["score"]
        mine = found.scores.query("metric == @metric").set_index("params")
        assert mine["n"].to_dict() == graded.size().to_dict()
        assert mine["score"].to_dict() == pytest.approx(graded.mean().to_dict(), abs=1e-12)
        assert mine["deviation"].to_dict() == pytest.approx(graded.std().to_dict(), abs=1e-9)


def test_a_metric_that_a_file_gives_for_one_task_is_computed_for_the_others(tmp_path):
    given = records().assign(task="given", metric="exact_match", score=0.25)
    open_ = records().assign(task="open")
    open_.loc[[0, 40], "target"] = None  # items of these names have scores in the other task
    open_.loc[1, "output"] = None
    path = write(pd.concat([given, open_], ignore_index=True), tmp_path / "r.jsonl")
    for batch in (100, 1000):  # mixed, and one after the other
        found = gather(path, batch=batch)
        exact = found.scores.query("metric == 'exact_match'").set_index(["task", "params"])
        assert exact["graded"].to_dict() == {
            ("given", 1e6): "file", ("given", 2e6): "file", ("open", 1e6): "here", ("open", 2e6): "here",
        }  # fmt: skip
        assert (exact.loc["given", "score"] == 0.25).all()
        known = open_[open_["target"].notna()]
        right = (known["output"] == known["target"]).groupby(known["params"])
        assert exact.loc["open", "score"].to_dict() == pytest.approx(right.mean().to_dict())
        assert set(found.scores.query("metric == 'token_accuracy'")["task"]) == {"given", "open"}
        about = [note for note in found.notes if note.startswith(str(path))]
        assert [note.rpartition(": ")[2] for note in about] == [
            "2 items have no score, and no answer that could be graded",
            "1 item has an empty answer, which is graded like any other",
        ]


def test_skill_is_the_score_on_own_items_less_that_on_others(tmp_path):
    """On two items each is the other's other, so that the pairing is known."""
    pair = records(size=2, sizes=(1e6,))
    pair["target"], pair["output"] = ["aab", "bb"], ["aab", "ba"]
    found = tabulate(rec.read(write(pair, tmp_path / "r.csv")).records).scores.set_index("metric")
    right = METRICS["token_accuracy"].score(["aab", "bb"], ["aab", "ba"])
    crossed = METRICS["token_accuracy"].score(["bb", "aab"], ["aab", "ba"])
    assert found.loc["token_accuracy", "skill"] == pytest.approx((right - crossed).mean())
    assert found.loc["token_accuracy", "skill_error"] == pytest.approx(
        (right - crossed).std(ddof=1) / np.sqrt(2)
    )
    edits = METRICS["token_edit_distance"]
    gained = edits.score(["bb", "aab"], ["aab", "ba"]) - edits.score(["aab", "bb"], ["aab", "ba"])
    assert found.loc["token_edit_distance", "skill"] == pytest.approx(gained.mean())


def test_what_knows_nothing_has_no_skill_however_well_it_scores():
    rng = np.random.default_rng(1)
    n = 4000
    frame = truths.blank_records(1e6, n).assign(
        target=rng.choice(["aaaa", "aaab"], n, p=[0.9, 0.1])
    )
    frame["output"] = "aaaa"
    found = tabulate(frame).scores.set_index("metric")
    assert found.loc["exact_match", "score"] > 0.85
    assert (found["skill"].abs() <= 4 * found["skill_error"]).all()


def test_a_repeated_item_far_away_is_found_and_nothing_of_the_file_counts(tmp_path):
    good = write(records(), tmp_path / "a.csv")
    bad = records(sizes=(5e6,))
    bad = write(pd.concat([bad, bad.iloc[:1].assign(output="another")]), tmp_path / "b.csv")
    found = gather(tmp_path, batch=10)
    assert [Path(name).name for name, _ in found.refused] == ["b.csv"]
    assert "twice" in found.refused[0][1]
    assert found.records == 80
    assert set(found.scores["params"]) == {1e6, 2e6}
    with pytest.raises(EvalFileError, match="none of 1 files"):
        gather(bad)
    assert good.exists()


def test_a_cluster_makes_the_same_tables(tmp_path):
    for i in range(3):
        write(records(seed=i, sizes=(10.0 ** (6 + i),)), tmp_path / f"{i}.jsonl")
    here, there = gather(tmp_path), gather(tmp_path, cluster="local", jobs=2)
    pd.testing.assert_frame_equal(here.scores, there.scores)
    pd.testing.assert_frame_equal(here.lengths, there.lengths)
    assert (here.files, here.records, here.notes) == (there.files, there.records, there.notes)


def test_arguments_are_checked(tmp_path):
    with pytest.raises(FieldError, match="path"):
        gather(tmp_path / "none")
    with pytest.raises(FieldError, match="folder with files"):
        gather(tmp_path)
    path = write(records(), tmp_path / "r.csv")
    with pytest.raises(FieldError, match="jobs"):
        gather(path, jobs=0)
    with pytest.raises(FieldError, match="batch"):
        gather(path, batch=0)
    with pytest.raises(FieldError, match=r"^params\['m'\] = -1"):
        gather(path, params={"m": -1})
    with pytest.raises(FieldError, match="level"):
        audit.audit(path, level=1.0)
