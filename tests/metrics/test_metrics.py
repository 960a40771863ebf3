"""Every metric's expression against simulation, against independent code, and at its edges."""

from __future__ import annotations

import dataclasses
import itertools
import random

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU as Sacrebleu
from scipy import optimize, stats

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
    LONGEST_CORRECT_PREFIX,
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
from mirage_utils.metrics.arithmetic import forget_one_carry, read_integer

CASES = [
    pytest.param(metric, values, id=f"{name}-{values}")
    for name, metric in METRICS.items()
    for values in check.settings(metric)
]
probability = st.floats(0, 1)
tokens = st.lists(st.integers(0, 4), min_size=1, max_size=8)


MEMBERS = [
    "exact_match",
    "token_accuracy",
    "token_edit_distance",
    "normalised_edit_distance",
    "character_edit_distance",
    "longest_correct_prefix",
    "subset_accuracy",
    "digit_accuracy",
    "carry_credit",
    "rouge_l_sum",
    "bleu",
    "multiple_choice_grade",
    "top_2",
    "thresholded_error",
    "binary_brier",
    "brier",
    "target_brier",
    "log_score",
    "bits_per_byte",
    "pass_at_k",
    "pass_until",
]


def test_the_registry_is_complete_and_read_only():
    assert list(METRICS) == MEMBERS
    with pytest.raises(TypeError):
        METRICS["mine"] = EXACT_MATCH


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


# -- scorers against independent code --------------------------------------------------------------


def reference_distance(a, b):
    """Wagner and Fischer's table, written out."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_edit_distance_is_the_textbook_one(target, output):
    assert TOKEN_EDIT_DISTANCE.score([target], [output])[0] == reference_distance(target, output)


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_exact_match_is_equality_and_zero_distance(target, output):
    exact = EXACT_MATCH.score([target], [output])[0]
    assert exact == (target == output) == (TOKEN_EDIT_DISTANCE.score([target], [output])[0] == 0)


@given(target=tokens, output=st.lists(st.integers(0, 4), max_size=8))
def test_token_accuracy_counts_positions(target, output):
    hits = sum(i < len(output) and output[i] == t for i, t in enumerate(target))
    assert TOKEN_ACCURACY.score([target], [output])[0] == pytest.approx(hits / len(target))


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=5),
    st.integers(0, 2),
)
def test_brier_and_grade_by_hand(rows, right):
    mass = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    correct = [right] * len(rows)
    by_hand = [sum((q - (j == right)) ** 2 for j, q in enumerate(row)) for row in mass]
    assert BRIER.score(correct, mass) == pytest.approx(by_hand)
    best = [[j for j, q in enumerate(row) if q == max(row)] for row in mass]
    assert MULTIPLE_CHOICE_GRADE.score(correct, mass) == pytest.approx(
        [1 / len(b) if right in b else 0 for b in best]
    )


def test_a_tie_is_worth_what_breaking_it_at_random_would_earn():
    assert MULTIPLE_CHOICE_GRADE.score([0, 2], [[0.4, 0.4, 0.2], [0.4, 0.4, 0.2]]) == pytest.approx(
        [0.5, 0]
    )


@pytest.mark.parametrize(
    ("target", "output", "exact", "accuracy", "edits"),
    [
        ("1234", "", 0, 0, 4),
        ("1234", "234", 0, 0, 1),  # everything is one place off; one insertion mends it
        ("12", "123", 0, 1, 1),  # position by position nothing is wrong, the edit charges the tail
        ("-15", "15", 0, 0, 1),
        ("1,000", "1000", 0, 0.6, 1),
        ("007", "7", 0, 0, 2),
        ("naïve", "naïve", 1, 1, 0),
        (["un", "able"], ["un", "able"], 1, 1, 0),
        ((1, 2, 3), np.array([1, 2, 3]), 1, 1, 0),
    ],
)
def test_edge_cases_are_decided(target, output, exact, accuracy, edits):
    assert EXACT_MATCH.score([target], [output])[0] == exact
    assert TOKEN_ACCURACY.score([target], [output])[0] == pytest.approx(accuracy)
    assert TOKEN_EDIT_DISTANCE.score([target], [output])[0] == edits


def test_shifts_only_ever_save_edits():
    """Why L(1-p) is an upper bound when wrong tokens can match elsewhere."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, (2, 500, 6))
    assert (TOKEN_EDIT_DISTANCE.score(a, b) <= (a != b).sum(axis=1)).all()


