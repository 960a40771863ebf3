"""Edit distance of a million pairs: the library's batch against public programs and a plain loop."""

from __future__ import annotations

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from mirage_utils.metrics.batch import edit_distances

from .timing import Contest, compare


def python_loop(pairs) -> list[int]:
    """Wagner and Fischer's table in plain Python."""
    distances = []
    for a, b in pairs:
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            corner, row[0] = row[0], i
            for j, y in enumerate(b, 1):
                corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
        distances.append(row[-1])
    return distances


def contest(length: int, pairs: int, seed: int = 0) -> Contest:
    """Random digit strings of one length against copies with about one digit in three replaced."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 10, (pairs, length), dtype=np.int8)
    outputs = np.where(
        rng.random(targets.shape) < 0.33, rng.integers(0, 10, targets.shape), targets
    )
    outputs = outputs.astype(np.int8)
    texts = [["".join(map(str, row)) for row in side.tolist()] for side in (targets, outputs)]
    lists = [side.tolist() for side in (targets, outputs)]
    wide = [side.astype(np.int64) for side in (targets, outputs)]
    few = 20_000
    return Contest(
        f"edit distance, {length} tokens",
        {
            "mirage_utils, int8 table": lambda: edit_distances(targets, outputs),
            "mirage_utils, int64 table": lambda: edit_distances(*wide),
            "rapidfuzz cpdist, ready strings": lambda: cpdist(
                *texts, scorer=Levenshtein.distance, dtype=np.int64
            ),
            "rapidfuzz cpdist, 2 workers": lambda: cpdist(
                *texts, scorer=Levenshtein.distance, dtype=np.int64, workers=2
            ),
            "rapidfuzz cpdist, lists of ints": lambda: cpdist(
                *lists, scorer=Levenshtein.distance, dtype=np.int64
            ),
            "position by position only, NumPy": lambda: _hamming(targets, outputs),
            "Python loop": lambda: python_loop(zip(lists[0][:few], lists[1][:few], strict=True)),
        },
        pairs,
        {"Python loop": few},
    )


def _hamming(a, b) -> None:
    """The least that any program has to do: compare position by position."""
    (a != b).sum(axis=1)


def main() -> None:
    """Run the contests."""
    for length, pairs in ((6, 1_000_000), (16, 1_000_000), (64, 200_000)):
        compare(contest(length, pairs))


if __name__ == "__main__":
    main()
