"""Inspect's logs: what is reported, what samples give, and when the two are the same score."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from inspect_files import FILES, entries, log, means, opened, rows, sample, score, written

from mirage_utils.evidence.curves_of import curves_of
from mirage_utils.records import gather, read


@pytest.fixture
def reading(tmp_path):
    def of(content):
        path = tmp_path / "log.json"
        path.write_text(json.dumps(content))
        return read(path)

    return of


# -- numbers of items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "results", "samples", "n"),
    [
        ({"scored_samples": 10}, {}, 0, 10),
        ({}, {"total_samples": 40, "completed_samples": 40}, 0, 10),
        ({}, {"total_samples": 40, "completed_samples": 39}, 0, math.nan),  # some item has three
        ({"scored_samples": 40}, {}, 10, 10),  # of a metric over all epochs
        ({}, {"completed_samples": 40}, 10, 10),
        ({"scored_samples": "many"}, {"completed_samples": None}, 0, math.nan),
    ],
)
def test_n_is_the_number_of_items_scored(reading, more, results, samples, n):
    made = [sample(i, "C", epoch=e) for i in range(samples) for e in range(1, 5)]
    found = reading(log(made, [score(**more)], results=results, config={"epochs": 4}))
    np.testing.assert_equal(found.scores["n"].tolist(), [n])


def test_errors_leave_fewer_items(reading):
    made = [sample(i, "C") for i in range(6)]
    made += [{**sample(i, "C"), "scores": {}, "error": {"message": "?"}} for i in range(6, 10)]
    found = reading(log(made, results={"completed_samples": 10}))
    assert rows(found) == {("match", "accuracy"): (0.5, 6)}
    assert len(found.records) == 6
    assert "4 of 10 samples ended with an error" in found.notes


def test_errors_that_the_log_counts_as_wrong_are_said_to_be(reading):
    made = [sample(0, "C"), {**sample(1, "I"), "error": {"message": "?"}}]
    found = reading(log(made))
    assert len(found.records) == 2
    note = (
        "1 of 2 samples ended with an error; 1 of them scored all the same, as the log counts them"
    )
    assert note in found.notes


# -- what is reported, and what samples give -----------------------------------------------------------


BY_LEVEL = [sample(i, "C" if i < 2 else "I", metadata={"level": "easy" if i < 4 else "hard"}) for i in range(10)]  # fmt: skip


def grouped(base="accuracy", **more):
    return {"metric": {"type": "metric", "name": base, "params": {}}, "group_key": "level", **more}


def planned(*options, others=()):
    """The header's scorers, of a log with grouped metrics."""
    metrics = [{"name": "inspect_ai/grouped", "options": o} for o in options]
    return [{"name": "match", "metrics": [*metrics, *({"name": o, "options": {}} for o in others)]}]


def test_groups_are_told_by_the_log_and_their_items_by_the_samples(reading):
    plain = {"easy": 0.5, "hard": 0.0, "all": 0.2, "own": 3.0}
    found = reading(log(BY_LEVEL, entries(plain)))
    assert rows(found) == {
        ("match", "easy"): (0.5, 4),
        ("match", "hard"): (0.0, 6),
        ("match", "all"): (0.2, 10),
        ("match", "own"): (3.0, 10),
    }
    other = rows(reading(log(BY_LEVEL, [score(metrics={"easy": 0.7})])))
    assert other == {("match", "easy"): (0.7, 4)}  # another metric of that group
    values = {"easy": 0.7, "all": 0.5}
    assert rows(reading(log(BY_LEVEL, entries(values, grouped("pkg/f1"))))) == {
        ("match, level=easy", "f1"): (0.7, 4),
        ("match, level=all", "f1"): (0.5, 10),
    }


LEVELS = {"easy": 0.5, "hard": 0.0, "all": 0.2}

NAMED = [(f"match, level={level}", "accuracy") for level in LEVELS]

WITH_ERRORS = {**LEVELS, "easy2": 0.25, "hard2": 0.0, "all2": 0.125}

ERRORS = [0.25, 0.0, 0.125]

