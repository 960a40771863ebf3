"""Files of lm-evaluation-harness: what people's files hold beside the usual.

``files/lm_eval_0.4.13`` was written by the program itself: its model "dummy", which answers at random, on
four toy tasks (choices with and without the question, answers under two filters, words, whole texts).
"""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from conftest import ROOT
from harness_files import (
    STAMP,
    answer,
    first_metric,
    read_or_refused,
    results,
    said,
    samples_of,
    values,
)
from written import writer

from mirage_utils.records import EvalFileError, gather, read

OWN = ROOT / "tests" / "files" / "lm_eval_0.4.13" / "toy__dummy-1m"


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "results.json", lines=True)


# -- what the program itself writes today ----------------------------------------------------------


def test_the_programs_own_log_of_today():
    path = next(OWN.glob("results_*.json"))
    raw = json.loads(path.read_text())
    found = read(path, params={"toy/dummy-1m": 1e6})
    assert (found.version, found.time) == ("0.4.13", path.stem.removeprefix("results_"))
    assert len(found.scores) == 11
    for row in found.scores.itertuples():
        key = f"{row.metric},{row.setting or 'none'}"
        assert row.score == raw["results"][row.task][key]
        error = (
            raw["results"][row.task][key.replace(",", "_stderr,")] if key != "acc,none" else None
        )
        assert error in (None, "N/A") or row.stderr == error
        assert row.direction == (
            "higher" if raw["higher_is_better"][row.task][row.metric] else "lower"
        )
    assert found.scores.loc[found.scores["is_group"], "task"].tolist() == ["toy"]
    assert set(found.scores["n"]) == {3.0, 6.0}  # of the items that were evaluated, not of all four
    assert said(found, "limit 3.0")
    assert said(found, "averages over groups", "toy")


def test_the_programs_own_samples_give_its_own_scores():
    scores = read(next(OWN.glob("results_*.json"))).scores.set_index(["task", "metric", "setting"])
    runs = set()
    for path in OWN.glob("samples_*.jsonl"):
        found = read(path)
        runs |= set(found.records["run"])
        assert set(found.records["model"]) == {"toy/dummy-1m"}
        assert set(found.records["shots"]) == {0.0}
        for row in found.scores.itertuples():
            reported = scores.loc[(row.task, row.metric, row.setting)]
            assert (row.score, row.n) == pytest.approx((reported["score"], reported["n"]))
        assert not {"perplexity", "word_perplexity"} & set(found.records["metric"].astype(str))
    assert runs == {str(p) for p in OWN.glob("results_*.json")}


def test_the_choices_of_the_programs_own_log_are_the_first_half():
    """Its Brier score is that of the log-likelihoods that are read: it was computed by the program."""
    found = read(next(OWN.glob("samples_toy_choice_*")))
    once = first_metric(found.records)
    logs = np.array([list(x) for x in once["logprobs"]])
    mass = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    outcome = np.eye(3)[once["target"].astype(int)]
    reported = read(next(OWN.glob("results_*.json"))).scores.set_index("metric")["score"]
    assert ((mass - outcome) ** 2).sum(axis=1).mean() == pytest.approx(reported["brier_score"])
    assert set(once["logprobs_of"]) == {"choices"}


# -- one field that is wrong costs that field -----------------------------------------------------------


@pytest.mark.parametrize("size", [-1, 0, 2.5, "big", True, [1], 1e40, math.nan])
def test_a_number_of_parameters_that_is_none(write, size):
    found = read(write(results(config__model_num_parameters=size)))
    assert set(found.scores["params"]) == {1_011_781_632}  # of the table: the name is known
    assert said(found, "model_num_parameters", "no number of parameters")
    named = results(config__model_num_parameters=size, model_name="mine")
    assert read(write(named)).unknown_models == ("mine",)


@pytest.mark.parametrize(
    "value", [None, math.nan, math.inf, -math.inf, {"a": 1}, [0.5], "N/A", "0.5"]
)
def test_a_metric_that_is_no_number(write, value):
    found = read(write(results(**{"results__sums__acc,none": value})))
    assert found.scores["metric"].tolist() == ["exact_match", "perplexity"]
    assert said(found, "sums acc,none", "no score: left out")


def test_a_task_that_is_no_object_and_the_metric_that_stands_for_none(write):
    found = read(write(results(results__words=3, **{"results__sums__bypass,none": 999})))
    assert found.scores["metric"].tolist() == ["acc", "exact_match"]
    assert said(found, "words: expected an object of scores, found 3")
    assert said(found, "sums bypass,none is 999")
    with pytest.raises(EvalFileError, match=r"no task has a score \(words: expected an object"):
        read(write(results(results={"words": 3})))


