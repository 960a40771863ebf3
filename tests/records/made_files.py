"""Invented files of HELM, lighteval and Every Eval Ever, in the shapes that the programs write."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
from conftest import ROOT

FILES = ROOT / "tests" / "files" / "fuzz"

HELM = FILES / "helm" / "tides-basin=north,model=acme_owl-1b"

LIGHTEVAL = FILES / "lighteval"

RESULTS = "results/acme/owl-1b/results_2025-11-01T10-00-00.000001.json"

EEE = FILES / "every_eval_ever" / "0b5e.json"

INSTANCES = FILES / "every_eval_ever" / "0b5e_samples.jsonl"


def load(path):
    return json.loads(path.read_text())


def put(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, list) and path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in value))
    else:
        path.write_text(json.dumps(value))
    return path


def rows(table, *columns):
    """Some columns of a table, row by row."""
    return list(table[list(columns)].astype(object).itertuples(index=False, name=None))


def choice(item, gold, logprobs, acc):
    return {
        "doc": {
            "choices": [" reef", " bowline", " hitch"], "gold_index": gold, "id": item, "instruction": None,
            "query": "Which knot?", "sampling_methods": ["LOGPROBS"], "specific": None,
            "task_name": "knots:reef|5",
        },
        "metric": {"acc": acc},
        "model_response": {
            "argmax_logits_eq_gold": [False] * 3, "input_tokens": [1, 2], "logits": None,
            "logprobs": logprobs, "text": [], "text_post_processed": [],
        },
    }  # fmt: skip


def answer(item, golds, texts, em):
    return {
        "doc": {
            "choices": golds, "gold_index": list(range(len(golds))), "id": item, "query": "When?",
            "sampling_methods": ["GENERATIVE"], "task_name": "tides|0",
        },
        "metric": {"em": em, "samples": [1.0, 2.0]},
        "model_response": {"logprobs": [], "text": [f"<think>{t}" for t in texts], "text_post_processed": texts},
    }  # fmt: skip


CHOICES = [
    choice("7", 0, [-0.5, -1.0, -2.0], 1),
    choice("8", 1, [-0.5, -1.0, -2.0], 0),
    choice("9", 2, [-3.0, -1.0, -0.25], 1),
    choice("10", 2, [-3.0, -1.0, -1.5], 0),
]


def put_details(root, table, task, stamp="2025-11-01T10-00-00.000001"):
    path = root / f"details/acme/owl-1b/{stamp}/details_{task}_{stamp}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(table), path)
    return path


SIZE = {"params": {"acme/owl-1b": 1e9}}


def instance_rows():
    return [json.loads(line) for line in INSTANCES.read_text().splitlines()]
