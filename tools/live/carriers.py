"""Where the files come from: a folder, Pyodide's own address, or packages that carry the same bytes.

A file is what its checksum says, whatever brought it; so it does not matter who carries it, and a carrier may be replaced.
What has come once is kept, file by file: an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import requests
import urllib3
from remotezip import RemoteIOError, RemoteZip, RemoteZipError
from tqdm import tqdm

from mirage_utils.errors import DataError
from mirage_utils.ground.write import replace

PINS = json.loads(Path(__file__).with_name("pins.json").read_text(encoding="utf-8"))
LOCK = "pyodide-lock.json"
PYTHON = PINS["platform"]["python"].rpartition(".")[0]
"""Of the page, such as ``3.14``."""
_WAIT = 30.0  # seconds for a server to answer


class CarrierError(DataError):
    """A file could not be brought, or is not the one that its checksum says."""


@dataclass(frozen=True)
class File:
    """A file of the distribution.

    Parameters
    ----------
    name : str
    sha256 : str
    address : str
        Where it is public on its own; empty where it comes with Pyodide.
    """

    name: str
    sha256: str
    address: str = ""


class NotCarriedError(Exception):
    """This carrier does not have the file, or cannot be reached; the words say which."""


class Carrier(Protocol):
    """Something that may have a file."""

    name: str

    def bring(self, file: File) -> bytes:
        """The content of a file; raises `NotCarriedError`."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder that somebody prepared."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def bring(self, file: File) -> bytes:
        try:
            return (self.path / file.name).read_bytes()
        except OSError as error:
            raise NotCarriedError(error.strerror or "cannot be read") from None


class _Remote:
    """What lies at an address. An address that could not be reached once is not asked again for every file."""

    def __init__(self, address: str) -> None:
        self.name = address
        self._trouble = ""

    def bring(self, file: File) -> bytes:
        if self._trouble:
            raise NotCarriedError(self._trouble)
        try:
            return self._bring(file)
        except (requests.ConnectionError, requests.Timeout, RemoteIOError) as error:
            self._trouble = f"cannot be reached ({type(error).__name__})"
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,  # of an archive read in parts, whose server breaks off
            RemoteZipError,
            tarfile.TarError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
        ) as error:
            # A portal's page, a server without ranges, half a package.
            raise NotCarriedError(
                f"does not give what it should ({type(error).__name__})"
            ) from None
        raise NotCarriedError(self._trouble)

    def _bring(self, file: File) -> bytes:
        raise NotImplementedError


def _fetched(address: str) -> bytes:
    """What lies at an address, with progress."""
    with requests.get(address, stream=True, timeout=_WAIT) as answer:
        if answer.status_code != 200:
            raise NotCarriedError(f"{answer.status_code} {answer.reason}")
        size = int(answer.headers.get("content-length", 0)) or None
        name = address.rpartition("/")[2]
        with tqdm(
            total=size, unit="B", unit_scale=True, desc=name, leave=False, disable=None
        ) as bar:
            content = io.BytesIO()
            for part in answer.iter_content(1 << 16):
                content.write(part)
                bar.update(len(part))
    return content.getvalue()


class Address(_Remote):
    """Files at addresses of their own: Pyodide's, which have the name of the file in them, or that of a package index."""

    def _bring(self, file: File) -> bytes:
        return _fetched(self.name.format(name=file.name))


class Index(_Remote):
    """The Python Package Index, where each file has its own address."""

    def __init__(self) -> None:
        super().__init__("the Python Package Index")

    def _bring(self, file: File) -> bytes:
        if not file.address:
            raise NotCarriedError("has files of pure packages only")
        return _fetched(file.address)


class Zip(_Remote):
    """A package whose members are read one by one, where they lie: it is four times as large as what is needed of it."""

    def __init__(self, address: str, member: str) -> None:
        super().__init__(address)
        self._member = member

    @cached_property
    def _archive(self) -> RemoteZip:
        return RemoteZip(self.name, timeout=_WAIT)

    def _bring(self, file: File) -> bytes:
        try:
            about = self._archive.getinfo(self._member.format(name=file.name))
        except KeyError:
            raise NotCarriedError("does not have it") from None
        with (
            self._archive.open(about) as stream,
            tqdm(
                total=about.file_size,
                unit="B",
                unit_scale=True,
                desc=file.name,
                leave=False,
                disable=None,
            ) as bar,
        ):
            content = io.BytesIO()
            while part := stream.read(1 << 16):
                content.write(part)
                bar.update(len(part))
        return content.getvalue()


