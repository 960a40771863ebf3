"""Inspect's logs with anything anywhere: nothing lost, and nothing refused for one value."""

from __future__ import annotations

import copy
import json
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from inspect_files import FILES, log, opened, sample, score, written

from mirage_utils.records import EvalFileError, gather, read


@pytest.fixture
def reading(tmp_path):
    def of(content):
        path = tmp_path / "log.json"
        path.write_text(json.dumps(content))
        return read(path)

    return of


def test_structural_faults_are_refused_and_others_are_told(reading):
    for bad in ({"task": ""}, {"model": 3}):
        with pytest.raises(EvalFileError, match=f"field 'eval.{next(iter(bad))}'"):
            reading(log(**bad))
    made = [sample(1, "C"), sample(1, "I"), {"x": 1}, 5, sample(2, "C", epoch="x"), sample(3, "C", scores=5)]  # fmt: skip
    found = reading(log(made, [score(), {}, 3, score(metrics={"accuracy": 0.25})]))
    assert found.records["item"].tolist() == ["1", "3"]
    told = "\n".join(found.notes)
    for words in (
        "3 of 6 samples left out: no sample, or without a name (samples[2])",
        "1 of 6 samples left out: item '1' stands twice",
        "scores of 1 of 6 samples cannot be read",
        "results.scores[1]: no metrics", "results.scores[2]: no metrics",
        "match: accuracy is reported twice; 0.25 is left out",
    ):  # fmt: skip
        assert words in told


def places(value, path=()):
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, one in inside:
        yield from places(one, (*path, key))


def changed(value, path, other):
    made = copy.deepcopy(value)
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = other
    return made


WHOLE = log(
    [
        sample(1, {"value": "C", "answer": "19"}, metadata={"level": "easy"}, attachments={"a": "b"}),
        sample(1, 0.5, epoch=2),
        {**sample("b", {"a": 1, "b": "I"}), "error": None, "invalidation": None},
        {**sample("c", "C"), "scores": {"match": {"value": "C"}, "judge": {"value": [1, 2]}}},
    ],
    [
        score(scored_samples=3, reducer="mean", unscored_samples=0, params={}),
        score("judge", {"easy": {"name": "easy", "value": 0.5, "params": {"group_key": "level", "metric": {"name": "f1"}}}}),
        {**score("a", {"mean": 1.0}), "scorer": "match"},
    ],
    results={"total_samples": 4, "completed_samples": 4},
    task_args={"digits": 2}, task_args_passed={"digits": 2}, solver="s", solver_args={"x": 1},
    model_args={"model_path": "/ckpt/owl-7b", "revision": "main"}, config={"epochs": 2}, packages={"inspect_ai": "0.3"},
    scorers=[{"name": "match", "metrics": [{"name": "inspect_ai/accuracy"}, {"a*": [{"name": "mean"}]}]}],
)  # fmt: skip

WHOLE["invalidated"] = False

PLACES = [path for path in places(WHOLE) if path]

ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.integers(-3, 3) | st.text()
    | st.sampled_from(["\ud800", "", "NaN", 10**400, "C", "/", "(", "@", "mean"]),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text() | st.sampled_from(["value", "name", "metrics", "a"]), x, max_size=3),
    max_leaves=6,
)  # fmt: skip

SLOW = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SLOW
@given(st.lists(st.tuples(st.sampled_from(PLACES), ANY), min_size=1, max_size=3))
@example([(("samples", 0, "scores", "match", "value"), {})])
@example([(("samples", 0, "scores", "\ud800"), "C")])
def test_whatever_stands_anywhere_is_read_told_or_refused(tmp_path, changes):
    content = WHOLE
    for path, other in changes:
        try:
            content = changed(content, path, other)
        except (KeyError, IndexError, TypeError):  # the place is gone
            continue
    path = tmp_path / "log.json"
    path.write_text(json.dumps(content))
    found = outcome(lambda: read(path))
    if isinstance(found, EvalFileError):
        assert str(path) in str(found)
        assert len(str(found)) < 1000
        return
    assert found.notes or len(found.scores)
    assert all(np.isfinite(found.scores["score"]))
    assert "fault of this program" not in str(outcome(lambda: gather(path)))


def outcome(made):
    try:
        return made()
    except EvalFileError as error:
        return error


@SLOW
@given(st.sampled_from([p for p in PLACES if "value" in p[-1:]]), ANY)
def test_every_value_is_in_the_tables_or_in_a_note(tmp_path, path, other):
    found = read(written(tmp_path, changed(WHOLE, path, other)))
    before = WHOLE
    for key in path:
        before = before[key]
    # A value in the place of several is one value.
    least = ALL - (len(before) - 1 if isinstance(before, (dict, list)) else 0)
    assert counted(found) >= least or len(found.notes) > NOTES


ALL, NOTES = 8, 2
"""Rows and notes of the unchanged log."""


def test_the_unchanged_log(tmp_path):
    found = read(written(tmp_path, WHOLE))
    assert (counted(found), len(found.notes)) == (ALL, NOTES)


def counted(found):
    return int((found.records["metric"] != "").sum()) + len(found.scores)


def test_the_files_hold_no_paths_of_a_machine():
    held = defaultdict(list)
    for path in FILES.iterdir():
        if path.suffix in (".eval", ".json"):
            header, samples = opened(path.name)
            text = json.dumps([header, samples])
            held[path.name] = [
                word for word in ("/tmp", "/home", "/root", "/Users") if word in text
            ]
    assert len(held) == 4
    assert not any(held.values())
