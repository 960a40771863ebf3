"""Made evaluations for the tests of the audit: records, scores, and what the audit says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

SIZES = [1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9, 3e9]


def scores(values, *, sizes=SIZES, n=1000, metric="exact_match", direction="higher", **more):
    frame = pd.DataFrame(
        {
            "family": "f", "model": [f"m{i}" for i in range(len(values))], "params": sizes[: len(values)],
            "train_flops": np.nan, "task": "t", "setting": "", "shots": np.nan, "metric": metric,
            "direction": direction, "score": values, "n": n, "source": "s",
        }
    )  # fmt: skip
    return frame.assign(**more)


def records(size=40, sizes=(1e6, 2e6), seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for params in sizes:
        for i in range(size):
            target = "".join(rng.choice(list("ab"), rng.integers(1, 5)))
            output = "".join(rng.choice(list("ab"), rng.integers(1, 5)))
            rows.append(
                {"family": "f", "model": f"m{params:.0f}", "params": params, "task": "t", "item": f"i{i}",
                 "target": target, "output": output if rng.random() < 0.5 else target}
            )  # fmt: skip
    return pd.DataFrame(rows)


def write(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)
    return path
