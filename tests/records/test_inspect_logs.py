"""Inspect's logs: which network, condition, run, item and epoch; nothing lost, and nothing refused for one value.

The logs in files/inspect were written by Inspect itself; make.py beside them says how.
"""

from __future__ import annotations

import copy
import json
import math
from collections import defaultdict

import numpy as np
import pytest
from backports.zstd import zipfile
from conftest import ROOT
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mirage_utils.evidence.curves_of import curves_of
from mirage_utils.records import EvalFileError, gather, read

FILES = ROOT / "tests" / "files" / "inspect"


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
    by_level = found.scores["setting"].str.contains("level=")
    assert found.scores.loc[~by_level, "stderr"].notna().sum() == 4  # as reported
    # Nothing is reported of groups, and of a mean over samples their grades show it.
    grades = {"easy": [0, 0.5, 1], "hard": [0.5, 0.5, 1]}
    grades["all"] = grades["easy"] + grades["hard"]
    assert found.scores.loc[by_level, "stderr"].dropna().tolist() == [
        pytest.approx(np.std(g, ddof=1) / math.sqrt(len(g))) for g in grades.values()
    ]
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


BY_LEVEL = [sample(i, "C" if i < 2 else "I", metadata={"level": "easy" if i < 4 else "hard"}) for i in range(10)]  # fmt: skip


def grouped(base="accuracy", **more):
    return {"metric": {"type": "metric", "name": base, "params": {}}, "group_key": "level", **more}


def planned(*options, others=()):
    """The header's scorers, of a log with grouped metrics."""
    metrics = [{"name": "inspect_ai/grouped", "options": o} for o in options]
    return [{"name": "match", "metrics": [*metrics, *({"name": o, "options": {}} for o in others)]}]


def entries(values, params=None):
    """What is reported: by label and group's parameters (names that stand there before get a number)."""
    made = {k: {"name": k, "value": v, "params": params or {}} for k, v in values.items()}
    return [score(metrics=made, scored_samples=10)]


def test_groups_are_told_by_the_log_and_their_items_by_the_samples(reading):
    plain = {"easy": 0.5, "hard": 0.0, "all": 0.2, "own": 3.0}
    found = reading(log(BY_LEVEL, entries(plain)))
    assert rows(found) == {
        ("match", "easy"): (0.5, 4),
        ("match", "hard"): (0.0, 6),
        ("match", "all"): (0.2, 10),
        ("match", "own"): (3.0, 10),
    }
    other = rows(reading(log(BY_LEVEL, [score(metrics={"easy": 0.7})])))
    assert other == {("match", "easy"): (0.7, 4)}  # another metric of that group
    values = {"easy": 0.7, "all": 0.5}
    assert rows(reading(log(BY_LEVEL, entries(values, grouped("pkg/f1"))))) == {
        ("match, level=easy", "f1"): (0.7, 4),
        ("match, level=all", "f1"): (0.5, 10),
    }


