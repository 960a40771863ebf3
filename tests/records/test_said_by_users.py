"""What a user says of files: only of what they leave open, and as people write it."""

from __future__ import annotations

import json

import pytest
from conftest import ROOT

from mirage_utils.cli.main import main
from mirage_utils.errors import FieldError
from mirage_utils.records import EvalFileError, gather, read
from mirage_utils.records.options import Options

FUZZ = ROOT / "tests" / "files" / "fuzz"
HELM = FUZZ / "helm" / "tides-basin=north,model=acme_owl-1b"
LIGHTEVAL = FUZZ / "lighteval" / "results/acme/owl-1b/results_2025-11-01T10-00-00.000001.json"
EEE = FUZZ / "every_eval_ever"
SIZE = {"params": {"acme/owl-1b": 1e9}}
SAID = {"model": "said/model", "task": "said task", "metric": "said metric"}


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def harness(model="EleutherAI/pythia-160m", task="toy", **entries):
    arguments = f"pretrained={model},revision=main" if model else ""
    return {
        "results": {task: entries or {"acc,none": 0.5}}, "configs": {}, "versions": {task: 1},
        "n-shot": {task: 0}, "config": {"model": "hf", "model_args": arguments},
    }  # fmt: skip


def sample(doc_id, right):
    output = str(doc_id) if right else "no"
    return {
        "doc_id": doc_id, "doc": {"q": doc_id}, "target": str(doc_id), "arguments": [["q", {"until": ["\n"]}]],
        "resps": [[output]], "filtered_resps": [output], "exact_match": float(right),
    }  # fmt: skip


# -- model, task and metric are for what names none ------------------------------------------------


def names(table):
    columns = ["model", "task", "metric"]
    return sorted(set(table[columns].astype(str).itertuples(index=False, name=None)))


BIGBENCH = {
    "model": {"model_family": "BIG-G", "model_name": "128b", "total_params": 1e9},
    "task": {"name": "quiz"}, "scores": [{"score_dict": {"bleu": 1.0}, "number_of_shots": 0}],
}  # fmt: skip


def folder_of(tmp_path, kind):
    """A file of a kind that names model, task and metric."""
    written = {
        "lm_eval": harness(),
        "lm_eval 0.3": {
            "results": {"toy": {"acc": 0.5}}, "versions": {"toy": 0},
            "config": {"model": "gpt2", "model_args": "pretrained=gpt2", "num_fewshot": 0},
        },
        "bigbench": BIGBENCH,
        "rows": "model,task,metric,score\ngpt2,toy,acc,0.5\n",
        "one column a model": "task,metric,EleutherAI/pythia-70m,EleutherAI/pythia-160m\ntoy,acc,0.5,0.6\n",
    }  # fmt: skip
    if kind in written:
        return put(
            tmp_path / ("x.json" if isinstance(written[kind], dict) else "x.csv"), written[kind]
        )
    if kind == "samples":
        put(tmp_path / "results.json", harness())
        return put(tmp_path / "samples_toy.jsonl", [sample(i, i % 2) for i in range(4)])
    return {
        "lighteval": LIGHTEVAL, "helm": HELM / "stats.json", "helm items": HELM / "per_instance_stats.json",
        "every eval ever": EEE / "0b5e.json", "every eval ever items": EEE / "0b5e_samples.jsonl",
    }[kind]  # fmt: skip


@pytest.mark.parametrize(
    "kind",
    ["lm_eval", "lm_eval 0.3", "bigbench", "rows", "one column a model", "samples", "lighteval", "helm", "helm items",
     "every eval ever", "every eval ever items"],
)  # fmt: skip
def test_files_that_name_theirs_keep_their_names(tmp_path, kind):
    path = folder_of(tmp_path, kind)
    own, asked = read(path, **SIZE), read(path, **SAID, **SIZE)
    for table in ("scores", "records"):
        assert names(getattr(asked, table)) == names(getattr(own, table))
    assert own.notes == asked.notes
    notes = gather(path, **SAID, **SIZE).notes
    for option, name in SAID.items():
        assert (
            f"{option}: {name!r} changes nothing: all that was read names its own {option}" in notes
        )


