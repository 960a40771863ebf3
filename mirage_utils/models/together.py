"""Rows of answers that must all be right: how often they are, against the power of the accuracy.

A row of L answers that are right independently, each with probability a, is entirely right with probability a ** L. Answers
of one row may share a letter, a hand or a context, and so be right together more often than this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..curves.resolution import binomial_interval
from ..errors import require

__all__ = [
    "Beyond",
    "Rows",
    "against_power",
    "beyond",
    "drawn_again",
    "found_together",
    "row_scores",
    "rows_of",
    "shuffled",
]


class Rows(NamedTuple):
    """Answers of all runs of one size to rows of one kind.

    Attributes
    ----------
    right : ndarray of bool, shape (runs, rows, places)
    target : ndarray of int, shape (runs, rows, places)
        The class that was asked for.
    image : ndarray of int, shape (runs, rows, places)
        The test image that was shown.
    """

    right: NDArray[np.bool_]
    target: NDArray[np.int64]
    image: NDArray[np.int64]


class Beyond(NamedTuple):
    """How much more often rows are all right than a power says.

    Attributes
    ----------
    value : float
        A share of rows, mean of the runs.
    error : float
        Its standard error.
    """

    value: float
    error: float


def rows_of(outputs: pd.DataFrame, length: int | None = None) -> dict[tuple[str, int], Rows]:
    """Answers to rows of images as arrays, by kind of row and size.

    Parameters
    ----------
    outputs : DataFrame
        Columns ``sequence_kind``, ``params``, ``seed``, ``sequence``, ``place``, ``target``, ``output`` and ``image``.
    length : int, optional
        Only the first so many places of each row.

    Returns
    -------
    dict of (str, int) to Rows

    Raises
    ------
    FieldError
        If a row lacks a place, or a run a row.

    Examples
    --------
    >>> answers = pd.DataFrame({
    ...     "sequence_kind": "independent", "params": 9, "seed": 0, "sequence": [0, 0, 1, 1], "place": [0, 1, 0, 1],
    ...     "target": [3, 4, 5, 6], "output": [3, 4, 5, 0], "image": [0, 1, 2, 3],
    ... })
    >>> rows_of(answers)["independent", 9].right.tolist()
    [[[True, True], [True, False]]]
    """
    ordered = outputs.assign(right=outputs["target"] == outputs["output"]).sort_values(
        ["seed", "sequence", "place"]
    )
    found = {}
    for (kind, params), part in ordered.groupby(["sequence_kind", "params"], observed=True):
        runs, rows, places = (int(part[c].nunique()) for c in ("seed", "sequence", "place"))
        require(len(part) == runs * rows * places, "outputs", len(part), f"every place of every row of {kind!r}")  # fmt: skip
        cube = (part[c].to_numpy().reshape(runs, rows, places)[..., :length] for c in Rows._fields)
        found[str(kind), int(params)] = Rows(*cube)
    return found


def row_scores(
    rows: Mapping[tuple[str, int], Rows], length: int, level: float = 0.95
) -> pd.DataFrame:
    """For each kind of row, size and run: how many rows are all right, and the power of the accuracy.

    Parameters
    ----------
    rows : mapping of (str, int) to Rows
        As from `rows_of`.
    length : int
        Only the first so many places count.
    level : float
        Of the exact intervals of the share of rows.

    Returns
    -------
    DataFrame
        Columns ``sequence_kind``, ``params``, ``seed``, ``n``, ``all_right``, ``accuracy``, ``share``, ``power``, ``low`` and
        ``high``. Runs are numbered from 0.

    Examples
    --------
    >>> right = np.array([[[True, True], [True, False]]])
    >>> row_scores({("independent", 9): Rows(right, right * 1, right * 1)}, 2)[["share", "power"]].iloc[0].tolist()
    [0.5, 0.5625]
    """
    found = pd.DataFrame(
        [
            {
                "sequence_kind": kind, "params": params, "seed": run, "n": len(right),
                "all_right": int(right[:, :length].all(axis=1).sum()), "accuracy": right[:, :length].mean(),
            }
            for (kind, params), each in rows.items()
            for run, right in enumerate(each.right)
        ]
    )  # fmt: skip
    found["share"], found["power"] = found["all_right"] / found["n"], found["accuracy"] ** length
    ends = binomial_interval(found["all_right"].to_numpy(int), found["n"].to_numpy(int), level)
    return found.assign(low=ends.low, high=ends.high)


def beyond(right: ArrayLike, shared: ArrayLike, groups: ArrayLike | None = None) -> Beyond:
    """Rows that are all right, less the power of the accuracy, and its standard error by clusters of rows.

    Parameters
    ----------
    right : array_like of bool, shape (runs, rows, places)
    shared : array_like, shape (rows,) or (rows, m)
        What a row shares with others, such as its letters. Two rows with any value in common may be right together.
    groups : array_like, shape (rows,), optional
        The power is taken of each group's own accuracy, and averaged over rows. What unequal groups explain is then not beyond.

    Returns
    -------
    Beyond

    Notes
    -----
    The error is that of the linearised difference, so it allows for the accuracies having been taken from the same rows.

    Examples
    --------
    >>> right = np.array([[[True, True], [True, True], [False, False], [False, False]]])
    >>> beyond(right, [0, 1, 2, 3]).value
    0.25
    >>> beyond(right, [0, 1, 2, 3], groups=[0, 0, 1, 1]).value
    0.0
    """
    outcome = np.asarray(right, dtype=bool)
    require(outcome.ndim == 3, "right", outcome.shape, "(runs, rows, places)")
    _, n, length = outcome.shape
    labels = np.asarray(shared).reshape(len(np.asarray(shared)), -1)
    of = np.zeros(n, int) if groups is None else np.asarray(groups)
    require(len(labels) == n, "shared", len(labels), f"one entry a row, {n}")
    require(of.shape == (n,), "groups", of.shape, f"one entry a row, ({n},)")
    p = np.empty(outcome.shape[:2])
    for group in np.unique(of):
        p[:, of == group] = outcome[:, of == group].mean(axis=(1, 2))[:, None]
    whole, mean = outcome.all(axis=2), outcome.mean(axis=2)
    each = (whole - p**length - length * p ** (length - 1) * (mean - p)).mean(axis=0)
    value = float((whole - p**length).mean())
    centred, codes = each - each.mean(), np.unique(labels, return_inverse=True)[1].reshape(n, -1)
    member = np.zeros((n, codes.max() + 1))
    np.put_along_axis(member, codes, 1, axis=1)
    clusters = len(np.unique(codes[:, 0]))
    variance = centred @ ((member @ member.T > 0) @ centred) * clusters / max(clusters - 1, 1)
    return Beyond(value, float(np.sqrt(max(variance, 0))) / n)


def against_power(
    rows: Mapping[tuple[str, int], Rows],
    shared: Mapping[str, ArrayLike],
    level: float = 0.95,
) -> pd.DataFrame:
    """Rows that are all right against the power of the accuracy, by kind of row and size; means of the runs.

    Parameters
    ----------
    rows : mapping of (str, int) to Rows
        As from `rows_of`.
    shared : mapping of str to array_like
        By kind: what rows share, as in `beyond`.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Index ``kind``, ``params``. Columns ``accuracy``, ``share``, ``power``, ``product`` (of the places' own accuracies),
        ``beyond``, ``low``, ``high``, ``first`` and ``last`` (accuracy at these places).

    Examples
    --------
    >>> right = np.array([[[True, True], [True, True], [False, False], [False, False]]])
    >>> table = against_power({("one class", 9): Rows(right, right * 1, right * 1)}, {"one class": [0, 1, 2, 3]})
    >>> table.loc[("one class", 9), ["share", "power", "beyond"]].tolist()
    [0.5, 0.25, 0.25]
    """
    z = float(stats.norm.ppf((1 + level) / 2))
    found = {}
    for (kind, params), each in rows.items():
        right = each.right
        value, error = beyond(right, shared[kind])
        place = right.mean(axis=1)
        found[kind, params] = {
            "accuracy": right.mean(), "share": right.all(axis=2).mean(),
            "power": (right.mean(axis=(1, 2)) ** right.shape[2]).mean(), "product": place.prod(axis=1).mean(),
            "beyond": value, "low": value - z * error, "high": value + z * error,
            "first": place[:, 0].mean(), "last": place[:, -1].mean(),
        }  # fmt: skip
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["kind", "params"])


def found_together(target: ArrayLike, classes: int | None = None) -> NDArray[np.int64]:
    """Classes that some row holds together, put into groups: letters of one alphabet, if every row is of one.

    Parameters
    ----------
    target : array_like of int, shape (rows, places)
        Classes, numbered from 0.
    classes : int, optional
        How many there are; the largest one found if it is not given.

    Returns
    -------
    ndarray of int, shape (classes,)
        The group of each class. A class that no row holds is alone.

    Examples
    --------
    >>> found_together([[0, 2], [1, 3], [2, 4]]).tolist()
    [0, 1, 0, 1, 0]
    """
    held = np.asarray(target)
    require(held.ndim == 2 and held.size > 0, "target", held.shape, "(rows, places), not empty")
    n = int(held.max()) + 1 if classes is None else classes
    require(held.max() < n, "classes", classes, f"at least {held.max() + 1}")
    ends = np.repeat(held[:, 0], held.shape[1]), held.ravel()
    links = coo_array((np.ones(held.size), ends), shape=(n, n))
    return connected_components(links, directed=False)[1].astype(np.int64)


def shuffled(right: ArrayLike, rng: np.random.Generator) -> NDArray[np.bool_]:
    """The same answers in other rows: every place keeps its accuracy, and places become independent.

    Parameters
    ----------
    right : array_like of bool, shape (runs, rows, places)
        The runs stay together.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (runs, rows, places)

    Examples
    --------
    >>> right = np.array([[[True, True], [False, False], [False, False]]])
    >>> shuffled(right, np.random.default_rng(0)).sum(axis=1).tolist()
    [[1, 1]]
    """
    outcome = np.asarray(right, dtype=bool)
    n = outcome.shape[1]
    places = [outcome[:, rng.permutation(n), i] for i in range(outcome.shape[2])]
    return np.stack(places, axis=2)


def drawn_again(
    right: ArrayLike, shared: ArrayLike, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """A bootstrap of clusters: each is drawn with all of its rows, as often as there are clusters.

    Parameters
    ----------
    right : array_like of bool, shape (runs, rows, places)
    shared : array_like of int, shape (rows,)
        The cluster of each row.
    rng : numpy.random.Generator

    Returns
    -------
    right : ndarray of bool, shape (runs, drawn rows, places)
    shared : ndarray of int, shape (drawn rows,)
        A cluster that is drawn twice is two.

    Examples
    --------
    >>> right, shared = drawn_again(np.ones((1, 4, 2), bool), [0, 0, 1, 1], np.random.default_rng(0))
    >>> shared.tolist()
    [0, 0, 1, 1]
    """
    outcome, labels = np.asarray(right, dtype=bool), np.asarray(shared)
    clusters = np.unique(labels)
    picked = [
        np.flatnonzero(labels == clusters[c])
        for c in rng.integers(len(clusters), size=len(clusters))
    ]
    again = np.repeat(np.arange(len(picked)), [len(rows) for rows in picked])
    return outcome[:, np.concatenate(picked)], again
