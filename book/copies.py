"""Copies of the chapters that read like the book wherever a notebook is opened.

A chapter is written once, in MyST, for the book; JupyterLab understands a part of MyST, other programs none.
So readers get copies, made from the chapter and never edited by hand (see `readable`):

- *live*, for JupyterLab (``make lab``, Binder): a number in the text is an expression that jupyterlab-myst
  evaluates in the kernel, and shows the published value until then;
- *still*, for VS Code, Colab and any other program (``make chapters``, the download): numbers are written out.

In both, citations, cross-references, margin notes and exercises are plain Markdown; code that the page folds is
collapsed; solutions are folded.

    python book/copies.py live FOLDER
    python book/copies.py still FOLDER
    python book/copies.py colab FOLDER REPOSITORY REF
    python book/copies.py numbers            (notebooks/numbers.json, from the chapters that the last build executed)
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from readable import (
    CHAPTERS,
    ROOT,
    CopyError,
    Place,
    Published,
    chapters,
    in_solutions,
    pasted,
    rewrite,
    shown,
)

from mirage_utils.ground.write import replace

# The book's own Sphinx extension, for the few functions here that need it.
sys.path.append(str(ROOT / "book" / "_ext"))

NUMBERS = CHAPTERS / "numbers.json"
MADE = ".made.json"
"""In a folder of copies: the digest of each as it was written, to tell which have been edited since."""


# -- the numbers ------------------------------------------------------------------------------------


def glued(executed: NotebookNode) -> dict[str, Any]:
    """Values that an executed chapter glued, by name."""
    found = {}
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            record = output.get("metadata", {}).get("scrapbook")
            if record:
                text = output["data"][record["mime_prefix"] + "text/plain"]
                # An infinite float is written as a name; a float too large is read as infinite.
                found[record["name"]] = ast.literal_eval(re.sub(r"\binf\b", "1e999", text))
    return found


def published(chapter: str) -> Published:
    """What copies show of the published run of a chapter, from the file beside the chapters.

    Raises
    ------
    CopyError
        If the file has no such chapter.
    """
    known = json.loads(NUMBERS.read_text(encoding="utf-8"))
    if chapter not in known:
        raise CopyError(f"{NUMBERS.name} has no {chapter}: run `make numbers`")
    return Published(**known[chapter])


def cache_of_the_book() -> Path:
    """Where a build of the book in its usual place keeps what the chapters gave (there may be nothing yet)."""
    from mirage_book import digest

    return ROOT / "_build" / ".jupyter_cache" / digest()


def executed(chapter: NotebookNode, folder: Path) -> Published | None:
    """What copies show of the run in which a build executed a chapter; None if it has changed, or never was built.

    Parameters
    ----------
    chapter : NotebookNode
        As it is written.
    folder : Path
        The cache of the build.
    """
    from jupyter_cache import get_cache

    if not folder.is_dir():
        return None
    cache = get_cache(folder)
    try:
        record = cache.match_cache_notebook(chapter)
    except KeyError:
        return None
    return of_run(chapter, cache.get_cache_bundle(record.pk).nb)


def of_run(chapter: NotebookNode, run: NotebookNode) -> Published:
    """What copies of a chapter show of a run of it, whose code cells at least must be there."""
    values = glued(run)
    names = {content.partition(":")[0] for content in pasted(chapter)}
    codes = [cell for cell in run.cells if cell.cell_type == "code"]
    printed = {str(at): shown(codes[at]) for at in in_solutions(chapter)}
    return Published(
        {name: values[name] for name in sorted(names)},
        {at: text for at, text in printed.items() if text},
    )


# -- folders ----------------------------------------------------------------------------------------


def made(paths: Iterable[Path], place: Place, cache: Path) -> dict[str, str]:
    """Copies of chapters, as the text of each file by its name.

    What they show is that of the build whose cache is given, where a chapter stands as it was built, else of the
    published run.
    """
    found = {}
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        shows = executed(notebook, cache) or published(path.stem)
        result = rewrite(notebook, path.stem, shows, place)
        nbformat.validate(result)
        found[path.name] = nbformat.writes(result) + "\n"
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _as_written(notes: Path) -> dict[str, str]:
    """Digest of each copy as it was written; none where the notes are missing or damaged, and all copies are kept."""
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(texts: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Write copies, but over none that somebody has worked in.

    Parameters
    ----------
    texts : mapping of str to str
        Text of each file by its name.
    folder : Path
        Made if missing.

    Returns
    -------
    dict of str to str
        What became of each file: ``"written"``; ``"kept"``, edited since and its chapter unchanged; or
        ``"outdated"``, edited since and kept although its chapter has changed.

    Raises
    ------
    CopyError
        If something that is no folder has the name of the folder.
    """
    if folder.exists() and not folder.is_dir():
        raise CopyError(f"{folder}: expected a folder, or nothing yet")
    folder.mkdir(parents=True, exist_ok=True)
    notes = folder / MADE
    before = _as_written(notes)
    outcome = {}
    for name, text in texts.items():
        path, content = folder / name, text.encode()
        there = path.read_bytes() if path.is_file() else None
        if there == content:
            outcome[name] = "written"
        elif path.is_dir() or (there is not None and _digest(there) != before.get(name)):
            outcome[name] = "kept" if before.get(name) == _digest(content) else "outdated"
            continue
        else:
            replace(path, content)
            outcome[name] = "written"
        # After each file: whoever stops this midway has edited none of them.
        before[name] = _digest(content)
        replace(notes, (json.dumps(before, indent=1) + "\n").encode())
    return outcome


