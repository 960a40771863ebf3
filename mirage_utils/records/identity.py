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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..errors import UnknownNameError
from .keys import numbered
from .options import Options

__all__ = [
    "Model", "Network", "UnknownModelError", "called", "families_by_name", "fill", "known", "network", "resolve", "stem",
]  # fmt: skip

# The names of 2022 and early 2023, which left the embeddings out (Biderman et al. 2023, Pythia; the
# repository's note on renaming).
_PYTHIA_OLD = {
    "19m": "70m", "125m": "160m", "350m": "410m", "800m": "1b", "1.3b": "1.4b", "2.7b": "2.8b",
    "6.7b": "6.9b", "13b": "12b",
}  # fmt: skip
_PYTHIA = re.compile(r"pythia-(v[\d.]+-)?(\d+(?:\.\d+)?[mb])((?:-(?:deduped|bf16|v0|hf))*)")
_API = re.compile(r"(?:text-)?(?:ada|babbage|curie|davinci)(?:-\d+)?|gpt-[345].*")


class UnknownModelError(UnknownNameError):
    """A model's size is not known here and must be given."""


# -- networks ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Network:
    """What answered.

    Attributes
    ----------
    base : str
        The base model, as evaluation programs write it.
    revision, adapter, arguments : str
        Checkpoint; adapter; arguments that change the weights, ``key=value`` with commas between.
        ``""`` for none.
    """

    base: str
    revision: str = ""
    adapter: str = ""
    arguments: str = ""

    def __str__(self) -> str:
        return (
            self.base
            + (f"@{self.revision}" if self.revision else "")
            + (f" + {self.adapter}" if self.adapter else "")
            + (f" ({self.arguments})" if self.arguments else "")
        )

    @classmethod
    def parse(cls, name: str) -> Network:
        """The parts of a network's name."""
        rest, arguments = name.strip(), ""
        start = rest.rfind(" (")
        if start > 0 and rest.endswith(")"):
            inside = rest[start + 2 : -1]
            if all("=" in part for part in inside.split(",")):
                rest, arguments = rest[:start], inside
        base, _, adapter = rest.partition(" + ")
        base, at, revision = base.rpartition("@")
        if not base or "/" in revision:  # no revision: the sign is part of a name
            base, revision = f"{base}{at}{revision}", ""
        return cls(base, revision, adapter, arguments)

    @property
    def variant(self) -> str:
        """What sets it apart from its base model, in any size: part of the family's name."""
        return "".join(
            (
                f" @{self.revision}" if self.revision else "",
                f" + {stem(self.adapter)}" if self.adapter else "",
                f" ({self.arguments})" if self.arguments else "",
            )
        )


# Arguments of evaluation programs that change the weights, and with them the answers.
_FIRST = ("main", "master")
_REVISION = ("revision", "checkpoint", "ckpt")
_ADAPTER = (
    "peft",
    "adapter",
    "adapter_name_or_path",
    "lora",
    "lora_path",
    "lora_local_path",
    "delta",
)
_WEIGHTS = (
    "autogptq", "bnb_4bit_quant_type", "gguf_file", "gptqmodel", "load_in_4bit", "load_in_8bit",
    "model_file", "quantization", "quantization_config", "subfolder",
)  # fmt: skip


def network(base: str, arguments: Mapping[str, Any] | None = None) -> str:
    """The name of a network, from the name of its base and a program's arguments for the model.

    Parameters
    ----------
    base : str
    arguments : mapping, optional
        As programs take them: ``revision``, ``peft``, ``load_in_4bit`` and others; what changes no
        weights is passed over.
    """
    given = {str(k): v for k, v in (arguments or {}).items() if v not in (None, "", False)}
    revision = next((str(given[k]) for k in _REVISION if k in given), "")
    adapter = next((str(given[k]) for k in _ADAPTER if k in given), "")
    said = {k: str(given[k]) for k in _WEIGHTS if k in given}
    said = {k: v for k, v in said.items() if v.lower() not in ("none", "false", "0")}
    more = ", ".join(f"{k}={'True' if v.lower() in ('true', '1') else v}" for k, v in said.items())
    # A parenthesis inside a value would end the list of arguments.
    more = more.replace("(", "[").replace(")", "]")
    named = Network.parse(base)
    if revision in _FIRST or _is_last(base, revision):
        revision = ""
    return str(
        Network(
            named.base,
            named.revision or revision,
            named.adapter or adapter,
            named.arguments or more,
        )
    )


def _is_last(base: str, revision: str) -> bool:
    """Whether a revision is the end of a model's training, and so the model itself."""
    return revision == "step143000" and _key(base)[0].startswith("pythia-")


# -- sizes -------------------------------------------------------------------------------------------


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
        found[_key(row.model)[0]] = Model(
            row.model,
            row.family,
            float(row.params),
            row.size == "exact",
            float(row.non_embedding),
            float(row.train_tokens),
            float(row.train_flops),
        )
    return found