def test_arrays_and_sequences_are_scored_alike():
    rng = np.random.default_rng(3)
    string_metrics = (
        EXACT_MATCH, TOKEN_ACCURACY, TOKEN_EDIT_DISTANCE, NORMALISED_EDIT_DISTANCE,
        LONGEST_CORRECT_PREFIX,
    )  # fmt: skip
    for lengths in ((6, 6), (6, 4), (3, 9), (40, 40)):
        a, b = (rng.integers(0, 3, (300, k)) for k in lengths)
        b[::3, : min(lengths)] = a[::3, : min(lengths)]
        for metric in string_metrics:
            as_text = ["".join(map(str, row)) for row in a], ["".join(map(str, row)) for row in b]
            assert metric.score(a, b) == pytest.approx(metric.score(a.tolist(), b.tolist()))
            assert metric.score(a, b) == pytest.approx(metric.score(*as_text))


@given(
    st.integers(1, 40), st.integers(0, 40), st.integers(2, 300), st.integers(0, 2**32 - 1),
    st.sampled_from(["i1", "u1", "i2", "i4", "i8", "?"]),
)  # fmt: skip
def test_batched_edit_distances_are_the_textbook_ones(left, right, alphabet, seed, kind):
    rng = np.random.default_rng(seed)
    high = min(alphabet, 2 if kind == "?" else np.iinfo(kind).max)
    a, b = (rng.integers(0, high, (3, k)).astype(kind) for k in (left, right))
    expected = [reference_distance(x.tolist(), y.tolist()) for x, y in zip(a, b, strict=True)]
    assert batch.edit_distances(a, b).tolist() == expected
    assert batch.edit_distances(a.tolist(), b.tolist()).tolist() == expected


def test_batches_larger_than_a_block_and_huge_tokens():
    rng = np.random.default_rng(4)
    a, b = rng.integers(0, 4, (2, 70_001, 5))
    assert (batch.edit_distances(a, b) == batch.edit_distances(a.tolist(), b.tolist())).all()
    assert batch.edit_distances(np.array([[2**40, 1]]), np.array([[2**40]])).tolist() == [1]
    far = np.arange(50)[None] * 2**40  # too many to be characters, too long for the table
    assert batch.edit_distances(far, far[:, 1:]).tolist() == [1]
    assert batch.edit_distances(far, np.zeros((1, 0), dtype=int)).tolist() == [50]
    zeros = np.zeros((1, 40), dtype=int)  # what NumPy would drop from the end of a string
    assert batch.edit_distances(zeros, zeros[:, :36]).tolist() == [4]
    low = np.arange(0xD700, 0xE100)[None]  # across the code points that are no characters
    assert batch.edit_distances(low, low[:, 3:]).tolist() == [3]
    assert batch.edit_distances([], []).tolist() == []


@given(tokens, st.lists(st.integers(0, 4), max_size=8))
def test_prefix_and_normalised_distance_by_hand(target, output):
    agreeing = [a == b for a, b in zip(target, output, strict=False)]
    run = agreeing.index(False) if False in agreeing else len(agreeing)
    assert LONGEST_CORRECT_PREFIX.score([target], [output])[0] == run
    share = reference_distance(target, output) / max(len(target), len(output))
    assert NORMALISED_EDIT_DISTANCE.score([target], [output])[0] == pytest.approx(share)
    assert 0 <= share <= 1


def test_characters_are_composed_before_they_are_compared():
    decomposed = "nai\u0308ve"
    assert CHARACTER_EDIT_DISTANCE.score(["na\u00efve"], [decomposed])[0] == 0
    assert TOKEN_EDIT_DISTANCE.score(["na\u00efve"], [decomposed])[0] == 2  # as they are
    assert CHARACTER_EDIT_DISTANCE.score(["ab", "日本語"], ["", "日本"]).tolist() == [2, 1]


def test_a_group_counts_only_if_whole():
    assert SUBSET_ACCURACY.score([[1, 2, 3]] * 2, [[1, 2, 3], [1, 2, 0]]).tolist() == [1, 0]


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


