"""What people and attackers broke who had not written it, kind by kind."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from outsiders import HEAD, RISE, SIZES, ladder, lines
from written import writer

from mirage_utils.errors import FieldError
from mirage_utils.evidence import curves_of
from mirage_utils.records import Options, gather, identity
from mirage_utils.records.identity import Network, families_by_name, network


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "r.csv")


def points(found, metric="accuracy"):
    made = curves_of(found.scores, found.lengths)
    return [c.score.round(6).tolist() for c in made.curves if c.metric == metric]


# -- networks and families -----------------------------------------------------------------------


PARTS = st.text("abcXYZ019-_./", min_size=1).filter(lambda t: t.strip() == t)


@given(PARTS, st.none() | PARTS.filter(lambda t: "/" not in t), st.none() | PARTS, st.booleans())
def test_a_network_has_one_name_which_says_its_parts(base, revision, adapter, quantised):
    name = network(base, {"revision": revision, "peft": adapter, "load_in_4bit": quantised})
    parts = Network.parse(name)
    assert str(parts) == name
    assert parts.base == base
    assert parts.adapter == (adapter or "")


@pytest.mark.parametrize("sign", [True, "True", "true", "1", 1])
def test_one_way_to_say_that_weights_are_quantised(sign):
    assert network("a/b", {"load_in_4bit": sign}) == "a/b (load_in_4bit=True)"


def test_a_name_made_to_harm_takes_no_time():
    name = "x (" + "a=" * 200 + "("
    assert Network.parse(name) == Network(name)


def test_main_is_the_model_itself_and_so_is_pythias_last_step():
    assert identity.resolve("EleutherAI/pythia-70m@step143000").family == "Pythia"
    assert identity.resolve("EleutherAI/pythia-70m@step1000").family == "Pythia @step1000"
    assert network("EleutherAI/pythia-70m", {"revision": "step143000"}) == "EleutherAI/pythia-70m"
    assert np.isnan(identity.resolve("/ckpt/pythia-70m/iter-5").train_flops)


def test_a_model_named_main_joins_the_others(write):
    text = ladder(RISE).replace("owl-1b,", "owl-1b@main,")
    assert points(gather(write(text))) == [list(RISE)]


def test_models_that_are_called_like_a_known_family_belong_to_it(write):
    text = (
        HEAD
        + "meta-llama/Meta-Llama-3.1-8B,,t,acc,0.5,9\nmeta-llama/Llama-3.1-99B,99e9,t,acc,0.9,9\n"
    )
    assert set(gather(write(text)).scores["family"]) == {"Llama-3.1"}


def test_the_part_of_a_name_that_says_the_run_is_taken_out_where_it_stands(write):
    text = "".join(
        ladder([s + k / 100 for s in RISE], model=f"owl-{{}}-{k}").removeprefix(HEAD if k else "")
        for k in (0, 1)
    )
    (curve,) = curves_of(gather(write(text), replicate_by=["-[0-9]$"]).scores).curves
    assert curve.score.tolist() == pytest.approx([s + 0.005 for s in RISE])
    assert curve.n_runs.tolist() == [2] * 4


def test_the_name_of_a_column_is_no_pattern(write):
    text = ladder(RISE, model="replit-{}")
    found = gather(write(text), replicate_by=["rep"])
    assert set(found.scores["model"]) == {f"replit-{size}" for size in SIZES}
    with pytest.raises(FieldError, match="regular expression"):
        Options(replicate_by=["seed[0-9"])


# -- scales ----------------------------------------------------------------------------------------


def test_a_hard_task_of_a_table_in_per_cent_is_asked_about(write):
    easy = ladder((31.2, 40.5, 52.1, 66.0), task="easy", n=1000)
    hard = ladder((0.1, 0.2, 0.5, 0.9), task="hard", n=1000).removeprefix(HEAD)
    found = gather(write(easy + hard))
    assert points(found) == [[0.312, 0.405, 0.521, 0.66]]
    assert any("--percent" in note for note in found.notes)
    assert sorted(points(gather(write(easy + hard), percent=["accuracy"]))) == [
        [0.001, 0.002, 0.005, 0.009], [0.312, 0.405, 0.521, 0.66],
    ]  # fmt: skip


def test_families_have_scales_of_their_own(write):
    write(ladder((11.0, 22.0, 44.0, 88.0)), "owl.csv")
    write(ladder(RISE, model="cat-{}"), "cat.csv")
    found = gather(write("", "x/y").parent.parent)
    assert sorted(points(found)) == [[0.1, 0.2, 0.4, 0.8], [0.11, 0.22, 0.44, 0.88]]


# -- runs ------------------------------------------------------------------------------------------


def test_keep_names_a_file_and_no_other_that_ends_alike(write, tmp_path):
    write(ladder(RISE), "results.csv")
    write(ladder((0.7, 0.7, 0.7, 0.7)), "old-results.csv")
    assert points(gather(tmp_path, keep="results.csv")) == [list(RISE)]


def test_lengths_are_of_the_runs_that_count(write, tmp_path):
    def answers(right):
        return "model,params,task,item,target,output\n" + "".join(
            f"owl-1b,1e9,t,{i},ab,{'ab' if right else 'x'}\n" for i in range(10)
        )

    write(answers(True), "new.csv")
    write(answers(False), "old.csv")
    lengths = gather(tmp_path, keep="new.csv").lengths
    assert lengths[["n", "right"]].to_numpy().tolist() == [[10, 10]]


# -- records ---------------------------------------------------------------------------------------


def records(metrics=("exact_match",), size=20, columns=""):
    return "model,params,task,item,target,output,metric,score\n" + "".join(
        f"owl-1b,1e9,t,{i},{i},{i if i % 2 else 'x'},{metric},{i % 2}\n"
        for metric in metrics
        for i in range(size)
    )


@pytest.mark.parametrize("batch", [7, 20, 1000])
def test_answers_under_several_metrics_are_graded_once_however_they_are_cut(write, batch):
    found = gather(write(records(("exact_match", "f1"))), batch=batch).scores
    assert set(found["n"]) == {20}
    assert found.groupby("metric").size().max() == 1
    assert found.set_index("metric").loc["token_accuracy", "score"] == 0.5


def test_filters_of_records_are_conditions(write):
    rows = records().splitlines()
    text = "\n".join(
        [rows[0] + ",filter"]
        + [f"{row},strict" for row in rows[1:]]
        + [f"{row},loose" for row in rows[1:]]
    )
    found = gather(write(text + "\n")).scores
    assert set(found["setting"]) == {"filter strict", "filter loose"}
    assert set(found["n"]) == {20}


def test_numbers_that_stand_for_nothing_are_no_scores_of_records_either(write):
    text = records().replace(",0\n", ",-100\n")
    found = gather(write(text), missing=[-100])
    own = found.scores[found.scores["graded"] == "file"]
    assert (own["score"].tolist(), own["n"].tolist()) == ([1.0], [10.0])
    refused = gather(write(text))
    assert any("negative share" in note for note in refused.notes)


def test_what_a_judge_calls_right_is_held_against_the_targets_too(write):
    text = "model,params,task,item,target,output,metric,score\n" + "".join(
        f"owl-{size},{size[0]}e9,t,{i},77{i},The number is 77{i}.,judge_score,{int(i < 5 * k)}\n"
        for k, size in enumerate(SIZES, 1)
        for i in range(20)
    )
    found = gather(write(text))
    assert set(found.scores["metric"]) == {"judge_score"}
    assert any("not graded anew" in note for note in found.notes)


# -- scales, spellings and options, as outsiders had them -------------------------------------------


def test_minus_one_of_a_share_is_no_score(write):
    path = write(json.dumps([{"model": f"owl-{s}", "params": 1e9 * k, "task": "t", "metric": "f1", "score": v}
                             for k, (s, v) in enumerate(zip(SIZES, (-1, 0.2, 0.3, 0.4), strict=True), 1)]), "r.json")  # fmt: skip
    found = gather(path)
    assert sorted(found.scores["score"]) == [0.2, 0.3, 0.4]
    assert any("f1 on t is -1" in note for note in found.notes)


def test_one_metric_has_one_name_however_it_is_spelt(write):
    rows = [
        (size, metric)
        for size, metric in zip(SIZES, ("Accuracy", "accuracy", "ACC", "acc"), strict=True)
    ]
    text = HEAD + "".join(f"owl-{s},{s[0]}e9,quiz,{m},0.{s[0]},100\n" for s, m in rows)
    found = gather(write(text))
    (curve,) = curves_of(found.scores).curves
    assert len(curve) == 4
    assert any("written in 4 ways" in note for note in found.notes)
    # Who has both has two metrics.
    both = text + text.replace(",ACC,", ",Accuracy,").replace(",Accuracy,", ",acc,").removeprefix(
        HEAD
    )
    two = write("".join(dict.fromkeys(both.splitlines(keepends=True))), "b.csv")
    assert not any("ways" in note for note in gather(two).notes)


def test_a_metric_that_says_per_cent_is_in_per_cent(write):
    found = gather(write(ladder((0.5, 0.9, 14, 31), metric="accuracy_%")))
    assert sorted(found.scores["score"]) == pytest.approx([0.005, 0.009, 0.14, 0.31])
    assert set(found.scores["metric"]) == {"accuracy"}
    assert any("'accuracy_%' is in per cent" in note for note in found.notes)


def test_what_is_in_per_cent_is_said_of_one_task(write):
    text = ladder((0.1, 3, 14, 31), metric="em", task="xq") + ladder(
        RISE, metric="em", task="gsm"
    ).removeprefix(HEAD)
    path = write(text.replace(",100\n", ",\n"))
    kept = gather(path, percent=["em on xq"]).scores.set_index("task")["score"]
    assert sorted(kept["xq"]) == pytest.approx([0.001, 0.03, 0.14, 0.31])
    (note,) = [n for n in gather(path, percent=["em on zz"]).notes if "changes nothing" in n]
    assert "em on zz" in note


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"params": {"nobody": 7e9}}, "nobody"),
        ({"family": {"zzz*": "Z"}}, "zzz*"),
        ({"rename": {"nobody": "x"}}, "nobody"),
        ({"direction": {"typo": "lower"}}, "typo"),
        ({"replicate_by": ["nothing"]}, "nothing"),
    ],
)
def test_an_option_that_fits_nothing_says_so(write, options, name):
    notes = gather(write(ladder(RISE)), **options).notes
    assert any(name in note and "changes nothing" in note for note in notes)


def test_families_are_told_by_the_words_that_their_names_begin_with():
    names = [f"{word}-{animal}" for word in ("owl", "crow") for animal in ("ant", "bee", "cat")]
    assert set(families_by_name(names).values()) == {"owl", "crow"}
    assert set(families_by_name(["m1", "m2", "m3"]).values()) == {""}
    assert set(families_by_name(["owl-ant", "owl-bee", "crow-ant"]).values()) == {""}


def test_a_folder_that_the_harness_called_by_a_relative_path_is_read(write):
    row = {"model": "EleutherAI/pythia-70m", "task": "sums", "target": "4", "output": "4"}
    path = write(lines(row, row | {"target": "5"}), ".__ckpts__owl/r.jsonl").parent.parent
    assert gather(path).records == 2


def test_the_order_of_items_changes_no_skill(write):
    rng = np.random.default_rng(0)
    rows = [
        {"model": "EleutherAI/pythia-70m", "task": "sums", "item": f"i{i}", "target": str(rng.integers(99)),
         "output": str(rng.integers(99))}
        for i in range(60)
    ]  # fmt: skip
    first = gather(write(lines(*rows), "a/r.jsonl")).scores
    other = gather(write(lines(*rows[::-1]), "b/r.jsonl")).scores
    skill = first.set_index("metric")["skill"]
    assert other.set_index("metric")["skill"].to_dict() == pytest.approx(skill.to_dict())


@pytest.mark.parametrize("marks", [(0.2, 0.93), (0, 1), (1, 5)])
def test_answers_that_a_judge_marked_are_not_graded_anew(write, marks):
    rows = [
        {"model": "EleutherAI/pythia-70m", "task": "essay", "item": f"i{i}", "target": "must name owls",
         "output": f"an essay, the {i}th", "metric": "helpful", "score": marks[i % 2] if i else marks[0]}
        for i in range(12)
    ]  # fmt: skip
    found = gather(write(lines(*rows), "r.jsonl"))
    assert set(found.scores["metric"]) == {"helpful"}
    assert any("not graded anew" in note for note in found.notes)
