"""Archives as a browser gets them: tar, packed by Zstandard, the same bytes for the same content."""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_OPTIONS = {
    # Packed once and fetched often; a reader's machine unpacks what a strong level packs as fast as any other.
    zstd.CompressionParameter.compression_level: 19,
    zstd.CompressionParameter.window_log: 26,
}


def packed(files: Mapping[str, bytes]) -> bytes:
    """An archive of files by their names.

    Files of a kind stand together, since they are alike, and pack better so.
    """
    return zstd.compress(tarred(files), options=_OPTIONS)


def tarred(files: Mapping[str, bytes]) -> bytes:
    """The same, not packed: for files that are."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files, key=lambda name: (PurePosixPath(name).suffix, name)):
            about = tarfile.TarInfo(name)
            about.size = len(files[name])
            archive.addfile(about, io.BytesIO(files[name]))
    return buffer.getvalue()
