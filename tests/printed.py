"""Every command and every block of Python that the project prints, found where it stands; `typed` runs them.

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
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable, Sequence
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
