"""Files of the distribution: who is asked for them, what is kept, and what is said when something is wrong."""

from __future__ import annotations

import errno
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
import urllib3
from remotezip import RemoteZipError

from tools.live import carriers
from tools.live.__main__ import main
from tools.live.carriers import (
    Address,
    CarrierError,
    File,
    Folder,
    Index,
    NotCarriedError,
    Store,
    Tar,
    Zip,
)

CONTENT = b"what a carrier carries"
NAME = "wheel-1.whl"
RIGHT = File(NAME, hashlib.sha256(CONTENT).hexdigest())


class Has:
    """A carrier with some content, which counts how often it is asked."""

    name = "somebody"

    def __init__(self, content: bytes | None) -> None:
        self.content, self.asked = content, 0

    def bring(self, file: File) -> bytes:
        self.asked += 1
        if self.content is None:
            raise NotCarriedError("does not have it")
        return self.content


def test_the_first_that_has_a_file_brings_it_and_it_is_kept(tmp_path):
    none, one, other = Has(None), Has(CONTENT), Has(CONTENT)
    store = Store(tmp_path / "kept", [none, one, other])
    assert store.path(RIGHT).read_bytes() == CONTENT
    assert store.path(RIGHT) == tmp_path / "kept" / NAME
    assert (none.asked, one.asked, other.asked) == (1, 1, 0)


def test_what_was_kept_and_has_changed_is_brought_again(tmp_path):
    (tmp_path / NAME).write_bytes(b"half")
    carrier = Has(CONTENT)
    assert Store(tmp_path, [carrier]).path(RIGHT).read_bytes() == CONTENT
    assert carrier.asked == 1


def test_a_corrupted_file_is_named_with_both_checksums_and_nothing_is_kept(tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / NAME).write_bytes(b"something else")
    store = Store(tmp_path / "kept", [Folder(tmp_path / "given"), Has(CONTENT)])
    with pytest.raises(CarrierError) as caught:
        store.path(RIGHT)
    said = str(caught.value)
    assert NAME in said
    assert str(tmp_path / "given") in said
    assert "MIRAGE_PYODIDE" in said
    assert RIGHT.sha256 in said
    assert hashlib.sha256(b"something else").hexdigest() in said
    assert not (tmp_path / "kept").exists()


def test_a_server_that_gives_something_else_is_a_reason_and_the_next_is_asked(tmp_path):
    portal, right = Has(b"<html>Please sign in</html>"), Has(CONTENT)
    assert Store(tmp_path / "one", [portal, right]).path(RIGHT).read_bytes() == CONTENT
    with pytest.raises(CarrierError, match="found nowhere") as caught:
        Store(tmp_path / "two", [portal]).path(RIGHT)
    assert RIGHT.sha256 in str(caught.value)


@pytest.mark.parametrize("content", [b"<html>Please sign in</html>", b"", b"\x1f\x8b\x08\x00half"])
def test_a_package_that_is_none_is_a_reason(content, monkeypatch):
    monkeypatch.setattr(carriers, "_fetched", lambda address: content)
    with pytest.raises(NotCarriedError, match="does not give what it should"):
        Tar("https://example.org/package.tgz", "package/{name}").bring(RIGHT)


def test_a_server_without_ranges_is_a_reason(monkeypatch):
    def refused(*_, **__):
        raise RemoteZipError("no ranges")

    monkeypatch.setattr(carriers, "RemoteZip", refused)
    with pytest.raises(NotCarriedError, match="does not give what it should"):
        Zip("https://example.org/package.whl", "package/{name}").bring(RIGHT)


def test_a_server_that_breaks_off_within_a_member_is_a_reason(monkeypatch):
    class Half(io.BytesIO):
        def read(self, size=-1):
            raise urllib3.exceptions.ProtocolError("broken off")

    monkeypatch.setattr(carriers, "RemoteZip", lambda *_, **__: SimpleNamespace(
        getinfo=lambda name: SimpleNamespace(file_size=9), open=lambda about: Half()))  # fmt: skip
    with pytest.raises(NotCarriedError, match=r"does not give what it should \(ProtocolError\)"):
        Zip("https://example.org/package.whl", "package/{name}").bring(RIGHT)


def test_stopping_and_a_full_disk_are_told_in_a_line(monkeypatch, capsys, tmp_path):
    site = ["--site", str(tmp_path / "html"), "--kept", str(tmp_path / "kept")]
    for error, status in ((KeyboardInterrupt(), 130), (OSError(errno.ENOSPC, "No space left"), 1)):

        def fails(*_, error=error):
            raise error

        monkeypatch.setattr("tools.live.build.build", fails)
        assert main(site) == status
    stopped, full = capsys.readouterr().err.splitlines()
    assert stopped == "make live: stopped; what was there before is as it was"
    assert "No space left" in full
    assert str(tmp_path / "kept") in full