OWN = {k: {"name": k.rstrip("2"), "value": v, "params": grouped("stderr" if "2" in k else "accuracy")} for k, v in WITH_ERRORS.items()}  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "scorers", "names", "errors"),
    [
        (entries(LEVELS, grouped()), None, NAMED, None),
        ([score(metrics=OWN)], None, NAMED, ERRORS),
        (entries({f"{k} ones": v for k, v in LEVELS.items() if k != "all"}, grouped(name_template="{group_name} ones")), None, NAMED[:2], None),
        (entries(LEVELS, grouped("pkg/own")), None, [(setting, "own") for setting, _ in NAMED], None),
        # In older versions only the header says what was planned.
        (entries(LEVELS), planned(grouped()), NAMED, None),
        (entries({**LEVELS, "accuracy": 0.2}), planned(grouped(), others=["inspect_ai/accuracy"]), [*NAMED, ("match", "accuracy")], None),
        (entries(WITH_ERRORS), planned(grouped(), grouped("stderr")), NAMED, ERRORS),
        # Nobody says what they are of, or whose names they are.
        (entries(LEVELS), None, [("match", level) for level in LEVELS], None),
        (entries({**LEVELS, "other": 1.0}), planned(grouped(), others=["pkg/own"]), [("match", m) for m in (*LEVELS, "other")], None),
        (entries(LEVELS), planned(grouped(), grouped("f1", group_key="kind")), [("match", level) for level in LEVELS], None),
        (entries(LEVELS), [{"name": "match", "metrics": [{"name": "grouped", "options": 5}, {"name": 3}, 5]}], [("match", level) for level in LEVELS], None),
    ],
)  # fmt: skip
def test_a_group_has_one_name_with_samples_and_without(reading, scores, scorers, names, errors):
    whole = reading(log(BY_LEVEL, scores, scorers=scorers))
    bare = reading(log([], scores, scorers=scorers))
    for found in (whole, bare):
        keys = list(zip(found.scores["setting"], found.scores["metric"], strict=True))
        assert keys == names
    by_setting = whole.scores.drop_duplicates(["setting", "metric"])
    sizes = {"easy": 4, "hard": 6}
    for row in by_setting.itertuples():
        level = row.setting.partition("level=")[2] or row.metric
        assert row.n == sizes.get(level, 10)
    # Without samples it is not known how many are in a group, and never are all.
    level = bare.scores["setting"].str.contains("easy|hard") | bare.scores["metric"].isin(LEVELS)
    assert bare.scores.loc[level & ~bare.scores["setting"].str.contains("all"), "n"].isna().all()
    for found in (whole, bare):
        if errors:
            assert found.scores["stderr"].tolist() == errors
    if not errors:
        assert bare.scores["stderr"].isna().all()


def test_a_group_called_like_a_spread_is_a_group(reading):
    made = [sample(i, "C", metadata={"level": "std" if i else "mean"}) for i in range(4)]
    found = reading(log(made, entries({"std": 1.0, "mean": 1.0}, grouped())))
    assert rows(found) == {
        ("match, level=std", "accuracy"): (1.0, 3),
        ("match, level=mean", "accuracy"): (1.0, 1),
    }


def test_groups_of_a_part_are_told_by_the_header_too(reading):
    made = [sample(i, {"a": float(i < 2)}, metadata={"level": "easy" if i < 4 else "hard"}) for i in range(10)]  # fmt: skip
    part = {
        **score("a", {"grouped_easy": 0.5, "grouped_hard": 0.0, "mean": 0.2}),
        "scorer": "match",
    }
    plan = {"name": "inspect_ai/grouped", "options": grouped("mean", all=False)}
    scorers = [{"name": "match", "metrics": {"a": [plan, {"name": "inspect_ai/mean"}]}}]
    found = rows(reading(log(made, [part], scorers=scorers)))
    assert found == {
        ("match, a, level=easy", "mean"): (0.5, 4),
        ("match, a, level=hard", "mean"): (0.0, 6),
        ("match, a", "mean"): (0.2, 10),
    }
    assert set(rows(reading(log([], [part], scorers=scorers)))) == set(found)


@pytest.mark.parametrize("params", [True, False])
def test_the_programs_own_groups_keep_their_names_without_samples(tmp_path, params):
    header, _ = opened("epochs.eval")
    for entry in header["results"]["scores"]:
        for metric in entry["metrics"].values():
            metric["params"] = metric["params"] if params else {}
            metric.pop("group", None)
    bare, whole = read(written(tmp_path, header)).scores, read(FILES / "epochs.eval").scores
    same = ["setting", "metric", "direction", "score"]
    assert bare[same].equals(whole[same])
    level = whole["setting"].str.contains("easy|hard")
    assert bare.loc[~level, "n"].equals(whole.loc[~level, "n"])
    assert bare.loc[level, "n"].isna().all()


