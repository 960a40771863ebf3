"""Broken, huge and hostile files are refused by name, and any file at all is read or refused."""

from __future__ import annotations

import gzip
import io
import json
import math
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from results import BIGBENCH, LOG, NEW, OLD, PACKINGS, SAMPLES, answer, archive, choice
from written import writer

from mirage_utils import records as rec
from mirage_utils.records import EvalFileError, read, read_folder
from mirage_utils.records import files as file_limits
from mirage_utils.records.filling import fill


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "file.json")


def test_a_small_file_takes_little_memory_whatever_the_largest_may_be(write):
    path = write(OLD)
    read(path)  # what is loaded the first time
    tracemalloc.start()
    try:
        read(path)
        assert tracemalloc.get_traced_memory()[1] < 20e6 < file_limits.MAX_DOCUMENT
    finally:
        tracemalloc.stop()


# -- broken, huge, hostile ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\t\n", "the file is empty"),
        (b"\xff\xfe\x00a\x00b", "binary data|not a CSV|not UTF-8|a header and no rows"),
        (b"\x00\x01\x02", "binary data of no known format"),
        (b"{", r"line 1: not JSON"),
        (b'{"results": {}, "versions": {}', r"not JSON: .* at character"),
        (b"[1, 2", "not JSON"),
        (b"[]", "expected an object or an array of objects"),
        (b"[1]", r"line 1: expected an object"),
        (b'{"a": {"b": 1}}', r"JSON object of no known format, with the keys \['a'\]"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"results": {"t": {"acc": 1, "acc": 0}}, "versions": 0, "config": {}}', "field 'acc': this key appears twice"),
        (json.dumps({**OLD, "results": {}}), r"field 'results': no task has a score"),
        (json.dumps({**OLD, "results": {"t": 3}}), r"no task has a score \(t: expected an object"),
        (json.dumps({**OLD, "results": {"t": {"acc": [1]}}}), r"no task has a score \(t acc is \[1\]"),
        (json.dumps({**OLD, "results": {"t": {"acc": math.inf}}}), r"no task has a score \(t acc is inf"),
        ('{"results": {"t": {"acc": 1e999}}, "versions": {}, "config": {}}', "t acc is inf and no score"),
        ([choice(0, [-1.0], 1), {"doc_id": 1}], "line 2: not a sample"),
        ([choice(0, [-1.0, -2.0], 1), choice(0, [-1.0, -2.0], 1)], r"line 2, field 'doc_id': item 0 stands here a second time \(first in line 1\)"),
        (json.dumps(choice(0, [-1.0], 1)) + "\n" + json.dumps(choice(1, [-1.0], 1))[:40], "line 2: not JSON"),
        (json.dumps({**LOG, "eval": {"task": "t"}}), r"field 'eval.model'"),
        (json.dumps({**LOG, "samples": {"a": 1}}), r"field 'samples': expected a list"),
        (json.dumps({**BIGBENCH, "scores": [{"score_dict": 1}]}), r"field 'scores\[0\]'"),
        (json.dumps({**BIGBENCH, "scores": []}), "no score"),
        (b"PK\x03\x04 and nothing more", "a zip archive, but no log"),
        (archive({"header.json": LOG})[:-30], "a zip archive, but no log of Inspect, or a damaged one"),
        (archive({"a.txt": "x"}), "a zip archive, but no log"),
        (archive({"header.json": "[1]"}), r"field 'header.json': not the header"),
        (archive({"header.json": LOG, "samples/1.json": "{"}), r"field 'samples/1.json': not JSON"),
        (b"PAR1 but not really", "a damaged Parquet file"),
        (gzip.compress(json.dumps(OLD).encode())[:60], "cut short or damaged"),
        (b"\x1f\x8b but not gzip", "cut short or damaged"),
        ("task,metric,score\nt,acc,1\n", r"columns = .*expected a column 'params', or 'model'"),
        ("params,task,metric,score\n1e6,t,acc,y\n2e6,t,acc,x\n", r"score, line 2 = 'y'"),
        ('{"params": 1, "task": "t", "metric": "acc", "score": 1}\n\n{"params": "x", "task": "t", "metric": "acc", "score": 1}\n', r"params, line 1 = '1'"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_with_file_and_place(write, content, message):
    path = write(content)
    with pytest.raises(EvalFileError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < len(str(path)) + 500


def test_sizes_have_limits(write, monkeypatch):
    monkeypatch.setattr(file_limits, "MAX_DOCUMENT", 1000)
    with pytest.raises(EvalFileError, match="more than 1,000 bytes"):
        read(write(json.dumps(OLD, indent=1).encode() + b" " * 1000))
    table = pd.DataFrame({"params": range(1, 400), "task": "t", "metric": "acc", "score": 0.5})
    for content in (table.to_csv().encode(), gzip.compress(table.to_csv().encode())):
        with pytest.raises(EvalFileError, match="a table of more than 1,000 bytes"):
            read(write(content))
    packed = io.BytesIO()
    table.to_parquet(packed)
    with pytest.raises(EvalFileError, match="unpacks to more than 1,000 bytes"):
        read(write(packed.getvalue()))
    monkeypatch.setattr(file_limits, "MAX_LINE", 400)
    rows = [choice(0, [-1.0], 1), choice(1, [-1.0] * 100, 1)]
    with pytest.raises(EvalFileError, match="line 2: a line of more than 400 bytes"):
        read(write(rows))


@pytest.mark.parametrize("packing", PACKINGS[1:])
def test_an_archive_that_unpacks_to_much_more_is_not_unpacked(write, monkeypatch, packing):
    from mirage_utils.records.formats import inspect_log

    monkeypatch.setattr(inspect_log, "MAX_LINE", 10_000)
    with pytest.raises(EvalFileError, match=r"field 'header.json': unpacks to more than"):
        read(write(archive({"header.json": b" " * 1_000_000}, packing), "x.eval"))
    monkeypatch.setattr(inspect_log, "MAX_DOCUMENT", 50_000)
    with pytest.raises(EvalFileError, match="unpacks to more than 50,000 bytes"):
        read(
            write(archive({"header.json": LOG, "samples/1.json": b" " * 60_000}, packing), "x.eval")
        )


def test_paths_in_an_archive_lead_nowhere(write, tmp_path):
    before = set(tmp_path.rglob("*"))
    path = write(
        archive(
            {"header.json": LOG, "../../evil.json": "{}", "samples/../../evil.json": SAMPLES[0]}
        ),
        "x.eval",
    )
    found = read(path)
    assert len(found.records) == 1  # read in place like any other sample
    assert set(tmp_path.rglob("*")) - before == {path}


def test_a_pickle_is_refused_and_not_run(write, tmp_path):
    import pickle

    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    with pytest.raises(EvalFileError):
        read(write(pickle.dumps(Harm()), "results.json"))
    assert not (tmp_path / "harm").exists()


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(EvalFileError, match="there is no such file"):
        read(tmp_path / "nothing.json")
    with pytest.raises(EvalFileError, match="a folder, and no file"):
        read(tmp_path)


# -- anything at all ------------------------------------------------------------------------------


FUZZ = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)

SEEDS = [
    json.dumps(OLD), json.dumps(NEW), json.dumps({**LOG, "samples": SAMPLES}), json.dumps(BIGBENCH),
    "\n".join(json.dumps(choice(i, [-1.0, -2.0], 1)) for i in range(3)),
    "\n".join(json.dumps(answer(i, "x")) for i in range(3)),
    "params,task,metric,score,n\n1,t,acc,0.5,10\n2,t,acc,0.6,10\n",
]  # fmt: skip


def accepted_or_refused(path):
    """Every file is read, with no row lost in silence, or refused by name; nothing else."""
    (found,) = (x for x in read_folder(path.parent) if Path(x.path) == path)
    if isinstance(found, EvalFileError):
        assert str(found).startswith(str(path))
        return None
    assert tuple(found.scores.columns[:13]) == rec.SCORES
    assert np.isfinite(found.scores["score"].astype(float)).all()
    return found


@FUZZ
@given(content=st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    path = tmp_path / "any"
    path.write_bytes(content)
    accepted_or_refused(path)


@FUZZ
@given(seed=st.sampled_from(SEEDS), data=st.data())
def test_real_files_with_bytes_changed_inserted_and_cut(tmp_path, seed, data):
    content = bytearray(seed.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1)) if content else 0
        kind = data.draw(st.sampled_from(["change", "insert", "cut", "end"]))
        if kind == "change" and content:
            content[at] = data.draw(st.integers(0, 255))
        elif kind == "insert":
            content[at:at] = data.draw(st.binary(max_size=6))
        elif kind == "cut":
            del content[at : at + data.draw(st.integers(1, 30))]
        else:
            del content[at:]
    path = tmp_path / "mutant"
    path.write_bytes(bytes(content))
    accepted_or_refused(path)


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


@FUZZ
@given(seed=st.sampled_from([OLD, NEW, {**LOG, "samples": SAMPLES}, BIGBENCH]), data=st.data())
def test_real_documents_with_any_value_in_any_place(tmp_path, seed, data):
    document = json.loads(json.dumps(seed))
    *way, last = data.draw(st.sampled_from([p for p in places(document) if p]))
    inside = document
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(json_values)
    path = tmp_path / "mutant.json"
    path.write_text(json.dumps(document))
    accepted_or_refused(path)


@FUZZ
@given(row=st.sampled_from([choice(1, [-1.0, -2.0], 1), answer(1, "x")]), data=st.data())
def test_real_samples_with_any_value_in_any_place(tmp_path, row, data):
    mutant = json.loads(json.dumps(row))
    key = data.draw(st.sampled_from(sorted(mutant)))
    mutant[key] = data.draw(json_values)
    path = tmp_path / "mutant.jsonl"
    path.write_text(json.dumps(choice(0, [-1.0, -3.0], 0)) + "\n" + json.dumps(mutant) + "\n")
    found = accepted_or_refused(path)
    if found is not None:
        assert set(found.records["item"]) >= {"0"}
        assert found.records["item"].nunique() == 2


@FUZZ
@given(data=st.data())
def test_any_damage_to_an_archive(tmp_path, data):
    members = {"header.json": LOG, "samples/1_epoch_1.json": SAMPLES[0]}
    content = bytearray(archive(members, data.draw(st.sampled_from(PACKINGS))))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "mutant.eval"
    path.write_bytes(bytes(content))
    accepted_or_refused(path)


@FUZZ
@given(
    cells=st.lists(
        st.tuples(*[st.text(max_size=6) | st.integers().map(str) | st.floats().map(str)] * 4),
        max_size=4,
    )
)
def test_any_cells_in_a_table(tmp_path, cells):
    path = tmp_path / "table.csv"
    frame = pd.DataFrame(cells, columns=["params", "task", "metric", "score"])
    frame.to_csv(path, index=False)
    found = accepted_or_refused(path)
    if found is not None:
        assert found.notes or len(found.scores) == len(cells)


def test_a_size_column_is_filled_without_touching_what_is_there():
    frame = pd.DataFrame(
        {
            "family": ["", "X"],
            "model": ["gpt2", "gpt2"],
            "run": ["", ""],
            "params": [np.nan, 5.0],
            "train_flops": [np.nan, 1.0],
        }
    )
    assert fill(frame, rec.Options()) == []
    assert frame["params"].tolist() == [124e6, 5.0]
    assert frame["family"].tolist() == ["GPT-2", "X"]