@pytest.mark.parametrize("metric", [BRIER, LOG_SCORE, TARGET_BRIER], ids=lambda m: m.name)
def test_a_proper_score_is_best_for_the_truth_and_only_a_proper_one(metric):
    truth = np.array([0.6, 0.3, 0.1])
    distance = np.abs(best_forecast(metric.score, truth) - truth).max()
    assert (distance < 1e-3) == metric.proper
    if not metric.proper:  # it pays to be more certain than one is
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
    assert {m.name for m in METRICS.values() if m.proper} == {
        "binary_brier", "brier", "log_score", "bits_per_byte",
    }  # fmt: skip


# -- choices ---------------------------------------------------------------------------------------


def test_top_1_is_the_grade_and_top_k_counts_ranks():
    rng = np.random.default_rng(8)
    mass = rng.dirichlet(np.ones(5), 400)
    correct = rng.integers(5, size=400)
    rank = (mass > mass[np.arange(400), correct][:, None]).sum(axis=1)
    for k in (1, 2, 4):
        assert (metrics.top_k(k).score(correct, mass) == (rank < k)).all()
    assert (
        metrics.top_k(1).score(correct, mass) == MULTIPLE_CHOICE_GRADE.score(correct, mass)
    ).all()
    p = np.linspace(0, 1, 11)
    for s in (0.3, 1.0):
        assert metrics.top_k(1).expected(p, K=5, s=s) == pytest.approx(
            MULTIPLE_CHOICE_GRADE.expected(p, K=5, s=s)
        )
    assert TOP_2.score([0, 2], [[0.25] * 4, [0.4, 0.2, 0.2, 0.2]]) == pytest.approx([1 / 2, 1 / 3])


# -- text ------------------------------------------------------------------------------------------


def test_rouge_of_the_worked_example_of_lin_2004():
    """Two candidate sentences share 1 2 and 1 3 5 with the reference: the union has four of five."""
    score = ROUGE_L_SUM.score([["12345"]], [["12678", "13895"]])[0]
    assert score == pytest.approx(2 * 4 / (5 + 10))


def test_rouge_is_the_reference_implementations():
    rng = random.Random(6)
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "saw", "no", "dog"]
    scorer = rouge_scorer.RougeScorer(["rougeLsum"])

    def text():
        lines = [
            " ".join(rng.choices(words, k=rng.randint(1, 9))) for _ in range(rng.randint(1, 4))
        ]
        return "\n".join(lines)

    pairs = [(text(), text()) for _ in range(300)]
    ours = ROUGE_L_SUM.score(*zip(*pairs, strict=True))
    theirs = [scorer.score(t, o)["rougeLsum"].fmeasure for t, o in pairs]
    assert ours == pytest.approx(theirs)
    assert ROUGE_L_SUM.score(["Größe zählt."], ["größe zählt"])[0] == 1  # any script
    assert ROUGE_L_SUM.score(["a b"], [""])[0] == 0


def test_bleu_is_sacrebleus():
    rng = random.Random(7)
    words = [f"w{i}" for i in range(30)]
    right = [" ".join(rng.choices(words, k=12)) for _ in range(40)]
    made = [" ".join(w if rng.random() < 0.8 else "x" for w in line.split()) for line in right]
    theirs = Sacrebleu().corpus_score(made, [right]).score / 100
    assert 0.2 < theirs < 0.9
    assert BLEU.score([right, right], [made, right]) == pytest.approx([theirs, 1.0])
    assert BLEU.score([["a b c d"]], [[""]])[0] == 0


# -- sampling --------------------------------------------------------------------------------------


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))
    )
)
def test_pass_at_k_is_the_share_of_subsets_with_a_pass(drawn):
    n, c, k = drawn
    subsets = list(itertools.combinations([1] * c + [0] * (n - c), k))
    assert PASS_AT_K.score([n], [c], k=k)[0] == pytest.approx(sum(map(any, subsets)) / len(subsets))


def test_pass_at_k_survives_binomials_that_overflow():
    value = PASS_AT_K.score([80_000], [54], k=1000)[0]
    assert value == pytest.approx(stats.hypergeom.sf(0, 80_000, 54, 1000), rel=1e-9)


