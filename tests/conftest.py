"""Shared by all tests: where things are, and one run of each chapter for all that read it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import nbformat
import pytest
from chapter_runs import Run, changed, read, run_in_one_kernel
from filelock import FileLock

from mirage_utils.coursework.sandbox import bubblewrap_problem

# Three workers and their kernels share two cores: threads of the linear algebra would only queue.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Hundreds of times the tests start Python, which need not compile the library every time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Where bubblewrap does not work, limits have to be asked for.
if bubblewrap_problem():
    os.environ.setdefault("MIRAGE_SANDBOX", "limits")

ROOT = Path(__file__).resolve().parents[1]
# Small models take longer to compile than to train, and many tests and chapters train the same ones.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / "_build" / ".jax_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")

# How long an example takes on a busy machine says nothing about the library.
hypothesis.settings.register_profile("untimed", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("untimed")

CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def evaluation_data() -> Path:
    """The folder of public evaluation data that MIRAGE_EVAL_DATA names."""
    return Path(os.environ["MIRAGE_EVAL_DATA"])


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """No bytes in the names of tests: a packed file holds the time, and all workers must collect the same names."""
    return argname if isinstance(val, bytes) else None


needs_evaluation_data = pytest.mark.skipif(
    not os.environ.get("MIRAGE_EVAL_DATA"),
    reason="MIRAGE_EVAL_DATA names no folder of public evaluation data to check quoted figures against",
)

needs_images = pytest.mark.skipif(
    not os.environ.get("MIRAGE_DATA"),
    reason="MIRAGE_DATA names no folder of MNIST, CIFAR-10 and Omniglot files",
)


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder of this run that its workers have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for tests of any file: what is made there is made under a lock."""
    return _shared(tmp_path_factory)


@pytest.fixture(scope="session")
def runs_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, int], tuple[Path, str]]:
    """``runs_of("02_one_token", 0)``: the file of a chapter's run, and its fault.

    Number 0 is the chapter as it stands: as the book's build executed it, if nothing has changed since. Number 1 is the
    chapter with the parameters that `changed` finds; where the book has no number 0, both are executed in one kernel, if a
    test will ask for them. Each is executed once for all tests: the workers of pytest-xdist share one folder, and a lock
    keeps two of them from running the same.
    """
    from book_cache import kept

    shared = _shared(tmp_path_factory)
    twice = any("changed_run" in getattr(i, "fixturenames", ()) for i in request.session.items)

    def find(name: str, number: int) -> tuple[Path, str]:
        if number:
            find(name, 0)
        chapter, where = ROOT / "notebooks" / f"{name}.ipynb", shared / "chapters" / name
        run, fault = where / str(number) / chapter.name, where / f"{number}.fault"
        run.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(where / f"{number}.lock"):
            if not fault.exists():
                if not number and (built := kept(chapter)):
                    nbformat.write(built, run)
                    faults = {0: ""}
                else:
                    numbers = (0, 1) if twice and not number else (number,)
                    given = {each: changed(name) if each else {} for each in numbers}
                    faults = run_in_one_kernel(chapter, where, given)
                for each, text in faults.items():
                    (where / f"{each}.fault").write_text(text)
        return run, fault.read_text()

    return find


def _run(runs_of: Callable[[str, int], tuple[Path, str]], number: int) -> Callable[[str], Run]:
    def run(name: str) -> Run:
        path, fault = runs_of(name, number)
        assert not fault, fault
        return read(path)

    return run


@pytest.fixture(scope="session")
def chapter_run(runs_of) -> Callable[[str], Run]:
    """``chapter_run("02_one_token")``: the chapter as it stands."""
    return _run(runs_of, 0)


@pytest.fixture(scope="session")
def changed_run(runs_of) -> Callable[[str], Run]:
    """``changed_run("02_one_token")``: the chapter with other parameters."""
    return _run(runs_of, 1)


@pytest.fixture(scope="session")
def site(chapter_run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, built as `make book` builds it; its chapters are those that `chapter_run` gives.

    Built by the first worker that asks; the others wait for it. It is built a second time at once,
    for the test that this executes nothing: no build may rewrite pages that a browser is reading.
    Where the book was there before the tests, the first build is such a second one.
    """
    from book_cache import keep, kept
    from pages import build

    shared = _shared(tmp_path_factory)
    with FileLock(shared / "site.lock"):
        done = shared / "site.done"
        if not done.exists():
            for chapter in reversed(CHAPTERS):  # another worker may be running them from the front
                chapter_run(chapter.stem)
            for chapter in CHAPTERS:  # now that nobody looks into the cache any more
                if not kept(chapter):
                    keep(chapter, chapter_run(chapter.stem).notebook)
            result = build()
            assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
            assert "WARNING" not in result.stdout + result.stderr
            if "nothing has changed" not in result.stdout:
                result = build()
                assert result.returncode == 0, result.stderr[-3000:]
            done.write_text(result.stdout + result.stderr)
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def second_build(site: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the second build of the book printed."""
    shared = _shared(tmp_path_factory)
    return (shared / "site.done").read_text()


@pytest.fixture(scope="session")
def trial_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with one chapter of questions and parts (see `trial`), built once for all tests."""
    from trial import build

    where = _shared(tmp_path_factory) / "trial"
    where.mkdir(exist_ok=True)
    with FileLock(where.with_suffix(".lock")):
        site = where / "_build" / "html"
        return site if site.exists() else build(where)


@pytest.fixture(scope="session")
def browser():
    from browser import launched

    with launched() as chromium:
        yield chromium


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print which printed commands the tests do not run, and why, where they were tested."""
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    if any("test_printed.py" in getattr(each, "nodeid", "") for each in reports):
        from printed import documents
        from typed import unrun

        terminalreporter.section("printed, and not run by a test", sep="-")
        for why, texts, names in unrun(documents()):
            terminalreporter.write_line(f"{why}: {texts} ({names})")


# Three workers take tests from one queue, so its order decides how well they are used: first every chapter is
# run, then the book is built from those runs, and what needs neither fills the time until both are there.
_FIRST = ("test_a_chapter_runs_and_its_claims_hold", "test_a_second_build_executes_nothing")
# The chapters that take longest begin: whoever is to build the book waits for the one that is run last.
_LONG_CHAPTERS = ("17", "16", "14", "13", "04", "10", "12", "18", "19")
_LONG = (
    "test_every_submission_gets_its_mark", "test_gates",
    "test_coursework", "test_coursework_values", "test_coursework_released", "test_coursework_class", "test_training",
    "test_vision_families", "test_language_models", "test_language_tasks", "test_language_outputs", "test_printed", "test_lab",
)  # fmt: skip


def _rank(item: pytest.Item) -> tuple[int, ...]:
    name = item.originalname if isinstance(item, pytest.Function) else item.name
    if name in _FIRST:
        chapter = item.callspec.params["name"][:2] if hasattr(item, "callspec") else ""
        late = len(_LONG_CHAPTERS)
        place = _LONG_CHAPTERS.index(chapter) if chapter in _LONG_CHAPTERS else late
        return 0, _FIRST.index(name), place
    site = "site" in getattr(item, "fixturenames", ())
    if site:
        return 2, int(item.path.stem != "test_pages_in_a_browser")
    places = [i for i, long in enumerate(_LONG) if long in (name, item.path.stem)]
    return 1, places[0] if places else len(_LONG)


@pytest.fixture
def short_path():
    """A folder with a path as short as a folder for temporary files has: processes that mark make sockets in it."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder).resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)  # a stable sort: the order within a file stays
