"""Numbers in the words of a sentence."""

from __future__ import annotations

from ..page.plots import size_label

__all__ = ["count", "p_text", "size_text"]


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
