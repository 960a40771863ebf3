"""Runs the chapters in Pyodide, and notes what they load: run by ``node.mjs`` (`tools.live.tracing`)."""

import importlib
import json
import pathlib
import sys
import tarfile
import time

SITE = pathlib.Path("/lib/python3.14/site-packages")
for name in sorted(pathlib.Path("/in").glob("*.tar")):
    with tarfile.open(name) as archive:
        archive.extractall(SITE, filter="data")
importlib.invalidate_caches()

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

report = {}
for name in ["", *sorted(p.name for p in pathlib.Path("/in").glob("*.ipynb"))]:
    running.clear()
    messages, begun, done = [], time.perf_counter(), 0
    session = live.Session(messages.append)
    sources = [OWN]
    if name:
        cells = json.loads(pathlib.Path("/in", name).read_text())["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for source in sources:
        if not session.run(source):
            break
        done += 1
    told = map(json.loads, messages)
    failed = [message["traceback"][-1500:] for message in told if message["kind"] == "error"]
    report[name] = {
        "cells": len(sources), "done": done, "seconds": round(time.perf_counter() - begun, 1), "failed": failed, "runs": sorted(set(running)),
    }  # fmt: skip
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    loaded = sorted(file for file in files if file and file.startswith(str(SITE)))
    found = {"modules": [file[len(str(SITE)) + 1 :] for file in loaded], "chapters": report}
    pathlib.Path("/out/found.json").write_text(json.dumps(found))
