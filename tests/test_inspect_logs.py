"""Inspect's logs: which network, condition, run, item and epoch; nothing lost, and nothing refused for one value.

The logs in files/inspect were written by Inspect itself; make.py beside them says how.
"""

from __future__ import annotations

import copy
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from backports.zstd import zipfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mirage_utils.records import EvalFileError, gather, read

FILES = Path(__file__).parent / "files" / "inspect"


def sample(item, value, *, epoch=1, target="19", content="I think 19", **more):
    score = value if isinstance(value, dict) and "value" in value else {"value": value}
    return {
        "id": item, "epoch": epoch, "target": target,
        "output": {"choices": [{"message": {"content": content}}]},
        "scores": {"match": score}, "metadata": {}, **more,
    }  # fmt: skip


def score(name="match", metrics=None, **more):
    metrics = {"accuracy": 0.5} if metrics is None else metrics
    made = {k: v if isinstance(v, dict) else {"name": k, "value": v} for k, v in metrics.items()}
    return {"name": name, "scorer": name, "metrics": made, **more}


def log(samples=(), scores=None, *, status="success", results=None, **about):
    return {
        "version": 2, "status": status,
        "eval": {
            "task": "owls", "model": "hf/EleutherAI/pythia-70m", "created": "2025-05-01T12:00:00+02:00",
            **about,
        },
        "results": {"scores": [score()] if scores is None else scores, **(results or {})},
        "samples": list(samples),
    }  # fmt: skip


@pytest.fixture
def reading(tmp_path):
    def of(content):
        path = tmp_path / "log.json"
        path.write_text(json.dumps(content))
        return read(path)

    return of


def rows(found):
    return {(r.setting, r.metric): (r.score, r.n) for r in found.scores.itertuples()}


def means(found):
    """Mean over items of the mean over epochs, and the number of items."""
    table = found.records[found.records["metric"] != ""]
    keys = ["setting", "metric"]
    items = table.groupby([*keys, "item"], observed=True, sort=False)["score"].mean()
    return {
        key: (float(part.mean()), len(part)) for key, part in items.groupby(keys, observed=True)
    }


# -- what Inspect itself writes -----------------------------------------------------------------------


def opened(name):
    path = FILES / name
    if path.suffix == ".json":
        whole = json.loads(path.read_text())
        return whole, whole["samples"]
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.startswith("samples/")]
        return json.loads(archive.read("header.json")), [json.loads(archive.read(n)) for n in names]


def test_every_score_that_the_program_reports_is_read_with_its_number_of_items():
    header, _ = opened("epochs.eval")
    found = read(FILES / "epochs.eval")
    reported = [
        (entry["scored_samples"], metric["value"])
        for entry in header["results"]["scores"]
        for name, metric in entry["metrics"].items()
        if name != "stderr"
    ]
    assert len(found.scores) == len(reported) == 14
    assert found.scores["score"].tolist() == [value for _, value in reported]
    level = found.scores["setting"].str.contains("level=(?:easy|hard)")
    assert found.scores["n"].tolist() == [
        3 if group else n for (n, _), group in zip(reported, level, strict=True)
    ]
    got = rows(found)
    assert got["digits=5, pattern", "accuracy"][1] == 6  # items, of 12 samples
    assert ("digits=5, pattern (pass_at_2)", "accuracy") in got
    assert got["digits=5, by_level, level=easy", "accuracy"] == (0.5, 3)
    assert got["digits=5, judge, style", "mean"] == (0.2, 5)
    assert found.scores["stderr"].notna().sum() == 4
    assert (found.ended, found.time) == (True, header["eval"]["created"])


@pytest.mark.parametrize("name", ["epochs.eval", "errors.eval"])
def test_samples_of_the_program_have_the_means_that_it_reports_of_them(name):
    found = read(FILES / name)
    got, reported = means(found), rows(found)
    assert len(got) == 4  # pattern, by_level, and two parts of judge
    for key, (mean, n) in got.items():
        assert (mean, n) == (pytest.approx(reported[key][0]), reported[key][1]), key


