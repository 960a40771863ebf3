"""Runs a chapter in Pyodide, or a cell of a reader, and notes what it loads: run by ``node.mjs`` (`tools.live.tracing`)."""

import importlib
import json
import pathlib
import sys
import sysconfig
import tarfile
import time

SITE = pathlib.Path(sysconfig.get_path("purelib"))
for name in sorted(pathlib.Path("/in").glob("*.tar")):
    with tarfile.open(name) as archive:
        archive.extractall(SITE, filter="data")
importlib.invalidate_caches()


class Asked:
    """Notes every module that is asked for, also one that then fails, as one for another system does."""

    names = set()

    @classmethod
    def find_spec(cls, fullname, path, target=None):
        cls.names.add(fullname)


sys.meta_path.insert(0, Asked)

from mirage_utils.models import results  # noqa: E402
from mirage_utils.page import live  # noqa: E402

read, running = results.read, []


def noting(manifest):
    running.append(manifest.stem)
    return read(manifest)


results.read = noting

# What readers' own cells will ask for, and chapters may not: a picture, a table, a slider, a formula.
OWN = """
import matplotlib.pyplot as plt
import pandas as pd
import ipywidgets
from IPython.display import HTML, Markdown, display
import sympy
fig, ax = plt.subplots()
ax.plot([1, 2], [3, 4], label="a")
ax.legend()
ax.set_title(r"$x^2$")
plt.show()
display(pd.DataFrame({"a": [1, 2]}), sympy.Symbol("x") ** 2, HTML("<p>"), Markdown("*a*"))
ipywidgets.interact(lambda x: x, x=(0, 1.0))
pd.DataFrame({"a": [1, 2]}).plot()
"""

[notebook] = [*pathlib.Path("/in").glob("*.ipynb"), None][:1]
sources = [OWN]
if notebook:
    cells = json.loads(notebook.read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
messages, begun, done = [], time.perf_counter(), 0
session = live.Session(messages.append)
for source in sources:
    if not session.run(source):
        break
    done += 1
failed = [
    told["traceback"][-1500:] for told in map(json.loads, messages) if told["kind"] == "error"
]
found = {
    "modules": sorted(Asked.names), "runs": sorted(set(running)), "cells": len(sources), "done": done,
    "seconds": round(time.perf_counter() - begun, 1), "failed": failed,
}  # fmt: skip
pathlib.Path("/out/found.json").write_text(json.dumps(found))
