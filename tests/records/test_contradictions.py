"""Options that contradict themselves or the file, and columns that contradict one another."""

from __future__ import annotations

import pytest
from written import writer

from mirage_utils.errors import FieldError
from mirage_utils.records import Options


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path, "r.csv")


def test_a_column_is_wide_once():
    with pytest.raises(FieldError, match=r"wide = \['quiz'\]: expected each column once"):
        Options(wide=["quiz", "maths", "quiz"])