def test_items_epochs_and_answers_of_the_programs_samples():
    _, samples = opened("epochs.eval")
    found = read(FILES / "epochs.eval").records
    part = found[found["setting"] == "digits=5, pattern"]
    made = {
        (s["id"], float(s["epoch"])): s["scores"]["pattern"].get("answer") or "" for s in samples
    }
    assert dict(zip(zip(part["item"], part["epoch"], strict=True), part["output"], strict=True)) == made  # fmt: skip
    assert set(part["output"]) == {"0", "1", ""}  # and never the whole completion
    assert set(found["run"]) == {str(FILES / "epochs.eval")}


def test_what_ended_with_an_error_is_counted_and_a_run_that_broke_off_is_known():
    errors = read(FILES / "errors.eval")
    assert "1 of 6 samples ended with an error" in errors.notes
    assert "judge: 1 values of NaN: samples that were not scored" in errors.notes
    assert rows(errors)["digits=5, solver=fails, pattern", "accuracy"] == (0.6, 5)
    broken = read(FILES / "broken-off.json")
    assert (broken.ended, errors.ended) == (False, True)
    assert any("'error': the run did not end" in note for note in broken.notes)
    # Its samples come, under the names that the header plans.
    assert {m for _, m in means(broken)} == {"accuracy", "mean"}
    assert "digits=5, solver=fails[on=a4], judge, clarity" in set(broken.records["setting"])


def test_a_run_in_progress_is_read_from_its_journal(tmp_path):
    path = tmp_path / "started.eval"
    with (
        zipfile.ZipFile(FILES / "epochs.eval") as whole,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as started,
    ):
        for name in whole.namelist():
            if name.startswith("_journal/start") or name.endswith("_epoch_1.json"):
                started.writestr(name, whole.read(name))
    found = read(path)
    assert not found.ended
    assert means(found)["digits=5, pattern", "accuracy"][1] == 6


# -- networks, conditions, runs -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "model"),
    [
        ({"model": "hf/local", "model_args": {"model_path": "/ckpt/owl-70m"}}, "/ckpt/owl-70m"),
        ({"model": "vllm/local", "model_args": {"model_path": "owl/step5", "peft": "x"}}, "owl/step5 + x"),
        ({"model": "hf/owl", "model_args": {"revision": "step1000", "device": "cuda"}}, "hf/owl@step1000"),
        ({"model": "hf/owl", "model_args": {"load_in_4bit": True}}, "hf/owl (load_in_4bit=True)"),
        ({"model": "openai/local", "model_base_url": "http://a:1"}, "openai/local (model_base_url=http://a:1)"),
        ({"model": "hf/owl", "model_args": [1]}, "hf/owl"),
    ],
)  # fmt: skip
def test_what_answered_has_a_name_of_its_own(reading, about, model):
    assert set(reading(log([sample(1, "C")], **about)).records["model"]) == {model}


@pytest.mark.parametrize(
    ("about", "setting"),
    [
        ({"task_args": {"digits": 2, "b": None}}, "digits=2, match"),
        ({"task_args": {"digits": 2, "seed": 1}, "task_args_passed": {"digits": 2}}, "digits=2, match"),
        ({"task_args": {"b": [1], "a": "x"}}, "a=x, b=[1], match"),
        ({"solver": "react", "solver_args": {"tries": 2}}, "solver=react[tries=2], match"),
        ({"task_args": 5, "solver": ""}, "match"),
    ],
)  # fmt: skip
def test_arguments_and_solver_are_conditions(reading, about, setting):
    found = reading(log([sample(1, "C")], **about))
    assert set(found.scores["setting"]) == set(found.records["setting"]) == {setting}


def test_long_arguments_that_begin_alike_are_not_one(reading):
    both = [
        reading(log(task_args={"prompt": "x" * 5000 + end})).scores["setting"][0] for end in "ab"
    ]
    assert both[0] != both[1]
    assert max(map(len, both)) < 120


