"""How each computed table is made from its public source: ``make data`` (``python -m
tools.make_tables``).

Every function here takes the folder of one source, a checkout of its repository or any folder that
holds the same files, and gives a tidy table: one number for a model, task, condition and metric; but for
`families`, which is made of the models trained for this book. What is recorded about the tables stands in
``mirage_utils/tables/data/datapackage.json``; this program rewrites its row counts, sizes and checksums.

A long file, since a source is a function or two and each is read by itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mirage_utils import tables
from mirage_utils.errors import FieldError, require
from mirage_utils.ground.paths import given
from mirage_utils.ground.write import replace
from mirage_utils.metrics.arithmetic import carry_credit, digit_accuracy
from mirage_utils.metrics.string import character_edit_distance
from mirage_utils.models import bundled, bundles
from mirage_utils.models.catalogue import LADDERS, LANGUAGE
from mirage_utils.models.language import ladder_scores
from mirage_utils.models.language.outputs import scores as scores_of_answers
from mirage_utils.records.files import lines, parse
from mirage_utils.records.identity import known, resolve
from mirage_utils.records.reading import read
from mirage_utils.records.schema import EvalFileError

__all__ = ["BUILDERS", "DATA", "answer_in", "build", "item_count", "main"]

DATA = Path(tables.__file__).parent / "data"
"""Where the tables lie."""

_COLUMNS = [
    "family", "model", "params", "train_flops", "task", "setting", "shots", "metric", "score", "n",
]  # fmt: skip

# Architecture of the Pythia models (Biderman et al. 2023, Table 1; vocabulary as padded in each
# model's published configuration): layers, width, rows of the embedding.
_PYTHIA = {
    "14m": (6, 128, 50_304),
    "70m": (6, 512, 50_304),
    "160m": (12, 768, 50_304),
    "410m": (24, 1_024, 50_304),
    "1b": (16, 2_048, 50_304),
    "1.4b": (24, 2_048, 50_304),
    "2.8b": (32, 2_560, 50_304),
    "6.9b": (32, 4_096, 50_432),
    "12b": (36, 5_120, 50_688),
}
_PYTHIA_TOKENS = 143_000 * 1_024 * 2_048  # steps, sequences a step, tokens a sequence
# Entries of Ruan et al.'s table that cannot be right, or that leave open whether a mixture's active
# or all parameters are meant. Their sizes are asked for, not taken from there.
_UNCERTAIN = {
    "openlm-research/open_llama_7b_v2": "13 billion parameters for a 7B model",
    "cerebras/btlm-3b-8k-base": "627 trillion training tokens (627 billion)",
    "Qwen/Qwen2-57B-A14B": "a mixture of experts",
    "mistralai/Mixtral-8x7B-v0.1": "a mixture of experts",
    "mistralai/Mixtral-8x22B-v0.1": "a mixture of experts",
    "deepseek-ai/DeepSeek-V2": "a mixture of experts",
    "deepseek-ai/DeepSeek-Coder-V2-Base": "a mixture of experts",
    "deepseek-ai/deepseek-moe-16b-base": "a mixture of experts",
    "ai21labs/Jamba-v0.1": "a mixture of experts",
}
# Models that Ruan et al. file under a family of another recipe, where two of a size would collide.
_FAMILIES = {
    "allenai/OLMo-7B-0424-hf": "OLMo 0424",
    "h2oai/h2o-danube2-1.8b-base": "H2O-Danube2",
    "h2oai/h2o-danube3-4b-base": "H2O-Danube3",
    "h2oai/h2o-danube3-500m-base": "H2O-Danube3",
    "RWKV/rwkv-raven-14b": "RWKV Raven",
    "stabilityai/stablelm-2-1_6b": "StableLM 2",
    "stabilityai/stablelm-base-alpha-7b-v2": "StableLM alpha v2",
}


def pythia_sizes(name: str) -> tuple[int, int]:
    """Number of parameters of a Pythia model, with and without embeddings.

    A layer has 12 w² weights and 13 w biases and gains, the last normalisation 2 w, and the two
    embedding matrices (which Pythia does not tie) vocabulary times w each.
    """
    layers, width, vocabulary = _PYTHIA[name]
    body = layers * (12 * width**2 + 13 * width) + 2 * width
    return body + 2 * vocabulary * width, body


def item_count(
    scores: Sequence[float],
    *,
    low: int = 20,
    high: int = 20_000,
    digits: float = 1e-7,
    agree: float = 1.0,
) -> int:
    """Smallest number of items of which the scores are whole shares.

    Parameters
    ----------
    scores : sequence of float
        Shares of one test set, of many models.
    low, high : int
        Range to search.
    digits : float
        Relative precision of the scores (1e-7 for those that went through 32 bits).
    agree : float
        Share of the scores that must fit; below 1 where some may have been measured on other items.

    Raises
    ------
    FieldError
        If there is none: the scores are no shares of one test set.
    """
    values = np.asarray(scores, dtype=float)
    for n in range(low, high + 1):
        if fits(values, n, digits).mean() >= agree:
            return n
    raise FieldError("scores", list(values[:3]), f"shares of one number of items up to {high}")


def fits(scores: NDArray[np.float64], n: int, digits: float = 1e-7) -> NDArray[np.bool_]:
    """Which scores are whole shares of n items, to their relative precision."""
    counts = np.asarray(scores) * n
    return np.abs(counts - np.rint(counts)) <= 2 * digits * np.maximum(counts, 1)


# -- the tables -----------------------------------------------------------------------------------


def models(root: Path) -> pd.DataFrame:
    """Sizes and training compute (Ruan et al. 2024; Pythia from its architecture)."""
    raw = pd.read_csv(_one(root / "obs_scaling", "base_llm_benchmark_eval.csv"))
    rows = []
    for row in raw.itertuples(index=False):
        name, family, size, tokens, flops = row[:5]
        if name in _UNCERTAIN or family == "Pythia":
            continue
        rows.append(
            {
                "model": name,
                "family": _FAMILIES.get(name, family),
                "params": round(size * 1e9),
                "size": "nominal",
                "non_embedding": np.nan,
                "train_tokens": tokens * 1e12,
                "train_flops": flops * 1e21,
            }
        )
    for name in _PYTHIA:
        total, body = pythia_sizes(name)
        rows.append(
            {
                "model": f"EleutherAI/pythia-{name}",
                "family": "Pythia",
                "params": total,
                "size": "exact",
                "non_embedding": body,
                "train_tokens": _PYTHIA_TOKENS,
                "train_flops": 6.0 * total * _PYTHIA_TOKENS,
            }
        )
    frame = pd.DataFrame(rows).astype({"params": "Int64", "non_embedding": "Int64"})
    return frame.sort_values(["family", "params", "model"], ignore_index=True)


def obs_scaling(root: Path) -> pd.DataFrame:
    """Tasks of claimed emergence under two shots (Ruan et al. 2024)."""
    folder = root / "obs_scaling"
    sizes = pd.read_csv(_one(folder, "base_llm_benchmark_eval.csv")).set_index("Model")
    raw = pd.read_csv(_one(folder, "base_llm_emergent_capability_eval.csv"))
    parts = []
    items: dict[str, int] = {}
    named = re.compile(r"(?P<task>.+)_2_(?P<metric>acc|exact_match|bleu)")
    for column in raw.columns[1:]:
        found = named.fullmatch(column)
        require(found is not None, "column", column, "task_2_metric")
        task, metric = found["task"], found["metric"]
        part = raw.loc[raw[column].notna(), ["Model", column]]
        score = part[column] / (100 if metric == "bleu" else 1)
        if metric != "bleu":
            items[task] = item_count(score.to_list(), digits=1e-9, agree=0.95)
            # A score that is no share of these items was measured on others: its n is not known.
            n = np.where(fits(score.to_numpy(), items[task], 1e-9), items[task], np.nan)
        else:
            n = np.full(len(score), items[task])
        parts.append(
            pd.DataFrame(
                {
                    "family": part["Model"]
                    .map(_FAMILIES)
                    .fillna(part["Model"].map(sizes["Model Family"]))
                    .fillna(""),
                    "model": part["Model"],
                    "params": part["Model"].map(sizes["Model Size (B)"]) * 1e9,
                    "train_flops": part["Model"].map(sizes["FLOPs (1E21)"]) * 1e21,
                    "task": task,
                    "setting": "",
                    "shots": 2,
                    "metric": metric,
                    "score": score,
                    "n": n,
                }
            )
        )
    return _tidy(pd.concat(parts))


def exp_emergence(root: Path) -> pd.DataFrame:
    """Accuracy and the Brier score of the target's probability on the same outputs (Wu and Lo 2025)."""
    folder = root / "exp_emergence"
    parts = []
    for path in sorted(folder.rglob("*_instance_brier_*_10_redist.csv*")):
        task = path.name.partition("_instance_brier_")[0]
        of_accuracy = task.startswith("acc_")
        task = task.removeprefix("acc_")
        raw = pd.read_csv(path)
        if of_accuracy:
            parts += _accuracy_by_group(raw, task)
            continue
        raw = raw[raw["acc"].notna() & raw["brier"].notna()]
        # GPT-2's scores stand twice in one file, the second time under the sizes of other models.
        raw = raw.drop_duplicates("Model")
        groups = [c for c in raw.columns if re.fullmatch(r"\d+_\d+_brier", c)]
        n = int(groups[-1].split("_")[1])
        require(
            len(groups) == 10, "groups", len(groups), f"ten groups of difficulty in {path.name}"
        )
        about = {
            "family": raw["Model"].map(_FAMILIES).fillna(raw["Model Family"]),
            "model": raw["Model"],
            "params": raw["Model Size (B)"] * 1e9,
            "train_flops": raw["FLOPs (1E21)"] * 1e21,
            "task": task,
            "shots": np.nan,
        }
        for metric, column in (("accuracy", "acc"), ("target_brier", "brier")):
            parts.append(
                pd.DataFrame(
                    {**about, "setting": "", "metric": metric, "score": raw[column], "n": n}
                )
            )
        for k, column in enumerate(groups, start=1):
            start, end = map(int, column.split("_")[:2])
            parts.append(
                pd.DataFrame(
                    {
                        **about, "setting": f"difficulty {k} of 10", "metric": "target_brier",
                        "score": raw[column], "n": end - start,
                    }
                )
            )  # fmt: skip
    require(bool(parts), "exp_emergence", str(folder), "files *_instance_brier_*_10_redist.csv")
    return _tidy(pd.concat(parts))


