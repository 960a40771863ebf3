"""Taking answers apart: nothing is asked of an object, nothing out of proportion is computed, every kind of number counts."""

from __future__ import annotations

import collections
import contextlib
import decimal
import enum
import fractions
import json
import math
from typing import NamedTuple

import jax.numpy as jnp
import matplotlib.figure
import mpmath
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils.coursework import check
from mirage_utils.coursework.bounds import TooLong, processor_time
from mirage_utils.coursework.values import Expression, Other, decode, encode, plain, sizes

LOADED = (jnp, matplotlib.figure, mpmath, pd, sp)  # each has a look of its own at what is encoded


# ---------------------------------------------------------------- hostile objects


class Exits:
    def __getattribute__(self, name):
        raise SystemExit


class Claims:
    """Says that it is whatever is asked for."""

    @property
    def __class__(self):
        return np.ndarray


def of_no_name() -> object:
    """Made here: pytest asks every class of a module for its name."""

    class Nameless(type):
        def __getattribute__(cls, name):
            raise SystemExit(name)

    class OfNoName(metaclass=Nameless):
        pass

    return OfNoName()


class Interrupts:
    def __getattr__(self, name):
        raise ValueError(name)

    def __call__(self):
        raise SystemExit


@pytest.mark.parametrize("make", [Exits, Claims, of_no_name])
def test_no_object_ends_the_process_that_looks_at_it(make):
    found = plain(make())
    assert type(found) is Other
    with pytest.raises(check.NotYet, match="an object of type"):
        check.close(make(), 1.0, "answer")


def test_a_name_that_cannot_be_asked_for_costs_nothing_else():
    assert plain([1, Exits(), of_no_name(), 2]) == [1, Other("Exits"), Other("OfNoName"), 2]
    assert plain(Interrupts()) == Other("Interrupts")


@pytest.mark.parametrize("error", [KeyboardInterrupt, TooLong])
def test_the_grader_s_own_limits_pass(error):
    def stop(function: object) -> int:
        raise error

    with pytest.raises(error):
        encode([1, len], stop)


# ---------------------------------------------------------------- numbers of every kind


class Half(float):
    def __float__(self):
        return 99.0

    def __eq__(self, other):
        return True

    __hash__ = None


class Count(int):
    def __int__(self):
        return 99


class Level(enum.IntEnum):
    LOW = 3


class Wide(np.float32):
    def item(self):
        return 99.0


@pytest.mark.parametrize(
    ("got", "value"),
    [
        (fractions.Fraction(1, 4), 0.25), (decimal.Decimal("0.25"), 0.25), (mpmath.mpf("0.25"), 0.25),
        (mpmath.mp.clone().mpf(-3), -3), (Half(0.5), 0.5), (Count(3), 3), (Level.LOW, 3), (Wide(0.5), 0.5),
        (2 + 0j, 2), (np.complex128(2), 2), (np.complex64(2), 2), (np.float64(0.5), 0.5), (np.float16(0.5), 0.5), (np.longdouble(0.5), 0.5),
        (np.int8(3), 3), (jnp.asarray(0.5), 0.5), (np.array(0.5), 0.5), (sp.Rational(1, 4), 0.25),
        (np.array([0.5]), 0.5), ([0.5], 0.5), (np.array([[0.5]]), 0.5), (pd.Series([0.5]), 0.5), (np.array([2 + 0j]), 2),
    ],
)  # fmt: skip
def test_numbers_of_every_kind_count(got, value):
    check.close(got, value, "answer")
    assert check.number(got, "answer") == value
    with pytest.raises(check.NotYet):
        check.close(got, value + 1, "answer")


@pytest.mark.parametrize(
    "got",
    [
        True,
        np.True_,
        np.array([True]),
        [True],
        pd.Series(["1"]),
        np.timedelta64(1),
        1j,
        np.complex128(1j),
        "1",
        b"1",
        None,
        [],
        [1, 2],
        np.zeros((1, 2)),
        {},
    ],
)
def test_what_is_no_number_is_none(got):
    with pytest.raises(check.NotYet):
        check.close(got, 1.0, "answer")
    with pytest.raises(check.NotYet):
        check.number(got, "answer")


def test_a_whole_number_beyond_every_float_is_told_as_that():
    with pytest.raises(check.NotYet, match="beyond every float"):
        check.number(10**390, "answer")
    with pytest.raises(check.NotYet, match="400 digits"):
        check.number(10**500, "answer")
    assert decode(json.loads(f"{10**500}"), None) == Other("whole number of more than 400 digits")


# ---------------------------------------------------------------- nothing out of proportion