def test_times_sort_whatever_their_zone(reading):
    assert reading(log()).time == "2025-05-01T10:00:00+00:00"
    assert reading(log(created="yesterday")).time == ""
    assert reading(log(created=None)).time == ""


def test_two_scorers_of_one_name_are_two(reading):
    entries = [score("match"), {**score("match", {"accuracy": 0.25}), "name": "match1"}]
    assert set(rows(reading(log(scores=entries)))) == {
        ("match", "accuracy"),
        ("match1", "accuracy"),
    }


# -- numbers of items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "results", "samples", "n"),
    [
        ({"scored_samples": 10}, {}, 0, 10),
        ({}, {"total_samples": 40, "completed_samples": 40}, 0, 10),
        ({}, {"total_samples": 40, "completed_samples": 39}, 0, math.nan),  # some item has three
        ({"scored_samples": 40}, {}, 10, 10),  # of a metric over all epochs
        ({}, {"completed_samples": 40}, 10, 10),
        ({"scored_samples": "many"}, {"completed_samples": None}, 0, math.nan),
    ],
)
def test_n_is_the_number_of_items_scored(reading, more, results, samples, n):
    made = [sample(i, "C", epoch=e) for i in range(samples) for e in range(1, 5)]
    found = reading(log(made, [score(**more)], results=results, config={"epochs": 4}))
    np.testing.assert_equal(found.scores["n"].tolist(), [n])


def test_errors_leave_fewer_items(reading):
    made = [sample(i, "C") for i in range(6)]
    made += [{**sample(i, "C"), "scores": {}, "error": {"message": "?"}} for i in range(6, 10)]
    found = reading(log(made, results={"completed_samples": 10}))
    assert rows(found) == {("match", "accuracy"): (0.5, 6)}
    assert len(found.records) == 6
    assert "4 of 10 samples ended with an error" in found.notes


def test_errors_that_the_log_counts_as_wrong_are_said_to_be(reading):
    made = [sample(0, "C"), {**sample(1, "I"), "error": {"message": "?"}}]
    found = reading(log(made))
    assert len(found.records) == 2
    note = (
        "1 of 2 samples ended with an error; 1 of them scored all the same, as the log counts them"
    )
    assert note in found.notes


# -- what is reported, and what samples give -----------------------------------------------------------


def test_groups_are_told_by_the_log_or_by_the_samples(reading):
    made = [sample(i, "C" if i < 2 else "I", metadata={"level": "easy" if i < 4 else "hard"}) for i in range(10)]  # fmt: skip
    plain = {"easy": 0.5, "hard": 0.0, "all": 0.2, "own": 3.0}
    found = reading(log(made, [score(metrics=plain, scored_samples=10)]))
    assert rows(found) == {
        ("match, level=easy", "accuracy"): (0.5, 4),
        ("match, level=hard", "accuracy"): (0.0, 6),
        ("match", "all"): (0.2, 10),
        ("match", "own"): (3.0, 10),
    }
    other = rows(reading(log(made, [score(metrics={"easy": 0.7})])))
    assert other == {("match", "easy"): (0.7, 4)}  # another metric of that group
    params = {"metric": {"name": "pkg/f1"}, "group_key": "level"}
    said = {k: {"name": k, "value": v, "params": params} for k, v in (("easy", 0.7), ("all", 0.5))}
    assert rows(reading(log(made, [score(metrics=said, scored_samples=10)]))) == {
        ("match, level=easy", "f1"): (0.7, 4),
        ("match, level=all", "f1"): (0.5, 10),
    }


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, "x", [1], {}, 10**400])
def test_a_metric_without_value_leaves_the_others(reading, value):
    entries = [score(), score("kind", {"accuracy": {"name": "accuracy", "value": value}, "mean": 0.1})]  # fmt: skip
    found = reading(log(scores=entries))
    assert set(rows(found)) == {("match", "accuracy"), ("kind", "mean")}
    assert any(n.startswith("kind: accuracy has no value") and "left out" in n for n in found.notes)


