"""Which rows count: runs that broke off, reported scores and samples, scales, runs kept, families."""

import numpy as np
import pandas as pd
import pytest

from mirage_utils import FieldError
from mirage_utils.records import Options
from mirage_utils.records.precedence import AVERAGE, Made, settled
from mirage_utils.records.reported import SAMPLES

SIZES = (1e7, 1e8, 1e9, 1e10)


def rows(scores, *, metric="accuracy", n=500.0, graded="file", from_records=False, **more):
    """One row a size, of a file each."""
    models = [f"owl-{size:.0f}" for size in SIZES]
    table = pd.DataFrame(
        {
            "family": "Owl", "model": models, "params": SIZES, "train_flops": np.nan, "task": "quiz",
            "setting": "", "shots": np.nan, "run": [f"{m}/results.json" for m in models], "metric": metric,
            "direction": "", "graded": graded, "source": [f"{m}/results.json" for m in models],
            "score": scores, "n": n, "deviation": np.nan, "from_records": from_records,
        }
    )  # fmt: skip
    return table.assign(**more)


def settle(*tables, made=None, **options):
    return settled(pd.concat(tables, ignore_index=True), made or {}, Options(**options))


def found(table, metric="accuracy", setting=""):
    here = table[(table["metric"] == metric) & (table["setting"] == setting)]
    return here.sort_values("params")["score"].round(6).tolist()


RISE = [0.2, 0.4, 0.6, 0.8]


def test_what_samples_and_their_file_both_say_counts_once():
    table, notes = settle(rows(RISE), rows(RISE, from_records=True, deviation=0.4))
    assert len(table) == 4
    assert table["deviation"].tolist() == [0.4] * 4
    assert notes == []


def test_rounded_and_per_cent_reports_agree_with_their_samples():
    rounded = [0.33333, 0.4, 0.6, 0.8]
    exact = [1 / 3, 0.4, 0.6, 0.8]
    table, notes = settle(
        rows(rounded),
        rows(exact, from_records=True),
        rows([100 * s for s in exact], metric="em"),
        rows(exact, metric="em", from_records=True),
    )
    assert (len(table), notes) == (8, [])
    assert table["from_records"].all()


def test_samples_of_other_items_stand_apart():
    few = rows([0.2] * 4, from_records=True, n=10.0)
    gentle = rows([0.5] * 4, metric="token_accuracy", graded="here", from_records=True, n=10.0)
    table, notes = settle(rows(RISE, n=1000.0), few, gentle)
    assert found(table) == RISE
    assert found(table, setting=SAMPLES) == []  # of all items it is reported
    assert found(table, "token_accuracy", SAMPLES) == [0.5] * 4
    (note,) = notes
    assert "10 of 1,000 items" in note


def test_a_mean_that_is_not_the_reported_score_is_no_score():
    ppl, loglik = [50.0, 20.0, 10.0, 5.0], [-3.9, -3.0, -2.3, -1.6]
    table, notes = settle(
        rows(ppl, metric="perplexity"), rows(loglik, metric="perplexity", from_records=True)
    )
    assert found(table, "perplexity") == ppl
    assert "perplexity" in notes[0]
    assert "left out" in notes[0]


def test_a_run_that_broke_off_gives_way_to_one_that_ended():
    failed = rows([0.9] * 4).assign(source="failed.eval", run="failed.eval").iloc[:1]
    made = {"failed.eval": Made(ended=False, time="2026-01-01")}
    table, notes = settle(rows(RISE), failed, made=made)
    assert found(table) == RISE
    assert "failed.eval" in notes[0]
    # alone it is what there is; of two the later
    alone, notes = settle(failed, made=made)
    assert (len(alone), notes) == (1, [])
    later = failed.assign(source="later.eval", run="later.eval", score=0.8)
    made["later.eval"] = Made(ended=False, time="2026-01-02")
    table, notes = settle(failed, later, made=made)
    assert table["score"].tolist() == [0.8]
    assert "failed.eval" in notes[0]


