"""What every part of a copy needs: where the book lies, what a run showed, how a fault is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "notebooks"

Numbers = Mapping[str, Any]


@dataclass(frozen=True)
class Published:
    """What a copy shows of a run of its chapter.

    Parameters
    ----------
    numbers : mapping of str to bool, int, float or str
        Values that the text pastes, by name.
    printed : mapping of str to str
        What the code of solutions printed, by the place of the cell among the chapter's code cells.
    """

    numbers: Numbers
    printed: Mapping[str, str] = field(default_factory=dict)


class CopyError(ValueError):
    """A chapter holds something that no copy knows how to show."""


_PASTED = re.compile(r"\{glue:text\}`([^`]+)`")


def pasted(notebook: NotebookNode) -> list[str]:
    """What the text pastes, as ``name`` or ``name:format``, in order."""
    prose = (c.source for c in notebook.cells if c.cell_type == "markdown")
    return [content for text in prose for content in _PASTED.findall(text)]


def chapters() -> list[Path]:
    """The chapters as they are written, in order."""
    return sorted(CHAPTERS.glob("[0-9]*.ipynb"))
