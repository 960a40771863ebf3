"""Whose work is shipped, and under which licence: one file for all of it."""

from __future__ import annotations

import email
import re
from collections.abc import Mapping

from mirage_utils.errors import DataError

_NAMED = re.compile(r"(LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*$", re.I)
_HEAD = """The licences of what runs in the page

Python for browsers is Pyodide (https://github.com/pyodide/pyodide, Mozilla Public License 2.0, whose text is at
https://www.mozilla.org/MPL/2.0/); in it are CPython (https://github.com/python/cpython, Python Software Foundation License
Version 2) and libraries of Emscripten (https://emscripten.org, MIT). All of it is shipped as its makers publish it.

The explorers are drawn by Vega and Vega-Lite (https://vega.github.io, BSD 3-Clause, text below), and the parts of D3 and TopoJSON that they
bring (https://d3js.org, https://github.com/topojson, ISC).

Compiled into Pyodide's core, beside CPython: SQLite (public domain), expat and libffi (MIT), zlib (zlib License), bzip2 (bzip2 License),
liblzma (public domain and 0BSD), Zstandard and mpdecimal (BSD), HACL* (MIT).

Compiled into packages: OpenBLAS and LAPACK (BSD 3-Clause) in NumPy and SciPy; in SciPy further HiGHS, Faddeeva, fast_float, PRIMA, trlib and
array_api_compat (MIT), SuperLU, ARPACK, PROPACK, ID, L-BFGS-B, Cephes, qd, LAPJVsp, UNU.RAN, BiasedUrn, DUCC, uarray, pybind11 and
fast_matrix_market (BSD), Boost and ryu (Boost Software License 1.0), mdspan (Apache License 2.0 with LLVM exceptions) and Qhull (Qhull
License); FreeType (FreeType License), Anti-Grain Geometry and Qhull in Matplotlib; FreeType, libjpeg-turbo, OpenJPEG, libtiff, libwebp,
Little CMS and zlib in Pillow. Their own terms are with their sources, which the packages name.

Fonts with Matplotlib: DejaVu (text below) and Computer Modern by BaKoMa (BaKoMa Fonts Licence).

The notebook beside the book is JupyterLite (https://github.com/jupyterlite, BSD 3-Clause, text below). What it is made of is listed with
its licences in lab/build/third-party-licenses.json and in files of that name below lab/extensions.

Below are the packages of Python, each with what its own files say.
"""


_BSD = """Copyright (c) {who}
All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the following conditions
are met:

1. Redistributions of source code must retain the above copyright notice, this list of conditions and the following disclaimer.

2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following disclaimer in the
   documentation and/or other materials provided with the distribution.

3. Neither the name of the copyright holder nor the names of its contributors may be used to endorse or promote products derived from this
   software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT
LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT
HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT
LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY
THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF
THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE."""
_OTHERS = {
    "Vega and Vega-Lite": "2015-2023, University of Washington Interactive Data Lab",
    "JupyterLite": "2021-2026, JupyterLite Contributors",
}


class LicenceError(DataError):
    """A package says nothing of its licence."""


def text(files: Mapping[str, bytes]) -> str:
    """One text of all packages.

    Parameters
    ----------
    files : mapping of str to bytes
        What packages hold, by name; each says its name and its licence in its ``.dist-info``.

    Raises
    ------
    LicenceError
        If one does not: it cannot be shipped.
    """
    abouts = [name for name in sorted(files, key=str.lower) if name.endswith(".dist-info/METADATA")]
    parts = [_package(name.removesuffix("/METADATA"), files) for name in abouts]
    # What packages have taken from others, and fonts.
    within = [name for name in sorted(files) if ".dist-info/" not in name and _NAMED.search(name)]
    parts += [_titled(name, _read(files[name])) for name in within if not name.endswith(".py")]
    parts += [_titled(name, _BSD.format(who=who)) for name, who in _OTHERS.items()]
    return "\n".join([_HEAD, *parts])


def _package(folder: str, files: Mapping[str, bytes]) -> str:
    about = email.message_from_bytes(files[f"{folder}/METADATA"])
    classified = [
        c.rpartition(" :: ")[2]
        for c in about.get_all("Classifier", [])
        if c.startswith("License ::")
    ]
    given = (
        about["License-Expression"]
        or ", ".join(classified)
        or (about["License"] or "").partition("\n")[0]
    )
    texts = [
        _read(files[n]) for n in sorted(files) if n.startswith(f"{folder}/") and _NAMED.search(n)
    ]
    if not given and not texts:
        raise LicenceError(
            f"{about['Name']} {about['Version']}: its package says nothing of its licence"
        )
    title = f"{about['Name']} {about['Version']}: {given or 'the text below'}"
    address = (
        about["Home-page"] or next(iter(about.get_all("Project-URL", [])), "").rpartition(" ")[2]
    )
    return _titled(title, "\n\n".join(filter(None, [address, *texts])))


def _read(content: bytes) -> str:
    return content.decode("utf-8", "replace").strip()


def _titled(title: str, words: str) -> str:
    return f"{'=' * 100}\n{title}\n{'=' * 100}\n\n{words}\n"
