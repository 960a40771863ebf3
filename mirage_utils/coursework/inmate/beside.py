"""What was handed in beside a notebook, brought to where its cells run."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from ..folders import RECORD, files

__all__ = ["bring"]


def bring(folder: Path, place: Path, most: int) -> None:
    """Copy what lies beside a notebook, but for notebooks and links, up to a limit.

    Parameters
    ----------
    folder : Path
        Where the notebook lies.
    place : Path
        Where its cells run.
    most : int
        Bytes of all files together; with the first file beyond them it ends.
    """
    for path in files(folder):
        if path.suffix == ".ipynb" or path.name == RECORD:  # nor what `collect` noted
            continue
        most -= path.stat().st_size
        if most < 0:
            return
        target = place / path.relative_to(folder)
        with contextlib.suppress(
            OSError
        ):  # not to be read, or with a name too long: it is not there then
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
