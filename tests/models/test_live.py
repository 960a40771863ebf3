"""Networks of chapters where nothing can be trained: those of the page, and a sentence for any other."""

import importlib.util
from dataclasses import replace

import pandas as pd
import pytest

from mirage_utils.ground.optional import MissingPackageError
from mirage_utils.models import live, runs
from mirage_utils.models.kept import unpacked

SMALL = replace(runs.family("parity", "quick"), sizes=(2,), seeds=(0,))
SMALL = replace(SMALL, training=replace(SMALL.training, steps=20, every=10))


@pytest.fixture
def no_jax(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "jax" else found(name, *rest)
    )  # fmt: skip


def test_what_was_kept_is_what_is_trained(tmp_path, monkeypatch, no_jax):
    data = SMALL.load()
    monkeypatch.setattr(live, "_KEPT", tmp_path)
    with pytest.raises(MissingPackageError, match="needs the package jax"):
        live.trained_rows(SMALL, 2, data)
    live.keep(SMALL, 2, data, tmp_path)
    with pytest.warns(UserWarning, match="Nothing can be trained here"):
        rows = live.trained_rows(SMALL, 2, data)
    monkeypatch.undo()
    pd.testing.assert_frame_equal(rows, live.trained_rows(SMALL, 2, data))
    other = replace(SMALL, seeds=(1,))
    assert live._name(other, 2, data) != live._name(SMALL, 2, data)


def test_every_kept_network_can_be_read():
    kept = sorted(live._KEPT.glob("*.npz"))
    assert len(kept) == 6
    for path in kept:
        assert {"size", "params", "seed"} <= set(unpacked(path.read_bytes()))
