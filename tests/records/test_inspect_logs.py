"""Inspect's logs: which network, condition, run, item and epoch."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from backports.zstd import zipfile
from inspect_files import FILES, log, means, opened, rows, sample, score

from mirage_utils.records import read


@pytest.fixture
def reading(tmp_path):
    def of(content):
        path = tmp_path / "log.json"
        path.write_text(json.dumps(content))
        return read(path)

    return of


# -- what Inspect itself writes -----------------------------------------------------------------------


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
