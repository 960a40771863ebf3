"""The folder ``live`` of the site, part by part: a part is made again when something that it is made of has changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path

from filelock import FileLock, Timeout

from mirage_utils.errors import DataError
from mirage_utils.ground.write import replace

from . import archive, carriers, lab, library, licences, science

ROOT = Path(__file__).resolve().parents[2]
ABOUT = "about.json"
"""What the page reads first: names and sizes of files, and what a chapter needs."""

FORM = 2
"""Of that file, which the scripts of the pages know by this number: another one is of another state of the book."""

NOTES = "made.json"
"""Of what each part was made, and its files: what the next run goes by."""

_MACHINERY = ("carriers.py", "node.py", "node.mjs", "build.py")
"""What of this program every part depends on."""

SITE_PACKAGES = f"/lib/python{carriers.PYTHON}/site-packages"


class SiteError(DataError):
    """There is no built book to put it beside."""


@dataclass(frozen=True)
class Part:
    """Some files of the folder.

    Parameters
    ----------
    name : str
    made_of : iterable of bytes
        All that it depends on.
    make : callable
        Gives the files by their names below ``live``.
    """

    name: str
    made_of: Iterable[bytes]
    make: Callable[[], Mapping[str, bytes]]


def build(store: carriers.Store, site: Path) -> None:
    """Make what is missing or out of date.

    Parameters
    ----------
    store : Store
        The files of the distribution.
    site : Path
        The built book.

    Raises
    ------
    SiteError
        If there is no book.
    CarrierError, NodeError, LabError
        If a file cannot be had, or something cannot be made of it. What was there before stays.
    """
    sources = site / "_sources" / "notebooks"
    if not sources.is_dir():
        raise SiteError(f"{site}: no built book is there; run `make html` first")
    Builder(store, site).run()


class Builder:
    """Makes the parts that have changed; files of the distribution are fetched only for those."""

    def __init__(self, store: carriers.Store, site: Path) -> None:
        self._store = store
        self._site = site
        self._live = (site / "live").resolve()  # it may lie elsewhere

    def run(self) -> None:
        """Make what is missing or out of date; whoever comes while somebody else does, waits."""
        lock = FileLock(self._beside("lock"))
        try:
            held = lock.acquire(timeout=1)
        except Timeout:
            print("somebody else is making it: waiting until that is done", file=sys.stderr)
            held = lock.acquire()
        with held:
            self._run()

    def _beside(self, kind: str) -> Path:
        """A place next to the site, where nobody publishes it."""
        return self._site.parent / f".{self._site.name}.live.{kind}"

    def _run(self) -> None:
        notes = _read(self._live / NOTES)
        parts = self._parts()
        digests = {part.name: _digest(part.made_of) for part in parts}
        kept = [*notes.get("parts", {}).values(), notes.get("own", {})]
        if notes.get("made_of") == digests and all(map(self._there, kept)):
            print(f"nothing has changed: {self._live} is up to date")
            return
        aside = self._beside("under_way")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        try:
            made = {part.name: self._one(part, notes, digests[part.name], aside) for part in parts}
            self._finish(made, digests, aside)
            shutil.rmtree(self._live, ignore_errors=True)
            shutil.move(aside, self._live)  # a site may be a disk of its own
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _one(self, part: Part, notes: dict, digest: str, aside: Path) -> dict[str, str]:
        """Put a part's files there, taken over where they are up to date; gives their checksums by name."""
        before = notes.get("parts", {}).get(part.name, {})
        if notes.get("made_of", {}).get(part.name) == digest and self._there(before):
            for name in before:
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self._live / name, aside / name)
            return before
        print(f"making {part.name} ...", file=sys.stderr)
        files = part.make()
        for name, content in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            replace(aside / name, content)
        return {name: _sha256(content) for name, content in sorted(files.items())}

    def _there(self, sums: Mapping[str, str]) -> bool:
        """Whether files are there, and as they were made."""
        paths = {self._live / name: sha256 for name, sha256 in sums.items()}
        return all(p.is_file() and _sha256(p.read_bytes()) == sha256 for p, sha256 in paths.items())

    # -- the parts ---------------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        contents = self._contents()
        library_files = [
            part for item in library.files().items() for part in (item[0].encode(), item[1])
        ]
        versions = [metadata.version(name).encode() for name in lab.PACKAGES]
        runs = [(ROOT / name).read_bytes() for names in library.runs().values() for name in names]
        return [
            Part(
                "packages",
                _code(
                    "pins.json",
                    "loaded.json",
                    "science.py",
                    "compiling.py",
                    "archive.py",
                    "licences.py",
                    "lab.py",
                    *_MACHINERY,
                )
                + versions,
                self._packages,
            ),
            Part(
                "library",
                [
                    *_code("pins.json", "library.py", "compiling.py", "archive.py", *_MACHINERY),
                    _library().encode(),
                    *library_files,
                    *runs,
                ],
                lambda: _below("archives", library.packed(self._core)),
            ),
            Part(
                "notebook",
                [
                    *_code(
                        "pins.json",
                        "loaded.json",
                        "science.py",
                        "lab.py",
                        "archive.py",
                        *_MACHINERY,
                    ),
                    *versions,
                    *(p for i in contents.items() for p in (i[0].encode(), i[1])),
                ],
                lambda: self._lab(contents),
            ),
        ]

    @cached_property
    def _core(self) -> Path:
        return self._store.core()

    @cached_property
    def _files(self) -> dict[str, bytes]:
        return science.packages(self._store)

    @cached_property
    def _kept(self) -> dict[str, bytes]:
        return science.kept(self._files)

    @cached_property
    def _kernel(self) -> dict[str, bytes]:
        files = carriers.from_lock(self._store.path(carriers.lock_file()), "for_notebook")
        return lab.kernel(self._store.path(file) for file in files)

    def _packages(self) -> Mapping[str, bytes]:
        archives = science.archives(self._core, self._kept, science.loaded()["modules"])
        core = {file.name: (self._core / file.name).read_bytes() for file in carriers.core()}
        return {
            **_below("pyodide", core),
            **_below("archives", archives),
            "licences.txt": licences.text(self._files | self._kernel).encode(),
        }

    def _contents(self) -> dict[str, bytes]:
        """The notebooks that the plain notebook shows: chapters as readers get them, assignments as students do."""
        chapters = sorted((self._site / "_sources" / "notebooks").glob("*.ipynb"))
        assignments = sorted((self._site / "_static" / "assignments").glob("*.ipynb"))
        return {
            path.name: lab.opened_at_once(path.read_bytes()) for path in (*chapters, *assignments)
        }

    def _lab(self, contents: Mapping[str, bytes]) -> Mapping[str, bytes]:
        made = lab.built(contents, ["first", "library", "kernel"], "../../pyodide/")
        kernel = science.kept(self._kernel)
        # The kernel begins where no chapter's page does, with more of IPython.
        later = science.later(self._kept, science.loaded()["modules"])
        kernel |= {name: self._files[name] for name in later if name.startswith(lab.NEEDED)}
        archives = {"kernel.tar": archive.packed(kernel), "nothing.tar": lab.NOTHING}
        return {**_below("lab", made), **_below("archives", archives)}

    # -- what the page reads of it --------------------------------------------------------------------------

    def _finish(
        self, parts: dict[str, dict[str, str]], digests: dict[str, str], aside: Path
    ) -> None:
        archives = sorted(
            path.relative_to(aside).as_posix() for path in (aside / "archives").iterdir()
        )
        first = [f"archives/{name}.tar" for name in ("first", "library")]
        ways = {
            f"../{n}": _sha256((aside / n).read_bytes()) for n in (*first, "archives/kernel.tar")
        }
        own = {f"pyodide/{carriers.LOCK}": lab.lock(ways).encode()}
        core = [f"pyodide/{file.name}" for file in carriers.core()]
        sizes = {name: _sizes(aside / name) for name in (*core, *archives)}
        runs = science.loaded()["runs"]
        about = {
            "version": _digest((aside / name).read_bytes() for name in (*core, *archives)),
            "library": _library(),
            "core": "pyodide/",
            "files": sizes,
            "archives": {
                "first": first,
                "chapters": {
                    chapter: [f"archives/{run}.tar" for run in names]
                    for chapter, names in runs.items()
                },
            },
            "site_packages": SITE_PACKAGES,
            "platform": carriers.PINS["platform"],
            "form": FORM,
        }
        own[ABOUT] = (json.dumps(about, indent=1) + "\n").encode()
        for name, content in own.items():
            replace(aside / name, content)
        sums = {name: _sha256(content) for name, content in own.items()}
        notes = {"made_of": digests, "parts": parts, "own": sums}
        replace(aside / NOTES, (json.dumps(notes, indent=1) + "\n").encode())
        whole = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file())
        start = sum(sizes[name]["wire"] for name in (*core, *first))
        print(
            f"{self._live}: {whole / 1e6:.1f} MB; a first chapter needs {start / 1e6:.1f} MB as they are sent"
        )


