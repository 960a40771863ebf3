"""Assignments and submissions as notebooks: which cell is what, and which file to mark.

The format is nbgrader's: the metadata of a cell say whether it is an answer, a test worth points, an essay, or
given. Two tags are ours: ``given`` marks locked cells on which tests rely, which the grader runs for itself too, and
``student`` the cell that holds the student's name.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from ..errors import DataError, FieldError
from .folders import files, tree

__all__ = [
    "Assignment",
    "Exercise",
    "Handed",
    "assignment",
    "assignment_of",
    "assignments",
    "attempt",
    "clean",
    "essays",
    "files",
    "find",
    "handed_in",
    "identifier",
    "read_notebook",
    "restored",
    "sources",
    "told_by",
    "written",
]

SOURCES = Path("notebooks") / "assignments"
"""Where the sources lie in the book's repository."""
SETTING = "MIRAGE_ASSIGNMENTS"
"""The environment variable that names another folder of sources."""

LARGEST = 50_000_000  # bytes of a submitted notebook
CELLS = 5_000  # of a submitted notebook
CANDIDATES = 12  # notebooks in one folder that are read to find the one to mark
BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def identifier(cell: NotebookNode) -> str | None:
    """The ``grade_id`` of a cell, if nbgrader knows it."""
    settings = cell.metadata.get("nbgrader")
    name = settings.get("grade_id") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else None


def _is(cell: NotebookNode, name: str) -> bool:
    settings = cell.metadata.get("nbgrader")
    return isinstance(settings, dict) and settings.get(name) is True


LINE = re.compile(r"(\((?:x|ix|iv|v?i{1,3}|v)\))")
"""What a line of a rubric is called."""


def _rubric(question: str) -> dict[str, str]:
    """The lines of a rubric in the text of a question, with their words."""
    _, _, lines = question.partition("*Rubric, one point each:*")
    _, *parts = LINE.split(lines)
    words = (" ".join(re.sub("[*`]", "", each).split()).rstrip(".; ") for each in parts[1::2])
    return dict(zip(parts[::2], words, strict=True))


_HEADING = re.compile(r"^## *(?:\d+\. *)?(.+)$", re.MULTILINE)
_NUMBER = re.compile(r"\*\*(\d+[a-z]?) \([\d.]+ points?\)\.\*\*")


def _labels(cells: Iterable[NotebookNode]) -> dict[str, str]:
    """What the graded cells are called in the text before them: the number of the exercise, and what is asked for.

    That is the answer's name where the text has it, else the heading over the number, for the first that has no other, else the cell's name
    in words.
    """
    found: dict[str, str] = {}
    heading = number = text = ""
    for cell in cells:
        if _is(cell, "grade") and number:
            name = (identifier(cell) or "").removeprefix("test_")
            what = name.replace("_", " ")
            if re.search(rf"`{re.escape(name)}[`(]", text):
                what = name
            elif heading:
                what, heading = heading, ""
            found[identifier(cell) or ""] = f"{number}. {what}"
        elif cell.cell_type == "markdown" and not _is(cell, "grade"):
            over = _HEADING.search(cell.source)
            heading = re.sub("[*`]", "", over[1]).strip() if over else heading
            if asked := _NUMBER.search(cell.source):
                number, text = asked[1], cell.source
                # A heading over 1a and 1b is the name of neither.
                heading = heading if number.isdigit() else ""
    return found


@dataclass(frozen=True)
class Exercise:
    """One marked cell: a test, or an essay that a person marks.

    Attributes
    ----------
    name : str
    points : float
    essay : bool
    label : str
        What it is called in the text of the assignment, such as "7. In words" or "1b. size_for"; empty if its exercises have no numbers.
    rubric : dict of str to str
        The lines of the rubric that is printed before an essay, such as ``(i)``, with their words, if it has one for each point.
    """

    name: str
    points: float
    essay: bool
    label: str = ""
    rubric: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Assignment:
    """The source of an assignment, with solutions and hidden tests.

    Attributes
    ----------
    name : str
        Name of its folder and of its notebook, such as ``1_one_token``.
    cells : list of NotebookNode
        All cells, in order.
    digest : str
        SHA-256 of the file.
    """

    name: str
    path: Path
    cells: list[NotebookNode]
    digest: str

    @property
    def exercises(self) -> list[Exercise]:
        """Everything that is marked, in order."""
        found, labels = [], _labels(self.cells)
        for before, cell in zip([None, *self.cells], self.cells, strict=False):
            if _is(cell, "grade"):
                name = identifier(cell) or ""
                points, essay = float(cell.metadata.nbgrader["points"]), _is(cell, "solution")
                lines = _rubric(before.source) if essay and before else {}
                lines = lines if len(lines) == points else {}
                found.append(Exercise(name, points, essay, labels.get(name, ""), lines))
        return found

    @property
    def points(self) -> float:
        return sum(each.points for each in self.exercises)

    def kind(self, name: str | None) -> str:
        """``answer``, ``test``, ``essay``, ``given``, ``locked`` or, for any other cell, ``own``."""
        if name is None:
            return "own"
        for cell in self.cells:
            if identifier(cell) == name:
                if _is(cell, "grade"):
                    return "essay" if _is(cell, "solution") else "test"
                if _is(cell, "solution"):
                    return "answer"
                if cell.cell_type == "code":
                    return "given" if "given" in cell.metadata.get("tags", []) else "locked"
                return "locked"
        return "own"

    def cell(self, name: str) -> NotebookNode:
        return next(cell for cell in self.cells if identifier(cell) == name)


