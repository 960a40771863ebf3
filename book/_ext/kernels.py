"""How the programs that run notebooks speak to their kernels."""

from __future__ import annotations

import os
import secrets

from jupyter_core.paths import jupyter_runtime_dir
from traitlets.config import Config

LONGEST = 75
"""Longest folder, in bytes, in which a socket can have its file: its whole path has some 100 bytes."""


def settings(folder: str | None = None) -> Config:
    """What nbclient, papermill and Jupyter are to be told of one kernel: its sockets are files where they can be.

    A port that is free when it is looked for can be taken when the kernel opens it, which then dies before its first
    word; that happens when several programs start kernels at the same time. The file of a socket belongs to its kernel.

    Parameters
    ----------
    folder : str, optional
        Where kernels leave their files; Jupyter's own folder if not given.

    Returns
    -------
    Config
        For one kernel: the next has files of its own. Empty where sockets cannot be files (Windows), or the folder's
        name is too long for them.
    """
    folder = jupyter_runtime_dir() if folder is None else folder
    if os.name != "posix" or len(os.fsencode(folder)) > LONGEST:
        return Config()
    os.makedirs(folder, mode=0o700, exist_ok=True)
    # Jupyter's own name for them is the same for all kernels, and in the folder in which each happens to work.
    files = os.path.join(folder, f"kernel-{secrets.token_hex(4)}")
    return Config({"KernelManager": {"transport": "ipc", "ip": files}})
