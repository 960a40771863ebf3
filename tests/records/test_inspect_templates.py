"""Groups of Inspect's logs whose metrics are named by a template, such as ``easy_accuracy``."""

from __future__ import annotations

import pytest
from inspect_files import log, opened, rows, sample, score
from written import table_reader

SAMPLES = [
    sample(i, "C" if i < 2 else "I", metadata={"level": "easy" if i < 4 else "hard"})
    for i in range(10)
]


@pytest.fixture
def reading(tmp_path):
    read = table_reader(tmp_path)
    return lambda content: read(content, "log.json")


def plan(base, template, key="level", **more):
    metric = {"type": "metric", "name": base, "params": {}}
    options = {"metric": metric, "group_key": key, "name_template": template, **more}
    return {"name": "inspect_ai/grouped", "options": options}


@pytest.mark.parametrize("params", [True, False])
@pytest.mark.parametrize("samples", [True, False])
def test_the_programs_own_templates_are_told_in_every_version(reading, params, samples):
    header, _ = opened("templates.json")
    for metric in header["results"]["scores"][0]["metrics"].values():
        metric["params"] = metric["params"] if params else {}
    found = reading(header if samples else {**header, "samples": []})
    setting = found.scores["setting"].str.replace(r".*by_template", "", regex=True)
    n = found.scores["n"].fillna(0)
    part = 3 if samples else 0
    assert dict(zip(setting, n, strict=True)) == {
        ", level=easy": part, ", level=hard": part, ", level=all": 6, "": 6,
    }  # fmt: skip
    assert set(found.scores["metric"]) == {"accuracy"}
    assert found.scores["stderr"].notna().tolist() == [True, True, True, False]


VALUES = {"easy_acc": 0.5, "hard_acc": 0.0, "all": 0.2, "f1 of easy": 0.7, "f1 of hard": 0.1}


@pytest.mark.parametrize(
    ("plans", "names"),
    [
        # Of one kind there is one for all, so order does not tell whose is which.
        (
            [plan("accuracy", "{group_name}_acc"), plan("f1", "f1 of {group_name}", all=False)],
            {("level=easy", "accuracy"): 4, ("level=hard", "accuracy"): 6, ("", "all"): 10, ("level=easy", "f1"): 4, ("level=hard", "f1"): 6},
        ),
        (
            [plan("accuracy", "{group_name}_acc"), plan("own", "{group_name}_acc", key="kind")],
            {("", "easy_acc"): 4, ("", "hard_acc"): 6, ("", "all"): 10, ("", "f1 of easy"): 10, ("", "f1 of hard"): 10},
        ),
        ([], {("", "easy_acc"): 0, ("", "hard_acc"): 0, ("", "all"): 10, ("", "f1 of easy"): 10, ("", "f1 of hard"): 10}),
    ],
)  # fmt: skip
def test_the_items_of_a_part_are_never_all(reading, plans, names):
    scorers = [{"name": "match", "metrics": plans}]
    reported = [score(metrics=VALUES, scored_samples=10)]
    whole = rows(reading(log(SAMPLES, reported, scorers=scorers)))
    found = {
        (s.removeprefix("match").lstrip(", "), m): 0 if n != n else n for (s, m), (_, n) in whole.items()
    }  # fmt: skip
    assert found == names
    bare = reading(log([], reported, scorers=scorers)).scores
    part = bare["metric"].str.contains("easy|hard") | bare["setting"].str.contains("easy|hard")
    assert part.sum() == 4
    assert bare.loc[part, "n"].isna().all()
