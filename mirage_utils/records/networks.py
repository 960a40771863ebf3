"""What answered has a name: the base model, its checkpoint, its adapter and the arguments that change its weights.

The name says all of it, ``base@revision + adapter (arguments)``, so that two networks never have one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

__all__ = ["FIRST", "SIZE_WORD", "STEP", "Network", "is_last", "model_key", "network", "stem"]

# The names of 2022 and early 2023, which left the embeddings out (Biderman et al. 2023, Pythia; the
# repository's note on renaming).
_PYTHIA_OLD = {
    "19m": "70m", "125m": "160m", "350m": "410m", "800m": "1b", "1.3b": "1.4b", "2.7b": "2.8b",
    "6.7b": "6.9b", "13b": "12b",
}  # fmt: skip
_PYTHIA = re.compile(r"pythia-(v[\d.]+-)?(\d+(?:\.\d+)?[mb])((?:-(?:deduped|bf16|v0|hf))*)")


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


FIRST = ("main", "master")
"""Revisions that are the model itself."""
# Arguments of evaluation programs that change the weights, and with them the answers.
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
    if revision in FIRST or is_last(base, revision):
        revision = ""
    return str(
        Network(
            named.base,
            named.revision or revision,
            named.adapter or adapter,
            named.arguments or more,
        )
    )


def is_last(base: str, revision: str) -> bool:
    """Whether a revision is the end of a model's training, and so the model itself."""
    return revision == "step143000" and model_key(base)[0].startswith("pythia-")


STEP = re.compile(r"(?:checkpoint|ckpt|global_?step|step|iter|epoch)[-_]?\d+(?:[-_]hf)?", re.I)
"""A folder or a suffix that says how far training was."""
# Other folders of a path that are not the model's own: where checkpoints and caches put the weights.
_PLACE = re.compile(r"[0-9a-f]{40}|snapshots|hf|final|model|weights|checkpoints?|latest", re.I)


def model_key(name: str) -> tuple[str, str]:
    """The part of a name that says which model, and what a suffix or a folder says beside it."""
    parts = [p for p in re.split(r"[/\\]|__|--", Network.parse(name).base.strip()) if p]
    step = ""
    while len(parts) > 1 and (STEP.fullmatch(parts[-1]) or _PLACE.fullmatch(parts[-1])):
        last = parts.pop()
        step = step or (last if STEP.fullmatch(last) else "")
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


_SIZE = re.compile(r"(?<![a-z0-9.])\d+(?:[._]\d+)?\s?(?:[mbt]|million|billion)(?![a-z0-9])", re.I)
_THOUSANDS = re.compile(r"(?<![a-z0-9.])\d+(?:[._]\d+)?\s?k(?![a-z0-9])", re.I)
SIZE_WORD = re.compile(
    r"(?<![a-z0-9])(?:pico|nano|micro|tiny|mini|small|base|medium|large|huge|giant|x{1,3}l|\dxl)(?![a-z0-9])",
    re.I,
)
"""A size in a word."""


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
        bare = SIZE_WORD.sub("", name)
    return re.sub(r"[-_ .]+(?=[-_ ./\\]|$)", "", bare).lstrip("-_ .") if bare != name else name