def sources(named: Path | None = None) -> Path:
    """The folder of the assignments' sources, which come with the repository and not with an installed library.

    Parameters
    ----------
    named : Path, optional
        The folder, if it was named. Else the one that MIRAGE_ASSIGNMENTS names, the one below the working folder, or that of
        the checkout which this library is part of.

    Raises
    ------
    FieldError
        If there is none.
    """
    if named is None and os.environ.get(SETTING):
        named = Path(os.environ[SETTING]).expanduser()
    checkout = Path(__file__).resolve().parents[2]
    for folder in (SOURCES, checkout / SOURCES) if named is None else (named,):
        if folder.is_dir():
            return folder
    raise FieldError(
        "sources",
        str(SOURCES if named is None else named),
        "the folder of the assignments with their solutions, which is not part of the installed library: copy the book's "
        f"repository and name its {SOURCES.as_posix()} with --sources or in {SETTING}, or give the command in that copy",
    )


def assignments(folder: Path) -> list[str]:
    """Names of the assignments in a folder, in order."""
    return sorted(
        path.parent.name for path in folder.glob("*/*.ipynb") if path.stem == path.parent.name
    )


def find(folder: Path, wanted: str) -> str:
    """The assignment meant by ``3`` or by its whole name.

    Raises
    ------
    FieldError
        If there is none.
    """
    names = assignments(folder)
    for name in names:
        if wanted == name or name.split("_", 1)[0] == wanted:
            return name
    raise FieldError(
        "A", wanted, f"one of {', '.join(names)}" if names else f"an assignment in {folder}"
    )


def assignment(folder: Path, name: str) -> Assignment:
    """Read the source of one assignment.

    Raises
    ------
    DataError
        If it is damaged, or two cells share one name.
    """
    path = folder / name / f"{name}.ipynb"
    content = path.read_bytes()
    cells = nbformat.reads(content.decode(), as_version=4).cells
    names = [n for n in map(identifier, cells) if n is not None]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise DataError(f"{path}: more than one cell is named {', '.join(twice)}")
    return Assignment(name, path, cells, hashlib.sha256(content).hexdigest())


# ---------------------------------------------------------------- submissions


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


# ---------------------------------------------------------------- which of several


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


def _told(metadata: dict[str, Any]) -> str:
    told = metadata.get("mirage")
    name = told.get("assignment") if isinstance(told, dict) else None
    return name if isinstance(name, str) else ""


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


def _most(value: Callable[[_Copy], float]) -> Callable[[list[_Copy]], list[_Copy]]:
    """Of several, those with the greatest value."""
    return lambda pool: [copy for copy in pool if value(copy) == max(map(value, pool))]


def _newest(pool: list[_Copy]) -> list[_Copy]:
    """Those changed last. Files that were unpacked together differ by moments, which tells nothing."""
    return [copy for copy in pool if copy.time > max(each.time for each in pool) - 2]


def _choose(found: list[Path], folder: Path, wanted: Assignment) -> tuple[_Copy, list[str]]:
    """The notebook to mark, and the notes that say why it is this one."""
    attempts = {path: attempt(path.stem, wanted.name) for path in found}
    likely = sorted(found, key=lambda path: (attempts[path] is None, -path.lstat().st_mtime, path))
    copies = [_copy(path, attempts[path]) for path in likely[:CANDIDATES]]
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


def _copy(path: Path, number: int | None) -> _Copy:
    found = path.lstat()
    cells, metadata, problem = read_notebook(path)
    return _Copy(path, number, found.st_mtime, found.st_size, cells, metadata, problem)


# ---------------------------------------------------------------- reading


