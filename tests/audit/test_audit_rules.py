"""The rules of the audit: each can decide, and each is held against a second hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from evaluations import SIZES, records, scores, write
from scipy import stats

from mirage_utils import audit, models
from mirage_utils.audit import simulate, truths
from mirage_utils.errors import FieldError
from mirage_utils.evidence import curves_of, foretold, gentle, leap, runs, smooth
from mirage_utils.evidence.lengths import one_line
from mirage_utils.models.language import outputs
from mirage_utils.records.gathering import gather, tabulate


def verdicts(*frames):
    made = tabulate(scores=pd.concat(frames, ignore_index=True))
    found = audit.judge(curves_of(made.scores, made.lengths).questions)
    return {f.metric: f for f in found}


# -- the rules -------------------------------------------------------------------------------------


def law(alpha, critical, sizes=SIZES):
    return np.exp(-((np.array(sizes) / critical) ** -alpha))


def two_kinds(runs, failing, metric="exact_match"):
    """Half of the runs leap to 0.9, and half to ``failing``."""
    ends = [0.9, failing] * (runs // 2)
    return pd.concat(
        [scores([0] * 3 + [end] * 5, run=f"{i}", metric=metric) for i, end in enumerate(ends)]
    )


@pytest.mark.parametrize(
    ("runs", "failing", "metric", "rule"),
    [
        (10, 0.02, "token_accuracy", "runs differ in kind"),
        (8, 0.02, "token_accuracy", "runs far apart"),  # so few may lie so by chance
        (10, 0.6, "token_accuracy", "runs far apart"),  # half of the gap is the metric's
        (10, 0.02, "brier", "runs far apart"),  # less sure is no other kind
        (10, 0.02, None, "runs far apart"),
    ],
)
def test_runs_differ_in_kind_if_they_are_many_and_apart_under_gentler_metrics(runs, failing, metric, rule):  # fmt: skip
    frames = [two_kinds(runs, 0.02)] + ([two_kinds(runs, failing, metric)] if metric else [])
    exact = verdicts(*frames)["exact_match"]
    assert exact.rule == rule
    if metric == "token_accuracy":
        assert f"by token_accuracy the gap is {(0.9 - failing) / 0.9:.0%}" in exact.evidence


@pytest.mark.parametrize(
    ("runs", "metric", "asked"),
    [
        (8, None, "10 runs or more a size, with the answers or the loss of each"),
        (8, "token_accuracy", "10 runs or more a size"),
        (10, None, "the answers or the loss of each run"),
        (10, "token_accuracy", "the loss of each run"),  # runs and answers are there
        (10, "loss", "runs of sizes in between: whether their losses move smoothly or sit on levels"),
    ],
)  # fmt: skip
def test_of_runs_that_lie_apart_it_asks_for_what_the_files_do_not_hold(runs, metric, asked):
    frames = [two_kinds(runs, 0.02)] + ([two_kinds(runs, 0.6, metric)] if metric else [])
    exact = verdicts(*frames)["exact_match"]
    assert (exact.rule, exact.settle) == ("runs far apart", asked)


def test_the_losses_of_runs_need_no_gentler_metric():
    assert verdicts(two_kinds(10, 0.02, "probability"))["probability"].rule == "runs far apart"
    losses = two_kinds(10, 0.02, "loss").assign(direction="lower")
    losses["score"] = 4 - 3 * losses["score"]
    assert verdicts(losses)["loss"].rule == "runs differ in kind"


def test_runs_that_scatter_smoothly_are_not_called_unexplained():
    """Mirages of which each run is a third of a decade early or late, and no run of a kind of its own."""
    apart = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        sizes, n = np.geomspace(1e6, 1e9, 8), 400
        every, run = np.repeat(sizes, 4), np.tile(np.arange(4), 8)
        own = 3e7 * 10 ** rng.normal(0, 0.35, len(every))
        token = 0.1 + 0.9 * np.exp(-((every / own) ** -0.5))
        frame = truths.scores_only(every, rng.binomial(n, token**8) / n, n, run)
        found = verdicts(frame)["exact_match"]
        assert found.verdict != "not explained by the metric"
        apart += found.rule == "runs far apart"
    assert apart >= 2


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
    found["runs far apart"] = verdicts(two_kinds(4, 0.02))["exact_match"]
    witness = two_kinds(10, 0.02, metric="token_accuracy")
    found["runs differ in kind"] = verdicts(two_kinds(10, 0.02), witness)["exact_match"]
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
    assert by_family == {"recall": "metric effect", "addition": "cannot tell"}


@pytest.mark.parametrize("truth", list(truths.TRUTHS))
def test_the_study_that_is_kept_is_what_the_rules_say_now(truth):
    found = simulate._judged(truth, 7, 0, simulate.LEVELS)
    for level, row in zip(simulate.LEVELS, found, strict=True):
        kept = simulate.kept(level)
        assert (kept.groupby("truth").size() == 100).all()
        assert set(kept["truth"]) == set(truths.TRUTHS)
        told = kept[(kept["truth"] == truth) & (kept["draw"] == 7)]
        assert [row] == list(told.itertuples(index=False, name=None))


def test_a_study_at_a_level_that_was_not_made_is_refused():
    with pytest.raises(FieldError, match="level"):
        simulate.kept(0.1)


def test_the_true_shares_of_a_mirage_are_those_that_are_drawn():
    """Not the observed shares of a smaller test, whose small ones are exactly zero."""
    below = []
    for seed in range(60):
        scores = simulate.simulate("mirage, scores only", seed=seed)["scores"]
        rare = scores[scores["score"] < 0.005]
        below += (rare["score"] > 0).tolist()
    assert 0.1 < np.mean(below) < 0.6  # shares of 1e-5 and less are zero, those of 1e-3 are not


def test_a_real_leap_may_lie_anywhere_between_two_sizes():
    def middle(seed):
        """Share of right digits at the sizes around the leap that is neither low nor high."""
        records = simulate.simulate("real leap", seed=seed)["records"]
        pairs = zip(records["target"], records["output"], records["params"], strict=True)
        by_size = {}
        for target, output, size in pairs:
            hits = by_size.setdefault(size, [])
            hits += [a == b for a, b in zip(target, output, strict=True)]
        return any(0.25 < np.mean(hits) < 0.85 for hits in by_size.values())

    assert 5 <= sum(middle(seed) for seed in range(40)) <= 30


def test_a_gentler_metric_must_have_seen_more_than_the_curve_itself_shows():
    """Every metric rises early where whole answers do: of errors that know nothing, this is no evidence."""
    rng = np.random.default_rng(3)
    sizes, n = np.geomspace(1e6, 1e9, 8), 400
    share = np.array([0, 0, 0, 0.1, 0.35, 0.98, 1, 1])
    parts = []
    for size, right in zip(sizes, share, strict=True):
        target = [f"{x:08d}" for x in rng.integers(0, 10**8, n)]
        known = np.arange(n) < right * n
        output = [t if k else f"{x:08d}" for t, k, x in zip(target, known, rng.integers(0, 10**8, n), strict=True)]  # fmt: skip
        parts.append(truths.blank_records(size, n).assign(target=target, output=output))
    made = tabulate(pd.concat(parts, ignore_index=True))
    (asked,) = curves_of(made.scores, made.lengths).questions
    found = {f.metric: f for f in audit.judge([asked], thorough=False)}["exact_match"]
    assert max(g.early for g in found.gentle) > 0.3
    assert found.verdict == "not explained by the metric"


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
