"""Files of lm-evaluation-harness: what people's files hold beside the usual.

``files/lm_eval_0.4.13`` was written by the program itself: its model "dummy", which answers at random, on
four toy tasks (choices with and without the question, answers under two filters, words, whole texts).
"""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_utils.records import EvalFileError, gather, read, stream
from mirage_utils.records.formats.lm_eval_choices import RightChoices, conditional

OWN = ROOT / "tests" / "files" / "lm_eval_0.4.13" / "toy__dummy-1m"
STAMP = "2026-01-01T00-00-00.5"
RESULTS = {
    "results": {
        "sums": {"alias": "sums", "acc,none": 0.5, "acc_stderr,none": 0.1, "exact_match,strict": 0.25},
        "words": {"alias": "words", "perplexity,none": 20.0, "perplexity_stderr,none": "N/A"},
    },
    "group_subtasks": {"sums": [], "words": []},
    "versions": {"sums": 1, "words": 1},
    "n-shot": {"sums": 5, "words": 0},
    "higher_is_better": {"sums": {"acc": True, "exact_match": True}, "words": {"perplexity": False}},
    "n-samples": {"sums": {"original": 40, "effective": 20}, "words": {"original": 9, "effective": 9}},
    "config": {
        "model": "hf", "model_args": "pretrained=EleutherAI/pythia-1b,dtype=float16",
        "model_num_parameters": 1_011_781_632, "limit": None,
    },
    "date": 1_746_000_000.0,
    "lm_eval_version": "0.4.9",
    "model_name": "EleutherAI/pythia-1b",
}  # fmt: skip


def results(**changes):
    """A results file with other fields: `a__b=1` is the field b of a."""
    document = json.loads(json.dumps(RESULTS))
    for way, value in changes.items():
        *keys, last = way.split("__")
        inside = document
        for key in keys:
            inside = inside[key]
        inside[last] = value
    return document


def choices(doc_id, logprobs, target, *, texts=None, **more):
    """A line of a task of choices, as the program writes it today."""
    pairs = [[str(x), "False"] for x in logprobs]
    texts = texts or [f" text {i}" for i in range(len(pairs))]
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": str(target),
        "arguments": {f"gen_args_{i}": {"arg_0": "Q:", "arg_1": t} for i, t in enumerate(texts)},
        "resps": [[p] for p in pairs], "filtered_resps": pairs, "filter": "none",
        "metrics": [k for k in more if k not in ("doc", "arguments")], **more,
    }  # fmt: skip


