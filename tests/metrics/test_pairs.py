"""Edit distances without rapidfuzz are those with it, and whoever lacks the package is not told so by a crash."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from mirage_utils.metrics.batch import edit_distances
from mirage_utils.metrics.pairs import pair_distances, plain_distance

texts = st.text("abcß漢 ", max_size=90)
tokens = st.lists(st.integers(0, 4) | st.sampled_from(["a", "word"]), max_size=90)


@given(st.tuples(texts, texts) | st.tuples(tokens, tokens))
def test_a_distance_in_whole_numbers_is_that_of_rapidfuzz(pair):
    assert plain_distance(*pair) == Levenshtein.distance(*pair)


def test_many_pairs_without_the_package_are_those_with_it(monkeypatch):
    rng = np.random.default_rng(0)
    long = rng.integers(0, 6, (2, 40, 70))
    words = [["".join(map(chr, 97 + row[:k])) for row, k in zip(side, rng.integers(0, 60, 40), strict=True)] for side in long]  # fmt: skip
    with_it = edit_distances(*long), pair_distances(*words)
    for name in ("rapidfuzz", "rapidfuzz.distance", "rapidfuzz.process"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError):
        import rapidfuzz  # noqa: F401
    without = edit_distances(*long), pair_distances(*words)
    for a, b in zip(with_it, without, strict=True):
        assert a.dtype == b.dtype == np.int64
        assert a.tolist() == b.tolist()
