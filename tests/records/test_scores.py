"""Files of scores of one's own, and the two commands that print metrics and emergence scores."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

from mirage_utils import records as rec
from mirage_utils.cli.main import main
from mirage_utils.evidence import curves_of
from mirage_utils.metrics import METRICS

HEADER = "task,params,metric,score,n\n"


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes):
        path = tmp_path / "scores.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_is_read_with_what_it_leaves_out(file):
    frame = rec.read(
        file(
            "\ufeffmodel,task,params,metric,score,note\nA, sums ,1e9,accuracy,0.5,x\nB,sums,2e9,accuracy,.7,\n"
        )
    ).scores
    assert list(frame.columns) == [*rec.SCORES, "note"]
    assert frame["task"].tolist() == ["sums", "sums"]
    assert frame["params"].tolist() == [1e9, 2e9]
    assert frame["n"].isna().all()
    (only,) = curves_of(frame).curves
    assert (only.task, only.metric, only.direction, only.proportion) == (
        "sums",
        "accuracy",
        "higher",
        False,
    )
    assert only.score.tolist() == [0.5, 0.7]


def test_curves_are_split_by_family_task_setting_and_metric_and_sorted_by_scale(file):
    frame = rec.read(
        file(
            "family,task,setting,params,metric,score,n\n"
            "A,t,0-shot,2e6,accuracy,0.5,10\nA,t,0-shot,1e6,accuracy,0.2,10\nB,t,0-shot,1e6,accuracy,0.1,10\n"
            "A,t,1-shot,1e6,accuracy,0.3,10\nA,t,0-shot,1e6,token_edit_distance,3.5,10\n"
        )
    ).scores
    found = {(c.family, c.setting, c.metric): c for c in curves_of(frame).curves}
    assert len(found) == 4
    assert found["A", "0-shot", "accuracy"].scale.tolist() == [1e6, 2e6]
    assert found["A", "0-shot", "accuracy"].proportion
    edits = found["A", "0-shot", "token_edit_distance"]
    assert (edits.direction, edits.proportion) == ("lower", False)


def test_a_metric_of_known_shape_is_no_proportion_though_it_lies_between_0_and_1(file):
    frame = rec.read(file(HEADER + "t,1e6,normalised_edit_distance,0.5,10\n")).scores
    assert not curves_of(frame).curves[0].proportion


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", rec.EvalFileError, "the file is empty"),
        (HEADER, rec.EvalFileError, "a header and no rows"),
        (b"t\x00\xff\xfe", rec.EvalFileError, "no known format; save it .* in UTF-8"),
        (b"\xff\xfe\x00t", rec.EvalFileError, "a header and no rows"),
        (b"\xffparams", rec.EvalFileError, "a header and no rows"),
        ('task,params\n"a', rec.EvalFileError, "not a CSV table"),
        (HEADER + "t,1e6,acc,0.5,10,9,9\n", rec.EvalFileError, "more cells|not a CSV"),
        (
            "task,params,metric\nt,1e6,acc\n",
            rec.EvalFileError,
            r": columns = .*: expected a column 'score'",
        ),
        (
            HEADER + "t,x,acc,0.5,10\nt,0,acc,0.5,10\n",
            rec.EvalFileError,
            r": params, line 2 = 'x'",
        ),
        (
            HEADER + "t,0,acc,0.5,10\n",
            rec.EvalFileError,
            r": params, line 2 = '0': expected a finite number > 0",
        ),
        (
            HEADER + "t,0.07,acc,0.5,9\n",
            rec.EvalFileError,
            r": params, line 2 = '0.07': .*in billions",
        ),
        (HEADER + "t,1e6,acc,nan,10\n", rec.EvalFileError, r": score, line 2 = 'nan'"),
        (HEADER + "t,1e6,acc,inf,10\n", rec.EvalFileError, r": score, line 2 = 'inf'"),
        (HEADER + "t,1e6,acc,,10\n", rec.EvalFileError, r": score, line 2 = ''"),
        (HEADER + ",1e6,acc,0.5,2\n", rec.EvalFileError, r": task, line 2 = ''"),
        (
            HEADER + "t,1e6,acc,0.5,2\nt,1e6,acc,0.6,2\n",
            rec.EvalFileError,
            r": params, line 3 = .*expected one score",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_said(file, text, error, message):
    with pytest.raises(error, match=message):
        rec.read(file(text))


def test_a_number_of_items_that_is_no_whole_number_is_unknown_and_said_so(file):
    data = rec.read(file(HEADER + "t,1e6,acc,0.5,2.5\nt,2e6,acc,0.5,40\n"))
    assert data.scores.n.tolist() == pytest.approx([np.nan, 40], nan_ok=True)
    assert any("n is no whole number of items" in note and "2.5" in note for note in data.notes)


def test_the_direction_of_an_unknown_metric_is_asked_for_and_not_guessed(file):
    frame = rec.read(file("task,params,metric,score\nt,1e6,zorkiness,1\n")).scores
    made = curves_of(frame)
    assert [c.direction for c in made.curves] == [""]
    assert "--direction zorkiness=lower" in made.undirected[0]
    both = "task,params,metric,score,direction\nt,1e6,m,1,higher\nt,2e6,m,2,lower\n"
    made = curves_of(rec.read(file(both)).scores)
    assert [c.direction for c in made.curves] == [""]
    assert made.notes[0].startswith("direction given as higher and lower, taken as unknown")


# -- python -m mirage_utils emergence -------------------------------------------------------------------


def test_the_command_prints_gpt3s_emergence_scores(capsys):
    assert main(["emergence", "gpt3_arithmetic", "--csv", "--draws", "500"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0] == (
        "family,task,setting,metric,n_scales,emergence_score,p_noise,p_smooth,linearity"
    )
    found = {(r["task"], r["setting"]): r for r in rows(text)}
    assert len(found) == 30
    few = {task: float(found[task, "few-shot"]["emergence_score"]) for task, _ in found}
    assert few["2D+"] == pytest.approx(32.7, abs=0.05)
    assert few["3D+"] == pytest.approx(321)
    assert few["4D+"] == pytest.approx(510)
    assert few["2Dx"] == pytest.approx(19.9, abs=0.05)
    assert few["1DC"] == pytest.approx(11.2, abs=0.05)
    assert few["5D+"] == math.inf
    for row in found.values():
        assert row["family"] == "GPT-3"
        assert row["n_scales"] == "8"
        assert 0 < float(row["p_noise"]) <= 1
        assert 0 < float(row["p_smooth"]) <= 1
        assert 2.5 < float(row["linearity"]) < 4.5
    # the highest finite score is no surprise to a smooth law; one of the lower ones is
    assert float(found["4D-", "few-shot"]["p_smooth"]) > 0.5
    assert float(found["2D+", "few-shot"]["p_smooth"]) < 0.01


def test_the_command_takes_a_file(file, capsys):
    path = file(
        "task,params,metric,score\nflat,1e6,acc,0.1\nflat,2e6,acc,0.1\nloss,1e6,loss,3\nloss,2e6,loss,2.5\n"
        "loss,3e6,loss,2.1\nalone,1e6,acc,0.2\n"
    )
    assert main(["emergence", str(path), "--csv", "--draws", "200"]) == 0
    flat, loss, alone = rows(capsys.readouterr().out)
    assert (flat["emergence_score"], flat["p_noise"]) == ("", "")
    assert float(loss["emergence_score"]) == pytest.approx(
        0.9 / math.sqrt((0.25 + 0.16) / 2), rel=1e-5
    )
    assert loss["p_smooth"] == ""  # no n, no counts
    assert (alone["n_scales"], alone["emergence_score"]) == ("1", "")
    assert main(["emergence", "gpt3_word_tasks", "--draws", "20"]) == 0
    assert "symbol insertion" in capsys.readouterr().out


@pytest.mark.parametrize("argument", ["no_such_table", "no/such/file.csv"])
def test_a_table_that_is_not_there_is_named(argument, capsys):
    assert main(["emergence", argument]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith(f"mirage_utils: table = '{argument}': expected one of gpt3_arithmetic")


def test_a_broken_file_is_an_error_and_no_traceback(file, capsys):
    assert main(["emergence", str(file(HEADER + "t,1e6,acc,?,1\n"))]) == 1
    assert "score, line 2 = '?'" in capsys.readouterr().err


# -- python -m mirage_utils metrics -------------------------------------------------------------------------


def test_the_command_prints_one_row_a_metric(capsys):
    assert main(["metrics", "--csv", "--records", "2000"]) == 0
    found = rows(capsys.readouterr().out)
    assert list(found[0]) == (
        [
            "name",
            "range",
            "direction",
            "continuity",
            "proper",
            "expression",
            "worst_z",
            "simulations",
        ]
    )
    assert [r["name"] for r in found] == list(METRICS)
    for row in found:
        metric = METRICS[row["name"]]
        assert row["expression"] == str(metric.expression)
        assert int(row["simulations"]) >= 6
        assert 0 <= float(row["worst_z"]) < 4.6
        assert row["direction"] == metric.direction
        assert ".." in row["range"]
    ends = {r["name"]: r["range"] for r in found}
    assert ends["token_edit_distance"] == "0..L"
    assert ends["log_score"] == "0..inf"
    assert np.mean([r["proper"] == "yes" for r in found]) < 0.5
