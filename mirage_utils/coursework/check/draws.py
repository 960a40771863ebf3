"""Random points of hidden tests."""

from __future__ import annotations

import os

import numpy as np

from ..variation import seed

__all__ = ["rng"]


def rng(exercise: str) -> np.random.Generator:
    """Random points of one exercise: the same in every run, unknown without the course's secret.

    The secret is the environment variable ``MIRAGE_COURSE_SECRET``, which the grader sets and the sandbox
    does not have.

    Parameters
    ----------
    exercise : str
        Name of the exercise.
    """
    return np.random.default_rng(seed(os.environ.get("MIRAGE_COURSE_SECRET", ""), exercise))
