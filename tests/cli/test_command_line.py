"""The command line and the package as a newcomer meets them: what loads, what shows, which paths are taken."""

from __future__ import annotations

import contextlib
import os
import pkgutil
import subprocess
import sys

import pytest

import mirage_utils
from mirage_utils.cli.main import main

# -- what is loaded ---------------------------------------------------------------------------------


def test_every_public_module_is_an_attribute_of_the_package():
    on_disk = {m.name for m in pkgutil.iter_modules(mirage_utils.__path__) if m.name[0] != "_"}
    assert on_disk <= set(dir(mirage_utils))
    assert on_disk == set(mirage_utils._SUBMODULES)
    # In a process of its own: here the tests have loaded them already.
    code = "import mirage_utils; [getattr(mirage_utils, name) for name in dir(mirage_utils)]"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        mirage_utils.nonsense  # noqa: B018 - the error is the point


def test_what_the_evals_package_offers_is_there_on_first_use():
    code = (
        "import mirage_utils.records as records; assert set(records.__all__) <= set(dir(records));"
        "[getattr(records, name) for name in dir(records)];"
        "from mirage_utils.records import grade, reading; assert callable(grade); reading.read"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("arguments", "status", "unwanted"),
    [
        (["--help"], 0, {"numpy", "pandas", "scipy", "sympy"}),
        (["audit", "--help"], 0, {"numpy", "pandas", "scipy", "sympy"}),
        (["grade"], 2, {"numpy", "pandas", "scipy", "sympy"}),
        (["tables"], 0, {"numpy", "pandas", "scipy", "sympy"}),
        (["tables", "--csv"], 0, {"numpy", "pandas", "scipy", "sympy"}),
        (["table", "gpt3_arithmetic", "--csv"], 0, {"numpy", "pandas", "scipy", "sympy"}),
        (["table", "gpt3_arithmetic"], 0, {"scipy", "sympy"}),
        (["table", "nonsense"], 1, {"numpy", "pandas", "scipy", "sympy"}),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(arguments, status, unwanted):
    code = (
        "import sys\nfrom mirage_utils.cli.main import main\n"
        f"try:\n    status = main({arguments!r})\nexcept SystemExit as end:\n    status = end.code\n"
        f"print(sorted({unwanted!r} & set(sys.modules)), file=sys.stderr)\nsys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert done.stderr.splitlines()[-1] == "[]"


# -- progress ---------------------------------------------------------------------------------------

SCORES = "model,task,metric,score,n\n" + "".join(
    f"facebook/opt-{size},sums,exact_match,{y},500\n"
    for size, y in (("125m", 0.0), ("350m", 0.01), ("1.3b", 0.05), ("2.7b", 0.1), ("6.7b", 0.5))
)


def seen(arguments: list[str], cwd) -> tuple[str, str]:
    """Standard output, through a pipe, and what a terminal shows of standard error."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))  # a terminal of no width shows nothing
    process = subprocess.Popen(
        [sys.executable, "-m", "mirage_utils", *arguments],
        stdout=subprocess.PIPE, stderr=theirs, cwd=cwd,
    )  # fmt: skip
    # Our copy of its end stays open meanwhile: what was written goes with the last of them.
    printed, _ = process.communicate()
    os.set_blocking(ours, False)
    shown = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(ours, 65536):
            shown += part
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0, shown
    return printed.decode(), shown.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="terminals")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["metrics", "--records", "2"], "metrics simulated"),
        (["emergence", "scores.csv", "--draws", "20"], "curves scored"),
        (["audit", "scores.csv", "--out", "report"], "curves judged"),
    ],
)
def test_progress_is_for_whoever_looks_on(arguments, words, tmp_path):
    (tmp_path / "scores.csv").write_text(SCORES)
    printed, shown = seen(arguments, tmp_path)
    assert words in shown
    assert words not in printed
    quiet, shown = seen([*arguments, "--quiet"], tmp_path)
    assert (quiet, words in shown) == (printed, False)
    piped = subprocess.run(
        [sys.executable, "-m", "mirage_utils", *arguments],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    assert (piped.stdout, words in piped.stderr) == (printed, False)


# -- paths ------------------------------------------------------------------------------------------


def test_paths_are_taken_as_people_type_them(tmp_path, monkeypatch, capsys):
    home, here = tmp_path / "ho me", tmp_path / "he're"
    for folder in (home, here):
        folder.mkdir()
        (folder / "my scores.csv").write_text(SCORES)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(here)
    for path in ("my scores.csv", "~/my scores.csv", str(here / "my scores.csv")):
        assert main(["read", path]) == 0
        assert main(["emergence", path, "--draws", "20"]) == 0
    assert main(["audit", "my scores.csv", "--out=~/a report"]) == 0
    assert (home / "a report" / "report.html").exists()
    os.rename("my scores.csv", "-scores.csv")
    assert main(["read", "--", "-scores.csv"]) == 0
    capsys.readouterr()
    for wrong in (["read", ""], ["audit", "x", "--out", " "]):
        with pytest.raises(SystemExit) as end:
            main(wrong)
        assert end.value.code == 2
        assert "is no path" in capsys.readouterr().err
    # What the system refuses is said with the file's name, and nothing is half-written.
    (here / "taken").write_text("")
    assert main(["audit", "--out", "taken/report", "--", "-scores.csv"]) == 1
    assert "taken" in capsys.readouterr().err
