"""Data that a program makes for itself to train on: no file, no download, the same on every machine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..family import Family, Size
from ..training import digest
from ..when_trained import jax, jnp

__all__ = ["Made", "MadeFamily", "frequencies", "pick", "placed"]


class Made(ABC):
    """A task that draws its own examples. Subclasses are frozen dataclasses whose fields define it."""

    source: ClassVar[str] = "made by the program that trains on it"

    @property
    @abstractmethod
    def name(self) -> str:
        """The task and its settings in one line."""

    @abstractmethod
    def contents(self) -> Mapping[str, Any]:
        """What a digest is taken of: the test, and whatever else the settings do not say, as arrays."""

    @abstractmethod
    def sizes(self) -> Mapping[str, int]:
        """Number of examples: ``test``, and ``train`` where they are not drawn without end."""

    def digest(self) -> str:
        """SHA-256 of the settings and the contents."""
        parts = {key: np.asarray(part).tolist() for key, part in self.contents().items()}
        return digest({"task": self.name, **parts})

    def describe(self) -> dict[str, Any]:
        """What a manifest records."""
        return {"name": self.name, "source": self.source, **self.sizes(), "sha256": self.digest()}


@dataclass(frozen=True)
class MadeFamily(Family[Size]):
    """Models that learn a task which makes its own examples."""

    @property
    @abstractmethod
    def task(self) -> Any:
        """What is learnt: a `Made`."""

    def load(
        self,
        *,
        folder: str | PathLike[str] | None = None,
        download: bool = False,
        progress: bool = False,
    ) -> Any:
        """The task; there is nothing to fetch."""
        return self.task


def frequencies(n: int, exponent: float) -> NDArray[np.float64]:
    """Zipf's law: shares of n things, the k-th proportional to k to the power of -exponent; 0 makes all equal.

    Parameters
    ----------
    n : int
        >= 1.
    exponent : float

    Returns
    -------
    ndarray, shape (n,)
        Sums to one.
    """
    weights = np.arange(1, n + 1, dtype=float) ** -exponent
    return weights / weights.sum()


def pick(key: jax.Array, shares: NDArray[np.float64], n: int) -> jax.Array:
    """n of the numbers 0, 1, ..., drawn with these shares.

    Parameters
    ----------
    key : jax.Array
        Random key.
    shares : ndarray
        Sums to one.
    n : int
        How many to draw.

    Returns
    -------
    jax.Array of int, shape (n,)
    """
    return placed(jax.random.uniform(key, (n,)), shares)


def placed(uniform: jax.Array, shares: NDArray[np.float64]) -> jax.Array:
    """The numbers 0, 1, ..., with these shares, that belong to uniform ones.

    Parameters
    ----------
    uniform : jax.Array, shape (n,)
        In [0, 1).
    shares : ndarray
        Sums to one.

    Returns
    -------
    jax.Array of int, shape (n,)
    """
    ends = jnp.asarray(np.cumsum(shares), jnp.float32)
    return jnp.minimum(jnp.searchsorted(ends, uniform, side="right"), len(shares) - 1)
