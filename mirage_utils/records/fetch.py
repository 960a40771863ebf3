"""BIG-bench's original score files, fetched when a reader asks for them and never before.

The files are public and small, a few kilobytes a task and model. Their checksums are not published,
so the first download of a file records its own, and every later use is held against that record.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from ..errors import require
from ..ground.downloads import ChangedFileError, FetchError, retrieve
from ..ground.downloads import cache as cache_folder
from ..ground.write import replace

__all__ = ["BIGBENCH", "SIZES", "fetch_bigbench"]

BIGBENCH = "https://raw.githubusercontent.com/google/BIG-bench/main/bigbench/benchmark_tasks"
"""Where the files lie: ``<task>/results/scores_<family>_<size>.json`` below it."""
SIZES = ("2m", "16m", "53m", "125m", "244m", "422m", "1b", "2b", "4b", "8b", "27b", "128b")
"""Models of Google's BIG-G ladder, by their names there."""

_RECORD = "checksums.json"


def fetch_bigbench(
    tasks: Sequence[str],
    *,
    family: str = "BIG-G_T=0",
    sizes: Sequence[str] = SIZES,
    cache: str | os.PathLike[str] | None = None,
    base_url: str = BIGBENCH,
    timeout: float = 30.0,
    progress: bool = True,
) -> list[Path]:
    """Fetch the score files of some tasks for all models of a family.

    Parameters
    ----------
    tasks : sequence of str
        Names of the task folders, such as ``"modified_arithmetic"``.
    family : str
        As in the file names: ``"BIG-G_T=0"``, ``"BIG-G_T=1"``, ``"BIG-G-sparse"``, ``"GPT"``.
    sizes : sequence of str
        Models of the family, as in the file names.
    cache : path-like, optional
        Folder to keep the files in; by default the system's cache folder.
    base_url : str
        Where the files lie.
    timeout : float
        Seconds to wait for the server.
    progress : bool
        Show a progress bar.

    Returns
    -------
    list of Path
        ``cache/<task>/results/scores_<family>_<size>.json``; files that are there already are not
        fetched again.

    Raises
    ------
    FieldError
        If a name holds anything but letters, digits and ``_-=.``.
    FetchError
        Naming the address: no network, no such file, or a file that differs from its record.
    """
    require(not isinstance(tasks, str), "tasks", tasks, "a list of names")
    for field, names in (("tasks", tasks), ("family", [family]), ("sizes", sizes)):
        for name in names:
            plain = name.replace("_", "").replace("-", "").replace("=", "").replace(".", "")
            # Names become part of an address and of a path; nothing in them may lead elsewhere.
            require(plain.isalnum() and ".." not in name, field, name, "letters, digits and _-=.")
    folder = Path(cache) if cache is not None else cache_folder() / "bigbench"
    folder.mkdir(parents=True, exist_ok=True)
    record = _read_record(folder)
    wanted = [(task, f"scores_{family}_{size}.json") for task in tasks for size in sizes]
    found = []
    for task, name in tqdm(wanted, unit="file", disable=not progress):
        relative = f"{task}/results/{name}"
        url = f"{base_url}/{relative}"
        try:
            path = retrieve(
                url, folder / task / "results", checksum=record.get(relative), timeout=timeout
            )
        except ChangedFileError:
            raise ChangedFileError(
                f"{url}: differs from the file fetched before, whose sha256 is in "
                f"{folder / _RECORD}; if the source has changed, remove that entry"
            ) from None
        found.append(path)
        if relative not in record:
            digest = hashlib.sha256(found[-1].read_bytes()).hexdigest()
            record[relative] = f"sha256:{digest}"
            replace(folder / _RECORD, json.dumps(record, indent=1, sort_keys=True).encode())
    return found


def _read_record(folder: Path) -> dict[str, str]:
    path = folder / _RECORD
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text())
    except ValueError:
        raise FetchError(f"{path}: damaged; remove it to fetch everything anew") from None
    return record
