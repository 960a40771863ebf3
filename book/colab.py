"""Chapters that open in Colab: each with a first cell that installs the library.

``python book/colab.py REPOSITORY REF OUT`` writes them; the workflow that publishes the book puts them on a
branch of their own, since Colab opens a notebook and nothing beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]


def requirement(repository: str, ref: str) -> str:
    """The library at one state of the repository, with what the chapters need."""
    return f"mirage-utils[chapters,train] @ git+{repository}@{ref}"


def write(repository: str, ref: str, out: Path, source: Path = ROOT / "notebooks") -> list[Path]:
    """Write every chapter with its first cell; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for chapter in sorted(source.glob("[0-9]*.ipynb")):
        notebook = nbformat.read(chapter, as_version=4)
        cell = nbformat.v4.new_code_cell(
            f'# Colab starts bare: this installs the library that the chapter uses.\n%pip install -q "{requirement(repository, ref)}"',
            id="colab",
        )
        notebook.cells.insert(0, cell)
        target = out / chapter.name
        nbformat.write(notebook, target)
        written.append(target)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 4:
        raise SystemExit("usage: python book/colab.py REPOSITORY REF OUT")
    for path in write(sys.argv[1], sys.argv[2], Path(sys.argv[3])):
        print(path)
