"""Ten million answers from files to one score a model and metric: the audit's gathering against scripts in pandas and Polars.

Each way runs in a process of its own, so that its peak memory is its own too, in turns on the same
files. All have to give the same mean of every metric that they compute.
"""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from .apart import alone, report, serve

MODELS = 10
ROWS = 1_000_000
"""Of each model, in a file of its own."""
METRICS = (
    "exact_match", "token_accuracy", "token_edit_distance", "normalised_edit_distance",
    "longest_correct_prefix",
)  # fmt: skip

Means = dict[str, dict[str, float]]
"""By metric and model."""


def _means(table: pd.DataFrame) -> Means:
    return {metric: table[metric].to_dict() for metric in table}


def library(folder: str, **options: object) -> Means:
    """Every metric, and the skill under each, in batches; an item that stands twice is refused."""
    from mirage_utils.audit import gather

    scores = gather(folder, **options).scores
    return _means(scores.pivot(index="model", columns="metric", values="score"))


def library_on_two(folder: str) -> Means:
    """The same on two workers that are started and stopped for it."""
    return library(folder, cluster="local", jobs=2)


def library_on_two_that_are_up() -> Callable[[str], Means]:
    """The same on two workers that wait for work, as those of a cluster do."""
    from mirage_utils.ground.cluster import client

    workers = ExitStack()
    atexit.register(workers.close)
    up = workers.enter_context(client("local", 2))
    up.run(_imported)

    def run(folder: str) -> Means:
        return library(folder, cluster=up.scheduler.address)

    return run


def _imported() -> None:
    import mirage_utils.records.gathering  # noqa: F401


def _text(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"target": str, "output": str}, keep_default_na=False)


def script(folder: str) -> Means:
    """As one would write it: all files in one table, one column a metric, the mean of each model."""
    from rapidfuzz.distance import Levenshtein

    table = pd.concat([_text(path) for path in sorted(Path(folder).iterdir())])
    table["exact_match"] = table["target"] == table["output"]
    table["token_accuracy"] = [
        sum(a == b for a, b in zip(target, output, strict=False)) / len(target)
        for target, output in zip(table["target"], table["output"], strict=True)
    ]
    table["token_edit_distance"] = [
        Levenshtein.distance(target, output)
        for target, output in zip(table["target"], table["output"], strict=True)
    ]
    longest = np.maximum(table["target"].str.len(), table["output"].str.len())
    table["normalised_edit_distance"] = table["token_edit_distance"] / longest

    def prefix(target: str, output: str) -> int:
        right = 0
        for a, b in zip(target, output, strict=False):
            if a != b:
                break
            right += 1
        return right

    table["longest_correct_prefix"] = [
        prefix(target, output)
        for target, output in zip(table["target"], table["output"], strict=True)
    ]
    return _means(table.groupby("model")[list(METRICS)].mean())


def polars_script(folder: str) -> Means:
    """The same in Polars: its expressions where it has them, Python where it has none, files one by one."""
    import polars as pl
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    def symbol(side: str, k: int) -> pl.Expr:
        return pl.col(side).str.slice(k, 1)

    means: Means = {metric: {} for metric in METRICS}
    for path in sorted(Path(folder).iterdir()):
        table = pl.read_csv(path, schema_overrides={"target": pl.String, "output": pl.String})
        target, output = (table[name].fill_null("").to_list() for name in ("target", "output"))
        edits = cpdist(target, output, scorer=Levenshtein.distance)
        longest = table.select(pl.col("target").str.len_chars().max()).item()
        same = [
            (symbol("target", k) == symbol("output", k)) & (symbol("target", k) != "")
            for k in range(longest)
        ]
        run, prefix = pl.lit(True), pl.lit(0)
        for here in same:
            run = run & here
            prefix = prefix + run.cast(pl.Int64)
        size, said = pl.col("target").str.len_chars(), pl.col("output").str.len_chars()
        found = (
            table.with_columns(pl.col("output").fill_null(""), pl.Series("edits", edits))
            .lazy()
            .select(
                "model",
                exact_match=(pl.col("target") == pl.col("output")).cast(pl.Float64),
                token_accuracy=pl.sum_horizontal(s.cast(pl.Int64) for s in same) / size,
                token_edit_distance="edits",
                normalised_edit_distance=pl.col("edits") / pl.max_horizontal(size, said),
                longest_correct_prefix=prefix,
            )
            .group_by("model")
            .mean()
            .collect()
        )
        for row in found.iter_rows(named=True):
            for metric in METRICS:
                means[metric][row["model"]] = row[metric]
    return means


