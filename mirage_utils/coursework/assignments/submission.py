"""What lies in a student's folder: the notebook that answers an assignment, among however many there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..folders import tree
from .cells import identifier, restored, written
from .reading import clean, read_notebook
from .source import Assignment

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["Handed", "assignment_of", "attempt", "handed_in", "told_by"]

_CANDIDATES = 12  # notebooks in one folder that are read to find the one to mark


@dataclass(frozen=True)
class Handed:
    """A notebook as handed in.

    Attributes
    ----------
    path : Path or None
        The file that is marked.
    cells : list of NotebookNode
        Its cells; those of the assignment are of the type they have there.
    problem : str
        Why nothing can be marked; empty if something can.
    status : str
        ``missing`` or ``unreadable`` where there is a problem.
    notes : list of str
        What a teacher should know.
    """

    path: Path | None
    cells: list[NotebookNode]
    problem: str = ""
    status: str = ""
    notes: tuple[str, ...] = ()


def handed_in(folder: Path, wanted: Assignment) -> Handed:
    """The notebook in a student's folder that answers the assignment, whatever it is called.

    Links are not followed: one that leads to somebody else's work is no submission. Of several notebooks the newest is
    taken that somebody has worked in (see `_choose`), and a note names all.
    """
    there = tree(folder)
    found = [path for path in there.files if _is_notebook(path.relative_to(folder))]
    notes = [f"{len(there.links)} symbolic link(s) ignored"] if there.links else []
    notes += [clean(f"not looked at: {', '.join(there.unseen[:3])}")] if there.unseen else []
    if not found:
        others = [path.name for path in there.files if _is_work(path.relative_to(folder))]
        problem = f"no notebook {wanted.name}.ipynb in the folder"
        if others:
            problem += clean(f", only {', '.join(map(_shortened, others[:3]))}")
        return Handed(None, [], problem, "missing", tuple(notes))
    copy, words = _choose(found, folder, wanted)
    notes += words
    if copy.problem:
        return Handed(copy.path, [], copy.problem, "unreadable", tuple(notes))
    if copy.is_of_another(wanted):
        problem = f"no notebook of {wanted.name} in the folder: {_shortened(copy.path.name)} is of {_shortened(copy.told)}"
        return Handed(copy.path, [], clean(problem), "missing", tuple(notes))
    cells, others = restored(copy.cells, wanted)
    if others:
        notes.append(f"cell type restored: {', '.join(others)}")
    return Handed(copy.path, cells, notes=(*notes, *_kernel(copy.metadata)))


def _is_work(path: Path) -> bool:
    """Whether a file of a student's folder is one that the student made, by its path."""
    hidden = any(part.startswith((".", "__")) for part in path.parts)
    return path.name != "timestamp.txt" and not hidden


def _is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb" and _is_work(path)


def _shortened(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:60]}...{name[-10:]}"


def _kernel(metadata: dict[str, Any]) -> list[str]:
    spec = metadata.get("kernelspec")
    if not isinstance(spec, dict):
        return []
    language = str(spec.get("language", "python")).lower()
    name = re.sub(r"[^\w .:-]", "", str(spec.get("name", "")))[:40]
    if language != "python":
        return [
            f"kernel {name} is of another language ({language[:20]}); run as Python all the same"
        ]
    return []


def told_by(path: Path) -> str:
    """The assignment as which a notebook was handed out, by its metadata; empty where they do not say."""
    return _told(read_notebook(path)[1])


def assignment_of(path: Path, names: Iterable[str]) -> str:
    """Which of these assignments a notebook is of, by its metadata or else by its name; empty if neither tells."""
    told = told_by(path)
    return next((name for name in names if told == name or (not told and attempt(path.stem, name) is not None)), "")  # fmt: skip


def attempt(stem: str, name: str) -> int | None:
    """Which attempt a file is by its name, or None if it has another name.

    Browsers put a number in brackets behind the name of what was downloaded before, ``1_one_token (1)``; Canvas and
    Moodle put ``-1`` behind that of what was handed in before.
    """
    found = re.fullmatch(rf"(?:.*[_ ])?{re.escape(name)}(?: ?\((\d{{1,6}})\)|-(\d{{1,6}}))?", stem)
    return int(found[1] or found[2] or 0) if found else None


