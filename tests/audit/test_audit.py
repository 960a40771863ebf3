"""The audit: gathering in batches, skill, every rule, reports that nothing from a file escapes into, the command."""

from __future__ import annotations

import csv
import html.parser
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, evaluation_data, needs_evaluation_data
from scipy import stats

from mirage_utils import FieldError, audit, models
from mirage_utils import records as rec
from mirage_utils.audit import simulate, truths
from mirage_utils.cli.main import main
from mirage_utils.evidence import curves_of, foretold, gentle, leap, runs, smooth
from mirage_utils.evidence.lengths import one_line
from mirage_utils.metrics import METRICS
from mirage_utils.models.language import outputs
from mirage_utils.records import EvalFileError
from mirage_utils.records.gathering import FAULT, gather, tabulate

SIZES = [1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9, 3e9]


def scores(values, *, sizes=SIZES, n=1000, metric="exact_match", direction="higher", **more):
    frame = pd.DataFrame(
        {
            "family": "f", "model": [f"m{i}" for i in range(len(values))], "params": sizes[: len(values)],
            "train_flops": np.nan, "task": "t", "setting": "", "shots": np.nan, "metric": metric,
            "direction": direction, "score": values, "n": n, "source": "s",
        }
    )  # fmt: skip
    return frame.assign(**more)


def verdicts(*frames):
    made = tabulate(scores=pd.concat(frames, ignore_index=True))
    found = audit.judge(curves_of(made.scores, made.lengths).questions)
    return {f.metric: f for f in found}


