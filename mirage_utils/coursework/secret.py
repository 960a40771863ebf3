"""The secret of a course, from which the random points of the hidden tests follow."""

from __future__ import annotations

import secrets
from pathlib import Path

from ..errors import DataError
from ..ground.write import replace as write_whole

__all__ = ["SECRET", "kept_secret"]

SECRET = ".secret"


def kept_secret(place: Path) -> tuple[str, bool]:
    """The secret that lies in a folder of results; made where there is none, so that no two courses have the same.

    Parameters
    ----------
    place : Path
        An existing folder. The file is ``.secret``, which only its owner can read from the first moment on.

    Returns
    -------
    secret : str
    new : bool
        Whether it was made now.

    Raises
    ------
    DataError
        If the file is empty or no text.
    """
    path = place / SECRET
    try:
        found = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        made = secrets.token_hex(16)
        write_whole(path, f"{made}\n".encode(), mode=0o600)
        return made, True
    except UnicodeDecodeError:
        found = ""
    if not found:
        raise DataError(
            f"{path}: expected the secret of the course; without the file a new one is made, and all is marked again"
        )
    return found, False
