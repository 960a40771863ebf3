"""Files of lm-evaluation-harness, made for the tests."""

from __future__ import annotations

import json

import pandas as pd

from mirage_utils.records import EvalFileError, read

STAMP = "2026-01-01T00-00-00.5"

RESULTS = {
    "results": {
        "sums": {"alias": "sums", "acc,none": 0.5, "acc_stderr,none": 0.1, "exact_match,strict": 0.25},
        "words": {"alias": "words", "perplexity,none": 20.0, "perplexity_stderr,none": "N/A"},
    },
    "group_subtasks": {"sums": [], "words": []},
    "versions": {"sums": 1, "words": 1},
    "n-shot": {"sums": 5, "words": 0},
    "higher_is_better": {"sums": {"acc": True, "exact_match": True}, "words": {"perplexity": False}},
    "n-samples": {"sums": {"original": 40, "effective": 20}, "words": {"original": 9, "effective": 9}},
    "config": {
        "model": "hf", "model_args": "pretrained=EleutherAI/pythia-1b,dtype=float16",
        "model_num_parameters": 1_011_781_632, "limit": None,
    },
    "date": 1_746_000_000.0,
    "lm_eval_version": "0.4.9",
    "model_name": "EleutherAI/pythia-1b",
}  # fmt: skip


def results(**changes):
    """A results file with other fields: `a__b=1` is the field b of a."""
    document = json.loads(json.dumps(RESULTS))
    for way, value in changes.items():
        *keys, last = way.split("__")
        inside = document
        for key in keys:
            inside = inside[key]
        inside[last] = value
    return document


def choices(doc_id, logprobs, target, *, texts=None, **more):
    """A line of a task of choices, as the program writes it today."""
    pairs = [[str(x), "False"] for x in logprobs]
    texts = texts or [f" text {i}" for i in range(len(pairs))]
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": str(target),
        "arguments": {f"gen_args_{i}": {"arg_0": "Q:", "arg_1": t} for i, t in enumerate(texts)},
        "resps": [[p] for p in pairs], "filtered_resps": pairs, "filter": "none",
        "metrics": [k for k in more if k not in ("doc", "arguments")], **more,
    }  # fmt: skip


def answer(doc_id, output, target, **more):
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": target,
        "arguments": {"gen_args_0": {"arg_0": "Q:", "arg_1": {"until": ["\n"]}}}, "resps": [[output]],
        "filtered_resps": [output], "filter": "none", "metrics": ["exact_match"], "exact_match": 0.0,
        **more,
    }  # fmt: skip


def samples_of(write, rows, task="toy"):
    return read(write(rows, f"samples_{task}_{STAMP}.jsonl"), model="m", params={"m": 1e9})


def first_metric(records):
    return records[records["metric"].astype(str) == str(records["metric"].iloc[0])]


def said(found, *words):
    """Whether one note has all of some words."""
    return any(all(word in note for word in words) for note in found.notes)


def read_or_refused(path, **options):
    """What stands in a file, or the error that names it."""
    try:
        return read(path, **options)
    except EvalFileError as error:
        if not str(error).startswith(str(path)):
            raise
        return error


def values(column):
    return [None if pd.isna(value) else value for value in column]
