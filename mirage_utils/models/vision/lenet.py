"""The LeNet family, from tens to hundreds of thousands of parameters (Schaeffer et al. 2023, Figure 10).

LeNet-5 is two convolutions of 5 by 5, each followed by a mean over 2 by 2, and three dense layers
(LeCun et al. 1998). Here its four widths, 6, 16, 120 and 84, are multiplied by one factor; at factor 1
and on images of 28 by 28 the count is LeNet-5's 61,706.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import pandas as pd

from ..training import Params
from ..when_trained import jax, jnp, optax
from .data import Images
from .family import VisionFamily, compiled_forward
from .layers import answers, convolution, convolved, dense, linear, shifted

__all__ = ["LeNets"]

_WIDTHS = (6, 16, 120, 84)


@dataclass(frozen=True)
class LeNets(VisionFamily[float]):
    """A family of digit classifiers.

    Parameters
    ----------
    sizes : tuple of float
        Factors by which the four widths of LeNet-5 are multiplied (never below one unit).
    seeds : tuple of int
    training : Training
    data : str
        Images, by the name that `data.load` knows.
    views : int
        Test images are also classified in this many views, moved by up to `shift` pixels: the same
        image again is the plainest case of items that are not independent.
    shift : int
    """

    views: int = 5
    shift: int = 2

    kind: ClassVar[str] = "lenets"
    whole_sizes: ClassVar[bool] = False

    def prepare(self, images: Images) -> dict[str, jax.Array]:
        """Training images and their classes."""
        return {"images": jnp.asarray(images.train), "labels": jnp.asarray(images.train_labels)}

    def init(self, key: jax.Array, size: float, images: Images) -> Params:
        """Parameters of LeNet-5 with its widths multiplied by `size`."""
        side = self._side(images.shape[0])
        first, second, third, fourth = (max(1, round(w * size)) for w in _WIDTHS)
        field = (images.shape[0] // 2 - side + 1) // 2  # the first convolution is padded
        keys = jax.random.split(key, 5)
        return {
            "conv1": convolution(keys[0], side, images.shape[2], first),
            "conv2": convolution(keys[1], side, first, second),
            "dense1": dense(keys[2], field * field * second, third),
            "dense2": dense(keys[3], third, fourth),
            "output": dense(keys[4], fourth, len(images.classes)),
        }

    def sample(self, key: jax.Array, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """A batch of training images and classes."""
        drawn = jax.random.randint(key, (self.training.batch,), 0, len(data["labels"]))
        return {"images": data["images"][drawn], "labels": data["labels"][drawn]}

    def loss(self, params: Params, batch: dict[str, jax.Array]) -> jax.Array:
        """Mean cross-entropy, nats."""
        logits = self.forward(params, batch["images"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["labels"]).mean()

    def forward(self, params: Params, images: jax.Array) -> jax.Array:
        """Images (n, h, w, c) to logits (n, classes)."""
        side = self._side(images.shape[1])
        edge = side // 2
        x = jnp.pad(images, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
        x = _halved(jnp.tanh(convolved(params["conv1"], x, side)))
        x = _halved(jnp.tanh(convolved(params["conv2"], x, side)))
        x = x.reshape(len(x), -1)
        for name in ("dense1", "dense2"):
            x = jnp.tanh(linear(params[name], x))
        return linear(params["output"], x)

    def evaluate(self, params: Params, images: Images) -> pd.DataFrame:
        """One row a test image and view.

        Columns ``image``; ``view`` (0 the image as it is, then its moved copies, the same for every
        model); ``target``; ``output`` (the likeliest class); ``logprob`` (natural logarithm of the
        probability of the right class, for view 0 only).
        """
        forward = compiled_forward(self)
        parts = []
        for view in range(self.views + 1):
            # Views are part of the test and not of the run: their key is fixed.
            moved = (
                images.test
                if view == 0
                else _moving()(jax.random.key(view), images.test, self.shift)
            )
            said = answers(forward(params, jnp.asarray(moved)), images.test_labels)
            if view > 0:  # one view is enough for the loss; the others show which are right
                said["logprob"] = np.full_like(said["logprob"], np.nan)
            index = np.arange(len(images.test), dtype=np.int16)
            parts.append(pd.DataFrame({"image": index, "view": np.int8(view), **said}))
        return pd.concat(parts, ignore_index=True)

    @staticmethod
    def _side(height: int) -> int:
        """Side of the convolutions: LeNet's 5, or 3 on images that are too small for it."""
        return 5 if height >= 16 else 3


@cache
def _moving() -> Callable[..., jax.Array]:
    return jax.jit(shifted, static_argnames="most")


def _halved(x: jax.Array) -> jax.Array:
    """The mean of each 2 by 2 pixels."""
    n, high, wide, channels = x.shape
    x = x[:, : high // 2 * 2, : wide // 2 * 2]
    return x.reshape(n, high // 2, 2, wide // 2, 2, channels).mean(axis=(2, 4))