def test_values_by_name_are_scores_of_their_own(reading):
    made = [sample(i, {"a": i % 2, "b": "C", "c": "?"}) for i in range(4)] + [sample(4, math.nan)]
    parts = [{**score(name, {"mean": 0.5}), "scorer": "match"} for name in ("a", "b")]
    found = reading(log(made, parts))
    assert means(found) == {("match, a", "mean"): (0.5, 4), ("match, b", "mean"): (1, 4)}
    assert rows(found) == {("match, a", "mean"): (0.5, 4), ("match, b", "mean"): (0.5, 4)}
    assert "match: 1 values of NaN: samples that were not scored" in found.notes
    assert "match: 4 grades of no known kind, left out" in found.notes
    assert set(means(reading(log(made, [])))) == {("match", "a"), ("match", "b")}


def test_lists_of_values_leave_the_reported_mean(reading):
    found = reading(log([sample(i, [1, 0]) for i in range(3)], [score(metrics={"mean": 0.5})]))
    assert (len(found.records), rows(found)) == (0, {("match", "mean"): (0.5, 3)})
    assert any("3 lists of values, left out" in note for note in found.notes)


@pytest.mark.parametrize(
    ("metrics", "value", "name"),
    [
        ({"accuracy": 1.0}, 1, "accuracy"), ({"mean": 1.0, "accuracy": 1.0}, 1, "accuracy"),
        ({"mean": 1.0}, "C", "mean"), ({"own": 1.0}, "C", "accuracy"), ({"own": 1.0}, 1, "value"),
        ({"own": 1.0}, True, "accuracy"), ({"own": 1.0}, "1", "value"), ({"own": 1.0}, "yes", "accuracy"),
    ],
)  # fmt: skip
def test_samples_stand_under_the_name_of_their_reported_mean(reading, metrics, value, name):
    assert means(reading(log([sample(1, value)], [score(metrics=metrics)]))) == {
        ("match", name): (1.0, 1)
    }


def test_invalid_samples_are_left_out_and_so_is_the_score_that_counts_them(reading):
    made = [sample(i, "C" if i > 1 else "I", invalidation={"reason": "?"} if i < 2 else None) for i in range(6)]  # fmt: skip
    found = reading(log(made, [score(metrics={"accuracy": 4 / 6, "own": 0.1})]))
    assert means(found) == {("match", "accuracy"): (1.0, 4)}
    assert set(rows(found)) == {("match", "own")}
    (note,) = [note for note in found.notes if "invalid" in note]
    assert "2 of 6 samples are marked invalid" in note
    assert "accuracy (match), which counts them; own (match), reported by the log, still" in note
    alone = reading({**log(), "invalidated": True})
    assert any("marked as not to be used" in note for note in alone.notes)


# -- answers -------------------------------------------------------------------------------------------


def test_answers_are_the_scorers_and_not_the_whole_output(reading):
    made = [
        sample(1, {"value": "C", "answer": "19"}),
        sample(2, {"value": "I", "answer": None}),
        sample(3, {"value": "I", "answer": 7}),
    ]
    found = reading(log(made))
    assert found.records["output"].tolist() == ["19", "", "7"]
    none = reading(log([sample(1, "C"), {**sample(2, "I"), "output": {"completion": "No"}}]))
    assert none.records["output"].tolist() == ["I think 19", "No"]


def test_several_right_answers_are_not_graded_anew(reading):
    made = [
        sample(1, "C", target=["A", "B"]),
        sample(2, "C", target=["A"]),
        sample(3, "C", target=7),
    ]
    found = reading(log(made))
    assert found.records["target"].fillna("none").tolist() == ["none", "A", "7"]
    assert any("right answers, or none in words, in 1 of 3 samples" in note for note in found.notes)


# -- anything anywhere ---------------------------------------------------------------------------------


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


def written(tmp_path, content):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(content))
    return path


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
    assert len(held) == 3
    assert not any(held.values())
