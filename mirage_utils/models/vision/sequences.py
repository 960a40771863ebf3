"""A causal transformer that reads images and their labels in turn (Schaeffer et al. 2023, Figure 8).

After Chan et al. 2022: each image passes through convolutions and becomes one vector, each label is
looked up and becomes another, and a decoder-only transformer reads image, label, image, label, ...
At each image it is to name the label before it is shown. The scale is the number of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..training import Params
from ..when_trained import jax, jnp, optax
from .data import Images
from .family import VisionFamily, compiled_forward
from .layers import answers, convolution, convolved, dense, layer_norm, linear, norm, shifted

__all__ = ["Sequences", "Transformers", "sequences_to_test"]


class Sequences(NamedTuple):
    """Test sequences of one kind: ``images`` holds indices of test images, shape (n, length)."""

    kind: str
    images: NDArray[np.int64]


@dataclass(frozen=True)
class Transformers(VisionFamily[int]):
    """A family of transformers over image-label sequences.

    Parameters
    ----------
    sizes : tuple of int
        Widths of the model; heads have 8 dimensions each where the width allows.
    seeds : tuple of int
    training : Training
    data : str
        Images, by the name that `data.load` knows.
        Its batch counts sequences.
    length : int
        Images in a sequence.
    layers : int
        Transformer blocks.
    repeats : float
        Share of training sequences with `few` classes only, so that a label seen before comes again
        (what Chan et al. call bursty).
    few : int
        Classes in such a sequence.
    shift : int
        Training images are moved by up to so many pixels.
    tests : int
        Test sequences of each kind.
    """

    length: int = 5
    layers: int = 2
    repeats: float = 0.5
    few: int = 2
    shift: int = 2
    tests: int = 500

    kind: ClassVar[str] = "transformers"

    def prepare(self, images: Images) -> dict[str, jax.Array]:
        """Training images sorted by class, with the start and the number of each class."""
        order = np.argsort(images.train_labels, kind="stable")
        sizes = np.bincount(images.train_labels, minlength=len(images.classes))
        return {
            "images": jnp.asarray(images.train[order]),
            "first": jnp.asarray(np.concatenate([[0], np.cumsum(sizes)[:-1]])),
            "size": jnp.asarray(sizes),
        }

    def init(self, key: jax.Array, size: int, images: Images) -> Params:
        """Parameters of the model of width `size`."""
        height, _, channels = images.shape
        keys = iter(jax.random.split(key, 6 + 4 * self.layers))
        classes, narrow = len(images.classes), max(1, size // 2)
        field = _after(_after(height))
        params = {
            "conv1": convolution(next(keys), 3, channels, narrow),
            "conv2": convolution(next(keys), 3, narrow, size),
            "image": dense(next(keys), field * field * size, size),
            "label": jax.random.normal(next(keys), (classes, size)) / jnp.sqrt(size),
            "place": jax.random.normal(next(keys), (2 * self.length - 1, size)) / jnp.sqrt(size),
            "norm": norm(size),
            "output": dense(next(keys), size, classes),
        }
        for i in range(self.layers):
            params[f"block{i}"] = {
                "norm1": norm(size),
                "attend": dense(next(keys), size, 3 * size),
                "mix": dense(next(keys), size, size),
                "norm2": norm(size),
                "up": dense(next(keys), size, 4 * size),
                "down": dense(next(keys), 4 * size, size),
            }
        return params

    def sample(self, key: jax.Array, data: dict[str, jax.Array]) -> dict[str, jax.Array]:
        """A batch of training sequences: images (n, length, h, w, c) and labels (n, length)."""
        n, length, classes = self.training.batch, self.length, len(data["size"])
        which, free, pair, place, pick, move = jax.random.split(key, 6)
        # The classes of all places at random, or a few classes at random over the places.
        anything = jax.random.randint(free, (n, length), 0, classes)
        some = jax.random.randint(pair, (n, self.few), 0, classes)
        again = jnp.take_along_axis(some, jax.random.randint(place, (n, length), 0, self.few), 1)
        labels = jnp.where(jax.random.uniform(which, (n, 1)) < self.repeats, again, anything)
        part = jax.random.uniform(pick, (n, length))
        drawn = data["first"][labels] + (part * data["size"][labels]).astype(jnp.int32)
        images = data["images"][drawn]
        flat = images.reshape(n * length, *images.shape[2:])
        return {"images": shifted(move, flat, self.shift).reshape(images.shape), "labels": labels}

    def loss(self, params: Params, batch: dict[str, jax.Array]) -> jax.Array:
        """Mean cross-entropy of the labels, nats."""
        logits = self.forward(params, batch["images"], batch["labels"])
        return optax.softmax_cross_entropy_with_integer_labels(logits, batch["labels"]).mean()

    def forward(self, params: Params, images: jax.Array, labels: jax.Array) -> jax.Array:
        """Images (n, length, h, w, c) and labels (n, length) to logits (n, length, classes)."""
        n, length = labels.shape
        x = images.reshape(n * length, *images.shape[2:])
        for name in ("conv1", "conv2"):  # each halves the image
            x = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            x = jax.nn.relu(convolved(params[name], x, 3, stride=2))
        seen = linear(params["image"], x.reshape(n, length, -1))
        shown = params["label"][labels]
        # image 1, label 1, image 2, ..., image L: the last label is never read
        x = jnp.stack([seen, shown], axis=2).reshape(n, 2 * length, -1)[:, :-1]
        x = x + params["place"]
        for i in range(self.layers):
            x = _block(params[f"block{i}"], x)
        x = layer_norm(params["norm"], x[:, ::2])  # at the images
        return linear(params["output"], x)

    def evaluate(self, params: Params, images: Images) -> pd.DataFrame:
        """One row a test sequence and place.

        Columns ``sequence_kind`` (see `sequences_to_test`), ``sequence``, ``place`` (0 to length - 1),
        ``image`` (index of the test image), ``target``, ``output``, ``logprob``.
        """
        forward = compiled_forward(self)
        parts = []
        for kind, drawn in sequences_to_test(images, self.length, self.tests, self.few):
            target = images.test_labels[drawn]
            logits = forward(params, jnp.asarray(images.test[drawn]), jnp.asarray(target))
            n = len(drawn)
            parts.append(
                pd.DataFrame(
                    {
                        "sequence_kind": kind,
                        "sequence": np.repeat(np.arange(n, dtype=np.int16), self.length),
                        "place": np.tile(np.arange(self.length, dtype=np.int8), n),
                        "image": drawn.ravel().astype(np.int16),
                        **answers(logits, target),
                    }
                )
            )
        frame = pd.concat(parts, ignore_index=True)
        frame["sequence_kind"] = frame["sequence_kind"].astype("category")
        return frame


def sequences_to_test(
    images: Images, length: int, n: int, few: int, seed: int = 0
) -> list[Sequences]:
    """The test: sequences of each kind, the same for every model.

    ============ =====================================================================
    independent  every place an image at random
    one class    all images of a sequence show one class
    repeats      `few` classes, which come again (as in half of the training)
    one writer   all images by one person, where the set names its writers
    ============ =====================================================================

    Parameters
    ----------
    images : Images
    length, n : int
        Images a sequence, and sequences of each kind.
    few : int
        Classes in a sequence with repeats.
    seed : int
    """
    rng = np.random.default_rng(seed)
    labels = images.test_labels
    by_class = [np.flatnonzero(labels == c) for c in range(len(images.classes))]

    def of(classes: NDArray[np.int64]) -> NDArray[np.int64]:
        # Drawn without replacement within a class: no image twice in a sequence.
        drawn = np.empty(len(classes), np.int64)
        for c in np.unique(classes):
            at = np.flatnonzero(classes == c)
            drawn[at] = rng.choice(by_class[c], len(at), replace=False)
        return drawn

    count = len(by_class)
    independent = np.stack([rng.choice(len(labels), length, replace=False) for _ in range(n)])
    one = np.stack([of(np.full(length, rng.integers(count))) for _ in range(n)])
    repeats = np.stack(
        [of(rng.choice(rng.choice(count, few, replace=False), length)) for _ in range(n)]
    )
    found = [
        Sequences("independent", independent),
        Sequences("one class", one),
        Sequences("repeats", repeats),
    ]
    if images.test_writers is not None:
        people = np.unique(images.test_writers)
        drawn = [
            rng.choice(np.flatnonzero(images.test_writers == w), length, replace=False)
            for w in rng.choice(people, n)
        ]
        found.append(Sequences("one writer", np.stack(drawn)))
    return found


def _after(side: int) -> int:
    """Side of an image after a padded convolution of 3 by 3 with stride 2."""
    return (side - 1) // 2 + 1


def _block(params: Params, x: jax.Array) -> jax.Array:
    n, length, width = x.shape
    heads = max(1, width // 8)
    h = linear(params["attend"], layer_norm(params["norm1"], x))
    q, k, v = jnp.moveaxis(h.reshape(n, length, 3, heads, width // heads), 2, 0)
    scores = jnp.einsum("nqhd,nkhd->nhqk", q, k) / jnp.sqrt(width // heads)
    causal = jnp.tril(jnp.ones((length, length), bool))
    weights = jax.nn.softmax(jnp.where(causal, scores, -jnp.inf))
    seen = jnp.einsum("nhqk,nkhd->nqhd", weights, v).reshape(n, length, width)
    x = x + linear(params["mix"], seen)
    h = linear(params["up"], layer_norm(params["norm2"], x))
    return x + linear(params["down"], jax.nn.gelu(h))
