"""Names that people give the columns of their tables, and what they have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..schema import RECORDS, SCORES

__all__ = [
    "CONDITIONS", "COUNTS", "NOT_RIGHT", "RIGHT", "RUNS", "SCHEMA", "SIZES", "SYNONYMS", "UNITS", "WITH_UNIT", "listed", "plain_name",
]  # fmt: skip

RUNS = ("run", "seed", "random_seed", "replicate", "trial")
"""Columns that say which run a row is of."""

SCHEMA = tuple(dict.fromkeys((*SCORES, *RECORDS)))

COUNTS = (
    "num_samples", "n_samples", "nsamples", "samples", "count", "items", "total", "questions", "n_eval", "test_set_size",
    "support", "n_total", "num_total", "total_questions", "total_items", "total_samples", "total_examples",
    *(f"number_of_{what}" for what in ("questions", "items", "samples", "examples", "problems", "instances")),
    "num_problems", "n_problems", "num_instances", "n_instances", "instances",
)  # fmt: skip
"""Names of columns that say n where their cells do too."""

SYNONYMS = {
    "model": ("model_name", "model_id", "model_name_or_path", "llm"),
    "family": ("model_family",),
    "params": (
        "parameters", "num_parameters", "num_params", "n_parameters", "n_params", "param_count",
        "parameter_count", "number_of_parameters", "model_num_parameters", "model_size", "model_params",
        "size", "total_params", "total_parameters",
    ),
    "train_flops": ("training_flops", "train_compute", "training_compute"),
    "task": ("tasks", "task_name", "dataset", "dataset_name", "benchmark", "benchmark_name"),
    "metric": ("metric_name", "measure"),
    "score": ("value", "metric_value", "result", "scores"),
    "n": (
        "n_items", "num_items", "n_examples", "num_examples", "n_questions", "num_questions", "n_test",
        "sample_size", *COUNTS,
    ),
    "shots": (
        "num_fewshot", "num_few_shot", "n_shot", "n_shots", "num_shots", "nshot", "shot", "few_shot", "fewshot",
        "k_shot", "k_shots", "num_fewshots", "num_few_shots", "n_fewshot", "n_few_shot", "num_in_context_examples",
    ),
    "setting": ("condition",),
    "direction": ("higher_is_better",),
    "target": (
        "reference", "references", "expected", "expected_output", "gold", "gold_answer", "ground_truth",
        "correct_answer", "target_text", "gold_label", "true_label", "y_true",
    ),
    "output": (
        "prediction", "predicted", "pred", "response", "completion", "model_output", "model_answer", "generation",
        "generated_text", "predicted_label", "y_pred",
    ),
    "item": (
        "item_id", "doc_id", "question_id", "example_id", "sample_id", "instance_id", "qid", "problem_id",
        "example_index", "sample_index", "question_number",
    ),
}  # fmt: skip
"""Names in use for a column of the schema whose meaning is certain. An "accuracy" is none: it may be a
score, or one task's among several."""

CONDITIONS = ("subset", "subtask", "split", "filter", "scorer", "prompt", "mode")
"""Columns that are part of the setting."""

UNITS = {"b": "B", "bn": "B", "billion": "B", "m": "M", "mn": "M", "million": "M"}
WITH_UNIT = re.compile(r"(.+?)_?[(\[](?:in_)?(.+?)[)\]]|(.+)_in_(.+)|(.+)_([a-z]+)")
SIZES = ("params", "size", *SYNONYMS["params"])

RIGHT = {
    "correct", "n_correct", "num_correct", "number_correct", "correct_count", "right", "n_right", "num_right",
    "passed", "n_passed", "num_passed", "solved", "n_solved", "num_solved",
}  # fmt: skip
"""Columns that may hold numbers of right items."""

NOT_RIGHT = {
    f"{prefix}{word}" for prefix in ("", "n_", "num_", "number_")
    for word in ("incorrect", "wrong", "skipped", "failed", "unanswered", "unsolved", "not_attempted")
}  # fmt: skip
"""Columns that may hold the numbers of all other items."""


def plain_name(name: str) -> str:
    """A column's name in lower case, with underscores: what two spellings of one name have in common."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip().strip("#*").strip())
    return re.sub(r"[\s\-_./]+", "_", words.lower()).strip("_")


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
