"""What the process finds around it: files to read, variables, packages, fonts, and whose it is."""

from __future__ import annotations

import functools
import os
import site
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from ..inmate.inline import INLINE

__all__ = ["USERS", "a_user_of_its_own", "environment", "font_list", "to_read", "within"]

_LIBRARY = Path(__file__).absolute().parents[2]
# Programs and libraries of the system. What /etc/alternatives holds are links, through which the others are found.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts",
    "/etc/localtime",
)  # fmt: skip
USERS = range(1_000_000_000, 2_000_000_000)  # numbers that no system gives to a person


def to_read() -> tuple[str, ...]:
    """Files and folders that a process needs in which this library is imported."""
    return (*_SYSTEM, sys.base_prefix, sys.prefix, str(_LIBRARY), *_package_folders())


def environment(home: str) -> dict[str, str]:
    """The variables of the process, of which none is the grader's own."""
    found = {"PYTHONPATH": _search_path()} if _search_path() else {}
    # Windows opens no socket without it, which asyncio does as it is imported.
    found |= {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return found | {
        "PATH": os.defpath,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "MPLBACKEND": INLINE,
        "MPLCONFIGDIR": f"{home}/.matplotlib",
        "IPYTHONDIR": f"{home}/.ipython",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "JAX_PLATFORMS": "cpu",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        # The marks of a course are taken the same way on every machine.
        "PYTHONHASHSEED": "0",
    }


@functools.cache
def _search_path() -> str:
    """What a new interpreter has to be told to find this library and all that it imports."""
    own = metadata.distributions(name="mirage-utils", path=site.getsitepackages())
    parent = () if any(own) else (str(_LIBRARY.parent),)
    return os.pathsep.join(dict.fromkeys((*parent, *_package_folders())))


@functools.cache
def _package_folders() -> tuple[str, ...]:
    """Folders of installed packages that lie outside the environment: ``pip install --target`` or ``--user``.

    A folder that is on the path and holds no installed package, such as the one in which the command was given, is
    nothing that a submission should see.
    """
    own = [os.path.realpath(each) for each in ("/usr", sys.base_prefix, sys.prefix)]
    found = [os.path.abspath(each) for each in sys.path if each and os.path.isdir(each)]
    return tuple(
        each
        for each in dict.fromkeys(found)
        if not within(os.path.realpath(each), own) and any(Path(each).glob("*.dist-info"))
    )


def within(path: str, folders: Iterable[str]) -> bool:
    """Whether a path is one of the folders, or in one."""
    return any(path == each or path.startswith(each.rstrip("/") + "/") for each in folders)


@functools.cache
def font_list() -> Path | None:
    """Matplotlib's list of fonts, so that not every sandbox looks for all fonts anew."""
    import matplotlib

    # Importing the font manager writes the list.
    import matplotlib.font_manager

    found = sorted(Path(matplotlib.get_cachedir()).glob("fontlist-*.json"))
    of_use = [path for path in found if not a_user_of_its_own() or path.stat().st_mode & 0o004]
    return of_use[-1] if of_use else None


@functools.cache
def a_user_of_its_own() -> bool:
    """Whether a process can be given a user that is nobody else's.

    Root is never kept from starting threads, whatever number bubblewrap shows for it. Root can take another user's, if all
    numbers are to be had here, as they are not in every container, and if that user may read the interpreter.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    if Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]:
        return False
    needed = [*map(Path, (sys.base_prefix, sys.prefix)), _LIBRARY, _LIBRARY / "__init__.py"]
    return all(path.stat().st_mode & 0o004 for path in needed)
