"""Scorers against independent code, and at their edges."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU as Sacrebleu
from scipy import stats

from mirage_utils import metrics
from mirage_utils.metrics import (
    BITS_PER_BYTE,
    BLEU,
    BRIER,
    CARRY_CREDIT,
    CHARACTER_EDIT_DISTANCE,
    DIGIT_ACCURACY,
    EXACT_MATCH,
    LOG_SCORE,
    LONGEST_CORRECT_PREFIX,
    MULTIPLE_CHOICE_GRADE,
    NORMALISED_EDIT_DISTANCE,
    PASS_AT_K,
    PASS_UNTIL,
    ROUGE_L_SUM,
    SUBSET_ACCURACY,
    THRESHOLDED_ERROR,
    TOKEN_ACCURACY,
    TOKEN_EDIT_DISTANCE,
    TOP_2,
    batch,
    get,
    judging,
)
from mirage_utils.metrics.arithmetic import forget_one_carry, read_integer
from mirage_utils.metrics.corpus_bleu import corpus_bleu

tokens = st.lists(st.integers(0, 4), min_size=1, max_size=8)


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


def test_the_audit_can_grade_by_every_metric_of_tokens():
    """Without `of_counts` it would pass a metric over, and say nothing."""
    assert [name for name in judging("tokens") if get(name).of_counts is None] == []


def test_arrays_and_sequences_are_scored_alike():
    rng = np.random.default_rng(3)
    string_metrics = [get(name) for name in judging("tokens")]
    assert EXACT_MATCH in string_metrics
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


@given(
    st.lists(
        st.tuples(*[st.text("ab c.,-1'\n&\"(ß漢;", max_size=40) | st.sampled_from(["&quot;a&amp;", "<skipped> it is 1.5-fold, he said."])] * 2),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_a_documents_bleu_is_sacrebleus_to_the_last_bit(pairs):
    targets, outputs = zip(*pairs, strict=True)
    theirs = Sacrebleu().corpus_score(list(outputs), [list(targets)]).score / 100
    assert corpus_bleu(targets, outputs) == theirs