LEVELS = {"easy": 0.5, "hard": 0.0, "all": 0.2}
NAMED = [(f"match, level={level}", "accuracy") for level in LEVELS]
WITH_ERRORS = {**LEVELS, "easy2": 0.25, "hard2": 0.0, "all2": 0.125}
ERRORS = [0.25, 0.0, 0.125]
OWN = {k: {"name": k.rstrip("2"), "value": v, "params": grouped("stderr" if "2" in k else "accuracy")} for k, v in WITH_ERRORS.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "scorers", "names", "errors"),
    [
        (entries(LEVELS, grouped()), None, NAMED, None),
        ([score(metrics=OWN)], None, NAMED, ERRORS),
        (entries({f"{k} ones": v for k, v in LEVELS.items() if k != "all"}, grouped(name_template="{group_name} ones")), None, NAMED[:2], None),
        (entries(LEVELS, grouped("pkg/own")), None, [(setting, "own") for setting, _ in NAMED], None),
        # In older versions only the header says what was planned.
        (entries(LEVELS), planned(grouped()), NAMED, None),
        (entries({**LEVELS, "accuracy": 0.2}), planned(grouped(), others=["inspect_ai/accuracy"]), [*NAMED, ("match", "accuracy")], None),
        (entries(WITH_ERRORS), planned(grouped(), grouped("stderr")), NAMED, ERRORS),
        # Nobody says what they are of, or whose names they are.
        (entries(LEVELS), None, [("match", level) for level in LEVELS], None),
        (entries({**LEVELS, "other": 1.0}), planned(grouped(), others=["pkg/own"]), [("match", m) for m in (*LEVELS, "other")], None),
        (entries(LEVELS), planned(grouped(), grouped("f1", group_key="kind")), [("match", level) for level in LEVELS], None),
        (entries(LEVELS), [{"name": "match", "metrics": [{"name": "grouped", "options": 5}, {"name": 3}, 5]}], [("match", level) for level in LEVELS], None),
    ],
)  # fmt: skip
def test_a_group_has_one_name_with_samples_and_without(reading, scores, scorers, names, errors):
    whole = reading(log(BY_LEVEL, scores, scorers=scorers))
    bare = reading(log([], scores, scorers=scorers))
    for found in (whole, bare):
        keys = list(zip(found.scores["setting"], found.scores["metric"], strict=True))
        assert keys == names
    by_setting = whole.scores.drop_duplicates(["setting", "metric"])
    sizes = {"easy": 4, "hard": 6}
    for row in by_setting.itertuples():
        level = row.setting.partition("level=")[2] or row.metric
        assert row.n == sizes.get(level, 10)
    # Without samples it is not known how many are in a group, and never are all.
    level = bare.scores["setting"].str.contains("easy|hard") | bare.scores["metric"].isin(LEVELS)
    assert bare.scores.loc[level & ~bare.scores["setting"].str.contains("all"), "n"].isna().all()
    for found in (whole, bare):
        if errors:
            assert found.scores["stderr"].tolist() == errors
    if not errors:
        assert bare.scores["stderr"].isna().all()


def test_a_group_called_like_a_spread_is_a_group(reading):
    made = [sample(i, "C", metadata={"level": "std" if i else "mean"}) for i in range(4)]
    found = reading(log(made, entries({"std": 1.0, "mean": 1.0}, grouped())))
    assert rows(found) == {
        ("match, level=std", "accuracy"): (1.0, 3),
        ("match, level=mean", "accuracy"): (1.0, 1),
    }


def test_groups_of_a_part_are_told_by_the_header_too(reading):
    made = [sample(i, {"a": float(i < 2)}, metadata={"level": "easy" if i < 4 else "hard"}) for i in range(10)]  # fmt: skip
    part = {
        **score("a", {"grouped_easy": 0.5, "grouped_hard": 0.0, "mean": 0.2}),
        "scorer": "match",
    }
    plan = {"name": "inspect_ai/grouped", "options": grouped("mean", all=False)}
    scorers = [{"name": "match", "metrics": {"a": [plan, {"name": "inspect_ai/mean"}]}}]
    found = rows(reading(log(made, [part], scorers=scorers)))
    assert found == {
        ("match, a, level=easy", "mean"): (0.5, 4),
        ("match, a, level=hard", "mean"): (0.0, 6),
        ("match, a", "mean"): (0.2, 10),
    }
    assert set(rows(reading(log([], [part], scorers=scorers)))) == set(found)


@pytest.mark.parametrize("params", [True, False])
def test_the_programs_own_groups_keep_their_names_without_samples(tmp_path, params):
    header, _ = opened("epochs.eval")
    for entry in header["results"]["scores"]:
        for metric in entry["metrics"].values():
            metric["params"] = metric["params"] if params else {}
            metric.pop("group", None)
    bare, whole = read(written(tmp_path, header)).scores, read(FILES / "epochs.eval").scores
    same = ["setting", "metric", "direction", "score"]
    assert bare[same].equals(whole[same])
    level = whole["setting"].str.contains("easy|hard")
    assert bare.loc[~level, "n"].equals(whole.loc[~level, "n"])
    assert bare.loc[level, "n"].isna().all()


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        ({"easy": 0.5, "hard": 0.0}, "higher"),  # the means of what is right
        ({"easy": 0.5, "hard": 1.0}, ""),  # shares of errors: one is the same by chance
        ({"easy": 0.5}, ""),
    ],
)
def test_grades_show_which_scores_of_a_group_are_good(reading, values, direction):
    found = reading(log(BY_LEVEL, entries({**values, "own": 0.2})))
    assert found.scores["direction"].tolist() == [*[direction] * len(values), ""]
    assert set(reading(log([], entries(values))).scores["direction"]) == {""}


