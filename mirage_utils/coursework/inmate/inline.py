"""Figures stay inline when a notebook is marked, whatever window a student's own machine opens for them."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["INLINE", "keep_figures_inline"]

INLINE = "module://matplotlib_inline.backend_inline"  # as in a notebook


def keep_figures_inline(info: Any) -> None:
    """Before a cell that mentions Matplotlib: from now on the choice of another backend goes for nothing.

    ``matplotlib.use("TkAgg")`` suits the machine on which it was written, and must not cost the picture here.

    Parameters
    ----------
    info : IPython.core.interactiveshell.ExecutionInfo
        As the event ``pre_run_cell`` gives it.
    """
    if not re.search("matplotlib|pylab|pyplot|switch_backend", info.raw_cell or ""):
        return
    import matplotlib
    from matplotlib import pyplot

    if getattr(matplotlib.use, "__name__", "") != "stays_inline":
        # Once, for pyplot asks for it itself. A module beside the notebook may have named another one by now, and the inline
        # one shows figures only if it is named when it is loaded.
        matplotlib.rcParams["backend"] = INLINE
        pyplot.switch_backend(INLINE)
        matplotlib.use = pyplot.switch_backend = stays_inline


def stays_inline(*backend: object, **options: object) -> None:
    """Nothing."""
