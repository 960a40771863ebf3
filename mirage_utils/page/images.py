"""Images in rows, some of them framed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from ..errors import require
from . import plots

__all__ = ["grid"]

_GAP = 2  # pixels of an image


def grid(
    rows: Mapping[str, ArrayLike],
    framed: Mapping[str, ArrayLike] | None = None,
    *,
    height: float | None = None,
) -> Figure:
    """Grey images, one row under the other, for `plots.show`.

    Parameters
    ----------
    rows : mapping of str to array_like of shape (k, side, side)
        By the name to the left of the row, from above; values in [0, 1], and 1 is black.
    framed : mapping of str to array_like of bool, shape (k,), optional
        By name of a row: which of its images have a frame.
    height : float, optional
        Inches.

    Returns
    -------
    Figure

    Raises
    ------
    FieldError
        If the images are not square and as many in every row, or frames are of no row.

    Examples
    --------
    >>> import numpy as np
    >>> picture = grid({"image": np.zeros((3, 8, 8)), "1 unit": np.ones((3, 8, 8))}, {"1 unit": [True, False, False]})
    >>> len(picture.axes[0].patches)
    1
    """
    arrays = {name: np.asarray(images, dtype=float) for name, images in rows.items()}
    require(len(arrays) > 0, "rows", rows, "at least one row")
    shape = next(iter(arrays.values())).shape
    require(len(shape) == 3 and shape[1] == shape[2], "rows", shape, "square images in every row")
    for name, images in arrays.items():
        require(images.shape == shape, name, images.shape, f"{shape}, as the first row")
    frames = {name: np.asarray(which, dtype=bool) for name, which in (framed or {}).items()}
    for name, which in frames.items():
        require(
            name in arrays and which.shape == shape[:1], "framed", name, "a mark for every image of a row"
        )  # fmt: skip
    count, side, _ = shape
    step = side + _GAP
    fig, ax = plots.panel(wide=True, height=height)
    canvas = np.full((len(arrays) * step, count * step), np.nan)
    for r, (name, images) in enumerate(arrays.items()):
        for k, image in enumerate(images):
            canvas[r * step : r * step + side, k * step : k * step + side] = image
        for place in np.flatnonzero(frames.get(name, np.zeros(count, bool))):
            ax.add_patch(
                Rectangle(
                    (float(place) * step - 1, r * step - 1), side + 1, side + 1,
                    fill=False, edgecolor=plots.COLOURS[1], linewidth=1.6,
                )
            )  # fmt: skip
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    ax.set_yticks(np.arange(len(arrays)) * step + side / 2 - 0.5, list(arrays))
    ax.set_xticks([])
    ax.set_xlim(-1.6, canvas.shape[1])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return fig