def test_what_files_do_not_name_is_named(tmp_path):
    path = put(tmp_path / "a.json", harness(model=""))
    assert any("names no model" in note for note in read(path).notes)
    found = gather(path, model="gpt2")
    assert names(found.scores) == [("gpt2", "toy", "acc")]
    assert not any("names no model" in note or "changes nothing" in note for note in found.notes)
    # The name that a model has in the end may be another one.
    found = gather(path, model="gpt2-seed1@main", replicate_by=["seed[0-9]+"])
    assert set(found.scores["model"]) == {"gpt2"}
    assert not any("changes nothing" in note for note in found.notes)
    path = put(tmp_path / "anything.jsonl", [sample(0, True)])
    assert names(read(path, model="gpt2").records) == [("gpt2", "anything", "exact_match")]
    assert names(read(path, model="gpt2", task="sums").records) == [("gpt2", "sums", "exact_match")]
    run = json.loads((EEE / "0b5e.json").read_text())
    for result in run["evaluation_results"]:
        result["metric_config"] = {"lower_is_better": False, "score_type": "continuous"}
    found = read(put(tmp_path / "b.json", run), metric="grip", **SIZE)
    assert set(found.scores["metric"]) == {"grip"}
    nameless = {k: v for k, v in BIGBENCH.items() if k != "task"}
    assert set(read(put(tmp_path / "c.json", nameless), task="quiz").scores["task"]) == {"quiz"}


def test_rows_that_name_none_are_named_and_others_keep_theirs(tmp_path):
    table = "model,task,metric,score\ngpt2,a,acc,0.5\n,b,,0.25\n  ,,f1,0.75\n"
    found = read(put(tmp_path / "x.csv", table), model="gpt2-xl", task="c", metric="em")
    assert names(found.scores) == [
        ("gpt2", "a", "acc"),
        ("gpt2-xl", "b", "em"),
        ("gpt2-xl", "c", "f1"),
    ]
    table = "model,item,target,output\ngpt2,1,a,a\n,2,a,b\n"
    found = read(put(tmp_path / "y.csv", table), model="gpt2-xl", task="c")
    assert found.records["model"].tolist() == ["gpt2", "gpt2-xl"]


def test_a_folder_of_both_makes_one_curve(tmp_path):
    for size in ("70m", "160m", "410m"):
        put(tmp_path / f"{size}.json", harness(f"EleutherAI/pythia-{size}", **{"acc,none": 0.1}))
    put(tmp_path / "x.csv", "task,metric,score\ntoy,acc,0.4\n")
    found = gather(tmp_path, model="EleutherAI/pythia-1b")
    assert dict(zip(found.scores["model"].str[11:], found.scores["score"], strict=True)) == {
        "pythia-70m": 0.1, "pythia-160m": 0.1, "pythia-410m": 0.1, "pythia-1b": 0.4,
    }  # fmt: skip


# -- samples of lm-evaluation-harness 0.4.0 to 0.4.2 -----------------------------------------------


@pytest.mark.parametrize("results", ["results.json", "pythia.json"])
@pytest.mark.parametrize("sign", ["__", "="])
@pytest.mark.parametrize(
    ("model", "task"), [("EleutherAI/pythia-160m", "sums"), ("my_org/a_b-1b", "two_sums")]
)
def test_old_samples_join_the_results_beside_them(tmp_path, results, sign, model, task):
    sizes = {"params": {model: 1e9}}
    for number, folder in enumerate(("a", "b/c")):
        right = 1 + number
        score = {"exact_match,none": right / 4}
        put(tmp_path / folder / results, harness(model, task, **score))
        name = f"pretrained={model},revision=main".replace("/", "__").replace("=", sign)
        rows = [sample(i, i < right) for i in range(4)]
        put(tmp_path / folder / f"{name}_{task}.jsonl", rows)
    found = gather(tmp_path, keep="all", **sizes)
    own = found.scores[found.scores["graded"] == "file"]
    assert names(own) == [(model, task, "exact_match")]
    assert sorted(zip(own["score"], own["n"], own["shots"], strict=True)) == [
        (0.25, 4, 0),
        (0.5, 4, 0),
    ]
    assert own["run"].nunique() == 2
    assert own["from_records"].all()


