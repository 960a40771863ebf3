"""Marking a class: 120 submissions, with a kill in the middle, against nbgrader one after the other.

The same solved notebook of assignment 1, once for each student, so that the right table is known. nbgrader marks
`PEERS` of them, first and last, because all would take the better part of an hour; its time for one is their mean.
"""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUDENTS = 120
PEERS = 6
NAME = "1_one_token"


def main() -> None:
    """Print CSV: way, submissions, seconds, seconds a submission, times ours."""
    sys.path.insert(0, str(ROOT / "tests"))  # the synthetic submissions
    from submissions import Submission, build, source

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for number in range(STUDENTS):
            student = f"student {number:03d}"
            build(source(NAME), Submission(student), folder / "in" / student)
        first = _nbgrader(folder, [f"student {n:03d}" for n in range(PEERS // 2)])
        ours = _ours(folder)
        killed = _killed(folder)
        last = _nbgrader(folder, [f"student {n:03d}" for n in range(PEERS // 2, PEERS)])
        peer = (first + last) / PEERS
        print("way,submissions,seconds,per_submission,times_the_first")
        one = ours / STUDENTS
        for way, count, seconds in (
            ("make grade, two side by side", STUDENTS, ours),
            ("the same, killed in the middle and run again", STUDENTS, killed),
            ("nbgrader autograde, one after the other", PEERS, peer * PEERS),
        ):
            print(f"{way},{count},{seconds:.1f},{seconds / count:.2f},{seconds / count / one:.2f}")


def _command(folder: Path, out: str) -> list[str]:
    sources = str(ROOT / "notebooks" / "assignments")
    return [sys.executable, "-m", "mirage_utils", "grade", "1", str(folder / "in"), str(folder / out), "--sources", sources, "--jobs", "2"]  # fmt: skip


def _check(folder: Path, out: str) -> None:
    with open(folder / out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == STUDENTS
    assert {(row["score"], row["status"]) for row in rows} == {("20", "essays")}


def _ours(folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(_command(folder, "whole.csv"), check=True, capture_output=True)
    seconds = time.perf_counter() - start
    _check(folder, "whole.csv")
    return seconds


def _killed(folder: Path) -> float:
    """Kill the run, with everything it started, when half of the results are there; then run it again."""
    start = time.perf_counter()
    run = subprocess.Popen(
        _command(folder, "killed.csv"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )  # fmt: skip
    while len(list((folder / "killed").glob("*.json"))) < STUDENTS // 2:
        assert run.poll() is None
        time.sleep(0.05)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {path: path.read_bytes() for path in (folder / "killed").glob("*.json")}
    subprocess.run(_command(folder, "killed.csv"), check=True, capture_output=True)
    seconds = time.perf_counter() - start
    _check(folder, "killed.csv")
    assert len(kept) >= STUDENTS // 2
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert (folder / "killed.csv").read_bytes() == (folder / "whole.csv").read_bytes()
    return seconds


def _nbgrader(folder: Path, students: list[str]) -> float:
    """Seconds for nbgrader's own autograding of these students, without making the release."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    course = folder / "course"
    shutil.rmtree(course, ignore_errors=True)
    (course / "source").mkdir(parents=True)
    shutil.copytree(ROOT / "notebooks" / "assignments" / NAME, course / "source" / NAME)
    config = Config()
    config.CourseDirectory.root = str(course)
    api = NbGraderAPI(config=config)
    assert api.generate_assignment(NAME)["success"]
    for student in students:
        target = course / "submitted" / student / NAME / f"{NAME}.ipynb"
        target.parent.mkdir(parents=True)
        text = (folder / "in" / student / f"{NAME}.ipynb").read_text()
        target.write_text(text.replace('STUDENT = \\"\\"', f'STUDENT = \\"{student}\\"'))
    start = time.perf_counter()
    for student in students:
        assert api.autograde(NAME, student)["success"]
    seconds = time.perf_counter() - start
    with api.gradebook as book:
        for student in students:
            assert book.find_submission(NAME, student).score == 20
    return seconds


if __name__ == "__main__":
    main()
