"""The site changes only as a whole, and only when something that it is made of has changed.

Sphinx writes into a folder beside the site. When a page is finished there and says the same as the one that is served,
the served file is not touched. A build without a warning notes what the site was made of; as long as all of that is the
same, and the site too, there is nothing to build. A build with warnings leaves no note, so the next one warns again.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import site_address
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

# What the book is made of; pages and what they include may lie elsewhere and are noted when they were read.
FOLDERS = ("book", "notebooks", "mirage_utils")
LIVE = "live"
"""Folder of the site with the Python for its pages, which `make live` puts there: no build of the book touches it."""
FILES = ("_config.yml", "_toc.yml", "requirements.txt", "CITATION.cff")


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder, but for hidden ones and compiled ones, which nothing is made of."""
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__")
        yield from (Path(where, name) for name in sorted(names) if not name.startswith("."))


def digest(path: Path) -> str:
    """Digest of a file; empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def digest_of_all(paths: Iterable[Path], root: Path) -> str:
    """One digest of files and of where they lie below a folder."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.relative_to(root).as_posix()}\0{digest(path)}\0".encode())
    return sha.hexdigest()


def sources(root: Path, others: Iterable[str] = ()) -> dict[str, str]:
    """Digest of every file that the book is made of.

    Parameters
    ----------
    root : Path
        The folder of the book.
    others : iterable of str, optional
        Further files, as ways from there.
    """
    found = {path for folder in FOLDERS for path in files(root / folder)}
    found |= {root / name for name in (*FILES, *others)}
    return {Path(os.path.relpath(path, root)).as_posix(): digest(path) for path in sorted(found)}


def settings(app: Sphinx) -> dict[str, Any]:
    """What else a page depends on: how the build was called, the packages, the address of the site."""
    return {
        "called with": json.loads(json.dumps(app.config.overrides, default=str, sort_keys=True)),
        "Python": sys.version,
        "packages": sorted(
            found.name for place in sys.path for found in Path(place).glob("*.dist-info")
        ),
        "address": list(site_address.addresses()),
    }


def results(build: Path) -> dict[str, str]:
    """What builds have made: the site, and what the pages' code gave."""
    site, caches = build / "html", build / ".jupyter_cache"
    executed = sorted(caches.glob("*/executed/*/base.ipynb"))
    pages = (path for path in files(site) if path.relative_to(site).parts[0] != LIVE)
    return {"site": digest_of_all(pages, site), "outputs": digest_of_all(executed, caches)}


def changed(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What differs, by name: files by their way from the book's folder."""
    kinds = [kind for kind in now if kind != "sources" and then.get(kind) != now[kind]]
    old, new = then.get("sources", {}), now["sources"]
    return kinds + sorted(f for f in old.keys() | new.keys() if old.get(f) != new.get(f))


class Publisher:
    """Decides whether there is something to build, and puts what was built in its place."""

    def begin(self, app: Sphinx) -> None:
        """End the build where nothing has changed, or else let it write beside the site."""
        self.site = None
        if app.builder.name != "html":
            _empty(Path(app.outdir))  # a page taken out of the book does not linger
            return
        site, root = Path(app.outdir), Path(app.srcdir)
        note = _note(site)
        then = _read(note)
        self.made_of = {
            "sources": sources(root, then.get("sources", ())),
            "settings": settings(app),
            **results(site.parent),
        }
        if then and not (different := changed(then, self.made_of)):
            logger.info(
                "nothing has changed since the last build: the book is in %s (make clean builds it again)",
                os.path.relpath(site),
            )
            raise SystemExit(0)
        if then:
            more = f" and {len(different) - 3} more" if len(different) > 3 else ""
            logger.info("changed since the last build: %s%s", ", ".join(different[:3]), more)
        aside = site.parent / f".{site.name}_under_way"
        _empty(aside)
        aside.mkdir(parents=True, exist_ok=True)
        self.site = site
        app.outdir = app.builder.outdir = type(app.outdir)(aside)

    def end(self, app: Sphinx, exception: Exception | None) -> None:
        """Put the new pages in their place; after a failure what was there before stays."""
        if self.site is None:
            return
        aside, site = Path(app.outdir), self.site
        if exception is None:
            note = _note(site)
            # First: a build killed from here on leaves a site that no note speaks for.
            note.unlink(missing_ok=True)
            written, removed = put_in_place(aside, site)
            logger.info("pages and files written: %d, removed: %d", written, removed)
            # Warnings of pages that were not read again would have been missed.
            if app.fresh_env_used and not app._warncount:
                self.made_of["sources"] |= _read_besides(app, self.made_of["sources"])
                self.made_of |= results(site.parent)
                _write(note, json.dumps(self.made_of, indent=1))
        shutil.rmtree(aside, ignore_errors=True)
        app.outdir = app.builder.outdir = type(app.outdir)(site)


def _note(site: Path) -> Path:
    return site.parent / f".{site.name}_made_of.json"


def _read(note: Path) -> dict[str, Any]:
    """The note of the last build; empty where there is none."""
    try:
        return json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


def _write(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def _read_besides(app: Sphinx, known: dict[str, str]) -> dict[str, str]:
    """Digest of every file that the pages were made of and that is not among those known."""
    root, env = Path(app.srcdir), app.env
    read = {Path(env.doc2path(name)) for name in env.found_docs}
    read |= {root / name for names in env.dependencies.values() for name in names}
    read |= {root / name for kind in (env.images, env.dlfiles) for name in kind}
    ways = {Path(os.path.relpath(path, root)).as_posix(): path for path in read}
    built = os.path.relpath(Path(app.outdir).parent, root)
    return {
        way: digest(path)
        for way, path in sorted(ways.items())
        if way not in known and not way.startswith(f"{built}/")
    }


def _empty(folder: Path) -> None:
    for entry in folder.iterdir() if folder.is_dir() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _all_files(folder: Path) -> dict[str, Path]:
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {way.as_posix(): path for way, path in found.items() if way.parts[0] != LIVE}


def put_in_place(new: Path, site: Path) -> tuple[int, int]:
    """Make a site equal to a new one, without touching files that are equal already.

    Parameters
    ----------
    new : Path
        The new site; its files are moved.
    site : Path

    Returns
    -------
    written, removed : int
        Number of files.
    """
    site.mkdir(parents=True, exist_ok=True)
    wanted, there = _all_files(new), _all_files(site)
    gone = there.keys() - wanted.keys()
    for name in gone:
        there[name].unlink()
    for folder in sorted((p for p in site.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    written = 0
    for name, path in wanted.items():
        if name in there and filecmp.cmp(path, there[name], shallow=False):
            continue
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, site / name)
        written += 1
    return written, len(gone)