def _accuracy_by_group(raw: pd.DataFrame, task: str) -> Iterator[pd.DataFrame]:
    """The accuracy of each of ten groups of difficulty, where the source gives it.

    These groups are made anew, by accuracy, and stand hardest first; those of the Brier score stand easiest first.
    """
    raw = raw[raw.filter(regex=r"^\d+_\d+_acc$").notna().all(axis=1)].drop_duplicates("Model")
    groups = [c for c in raw.columns if re.fullmatch(r"\d+_\d+_acc", c)]
    require(len(groups) == 10, "groups", len(groups), f"ten groups of difficulty of {task}")
    for k, column in enumerate(groups, start=1):
        start, end = map(int, column.split("_")[:2])
        yield pd.DataFrame(
            {
                "family": raw["Model"].map(_FAMILIES).fillna(raw["Model Family"]),
                "model": raw["Model"],
                "params": raw["Model Size (B)"] * 1e9,
                "train_flops": raw["FLOPs (1E21)"] * 1e21,
                "task": task,
                "setting": f"difficulty {11 - k} of 10",
                "shots": np.nan,
                "metric": "accuracy",
                "score": raw[column],
                "n": end - start,
            }
        )


def pythia_evals(root: Path) -> pd.DataFrame:
    """Final Pythia (deduplicated) and OPT models on the harness's tasks (Biderman et al. 2023).

    The number of items, which these files do not give, follows from score and standard error:
    n = s (1 - s) / se² + 1.
    """
    folder = root / "pythia_evals"
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            reading = read(path)
        except EvalFileError:
            continue
        name = reading.scores["model"].iloc[0]
        final = re.fullmatch(r"EleutherAI/pythia-(?:v1\.1-)?([\d.]+[mb])-deduped", name)
        if not (final or re.fullmatch(r"facebook/opt-[\d.]+[mb]", name)):
            continue
        scores = reading.scores[reading.scores["metric"].isin(["acc", "acc_norm", "ppl"])].copy()
        errors = json.loads(path.read_text())["results"]
        scores["se"] = [
            errors[t][f"{m}_stderr"] for t, m in zip(scores["task"], scores["metric"], strict=True)
        ]
        if final:
            # The table has no other Pythia than the deduplicated one.
            scores["family"] = "Pythia"
            scores["model"] = f"EleutherAI/pythia-{final[1]}-deduped"
            scores["train_flops"] = resolve(f"pythia-{final[1]}").train_flops
        found.append(scores)
    require(bool(found), "pythia_evals", str(folder), "result files of Pythia's final checkpoints")
    frame = pd.concat(found, ignore_index=True)
    frame["task"] = frame["task"].str.replace("hendrycksTest-", "mmlu_", regex=False)
    n: dict[str, int] = {}
    for task, rows in frame[frame["metric"] == "acc"].groupby("task"):
        implied = _implied_items(rows["score"], rows["se"])
        n[task] = round(implied.median())
        off = (implied - n[task]).abs().max()
        require(off < 0.01, f"n of {task}", float(off), "the same whole number for every model")
    frame["n"] = frame["task"].map(n)
    return _tidy(frame)


