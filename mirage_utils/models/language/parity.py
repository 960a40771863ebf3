"""Sparse parity: the cheapest task whose loss itself falls in steps, and a dial that turns the step into a slope.

Of n random bits, k that nobody names decide the answer: whether an odd number of them is set. No smaller set of bits
tells anything, so there is no halfway. One such task is learnt at once or not at all; many of them with unequal
frequencies are learnt one after the other, and their mean loss is a slope (Michaud et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import require
from ..training import Params
from ..when_trained import jax, jnp, optax
from .made import Made, MadeFamily, frequencies, pick

__all__ = ["Parities", "ParityTask"]


class Bits(NamedTuple):
    """Examples of parities.

    Attributes
    ----------
    bits : array of int8, shape (n, bits)
        0 or 1.
    task : array of int, shape (n,)
        Which of the parities is asked for.
    odd : array of int, shape (n,)
        1 if an odd number of that parity's bits is set.
    """

    bits: Any
    task: Any
    odd: Any


@dataclass(frozen=True)
class ParityTask(Made):
    """Which bits decide, and the test.

    Parameters
    ----------
    bits : int
        Length of the input.
    relevant : int
        Bits that decide.
    tasks : int
        Number of parities, each of its own bits.
    exponent : float
        Of the Zipf frequencies with which they come up.
    tests : int
        Questions of the test for each parity.
    """

    bits: int
    relevant: int
    tasks: int
    exponent: float
    tests: int

    @property
    def name(self) -> str:
        return f"parity of {self.relevant} of {self.bits} bits, {self.tasks} of them"

    def deciding(self) -> NDArray[np.int64]:
        """The bits that decide, shape (tasks, relevant)."""
        # Part of the task and not of a run: the seed is fixed.
        rng = np.random.default_rng(0)
        return np.stack([rng.choice(self.bits, self.relevant, False) for _ in range(self.tasks)])

    def shares(self) -> NDArray[np.float64]:
        """How often each parity comes up in training."""
        return frequencies(self.tasks, self.exponent)

    def draw(self, key: jax.Array, n: int) -> Bits:
        """Training examples."""
        which, what = jax.random.split(key)
        task = pick(which, self.shares(), n)
        bits = jax.random.bernoulli(what, 0.5, (n, self.bits)).astype(jnp.int8)
        chosen = jnp.take_along_axis(bits, jnp.asarray(self.deciding())[task], axis=1)
        return Bits(bits, task, chosen.sum(axis=1) % 2)

    def test(self) -> Bits:
        """The test, always the same: as many questions of every parity."""
        rng = np.random.default_rng(1)
        task = np.repeat(np.arange(self.tasks), self.tests)
        bits = rng.integers(0, 2, (len(task), self.bits), dtype=np.int8)
        chosen = np.take_along_axis(bits, self.deciding()[task], axis=1)
        return Bits(bits, task, chosen.sum(axis=1) % 2)

    def contents(self) -> dict[str, Any]:
        return {"deciding": self.deciding(), **self.test()._asdict()}

    def sizes(self) -> dict[str, int]:
        return {"test": self.tasks * self.tests}


@dataclass(frozen=True)
class Parities(MadeFamily[int]):
    """Networks of one hidden layer that learn parities, by the number of hidden units.

    Parameters
    ----------
    sizes : tuple of int
        Hidden units.
    seeds : tuple of int
    training : Training
    bits, relevant, tasks, exponent, tests
        See `ParityTask`.
    """

    bits: int = 30
    relevant: int = 3
    tasks: int = 1
    exponent: float = 1.0
    tests: int = 500

    kind: ClassVar[str] = "parity"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.bits >= 2, "bits", self.bits, "a whole number >= 2")
        require(
            1 <= self.relevant <= self.bits, "relevant", self.relevant, f"1 to {self.bits} bits"
        )
        require(self.tasks >= 1, "tasks", self.tasks, "a whole number >= 1")
        require(self.exponent >= 0, "exponent", self.exponent, "a number >= 0")
        require(self.tests >= 1, "tests", self.tests, "a whole number >= 1")

    @property
    def task(self) -> ParityTask:
        """What is learnt."""
        return ParityTask(self.bits, self.relevant, self.tasks, self.exponent, self.tests)

    def prepare(self, data: ParityTask) -> dict[str, Any]:
        """The test, for `watch`."""
        test = data.test()
        return {
            "test": Bits(*map(jnp.asarray, test)),
            "shares": jnp.asarray(data.shares(), jnp.float32),
            "deciding": jnp.asarray(data.deciding()),
        }

    def init(self, key: jax.Array, size: int, data: ParityTask) -> Params:
        """Parameters of the network with `size` hidden units."""
        inputs = self.bits + (self.tasks if self.tasks > 1 else 0)
        up, down = jax.random.split(key)
        return {
            "up": jax.random.normal(up, (inputs, size)) / jnp.sqrt(inputs),
            "offset": jnp.zeros(size),
            "down": jax.random.normal(down, (size,)) / jnp.sqrt(size),
            "bias": jnp.zeros(()),
        }

    def sample(self, key: jax.Array, data: Any) -> Bits:
        """A batch of fresh examples: no string of bits is likely to come up twice."""
        return self.task.draw(key, self.training.batch)

    def forward(self, params: Params, batch: Bits) -> jax.Array:
        """Log-odds of "odd", shape (n,)."""
        x = 2.0 * batch.bits - 1.0
        if self.tasks > 1:
            x = jnp.concatenate([x, jax.nn.one_hot(batch.task, self.tasks)], axis=1)
        hidden = jax.nn.relu(x @ params["up"] + params["offset"])
        return hidden @ params["down"] + params["bias"]

    def loss(self, params: Params, batch: Bits) -> jax.Array:
        """Mean cross-entropy, nats."""
        return optax.sigmoid_binary_cross_entropy(self.forward(params, batch), batch.odd).mean()

    def watch(self, params: Params, data: dict[str, Any]) -> dict[str, jax.Array]:
        """While it trains: loss and accuracy by parity, and how far the weights have turned to the bits that decide.

        The last is the share of the first parity's deciding bits in the squares of all weights from bits, each unit
        counted by the square of its weight on the answer; relevant / bits at the start, by chance.
        """
        test = data["test"]
        odds = self.forward(params, test)
        losses = optax.sigmoid_binary_cross_entropy(odds, test.odd)
        right = (odds > 0) == test.odd
        squares = params["up"][: self.bits] ** 2 * params["down"] ** 2
        turned = squares[data["deciding"][0]].sum() / jnp.maximum(squares.sum(), 1e-30)
        return {
            "test_loss": losses.reshape(self.tasks, self.tests).mean(axis=1),
            "test_accuracy": right.reshape(self.tasks, self.tests).mean(axis=1),
            "turned": turned[None],
        }

    def evaluate(self, params: Params, data: ParityTask) -> pd.DataFrame:
        """One row a question of the test: ``item``, ``task``, ``target`` and ``output`` (0 or 1), ``logprob``."""
        test = data.test()
        odds = np.asarray(_forward(self)(params, Bits(*map(jnp.asarray, test))), dtype=np.float64)
        signed = np.where(test.odd == 1, odds, -odds)
        return pd.DataFrame(
            {
                "item": np.arange(len(odds), dtype=np.int16),
                "task": test.task.astype(np.int16),
                "target": test.odd.astype(np.int8),
                "output": (odds > 0).astype(np.int8),
                "logprob": -np.logaddexp(0, -signed).astype(np.float32),
            }
        )


@cache
def _forward(models: Parities) -> Any:
    return jax.jit(models.forward)
