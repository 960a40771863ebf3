"""Nine hundred curves from a table of scores to verdicts and a written report, against regressions of statsmodels.

The peer does less: it fits a logistic regression to each curve, one after the other, and says nothing of it. It is
there so that seconds of one machine can be compared with those of another. Times are of the processor.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import statsmodels.api as sm

from mirage_utils import audit
from mirage_utils.records.gathering import Gathered, tabulate

QUESTIONS = 300
"""Each with three metrics: a share of right answers and two that are gentler."""
SIZES = np.round(np.geomspace(1e7, 3e10, 8))


def scores(questions: int) -> pd.DataFrame:
    """A third of the questions rises smoothly, a third in a step of any width, and a third not at all."""
    rng = np.random.default_rng(0)
    parts = []
    for k in range(questions):
        n = int(rng.integers(100, 1001))
        share = (
            lambda: np.exp(-((SIZES / 10 ** rng.uniform(9, 10.5)) ** -rng.uniform(0.3, 0.9))),
            lambda: 0.02 + 0.9 / (1 + (SIZES / 10 ** rng.uniform(8.5, 10)) ** -rng.uniform(1, 8)),
            lambda: np.full(len(SIZES), rng.uniform(0.05, 0.5)),
        )[k % 3]()
        soft = np.clip(share**0.2 + rng.normal(0, 0.01, len(SIZES)), 0, 1)
        metrics = {
            "exact_match": ("higher", rng.binomial(n, share) / n, np.nan),
            "token_accuracy": ("higher", soft, 0.3),
            "brier": ("lower", 1 - 0.8 * soft + rng.normal(0, 0.005, len(SIZES)), 0.3),
        }
        for metric, (direction, values, deviation) in metrics.items():
            parts.append(
                pd.DataFrame(
                    {
                        "family": "f", "model": [f"m{i}" for i in range(len(SIZES))], "params": SIZES,
                        "train_flops": np.nan, "task": f"task {k}", "setting": "", "shots": np.nan,
                        "run": "", "metric": metric, "direction": direction, "score": values,
                        "n": float(n), "deviation": deviation, "source": "s",
                    }
                )
            )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def regressions(table: pd.DataFrame) -> None:
    """A logistic regression of each curve on the logarithm of size."""
    for _, rows in table.groupby(["task", "metric"]):
        right = rows["score"].clip(0, 1) * rows["n"]
        sides = np.column_stack([right, rows["n"] - right])
        sm.GLM(sides, sm.add_constant(np.log(rows["params"])), sm.families.Binomial()).fit()


def _judged(gathered: Gathered) -> audit.Audit:
    return audit.audit(gathered)


def _written(found: audit.Audit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        audit.write(found, folder)


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main(questions: int = QUESTIONS) -> None:
    """Print milliseconds a curve, and multiples of all that the library does."""
    table = scores(questions)
    gathered = tabulate(scores=table)
    found: list[audit.Audit] = []
    before = _seconds(lambda: regressions(table))
    judging = _seconds(lambda: found.append(_judged(gathered)))
    writing = _seconds(lambda: _written(found[0]))
    after = _seconds(lambda: regressions(table))
    ways = {
        "mirage_utils.audit: judged and written": judging + writing,
        "of which judging": judging,
        "of which writing the report": writing,
        "statsmodels, a logistic regression a curve": min(before, after),
    }
    curves = 3 * questions
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for way, seconds in ways.items():
        writer.writerow(
            [
                f"verdicts on {curves} curves",
                way,
                curves,
                f"{seconds / curves * 1e3:.3g}",
                "ms",
                f"{seconds / (judging + writing):.3g}",
            ]
        )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