def _implied_items(scores: pd.Series, errors: pd.Series) -> pd.Series:
    """Items behind each score by its standard error; scores of 0 and 1, which have none, left out."""
    inside = scores.between(0, 1, inclusive="neither")
    s, se = scores[inside], errors[inside]
    return s * (1 - s) / se**2 + 1


def pythia_arithmetic(root: Path) -> pd.DataFrame:
    """Two-operand arithmetic of Pythia, pooled over the first operand (Biderman et al. 2023)."""
    parts = []
    for path in sorted((root / "pythia_evals").rglob("*term_frequency_all_shots.csv*")):
        raw = pd.read_csv(path)
        raw = raw[raw["checkpoint"] == raw["checkpoint"].max()]
        model = resolve(raw["model"].iloc[0])
        raw["operation"] = raw["task"].str.extract(r"arithmetic_([a-z]+)_\d+$", expand=False)
        for (operation, shots), rows in raw.groupby(["operation", "fewshot"]):
            implied = _implied_items(rows["acc"], rows["acc_stderr"])
            each = round(implied.median()) if len(implied) else 50
            count = float((rows["acc"] * each).sum())
            parts.append(
                {
                    "family": "Pythia",
                    "model": f"{model.name}-deduped",
                    "params": model.params,
                    "train_flops": model.train_flops,
                    "task": operation,
                    "setting": "",
                    "shots": shots,
                    "metric": "accuracy",
                    "score": round(count) / (each * len(rows)),
                    "n": each * len(rows),
                }
            )
    require(bool(parts), "pythia_arithmetic", str(root), "files *term_frequency_all_shots.csv")
    return _tidy(pd.DataFrame(parts))