def requirement(repository: str, ref: str) -> str:
    """The library at one state of the repository, with what the chapters need."""
    return f"mirage-utils[chapters,train] @ git+{repository}@{ref}"


def _write_numbers() -> int:
    cache = cache_of_the_book()
    runs = {p.stem: executed(nbformat.read(p, as_version=4), cache) for p in chapters()}
    missing = [name for name, run in runs.items() if run is None]
    if missing:
        print(f"not executed as they stand: {', '.join(missing)}; run `make html`", file=sys.stderr)
        return 1
    text = json.dumps(
        {name: asdict(run) for name, run in runs.items()}, indent=1, ensure_ascii=False
    )
    replace(NUMBERS, (text + "\n").encode())
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Write copies; returns the exit status."""
    parser = argparse.ArgumentParser(description="Copies of the chapters for other programs.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, words in (("live", "for JupyterLab"), ("still", "for any other program")):
        kinds.add_parser(kind, help=words).add_argument("folder", type=Path)
    colab = kinds.add_parser("colab", help="for Colab: the first code cell installs the library")
    colab.add_argument("folder", type=Path)
    colab.add_argument("repository")
    colab.add_argument("ref")
    kinds.add_parser("numbers", help="notebooks/numbers.json, from what the last build executed")
    options = parser.parse_args(argv)
    if options.kind == "numbers":
        return _write_numbers()
    from site_address import addresses

    site = addresses()[0]
    place = Place(live=options.kind == "live", site=site)
    if options.kind == "colab":
        needs = requirement(options.repository, options.ref)
        place = Place(site=site, beside=not site, needs=needs, installs=True)
    try:
        outcome = write(made(chapters(), place, cache_of_the_book()), options.folder)
    except CopyError as error:
        print(error, file=sys.stderr)
        return 1
    for name, what in outcome.items():
        if what == "outdated":
            print(
                f"{options.folder / name}: you have worked in this copy, so it is kept, but the chapter has changed: "
                "rename or delete it to get the chapter as it is now",
                file=sys.stderr,
            )
    kept = sum(what != "written" for what in outcome.values())
    print(
        f"{len(outcome) - kept} chapters written to {options.folder}, {kept} kept as you left them"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