@pytest.mark.parametrize(
    ("said_n", "limit", "n"),
    [(40.0, 0.1, 40), (0.1, 0.1, 4), (0.1, 0.2, None), (-3, None, None), (2.5, None, None), ("7", None, None)],
)  # fmt: skip
def test_the_number_of_items(write, said_n, limit, n):
    counts = {"original": 40, "effective": said_n}
    found = read(write(results(config__limit=limit, **{"n-samples__sums": counts})))
    assert values(found.scores["n"]) == [n, n, 9]
    assert said(found, "n-samples of sums") == (said_n != 40.0)
    assert said(found, f"limit {limit}") == (limit is not None)


@pytest.mark.parametrize(
    ("limit", "n"), [(40, 40), (3.0, 3), (None, None), (0.1, None), (-1, None), ("40", None)]
)
def test_a_whole_limit_is_the_number_of_items_where_the_file_has_no_other(write, limit, n):
    document = results(config__limit=limit, group_subtasks={"sums": ["a"], "words": []})
    del document["n-samples"]
    found = read(write(document))
    # A group's average is over the items of all its tasks.
    assert values(found.scores["n"]) == [None, None, n]
    assert said(found, f"limit {limit}", "taken for the number of items") == (n is not None)
    told = results(config__limit=limit)
    assert values(read(write(told)).scores["n"]) == [20, 20, 9]


@pytest.mark.parametrize("shots", [-1, 2.5, "five", [5], True])
def test_a_number_of_examples_that_is_none(write, shots):
    found = read(write(results(**{"n-shot__sums": shots})))
    assert values(found.scores["shots"]) == [None, None, 0]
    assert said(found, "n-shot of sums", "no number of examples")


def test_minus_one_of_a_length_that_no_document_has_is_no_score(write):
    ruler = {"4096,none": 0.5, "4096_stderr,none": "N/A", "131072,none": -1, "mcc,none": -1.0}
    found = read(write(results(results={"niah": ruler})))
    assert found.scores[["metric", "score"]].to_numpy().tolist() == [["4096", 0.5], ["mcc", -1.0]]
    assert said(found, "niah 131072,none is -1 and no score")
    rows = [
        answer(i, "x", "y", metrics=["4096", "8192"], **{"4096": a, "8192": b})
        for i, (a, b) in enumerate([(1.0, -1), (0.5, -1), (-1, 0.25)])
    ]
    found = samples_of(write, rows)
    assert found.scores[["metric", "score", "n"]].to_numpy().tolist() == [
        ["4096", 0.75, 2.0], ["8192", 0.25, 1.0],
    ]  # fmt: skip
    assert said(found, "8192 is -1, which stands for no score, in 2 records")


RULER = {"results": {"niah": {"4096,none": 0.75, "8192,none": -1}}, "higher_is_better": {}}


@pytest.mark.parametrize(
    ("more", "direction"),
    [
        ({}, ""),
        ({"configs": {"niah": {"metric_list": [{"metric": "4096", "higher_is_better": True}, 5, {"metric": [1]}]}}}, "higher"),
        ({"configs": {"niah": {"metric_list": [{"metric": "4096", "higher_is_better": False}]}}}, "lower"),
        ({"configs": {"niah": {"metric_list": 3}}}, ""),
    ],
)  # fmt: skip
def test_the_tasks_own_configuration_says_which_scores_are_good(write, more, direction):
    assert read(write(results(**RULER, **more))).scores["direction"].tolist() == [direction]


@pytest.mark.parametrize(
    ("doc", "scores", "direction"),
    [
        ({}, {"4096": 1.0, "8192": -1}, "higher"),  # of the length that was tested, and of none
        ({"max_length": 4096, "outputs": ["y"]}, {"4096": 1.0}, "higher"),
        ({}, {"4096": 1.0}, ""),  # a number as a name says nothing
        ({"max_length": 512}, {"4096": 1.0}, ""),
    ],
)
def test_rulers_samples_say_which_scores_of_a_length_are_good(write, doc, scores, direction):
    rows = [answer(i, "x", "y", doc=doc, metrics=list(scores), **scores) for i in range(3)]
    samples = write(rows, f"samples_niah_{STAMP}.jsonl")
    path = write(results(**RULER), f"results_{STAMP}.json")
    assert set(read(samples).scores["direction"]) == {direction}
    assert read(path).scores["direction"].tolist() == [""]
    found = gather(samples.parent).scores
    assert set(found.loc[found["metric"] == "4096", "direction"]) == {direction}


