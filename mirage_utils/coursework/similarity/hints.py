"""Pairs of students who share more than the rest of the class lets expect."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .pieces import phrases, runs, typed, whole
from .works import ALL, NUMBERS, OWN, Work

__all__ = ["EXPECTED", "FEWEST", "TOO_FEW", "Hint", "groups", "hints", "rarely_equal"]

FEWEST = 8  # with fewer students there is no base rate
TOO_FEW = f"With fewer than {FEWEST} submissions there is no base rate, and nothing is compared."
EXPECTED = 0.05  # pairs that may be expected in a class for a hint to be one, over all its pieces
_LEAST = 2.0  # bits over which the number of pairs falls by a factor e, at least
_SHARE = 0.2  # of what is rare in the shorter one; less is no hint
_RARELY, _LONG = 0.001, 20  # of all pairs; tokens of an answer that may be listed for being equal

_Part = tuple[object, ...]  # a run, a phrase, a number or an answer
_Cut = Callable[[str], Set[_Part]]


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
    cuts: dict[str, _Cut | None] = {OWN: runs, **dict.fromkeys(essays, phrases), NUMBERS: typed, ALL: None}  # fmt: skip
    cut_up: list[dict[str, Set[_Part]]] = [
        {piece: cut(each.text(piece)) if cut else _answers(each) for piece, cut in cuts.items()}
        for each in works
    ]
    # An obvious answer as a whole is one that many gave.
    everybody_had: dict[_Cut | None, set[_Part]] = {None: set()}
    for each_cut in (runs, phrases, typed):
        everybody_had[each_cut] = {part for text in known for part in each_cut(text)}
    found = []
    for piece, cut in cuts.items():
        # A run is as rare as it is in the whole work of the class: many may have it, each in another cell.
        held: Iterable[Set[_Part]] = (
            ({run for code in each.answers.values() for run in runs(code)} for each in works)
            if piece == OWN
            else (each[piece] for each in cut_up)
        )
        holders = Counter(run for parts in held for run in parts)
        rarity = {run: math.log2(len(works) / count) for run, count in holders.items() if run not in everybody_had[cut]}  # fmt: skip
        bits = _bits([each[piece] for each in cut_up], rarity)
        found += _outliers(piece, works, bits, EXPECTED / len(cuts))
    return sorted(found, key=lambda each: each.expected)


def _answers(work: Work) -> set[_Part]:
    """Each answer as one thing, by question: equal to another's or not."""
    return {(answer,) for answer in whole(work.answers).items()}


def _bits(parts: Sequence[Set[_Part]], rarity: Mapping[_Part, float]) -> NDArray[np.float64]:
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
        pairs = zip(*(side.tolist() for side in upper), strict=True)
        same = [_same_draws(works[i].drawn, works[j].drawn) for i, j in pairs]
        shared = np.where(same, 0.0, shared)
    # Everybody may have a copied pair, and the tail must be that of the others: one pair in n - 1 is left to them.
    tail = 1 / (len(works) - 1)
    start, end = np.quantile(shared, [1 - 5 * tail, 1 - tail])
    scale = max(_LEAST, (end - start) / math.log(5))
    expected = len(shared) * 5 * tail * np.exp(-(shared - start) / scale)
    rare = np.minimum(np.diag(bits)[upper[0]], np.diag(bits)[upper[1]])
    share = np.divide(shared, rare, out=np.zeros_like(shared), where=rare > 0)
    found = []
    for at in np.flatnonzero((expected < allowed) & (share >= _SHARE)):
        one, other = (works[int(side[at])].student for side in upper)
        as_alike = int((shared >= shared[at] - 1e-9).sum())
        found.append(Hint(piece, (one, other), float(shared[at]), float(share[at]), as_alike, len(shared), float(expected[at])))  # fmt: skip
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
        for name, tokens in whole(each.answers).items():
            if name != OWN:
                given.setdefault(name, {}).setdefault(tokens, []).append(each.student)
    found = []
    for name, answers in given.items():
        pairs = math.comb(sum(map(len, answers.values())), 2)
        equal = sum(math.comb(len(who), 2) for who in answers.values())
        if 0 < equal <= _RARELY * pairs:
            found += [
                (name, tuple(who), equal, pairs)
                for tokens, who in answers.items()
                if len(who) > 1 and len(tokens) >= _LONG
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
