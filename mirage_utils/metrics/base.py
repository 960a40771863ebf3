"""What a metric is: one expression, one scorer, one simulator.

The expression is the metric's expected score under stated assumptions. Its LaTeX, NumPy and
JavaScript forms are generated from it. The scorer grades raw records. The simulator draws records
under the same assumptions, so that a test can hold the scorer against the expression.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from .. import symbols
from ..errors import FieldError, UnknownNameError, as_array, require

__all__ = ["Counts", "Metric", "Simulated"]

_Direction = Literal["higher", "lower"]
_Continuity = Literal["linear", "continuous", "discontinuous"]
Judged = Literal["", "tokens", "text", "choices"]
Kind = Literal["", "answer", "forecast", "loss"]


class Simulated(NamedTuple):
    """Mean score of simulated records and its standard error (0 where nothing is random).

    Parameters
    ----------
    mean : float
    standard_error : float
    n : int
        Number of records.
    """

    mean: float
    standard_error: float
    n: int


class Counts(NamedTuple):
    """What many pairs of a target and an output are compared by at once, one number a pair.

    Parameters
    ----------
    hits : ndarray of int
        Positions at which both have the same token.
    prefix : ndarray of int
        Those before the first at which they differ.
    edits : ndarray of int
        Edit distance.
    target, output : ndarrays of int
        Tokens of each; a target has one or more.
    """

    hits: NDArray[np.int64]
    prefix: NDArray[np.int64]
    edits: NDArray[np.int64]
    target: NDArray[np.int64]
    output: NDArray[np.int64]


# What each symbol of an expression may be. A metric's own symbols decide what `expected` asks for;
# a symbol that is not here, of a reader's own metric, may be any finite number.
_DOMAINS: Mapping[str, dict[str, Any]] = {
    "p": {"low": 0.0, "high": 1.0},
    "L": {"low": 1.0, "integer": True},
    "K": {"low": 2.0, "integer": True},
    "b": {"low": 1.0, "integer": True},
    "c": {"low": 0.0, "open_low": True},
    "k": {"low": 1.0, "integer": True},
    "m": {"low": 1.0, "integer": True},
    "s": {"low": 0.0, "open_low": True},
    "w": {"low": 1.0, "integer": True},
}


@dataclass(frozen=True)
class Metric:
    """A map from the probability of the correct token (or choice) to a score.

    Parameters
    ----------
    name : str
        Identifier, ``snake_case``.
    title : str
        Name in prose and on axes.
    expression : sympy.Expr
        Expected score in the symbols of `mirage_utils.symbols`; `p` first, others by name.
    low, high : sympy.Expr
        Ends of the score's range; may depend on the metric's symbols (as ``L`` edits do).
    direction : {"higher", "lower"}
        Which end of the range is good.
    continuity : {"linear", "continuous", "discontinuous"}
        How the expected score of equal items depends on `p`: along a straight line, along a curve,
        or with a step (where items have a spread, in the limit of none).
    assumptions : str
        Under what the expression is the expectation, in words.
    scorer : callable
        ``scorer(targets, outputs, **options) -> ndarray, shape (n,)``: one score a record. Keyword
        arguments that bear the name of a parameter (``k``, ``c``) are what the score depends on.
    simulator : callable
        ``simulator(rng, n, **values) -> (targets, outputs)``: records under `assumptions`.
    source : str
        Where the definition stands.
    proper : bool
        Whether the score is a strictly proper score of a probability forecast: the true
        probabilities, and they alone, have the best expected score (Gneiting and Raftery 2007).
        False for scores that grade an answer and not a forecast.
    binary : bool
        Whether the score of one record is 0 or 1, so that the mean over n is a binomial proportion.
    judges : {"", "tokens", "text", "choices"}
        Which records of evaluation files the scorer can take: an answer and its target, both cut
        into tokens or as whole texts, or the index of the right choice and the probabilities of all.
        Empty if files do not hold what it needs, or if it needs answers of one kind, such as numbers.
    gentle : {"", "answer", "forecast", "loss"}
        Why the score moves before answers are right: it gives credit for parts of an ``answer``; it
        is of a ``forecast``, the probabilities among choices; or it is a ``loss`` of the right answer,
        which no rival answers enter. Empty if it is not known to.
    of_counts : callable, optional
        The same score from `Counts`, ``of_counts(counts) -> ndarray``: with it, every text of a folder
        of results is graded by this metric too.
    simulated_from : float
        Smallest `p` at which a simulation of `records` records can be held against the expression.
    records : int
        How many records a simulation draws to check the expression (fewer where scoring is slow).
    domains : mapping of str to mapping
        Where a parameter may lie, if not where the symbol of that name usually may: arguments of
        `mirage_utils.errors.as_array`, such as ``{"K": {"low": 3, "integer": True}}``.
    """

    name: str
    title: str
    expression: sp.Expr
    low: sp.Expr
    high: sp.Expr
    direction: _Direction
    continuity: _Continuity
    assumptions: str
    scorer: Callable[..., NDArray[np.float64]] = field(repr=False)
    simulator: Callable[..., tuple[Any, Any]] = field(repr=False)
    source: str
    proper: bool = False
    binary: bool = False
    judges: Judged = ""
    gentle: Kind = ""
    of_counts: Callable[[Counts], NDArray[np.float64]] | None = field(default=None, repr=False)
    simulated_from: float = 0.0
    records: int = 20_000
    domains: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, repr=False, compare=False
    )

    # -- forms of the one expression -------------------------------------------------------

    @cached_property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Symbols of the expression: `p` first, the others in alphabetical order."""
        others = sorted(self.expression.free_symbols - {symbols.p}, key=str)
        return (symbols.p, *others)

    def domain(self, name: str) -> Mapping[str, Any]:
        """What a parameter (or `p`) may be, as arguments of `mirage_utils.errors.as_array`."""
        return self.domains.get(name, _DOMAINS.get(name, {}))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the arguments after `p`, such as ``("L",)``."""
        return tuple(str(s) for s in self.arguments[1:])

    @property
    def latex(self) -> str:
        """The expression in LaTeX."""
        return sp.latex(self.expression)

    @property
    def javascript(self) -> str:
        """The expression in JavaScript, in the symbols' own names."""
        return symbols.javascript(self.expression)

    @cached_property
    def numpy(self) -> Callable[..., NDArray[np.float64]]:
        """The expression as a NumPy function of `arguments`, unchecked: the one for sweeps."""
        return symbols.numpy_function(self.expression, self.arguments)

    def of_scale(self) -> sp.Expr:
        """The expression as a function of scale: `p` replaced by the scaling law's."""
        return self.expression.subs(symbols.p, symbols.PROBABILITY)

    # -- numbers -----------------------------------------------------------------------------

    def expected(self, p: ArrayLike, **parameters: ArrayLike) -> NDArray[np.float64]:
        """Expected score at probability `p`.

        Parameters
        ----------
        p : array_like
            Probability of the correct token or choice, in [0, 1]; any shape.
        **parameters : array_like
            The metric's other symbols (`parameters`), broadcast against `p`: ``L`` >= 1 and ``K``
            >= 2 whole numbers, ``s`` > 0.

        Raises
        ------
        FieldError
            If a parameter is missing, not the metric's, or out of range.

        Examples
        --------
        >>> from mirage_utils.metrics import EXACT_MATCH
        >>> EXACT_MATCH.expected([0.5, 0.9], L=5).round(3)
        array([0.031, 0.59 ])
        """
        values = self._check(parameters)
        p = as_array("p", p, **self.domain("p"))
        # Zero to a large power and division by zero have their limits as values here, and a
        # Piecewise computes all its branches before it chooses.
        with np.errstate(divide="ignore", over="ignore", under="ignore", invalid="ignore"):
            score = self.numpy(p, *values.values())
        return np.broadcast_to(score, np.broadcast_shapes(p.shape, np.shape(score))) + 0.0

    def range(self, **parameters: float) -> tuple[float, float]:
        """Lowest and highest score for given parameters, such as ``(0, 5)`` edits for L = 5."""
        values = self._check(parameters)
        substitution = {symbol: float(values[str(symbol)]) for symbol in self.arguments[1:]}
        return float(self.low.subs(substitution)), float(self.high.subs(substitution))

    @cached_property
    def options(self) -> tuple[str, ...]:
        """Parameters that the scorer needs as well, such as ``("k",)`` of pass@k."""
        found = inspect.signature(self.scorer).parameters.values()
        return tuple(q.name for q in found if q.kind is inspect.Parameter.KEYWORD_ONLY)

    def score(self, targets: Any, outputs: Any, **options: float) -> NDArray[np.float64]:
        """Score records, one number each.

        Parameters
        ----------
        targets, outputs : sequences of equal length
            See the metric's scorer for the form of a record.
        **options : float
            What the score itself depends on (`options`).

        Raises
        ------
        FieldError
            If an option is missing or not the metric's, or a record is malformed.

        Examples
        --------
        >>> from mirage_utils.metrics import EXACT_MATCH
        >>> EXACT_MATCH.score([[1, 2], [3, 4]], [[1, 2], [3, 5]])
        array([1., 0.])
        """
        for name in options:
            if name not in self.options:
                known = ", ".join(self.options) or "records and nothing else"
                raise UnknownNameError(name, options[name], f"{self.name} scores {known}")
        for name in self.options:
            if name not in options:
                raise FieldError(name, None, f"a value, since the score depends on {name}")
        return self.scorer(targets, outputs, **options)

    def simulate(self, p: float, *, n: int, seed: int, **parameters: float) -> Simulated:
        """Draw `n` records under the metric's assumptions, score them and average.

        Parameters
        ----------
        p : float
            Probability of the correct token or choice, in [0, 1].
        n : int
            Number of records, >= 1.
        seed : int
            Seed of the random generator.
        **parameters : float
            As in `expected`.

        Returns
        -------
        Simulated

        Raises
        ------
        FieldError
            If a parameter is missing, not the metric's, or out of range.
        """
        values = self._check(parameters)
        p = float(as_array("p", p, **self.domain("p")))
        n = int(as_array("n", n, low=1, integer=True))
        arguments = {
            k: int(v) if self.domain(k).get("integer") else float(v) for k, v in values.items()
        }
        targets, outputs = self.simulator(np.random.default_rng(seed), n, p=p, **arguments)
        scores = self.score(targets, outputs, **{k: arguments[k] for k in self.options})
        mean, n = float(scores.mean()), len(scores)
        if n == 1 or not np.isfinite(mean):
            return Simulated(mean, float("nan"), n)
        return Simulated(mean, float(scores.std(ddof=1) / np.sqrt(n)), n)

    def _check(self, parameters: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
        for name in parameters:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "no parameter besides p"
                raise UnknownNameError(name, parameters[name], f"{self.name} takes {known}")
        for name in self.parameters:
            if name not in parameters:
                raise FieldError(name, None, f"a value, since {self.name} depends on {name}")
        return {
            name: as_array(name, parameters[name], **self.domain(name)) for name in self.parameters
        }


def records(field_a: str, a: Any, field_b: str, b: Any) -> int:
    """Number of records, after checking that both sides have the same number and at least one.

    Parameters
    ----------
    field_a, field_b : str
        What they are called in messages.
    a, b : sequences

    Raises
    ------
    FieldError
        If a side is no sequence, there is no record, or the sides differ in number.
    """
    for name, side in ((field_a, a), (field_b, b)):
        require(
            hasattr(side, "__len__") and not isinstance(side, str),
            name,
            side,
            "a sequence of records",
        )
    require(len(a) > 0, field_a, a, "at least one record")
    require(len(b) == len(a), field_b, len(b), f"as many records as {field_a}, {len(a)}")
    return len(a)
