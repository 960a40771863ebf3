"""Images to train on: digits that come with the library, photographs that come with scikit-learn, and the public sets on request.

================= =================================================== ==========================
name              what                                                where it comes from
================= =================================================== ==========================
digits            1,797 handwritten digits, 8 x 8, grey               here (`digits`), offline
photographs       patches of two photographs, 16 x 16, colour         scikit-learn, offline
mnist             70,000 handwritten digits, 28 x 28, grey            fetched on request
mnist-test        its 10,000 test digits, divided 8,000 to 2,000      fetched on request
cifar10           60,000 photographs of ten things, 32 x 32, colour   fetched on request
cifar100          60,000 photographs of a hundred things              fetched on request
cifar10-subset    12,000 of CIFAR-10, as ``cifar10_subset.npz``       a folder that has the file
omniglot          964 characters of 30 alphabets, twenty writers      fetched on request
omniglot-small    242 characters of 8 alphabets, twenty writers        fetched on request
================= =================================================== ==========================

Nothing is fetched unless asked for. A file is looked for in the folder that the caller or the
environment variable ``MIRAGE_DATA`` names, then in the cache of earlier downloads, and its checksum
is compared before it is opened.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnknownNameError, require
from .digits import load_digits
from .files import FILES, SUBSET, DataFileError, PublicFile, cache, found_or_fetched

__all__ = ["DATASETS", "DataFileError", "Images", "PublicFile", "cache", "load", "shrink"]


@dataclass(frozen=True)
class Images:
    """A set of images, divided into training and test images.

    Parameters
    ----------
    name : str
        As in the table above.
    train, test : ndarray of float32, shape (n, height, width, channels)
        Pixels in [0, 1].
    train_labels, test_labels : ndarray of int64, shape (n,)
        Class of each image; for photographs, which of the two.
    classes : tuple of str
    train_writers, test_writers : ndarray of int64, shape (n,), optional
        Who drew each image, where the set says so. Writers of two alphabets are told apart.
    source : str
        Where the images come from, for captions.
    """

    name: str
    train: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    classes: tuple[str, ...]
    source: str
    train_writers: NDArray[np.int64] | None = None
    test_writers: NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.train.shape[1:]

    def digest(self) -> str:
        """SHA-256 of all pixels and labels: which images a run was made with."""
        total = hashlib.sha256()
        for array in (self.train, self.train_labels, self.test, self.test_labels):
            total.update(repr((array.shape, array.dtype.str)).encode())
            total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What a manifest records."""
        return {
            "name": self.name,
            "source": self.source,
            "train": len(self.train),
            "test": len(self.test),
            "sha256": self.digest(),
        }

    def only(self, train: int | None = None, test: int | None = None, seed: int = 0) -> Images:
        """A random part of the set.

        Parameters
        ----------
        train, test : int, optional
            Images to keep; None keeps all.
        seed : int

        Raises
        ------
        FieldError
            If more are asked for than there are, or fewer than one.
        """
        rng = np.random.default_rng(seed)
        fields = {}
        for part, wanted in (("train", train), ("test", test)):
            images = getattr(self, part)
            size = len(images) if wanted is None else wanted
            require(1 <= size <= len(images), part, wanted, f"1 to {len(images)} images")
            keep = np.sort(rng.permutation(len(images))[:size])
            writers = getattr(self, f"{part}_writers")
            fields[part] = images[keep]
            fields[f"{part}_labels"] = getattr(self, f"{part}_labels")[keep]
            fields[f"{part}_writers"] = None if writers is None else writers[keep]
        return Images(self.name, classes=self.classes, source=self.source, **fields)


def load(
    name: str,
    *,
    folder: str | os.PathLike[str] | None = None,
    download: bool = False,
    progress: bool = True,
) -> Images:
    """A set of images by name.

    Parameters
    ----------
    name : str
        One of `DATASETS`.
    folder : path, optional
        Where the files lie or are to lie; `cache()` if None.
    download : bool
        Fetch what is missing. Without it nothing leaves this machine.
    progress : bool
        Show a bar for each file fetched.

    Raises
    ------
    UnknownNameError
        If no set has the name.
    DataFileError
        If a file is missing, differs from its pinned checksum, or cannot be fetched. A download is
        moved into place only when it is whole and its checksum is right.
    """
    try:
        read = DATASETS[name]
    except KeyError:
        raise UnknownNameError("name", name, "one of " + ", ".join(DATASETS)) from None

    def file(wanted: PublicFile) -> Path:  # not asked by sets that a package brings
        place = Path(folder) if folder is not None else cache()
        return found_or_fetched(wanted, place, download=download, progress=progress)

    return read(file)


