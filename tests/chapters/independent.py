"""Independent ways to what chapters compute: the published files as plain rows, plain formulas, root finding.

Nothing here uses the library, so that an error of it is not repeated.
"""

from __future__ import annotations

import ast
import collections
import csv
import math
from importlib import resources

import numpy as np
import pandas as pd
from scipy import optimize


def published():
    """The table as plain rows, read without the library."""
    text = (resources.files("mirage_utils.tables") / "data" / "gpt3_arithmetic.csv").read_text()
    rows = collections.defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        n = int(row["n"])
        rows[row["task"], row["setting"]].append(
            (int(row["params"]), round(float(row["score"]) * n), n)
        )
    return {
        key: tuple(np.array(column, float) for column in zip(*sorted(v), strict=True))
        for key, v in rows.items()
    }


def rows_of(name):
    text = (resources.files("mirage_utils.tables") / "data" / f"{name}.csv").read_text()
    return list(csv.DictReader(text.splitlines()))


def outputs(name):
    """The rows of a bundled run, read without the library."""
    path = resources.files("mirage_utils.models") / "data" / f"{name}.npz"
    columns = {}
    with np.load(str(path)) as kept:
        for k, (column, kind) in enumerate(zip(kept["columns"], kept["kinds"], strict=True)):
            if f"{k} planes" in kept:  # byte by byte of every number
                values = kept[f"{k} planes"].tobytes("F")
                values = np.frombuffer(values, np.dtype(str(kind)).newbyteorder("<"))
            else:
                values = kept[str(k)]
            if f"{k} texts" in kept:
                values = np.append(kept[f"{k} texts"].astype(object), None)[values]  # -1: none
            columns[str(column)] = values
    return pd.DataFrame(columns)


def codes(name):
    """By size and seed: log-probabilities of the digits, and which likeliest digits are right."""
    rows = outputs(name)
    logs = rows[[f"logprob_{j + 1}" for j in range(len(rows["target"][0]))]].to_numpy(float)
    right = [
        [a == b for a, b in zip(*texts, strict=True)]
        for texts in zip(rows["target"], rows["greedy"], strict=True)
    ]
    right = np.array(right)
    found = collections.defaultdict(dict)
    for (params, seed), index in rows.groupby(["params", "seed"]).indices.items():
        found[int(params)][int(seed)] = (logs[index], right[index])
    return found


def rise(score, low=0.1, high=0.9):
    """Half-way point and width of score(x), decades, by root finding; p = exp(-exp(-x))."""

    def share(x):
        start, stop = score(0.0), score(1.0)
        return (score(math.exp(-math.exp(-x))) - start) / (stop - start)

    ten, half, ninety = (
        optimize.brentq(lambda x, y=y: share(x) - y, -6, 20) for y in (low, 0.5, high)
    )
    return half / math.log(10), (ninety - ten) / math.log(10)


def quoted(run, *names):
    """Literals of a chapter's cell of quoted figures."""
    space = {"np": np}
    for cell in run.notebook.cells:
        if cell.cell_type == "code" and any(f"{n} = " in cell.source for n in names):
            kept = []
            for node in ast.parse(cell.source).body:
                targets = getattr(node, "targets", [])
                if targets and getattr(targets[0], "id", None) in names:
                    kept.append(node)
            module = ast.Module(kept, [])
            exec(compile(module, "cell", "exec"), space)  # literals of our own notebook
    return [space[n] for n in names]