# -- networks, conditions, runs --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "name", "network"),
    [
        ("pretrained=a/b-1b,revision=step1000", "a/b-1b", "a/b-1b@step1000"),
        ("pretrained=a/b-1b,revision=main", "a/b-1b", "a/b-1b"),
        # The program names the adapter, and not its base.
        ("pretrained=a/b-1b,peft=me/lora", "me/lora", "a/b-1b + me/lora"),
        ({"pretrained": "a/b-1b", "peft": "me/lora"}, None, "a/b-1b + me/lora"),
        ('{"pretrained": "a/b-1b", "load_in_4bit": true}', "a/b-1b", "a/b-1b (load_in_4bit=True)"),
        ("pretrained=./out/b-1b/checkpoint-10", "./out/b-1b/checkpoint-10", "./out/b-1b/checkpoint-10"),
        ("model=gpt-x,base_url=http://localhost", None, "gpt-x"),
        ({}, "q3x7", "q3x7"),
    ],
)  # fmt: skip
def test_the_name_says_what_answered(write, arguments, name, network):
    document = results(config__model_args=arguments, model_name=name)
    assert set(read(write(document)).scores["model"]) == {network}


def test_a_chat_template_and_a_filter_are_conditions(write):
    document = results(chat_template="{{ messages }}", system_instruction="Be brief.")
    path = write(document, f"results_{STAMP}.json")
    settings = read(path).scores["setting"].tolist()
    assert settings == [
        "chat template, system instruction", "strict, chat template, system instruction",
        "chat template, system instruction",
    ]  # fmt: skip
    rows = [answer(0, "1", "2", filter="strict")]
    assert set(read(write(rows, f"samples_sums_{STAMP}.jsonl")).records["setting"]) == {settings[1]}


def test_samples_take_from_their_results_what_they_do_not_say(write):
    better = {"sums": {"acc": True, "exact_match": False}}
    path = write(results(higher_is_better=better), f"run/results_{STAMP}.json")
    write(results(**{"n-shot__sums": 0}), "run/results_2026-02-02T00-00-00.5.json")
    found = read(write([answer(0, "1", "2")], f"run/samples_sums_{STAMP}.jsonl"))
    (row,) = found.records.to_dict("records")
    assert (row["model"], row["params"], row["shots"]) == ("EleutherAI/pythia-1b", 1_011_781_632, 5)
    assert (row["run"], row["direction"], found.time) == (str(path), "lower", STAMP)
    assert set(read(path).scores["run"]) == {str(path)}


def test_results_of_another_run_say_less(write):
    other = write(results(), "run/results_2026-02-02T00-00-00.5.json")
    path = write([answer(0, "1", "2")], f"run/samples_sums_{STAMP}.jsonl")
    found = read(path)
    assert set(found.records["model"]) == {"EleutherAI/pythia-1b"}
    assert found.records["shots"].isna().all()
    assert set(found.records["run"]) == {str(path)}
    assert said(found, "no results file of its time", other.name)
    write(results(model_name="other"), "run/results_2026-03-03T00-00-00.5.json")
    found = read(path)
    assert set(found.records["model"]) == {""}
    assert said(found, "2 results files beside it and none of its time", "--model NAME")
    bare = write([answer(0, "1", "2")], "alone/samples_sums.jsonl")
    assert set(read(bare).records["run"]) == {str(bare)}


def test_the_only_results_file_will_do_where_names_have_no_time(write):
    write(results(), "run/results.json")
    assert set(read(write([answer(0, "1", "2")], "run/samples_sums.jsonl")).records["shots"]) == {5}
    unknown = read(write([answer(0, "1", "2")], "run/samples_else.jsonl"))
    assert set(unknown.records["model"]) == {""}


def test_files_of_lighteval_are_not_the_harnesss(write):
    lighteval = {
        "config_general": {"model_name": "gpt2", "lighteval_sha": "x"},
        "results": {"lighteval|gsm8k|5": {"em": 0.5, "em_stderr": 0.1}},
        "versions": {"lighteval|gsm8k|5": 0}, "config_tasks": {}, "summary_tasks": {},
    }  # fmt: skip
    found = read_or_refused(write(lighteval))
    assert isinstance(found, EvalFileError) or not found.format.startswith("lm-evaluation-harness")
    old = {"config_general": {"model_name": "gpt2"}, "versions": {"harness|arc:challenge|25": 0}}
    found = read(write({**old, "results": {"harness|arc:challenge|25": {"acc": 0.2}}}))
    assert found.scores["score"].tolist() == [0.2]