def test_logs_with_samples_and_without_make_one_curve_of_a_group(tmp_path):
    for i, size in enumerate(("70m", "160m", "410m", "1b")):
        easy = [sample(j, "C" if j <= i else "I", metadata={"level": "easy"}) for j in range(5)]
        hard = [
            sample(j, "C" if j < i + 5 else "I", metadata={"level": "hard"}) for j in range(5, 10)
        ]
        scores = entries({"easy": (i + 1) / 5, "hard": i / 5})
        made = log([*easy, *hard] if i % 2 else [], scores, model=f"hf/EleutherAI/pythia-{size}")
        (tmp_path / f"{size}.json").write_text(json.dumps(made))
    found = curves_of(gather(tmp_path).scores)
    curves = {c.metric: c for c in found.curves if c.metric in ("easy", "hard")}
    assert [len(c.scale) for c in found.curves if c.metric in curves] == [4, 4]
    assert {c.direction for c in curves.values()} == {"higher"}
    for path in tmp_path.iterdir():  # and nobody knows of results alone
        path.write_text(json.dumps({**json.loads(path.read_text()), "samples": []}))
    bare = curves_of(gather(tmp_path).scores)
    assert [c.metric for c in bare.curves] == ["easy", "hard"]
    assert any("--direction easy=" in note for note in bare.undirected)


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


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"invalidation": {"reason": "?"}}, "invalid"),
        ({"error": {"message": "?"}, "scores": {}}, "6 of 6 samples ended with an error"),
    ],
)
def test_of_a_log_without_a_usable_sample_nothing_counts(reading, more, told):
    made = [{**sample(i, "C", metadata={"level": "easy"}), **more} for i in range(6)]
    metrics = {
        "accuracy": 1.0,
        "own": 0.1,
        "easy": {"name": "easy", "value": 1.0, "params": grouped()},
    }
    found = reading(log(made, [score(metrics=metrics)]))
    assert (len(found.scores), len(found.records)) == (0, 0)
    assert any(told in note for note in found.notes)
    (note,) = [note for note in found.notes if "none of 6 samples can be used" in note]
    for name in ("accuracy (match)", "own (match)", "accuracy (match, level=easy)"):
        assert name in note
    # One that can be used is enough for what counts all of them.
    one = reading(log([*made, sample(6, "C")], [score(metrics=metrics)]))
    assert {"own"} <= set(one.scores["metric"])


def test_some_invalid_and_the_others_errors_are_none_that_can_be_used(reading):
    made = [
        {**sample(0, "C"), "invalidation": {"reason": "?"}},
        {**sample(1, "C"), "scores": {}, "error": {"message": "?"}},
    ]
    found = reading(log(made, [score(metrics={"own": 0.1})]))
    assert len(found.scores) == 0


@pytest.mark.parametrize(
    ("results", "more", "left"),
    [
        ({"total_samples": 6, "completed_samples": 0}, {}, True),
        (
            {"total_samples": 6, "completed_samples": 0},
            {"scored_samples": 6},
            False,
        ),  # all the same
        ({"total_samples": 6, "completed_samples": 1}, {}, False),
        ({"total_samples": 6}, {}, False),
    ],
)
def test_results_of_samples_that_all_ended_with_an_error_do_not_count(reading, results, more, left):
    found = reading(log([], [score(metrics={"own": 0.1}, **more)], results=results))
    assert (len(found.scores) == 0) == left
    assert any("is left out (own (match))" in note for note in found.notes) == left


@pytest.mark.parametrize(
    ("made", "scores", "stays"),
    [
        ([sample(0, [1, 0])], [score(metrics={"mean": 0.5})], True),
        ([sample(0, [1, 0])], [score(metrics={"mean": None})], False),
        ([sample(0, [1, 0])], [score("other", {"mean": 0.5})], False),
        ([sample(0, [1, 0])], [], False),
        ([sample(0, [1, 0], invalidation={"reason": "?"})], [score(metrics={"mean": 0.5})], False),
    ],
)
def test_what_the_log_reports_of_lists_stays_where_it_reports_something(
    reading, made, scores, stays
):
    (note,) = [note for note in reading(log(made, scores)).notes if "lists of values" in note]
    assert ("what the log reports of them stays" in note) == stays


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
