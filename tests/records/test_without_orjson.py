"""What is read from JSON without orjson is what is read with it, and what is wrong is said in the same words."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mirage_utils import records
from mirage_utils.records import files

FILES = Path(__file__).parent.parent / "files"
PLACE = Path("results.json")

_TEXTS = st.text(alphabet=st.characters(codec="utf-8"))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def read_by_each(text, monkeypatch):
    """What `parse` gives, or says, with the package and without."""
    assert files.orjson is not None
    said = []
    for package in (files.orjson, None):
        with monkeypatch.context() as patched:
            patched.setattr(files, "orjson", package)
            try:
                said.append(repr(files.parse(PLACE, text)))  # tells 1 from 1.0, and nan is nan
            except records.EvalFileError as error:
                said.append(f"{error}")
    return said


@pytest.mark.parametrize(
    "text",
    [
        b"", b" ", b"nul", b"{", b"[1,]", b'{"a":1,}', b"[1] 2", b"01", b"+1", b".5", b"1.", b"'a'", b"\xef\xbb\xbf[1]",
        b"-0", b"-0.0", b"1e999", b"-1e999", b"1e-999", b"0.1", b"9007199254740993", b"18446744073709551615", b"18446744073709551616",
        b"-9223372036854775808", b"-9223372036854775809", b"9" * 308, b"9" * 309, b"9" * 5_000, b"123456789012345678901234567890",
        b"NaN", b"[Infinity, -Infinity]", b'{"a": 1, "a": 2}', b'"\\ud83d\\ude00"', b'"\\ud800"', b'{"\\udc00": "\\ud800x"}',
        b'"\xff"', b'"\xed\xa0\x80"', b'"a\nb"', b'"\\x"', b'"\\u12"', b"\x00", b"[" * 900 + b"]" * 900, b"[" * 90_000,
    ],
)  # fmt: skip
def test_what_is_odd_reads_the_same(text, monkeypatch):
    with_it, without = read_by_each(text, monkeypatch)
    assert with_it == without


@given(value=_VALUES, ascii_only=st.booleans(), cut=st.integers(0, 400))
def test_any_document_reads_the_same(value, ascii_only, cut):
    text = files.json.dumps(value, ensure_ascii=ascii_only).encode()
    with pytest.MonkeyPatch.context() as monkeypatch:
        for content in (text, text[:cut]):
            with_it, without = read_by_each(content, monkeypatch)
            assert with_it == without


@pytest.mark.parametrize("folder", ["lm_eval_0.4.13", "fuzz"])
def test_gathering(folder, monkeypatch):
    with_it = records.gather(FILES / folder)
    monkeypatch.setattr(files, "orjson", None)
    without = records.gather(FILES / folder)
    pd.testing.assert_frame_equal(with_it.scores, without.scores)
    for name in ("files", "records", "refused", "notes", "unknown_models"):
        assert getattr(with_it, name) == getattr(without, name), name
