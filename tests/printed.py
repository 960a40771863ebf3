"""Every command and every block of Python that the project prints, found where it stands and run as it is typed.

A document is a page, a chapter, an assignment, the list of `make help`, or the help of the command line. Its blocks
are found by the parser that builds the pages, so what is run is what a reader sees. One line is one command with its own
exit status; the commands of a document follow one another in one fresh copy of the repository, with one shell's folder
and environment, and the folders that a reader brings (see `reader`).

What cannot be run in a test says why where it stands, invisibly to readers (a reason holds no two hyphens, which would end
the comment):

- ``<!-- not run: REASON -->`` before a block, or right after a command within a sentence;
- ``<!-- not run "TEXT": REASON -->`` before a block, for the line that is TEXT (its comment apart), or else for those
  that hold it;
- ``# not run: make TARGET: REASON`` in the Makefile, for that target wherever it is printed.

A line of a shell block may end with another exit status than 0 if its comment says so ("exit status 3").
An active environment must be said: by ``source .venv/bin/activate`` among the commands, or by the words "environment
active" in the paragraph of a command or before it.

``python tests/printed.py`` runs everything and prints a table; with ``--list``, what is not run and why; with names of
documents, only these.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import nbformat
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

from mirage_utils.cli.main import _parser

ROOT = Path(__file__).resolve().parents[1]
HELP = "make help"
USAGE = "python -m mirage_utils --help"
FOLDER = "mirage book"
"""What a reader calls the folder: with a space in it, as many are."""
SECONDS = 300
"""After which a command is stopped: none may take so long in a test."""

_PROGRAMS = {
    "apt", "apt-get", "brew", "bwrap", "cd", "cp", "curl", "export", "git", "jupyter", "jupyter-book", "make", "mirage",
    "mkdir", "nbgrader", "papermill", "pip", "pip3", "pre-commit", "pytest", "python", "python3", "ruff", "source", "uv",
    "wget",
}  # fmt: skip
_READS = re.compile(r"python -m mirage_utils (?:tables|table|metrics|emergence|read|audit)\b")
_SHELL = {"bash", "sh", "shell", "zsh", "console", "shell-session"}
_PYTHON = {"python", "python3", "py", "pycon"}
# Directives whose text is no prose, and the one whose code the build of the book runs.
_NO_PROSE = {"math", "bibliography", "raw", "toctree", "figure", "image"}
_CODE = {"code", "code-block", "sourcecode"}
_MARK = re.compile(r"<!--\s*not run(?:\s+\"(?P<line>[^\"]+)\")?:\s*(?P<why>.*?)\s*-->", re.DOTALL)
_TARGET = re.compile(r"^# not run: make (?P<target>\S+): (?P<why>.+)$", re.MULTILINE)
_ACTIVE = re.compile(r"\benvironment active\b", re.IGNORECASE)
_STATUS = re.compile(r"#.*\bexit status (\d+)")


class StaleMark(ValueError):
    """A mark "not run" that stands on nothing, or gives no reason."""


@dataclass(frozen=True)
class Printed:
    """One command, or one block of Python, as a document prints it.

    `why_not` is the reason of its mark, if it has one; `statuses` are the exit statuses that the text allows; `active`
    says whether the text before it has said that the environment is active. `run_in` names another document in which the
    same command is run.
    """

    document: str
    place: str
    text: str
    language: str = "bash"
    why_not: str = ""
    statuses: tuple[int, ...] = (0,)
    active: bool = False
    run_in: str = ""


# ---------------------------------------------------------------- finding


@cache
def _markdown():  # the parser of the pages, with the extensions of _config.yml that change what is a block
    extensions = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "substitution"}
    return create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)


def is_command(text: str) -> bool:
    """Whether a piece of code within a sentence is a whole command: a program of ours or of the system, and an argument.

    A program alone (`make`, `pytest`) is a name and not a command.
    """
    words = text.split()
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    return len(words) > 1 and (words[0] in _PROGRAMS or words[0].startswith(".venv/"))


def commands(block: str) -> list[str]:
    """The commands of a shell block: lines, or several lines where the shell would wait for more.

    Whether it would is asked of the shell itself.
    """
    found: list[str] = []
    waiting: list[str] = []
    for line in block.splitlines():
        if not waiting and (not line.strip() or line.lstrip().startswith("#")):
            continue
        waiting.append(line)
        if not line.endswith("\\") and _complete("\n".join(waiting)):
            found.append("\n".join(waiting))
            waiting = []
    return [*found, "\n".join(waiting)] if waiting else found


def _complete(text: str) -> bool:
    if not re.search(r"['\"`({\\]|<<|^\s*(?:for|while|until|if|case|select)\b", text):
        return True  # nothing in it that could go on: spares a process
    asked = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    return asked.returncode == 0 and not asked.stderr


@dataclass
class _Finder:
    """Walks through the tokens of one document in the order in which it is read."""

    document: str
    found: list[Printed]
    active: bool = False

    def text(self, text: str, place: Callable[[int], str]) -> None:
        self._walk(_markdown().parse(text), place, 0)

    def _walk(self, tokens: Sequence[Token], place: Callable[[int], str], start: int) -> None:
        marks: list[re.Match[str]] = []
        for token in tokens:
            line = start + (token.map[0] if token.map else 0) + 1
            where = place(line)
            if token.type == "html_block":
                marks += self._marks(token.content, where)
                continue
            if token.type in ("fence", "code_block", "colon_fence"):
                self._fence(token, marks, place, line)
                marks = []
            if marks:
                raise StaleMark(
                    f"{self.document}, {where}: a mark 'not run' without a block of commands below it"
                )
            if token.type == "inline":
                self._inline(token, where)
        if marks:
            raise StaleMark(
                f"{self.document}: a mark 'not run' at the end, without commands below it"
            )

    def _marks(self, html: str, where: str) -> list[re.Match[str]]:
        marks = list(_MARK.finditer(html))
        if len(marks) != len(re.findall(r"<!--\s*not run", html)):
            raise StaleMark(f"{self.document}, {where}: a mark that cannot be read: {html.strip()}")
        for mark in marks:
            if len(mark["why"].split()) < 3:
                raise StaleMark(f"{self.document}, {where}: a mark without a reason: {mark[0]}")
        return marks

    def _fence(
        self, token: Token, marks: list[re.Match[str]], place: Callable[[int], str], line: int
    ) -> None:
        info = token.info.strip()
        name = info.split()[0] if info else ""
        where = place(line)
        if directive := re.fullmatch(r"\{([\w:-]+)\}", name):
            kind = directive[1]
            if kind in _CODE:
                name = ([*info.split(), ""])[1]
            elif kind == "code-cell":  # the build of the book runs these
                self._none(marks, where)
                return
            elif kind not in _NO_PROSE:
                self._none(marks, where)
                self._walk(_markdown().parse(token.content), place, line)
                return
        if name in _PYTHON:
            about = [mark for mark in marks if mark["line"]]
            self._none(about, where)
            why = marks[0]["why"] if marks else ""
            self.found.append(
                Printed(self.document, where, token.content, "python", why, active=self.active)
            )
            return
        lines = commands(token.content) if name in _SHELL or _of_commands(token.content) else []
        used: set[int] = set()
        for command in lines:
            why = ""
            for i, mark in enumerate(marks):
                if mark["line"] is None or command in _meant(mark["line"], lines):
                    used.add(i)
                    why = mark["why"]
            statuses = (0, *(int(s) for s in _STATUS.findall(command)))
            self._add(Printed(self.document, where, command, why_not=why, statuses=statuses))
        self._none([mark for i, mark in enumerate(marks) if i not in used], where)

    def _add(self, printed: Printed) -> None:
        self.found.append(replace(printed, active=self.active))
        if without_comment(printed.text) == "source .venv/bin/activate" and not printed.why_not:
            self.active = True

    def _none(self, marks: Iterable[re.Match[str]], where: str) -> None:
        for mark in marks:
            raise StaleMark(f"{self.document}, {where}: the mark {mark[0]!r} stands on no command")

    def _inline(self, token: Token, where: str) -> None:
        self.active = self.active or bool(_ACTIVE.search(" ".join(token.content.split())))
        pending: Printed | None = None
        for child in token.children or ():
            marks = self._marks(child.content, where) if child.type == "html_inline" else []
            if marks:
                self._none([m for m in marks if m["line"] or pending is None], where)
                pending = replace(pending, why_not=marks[0]["why"])
                self._add(pending)
                pending = None
                continue
            if pending is not None:
                self._add(pending)
                pending = None
            if child.type == "text" and "not run" in child.content and "<!" in child.content:
                raise StaleMark(
                    f"{self.document}, {where}: a mark that is no comment: {child.content}"
                )
            if child.type == "code_inline" and is_command(child.content):
                pending = Printed(self.document, where, child.content)
        if pending is not None:
            self._add(pending)


def _meant(text: str, lines: Sequence[str]) -> list[str]:
    """The commands of a block that a mark means."""
    return [line for line in lines if without_comment(line) == text] or [
        line for line in lines if text in line
    ]


def without_comment(command: str) -> str:
    """A command without the comment behind it."""
    return re.sub(r"\s+#.*", "", command).strip()


def _of_commands(block: str) -> bool:
    """Whether a block that names no shell is one of commands all the same."""
    lines = [line for line in block.splitlines() if line.strip()]
    return bool(lines) and all(is_command(line) for line in lines)


def in_markdown(text: str, document: str = "page") -> list[Printed]:
    """What a page prints, in its order."""
    finder = _Finder(document, [])
    finder.text(text, lambda line: f"line {line}")
    return finder.found


def in_notebook(path: Path, document: str) -> list[Printed]:
    """What the text of a notebook prints."""
    finder = _Finder(document, [])
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "markdown":
            finder.text(cell.source, lambda line, number=number: f"cell {number}")
    return finder.found


def in_makefile(text: str) -> list[Printed]:
    """Every target that `make help` lists, with the settings that its help names."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"([a-z]+):.*?## (.*)", line):
            target, words = match.groups()
            # "A=1, or IN=notebook": the first of two ways.
            settings = re.findall(
                r"\b[A-Z]+=(?:\"[^\"]*\"|[\w./:+-]+)",
                words.split(" or ")[0].replace(", or", " or "),
            )
            found.append(
                Printed(HELP, f"Makefile, line {number}", " ".join(["make", target, *settings]))
            )
    return found


