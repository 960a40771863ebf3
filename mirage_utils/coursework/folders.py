"""What lies in a folder that nobody vouches for: looked at without following links, and never for ever.

Nothing here is imported that is not in Python itself, so that the sandbox's process can use it too.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RECORD", "file_name", "files", "tree"]

RECORD = ".collected.json"
"""The file in a student's folder in which `collect` notes how it came."""
_DEPTH = 8  # folders within folders
_ENTRIES = 5_000  # files, links and folders in all


@dataclass(frozen=True)
class Tree:
    """The content of a folder.

    Attributes
    ----------
    files : list of Path
        Regular files, in order of their paths.
    links : list of Path
        Symbolic links, which are not followed.
    unseen : list of str
        What was not looked at, and why: too deep, too many, not readable.
    """

    files: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


def tree(folder: Path) -> Tree:
    """The content of a folder and of the folders in it, `_DEPTH` deep and `_ENTRIES` at most.

    Parameters
    ----------
    folder : Path
        An existing folder. Names in it may be anything that the system allows, such as bytes that are not UTF-8.

    Returns
    -------
    Tree
        Never raises for anything that lies in the folder. Pipes, sockets and devices are left out.
    """
    found = Tree()
    waiting, left = [(Path(folder), 0)], _ENTRIES
    # A list of folders that wait, and no recursion: os.walk of Python 3.11 gives up at a depth of about 1,000.
    while waiting:
        here, depth = waiting.pop()
        try:
            with os.scandir(here) as entries:
                listed = list(itertools.islice(entries, left + 1))
        except OSError as error:
            found.unseen.append(f"{here.name}: {error.strerror}")
            continue
        if len(listed) > left:
            found.unseen.append(f"more than {_ENTRIES:,} files and folders")
        listed = sorted(listed[:left], key=lambda entry: entry.name)
        left -= len(listed)
        for entry in listed:
            path = here / entry.name
            try:
                if entry.is_symlink():
                    found.links.append(path)
                elif entry.is_file(follow_symlinks=False):
                    found.files.append(path)
                elif entry.is_dir(follow_symlinks=False) and depth < _DEPTH:
                    waiting.append((path, depth + 1))
                elif entry.is_dir(follow_symlinks=False):
                    found.unseen.append(f"folders more than {_DEPTH} deep")
            except OSError as error:
                found.unseen.append(f"{entry.name}: {error.strerror}")
    found.files.sort()
    return found


def files(folder: Path) -> list[Path]:
    """The regular files in a folder, as `tree` finds them."""
    return tree(folder).files


# Names that Windows keeps for devices, whatever follows a dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)


def file_name(student: str) -> str:
    """The stem of the files about a student, which every system can write: the name itself, if it can.

    Of another name the part that it can write, and a digest, so that no two names share their files.
    """
    kept = re.sub(r'[\x00-\x1f<>:"/\\|?*\x7f\ud800-\udfff\ufffd]', "_", student)
    if len(kept.encode()) > 150:
        kept = kept.encode()[:139].decode(errors="ignore")
    kept = kept.rstrip(". ") or "_"
    if kept == student and not _DEVICES.fullmatch(kept) and not kept.startswith("."):
        return student
    kept = f"_{kept}" if _DEVICES.fullmatch(kept) else kept
    digest = hashlib.sha256(student.encode(errors="surrogatepass")).hexdigest()[:10]
    return f"{kept.lstrip('.')}-{digest}"
