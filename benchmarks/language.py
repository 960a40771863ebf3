"""Training five seeds of one small transformer, and how much of the processor larger ones use.

PyTorch is no part of the book's environment: where it is installed beside it, the same model takes part, written with
PyTorch's own layers and run as PyTorch runs by default.
"""

from __future__ import annotations

import csv
import sys
import time
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mirage_utils.models import runs
from mirage_utils.models.language import transformer
from mirage_utils.models.language.models import Recalls
from mirage_utils.models.training import train

from .timing import Contest, compare

WIDTH, SEEDS, STEPS = 16, (0, 1, 2, 3, 4), 500


def contest() -> Contest:
    """Recall of 512 codes at width 16, 500 steps of 256, from nothing to trained weights, compilation included."""
    family = runs.family("recall", "desk", seeds=SEEDS, sizes=(WIDTH,))
    family = replace(family, training=replace(family.training, steps=STEPS))
    task, training = family.task, family.training_of(WIDTH)

    def go(seeds: tuple[int, ...]) -> None:
        # The example drawn and the model are the library's; `train` compiles anew at every call.
        train(
            lambda key: family.init(key, WIDTH, task),
            family.loss,
            family.sample,
            {},
            training,
            seeds,
        )

    ways = {
        "mirage_utils.train, seeds together": lambda: go(SEEDS),
        "mirage_utils.train, one by one": lambda: [go((seed,)) for seed in SEEDS] and None,
    }
    if (other := _pytorch(family)) is not None:
        ways["PyTorch, one by one"] = other
    return Contest(
        "five seeds of a transformer", ways, len(SEEDS) * training.steps * training.batch
    )


def _pytorch(family: Recalls) -> Any:
    try:
        import torch
        from torch import nn
        from torch.nn import functional
    except ModuleNotFoundError:
        print("five seeds of a transformer,PyTorch is not installed,,,,", flush=True)
        return None
    task, training = family.task, family.training_of(WIDTH)
    test = task.test()
    prompts, answers = (torch.as_tensor(np.asarray(x)) for x in (test.prompts, test.answers))
    letters, length = task.lengths

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.RMSNorm(WIDTH, 1e-6), nn.RMSNorm(WIDTH, 1e-6)
            self.attend = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
            self.mix = nn.Linear(WIDTH, WIDTH, bias=False)
            self.up = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
            self.down = nn.Linear(4 * WIDTH, WIDTH, bias=False)

        def forward(self, h: Any) -> Any:
            n, t, _ = h.shape
            many = transformer.heads(WIDTH)
            parts = self.attend(self.norm1(h)).chunk(3, dim=-1)
            q, k, v = (p.view(n, t, many, WIDTH // many).transpose(1, 2) for p in parts)
            seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            h = h + self.mix(seen.transpose(1, 2).reshape(n, t, WIDTH))
            return h + self.down(functional.relu(self.up(self.norm2(h))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.symbol = nn.Embedding(len(family.alphabet), WIDTH)
            self.place = nn.Parameter(torch.randn(family.places, WIDTH) / WIDTH**0.5)
            self.blocks = nn.Sequential(*(Block() for _ in range(family.layers)))
            self.norm = nn.RMSNorm(WIDTH, 1e-6)
            self.output = nn.Linear(WIDTH, len(family.alphabet), bias=False)

        def forward(self, x: Any) -> Any:
            return self.output(self.norm(self.blocks(self.symbol(x) + self.place)))

    def one_by_one() -> None:
        torch.set_num_threads(1)
        for seed in SEEDS:
            torch.manual_seed(seed)
            model = Model()
            optimiser = torch.optim.Adam(model.parameters(), training.rate, (0.9, training.b2))
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.steps)
            blank = torch.full((training.batch, length), len(family.alphabet) - 1)
            for _ in range(training.steps):
                which = torch.randint(0, len(prompts), (training.batch,))
                said = model(torch.cat([prompts[which], blank], dim=1))[:, letters:]
                loss = functional.cross_entropy(
                    said[..., : len(task.symbols)].transpose(1, 2), answers[which]
                )
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), training.clip or float("inf"))
                optimiser.step()
                schedule.step()

    return one_by_one


def utilisation(widths: tuple[int, ...] = (16, 32, 64, 128), rounds: int = 3) -> None:
    """Operations a second of a training step, by 6 N tokens, as a share of a matrix product's on the same core."""
    side = 1024
    a = jax.random.normal(jax.random.key(0), (side, side))
    product = jax.jit(lambda x: x @ x)
    ceiling = 2 * side**3 / _best(lambda: product(a).block_until_ready(), rounds)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    title = "operations of training, of a matrix product's"
    writer.writerow(
        [title, f"product of {side} by {side}", "", f"{ceiling / 1e9:.3g}", "GFLOP/s", 1]
    )
    for width in widths:
        family = Recalls(
            (width,), (0,), runs.family("recall", "desk").training, keys=512, rate_by_width=0.1
        )
        params = family.init(jax.random.key(0), width, family.task)
        test = family.task.test()
        batch = test._replace(weights=jnp.ones(len(test.prompts)))
        step = jax.jit(jax.grad(family.loss))
        seconds = _best(lambda p=params, b=batch, s=step: jax.block_until_ready(s(p, b)), rounds)
        count = family.count(width, family.task)
        rate = 6 * count * family.places * len(test.prompts) / seconds
        writer.writerow(
            [
                title,
                f"width {width}",
                count,
                f"{rate / 1e9:.3g}",
                "GFLOP/s",
                f"{rate / ceiling:.3g}",
            ]
        )
    sys.stdout.flush()


def _best(way: Any, rounds: int) -> float:
    way()
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(5):
            way()
        best = min(best, (time.perf_counter() - start) / 5)
    return best


def main() -> None:
    compare(contest(), rounds=1)
    utilisation()
