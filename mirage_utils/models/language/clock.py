"""Addition on a clock: learnt by heart first, understood later (grokking).

A network sees a share of all sums a + b modulo p and is asked for the rest. It soon knows the sums it has seen and
nothing else; long after, the others come too (Power et al. 2022). What it builds in between are waves: weights that
run round the clock at a few frequencies (Nanda et al. 2023), for squares of sums of cosines add angles (Gromov 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import require
from ..training import Params
from ..when_trained import jax, jnp, optax
from .made import Made, MadeFamily

__all__ = ["ClockTask", "Clocks"]


class Pairs(NamedTuple):
    """All sums: a, b and (a + b) mod p, each of shape (p * p,); and whether each is trained on."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    total: NDArray[np.int64]
    trained: NDArray[np.bool_]


@dataclass(frozen=True)
class ClockTask(Made):
    """All sums modulo p, divided at random into those to train on and those to test with.

    Parameters
    ----------
    modulus : int
    fraction : float
        Share trained on.
    """

    modulus: int
    fraction: float

    @property
    def name(self) -> str:
        return f"addition modulo {self.modulus}, {self.fraction:g} of all sums"

    def pairs(self) -> Pairs:
        """All sums; the division is the same for every run."""
        a, b = np.divmod(np.arange(self.modulus**2), self.modulus)
        order = np.random.default_rng(0).permutation(self.modulus**2)
        trained = np.zeros(self.modulus**2, bool)
        trained[order[: round(self.fraction * self.modulus**2)]] = True
        return Pairs(a, b, (a + b) % self.modulus, trained)

    def contents(self) -> dict[str, Any]:
        return {"trained": self.pairs().trained}

    def sizes(self) -> dict[str, int]:
        trained = int(self.pairs().trained.sum())
        return {"train": trained, "test": self.modulus**2 - trained}


@dataclass(frozen=True)
class Clocks(MadeFamily[int]):
    """Networks of one hidden layer with squares that learn to add on a clock, all training sums in every step.

    Parameters
    ----------
    sizes : tuple of int
        Hidden units.
    seeds : tuple of int
    training : Training
        Its batch is not used.
    modulus, fraction
        See `ClockTask`.
    """

    modulus: int = 59
    fraction: float = 0.5

    kind: ClassVar[str] = "clock"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.modulus >= 3, "modulus", self.modulus, "a whole number >= 3")
        require(0 < self.fraction < 1, "fraction", self.fraction, "a share between 0 and 1")

    @property
    def task(self) -> ClockTask:
        """What is learnt."""
        return ClockTask(self.modulus, self.fraction)

    def prepare(self, data: ClockTask) -> dict[str, jax.Array]:
        """Sums to train on and to test with."""
        pairs = data.pairs()
        columns = np.stack(pairs[:3])
        return {
            "train": jnp.asarray(columns[:, pairs.trained]),
            "test": jnp.asarray(columns[:, ~pairs.trained]),
        }

    def init(self, key: jax.Array, size: int, data: ClockTask) -> Params:
        """Parameters of the network with `size` hidden units."""
        p = self.modulus
        first, second, last = jax.random.split(key, 3)
        return {
            "a": jax.random.normal(first, (p, size)) / jnp.sqrt(2.0 * p),
            "b": jax.random.normal(second, (p, size)) / jnp.sqrt(2.0 * p),
            "out": jax.random.normal(last, (size, p)) / jnp.sqrt(size),
        }

    def sample(self, key: jax.Array, data: dict[str, jax.Array]) -> jax.Array:
        """All training sums."""
        return data["train"]

    def forward(self, params: Params, sums: jax.Array) -> jax.Array:
        """Logits, shape (n, p), of sums given as rows a, b and total."""
        return (params["a"][sums[0]] + params["b"][sums[1]]) ** 2 @ params["out"]

    def loss(self, params: Params, batch: jax.Array) -> jax.Array:
        """Mean cross-entropy, nats."""
        said = self.forward(params, batch)
        return optax.softmax_cross_entropy_with_integer_labels(said, batch[2]).mean()

    def watch(self, params: Params, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """While it trains: loss and accuracy on both parts, and how pure the waves are.

        `purity` is the mean over hidden units of the share that the strongest frequency has in the power of the
        unit's weights on the clock (constant left out): a progress measure that needs no test.
        """
        found = {}
        for part in ("train", "test"):
            said = self.forward(params, data[part])
            losses = optax.softmax_cross_entropy_with_integer_labels(said, data[part][2])
            found[f"{part}_loss"] = losses.mean()[None]
            found[f"{part}_accuracy"] = (said.argmax(-1) == data[part][2]).mean()[None]
        power = jnp.abs(jnp.fft.rfft(params["a"], axis=0)[1:]) ** 2
        found["purity"] = (power.max(axis=0) / power.sum(axis=0)).mean()[None]
        return found

    def evaluate(self, params: Params, data: ClockTask) -> pd.DataFrame:
        """One row a sum: ``item``, ``a``, ``b``, ``trained`` (whether it was trained on), ``target``, ``output``, ``logprob``."""
        pairs = data.pairs()
        said = self.forward(params, jnp.asarray(np.stack(pairs[:3])))
        logp = np.asarray(jax.nn.log_softmax(said))
        return pd.DataFrame(
            {
                "item": np.arange(len(logp), dtype=np.int16),
                "a": pairs.a.astype(np.int8),
                "b": pairs.b.astype(np.int8),
                "trained": pairs.trained,
                "target": pairs.total.astype(np.int8),
                "output": logp.argmax(-1).astype(np.int8),
                "logprob": logp[np.arange(len(logp)), pairs.total].astype(np.float32),
            }
        )
