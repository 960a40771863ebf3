"""Comparisons of two models on the same items, held against the same numbers by other routes."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sheets_of_two import log, put, samples, two

from mirage_utils import FieldError
from mirage_utils.compare import NotPairedError, compare, page
from mirage_utils.compare.report import lines
from mirage_utils.models import bundled
from mirage_utils.models.language import outputs

ONE_RUN = "seed 10"


@pytest.fixture(scope="module")
def bundled_records():
    """Two sizes of a bundled family, one seed."""
    frame = outputs.records(bundled("addition"))
    return frame[(frame["run"] == ONE_RUN) & frame["model"].isin(["addition-20", "addition-24"])]


@pytest.fixture(scope="module")
def by_hand():
    """The same outputs as two columns, from the family's own table."""
    frame = bundled("addition").frame
    frame = frame[frame["seed"] == 10]
    right = frame.assign(right=frame["target"].astype(str) == frame["greedy"].astype(str))
    wide = right.pivot(index="item", columns="size", values="right")
    return wide[20].to_numpy(float), wide[24].to_numpy(float)


# -- numbers --------------------------------------------------------------------------------------


def test_a_share_of_bundled_records_is_tested_by_mcnemar(bundled_records, by_hand):
    (row,) = compare(bundled_records, models=["addition-20", "addition-24"]).rows
    a, b = by_hand
    lower, higher = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum())
    assert lower + higher > 5
    assert (row.difference.lower, row.difference.higher) == (lower, higher)
    assert row.difference.value == pytest.approx(b.mean() - a.mean())
    assert row.difference.p == pytest.approx(stats.binomtest(higher, lower + higher).pvalue)
    assert row.difference.n == len(a) == 500


def test_the_bootstrap_of_bundled_records_is_that_of_paired_differences(bundled_records, by_hand):
    (row,) = compare(
        bundled_records, models=["addition-20", "addition-24"], interval="bootstrap", draws=4000
    ).rows
    a, b = by_hand
    rng = np.random.default_rng(5)
    drawn = np.array([(b - a)[rng.integers(0, len(a), len(a))].mean() for _ in range(4000)])
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (row.difference.low, row.difference.high) == pytest.approx((low, high), abs=0.003)


def test_the_same_records_are_the_same_comparison_in_every_kind_of_file(bundled_records, tmp_path):
    whole = compare(bundled_records, models=["addition-20", "addition-24"]).table
    for kind in ("csv", "jsonl", "parquet"):
        path = put(
            bundled_records.drop(columns=["logprobs", "logprobs_of"]), tmp_path / f"r.{kind}"
        )
        found = compare(path, models=["addition-20", "addition-24"]).table
        pd.testing.assert_frame_equal(found, whole)


def test_swapped_sides_are_mirrored(tmp_path):
    path = put(two(gain=0.15), tmp_path / "r.csv")
    there = compare(path, models=["owl-1", "owl-2"]).rows[0].difference
    back = compare(path, models=["owl-2", "owl-1"]).rows[0].difference
    assert there.value == -back.value > 0
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert there.p == pytest.approx(back.p)
    assert (there.lower, there.higher) == (back.higher, back.lower)


def test_holm_and_benjamini_hochberg_are_those_of_their_papers(tmp_path):
    tasks = [f"t{k}" for k in range(6)]
    frame = pd.concat(two(tasks=[t], seed=k, gain=0.05 * k) for k, t in enumerate(tasks))
    other = two(tasks=["t0", "t1"], metric="f1", seed=9)
    found = compare(
        put(pd.concat([frame, other]), tmp_path / "r.csv"), models=["owl-1", "owl-2"]
    ).table
    assert found.groupby("metric")["family"].unique().map(list).to_dict() == {
        "accuracy": [6],
        "f1": [2],
    }
    for _, rows in found.groupby("metric"):
        p, m = rows["p"].to_numpy(), len(rows)
        # Each hypothesis falls at level a, if it and all below it do: the smallest such a, by trying.
        for one, holm, bh in zip(p, rows["p_holm"], rows["p_bh"], strict=True):
            ranked = sorted(p)
            at = ranked.index(one)
            steps = [min(1, (m - k) * ranked[k]) for k in range(at + 1)]
            assert holm == pytest.approx(max(steps))
            assert bh == pytest.approx(min(min(1, m * ranked[k] / (k + 1)) for k in range(at, m)))


