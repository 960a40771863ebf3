"""Results of evaluations in every format, made for the tests."""

from __future__ import annotations

import io
import json
import math

from backports.zstd import zipfile

OLD = {
    "results": {
        "lambada_openai": {"ppl": 26.0, "ppl_stderr": 0.9, "acc": 0.375, "acc_stderr": 0.007},
        "squad2": {"exact": 0.4, "f1": 6.6, "best_exact": 50.1},
    },
    "versions": {"lambada_openai": 0, "squad2": 1},
    "config": {
        "model": "gpt2", "model_args": "pretrained=facebook/opt-125m,use_accelerate=True",
        "num_fewshot": 5, "limit": None,
    },
}  # fmt: skip

NEW = {
    "results": {
        "mmlu": {"acc,none": 0.25, "acc_stderr,none": "N/A", "alias": "mmlu"},
        "mmlu_law": {"acc,none": 0.3, "brier_score,none": 0.7, "alias": " - mmlu_law"},
        "gsm8k": {
            "exact_match,strict-match": 0.1, "exact_match_stderr,strict-match": 0.01,
            "exact_match,flexible-extract": 0.2, "alias": "gsm8k", "sample_len": 20, " ": "",
        },
    },
    "groups": {"mmlu": {"acc,none": 0.25, "alias": "mmlu"}},
    "group_subtasks": {"mmlu": ["mmlu_law"], "gsm8k": []},
    "versions": {"mmlu_law": 0, "gsm8k": 3},
    "n-shot": {"mmlu": 0, "mmlu_law": 0, "gsm8k": 5},
    "higher_is_better": {"mmlu_law": {"acc": True, "brier_score": False}, "mmlu": {"acc": None}},
    "n-samples": {"mmlu_law": {"original": 1534, "effective": 100}},
    "config": {
        "model": "hf", "model_args": {"pretrained": "EleutherAI/pythia-1.4b-deduped", "revision": "main"},
        "model_num_parameters": 1414647808,
    },
    "lm_eval_version": "0.4.9.2",
    "model_name": "EleutherAI/pythia-1.4b-deduped",
}  # fmt: skip


def choice(doc_id, logprobs, acc, **more):
    return {
        "doc_id": doc_id, "doc": {"question": "?"}, "target": "1", "arguments": [],
        "resps": [[[x, False]] for x in logprobs], "filtered_resps": [[x, False] for x in logprobs],
        "acc": acc, **more,
    }  # fmt: skip


def answer(doc_id, text, **more):
    return {
        "doc_id": doc_id, "doc": {}, "target": "7", "arguments": {}, "resps": [[text]],
        "filtered_resps": [text], "filter": "none", "metrics": ["exact_match"], "exact_match": 0.0,
        **more,
    }  # fmt: skip


LOG = {
    "version": 2,
    "status": "success",
    "eval": {
        "task": "popularity", "model": "openai/gpt-4o-mini", "packages": {"inspect_ai": "0.3.58"},
        "config": {"epochs": 2},
    },
    "results": {
        "total_samples": 4, "completed_samples": 4,
        "scores": [
            {
                "name": "match", "scorer": "match", "reducer": "mean",
                "metrics": {
                    "accuracy": {"name": "accuracy", "value": 0.75},
                    "stderr": {"name": "stderr", "value": 0.25},
                },
            }
        ],
    },
}  # fmt: skip


def sample(item, epoch, value, content="Yes"):
    return {
        "id": item, "epoch": epoch, "target": " Yes",
        "output": {"choices": [{"message": {"content": content}}]},
        "scores": {"match": {"value": value, "answer": "Yes"}},
    }  # fmt: skip


SAMPLES = [sample(1, 1, "C"), sample(1, 2, "I"), sample(2, 1, True), sample(2, 2, "C")]

BIGBENCH = {
    "bigbench_version": "0.0.1",
    "model": {
        "model_family": "BIG-G T=0", "model_name": "128b", "non_embedding_params": 128_000_000_000,
        "total_params": 130_000_000_000,
    },
    "task": {"name": "modified_arithmetic"},
    "scores": [
        {
            "subtask_description": "three_digit_addition_control", "number_of_shots": 3,
            "preferred_score": "exact_str_match", "low_score": 0.0, "high_score": 1.0,
            "score_dict": {"exact_str_match": 0.25, "bleu": 31.0, "alignment_score": math.nan},
        }
    ],
}  # fmt: skip


PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_ZSTANDARD)


def archive(members, packing=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as z:
        for name, content in members.items():
            z.writestr(name, content if isinstance(content, (bytes, str)) else json.dumps(content))
    return buffer.getvalue()
