"""The page on a class: right and bounded, whoever is in it and whatever they are called."""

from __future__ import annotations

import csv
import random
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from classes import NAME, result, write_class

from mirage_utils.cli.main import main
from mirage_utils.coursework.course.by_hand import ESSAYS
from mirage_utils.coursework.course.stored import stored
from mirage_utils.coursework.marking.results import Result
from mirage_utils.coursework.overview.page import overview, page
from mirage_utils.coursework.overview.summary import rows, summary
from mirage_utils.coursework.tables import write_table
from mirage_utils.errors import DataError, FieldError

HOSTILE = [
    "<script>alert(1)</script>",
    "=1+1",
    "x" * 10_000,
    "a\u202eb\x07c",
    "' onload='x",
    '" onload="x',
    "<img src=x onload=x>",
    "Zoë & Søn",
]


def a_class(students: int, seed: int = 0) -> list[Result]:
    draw = random.Random(seed)
    return [result(f"student {at}", [draw.random() < 0.7 for _ in range(5)]) for at in range(students)]  # fmt: skip


def values(table: Path) -> dict[tuple[str, str, str], str]:
    with open(table, encoding="utf-8", newline="") as file:
        return {(r["part"], r["item"], r["measure"]): r["value"] for r in csv.DictReader(file)}


def read(table: Path, **points: str) -> None:
    """Somebody has read the essays of these students, and `feedback` was given."""
    sheet = [{"student": name, "assignment": NAME, "exercise": "words", "max_points": "4", "points": got} for name, got in points.items()]  # fmt: skip
    sheet.append({**sheet[0], "assignment": "2_many_tokens", "points": "0"})
    (table.with_suffix("") / "essays.csv").write_text(write_table(ESSAYS, sheet), newline="")
    assert main(["feedback", str(table)]) == 0


@pytest.mark.parametrize("students", [1, 12, 120])
def test_the_numbers_are_those_of_the_class(students, tmp_path, capsys):
    results = a_class(students)
    table = write_class(tmp_path, results, ["Nobody"])
    assert main(["overview", str(table)]) == 0
    html, numbers = map(Path, capsys.readouterr().out.splitlines())
    found = values(numbers)
    assert found["submissions", "essays", "students"] == str(students)
    assert found["missing", "Nobody", ""] == ""
    for at in range(5):
        right = sum(not each.exercises[at].reason for each in results)
        assert found["question", f"test_q{at}", "right"] == str(right)
        assert found["question", f"test_q{at}", "mean"] == f"{4 * right / students:.4g}"
    assert found["question", "words", "to be read"] == str(students)
    assert ("question", "words", "mean") not in found
    steps = [int(v) for (part, item, measure), v in found.items() if part == "marks" and " to " in item and measure == "essay unread"]  # fmt: skip
    assert sum(steps) == students
    assert len(steps) == 12
    assert float(found["marks", "", "mean"]) == pytest.approx(sum(each.score for each in results) / students, rel=1e-3)  # fmt: skip
    text = html.read_text()
    assert text.count("<svg") == 1
    assert 'role="img" aria-label="Bars' in text
    assert "<script" not in text
    assert "default-src 'none'" in text
    assert len(text) < 500_000


def test_an_essay_counts_when_it_was_read(tmp_path):
    table = write_class(tmp_path, [result("ada", [True] * 5), result("bob", [True] * 5), result("cleo", [False] * 5)])  # fmt: skip
    assert summary(stored(table)).waiting == (("ada", 1), ("bob", 1), ("cleo", 1))
    read(table, ada="4", bob="1", cleo="")
    assert summary(stored(table)).waiting == (("cleo", 1),)
    overview(table)
    numbers = values(tmp_path / "grades-class.csv")
    assert numbers["question", "words", "mean"] == "2.5"
    assert numbers["question", "words", "right"] == "1"
    assert numbers["question", "words", "to be read"] == "1"
    assert numbers["to be read", "cleo", "essays"] == "1"
    assert numbers["marks", "22 to 24", "settled"] == "1"
    assert numbers["marks", "", "highest"] == "24"
    assert numbers["submissions", "graded", "students"] == "2"


def test_the_bar_is_the_mean_share_and_questions_are_called_as_in_the_assignment(tmp_path):
    results = a_class(4)
    for each in results:
        asked = each.exercises[0]
        asked.label, asked.points, asked.reason = "2. slope_formula", 3.0, "the sign"
    text = page(summary(stored(write_class(tmp_path, results))))
    row = next(part for part in text.split("<tr>") if "2. slope_formula" in part)
    assert [re.sub("<.*?>", "", cell) for cell in row.split("</td>")[:2]] == ["2. slope_formula0 of 4 (0%)", "3.00 of 4 (75%)"]  # fmt: skip
    assert '<span style="width:75%">' in row
    assert "<td>2. slope_formula</td><td>the sign</td>" in text


