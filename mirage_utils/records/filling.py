"""Who answered, written into a table: name, run, family, size and compute of each row's network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..errors import FieldError
from .identity import UnknownModelError, family_of_stem, resolve
from .keys import numbered
from .networks import FIRST, Network
from .options import Options

__all__ = ["called", "fill"]


def called(name: str, options: Options) -> str:
    """What a model is called that is written so."""
    return _told(name, options).called


def fill(frame: pd.DataFrame, options: Options) -> list[str]:
    """Write name, run, family, size and compute of each row's network into a table, in place.

    A size and a family that the table already has stay, unless the options give others.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns ``family``, ``model``, ``run``, ``params`` and ``train_flops``.
    options : Options
        Of which `params`, `rename`, `family`, `replicate_by` and `direction` count.

    Returns
    -------
    list of str
        Networks whose size is still unknown.
    """
    # Of millions of rows few differ in these.
    number, table = numbered(frame, [name for name in _FILLED if name in frame.columns])
    before = table.copy()
    unknown = _fill(table, options)
    for name in table.columns:
        same = table[name].equals(before[name]) and not frame[name].isna().any()
        if name in ("params", "train_flops"):
            frame[name] = table[name].to_numpy(float)[number]
        elif not same and isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = pd.Categorical(table[name]).take(number)
        elif not same:
            frame[name] = table[name].to_numpy(object)[number]
    return unknown


_FILLED = ["family", "model", "run", "params", "train_flops", "metric", "direction"]


class _Told(NamedTuple):
    """What is known of a name that files write."""

    called: str
    run: str
    given: float
    params: float
    train_flops: float
    said: str
    family: str


def _told(name: str, options: Options) -> _Told:
    called = options.rename.get(name, name)
    called, run = _without_run(called, options.replicate_by)
    which = Network.parse(called)
    if which.revision in FIRST:
        called = str(replace(which, revision=""))
    try:
        model = resolve(called)
    except UnknownModelError:
        model = None
    size = next((options.params[n] for n in (name, called) if n in options.params), np.nan)
    if np.isnan(size) and model is None:  # a checkpoint or an adapter has its base model's size
        size = options.params.get(Network.parse(called).base, np.nan)
    said = _family_said(called, options.family)
    if model is None:
        return _Told(called, run, size, np.nan, np.nan, said, family_of_stem(called))
    return _Told(called, run, size, model.params, model.train_flops, said, model.family)


def _family_said(name: str, families: Mapping[str, str]) -> str:
    """The family that a user says of a model, ``""`` for none: what is said of less holds, the name before ``owl-*``.

    Raises
    ------
    FieldError
        If several are said, and neither of less than the other.
    """
    if name in families:
        return families[name]
    fits = [pattern for pattern in families if fnmatchcase(name, pattern)]
    narrow = [p for p in fits if all(fnmatchcase(p, q) or not fnmatchcase(q, p) for q in fits)]
    if len({families[pattern] for pattern in narrow}) > 1:
        both = " and ".join(f"'{pattern}={families[pattern]}'" for pattern in narrow)
        raise FieldError(
            "family",
            name,
            f"one family, and {both} both name it; the name itself holds against them",
        )
    return families[narrow[0]] if narrow else ""


def _fill(frame: pd.DataFrame, options: Options) -> list[str]:
    written = frame["model"]
    by_name = {name: _told(name, options) for name in written.unique()}

    def told(what: str) -> pd.Series:
        return written.map({name: getattr(known, what) for name, known in by_name.items()})

    run, said = told("run"), told("said")
    frame["run"] = frame["run"].where((frame["run"] != "") | (run == ""), run)
    given = told("given").astype(float)
    frame["params"] = given.fillna(frame["params"]).fillna(told("params").astype(float))
    frame["train_flops"] = frame["train_flops"].fillna(told("train_flops").astype(float))
    family = frame["family"].where(frame["family"] != "", told("family"))
    frame["family"] = family.where(said == "", said)
    frame["model"] = told("called")
    if options.direction:
        by_user = frame["metric"].map(options.direction)
        frame["direction"] = by_user.where(by_user.notna(), frame["direction"])
    return list(frame.loc[frame["params"].isna(), "model"].unique())


def _without_run(name: str, patterns: Iterable[str]) -> tuple[str, str]:
    """A model's name without the part that says which run it is, and that part."""
    for pattern in patterns:
        if re.fullmatch(r"[\w -]+", pattern):
            continue  # the name of a column
        found = re.search(pattern, name)
        if found and found[0]:
            before = name[: found.start()].rstrip("-_ ")
            return before + name[found.end() :], found[0].strip("-_ ")
    return name, ""
