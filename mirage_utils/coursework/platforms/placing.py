"""What was unpacked, moved into the folder of the class; what somebody changed there by hand stays."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from ...errors import FieldError
from ..assignments.submission import told_by
from ..folders import RECORD, tree
from ..variation import normalised
from .archive import printable
from .collected import Collected
from .record import record

__all__ = ["put_in_place"]


def put_in_place(staging: Path, out: Path, done: Collected, replace_changed: bool) -> None:
    """Move what is new or changed into the folder; what somebody changed by hand stays, unless it was asked for."""
    new = staging / "new"
    names = sorted(path.name for path in new.iterdir() if path.is_dir())
    if not out.exists():
        done.students = dict.fromkeys(names, "new")
        new.rename(out)
        return
    there = {normalised(path.name): path for path in out.iterdir() if path.is_dir()}
    if not replace_changed:
        _of_the_same_assignment(out, there.values(), new)
    moves: list[tuple[Path, Path | None]] = []
    for name in names:
        old = there.get(normalised(name))
        state = _state(old, new / name)
        if state == "changed by hand":
            if not replace_changed:
                done.told.append(f"{name}: somebody changed {out / name} since it was collected; kept as it is, --replace takes the zip's")  # fmt: skip
                done.students[name] = "kept"
                continue
            done.told.append(f"{name}: replaced, with what was changed in it by hand")
            state = "changed"
        done.students[name] = state
        if state != "as before":
            moves.append((new / name, old))
    for path in there.values():
        if normalised(path.name) not in map(normalised, names) and record(path) is not None:
            done.told.append(f"{path.name}: collected before and not among these; kept")
    before = staging / "before"
    before.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for fresh, old in moves:
            if old is not None:
                old.rename(before / old.name)
                moved.append((before / old.name, old))
            target = out / fresh.name
            fresh.rename(target)
            moved.append((target, fresh))
    except OSError:
        for now, earlier in reversed(moved):
            now.rename(earlier)
        raise


def _of_the_same_assignment(out: Path, before: Iterable[Path], new: Path) -> None:
    """That what is collected is not of another assignment than what is there, as far as several students' notebooks say."""
    old, now = _mostly(before), _mostly(new.iterdir())
    if old and now and old != now:
        raise FieldError(
            "IN", str(out), f"a folder of its own for {printable(now)}, such as {out.with_name(printable(now))}: this one holds "
            f"submissions of {printable(old)}, and --replace would take their place"
        )  # fmt: skip


def _mostly(folders: Iterable[Path]) -> str:
    """The assignment of which most students have a notebook, and two at the least; empty where that is not so."""
    told: list[str] = []
    for folder in folders:
        found = {told_by(path) for path in tree(folder).files if path.suffix.lower() == ".ipynb"}
        if len(found) == 1:  # who has notebooks of several does not say which is meant
            told += found
    name = max(told, key=told.count, default="")
    return name if told.count(name) > max(1, len(told) / 2) else ""


def _state(old: Path | None, fresh: Path) -> str:
    """How a folder that is there compares with what was unpacked: ``new``, ``as before``, ``changed`` or ``changed by hand``."""
    if old is None:
        return "new"
    before, now = record(old), record(fresh)
    assert now is not None
    if before is None or not isinstance(before.get("files"), dict):
        return "changed by hand"
    if before == now:
        return "as before"
    return "changed" if _content(old) == before["files"] else "changed by hand"


def _content(folder: Path) -> dict[str, str]:
    found = {}
    for here, _, files in os.walk(folder):
        for name in files:
            path = Path(here, name)
            if name != RECORD or Path(here) != folder:
                with open(path, "rb") as file:
                    found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()  # fmt: skip
    return dict(sorted(found.items()))