def answer(doc_id, output, target, **more):
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": target,
        "arguments": {"gen_args_0": {"arg_0": "Q:", "arg_1": {"until": ["\n"]}}}, "resps": [[output]],
        "filtered_resps": [output], "filter": "none", "metrics": ["exact_match"], "exact_match": 0.0,
        **more,
    }  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def put(content, name="results.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = content if isinstance(content, list) else [content]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return put


def samples_of(write, rows, task="toy"):
    return read(write(rows, f"samples_{task}_{STAMP}.jsonl"), model="m", params={"m": 1e9})


def first_metric(records):
    return records[records["metric"].astype(str) == str(records["metric"].iloc[0])]


def said(found, *words):
    """Whether one note has all of some words."""
    return any(all(word in note for word in words) for note in found.notes)


def read_or_refused(path, **options):
    """What stands in a file, or the error that names it."""
    try:
        return read(path, **options)
    except EvalFileError as error:
        if not str(error).startswith(str(path)):
            raise
        return error


def values(column):
    return [None if pd.isna(value) else value for value in column]


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


# -- what is no answer is not graded anew ------------------------------------------------------------------


def test_a_log_likelihood_is_no_perplexity(write):
    rows = [
        {**choices(i, [-x], "word", perplexity=-x, acc=i % 2), "target": " word"}
        for i, x in enumerate([3.5, 0.5, 2.0])
    ]
    found = samples_of(write, rows)
    assert found.scores["metric"].tolist() == ["acc"]
    assert said(found, "perplexity of an item is a log-likelihood", "3 records")
    assert not said(found, "results file")
    assert set(found.records["logprobs_of"]) == {"answer"}
    assert [list(x) for x in found.records["logprobs"]] == [[-3.5], [-0.5], [-2.0]]
    rolling = [
        {**answer(i, "-9.5", "a text", metrics=["word_perplexity"]), "word_perplexity": [-9.5, 2]}
        for i in range(2)
    ]
    found = samples_of(write, rolling)
    assert found.records["output"].isna().all()
    assert found.records["logprobs"].isna().all()


@pytest.mark.parametrize(
    ("entries", "has"),
    [
        ({"perplexity,none": 20.0}, True), ({"perplexity,none": "N/A"}, False), ({"acc,none": 0.5}, False),
        ({"perplexity_stderr,none": 1.0, "acc,none": 0.5}, False), (3, False),
    ],
)  # fmt: skip
def test_the_results_file_is_pointed_to_where_it_has_the_score(write, entries, has):
    write(results(results={"toy": entries, "sums": {"acc,none": 0.5}}), f"results_{STAMP}.json")
    found = samples_of(write, [{**choices(0, [-1], "w", perplexity=-1.0), "target": "w"}])
    assert said(found, "perplexity of an item is a log-likelihood")
    assert said(found, "the results file has the score") == has


def test_the_results_of_another_time_have_not_the_score_of_these_samples(write):
    write(results(results={"toy": {"perplexity,none": 20.0}}), "results_2026-02-02T00-00-00.5.json")
    found = samples_of(write, [{**choices(0, [-1], "w", perplexity=-1.0), "target": "w"}])
    assert said(found, "perplexity of an item is a log-likelihood")
    assert not said(found, "has the score")


def test_only_the_choices_given_the_question_are_choices(write):
    rows = [
        choices(i, [-1, -2, -3, -9, -0.5, -0.1], i, acc=float(i == 0), acc_mutual_info=0.0, doc={"choices": ["x", "y", "z"]})
        for i in range(3)
    ]  # fmt: skip
    records = first_metric(samples_of(write, rows).records)
    assert [list(x) for x in records["logprobs"]] == [[-1, -2, -3]] * 3
    assert records["output"].tolist() == ["0", "0", "0"]
    assert records["target"].tolist() == ["0", "1", "2"]
    asked = [("Q:", " x"), ("Q:", " y"), ("", " x"), ("", " y")]
    arguments = {f"gen_args_{i}": {"arg_0": a, "arg_1": b} for i, (a, b) in enumerate(asked)}
    assert conditional({"arguments": arguments}, 4) == 2
    assert conditional({"arguments": [list(pair) for pair in asked]}, 4) == 2
    assert conditional({"arguments": [["", f" {i}"] for i in range(4)]}, 4) == 4
    assert conditional({"acc_mutual_info": 1.0, "doc": {"choices": list("wxyz")}}, 4) == 4


ABC = [" (A)", " (B)", " (C)"]
PEAKS = [[-1, -2, -3], [-2, -1, -3], [-3, -2, -1], [-1, -3, -2]]


@pytest.mark.parametrize(
    ("targets", "texts", "index"),
    [
        (["(A)", "(B)", "(A)", "(C)"], ABC, [0, 1, 0, 2]),
        (["A", "B", "A", "C"], [" owl", " crow", " jay"], [0, 1, 0, 2]),
        ([" jay", "crow", "owl", "owl"], [" owl", " crow", " jay"], [2, 1, 0, 0]),
        (["0", "1", "0", "2"], [" owl", " crow", " jay"], [0, 1, 0, 2]),
        # Choices that are numbers: "2" is the first of them, and no index.
        (["2", "0", "2", "1"], [" 2", " 0", " 1"], [0, 1, 0, 2]),
    ],
)
@pytest.mark.parametrize("graded", ["acc", "acc_norm"])
def test_a_target_that_is_text_is_the_choice_it_names(write, targets, texts, index, graded):
    rows = [
        choices(i, logs, target, texts=texts, **{graded: float(logs.index(-1) == at)})
        for i, (logs, target, at) in enumerate(zip(PEAKS, targets, index, strict=True))
    ]
    if graded == "acc_norm" and len({len(t) for t in texts}) > 1:
        for row, logs, at in zip(rows, PEAKS, index, strict=True):
            by_length = [x / (len(t) - 1) for x, t in zip(logs, texts, strict=True)]
            row["acc_norm"] = float(by_length.index(max(by_length)) == at)
    records = samples_of(write, rows).records
    assert records["target"].tolist() == [str(i) for i in index]
    assert records["output"].tolist() == ["0", "1", "2", "0"]


def test_what_a_target_means_is_not_guessed(write):
    wrong = [choices(i, logs, 0, acc=float(logs[0] != -1)) for i, logs in enumerate(PEAKS)]
    found = samples_of(write, wrong)  # the program's grades say that the right choice is another
    assert found.records["target"].isna().all()
    assert found.records["output"].isna().all()
    assert said(found, "target is not certainly one of the choices in 4 records (line 1: '0')")
    assert found.scores["score"].tolist() == [0.5]
    numbers = [{"target": "2", "arguments": [["Q:", f" {i}"] for i in (2, 0, 1)]}]
    assert RightChoices()(numbers, [[-1, -2, -3]]) == [None]  # two readings, and no grade
    same = [{"target": "2", "arguments": [["Q:", f" {i}"] for i in (0, 1, 2)]}]
    assert RightChoices()(same, [[-1, -2, -3]]) == [2]
    of_several = [choices(i, logs, "[0, 2]", acc=1.0) for i, logs in enumerate(PEAKS)]
    assert samples_of(write, of_several).records["target"].isna().all()
    mass = [choices(i, logs, 0, acc=0.75) for i, logs in enumerate(PEAKS)]  # several right ones
    assert samples_of(write, mass).records["target"].isna().all()


def test_the_documents_own_index_counts_where_the_grades_agree():
    rows = [{"target": "yes", "doc": {"label": i}, "acc": 1.0} for i in (0, 1)]
    assert RightChoices()(rows, [[-1, -2], [-2, -1]]) == [0, 1]
    assert RightChoices()(rows, [[-2, -1], [-1, -2]]) == [None, None]
    assert RightChoices()([{**r, "acc": None} for r in rows], [[-1, -2], [-2, -1]]) == [None, None]


def test_a_worked_solution_is_no_answer(write):
    steps = "Ada has 3 pens.\nShe gets 15 more: 3 + 15 = <<3+15=18>>18\n#### 18"
    found = samples_of(write, [answer(0, "18", steps, exact_match=1.0)])
    assert found.records["target"].tolist() == ["18"]
    assert said(found, "worked solution in 1 records", "####")
    boxed = r"The denominator is zero three times. Therefore, there are $\boxed{3}$ of them."
    several = [answer(1, "Lyon", "['Paris', 'paris']"), answer(2, "x", ["a", "b"])]
    found = samples_of(write, [answer(0, "3", boxed), *several, answer(3, "[1, 2]", "[1, 2]")])
    assert values(found.records["target"]) == [None, None, None, "[1, 2]"]
    assert said(found, "worked solution, and no answer, in 1 records")
    assert said(found, "several right answers in 2 records")


def test_answers_under_several_filters_and_several_answers(write):
    rows = [
        answer(i, out, "7", filter=name)
        for name, out in (("strict", "7"), ("flexible", "8"))
        for i in range(2)
    ]
    assert samples_of(write, rows).records["setting"].tolist() == ["strict"] * 2 + ["flexible"] * 2
    found = samples_of(write, [answer(0, ["7", "8", "9"], "7")])
    assert found.records["output"].tolist() == ["7"]
    assert said(found, "3 answers an item")


def test_notes_count_a_file_and_not_its_batches(write):
    path = write([answer(i, "x", "y", f1=[1, 2]) for i in range(5)], "samples_toy.jsonl")
    for row in (rows := [json.loads(line) for line in path.read_text().splitlines()]):
        row["metrics"].append("f1")
    write(rows, "samples_toy.jsonl")
    parts = list(stream(path, batch=2, model="gpt2"))
    assert [len(p.records) for p in parts] == [2, 2, 1]
    assert [p.notes for p in parts[:2]] == [(), ()]
    assert said(parts[2], "f1 is no number in 5 records (line 1: [1, 2])")


# -- anything at all -------------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=200, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["[1]", "['a', 'b']", "#### 3", "(A)", "-1", "True", "nan", -1, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def places(value, here=()):
    """Every place in a JSON value."""
    yield here
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inside:
        yield from places(item, (*here, key))


def replaced(document, way, value):
    changed = json.loads(json.dumps(document))
    inside = changed
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = value
    return changed


@FUZZ
@given(data=st.data())
def test_any_value_in_any_place_of_results(tmp_path, data):
    way = data.draw(st.sampled_from([p for p in places(RESULTS) if p]))
    changed = replaced(RESULTS, way, data.draw(anything))
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    path = folder / f"results_{STAMP}.json"
    path.write_text(json.dumps(changed))
    (folder / f"samples_sums_{STAMP}.jsonl").write_text(json.dumps(answer(0, "1", "2")))
    assert len(read(folder / f"samples_sums_{STAMP}.jsonl").records) == 1
    found = read_or_refused(path)
    if isinstance(found, EvalFileError) or not found.format.startswith("lm-evaluation-harness"):
        return
    assert np.isfinite(found.scores["score"].astype(float)).all()
    read_ = {
        (r.task, f"{r.metric},{r.setting.split(', ')[0] or 'none'}")
        for r in found.scores.itertuples()
    }
    for task, entries in changed["results"].items():
        for key in entries if isinstance(entries, dict) else ():
            if "," in key and "_stderr" not in key:
                assert (task, key) in read_ or said(found, task, key, "left out")
        if not isinstance(entries, dict):
            assert said(found, task, "left out")


LINES = [
    choices(1, [-1, -2], 0, acc=1.0, acc_norm=0.0),
    answer(1, "x", "y"),
    choices(1, [-1, -2, -3, -4], 0, acc=1.0, acc_mutual_info=0.0),
    {**choices(1, [-1], "w", perplexity=-1.0, acc=0), "target": "w"},
]


@FUZZ
@given(line=st.sampled_from(LINES), data=st.data())
def test_any_value_in_any_place_of_samples(tmp_path, line, data):
    way = data.draw(st.sampled_from([p for p in places(line) if p]))
    changed = replaced(line, way, data.draw(anything))
    path = tmp_path / "samples_toy.jsonl"
    path.write_text(json.dumps({**line, "doc_id": "first"}) + "\n" + json.dumps(changed) + "\n")
    found = read_or_refused(path, model="gpt2")
    if isinstance(found, EvalFileError):
        return
    records = found.records
    assert records["item"].nunique() == 2
    assert (records["score"].notna() == (records["metric"].astype(str) != "")).all()
    # Every score of both lines is a row, or told of.
    for name in ("acc", "acc_norm", "exact_match"):
        lines = [r for r in (line, changed) if name in r]
        named = [r for r in lines if not isinstance(r.get("metrics"), list) or name in r["metrics"]]
        rows = int((records["metric"].astype(str) == name).sum())
        assert rows == len(named) or said(found, name)