def test_a_small_difference_is_not_called_none(tmp_path):
    path = put(two(gain=0.1), tmp_path / "r.csv")
    (row,) = compare(path, models=["owl-1", "owl-2"]).rows
    assert row.verdict == "cannot tell"
    assert "cannot tell" in row.words
    assert "one time in five" in row.words
    assert "no difference" not in row.words.lower()


def test_detectable_is_seen_as_often_as_asked():
    """Pairs are drawn that truly differ by what is called detectable: the power comes out."""
    rng = np.random.default_rng(0)
    n, disagree = 400, 0.2
    kinds = np.repeat([0, 1, 2], [320, 40, 40])
    first = pd.DataFrame(
        {"model": "a", "task": "t", "item": range(n), "metric": "accuracy", "score": 0.0}
    )
    pair = pd.concat([
        first.assign(score=(kinds == 1).astype(float)),
        first.assign(model="b", score=(kinds == 2).astype(float)),
    ])  # fmt: skip
    size = compare(pair, models=["a", "b"]).rows[0].detectable
    seen = []
    for _ in range(1000):
        up = rng.binomial(n, (disagree + size) / 2)
        down = rng.binomial(n - up, (disagree - size) / 2 / (1 - (disagree + size) / 2))
        seen.append(stats.binomtest(up, up + down).pvalue <= 0.05)
    assert 0.72 < np.mean(seen) < 0.86  # the exact test is a little conservative


def test_items_needed_shrink_with_the_square_of_the_difference(tmp_path):
    """Of the difference that the test's whole numbers leave, which is two items more over the difference."""
    path = put(two(gain=0.5), tmp_path / "r.csv")
    needed = [
        compare(path, models=["owl-1", "owl-2"], difference=size).rows[0].items_needed
        for size in (0.02, 0.04)
    ]
    assert needed[0] - 2 / 0.02 == pytest.approx(4 * (needed[1] - 2 / 0.04), rel=0.02)


@pytest.mark.parametrize(
    ("metric", "verdict"), [("accuracy", "better"), ("error_rate", "worse"), ("my_index", "higher")]
)
def test_better_follows_the_metrics_direction(tmp_path, metric, verdict):
    path = put(two(metric=metric), tmp_path / "r.csv")
    (row,) = compare(path, models=["owl-1", "owl-2"]).rows
    assert row.verdict == verdict
    said = compare(path, models=["owl-1", "owl-2"], direction={metric: "lower"}).rows[0].verdict
    assert said == "worse"


# -- items ----------------------------------------------------------------------------------------


def test_items_of_one_side_and_without_a_score_are_left_out_and_said(tmp_path):
    frame = two(n=30)
    first = frame[frame["model"] == "owl-1"].iloc[:27]
    second = frame[frame["model"] == "owl-2"].iloc[3:].copy()
    second["score"] = second["score"].astype(object)
    second.iloc[5, second.columns.get_loc("score")] = None
    (row,) = compare(put(first, tmp_path / "a.csv"), put(second, tmp_path / "b.csv")).rows
    assert row.difference.n == 30 - 3 - 3 - 1
    left = row.left_out
    assert (len(left.only_first), len(left.only_second)) == (3, 3)
    assert (left.ungraded_first, left.ungraded_second) == ((), (second["item"].iloc[5],))
    assert len(left) == 7
    assert any("3 items only in A left out" in note and "quiz-0-0" in note for note in row.notes)
    assert any("1 item without a score in B" in note for note in row.notes)


def test_epochs_are_averaged_within_their_item_and_decoding_is_told(tmp_path):
    rng = np.random.default_rng(1)
    p = rng.random(40)
    one = (rng.random((40, 4)) < p[:, None]).astype(float)
    other = (rng.random((40, 4)) < p[:, None]).astype(float)
    a = log(tmp_path / "a.json", one, model="hf/a")
    b = log(tmp_path / "b.json", other, model="hf/b")
    (row,) = compare(a, b).rows
    assert row.difference.n == 40
    assert row.difference.value == pytest.approx(other.mean() - one.mean())
    within = one.var(axis=1, ddof=1).mean()
    assert row.first_runs.within == pytest.approx(within)
    assert row.first_runs.runs == 4
    assert any("A: 4 answers an item" in note for note in row.notes)