def bare_script(folder: str) -> Means:
    """No more than exact match, of one file after the other: what reading alone costs in pandas."""
    found: dict[str, float] = {}
    for path in sorted(Path(folder).iterdir()):
        table = _text(path)
        right = table["target"] == table["output"]
        found |= right.groupby(table["model"]).mean().to_dict()
    return {"exact_match": found}


WAYS: dict[str, Callable[[str], Means]] = {
    "mirage_utils.audit.gather": library,
    "the same on two workers of Dask that are up": library_on_two,
    "the same on two workers of Dask, started for it": library_on_two,
    "pandas script, the same metrics": script,
    "polars script, the same metrics": polars_script,
    "pandas script, exact match only": bare_script,
}
# What the workers of a cluster hold is not this process's.
_READY = {"the same on two workers of Dask that are up": library_on_two_that_are_up}
_ELSEWHERE = {"the same on two workers of Dask, started for it", *_READY}


def write(folder: Path, models: int, rows: int) -> None:
    """One file a model: numbers of one to eight digits, each digit right with a chance that rises."""
    rng = np.random.default_rng(0)
    for k in range(models):
        length = rng.integers(1, 9, rows)
        right = rng.integers(0, 10, (rows, 8))
        hit = rng.random((rows, 8)) < 0.3 + 0.6 * k / models
        said = np.where(hit, right, (right + rng.integers(1, 10, right.shape)) % 10)

        def texts(digits: np.ndarray, length: np.ndarray = length) -> list[str]:
            whole = (digits + ord("0")).astype("u1").tobytes().decode()
            return [whole[8 * i : 8 * i + n] for i, n in enumerate(length.tolist())]

        pd.DataFrame(
            {
                "model": f"m{k}", "params": 10.0 ** (6 + k / 2), "task": "digits",
                "item": np.arange(rows), "target": texts(right), "output": texts(said),
            }
        ).to_csv(folder / f"m{k}.csv", index=False)  # fmt: skip


def same(first: Means, other: Means) -> bool:
    """Whether every mean of the second is that of the first."""
    return all(
        abs(first[metric][model] - value) < 1e-9
        for metric, values in other.items()
        for model, value in values.items()
    )


def main(models: int = MODELS, rows: int = ROWS) -> None:
    """Print seconds and peak memory of each way, per record and as multiples of the library's."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: the peak of the one that starts the ways would be passed on to them.
        subprocess.run(
            [sys.executable, "-m", "benchmarks.auditing", "", str(folder), str(models), str(rows)],
            check=True,
        )
        size = sum(path.stat().st_size for path in folder.iterdir())
        found = {way: alone(__spec__.name, way, folder) for way in WAYS}
    first = next(iter(found.values()))[1]
    for way, (_, means) in found.items():
        if not same(first, means):
            raise AssertionError(f"auditing: {way} gives other means")
    records = models * rows
    report(
        f"audit {records:,} answers, {size / records:.0f} bytes each",
        {way: cost for way, (cost, _) in found.items()},
        records,
        elsewhere=_ELSEWHERE,
    )


if __name__ == "__main__":  # one thing in a process of its own: writing the files, or one way
    if sys.argv[1]:
        serve(WAYS, _READY)
    else:
        write(Path(sys.argv[2]), *map(int, sys.argv[3:]))
