"""Results as archives of columns: what is read from them is what Parquet holds, to the last bit and type."""

import io

import numpy as np
import pandas as pd
import pytest

from mirage_utils import FieldError, models
from mirage_utils.models.kept import packed, unpacked
from mirage_utils.models.results import _DATA, ResultError, read, without_parquet


@pytest.mark.parametrize("name", models.bundles())
def test_every_bundle_is_the_same_without_parquet(name, tmp_path):
    ours = models.bundled(name)
    for path, content in without_parquet(_DATA / f"{name}.json").items():
        (tmp_path / path).write_bytes(content)
    theirs = read(tmp_path / f"{name}.json")
    for part in ("frame", "history", "pictures"):
        a, b = getattr(ours, part), getattr(theirs, part)
        pd.testing.assert_frame_equal(a, b)
        for column in a:
            if a[column].dtype.kind == "f":  # also the sign of a zero, and which nan
                assert a[column].to_numpy().tobytes() == b[column].to_numpy().tobytes()
    assert not list(tmp_path.glob("*.parquet"))


def test_a_table_makes_the_same_bytes_and_a_damaged_one_says_so(tmp_path):
    frame = pd.DataFrame(
        {"a b": np.array([1.5, np.nan, -0.0], np.float16), "right": [True, False, True],
         "said": pd.Categorical(["ß", "", "ß"], categories=["ß", "", "漢"]), "none": pd.Categorical([None, "x", None])}
    )  # fmt: skip
    content = packed(frame)
    assert packed(frame.copy()) == content
    pd.testing.assert_frame_equal(unpacked(content), frame)
    pd.testing.assert_frame_equal(unpacked(packed(frame[:0])), frame[:0])
    assert list(np.load(io.BytesIO(content))["columns"]) == list(frame.columns)
    for path, made in without_parquet(_DATA / "parities_1.json").items():
        (tmp_path / path).write_bytes(made if path.endswith(".json") else made[:-100])
    with pytest.raises(ResultError, match="checksum"):
        read(tmp_path / "parities_1.json")
    with pytest.raises(ValueError, match="no archive"):
        unpacked(b"PK nothing")
    with pytest.raises(FieldError, match="numbers, truth values, or categories"):
        packed(pd.DataFrame({"text": ["a"]}))
