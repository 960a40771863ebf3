"""What the tests of coursework have in common."""

from __future__ import annotations

import csv
import fnmatch
import json
import subprocess
import sys
from pathlib import Path

from submissions import ALL, SOURCES, Submission

from mirage_utils.coursework.assignments.source import assignments
from mirage_utils.coursework.marking.results import Result

NAMES = assignments(SOURCES)


def expected(wanted, submission: Submission) -> tuple[float, list[str], str]:
    tests = [each for each in wanted.exercises if not each.essay]
    patterns = ["*"] if submission.lost == ALL else submission.lost
    lost = {pattern: fnmatch.filter([each.name for each in tests], pattern) for pattern in patterns}
    assert all(lost.values()), f"{submission.name}: no such test: {lost}"
    gone = sorted(set().union(*lost.values()))
    return sum(each.points for each in tests if each.name not in gone), gone, submission.status


def graded(
    folder: Path, name: str, *options: str
) -> tuple[dict[str, dict[str, str]], dict[str, Result]]:
    """Run the command on ``folder/in``; the rows of the table and the results, by student."""
    command = [sys.executable, "-m", "mirage_utils", "grade", name, str(folder / "in"), str(folder / "out.csv"), "--sources", str(SOURCES)]  # fmt: skip
    subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    with open(folder / "out.csv", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    results = {
        path.stem: Result.from_dict(json.loads(path.read_text()))
        for path in (folder / "out").glob("*.json")
    }
    return rows, results
