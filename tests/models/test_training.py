"""The trainer, runs that are kept, and the bundled runs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import asdict, replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from conftest import needs_images
from small_vision import SHORT, go, small

from mirage_utils import FieldError, models
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import runs, training
from mirage_utils.models.catalogue import LADDERS, LANGUAGE
from mirage_utils.models.results import ResultError, read
from mirage_utils.models.training import CheckpointError, Training, train
from mirage_utils.models.vision import data


@pytest.fixture(scope="module")
def digits():
    return data.load("digits").only(200, 60)


def leaves(params):
    return [np.asarray(x) for x in jax.tree.leaves(params)]


# -- the trainer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_run_goes_on_to_the_same_bits(digits, tmp_path, monkeypatch, after):
    whole, rows = go(digits)
    path, saved = tmp_path / "checkpoint.npz", []
    save = training._save

    def stop(*args):
        save(*args)
        saved.append(1)
        if len(saved) == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(training, "_save", stop)
    with pytest.raises(KeyboardInterrupt):
        go(digits, path)
    monkeypatch.undo()
    resumed, again = go(digits, path)
    assert whole.losses.shape == (2, 3)
    assert np.array_equal(whole.losses, resumed.losses)
    for a, b in zip(leaves(whole.params), leaves(resumed.params), strict=True):
        assert np.array_equal(a, b)
    pd.testing.assert_frame_equal(rows, again)


def test_training_lowers_the_loss_and_seeds_differ(digits):
    trained, _ = go(digits)
    assert (trained.losses[:, -1] < trained.losses[:, 0]).all()
    assert not np.allclose(trained.losses[0], trained.losses[1])


def test_a_seed_gives_the_same_alone_and_with_others(digits):
    both, _ = go(digits)
    alone, _ = go(digits, family=small().__class__(**{**vars(small()), "seeds": (4,)}))
    np.testing.assert_allclose(alone.losses[0], both.losses[1], rtol=1e-4)


def test_a_checkpoint_of_another_run_is_refused(digits, tmp_path):
    path = tmp_path / "checkpoint.npz"
    go(digits, path)
    with pytest.raises(CheckpointError, match="other settings"):
        go(digits, path, replace(small(), training=replace(SHORT, rate=0.01)))
    with pytest.raises(CheckpointError, match="other settings"):
        go(digits.only(100), path)


@pytest.mark.parametrize("keep", [0, 10, 2000])
def test_a_damaged_checkpoint_is_named(digits, tmp_path, keep):
    path = tmp_path / "checkpoint.npz"
    go(digits, path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match="damaged"):
        go(digits, path)


@pytest.mark.parametrize(
    ("field", "value"),
    [("steps", 0), ("steps", 15), ("batch", 0), ("rate", 0.0), ("warmup", 30), ("every", 0)],
)
def test_what_cannot_be_trained_is_named(field, value):
    with pytest.raises(FieldError, match=field):
        replace(SHORT, **{field: value})


@pytest.mark.parametrize("seeds", [(), (1, 1), (-1,)])
def test_seeds_are_checked(seeds):
    with pytest.raises(FieldError, match="seeds"):
        train(None, None, None, None, SHORT, seeds)


def test_adam_on_a_quadratic_finds_its_minimum():
    found = train(
        lambda key: {"x": jax.random.normal(key, (3,))},
        lambda params, batch: ((params["x"] - batch) ** 2).sum(),
        lambda key, target: target,
        jnp.array([1.0, -2.0, 0.5]),
        Training(600, 1, 0.1, every=200),
        (0, 1, 2),
    )
    np.testing.assert_allclose(found.params["x"], np.tile([1, -2, 0.5], (3, 1)), atol=1e-3)


# -- runs ------------------------------------------------------------------------------------------


def test_a_run_is_kept_and_not_trained_twice(digits, tmp_path, monkeypatch):
    first = runs.run(small(), digits, tmp_path / "a", profile="quick", progress=False)
    assert len(first.frame) == 2 * 2 * 60
    assert list(first.frame.columns) == ["size", "params", "seed", "image", "error"]
    assert first.manifest["parameters"] == {"1": 64 + 1 + 64 + 64, "3": 3 * 64 + 3 + 3 * 64 + 64}
    assert first.manifest["data"]["sha256"] == digits.digest()
    assert first.manifest["config"]["training"] == asdict(SHORT)
    assert not list((tmp_path / "a").rglob("checkpoint*"))
    monkeypatch.setattr(runs, "train_size", None)  # would fail if called
    second = runs.run(small(), digits, tmp_path / "a", profile="quick", progress=False)
    assert second.manifest == first.manifest
    other = replace(small(), seeds=(0, 5))
    with pytest.raises(ResultError, match="other settings"):
        runs.run(other, digits, tmp_path / "a", progress=False)


def test_damaged_results_are_refused(digits, tmp_path):
    runs.run(replace(small(), sizes=(1,)), digits, tmp_path, progress=False)
    copy = runs.bundle(tmp_path, "copy", tmp_path)
    assert copy.manifest["results"]["path"] == "copy.npz"
    whole = read(tmp_path / "manifest.json")
    assert whole.manifest["results"]["path"] == "results.parquet"
    pd.testing.assert_frame_equal(copy.frame, whole.frame)
    pd.testing.assert_frame_equal(copy.history, whole.history)
    content = bytearray((tmp_path / "copy.npz").read_bytes())
    content[100] ^= 1
    (tmp_path / "copy.npz").write_bytes(content)
    with pytest.raises(ResultError, match="checksum"):
        read(tmp_path / "copy.json")
    (tmp_path / "copy.json").write_text("{}")
    with pytest.raises(ResultError, match="cannot be read"):
        read(tmp_path / "copy.json")


def command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "mirage_utils", "train", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def test_the_command_trains_side_by_side_and_says_what_is_wrong(tmp_path):
    short = [
        "--steps",
        "100",
        "--seeds",
        "0,1",
        "--sizes",
        "1,2",
        "--train-images",
        "100",
        "--quiet",
    ]
    done = command("autoencoders", *short, "--jobs", "2", "--out", str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr
    two = read(tmp_path / "two" / "manifest.json")
    family = runs.family("autoencoders", seeds=(0, 1), sizes=(1, 2))
    family = replace(family, training=replace(family.training, steps=100))
    one = runs.run(family, data.load("digits").only(100), tmp_path / "one", progress=False)
    np.testing.assert_allclose(one.frame["error"], two.frame["error"], rtol=1e-3)
    assert one.manifest["run"] == two.manifest["run"]

    missing = command(
        "lenets", "--data", "mnist", "--out", str(tmp_path / "x"), MIRAGE_DATA=str(tmp_path)
    )
    assert missing.returncode == 1
    assert "train-images-idx3-ubyte.gz: no such file" in missing.stderr
    assert "--download" in missing.stderr
    for wrong, code in (
        (["lenet"], 1), (["lenets", "--data", "svhn"], 1), (["lenets", "--sizes", "a"], 2)
    ):  # fmt: skip
        refused = command(*wrong, "--out", str(tmp_path / "x"))
        assert refused.returncode == code, refused.stderr
        assert "Traceback" not in refused.stderr


# -- what is bundled -------------------------------------------------------------------------------


BUNDLES = {
    "autoencoders_cifar10": ("autoencoders", {}),
    "autoencoders_digits": ("autoencoders", {"data": "digits"}),
    "autoencoders_mnist": ("autoencoders", {"data": "mnist-test"}),
    "autoencoders_photographs": ("autoencoders", {"data": "photographs"}),
    "lenets_mnist": ("lenets", {}),
    "transformers_omniglot": ("transformers", {}),
}


def test_every_bundle_is_tested():
    # The others: test_language_outputs, test_ladder.
    assert set(models.bundles()) - set(LANGUAGE) - set(LADDERS) == set(BUNDLES)
    with pytest.raises(UnknownNameError, match="lenets_mnist"):
        models.bundled("lenets_cifar10")


@pytest.mark.parametrize("name", sorted(BUNDLES))
def test_a_bundle_is_a_run_of_the_full_profile_and_whole(name):
    kind, changes = BUNDLES[name]
    found = models.bundled(name)
    config, frame = found.manifest["config"], found.frame
    family = runs.family(kind, "full", **changes, sizes=tuple(config["sizes"]))
    assert config["kind"] == kind
    # Fields that came later have the value that a run without them had.
    described = {k: v for k, v in config.items() if k not in ("kind", "training")}
    described |= {k: tuple(v) for k, v in described.items() if isinstance(v, list)}
    assert type(family)(**described, training=Training(**config["training"])) == family
    assert found.manifest["profile"] == "full"
    assert len(frame) == found.manifest["results"]["rows"]
    assert len(config["seeds"]) == 5
    # every item of every seed at every size, once
    keys = [c for c in ("sequence_kind", "sequence", "place", "view", "image") if c in frame]
    if "sequence" in keys:
        keys.remove("image")
    assert not frame.duplicated(["size", "seed", *keys]).any()
    assert len(set(frame.groupby(["size", "seed"]).size())) == 1
    assert frame.groupby(["size", "seed"]).ngroups == 5 * len(config["sizes"])
    assert sorted(frame["params"].unique()) == sorted(found.manifest["parameters"].values())
    if kind == "autoencoders":
        assert (frame["error"] > 0).all()
        assert frame["image"].nunique() == found.manifest["data"]["test"]
    else:
        seen = frame[frame["view"] == 0] if "view" in frame else frame
        assert (seen["logprob"].astype(float) <= 0).all()
        sure = seen["logprob"].astype(float) > np.log(0.51)
        assert (seen["output"] == seen["target"])[sure].all()  # more than a half is the largest


def test_the_bundles_are_small():
    sizes = {p.name: p.stat().st_size for p in models.results._DATA.glob("*.npz")}
    assert sum(size for name, size in sizes.items() if name.split(".")[0] in BUNDLES) < 5e6
    assert sum(sizes.values()) < 25e6


@needs_images
@pytest.mark.parametrize("name", sorted(BUNDLES))
def test_a_bundle_was_made_from_these_images(name):
    about = models.bundled(name).manifest["data"]
    images = data.load(about["name"])
    assert images.digest() == about["sha256"]
    assert (len(images.train), len(images.test)) == (about["train"], about["test"])


@needs_images
def test_the_smallest_cifar_model_trains_to_its_bundled_errors():
    found = models.bundled("autoencoders_cifar10")
    family = runs.family("autoencoders", "full", seeds=(0,))
    _, rows = runs.train_size(family, 1, data.load("cifar10-subset"))
    kept = found.frame[(found.frame["size"] == 1) & (found.frame["seed"] == 0)]
    # Another processor adds in another order: the same model, not the same bits.
    assert rows["error"].mean() == pytest.approx(kept["error"].mean(), rel=0.02)
    assert np.corrcoef(rows["error"], kept["error"])[0, 1] > 0.99


def test_digests_are_canonical():
    made = training.digest({"b": [1, 2], "a": None})
    assert made == hashlib.sha256(b'{"a": null, "b": [1, 2]}').hexdigest()