def _ladder(root: Path) -> list[tuple[str, str, float, pd.Series]]:
    """Size, multiple of the optimal number of tokens, number of parameters and last evaluation of each model."""
    runs = []
    for path in sorted((root / "olmo_ladder").rglob("*xC.csv*")):
        named = re.fullmatch(r"(\d+[MB])-([\d.]+)xC\.csv(\.gz)?", path.name)
        if named is None or "moreeval" not in str(path.parent):
            continue
        last = pd.read_csv(path).sort_values("_step").iloc[-1]
        size = float(named[1][:-1]) * {"M": 1e6, "B": 1e9}[named[1][-1]]
        runs.append((named[1], named[2], size, last))
    require(bool(runs), "olmo_ladder", str(root), "files peteish-moreeval/*xC.csv")
    return runs


def _rung(size_name: str, multiple: str, size: float, last: pd.Series) -> dict[str, object]:
    return {
        "family": f"OLMo ladder {multiple}xC",
        "model": f"OLMo {size_name} {multiple}xC",
        "params": size,
        "train_flops": last["throughput/total_training_Gflops"] * 1e9,
        "setting": "",
    }


def olmo_ladder(root: Path) -> pd.DataFrame:
    """Last evaluation of the 25 models of OLMo's ladder, four metrics on the same items (Bhagia et al. 2024)."""
    kinds = {
        "eval/downstream/": ("accuracy", r"(.+)_rc_5shot_(?:len_norm|acc)"),
        "eval/downstream_bpb/": ("bits_per_byte", r"(.+)_rc_5shot_bpb"),
        "eval/downstream_soft/": ("probability", r"(.+)_rc_5shot_soft"),
        "eval/downstream_soft_log/": ("log_probability", r"(.+)_rc_5shot_soft_log"),
    }
    rows = []
    for size_name, multiple, size, last in _ladder(root):
        for column, value in last.items():
            for prefix, (metric, pattern) in kinds.items():
                task = re.fullmatch(re.escape(prefix) + pattern, str(column))
                if task:
                    rows.append(
                        {
                            **_rung(size_name, multiple, size, last),
                            "task": task[1],
                            "shots": 5,
                            "metric": metric,
                            "score": value,
                        }
                    )
    frame = pd.DataFrame(rows)
    items = {
        task: item_count(part["score"].to_list())
        for task, part in frame[frame["metric"] == "accuracy"].groupby("task")
    }
    frame["n"] = frame["task"].map(items)
    return _tidy(frame)


