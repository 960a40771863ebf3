"""What the language models learn: questions and answers over a small alphabet, drawn without end.

=============== ====================================================== ==============================
task            question and answer                                    what it is for
=============== ====================================================== ==============================
`Recall`        a key, and the random code that goes with it           capacity: how much fits
`Arithmetic`    two numbers, and their sum or product                  skills that come one by one
`Induction`     a row of symbols and the start of its repeat, the rest attention that has to be built
=============== ====================================================== ==============================

A task draws training examples from a random key (in JAX, inside the compiled training loop) and has one fixed test
that is the same for every model.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...errors import require
from ..when_trained import jax, jnp
from .made import Made, frequencies, pick

__all__ = ["Arithmetic", "Examples", "Induction", "Recall", "Task"]

_DIGITS = "0123456789"


class Examples(NamedTuple):
    """Questions with their answers, as numbers of symbols.

    Attributes
    ----------
    prompts : array of int, shape (n, p)
    answers : array of int, shape (n, l)
    weights : array of float, shape (n,)
        What each counts in the loss; 0 for one that is kept for the test.
    """

    prompts: Any
    answers: Any
    weights: Any


class Task(Made):
    """Questions and answers of fixed length."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def symbols(self) -> str:
        """The alphabet: symbol i is printed as its i-th character."""

    @property
    @abstractmethod
    def lengths(self) -> tuple[int, int]:
        """Symbols of a question and of an answer."""

    @abstractmethod
    def draw(self, key: jax.Array, n: int) -> Examples:
        """Training examples."""

    @abstractmethod
    def test(self) -> Examples:
        """The test: always the same, as NumPy arrays, weights being each question's frequency in training."""

    @property
    def name(self) -> str:
        return f"{self.kind} ({', '.join(f'{k} {v}' for k, v in asdict(self).items())})"  # type: ignore[call-overload]

    def contents(self) -> dict[str, Any]:
        return {"symbols": list(self.symbols), **self.test()._asdict()}

    def sizes(self) -> dict[str, int]:
        return {"test": len(self.test().answers)}

    def text(self, symbols: NDArray[np.integer]) -> list[str]:
        """Rows of symbols as texts."""
        letters = np.array(list(self.symbols))
        return ["".join(row) for row in letters[np.asarray(symbols)]]


