"""What every family of models has, and says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import jax
import pandas as pd

from ..errors import require
from .training import Batch, Data, Params, Training

if TYPE_CHECKING:
    from .vision.data import Images

__all__ = ["Family"]


@dataclass(frozen=True)
class Family(ABC):
    """Models of one kind and many sizes; the fields are their hyperparameters.

    Parameters
    ----------
    data : str
        Images, by the name that `vision.data.load` knows.
    sizes : tuple of float
        What the family scales by, each > 0; whole numbers become `int` where only those make sense.
    seeds : tuple of int
    training : Training

    Raises
    ------
    FieldError
        If a size is out of range.
    """

    data: str
    sizes: tuple[float, ...]
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
    def prepare(self, images: Images) -> Data:
        """What `sample` draws batches from."""

    @abstractmethod
    def init(self, key: jax.Array, size: float, images: Images) -> Params:
        """Parameters of the model of one size."""

    @abstractmethod
    def sample(self, key: jax.Array, data: Data) -> Batch:
        """A batch of training examples."""

    @abstractmethod
    def loss(self, params: Params, batch: Batch) -> jax.Array:
        """What training makes small."""

    @abstractmethod
    def evaluate(self, params: Params, images: Images) -> pd.DataFrame:
        """One row a test item."""