def test_pass_until_is_unbiased_by_summing_its_law():
    p, r = 0.3, 3
    n = np.arange(r, 400)
    law = stats.nbinom.pmf(n - r, r, p)
    assert law @ PASS_UNTIL.score(n, np.full(n.size, r)) == pytest.approx(p, rel=1e-9)
    assert law @ (r / n) > p * 1.1  # the likeliest value is too high on average


# -- probabilities and errors ------------------------------------------------------------------------


def test_bits_per_byte_counts_bytes_and_not_characters():
    log2 = np.log(2)
    assert BITS_PER_BYTE.score(["ab", "é", b"abcd"], [-4 * log2, -4 * log2, 0.0]).tolist() == [
        2,
        2,
        0,
    ]
    assert BITS_PER_BYTE.score(["ab"], [-np.inf])[0] == np.inf


def test_log_score_does_not_forgive_certainty():
    assert LOG_SCORE.score([0, 1], [[1.0, 0.0], [1.0, 0.0]]).tolist() == [0, np.inf]


def test_thresholded_error_sums_over_all_pixels():
    images = np.zeros((2, 3, 3))
    made = images.copy()
    made[1] += 0.5
    assert THRESHOLDED_ERROR.score(images, made, c=9 * 0.25).tolist() == [1, 0]  # strictly below
    assert THRESHOLDED_ERROR.score(images, made, c=9 * 0.25 + 1e-9).tolist() == [1, 1]


# -- arithmetic --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42), (" 42\n", 42), ("042", 42), ("000", 0), ("-0", 0), ("+7", 7), (7, 7), (-7, -7),
        ("-15", -15), ("\u221215", -15), ("\u201315", -15), ("\uff0d15", -15), ("- 15", -15),
        ("1,000", 1000), ("1 000", 1000), ("1\u202f000", 1000), ("1_000", 1000), ("1'000", 1000),
        ("12,345,678", 12345678), ("1.000.000", 1000000), ("93.", 93), ("\uff14\uff12", 42),
        ("\u0664\u0662", 42),
    ],
)  # fmt: skip
def test_numbers_are_read_as_a_person_reads_them(text, value):
    number = read_integer(text)
    assert int(number.digits) * (-1 if number.negative else 1) == value
    assert number.negative == (value < 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        "12.5",
        "1.000",
        "1,00",
        "1,0000",
        "1,000 000",
        "about 40",
        "4 2",
        "10²",
        "1e3",
        "--3",
    ],
)
def test_what_is_no_whole_number_is_not_guessed(text):
    assert read_integer(text) is None
    assert DIGIT_ACCURACY.score(["42"], [text])[0] == 0
    assert CARRY_CREDIT.score([(40, 2)], [text])[0] == 0


@given(st.integers(-(10**12), 10**12))
def test_every_way_to_write_a_number_reads_the_same(value):
    plain = read_integer(str(value))
    for text in (f"{value:,}", f"{value:_}", str(value).replace("-", "\u2212"), f" {value}. "):
        assert read_integer(text) == plain


@pytest.mark.parametrize(
    ("target", "output", "score"),
    [
        ("1234", "1234", 1), ("1234", "234", 3 / 4), ("1234", "11234", 4 / 5), ("1234", "1235", 3 / 4),
        ("-15", "15", 2 / 3), ("-15", "\u221215", 1), ("0", "-0", 1), ("7", "0007", 1),
        ("1000", "1,000", 1), ("-5", "-55", 2 / 3),
    ],
)  # fmt: skip
def test_digits_are_compared_from_the_units(target, output, score):
    assert DIGIT_ACCURACY.score([target], [output])[0] == pytest.approx(score)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_forgetting_a_carry_takes_a_power_of_ten(a, b):
    """One forgotten carry into place k takes 10^k from the sum, however far the carry would run."""
    total = a + b
    carries = [k for k in range(1, 12) if a % 10**k + b % 10**k >= 10**k]
    assert forget_one_carry(str(a), str(b)) == {str(total - 10**k) for k in carries}


def test_a_forgotten_carry_earns_half():
    pairs = [(95, 7)] * 5 + [(11, 22)]
    answers = ["102", "92", "2", "101", "1,02", "23"]
    assert CARRY_CREDIT.score(pairs, answers).tolist() == [1, 0.5, 0.5, 0, 0, 0]
    long = "9" * 5000
    assert CARRY_CREDIT.score([(long, "1")], ["1" + "0" * 5000])[0] == 1


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
