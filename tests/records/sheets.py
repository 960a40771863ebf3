"""Tables of scores as people write them, made for the tests."""

from __future__ import annotations

import csv
import io

SIZES = {"70m": 70426624, "160m": 162322944, "410m": 405334016, "1b": 1011781632}

SCORES = (0.251, 0.263, 0.312, 0.402)

HEADER = "model,params,task,metric,score,n"

TABLE = "\n".join(
    [HEADER]
    + [
        f"pythia-{name},{params},arc_easy,accuracy,{score},500"
        for (name, params), score in zip(SIZES.items(), SCORES, strict=True)
    ]
)

ROWS = [HEADER.split(",")] + [
    [f"pythia-{name}", params, "arc_easy", "accuracy", score, 500]
    for (name, params), score in zip(SIZES.items(), SCORES, strict=True)
]


def said(reading):
    return "\n".join(reading.notes)


def with_column(name, values, text=TABLE):
    header, *rows = text.split("\n")
    return "\n".join([f"{header},{name}", *(f"{r},{v}" for r, v in zip(rows, values, strict=True))])


def written(rows, delimiter, encoding, quoting):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, quoting=quoting).writerows(rows)
    return stream.getvalue().encode(encoding, errors="replace")