def olmo_losses(root: Path) -> pd.DataFrame:
    """Validation losses of the 25 models of OLMo's ladder, at the same step (Bhagia et al. 2024)."""
    rows = []
    for size_name, multiple, size, last in _ladder(root):
        for column, value in last.items():
            corpus = re.fullmatch(r"eval/(.+)-validation/CrossEntropyLoss", str(column))
            if corpus:
                rows.append(
                    {
                        **_rung(size_name, multiple, size, last),
                        "task": corpus[1], "shots": np.nan, "metric": "cross_entropy",
                        "score": value, "n": np.nan,
                    }
                )  # fmt: skip
    return _tidy(pd.DataFrame(rows))


# Where Gadre et al.'s models were validated, by what the path of the data says.
_CORPORA = {
    "c4_val": "C4", "paloma_falcon-refinedweb": "RefinedWeb", "paloma_redpajama": "RedPajama", "paloma_ptb": "Penn Treebank",
}  # fmt: skip
# The table has these two corpora; models on a third, RedPajama, are in the repository too.
_TRAINED_ON = {"c4_original": "C4", "rw_original": "RefinedWeb"}


def openlm_scaling(root: Path) -> pd.DataFrame:
    """Validation losses and the accuracy on 46 tasks of models on two corpora (Gadre et al. 2024)."""
    folder = root / "openlm_scaling"
    about_tasks = pd.read_csv(_one(folder, "eval_metadata.csv")).set_index("Eval Task")
    rows = []
    # In a checkout the folders lie in exp_data.
    for path in sorted(folder.rglob("models/*.json")):
        run = json.loads(path.read_text())
        if run["dataset_name"] not in _TRAINED_ON:
            continue
        corpus, size = _TRAINED_ON[run["dataset_name"]], run["hyperparameters"]
        multiple = size["chinchilla_multiplier"]
        about = {
            "family": f"OpenLM {corpus} {multiple:g}x",
            "model": f"OpenLM {corpus} {_short(size['params'])} {multiple:g}x",
            "params": size["params"],
            "train_flops": 6.0 * size["params"] * size["tokens"],
            "setting": "",
        }
        for result in run["results"]:
            for mark, name in _CORPORA.items():
                if f"/{mark}/" in result["val_data"][0]:
                    rows.append(
                        {
                            **about, "task": name, "shots": np.nan, "metric": "cross_entropy",
                            "score": result["loss"], "n": result["tokens"], "chance": np.nan,
                        }
                    )  # fmt: skip
        scores = json.loads(
            (path.parents[1] / "evals" / f"evaluation_{path.stem}_heavy.json").read_text()
        )
        for task, score in scores["eval_metrics"]["icl"].items():
            stated = about_tasks.loc[task]
            rows.append(
                {
                    **about, "task": task, "shots": stated["#shots"], "metric": "accuracy",
                    "score": score, "n": stated["#datapoints"], "chance": stated["Random baseline"] / 100,
                }
            )  # fmt: skip
    require(bool(rows), "openlm_scaling", str(folder), "files models/*.json")
    frame = pd.DataFrame(rows)
    for _, part in frame[frame["metric"] == "accuracy"].groupby("task"):
        stated = int(part["n"].iloc[0])
        scores = part["score"].to_numpy()
        if fits(scores, stated, 3e-7).all():
            continue
        try:  # fewer items than stated
            frame.loc[part.index, "n"] = item_count(scores, high=stated, digits=3e-7)
        except FieldError:  # no share of whole items: the mean of the accuracies of its categories
            frame.loc[part.index, "metric"] = "mean_accuracy"
    chance = frame.set_index(["model", "task"])["chance"]
    tidy = _tidy(frame)
    tidy["chance"] = [chance[key] for key in zip(tidy["model"], tidy["task"], strict=True)]
    return tidy


