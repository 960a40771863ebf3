"""Paths as people type them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

__all__ = ["given"]


def given(text: str) -> Path:
    """A path that was typed at a prompt or in a Makefile; the ``type`` of every argument that is one.

    A tilde at its front is the home folder, also where no shell has seen to that
    (``OUT=~/grades.csv`` in quotation marks, ``--out=~/audit``).

    Raises
    ------
    argparse.ArgumentTypeError
        If there is nothing, as after ``OUT=``, or what no path can hold.
    """
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no path of a file or folder")
    return Path(os.path.expanduser(text))
