"""Inspect's logs, made for the tests."""

from __future__ import annotations

import json

from backports.zstd import zipfile
from conftest import ROOT

FILES = ROOT / "tests" / "files" / "inspect"


def sample(item, value, *, epoch=1, target="19", content="I think 19", **more):
    score = value if isinstance(value, dict) and "value" in value else {"value": value}
    return {
        "id": item, "epoch": epoch, "target": target,
        "output": {"choices": [{"message": {"content": content}}]},
        "scores": {"match": score}, "metadata": {}, **more,
    }  # fmt: skip


def score(name="match", metrics=None, **more):
    metrics = {"accuracy": 0.5} if metrics is None else metrics
    made = {k: v if isinstance(v, dict) else {"name": k, "value": v} for k, v in metrics.items()}
    return {"name": name, "scorer": name, "metrics": made, **more}


def log(samples=(), scores=None, *, status="success", results=None, **about):
    return {
        "version": 2, "status": status,
        "eval": {
            "task": "owls", "model": "hf/EleutherAI/pythia-70m", "created": "2025-05-01T12:00:00+02:00",
            **about,
        },
        "results": {"scores": [score()] if scores is None else scores, **(results or {})},
        "samples": list(samples),
    }  # fmt: skip


def rows(found):
    return {(r.setting, r.metric): (r.score, r.n) for r in found.scores.itertuples()}


def means(found):
    """Mean over items of the mean over epochs, and the number of items."""
    table = found.records[found.records["metric"] != ""]
    keys = ["setting", "metric"]
    items = table.groupby([*keys, "item"], observed=True, sort=False)["score"].mean()
    return {
        key: (float(part.mean()), len(part)) for key, part in items.groupby(keys, observed=True)
    }


def opened(name):
    path = FILES / name
    if path.suffix == ".json":
        whole = json.loads(path.read_text())
        return whole, whole["samples"]
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.startswith("samples/")]
        return json.loads(archive.read("header.json")), [json.loads(archive.read(n)) for n in names]


def entries(values, params=None):
    """What is reported: by label and group's parameters (names that stand there before get a number)."""
    made = {k: {"name": k, "value": v, "params": params or {}} for k, v in values.items()}
    return [score(metrics=made, scored_samples=10)]


def written(tmp_path, content):
    path = tmp_path / "log.json"
    path.write_text(json.dumps(content))
    return path