def test_reasons_are_one_whatever_the_numbers_in_them(tmp_path):
    results = a_class(30)
    for each in results[:9]:
        each.notes.append(f"deleted: width, {len(each.student)} times")
    results[3].notes.append("late by 2 h 5 min")
    results[4].notes.append("name is not in the class list")
    found = summary(stored(write_class(tmp_path, results)))
    lost = [sum(bool(each.exercises[at].reason) for each in results) for at in range(5)]
    assert [len(each.students) for each in found.reasons] == sorted(lost, reverse=True)
    assert [(len(each.students), each.text[:14]) for each in found.notes] == [(9, "deleted: width")]
    assert found.late == (("student 3", "2 h 5 min"),)
    assert found.unlisted == ("student 4",)


def test_what_could_not_be_marked_is_named_and_no_mark(tmp_path):
    results = [result("ada", [True] * 5)]
    results += [Result("bob", NAME, "failed", [], ["the grader could not mark this: Boom"]), Result("cleo", NAME, "unreadable", [], ["notebook is damaged"])]  # fmt: skip
    table = write_class(tmp_path, results, ["dan"])
    (tmp_path / "grades" / "bob.json").write_text("{")  # nor is there a result
    (tmp_path / "grades" / "other.json").write_text("[]")
    found = summary(stored(table))
    assert [each[:2] for each in found.unmarked] == [("bob", "failed"), ("cleo", "unreadable")]
    assert found.unread == (20.0,)
    assert found.final == ()
    assert found.missing == ("dan",)
    assert "Boom" in page(found)


def test_a_class_without_a_single_mark(tmp_path):
    found = summary(stored(write_class(tmp_path, [], ["a", "b"])))
    assert "Nobody has a mark yet" in page(found)
    assert {"part": "missing", "item": "a", "measure": "", "value": ""} in rows(found)


class Handlers(HTMLParser):
    """Attributes of a page in which a script can stand."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]


def test_hostile_names_and_reasons_are_text(tmp_path):
    results = []
    for at, text in enumerate(HOSTILE * 4):
        each = result(f"{text[:200]}{at}", [at % 2 == 0] * 5, notes=[text, f"late by {text}"])
        for exercise in each.exercises:
            exercise.reason = exercise.reason and text
        results.append(each)
    table = write_class(tmp_path, results, HOSTILE)
    html, numbers = overview(table)
    text = html.read_text(encoding="utf-8")
    assert len(text) < 1_000_000
    assert not re.search(r"<script|<img|\u202e|\x07", text)
    assert Handlers(text).found == []
    assert text.count("&lt;script&gt;") > 4
    assert text.count("&quot; onload=&quot;x") > 4
    body = numbers.read_text(encoding="utf-8")
    assert not re.search(r'(^|[",])=1', body, re.M)
    assert "\x07" not in body
    missing = {each.row["student"] for each in stored(table) if each.row["status"] == "missing"}
    assert len(missing) == len(HOSTILE)
    assert {each.row["student"] for each in stored(table) if each.result is None} == missing


def test_other_tables_are_refused_and_nothing_is_written(tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("student,points\nada,3\n")
    with pytest.raises(DataError, match="not a table of marks"):
        overview(other)
    table = write_class(tmp_path, a_class(2))
    text = table.read_text()
    table.write_text(text.replace(NAME, "2_many_tokens", 1))
    with pytest.raises(DataError, match="of one assignment"):
        overview(table)
    table.write_text(text.replace(",24,", ",none,", 1))
    with pytest.raises(DataError, match="max_score = 'none'"):
        overview(table)
    table.write_text(text)
    table.rename(tmp_path / "moved.csv")
    with pytest.raises(FieldError, match="with the folder"):
        overview(tmp_path / "moved.csv")
    assert main(["overview", str(tmp_path / "nothing.csv")]) == 1
    assert not list(tmp_path.glob("*-class.*"))


def test_the_page_fits_a_phone_and_both_themes(browser, tmp_path):
    table = write_class(tmp_path, a_class(120), HOSTILE)
    html = overview(table)[0].as_uri()
    for width in (390, 1400):
        for theme in ("light", "dark"):
            tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
            problems: list[str] = []
            tab.on("console", lambda m, kept=problems: kept.append(m.text))
            tab.goto(html)
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            bar = tab.locator("figure svg path[style*='--mb-c1']").first
            assert bar.evaluate("e => getComputedStyle(e).fill") == ("rgb(0, 104, 168)" if theme == "light" else "rgb(93, 181, 234)")  # fmt: skip
            inks = tab.locator("figure svg use").evaluate_all("all => all.map(e => getComputedStyle(e).fill)")  # fmt: skip
            assert len(inks) > 20
            assert "rgb(0, 0, 0)" not in inks  # which nobody sees on a dark page
            assert problems == []
            tab.close()
