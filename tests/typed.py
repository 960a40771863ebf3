"""What the project prints (see `printed`), run as it is typed: in its order, in a fresh copy.

``python tests/typed.py`` runs everything and prints a table; with ``--list``, what is not run and why; with names of
documents, only these.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from printed import ROOT, Printed, documents, without_comment

FOLDER = "mirage book"
"""What a reader calls the folder: with a space in it, as many are."""
SECONDS = 300
"""After which a command is stopped: none may take so long in a test."""


# ---------------------------------------------------------------- running


@dataclass(frozen=True)
class Outcome:
    """What became of one printed command. `status` is None for what was not run; `seconds` are of processor time."""

    printed: Printed
    status: int | None = None
    output: str = ""
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        return self.status is not None and self.status not in self.printed.statuses


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)


def _rewritten(path: Path, old: str, new: str) -> None:
    """Replace a text in a file, which may be the same file as the original's: so a new one is written."""
    content = path.read_bytes()
    if old.encode() not in content:
        return
    if " " in new and content.startswith(f"#!{old}/".encode()):
        # A first line cannot hold a space: pip lets the shell start the interpreter then.
        first, _, rest = content.partition(b"\n")
        content = b"#!/bin/sh\n'''exec' \"" + first[2:].strip() + b'" "$0" "$@"\n\' \'\'\'\n' + rest
    mode = path.stat().st_mode
    path.unlink()
    path.write_bytes(content.replace(old.encode(), new.encode()))
    path.chmod(mode)


def fresh_copy(home: Path) -> None:
    """Make a clone of the working tree with an environment of its own in `home`.

    The environment is that of this process, file by file as hard links; its programs and the installed library are those
    of the copy.
    """
    if home.exists():
        shutil.rmtree(home)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, env=_bare(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, home / name)
    _git(home, "init", "--quiet", "--template=")
    _git(home, "add", "--all")
    _git(
        home,
        "-c",
        "user.name=reader",
        "-c",
        "user.email=reader@localhost",
        "commit",
        "--quiet",
        "-m",
        "clone",
    )

    environment = home / ".venv"
    shutil.copytree(sys.prefix, environment, symlinks=True, copy_function=_link)
    for program in environment.joinpath("bin").iterdir():
        if program.is_file() and not program.is_symlink() and program.stat().st_size < 100_000:
            _rewritten(program, sys.prefix, str(environment))
    for file in environment.glob("lib/python*/site-packages/__editable__*"):
        _rewritten(file, str(ROOT), str(home))
    stamp = environment / ".made-from-requirements"
    stamp.unlink(missing_ok=True)
    stamp.touch()  # newer than the lock, as after `make`


def cleared(home: Path) -> None:
    """Put a copy back to what it was when made; its environment stays, and what Python has compiled."""
    _git(home, "reset", "--quiet", "--hard")
    _git(home, "clean", "-ffdxq", "-e", ".venv", "-e", "__pycache__")


def untracked(home: Path) -> list[str]:
    """Files and folders that git would offer to add to a commit."""
    told = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=normal"],
        cwd=home, env=_bare(), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [line[3:] for line in told.splitlines() if line.startswith("??")]


def _git(home: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=home, env=_bare(), check=True)


