"""What a check sees of an answer that is no number, text, list or table: formulas, drawings, and what is neither."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .trees import Tree, evaluate, nodes

__all__ = ["Axes", "Drawing", "Expression", "Other", "Series"]


@dataclass(frozen=True)
class Other:
    """Something that is no plain value; only the name of its type is known."""

    kind: str


@dataclass(frozen=True)
class Expression:
    """A formula as a tree: ``("Add", tree, tree)``, ``("Symbol", "p")``, ``("Integer", "2")``.

    A tree of this kind can be evaluated and does nothing else: no SymPy object is ever built from what a
    student's process sent, because building one may evaluate it, and 10^(10^10) then never ends.
    """

    tree: Tree

    def symbols(self) -> frozenset[str]:
        """Names of all symbols in the tree."""
        return frozenset(node[1] for node in nodes(self.tree) if node[0] == "Symbol")

    def at(self, values: dict[str, Any], digits: int = 30) -> Any:
        """The value where the symbols have these values, as an mpmath number.

        Raises
        ------
        ArithmeticError
            If the tree has no finite value there, or one that is out of all proportion.
        KeyError
            If a symbol has no value.
        """
        import mpmath

        context = mpmath.mp.clone()
        context.dps = digits
        return evaluate(self.tree, {k: context.mpmathify(v) for k, v in values.items()}, context)


@dataclass(frozen=True)
class Series:
    """One line, set of points or row of bars of a drawing that can be seen."""

    kind: str  # "line", "points" (also markers without a line) or "bars"
    label: str
    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class Axes:
    """The data, scales and words of one pair of axes; what cannot be seen is not in it."""

    series: list[Series]
    x_scale: str
    y_scale: str
    x_label: str
    y_label: str
    title: str = ""


@dataclass(frozen=True)
class Drawing:
    """What a figure shows: the data of its axes and not its pixels."""

    axes: list[Axes] = field(default_factory=list)

    @property
    def series(self) -> list[Series]:
        """What is drawn on all axes."""
        return [series for axes in self.axes for series in axes.series]
