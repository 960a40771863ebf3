"""Autoencoders with one hidden layer, by the number of its units (Schaeffer et al. 2023, Figure 7).

An image x of d pixels becomes ``h = tanh((x - mean) W / sqrt(d) + c)``, a vector of b units, and then
``x' = h U / sqrt(b) + o``, which is to be x again. The scale is b, the bottleneck. The roots keep the
size of an update in step with the width, so that one learning rate suits them all; without them the
narrowest and the widest are trained several times worse at any one rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..training import Params
from ..when_trained import jax, jnp
from .data import Images
from .family import VisionFamily, compiled_forward

__all__ = ["Autoencoders"]


@dataclass(frozen=True)
class Autoencoders(VisionFamily[int]):
    """A family of autoencoders.

    Parameters
    ----------
    sizes : tuple of int
        Units of the hidden layer.
    seeds : tuple of int
    training : Training
    data : str
        Images, by the name that `data.load` knows.
    """

    kind: ClassVar[str] = "autoencoders"

    def prepare(self, images: Images) -> dict[str, jax.Array]:
        """Training images as rows of pixels, and their mean."""
        rows = jnp.asarray(images.train.reshape(len(images.train), -1))
        return {"images": rows, "mean": rows.mean(axis=0)}

    def init(self, key: jax.Array, size: int, images: Images) -> Params:
        """Parameters of the autoencoder with `size` units; it begins at the mean image."""
        encoder, decoder = jax.random.split(key)
        pixels = int(np.prod(images.shape))
        mean = jnp.asarray(images.train.reshape(-1, pixels).mean(axis=0))
        return {
            "encoder": {"w": jax.random.normal(encoder, (pixels, size)), "b": jnp.zeros(size)},
            "decoder": {"w": jax.random.normal(decoder, (size, pixels)), "b": mean},
        }

    def sample(self, key: jax.Array, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """A batch of training images, and the mean image."""
        drawn = jax.random.randint(key, (self.training.batch,), 0, len(data["images"]))
        return {"x": data["images"][drawn], "mean": data["mean"]}

    def loss(self, params: Params, batch: dict[str, jax.Array]) -> jax.Array:
        """Mean squared error a pixel."""
        return jnp.mean((batch["x"] - self.forward(params, batch["x"], batch["mean"])) ** 2)

    def forward(self, params: Params, x: jax.Array, mean: jax.Array) -> jax.Array:
        """Images (n, d) through the bottleneck and back."""
        encoder, decoder = params["encoder"], params["decoder"]
        hidden = (x - mean) @ encoder["w"] / jnp.sqrt(encoder["w"].shape[0])
        hidden = jnp.tanh(hidden + encoder["b"])
        return hidden @ decoder["w"] / jnp.sqrt(decoder["w"].shape[0]) + decoder["b"]

    def reconstruct(self, params: Params, images: Images) -> NDArray[np.float32]:
        """Test images as one trained model returns them, in the shape of the images."""
        mean = self.prepare(images)["mean"]
        flat = jnp.asarray(images.test.reshape(len(images.test), -1))
        back = compiled_forward(self)(params, flat, mean)
        return np.asarray(back).reshape(images.test.shape)

    def evaluate(self, params: Params, images: Images) -> pd.DataFrame:
        """Mean squared error of each test image: columns ``image`` and ``error``.

        The paper's Equation 2 compares the squared norm of the difference with c; dividing by the
        number of pixels only changes the unit of c.
        """
        back = self.reconstruct(params, images)
        error = ((images.test - back) ** 2).reshape(len(back), -1).mean(axis=1)
        return pd.DataFrame(
            {"image": np.arange(len(error), dtype=np.int16), "error": error.astype(np.float32)}
        )
