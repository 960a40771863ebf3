"""Pictures kept beside a run: they are what its networks return."""

from __future__ import annotations

import numpy as np
import pytest
from small_vision import small

from mirage_utils import FieldError, models
from mirage_utils.models import runs
from mirage_utils.models.results import ResultError, read
from mirage_utils.models.vision import data, pictures


def test_the_bundled_pictures_have_the_bundled_errors():
    found = models.bundled("autoencoders_digits")
    images = data.load("digits")
    first = pictures.first_of_each_class(images)
    assert images.test_labels[first].tolist() == list(range(10))
    seed = found.manifest["pictures"]["seed"]
    for size in found.manifest["config"]["sizes"]:
        back = pictures.as_images(found.pictures, size, images.shape[0])
        error = ((back - images.test[first, :, :, 0]) ** 2).mean(axis=(1, 2))
        rows = found.frame[(found.frame["size"] == size) & (found.frame["seed"] == seed)]
        np.testing.assert_allclose(error, rows.set_index("image")["error"].loc[first], rtol=1e-4)


def test_pictures_of_a_run_are_kept_beside_it_and_guarded(tmp_path):
    digits = data.load("digits").only(200, 60)
    runs.run(small(), digits, tmp_path, profile="quick", progress=False)
    assert read(tmp_path / "manifest.json").pictures.empty
    made = pictures.reconstructed(small(), digits, [3, 5], seed=4)
    kept = pictures.keep(tmp_path / "manifest.json", made, seed=4)
    assert kept.pictures.equals(made)
    back = pictures.as_images(kept.pictures, 3, 8)
    rows = kept.frame[(kept.frame["size"] == 3) & (kept.frame["seed"] == 4)].set_index("image")
    error = ((back - digits.test[[3, 5], :, :, 0]) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(error, rows["error"].loc[[3, 5]], rtol=1e-3)
    with pytest.raises(FieldError, match="seed"):
        pictures.keep(tmp_path / "manifest.json", made, seed=9)
    path = tmp_path / "manifest.pictures.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(ResultError, match="checksum"):
        read(tmp_path / "manifest.json")
