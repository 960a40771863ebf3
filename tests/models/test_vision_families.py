"""The vision families: networks with the parameters they should have, sequences and images as they say."""

from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_vision import go, small

from mirage_utils import FieldError
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import runs, training
from mirage_utils.models.training import Training
from mirage_utils.models.vision import data, layers
from mirage_utils.models.vision.family import compiled_forward


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").only(200, 60)


@pytest.mark.parametrize(("side", "stride"), [(3, 1), (5, 1), (3, 2), (2, 3)])
def test_a_convolution_is_a_convolution(side, stride):
    x = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype(np.float32)
    layer = layers.convolution(jax.random.key(0), side, 3, 4)
    layer["b"] = jnp.arange(4.0)
    there = jax.lax.conv_general_dilated(
        x, layer["w"].reshape(side, side, 3, 4), (stride, stride), "VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    ) + layer["b"]  # fmt: skip
    np.testing.assert_allclose(layers.convolved(layer, x, side, stride), there, atol=1e-5)


def test_shifted_images_are_the_image_moved():
    x = np.random.default_rng(0).uniform(size=(40, 6, 5, 1)).astype(np.float32)
    moved = np.asarray(layers.shifted(jax.random.key(3), x, 2))
    seen = set()
    for image, new in zip(x, moved, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)))
        fits = [
            (i, j) for i in range(5) for j in range(5)
            if np.array_equal(padded[i : i + 6, j : j + 5], new)
        ]  # fmt: skip
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 10


def test_lenet_5_has_its_number_of_parameters():
    mnist = data.Images(
        "made", np.zeros((2, 28, 28, 1), np.float32), np.zeros(2, int),
        np.zeros((1, 28, 28, 1), np.float32), np.zeros(1, int), tuple("0123456789"), "",
    )  # fmt: skip
    # 6*26 + 16*(6*25+1) + 120*401 + 84*121 + 10*85, as in LeCun et al. 1998 but for its sparse links
    assert runs.parameters(runs.family("lenets", "full"), mnist)[1.0] == 61_706


def test_an_autoencoder_cannot_beat_principal_components(digits):
    family = replace(small(), training=Training(600, 64, 0.05))
    x = digits.train.reshape(len(digits.train), -1)
    _, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    own = data.Images(**{**vars(digits), "test": digits.train, "test_labels": digits.train_labels})
    for size in (1, 3):
        _, rows = runs.train_size(family, size, own)
        error = rows.groupby("seed")["error"].mean().to_numpy(float)
        bound = (s[size:] ** 2).sum() / x.size  # the best reconstruction from `size` numbers
        assert (error > bound).all()
        assert (error < 1.25 * bound).all()


def test_the_error_kept_is_that_of_the_reconstruction(digits):
    family = small()
    trained, rows = go(digits, family=family)
    back = family.reconstruct(training.one_seed(trained.params, 1), digits)
    by_hand = ((back - digits.test) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(rows[rows["seed"] == 4]["error"], by_hand, rtol=1e-6)


def test_a_transformer_sees_no_label_before_its_time(digits):
    family = runs.family("transformers")
    params = family.init(jax.random.key(0), 8, digits)
    forward = compiled_forward(family)
    rng = np.random.default_rng(0)
    images = jnp.asarray(digits.test[rng.integers(60, size=(4, 5))])
    labels = jnp.asarray(rng.integers(10, size=(4, 5)))
    before = forward(params, images, labels)
    for place in range(5):
        at = np.arange(5) == place
        after = forward(params, images, jnp.where(at, (labels + 1) % 10, labels))
        changed = np.abs(np.asarray(after - before)).max(axis=(0, 2)) > 1e-6
        assert not changed[: place + 1].any()  # its own answer and those before
        assert changed[place + 1 :].all()
        after = forward(params, jnp.where(at[:, None, None, None], 0.5, images), labels)
        changed = np.abs(np.asarray(after - before)).max(axis=(0, 2)) > 1e-6
        assert not changed[:place].any()
        assert changed[place:].all()


def test_training_sequences_are_what_they_say(digits):
    family = replace(
        runs.family("transformers"), training=Training(10, 2_000, 1e-3, every=10), repeats=0.5
    )
    prepared = family.prepare(digits)
    batch = family.sample(jax.random.key(0), prepared)
    labels = np.asarray(batch["labels"])
    kinds = np.array([len(set(row)) for row in labels.tolist()])
    # Of rows at random P(at most 2 of 10 classes in 5 places) = (10 + C(10, 2) (2^5 - 2)) / 10^5.
    by_chance = (10 + 45 * 30) / 1e5
    assert (kinds <= 2).mean() == pytest.approx(0.5 + 0.5 * by_chance, abs=0.04)
    known = {
        image.tobytes(): label
        for image, label in zip(digits.train, digits.train_labels, strict=True)
    }
    flat = np.asarray(batch["images"]).reshape(-1, 8, 8, 1)[:500]
    assert [known[i.tobytes()] for i in flat] == labels.ravel()[:500].tolist()


def test_test_sequences_are_what_they_say():
    from mirage_utils.models.vision.sequences import sequences_to_test

    digits = data.load("digits").only(10, 200)
    made = data.Images(**{**vars(digits), "test_writers": np.arange(200) % 4})
    found = {s.kind: s.images for s in sequences_to_test(made, 3, 50, 2)}
    again = {s.kind: s.images for s in sequences_to_test(made, 3, 50, 2)}
    labels = made.test_labels
    for kind, drawn in found.items():
        assert drawn.shape == (50, 3)
        assert np.array_equal(drawn, again[kind])
        assert all(len(set(row)) == 3 for row in drawn.tolist()), "an image twice"
    assert all(len(set(labels[row])) == 1 for row in found["one class"])
    assert all(len(set(labels[row])) <= 2 for row in found["repeats"])
    assert all(len(set(made.test_writers[row])) == 1 for row in found["one writer"])


def test_families_are_found_and_changed_by_name():
    with pytest.raises(UnknownNameError, match="autoencoders, lenets, transformers"):
        runs.family("lenet")
    with pytest.raises(UnknownNameError, match="quick or full"):
        runs.family("lenets", "fast")
    with pytest.raises(FieldError, match="depth"):
        runs.family("lenets", depth=3)
    with pytest.raises(FieldError, match="sizes"):
        runs.family("autoencoders", sizes=(1.5,))
    assert runs.family("lenets", sizes=(0.5,)).sizes == (0.5,)


def test_what_a_family_computes_is_compiled_once_for_all_seeds():
    assert compiled_forward(small()) is compiled_forward(small())
    assert compiled_forward(small()) is not compiled_forward(replace(small(), sizes=(2,)))
