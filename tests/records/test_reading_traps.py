"""Every known trap of files of evaluation results (TRAPS.md, by its numbers)."""

from __future__ import annotations

import json
import math
import re

import pytest
from results import NEW, OLD, answer, choice
from written import writer

from mirage_utils import FieldError
from mirage_utils import records as rec
from mirage_utils.evidence import curve_of, curves_of
from mirage_utils.evidence.emergence import emergence_score
from mirage_utils.records import read
from mirage_utils.records.gathering import gather
from mirage_utils.records.identity import resolve


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "file.json")


def test_trap_1_odd_curves_get_their_score_and_a_reason(write):
    """Flat steps, ties and three sizes: chapter 8 explains them, the file's curves show them."""
    shapes = {"infinite": [0, 0, 0, 0, 1], "tied": [1, 0, 0.5, 0, 1], "three": [0.1, 0.2, 0.9]}
    rows = [((i + 1) * 1e6, t, "acc", y) for t, ys in shapes.items() for i, y in enumerate(ys)]
    table = "params,task,metric,score\n" + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in rows)
    found = {c.task: emergence_score(c) for c in curves_of(read(write(table)).scores).curves}
    assert found["infinite"].value == math.inf
    assert "3 of the 4 steps" in found["infinite"].explanation
    assert "sign undecided" in found["tied"].explanation
    assert 1.5 <= found["three"].value <= 2


def test_trap_2_missing_values_and_texts_in_the_place_of_numbers(write):
    table = "model,task,metric,score\ngpt2,a,accuracy,-100\ngpt2,b,accuracy,0.5\n"
    found = read(write(table))
    assert found.scores["task"].tolist() == ["b"]
    assert "(--missing NUMBER): line 2 ('-100')" in found.notes[0]
    found = read(write(table), missing=[-100])
    assert found.scores["task"].tolist() == ["b"]
    assert found.notes[0].startswith(
        "1 row left out, a number that stands for a missing score: line 2"
    )
    document = json.loads(json.dumps(NEW))
    document["results"]["mmlu_law"]["acc,none"] = math.nan
    document["results"]["gsm8k"]["f1,none"] = "N/A"
    found = read(write(document))
    assert len(found.scores) == 4
    assert any("mmlu_law acc,none is nan and no score" in n for n in found.notes)
    assert any("gsm8k f1,none is 'N/A' and no score" in n for n in found.notes)


def test_trap_2_scores_in_per_cent_are_read_as_they_stand_or_as_told(write):
    """One file cannot tell 0.4 per cent from 40: the files of a family together do, when they are gathered."""
    scores = read(write(OLD)).scores
    squad = scores[scores["task"] == "squad2"]
    assert squad["score"].tolist() == [0.4, 6.6, 50.1]
    table = "model,task,metric,score\ngpt2,a,accuracy,45\ngpt2-xl,a,accuracy,0.9\n"
    assert gather(write(table), percent=["accuracy"]).scores["score"].tolist() == pytest.approx(
        [0.45, 0.009]
    )


def test_trap_3_stringified_config_and_colons_in_names(write):
    document = {**OLD, "config": str({"model_args": "pretrained=org/my:model", "num_fewshot": 3})}
    found = read(write(document), params={"org/my:model": 2e9})
    assert set(found.scores["model"]) == {"org/my:model"}
    assert set(found.scores["shots"]) == {3}
    assert set(found.scores["params"]) == {2e9}
    hostile = {**OLD, "config": "{" * 5000 + "}"}
    assert set(read(write(hostile)).scores["model"]) == {""}
    code = {**OLD, "config": "{'model_args': __import__('os').getcwd()}"}
    assert set(read(write(code)).scores["model"]) == {""}


def test_trap_3_a_metric_that_is_no_number_is_left_out_and_said(write):
    rows = [choice(i, [-1.0, -2.0], 1, f1=f"tc_{i}") for i in range(3)]
    found = read(write(rows))
    assert found.scores["metric"].tolist() == ["acc"]
    assert any(n.startswith("f1 is no number in 3 records (line 1: 'tc_0')") for n in found.notes)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pythia-19m", "70m"), ("pythia-125m", "160m"), ("pythia-350m", "410m"), ("pythia-800m", "1b"),
        ("pythia-1.3b", "1.4b"), ("pythia-2.7b", "2.8b"), ("pythia-6.7b", "6.9b"), ("pythia-13b", "12b"),
    ],
)  # fmt: skip
def test_trap_4_pythia_was_renamed(old, new):
    assert resolve(f"EleutherAI/{old}") == resolve(f"EleutherAI/pythia-{new}")


