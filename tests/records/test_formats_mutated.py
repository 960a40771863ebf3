"""HELM's, lighteval's and Every Eval Ever's files with any value in any place."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import (
    CHOICES,
    EEE,
    HELM,
    LIGHTEVAL,
    RESULTS,
    answer,
    instance_rows,
    load,
    put,
    put_details,
)

from mirage_utils import records as rec
from mirage_utils.records import EvalFileError, read

FUZZ = settings(
    max_examples=60, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value, here=()):
    """Every place in a JSON value."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, item in inside:
        yield from places(item, (*here, key))


def mutated(data, document):
    """A document with any value in any of its places."""
    *way, last = data.draw(st.sampled_from([p for p in places(document) if p]))
    inside = document
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    return document


def accepted_or_refused(path):
    """A file is read or refused by name; nothing else."""
    try:
        found, refused = read(path), ""
    except EvalFileError as error:
        found, refused = None, str(error)
    if found is None:
        assert refused.startswith(str(path.parent))
        return None
    assert tuple(found.scores.columns[: len(rec.SCORES)]) == rec.SCORES
    assert np.isfinite(found.scores["score"].astype(float)).all()
    assert np.isfinite(found.records["score"].astype(float)[found.records["metric"] != ""]).all()
    return found


@FUZZ
@given(data=st.data())
def test_lighteval_results_with_any_value_in_any_place(tmp_path, data):
    document = mutated(data, load(LIGHTEVAL / RESULTS))
    found = accepted_or_refused(put(tmp_path / "mutant.json", document))
    if found is not None and found.format == "lighteval results":
        values = {
            (key, metric)
            for key, entries in document["results"].items()
            for metric in entries
            if key != "all" and ":_average" not in key and not metric.endswith("_stderr")
        }
        noted = sum("is no number" in note for note in found.notes)
        assert len(found.scores) + noted >= len(values)


@FUZZ
@given(data=st.data())
def test_lighteval_details_with_any_value_in_any_place(tmp_path, data):
    table = json.loads(json.dumps([*CHOICES[:1], answer("2", ["noon"], ["noon"], 1)]))
    row = mutated(data, data.draw(st.sampled_from(table)))
    try:
        path = put_details(tmp_path, [row], "knots:reef|5")
    except (pa.ArrowException, ValueError, OverflowError):
        return  # no such table can be written
    found = accepted_or_refused(path)
    assert found is None or len(set(found.records["item"])) == 1


@FUZZ
@given(
    data=st.data(),
    name=st.sampled_from(["run_spec", "stats", "per_instance_stats", "scenario_state"]),
)
def test_helm_with_any_value_in_any_place(tmp_path, data, name):
    folder = tmp_path / "run"
    shutil.copytree(HELM, folder, dirs_exist_ok=True)
    document = mutated(data, load(HELM / f"{name}.json"))
    put(folder / f"{name}.json", document)
    for path in (
        folder / "stats.json",
        folder / "per_instance_stats.json",
        folder / f"{name}.json",
    ):
        found = accepted_or_refused(path)
        if found is not None and found.format == "HELM records":
            assert found.records["item"].nunique() == 4 or name == "per_instance_stats"


@FUZZ
@given(data=st.data())
def test_every_eval_ever_results_with_any_value_in_any_place(tmp_path, data):
    document = mutated(data, load(EEE))
    found = accepted_or_refused(put(tmp_path / "mutant.json", document))
    if found is not None and found.format == "Every Eval Ever results":
        noted = sum("is no number" in n or "'unknown'" in n for n in found.notes)
        assert len(found.scores) + noted == len(document["evaluation_results"])


@FUZZ
@given(data=st.data(), beside=st.booleans())
def test_every_eval_ever_instances_with_any_value_in_any_place(tmp_path, data, beside):
    table = instance_rows()[:3]
    mutated(data, table[2])
    if beside:
        put(tmp_path / "mutant.json", mutated(data, load(EEE)))
    else:
        (tmp_path / "mutant.json").unlink(missing_ok=True)
    found = accepted_or_refused(put(tmp_path / "mutant_samples.jsonl", table))
    if found is not None and found.format == "Every Eval Ever instances":
        assert found.records.drop_duplicates(["item", "epoch"]).shape[0] == 3
