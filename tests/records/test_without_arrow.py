"""What is gathered from files without pyarrow is what is gathered with it."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mirage_utils import records
from mirage_utils.ground import optional
from mirage_utils.metrics import strings
from mirage_utils.metrics.columnar import Texts, as_arrow, bytes_of, is_blank
from mirage_utils.metrics.strings import Strings, arrow, coded, present, taken
from mirage_utils.records.columns import Gatherer
from mirage_utils.records.formats import plain_batches
from mirage_utils.records.grading import Lists

FILES = Path(__file__).parent.parent / "files"


@pytest.fixture
def no_arrow(monkeypatch):
    """Hides the package from the library, and not from pandas, which would look for it in the middle of its work."""

    def missing(name):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return importlib.import_module(name)

    def hide():
        for module in (strings, optional):
            monkeypatch.setattr(module, "importlib", SimpleNamespace(import_module=missing))
        for name, module in (("pq", "pyarrow.parquet"), ("pa", "pyarrow")):
            monkeypatch.setattr(plain_batches, name, optional.on_use(module, "reading Parquet"))
        arrow.cache_clear()

    yield hide
    monkeypatch.undo()
    arrow.cache_clear()


def folders():
    return [FILES / "lm_eval_0.4.13", *sorted(p for p in (FILES / "fuzz").iterdir() if p.name not in ("parquet", "lighteval"))]  # fmt: skip


@pytest.mark.parametrize("folder", folders(), ids=lambda p: p.name)
def test_gathering(folder, no_arrow):
    with_it = records.gather(folder)
    no_arrow()
    without = records.gather(folder)
    pd.testing.assert_frame_equal(with_it.scores, without.scores)
    pd.testing.assert_frame_equal(with_it.lengths, without.lengths)
    for name in ("files", "records", "refused", "notes", "unknown_models"):
        assert getattr(with_it, name) == getattr(without, name), name


def test_columns_of_texts(no_arrow):
    texts = ["", "a", None, "ß漢", " \u2003", "a", "\ud800x", None, "long " * 20]
    at = np.array([3, 3, 0, 8, 2, 6])
    ours, theirs = Strings.of(texts), as_arrow(texts)
    for a, b in ((ours, theirs), (taken(ours, at), taken(theirs, at)), (ours.slice(2, 5), theirs.slice(2, 5))):  # fmt: skip
        for one, other in zip(bytes_of(a), bytes_of(b), strict=True):
            assert one.tolist() == other.tolist()
        assert present(a).tolist() == present(b).tolist()
        assert a.null_count == b.null_count
        assert len(a) == len(b)
        assert is_blank(a).tolist() == is_blank(b).tolist()
        assert Texts.of(a).stripped().strings(np.arange(len(a))) == Texts.of(b).stripped().strings(np.arange(len(b)))  # fmt: skip
    plain = [t for t in texts if t != "\ud800x"]
    for one, other in zip(coded(Strings.of(plain)), coded(as_arrow(plain)), strict=True):
        assert list(one) == list(other)
    gone = np.array([True, False, False, True, False, False])
    assert present(taken(ours, at, gone)).tolist() == present(taken(theirs, at, gone)).tolist()
    assert ours.to_pylist() == texts


def test_lists_of_numbers(no_arrow):
    column = pd.Series([[1, 2.5], None, [], np.array([3.0]), ["x", 1], [None, 2]], dtype=object)
    with_it = Lists.of(column)
    no_arrow()
    without = Lists.of(column)
    for name in ("values", "starts", "sizes"):
        np.testing.assert_array_equal(getattr(with_it, name), getattr(without, name))


def test_rows_that_wait(no_arrow):
    def gathered():
        waiting = Gatherer()
        waiting.add("a", "1", None, [0.5, 1.0], {"acc": 1.0}, line=1)
        waiting.add("b", None, "2", [0.25, 2.0], {"em": float("nan")}, line=2, setting="s")
        waiting.add("a", "1", "1", None, {}, line=3, cluster="c")
        again = waiting.repeated()
        return again, waiting.table(model="m", shots=5)

    again, table = gathered()
    no_arrow()
    plainly, plain = gathered()
    assert again == plainly == ("a", 1, 3)
    assert list(table.columns) == list(plain.columns)
    for name in table:
        one, other = ([None if v is None or v is pd.NA else v if isinstance(v, str) else np.asarray(v, float).tolist() for v in frame[name].tolist()] for frame in (table, plain))  # fmt: skip
        assert str(one) == str(other), name


def test_a_parquet_file_is_refused_with_a_reason(no_arrow, tmp_path):
    pd.DataFrame({"model": ["m"], "task": ["t"], "score": [0.5]}).to_parquet(tmp_path / "t.parquet")
    no_arrow()
    with pytest.raises(records.EvalFileError, match="reading Parquet needs the package pyarrow"):
        records.gather(tmp_path)
