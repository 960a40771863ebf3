"""Images: what comes with the library and with scikit-learn, what is fetched, and everything that can be wrong with it."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile

import numpy as np
import pytest
from browser import served
from conftest import needs_images
from PIL import Image

from mirage_utils import FieldError
from mirage_utils.errors import UnknownNameError
from mirage_utils.models import scores
from mirage_utils.models.vision import data, digits, files
from mirage_utils.models.vision.data import DataFileError, PublicFile


def pinned(monkeypatch, name, content, address="http://127.0.0.1:9/"):
    """Let `content` be what the file of this name is expected to hold."""
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(files.FILES, name, PublicFile(name, address + name, sha256))


def idx(array):
    head = np.array([2048 + array.ndim, *array.shape], ">i4").tobytes()
    return gzip.compress(head + array.astype(np.uint8).tobytes())


def mnist_files(monkeypatch, folder, n=12, **pins):
    rng = np.random.default_rng(0)
    made = {}
    for part in ("train", "t10k"):
        images, labels = rng.integers(256, size=(n, 28, 28)), rng.integers(10, size=n)
        made[part] = (images, labels)
        for kind, array, d in (("images", images, 3), ("labels", labels, 1)):
            name, content = f"{part}-{kind}-idx{d}-ubyte.gz", idx(array)
            (folder / name).write_bytes(content)
            pinned(monkeypatch, name, content, **pins)
    return made


# -- offline ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shape", "sizes"),
    [("digits", (8, 8, 1), (1400, 397)), ("photographs", (16, 16, 3), (1560, 520))],
)
def test_what_needs_no_download(name, shape, sizes, monkeypatch, tmp_path):
    monkeypatch.setenv("MIRAGE_DATA", str(tmp_path))
    images = data.load(name)
    assert images.shape == shape
    assert (len(images.train), len(images.test)) == sizes
    assert images.train.dtype == np.float32
    assert images.train.min() >= 0
    assert images.train.max() == 1
    assert set(images.train_labels) == set(range(len(images.classes)))
    assert images.digest() == data.load(name).digest()
    assert not list(tmp_path.iterdir())


def test_digits_are_scikit_learns_each_once():
    from sklearn.datasets import load_digits

    ours, theirs = digits.load_digits(), load_digits()
    for name in ("data", "target"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    images = data.load("digits")
    there = sorted(x.tobytes() for x in (theirs.images / 16).astype(np.float32))
    here = sorted(x.tobytes() for part in (images.train, images.test) for x in part)
    assert here == there


def test_a_part_of_a_set_keeps_images_and_labels_together():
    images = data.load("digits")
    part = images.only(50, 20, seed=3)
    label = {x.tobytes(): y for x, y in zip(images.train, images.train_labels, strict=True)}
    assert len(part.train) == 50
    assert len(part.test) == 20
    assert [label[x.tobytes()] for x in part.train] == part.train_labels.tolist()
    assert part.digest() != images.digest()
    assert images.only(50, 20, seed=4).digest() != part.digest()
    for wrong in (0, 1401):
        with pytest.raises(FieldError, match="train"):
            images.only(wrong)


def test_unknown_names_are_refused():
    with pytest.raises(UnknownNameError, match="cifar100"):
        data.load("svhn")


# -- files and downloads ---------------------------------------------------------------------------


def test_without_a_file_nothing_is_fetched_and_the_way_is_told(tmp_path):
    with pytest.raises(DataFileError, match=r"no such file; fetch it from https://.*--download"):
        data.load("mnist", folder=tmp_path)
    with pytest.raises(DataFileError, match="no public address"):
        data.load("cifar10-subset", folder=tmp_path, download=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["half", "changed", "empty"])
def test_a_file_with_another_checksum_is_never_opened(damage, monkeypatch, tmp_path):
    mnist_files(monkeypatch, tmp_path)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = path.read_bytes()
    wrong = {"half": content[: len(content) // 2], "changed": content[:-1] + b"x", "empty": b""}
    path.write_bytes(wrong[damage])
    with pytest.raises(DataFileError, match=r"t10k-images-idx3-ubyte.gz: the checksum is"):
        data.load("mnist-test", folder=tmp_path)


def test_without_a_network_nothing_is_left_behind(monkeypatch, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    mnist_files(monkeypatch, source)  # the address is a port on which nobody answers
    target = tmp_path / "target"
    with pytest.raises(DataFileError, match="could not be fetched"):
        data.load("mnist", folder=target, download=True, progress=False)
    assert not target.exists() or not list(target.iterdir())


def test_what_is_fetched_is_checked_kept_and_not_fetched_again(monkeypatch, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    with served(source) as address:
        made = mnist_files(monkeypatch, source, address=f"{address}/")
        first = data.load("mnist", folder=target, download=True, progress=False)
    # the server is gone
    again = data.load("mnist", folder=target, download=True, progress=False)
    assert first.digest() == again.digest()
    np.testing.assert_allclose(first.test[..., 0] * 255, made["t10k"][0], atol=1e-4)
    assert first.train_labels.tolist() == made["train"][1].tolist()


@pytest.mark.parametrize("fault", ["other", "half", "missing"])
def test_a_wrong_download_is_refused_and_nothing_is_left(fault, monkeypatch, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    with served(source) as address:
        mnist_files(monkeypatch, source, address=f"{address}/")
        path = source / "train-images-idx3-ubyte.gz"
        content = path.read_bytes()
        if fault == "missing":
            path.unlink()
        else:
            path.write_bytes(b"<html>sorry</html>" if fault == "other" else content[:100])
        with pytest.raises(DataFileError, match="train-images"):
            data.load("mnist", folder=target, download=True, progress=False)
    assert not list(target.glob("*train-images*"))


@pytest.mark.parametrize(
    "content",
    [b"", b"no gzip", gzip.compress(b"\0\0\10\3"), gzip.compress(b"\0" * 2000), idx(np.zeros(5))],
    ids=["empty", "no gzip", "head only", "zeros", "other dimensions"],
)
def test_a_file_that_is_no_array_is_named(content, monkeypatch, tmp_path):
    mnist_files(monkeypatch, tmp_path)
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    pinned(monkeypatch, "t10k-images-idx3-ubyte.gz", content)
    with pytest.raises(DataFileError, match="t10k-images"):
        data.load("mnist-test", folder=tmp_path)


# -- formats ---------------------------------------------------------------------------------------


def cifar_archive(which, n=6, extra=()):
    rng = np.random.default_rng(which)
    head = 1 if which == 10 else 2
    parts = (
        [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
        if which == 10
        else ["train.bin", "test.bin"]
    )
    tables = {name: rng.integers(10, size=(n, head + 3072), dtype=np.uint8) for name in parts}
    names = "batches.meta.txt" if which == 10 else "fine_label_names.txt"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        files = [(f"cifar/{k}", v.tobytes()) for k, v in tables.items()]
        files += [
            (f"cifar/{names}", b"\n".join(b"class%d" % i for i in range(which)) + b"\n\n"),
            *extra,
        ]
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue(), tables


@pytest.mark.parametrize("which", [10, 100])
def test_cifar_in_its_binary_form(which, monkeypatch, tmp_path):
    content, tables = cifar_archive(which, extra=[("../../escaped", b"x")])
    name = f"cifar-{which}-binary.tar.gz"
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / name).write_bytes(content)
    pinned(monkeypatch, name, content)
    images = data.load(f"cifar{which}", folder=inner)
    assert not (tmp_path / "escaped").exists()
    assert list(inner.iterdir()) == [inner / name]
    assert len(images.classes) == which
    head = 1 if which == 10 else 2
    train = np.concatenate([t for k, t in tables.items() if "test" not in k])
    assert images.train_labels.tolist() == train[:, head - 1].tolist()
    # red, green, blue planes, each row by row
    third = train[2]
    assert images.train[2, 4, 7, 1] == pytest.approx(third[head + 1024 + 4 * 32 + 7] / 255)
    assert images.shape == (32, 32, 3)


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_cifar_archive_is_named(damage, monkeypatch, tmp_path):
    content, _ = cifar_archive(10)
    content = content[: len(content) // 2] if damage == "cut" else gzip.compress(b"nothing")
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(content)
    pinned(monkeypatch, "cifar-10-binary.tar.gz", content)
    with pytest.raises(DataFileError, match=r"cifar-10-binary\.tar\.gz"):
        data.load("cifar10", folder=tmp_path)


def omniglot_archive(characters):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for alphabet, character in characters:
            for writer in range(1, 21):
                picture = Image.new("1", (105, 105), 1)
                picture.paste(0, (writer, 0, writer + 50, 50))
                drawn = io.BytesIO()
                picture.save(drawn, "PNG")
                path = f"images/{alphabet}/character{character}/{character:04d}_{writer:02d}.png"
                archive.writestr(path, drawn.getvalue())
    return buffer.getvalue()


def test_omniglot_merges_its_small_sets_and_keeps_writers_apart(monkeypatch, tmp_path):
    first = omniglot_archive([("Greek", 7), ("Latin", 3)])
    second = omniglot_archive([("Greek", 7), ("Sanskrit", 9)])
    for i, content in ((1, first), (2, second)):
        name = f"images_background_small{i}.zip"
        (tmp_path / f"omniglot_{name}").write_bytes(content)
        pinned(monkeypatch, name, content)
    images = data.load("omniglot-small", folder=tmp_path)
    assert images.classes == ("Latin 0003", "Greek 0007", "Sanskrit 0009")
    assert images.train.shape == (45, 28, 28, 1)
    assert images.test.shape == (15, 28, 28, 1)
    assert np.bincount(images.train_labels).tolist() == [15, 15, 15]
    # 3 alphabets, each with its own writers; those of the test drew nothing for training
    assert len(set(images.test_writers)) == 15
    assert not set(images.test_writers) & set(images.train_writers)
    # ink is 1, and shrinking keeps how much of it there is
    assert images.test.mean() == pytest.approx(50 * 50 / 105**2, rel=0.02)


def test_a_damaged_omniglot_archive_is_named(monkeypatch, tmp_path):
    content = omniglot_archive([("Greek", 7)])[:-40]
    (tmp_path / "images_background.zip").write_bytes(content)
    pinned(monkeypatch, "images_background.zip", content)
    with pytest.raises(DataFileError, match=r"images_background.zip: damaged"):
        data.load("omniglot", folder=tmp_path)


def test_shrinking_takes_means():
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    small = data.shrink(pixels, 4)
    assert np.abs(small[0] - pixels[0].reshape(4, 2, 4, 2).mean(axis=(1, 3))).max() <= 0.5
    with pytest.raises(FieldError, match="side"):
        data.shrink(pixels, 9)


# -- the real sets ---------------------------------------------------------------------------------


@needs_images
def test_the_real_sets_are_read():
    mnist = data.load("mnist-test")
    assert mnist.train.shape == (8000, 28, 28, 1)
    both = np.concatenate([mnist.train_labels, mnist.test_labels])
    # the numbers of each digit in MNIST's test split, as published
    assert np.bincount(both).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    letters = data.load("omniglot-small")
    assert len(letters.classes) == 242
    assert np.unique(np.bincount(letters.train_labels)).tolist() == [15]
    assert np.unique(np.bincount(letters.test_labels)).tolist() == [5]
    cifar = data.load("cifar10-subset")
    assert cifar.train.shape == (10_000, 32, 32, 3)
    assert cifar.classes[0] == "airplane"
    assert 0.4 < cifar.train.mean() < 0.55


# -- scores ----------------------------------------------------------------------------------------


def test_the_share_below_is_a_count():
    rng = np.random.default_rng(0)
    errors = rng.exponential(size=(3, 2, 50))
    errors[0, 0, :5] = 0.5  # ties with a threshold: not below it
    limits = np.array([0.1, 0.5, 2.0])
    by_hand = np.stack([(errors < c).mean(axis=-1) for c in limits], axis=-1)
    assert np.array_equal(scores.share_below(errors, limits), by_hand)
    assert np.array_equal(scores.share_below(errors, 0.5), by_hand[..., 1])
    for bad, c in (([-1.0], 1), ([np.nan], 1), ([1.0], 0), ([], 1)):
        with pytest.raises(FieldError):
            scores.share_below(bad, c)


@pytest.mark.parametrize(("slope", "spread"), [(0.4, 0.5), (1.5, 0.3), (0.7, 2.0)])
def test_the_formula_for_the_rise_against_drawn_errors(slope, spread):
    rng = np.random.default_rng(1)
    z = spread * rng.standard_normal(200_000)
    b = np.geomspace(1e-6, 1e6, 4_001)
    for c in (0.01, 3.0):
        cut = np.log(c) + slope * np.log(b)  # ln error = -slope ln b + z < ln c
        share = np.searchsorted(np.sort(z), cut) / len(z)
        ends = [np.log10(b[np.argmax(share >= q)]) for q in (0.1, 0.9)]
        made = scores.LogNormalErrors(slope, spread).decades
        assert ends[1] - ends[0] == pytest.approx(made, rel=0.02, abs=0.01)


def test_groups_share_no_item_and_keep_to_their_kind():
    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=103)
    groups = scores.group(103, 5, rng, labels)
    assert len(np.unique(groups)) == groups.size
    assert all(len(set(labels[g])) == 1 for g in groups)
    assert len(scores.group(103, 5, rng)) == 20
    with pytest.raises(FieldError, match="size"):
        scores.group(4, 5, rng)
    with pytest.raises(FieldError, match="size"):
        scores.group(4, 2, rng, [0, 1, 2, 3])


def test_all_right_counts_groups():
    right = np.array([[1, 1], [1, 0], [0, 0], [1, 1]], bool)
    share, low, high, n = scores.all_right(right)
    assert (share, n) == (0.5, 4)
    assert 0.06 < low < 0.07
    assert 0.93 < high < 0.94


def test_errors_are_arranged_and_gaps_are_refused():
    import pandas as pd

    rows = pd.DataFrame(
        [(b, s, i, b * 100 + s * 10 + i) for b in (4, 1) for s in (0, 1) for i in range(3)],
        columns=["size", "seed", "image", "error"],
    )
    sizes, errors = scores.errors_by_size(rows)
    assert sizes.tolist() == [1, 4]
    assert errors.shape == (2, 2, 3)
    assert errors[1, 0, 2] == 402
    assert scores.errors_by_size(rows, seed=1)[1].shape == (2, 1, 3)
    with pytest.raises(FieldError, match="every image"):
        scores.errors_by_size(rows.iloc[:-1])