@dataclass(frozen=True)
class Recall(Task):
    """Random codes by heart: nothing to understand, only so much to store.

    The codes are random digits, so knowing one says nothing of another, and a model cannot do better than its
    memory. There are no held-out questions: the test asks for all codes, because the point is how many are known.

    Parameters
    ----------
    keys : int
        Number of codes, 2 to 32,768.
    length : int
        Digits of a code.
    exponent : float
        Keys come up with Zipf frequencies of this exponent, >= 0; 0 makes all keys equally frequent.
    """

    keys: int
    length: int
    exponent: float = 0.0

    kind: ClassVar[str] = "recall"

    def __post_init__(self) -> None:
        require(2 <= self.keys <= 8**5, "keys", self.keys, "2 to 32,768")
        require(1 <= self.length <= 16, "length", self.length, "1 to 16 digits")
        require(self.exponent >= 0, "exponent", self.exponent, "a number >= 0")

    @property
    def symbols(self) -> str:
        return _DIGITS + "abcdefgh"

    @property
    def lengths(self) -> tuple[int, int]:
        letters = 1
        while 8**letters < self.keys:
            letters += 1
        return letters, self.length

    def _table(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        letters, _ = self.lengths
        number = np.arange(self.keys)[:, None]
        names = 10 + number // 8 ** np.arange(letters - 1, -1, -1) % 8
        # Codes are part of the task and not of a run: their seed is fixed.
        return names, np.random.default_rng(0).integers(0, 10, (self.keys, self.length))

    def draw(self, key: jax.Array, n: int) -> Examples:
        names, codes = map(jnp.asarray, self._table())
        which = pick(key, frequencies(self.keys, self.exponent), n)
        return Examples(names[which], codes[which], jnp.ones(n))

    def test(self) -> Examples:
        return Examples(*self._table(), frequencies(self.keys, self.exponent))


@dataclass(frozen=True)
class Arithmetic(Task):
    """Sums or products of two numbers of a fixed number of digits, padded with zeros.

    One pair in ten, chosen by a hash of the pair in either order, is never trained on and makes the test.

    Parameters
    ----------
    operation : {"+", "*"}
    digits : int
        Of each number, 1 to 4.
    reversed_answer : bool
        Whether the answer is written from its last digit to its first, as one computes it.
    tests : int
        Questions of the test.
    """

    operation: str
    digits: int
    reversed_answer: bool
    tests: int

    kind: ClassVar[str] = "arithmetic"

    def __post_init__(self) -> None:
        require(self.operation in ("+", "*"), "operation", self.operation, "'+' or '*'")
        require(1 <= self.digits <= 4, "digits", self.digits, "1 to 4")
        held_out = 100**self.digits // 10
        require(1 <= self.tests <= held_out, "tests", self.tests, f"1 to {held_out}")

    @property
    def symbols(self) -> str:
        return _DIGITS + "+*="

    @property
    def lengths(self) -> tuple[int, int]:
        answer = self.digits + 1 if self.operation == "+" else 2 * self.digits
        return 2 * self.digits + 2, answer

    def _ask(self, x: Any, y: Any, xp: Any) -> tuple[Any, Any]:
        """Symbols of questions and answers, in NumPy or JAX."""
        _, length = self.lengths
        result = x + y if self.operation == "+" else x * y
        powers = 10 ** xp.arange(max(length, self.digits))

        def digits(number: Any, many: int) -> Any:
            return number[:, None] // powers[:many][::-1] % 10

        sign = self.symbols.index(self.operation)
        marks = [xp.full((len(x), 1), mark) for mark in (sign, self.symbols.index("="))]
        prompts = xp.concatenate(
            [digits(x, self.digits), marks[0], digits(y, self.digits), marks[1]], axis=1
        )
        answers = digits(result, length)
        return prompts, answers[:, ::-1] if self.reversed_answer else answers

    @staticmethod
    def held_out(x: Any, y: Any, xp: Any = np) -> Any:
        """Whether a pair is kept for the test, in either order."""
        low, high = xp.minimum(x, y) % 9973, xp.maximum(x, y) % 9973  # 32 bits are enough
        return (low * 7919 + high * 104_729) % 9973 % 10 == 0

    def draw(self, key: jax.Array, n: int) -> Examples:
        x, y = jax.random.randint(key, (2, n), 0, 10**self.digits)
        prompts, answers = self._ask(x, y, jnp)
        return Examples(prompts, answers, 1.0 - self.held_out(x, y, jnp))

    def test(self) -> Examples:
        rng = np.random.default_rng(0)
        pairs = np.zeros((0, 2), int)
        while len(pairs) < self.tests:
            drawn = rng.integers(0, 10**self.digits, (20 * self.tests, 2))
            kept = drawn[self.held_out(*drawn.T)]
            both = np.concatenate([pairs, kept])
            _, first = np.unique(both, axis=0, return_index=True)
            pairs = both[np.sort(first)][: self.tests]
        prompts, answers = self._ask(pairs[:, 0], pairs[:, 1], np)
        return Examples(prompts, answers, np.full(self.tests, 1 / self.tests))


@dataclass(frozen=True)
class Induction(Task):
    """A row of different symbols, then the same row again from some place on, going round: continue it.

    The first symbol of the repeat cannot be known and belongs to the question; all others follow from what was seen
    before. No row is ever seen twice, so nothing can be stored: the model has to look back (Olsson et al. 2022).

    Parameters
    ----------
    letters : int
        Different symbols, 4 to 52.
    row : int
        Length of the row, 2 to `letters`.
    tests : int
        Questions of the test.
    """

    letters: int
    row: int
    tests: int

    kind: ClassVar[str] = "induction"

    def __post_init__(self) -> None:
        require(4 <= self.letters <= 52, "letters", self.letters, "4 to 52")
        require(2 <= self.row <= self.letters, "row", self.row, f"2 to letters = {self.letters}")
        require(self.tests >= 1, "tests", self.tests, "a whole number >= 1")

    @property
    def symbols(self) -> str:
        return "".join(chr(c) for c in [*range(97, 123), *range(65, 91)][: self.letters])

    @property
    def lengths(self) -> tuple[int, int]:
        return self.row + 1, self.row - 1

    def draw(self, key: jax.Array, n: int) -> Examples:
        shuffle, turn = jax.random.split(key)
        # The order of random numbers is a random order.
        rows = jnp.argsort(jax.random.uniform(shuffle, (n, self.letters)), axis=1)[:, : self.row]
        first = jax.random.randint(turn, (n, 1), 0, self.row)
        again = jnp.take_along_axis(rows, (first + jnp.arange(self.row)) % self.row, axis=1)
        prompts = jnp.concatenate([rows, again[:, :1]], axis=1)
        return Examples(prompts, again[:, 1:], jnp.ones(n))

    def test(self) -> Examples:
        # No run ever trains on this key: those of runs are derived from their seeds.
        drawn = self.draw(jax.random.key(2**31), self.tests)
        prompts, answers = np.asarray(drawn.prompts), np.asarray(drawn.answers)
        return Examples(prompts, answers, np.full(self.tests, 1 / self.tests))
