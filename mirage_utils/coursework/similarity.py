"""Which submissions of an assignment are alike in what hardly anybody else wrote: hints with their base rate, never a verdict.

Equal answers are no sign of anything where half of the class writes them, so all that two students share counts by how few have it:
log2(n / holders) bits. What is free, an essay and the functions of one's own, is cut into short runs of words or tokens. An answer to
a question counts once, as a whole: who chooses one of the few usual ways has made one choice, however long it is. What stands in the
assignment or its model solution counts for nothing in free pieces.

The class itself is the base rate. A pair is a hint only if, going by the tail of the other pairs, not one such pair was to be expected in
the whole class (`EXPECTED`, shared out among the pieces). One equal answer alone can never be that; it is listed (`rarely_equal`) where
next to no two students of the class have equal answers.

Names that students chose are one name here, and numbers in prose are one number: with these, a copy that was gone over is still a
copy. Numbers are compared apart: everybody's follow from the name, so those of another are telling, and between two who drew the same
they are not.
"""

from __future__ import annotations

import ast
import io
import math
import re
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..ground.write import replace as write_whole
from .assignments import Assignment, assignment, find, identifier
from .class_page import beside
from .document import document, line
from .exports import write_table
from .grading import OTHER_NAME, Result
from .names import Names, called, kept_names
from .stored import stored
from .variation import Variation

__all__ = [
    "Hint",
    "Work",
    "alike",
    "borrowed",
    "draws",
    "groups",
    "hints",
    "page",
    "phrases",
    "rarely_equal",
    "runs",
    "typed",
    "work",
]

RUN, PHRASE = 6, 4  # tokens of code and words of prose that are compared together
PIECE = 20_000  # letters of a piece of work that are looked at
FEWEST = 8  # with fewer students there is no base rate
TOO_FEW = f"With fewer than {FEWEST} submissions there is no base rate, and nothing is compared."
EXPECTED = 0.05  # pairs that may be expected in a class for a hint to be one, over all its pieces
LEAST = 2.0  # bits over which the number of pairs falls by a factor e, at least
SHARE = 0.2  # of what is rare in the shorter one; less is no hint
RARELY, LONG = 0.001, 20  # of all pairs; tokens of an answer that may be listed for being equal
OWN, ALL, NUMBERS = "cells of one's own", "answers taken together", "numbers"


# ---------------------------------------------------------------- what is compared


def runs(code: str) -> set[tuple[str, ...]]:
    """Runs of tokens of a piece of Python, without comments, layout, and the names that its author chose.

    What is not Python is cut up all the same, as it stands.
    """
    tokens = _tokens(code[:PIECE])
    return {tuple(tokens[at : at + RUN]) for at in range(len(tokens) - RUN + 1)}


def _tokens(code: str) -> list[str]:
    code = re.sub(r"^[ \t]*[%!].*$", "", code, flags=re.M)  # commands to the notebook
    try:
        tree = _Plain().visit(ast.parse(code))
        read = tokenize.generate_tokens(io.StringIO(ast.unparse(tree)).readline)
        return [each.string for each in read if each.string.strip()]
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return re.findall(r"\w+|[^\w\s]", re.sub(r"#.*", "", code))