@pytest.mark.parametrize(
    ("values", "direction"),
    [
        ({"easy": 0.5, "hard": 0.0}, "higher"),  # the means of what is right
        ({"easy": 0.5, "hard": 1.0}, ""),  # shares of errors: one is the same by chance
        ({"easy": 0.5}, ""),
    ],
)
def test_grades_show_which_scores_of_a_group_are_good(reading, values, direction):
    found = reading(log(BY_LEVEL, entries({**values, "own": 0.2})))
    assert found.scores["direction"].tolist() == [*[direction] * len(values), ""]
    assert set(reading(log([], entries(values))).scores["direction"]) == {""}


def test_logs_with_samples_and_without_make_one_curve_of_a_group(tmp_path):
    for i, size in enumerate(("70m", "160m", "410m", "1b")):
        easy = [sample(j, "C" if j <= i else "I", metadata={"level": "easy"}) for j in range(5)]
        hard = [
            sample(j, "C" if j < i + 5 else "I", metadata={"level": "hard"}) for j in range(5, 10)
        ]
        scores = entries({"easy": (i + 1) / 5, "hard": i / 5})
        made = log([*easy, *hard] if i % 2 else [], scores, model=f"hf/EleutherAI/pythia-{size}")
        (tmp_path / f"{size}.json").write_text(json.dumps(made))
    found = curves_of(gather(tmp_path).scores)
    curves = {c.metric: c for c in found.curves if c.metric in ("easy", "hard")}
    assert [len(c.scale) for c in found.curves if c.metric in curves] == [4, 4]
    assert {c.direction for c in curves.values()} == {"higher"}
    for path in tmp_path.iterdir():  # and nobody knows of results alone
        path.write_text(json.dumps({**json.loads(path.read_text()), "samples": []}))
    bare = curves_of(gather(tmp_path).scores)
    assert [c.metric for c in bare.curves] == ["easy", "hard"]
    assert any("--direction easy=" in note for note in bare.undirected)


@pytest.mark.parametrize("samples", [True, False])
def test_an_epoch_that_ended_with_an_error_moves_no_group(tmp_path, samples):
    for i, size in enumerate(("70m", "160m", "410m")):
        made = [
            sample(j, "CI"[j % 6 > i], epoch=epoch, metadata={"level": "easy" if j < 6 else "hard"})
            for epoch in (1, 2)
            for j in range(12)
        ]
        if size == "410m":
            made[3] |= {"error": {"message": "timeout"}, "scores": {}}
        scores = [
            score(metrics={"accuracy": (i + 1) / 6, "easy": (i + 1) / 6, "hard": (i + 1) / 6})
        ]
        counts = {"total_samples": 24, "completed_samples": 24 - (size == "410m")}
        whole = log(
            made if samples else [], scores, results=counts, model=f"hf/EleutherAI/pythia-{size}",
            config={"epochs": 2},
        )  # fmt: skip
        (tmp_path / f"{size}.json").write_text(json.dumps(whole))
    found = gather(tmp_path)
    own = found.scores[found.scores["metric"].isin(["easy", "hard"])]
    assert set(own["setting"]) == {"match"}
    assert own.groupby("metric")["model"].nunique().to_dict() == {"easy": 3, "hard": 3}
    assert set(own["n"].fillna(0)) == ({6} if samples else {0})
    assert any("1 of 24 samples ended with an error" in note for note in found.notes)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, "x", [1], {}, 10**400])
def test_a_metric_without_value_leaves_the_others(reading, value):
    entries = [score(), score("kind", {"accuracy": {"name": "accuracy", "value": value}, "mean": 0.1})]  # fmt: skip
    found = reading(log(scores=entries))
    assert set(rows(found)) == {("match", "accuracy"), ("kind", "mean")}
    assert any(n.startswith("kind: accuracy has no value") and "left out" in n for n in found.notes)


def test_values_by_name_are_scores_of_their_own(reading):
    made = [sample(i, {"a": i % 2, "b": "C", "c": "?"}) for i in range(4)] + [sample(4, math.nan)]
    parts = [{**score(name, {"mean": 0.5}), "scorer": "match"} for name in ("a", "b")]
    found = reading(log(made, parts))
    assert means(found) == {("match, a", "mean"): (0.5, 4), ("match, b", "mean"): (1, 4)}
    assert rows(found) == {("match, a", "mean"): (0.5, 4), ("match, b", "mean"): (0.5, 4)}
    assert "match: 1 values of NaN: samples that were not scored" in found.notes
    assert "match: 4 grades of no known kind, left out" in found.notes
    assert set(means(reading(log(made, [])))) == {("match", "a"), ("match", "b")}


def test_lists_of_values_leave_the_reported_mean(reading):
    found = reading(log([sample(i, [1, 0]) for i in range(3)], [score(metrics={"mean": 0.5})]))
    assert (len(found.records), rows(found)) == (0, {("match", "mean"): (0.5, 3)})
    assert any("3 lists of values, left out" in note for note in found.notes)


