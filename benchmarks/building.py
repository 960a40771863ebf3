"""Building the book, cold and with nothing changed, against Jupyter Book by itself.

By itself means: myst-nb runs each page when Sphinx comes to it, one after the other, and every build reads, writes and
finishes all pages. Our extension does the rest there as here, so that both ways give the same site: it is compared file
by file. Cold is without anything of an earlier build; two builds of the same kind follow each other, the second with
nothing changed. All four write into a temporary folder. Takes half an hour on two cores.
"""

from __future__ import annotations

import difflib
import itertools
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
EXTENSION = ROOT / "book" / "_ext"

BUILD = "from jupyter_book.cli.main import main; main()"
# What our extension does to save time, taken out again.
BY_ITSELF = f"""
import sys
sys.path.insert(0, {str(EXTENSION)!r})
import execution, publish
execution.execute = lambda *_: None
publish.changed = lambda *_: ["everything"]
"""


class Cost(NamedTuple):
    """What a build took, and what it printed."""

    wall: float
    processor: float
    printed: str


def build(place: Path, before: str = "") -> Cost:
    """Build the book below a folder, after some Python that changes how."""
    command = [sys.executable, "-c", before + BUILD, "build", ".", "--path-output", str(place), "--all", "-n", "-W", "--keep-going"]  # fmt: skip
    start, used = time.perf_counter(), _processor()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
    return Cost(time.perf_counter() - start, _processor() - used, done.stdout + done.stderr)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def differing(one: Path, other: Path) -> list[str]:
    """Files in which two folders differ."""
    contents = [
        {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        for folder in (one, other)
    ]
    names = contents[0].keys() | contents[1].keys()
    return sorted(name for name in names if contents[0].get(name) != contents[1].get(name))


def _difference(one: Path, other: Path, most: int = 20) -> list[str]:
    """The first lines in which two pages differ, tag by tag."""
    if not (one.exists() and other.exists()):
        return []
    texts = [
        path.read_text(encoding="utf-8", errors="replace").replace(">", ">\n").splitlines()
        for path in (one, other)
    ]
    lines = difflib.unified_diff(*texts, str(one), str(other), lineterm="", n=1)
    return [line[:200] for line in itertools.islice(lines, most)]


def main() -> None:
    """Print CSV: build, way, pages run, seconds, seconds of processor time, both as multiples of ours."""
    if not os.environ.keys().isdisjoint({"MIRAGE_JOBS", "OMP_NUM_THREADS"}):
        print("note: MIRAGE_JOBS or OMP_NUM_THREADS is set", file=sys.stderr)
    ways = {"as make html": "", "Jupyter Book by itself": BY_ITSELF}
    print("build,way,pages_run,seconds,processor_seconds,times_the_first,processor_times_the_first")
    with tempfile.TemporaryDirectory() as folder:
        place, first, sites = Path(folder) / "place", {}, []
        for way, before in ways.items():
            for kind in "cold", "nothing changed":
                cost = build(place, before)
                ours = first.setdefault(kind, cost)
                print(
                    f"{kind},{way},{cost.printed.count('Executed notebook')},{cost.wall:.1f},{cost.processor:.1f},"
                    f"{cost.wall / ours.wall:.2f},{cost.processor / ours.processor:.2f}",
                    flush=True,
                )
            # Built at the same place, since the names of the social cards depend on it.
            sites.append((place / "_build" / "html").rename(Path(folder) / way))
            shutil.rmtree(place)
        if different := differing(*sites):
            shown = [
                line for name in different[:3] for line in _difference(*(s / name for s in sites))
            ]
            raise AssertionError(
                "\n".join([f"the two ways give other files: {', '.join(different)}", *shown])
            )


if __name__ == "__main__":
    main()