def in_usage(parser: argparse.ArgumentParser) -> list[Printed]:
    """The help itself, and whole commands that the help of a command quotes."""
    found = [Printed(USAGE, "usage", USAGE, active=True)]
    for name, command in subcommands(parser).items():
        texts = [command.description, command.epilog, *(a.help for a in command._actions)]
        for quoted in re.findall(r"[`']([^`']+)[`']", " ".join(t for t in texts if t)):
            if is_command(quoted):
                found.append(Printed(USAGE, f"help of {name}", quoted, active=True))
    return found


def subcommands(
    parser: argparse.ArgumentParser | None = None,
) -> dict[str, argparse.ArgumentParser]:
    """The commands of the command line by name."""
    for action in (parser or _parser())._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("the command line has no commands")


def target_marks(makefile: str) -> dict[str, str]:
    """The targets that the Makefile marks as not run, and why.

    Raises
    ------
    StaleMark
        If a mark is of no target, or gives no reason.
    """
    marks = {m["target"]: m["why"].strip() for m in _TARGET.finditer(makefile)}
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for target, why in marks.items():
        if target not in targets:
            raise StaleMark(f"Makefile: a mark on {target}, which is no target")
        if len(why.split()) < 3:
            raise StaleMark(f"Makefile: a mark on {target} without a reason")
    if len(marks) != len(re.findall(r"^# not run", makefile, re.MULTILINE)):
        raise StaleMark(
            "Makefile: a mark that cannot be read; expected '# not run: make TARGET: REASON'"
        )
    return marks