# Folders of a path that are not the model's own: where checkpoints and caches put the weights.
_STEP = re.compile(r"(?:checkpoint|ckpt|global_?step|step|iter|epoch)[-_]?\d+(?:[-_]hf)?", re.I)
_PLACE = re.compile(r"[0-9a-f]{40}|snapshots|hf|final|model|weights|checkpoints?|latest", re.I)


def _key(name: str) -> tuple[str, str]:
    """The part of a name that says which model, and what a suffix or a folder says beside it."""
    parts = [p for p in re.split(r"[/\\]|__|--", Network.parse(name).base.strip()) if p]
    step = ""
    while len(parts) > 1 and (_STEP.fullmatch(parts[-1]) or _PLACE.fullmatch(parts[-1])):
        last = parts.pop()
        step = step or (last if _STEP.fullmatch(last) else "")
    last = parts[-1].lower() if parts else ""
    pythia = _PYTHIA.fullmatch(last)
    if pythia:
        version, size, more = pythia.groups(default="")
        kinds = [version.strip("-"), *more.strip("-").split("-")]
        variant = " ".join(kind for kind in kinds if kind not in ("", "hf"))
        return f"pythia-{_PYTHIA_OLD.get(size, size)}", " ".join(filter(None, (variant, step)))
    if last not in _names() and last.endswith("-hf"):
        last = last.removesuffix("-hf")
    if last.startswith("meta-llama-"):  # named so at first
        last = last.removeprefix("meta-")
    return last, step


@cache
def _names() -> frozenset[str]:
    from ..tables import load_table

    return frozenset(str(m).rpartition("/")[2].lower() for m in load_table("models")["model"])


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
    key, variant = _key(name)
    found = known().get(key)
    if found is None:
        size = f"a size given by you: params={{{name!r}: ...}} (--params {name}=7e9, say)"
        if _API.fullmatch(key):
            raise UnknownModelError("model", name, f"{size} (its maker never published it)")
        raise UnknownModelError("model", name, f"a model of the table 'models', or {size}")
    which = Network.parse(name)
    if _is_last(which.base, which.revision):
        which = replace(which, revision="")
    variant = " ".join(filter(None, (variant, which.variant.strip())))
    if variant:
        found = replace(found, family=f"{found.family} {variant}")
    if which.revision or which.adapter or any(map(_STEP.fullmatch, _key(name)[1].split())):
        found = replace(found, name=name, train_tokens=np.nan, train_flops=np.nan)
    return found


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
    if which.revision in _FIRST:
        called = str(replace(which, revision=""))
    try:
        model = resolve(called)
    except UnknownModelError:
        model = None
    size = next((options.params[n] for n in (name, called) if n in options.params), np.nan)
    if np.isnan(size) and model is None:  # a checkpoint or an adapter has its base model's size
        size = options.params.get(Network.parse(called).base, np.nan)
    said = next((f for n, f in options.family.items() if fnmatchcase(called, n)), "")
    if model is None:
        return _Told(called, run, size, np.nan, np.nan, said, _family_of_stem(called))
    return _Told(called, run, size, model.params, model.train_flops, said, model.family)


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


# -- families of networks that the table does not know ---------------------------------------------------

_SIZE = re.compile(r"(?<![a-z0-9.])\d+(?:[._]\d+)?\s?(?:[mbt]|million|billion)(?![a-z0-9])", re.I)
_THOUSANDS = re.compile(r"(?<![a-z0-9.])\d+(?:[._]\d+)?\s?k(?![a-z0-9])", re.I)
_WORD = re.compile(
    r"(?<![a-z0-9])(?:pico|nano|micro|tiny|mini|small|base|medium|large|huge|giant|x{1,3}l|\dxl)(?![a-z0-9])",
    re.I,
)


def stem(name: str) -> str:
    """A name without what says a size: what networks of one family have in common.

    The first size is the size. What follows it is as likely the tokens of training or of the context.

    >>> stem("acme/owl-1.5b-chat")
    'acme/owl-chat'
    >>> stem("acme/owl-7b-300b-32k")
    'acme/owl-300b-32k'
    """
    last = re.split(r"[/\\]", name)[-1]
    found = next(
        (f for where in (last, name) for p in (_SIZE, _THOUSANDS) if (f := p.search(where))), None
    )
    if found:  # folders may repeat it
        same = rf"(?<![a-z0-9.]){re.escape(found[0])}(?![a-z0-9])"
        bare = re.sub(same, "", name, flags=re.I)
    else:
        bare = _WORD.sub("", name)
    return re.sub(r"[-_ .]+(?=[-_ ./\\]|$)", "", bare).lstrip("-_ .") if bare != name else name


@cache
def _stems() -> dict[str, str]:
    return {stem(key): model.family for key, model in known().items() if stem(key) != key}


def _family_of_stem(name: str) -> str:
    """The family of the table whose models are called as this one, but for the size; ``""`` if there is none."""
    key, variant = _key(name)
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
    if len(members) > 1 and members.min() > 2 and not any(map(_WORD.fullmatch, members.index)):
        return words
    return dict.fromkeys(by_name, "")


def _first_word(name: str) -> str:
    """The letters that a name begins with, after folders."""
    found = re.match(r"[^\W\d_]*", _key(name)[0])
    return found[0] if found else ""