def _short(params: float) -> str:
    """A size as part of a name: three digits and the field's suffix."""
    for power, suffix in ((1e9, "B"), (1e6, "M")):
        if params >= power:
            return f"{params / power:.3g}{suffix}"
    return str(params)


_INTEGER = re.compile(r"-?\d[\d,]*")


def answer_in(response: str) -> str:
    """The first whole number of a response, without thousands separators; ``""`` if there is none."""
    found = _INTEGER.search(response)
    return found[0].replace(",", "") if found else ""


def gpt3_answers(root: Path) -> pd.DataFrame:
    """Answers of two GPT-3 models by their length, under two metrics; sums also with partial credit (Lui 2023)."""
    rows = []
    for row in _responses(root / "gpt3_arithmetic"):
        target, output = str(row["answer"]), answer_in(str(row["response"]))
        summands = re.fullmatch(r"What is (\d+) plus (\d+)\?", str(row["question"]))
        credit = carry_credit([summands.groups()], [output])[0] if summands else np.nan
        digits = digit_accuracy([target], [output])[0] if summands else np.nan
        rows.append(
            (
                row["engine"], row["tag"], int(row["n_shots"]), len(target), output == target,
                character_edit_distance([target], [output])[0], credit, digits, target, output,
            )
        )  # fmt: skip
    raw = pd.DataFrame(
        rows,
        columns=[
            "model",
            "task",
            "shots",
            "length",
            "exact",
            "edits",
            "credit",
            "digits",
            "target",
            "output",
        ],
    )
    raw["others"] = np.nan
    for _, cell in raw.groupby(["model", "task", "shots"]):
        raw.loc[cell.index, "others"] = _edits_to_others(cell["target"], cell["output"])
    parts = []
    for (model, task, shots, length), part in raw.groupby(["model", "task", "shots", "length"]):
        squares = float((part["edits"] ** 2).mean())
        for metric, score in (
            ("exact_match", part["exact"].mean()),
            ("token_edit_distance", part["edits"].mean()),
            ("squared_edit_distance", squares),
            ("others_edit_distance", part["others"].mean()),
            ("carry_credit", part["credit"].mean()),
            ("digit_accuracy", part["digits"].mean()),
        ):
            if np.isnan(score):
                continue
            parts.append(
                {
                    "family": "GPT-3 API", "model": model, "params": np.nan,
                    "train_flops": np.nan, "task": task, "setting": f"answer length {length}",
                    "shots": shots, "metric": metric, "score": score, "n": len(part),
                }
            )  # fmt: skip
    return _tidy(pd.DataFrame(parts))


def _edits_to_others(targets: pd.Series, outputs: pd.Series) -> list[float]:
    """Mean edit distance of each answer from the right answers of the other problems: what says nothing of its own gets."""
    found = []
    for i, output in enumerate(outputs):
        others = [target for j, target in enumerate(targets) if j != i]
        found.append(float(np.mean(character_edit_distance(others, [output] * len(others)))))
    return found


def _responses(folder: Path) -> Iterator[Mapping[str, object]]:
    """Lines of the concatenation, or of the repository's own files, whose names say what they are."""
    whole = sorted(folder.rglob("responses.jsonl*"))
    if whole:
        for number, line in lines(whole[0]):
            yield parse(whole[0], line, line=number)
        return
    engines = {"davinci": "text-davinci-001", "ada": "text-ada-001"}
    for path in sorted(folder.rglob("*.jsonl")):
        named = re.fullmatch(r"(davinci|ada)_([^_]+)_(\d)_100\.jsonl", path.name)
        if named:
            about = {"engine": engines[named[1]], "tag": named[2], "n_shots": int(named[3])}
            for number, line in lines(path):
                yield {**parse(path, line, line=number), **about}


