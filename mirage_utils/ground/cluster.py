"""Work on other machines, where Dask is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import FieldError

__all__ = ["client"]


# Dask has its workers hand memory back to the system at every turn, and with that fetch each large array anew from
# there: columns then take twice the time.
_MEMORY = {
    f"distributed.nanny.pre-spawn-environ.MALLOC_{which}_THRESHOLD_": 1 << 30
    for which in ("TRIM", "MMAP")
}


@contextmanager
def client(cluster: str, jobs: int) -> Iterator[Any]:
    """The client of a Dask scheduler.

    Parameters
    ----------
    cluster : str
        Its address, such as ``tcp://10.0.0.1:8786``, or ``"local"`` for one started here.
    jobs : int
        Workers of one started here; as many as there are cores if not above 0.

    Raises
    ------
    FieldError
        If Dask is not installed.
    """
    try:
        import dask
        from dask.distributed import Client
    except ModuleNotFoundError:
        raise FieldError(
            "cluster",
            cluster,
            "the package distributed: pip install '.[cluster]' in the book's folder",
        ) from None
    local = {"n_workers": jobs if jobs > 0 else None, "threads_per_worker": 1}
    with (
        dask.config.set(_MEMORY),
        Client(**local) if cluster == "local" else Client(cluster) as found,
    ):
        yield found
