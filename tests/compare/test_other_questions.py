"""What items of one name are asked, which rows belong together, and scales: wrong pairs are refused, each in a small file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sheets_of_two import halves, log, put, samples, two

from mirage_utils.compare import NotPairedError, compare


def _asked(frame, column="question", shift=0):
    n = frame.groupby("model").cumcount()
    second = (frame["model"] == "owl-2").to_numpy()
    return frame.drop(columns="target").assign(
        **{column: [f"What is {i + shift * s}+1?" for i, s in zip(n, second, strict=True)]}
    )


@pytest.mark.parametrize("column", ["question", "input", "prompt", "Problem"])
def test_a_table_s_questions_are_compared(column, tmp_path):
    a, b = halves(_asked(two(20), column), tmp_path)
    found = compare(a, b)
    assert found.rows[0].difference.n == 20
    assert not any("not used" in n for n in found.notes)
    (tmp_path / "other").mkdir()
    a, b = halves(_asked(two(20), column, shift=3), tmp_path / "other")
    with pytest.raises(NotPairedError, match=r"question differs for 20 of 20 .*'What is 0\+1\?' in A, 'What is 3\+1\?' in B.*--ignore-targets"):  # fmt: skip
        compare(a, b)
    notes = compare(a, b, ignore_targets=True).rows[0].notes
    assert any("questions differ for 20 of 20" in note for note in notes)


def test_a_prompt_that_is_a_condition_is_one(tmp_path):
    frame = two(20).assign(prompt="plain")
    second = frame["model"] == "owl-2"
    a, b = halves(frame.assign(prompt=np.where(second, "step by step", "plain")), tmp_path)
    with pytest.raises(NotPairedError, match="setting differs"):
        compare(a, b)
    found = compare(a, b, conditions=["prompt plain", "prompt step by step"])
    assert found.rows[0].difference.n == 20


def test_documents_of_the_harness_are_compared(tmp_path):
    score = [0, 1] * 10
    a = samples(tmp_path / "a" / "samples_q.jsonl", score, doc=lambda i: {"question": f"q{i}"}, target=lambda i: "0")  # fmt: skip
    b = samples(tmp_path / "b" / "samples_q.jsonl", score, doc=lambda i: {"question": f"q{i}", "more": 1}, target=lambda i: "0")  # fmt: skip
    assert compare(a, b).rows[0].difference.n == 20
    b = samples(b, score, doc=lambda i: {"question": f"q{(i + 1) % 20}"}, target=lambda i: "0")
    with pytest.raises(NotPairedError, match=r"question differs for 20 of 20 .*'q0' in A, 'q1' in B"):  # fmt: skip
        compare(a, b)


def test_inputs_of_inspect_are_compared(tmp_path):
    a, b = (log(tmp_path / f"{k}.json", [0, 1] * 5) for k in "ab")
    for path, change in ((a, ""), (b, "another ")):
        content = json.loads(path.read_text())
        for i, sample in enumerate(content["samples"]):
            sample["input"] = f"{change}question {i}"
        path.write_text(json.dumps(content))
    with pytest.raises(NotPairedError, match="question differs for 10 of 10"):
        compare(a, b)


def test_targets_that_are_ignored_are_told(tmp_path):
    frame = two(20)
    second = (frame["model"] == "owl-2").to_numpy()
    a, b = halves(frame.assign(target=[f"{t}{'.0' * int(s)}" for t, s in zip(frame.target.str[1:], second, strict=True)]), tmp_path)  # fmt: skip
    with pytest.raises(NotPairedError, match="they are the same numbers"):
        compare(a, b)
    notes = compare(a, b, ignore_targets=True).rows[0].notes
    assert "targets differ for 20 of 20 items of the same name, and are ignored" in notes


def test_epochs_may_be_numbered_from_0(tmp_path):
    rows = ["model,task,item,epoch,metric,score"]
    for item in range(3):
        rows += [f"a,t,{item},{e},accuracy,{int(e == 0)}" for e in range(2)]
        rows += [f"b,t,{item},{e},accuracy,{int(e == 1)}" for e in range(2)]
    path = tmp_path / "r.csv"
    path.write_text("\n".join(rows))
    d = compare(path, models=["a", "b"]).rows[0]
    assert (d.difference.first, d.difference.second, d.difference.n) == (0.5, 0.5, 3)
    assert not d.pair.crossed[0]


def _runs(frame, flips, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for k, flip in enumerate(flips):
        wrong = rng.random(len(frame)) < flip
        score = np.where(wrong, 1 - frame["score"], frame["score"])
        parts.append(frame.assign(seed=k, score=score))
    return pd.concat(parts)


def test_equal_runs_count_once(tmp_path):
    frame = two(60)
    one = compare(*halves(frame, tmp_path)).rows[0]
    (tmp_path / "twice").mkdir()
    both = compare(*halves(_runs(frame, [0, 0]), tmp_path / "twice")).rows[0]
    assert both.difference == one.difference
    assert both.words == one.words
    assert any("count as one" in note for note in both.notes)


def test_runs_have_their_own_degrees_of_freedom_and_items_theirs(tmp_path):
    found = compare(*halves(_runs(two(200), [0.1, 0.1]), tmp_path)).rows[0]
    d, runs = found.difference, (found.first_runs, found.second_runs)
    parts = [(d.error**2, d.n - 1), *((c.run / 2, 1) for c in runs)]
    whole = sum(v for v, _ in parts)
    freedom = whole**2 / sum(v**2 / k for v, k in parts)
    half = stats.t(freedom).ppf(0.975) * whole**0.5
    if any(c.run for c in runs):
        assert (found.verdict == "better") == (d.value > half)
        assert f"± {100 * half:.1f}" in found.words
    else:
        assert found.verdict == "better"
        assert "±" not in found.words


def test_rows_without_names_need_equal_numbers(tmp_path):
    frame = two(20).drop(columns=["item", "target"])
    a, b = halves(frame, tmp_path)
    notes = compare(a, b).rows[0].notes
    assert any("row k of A is paired with row k of B" in note for note in notes)
    b.write_text("\n".join(line for k, line in enumerate(b.read_text().splitlines()) if k != 7))
    with pytest.raises(NotPairedError, match=r"A has 20 rows and B 19.*--column NAME=item"):
        compare(a, b)


def test_names_from_0_and_from_1_are_refused(tmp_path):
    frame = two(20).drop(columns="target")
    number = frame.groupby("model").cumcount() + (frame["model"] == "owl-2")
    a, b = halves(frame.assign(item=number), tmp_path)
    with pytest.raises(NotPairedError, match="A numbers its 20 items from 0 and the other from 1"):
        compare(a, b)


def test_a_side_in_per_cent_is_refused_and_may_be_divided(tmp_path):
    rng = np.random.default_rng(0)
    frame = two(30).assign(metric="bleu", score=rng.random(60).round(3))
    exact = compare(*halves(frame, tmp_path)).rows[0].difference
    second = frame["model"] == "owl-2"
    scaled = frame.assign(score=np.where(second, 100 * frame["score"], frame["score"]))
    a, b = halves(scaled, tmp_path)
    with pytest.raises(NotPairedError, match=r"scale differs.*--percent bleu.*--fraction bleu"):
        compare(a, b)
    divided = compare(a, b, percent="bleu")
    assert divided.rows[0].difference.value == pytest.approx(exact.value)
    assert any("nowhere above 1" in note for note in divided.notes)
    assert compare(a, b, fraction="bleu").rows[0].difference.second > 10


@pytest.mark.parametrize("metric", ["bleu", "f1"])
def test_a_side_in_per_cent_may_stand_in_one_file_with_the_other(tmp_path, metric):
    rng = np.random.default_rng(1)
    frame = two(30).assign(metric=metric, score=rng.random(60).round(3))
    exact = compare(*halves(frame, tmp_path)).rows[0].difference
    second = frame["model"] == "owl-2"
    whole = tmp_path / "both.csv"
    frame.assign(score=np.where(second, 100 * frame["score"], frame["score"])).to_csv(
        whole, index=False
    )
    with pytest.raises(NotPairedError, match="per cent"):
        compare(whole, models=["owl-1", "owl-2"])
    divided = compare(whole, models=["owl-1", "owl-2"], percent=metric)
    found = divided.rows[0].difference
    assert (found.first, found.value) == (pytest.approx(exact.first), pytest.approx(exact.value))
    assert any(f"{metric} of owl-1 is nowhere above 1" in note for note in divided.notes)


def test_per_cent_divides_no_fractions(tmp_path):
    frame = two(30)
    exact = compare(*halves(frame, tmp_path)).rows[0].difference
    second = frame["model"] == "owl-2"
    a, b = halves(frame.assign(score=frame["score"] * np.where(second, 100, 1)), tmp_path)
    assert compare(a, b, percent="accuracy").rows[0].difference == exact


def test_many_tasks_can_be_decided(tmp_path):
    rng = np.random.default_rng(0)
    tasks = [f"t{k}" for k in range(12)]
    frame = two(30, tasks=tasks, metric="f1")
    second = frame["model"] == "owl-2"
    frame = frame.assign(score=(0.3 + 0.3 * second + 0.05 * rng.random(len(frame))).round(4))
    found = compare(put(frame, tmp_path / "r.csv"), models=["owl-1", "owl-2"], level=0.002)
    assert found.count()["higher"] + found.count()["better"] == 12
    assert all("drawn flips" in " ".join(r.notes) for r in found.rows)


def test_no_verdict_rests_on_what_one_side_alone_was_graded_on(tmp_path):
    frame = two(60)
    second = frame["model"] == "owl-2"
    a, b = halves(frame.assign(score=frame["score"].where(~second | (frame["score"] == 1))), tmp_path)  # fmt: skip
    found = compare(a, b).rows[0]
    assert found.verdict == "cannot tell"
    assert "B alone has no score of" in found.words


def test_a_difference_of_two_points_is_no_2(tmp_path):
    a, b = halves(two(20), tmp_path)
    with pytest.raises(ValueError, match=r"two points are 0\.02"):
        compare(a, b, difference=2)
