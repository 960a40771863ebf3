"""The few layers that the vision models are made of, each a function of its parameters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..when_trained import jax, jnp

__all__ = [
    "convolution",
    "convolved",
    "dense",
    "answers",
    "layer_norm",
    "linear",
    "norm",
    "shifted",
]

_Layer = dict[str, "jax.Array"]


def dense(key: jax.Array, inputs: int, outputs: int) -> _Layer:
    """Weights ~ Normal(0, 1 / inputs), offsets zero; applied by `linear`."""
    weights = jax.random.normal(key, (inputs, outputs)) / jnp.sqrt(inputs)
    return {"w": weights, "b": jnp.zeros(outputs)}


def linear(layer: _Layer, x: jax.Array) -> jax.Array:
    """Apply a dense layer to the last axis."""
    return x @ layer["w"] + layer["b"]


def convolution(key: jax.Array, side: int, inputs: int, outputs: int) -> _Layer:
    """A convolution is a dense layer on every patch of the image."""
    return dense(key, side * side * inputs, outputs)


def _patches(images: jax.Array, side: int, stride: int = 1) -> jax.Array:
    """All patches of images, (n, h, w, c) to (n, h', w', side * side * c), without padding."""
    high = (images.shape[1] - side) // stride + 1
    wide = (images.shape[2] - side) // stride + 1
    rows, columns = (high - 1) * stride + 1, (wide - 1) * stride + 1
    return jnp.concatenate(
        [
            images[:, i : i + rows : stride, j : j + columns : stride]
            for i in range(side)
            for j in range(side)
        ],
        axis=-1,
    )


def convolved(layer: _Layer, images: jax.Array, side: int, stride: int = 1) -> jax.Array:
    """Apply a convolution."""
    return linear(layer, _patches(images, side, stride))


def norm(width: int) -> _Layer:
    """Parameters of a layer normalisation."""
    return {"w": jnp.ones(width), "b": jnp.zeros(width)}


def layer_norm(layer: _Layer, x: jax.Array) -> jax.Array:
    """Layer normalisation over the last axis."""
    mean = x.mean(-1, keepdims=True)
    spread = jnp.sqrt(x.var(-1, keepdims=True) + 1e-5)
    return (x - mean) / spread * layer["w"] + layer["b"]


def shifted(key: jax.Array, images: jax.Array, most: int) -> jax.Array:
    """Each image moved by up to `most` pixels in each direction, what enters being empty (zero).

    Parameters
    ----------
    key : jax.Array
        Random key.
    images : array, shape (n, height, width, channels)
    most : int
        Pixels, >= 0.
    """
    if most == 0:
        return images
    n, high, wide, _ = images.shape
    by = jax.random.randint(key, (2, n), 0, 2 * most + 1)
    padded = jnp.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    rows = by[0][:, None] + jnp.arange(high)
    columns = by[1][:, None] + jnp.arange(wide)
    return padded[jnp.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def answers(logits: jax.Array, target: NDArray[np.int64]) -> dict[str, NDArray]:
    """What a classifier said of each item, as columns of its results.

    Parameters
    ----------
    logits : array, shape (..., classes)
    target : ndarray, shape (...)
        The right classes.

    Returns
    -------
    dict
        ``target``; ``output``, the likeliest class; ``logprob``, the natural logarithm of the
        probability of the right one. Each of shape (n,), items in the order of `target`.
    """
    logp = np.asarray(jax.nn.log_softmax(logits))
    right = np.take_along_axis(logp, target[..., None], axis=-1)
    return {
        "target": target.ravel().astype(np.int16),
        "output": logp.argmax(-1).ravel().astype(np.int16),
        "logprob": right.ravel().astype(np.float32),
    }