def test_runs_that_differ_by_more_than_the_items_show_decide_nothing():
    """Twenty seeds of a family of which some have learned the task and some have not."""
    frame = outputs.records(bundled("addition"))
    (row,) = compare(frame, models=["addition-8", "addition-10"]).rows
    assert row.difference.p < 0.001  # over items alone
    assert row.verdict == "cannot tell"
    means = frame.groupby(["model", "run"], observed=True)["score"].mean()
    a, b = means["addition-8"], means["addition-10"]
    assert stats.ttest_ind(a, b, equal_var=False).pvalue > 0.05
    assert "other runs" in row.words


def test_a_run_that_broke_off_is_superseded_by_its_retry(tmp_path):
    rng = np.random.default_rng(2)
    right = (rng.random(20) < 0.5).astype(float)
    folder = tmp_path / "a"
    folder.mkdir()
    log(
        folder / "1.json",
        1 - right[:3],
        model="hf/a",
        status="error",
        created="2025-05-01T10:00:00+00:00",
    )
    log(folder / "2.json", right, model="hf/a", created="2025-05-01T11:00:00+00:00")
    (folder / "README.md").write_text("# mine")
    (folder / "expected.json").write_text('{"a": {"b": [1]}}')
    b = log(tmp_path / "b.json", np.ones(20), model="hf/b")
    found = compare(folder, b)
    (row,) = found.rows
    assert row.difference.first == pytest.approx(right.mean())
    assert row.first_runs is None
    assert {name.rsplit("/", 1)[-1] for name, _ in found.refused} >= {"expected.json"}
    assert any("did not end" in note for note in found.notes)


def test_one_model_under_two_conditions(tmp_path):
    frame = two(models=("owl", "owl"))
    frame["shots"] = np.repeat([0, 5], 60)
    path = put(frame, tmp_path / "r.csv")
    found = compare(path, conditions=["0-shot", "5-shot"])
    assert found.rows[0].task == "quiz, 0-shot | quiz, 5-shot"
    assert found.first == "owl (0-shot)"
    # In two files the condition need not be said; and what differs is said.
    a, b = (put(part, tmp_path / f"{s}.csv") for s, part in frame.groupby("shots"))
    again = compare(a, b)
    assert again.rows[0].difference == found.rows[0].difference
    assert any("conditions compared" in note for note in again.notes)
    with pytest.raises(FieldError, match=r"conditions = '3-shot'.*0-shot, 5-shot"):
        compare(path, conditions=["0-shot", "3-shot"])


def test_settings_are_not_mixed_up(tmp_path):
    frame = pd.concat([two(seed=1).assign(setting="strict"), two(seed=2).assign(setting="lenient")])
    found = compare(put(frame, tmp_path / "r.csv"), models=["owl-1", "owl-2"])
    assert [r.task for r in found.rows] == ["quiz, strict", "quiz, lenient"]
    for name, seed in (("strict", 1), ("lenient", 2)):
        alone = compare(two(seed=seed), models=["owl-1", "owl-2"]).rows[0].difference
        assert next(r for r in found.rows if name in r.task).difference == alone


def test_a_table_with_a_column_a_model(tmp_path):
    frame = two()
    wide = frame.pivot(index="item", columns="model", values="score").reset_index()
    found = compare(put(wide, tmp_path / "w.csv"), models=["owl-1", "owl-2"], metric="accuracy")
    long = compare(frame, models=["owl-1", "owl-2"])
    one, other = found.rows[0].difference, long.rows[0].difference
    assert (one.value, one.p) == (other.value, other.p)
    assert one.error == pytest.approx(other.error)


def test_two_spellings_of_one_metric_are_one(tmp_path):
    frame = two()
    frame.loc[frame["model"] == "owl-2", "metric"] = "acc"
    (row,) = compare(put(frame, tmp_path / "r.csv"), models=["owl-1", "owl-2"]).rows
    assert row.metric == "accuracy"


def test_scores_in_per_cent_are_fractions(tmp_path):
    frame = two(metric="accuracy")
    hundred = frame.assign(score=100 * frame["score"])
    one = compare(put(frame, tmp_path / "1.csv"), models=["owl-1", "owl-2"]).rows[0].difference
    other = compare(put(hundred, tmp_path / "2.csv"), models=["owl-1", "owl-2"]).rows[0].difference
    assert other.value == pytest.approx(one.value)


# -- clusters -------------------------------------------------------------------------------------


