"""What the families of vision models have in common: they learn from images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from os import PathLike
from typing import Any, Protocol

from ..family import Family, Size
from ..when_trained import jax
from . import data as sets
from .data import Images

__all__ = ["VisionFamily", "compiled_forward"]


@dataclass(frozen=True)
class VisionFamily(Family[Size]):
    """Models that learn from images.

    Parameters
    ----------
    data : str
        Images, by the name that `data.load` knows.
    """

    data: str

    def load(
        self,
        *,
        folder: str | PathLike[str] | None = None,
        download: bool = False,
        progress: bool = False,
    ) -> Images:
        """The images; see `data.load`."""
        return sets.load(self.data, folder=folder, download=download, progress=progress)


class _Forward(Protocol):
    """A family whose models turn arrays into arrays."""

    @property
    def forward(self) -> Callable[..., jax.Array]: ...


@cache
def compiled_forward(models: _Forward) -> Callable[..., Any]:
    """`forward` of a family, compiled once for all models of a size, which differ in nothing but their seed."""
    return jax.jit(models.forward)
