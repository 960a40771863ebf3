"""Samples of lm-evaluation-harness: what is no answer is not graded anew, and what a target means."""

from __future__ import annotations

import json

import pytest
from harness_files import STAMP, answer, choices, first_metric, results, said, samples_of, values
from written import writer

from mirage_utils.records import stream
from mirage_utils.records.formats.lm_eval_choices import RightChoices, conditional


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "results.json", lines=True)


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
