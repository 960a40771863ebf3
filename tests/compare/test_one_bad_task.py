"""A task that cannot be compared costs no other, and is named wherever the others are; and messages that say the cause."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest
from sheets_of_two import halves, put, samples, two

from mirage_utils.cli.main import main
from mirage_utils.compare import NotCompared, NotPairedError, compare, page, write


def _three(bad=("riddles",)):
    """Three tasks of which some have other targets in B."""
    frame = two(tasks=("quiz", "riddles", "sums"))
    there = (frame["model"] == "owl-2") & frame["task"].isin(bad)
    return frame.assign(target=frame["target"].where(~there, "z" + frame["target"]))


def test_the_other_tasks_are_compared_as_without_it(tmp_path):
    frame = _three()
    found = compare(*halves(frame, tmp_path))
    alone = compare(*halves(frame[frame["task"] != "riddles"], tmp_path))
    assert [r.task for r in found.rows] == ["quiz", "sums"]
    assert [r.words for r in found.rows] == [r.words for r in alone.rows]
    assert [r.p_holm for r in found.rows] == [r.p_holm for r in alone.rows]
    assert alone.not_compared == ()


def test_the_bad_one_is_named_in_table_and_files(tmp_path):
    found = compare(*halves(_three(), tmp_path))
    (lost,) = found.not_compared
    assert isinstance(lost, NotCompared)
    assert (lost.task, lost.metric) == ("riddles", "accuracy")
    assert "target differs for 60 of 60 items" in lost.why
    last = found.table.iloc[-1]
    assert (last["task"], last["verdict"], last["n"]) == ("riddles", "not compared", 0)
    assert last["words"] == lost.why
    assert np.isnan(last["p"])
    assert sum(found.count().values()) == 2
    written = {p.name: p.read_text() for p in write(found, tmp_path / "out")}
    rows = list(csv.DictReader(io.StringIO(written["comparison.csv"])))
    assert [(r["task"], r["n"], r["verdict"] == "not compared") for r in rows] == [
        ("quiz", "60", False), ("sums", "60", False), ("riddles", "0", True),
    ]  # fmt: skip
    numbers = json.loads(written["numbers.json"])
    assert [r["task"] for r in numbers["comparisons"]] == ["quiz", "sums"]
    assert [r["task"] for r in numbers["not_compared"]] == ["riddles"]
    assert "1 more could not be compared." in written["report.html"]
    assert written["report.html"].count("not compared") == 2  # sentence, table


def test_the_command_names_it_and_its_status_is_asked_for(tmp_path, capsys):
    a, b = map(str, halves(_three(), tmp_path))
    assert main(["compare", a, b]) == 0
    shown = capsys.readouterr()
    assert "not compared: riddles, accuracy: target differs" in shown.out
    (row,) = (line for line in shown.out.splitlines() if line.startswith("riddles"))
    assert row.split() == ["riddles", "accuracy", "not", "compared"]
    assert main(["compare", a, b, "--csv"]) == 0
    assert "not compared: riddles" in capsys.readouterr().err
    assert main(["compare", a, b, "--fail-on", "refused"]) == 3
    assert main(["compare", a, b, "--only", "quiz", "--fail-on", "refused"]) == 0


def test_where_none_is_left_the_first_is_told_and_how_many_there_are(tmp_path):
    with pytest.raises(
        NotPairedError, match=r"quiz, accuracy: target differs.*nor can 2 others be"
    ):
        compare(*halves(_three(("quiz", "riddles", "sums")), tmp_path))


def test_a_task_of_one_item_is_among_them(tmp_path):
    frame = two(tasks=("quiz", "riddles"))
    few = frame[(frame["task"] == "quiz") | (frame["item"] == "riddles-0-0")]
    found = compare(*halves(few, tmp_path))
    assert [(r.task, r.why) for r in found.not_compared] == [
        ("riddles", "1 item is scored on both sides, and two are needed (nothing is left out)")
    ]


def test_the_report_speaks_of_one_and_of_several(tmp_path):
    same = two().assign(score=1)
    text = page(compare(*halves(same, tmp_path)))
    assert "1 comparison, error rate 0.05: on 1 the items cannot tell." in text
    found = compare(*halves(two(remark="x"), tmp_path))
    assert "B is better on 1." in page(found)


def test_the_tables_of_the_report_are_narrow_and_hold_what_the_screen_shows(tmp_path):
    found = compare(*halves(two(), tmp_path))
    text = page(found)
    head = text.partition("Comparisons in numbers")[2].partition("</thead>")[0]
    assert head.count("<th ") <= 11
    assert "95% interval" in head
    d = found.rows[0].difference
    assert f">{100 * d.low:.1f} to {100 * d.high:.1f}</td>" in text  # points, as on the screen
    assert text.partition("More numbers")[2].partition("</thead>")[0].count("<th ") <= 11


@pytest.mark.parametrize("cells", [["C", "I"], ["1,0", "0,0"], ["nan", "nan"]])
def test_cells_that_are_no_numbers_are_not_called_answers(cells, tmp_path):
    frame = two()
    a, b = halves(frame, tmp_path)
    theirs = frame[frame["model"] == "owl-2"].astype({"score": object})
    put(theirs.assign(score=[cells[i % 2] for i in range(len(theirs))]), b)
    with pytest.raises(
        NotPairedError, match=rf"B has scores, and none of them counts: .*line 2 \('{cells[0]}'\)"
    ):
        compare(a, b)


def test_scores_that_are_missing_are_told_once(tmp_path):
    frame = two()
    frame.loc[frame.index[-1], "score"] = np.nan
    found = compare(*halves(frame, tmp_path))
    told = [n for n in found.notes if "line 61" in n]
    assert len(told) == 1
    assert "none, and the answer counts as one that is not graded: line 61" in told[0]
    frame = frame.astype({"score": object})
    frame.loc[frame.index[-1], "score"] = "n.a."
    found = compare(*halves(frame, tmp_path))
    assert ["no finite number" in n for n in found.notes if "line 61" in n] == [True]


def test_truncated_samples_are_not_called_scores_of_tasks_alone(tmp_path):
    whole = samples(tmp_path / "a" / "samples_t_2025-05-01T10-20-30.1.jsonl", [0, 1, 1, 0])
    cut = samples(tmp_path / "b" / "samples_t_2025-05-01T10-20-30.1.jsonl", [0, 1, 1, 0])
    cut.write_text(cut.read_text()[:-20])
    (cut.parent / "results_2025-05-01T10-20-30.1.json").write_text(
        json.dumps({"results": {"t": {"exact_match,none": 0.5}}, "config": {"model_args": "pretrained=owl"}, "model_name": "owl",
                    "configs": {}, "versions": {}, "n-shot": {}, "n-samples": {"t": {"original": 4, "effective": 4}}})
    )  # fmt: skip
    with pytest.raises(
        NotPairedError, match=r"no score of an item could be read \(samples_t_.*line 4"
    ):
        compare(whole, cut.parent)


def test_numbers_of_rows_are_not_shown_as_names(tmp_path):
    frame = two().drop(columns=["item", "target"])
    path = put(frame, tmp_path / "r.csv")
    with pytest.raises(
        NotPairedError,
        match=r"quiz, accuracy: items have no names.*A has 60 rows, B has 60;.*--column",
    ):
        compare(path, models=["owl-1", "owl-2"])


def test_a_part_of_a_name_selects(tmp_path):
    frame = pd.concat([two(setting="strict-match", shots=5), two(setting="loose", shots=5)])
    path = put(frame, tmp_path / "r.csv")
    for only, settings in (("strict-match", ["strict-match"]), ("5-shot", ["strict-match", "loose"])):  # fmt: skip
        found = compare(path, models=["owl-1", "owl-2"], only=[only])
        assert [r.pair.first_cell.setting for r in found.rows] == settings
    with pytest.raises(ValueError, match=r"'quiz, strict-match, 5-shot', 'quiz, loose, 5-shot'"):
        compare(path, models=["owl-1", "owl-2"], only=["nothing"])
