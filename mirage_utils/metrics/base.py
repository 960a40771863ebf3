"""What a metric is: one expression, one scorer, one simulator.

The expression is the metric's expected score under stated assumptions. Its LaTeX, NumPy and
JavaScript forms are generated from it. The scorer grades raw records. The simulator draws records
under the same assumptions, so that a test can hold the scorer against the expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from .. import symbols
from ..errors import FieldError, UnknownNameError, as_array, require

__all__ = ["Metric", "Simulated"]

Direction = Literal["higher", "lower"]


class Simulated(NamedTuple):
    """Mean score of simulated records and its standard error (0 where nothing is random)."""

    mean: float
    standard_error: float
    n: int


# What each symbol of an expression may be. A metric's own symbols decide what `expected` asks for.
_DOMAINS: Mapping[str, dict[str, Any]] = {
    "p": {"low": 0.0, "high": 1.0},
    "L": {"low": 1.0, "integer": True},
    "K": {"low": 2.0, "integer": True},
    "s": {"low": 0.0, "open_low": True},
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
    assumptions : str
        Under what the expression is the expectation, in words.
    scorer : callable
        ``scorer(targets, outputs) -> ndarray, shape (n,)``: one score a record.
    simulator : callable
        ``simulator(rng, n, **values) -> (targets, outputs)``: records under `assumptions`.
    source : str
        Where the definition stands.
    """

    name: str
    title: str
    expression: sp.Expr
    low: sp.Expr
    high: sp.Expr
    direction: Direction
    assumptions: str
    scorer: Callable[[Any, Any], NDArray[np.float64]] = field(repr=False)
    simulator: Callable[..., tuple[Any, Any]] = field(repr=False)
    source: str

    # -- forms of the one expression -------------------------------------------------------

    @cached_property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Symbols of the expression: `p` first, the others in alphabetical order."""
        others = sorted(self.expression.free_symbols - {symbols.p}, key=str)
        return (symbols.p, *others)

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
        """
        values = self._check(parameters)
        p = as_array("p", p, **_DOMAINS["p"])
        # Zero to a large power and division by zero have their limits as values here.
        with np.errstate(divide="ignore", over="ignore", under="ignore"):
            score = self.numpy(p, *values.values())
        return np.broadcast_to(score, np.broadcast_shapes(p.shape, np.shape(score))) + 0.0

    def range(self, **parameters: float) -> tuple[float, float]:
        """Lowest and highest score for given parameters, such as ``(0, 5)`` edits for L = 5."""
        values = self._check(parameters)
        substitution = {symbol: float(values[str(symbol)]) for symbol in self.arguments[1:]}
        return float(self.low.subs(substitution)), float(self.high.subs(substitution))

    def score(self, targets: Any, outputs: Any) -> NDArray[np.float64]:
        """Score records, one number each; see the metric's scorer for the form of a record."""
        return self.scorer(targets, outputs)

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
        """
        values = self._check(parameters)
        p = float(as_array("p", p, **_DOMAINS["p"]))
        n = int(as_array("n", n, low=1, integer=True))
        arguments = {
            k: int(v) if _DOMAINS[k].get("integer") else float(v) for k, v in values.items()
        }
        targets, outputs = self.simulator(np.random.default_rng(seed), n, p=p, **arguments)
        scores = self.score(targets, outputs)
        error = float(scores.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
        return Simulated(float(scores.mean()), error, n)

    def _check(self, parameters: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.float64]]:
        for name in parameters:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "no parameter besides p"
                raise UnknownNameError(name, parameters[name], f"{self.name} takes {known}")
        for name in self.parameters:
            if name not in parameters:
                raise FieldError(name, None, f"a value, since {self.name} depends on {name}")
        return {
            name: as_array(name, parameters[name], **_DOMAINS[name]) for name in self.parameters
        }


def records(field_a: str, a: Any, field_b: str, b: Any) -> int:
    """Number of records, after checking that both sides have the same number and at least one."""
    require(len(a) > 0, field_a, a, "at least one record")
    require(len(b) == len(a), field_b, len(b), f"as many records as {field_a}, {len(a)}")
    return len(a)