class _Plain(ast.NodeTransformer):
    """Takes away what says nothing of how a problem was solved: chosen names, texts that are not used, other names of modules."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self.chosen, self.modules = set(), {}
        for each in ast.walk(node):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                self.chosen.add(each.id)
            elif isinstance(each, ast.arg):
                self.chosen.add(each.arg)
            elif isinstance(each, (ast.FunctionDef, ast.ClassDef)):
                self.chosen.add(each.name)
            elif isinstance(each, (ast.Import, ast.ImportFrom)):
                self.modules |= {a.asname: a.name for a in each.names if a.asname}
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = "_" if node.id in self.chosen else self.modules.get(node.id, node.id)
        return ast.Name(name, node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg("_")

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name, node.returns = "_", None
        return self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        return None

    visit_ImportFrom = visit_Import

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)


def phrases(prose: str) -> set[tuple[str, ...]]:
    """Runs of words of a text, without case, punctuation and the values of numbers."""
    words = re.findall(r"[^\W\d_]+|\d[\d.,]*(?:e[-+]?\d+)?", prose[:PIECE].casefold())
    words = ["#" if word[0].isdigit() else word for word in words]
    return {tuple(words[at : at + PHRASE]) for at in range(len(words) - PHRASE + 1)}


def typed(text: str) -> set[tuple[str, ...]]:
    """Numbers of four significant digits or more that stand in code or prose; shorter ones meet by accident."""
    found = set()
    for digits, power in re.findall(r"(?<![\w.])(\d{1,25}(?:\.\d{0,25})?)(?:e([-+]?\d{1,3}))?(?![\w])", text.casefold()):  # fmt: skip
        if len(digits.replace(".", "").strip("0")) >= 4:
            found.add((repr(float(f"{digits}e{power or 0}")),))
    return found


@dataclass(frozen=True)
class Work:
    """What one student wrote.

    Attributes
    ----------
    student : str
    answers : dict of str to str
        Code by cell, with `OWN` for the cells of one's own.
    essays : dict of str to str
    drawn : tuple
        The numbers that follow from the name, in the order of the assignment.
    """

    student: str
    answers: Mapping[str, str] = field(default_factory=dict)
    essays: Mapping[str, str] = field(default_factory=dict)
    drawn: tuple[Any, ...] = ()

    def text(self, piece: str) -> str:
        """What a piece consists of."""
        if piece in (ALL, NUMBERS):  # what they are taken from
            essays = self.essays.values() if piece == NUMBERS else ()
            return "\n".join([*self.answers.values(), *essays])
        return self.answers.get(piece) or self.essays.get(piece, "")


def work(result: Result, drawn: tuple[Any, ...] = ()) -> Work:
    """What a stored result holds of a student's writing; answers as they were handed out are left out."""
    answers: dict[str, str] = {}
    essays: dict[str, str] = {}
    own = []
    for cell in result.shown:
        source = cell.get("source", "")
        if cell.get("essay"):
            essays[cell["essay"]] = source
        elif cell.get("cell"):
            answers[cell["cell"]] = source
        elif "cell" in cell and not re.match(r"\s*STUDENT\s*=", source):
            own.append(source)
    answers = {name: code for name, code in answers.items() if "raise NotImplementedError" not in code}  # fmt: skip
    return Work(result.student, {**answers, OWN: "\n".join(own)}, essays, drawn)


def draws(wanted: Assignment, student: str) -> tuple[Any, ...]:
    """What an assignment draws for a student, as far as its given cells say it in literals."""
    mine = Variation(student, wanted.name)
    found = []
    for cell in wanted.cells:
        if wanted.kind(identifier(cell)) != "given":
            continue
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = node.func.attr
                if name in ("choose", "number", "size", "whole") and isinstance(
                    node.func.value, ast.Name
                ):
                    try:
                        found.append(getattr(mine, name)(*map(ast.literal_eval, node.args)))
                    except (ValueError, TypeError):
                        continue  # of something that only the cell knows
    return tuple(found)


def _whole(work: Work) -> set[tuple[Any, ...]]:
    """Each answer as one thing, by question: equal to another's or not."""
    cut = {name: tuple(_tokens(code[:PIECE])) for name, code in work.answers.items()}
    return {((name, tokens),) for name, tokens in cut.items() if len(tokens) >= RUN}


# ---------------------------------------------------------------- hints


@dataclass(frozen=True)
class Hint:
    """Two pieces of work that are more alike than the class explains.

    Attributes
    ----------
    piece : str
        An essay by the name of its cell, or `OWN`, `ALL`, `NUMBERS`.
    pair : (str, str)
        Students.
    bits : float
        What they share, by how few have it.
    share : float
        Of what is rare in the shorter one, the share that is in the other; 0 to 1.
    as_alike : int
        Pairs of the class that share as much, this one among them.
    pairs : int
        Pairs that were compared.
    expected : float
        How many such pairs the tail of the class's own distribution lets expect.
    """

    piece: str
    pair: tuple[str, str]
    bits: float
    share: float
    as_alike: int
    pairs: int
    expected: float


