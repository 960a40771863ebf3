"""Every metric's expression against simulation, what it claims, and what becomes of wrong input."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
import pkgutil

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from mirage_utils import FieldError, metrics, symbols
from mirage_utils.metrics import (
    BINARY_BRIER,
    BITS_PER_BYTE,
    BLEU,
    BRIER,
    CARRY_CREDIT,
    CHARACTER_EDIT_DISTANCE,
    DIGIT_ACCURACY,
    EXACT_MATCH,
    LOG_SCORE,
    METRICS,
    MULTIPLE_CHOICE_GRADE,
    NORMALISED_EDIT_DISTANCE,
    PASS_AT_K,
    PASS_UNTIL,
    ROUGE_L_SUM,
    SUBSET_ACCURACY,
    TARGET_BRIER,
    THRESHOLDED_ERROR,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
    TOP_2,
    Metric,
    batch,
    check,
)

CASES = [
    pytest.param(metric, values, id=f"{name}-{values}")
    for name, metric in METRICS.items()
    for values in check.settings(metric)
]

probability = st.floats(0, 1)


def test_every_metric_of_every_family_is_listed_and_offered_under_its_name():
    """Found in what the modules hold, whatever their lists say."""
    found = {}
    for part in pkgutil.iter_modules(metrics.__path__):
        family = importlib.import_module(f"mirage_utils.metrics.{part.name}")
        found |= {k: v for k, v in vars(family).items() if isinstance(v, Metric)}
    assert {name.lower(): metric for name, metric in found.items()} == METRICS
    assert set(found) <= set(metrics.__all__)
    assert all(getattr(metrics, name) is metric for name, metric in found.items())


def test_the_registry_is_read_only():
    with pytest.raises(TypeError):
        METRICS["mine"] = EXACT_MATCH


RECORDS = {
    "tokens": [(["ab"], ["abc"]), ([["a", "word"]], [["a"]])],
    "text": [(["ab"], ["abc"])],
    "choices": [([0, 1], [[0.7, 0.3], [0.4, 0.6]])],
}


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_scores_the_records_that_it_says_it_judges(metric):
    for targets, outputs in RECORDS.get(metric.judges, []):
        assert metric.score(targets, outputs).shape == (len(targets),)
    if (
        metric.of_counts is not None
    ):  # tests/records/test_gathering.py compares its scores with the scorer's
        assert metric.judges == "tokens"
    assert (metric.gentle == "loss") == bool(metric.high.is_infinite)  # a loss has no end


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_scored_simulation_lands_on_the_expression(metric):
    found = check.agreement(metric, seed=17, records=min(metric.records, 8_000))
    assert found.simulations >= 6
    # At most 108 simulations a metric: a deviation of 4.6 comes once in 2,000 runs of one metric.
    assert found.worst_z < 4.6, found


def test_the_check_would_find_a_wrong_expression():
    wrong = [
        (EXACT_MATCH, symbols.p ** (symbols.L + 1)),
        (TOKEN_EDIT_DISTANCE, symbols.L * symbols.p),  # the slip of the paper's equation 10
        (BRIER, symbols.K * (1 - symbols.p) ** 2 / 2),
        (ROUGE_L_SUM, symbols.p**2),
        (CARRY_CREDIT, symbols.p**symbols.L),
        (PASS_AT_K, 1 - (1 - symbols.p) ** (symbols.k + 1)),
    ]
    for metric, expression in wrong:
        mistaken = dataclasses.replace(metric, expression=expression)
        assert check.agreement(mistaken, records=2_000).worst_z > 20, metric.name


def test_rare_events_are_judged_by_the_scatter_they_should_have():
    run = metrics.Simulated(mean=0.0, standard_error=0.0, n=20_000)
    assert check.z_score(run, 2e-4, (0.0, 1.0)) == pytest.approx(2.0, rel=1e-3)  # 4 expected, none
    assert check.z_score(run, 0.01, (0.0, 1.0)) == float("inf")
    assert (
        check.z_score(metrics.Simulated(float("inf"), float("nan"), 9), float("inf"), (0, 1)) == 0
    )


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_the_continuity_class_is_that_of_the_expression(metric):
    """Linear: no second derivative. Discontinuous: a step where items have no spread."""
    values = dict.fromkeys(metric.parameters, 3.0) | {"c": 0.4, "s": 1e-5}
    values = {name: values[name] for name in metric.parameters}
    p = np.linspace(0.001, 0.999, 4001)
    score = metric.expected(p, **values)
    if "s" in metric.parameters:
        assert metric.continuity == "discontinuous"
        assert np.abs(np.diff(score)).max() > 0.5
    else:
        second = sp.simplify(sp.diff(metric.expression.rewrite(sp.Piecewise), symbols.p, 2))
        assert metric.continuity == ("linear" if second == 0 else "continuous")
        assert np.abs(np.diff(score[200:])).max() < 0.02 * max(1, np.ptp(score[200:]))


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_each_metric_says_what_it_is(metric):
    assert metric.assumptions
    assert metric.source
    assert metrics.get(metric.name) is metric
    assert set(metric.options) <= set(metric.parameters)
    compile(metric.javascript.replace("?", ",").replace(":", ",").replace("\n", ""), "js", "eval")


@pytest.mark.parametrize("metric", [m for m in METRICS.values() if m.binary], ids=lambda m: m.name)
def test_a_binary_metric_gives_zeros_and_ones(metric):
    values = check.settings(metric)[-1]
    rng = np.random.default_rng(5)
    arguments = {k: v if k in ("s", "c") else int(v) for k, v in values.items()}
    records = metric.simulator(rng, 500, p=0.6, **arguments)
    assert set(metric.score(*records, **{k: arguments[k] for k in metric.options})) <= {0.0, 1.0}


@pytest.mark.parametrize(("metric", "values"), CASES)
def test_every_form_of_the_expression_gives_the_same_number(metric, values):
    for p in (0.05, 0.3, 0.8):
        values = {k: v if k in ("s", "c") else int(v) for k, v in values.items()}
        symbolic = metric.expression.subs(
            dict(zip(metric.arguments, (p, *values.values()), strict=True))
        )
        numeric = metric.numpy(p, *(values[name] for name in metric.parameters))
        assert float(numeric) == pytest.approx(float(symbolic), rel=1e-12)
        assert float(metric.expected(p, **values)) == pytest.approx(float(symbolic), rel=1e-12)
    assert metric.latex == sp.latex(metric.expression)


@pytest.mark.parametrize(("metric", "values"), CASES)
@given(p=probability)
def test_the_score_stays_in_its_range(metric, values, p):
    low, high = metric.range(**values)
    assert low - 1e-12 <= float(metric.expected(p, **values)) <= high + 1e-12


@pytest.mark.parametrize(("metric", "values"), CASES)
def test_a_better_model_never_scores_worse(metric, values):
    score = metric.expected(np.linspace(0, 1, 1001), **values)
    finite = score[np.isfinite(score)]  # a log score begins at infinity
    assert finite.size >= 1000
    better = np.diff(finite) if metric.direction == "higher" else -np.diff(finite)
    assert (better >= -1e-12).all()
    best = metric.range(**values)[1 if metric.direction == "higher" else 0]
    assert score[-1] == pytest.approx(best)
    assert not np.isnan(score).any()


# -- claims about the subject ---------------------------------------------------------------------


def test_exact_match_of_one_token_is_token_accuracy():
    p = np.linspace(0, 1, 11)
    assert EXACT_MATCH.expected(p, L=1) == pytest.approx(TOKEN_ACCURACY.expected(p))


def test_the_grade_becomes_a_step_at_chance_for_equal_items():
    below, above = MULTIPLE_CHOICE_GRADE.expected([0.24, 0.26], K=4, s=0.001)
    assert below < 1e-6
    assert above > 1 - 1e-6
    assert MULTIPLE_CHOICE_GRADE.expected(0.25, K=4, s=0.3) == pytest.approx(0.25)


def test_a_spread_of_one_makes_the_grade_the_probability_itself():
    p = np.linspace(0, 1, 21)
    assert MULTIPLE_CHOICE_GRADE.expected(p, K=5, s=1.0) == pytest.approx(p)


def test_binary_brier_is_twice_the_squared_error_of_one_option():
    p = np.linspace(0, 1, 11)
    assert BRIER.expected(p, K=2) == pytest.approx(2 * (1 - p) ** 2)


# -- proper and improper scores --------------------------------------------------------------------


def best_forecast(score, truth):
    """The forecast with the best expected score when the options happen with these probabilities."""
    K = len(truth)

    def expected(logits):
        mass = np.exp(logits - logits.max())
        mass /= mass.sum()
        return float(truth @ score(np.arange(K), np.tile(mass, (K, 1))))

    starts = [np.zeros(K), np.log(truth)]
    found = min(
        (optimize.minimize(expected, x, method="Nelder-Mead",
                           options={"xatol": 1e-7, "fatol": 1e-13, "maxiter": 20_000})
         for x in starts),
        key=lambda r: r.fun,
    )  # fmt: skip
    mass = np.exp(found.x - found.x.max())
    return mass / mass.sum()


FORECASTS = [m for m in METRICS.values() if m.judges == "choices" and m.gentle]


@pytest.mark.parametrize("metric", FORECASTS, ids=lambda m: m.name)
def test_a_proper_score_is_best_for_the_truth_and_only_a_proper_one(metric):
    truth = np.array([0.6, 0.3, 0.1])
    distance = np.abs(best_forecast(metric.score, truth) - truth).max()
    assert (distance < 1e-3) == metric.proper
    if metric is TARGET_BRIER:  # it pays to be more certain than one is
        assert best_forecast(metric.score, truth)[0] > 0.65


def test_the_target_brier_score_is_proper_for_two_options():
    truth = np.array([0.7, 0.3])
    assert best_forecast(TARGET_BRIER.score, truth) == pytest.approx(truth, abs=1e-3)
    assert best_forecast(BINARY_BRIER_AS_CHOICE, truth) == pytest.approx(truth, abs=1e-3)


def BINARY_BRIER_AS_CHOICE(correct, mass):
    return BINARY_BRIER.score(np.asarray(correct) == 0, mass[:, 0])


def test_grades_of_answers_are_no_strictly_proper_scores():
    """Full marks for the favourite, however much of a favourite it is."""
    correct = [0, 1, 2]
    honest, certain = ([[0.6, 0.3, 0.1]] * 3, [[1.0, 0.0, 0.0]] * 3)
    assert (
        MULTIPLE_CHOICE_GRADE.score(correct, honest)
        == MULTIPLE_CHOICE_GRADE.score(correct, certain)
    ).all()
    assert all(m.proper for m in (BINARY_BRIER, BRIER, LOG_SCORE, BITS_PER_BYTE))
    assert not any(m.proper for m in METRICS.values() if m.gentle not in ("forecast", "loss"))


# -- a metric of one's own -----------------------------------------------------------------------------


def test_a_reader_adds_a_metric_in_ten_lines():
    first = Metric(
        name="first_token",
        title="first token right",
        expression=symbols.p,
        low=sp.Integer(0),
        high=sp.Integer(1),
        direction="higher",
        continuity="linear",
        assumptions="the first token is right with probability p",
        scorer=lambda targets, outputs: np.array(
            [float(t[:1] == o[:1]) for t, o in zip(targets, outputs, strict=True)]
        ),
        simulator=lambda rng, n, p: ([[0]] * n, [[int(x >= p)] for x in rng.random(n)]),
        source="a reader",
    )
    try:
        assert metrics.register(first) is METRICS["first_token"]
        assert check.agreement(first).worst_z < 4
        with pytest.raises(
            FieldError, match=r"^name = 'first_token': expected a name that no other"
        ):
            metrics.register(first)
    finally:
        assert metrics.unregister("first_token") is first
    assert "first_token" not in METRICS
    with pytest.raises(FieldError, match=r"^metric = 'exact_match': expected a Metric"):
        metrics.register("exact_match")


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: EXACT_MATCH.expected(1.2, L=2),
            r"^p = 1\.2: expected a finite number >= 0 and <= 1",
        ),
        (lambda: EXACT_MATCH.expected(float("nan"), L=2), r"^p = nan"),
        (lambda: EXACT_MATCH.expected([0.1, -0.1], L=2), r"^p\[1\] = -0\.1"),
        (lambda: EXACT_MATCH.expected(0.5), r"^L = None: expected a value"),
        (lambda: EXACT_MATCH.expected(0.5, L=0), r"^L = 0"),
        (lambda: EXACT_MATCH.expected(0.5, L=2.5), r"^L = 2\.5: expected a finite whole number"),
        (lambda: EXACT_MATCH.expected(0.5, L=2, K=4), r"^K = 4: expected exact_match takes L"),
        (lambda: BRIER.expected(0.5, K=1), r"^K = 1"),
        (lambda: MULTIPLE_CHOICE_GRADE.expected(0.5, K=4, s=0), r"^s = 0"),
        (lambda: EXACT_MATCH.score([], []), r"^targets = \[\]"),
        (lambda: EXACT_MATCH.score(["a"], ["a", "b"]), r"^outputs = 2"),
        (lambda: TOKEN_ACCURACY.score(["a", ""], ["a", "b"]), r"^targets\[1\] = ''"),
        (
            lambda: BRIER.score([0], [[0.5, 0.6]]),
            r"^probabilities\[0\] = 1\.1: expected a row sum of 1",
        ),
        (lambda: BRIER.score([2], [[0.5, 0.5]]), r"^correct\[0\] = 2"),
        (lambda: BRIER.score([0], [[1.0]]), r"^probabilities = \(1, 1\)"),
        (lambda: metrics.get("accuracy"), r"^metric = 'accuracy': expected one of exact_match"),
        (lambda: TOP_2.expected(0.5, K=2, s=1.0), r"^K = 2"),
        (lambda: metrics.top_k(0), r"^k = 0"),
        (lambda: PASS_AT_K.score([5], [1]), r"^k = None: expected a value, since the score"),
        (lambda: PASS_AT_K.score([5], [1], k=6), r"^samples\[0\] = 5\.0: expected at least k = 6"),
        (lambda: PASS_AT_K.score([5], [6], k=1), r"^passed\[0\] = 6"),
        (lambda: PASS_UNTIL.score([5], [1]), r"^passed\[0\] = 1"),
        (lambda: EXACT_MATCH.score(["a"], ["a"], k=3), r"^k = 3: expected exact_match scores"),
        (lambda: SUBSET_ACCURACY.score([[1, 2]], [[1]]), r"^outputs\[0\] = 1"),
        (lambda: CHARACTER_EDIT_DISTANCE.score(["a"], [["a"]]), r"^outputs\[0\] = \['a'\]"),
        (lambda: BINARY_BRIER.score([2], [0.5]), r"^outcomes\[0\] = 2"),
        (lambda: BINARY_BRIER.score([1], [1.5]), r"^probabilities\[0\] = 1\.5"),
        (lambda: BITS_PER_BYTE.score(["a"], [0.1]), r"^log_probabilities\[0\] = 0\.1"),
        (lambda: BITS_PER_BYTE.score([""], [-1.0]), r"^targets\[0\] = b''"),
        (lambda: BITS_PER_BYTE.score(["a"], [float("nan")]), r"^log_probabilities\[0\] = nan"),
        (lambda: THRESHOLDED_ERROR.score([[1]], [[1]], c=0), r"^c = 0"),
        (lambda: THRESHOLDED_ERROR.score([[1]], [[1, 2]], c=1), r"^outputs = \(1, 2\)"),
        (lambda: ROUGE_L_SUM.score([""], ["a"]), r"^targets\[0\] = ''"),
        (lambda: BLEU.score(["a"], [["a"]]), r"^targets\[0\] = 'a': expected a sequence of seg"),
        (lambda: BLEU.score([["a", "b"]], [["a"]]), r"^outputs\[0\] = 1"),
        (lambda: DIGIT_ACCURACY.score(["4.2"], ["4"]), r"^targets\[0\] = '4\.2'"),
        (lambda: CARRY_CREDIT.score(["12"], ["3"]), r"^targets\[0\] = '12'"),
        (lambda: CARRY_CREDIT.score([(1, -2)], ["3"]), r"^targets\[0\] = \(1, -2\)"),
        (lambda: batch.edit_distances(["a"], []), r"^outputs = 0"),
        (lambda: EXACT_MATCH.score("ab", "ab"), r"^targets = 'ab': expected a sequence of records"),
        (lambda: EXACT_MATCH.score([5], [5]), r"^outputs\[0\] = 5: expected a sequence of tokens"),
        (lambda: EXACT_MATCH.score([5], ["5"]), r"^targets\[0\] = 5: expected a sequence of tok"),
        (lambda: NORMALISED_EDIT_DISTANCE.score(["a"], ["a", "b"]), r"^outputs = 2"),
        (lambda: PASS_AT_K.score([[5]], [1], k=1), r"^samples = \(1, 1\)"),
    ],
)
def test_wrong_input_is_named_with_its_value(call, message):
    with pytest.raises(FieldError, match=message):
        call()


def test_scores_broadcast_over_grids():
    p, L = np.linspace(0, 1, 7)[:, None], np.arange(1, 5)
    out = EXACT_MATCH.expected(p, L=L)
    assert out.shape == (7, 4)
    for (i, j), value in np.ndenumerate(out):
        assert value == pytest.approx(p[i, 0] ** L[j])
    assert list(itertools.islice(METRICS, 2)) == ["exact_match", "token_accuracy"]
