"""Hints: what was copied stands out against the class, what everybody writes does not, and the page says no more than it knows."""

from __future__ import annotations

import dataclasses
import random
import re

import pytest
from classes import NAME, honest, result, write_class
from submissions import SOURCES, source

from mirage_utils.cli.main import main
from mirage_utils.coursework.similarity.hints import (
    EXPECTED,
    FEWEST,
    Hint,
    groups,
    hints,
    rarely_equal,
)
from mirage_utils.coursework.similarity.page import page
from mirage_utils.coursework.similarity.pieces import phrases, runs, typed
from mirage_utils.coursework.similarity.works import NUMBERS, OWN, Work, draws

KNOWN = [cell.source for cell in source(NAME).cells]
LOOP = """
def walk(values, low, high):
    kept, rest = [], []
    for value in values:
        if low < value <= high:
            kept.append((value - low) / (high - low))
        elif value > high:
            rest.append(value ** 2 - high)
    return sorted(kept, reverse=True)[:7], sum(rest) / max(1, len(rest))
"""


def renamed(code: str) -> str:
    """The same with other names, layout and remarks."""
    for old, new in (("values", "xs"), ("value", "one"), ("kept", "good"), ("rest", "others"), ("low", "a"), ("high", "b"), ("walk", "my_function")):  # fmt: skip
        code = re.sub(rf"\b{old}\b", new, code)
    return "# all my own\n" + code.replace("    ", "  ").replace(" / ", "/")


def reworded(essay: str, seed: int, share: float = 0.15) -> str:
    """The same with every so many words another."""
    draw = random.Random(seed)
    others = [
        "thing",
        "quite",
        "roughly",
        "indeed",
        "model",
        "shows",
        "value",
        "maybe",
        "given",
        "simply",
    ]
    return " ".join(draw.choice(others) if draw.random() < share else word for word in essay.split())  # fmt: skip


def pairs(found):
    return {frozenset(hint.pair) for hint in found}


# ---------------------------------------------------------------- what is compared


def test_names_layout_remarks_and_texts_of_documentation_are_not_compared():
    assert runs(LOOP) == runs(renamed(LOOP)) != set()
    assert runs("import numpy as np\ny = np.log(x) + np.exp(x)") == runs("import numpy as n\nz = n.log(x) + n.exp(x)")  # fmt: skip
    assert runs('def f(x):\n    """Doc."""\n    return x + 1 - 2') == runs("def g(y): return y + 1 - 2")  # fmt: skip
    assert runs("a = b + c * 2 - 7") != runs("a = b + c * 2 - 8")
    assert phrases("At N = 3.2e9, the LOSS falls.") == phrases("at n = 7 the loss: falls") != set()


@pytest.mark.parametrize("code", ["def f(:\n  x = = 1 + 2 + 3", "(" * 5000, "-" * 5000 + "1", "%magic\n!ls\n\ud800 = 1", "x = " + "9" * 19_000, "\0", ""])  # fmt: skip
def test_whatever_was_written_is_cut_up(code):
    assert isinstance(runs(code), set)
    assert isinstance(phrases(code), set)
    assert isinstance(typed(code), set)


def test_numbers_of_four_digits_and_more_are_compared_by_value():
    assert typed("x = 4.217e9; y = 0.0500; z = 12, 1000") == typed("about 4217000000.0") != set()
    assert typed("v1234 + 7.5 + 0.123 + 12300") == set()


# ---------------------------------------------------------------- classes


@pytest.mark.parametrize(("students", "classes"), [(12, 20), (40, 8), (120, 3)])
def test_a_class_that_worked_alone_gets_hardly_a_hint(students, classes):
    found = [len(pairs(hints(honest(students, seed), KNOWN))) for seed in range(classes)]
    assert sum(map(bool, found)) <= 1, found


@pytest.mark.parametrize("students", [12, 40, 120])
def test_what_was_copied_stands_out(students):
    works = honest(students, 5)

    def with_changes(at, **changes):
        works[at] = dataclasses.replace(works[at], **changes)

    answers = works[0].answers
    with_changes(0, answers={**answers, OWN: LOOP})
    with_changes(1, answers={**{k: renamed(v) for k, v in answers.items()}, OWN: renamed(LOOP)})
    with_changes(3, essays={"words": reworded(works[2].essays["words"], 1)})
    found = hints(works, KNOWN)
    assert {frozenset(("student 0", "student 1")), frozenset(("student 2", "student 3"))} <= pairs(found)  # fmt: skip
    assert len(pairs(found)) <= 3
    own = next(hint for hint in found if hint.piece == OWN)
    assert own.as_alike == 1
    assert own.pairs <= students * (students - 1) // 2
    assert own.expected < EXPECTED


def test_three_with_one_hand_out_are_one_group():
    works = honest(60, 3)
    for at in (4, 5, 6):
        works[at] = dataclasses.replace(works[at], answers={**works[at].answers, OWN: LOOP + works[at].answers[OWN]})  # fmt: skip
    (group,) = groups(hints(works, KNOWN))
    assert {name for hint in group for name in hint.pair} == {"student 4", "student 5", "student 6"}
    assert [hint.as_alike for hint in group if hint.piece == OWN] == [3] * 3


