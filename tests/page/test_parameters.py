"""What papermill and YAML hand over becomes what a chapter expects, or is refused by name."""

from __future__ import annotations

import json

import pytest
import yaml
from conftest import CHAPTERS
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import FieldError, ScalingLaw
from mirage_utils import records as rec
from mirage_utils.errors import number, positive
from mirage_utils.page import parameters


def code(chapter):
    cells = json.loads(chapter.read_text())["cells"]
    return [c for c in cells if c["cell_type"] == "code"]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_parameter_of_a_chapter_may_come_as_text(chapter):
    """As in ``-y "N_C: 1.0e9"``, of which YAML makes text, and in ``-p LENGTHS "[1, 2]"``."""
    cells = code(chapter)
    at = next(i for i, c in enumerate(cells) if "parameters" in c["metadata"].get("tags", []))
    # Papermill puts what it is given right after the parameters; the next cell has to look at that.
    after = "".join(cells[at + 1]["source"])
    assert "parameters.read(globals())" in after or "begin(globals())" in after
    space = {}
    exec(compile("".join(cells[at]["source"]), "parameters", "exec", dont_inherit=True), space)
    names = {name for name in space if not name.startswith("__")}
    assert names == set(space["__annotations__"])
    for line in after.splitlines():  # an import of the same name would take a parameter's place
        assert not (line.startswith(("import ", "from ")) and names & set(line.replace(",", " ").split())), line  # fmt: skip
    defaults = {name: space[name] for name in names}
    parameters.read(space)
    assert {name: space[name] for name in names} == defaults
    for name, value in defaults.items():
        if not isinstance(value, dict):
            space[name] = str(list(value)) if isinstance(value, tuple) else str(value)
    parameters.read(space)
    assert {name: space[name] for name in names} == defaults
    assert {name: type(space[name]) for name in names} == {n: type(v) for n, v in defaults.items()}
    for name, value in defaults.items():
        wrong = {**space, name: [[]] if isinstance(value, (str, dict)) else "many"}
        with pytest.raises(FieldError, match=name):
            parameters.read(wrong)


def read(kind, value):
    space = {"X": value, "__annotations__": {"X": kind}}
    parameters.read(space)
    return space["X"]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (float, "1.0e9", 1e9), (float, "7e9", 7e9), (float, "1e9", 1e9), (float, "7", 7.0), (float, "'0.5'", 0.5),
        (int, "1e3", 1000), (int, "'12'", 12), (int, "100", 100), (int, "8.0", 8),
        (str, "2024", "2024"), (str, "results/", "results/"), (str, "0.5", "0.5"),
        (list[int], "[1, 1e1, '3']", [1, 10, 3]), (list[float], "'[0.25, 1e0]'", [0.25, 1.0]), (list[int], "'1, 2'", [1, 2]),
        (tuple[int, ...], "[2, 4]", (2, 4)), (list[float], "[1.0e9, 2]", [1e9, 2.0]),
        (dict[str, float], "{my-model-1b: 1.0e9, 7: 7e9}", {"my-model-1b": 1e9, "7": 7e9}),
    ],
)  # fmt: skip
def test_what_yaml_makes_of_a_value_is_read(kind, text, expected):
    found = read(kind, yaml.safe_load(text))
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(expected, (list, tuple)):
        assert [type(each) for each in found] == [type(each) for each in expected]


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (float, "true", "X = True: expected a finite number"), (float, "1,0e9", "X = '1,0e9': expected a finite number"),
        (float, ".inf", "X = inf"), (float, "nan", "X = 'nan'"), (float, "", "X = None"), (float, "7B", "X = '7B'"),
        (int, "1.5", "X = 1.5: expected a whole number"), (int, "'1.5'", "X = '1.5'"), (str, "true", "X = True: expected text"),
        (list[int], "4", r"X = 4: expected a list of whole numbers"), (list[int], "[1, x]", r"X\[1\] = 'x'"),
        (list[float], "'[]'", r"X\[0\] = ''"), (dict[str, float], "[1]", r"X = \[1\]: expected X by name"),
        (dict[str, float], "{a: b}", r"X\['a'\] = 'b'"), (str, "", "X = None: expected text"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(kind, text, says):
    with pytest.raises(FieldError, match=says):
        read(kind, yaml.safe_load(text))


def test_a_profile_that_no_chapter_has_is_refused_by_name():
    space = {"PROFILE": "fast", "__annotations__": {"PROFILE": "str"}}
    with pytest.raises(FieldError, match="PROFILE = 'fast': expected 'quick' or 'full'"):
        parameters.read(space)
    for known in parameters.PROFILES:
        parameters.read({**space, "PROFILE": known})


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_being_text(value):
    assert number("x", str(value)) == pytest.approx(float(value), rel=1e-15)
    assert number("x", value) == float(value)
    if isinstance(value, int):
        assert number("x", value, whole=True) == value


def test_sizes_may_be_text_wherever_they_are_given(tmp_path):
    (tmp_path / "r.csv").write_text("model,task,metric,score,n\nzebra,spots,exact_match,0.5,500\n")
    found = rec.read(tmp_path / "r.csv", params={"zebra": "1.0e9"})
    assert found.scores["params"].tolist() == [1e9]
    with pytest.raises(FieldError, match=r"params\['zebra'\] = 'large': expected a finite number > 0"):  # fmt: skip
        rec.read(tmp_path / "r.csv", params={"zebra": "large"})
    assert ScalingLaw(alpha="0.5", N_c="1.0e9") == ScalingLaw(alpha=0.5, N_c=1e9)
    for bad in ("-1", "0", "inf", True, None, [1]):
        with pytest.raises(FieldError, match="N = "):
            positive("N", bad)
