"""What the text of a chapter refers to: references, pages, equations, the library; and where a copy is read."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from .base import CHAPTERS, ROOT, CopyError, chapters


@functools.cache
def _bibliography() -> Mapping[str, Any]:
    from pybtex.database import parse_file

    return parse_file(str(ROOT / "book" / "references.bib")).entries


def citation(key: str) -> tuple[str, str, str]:
    """Authors, year and address of an entry."""
    if key not in _bibliography():
        raise CopyError(f"no reference {key} in book/references.bib")
    entry = _bibliography()[key]
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*p.prelast_names, *p.last_names]).strip("{}") for p in people]
    more = len(names) > 2 or "others" in names[1:]
    authors = f"{names[0]} et al." if more else " and ".join(names)
    fields = entry.fields
    address = fields.get("url") or (f"https://doi.org/{fields['doi']}" if "doi" in fields else "")
    return authors, fields["year"], address


def link(words: str, address: str) -> str:
    return f"[{words}]({address})" if address else words


@functools.cache
def title(path: Path) -> str:
    """The first heading of a page or chapter."""
    if path.suffix == ".ipynb":
        text = nbformat.read(path, as_version=4).cells[0].source
    else:
        text = path.read_text(encoding="utf-8")
    return re.search(r"^# (.+)$", text, re.M)[1]


@functools.cache
def library() -> Mapping[str, str]:
    """The page on which each module of the library is described, as a way from a chapter."""
    return {
        module: f"../book/api/{page.name}"
        for page in sorted((ROOT / "book" / "api").glob("*.md"))
        for module in re.findall(r"^```\{api\} (\S+)", page.read_text(encoding="utf-8"), re.M)
    }


EQUATION = re.compile(r"\$\$([^$]*)\$\$(?: *\((eq-[\w-]+)\))?")


@functools.cache
def equations() -> Mapping[str, str]:
    """Number of each labelled equation, as the book counts them."""
    found = {}
    for chapter in chapters():
        text = "\n".join(c.source for c in nbformat.read(chapter, as_version=4).cells)
        labels = [label for _, label in EQUATION.findall(text) if label]
        found |= {label: f"{int(chapter.name[:2])}.{i}" for i, label in enumerate(labels, 1)}
    return found


@dataclass(frozen=True)
class Place:
    """Where a copy is read, which decides what its text can be.

    Parameters
    ----------
    live : bool
        Whether text is rendered by jupyterlab-myst, beside a kernel.
    site : str
        Address of the built book, ending in a slash; empty where not known.
    beside : bool
        Whether the other chapters lie in the same folder.
    needs : str
        What ``pip install`` must bring before the chapter runs; empty where it is installed.
    installs : bool
        Whether the first code cell does that.
    """

    live: bool = False
    site: str = ""
    beside: bool = True
    needs: str = ""
    installs: bool = False

    def address(self, way: str) -> str:
        """Where a link within the book leads from the copy; empty if nowhere. Notebooks have no anchors."""
        target, _, anchor = way.partition("#")
        path = (CHAPTERS / target).resolve()
        if self.beside and path.parent == CHAPTERS:
            return target
        if not self.site:
            return ""
        page = path.relative_to(ROOT).with_suffix(".html").as_posix()
        return f"{self.site}{page}" + (f"#{anchor}" if anchor else "")