@pytest.mark.parametrize(
    ("metrics", "value", "name"),
    [
        ({"accuracy": 1.0}, 1, "accuracy"), ({"mean": 1.0, "accuracy": 1.0}, 1, "accuracy"),
        ({"mean": 1.0}, "C", "mean"), ({"own": 1.0}, "C", "accuracy"), ({"own": 1.0}, 1, "value"),
        ({"own": 1.0}, True, "accuracy"), ({"own": 1.0}, "1", "value"), ({"own": 1.0}, "yes", "accuracy"),
    ],
)  # fmt: skip
def test_samples_stand_under_the_name_of_their_reported_mean(reading, metrics, value, name):
    assert means(reading(log([sample(1, value)], [score(metrics=metrics)]))) == {
        ("match", name): (1.0, 1)
    }


def test_invalid_samples_are_left_out_and_so_is_the_score_that_counts_them(reading):
    made = [sample(i, "C" if i > 1 else "I", invalidation={"reason": "?"} if i < 2 else None) for i in range(6)]  # fmt: skip
    found = reading(log(made, [score(metrics={"accuracy": 4 / 6, "own": 0.1})]))
    assert means(found) == {("match", "accuracy"): (1.0, 4)}
    assert set(rows(found)) == {("match", "own")}
    (note,) = [note for note in found.notes if "invalid" in note]
    assert "2 of 6 samples are marked invalid" in note
    assert "accuracy (match), which counts them; own (match), reported by the log, still" in note
    alone = reading({**log(), "invalidated": True})
    assert any("marked as not to be used" in note for note in alone.notes)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"invalidation": {"reason": "?"}}, "invalid"),
        ({"error": {"message": "?"}, "scores": {}}, "6 of 6 samples ended with an error"),
    ],
)
def test_of_a_log_without_a_usable_sample_nothing_counts(reading, more, told):
    made = [{**sample(i, "C", metadata={"level": "easy"}), **more} for i in range(6)]
    metrics = {
        "accuracy": 1.0,
        "own": 0.1,
        "easy": {"name": "easy", "value": 1.0, "params": grouped()},
    }
    found = reading(log(made, [score(metrics=metrics)]))
    assert (len(found.scores), len(found.records)) == (0, 0)
    assert any(told in note for note in found.notes)
    (note,) = [note for note in found.notes if "none of 6 samples can be used" in note]
    for name in ("accuracy (match)", "own (match)", "accuracy (match, level=easy)"):
        assert name in note
    # One that can be used is enough for what counts all of them.
    one = reading(log([*made, sample(6, "C")], [score(metrics=metrics)]))
    assert {"own"} <= set(one.scores["metric"])


def test_some_invalid_and_the_others_errors_are_none_that_can_be_used(reading):
    made = [
        {**sample(0, "C"), "invalidation": {"reason": "?"}},
        {**sample(1, "C"), "scores": {}, "error": {"message": "?"}},
    ]
    found = reading(log(made, [score(metrics={"own": 0.1})]))
    assert len(found.scores) == 0


@pytest.mark.parametrize(
    ("results", "more", "left"),
    [
        ({"total_samples": 6, "completed_samples": 0}, {}, True),
        (
            {"total_samples": 6, "completed_samples": 0},
            {"scored_samples": 6},
            False,
        ),  # all the same
        ({"total_samples": 6, "completed_samples": 1}, {}, False),
        ({"total_samples": 6}, {}, False),
    ],
)
def test_results_of_samples_that_all_ended_with_an_error_do_not_count(reading, results, more, left):
    found = reading(log([], [score(metrics={"own": 0.1}, **more)], results=results))
    assert (len(found.scores) == 0) == left
    assert any("is left out (own (match))" in note for note in found.notes) == left


@pytest.mark.parametrize(
    ("made", "scores", "stays"),
    [
        ([sample(0, [1, 0])], [score(metrics={"mean": 0.5})], True),
        ([sample(0, [1, 0])], [score(metrics={"mean": None})], False),
        ([sample(0, [1, 0])], [score("other", {"mean": 0.5})], False),
        ([sample(0, [1, 0])], [], False),
        ([sample(0, [1, 0], invalidation={"reason": "?"})], [score(metrics={"mean": 0.5})], False),
    ],
)
def test_what_the_log_reports_of_lists_stays_where_it_reports_something(
    reading, made, scores, stays
):
    (note,) = [note for note in reading(log(made, scores)).notes if "lists of values" in note]
    assert ("what the log reports of them stays" in note) == stays