def _told(metadata: dict[str, Any]) -> str:
    told = metadata.get("mirage")
    name = told.get("assignment") if isinstance(told, dict) else None
    return name if isinstance(name, str) else ""


@dataclass(frozen=True)
class _Copy:
    """One of the notebooks in a folder, and what speaks for it."""

    path: Path
    attempt: int | None  # None if it is called otherwise than the assignment
    time: float  # of its last change, seconds since 1970
    size: int
    cells: list[NotebookNode]
    metadata: dict[str, Any]
    problem: str

    @property
    def told(self) -> str:
        """The assignment as which it was handed out, by its own metadata; empty where they do not say."""
        return _told(self.metadata)

    def belongs(self, wanted: Assignment) -> bool:
        """Whether it is of this assignment: as its file says, else by its name or its cells."""
        if self.told:
            return self.told == wanted.name
        return self.attempt is not None or self._has_cells(wanted)

    def is_of_another(self, wanted: Assignment) -> bool:
        """Whether its file says that it is of another assignment, and its cells do not say otherwise."""
        return self.told not in ("", wanted.name) and not self._has_cells(wanted)

    def _has_cells(self, wanted: Assignment) -> bool:
        ours = {identifier(cell) for cell in wanted.cells} - {None}
        return 2 * len(ours & {identifier(cell) for cell in self.cells}) > len(ours)

    def written(self, wanted: Assignment) -> int:
        """How many answers and essays are written."""
        return sum(
            wanted.kind(identifier(cell)) in ("answer", "essay") and bool(written(cell))
            for cell in self.cells
        )


def _copy(path: Path, number: int | None) -> _Copy:
    found = path.lstat()
    cells, metadata, problem = read_notebook(path)
    return _Copy(path, number, found.st_mtime, found.st_size, cells, metadata, problem)


def _choose(found: list[Path], folder: Path, wanted: Assignment) -> tuple[_Copy, list[str]]:
    """The notebook to mark, and the notes that say why it is this one."""
    attempts = {path: attempt(path.stem, wanted.name) for path in found}
    likely = sorted(found, key=lambda path: (attempts[path] is None, -path.lstat().st_mtime, path))
    copies = [_copy(path, attempts[path]) for path in likely[:_CANDIDATES]]
    rivals = (
        [copy for copy in copies if copy.belongs(wanted)]
        or [copy for copy in copies if copy.attempt is not None]
        or copies
    )
    left, why = rivals, "the last by name"
    for reason, narrowed in (
        # An empty copy has all cells and the right name. It is marked if there is nothing else.
        ("it has answers", lambda pool: [copy for copy in pool if copy.written(wanted)]),
        ("its name is right", lambda pool: [copy for copy in pool if copy.attempt is not None]),
        ("the highest number in its name", _most(lambda copy: copy.attempt or 0)),
        ("the newest file", _newest),
        ("most answers", _most(lambda copy: copy.written(wanted))),
        ("the largest file", _most(lambda copy: copy.size)),
    ):
        kept = narrowed(left) or left
        why, left = (reason if len(kept) < len(left) else why), kept
    chosen = max(left, key=lambda copy: copy.path)
    names = {copy.path: clean(str(copy.path.relative_to(folder)))[:120] for copy in rivals}
    notes = []
    if len(rivals) > 1:
        name = names.pop(chosen.path)
        others = ", ".join(names.values())
        notes.append(
            f"{len(rivals)} notebooks of this assignment: marked {name} ({why}), not {others}"
        )
    elif chosen.path.name != f"{wanted.name}.ipynb":
        notes.append(f"notebook is called {clean(chosen.path.name)[:120]}")
    if len(found) > len(copies):
        notes.append(f"{len(found) - len(copies)} more notebooks were not read")
    return chosen, notes


def _most(value: Callable[[_Copy], float]) -> Callable[[list[_Copy]], list[_Copy]]:
    """Of several, those with the greatest value."""
    return lambda pool: [copy for copy in pool if value(copy) == max(map(value, pool))]


def _newest(pool: list[_Copy]) -> list[_Copy]:
    """Those changed last. Files that were unpacked together differ by moments, which tells nothing."""
    return [copy for copy in pool if copy.time > max(each.time for each in pool) - 2]
