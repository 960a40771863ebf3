"""From a model's name to its size and training compute: looked up, never guessed from the name.

A size in a name is no measurement. Pythia's were once named without their embeddings and renamed with
them (``pythia-125m`` is the model now called ``pythia-160m``); the sizes of OpenAI's API models were
never published. So a name is either in the table of models, or its size is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from ..errors import UnknownNameError, positive

__all__ = ["Model", "UnknownModelError", "fill", "known", "resolve"]

# The names of 2022 and early 2023, which left the embeddings out (Biderman et al. 2023, Pythia; the
# repository's note on renaming).
_PYTHIA_OLD = {
    "19m": "70m", "125m": "160m", "350m": "410m", "800m": "1b", "1.3b": "1.4b", "2.7b": "2.8b",
    "6.7b": "6.9b", "13b": "12b",
}  # fmt: skip
_PYTHIA = re.compile(r"pythia-(?:v[\d.]+-)?(\d+(?:\.\d+)?[mb])(?:-(?:deduped|bf16|v0))*")
_API = re.compile(r"(?:text-)?(?:ada|babbage|curie|davinci)(?:-\d+)?|gpt-[345].*")


class UnknownModelError(UnknownNameError):
    """A model's size is not known here and must be given."""


@dataclass(frozen=True)
class Model:
    """Size and training of one model.

    Attributes
    ----------
    name, family : str
    params : float
        Number of parameters, embeddings included.
    exact : bool
        Whether `params` is a count; else it is the nominal size.
    non_embedding : float
        Parameters without embeddings; nan where not known.
    train_tokens, train_flops : float
        nan where not published.
    """

    name: str
    family: str
    params: float
    exact: bool
    non_embedding: float
    train_tokens: float
    train_flops: float


@cache
def known() -> dict[str, Model]:
    """The table of models, by the part of a name that says which model."""
    from ..tables import load_table

    found = {}
    for row in load_table("models").itertuples():
        found[_key(row.model)] = Model(
            row.model,
            row.family,
            float(row.params),
            row.size == "exact",
            float(row.non_embedding),
            float(row.train_tokens),
            float(row.train_flops),
        )
    return found


def _key(name: str) -> str:
    """The part of a name that says which model: without owner, folder or checkpoint."""
    last = re.split(r"/|__", name.strip().partition("@")[0])[-1].lower()
    pythia = _PYTHIA.fullmatch(last)
    if pythia:
        size = pythia[1]
        return f"pythia-{_PYTHIA_OLD.get(size, size)}"
    return last


def resolve(name: str) -> Model:
    """What is known about a model.

    Parameters
    ----------
    name : str
        As evaluation programs write it: ``EleutherAI/pythia-1.4b-deduped``, a local folder that ends
        in it, ``facebook__opt-125m``. A checkpoint (``...@step1000``) has its model's size, and no
        training compute.

    Raises
    ------
    UnknownModelError
        If it is not in the table; the message says how to give its size.
    """
    key = _key(name)
    found = known().get(key)
    if found is None:
        size = f"a size given by you: params={{{name!r}: ...}}"
        if _API.fullmatch(key):
            raise UnknownModelError("model", name, f"{size} (its maker never published it)")
        raise UnknownModelError("model", name, f"a model of the table 'models', or {size}")
    if "@" in name:
        return replace(found, name=name, train_tokens=np.nan, train_flops=np.nan)
    return found


def fill(frame: pd.DataFrame, params: Mapping[str, float] | None = None) -> list[str]:
    """Write family, size and compute of each row's model into a table, in place.

    A size that the table already has stays, unless `params` gives another.

    Parameters
    ----------
    frame : pandas.DataFrame
        With the columns ``family``, ``model``, ``params`` and ``train_flops``.
    params : mapping of str to float, optional
        Sizes by model name, as the file writes it.

    Returns
    -------
    list of str
        Models whose size is still unknown.

    Raises
    ------
    FieldError
        If a given size is not a number above 0.
    """
    given = {name: positive(f"params[{name!r}]", size) for name, size in (params or {}).items()}
    unknown = []
    for column in ("params", "train_flops"):
        frame[column] = frame[column].astype(float)
    for name in frame["model"].unique():
        here = frame["model"] == name
        try:
            model = resolve(str(name))
        except UnknownModelError:
            model = None
        if name in given:
            frame.loc[here, "params"] = given[name]
        elif model is not None:
            frame.loc[here & frame["params"].isna(), "params"] = model.params
        if model is not None:
            frame.loc[here & frame["train_flops"].isna(), "train_flops"] = model.train_flops
            if isinstance(frame["family"].dtype, pd.CategoricalDtype):
                frame["family"] = frame["family"].cat.add_categories(
                    {model.family} - set(frame["family"].cat.categories)
                )
            frame.loc[here & (frame["family"] == ""), "family"] = model.family
        if frame.loc[here, "params"].isna().any():
            unknown.append(str(name))
    return unknown