class Tar(_Remote):
    """A package that is fetched whole."""

    def __init__(self, address: str, member: str) -> None:
        super().__init__(address)
        self._member = member

    @cached_property
    def _archive(self) -> tarfile.TarFile:
        return tarfile.open(fileobj=io.BytesIO(_fetched(self.name)))

    def _bring(self, file: File) -> bytes:
        try:
            member = self._archive.extractfile(self._member.format(name=file.name))
        except KeyError:
            raise NotCarriedError("does not have it") from None
        return member.read() if member else b""


def carriers(folder: Path | None = None) -> list[Carrier]:
    """All carriers, in the order in which they are asked.

    Parameters
    ----------
    folder : Path, optional
        What ``MIRAGE_PYODIDE`` names.
    """
    kinds = {"tar": Tar, "zip": Zip}
    return [
        *([Folder(folder)] if folder else []),
        Address(PINS["official"]),
        *(kinds[c["kind"]](c["address"], c["member"]) for c in PINS["carriers"]),
        Index(),
    ]


class Store:
    """Files that have come, whole and checked.

    Parameters
    ----------
    folder : Path
        Where they are kept; made if missing.
    carriers : list of Carrier
        Who is asked for what is missing, in order.
    """

    def __init__(self, folder: Path, carriers: list[Carrier]) -> None:
        self.folder = folder
        self.carriers = carriers

    def path(self, file: File) -> Path:
        """Where a file lies, brought if it was not there.

        Raises
        ------
        CarrierError
            If no carrier has it, or one has something else under its name.
        """
        path = self.folder / file.name
        if path.is_file() and _sha256(path.read_bytes()) == file.sha256:
            return path
        reasons = []
        for carrier in self._asked(file):
            where = carrier.name.replace("{name}", file.name)
            try:
                content = carrier.bring(file)
            except NotCarriedError as error:
                reasons.append(f"  {where}: {error}")
                continue
            if (found := _sha256(content)) != file.sha256:
                wrong = f"not the file expected: its sha256 is {found}, expected {file.sha256}"
                if isinstance(carrier, Folder):  # which somebody prepared, and wants to know
                    raise CarrierError(
                        f"{file.name} in {where}: {wrong}. Remove it there, or name another folder in MIRAGE_PYODIDE."
                    )
                reasons.append(f"  {where}: {wrong}")
                continue
            self.folder.mkdir(parents=True, exist_ok=True)
            replace(path, content)
            return path
        raise CarrierError(
            f"{file.name} was found nowhere:\n" + "\n".join(reasons) + "\n"
            "Connect to the network, or put the file into a folder and name that in MIRAGE_PYODIDE."
        )

    def core(self) -> Path:
        """The folder in which Pyodide's core lies, brought if it was not there."""
        for file in core():
            self.path(file)
        return self.folder

    def _asked(self, file: File) -> Iterator[Carrier]:
        """Who is asked for a file: a pure package has its own address, and nobody else carries it."""
        for carrier in self.carriers:
            if isinstance(carrier, Folder) or isinstance(carrier, Index) == bool(file.address):
                yield carrier


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def lock_file() -> File:
    """Pyodide's own list of what it has built, by which everything else is checked."""
    return File(LOCK, PINS["lock"])


def core() -> list[File]:
    """Python itself, as a program for browsers."""
    return [File(name, sha256) for name, sha256 in PINS["core"].items()]


def from_lock(lock: Path, which: str = "from_lock") -> list[File]:
    """Packages that Pyodide has built, with the checksums of its lock file.

    Parameters
    ----------
    lock : Path
    which : str
        The list of the pins.
    """
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    return [File(packages[n]["file_name"], packages[n]["sha256"]) for n in PINS[which]]


def from_index() -> list[File]:
    """Pure packages."""
    return [
        File(entry["address"].rpartition("/")[2], entry["sha256"], entry["address"])
        for entry in PINS["from_index"].values()
    ]


def members(archive: Path) -> Iterable[tuple[str, bytes]]:
    """Names and contents of what a package holds: a wheel as it is, of a source archive what lies in ``src``."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for about in wheel.infolist():
                if not about.is_dir():
                    yield about.filename, wheel.read(about)
        return
    about = f"{archive.name.removesuffix('.tar.gz')}.dist-info"
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            name = member.name.partition("/")[2]
            stream = source.extractfile(member)
            if stream is None:
                continue
            if name.startswith("src/") and ".egg-info" not in name:
                yield name.removeprefix("src/"), stream.read()
            elif name == "PKG-INFO":
                yield f"{about}/METADATA", stream.read()
            elif name.upper().startswith("LICENSE"):
                yield f"{about}/licenses/{name}", stream.read()