def clean(text: str) -> str:
    """Text in which every lone surrogate, which no file and no pipe can take, is a replacement character."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(each) for key, each in value.items()}
    return value


def _load(path: Path) -> tuple[Any, str]:
    """The content of a file as JSON, with every text in it clean; and why there is none."""
    try:
        # A pipe that took the place of the file would keep a reader waiting.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                return None, (
                    f"notebook has {size / 1e6:,.0f} MB, more than {LARGEST / 1e6:.0f}: clear its outputs and hand it in again"
                )
            text = file.read(LARGEST + 1).decode("utf-8-sig")
        content = json.loads(text)
        # JSON in UTF-8 can hold a surrogate only as an escape.
        return (_cleaned(content) if re.search(r"\\u[dD][89a-fA-F]", text) else content), ""
    except OSError as error:
        return None, f"notebook cannot be read: {error.strerror}"
    except RecursionError:
        return None, "notebook is damaged: lists within lists, too deep to be read"
    except ValueError as error:
        return None, f"notebook is damaged, it is not JSON: {clean(str(error))[:120]}"


def read_notebook(path: Path) -> tuple[list[NotebookNode], dict[str, Any], str]:
    """The cells of a file, its metadata, and what is wrong with it (an empty text, or why there are no cells).

    No text in them has a lone surrogate, so that all of it can be written, sent and printed.
    """
    content, problem = _load(path)
    if problem:
        return [], {}, problem
    try:
        if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
            raise ValueError("it has no field nbformat")
        notebook = nbformat.from_dict(content)
        if notebook.nbformat != 4:
            notebook = nbformat.convert(notebook, 4)
        if len(notebook.cells) > CELLS:
            return [], {}, f"notebook has {len(notebook.cells):,} cells, more than {CELLS:,}"
        metadata = notebook.get("metadata")
        cells = [_cell(cell) for cell in notebook.cells]
        return cells, metadata if isinstance(metadata, dict) else {}, ""
    except Exception as error:  # nbformat raises many kinds, and none tells more than its text
        return [], {}, f"notebook is damaged: {type(error).__name__}: {clean(str(error))[:120]}"


def _cell(cell: Any) -> NotebookNode:
    """A cell with the fields the grader reads, each of the type it expects."""
    source = cell["source"]
    text = "".join(source) if isinstance(source, list) else source
    if cell["cell_type"] not in ("code", "markdown", "raw") or not isinstance(text, str):
        raise ValueError("a cell without type or text")
    metadata = cell.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    return NotebookNode(cell_type=cell["cell_type"], source=text, metadata=NotebookNode(kept))


def restored(cells: list[NotebookNode], wanted: Assignment) -> tuple[list[NotebookNode], list[str]]:
    """The cells with the types of the assignment's, as nbgrader restores them, and the names of those that had another."""
    types = {identifier(cell): cell.cell_type for cell in wanted.cells}
    types.pop(None, None)
    found, names = [], []
    for cell in cells:
        name = identifier(cell)
        if name is not None and types.get(name, cell.cell_type) != cell.cell_type:
            cell = NotebookNode({**cell, "cell_type": types[name]})
            names.append(name)
        found.append(cell)
    return found, list(dict.fromkeys(names))


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


# ---------------------------------------------------------------- what is written in it


def written(cell: NotebookNode) -> str:
    """What a student wrote into an answer or essay: nothing, if it is as it was handed out."""
    if cell.cell_type == "code":
        return (
            ""
            if re.search(r"^[ \t]*raise NotImplementedError", cell.source, re.M)
            else cell.source.strip()
        )
    return _answer(cell.source)


def essays(cells: Iterable[NotebookNode], wanted: Assignment) -> dict[str, list[str]]:
    """The parts of each essay in order: its cell, or those it was split into, and prose in cells of one's own beside it.

    Beside it means between the cells of the assignment that come before and after the essay.

    Parameters
    ----------
    cells : iterable of NotebookNode
        Of a submission.
    wanted : Assignment

    Returns
    -------
    dict of str to list of str
        By essay. One that was left empty has no parts; one that was deleted, with nothing written in its place, is
        not there.
    """
    squeezed = lambda text: "".join(text.split())  # noqa: E731
    texts = {squeezed(cell.source) for cell in wanted.cells if identifier(cell) is None}
    names = [identifier(cell) for cell in wanted.cells]
    questions = {
        squeezed(before.source) if name is None else name: essay
        for name, before, essay in zip(names, wanted.cells, names[1:], strict=False)
        if wanted.kind(essay) == "essay"
    }
    parts: dict[str, list[str]] = {}
    place: str | None = None  # the essay beside whose cell this one is
    for cell in cells:
        name, text = identifier(cell), squeezed(cell.source)
        if wanted.kind(name) == "essay":
            place = name
            parts.setdefault(name or "", [])
        elif wanted.kind(name) != "own" or text in texts:
            place = questions.get(text if name is None else name)
            continue
        elif text and not _is_prose(cell):
            place = None
        if place is not None and (answer := _answer(cell.source)):
            # Who splits a cell may leave all of the text in one of the parts.
            before = [each for each in parts.get(place, []) if each != answer]
            parts[place] = [*before, answer]
    return parts


def _answer(text: str) -> str:
    return text.replace("YOUR ANSWER HERE", "").strip()


def _is_prose(cell: NotebookNode) -> bool:
    """Text, or what was typed into a new cell, which is one of code, and is none."""
    if cell.cell_type != "code":
        return True
    try:
        ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not re.search(r"^[ \t]*[%!]", cell.source, re.M)
    return False
