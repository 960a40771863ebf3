"""What every family of models has, and says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import pandas as pd

from ..errors import require
from .training import Batch, Data, Params, Training, count
from .when_trained import jax

__all__ = ["Dataset", "Family", "Size"]

Size = TypeVar("Size", bound=float)
"""What a family scales by: a whole number of units, or a factor."""


class Dataset(Protocol):
    """What a family learns from: images that were read, or a task that makes its own examples."""

    @property
    def name(self) -> str:
        """What it is, in a line."""

    @property
    def source(self) -> str:
        """Where it comes from, for captions."""

    def digest(self) -> str:
        """SHA-256 of what runs see of it."""

    def describe(self) -> dict[str, Any]:
        """What a manifest records: name, source, sizes, digest."""


@dataclass(frozen=True)
class Family(ABC, Generic[Size]):
    """Models of one kind and many sizes; the fields are their hyperparameters.

    Parameters
    ----------
    sizes : tuple of float
        What the family scales by, each > 0; whole numbers become `int` where only those make sense.
    seeds : tuple of int
    training : Training

    Raises
    ------
    FieldError
        If a size is out of range.
    """

    sizes: tuple[Size, ...]
    seeds: tuple[int, ...]
    training: Training

    kind: ClassVar[str]
    whole_sizes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require(len(self.sizes) > 0, "sizes", self.sizes, "at least one size")
        for s in self.sizes:
            require(s > 0, "sizes", s, "sizes > 0")
            # A whole number may come as 2.0.
            require(not self.whole_sizes or s == int(s), "sizes", s, "whole numbers of units")
        if self.whole_sizes:
            object.__setattr__(self, "sizes", tuple(int(s) for s in self.sizes))

    @abstractmethod
    def load(
        self,
        *,
        folder: str | PathLike[str] | None = None,
        download: bool = False,
        progress: bool = False,
    ) -> Dataset:
        """What the family learns from.

        Parameters
        ----------
        folder : path-like, optional
            Where files lie, for a family that needs any.
        download : bool
            Whether files that are missing may be fetched.
        progress : bool
            Whether to show how far a download is.
        """

    @abstractmethod
    def prepare(self, data: Any) -> Data:
        """What `sample` draws batches from, and `watch` looks at."""

    @abstractmethod
    def init(self, key: jax.Array, size: Size, data: Any) -> Params:
        """Parameters of the model of one size."""

    @abstractmethod
    def sample(self, key: jax.Array, data: Data) -> Batch:
        """A batch of training examples."""

    @abstractmethod
    def loss(self, params: Params, batch: Batch) -> jax.Array:
        """What training makes small."""

    @abstractmethod
    def evaluate(self, params: Params, data: Any) -> pd.DataFrame:
        """One row a test item."""

    def watch(self, params: Params, data: Data) -> Mapping[str, jax.Array]:
        """What is measured while a model trains, each of shape (places,); nothing unless a family says so."""
        return {}

    def training_of(self, size: Size) -> Training:
        """The training of one size; the same for all unless a family says otherwise."""
        return self.training

    def seeds_of(self, size: Size) -> tuple[int, ...]:
        """The seeds of one size; all unless a family says otherwise."""
        return self.seeds

    def count(self, size: Size, data: Any) -> int:
        """Number of parameters of one size."""
        return count(lambda key: self.init(key, size, data))
