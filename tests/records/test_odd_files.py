"""Odd files and commands that outsiders had: read, or refused by name."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile

import pytest
from outsiders import HEAD, RISE, ladder, lines
from written import writer

from mirage_utils.cli.main import main
from mirage_utils.records import EvalFileError, gather, read
from mirage_utils.records.identity import families_by_name


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "r.csv")


# -- odd files -------------------------------------------------------------------------------------


ROW = {"model": "owl-1b", "params": 1e9, "task": "t", "metric": "acc", "score": 0.5, "n": 10}


@pytest.mark.parametrize(
    "text",
    [
        lines({**ROW, "seed": [1]}, {**ROW, "seed": {"a": 1}}),
        lines({**ROW, "subset": ["x"]}),
        lines({**ROW, "model": ["a"]}),
        lines({"doc_id": 1, "target": "[" * 900 + "]" * 900, "output": "x"}),
        '{"model": "a", "task": ' + "[" * 990 + "]" * 990 + ', "metric": "acc", "score": 1}\n' * 2,
        lines(*({**ROW, f"key {i}": i} for i in range(6000))),
        lines({**ROW, "model": "\ud800"}),
        HEAD + "owl-1b,1e9,t," + "a " * 20000 + ",0.5,10\n",
        HEAD + "owl-1b,1e9,t,acc," + "1" * 30000 + "x,10\n",
        "(" * 20000 + ",model,task,metric,score\n1,a,t,acc,0.5\n",
        "model,task,metric,score,Score\nowl-1b,t,acc,0.5,0.6\n",
    ],
)
def test_odd_files_are_read_or_refused_by_name(write, text):
    name = "r.jsonl" if text[0] == "{" else "r.csv"
    try:
        found = gather(write(text, name))
    except EvalFileError as error:
        assert "fault of this program" not in str(error)  # noqa: PT017
    else:
        assert not any("fault of this program" in why for _, why in found.refused)


def test_a_column_that_begins_late_in_the_file_counts(write):
    row = {"model": "owl-1b", "params": 1e9, "task": "t", "target": "a", "output": "a"}
    text = lines(*({**row, "item": i} for i in range(10)))
    text += lines(*({**row, "item": i, "metric_name": "acc", "value": 0} for i in range(10, 20)))
    for batch in (5, 10, 1000):
        found = gather(write(text, "r.jsonl"), batch=batch).scores
        assert found.set_index("metric").loc["acc", "n"] == 10


@pytest.mark.parametrize(("score", "n"), [(1e308, ""), (-1e200, ""), (0.5, 10**15)])
def test_an_absurd_number_ends_no_audit(write, tmp_path, score, n):
    text = ladder((0.1, 0.2, score, 0.9), metric="acc" if n else "oddness", n=n)
    words = ["audit", str(write(text)), "--out", str(tmp_path / "out"), "--quiet"]
    assert main([*words, "--direction", "oddness=higher"]) == 0


def test_links_and_hidden_files_are_said_not_to_be_read(write, tmp_path):
    write(ladder(RISE), "a/r.csv")
    (tmp_path / "a" / "link.csv").symlink_to(tmp_path / "a" / "r.csv")
    write("x", "a/.hidden")
    assert "2 links and hidden files are not read" in gather(tmp_path / "a").notes


def test_samples_without_results_are_of_the_model_that_their_folder_names(write):
    row = {
        "doc_id": 0,
        "doc": {},
        "target": "7",
        "arguments": [],
        "resps": [["7"]],
        "filtered_resps": ["7"],
        "exact_match": 1.0,
    }
    path = write(lines(row, {**row, "doc_id": 1}), "EleutherAI__pythia-410m/samples_sums.jsonl")
    assert set(read(path).records["model"]) == {"EleutherAI/pythia-410m"}


@pytest.mark.parametrize("form", ["lines", "document", "table"])
def test_what_a_windows_shell_wrote_is_read(form, tmp_path):
    row = {"model": "EleutherAI/pythia-70m", "task": "sums", "target": "4 €", "output": "4 €"}
    text = {
        "lines": lines(row, {**row, "output": "5"}),
        "document": json.dumps([row, {**row, "output": "5"}]),
        "table": "model,task,target,output\nEleutherAI/pythia-70m,sums,4 €,4 €\n"
        "EleutherAI/pythia-70m,sums,4 €,5\n",
    }[form]
    (tmp_path / "plain").write_text(text, encoding="utf-8")
    (tmp_path / "windows").write_text(text, encoding="utf-16")
    (tmp_path / "packed").write_bytes(gzip.compress(text.encode("utf-16")))
    wanted = read(tmp_path / "plain").records.drop(columns="source")
    assert len(wanted) == 2
    for name in ("windows", "packed"):
        assert read(tmp_path / name).records.drop(columns="source").equals(wanted)


def test_a_file_that_begins_as_utf_16_and_is_not_is_refused(tmp_path):
    (tmp_path / "odd").write_bytes(b"\xff\xfe" + b"\x00\xd8" * 9)
    with pytest.raises(EvalFileError, match="cut short or damaged"):
        read(tmp_path / "odd")


def test_an_archive_is_to_be_unpacked(tmp_path):
    path = tmp_path / "results.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("results.json"))
    with pytest.raises(EvalFileError, match="unpack it"):
        read(path)


def test_the_tokens_of_training_and_of_the_context_are_no_sizes():
    names = [
        f"acme/owl-{size}-300b-{context}" for size in ("1b", "7b") for context in ("8k", "32k")
    ]
    found = families_by_name([*names, "acme/owl-7b/owl-7b"])
    assert set(found.values()) == {"acme/owl-300b-8k", "acme/owl-300b-32k", "acme/owl/owl"}


# -- commands --------------------------------------------------------------------------------------


def test_an_audit_of_no_curve_fails_and_says_what_is_missing(write, tmp_path, capsys):
    path = write("model,task,metric,score\n" + "".join(f"x{i},t,acc,0.5\n" for i in range(12)))
    assert main(["audit", str(path), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "and 2 more" in said
    assert "--params" in said


def test_names_are_no_formulas_and_no_lines_of_their_own(write, capsys):
    text = ladder(RISE, model='"=cmd|calc!A1\nnote: forged {}"')
    for command in (["read", "--scores"], ["emergence", "--draws", "20"]):
        assert main([command[0], str(write(text)), *command[1:], "--csv"]) == 0
        found = capsys.readouterr()
        rows = list(csv.DictReader(io.StringIO(found.out)))
        assert not any(str(cell).startswith("=") for row in rows for cell in row.values())
        assert not any(line.startswith("note: forged") for line in found.err.splitlines())


def test_a_pattern_is_typed_as_the_book_prints_it(write, tmp_path, capsys):
    text = ladder(RISE, model="owl-{}-seed1") + ladder(RISE, model="owl-{}-seed2").removeprefix(
        HEAD
    )
    words = [str(write(text)), "--replicate-by", "seed[0-9]+", "--csv", "--draws", "20"]
    assert main(["emergence", *words]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["n_scales"] == "4"
