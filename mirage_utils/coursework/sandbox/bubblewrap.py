"""Bubblewrap: whether it works here, and the arguments with which it fences a process in."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .surroundings import a_user_of_its_own, environment, font_list, to_read, within

__all__ = ["HANDED_IN", "IN_MEMORY", "bubblewrap_problem", "last_words", "walls"]

# The process is the first of its own table: beside it there is none, such as bubblewrap's, that has no limits and no filter
# and whose memory it could write.
_WALLS = ("--unshare-all", "--die-with-parent", "--new-session", "--uid", "1000", "--gid", "1000", "--as-pid-1")  # fmt: skip
# Where the process takes another user itself (see `a_user_of_its_own`): the same but for the namespace of users. Bubblewrap's own
# process is beside it then, another user's, whose memory it cannot write; with it, all ends when the grader does.
_WALLS_OF_ROOT = (
    "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session",
    "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID",
)  # fmt: skip
IN_MEMORY = ("/tmp", "/dev/shm")
"""Folders to write beside the working folder."""
HANDED_IN = "/handed-in"
"""Where the process finds what was handed in beside the notebook."""


@functools.cache
def bubblewrap_problem() -> str:
    """Why bubblewrap cannot be used here, in its own words if it has any; empty where it works."""
    if sys.platform != "linux":
        return "there is none for this system"
    program = shutil.which("bwrap")
    if program is None:
        return "it is not installed (apt install bubblewrap)"
    try:
        trial = subprocess.run(
            [program, *_outer_walls(), "--ro-bind", "/", "/", "true"],
            capture_output=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if trial.returncode == 0:
        return ""
    return last_words(trial.stderr) or f"it ended with status {trial.returncode}"


def _outer_walls() -> tuple[str, ...]:
    return _WALLS_OF_ROOT if a_user_of_its_own() else _WALLS


def walls(home: str, files: Path | None, size: int) -> list[str]:
    """The command that starts another within walls, but for that other.

    Parameters
    ----------
    home : str
        The working folder, as the process sees it.
    files : Path, optional
        A folder that it finds as `HANDED_IN`.
    size : int
        Bytes that each folder which can be written may hold.
    """
    program = shutil.which("bwrap")
    assert program is not None
    found = [
        program,
        *_outer_walls(),
        "--clearenv",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
    ]
    # Empty folders first: the environment may itself lie somewhere under /tmp.
    for place in (*IN_MEMORY, home):
        found += ["--size", str(size), "--perms", "1777", "--tmpfs", place]
    found += _views(to_read(), sys.executable)
    if files is not None:
        found += ["--ro-bind", str(files), HANDED_IN]
    if (fonts := font_list()) is not None:
        # The process may be another user's, for whom what bubblewrap makes is shut: Matplotlib would warn and look for all fonts.
        found += ["--perms", "0755", "--dir", "/fonts", "--perms", "1777", "--dir", f"{home}/.matplotlib"]  # fmt: skip
        found += ["--ro-bind", str(fonts), f"/fonts/{fonts.name}"]
        found += ["--symlink", f"/fonts/{fonts.name}", f"{home}/.matplotlib/{fonts.name}"]
    for name, value in environment(home).items():
        found += ["--setenv", name, value]
    # All else is there to read: the root and /dev are folders in memory, too, and would take what is written.
    return [*found, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", home]


def _views(folders: Iterable[str], program: str) -> list[str]:
    """Arguments with which bubblewrap shows folders, to read, and a program under the name it was called by.

    Each folder is there under its own name and under the one that all links lead to, since the files in it may name
    either: an environment may be a link to one elsewhere, and its interpreter one to an installation that is itself reached
    through a link. Links on the way to the program that lie in none of the folders are made again.
    """
    shown = {each: os.path.realpath(each) for each in folders}
    shown |= {real: real for real in shown.values()}
    arguments = []
    # Folders on the way are made for everybody to pass; bubblewrap's own are for root alone.
    for way in dict.fromkeys(way for path in shown for way in reversed(Path(path).parents[:-1])):
        if not within(str(way), shown):
            arguments += ["--perms", "0755", "--dir", str(way)]
    # Outer folders first, so that an inner one is not hidden by the mount of the outer.
    for path in sorted(shown, key=len):
        arguments += ["--ro-bind-try", shown[path], path]
    for link, target in _links_on_the_way(program).items():
        if not within(link, shown) and not any(within(path, [link]) for path in shown):
            arguments += ["--symlink", target, link]
    return arguments


def _links_on_the_way(path: str) -> dict[str, str]:
    """Every symbolic link that is followed on the way to a file, and where it leads."""
    found: dict[str, str] = {}
    here, left = "/", list(reversed(Path(path).absolute().parts[1:]))
    while left:
        step = os.path.normpath(os.path.join(here, left.pop()))
        if not os.path.islink(step):
            here = step
        elif step not in found:
            found[step] = os.readlink(step)
            target = Path(found[step])
            here = "/" if target.is_absolute() else here
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        else:  # a circle leads nowhere
            break
    return found


def last_words(said: bytes, most: int = 400) -> str:
    """The end of what a program printed, on one line."""
    text = " ".join(said.decode(errors="replace").split())
    return text if len(text) <= most else "..." + text[-most:]
