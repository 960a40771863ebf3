"""Reading a file of a million samples: the library against pandas' own reader of JSON lines.

Each way runs in a process of its own, so that its peak memory is its own too. All end with the same
numbers: how many samples, and the mean score.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np

from .apart import Cost, alone, report, serve

ROWS = 1_000_000


def library(path: str) -> tuple[int, float]:
    from mirage_utils import records

    found = records.read(path)
    return len(found.records), float(found.records["score"].mean())


def pandas_whole(path: str) -> tuple[int, float]:
    import pandas as pd

    frame = pd.read_json(path, lines=True)
    return len(frame), float(frame["acc"].mean())


def pandas_chunks(path: str) -> tuple[int, float]:
    """As one would do it to save memory: chunks, and only the columns that are wanted."""
    import pandas as pd

    parts = [
        chunk[["doc_id", "target", "filtered_resps", "acc"]]
        for chunk in pd.read_json(path, lines=True, chunksize=65_536)
    ]
    frame = pd.concat(parts)
    return len(frame), float(frame["acc"].mean())


def plain_loop(path: str) -> tuple[int, float]:
    """The standard library, keeping the same fields in lists."""
    kept = []
    with open(path) as stream:
        for line in stream:
            row = json.loads(line)
            kept.append((row["doc_id"], row["target"], row["filtered_resps"], row["acc"]))
    return len(kept), sum(k[3] for k in kept) / len(kept)


WAYS = {
    "mirage_utils.records.read": library,
    "pandas.read_json, whole": pandas_whole,
    "pandas.read_json, chunks and columns": pandas_chunks,
    "json.loads line by line": plain_loop,
}


def write(path: Path, rows: int) -> None:
    """Choice samples as the harness writes them, with questions of some length."""
    rng = np.random.default_rng(0)
    question = "Which of the following is most likely to happen next in the passage above? " * 2
    with path.open("w") as stream:
        for start in range(0, rows, 10_000):
            scores = -np.abs(rng.normal(8, 3, (10_000, 4))).round(6)
            right = rng.integers(0, 4, 10_000)
            for i in range(min(10_000, rows - start)):
                pairs = [[s, False] for s in scores[i].tolist()]
                row = {
                    "doc_id": start + i,
                    "doc": {
                        "question": question,
                        "choices": ["A", "B", "C", "D"],
                        "gold": int(right[i]),
                    },
                    "target": str(right[i]),
                    "arguments": [[question, " A"]],
                    "resps": [[p] for p in pairs],
                    "filtered_resps": pairs,
                    "filter": "none",
                    "metrics": ["acc"],
                    "acc": float(scores[i].argmax() == right[i]),
                }
                stream.write(json.dumps(row) + "\n")


def main(rows: int = ROWS, rounds: int = 2) -> None:
    """Print seconds and peak memory of each way, per row and as multiples of the library's."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples_toy.jsonl"
        write(path, rows)
        size = path.stat().st_size
        best: dict[str, Cost] = {}
        seen = set()
        for _ in range(rounds):
            for way in WAYS:
                cost, (count, mean) = alone(__spec__.name, way, path)
                best[way] = Cost(*map(min, zip(best.get(way, cost), cost, strict=True)))
                seen.add((count, round(mean, 9)))
        if len(seen) != 1:
            raise AssertionError(f"reading: the ways disagree: {seen}")
    report(f"read samples, {size / rows:.0f} bytes a row", best, rows)


if __name__ == "__main__":  # one way, in a process of its own
    serve(WAYS)