HUGE = ["Float", "1e999999"]
FORMULAS = {
    "a leaf": HUGE,
    "sine": ["sin", HUGE],
    "exponential": ["exp", HUGE],
    "error function": ["erf", ["Mul", ["Pow", ["Integer", "-1"], ["Rational", "1", "2"]], ["Float", "1e300000"]]],
    "binomial": ["binomial", ["Float", "1e200000"], ["Float", "1e100000"]],
    "a power of -1": ["Pow", ["Integer", "-1"], ["Float", "1e300000"]],
    "off the real axis": ["erf", ["Mul", ["Pow", ["Integer", "-1"], ["Rational", "1", "2"]], ["Float", "1e1000"]]],
    "nested": ["exp", ["exp", ["exp", ["exp", ["Integer", "9"]]]]],
    "powers": ["gamma", ["Pow", ["Integer", "10"], ["Integer", "5000"]]],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_out_of_proportion_is_refused_and_not_computed(name):
    found = decode({"expression": FORMULAS[name]}, None)
    assert isinstance(found, Expression)
    # A tenth of what the grader gives an answer, which computing any of them uses up.
    with processor_time(1), pytest.raises(ArithmeticError):
        found.at({})


def test_formulas_in_proportion_are_computed():
    x = sp.Symbol("x")
    for formula, value in (
        (sp.log(x**900), 900 * math.log(700)),
        (sp.exp(-x), math.exp(-700)),
        (sp.erf(x), 1.0),
        (sp.exp(sp.exp(sp.exp(-x))), math.e),
        (sp.loggamma(x), float(mpmath.loggamma(700))),
    ):
        found = plain(formula)
        assert float(found.at({"x": 700.0})) == pytest.approx(value)


def test_keys_that_collide_are_refused_before_they_are_put_together():
    collide = {n * (2**61 - 1): n for n in range(1, 3)}
    assert plain(collide) == collide
    many = [[n * (2**61 - 1), n] for n in range(1, 20_000)]
    assert decode({"dict": many}, None) == Other("dictionary of more than 2,000 keys")
    assert plain(dict.fromkeys(range(3_000))) == Other("dictionary of more than 2,000 keys")
    assert type(plain(pd.DataFrame(np.zeros((1001, 1000))))) is Other
    assert type(plain(np.zeros(1_000_001, dtype=object))) is Other


def test_the_bounds_are_of_a_whole_answer_and_not_of_each_list(monkeypatch):
    """A list that holds one list a thousand times is short in the notebook and has no end when it is taken apart."""
    monkeypatch.setattr(sizes, "ELEMENTS", 30_000)
    shared = [0]
    for _ in range(7):
        shared = [shared] * 300
    collide = [[n * (2**61 - 1), n] for n in range(1, 2_000)]
    x = sp.Symbol("x")
    long = sp.Add(*(x**n for n in range(100)))
    figure = matplotlib.figure.Figure()
    figure.subplots().plot(np.zeros(20_000))
    with processor_time(30):  # without the bounds there would be no end
        assert "more than a million elements" in str(plain(shared))
        found = decode({"list": [{"dict": collide}] * 500}, None)
        assert found[-1] == Other("dictionary of more than 2,000 keys")
        assert found[0] == dict(collide)
        assert plain([long] * 10_000)[-1] == Other("expression after too many others")
        assert plain([figure] * 10_000)[-1] == Other("picture after too many others")


class Row(NamedTuple):
    size: int
    score: float


class Empty(list):
    def __len__(self):
        return 0

    def __iter__(self):
        return iter(())


def test_a_class_derived_from_a_list_or_a_dictionary_is_read_as_that():
    ordered = collections.OrderedDict(a=1, b=[2])
    for value, found in (
        ([Row(1, 0.5)], [(1, 0.5)]),
        (ordered, dict(ordered)),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
        (collections.defaultdict(list, a=[1]), {"a": [1]}),
        (Empty([1, 2]), [1, 2]),  # not what its own methods say
    ):
        assert plain(value) == found
        assert type(plain(value)) is type(found)


def test_long_answers_of_many_small_things_are_kept():
    rows = [{"size": n, "score": n / 7, "task": "sum"} for n in range(5_000)]
    assert plain(rows) == rows
    numbers = plain([sp.Rational(n, 7) for n in range(500)])
    check.close(numbers, [n / 7 for n in range(500)], "answer")
    assert np.array_equal(plain(np.zeros((1_000, 1_000))), np.zeros((1_000, 1_000)))


def test_what_came_across_may_stand_in_a_list():
    """As the grader has it: numbers of SymPy in a list are formulas on the other side of the pipe."""
    there = json.loads(json.dumps(encode([sp.Integer(2), sp.Rational(1, 2), 3, Exits()], None)))
    found = decode(there, None)
    assert plain(found) == found
    check.close(found[:3], [2, 0.5, 3], "answer")


def test_what_cannot_be_put_together_is_another_object():
    figure = matplotlib.figure.Figure()
    assert plain({figure: 1}) == Other("dict")
    x = sp.symbols("x:3000")
    assert plain(sp.Add(*x, *(each**2 for each in x))).kind == "expression of more than 5,000 parts"
    with pytest.raises(ValueError, match="not a value"):
        decode({"array": [10**400], "shape": [1], "dtype": "f"}, None)


class Agrees(type):
    def __eq__(cls, other):
        return True

    __hash__ = type.__hash__


def test_a_type_that_equals_every_other_is_still_another():
    class Mine(metaclass=Agrees):
        pass

    assert type(plain(Mine())) is Other


# ---------------------------------------------------------------- there and back

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**300), 10**300), st.floats(), st.text(max_size=20)
)
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=5), st.integers(), st.booleans()), inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(PLAIN)
def test_plain_values_come_back_as_they_went(value):
    there = json.loads(json.dumps(encode(value, None)))
    assert repr(decode(there, None)) == repr(value)


JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ("list", "tuple", "dict", "array", "shape", "dtype", "float", "expression", "drawing", "frame", "series", "index", "function", "name", "other")
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=15,
)  # fmt: skip


@given(JSON)
def test_whatever_is_sent_is_a_value_or_refused(content):
    with contextlib.suppress(ValueError):
        decode(content, lambda number, name: len)
