"""The visible checks of an assignment in a page, told step by step to its script as JSON.

Hidden tests and solutions are not needed and not there: a student's notebook brings the tests that it was handed out with.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FieldError
from .assignments.cells import identifier, is_set
from .assignments.nodes import node
from .handin import place_for
from .looking import Begun, Finding, Look, as_assignment, ended
from .marking.results import Marked, unmarked
from .packages import imported
from .sandbox.limits import Limits

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["check"]

_KINDS = {
    b"%PDF": "is a PDF",
    b"PK\x03\x04": "is a packed file, such as .zip or .docx",
    b"\x89PNG": "is a picture",
    b"\xff\xd8\xff": "is a picture",
    b"<": "is a page of HTML",
}
_HEAVY = ("numpy", "scipy.optimize", "scipy.stats", "sympy", "matplotlib.pyplot", "pandas")
_ELSEWHERE = "the command `check` says whether it will be there when this is marked"
_AGAIN = "Take it once more from where you worked on it, and choose it again."
_CHOOSE = "Choose the file that ends in .ipynb, as JupyterLab saves it."


def check(
    name: str, files: Mapping[str, bytes], tell: Callable[[str], None], released: bytes = b""
) -> None:
    """Look a notebook over in this process, and tell what is found as it is found.

    Each message is an object of JSON with a ``kind``. ``refused``: nothing was run, and ``text`` says why. ``begun``: the
    ``exercises`` with their points, a ``note``, how many ``seconds`` cells may take, and what is to be said of the one that
    ``ended`` all. ``cell``: the one that is run now. ``finding``: a line of the report. ``done``: ``text`` sums it up.

    Parameters
    ----------
    name : str
        The notebook's file.
    files : mapping of str to bytes
        The notebook, and what the student put beside it, by name.
    tell : callable
        Called with each message.
    released : bytes
        The notebook of the same assignment that this site offers, if it has one.
    """
    with tempfile.TemporaryDirectory() as folder:
        for each, content in files.items():
            (Path(folder) / _plain(each)).write_bytes(bytes(content))
        for message in _told(Path(folder) / _plain(name), bytes(files[name]), bytes(released)):
            tell(json.dumps(message))


def _plain(name: str) -> str:
    """The name of a file, which leads nowhere else."""
    return re.sub(r"[/\\\0]", "_", name)[-200:].lstrip(".") or "_"


def _told(path: Path, content: bytes, released: bytes) -> Iterator[dict[str, Any]]:
    """The messages of `check`."""
    try:
        look = Look(path)
    except FieldError as error:
        yield {"kind": "refused", "text": _unreadable(path.name, content, error.expected)}
        return
    exercises = _exercises(look, released)
    if not exercises:
        text = f"{path.name} is a notebook of no assignment: none of its cells is marked."
        yield {"kind": "refused", "text": text}
        return
    limits = Limits()
    yield {
        "kind": "begun",
        "exercises": [
            {"name": each.name, "called": each.called, "most": each.most, "essay": each.essay}
            for each in exercises.values()
        ],
        "note": "" if look.answered else "Nothing is answered yet.",
        "seconds": {"cell": limits.cell_seconds, "all": limits.total_seconds},
        "ended": ended("", "{why}").text,
    }
    _load(cell.source for cell in look.cells if cell.cell_type == "code")
    found: list[Finding] = []
    with place_for(path, limits, here=True) as place:
        for step in itertools.chain(_edition(look.cells, released), look.steps(place)):
            if isinstance(step, Begun):
                yield {"kind": "cell", "name": step.name, "number": step.number}
                continue
            found.append(step)
            yield {"kind": "finding", **asdict(step), "text": _explained(step.text)}
    yield {"kind": "done", "text": _summed(exercises.values(), found)}


def _exercises(look: Look, released: bytes) -> dict[str, Marked]:
    """All exercises by name; of the edition that is offered here also those that were deleted, since they count."""
    theirs = {each.name: each for each in unmarked(look.wanted)}
    if not theirs or not released or _another_edition(look.cells, _named(released)):
        return theirs
    whole = as_assignment(look.path, _cells(released))
    return {each.name: each for each in unmarked(whole)} | theirs


def _unreadable(name: str, content: bytes, expected: str) -> str:
    """Why a file cannot be looked over, for somebody who chose it by mistake or does not know what became of it."""
    start = content[:100].lstrip()
    kind = next((words for mark, words in _KINDS.items() if start.startswith(mark)), "")
    if kind or not content:
        return f"{name} {kind or 'is empty'}, and no notebook. {_CHOOSE}"
    script = not start.startswith((b"{", b"\xef\xbb\xbf")) and not name.lower().endswith(".ipynb")
    problem = expected.removeprefix("a notebook; this ")
    if script or "no field nbformat" in problem:
        return f"{name} is no notebook. {_CHOOSE}"
    advice = f" {_AGAIN}" if "damaged" in problem else ""
    return f"{name} {problem}.{advice}"


def _load(sources: Iterable[str]) -> None:
    """Import what a notebook begins with, which takes longest in a browser and is not for its cells to answer for."""
    wanted = {each for source in sources for each in imported(source)}
    for module in _HEAVY:
        if module.partition(".")[0] in wanted:
            with contextlib.suppress(Exception):
                importlib.import_module(module)


def _edition(cells: list[NotebookNode], released: bytes) -> list[Finding]:
    """Whether a notebook is of the edition that is offered here, and where its locked cells were changed."""
    if not released:
        return []
    ours = _named(released)
    theirs = _locked(cells, ours)
    if _another_edition(cells, ours):
        text = (
            "was handed out in another edition than this site's. Its own checks were run; ask your teacher which edition "
            "is marked"
        )
        return [Finding("notebook", True, text)]
    squeezed = lambda text: "".join("".join(text).split())  # noqa: E731
    text = "the cell was changed; your work is marked with the original"
    return [
        Finding(name, False, text)
        for name, cell in theirs.items()
        if squeezed(cell.source) != squeezed(ours[name].source)
    ]


def _cells(released: bytes) -> list[NotebookNode]:
    """The cells of the notebook that this site offers."""
    cells = json.loads(released)["cells"]
    # A text may be a list of lines.
    return [node({**cell, "source": "".join(cell["source"])}) for cell in cells]


def _named(released: bytes) -> dict[str, NotebookNode]:
    """Those that have a name."""
    return {name: cell for cell in _cells(released) if (name := identifier(cell))}


def _locked(cells: list[NotebookNode], ours: dict[str, NotebookNode]) -> dict[str, NotebookNode]:
    """Those cells that nobody should change, by name."""
    theirs = {name: cell for cell in cells if (name := identifier(cell)) in ours}
    return {name: cell for name, cell in theirs.items() if is_set(ours[name], "locked")}


def _another_edition(cells: list[NotebookNode], ours: dict[str, NotebookNode]) -> bool:
    """Whether a notebook was handed out with other cells than those of this site."""
    return any(_sum(c) not in ("", _sum(ours[name])) for name, c in _locked(cells, ours).items())


def _sum(cell: NotebookNode) -> str:
    """The checksum that nbgrader gave a cell when it was handed out; empty where there is none."""
    found = cell.metadata["nbgrader"].get("checksum")
    return found if isinstance(found, str) else ""


def _explained(text: str) -> str:
    """What a cell ended with; of what a browser does not have, that it may be there elsewhere."""
    if re.match(r"ModuleNotFoundError: No module named '", text):
        return f"{text}. It is not here in the browser; {_ELSEWHERE}"
    if re.match(
        "RuntimeError: (can't start new thread|Cannot stack switch)|OSError: .*emscripten", text
    ):
        return f"{text}. A browser cannot do this; {_ELSEWHERE}"
    return text


def _summed(exercises: Iterable[Marked], found: list[Finding]) -> str:
    """The points so far, and what is left to do."""
    wrong = {each.name for each in found if not each.ok}
    right = {each.name for each in found} - wrong
    tests = [each for each in exercises if not each.essay]
    most = sum(each.most for each in tests)
    got = sum(each.most for each in tests if each.name in right)
    left = sum(not each.ok for each in found)
    essays = [each.most for each in exercises if each.essay]
    words = "The essay ({:g} points) is" if len(essays) == 1 else "The essays ({:g} points) are"
    return " ".join([
        f"{got:g} of {most:g} points so far, by the checks that you can see.",
        *([f"{words.format(sum(essays))} read by a person."] if essays else []),
        "Nothing is left to do." if not left else f"{left} thing{'s' * (left > 1)} left to do.",
    ])  # fmt: skip
