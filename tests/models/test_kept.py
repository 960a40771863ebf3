"""Results as archives of columns: what is read from them is what Parquet holds, to the last bit and type."""

import io

import numpy as np
import pandas as pd
import pytest

from mirage_utils import FieldError, models
from mirage_utils.models.kept import packed, unpacked


@pytest.mark.parametrize("name", models.bundles())
def test_a_bundle_survives_parquet_and_the_way_back(name):
    run = models.bundled(name)
    parts = {"results": run.frame, "history": run.history, "pictures": run.pictures}
    for part in parts.keys() & run.manifest.keys():
        rows = parts[part]
        assert list(rows.columns) == run.manifest[part]["columns"]
        assert len(rows) == run.manifest[part]["rows"]
        there = io.BytesIO()
        rows.to_parquet(there, index=False)
        for back in (pd.read_parquet(there), unpacked(packed(rows))):
            pd.testing.assert_frame_equal(back, rows)
            for column in rows:
                if rows[column].dtype.kind == "f":  # also the sign of a zero, and which nan
                    assert back[column].to_numpy().tobytes() == rows[column].to_numpy().tobytes()


def test_a_table_makes_the_same_bytes_and_a_damaged_one_says_so():
    frame = pd.DataFrame(
        {"a b": np.array([1.5, np.nan, -0.0], np.float16), "right": [True, False, True],
         "said": pd.Categorical(["ß", "", "ß"], categories=["ß", "", "漢"]), "none": pd.Categorical([None, "x", None])}
    )  # fmt: skip
    content = packed(frame)
    assert packed(frame.copy()) == content
    pd.testing.assert_frame_equal(unpacked(content), frame)
    pd.testing.assert_frame_equal(unpacked(packed(frame[:0])), frame[:0])
    assert list(np.load(io.BytesIO(content))["columns"]) == list(frame.columns)
    with pytest.raises(ValueError, match="no archive"):
        unpacked(b"PK nothing")
    with pytest.raises(FieldError, match="numbers, truth values, or categories"):
        packed(pd.DataFrame({"text": ["a"]}))
