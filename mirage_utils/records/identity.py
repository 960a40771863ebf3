"""What has a name: networks and the families they belong to; a network's size is looked up, never guessed.

A *network* is what answered: a base model, and the checkpoint, the adapter and the arguments (such as
quantisation) that make its answers others. Its name says all of it, ``base@revision + adapter (arguments)``,
so that two networks never have one name. A *family* are networks of one design and training that differ
in size: what makes one curve. A checkpoint, an adapter, Pythia on deduplicated data: each is a family of
its own.

A size in a name is no measurement. Pythia's were once named without their embeddings and renamed with
them (``pythia-125m`` is the model now called ``pythia-160m``); the sizes of OpenAI's API models were
never published. So a name is either in the table of models, or its size is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from ..errors import UnknownNameError
from .networks import SIZE_WORD, STEP, Network, is_last, model_key, network, stem

__all__ = [
    "Model",
    "Network",
    "UnknownModelError",
    "families_by_name",
    "family_of_stem",
    "known",
    "network",
    "resolve",
    "stem",
]

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
        found[model_key(row.model)[0]] = Model(
            row.model,
            row.family,
            float(row.params),
            row.size == "exact",
            float(row.non_embedding),
            float(row.train_tokens),
            float(row.train_flops),
        )
    return found


def resolve(name: str) -> Model:
    """What is known about a model.

    Parameters
    ----------
    name : str
        As evaluation programs write it: ``EleutherAI/pythia-1.4b-deduped``, a local folder that ends
        in it, ``facebook__opt-125m``. A checkpoint (``...@step1000``) has its model's size and no
        training compute; it, an adapter, and Pythia's variants have families of their own.

    Raises
    ------
    UnknownModelError
        If it is not in the table; the message says how to give its size.
    """
    key, variant = model_key(name)
    found = known().get(key)
    if found is None:
        size = f"a size given by you: params={{{name!r}: ...}} (--params {name}=7e9, say)"
        if _API.fullmatch(key):
            raise UnknownModelError("model", name, f"{size} (its maker never published it)")
        raise UnknownModelError("model", name, f"a model of the table 'models', or {size}")
    which = Network.parse(name)
    if is_last(which.base, which.revision):
        which = replace(which, revision="")
    variant = " ".join(filter(None, (variant, which.variant.strip())))
    if variant:
        found = replace(found, family=f"{found.family} {variant}")
    if which.revision or which.adapter or any(map(STEP.fullmatch, model_key(name)[1].split())):
        found = replace(found, name=name, train_tokens=np.nan, train_flops=np.nan)
    return found


@cache
def _stems() -> dict[str, str]:
    return {stem(key): model.family for key, model in known().items() if stem(key) != key}


def family_of_stem(name: str) -> str:
    """The family of the table whose models are called as this one, but for the size; ``""`` if there is none."""
    key, variant = model_key(name)
    family = _stems().get(stem(key), "") if stem(key) != key else ""
    return (
        " ".join(filter(None, (family, variant, Network.parse(name).variant.strip())))
        if family
        else ""
    )


def families_by_name(names: Iterable[str]) -> dict[str, str]:
    """Families of networks of which no table and no user says one, by their names without the size.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to str
        Family by name: without the size, or, where no two names have that in common, the word that they
        begin with if each such word begins three names or more. ``""`` for all of them where names tell no
        families apart.
    """
    by_name = {}
    for name in dict.fromkeys(names):
        which = Network.parse(name)
        by_name[name] = stem(which.base) + which.variant
    members = pd.Series(by_name, dtype=object).value_counts()
    if len(members) > 1 and members.max() > 1:
        return by_name
    words = {name: _first_word(name) for name in by_name}
    members = pd.Series(words, dtype=object).value_counts()
    if len(members) > 1 and members.min() > 2 and not any(map(SIZE_WORD.fullmatch, members.index)):
        return words
    return dict.fromkeys(by_name, "")


def _first_word(name: str) -> str:
    """The letters that a name begins with, after folders."""
    found = re.match(r"[^\W\d_]*", model_key(name)[0])
    return found[0] if found else ""
