"""Coursework: what an answer can be, and what is compared and how."""

from __future__ import annotations

import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sympy as sp
from course import NAMES
from hypothesis import given, settings
from hypothesis import strategies as st
from submissions import source

from mirage_utils import FieldError
from mirage_utils.coursework import Variation, check, values
from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.values import Drawing, Other, plain

# ---------------------------------------------------------------- plain values


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)

nested = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=12,
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["list", "tuple", "dict", "array", "shape", "dtype", "frame", "index", "series", "expression", "drawing", "function", "name", "other", "float"]),
        inner | st.sampled_from(["f", "nan", "inf"]),
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def across(value):
    """As a value arrives on the other side of the pipe."""
    kept = []
    sent = json.dumps(values.encode(value, lambda f: kept.append(f) or len(kept) - 1))
    return values.decode(json.loads(sent), lambda number, name: kept[number])


@given(nested)
def test_plain_python_values_cross_unchanged(value):
    assert across(value) == value


def test_arrays_frames_and_special_numbers_cross():
    for array in (
        np.arange(6.0).reshape(2, 3),
        np.array([1, 2]),
        np.array([True, False]),
        np.zeros((0, 3)),
    ):
        back = across(array)
        assert back.shape == array.shape
        assert back.dtype.kind == array.dtype.kind
        np.testing.assert_array_equal(back, array)
    back = across(np.array([np.nan, np.inf, -np.inf]))
    assert np.isnan(back[0])
    assert list(back[1:]) == [np.inf, -np.inf]
    assert across(float("inf")) == float("inf")
    assert across(np.float64(0.5)) == 0.5
    assert across(np.array(3)) == 3
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]}, index=[3, 4])
    pd.testing.assert_frame_equal(across(frame), frame, check_dtype=False)
    assert across((1, [2, (3,)])) == (1, [2, (3,)])


@given(anything)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_down_the_pipe_is_a_value_or_refused(content):
    try:
        found = values.decode(content, lambda number, name: None)
    except ValueError:
        return
    assert repr(plain(found)) == repr(found)


class Agreeable(float):
    """Passes every comparison that works on the object itself."""

    def __sub__(self, other):
        return 0.0

    __rsub__ = __abs__ = __sub__

    def __eq__(self, other):
        return True

    __hash__ = None


def test_what_an_object_says_of_itself_does_not_count():
    assert abs(Agreeable(3) - 99.0) == 0  # so would a careless test conclude
    assert type(plain(Agreeable(3))) is float
    with pytest.raises(check.NotYet, match="answer: 3, where 99 is expected"):
        check.close(Agreeable(3), 99.0, "answer")

    class Array(np.ndarray):
        pass

    assert isinstance(plain(np.zeros(2).view(Array)), Other)


# ---------------------------------------------------------------- checks


@pytest.mark.parametrize(
    ("got", "expected", "ok"),
    [
        (1, 1.0, True), (1.0 + 1e-9, 1.0, True), (1.001, 1.0, False), (np.float32(0.5), 0.5, True),
        ([1, 2], [1.0, 2.0], True), ((1, 2), [1.0, 2.0], True), ([1, 2, 3], [1, 2], False), (1.0, [1.0], False),
        (sp.Rational(1, 3), 1 / 3, True), (sp.exp(-1), np.exp(-1), True), (sp.Symbol("p"), 1.0, False),
        (pd.Series([1, 2]), [1, 2], True), ([[1, 2], [3]], [1, 2], False), ([sp.Integer(2), 3], [2, 3], True),
        (True, 1.0, False), ("1", 1.0, False), (None, 1.0, False), (float("nan"), 1.0, False),
        (float("nan"), float("nan"), True), (np.inf, np.inf, True), (1 + 0j, 1.0, True), (1 + 1j, 1.0, False),
    ],
)  # fmt: skip
def test_numbers_are_compared_as_numbers(got, expected, ok):
    if ok:
        check.close(got, expected, "answer")
    else:
        with pytest.raises(check.NotYet, match="answer"):
            check.close(got, expected, "answer")


p, L = sp.symbols("p L", positive=True)


@pytest.mark.parametrize(
    "form",
    [
        p**L, sp.exp(L * sp.log(p)), p * p ** (L - 1), sp.Symbol("p") ** sp.Symbol("L"), 1 / (1 / p) ** L,
        sp.Piecewise((p**L, p > 0), (0, True)), p**L + sp.sin(p) ** 2 + sp.cos(p) ** 2 - 1, sp.Max(p**L, -1),
        sp.sqrt(p) ** (2 * L), p**L * sp.gamma(L + 1) / sp.factorial(L),
    ],
)  # fmt: skip
def test_a_formula_counts_in_any_form(form):
    check.expression(form, p**L, {"p": (0.1, 0.9), "L": (1, 9)}, "answer")
    check.expression(values.decode(json.loads(json.dumps(values.encode(form, len))), lambda *_: None), p**L, {"p": (0.1, 0.9), "L": (1, 9)}, "answer")  # fmt: skip


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (p**L * (1 + sp.Rational(1, 10**7)), "where"), (p ** (L - 1), "where"), (sp.Symbol("q") ** L, "contains q"),
        ("p**L", "SymPy expression"), (0.5, "where"), (None, "None"), (sp.Eq(L, p), "object of type Equality"),
        (sp.zoo, "object of type"), (sp.I * p, "object of type"), (sp.log(-1 - p), "where"),
        (sp.Function("f")(p), "expression with f"), (sp.Integral(sp.exp(-(p**3)), (p, 0, L)), "expression with"),
        (10 ** (10 ** (sp.Float(10) ** L)), "no value"), (sp.Matrix([p]), "object of type"),
    ],
)  # fmt: skip
def test_another_formula_does_not(form, says):
    with pytest.raises(check.NotYet, match=re.escape(says)):
        check.expression(form, p**L, {"p": (0.1, 0.9), "L": (2, 9)}, "answer")


