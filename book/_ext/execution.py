"""The code of the pages is run before Sphinx reads them: several pages side by side, each in a kernel of its own.

Sphinx reads one page after the other, and myst-nb runs each when it comes to it. Here the outputs are put into
myst-nb's own cache first, so that it finds every page there. The executors of jupyter-cache deal pages out
in fixed portions and go on after a failure; hence these few lines on nbclient, which they stand on too.
"""

from __future__ import annotations

import asyncio
import logging as standard_logging
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import kernels
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from myst_nb.core.config import NbParserConfig
from myst_nb.core.execute import NotebookClientCache, create_client
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ConfigError, SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)

LONGEST = (
    "19_audit", "18_omniglot", "04_does_gpt3_obey", "17_digits", "10_meta_analysis", "20_the_other_side",
    "16_autoencoders", "14_not_a_mirage", "13_a_mirage_we_made", "12_prediction",
)  # fmt: skip
"""Chapters that take longest, the longest first: begun late, they would run alone at the end."""

MOST = 6
"""Pages run side by side at most: with more, the longest chapter alone would decide."""


class PageError(SphinxError):
    """The code of a page failed."""

    category = "The code of a page failed"


@dataclass(frozen=True)
class Page:
    """A page with code, as read from its source."""

    name: str
    path: Path
    notebook: NotebookNode


def jobs(environ: Mapping[str, str] = os.environ) -> int:
    """How many pages are run side by side: ``MIRAGE_JOBS``, else as many as there are cores, up to `MOST`.

    Raises
    ------
    ConfigError
        If ``MIRAGE_JOBS`` is no whole number of at least 1.
    """
    given = environ.get("MIRAGE_JOBS", "")
    if given:
        if not given.isdecimal() or int(given) < 1:
            raise ConfigError(
                f"MIRAGE_JOBS = {given!r}: expected a whole number of at least 1, the pages to run side by side"
            )
        return int(given)
    # The cores that this process may use, where the system can say it.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores or 1, MOST)


def surroundings(build: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of the kernels, in which threads do not compete for the cores that other kernels use.

    Parameters
    ----------
    build : Path
        Folder of what builds keep. What JAX has compiled is kept there too: models this small take longer to
        compile than to train.
    environ : mapping of str to str, optional
        What it says is left as it is.
    """
    return {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "JAX_COMPILATION_CACHE_DIR": str(build / ".jax_cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        **environ,
    }


def execute(app: Sphinx, env: BuildEnvironment, names: list[str]) -> None:
    """Run every page that is about to be read and is not in the cache.

    Raises
    ------
    PageError
        At the first cell that fails, with its traceback. What ran to its end before is kept.
    """
    config: NbParserConfig = env.mystnb_config
    if config.execution_mode != "cache" or config.execution_in_temp:
        return  # left to myst-nb
    cache = get_cache(config.execution_cache_path)
    stale = [page for page in map(reader(env), names) if page and not cached(cache, page)]
    if not stale:
        return
    stale.sort(key=turn)
    beside = min(jobs(), len(stale))
    logger.info("running the code of %d pages, %d side by side", len(stale), beside)
    environ = surroundings(Path(app.outdir).parent)
    try:
        asyncio.run(run_all(stale, beside, config, environ, cache))
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


def reader(env: BuildEnvironment):
    """A function that reads a page by its name, and gives None for pages whose code myst-nb would not run."""
    config: NbParserConfig = env.mystnb_config

    def read(name: str) -> Page | None:
        path = Path(env.doc2path(name))
        try:
            text = path.read_text(encoding=env.config.source_encoding)
            reader = create_nb_reader(str(path), env.myst_config, config, text)
            notebook = reader and reader.read(text)
        except Exception:
            return None  # Sphinx comes to it, and says what is wrong and where
        # A page with settings of its own is left to myst-nb, which knows them all.
        if notebook is None or {"execution", config.metadata_key} & set(notebook.metadata):
            return None
        client = create_client(notebook, str(path), config, standard_logging.getLogger(__name__))
        return Page(name, path, notebook) if isinstance(client, NotebookClientCache) else None

    return read


def turn(page: Page) -> tuple[int, bool, str]:
    """When a page's turn comes, to sort by: the longest, the other chapters, pages of prose with a few numbers."""
    stem = page.path.stem
    place = LONGEST.index(stem) if stem in LONGEST else len(LONGEST)
    return place, page.path.suffix != ".ipynb", page.name


def cached(cache: JupyterCacheAbstract, page: Page) -> bool:
    """Whether the outputs of a page are there, and whole."""
    try:
        cache.get_cache_bundle(cache.match_cache_notebook(page.notebook).pk)
    except (KeyError, ValueError):  # not there, or left half written by a build that was killed
        return False
    return True


async def run_all(
    pages: list[Page],
    beside: int,
    config: NbParserConfig,
    environ: dict[str, str],
    cache: JupyterCacheAbstract,
) -> None:
    """Run pages, some side by side, and put each into the cache when it is done.

    Parameters
    ----------
    pages : list of Page
        In the order in which they are begun.
    beside : int
        How many run at once.
    config : NbParserConfig
        What myst-nb was told of execution.
    environ : dict of str to str
        Environment of the kernels.
    cache : JupyterCacheAbstract

    Raises
    ------
    ExceptionGroup
        With the `PageError` of the first page that fails; the others are stopped.
    """
    turns = asyncio.Semaphore(beside)

    async def run(page: Page) -> None:
        async with turns:
            start = time.perf_counter()
            client = NotebookClient(
                page.notebook,
                timeout=config.execution_timeout,
                allow_errors=config.execution_allow_errors,
                record_timing=False,
                resources={"metadata": {"path": str(page.path.parent)}},
                config=kernels.settings(),
            )
            try:
                await client.async_execute(env=environ)
            except (CellControlSignal, DeadKernelError) as error:
                raise PageError(f"{page.path}: {error}") from None
            seconds = time.perf_counter() - start
        _keep(cache, page, seconds)
        logger.info("%s: Executed notebook in %.2f seconds", page.path, seconds)

    async with asyncio.TaskGroup() as group:
        for page in pages:
            group.create_task(run(page))


def _keep(cache: JupyterCacheAbstract, page: Page, seconds: float) -> None:
    """Put an executed page into the cache, over whatever a build that was killed left in its place."""
    _, key = cache.create_hashed_notebook(page.notebook)
    shutil.rmtree(Path(cache.path) / "executed" / key, ignore_errors=True)
    bundle = CacheBundleIn(page.notebook, str(page.path), data={"execution_seconds": seconds})
    cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
