"""Numbers in the words of a sentence."""

from __future__ import annotations

from ..evidence import Question, kind_of
from ..page.plots import size_label

__all__ = ["asked_of_runs", "count", "p_text", "size_text"]


def asked_of_runs(question: Question, there: int, enough: int) -> str:
    """What would settle whether runs of a size that lie apart differ in kind, beyond what the files hold."""
    kinds = {kind_of(curve.metric) for curve in question.curves.values() if curve.replicates}
    if there < enough:
        unseen = not kinds & {"answer", "loss"}
        return f"{enough} runs or more a size" + ", with the answers or the loss of each" * unseen
    if "loss" in kinds:
        return "runs of sizes in between: whether their losses move smoothly or sit on levels"
    return "the loss of each run" if "answer" in kinds else "the answers or the loss of each run"


def p_text(value: float) -> str:
    """A p-value, in words of a sentence."""
    if value != value:
        return "p unknown"
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}"


def size_text(value: float) -> str:
    """A size of models, to three digits."""
    return size_label(float(f"{value:.3g}"))


def count(value: float) -> str:
    """A number of items, in words of a sentence."""
    return f"{value:,.0f}" if value < 1e9 else f"{value:.0e}"
