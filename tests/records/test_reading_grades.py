"""Outputs that are read are graded anew, and what cannot be is said."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import pytest
from results import BIGBENCH, OLD, answer, choice
from written import writer

from mirage_utils import FieldError
from mirage_utils import records as rec
from mirage_utils.cli.main import main
from mirage_utils.records import read


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "file.json")


def test_answers_are_graded_anew(write):
    rows = [answer(0, " 70", target="71"), answer(1, "7", target="7", exact_match=1.0)]
    records = read(write(rows)).records
    exact, edits = (rec.grade(records, m) for m in ("exact_match", "token_edit_distance"))
    assert exact["score"].tolist() == [0, 1]
    assert edits["score"].tolist() == [1, 0]
    assert set(edits["direction"]) == {"lower"}
    assert rec.grade(records, "exact_match", strip=False)["score"].tolist() == [0, 1]
    words = read(write([answer(0, "a c", target="a b c")])).records
    assert rec.grade(words, "token_edit_distance", tokens="words")["score"].tolist() == [1]
    assert rec.grade(words, "character_edit_distance")["score"].tolist() == [2]
    assert rec.grade(words, "exact_match", tokens=lambda t: [t[0]])["score"].tolist() == [1]


def test_choices_are_graded_anew_whatever_their_number(write):
    half = math.log(0.5)
    rows = [choice(0, [half, half], 0, acc_norm=0), choice(1, [-9.0, 0.0, -9.0], 1, acc_norm=1)]
    records = read(write(rows)).records
    assert len(records) == 4  # two metrics, which make no second item
    brier = rec.grade(records, "brier")
    assert len(brier) == 2
    assert brier["score"].tolist() == pytest.approx([0.5, 0.0], abs=1e-6)
    assert rec.grade(records, "multiple_choice_grade")["score"].tolist() == [0.5, 1]


def test_what_cannot_be_graded_is_said(write):
    answers, choices = (
        read(write([answer(0, "x")])).records,
        read(write([choice(0, [-1.0, -2.0], 1)])).records,
    )
    for call, message in (
        (lambda: rec.grade(answers, "brier"), r"^logprobs of item 0 = "),
        (
            lambda: rec.grade(choices.assign(target="x"), "brier"),
            r"^target of item 0 = 'x': expected the index",
        ),
        (
            lambda: rec.grade(choices.assign(target="2"), "brier"),
            r"the index of a choice, 0 to 1",
        ),
        (
            lambda: rec.grade(answers.assign(target=" "), "exact_match"),
            r"^target of item 0 = ''",
        ),
        (
            lambda: rec.grade(answers.assign(output=None), "exact_match"),
            r"^output of item 0 = None",
        ),
        (
            lambda: rec.grade(answers, "pass_at_k"),
            r"^metric = 'pass_at_k': expected one of exact_match",
        ),
        (lambda: rec.grade(answers, "exact_match", tokens="bytes"), r"^tokens = 'bytes'"),
        (lambda: rec.grade(answers[:0], "exact_match"), r"^records = 0"),
    ):
        with pytest.raises(FieldError, match=message):
            call()


def test_the_command_grades_and_prints_scores(write, capsys):
    path = write([answer(0, "70", target="71"), answer(1, "7", exact_match=1.0)], "samples_t.jsonl")
    assert main(["read", str(path), "--scores", "--csv", "--model", "gpt2"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    found = {r["metric"]: (float(r["score"]), float(r["n"]), r["graded"]) for r in rows}
    assert found["exact_match"] == (0.5, 2, "file")
    assert found["token_edit_distance"] == (0.5, 2, "here")
    assert list(rows[0]) == [*rec.SCORES[:-1], "graded", "source"]
    assert main(["read", str(path)]) == 0
    assert "size not known" not in capsys.readouterr().out
    assert main(["read", str(path) + "x"]) == 1
    assert main(["read", str(path), "--params", "a"]) == 1
    assert main(["read", str(path), "--params", "a=big"]) == 1


def test_a_fault_of_the_program_is_reported_and_stops_no_other_file(
    write, capsys, monkeypatch, tmp_path
):
    write(OLD, "a.json")
    write(BIGBENCH, "b.json")
    monkeypatch.setattr(rec.formats.bigbench, "read_scores_file", lambda *a, **k: 1 / 0)
    assert main(["read", str(tmp_path), "--csv"]) == 1
    rows = {Path(r["file"]).name: r for r in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert (rows["a.json"]["outcome"], rows["b.json"]["outcome"]) == ("read", "crashed")
    assert "ZeroDivisionError" in rows["b.json"]["detail"]