def test_what_many_wrote_or_the_assignment_says_is_no_hint():
    works = honest(120, 7)
    for at in range(10, 40):
        works[at] = dataclasses.replace(works[at], answers={**works[at].answers, OWN: renamed(LOOP)})  # fmt: skip
    assert OWN not in {hint.piece for hint in hints(works, KNOWN)}
    works = honest(120, 7)
    for at in (3, 4):
        works[at] = dataclasses.replace(works[at], answers={**works[at].answers, OWN: LOOP})
    assert OWN in {hint.piece for hint in hints(works, KNOWN)}
    assert OWN not in {hint.piece for hint in hints(works, [*KNOWN, LOOP])}


COPIED = "N_10, N_90, decades = 2.1437e7, 4.4193e11, 4.3142\nmy_height = 0.3012\nalpha_hat, N_c_hat = 0.3128, 9.913e8\nfound = [0.01837, 0.1094, 0.2956, 0.5127]"


@pytest.mark.parametrize(("other", "told"), [((0.48, 2e8, 0.05, 1), True), ((0.31, 1e9, 0.2, 4), False), ((0.31, 3e9, 0.2, 4), False)])  # fmt: skip
def test_numbers_of_another_are_telling_but_not_between_two_who_drew_the_same(other, told):
    works = honest(120, 11)
    for at, drawn in ((8, (0.31, 1e9, 0.2, 4)), (9, other)):
        works[at] = dataclasses.replace(works[at], answers={**works[at].answers, "width": COPIED}, drawn=drawn)  # fmt: skip
    found = [hint for hint in hints(works, KNOWN) if hint.piece == NUMBERS]
    assert pairs(found) == ({frozenset(("student 8", "student 9"))} if told else set())


def test_an_equal_answer_is_listed_only_where_next_to_none_are_equal():
    works = [Work(f"s{at}", {"metric": f"y = {at} + 2 * x\n{LOOP}", "line": f"z = {at % 3} + a * b - c"}) for at in range(120)]  # fmt: skip
    works[7] = Work("copy", works[8].answers)
    assert rarely_equal(works) == [("metric", ("copy", "s8"), 1, 7140)]
    assert rarely_equal(works[:20]) == []  # one pair of 190 is no rarity
    assert hints(works) == []
    assert "1 of 7,140 pairs have equal answers here" in page("t", works, [])


def test_draws_are_those_of_the_given_cells():
    wanted = source(NAME)
    assert draws(wanted, "Ada") == draws(wanted, " ada")
    assert len({draws(wanted, f"student {at}") for at in range(50)}) > 20


def test_few_are_not_compared():
    works = honest(FEWEST, 5)
    for at in (0, 1):
        works[at] = dataclasses.replace(works[at], answers={**works[at].answers, OWN: LOOP})
    assert OWN in {hint.piece for hint in hints(works, KNOWN)}
    assert "no base rate" not in page("t", works, [])
    assert hints(works[:-1], KNOWN) == []
    assert "no base rate" in page("t", works[:-1], [])


# ---------------------------------------------------------------- the page


def test_the_page_gives_hints_with_base_rates_and_both_texts(tmp_path, capsys):
    names = ["<b>Ada</b>", "=Bob\u202e", *(f"s{at}" for at in range(20))]
    results = []
    for at, name in enumerate(names):
        each = result(name, [True] * 5)
        own = LOOP + "</code><script>alert(1)</script>\n" if at < 2 else f"print({at})"
        each.shown = [{"cell": "", "source": own, "outputs": [{"text": "x"}]}, {"essay": "words", "source": f"I say {at} times"}]  # fmt: skip
        results.append(each)
    results[5].notes.append("the name in the notebook is S7; marked with the numbers of s3")
    table = write_class(tmp_path, results)
    assert main(["alike", str(table), "--sources", str(SOURCES)]) == 0
    html = (tmp_path / "grades-alike.html").read_text()
    assert "&lt;b&gt;Ada" in html
    assert "<script" not in html
    assert "\u202e" not in re.sub(r"<title>.*?</title>", "", html)
    assert re.search(r"1 of 2\d\d", html)
    assert "hints and not findings" in html
    assert "s3: s7" in html
    assert not re.search(r"cheat|plagiari|guilty|suspect|culprit", html, re.I)
    csv = (tmp_path / "grades-alike.csv").read_text()
    assert "'=Bob" in csv
    for each in table.with_suffix("").iterdir():  # nothing of it is where pages for students are
        assert "alike" not in each.name
    said = capsys.readouterr()
    assert said.out.splitlines() == [str(tmp_path / "grades-alike.html"), str(tmp_path / "grades-alike.csv")]  # fmt: skip
    assert said.err == f"{len(csv.splitlines()) - 1} hints among 22 submissions\n"


def test_a_class_that_is_too_small_is_told_so(tmp_path, capsys):
    table = write_class(tmp_path, [result(f"s{at}", [True] * 5) for at in range(7)])
    assert main(["alike", str(table), "--sources", str(SOURCES)]) == 0
    assert "nothing is compared" in capsys.readouterr().err
    assert "nothing is compared" in (tmp_path / "grades-alike.html").read_text()


def test_a_page_of_many_and_long_hints_is_bounded():
    works = [Work(f"{at} " + "n" * 5000, {OWN: f"{LOOP}\n" + "x" * 30_000}) for at in range(200)]
    pair = [(works[at].student, works[at + 1].student) for at in range(0, 198, 2)]
    found = [Hint(OWN, each, 99.0, 1.0, 1, 19900, 1e-9) for each in pair]
    assert len(page("t", works, found)) < 1_000_000
