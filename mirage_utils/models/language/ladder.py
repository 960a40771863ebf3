"""The ladder: one family on one mixture of many tasks, from models that know nothing to models that know most of it.

Every size learns the same tasks, with one alphabet and one loss, as language models do; `mixture` says which. The
parameters counted are all that are trained, embeddings included.

What was tried before the profile `desk` was fixed, one seed each, batches of a hundred, accuracies on some test questions
with the symbols before given:

* Sums and products in the order in which one writes them, or from their last digit (width 64, 8,000 steps, 1,024 keys):
  100, 96, 94 and 89 % of sums of two to five digits, 9 % of products, mixture's loss .161; from the last digit 100 % of
  all sums, 9 % of products, loss .140, and half of the sums of four digits after a quarter of the steps. Sums in the
  written order come later, and so within the sizes of the ladder: that order was taken.
* Two blocks or four at as many parameters (width 64 and 48, 8,000 steps): loss .161 and .280; with four blocks, sums of
  five digits stay below 3 %. Two were taken.
* Rates (8,000 steps): .1 / width, .3 / width at width 64: loss .161, .311; .1 / width, .2 / width at width 16: .732,
  .699. After 16,000 steps .1 / width, .05 / width at width 64: .160, .211. So .1 / width for all, at most .01.
* Shares (16,000 steps; widths 8, 16, 32, 64). With 29 of a hundred examples sums, 16 recall, and choices of modular sums of
  three digits: loss in training 1.17, .77, .47, .157. With 20 sums and 26 recall, as now, and on the test: 1.16, .71, .50, .160 (R2 of a power law .94: the loss falls faster at the top). Sums of five digits: 0, 0, 0,
  88 % right, at distances of 4.65, 3.98, 3.59, .13, and their loss 1.76, 1.52, 1.43, .05: what they do from 32 to 64 the loss
  does too. Recall (frequent keys counting more): 51, 63, 77, 87 %. Of the 23 kinds of questions 18 pass 90 % at width 64.
* Steps (width 32): 16,000 and 40,000: mixture .50, .35; sums of five digits 0 and .5 %, distances 3.59, 2.71.
* Choices between modular sums stay at chance (a quarter) up to width 64 in 16,000 steps, with sums of three digits and of
  two; with 40,000 steps width 32 has 37 %. Of products of two digits few are right (6 and 10 % at widths 32 and 64). Both are
  kept, as tasks that these sizes may not master.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ...errors import require
from ..training import Params
from ..when_trained import jax, jnp
from .mixture import BLANK, CHOICES, SKILLS, Mixture
from .models import LanguageModels
from .tasks import Examples, Task

__all__ = ["Ladders"]


@dataclass(frozen=True)
class Ladders(LanguageModels):
    """Models that learn the mixture.

    Parameters
    ----------
    keys, exponent, reversed_answer, tests
        See `Mixture`.
    large : int, optional
        Widths from this one on, which take longest, have only the first `few_seeds` seeds.
    few_seeds : int
    watched : int
        Questions of each kind that are asked while a model trains.
    """

    keys: int = 2_048
    exponent: float = 1.0
    reversed_answer: bool = False
    tests: int = 250
    large: int | None = None
    few_seeds: int = 3
    watched: int = 50

    kind: ClassVar[str] = "ladder"

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.few_seeds >= 1, "few_seeds", self.few_seeds, "a whole number >= 1")
        require(self.watched >= 1, "watched", self.watched, "a whole number >= 1")

    @property
    def task(self) -> Mixture:
        return Mixture(self.keys, self.exponent, self.reversed_answer, self.tests)

    def seeds_of(self, size: int) -> tuple[int, ...]:
        """The seeds of one width."""
        fewer = self.large is not None and size >= self.large
        return self.seeds[: self.few_seeds] if fewer else self.seeds

    def prepare(self, data: Task) -> dict[str, jax.Array]:
        """Some questions of each kind, for `watch`."""
        assert isinstance(data, Mixture)
        test, skills = data.test(), data.skills()
        first = np.concatenate(
            [_spread(np.flatnonzero(skills == i), self.watched) for i in range(len(SKILLS))]
        )
        return {
            "prompts": jnp.asarray(test.prompts[first]),
            "answers": jnp.asarray(test.answers[first]),
            "skill": jnp.asarray(skills[first]),
        }

    def loss(self, params: Params, batch: Examples) -> jax.Array:
        """Mean cross-entropy of the answers' symbols, the end being one and the blanks behind it none, nats."""
        counted = (batch.answers != BLANK) * batch.weights[:, None]
        losses = self.losses(params, batch.prompts, batch.answers)
        return (losses * counted).sum() / counted.sum()

    def watch(self, params: Params, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """While it trains, by `SKILLS`: loss a symbol, and share of answers whose every symbol is the likeliest, those before given.

        Every question counts the same here, also those of recall.
        """
        said = self.said(params, data["prompts"], data["answers"])
        there = data["answers"] != BLANK
        logs = jnp.take_along_axis(jax.nn.log_softmax(said), data["answers"][..., None], -1)[..., 0]
        right = ((said.argmax(-1) == data["answers"]) | ~there).all(axis=1)

        def by_skill(values: jax.Array) -> jax.Array:
            return jax.ops.segment_sum(values, data["skill"], len(SKILLS))

        return {
            "test_loss": by_skill((-logs * there).sum(axis=1)) / by_skill(there.sum(axis=1)),
            "test_accuracy": by_skill(right * 1.0) / by_skill(jnp.ones(len(right))),
        }

    def evaluate(self, params: Params, data: Task) -> pd.DataFrame:
        """One row a question of the test.

        Beside the columns of other families ``task`` and ``length``; ``weight``, how often such a question comes up in
        training (they sum to one); and ``choice_1`` to ``choice_4``, log-probabilities of the letters of a choice. Answers end with their end, and whatever a model says after it is left out; one that
        never comes to an end has as many symbols as the longest. What a question has none of is nan.
        """
        assert isinstance(data, Mixture)
        rows, test, skills = super().evaluate(params, data), data.test(), data.skills()
        rows["prompt"] = rows["prompt"].str.strip()
        for name in ("target", *[c for c in rows if c.startswith(("greedy", "sample_"))]):
            rows[name] = rows[name].str.replace(r"\..*", ".", regex=True)
        logs = [c for c in rows if c.startswith("logprob_")]
        rows[logs] = rows[logs].where(test.answers != BLANK)
        rows.insert(1, "task", [SKILLS[i].task for i in skills])
        rows.insert(2, "length", np.array([SKILLS[i].length for i in skills], np.int8))
        rows.insert(3, "weight", test.weights.astype(np.float32))
        first = np.asarray(
            _first(self)(params, jnp.asarray(test.prompts), jnp.asarray(test.answers))
        )
        is_choice = rows["task"].str.startswith("choice").to_numpy()
        letters = data.symbols.index("A")
        for i in range(CHOICES):
            rows[f"choice_{i + 1}"] = np.where(is_choice, first[:, letters + i], np.nan).astype(
                np.float32
            )
        return rows


def _spread(places: np.ndarray, many: int) -> np.ndarray:
    """At most so many of them, evenly spread."""
    return places[np.unique(np.linspace(0, len(places) - 1, many).round().astype(int))]


@cache
def _first(models: Ladders) -> Any:
    """Log-probabilities of an answer's first symbol, compiled once for all seeds of a size."""
    return jax.jit(lambda *given: jax.nn.log_softmax(models.said(*given)[:, 0]))
