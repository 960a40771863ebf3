"""Files fetched when a reader asks for them, whole and checked or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError
from .optional import package

__all__ = ["ChangedFileError", "FetchError", "cache", "retrieve"]


_PURPOSE = "fetching files"


class FetchError(DataError):
    """A file could not be fetched."""


class ChangedFileError(FetchError):
    """What was fetched is not what its checksum says."""


def cache() -> Path:
    """The user's cache folder of this project."""
    return Path(package("pooch", _PURPOSE).os_cache("mirage-book"))


def retrieve(
    address: str,
    into: str | os.PathLike[str],
    *,
    checksum: str | None,
    timeout: float = 30.0,
    progress: bool = False,
) -> Path:
    """Fetch a file, unless it is there already with the right checksum.

    Parameters
    ----------
    address : str
        Where the file lies; its last part becomes its name.
    into : path-like
        Folder to keep it in. It is moved there only when it is whole and its checksum is right.
    checksum : str or None
        Such as ``sha256:...``; None takes what comes.
    timeout : float
        Seconds to wait for the server.
    progress : bool
        Show a progress bar.

    Raises
    ------
    ChangedFileError
        If the checksum differs.
    FetchError
        If there is no network, no such file, or the folder cannot be written to.
    MissingPackageError
        If pooch is not installed.
    """
    pooch, requests = package("pooch", _PURPOSE), package("requests", _PURPOSE)
    pooch.get_logger().setLevel("WARNING")  # it reports every checksum to stderr
    try:
        return Path(
            pooch.retrieve(
                address,
                known_hash=checksum,
                fname=address.rpartition("/")[2],
                path=into,
                downloader=pooch.HTTPDownloader(timeout=timeout, progressbar=progress),
            )
        )
    except requests.HTTPError as error:
        answer = error.response
        assert answer is not None  # a status of 4xx or 5xx is what raises it
        raise FetchError(f"{address}: {answer.status_code} {answer.reason}") from None
    except requests.RequestException as error:
        raise FetchError(f"{address}: cannot be reached ({type(error).__name__})") from None
    except ValueError as error:  # what pooch raises for a wrong checksum
        raise ChangedFileError(f"{address}: not the file expected ({error})") from None
    except OSError as error:
        raise FetchError(f"{into}: cannot be written to ({error})") from None