def test_a_folder_that_is_not_there_is_told(monkeypatch, capsys):
    monkeypatch.setenv("MIRAGE_PYODIDE", "nowhere/at/all")
    assert main([]) == 1
    assert "MIRAGE_PYODIDE = 'nowhere/at/all': no such folder" in capsys.readouterr().err


def test_where_nobody_has_it_every_carrier_is_named_with_its_reason(tmp_path):
    store = Store(tmp_path / "kept", [Folder(tmp_path / "nowhere"), Has(None)])
    with pytest.raises(CarrierError, match="found nowhere") as caught:
        store.path(RIGHT)
    said = str(caught.value)
    assert f"{tmp_path / 'nowhere'}: No such file" in said
    assert "somebody: does not have it" in said
    assert "MIRAGE_PYODIDE" in said


def test_without_a_network_an_address_is_asked_once_and_not_for_every_file(tmp_path, monkeypatch):
    asked = []

    def refused(address, **_):
        asked.append(address)
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests, "get", refused)
    store = Store(tmp_path, [Address("https://example.org/{name}")])
    for name in ("a.whl", "b.whl"):
        with pytest.raises(CarrierError, match=r"cannot be reached \(ConnectionError\)"):
            store.path(File(name, RIGHT.sha256))
    assert asked == ["https://example.org/a.whl"]


def test_a_pure_package_comes_from_its_own_address_and_pyodides_files_do_not(tmp_path, monkeypatch):
    asked = []

    def answered(address):
        asked.append(address)
        return CONTENT

    monkeypatch.setattr(carriers, "_fetched", answered)
    store = Store(tmp_path, [Address("https://example.org/full/{name}"), Index()])
    store.path(File(NAME, RIGHT.sha256))
    (tmp_path / NAME).unlink()
    store.path(File(NAME, RIGHT.sha256, "https://example.org/index/wheel-1.whl"))
    assert asked == [f"https://example.org/full/{NAME}", "https://example.org/index/wheel-1.whl"]


def test_a_file_in_a_package_of_another(tmp_path, monkeypatch):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        about = tarfile.TarInfo(f"package/{NAME}")
        about.size = len(CONTENT)
        archive.addfile(about, io.BytesIO(CONTENT))
    monkeypatch.setattr(carriers, "_fetched", lambda address: buffer.getvalue())
    carrier = Tar("https://example.org/package.tgz", "package/{name}")
    assert carrier.bring(RIGHT) == CONTENT
    with pytest.raises(NotCarriedError, match="does not have it"):
        carrier.bring(File("other.whl", ""))


def test_what_a_server_says_is_said(monkeypatch):
    class Answer:
        status_code, reason = 404, "Not Found"

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    monkeypatch.setattr(requests, "get", lambda *_, **__: Answer())
    with pytest.raises(NotCarriedError, match="404 Not Found"):
        Address("https://example.org/{name}").bring(RIGHT)


def test_the_folder_somebody_prepared_is_asked_first():
    names = [carrier.name for carrier in carriers.carriers(Path("prepared"))]
    assert names[0] == "prepared"
    assert names[1] == carriers.PINS["official"]
    assert len(names) == 3 + len(carriers.PINS["carriers"])


def test_every_file_is_pinned():
    files = [carriers.lock_file(), *carriers.core(), *carriers.from_index()]
    assert all(len(file.sha256) == 64 for file in files)
    assert len({file.name for file in files}) == len(files)
    assert all(file.address.startswith("https://") for file in carriers.from_index())


def test_members_of_a_wheel_and_of_a_source_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "a-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("a/__init__.py", "x = 1")
    assert dict(carriers.members(tmp_path / "a-1-py3-none-any.whl")) == {"a/__init__.py": b"x = 1"}
    with tarfile.open(tmp_path / "b-2.tar.gz", "w:gz") as source:
        for name in (
            "src/b/__init__.py",
            "src/b.egg-info/SOURCES.txt",
            "PKG-INFO",
            "LICENSE.txt",
            "setup.py",
        ):
            about = tarfile.TarInfo(f"b-2/{name}")
            about.size = 1
            source.addfile(about, io.BytesIO(b"x"))
    assert set(dict(carriers.members(tmp_path / "b-2.tar.gz"))) == {
        "b/__init__.py", "b-2.dist-info/METADATA", "b-2.dist-info/licenses/LICENSE.txt",
    }  # fmt: skip
