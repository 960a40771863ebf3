"""Small language models and made answers for the tests."""

from __future__ import annotations

import pickle
from functools import partial

import jax
from filelock import FileLock

from mirage_utils.models import runs
from mirage_utils.models.language.clock import Clocks
from mirage_utils.models.language.models import (
    Additions,
    Inductions,
    Multiplications,
    Recalls,
    RecallsInOrder,
)
from mirage_utils.models.language.parity import Parities
from mirage_utils.models.training import _QUICKLY, Training

SHORT = Training(40, 16, 1e-2, every=20, clip=1.0, b2=0.98)


# What runs once or twice is compiled whole, as the trainer's own beginning is: in a tenth of the time that its operations
# would take one by one.
quickly = partial(jax.jit, compiler_options=_QUICKLY)


def small(kind=Recalls, **changes):
    given = {"sizes": (4,), "seeds": (0, 3), "training": SHORT}
    if kind in (Recalls, RecallsInOrder):
        given |= {"keys": 20, "length": 3}
    return kind(**{**given, **changes})


FAMILIES = {
    "recall": small(samples=2),
    "recall_in_order": small(RecallsInOrder),
    "addition": small(Additions, digits=2, tests=30),
    "multiplication": small(Multiplications, digits=1, tests=9, reversed_answer=False),
    "induction": small(Inductions, letters=8, row=5, tests=30),
    "parity": small(Parities, bits=8, tests=40, tasks=3),
    "clock": small(Clocks, modulus=7),
}


class Trained:
    """Every kind of family, trained for a moment when asked for, once for all workers: parameters and rows by kind."""

    def __init__(self, folder):
        self.folder, self.found = folder, {}

    def __getitem__(self, kind):
        if kind not in self.found:
            kept = self.folder / f"trained_{kind}.pickle"
            with FileLock(f"{kept}.lock"):
                if not kept.exists():
                    family = FAMILIES[kind]
                    made = runs.train_size(family, 4, family.load())
                    kept.write_bytes(pickle.dumps(made))
            self.found[kind] = pickle.loads(kept.read_bytes())
        return self.found[kind]
