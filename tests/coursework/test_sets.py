"""Everybody's own numbers, and points by part: a neighbour's results are wrong, and one wrong part costs its own points."""

from __future__ import annotations

import ast
import os
import re
import sys
from functools import cache
from typing import Any

import pytest
from submissions import SOURCES, Submission, build, source

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import Assignment, assignments
from mirage_utils.coursework.check import NotYet
from mirage_utils.coursework.marking.mark import mark
from mirage_utils.coursework.sandbox import Limits
from mirage_utils.coursework.similarity.works import draws

NAMES = assignments(SOURCES)
_GIVEN = ["Ada", "Ben", "Chloe", "Dan", "Eva", "Finn", "Grace", "Hugo", "Ivan", "Jon", "Kim", "Lea"]
_FAMILY = ["Abel", "Bauer", "Chen", "Diaz", "Evans", "Fischer", "Gupta", "Haas", "Ito", "Jones"]
CLASSES = [
    [f"{given} {family}" for given in _GIVEN for family in _FAMILY],
    [f"student {at:03d}" for at in range(120)],
    [f"s{1_048_000 + 37 * at}" for at in range(120)],
    [f"{given[:2]}{family[:3]}{at % 7}".lower() for at, given in enumerate(_GIVEN) for family in _FAMILY],
]  # fmt: skip
# The first two are for every run; two more where the whole matrix is asked for.
CLASSES = CLASSES if os.environ.get("MIRAGE_MATRIX") == "whole" else CLASSES[:2]

# Tests of the results that a student can copy, whatever they are computed with; those that tell most, and quickest, first.
TYPED = {
    "1_one_token": ["N_90", "N_10", "my_height", "alpha_hat", "decades", "N_c_hat"],
    "2_many_tokens": ["seen_from", "my_shift", "my_decades"],
    "3_your_metric": ["N_exact", "N_tokens", "order", "N_enough", "my_half", "my_decades"],
    "4_audit_a_claim": [
        "blind", "my_score", "missed", "predicted", "my_score_dense", "rank_accuracy", "rank_brier", "together", "upper", "first_seen",
    ],
    "5_cause_emergence": ["my_width", "moves_width", "threshold", "story", "power_hat", "spread_hat", "my_share"],
}  # fmt: skip


@cache
def compiled(wanted: str) -> list[tuple[str, str, Any]]:
    """Cells that compute: name, kind and code."""
    cells = [cell for cell in source(wanted).cells if cell.cell_type == "code" and identifier(cell)]
    return [
        (name := identifier(cell), source(wanted).kind(name), compile(cell.source, name, "exec"))
        for cell in cells
    ]


def solutions(wanted: str, student: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is given to a student, and with that everything the source's solutions make of it."""
    given: dict[str, Any] = {"STUDENT": student}
    for _, kind, content in compiled(wanted):
        if kind == "given":
            exec(content, given)
    space = dict(given)
    for name, kind, content in compiled(wanted):
        if kind == "answer" and name != "picture":
            exec(content, space)
    return given, space


def wrong(tests: list[Any], given: dict[str, Any], answers: dict[str, Any]) -> bool:
    """Whether one of the tests, with the numbers of one student, fails the answers of another."""
    space = {**answers, **given}
    for test in tests:
        try:
            exec(test, space)
        except NotYet:
            return True
    return False


@pytest.mark.parametrize("wanted", NAMES)
@pytest.mark.parametrize("students", CLASSES, ids=lambda each: each[0])
def test_what_a_neighbour_has_found_is_wrong(wanted, students):
    """Of 120 students no two have one set: all results of any other fail at least one hidden test."""
    assert len(set(students)) == 120
    tests = {name: content for name, kind, content in compiled(wanted) if kind == "test"}
    tests = [tests[f"test_{name}"] for name in TYPED[wanted]]
    found = {student: solutions(wanted, student) for student in students}
    assert not any(wrong(tests, *each) for each in list(found.values())[::10])
    equal = [
        (mine, theirs)
        for mine, (given, _) in found.items()
        for theirs, (_, answers) in found.items()
        if mine != theirs and not wrong(tests, given, answers)
    ]
    assert equal == []


@pytest.mark.parametrize("wanted", NAMES)
def test_all_of_a_students_numbers_can_be_compared(wanted):
    """What the hints on copying take for the student's numbers is what the cell draws."""
    (numbers,) = (cell for cell in source(wanted).cells if identifier(cell) == "numbers")
    drawn = re.findall(r"mine\.\w+\(", numbers.source)
    assert len(draws(source(wanted), "ada")) >= len(drawn) >= 3


# ---------------------------------------------------------------- points by part

WHOLE = {("3_your_metric", "test_my_formula")}
"""Tests of two answers that are right or wrong together: a formula for a scorer."""


def _named(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _checked(wanted: Assignment, cell: Any) -> set[str]:
    """Answers that the checks of a cell look at; what the cell computes from an answer is none."""
    answers: set[str] = set()
    for each in wanted.cells:
        if wanted.kind(identifier(each)) == "answer":
            for node in ast.parse(each.source).body:
                if isinstance(node, ast.FunctionDef):
                    answers.add(node.name)
                elif isinstance(node, ast.Assign):
                    answers |= set().union(*map(_named, node.targets))
    looked: set[str] = set()
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Call) and re.match(r"check\.(?!rng|number)", ast.unparse(node)):
            looked |= _named(node.args[0])
    return looked & answers


@pytest.mark.parametrize("wanted", NAMES)
def test_each_answer_has_points_of_its_own(wanted):
    for cell in source(wanted).cells:
        name = identifier(cell)
        if source(wanted).kind(name) != "test":
            continue
        points = cell.metadata.nbgrader["points"]
        first = cell.source.split("\n")[0]
        assert re.match(rf"# {points} points?: \S", first), name
        visible, hidden = cell.source.split("### BEGIN HIDDEN TESTS")
        assert "check." in visible, name
        assert "check." in hidden, name
        if (wanted, name) not in WHOLE:
            assert len(_checked(source(wanted), cell)) == 1, (name, _checked(source(wanted), cell))


@pytest.mark.skipif(sys.platform == "win32", reason="limits")
def test_every_part_says_what_became_of_its_cell(tmp_path):
    """Several tests follow one cell: each names the cell that failed, and what was found before it did counts."""
    wanted = source(NAMES[0])
    build(
        wanted,
        Submission("x", {"width": "N_10 = size_for(0.1, N_C, ALPHA)\n1 / 0"}),
        tmp_path / "x",
    )
    result = mark(wanted, "x", tmp_path / "x", Limits(cell_seconds=60, total_seconds=300))
    found = {each.name: each for each in result.exercises}
    assert found["test_N_10"].points == 1
    for name in ("test_N_90", "test_decades"):
        assert found[name].points == 0
        assert "cell width ended with ZeroDivisionError" in found[name].reason
    assert found["test_alpha_hat"].points == 2