def make_targets(command: str) -> list[str]:
    """The targets that a command of make names."""
    words = shlex.split(command, comments=True) if is_command(command) else []
    return [w for w in words[1:] if re.fullmatch("[a-z]+", w)] if words[:1] == ["make"] else []


def documents(root: Path = ROOT) -> dict[str, list[Printed]]:
    """What every document prints, by the document's name; documents without commands are left out."""
    found = {}
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "book").glob("*.md"))]
    for path in pages:
        name = path.relative_to(root).as_posix()
        found[name] = in_markdown(path.read_text(encoding="utf-8"), name)
    for path in sorted((root / "notebooks").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            name = path.relative_to(root).as_posix()
            found[name] = in_notebook(path, name)
    found[HELP] = in_makefile(makefile)
    found[USAGE] = in_usage(_parser())
    marks = target_marks(makefile)

    def marked(each: Printed) -> Printed:
        why = next((marks[t] for t in make_targets(each.text) if t in marks), "")
        return replace(each, why_not=each.why_not or why)

    found = {name: [marked(p) for p in printed] for name, printed in found.items() if printed}
    # A target whose command a page prints is run there, in the order of the page.
    elsewhere = {without_comment(p.text) for name in found if name != HELP for p in found[name]}
    found[HELP] = [p for p in found[HELP] if p.text == HELP or p.text not in elsewhere]
    return _once(found)


def _once(found: dict[str, list[Printed]]) -> dict[str, list[Printed]]:
    """Run a command that several documents print in the same words once, if all it does is to read.

    The document that prints the most such commands comes first.
    """
    first: dict[tuple[str, bool], str] = {}
    for name in sorted(found, key=lambda n: -sum(bool(_READS.match(p.text)) for p in found[n])):
        for each in found[name]:
            if _READS.match(each.text) and not each.why_not:
                first.setdefault((without_comment(each.text), each.active), name)
    for name, printed in found.items():
        for i, each in enumerate(printed):
            where = first.get((without_comment(each.text), each.active), name)
            if where != name and not each.why_not:
                printed[i] = replace(each, run_in=where)
    return found


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
        # CI: `make book` opens no browser.
        self.environment = {**_bare(), "CI": "1"}

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
