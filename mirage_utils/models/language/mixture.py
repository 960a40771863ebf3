"""What the ladder learns: eight kinds of questions in one mixture, answers as long as they are, then an end.

================ ======= =============================== ====================== =============================
task             lengths a question                      its answer             kept for the test
================ ======= =============================== ====================== =============================
recall           5       ``@fca=``                       ``90417.``             nothing: the test asks all keys
addition         1 to 5  ``345+678=``                    ``1023.``              a pair in ten, in either order
multiplication   1, 2    ``12*34=``                      ``408.``               a pair in ten, in either order
copying          4, 8    ``>gbba=``                      ``gbba.``              a row in ten
modular sum      2, 3, 4 ``%583=``                       ``6.``                 a row in ten
sorting          3, 5, 7 ``<dbc=``                       ``bcd.``               a row in ten
transliteration  2, 3, 4 ``~abc=``                       ``kmfa.``              a row in ten
choice of ...    1       ``%58A9B3C0D2=``                ``B.``                 those of the task it is about
================ ======= =============================== ====================== =============================

The length is that of what is worked on: digits of each number, letters of a row, digits of a code. Where there are
fewer than 2,500 different questions (sums and products of single digits, modular sums of two, transliterations of two
letters), all are trained on, as a table is learnt, and the test asks for what was seen; so it is for recall.

* A code is random digits; keys come up with Zipf frequencies. What is to be known of it is nothing but the table.
* Numbers have no zeros in front, in questions and in answers.
* A modular sum is the last digit of the sum of the digits.
* Transliteration writes every letter as one or two others, by a table, so that answers differ in length.
* A choice shows four answers and asks for a letter: which digit does the code of this key begin with, what is the
  modular sum of two digits, which of three letters comes first, what does the transliteration of a letter begin with.
  The right one stands at each place equally often; the wrong ones are as likely as each other.

How many of a hundred training examples are of each kind is the table `SKILLS`; every batch has exactly these shares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import require
from ..training import _QUICKLY
from ..when_trained import jax, jnp
from .made import frequencies, placed
from .tasks import Arithmetic, Examples, Task

__all__ = ["BLANK", "CHOICES", "LETTERS", "SKILLS", "Mixture", "Skill"]

_SYMBOLS = "0123456789abcdefghijklmnopABCD@+*>%<~=. "
_OF = {symbol: i for i, symbol in enumerate(_SYMBOLS)}
LETTERS = 16
"""Letters of keys and rows, from a."""
CHOICES = 4
"""Options of a choice."""
BLANK = _OF[" "]
"""What stands before a question and behind an answer, where others are longer."""
_A_LETTER = _OF["a"]
_QUESTION, _ANSWER = 13, 9  # symbols of the longest, with its mark and its end
_CHANCE = 20  # uniform numbers that make a question


class _Drawn(NamedTuple):
    """Questions and answers of one kind, blanks anywhere, and which are kept for the test."""

    question: jax.Array
    answer: jax.Array
    kept: jax.Array


_Draw = Callable[["Mixture", "jax.Array", int], _Drawn]


class Skill(NamedTuple):
    """One kind of question at one length.

    Attributes
    ----------
    task : str
    length : int
        Of what is worked on.
    share : int
        Examples in a hundred.
    draw : callable
        Mixture, uniform numbers of shape (n, `_CHANCE`), length -> n questions and answers.
    """

    task: str
    length: int
    share: int
    draw: _Draw


@dataclass(frozen=True)
class Mixture(Task):
    """The ladder's questions; the module says which.

    Parameters
    ----------
    keys : int
        Codes to be recalled, 2 to 4,096.
    exponent : float
        Of the keys' Zipf frequencies.
    reversed_answer : bool
        Whether sums and products are written from their last digit to their first.
    tests : int
        Questions of the test, of every kind and length; fewer where there are not so many, and every key for recall.
    """

    keys: int
    exponent: float
    reversed_answer: bool
    tests: int

    kind: ClassVar[str] = "mixture"

    def __post_init__(self) -> None:
        require(2 <= self.keys <= LETTERS**3, "keys", self.keys, f"2 to {LETTERS**3:,}")
        require(self.exponent >= 0, "exponent", self.exponent, "a number >= 0")
        require(1 <= self.tests <= 1_000, "tests", self.tests, "1 to 1,000")

    @property
    def symbols(self) -> str:
        return _SYMBOLS

    @property
    def lengths(self) -> tuple[int, int]:
        return _QUESTION, _ANSWER

    def codes(self) -> NDArray[np.int64]:
        """The code of every key, shape (keys, 5): part of the task and not of a run, so their seed is fixed."""
        return np.random.default_rng(0).integers(0, 10, (self.keys, 5))

    def draw(self, key: jax.Array, n: int) -> Examples:
        """Training examples; n is a multiple of a hundred."""
        require(n % 100 == 0, "batch", n, "a multiple of 100")
        chance, parts, first = jax.random.uniform(key, (n, _CHANCE)), [], 0
        for skill in SKILLS:
            last = first + n // 100 * skill.share
            parts.append(_framed(skill.draw(self, chance[first:last], skill.length)))
            first = last
        question, answer, kept = (jnp.concatenate(part) for part in zip(*parts, strict=True))
        return Examples(_packed(question, right=True), _packed(answer), 1.0 - kept)

    def test(self) -> Examples:
        """The test; a question of recall counts as often as it comes up, and every kind as its share."""
        parts = _test(self)
        return Examples(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def skills(self) -> NDArray[np.int64]:
        """Which of `SKILLS` each question of the test belongs to."""
        return np.repeat(np.arange(len(SKILLS)), [len(part.answers) for part in _test(self)])

    def contents(self) -> dict[str, Any]:
        shares = [f"{s.task} {s.length} {s.share}" for s in SKILLS]
        return {**super().contents(), "shares": shares, "images": _images(), "codes": self.codes()}


@cache
def _test(task: Mixture) -> list[Examples]:
    """The test by `SKILLS`: in one program, because compiling it takes longer than running it."""

    def candidates(key: jax.Array) -> list[_Drawn]:
        chance = jax.random.uniform(key, (len(SKILLS), 40 * task.tests, _CHANCE))
        return [
            _framed(
                _recalled(task, jnp.arange(task.keys))
                if skill.task == "recall"
                else skill.draw(task, own, skill.length)
            )
            for skill, own in zip(SKILLS, chance, strict=True)
        ]

    # No run ever trains on this key: those of runs are derived from their seeds.
    ask = jax.jit(candidates, compiler_options=_QUICKLY)
    found = []
    for skill, drawn in zip(SKILLS, ask(jax.random.key(2**31)), strict=True):
        question, answer, kept = map(np.asarray, drawn)
        left = np.flatnonzero(kept if kept.any() else ~kept)
        _, first = np.unique(question[left], axis=0, return_index=True)
        every = skill.task == "recall"
        chosen = left[np.sort(first)[: task.keys if every else task.tests]]
        shares = frequencies(len(chosen), task.exponent if every else 0.0)
        found.append(
            Examples(
                np.asarray(_packed(jnp.asarray(question[chosen]), right=True)),
                np.asarray(_packed(jnp.asarray(answer[chosen]))),
                skill.share / 100 * shares,
            )
        )
    return found


# -- how questions are put together ----------------------------------------------------------------


def _row(n: int, *parts: str | jax.Array) -> jax.Array:
    """n rows of symbols, of texts that are the same in all and of arrays of shape (n, width)."""
    return jnp.concatenate(
        [
            jnp.tile(jnp.array([_OF[s] for s in part]), (n, 1)) if isinstance(part, str) else part
            for part in parts
        ],
        axis=1,
    )


def _framed(drawn: _Drawn) -> _Drawn:
    """With the sign that asks and the end, and as wide as the longest."""
    n = len(drawn.kept)
    question, answer = _row(n, drawn.question, "="), _row(n, drawn.answer, ".")
    before, behind = _QUESTION - question.shape[1], _ANSWER - answer.shape[1]
    return _Drawn(_row(n, " " * before, question) if before else question,
                  _row(n, answer, " " * behind) if behind else answer, drawn.kept)  # fmt: skip


def _packed(rows: jax.Array, right: bool = False) -> jax.Array:
    """Symbols moved together: blanks behind, or before if `right`."""
    order = jnp.argsort((rows == BLANK) != right, axis=1, stable=True)
    return jnp.take_along_axis(rows, order, axis=1)


def _digits(number: jax.Array, many: int) -> jax.Array:
    """Numbers as rows of digits, blank where zeros would stand in front; shape (n, many)."""
    powers = 10 ** jnp.arange(many)[::-1]
    in_front = (number[:, None] < powers) & (powers > 1)
    return jnp.where(in_front, BLANK, number[:, None] // powers % 10)


def _apart(row: jax.Array) -> jax.Array:
    """Whether a row of symbols is kept for the test: one in ten, by a hash of the row."""
    found = jnp.zeros(len(row), int)
    for column in row.T:
        found = (found * 131 + column * 7 + 3) % 9973
    return found % 10 == 0


def _none(n: int) -> jax.Array:
    return jnp.zeros(n, bool)


def _images() -> NDArray[np.int64]:
    """How each letter is written by transliteration, shape (letters, 2): half of them as two others."""
    rng = np.random.default_rng(1)
    images = _A_LETTER + rng.integers(0, LETTERS, (LETTERS, 2))
    images[rng.permutation(LETTERS)[: LETTERS // 2], 1] = BLANK
    return images


# -- the tasks -------------------------------------------------------------------------------------


def _whole(chance: jax.Array, low: int, high: int) -> jax.Array:
    """Uniform numbers as whole ones, from low to below high."""
    return low + (chance * (high - low)).astype(int)


def _recall(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
    return _recalled(task, placed(chance[:, 0], frequencies(task.keys, task.exponent)))


def _recalled(task: Mixture, which: jax.Array) -> _Drawn:
    """Keys by their numbers, the most frequent being 0, and their codes."""
    n, name = len(which), which[:, None] // LETTERS ** jnp.arange(2, -1, -1) % LETTERS
    return _Drawn(_row(n, "@", _A_LETTER + name), jnp.asarray(task.codes())[which], _none(n))


def _two_numbers(sign: str) -> _Draw:
    def draw(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
        n, least = len(chance), 10 ** (length - 1) if length > 1 else 0
        x, y = _whole(chance[:, :2], least, 10**length).T
        result, many = (x + y, length + 1) if sign == "+" else (x * y, 2 * length)
        answer = _digits(result, many)
        kept = Arithmetic.held_out(x, y, jnp) if length > 1 else _none(n)
        question = _row(n, _digits(x, length), sign, _digits(y, length))
        return _Drawn(question, answer[:, ::-1] if task.reversed_answer else answer, kept)

    return draw


def _letters(chance: jax.Array, length: int) -> jax.Array:
    return _A_LETTER + _whole(chance[:, :length], 0, LETTERS)


def _copying(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
    row = _letters(chance, length)
    return _Drawn(_row(len(row), ">", row), row, _apart(row))


def _modular_sum(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
    row = _whole(chance[:, :length], 0, 10)
    kept = _apart(row) if length > 2 else _none(len(row))
    return _Drawn(_row(len(row), "%", row), row.sum(axis=1, keepdims=True) % 10, kept)


def _sorting(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
    row = _letters(chance, length)
    return _Drawn(_row(len(row), "<", row), jnp.sort(row, axis=1), _apart(row))


def _transliteration(task: Mixture, chance: jax.Array, length: int) -> _Drawn:
    row = _letters(chance, length)
    kept = _apart(row) if length > 2 else _none(len(row))
    return _Drawn(
        _row(len(row), "~", row),
        jnp.asarray(_images())[row - _A_LETTER].reshape(len(row), -1),
        kept,
    )


def _choice(chance: jax.Array, asked: jax.Array, right: jax.Array, kept: jax.Array,
            symbols: str) -> _Drawn:  # fmt: skip
    """Four of `symbols` to choose from, one of which is right, behind what is asked."""
    n, many, first = len(right), len(symbols), _OF[symbols[0]]
    # The order of random numbers is a random order.
    steps = 1 + jnp.argsort(chance[:, 1:many], axis=1)[:, : CHOICES - 1]
    wrong = first + (right[:, None] - first + steps) % many
    at = _whole(chance[:, :1], 0, CHOICES)
    options = jnp.take_along_axis(
        jnp.concatenate([right[:, None], wrong], axis=1), (jnp.arange(CHOICES) - at) % CHOICES, axis=1
    )  # fmt: skip
    shown = [part for i, letter in enumerate("ABCD") for part in (letter, options[:, i : i + 1])]
    return _Drawn(_row(n, asked, *shown), _OF["A"] + at, kept)


_DIGITS, _ROW_LETTERS = _SYMBOLS[:10], _SYMBOLS[_A_LETTER : _A_LETTER + LETTERS]


def _choice_of(draw: _Draw, length: int, symbols: str) -> _Draw:
    """A choice between first symbols of another task's answer."""

    def choose(task: Mixture, chance: jax.Array, _: int) -> _Drawn:
        question, answer, kept = draw(task, chance[:, LETTERS:], length)
        return _choice(chance[:, :LETTERS], question, answer[:, 0], kept, symbols)

    return choose