def hints(works: Sequence[Work], known: Sequence[str] = ()) -> list[Hint]:
    """The hints of a class, the strongest first.

    Parameters
    ----------
    works : sequence of Work
        One a student. Fewer than `FEWEST` are not compared.
    known : sequence of str
        Texts that everybody had, code and prose: what is in them counts for nothing.
    """
    if len(works) < FEWEST:
        return []
    essays = list(dict.fromkeys(name for each in works for name in each.essays))
    cuts = {OWN: runs, **dict.fromkeys(essays, phrases), NUMBERS: typed, ALL: None}
    cut_up = [
        {piece: cut(each.text(piece)) if cut else _whole(each) for piece, cut in cuts.items()}
        for each in works
    ]
    everybody_had = {cut: set().union(*map(cut, known)) for cut in (runs, phrases, typed)}
    everybody_had[None] = set()  # an obvious answer is one that many gave
    found = []
    for piece, cut in cuts.items():
        # A run is as rare as it is in the whole work of the class: many may have it, each in another cell.
        held = (
            (set().union(*map(runs, each.answers.values())) for each in works)
            if piece == OWN
            else (each[piece] for each in cut_up)
        )
        holders = Counter(run for whole in held for run in whole)
        rarity = {run: math.log2(len(works) / count) for run, count in holders.items() if run not in everybody_had[cut]}  # fmt: skip
        bits = _bits([each[piece] for each in cut_up], rarity)
        found += _outliers(piece, works, bits, EXPECTED / len(cuts))
    return sorted(found, key=lambda each: each.expected)


def _bits(
    parts: Sequence[set[tuple[str, ...]]], rarity: Mapping[tuple[str, ...], float]
) -> NDArray[np.float64]:
    """What any two pieces share, in bits, shape (n, n); on the diagonal what each holds."""
    column = {run: at for at, run in enumerate(rarity)}
    where = [(row, column[run]) for row, part in enumerate(parts) for run in part if run in column]
    if not where:
        return np.zeros((len(parts), len(parts)))
    # Each token lies in as many runs as a run is long, so that a run counts for one of its tokens.
    weights = np.array([bits / len(run) for run, bits in rarity.items()])
    held = csr_array((np.ones(len(where)), tuple(np.array(where).T)), shape=(len(parts), len(column)))  # fmt: skip
    return np.asarray((held.multiply(weights[None, :]).tocsr() @ held.T).toarray())


def _outliers(
    piece: str,
    works: Sequence[Work],
    bits: NDArray[np.float64],
    allowed: float,
) -> list[Hint]:
    """Pairs beyond the tail of all pairs, taken to go on falling exponentially as it does where nobody need have copied."""
    upper = np.triu_indices(len(works), 1)
    shared = bits[upper]
    if piece == NUMBERS:
        same = [_same_draws(works[i].drawn, works[j].drawn) for i, j in zip(*upper, strict=True)]
        shared = np.where(same, 0.0, shared)
    # Everybody may have a copied pair, and the tail must be that of the others: one pair in n - 1 is left to them.
    tail = 1 / (len(works) - 1)
    start, end = np.quantile(shared, [1 - 5 * tail, 1 - tail])
    scale = max(LEAST, (end - start) / math.log(5))
    expected = len(shared) * 5 * tail * np.exp(-(shared - start) / scale)
    rare = np.minimum(np.diag(bits)[upper[0]], np.diag(bits)[upper[1]])
    share = np.divide(shared, rare, out=np.zeros_like(shared), where=rare > 0)
    found = []
    for at in np.flatnonzero((expected < allowed) & (share >= SHARE)):
        pair = (works[upper[0][at]].student, works[upper[1][at]].student)
        as_alike = int((shared >= shared[at] - 1e-9).sum())
        found.append(Hint(piece, pair, float(shared[at]), float(share[at]), as_alike, len(shared), float(expected[at])))  # fmt: skip
    return found


