"""What the language models learn from: right, drawn as it should be, and the test kept apart."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import FAMILIES, quickly, small

from mirage_utils import FieldError
from mirage_utils.models.language.clock import Clocks
from mirage_utils.models.language.made import frequencies
from mirage_utils.models.language.models import (
    Additions,
)
from mirage_utils.models.language.parity import Parities
from mirage_utils.models.language.tasks import Arithmetic, Induction, Recall


def test_codes_are_fixed_and_keys_are_all_different():
    task = Recall(keys=70, length=8)
    asked = task.test()
    assert len({tuple(row) for row in asked.prompts}) == 70
    assert asked.prompts.shape == (70, 3)
    assert task.text(asked.prompts)[:2] == ["aaa", "aab"]
    assert np.array_equal(asked.answers, Recall(70, 8, 1.0).test().answers)
    drawn = task.draw(jax.random.key(0), 4_000)
    known = dict(zip(task.text(asked.prompts), task.text(asked.answers), strict=True))
    said = zip(task.text(drawn.prompts), task.text(drawn.answers), strict=True)
    assert all(known[key] == code for key, code in said)


@pytest.mark.parametrize("exponent", [0.0, 1.0])
def test_keys_come_up_as_often_as_they_should(exponent):
    task = Recall(keys=8, length=1, exponent=exponent)
    drawn = task.draw(jax.random.key(0), 80_000)
    counts = np.bincount(np.asarray(drawn.prompts)[:, -1] - 10, minlength=8) / 80_000
    shares = frequencies(8, exponent)
    assert np.abs(counts - shares).max() < 4 * np.sqrt(0.25 / 80_000)
    assert shares[0] / shares[7] == pytest.approx(8**exponent)


@given(st.sampled_from(["+", "*"]), st.integers(1, 4), st.booleans())
@settings(max_examples=16, deadline=None)
def test_arithmetic_is_right_and_the_test_is_kept_apart(operation, digits, reversed_answer):
    task = Arithmetic(operation, digits, reversed_answer, tests=9)
    for which, n in ((task.draw(jax.random.key(digits), 50), 50), (task.test(), 9)):
        assert len(which.prompts) == n
        for question, answer, weight in zip(
            task.text(which.prompts),
            task.text(which.answers),
            np.asarray(which.weights),
            strict=True,
        ):
            assert question[-1] == "="
            x, y = map(int, question[:-1].split(operation))
            said = int(answer[::-1] if reversed_answer else answer)
            assert said == (x + y if operation == "+" else x * y)
            assert len(answer) == (digits + 1 if operation == "+" else 2 * digits)
            held_out = bool(Arithmetic.held_out(np.array(x), np.array(y)))
            assert held_out == bool(Arithmetic.held_out(np.array(y), np.array(x)))
            assert (weight == 0) == held_out if which is not task.test() and n == 50 else held_out
    questions = task.text(task.test().prompts)
    assert len(set(questions)) == len(questions)


def test_a_tenth_of_all_sums_is_kept_for_the_test():
    x, y = np.meshgrid(np.arange(1_000), np.arange(1_000))
    assert Arithmetic.held_out(x, y).mean() == pytest.approx(0.1, abs=0.003)


def test_what_is_kept_apart_teaches_nothing():
    family = small(Additions, digits=2, tests=9)
    test = family.task.test()
    params = quickly(lambda key: family.init(key, 4, family.load()))(jax.random.key(0))
    apart = test._replace(weights=jnp.zeros(9))
    slopes = quickly(jax.grad(family.loss))(params, apart)
    assert all(float(jnp.abs(leaf).max()) == 0 for leaf in jax.tree.leaves(slopes))


def test_the_second_row_is_the_first_one_turned():
    task = Induction(letters=8, row=5, tests=40)
    for question, answer in zip(
        task.text(task.test().prompts), task.text(task.test().answers), strict=True
    ):
        row, first = question[:5], question[5]
        assert len(set(row)) == 5
        at = row.index(first)
        assert first + answer == row[at:] + row[:at]
    turns = {q[:5].index(q[5]) for q in task.text(task.test().prompts)}
    assert turns == set(range(5))


def test_parities_are_those_of_the_bits_that_decide():
    task = small(Parities, bits=9, relevant=4, tasks=3).task
    for which in (task.test(), task.draw(jax.random.key(1), 500)):
        for bits, t, odd in zip(*map(np.asarray, which), strict=True):
            assert odd == bits[task.deciding()[t]].sum() % 2
    assert len({tuple(sorted(row)) for row in task.deciding()}) == 3
    for subset in ([0], [0, 1], [2, 5, 7]):  # nothing smaller than all four tells anything
        test = small(Parities, bits=9, relevant=4, tests=8_000).task.test()
        same = test.bits[:, task.deciding()[0][: len(subset)]].sum(1) % 2 == test.odd
        assert abs(same.mean() - 0.5) < 0.025


def test_clocks_add_and_their_division_is_kept():
    task = small(Clocks, modulus=7).task
    pairs = task.pairs()
    assert np.array_equal(pairs.total, (pairs.a + pairs.b) % 7)
    assert pairs.trained.sum() == round(49 / 2)
    assert np.array_equal(pairs.trained, task.pairs().trained)
    prepared = small(Clocks, modulus=7).prepare(task)
    assert prepared["train"].shape == (3, 24)
    assert prepared["test"].shape == (3, 25)


@pytest.mark.parametrize("kind", FAMILIES)
def test_what_is_made_is_described_and_another_task_has_another_digest(kind):
    task = FAMILIES[kind].load()
    about = task.describe()
    assert about["test"] > 0
    assert about["sha256"] == FAMILIES[kind].load().digest()
    changed = {
        "recall": {"length": 4}, "recall_in_order": {"exponent": 1.0}, "addition": {"digits": 3},
        "multiplication": {"tests": 8}, "induction": {"row": 6}, "parity": {"relevant": 2}, "clock": {"fraction": 0.6},
    }  # fmt: skip
    assert replace(FAMILIES[kind], **changed[kind]).load().digest() != about["sha256"]


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Recall(1, 8), "keys"),
        (lambda: Recall(10, 0), "length"),
        (lambda: Recall(10, 1, -1.0), "exponent"),
        (lambda: Arithmetic("-", 2, True, 9), "operation"),
        (lambda: Arithmetic("+", 5, True, 9), "digits"),
        (lambda: Arithmetic("+", 1, True, 11), "tests"),
        (lambda: Induction(3, 2, 1), "letters"),
        (lambda: Induction(8, 9, 1), "row"),
        (lambda: small(Parities, relevant=99), "relevant"),
        (lambda: small(Parities, tasks=0), "tasks"),
        (lambda: small(Clocks, fraction=1.0), "fraction"),
        (lambda: small(Clocks, modulus=2), "modulus"),
        (lambda: small(rate_by_width=0), "rate_by_width"),
        (lambda: small(samples=-1), "samples"),
    ],
)
def test_what_is_out_of_range_is_named(make, field):
    with pytest.raises(FieldError, match=field):
        make()