def records(size=40, sizes=(1e6, 2e6), seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for params in sizes:
        for i in range(size):
            target = "".join(rng.choice(list("ab"), rng.integers(1, 5)))
            output = "".join(rng.choice(list("ab"), rng.integers(1, 5)))
            rows.append(
                {"family": "f", "model": f"m{params:.0f}", "params": params, "task": "t", "item": f"i{i}",
                 "target": target, "output": output if rng.random() < 0.5 else target}
            )  # fmt: skip
    return pd.DataFrame(rows)


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def write(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


# -- gathering -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("batch", [9, 80])
def test_batches_of_any_size_make_the_same_scores(tmp_path, suffix, batch):
    path = write(records(), tmp_path / f"r{suffix}")
    found = gather(path, batch=batch)
    assert found.records == 80
    whole = rec.read(path).records
    for metric in ("exact_match", "token_accuracy", "token_edit_distance"):
        graded = rec.grade(whole, metric).groupby("params")["score"]
        mine = found.scores.query("metric == @metric").set_index("params")
        assert mine["n"].to_dict() == graded.size().to_dict()
        assert mine["score"].to_dict() == pytest.approx(graded.mean().to_dict(), abs=1e-12)
        assert mine["deviation"].to_dict() == pytest.approx(graded.std().to_dict(), abs=1e-9)


def test_a_metric_that_a_file_gives_for_one_task_is_computed_for_the_others(tmp_path):
    given = records().assign(task="given", metric="exact_match", score=0.25)
    open_ = records().assign(task="open")
    open_.loc[[0, 40], "target"] = None  # items of these names have scores in the other task
    open_.loc[1, "output"] = None
    path = write(pd.concat([given, open_], ignore_index=True), tmp_path / "r.jsonl")
    for batch in (100, 1000):  # mixed, and one after the other
        found = gather(path, batch=batch)
        exact = found.scores.query("metric == 'exact_match'").set_index(["task", "params"])
        assert exact["graded"].to_dict() == {
            ("given", 1e6): "file", ("given", 2e6): "file", ("open", 1e6): "here", ("open", 2e6): "here",
        }  # fmt: skip
        assert (exact.loc["given", "score"] == 0.25).all()
        known = open_[open_["target"].notna()]
        right = (known["output"] == known["target"]).groupby(known["params"])
        assert exact.loc["open", "score"].to_dict() == pytest.approx(right.mean().to_dict())
        assert set(found.scores.query("metric == 'token_accuracy'")["task"]) == {"given", "open"}
        about = [note for note in found.notes if note.startswith(str(path))]
        assert [note.rpartition(": ")[2] for note in about] == [
            "2 items have no score, and no answer that could be graded",
            "1 item has an empty answer, which is graded like any other",
        ]


def test_skill_is_the_score_on_own_items_less_that_on_others(tmp_path):
    """On two items each is the other's other, so that the pairing is known."""
    pair = records(size=2, sizes=(1e6,))
    pair["target"], pair["output"] = ["aab", "bb"], ["aab", "ba"]
    found = tabulate(rec.read(write(pair, tmp_path / "r.csv")).records).scores.set_index("metric")
    right = METRICS["token_accuracy"].score(["aab", "bb"], ["aab", "ba"])
    crossed = METRICS["token_accuracy"].score(["bb", "aab"], ["aab", "ba"])
    assert found.loc["token_accuracy", "skill"] == pytest.approx((right - crossed).mean())
    assert found.loc["token_accuracy", "skill_error"] == pytest.approx(
        (right - crossed).std(ddof=1) / np.sqrt(2)
    )
    edits = METRICS["token_edit_distance"]
    gained = edits.score(["bb", "aab"], ["aab", "ba"]) - edits.score(["aab", "bb"], ["aab", "ba"])
    assert found.loc["token_edit_distance", "skill"] == pytest.approx(gained.mean())


def test_what_knows_nothing_has_no_skill_however_well_it_scores():
    rng = np.random.default_rng(1)
    n = 4000
    frame = truths.blank_records(1e6, n).assign(
        target=rng.choice(["aaaa", "aaab"], n, p=[0.9, 0.1])
    )
    frame["output"] = "aaaa"
    found = tabulate(frame).scores.set_index("metric")
    assert found.loc["exact_match", "score"] > 0.85
    assert (found["skill"].abs() <= 4 * found["skill_error"]).all()


def test_a_repeated_item_far_away_is_found_and_nothing_of_the_file_counts(tmp_path):
    good = write(records(), tmp_path / "a.csv")
    bad = records(sizes=(5e6,))
    bad = write(pd.concat([bad, bad.iloc[:1]]), tmp_path / "b.csv")
    found = gather(tmp_path, batch=10)
    assert [Path(name).name for name, _ in found.refused] == ["b.csv"]
    assert "twice" in found.refused[0][1]
    assert found.records == 80
    assert set(found.scores["params"]) == {1e6, 2e6}
    with pytest.raises(EvalFileError, match="none of 1 files"):
        gather(bad)
    assert good.exists()


def test_a_cluster_makes_the_same_tables(tmp_path):
    for i in range(3):
        write(records(seed=i, sizes=(10.0 ** (6 + i),)), tmp_path / f"{i}.jsonl")
    here, there = gather(tmp_path), gather(tmp_path, cluster="local", jobs=2)
    pd.testing.assert_frame_equal(here.scores, there.scores)
    pd.testing.assert_frame_equal(here.lengths, there.lengths)
    assert (here.files, here.records, here.notes) == (there.files, there.records, there.notes)


def test_arguments_are_checked(tmp_path):
    with pytest.raises(FieldError, match="path"):
        gather(tmp_path / "none")
    with pytest.raises(FieldError, match="folder with files"):
        gather(tmp_path)
    path = write(records(), tmp_path / "r.csv")
    with pytest.raises(FieldError, match="jobs"):
        gather(path, jobs=0)
    with pytest.raises(FieldError, match="batch"):
        gather(path, batch=0)
    with pytest.raises(FieldError, match=r"^params\['m'\] = -1"):
        gather(path, params={"m": -1})
    with pytest.raises(FieldError, match="level"):
        audit.audit(path, level=1.0)


# -- the rules -------------------------------------------------------------------------------------


def law(alpha, critical, sizes=SIZES):
    return np.exp(-((np.array(sizes) / critical) ** -alpha))


def test_every_rule_can_decide():
    leaping = [0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.92, 0.93]
    rising = np.linspace(0.1, 0.8, 8)
    found = {
        "few sizes": verdicts(scores([0, 0, 0.9]))["exact_match"],
        "direction unknown": verdicts(scores(leaping, metric="mystery", direction=""))["mystery"],
        "no rise": verdicts(scores([0.21, 0.2, 0.22, 0.2, 0.19, 0.21, 0.2, 0.2]))["exact_match"],
        "no large step": verdicts(scores(rising))["exact_match"],
        "leap at the first step": verdicts(scores([0.0, 0.9, 0.91, 0.92, 0.93]))["exact_match"],
        "the loss leaps": verdicts(scores(4 - 3 * np.array(leaping), metric="loss", direction="lower"))["loss"],
        "gentler metric rose before": verdicts(scores(leaping), scores(rising, metric="token_accuracy"))["exact_match"],
        "gentler metrics leap too": verdicts(scores(leaping), scores(leaping, metric="token_accuracy"))["exact_match"],
        "gentler metrics undecided": verdicts(
            scores(leaping),
            scores([0.1, 0.1, 0.1, 0.1, 0.12, 0.4, 0.6, 0.9], metric="token_accuracy"),
        )["exact_match"],
        "no counts": verdicts(scores(leaping, n=np.nan))["exact_match"],
        "hidden by few items": verdicts(scores(np.round(law(0.9, 1.2e10) * 200) / 200, n=200))["exact_match"],
    }  # fmt: skip
    runs_of = pd.concat(
        [scores([low] * 3 + [high] * 5, run=f"{i}") for i, (low, high) in enumerate([(0, 0.9)] * 2 + [(0, 0.02)] * 3)]
    )  # fmt: skip
    found["runs differ in kind"] = verdicts(runs_of)["exact_match"]
    found["smooth loss refuted"] = verdicts(scores(leaping))["exact_match"]
    few = [1e6, 3e7, 1e9, 3e10]
    found["steep between sizes"] = verdicts(scores(np.round(law(0.9, 8e8, few), 3), sizes=few))[
        "exact_match"
    ]
    # With items in plenty every size below the leap can be seen; what leaps is a hole in the ladder.
    gap = [1e8, 2e8, 4e8, 8e8, 8e9, 1.6e10]
    smoothly = np.round(law(0.5, 2e9, gap) * 20_000) / 20_000
    found["smooth loss fits"] = verdicts(scores(smoothly, sizes=gap, n=20_000))["exact_match"]
    rules = {rule.name: rule for rule in audit.RULES}
    for name, finding in found.items():
        assert finding.rule == name, (name, finding)
        assert finding.verdict == rules[name].verdict
        assert finding.evidence
        assert finding.settle
    assert set(found) == set(rules)
    assert len(rules) == len(audit.RULES)


def test_a_loss_that_leaps_over_a_hole_in_the_ladder_is_not_taken_for_a_leap():
    gap = [1e6, 2e6, 4e6, 8e6, 8e9, 1.6e10]
    loss = np.array([10, 9.8, 9.7, 9.5, 2, 1.9])
    assert (
        verdicts(scores(loss, sizes=gap, metric="loss", direction="lower"))["loss"].rule
        != "the loss leaps"
    )


def test_an_item_without_the_metric_that_its_task_has_is_told(tmp_path):
    given = records().assign(metric="exact_match", score=0.25)
    given.loc[3, ["metric", "score"]] = None
    path = write(given, tmp_path / "r.csv")
    found = gather(path)
    exact = found.scores.query("metric == 'exact_match' and params == 1e6")
    assert exact["n"].tolist() == [39]
    assert found.scores.query("metric == 'token_accuracy' and params == 1e6")["n"].tolist() == [40]
    about = [note for note in found.notes if note.startswith(str(path))]
    assert [note.rpartition(": ")[0].rpartition("csv: ")[2] for note in about] == [
        "1 item has no exact_match, which the file gives for others"
    ]


def test_the_largest_step_and_its_chance_are_those_of_a_second_hand():
    (curve,) = curves_of(tabulate(scores=scores([0.01, 0.02, 0.5, 0.52])).scores).curves
    found = leap(curve)
    assert found.at == 1
    assert found.share == pytest.approx(0.48 / 0.51)
    p = stats.fisher_exact([[30, 1970], [1020, 980]]).pvalue
    assert found.rise_p == pytest.approx(3 * p, abs=1e-300)


def test_without_items_a_rise_is_a_high_emergence_score_or_an_order_by_size():
    """A straight line has a modest score and a perfect order; noise has neither, as often as it should."""

    def p(*curves):
        """Of one table, in which each curve is a task: to gather 400 tables takes a minute."""
        tasks = [scores(y, n=np.nan, task=f"{i}") for i, y in enumerate(curves)]
        made = tabulate(scores=pd.concat(tasks, ignore_index=True))
        found = {curve.task: leap(curve).rise_p for curve in curves_of(made.scores).curves}
        return [found[f"{i}"] for i in range(len(curves))]

    straight, late = p(np.linspace(0.1, 0.8, 8), np.array([0, 0, 0, 0, 0.001, 0, 0, 0.9]))
    assert straight == pytest.approx(2 / math.factorial(8))
    assert late < 1e-3
    rng = np.random.default_rng(5)
    drawn = p(*(rng.uniform(0.2, 0.4, 8) for _ in range(400)))
    assert sum(each <= 0.05 for each in drawn) <= stats.binom.ppf(0.999, 400, 0.05)


def test_gentle_metrics_that_do_not_rise_or_have_other_sizes_say_nothing():
    leaping = [0.0, 0.0, 0.0, 0.9]
    made = tabulate(
        scores=pd.concat(
            [
                scores(leaping),
                scores([0.5, 0.5, 0.5, 0.5], metric="token_accuracy"),
                scores([0.9, 0.6, 0.3], metric="brier"),
            ]
        )
    )
    (asked,) = curves_of(made.scores, made.lengths).questions
    assert gentle(asked, "exact_match", 2) == []


def test_runs_of_one_size_are_found_by_their_size():
    frame = pd.concat([scores([0.0, 0.1], run="1"), scores([0.9, 0.1], run="2")])
    made = tabulate(scores=frame)
    (asked,) = curves_of(made.scores, made.lengths).questions
    curve = asked.curves["exact_match"]
    assert curve.n_runs.tolist() == [2, 2]
    found = runs(curve)
    assert (found.most, found.scale, found.low, found.high) == (2, 1e6, 1, 1)
    assert found.gap == pytest.approx(1.0)


def test_the_smooth_law_is_found_where_it_was_drawn():
    rng = np.random.default_rng(0)
    drawn = rng.binomial(5000, law(0.5, 3e8)) / 5000
    (asked,) = curves_of(tabulate(scores=scores(drawn, n=5000)).scores).questions
    found = smooth(asked.curves["exact_match"], 3)
    assert found.alpha == pytest.approx(0.5, abs=0.05)
    assert found.p > 0.01
    assert found.width == pytest.approx(np.log10(np.log(10) / -np.log(0.9)) / found.alpha)
    (told,) = foretold([asked.curves["exact_match"]])
    assert told.actual == drawn[-1]
    assert 0 <= told.covered <= told.laws


def test_the_known_families_come_out_as_their_chapters_say():
    kept = []
    for name in ("recall", "addition"):
        every = outputs.records(models.bundled(name))
        kept.append(every[every["item"].isin(every["item"].unique()[:60])])  # the same items of all
    found = audit.audit(tabulate(pd.concat(kept, ignore_index=True)))
    by_family = {f.family: f.verdict for f in found.findings if f.metric == "exact_match"}
    assert by_family == {"recall": "metric effect", "addition": "not explained by the metric"}


@pytest.mark.parametrize("truth", list(truths.TRUTHS))
def test_the_study_that_is_kept_is_what_the_rules_say_now(truth):
    kept = simulate.kept()
    assert (kept.groupby("truth").size() == 100).all()
    assert set(kept["truth"]) == set(truths.TRUTHS)
    row = kept[(kept["truth"] == truth) & (kept["draw"] == 7)].iloc[0]
    assert simulate._judged(truth, 7, 0, 0.05) == (truth, 7, row["verdict"], row["rule"])


# -- one line for all lengths ----------------------------------------------------------------------


def by_length(rng, power=1.0, drift=0.0, bend=0.0, lengths=(1, 2, 3, 5, 8), n=400):
    size = np.log(np.geomspace(1e6, 1e9, 8))
    rows = []
    for x in size:
        for length in lengths:
            alpha = 0.4 + drift * (np.log(length) - np.log(lengths).mean())
            loss = length**power * np.exp(
                -alpha * (x - np.log(3e7)) + bend * (x - size.mean()) ** 2
            )
            rows.append((np.exp(x), length, n, rng.binomial(n, np.exp(-loss))))
    return pd.DataFrame(rows, columns=["params", "length", "n", "right"])


def test_one_line_is_refused_as_often_as_its_level_says():
    rng = np.random.default_rng(0)
    p = np.array([one_line(by_length(rng, n=200)).p for _ in range(200)])
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert stats.binomtest(int((p < 0.05).sum()), len(p), 0.05).pvalue > 0.001


@pytest.mark.parametrize(
    ("name", "value"), [("power", 0.5), ("power", 1.4), ("drift", 0.1), ("bend", 0.03)]
)
def test_lines_that_are_not_one_are_told_apart(name, value):
    found = one_line(by_length(np.random.default_rng(1), **{name: value}))
    assert found.p < 1e-4
    assert getattr(found, name) == pytest.approx(value, abs=4 * getattr(found, f"{name}_error"))


def test_one_line_of_a_second_hand():
    """The two-parameter line again, by maximising its likelihood directly."""
    from scipy.optimize import minimize

    counts = by_length(np.random.default_rng(2))
    found = one_line(counts)
    x, log_length = np.log(counts["params"]), np.log(counts["length"])

    def loss(theta):
        cost = np.exp(theta[0] - theta[1] * (x - x.mean()) + log_length)
        return -stats.binom.logpmf(counts["right"], counts["n"], np.exp(-cost)).sum()

    best = minimize(loss, [0.0, 0.5], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-8})
    assert found.alpha == pytest.approx(best.x[1], abs=1e-4)
    assert (found.shortest, found.longest) == (1, 8)


def test_one_length_or_too_few_sizes_make_no_line():
    counts = by_length(np.random.default_rng(3))
    assert one_line(counts[counts["length"] == 2]) is None
    assert one_line(counts[counts["params"] < 5e6]) is None
    assert one_line(counts.assign(right=0)) is None
    assert one_line(counts.assign(right=counts["n"])) is None
    assert one_line(counts[:0]) is None


def test_answers_of_many_lengths_are_held_against_one_line(tmp_path):
    rng = np.random.default_rng(4)
    rows = []
    for params in SIZES:
        right = np.exp(-((params / 3e7) ** -0.4))
        for i in range(400):
            target = "".join(rng.choice(list("0123456789"), rng.integers(1, 9)))
            said = [c if rng.random() < right else "x" for c in target]
            rows.append({"model": f"m{params:.0f}", "params": params, "task": "t", "item": str(i),
                         "target": target, "output": "".join(said)})  # fmt: skip
    found = audit.audit(write(pd.DataFrame(rows), tmp_path / "r.jsonl"), batch=900)
    (exact,) = (f for f in found.findings if f.metric == "exact_match")
    assert exact.lengths.p > 0.001
    assert exact.lengths.power == pytest.approx(1, abs=4 * exact.lengths.power_error)
    assert all(f.lengths is None for f in found.findings if f is not exact)
    kept = {c["metric"]: c["lengths"] for c in found.numbers()["curves"]}
    assert kept["exact_match"]["p"] == exact.lengths.p
    assert "answers of 1 to 8 symbols" in audit.page(found)


# -- what no verdict depends on --------------------------------------------------------------------


def test_emergence_scores_are_those_of_the_library_and_corrected_over_all_curves():
    from mirage_utils.curves import Curve
    from mirage_utils.evidence.emergence import adjust, calibrate

    leaping = [0.0, 0.0, 0.01, 0.0, 0.0, 0.9, 0.92, 0.93]
    rising = np.linspace(0.1, 0.8, 8)
    found = verdicts(
        scores(leaping), scores(rising, metric="token_accuracy"),
        scores([2.2, 2.0, 1.9, 1.7, 1.4, 1.1, 0.9, 0.85], metric="loss", direction="lower"),
        scores([0.1, 0.2], metric="f1"),
    )  # fmt: skip
    assert found["f1"].emergence is None  # a curve that cannot leap is no attempt
    alone = calibrate(Curve(SIZES, leaping, 1000))
    mine = found["exact_match"].emergence
    assert (mine.score, mine.p_noise, mine.p_smooth) == (
        alone.score.value, alone.p_noise, alone.p_smooth,
    )  # fmt: skip
    tried = [found[m].emergence for m in ("exact_match", "token_accuracy", "loss")]
    holm = adjust(np.array([t.p_noise for t in tried]))
    assert [t.p_noise_corrected for t in tried] == pytest.approx(list(holm))
    assert np.isnan(found["loss"].emergence.p_smooth)
    assert found["loss"].emergence.score > 0


def test_the_largest_model_is_foretold_under_every_metric_of_a_question_that_leaps():
    leaping = [0.0, 0.0, 0.0, 0.0, 0.0, 0.1, 0.4, 0.95]
    rising = np.linspace(0.1, 0.8, 8)
    found = verdicts(scores(leaping), scores(rising, metric="token_accuracy"))
    assert found["exact_match"].foretold.error > found["token_accuracy"].foretold.error
    assert found["exact_match"].smooth is not None  # though a gentler metric decided
    calm = verdicts(scores(rising), scores(rising, metric="token_accuracy"))
    assert all(f.foretold is None for f in calm.values())
    page = audit.page(audit.audit(tabulate(scores=pd.concat(
        [scores(leaping), scores(rising, metric="token_accuracy")], ignore_index=True))))  # fmt: skip
    assert "nothing below 0.003 can be told from zero" in page
    assert "Its emergence score is" in page
    assert "token_accuracy (largest model predicted to within" in page


def test_verdicts_do_not_depend_on_what_is_gathered_besides():
    leaping = [0.0, 0.0, 0.0, 0.0, 0.0, 0.9, 0.92, 0.93]
    made = tabulate(scores=scores(leaping))
    asked = curves_of(made.scores, made.lengths).questions
    ((full,), (bare,)) = (audit.judge(asked, thorough=t) for t in (True, False))
    assert (full.verdict, full.rule, full.evidence) == (bare.verdict, bare.rule, bare.evidence)
    assert bare.emergence is None
    assert bare.foretold is None


# -- reports ---------------------------------------------------------------------------------------

EVIL = '</style><script>alert(1)</script><img src=x onerror="alert(2)">'


class Tags(html.parser.HTMLParser):
    """Every tag of a page, and every attribute."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def test_nothing_from_a_file_becomes_markup_or_formula(tmp_path):
    frame = scores([0.0, 0.0, 0.0, 0.9], task=f"=cmd()|{EVIL}", metric=EVIL, family=EVIL)
    frame.to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / f"{'<script>'}.csv").write_text("no table")
    found = audit.audit(tmp_path)
    written = {p.name: p for p in audit.write(found, tmp_path / "out", source=EVIL)}
    text = written["report.html"].read_text()
    page = Tags()
    page.feed(text)
    assert not page.tags & {"script", "img", "iframe", "link", "object", "form", "a"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "http" not in "".join(
        v or "" for n, v in page.attributes if n in ("src", "href", "action")
    )
    assert "alert(1)" in text  # shown, as text
    rows = table(written["verdicts.csv"])
    assert list(rows[0]) == ["family", "task", "metric", "verdict", "rule", "evidence"]
    assert rows[0]["rule"] in {rule.name for rule in audit.RULES}
    assert rows[0]["task"].startswith("'=")
    numbers = json.loads(written["numbers.json"].read_text())
    assert numbers["curves"][0]["task"] == f"=cmd()|{EVIL}"
    assert len(numbers["refused"]) == 1


def test_a_link_in_the_folder_of_reports_is_replaced_and_not_followed(tmp_path):
    found = audit.audit(write(scores([0.1, 0.2]), tmp_path / "r.csv"))
    elsewhere = tmp_path / "precious"
    elsewhere.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").symlink_to(elsewhere)
    audit.write(found, out)
    assert elsewhere.read_text() == "mine"
    assert not (out / "report.html").is_symlink()
    with pytest.raises(FieldError, match="out"):
        audit.write(found, elsewhere)


def test_links_in_what_is_audited_are_not_followed(tmp_path):
    secret = write(scores([0.3, 0.4], task="secret"), tmp_path / "secret.csv")
    folder = tmp_path / "results"
    folder.mkdir()
    write(scores([0.1, 0.2]), folder / "r.csv")
    (folder / "link.csv").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    assert set(gather(folder).scores["task"]) == {"t"}


# -- the command -----------------------------------------------------------------------------------


def test_the_command_writes_its_report_and_says_by_its_status_what_it_found(tmp_path, capsys):
    path = write(scores([0.0, 0.0, 0.0, 0.9]), tmp_path / "r.csv")
    out = tmp_path / "deep" / "out"
    assert main(["audit", str(path), "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.strip().endswith("report.html")
    assert {p.name for p in out.iterdir()} == {
        "report.html", "verdicts.csv", "curves.csv", "numbers.json",
    }  # fmt: skip
    given = table(out / "verdicts.csv")[0]["verdict"]
    call = ["audit", str(path), "--out", str(out), "--quiet"]
    assert main([*call, "--fail-on", given]) == 3
    assert main([*call, "--fail-on", "refused"]) == 0
    assert main([*call, "--fail-on", "nonsense"]) == 1
    assert "fail_on = 'nonsense'" in capsys.readouterr().err
    assert main(["audit", str(tmp_path), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    assert "outside of what is audited" in capsys.readouterr().err
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.json").write_text("{")
    assert main(["audit", str(tmp_path / "bad"), "--out", str(out), "--quiet"]) == 1


def test_models_without_a_size_are_named_and_may_be_given_one(tmp_path, capsys):
    frame = scores([0.1, 0.2, 0.3, 0.9]).drop(columns="params")
    path = write(frame, tmp_path / "r.csv")
    out = str(tmp_path / "out")
    assert main(["audit", str(path), "--out", out, "--quiet"]) == 1  # nothing could be audited
    assert "m0, m1, m2, m3" in capsys.readouterr().err
    sizes = [f"--params=m{i}={10**i}e6" for i in range(4)]
    assert main(["audit", str(path), "--out", out, "--quiet", *sizes]) == 0
    assert capsys.readouterr().err == ""
    assert json.loads((Path(out) / "numbers.json").read_text())["curves"][0]["scale"] == [
        1e6, 1e7, 1e8, 1e9,
    ]  # fmt: skip


def test_a_sheet_is_audited_with_the_options_of_reading(tmp_path, capsys):
    sheet = pd.DataFrame(
        {
            "who": [f"m{i}" for i in range(8)],
            "params": SIZES,
            "sums": [0, 0, 0, 0, 0, 0.9, 0.92, 0.93],
            "n": 500,
        }
    )
    path = write(sheet, tmp_path / "sheet.csv")
    out = tmp_path / "out"
    call = [
        "audit",
        str(path),
        "--out",
        str(out),
        "--quiet",
        "--column",
        "who=model",
        "--wide",
        "sums",
    ]
    assert main([*call, "--metric", "exact_match"]) == 0
    (row,) = table(out / "verdicts.csv")
    assert (row["task"], row["metric"]) == ("sums", "exact_match")
    assert row["verdict"] == "cannot tell"
    assert main(call) == 1
    assert "metric" in capsys.readouterr().err


# -- files that others wrote -----------------------------------------------------------------------


@needs_evaluation_data
def test_real_files_of_many_programs_are_audited_or_refused_with_a_reason(tmp_path):
    found = audit.audit(evaluation_data() / "formats")
    audit.write(found, tmp_path)
    every = sum(len(files) for _, _, files in os.walk(evaluation_data() / "formats"))
    assert found.gathered.files + len(found.gathered.refused) == every
    assert found.gathered.files > 50
    readings = [
        r
        for r in rec.read_folder(evaluation_data() / "formats")
        if not isinstance(r, EvalFileError)
    ]
    assert found.gathered.files == len(readings)
    assert found.gathered.records == sum(len(r.records) for r in readings) > 0
    assert not [why for _, why in found.gathered.refused if why.startswith(FAULT)]
    assert all(why for _, why in found.gathered.refused)


def damaged(rng, text):
    """A file's bytes, hurt as files are."""
    data = bytearray(text)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(0, 6)
        at = int(rng.integers(0, max(len(data), 1)))
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data[at : at + 1] = bytes(rng.integers(0, 256, rng.integers(0, 5), dtype=np.uint8))
        elif kind == 2:
            data[at:at] = data[int(rng.integers(0, len(data) + 1)) :][:200]
        elif kind == 3:
            data[at:at] = rng.choice(
                [b"NaN", b"1e999", b"-1", b"null", b'""', b"[", b"}", b",", b"\n", b"\x00", b"\xff", b"9" * 400]
            )  # fmt: skip
        elif kind == 4 and data:
            del data[at : at + int(rng.integers(1, 40))]
        else:
            data[:] = data.replace(b"0", bytes([rng.integers(48, 58)]))
    return bytes(data)


def fuzz(count, folder, seed=0):
    """Outcomes of auditing damaged files: how many were read, refused, and found at fault of the program."""
    rng = np.random.default_rng(seed)
    plain = scores([0.0, 0.01, 0.4, 0.9])
    seeds = {
        "scores.csv": plain.to_csv(index=False).encode(),
        "scores.jsonl": plain.to_json(orient="records", lines=True).encode(),
        "records.csv": records(8).to_csv(index=False).encode(),
        "records.jsonl": records(8).to_json(orient="records", lines=True).encode(),
        "array.json": plain.to_json(orient="records").encode(),
        "harness.json": json.dumps(
            {"results": {"t": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, "versions": {"t": 0},
             "n-shot": {"t": 0}, "n-samples": {"t": {"original": 10, "effective": 10}},
             "config": {"model": "hf", "model_args": "pretrained=EleutherAI/pythia-70m"}, "lm_eval_version": "0.4.8"}
        ).encode(),
        "samples_t.jsonl": b"\n".join(
            json.dumps({"doc_id": i, "target": "1", "resps": [[[-1.0, False]], [[-0.5, True]]], "doc": {},
                        "filtered_resps": [[-1.0, False], [-0.5, True]], "acc": 1.0, "filter": "none",
                        "metrics": ["acc"], "arguments": {}, "doc_hash": "", "prompt_hash": "", "target_hash": ""}).encode()
            for i in range(6)
        ),
        "records.parquet": write(records(8), folder / "seed.parquet").read_bytes(),
    }  # fmt: skip
    names = list(seeds)
    outcomes = {"read": 0, "refused": 0, "fault": []}
    for i in range(count):
        name = names[i % len(names)]
        path = folder / name
        path.write_bytes(damaged(rng, seeds[name]))
        try:
            found = audit.audit(path)
            rows = len(found.findings)
            assert found.gathered.files == 1
            assert (
                rows
                or found.gathered.unknown_models
                or found.notes
                or not len(found.gathered.scores)
            )
            audit.page(found)
            json.dumps(found.numbers(), allow_nan=False)
            outcomes["read"] += 1
        except EvalFileError as error:
            outcomes["refused"] += 1
            if FAULT in str(error):
                outcomes["fault"].append((name, i, str(error)[-300:]))
    return outcomes


def test_damaged_files_are_read_or_refused_and_never_more(tmp_path):
    found = fuzz(int(os.environ.get("MIRAGE_FUZZ", "64")), tmp_path)
    print(found)
    assert found["fault"] == []
    assert found["read"] > 0
    assert found["refused"] > 0


def test_the_shipped_study_is_part_of_the_package():
    assert (ROOT / "mirage_utils" / "audit" / "data" / "study.csv").exists()
