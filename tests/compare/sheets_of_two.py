"""Small files of two models on the same items, for the tests of the comparison."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd


def two(
    n=60, seed=0, *, models=("owl-1", "owl-2"), tasks=("quiz",), gain=0.3, metric="accuracy", **more
):
    """A table of records: 0/1 scores, of which the second model has more."""
    rng = np.random.default_rng(seed)
    rows = []
    for task in tasks:
        first = rng.random(n) < 0.4
        second = first | (rng.random(n) < gain)
        for model, right in zip(models, (first, second), strict=True):
            rows += [
                {"model": model, "task": task, "item": f"{task}-{i // 6}-{i}", "target": f"t{i}", "metric": metric,
                 "score": int(right[i]), **{k: v(i) if callable(v) else v for k, v in more.items()}}
                for i in range(n)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def put(frame, path):
    """Write a table, as CSV or by the end of the name as JSON lines or Parquet."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path


def halves(frame, folder, suffix=".csv"):
    """One file a model."""
    return [
        put(part, folder / f"{k}{suffix}")
        for k, (_, part) in enumerate(frame.groupby("model", sort=False))
    ]


def samples(
    path, scores, *, doc=lambda i: {}, target=lambda i: f"t{i}", metric="exact_match", name="none"
):
    """Samples of lm-evaluation-harness without a results file beside them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "doc_id": i, "doc": {"question": "?", **doc(i)}, "target": target(i),
            "arguments": {"gen_args_0": {"arg_0": "Q:", "arg_1": {"until": ["\n"]}}}, "resps": [["x"]],
            "filtered_resps": ["x"], "filter": name, "metrics": [metric], metric: float(score),
        }
        for i, score in enumerate(scores)
    ]  # fmt: skip
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def log(
    path,
    scores,
    *,
    model="hf/owl",
    epochs=1,
    status="success",
    created="2025-05-01T12:00:00+00:00",
    meta=lambda i: {},
):
    """A log of Inspect; `scores` are by item, or by item and epoch."""
    table = np.asarray(scores, dtype=object).reshape(len(scores), -1)
    made = [
        {"id": f"i{i}", "epoch": e + 1, "target": f"t{i}", "output": {"choices": [{"message": {"content": "x"}}]},
         "scores": {"match": {"value": float(table[i, e])}}, "metadata": meta(i)}
        for i in range(len(table)) for e in range(table.shape[1])
    ]  # fmt: skip
    mean = float(np.mean(table.astype(float)))
    content = {
        "version": 2, "status": status, "eval": {"task": "owls", "model": model, "created": created},
        "results": {"scores": [{"name": "match", "scorer": "match", "metrics": {"accuracy": {"name": "accuracy", "value": mean}}}]},
        "samples": made,
    }  # fmt: skip
    path.write_text(json.dumps(content))
    return path