@pytest.mark.parametrize(
    ("scores", "n", "options", "expected"),
    [
        ([20.0, 40.0, 60.0, 80.0], 500.0, {}, RISE),  # above 1: nothing else is possible
        (RISE, 500.0, {}, RISE),
        ([0.2, 0.6, 8.4, 31.0], 500.0, {}, None),  # 1 or 100 of 500: cannot be told
        ([0.2, 0.6, 8.4, 31.0], 500.0, {"percent": ["accuracy"]}, [0.002, 0.006, 0.084, 0.31]),
        # 1.56 items are none, and yet 0.312 of them among per cents is asked for: n may be another metric's.
        ([25.2, 26.4, 0.312, 40.2], 500.0, {}, None),
        ([0.4, 3.2, 11.0, 62.4], 250.0, {}, None),
        ([0.4, 3.2, 11.0, 62.4], np.nan, {}, None),
        ([20.0, 40.0, 160.0, 80.0], 500.0, {}, None),  # no per cent either
    ],
)
def test_scores_of_one_curve_are_on_one_scale_or_the_user_is_asked(scores, n, options, expected):
    table, notes = settle(rows(scores, n=n), **options)
    assert found(table) == (expected or [])
    if expected is None:
        assert "--percent" in notes[-1]
    if expected != scores and not options:
        assert "per cent" in notes[0]


def test_what_one_metric_tells_of_a_file_holds_for_its_others():
    exact = rows([0.4, 3.2, 11.0, 62.4], metric="exact", n=np.nan)
    f1 = rows([1.4, 4.2, 14.0, 81.0], metric="f1", n=np.nan)
    table, _ = settle(exact, f1)
    assert found(table, "exact") == [0.004, 0.032, 0.11, 0.624]
    assert found(table, "f1") == [0.014, 0.042, 0.14, 0.81]


@pytest.mark.parametrize("metric", ["f1", "precision", "recall", "token_accuracy", "acc_norm"])
def test_a_metric_is_not_in_per_cent_because_another_is(metric):
    cents = rows([31.0, 42.0, 55.0, 70.0])
    other = rows([0.28, 0.4, 0.53, 0.69], metric=metric)
    table, notes = settle(cents, other)
    assert found(table) == [0.31, 0.42, 0.55, 0.7]
    assert found(table, metric) == []
    asked, told = notes
    assert f"--percent '{metric} on quiz of Owl'" in asked
    assert f"--fraction '{metric} on quiz of Owl'" in asked
    assert "--fraction 'accuracy on quiz'" in told
    kept = settle(cents, other, fraction=[f"{metric} on quiz of Owl"])[0]
    assert found(kept, metric) == [0.28, 0.4, 0.53, 0.69]
    divided = settle(cents, other, percent=[metric])[0]
    assert found(divided, metric) == [0.0028, 0.004, 0.0053, 0.0069]


def test_an_f1_is_never_below_the_exact_match():
    exact = rows([1.2, 4.5, 9.0, 20.4], metric="exact_match")
    table, notes = settle(exact, rows([0.05, 0.1, 0.2, 0.35], metric="f1"))
    assert found(table, "exact_match") == [0.012, 0.045, 0.09, 0.204]
    assert found(table, "f1") == [0.05, 0.1, 0.2, 0.35]
    assert "--percent 'f1 on quiz'" in notes[0]
    hard = rows([0.1, 0.2, 0.5, 0.9], metric="exact_match", n=np.nan)
    table, _ = settle(hard, rows([3.1, 4.2, 6.0, 8.1], metric="f1"))
    assert found(table, "exact_match") == [0.001, 0.002, 0.005, 0.009]


def test_tasks_of_one_table_may_have_scales_of_their_own_if_the_user_says_so():
    low = rows([0.02, 0.11, 0.22, 0.45], source="t.csv", one_scale=True)
    cents = low.assign(score=100 * low["score"], task="muls")
    table, notes = settle(low, cents)
    assert set(table["task"]) == {"muls"}
    assert "--fraction 'accuracy on quiz of Owl'" in notes[0]
    table, _ = settle(low, cents, fraction=["accuracy on quiz of Owl"])
    assert table.groupby("task")["score"].apply(lambda s: s.round(6).tolist()).to_dict() == {
        "muls": [0.02, 0.11, 0.22, 0.45], "quiz": [0.02, 0.11, 0.22, 0.45],
    }  # fmt: skip


def test_a_score_on_no_scale_costs_no_other():
    table, notes = settle(rows([0.1, 0.2, 0.3, 1.02]))
    assert found(table) == [0.1, 0.2, 0.3]
    assert "1.02 for owl-10000000000" in notes[0]
    # Of 10,000 items 102 are 1.02 per cent.
    assert found(settle(rows([0.1, 0.2, 0.3, 1.02], n=1e4))[0]) == []
    kept, _ = settle(rows([0.1, 0.2, 0.3, 1.02], n=1e4), fraction=["accuracy"])
    assert found(kept) == [0.1, 0.2, 0.3]


def test_deviations_go_with_their_scores():
    table, _ = settle(rows([20.0, 40.0, 60.0, 80.0], deviation=50.0))
    assert table["deviation"].tolist() == [0.5] * 4


