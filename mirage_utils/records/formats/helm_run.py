"""What ``run_spec.json`` says of a run of HELM, and the names of the files that stand together."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files import document
from ..identity import network
from ..options import Options
from ..schema import EvalFileError
from .collecting import said, whole

__all__ = ["ITEMS", "SPEC", "STATE", "STATS", "Run", "as_text", "words_of"]

SPEC, STATS, ITEMS, STATE = (
    "run_spec.json", "stats.json", "per_instance_stats.json", "scenario_state.json",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What `SPEC` says of a run.

    Attributes
    ----------
    model, task, setting : str
        ``""`` where it is not said.
    shots : float
        Worked examples in a prompt; nan where it is not said.
    method : str
        How items are asked: ``"generation"``, ``"multiple_choice_joint"`` and others.
    trials : int
        Choices of worked examples, >= 1.
    perturbed : bool
        Whether items were also asked in changed words, or may have been.
    path : Path
        The run's `STATS`, which names the run.
    """

    model: str
    task: str
    setting: str
    shots: float
    method: str
    trials: int
    perturbed: bool
    path: Path

    @classmethod
    def of(cls, path: Path, options: Options) -> Run:
        """The run to which a file belongs.

        Raises
        ------
        EvalFileError
            If `SPEC` is not beside it and the options do not name model and task.
        """
        written = path.with_name(SPEC)
        spec = None
        if written.is_file():
            spec = document(written)
        elif not (options.model and options.task):
            raise EvalFileError(
                path, f"{SPEC}, which names model and scenario, is not beside it: keep the files of a run "
                "together, or name them with model and task (--model NAME --task NAME)",
            )  # fmt: skip
        spec = spec if isinstance(spec, dict) else {}
        adapter, scenario, data = (
            found if isinstance(found := spec.get(name), dict) else {}
            for name in ("adapter_spec", "scenario_spec", "data_augmenter_spec")
        )
        name, _, listed = said(spec.get("name")).partition(":")
        arguments = dict(a.partition("=")[::2] for a in listed.split(",") if "=" in a)
        given = found if isinstance(found := scenario.get("args"), dict) else {}
        method = said(adapter.get("method"))
        setting = {k: v for k, v in arguments.items() if k not in _NO_SETTING}
        setting |= {str(k): as_text(v) for k, v in given.items() if str(k) not in arguments}
        model = said(adapter.get("model")) or arguments.get("model", "")
        trials = whole(adapter.get("num_train_trials"))
        shots = whole(adapter.get("max_train_instances"), 0)
        return cls(
            options.called("model", network(model) if model else ""),
            options.called("task", name, said(scenario.get("class_name")).rpartition(".")[2]),
            ", ".join(f"{k}={v}" for k, v in setting.items()),
            shots,
            method,
            1 if math.isnan(trials) else int(trials),
            bool(data.get("perturbation_specs")) or not spec,
            path.with_name(STATS),
        )

    def run(self, trial: Any) -> str:
        """Name of one trial."""
        return str(self.path) if self.trials == 1 else f"{self.path} trial {trial}"

    @property
    def notes(self) -> list[str]:
        """What is to be told of the run."""
        return [] if self.model else ["the run names no model: name it with model (--model NAME)"]


# What stands in a run's name, and elsewhere too or is no condition.
_NO_SETTING = {
    "max_eval_instances", "max_train_instances", "model", "model_deployment", "num_train_trials",
}  # fmt: skip


def as_text(value: Any) -> str:
    """A text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def words_of(value: Any) -> str:
    """The same without blanks around it; ``""`` of None."""
    return "" if value is None else as_text(value).strip()