def _unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.astype(np.float32) / np.float32(255)


def _divided(n: int, train: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.random.default_rng(seed).permutation(n)
    return order[:train], order[train:]


_File = Callable[[PublicFile], Path]


def _digits(file: _File) -> Images:
    found = load_digits()
    pixels = (found.data / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    labels = found.target
    train, test = _divided(len(pixels), 1_400)
    return Images(
        "digits", pixels[train], labels[train], pixels[test], labels[test],
        tuple("0123456789"), "Digits of the UCI repository (Alpaydin and Kaynak 1998)",
    )  # fmt: skip


def _photographs(file: _File, side: int = 16) -> Images:
    from sklearn.datasets import load_sample_images

    parts: dict[str, list[NDArray]] = {"train": [], "test": []}
    labels: dict[str, list[int]] = {"train": [], "test": []}
    found = load_sample_images()
    for which, picture in enumerate(found.images):
        height, width, _ = picture.shape
        # The right quarter is kept apart: no patch overlaps those of training.
        edge = width * 3 // 4
        for part, low, high in (("train", 0, edge), ("test", edge, width)):
            for top in range(0, height - side + 1, side):
                for left in range(low, high - side + 1, side):
                    parts[part].append(picture[top : top + side, left : left + side])
                    labels[part].append(which)
    return Images(
        "photographs",
        _unit(np.array(parts["train"])), np.array(labels["train"]),
        _unit(np.array(parts["test"])), np.array(labels["test"]),
        ("china", "flower"), "Two photographs in scikit-learn, in patches of 16 by 16",
    )  # fmt: skip


def _idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """An array of MNIST's own format: a head of big-endian sizes, then bytes."""
    try:
        with gzip.open(path) as stream:
            content = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{path}: damaged ({error})") from None
    head = 4 * (dimensions + 1)
    sizes = np.frombuffer(content[:head].ljust(head, b"\0"), ">i4")
    if sizes[0] != 2048 + dimensions or len(content) != head + np.prod(sizes[1:], dtype=np.int64):
        raise DataFileError(f"{path}: not an array of {dimensions} dimensions of bytes")
    return np.frombuffer(content[head:], np.uint8).reshape(sizes[1:])


def _mnist_part(file: _File, part: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    pixels = _idx(file(FILES[f"{part}-images-idx3-ubyte.gz"]), 3)
    labels = _idx(file(FILES[f"{part}-labels-idx1-ubyte.gz"]), 1)
    return _unit(pixels)[..., None], labels.astype(np.int64)


def _mnist(file: _File) -> Images:
    train, test = _mnist_part(file, "train"), _mnist_part(file, "t10k")
    return Images("mnist", *train, *test, tuple("0123456789"), "MNIST (LeCun, Cortes, Burges)")


def _mnist_test(file: _File) -> Images:
    pixels, labels = _mnist_part(file, "t10k")
    train, test = _divided(len(pixels), 8_000)
    return Images(
        "mnist-test", pixels[train], labels[train], pixels[test], labels[test],
        tuple("0123456789"), "MNIST's test digits (LeCun, Cortes, Burges), divided at random",
    )  # fmt: skip


def _cifar(file: _File, which: int) -> Images:
    path = file(FILES[f"cifar-{which}-binary.tar.gz"])
    head = 1 if which == 10 else 2  # CIFAR-100 gives a coarse label before the fine one
    names = "batches.meta.txt" if which == 10 else "fine_label_names.txt"
    train: dict[str, bytes] = {}
    test, classes = b"", b""
    try:
        with tarfile.open(path) as archive:
            for member in archive:  # read one by one and never unpacked: no path is written to
                base = Path(member.name).name
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is None:
                    continue
                if base.startswith("data_batch_") or base == "train.bin":
                    train[base] = stream.read()
                elif base in ("test_batch.bin", "test.bin"):
                    test = stream.read()
                elif base == names:
                    classes = stream.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise DataFileError(f"{path}: damaged ({error})") from None

    def rows(content: bytes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        size = head + 3 * 32 * 32
        if not content or len(content) % size:
            raise DataFileError(f"{path}: not CIFAR-{which} in its binary form")
        table = np.frombuffer(content, np.uint8).reshape(-1, size)
        pixels = table[:, head:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return _unit(pixels), table[:, head - 1].astype(np.int64)

    return Images(
        f"cifar{which}", *rows(b"".join(train[k] for k in sorted(train))), *rows(test),
        tuple(classes.decode().split()), f"CIFAR-{which} (Krizhevsky 2009)",
    )  # fmt: skip


def _cifar_subset(file: _File) -> Images:
    with np.load(file(SUBSET), allow_pickle=False) as found:
        return Images(
            "cifar10-subset",
            _unit(found["train_images"]), found["train_labels"].astype(np.int64),
            _unit(found["test_images"]), found["test_labels"].astype(np.int64),
            tuple(str(c) for c in found["classes"]),
            "10,000 and 2,000 images of CIFAR-10 (Krizhevsky 2009), from JPEG copies",
        )  # fmt: skip


def _drawings(path: Path) -> Iterator[tuple[str, str, int, NDArray[np.uint8]]]:
    """Alphabet, character, writer (1 to 20) and pixels (ink 255) of an Omniglot archive."""
    from PIL import Image

    try:
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.namelist()):
                if member.endswith(".png"):
                    _, alphabet, _, drawing = member.split("/")
                    character, writer = drawing.removesuffix(".png").split("_")
                    with Image.open(io.BytesIO(archive.read(member))) as picture:
                        ink = 255 - np.asarray(picture.convert("L"))
                    yield alphabet, character, int(writer), ink
    except (zipfile.BadZipFile, OSError, ValueError, zlib.error) as error:
        raise DataFileError(f"{path}: damaged ({error})") from None


def shrink(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Images made smaller, each new pixel the mean of what it covers.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, height, width)
    side : int
        New height and width, 1 to the old ones.

    Raises
    ------
    FieldError
        If `side` is out of range.
    """
    from PIL import Image

    require(1 <= side <= min(pixels.shape[1:]), "side", side, f"1 to {min(pixels.shape[1:])}")
    box = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(p).resize((side, side), box)) for p in pixels])


_TRAIN_WRITERS = 15  # of 20; the others' drawings are the test


def _omniglot(file: _File, name: str, archives: tuple[str, ...], side: int = 28) -> Images:
    found: dict[tuple[str, int], tuple[str, NDArray[np.uint8]]] = {}
    for archive in archives:
        for alphabet, character, writer, ink in _drawings(file(FILES[archive])):
            found[character, writer] = (alphabet, ink)  # the small sets share some characters
    keys = sorted(found)
    pixels = _unit(shrink(np.stack([found[k][1] for k in keys]), side))[..., None]
    characters = sorted({c for c, _ in keys})
    index = {c: i for i, c in enumerate(characters)}
    labels = np.array([index[c] for c, _ in keys])
    alphabets = sorted({found[k][0] for k in keys})
    # One number a person and alphabet: the same number of two alphabets may be two people.
    writers = np.array([alphabets.index(found[k][0]) * 20 + k[1] - 1 for k in keys])
    train = np.array([w <= _TRAIN_WRITERS for _, w in keys])
    names = tuple(f"{found[c, 1][0]} {c}" for c in characters)
    return Images(
        name, pixels[train], labels[train], pixels[~train], labels[~train], names,
        "Omniglot (Lake et al. 2015), writers 1 to 15 for training and 16 to 20 for the test",
        writers[train], writers[~train],
    )  # fmt: skip


DATASETS: dict[str, Callable[[_File], Images]] = {
    "digits": _digits,
    "photographs": _photographs,
    "mnist": _mnist,
    "mnist-test": _mnist_test,
    "cifar10": lambda file: _cifar(file, 10),
    "cifar100": lambda file: _cifar(file, 100),
    "cifar10-subset": _cifar_subset,
    "omniglot": lambda file: _omniglot(file, "omniglot", ("images_background.zip",)),
    "omniglot-small": lambda file: _omniglot(
        file, "omniglot-small", ("images_background_small1.zip", "images_background_small2.zip")
    ),
}
"""Readers by name of the set."""
