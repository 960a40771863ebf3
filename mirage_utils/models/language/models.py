"""Families of transformers that answer questions: trained, asked, and every answer kept with its probabilities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ...errors import require
from ..training import Params, Training
from ..when_trained import jax, jnp, optax
from . import transformer
from .made import MadeFamily
from .tasks import Arithmetic, Examples, Induction, Recall, Task

__all__ = ["Additions", "Inductions", "LanguageModels", "Multiplications", "Recalls"]


@dataclass(frozen=True)
class LanguageModels(MadeFamily[int]):
    """Transformers of many widths on one task.

    Parameters
    ----------
    sizes : tuple of int
        Widths.
    seeds : tuple of int
    training : Training
        For all widths, but for the learning rate: see `rate_by_width`.
    layers : int
        Blocks.
    rate_by_width : float
        The learning rate of width d is this over d, and never above ``training.rate``.
    samples : int
        Answers drawn at random (temperature 1) for every question of the test, beside the likeliest.
    compute : float, optional
        Floating-point operations of training that every size gets, by ``6 N tokens`` (Kaplan et al. 2020); the steps
        follow from it. None gives every size the same number of examples, ``training.steps``.
    """

    layers: int = 2
    rate_by_width: float = 0.1
    samples: int = 1
    compute: float | None = None

    parallel: ClassVar[bool] = False
    """Whether all symbols of an answer are given at once, so that none is seen by another."""

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.layers >= 1, "layers", self.layers, "a whole number >= 1")
        require(self.rate_by_width > 0, "rate_by_width", self.rate_by_width, "a number > 0")
        require(self.samples >= 0, "samples", self.samples, "a whole number >= 0")
        require(self.compute is None or self.compute > 0, "compute", self.compute, "a number > 0")
        for width in self.sizes:
            many = transformer.heads(width)
            require(width % many == 0, "sizes", width, f"a multiple of its {many} heads")

    @property
    @abstractmethod
    def task(self) -> Task:
        """What is learnt."""

    # -- the model

    @property
    def places(self) -> int:
        """Length of the sequences that the model reads."""
        question, answer = self.task.lengths
        return question + answer - (not self.parallel)

    @property
    def alphabet(self) -> str:
        """The task's symbols, and the blank that stands where an answer is to be given."""
        return self.task.symbols + "_" * self.parallel

    def init(self, key: jax.Array, size: int, data: Task) -> Params:
        """Parameters of the model of one width."""
        return transformer.init(
            key, width=size, layers=self.layers, symbols=len(self.alphabet), places=self.places
        )

    def training_of(self, size: int) -> Training:
        """The training of one width: its rate, and its steps where the compute is given."""
        training = replace(self.training, rate=min(self.training.rate, self.rate_by_width / size))
        if self.compute is None:
            return training
        a_step = 6 * self.count(size, self.task) * self.places * training.batch
        stretches = max(1, round(self.compute / (a_step * training.every)))
        steps = stretches * training.every
        return replace(training, steps=steps, warmup=min(training.warmup, steps // 4))

    # -- training

    def prepare(self, data: Task) -> dict[str, jax.Array]:
        """The test, for `watch`; training examples are drawn as they are needed."""
        test = data.test()
        most = 512
        return {
            "prompts": jnp.asarray(test.prompts[:most]),
            "answers": jnp.asarray(test.answers[:most]),
        }

    def sample(self, key: jax.Array, data: Any) -> Examples:
        """A batch of training examples."""
        return self.task.draw(key, self.training.batch)

    def loss(self, params: Params, batch: Examples) -> jax.Array:
        """Mean cross-entropy of an answer's symbols, nats."""
        losses = self.losses(params, batch.prompts, batch.answers).mean(axis=1)
        return (losses * batch.weights).sum() / jnp.maximum(batch.weights.sum(), 1)

    def losses(self, params: Params, prompts: jax.Array, answers: jax.Array) -> jax.Array:
        """Cross-entropy of every symbol of the right answers, those before it being given; shape (n, l)."""
        said = self.said(params, prompts, answers)
        return optax.softmax_cross_entropy_with_integer_labels(said, answers)

    def said(self, params: Params, prompts: jax.Array, answers: jax.Array) -> jax.Array:
        """Unnormalised log-probabilities of the symbols of an answer, shape (n, l, symbols)."""
        length = answers.shape[1]
        if self.parallel:
            shown = jnp.full(answers.shape, len(self.alphabet) - 1)
        else:
            shown = answers[:, :-1]
        out = transformer.logits(params, jnp.concatenate([prompts, shown], axis=1), length)
        # A blank is no answer.
        return out[:, :, : len(self.task.symbols)]

    def watch(self, params: Params, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """While it trains: loss and accuracy on the test by place of the answer, those before it given."""
        said = self.said(params, data["prompts"], data["answers"])
        losses = optax.softmax_cross_entropy_with_integer_labels(said, data["answers"])
        right = said.argmax(-1) == data["answers"]
        return {"test_loss": losses.mean(axis=0), "test_accuracy": right.mean(axis=0)}

    # -- answers

    def answer(
        self,
        params: Params,
        prompts: jax.Array,
        key: jax.Array | None = None,
        temperature: float = 1.0,
    ) -> jax.Array:
        """Answers of the model itself, each symbol following from those it gave before.

        Parameters
        ----------
        params : tree of arrays
        prompts : array of int, shape (n, p)
        key : jax.Array, optional
            Random key; None gives the likeliest symbol at every place (greedy decoding).
        temperature : float
            Log-probabilities are divided by it before a symbol is drawn.

        Returns
        -------
        array of int, shape (n, l)
        """
        n, length = len(prompts), self.task.lengths[1]

        def choose(said: jax.Array, place: int) -> jax.Array:
            if key is None:
                return said.argmax(-1)
            return jax.random.categorical(jax.random.fold_in(key, place), said / temperature)

        answers = jnp.zeros((n, length), int)
        if self.parallel:
            return choose(self.said(params, prompts, answers), 0)
        for place in range(length):  # what stands behind the place is not seen by it
            said = self.said(params, prompts, answers)[:, place]
            answers = answers.at[:, place].set(choose(said, place))  # noqa: PD008 - an array of JAX
        return answers

    def evaluate(self, params: Params, data: Task) -> pd.DataFrame:
        """One row a question of the test.

        Columns ``item``; ``prompt``, ``target``, ``greedy`` (the likeliest answer), ``sample_1`` ... (answers drawn at
        temperature 1) as texts; ``logprob_1`` ... (natural logarithm of the probability of each symbol of the right
        answer, those before it being given).
        """
        test = data.test()
        prompts, answers = jnp.asarray(test.prompts), jnp.asarray(test.answers)
        losses, greedy, drawn = _evaluator(self)(params, prompts, answers)
        columns: dict[str, Any] = {
            "item": np.arange(len(prompts), dtype=np.int16),
            "prompt": data.text(test.prompts),
            "target": data.text(test.answers),
            "greedy": data.text(greedy),
        }
        columns |= {f"sample_{i + 1}": data.text(each) for i, each in enumerate(drawn)}
        logprobs = -np.asarray(losses).astype(np.float32)
        columns |= {f"logprob_{i + 1}": logprobs[:, i] for i in range(logprobs.shape[1])}
        return pd.DataFrame(columns)


@cache
def _evaluator(models: LanguageModels) -> Any:
    """Everything that `evaluate` asks of a model, compiled once for all seeds of a size."""

    def ask(params: Params, prompts: jax.Array, answers: jax.Array) -> tuple[jax.Array, ...]:
        # Part of the test and not of the run: the same draws decide for every model.
        keys: Iterable[jax.Array]
        keys = jax.random.split(jax.random.key(1), models.samples) if models.samples else []
        drawn = [models.answer(params, prompts, key) for key in keys]
        return (
            models.losses(params, prompts, answers),
            models.answer(params, prompts),
            jnp.stack(drawn) if drawn else jnp.zeros((0, *answers.shape), int),
        )

    return jax.jit(ask)


@dataclass(frozen=True)
class Recalls(LanguageModels):
    """Models that learn random codes by heart, all digits of a code at once.

    Parameters
    ----------
    keys, length, exponent
        See `Recall`.
    """

    keys: int = 512
    length: int = 8
    exponent: float = 0.0

    kind: ClassVar[str] = "recall"
    parallel: ClassVar[bool] = True

    @property
    def task(self) -> Recall:
        return Recall(self.keys, self.length, self.exponent)


@dataclass(frozen=True)
class RecallsInOrder(Recalls):
    """The same, digit after digit: each is told by those before it."""

    kind: ClassVar[str] = "recall_in_order"
    parallel: ClassVar[bool] = False


@dataclass(frozen=True)
class Additions(LanguageModels):
    """Models that learn to add.

    Parameters
    ----------
    digits, reversed_answer, tests
        See `Arithmetic`.
    """

    digits: int = 4
    reversed_answer: bool = True
    tests: int = 500

    kind: ClassVar[str] = "addition"
    operation: ClassVar[str] = "+"

    @property
    def task(self) -> Arithmetic:
        return Arithmetic(self.operation, self.digits, self.reversed_answer, self.tests)


@dataclass(frozen=True)
class Multiplications(Additions):
    """Models that learn to multiply."""

    digits: int = 2

    kind: ClassVar[str] = "multiplication"
    operation: ClassVar[str] = "*"


@dataclass(frozen=True)
class Inductions(LanguageModels):
    """Models that learn to continue the second time what they saw the first time.

    Parameters
    ----------
    letters, row, tests
        See `Induction`.
    """

    letters: int = 32
    row: int = 16
    tests: int = 300

    kind: ClassVar[str] = "induction"

    @property
    def task(self) -> Induction:
        return Induction(self.letters, self.row, self.tests)