def _one(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name))
    require(
        len(found) == 1, "source", str(folder), f"one file {name} below it (found {len(found)})"
    )
    return found[0]


def _tidy(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame[_COLUMNS].copy()
    frame["params"] = frame["params"].round().astype("Int64")
    frame["shots"] = frame["shots"].astype("Int64")
    frame["n"] = frame["n"].astype("Int64")
    key = ["task", "setting", "shots", "metric", "family", "params", "train_flops", "model"]
    return frame.sort_values(key, ignore_index=True)


def families(_: Path) -> pd.DataFrame:
    """Scores of the families that were trained here, from the answers that are bundled; six digits."""
    kept = [name for name in LANGUAGE if name in bundles()]
    return _six_digits(pd.concat([scores_of_answers(bundled(name), name) for name in kept]))


def ladder(_: Path) -> pd.DataFrame:
    """Scores of the ladder by task and length, from the answers that are bundled; six digits."""
    return _six_digits(pd.concat([ladder_scores.scores(bundled(name), name) for name in LADDERS]))


def _six_digits(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("float").columns
    return frame.assign(
        **{c: [float(f"{value:.6g}") for value in frame[c]] for c in numbers}
    ).reset_index(drop=True)


BUILDERS: Mapping[str, Callable[[Path], pd.DataFrame]] = {
    "models": models,
    "obs_scaling": obs_scaling,
    "exp_emergence": exp_emergence,
    "pythia_evals": pythia_evals,
    "pythia_arithmetic": pythia_arithmetic,
    "olmo_ladder": olmo_ladder,
    "olmo_losses": olmo_losses,
    "openlm_scaling": openlm_scaling,
    "gpt3_answers": gpt3_answers,
    "families": families,
    "ladder": ladder,
}
"""Every computed table, by name; each takes the folder that holds the sources' folders, if it has one."""


def build(name: str, root: str | os.PathLike[str]) -> bytes:
    """One table as the bytes of its CSV file.

    Parameters
    ----------
    name : str
        A key of `BUILDERS`.
    root : path-like
        Folder with one folder a source: ``obs_scaling``, ``exp_emergence``, ``pythia_evals``,
        ``olmo_ladder``, ``openlm_scaling``, ``gpt3_arithmetic``.

    Raises
    ------
    FieldError, EvalFileError
        If the source is not there or not as expected.
    """
    require(name in BUILDERS, "table", name, f"one of {', '.join(BUILDERS)}")
    frame = BUILDERS[name](Path(root))
    return frame.to_csv(index=False, float_format="%.8g", lineterminator="\n").encode()


def main(argv: Sequence[str] | None = None) -> int:
    """Remake tables from their sources; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make data", description=__doc__.partition("\n\n")[2])
    parser.add_argument("root", type=given, help="folder with one folder a source")
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"default: {', '.join(BUILDERS)}"
    )
    options = parser.parse_args(argv)
    try:
        for name in options.tables or BUILDERS:
            print(_write(name, build(name, options.root)))
    except (FieldError, EvalFileError, OSError) as error:
        print(f"make data: {error}", file=sys.stderr)
        return 1
    return 0


def _write(name: str, content: bytes) -> str:
    """Put a table and its checksum in place; says what became of it."""
    package = json.loads((DATA / "datapackage.json").read_text())
    entry = next(r for r in package["resources"] if r["name"] == name)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    state = "unchanged" if entry["hash"] == digest else "changed"
    entry["bytes"], entry["hash"] = len(content), digest
    entry["rows"] = content.count(b"\n") - 1
    replace(DATA / entry["path"], content)
    text = json.dumps(package, indent=2, ensure_ascii=False) + "\n"
    replace(DATA / "datapackage.json", text.encode())
    # Later tables look models up in the table just made.
    tables.tables.cache_clear()
    known.cache_clear()
    return f"{name}: {entry['rows']} rows, {state}"


if __name__ == "__main__":
    sys.exit(main())
