"""Files of the public sets of images: found in a folder, or fetched on request, and held against their checksums."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from ...errors import DataError
from ...ground import downloads

__all__ = ["FILES", "SUBSET", "DataFileError", "PublicFile", "cache", "found_or_fetched"]


class DataFileError(DataError):
    """A file of images is missing, is not the one expected, or cannot be read."""


class PublicFile(NamedTuple):
    """A file that can be fetched: its name, address and SHA-256.

    Parameters
    ----------
    name : str
        What it is called here.
    address : str
        Where it is fetched.
    sha256 : str
        Its checksum.
    """

    name: str
    address: str
    sha256: str


# The checksums are those that TensorFlow Datasets 4.9.10 pins for the same addresses.
_CIFAR = "https://www.cs.toronto.edu/~kriz/"
_MNIST = "https://storage.googleapis.com/cvdf-datasets/mnist/"
_OMNIGLOT = "https://github.com/brendenlake/omniglot/raw/master/python/"
FILES = {
    f.name: f
    for f in (
        PublicFile(name, base + name, sha256)
        for base, name, sha256 in (
            (_CIFAR, "cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),
            (_CIFAR, "cifar-100-binary.tar.gz", "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"),
            (_MNIST, "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            (_MNIST, "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            (_MNIST, "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            (_MNIST, "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            (_OMNIGLOT, "images_background.zip", "ad41ab679c8b5d90b271ef46be6987cc81211774a695c29dcc5367b2b26ee640"),
            (_OMNIGLOT, "images_background_small1.zip", "f38eb80f801274ac2b4dff5b24289016bfaba4a7d5bb50deebf27104ad6cb8a4"),
            (_OMNIGLOT, "images_background_small2.zip", "3ccaa407515a8778e5d0861875af38b17e418f301ad5bb3b5a6b65d901a41c7f"),
        )
    )
}  # fmt: skip
"""By name."""
SUBSET = PublicFile(
    "cifar10_subset.npz", "", "6b663fe4d06d0ccc0fcb86a3796a9a8be506748b8724cecb78d3d4ffb7343e6a"
)
"""A set without a public address, which only a folder can hold: made from JPEG copies of CIFAR-10."""


def cache() -> Path:
    """Folder of downloads: ``MIRAGE_DATA`` if set, else the user's cache folder."""
    return Path(os.environ.get("MIRAGE_DATA") or downloads.cache())


def found_or_fetched(wanted: PublicFile, folder: Path, *, download: bool, progress: bool) -> Path:
    """The file in a folder, fetched into it if that is wanted.

    Parameters
    ----------
    wanted : PublicFile
    folder : Path
    download : bool
        Fetch it if it is missing.
    progress : bool
        Show a bar.

    Raises
    ------
    DataFileError
        If it is missing, differs from its checksum, or cannot be fetched.
    """
    # The names under which Omniglot's files are also handed round.
    for path in (folder / wanted.name, folder / f"omniglot_{wanted.name}"):
        if path.is_file():
            found = _sha256(path)
            if found == wanted.sha256:
                return path
            raise DataFileError(
                f"{path}: the checksum is {found[:12]}… and not {wanted.sha256[:12]}…: the file is "
                "damaged, cut short or another one; remove it and fetch it anew"
            )
    if not wanted.address:
        raise DataFileError(
            f"{folder / wanted.name}: no such file, and it has no public address; name the folder "
            "that has it by MIRAGE_DATA, or use the whole set, cifar10"
        )
    if not download:
        raise DataFileError(
            f"{folder / wanted.name}: no such file; fetch it from {wanted.address} with "
            "download=True (on the command line: --download), or name a folder that has it by "
            "MIRAGE_DATA"
        )
    try:
        return downloads.retrieve(
            wanted.address, folder, checksum=f"sha256:{wanted.sha256}", progress=progress
        )
    except downloads.FetchError as error:
        raise DataFileError(
            f"{wanted.name} could not be fetched: {error}; a copy may be put into {folder} by hand"
        ) from None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
