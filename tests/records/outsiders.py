"""What outsiders' tables have in common."""

from __future__ import annotations

import json

SIZES = ("1b", "2b", "4b", "8b")

HEAD = "model,params,task,metric,score,n\n"


def ladder(scores, *, model="owl-{}", metric="accuracy", n=100, task="quiz"):
    return HEAD + "".join(
        f"{model.format(size)},{size[0]}e9,{task},{metric},{score},{n}\n"
        for size, score in zip(SIZES, scores, strict=True)
    )


RISE = (0.1, 0.2, 0.4, 0.8)


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)
