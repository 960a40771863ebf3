"""Files of lm-evaluation-harness with any value in any place."""

from __future__ import annotations

import json

import numpy as np
from harness_files import RESULTS, STAMP, answer, choices, read_or_refused, said
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_utils.records import EvalFileError, read

FUZZ = settings(
    max_examples=200, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["[1]", "['a', 'b']", "#### 3", "(A)", "-1", "True", "nan", -1, 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def places(value, here=()):
    """Every place in a JSON value."""
    yield here
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inside:
        yield from places(item, (*here, key))


def replaced(document, way, value):
    changed = json.loads(json.dumps(document))
    inside = changed
    for key in way[:-1]:
        inside = inside[key]
    inside[way[-1]] = value
    return changed


@FUZZ
@given(data=st.data())
def test_any_value_in_any_place_of_results(tmp_path, data):
    way = data.draw(st.sampled_from([p for p in places(RESULTS) if p]))
    changed = replaced(RESULTS, way, data.draw(anything))
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    path = folder / f"results_{STAMP}.json"
    path.write_text(json.dumps(changed))
    (folder / f"samples_sums_{STAMP}.jsonl").write_text(json.dumps(answer(0, "1", "2")))
    assert len(read(folder / f"samples_sums_{STAMP}.jsonl").records) == 1
    found = read_or_refused(path)
    if isinstance(found, EvalFileError) or not found.format.startswith("lm-evaluation-harness"):
        return
    assert np.isfinite(found.scores["score"].astype(float)).all()
    read_ = {
        (r.task, f"{r.metric},{r.setting.split(', ')[0] or 'none'}")
        for r in found.scores.itertuples()
    }
    for task, entries in changed["results"].items():
        for key in entries if isinstance(entries, dict) else ():
            if "," in key and "_stderr" not in key:
                assert (task, key) in read_ or said(found, task, key, "left out")
        if not isinstance(entries, dict):
            assert said(found, task, "left out")


LINES = [
    choices(1, [-1, -2], 0, acc=1.0, acc_norm=0.0),
    answer(1, "x", "y"),
    choices(1, [-1, -2, -3, -4], 0, acc=1.0, acc_mutual_info=0.0),
    {**choices(1, [-1], "w", perplexity=-1.0, acc=0), "target": "w"},
]


@FUZZ
@given(line=st.sampled_from(LINES), data=st.data())
def test_any_value_in_any_place_of_samples(tmp_path, line, data):
    way = data.draw(st.sampled_from([p for p in places(line) if p]))
    changed = replaced(line, way, data.draw(anything))
    path = tmp_path / "samples_toy.jsonl"
    path.write_text(json.dumps({**line, "doc_id": "first"}) + "\n" + json.dumps(changed) + "\n")
    found = read_or_refused(path, model="gpt2")
    if isinstance(found, EvalFileError):
        return
    records = found.records
    assert records["item"].nunique() == 2
    assert (records["score"].notna() == (records["metric"].astype(str) != "")).all()
    # Every score of both lines is a row, or told of.
    for name in ("acc", "acc_norm", "exact_match"):
        lines = [r for r in (line, changed) if name in r]
        named = [r for r in lines if not isinstance(r.get("metrics"), list) or name in r["metrics"]]
        rows = int((records["metric"].astype(str) == name).sum())
        assert rows == len(named) or said(found, name)