def test_metrics_that_are_no_fractions_keep_their_scale():
    bleu = [0.4, 3.2, 11.0, 24.0]
    table, notes = settle(rows(bleu, metric="bleu"))
    assert (found(table, "bleu"), notes) == (bleu, [])


def test_of_several_runs_those_count_that_the_user_keeps():
    first = rows(RISE).assign(source="a/first.json", run="a/first.json")
    second = rows([0.1] * 4).assign(source="b/second.json", run="b/second.json")
    made = {"a/first.json": Made(time="2026-01-02"), "b/second.json": Made(time="2026-01-01")}
    assert len(settle(first, second, made=made)[0]) == 8
    table, notes = settle(first, second, made=made, keep="latest")
    assert found(table) == RISE
    assert "b/second.json" in notes[0]
    assert found(settle(first, second, keep="second.json")[0]) == [0.1] * 4
    with pytest.raises(FieldError, match="--keep FILE"):
        settle(first, second, keep="latest")
    with pytest.raises(FieldError, match=r"third\.json"):
        settle(first, second, keep="third.json")


def test_a_direction_said_once_holds_for_the_same_metric_elsewhere():
    said = rows(RISE, metric="oddness", direction="lower").iloc[:1]
    unsaid = rows(RISE, metric="oddness").iloc[1:]
    assert set(settle(said, unsaid)[0]["direction"]) == {"lower"}


def test_averages_over_groups_are_marked():
    table, notes = settle(rows(RISE, is_group=True))
    assert set(table["setting"]) == {AVERAGE}
    assert "quiz" in notes[0]


def test_unknown_families_are_told_by_names_without_the_size_or_taken_for_one_and_said():
    def named(*names):
        return rows(RISE, family="").assign(model=list(names))

    table, notes = settle(named("a/owl-1b", "a/owl-2b", "a/crow-1b", "a/crow-2b"))
    assert table["family"].tolist() == ["a/owl", "a/owl", "a/crow", "a/crow"]
    assert "--family" in notes[0]
    table, notes = settle(named("first", "second", "third", "fourth"))
    assert set(table["family"]) == {""}
    assert "taken for one" in notes[0]
    table, notes = settle(named("owl-1b", "owl-2b", "owl-3b", "owl-4b"))
    assert set(table["family"]) == {""}


def test_missing_scores_are_left_out_and_counted():
    table, notes = settle(rows([0.2, -100.0, 0.6, 0.8]), missing=[-100.0])
    assert found(table) == [0.2, 0.6, 0.8]
    assert "-100" in notes[0]


def test_nothing_at_all_is_no_fault():
    table, notes = settle(rows(RISE).iloc[:0])
    assert (len(table), notes) == (0, [])


def test_runs_made_under_other_conditions_stand_apart():
    cold, warm = (
        rows([s + 0.1 * k for s in RISE]).assign(source=f"{name}.json", run=f"{name}.json")
        for k, name in enumerate(("cold", "warm"))
    )
    made = {
        "cold.json": Made(conditions={"quiz": "version 1, temperature 0"}),
        "warm.json": Made(conditions={"quiz": "version 1, temperature 0.8"}),
    }
    table, notes = settle(cold, warm, made=made)
    assert found(table, setting="version 1, temperature 0") == RISE
    assert len(found(table, setting="version 1, temperature 0.8")) == 4
    assert "stand apart" in notes[0]
    # where all are alike nothing is said
    made["warm.json"] = made["cold.json"]
    table, notes = settle(cold, warm, made=made)
    assert (set(table["setting"]), notes) == ({""}, [])


def test_runs_on_a_part_of_the_items_do_not_count_beside_whole_ones():
    part = rows([0.9] * 4, n=100.0).assign(source="limit.json", run="limit.json")
    table, notes = settle(rows(RISE, n=1000.0), part)
    assert found(table) == RISE
    assert "limit.json" in notes[0]
    assert "100 items" in notes[0]
    assert found(settle(rows(RISE, n=1000.0), part, keep="limit.json")[0]) == [0.9] * 4


def test_a_network_has_one_size():
    nominal = rows(RISE, family="").assign(
        model=["pythia-70m", "pythia-160m", "pythia-410m", "pythia-1b"],
        params=[7e7, 1.6e8, 4.1e8, 1e9],
    )
    exact = nominal.assign(
        params=[70426624, 162322944, 405334016, 1011781632], source="b.json", run="b.json"
    )
    table, notes = settle(nominal, exact)
    assert sorted(table["params"].unique()) == [70426624, 162322944, 405334016, 1011781632]
    assert "parameters in different places" in notes[0]