def _same_draws(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether two students may well have the same results: all their numbers but one are the same."""
    differ = sum(a != b for a, b in zip(one, other, strict=False))
    return bool(one) and differ <= 1


def rarely_equal(works: Sequence[Work]) -> list[tuple[str, tuple[str, ...], int, int]]:
    """Equal answers to questions to which next to no two students gave the same answer.

    Returns
    -------
    list of (str, tuple of str, int, int)
        The question; students with one and the same answer; pairs of the class with equal answers to it, whichever; all pairs.
    """
    given: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for each in works:
        for ((name, tokens),) in _whole(each):
            if name != OWN:
                given.setdefault(name, {}).setdefault(tokens, []).append(each.student)
    found = []
    for name, answers in given.items():
        pairs = math.comb(sum(map(len, answers.values())), 2)
        equal = sum(math.comb(len(who), 2) for who in answers.values())
        if 0 < equal <= RARELY * pairs:
            found += [
                (name, tuple(who), equal, pairs)
                for tokens, who in answers.items()
                if len(who) > 1 and len(tokens) >= LONG
            ]
    return found


def groups(found: Iterable[Hint]) -> list[list[Hint]]:
    """Hints that lead from one student to the next, together."""
    leader: dict[str, str] = {}

    def top(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    found = list(found)
    for each in found:
        leader[top(each.pair[1])] = top(each.pair[0])
    together: dict[str, list[Hint]] = {}
    for each in found:
        together.setdefault(top(each.pair[0]), []).append(each)
    return list(together.values())


def borrowed(
    results: Sequence[Result], others: Mapping[str, Sequence[str]]
) -> list[tuple[str, str]]:
    """Students whose notebook has the name of another student of the class where its own belongs, and that student."""
    names = Names([each.student for each in results], others)
    known, found = {each.student for each in results}, []
    for each in results:
        for note in each.notes:
            told = re.match(rf"{OTHER_NAME}(.+); marked with the numbers of ", note)
            if told and (other := names.meant(told[1])) in known and other != each.student:
                found.append((called(each.student, others), called(other, others)))
    return found


# ---------------------------------------------------------------- the page

COLUMNS = ("group", "student", "other", "piece", "share", "bits", "pairs_as_alike", "pairs", "expected_pairs")  # fmt: skip
GROUPS, LINES, TEXTS, SHOWN = 30, 12, 3, 3000  # that are shown at most; SHOWN is letters of a text

_STYLE = """
.wide { overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1rem; }
.pair > div { min-width: 0; }
"""

_WORDS = """
<p>For teachers only: this page contains students' names and work.</p>
<p><strong>These are hints and not findings.</strong> They show which submissions share something that hardly anybody else wrote, and
say nothing about why. Two students may have worked together as you allowed, read the same book or forum, or asked the same language
model. If one did follow the other, the page cannot tell which. Read both texts, and talk to both students, before you draw any
conclusion.</p>
<p><em>Shared</em> is how much of what is rare in the shorter piece also stands in the other. <em>As alike</em> counts the pairs in this
class that share at least as much. <em>Expected</em> estimates how many such pairs there would be if everybody had worked alone, judging
by the rest of this class; if many did not, it is too high. Whatever many students wrote counts for little; names, comments and
layout count for nothing, and nor does anything in the assignment or its model solution.</p>
"""


def page(
    title: str, works: Sequence[Work], found: Sequence[Hint], others: Sequence[tuple[str, str]] = ()
) -> str:
    """The hints as a page, complete in itself.

    Parameters
    ----------
    title : str
    works : sequence of Work
        What the hints are about.
    found : sequence of Hint
    others : sequence of (str, str)
        As `borrowed` gives them.
    """
    by_name = {each.student: each for each in works}
    together = groups(found)
    parts = [_WORDS]
    if len(works) < FEWEST:
        parts.append(f"<p>{TOO_FEW}</p>")
    elif not together:
        parts.append(f"<p>Among {len(works)} submissions, none stands out.</p>")
    for each in together[:GROUPS]:
        parts.append(_group(each, by_name))
    if len(together) > GROUPS:
        parts.append(f"<p>{len(together) - GROUPS} more groups are in the table beside this page.</p>")  # fmt: skip
    if equal := rarely_equal(works):
        items = "".join(
            f"<li>{_words(piece)}: {', '.join(line(name, 80) for name in who[:8])}; {count} of {pairs:,} pairs have equal answers here</li>"
            for piece, who, count, pairs in equal[:GROUPS]
        )
        parts.append(f"<h2>Equal answers where answers are seldom equal</h2><ul>{items}</ul>")
    if others:
        items = "".join(f"<li>{line(one, 80)}: {line(other, 80)}</li>" for one, other in others)
        parts.append(f"<h2>Another student's name in the notebook</h2><ul>{items}</ul>")
    return document(title, "".join(parts), _STYLE)


def _group(each: Sequence[Hint], by_name: Mapping[str, Work]) -> str:
    students = list(dict.fromkeys(name for hint in each for name in hint.pair))
    named = " and ".join(line(name, 80) for name in students[:4])
    more = f" and {len(students) - 4} more" if len(students) > 4 else ""
    several = len(students) > 2

    def between(hint: Hint) -> str:
        return f"<td>{line(hint.pair[0], 80)}, {line(hint.pair[1], 80)}</td>" if several else ""

    cells = "".join(
        f'<tr><th scope="row">{_words(hint.piece)}</th>{between(hint)}'
        f'<td class="points">{hint.share:.0%}</td><td class="points">{hint.as_alike:,} of {hint.pairs:,}</td>'
        f'<td class="points">{_expected(hint.expected)}</td></tr>'
        for hint in each[:LINES]
    )
    heads = ["Shared", "As alike", "Expected"]
    head = '<th scope="col">Piece</th>' + ('<th scope="col">Between</th>' if several else "")
    head += "".join(f'<th scope="col" class="points">{name}</th>' for name in heads)
    texts = "".join(
        f"<details><summary>{_words(hint.piece)}, side by side</summary>{_pair(hint, by_name)}</details>"
        for hint in [hint for hint in each if hint.piece not in (ALL, NUMBERS)][:TEXTS] or each[:1]
    )
    left = f"<p>{len(each) - LINES} more hints are in the table beside this page.</p>" if len(each) > LINES else ""  # fmt: skip
    return (
        f"<section><h2>{named}{more}</h2>"
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></div>{left}{texts}</section>'
    )


def _words(piece: str) -> str:
    return line(piece.replace("_", " "), 80)


def _expected(pairs: float) -> str:
    return "under 0.001" if pairs < 0.001 else f"{pairs:.3f}"


def _pair(hint: Hint, by_name: Mapping[str, Work]) -> str:
    def text(student: str) -> str:
        work = by_name[student]
        if hint.piece == NUMBERS:  # those that both have
            common = set.intersection(*(typed(by_name[name].text(NUMBERS)) for name in hint.pair))
            return ", ".join(sorted(number for (number,) in common))
        return work.text(hint.piece)

    def column(student: str) -> str:
        whole = text(student)
        left = f"\n[{len(whole) - SHOWN:,} more letters]" if len(whole) > SHOWN else ""
        return f"<div><p>{line(student, 80)}</p><pre><code>{escape(whole[:SHOWN] + left)}</code></pre></div>"  # fmt: skip

    return f'<div class="pair">{"".join(map(column, hint.pair))}</div>'


def alike(table: Path, sources: Path) -> tuple[Path, Path, str]:
    """Write the page of hints and the same as a table beside a table of marks.

    Parameters
    ----------
    table : Path
        The table that `course.grade` wrote.
    sources : Path
        Folder of the assignments' sources: what stands in them is no sign of anything.

    Returns
    -------
    page, table : Path
        ``grades-alike.html`` and ``grades-alike.csv`` for ``grades.csv``.
    found : str
        How many hints there are, or why nothing was compared.

    Raises
    ------
    FieldError, DataError
        If it is no such table (see `stored`), or its assignment is not among the sources.
    """
    students = stored(table)
    wanted = assignment(sources, find(sources, students[0].row["assignment"]))
    results = [each.result for each in students if each.result is not None and each.result.shown]
    names = kept_names(table.with_suffix(""))
    works = [
        replace(work(each, draws(wanted, each.student)), student=called(each.student, names))
        for each in results
    ]
    found = hints(works, [cell.source for cell in wanted.cells])
    rows = [
        dict(zip(COLUMNS, (str(number), *hint.pair, hint.piece, f"{hint.share:.2f}", f"{hint.bits:.1f}", str(hint.as_alike), str(hint.pairs), _expected(hint.expected)), strict=True))
        for number, group in enumerate(groups(found), start=1)
        for hint in group
    ]  # fmt: skip
    where = beside(table, "alike")
    number, _, words = wanted.name.partition("_")
    title = f"Assignment {number}, {words.replace('_', ' ')}: what is alike"
    content = page(title, works, found, borrowed(results, names))
    write_whole(where[0], content.encode(errors="replace"))
    write_whole(where[1], write_table(COLUMNS, rows).encode())
    return *where, f"{len(rows)} hints among {len(works)} submissions" if len(
        works
    ) >= FEWEST else TOO_FEW