def test_trap_4_names_are_looked_up_and_never_guessed():
    for name in (
        "EleutherAI/pythia-v1.1-1b-bf16", "/data/models/EleutherAI/pythia-1b-deduped",
        "__data__models__EleutherAI__pythia-1b", "pythia-1b-v0",
    ):  # fmt: skip
        model = resolve(name)
        assert (model.params, model.non_embedding, model.exact) == (
            1_011_781_632,
            805_736_448,
            True,
        )
    assert math.isnan(resolve("EleutherAI/pythia-1b@step1000").train_flops)
    for name in ("my-7b", "opt-125m-instruct", "Meta-Llama-3.1-8B-Instruct", "pythia-7b"):
        with pytest.raises(rec.UnknownModelError, match="a size given by you"):
            resolve(name)
    for name in ("text-ada-001", "davinci", "gpt-4o"):
        with pytest.raises(rec.UnknownModelError, match="its maker never published it"):
            resolve(name)


def test_trap_4_an_unknown_size_is_asked_for(write):
    path = write("model,task,metric,score\nmy-7b,t,accuracy,0.5\n")
    found = read(path)
    assert found.unknown_models == ("my-7b",)
    assert any("size not known: my-7b" in n for n in found.notes)
    made = curves_of(found.scores)
    assert made.curves == ()
    assert made.notes == (
        "no size is known: 1 score on no curve, --params NAME=SIZE gives one: my-7b",
    )
    assert read(path, params={"my-7b": 7e9}).scores["params"].tolist() == [7e9]
    with pytest.raises(FieldError, match=r"^params\['my-7b'\] = -1: expected a finite number > 0"):
        read(path, params={"my-7b": -1})


def test_trap_5_lower_is_better(write):
    table = "params,task,metric,score\n" + "".join(
        f"1e6,t,{m},0.5\n" for m in ("ppl", "brier_score", "edit_distance", "bpb", "loss", "acc")
    )
    found = {c.metric: c.direction for c in curves_of(read(write(table)).scores).curves}
    assert found.pop("acc") == "higher"
    assert set(found.values()) == {"lower"}


def test_trap_6_unequal_items_show_in_n(write):
    table = "params,task,metric,score,n\n1e6,lambada,acc,0.5,4000\n2e6,lambada,acc,0.6,5153\n"
    assert curve_of(read(write(table)).scores).n.tolist() == [4000, 5153]


def test_two_models_of_one_size_are_not_joined_to_a_curve(write):
    table = "model,family,params,task,metric,score\na,F,1e6,t,acc,0.5\nb,F,1e6,t,acc,0.6\n"
    made = curves_of(read(write(table)).scores)
    assert made.curves == ()
    assert made.notes[0].startswith("no curve for two networks of one size, a, b (1e+06)")


def test_a_run_read_twice_is_not_two_points_and_samples_do_not_repeat_their_average(
    write, tmp_path
):
    write(NEW, "run/results_2026-01-01T00-00-00.5.json")
    write(
        [answer(i, "7", exact_match=1.0) for i in range(2)],
        "run/samples_gsm8k_2026-01-01T00-00-00.5.jsonl",
    )
    write(
        [answer(i, "7", exact_match=1.0) for i in range(2)],
        "run/samples_other_2026-01-01T00-00-00.5.jsonl",
    )
    scores = gather(tmp_path / "run").scores
    scores = scores[scores["graded"] == "file"]
    assert scores.groupby("task").size().to_dict() == {
        "gsm8k": 3,
        "mmlu": 1,
        "mmlu_law": 2,
        "other": 1,
    }
    write({**NEW, "date": 2.0}, "run/results_2026-01-02T00-00-00.5.json")
    made = curves_of(gather(tmp_path / "run").scores)
    assert {c.n_runs.max() for c in made.curves if c.task == "mmlu_law"} == {2}
    (note,) = [note for note in made.notes if "mmlu_law" in note]
    assert re.search(
        r"2 runs of .* averaged \(.*results_2026-01-01.*results_2026-01-02.*--keep", note
    )


def test_a_checkpoint_is_another_model(write):
    document = {
        **OLD,
        "config": {"model_args": "pretrained=EleutherAI/pythia-70m,revision=step1000"},
    }
    scores = read(write(document)).scores
    assert set(scores["model"]) == {"EleutherAI/pythia-70m@step1000"}
    assert set(scores["params"]) == {70_426_624}
    assert scores["train_flops"].isna().all()