@pytest.mark.parametrize(
    "tree",
    [
        ["Symbol", "__import__('os')"], ["Symbol", ["p"]], ["Integer", "9" * 500], ["Integer", 7], ["Rational", "1", "x"],
        ["Float", "1e9999999999"], ["eval", ["Symbol", "p"]], ["Add", "p"], [], ["Add"] * 3, "p",
    ],
)  # fmt: skip
def test_a_forged_tree_is_refused(tree):
    try:
        found = values.decode({"expression": tree}, lambda *_: None)
    except ValueError:
        return
    assert isinstance(found, Other)


def test_a_deep_or_wide_tree_is_refused():
    deep = ["Symbol", "p"]
    for _ in range(500):
        deep = ["exp", deep]
    wide = ["Add", *[["Symbol", "p"]] * 10_000]
    for tree in (deep, wide):
        with pytest.raises(ValueError, match="not an expression"):
            values.decode({"expression": tree}, lambda *_: None)


def test_a_function_must_agree_everywhere():
    points = [(q,) for q in np.linspace(0.1, 0.9, 5)]
    check.function(lambda q: -np.log(q), lambda q: -np.log(q), points, "loss")
    with pytest.raises(check.NotYet, match=r"loss\(0.3\): 1.20397, where"):
        check.function(lambda q: 2.302585092994046 if q < 0.2 else 1.2039728043259361, lambda q: -np.log(q) * (1 + (q > 0.2)), points, "loss")  # fmt: skip
    with pytest.raises(check.NotYet, match="raised ZeroDivisionError"):
        check.function(lambda q: 1 / 0, lambda q: q, points, "loss")
    with pytest.raises(check.NotYet, match="where a function is expected"):
        check.function(3.0, lambda q: q, points, "loss")


def drawing(**changes):
    x = np.geomspace(1, 100, 40)
    fig, ax = plt.subplots()
    ax.plot(changes.get("x", x), changes.get("y", x**2), label=changes.get("label", "squares"))
    ax.set_xscale(changes.get("scale", "log"))
    ax.set_xlabel(changes.get("x_label", "x"))
    ax.set_ylabel("y")
    plt.close(fig)
    return ax


def test_a_picture_is_checked_by_its_data():
    for good in (drawing(), drawing().figure, across(drawing()), drawing(x=np.geomspace(0.5, 200, 90), y=np.geomspace(0.5, 200, 90) ** 2)):  # fmt: skip
        check.curve(good, lambda x: x**2, (1, 100), "ax")
        check.labelled(good, "ax")
    x = np.geomspace(1, 100, 40)
    for bad, says in (
        (drawing(scale="linear"), "logarithmic"),
        (drawing(y=x**2 * np.where(x > 90, 1.01, 1)), "where 1e"),
        (drawing(x=x[:9], y=x[:9] ** 2), "at least 20"),
        (drawing(x=np.geomspace(1, 30, 40), y=np.geomspace(1, 30, 40) ** 2), "from x = 1 to 30"),
        (plt.figure(), "without axes"),
        ("ax", "axes of a Matplotlib figure"),
    ):
        with pytest.raises(check.NotYet, match=re.escape(says)):
            check.curve(bad, lambda x: x**2, (1, 100), "ax")
    with pytest.raises(check.NotYet, match="x axis has no label"):
        check.labelled(drawing(x_label=""), "ax")
    plt.close("all")
    assert isinstance(across(drawing()), Drawing)


# ---------------------------------------------------------------- numbers of one's own


def test_numbers_follow_from_the_name_alone():
    one = Variation("Ada Lovelace", "1_one_token")
    assert one.choose("x", range(100)) == Variation("  ada LOVELACE ", "1_one_token").choose(
        "x", range(100)
    )
    assert one.number("x", 0, 1) == Variation("Ada Lovelace", "1_one_token").number("x", 0, 1)
    draws = {Variation(f"student {i}", "a").choose("x", range(1000)) for i in range(200)}
    assert len(draws) > 150
    assert Variation("e\u0301", "a").whole("x", 0, 10**6) == Variation("é", "a").whole(
        "x", 0, 10**6
    )
    sizes = [Variation(f"student {i}", "a").size("N", 1e8, 1e10, 3) for i in range(200)]
    assert all(1e8 <= each <= 1e10 and each == float(f"{each:.2e}") for each in sizes)
    assert 70 < sum(each < 1e9 for each in sizes) < 130  # even on the logarithmic axis
    # The draws of one student are independent of each other: 5 options, 400 students, all 25 pairs.
    pairs = [
        (v.choose("a", range(5)), v.choose("b", range(5)))
        for v in (Variation(f"s{i}", "a") for i in range(400))
    ]
    assert len(set(pairs)) == 25
    with pytest.raises(FieldError, match="STUDENT"):
        Variation("  ", "a")


@pytest.mark.parametrize("name", NAMES)
def test_the_solutions_are_right_for_everybody(name, monkeypatch):
    """Solutions against hidden tests, for twenty names: whatever numbers somebody draws, the assignment can be solved."""
    monkeypatch.setattr(plt, "show", lambda: None)
    cells = [cell for cell in source(name).cells if cell.cell_type == "code"]
    for student in [f"student {i}" for i in range(20)]:
        space = {"STUDENT": student}
        for cell in cells:
            if "student" not in cell.metadata.get("tags", []):
                exec(compile(cell.source, f"{name}:{identifier(cell)}", "exec"), space)
        plt.close("all")