_addition, _multiplication = _two_numbers("+"), _two_numbers("*")

SKILLS: tuple[Skill, ...] = (
    Skill("recall", 5, 26, _recall),
    Skill("addition", 1, 2, _addition),
    Skill("addition", 2, 3, _addition),
    Skill("addition", 3, 4, _addition),
    Skill("addition", 4, 5, _addition),
    Skill("addition", 5, 6, _addition),
    Skill("multiplication", 1, 2, _multiplication),
    Skill("multiplication", 2, 8, _multiplication),
    Skill("copying", 4, 1, _copying),
    Skill("copying", 8, 2, _copying),
    Skill("modular sum", 2, 2, _modular_sum),
    Skill("modular sum", 3, 3, _modular_sum),
    Skill("modular sum", 4, 5, _modular_sum),
    Skill("sorting", 3, 1, _sorting),
    Skill("sorting", 5, 2, _sorting),
    Skill("sorting", 7, 4, _sorting),
    Skill("transliteration", 2, 1, _transliteration),
    Skill("transliteration", 3, 2, _transliteration),
    Skill("transliteration", 4, 4, _transliteration),
    Skill("choice of recall", 1, 6, _choice_of(_recall, 5, _DIGITS)),
    Skill("choice of modular sum", 1, 5, _choice_of(_modular_sum, 2, _DIGITS)),
    Skill("choice of sorting", 1, 3, _choice_of(_sorting, 3, _ROW_LETTERS)),
    Skill("choice of transliteration", 1, 3, _choice_of(_transliteration, 1, _ROW_LETTERS)),
)
"""All kinds of questions; the shares make a hundred."""