def _bare() -> dict[str, str]:
    """The environment of a shell that has just been opened: nothing of this process's own environment is in it."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "MIRAGE_COURSE_SECRET")
        and not name.startswith(("PYTHON", "PYTEST", "GIT_", "MAKE", "MFLAGS", "COVERAGE"))
    }
    ours = Path(sys.prefix, "bin")
    env["PATH"] = os.pathsep.join(p for p in env["PATH"].split(os.pathsep) if Path(p) != ours)
    return env


class Shell:
    """A reader's shell: the folder and the environment that a command leaves are those of the next."""

    def __init__(self, home: Path) -> None:
        self.home = self.folder = home
        # CI: `make book` opens no browser. What mypy has found of the same files it need not find again.
        self.environment = {**_bare(), "CI": "1", "MYPY_CACHE_DIR": str(ROOT / ".mypy_cache")}

    def run(self, command: str, seconds: float = SECONDS) -> tuple[int, str]:
        """Run one command; returns its exit status and what it printed."""
        with tempfile.TemporaryDirectory() as left:
            script = f'{command}\nstatus=$?\npwd > {left}/folder\nenv -0 > {left}/environment\nexit "$status"'
            with open(f"{left}/output", "w+", encoding="utf-8", errors="replace") as output:
                process = subprocess.Popen(
                    ["bash", "-c", script], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                    stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip
                try:
                    status = process.wait(seconds)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
                    status = 124
                output.seek(0)
                printed = output.read()
            if Path(left, "environment").is_file():
                self.folder = Path(Path(left, "folder").read_text().rstrip("\n"))
                pairs = Path(left, "environment").read_text().split("\0")
                self.environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        return status, printed


def _used() -> float:
    """Processor time of all commands up to now."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def perform(printed: Sequence[Printed], home: Path) -> Iterator[Outcome]:
    """Run what a document prints, in its order, in a fresh copy."""
    import reader

    shell = Shell(home)
    python = ""
    for each in printed:
        if each.why_not or each.run_in:
            yield Outcome(each)
            continue
        if each.active and "VIRTUAL_ENV" not in shell.environment:
            shell.run("source .venv/bin/activate")
        began = _used()
        reader.prepare(each.text, shell.folder)
        if each.language == "python":
            # The blocks of a page are typed into one session; their commands may stand between them.
            python += each.text + "\n"
            with tempfile.NamedTemporaryFile("w", suffix=".py", encoding="utf-8") as file:
                file.write(python)
                file.flush()
                status, output = shell.run(f"python - < {file.name}")
        else:
            status, output = shell.run(each.text)
        yield Outcome(each, status, output, _used() - began)


# ---------------------------------------------------------------- tables


def unrun(found: dict[str, list[Printed]]) -> list[tuple[str, str, str]]:
    """What is not run: why, the commands, and the documents that print them. One row a reason."""
    rows: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for name, printed in found.items():
        for each in printed:
            if each.why_not:
                texts, names = rows.setdefault(each.why_not, ({}, {}))
                texts[_short(each)] = names[name] = None
    return [(why, "; ".join(texts), ", ".join(names)) for why, (texts, names) in rows.items()]


def _short(each: Printed) -> str:
    """A command without its comment, on one line; the first line of a block of Python."""
    if each.language == "python":
        return each.text.strip().splitlines()[0] + " ..."
    if "\n" in each.text:
        return " ".join(each.text.split())
    return without_comment(each.text)


def as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(c).replace("|", "\\|") for c in line) + " |" for line in lines
    )


def _told(outcome: Outcome) -> str:
    if outcome.printed.why_not:
        return f"not run: it {outcome.printed.why_not}"
    if outcome.printed.run_in:
        return f"as in {outcome.printed.run_in}"
    return f"{outcome.status}{' FAILED' if outcome.failed else ''}"


def result_rows(outcomes: Iterable[Outcome]) -> list[tuple[str, str, str, str]]:
    """Rows of the table of results: document, command, exit status or reason, seconds."""
    return [
        (
            each.printed.document,
            f"`{_short(each.printed)}`",
            _told(each),
            "" if each.status is None else f"{each.seconds:.1f}",
        )
        for each in outcomes
    ]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is printed and print the table; returns 1 if a command failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "names", nargs="*", metavar="DOCUMENT", help="only these, such as README.md"
    )
    parser.add_argument("--list", action="store_true", help="what is not run, and why")
    options = parser.parse_args(argv)
    found = documents()
    if unknown := [name for name in options.names if name not in found]:
        parser.error(f"{unknown[0]!r} prints no command; these do: {', '.join(found)}")
    found = {name: found[name] for name in options.names or found}
    if options.list:
        print(as_table(("not run because it", "commands", "printed in"), unrun(found)))
        return 0
    home = ROOT / "_build" / "printed" / "alone" / FOLDER
    fresh_copy(home)
    outcomes: list[Outcome] = []
    for printed in found.values():
        for outcome in perform(printed, home):
            outcomes.append(outcome)
            if outcome.failed:
                print(
                    f"{outcome.printed.document}, {outcome.printed.place}: {outcome.printed.text}",
                    file=sys.stderr,
                )
                print(outcome.output[-3000:], file=sys.stderr)
        cleared(home)
    shutil.rmtree(home.parent)
    print(as_table(("document", "command", "exit status", "seconds"), result_rows(outcomes)))
    return int(any(each.failed for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
