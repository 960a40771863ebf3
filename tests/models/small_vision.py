"""Small vision models for the tests."""

from __future__ import annotations

from mirage_utils.models import runs
from mirage_utils.models.training import Training

SHORT = Training(30, 8, 0.05, every=10)


def small(**changes):
    return runs.family(
        "autoencoders", training=SHORT, sizes=(1, 3), seeds=(0, 4), **changes
    )  # fmt: skip


def go(digits, path=None, family=None, size=3):
    family = family or small()
    return runs.train_size(family, size, digits, checkpoint=path)