def _code(*names: str) -> list[bytes]:
    """What of this program a part depends on."""
    return [Path(__file__).with_name(name).read_bytes() for name in names]


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(contents: Iterable[bytes]) -> str:
    sha = hashlib.sha256()
    for content in contents:
        sha.update(hashlib.sha256(content).digest())
    return sha.hexdigest()[:16]


def _read(about: Path) -> dict:
    try:
        found = json.loads(about.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    parts = found.get("parts") if isinstance(found, dict) else None
    known = isinstance(parts, dict) and isinstance(found.get("made_of"), dict)
    sums = [*parts.values(), found.get("own")] if known else [None]
    return found if all(isinstance(each, dict) for each in sums) else {}


def _sizes(path: Path) -> dict[str, int | str]:
    """Bytes of a file, and on the wire, where servers pack what is not packed yet; and its checksum."""
    content = path.read_bytes()
    packed = path.suffix in (".tar", ".zip")
    return {
        "bytes": len(content),
        "wire": len(content) if packed else len(gzip.compress(content, 6, mtime=0)),
        "sha256": _sha256(content),
    }


@cache
def _library() -> str:
    """Digest of the library, as the pages of the book have it."""
    sys.path.append(str(ROOT / "book" / "_ext"))
    import live

    return live.library()
