"""The families that this project trains, by name and profile.

======= ============================================================================================
profile what it is for
======= ============================================================================================
quick   minutes on two processor cores: tests, and the chapters that train while they are built
desk    hours on two processor cores: the runs of language models that are bundled
full    the runs of vision models that are bundled; for language models, an hour or two on a GPU
======= ============================================================================================

All profiles run the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from ..errors import FieldError, UnknownNameError
from .family import Family
from .language.clock import Clocks
from .language.ladder import Ladders
from .language.models import Additions, Inductions, Multiplications, Recalls, RecallsInOrder
from .language.parity import Parities
from .training import Training
from .vision.autoencoder import Autoencoders
from .vision.lenet import LeNets
from .vision.sequences import Transformers

__all__ = ["FAMILIES", "LADDERS", "LANGUAGE", "family"]


def _seeds(n: int) -> tuple[int, ...]:
    return tuple(range(n))


def _language(steps: int, batch: int, every: int) -> Training:
    """Adam as transformers are trained: warm-up, short gradients, a second moment that forgets sooner."""
    return Training(steps, batch, 1e-2, min(200, steps // 10), every, floor=0.01, b2=0.98, clip=1.0)


_UNITS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_FACTORS = (0.01, 0.05, 0.1, 0.17, 0.25, 0.35, 0.5, 0.7, 1.0, 1.6, 2.3)
_FEW = (2, 4, 6, 8, 12)
_WIDTHS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24)
_ALL_WIDTHS = (
    2,
    3,
    4,
    6,
    8,
    12,
    16,
    24,
    32,
    64,
    96,
    128,
    192,
    256,
    384,
    640,
)  # to ten million parameters
_HIDDEN = (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 512, 4_096)


def _steady(steps: int, batch: int, every: int) -> Training:
    """Adam at one rate from beginning to end."""
    return Training(steps, batch, 1e-2, every=every, floor=1.0)


def _parities(tasks: int) -> Mapping[str, Family]:
    """The dial: many parities of 3 among 24 bits, with Zipf frequencies."""
    return {
        "quick": Parities((4, 16, 64), _seeds(3), _steady(2_000, 256, 500),
                          bits=24, tasks=tasks, tests=64),
        "desk": Parities((2, 4, 8, 16, 32, 64, 128, 256), _seeds(8), _steady(6_000, 256, 1_000),
                         bits=24, tasks=tasks, tests=max(32, 512 // tasks)),
        "full": Parities((2, 4, 8, 16, 32, 64, 128, 256, 1_024, 4_096), _seeds(20),
                         _steady(50_000, 256, 5_000), bits=24, tasks=tasks, tests=256),
    }  # fmt: skip


LANGUAGE: Mapping[str, Mapping[str, Family]] = {
    # Random codes, all digits at once; every code as frequent as every other.
    "recall": {
        "quick": Recalls((2, 4, 6, 8, 12), _seeds(2), _language(2_000, 64, 500), keys=128),
        "desk": Recalls((*_WIDTHS, 32), _seeds(5), _language(3_000, 256, 250), samples=2),
        "full": Recalls(_ALL_WIDTHS, _seeds(5), _language(8_000, 4_096, 500), keys=32_768),
    },
    # The same with frequencies that fall as Zipf's law.
    "recall_zipf": {
        "quick": Recalls(_FEW, _seeds(2), _language(2_000, 64, 500), keys=256, exponent=1.0),
        "desk": Recalls(_WIDTHS[:-1], _seeds(5), _language(3_000, 256, 250), keys=1_024, exponent=1.0),
        "full": Recalls(_ALL_WIDTHS, _seeds(5), _language(8_000, 4_096, 500), keys=32_768, exponent=1.0),
    },
    # The same as the first, digit after digit.
    "recall_in_order": {
        "quick": RecallsInOrder((4, 8, 12), _seeds(2), _language(1_500, 64, 500), keys=128),
        "desk": RecallsInOrder(_WIDTHS[:-1], _seeds(3), _language(3_000, 128, 250)),
        "full": RecallsInOrder(_ALL_WIDTHS, _seeds(5), _language(8_000, 4_096, 500), keys=32_768),
    },
    # The same as the first, every width with as much compute instead of as many examples.
    "recall_same_compute": {
        "quick": Recalls((6, 8, 12), _seeds(2), _language(1_000, 64, 500), keys=128, compute=1e10),
        "desk": Recalls((6, 8, 10, 12, 16, 20), _seeds(3), _language(3_000, 256, 250), compute=2e11),
        "full": Recalls(_ALL_WIDTHS[10:], _seeds(5), _language(8_000, 4_096, 500), keys=32_768, compute=6e15),
    },
    "addition": {
        "quick": Additions((4, 8, 16), _seeds(4), _language(1_500, 128, 250), digits=3, tests=200),
        "desk": Additions(_WIDTHS[1:], _seeds(20), _language(3_000, 128, 250)),
        "full": Additions(_ALL_WIDTHS, _seeds(20), _language(10_000, 512, 500), tests=2_000),
    },
    # Answers as one writes them, the first digit first.
    "addition_plain": {
        "quick": Additions((8, 16), _seeds(2), _language(1_000, 128, 250), digits=3, reversed_answer=False, tests=200),
        "desk": Additions(_WIDTHS[1:], _seeds(5), _language(3_000, 128, 250), reversed_answer=False),
        "full": Additions(_ALL_WIDTHS, _seeds(20), _language(10_000, 512, 500), reversed_answer=False, tests=2_000),
    },
    # A few widths for ten times as long.
    "addition_long": {
        "quick": Additions((8,), _seeds(4), _language(3_000, 128, 500), digits=3, tests=200),
        "desk": Additions((8, 10), _seeds(20), _language(9_000, 128, 500)),
        "full": Additions((4, 8, 16, 32), _seeds(20), _language(100_000, 512, 2_000), tests=2_000),
    },
    "multiplication": {
        "quick": Multiplications((4, 8, 16), _seeds(2), _language(1_500, 128, 500), tests=300),
        "desk": Multiplications(_WIDTHS[1:], _seeds(5), _language(3_000, 128, 250)),
        "full": Multiplications(_ALL_WIDTHS, _seeds(5), _language(20_000, 512, 1_000), digits=3, tests=2_000),
    },
    "multiplication_plain": {
        "quick": Multiplications((8,), _seeds(2), _language(1_500, 128, 500), reversed_answer=False, tests=300),
        "desk": Multiplications(_WIDTHS[1:], _seeds(5), _language(3_000, 128, 250), reversed_answer=False),
        "full": Multiplications(_ALL_WIDTHS, _seeds(5), _language(20_000, 512, 1_000), digits=3, reversed_answer=False, tests=2_000),
    },
    "parity": {
        "quick": Parities((2, 4, 8, 16), _seeds(8), _steady(3_000, 128, 500)),
        "desk": Parities(_HIDDEN, _seeds(20), _steady(3_000, 128, 100)),
        "full": Parities((*_HIDDEN, 32_768, 327_680), _seeds(20), _steady(20_000, 128, 200)),
    },
    "parities_1": _parities(1),
    "parities_4": _parities(4),
    "parities_16": _parities(16),
    "parities_64": _parities(64),
    "induction": {
        "quick": Inductions((8, 16), _seeds(2), _language(1_000, 64, 100), tests=100),
        "desk": Inductions((3, 4, 6, 8, 10, 12, 16, 20, 24, 32), _seeds(5), _language(2_000, 64, 100)),
        "full": Inductions(_ALL_WIDTHS, _seeds(5), _language(20_000, 512, 500), tests=2_000),
    },
    # One block cannot look back twice.
    "induction_one_block": {
        "quick": Inductions((16,), _seeds(2), _language(1_000, 64, 100), layers=1, tests=100),
        "desk": Inductions((3, 4, 6, 8, 10, 12, 16, 20, 24, 32), _seeds(5), _language(2_000, 64, 100), layers=1),
        "full": Inductions((*_ALL_WIDTHS, 896), _seeds(5), _language(20_000, 512, 500), layers=1, tests=2_000),
    },
    # Training time and not size is the axis here: one width.
    "clock": {
        "quick": Clocks((128,), _seeds(2), Training(1_000, 1, 1e-2, every=25, b2=0.98, decay=1.0), modulus=31),
        "desk": Clocks((256,), _seeds(10), Training(3_000, 1, 1e-2, every=25, b2=0.98, decay=0.3)),
        "full": Clocks((512,), _seeds(20), Training(20_000, 1, 1e-2, every=50, b2=0.98, decay=0.1), modulus=97),
    },
}  # fmt: skip
"""Families of language models, and of the networks that chapters 14 and 15 set beside them."""


_RUNGS = (8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128)  # widths: 2,400 to 407,000 parameters
_MORE_RUNGS = (*_RUNGS, 192, 256, 384, 640)  # to ten million

LADDERS: Mapping[str, Mapping[str, Family]] = {
    # Everything at once: every size from as many examples.
    "ladder": {
        "quick": Ladders((8, 12), _seeds(2), _language(400, 100, 200), keys=64, tests=40, watched=10),
        "desk": Ladders(_RUNGS, _seeds(5), _language(20_000, 100, 500), tests=200, large=96),
        "full": Ladders(_MORE_RUNGS, _seeds(5), _language(40_000, 500, 1_000), keys=4_096, tests=1_000, large=384),
    },
    # The same with as much compute for every size: that of width 32 (desk) or 128 (full) above.
    "ladder_same_compute": {
        "quick": Ladders((8, 12), _seeds(2), _language(400, 100, 100), keys=64, tests=40, watched=10, compute=1.2e10),
        "desk": Ladders(_RUNGS[4:], _seeds(3), _language(20_000, 100, 250), tests=200, compute=7e12),
        "full": Ladders(_MORE_RUNGS[8:], _seeds(3), _language(40_000, 500, 500), keys=4_096, tests=1_000, compute=1.03e15),
    },
}  # fmt: skip
"""One family that learns all tasks together, and the same family once more with the compute fixed instead of the examples."""

FAMILIES: Mapping[str, Mapping[str, Family]] = {
    "autoencoders": {
        "quick": Autoencoders(
            (1, 2, 4, 8, 12, 16, 24, 32, 48), _seeds(3), Training(800, 64, 0.05), "digits"
        ),
        "full": Autoencoders(
            _UNITS, _seeds(5), Training(1_600, 64, 0.05), "cifar10-subset"
        ),  # 10 epochs of 10,000 images are 1,563 steps
    },
    "lenets": {
        "quick": LeNets(
            (0.05, 0.1, 0.25, 0.5, 1.0), _seeds(3), Training(500, 64, 3e-3), "digits", shift=1
        ),
        "full": LeNets(_FACTORS, _seeds(5), Training(1_300, 64, 2e-3), "mnist-test"),
    },
    "transformers": {
        "quick": Transformers(
            (2, 4, 8, 16), _seeds(2), Training(400, 32, 4e-3, warmup=50), "digits",
            layers=1, shift=0, tests=400,
        ),
        "full": Transformers(
            (2, 3, 4, 6, 8, 12, 16, 24, 32, 48), _seeds(5), Training(3_000, 32, 2e-3, warmup=200),
            "omniglot-small",
        ),
    },
    **LANGUAGE,
    **LADDERS,
}  # fmt: skip
"""All families by name and profile."""


def family(name: str, profile: str = "quick", **changes: Any) -> Family:
    """A family by name and profile.

    Parameters
    ----------
    name : str
        One of `FAMILIES`.
    profile : str
        ``"quick"``, ``"desk"`` (language models only) or ``"full"``.
    **changes : optional
        Fields to replace, such as ``data="cifar10"`` or ``seeds=(0,)``.

    Raises
    ------
    UnknownNameError
        If there is no such family or profile.
    FieldError
        If the family has no such field, or a value is out of range.
    """
    if name not in FAMILIES:
        raise UnknownNameError("family", name, "one of " + ", ".join(FAMILIES))
    if profile not in FAMILIES[name]:
        raise UnknownNameError("profile", profile, " or ".join(FAMILIES[name]))
    found = FAMILIES[name][profile]
    known = asdict(found)
    for field in changes:
        if field not in known:
            raise FieldError(field, changes[field], "one of the fields " + ", ".join(known))
    return replace(found, **changes)