def test_old_samples_are_not_of_the_results_of_another_model(tmp_path):
    put(tmp_path / "results.json", harness("EleutherAI/pythia-1b", "sums"))
    name = "pretrained__EleutherAI__pythia-160m,revision__step1000,load_in_8bit__True_sums.jsonl"
    path = put(tmp_path / name, [sample(0, True)])
    found = read(path)
    assert names(found.records) == [
        ("EleutherAI/pythia-160m@step1000 (load_in_8bit=True)", "sums", "exact_match")
    ]
    assert set(found.records["run"]) == {str(path)}


# -- numbers of items --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "known"),
    [
        ("prompt_level_strict_acc", True), ("inst_level_strict_acc", False), ("inst_level_loose_acc", False),
        ("HasAns_f1", False), ("NoAns_exact", False), ("f1", True), ("accuracy_amb", False), ("acc", True),
        ("disamb_bias_score_Age", False), ("4096", True),
    ],
)  # fmt: skip
def test_scores_that_are_not_over_the_documents_have_no_n(tmp_path, metric, known):
    document = harness(**{f"{metric},none": 0.5, "4096,none": 0.5})
    document["n-samples"] = {"toy": {"original": 541, "effective": 541}}
    path = put(tmp_path / "results.json", document)
    found = read(path).scores.set_index("metric")["n"].fillna(0).to_dict()
    assert found == {metric: 541.0 * known, "4096": 541.0}
    assert known != any(metric in note and "n is not known" in note for note in read(path).notes)


def test_scores_by_length_are_each_of_a_part_of_the_documents(tmp_path):
    document = harness(**{"4096,none": 0.5, "8192,none": 0.25})
    document["n-samples"] = {"toy": {"original": 1000, "effective": 1000}}
    assert read(put(tmp_path / "results.json", document)).scores["n"].isna().all()


# -- as people write it --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "size"),
    [("3.09B", 3.09e9), ("125M", 125e6), ("1,300,000,000", 1.3e9), ("7e9", 7e9), ("70 million", 7e7), ("5", 5)],
)  # fmt: skip
def test_sizes_are_written_as_in_tables(tmp_path, capsys, written, size):
    path = put(tmp_path / "x.csv", "model,task,metric,score\nowl,toy,acc,0.5\n")
    assert main(["read", str(path), "--scores", "--csv", "--params", f"owl={written}"]) == 0
    assert f",owl,{float(size)}," in capsys.readouterr().out


@pytest.mark.parametrize("written", ["big", "", "0", "-7B", "nan", "inf", "7Q"])
def test_what_is_no_size_is_refused(tmp_path, capsys, written):
    path = put(tmp_path / "x.csv", "model,task,metric,score\nowl,toy,acc,0.5\n")
    assert main(["read", str(path), "--params", f"owl={written}"]) == 1
    assert "params" in capsys.readouterr().err


def test_one_may_be_given_without_a_list(tmp_path):
    assert Options(percent="acc", wide="a", replicate_by="seed", missing=-1) == Options(
        percent=["acc"], wide=["a"], replicate_by=["seed"], missing=[-1]
    )
    path = put(tmp_path / "x.csv", "model,task,metric,score\ngpt2,toy,acc,50\n")
    assert gather(path, percent="acc").scores["score"].tolist() == [0.5]
    for wrong in ("-1", [None], [True, "x"]):
        with pytest.raises(FieldError, match=r"^missing"):
            Options(missing=wrong)


def test_a_run_of_helm_without_its_names_is_named(tmp_path):
    path = put(tmp_path / "stats.json", json.loads((HELM / "stats.json").read_text()))
    with pytest.raises(EvalFileError):
        read(path, model="said/model")
    assert set(read(path, **SAID).scores["model"]) == {"said/model"}
