"""Odd files by the thousand: no crash, no hang, and nothing lost without a note.

``python -m tests.fuzz --draws 10000`` damages small files of every format (one value replaced by an odd one, a
cell, a line, a few bytes, the end cut off) and reads each. A draw fails if anything but a refusal that names the
file is raised, if it takes longer than `LIMIT` seconds, or if fewer scores or records come out than went in and
neither a refusal nor a note says so.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mirage_utils.errors import DataError, FieldError
from mirage_utils.evidence import curves_of
from mirage_utils.evidence.curves_of import Curves
from mirage_utils.records import gather
from mirage_utils.records.gathering import FAULT, Gathered

SEEDS = Path(__file__).parent / "files" / "fuzz"
"""One folder a seed: a file or a few, as a program writes them."""
LIMIT = 20
"""Seconds for one draw."""

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 0.5, 101, 1e400, -1e400, float("nan"), 10**30, 3.7, "", " ", "nan", "N/A", "-1",
    "1e5", "acc,none", "�", "\ud800", "a" * 5000, [], [1], [[]], ["x", None], [0.1, "False"], {}, {"a": 1},
    {"value": None}, [{"x": [1, {"y": 2}]}],
]  # fmt: skip
CELLS = [
    "",
    "N/A",
    "-",
    "TRUE",
    "-1",
    "1,5",
    "99%",
    "7B",
    "inf",
    "1e999",
    "x",
    '"',
    "a\nb",
    "0",
    "1e-300",
    "=1+1",
]


class Slow(BaseException):
    """A draw took too long."""


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise `Slow` after some seconds of processor time, where signals are known."""

    def ring(*_: object) -> None:
        raise Slow

    if not hasattr(signal, "SIGPROF"):
        yield
        return
    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


# -- damage --------------------------------------------------------------------------------------------


def places(value: Any, here: tuple = ()) -> Iterator[tuple]:
    """The path of every value in a document."""
    yield here
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*here, key))
    elif isinstance(value, list):
        for i, one in enumerate(value[:50]):
            yield from places(one, (*here, i))


def changed(document: Any, rng: random.Random) -> tuple[Any, bool]:
    """A document with one value replaced by an odd one, and whether what is gone can be missed.

    Metrics whose table is replaced by another are none that a reader could know of.
    """
    place = rng.choice(list(places(document)))
    odd = copy.deepcopy(rng.choice(ODD))
    if not place:
        return odd, True
    made = copy.deepcopy(document)
    at = made
    for key in place[:-1]:
        at = at[key]
    before, at[place[-1]] = at[place[-1]], odd
    return made, not (isinstance(before, dict) and isinstance(odd, dict))


def damaged(content: bytes, name: str, rng: random.Random) -> tuple[bytes, bool]:
    """A file's content damaged, and whether everything in it can still be accounted for."""
    text = name.endswith((".json", ".jsonl", ".csv", ".tsv"))
    kind = rng.choice(
        ["value"] * 6 + ["line", "bytes", "cut", "gzip"] if text else ["bytes", "cut"]
    )
    if kind == "value" and name.endswith(".json"):
        made, missed = changed(json.loads(content), rng)
        return _dumped(made), missed
    if kind == "value" and name.endswith(".jsonl"):
        lines = content.splitlines()
        at = rng.randrange(len(lines))
        made, missed = changed(json.loads(lines[at]), rng)
        lines[at] = _dumped(made)
        return b"\n".join(lines) + b"\n", missed
    if kind == "value":
        lines = content.decode().splitlines()
        at = rng.randrange(1, len(lines))
        mark = "\t" if name.endswith(".tsv") else ","
        cells = lines[at].split(mark)
        cells[rng.randrange(len(cells))] = rng.choice(CELLS)
        lines[at] = mark.join(cells)
        return "\n".join(lines).encode() + b"\n", True
    if kind == "line":
        lines = content.splitlines(keepends=True)
        at = rng.randrange(len(lines))
        lines[at : at + 1] = rng.choice([[], [lines[at]] * 2, [b"\n"], [b"{}\n"], [b"\x00\n"]])
        return b"".join(lines), False
    if kind == "gzip":
        return gzip.compress(content)[: rng.choice([None, -1, 20])], False
    if kind == "cut":
        return content[: rng.randrange(len(content))], False
    bits = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(bits))
        bits[at : at + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
    return bytes(bits), False


def _dumped(document: Any) -> bytes:
    return json.dumps(document).encode()


# -- one draw ------------------------------------------------------------------------------------------


def size(found: Gathered) -> Counter[str]:
    """How much was read: records, and scores that files report."""
    own = found.scores[found.scores["graded"] == "file"]
    return Counter(records=found.records, scores=len(own))


def words(found: Gathered, made: Curves, place: str | Path) -> Counter[str]:
    """What was said of a folder, wherever it lies."""
    return Counter(text.replace(str(place), "") for text in (*found.notes, *made.notes))


def draw(seed: int, folders: list[Path], whole: dict[Path, tuple[Counter, Counter]]) -> str:
    """What is wrong with how one damaged folder is read; nothing if all is well."""
    rng = random.Random(seed)
    folder = rng.choice(folders)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    victim = rng.choice(files)
    accounted_for = False
    with tempfile.TemporaryDirectory() as place:
        for file in files:
            copied = Path(place) / file.relative_to(folder)
            copied.parent.mkdir(parents=True, exist_ok=True)
            content = file.read_bytes()
            if file == victim:
                content, accounted_for = damaged(content, file.name, rng)
            copied.write_bytes(content)
        what = f"draw {seed}, {victim.relative_to(folder.parent)}"
        try:
            with limited(LIMIT):
                found = gather(place)
                made = curves_of(found.scores, found.lengths)
        except Slow:
            return f"{what}: took more than {LIMIT} seconds"
        except (DataError, FieldError) as error:
            return f"{what}: {error}" if FAULT in str(error) else ""
        except Exception as error:
            return f"{what}: {type(error).__name__}: {error}"
    faults = [why for _, why in found.refused if why.startswith(FAULT)]
    if faults:
        return f"{what}: {faults[0]}"
    less = whole[folder][0] - size(found)
    said = found.refused or words(found, made, place) - whole[folder][1]
    if accounted_for and less and not said:
        return f"{what}: {dict(less)} lost without a word"
    return ""


def run(draws: int, first: int = 0, *, stop: int = 20) -> list[str]:
    """The faults of so many draws, at most `stop` of them."""
    folders = sorted(p for p in SEEDS.iterdir() if p.is_dir())
    whole = {}
    for folder in folders:
        found = gather(folder)
        made = curves_of(found.scores, found.lengths)
        whole[folder] = size(found), words(found, made, folder)
    faults = []
    for seed in range(first, first + draws):
        wrong = draw(seed, folders, whole)
        if wrong:
            faults.append(wrong)
            print(wrong, flush=True)
            if len(faults) >= stop:
                break
    return faults


def main() -> int:
    """Draw as many as the command line says; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first (default 0)")
    options = parser.parse_args()
    faults = run(options.draws, options.first)
    print(f"{options.draws:,} draws, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