def clustered_error(a, b, cluster):
    """Standard error of a mean over clusters, by adding up all pairs within a cluster."""
    d = b - a - (b - a).mean()
    total = sum(
        d[i] * d[j]
        for i, j in itertools.product(range(len(d)), repeat=2)
        if cluster[i] == cluster[j]
    )
    groups = len(set(cluster))
    return np.sqrt(total * groups / (groups - 1)) / len(d)


def test_clusters_by_column_by_field_and_by_pattern_are_the_same(tmp_path):
    rng = np.random.default_rng(4)
    a = (rng.random(72) < 0.5).astype(float)
    b = np.where(np.arange(72) // 6 % 2 == 0, 1.0, a)
    cluster = np.arange(72) // 6
    frame = pd.concat(
        pd.DataFrame({"model": m, "task": "t", "item": [f"p{c}_{i}" for i, c in enumerate(cluster)], "passage": cluster,
                      "metric": "exact_match", "score": s})
        for m, s in (("a", a), ("b", b))
    )  # fmt: skip
    path = put(frame, tmp_path / "r.csv")
    by_column = compare(path, models=["a", "b"], cluster_by="passage")
    by_name = compare(path, models=["a", "b"], cluster_by=r"^(p\d+)_")
    by_field = compare(
        *(samples(tmp_path / m / "samples_t_2025-05-01T10-20-30.1.jsonl", s, doc=lambda i: {"story": {"id": i // 6}}) for m, s in (("a", a), ("b", b))),
        cluster_by="story.id",
    )  # fmt: skip
    by_metadata = compare(
        *(log(tmp_path / f"{m}.json", s, model=m, meta=lambda i: {"story": i // 6}) for m, s in (("a", a), ("b", b))),
        cluster_by="story",
    )  # fmt: skip
    expected = clustered_error(a, b, cluster)
    for found in (by_column, by_name, by_field, by_metadata):
        d = found.rows[0].difference
        assert d.clusters == 12
        assert d.error == pytest.approx(expected)
        assert any("12 of them" in note for note in found.notes)
    assert any("field 'passage'" in note for note in by_column.notes)
    assert any("finds in the items' names" in note for note in by_name.notes)
    assert compare(path, models=["a", "b"]).rows[0].difference.error < expected


def test_few_clusters_are_warned_of(tmp_path):
    path = put(two(passage=lambda i: i % 4), tmp_path / "r.csv")
    found = compare(path, models=["owl-1", "owl-2"], cluster_by="passage")
    assert found.rows[0].difference.clusters == 4
    assert any("intervals are too short" in note for note in found.notes)


def test_a_field_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    path = put(two(passage=lambda i: i % 4), tmp_path / "r.csv")
    with pytest.raises(FieldError, match=r"cluster_by = 'pasage'.*passage"):
        compare(path, models=["owl-1", "owl-2"], cluster_by="pasage")
    a, b = (
        samples(
            tmp_path / m / "samples_t_2025-05-01T10-20-30.1.jsonl",
            [0, 1, 1],
            doc=lambda i: {"story": i},
        )
        for m in "ab"
    )
    with pytest.raises(FieldError, match=r"cluster_by = 'passage'.*question, story"):
        compare(a, b, cluster_by="passage")


def test_clusters_that_differ_between_the_sides_mean_other_items(tmp_path):
    frame = two(passage=lambda i: i // 6)
    frame.loc[(frame["model"] == "owl-2") & (frame["item"] == "quiz-1-7"), "passage"] = 9
    with pytest.raises(NotPairedError, match="passage differs for 1 items of the same name"):
        compare(put(frame, tmp_path / "r.csv"), models=["owl-1", "owl-2"], cluster_by="passage")


def test_numbers_are_plain_json(tmp_path):
    found = compare(put(two(), tmp_path / "r.csv"), models=["owl-1", "owl-2"], difference=0.05)
    text = json.dumps(found.numbers(), allow_nan=False)
    assert json.loads(text)["comparisons"][0]["n"] == 60


def test_where_nothing_varies_no_number_of_items_is_told(tmp_path):
    """Marks that differ alike everywhere have no plan: the text says so in place of a 0."""
    frame = two().assign(metric="my_index", score=3.5)
    found = compare(put(frame, tmp_path / "s.csv"), models=["owl-1", "owl-2"], difference=0.1)
    assert found.rows[0].items_needed is None
    assert "nothing says how scores of such items vary" in found.rows[0].words
    assert "?" in "\n".join(lines(found))
    assert "nan" not in page(found)
