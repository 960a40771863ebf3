"""Hartigan's dip test in NumPy, for places where the package diptest, which is compiled, is not installed.

The statistic is computed as Hartigan and Hartigan (1985, section 4) say. Its distribution on uniform samples, which is the hardest case
of a single hill, is tabulated below from simulations of our own; chances between are interpolated, as is usual, over the square root
of the number of values. They agree with diptest's, which rest on other simulations, to a few units in the third digit.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, le

import numpy as np
from numpy.typing import NDArray

__all__ = ["chance_of_dip", "dip_statistic"]


def dip_statistic(values: NDArray[np.float64]) -> float:
    """Largest distance of a sample's distribution function from the nearest one with a single hill.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Sorted.

    Examples
    --------
    >>> dip_statistic(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])) * 12
    1.0
    >>> dip_statistic(np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2])) * 12
    2.88
    """
    rank = np.arange(1.0, len(values) + 1)
    low, high, dip = 0, len(values) - 1, 0.0
    while values[low] < values[high]:
        x, upto = values[low : high + 1], rank[low : high + 1]
        # Below the steps the largest convex function, above them the smallest concave one, and where each touches.
        under, over = _hull(x, upto, le), _hull(x, upto, ge)
        convex, concave = _along(x, upto, under) - 1, _along(x, upto, over)
        apart = concave - convex
        on_under, on_over = apart[under], apart[over]
        if max(on_under.max(), on_over.max()) < dip:
            break
        # The hill lies where they are furthest apart; outside of it a distribution with one hill is no nearer than they are.
        if on_under.max() > on_over.max():
            left = int(under[on_under.argmax()])
            right = int(over[np.searchsorted(over, left)])
        else:
            right = int(over[on_over.argmax()])
            left = int(under[np.searchsorted(under, right, side="right") - 1])
        above, below = upto - convex, concave - (upto - 1)
        dip = max(dip, 1.0, float(above[: left + 1].max()), float(below[right:].max()))
        if left == 0 and right == high - low:
            break
        low, high = low + left, low + right
    return dip / (2 * len(values))


def _hull(
    x: NDArray[np.float64], y: NDArray[np.float64], turns: Callable[[float, float], bool]
) -> NDArray[np.int64]:
    """Places of the corners of the lower hull of points (`le`), or of the upper one (`ge`)."""
    places: list[int] = []
    xs, ys = x.tolist(), y.tolist()
    for i, (a, b) in enumerate(zip(xs, ys, strict=True)):
        while len(places) > 1:
            j, k = places[-1], places[-2]
            if not turns((b - ys[j]) * (xs[j] - xs[k]), (ys[j] - ys[k]) * (a - xs[j])):
                break
            places.pop()
        places.append(i)
    return np.array(places)


def _along(
    x: NDArray[np.float64], y: NDArray[np.float64], corners: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The line through some of the points, at the place of each; where it rises straight up, the point itself."""
    piece = np.clip(np.searchsorted(corners, np.arange(len(x)), side="right"), 1, len(corners) - 1)
    a, b = corners[piece - 1], corners[piece]
    wide = x[b] > x[a]
    slope = np.divide(y[b] - y[a], x[b] - x[a], out=np.zeros(len(x)), where=wide)
    return np.where(wide, y[a] + (x - x[a]) * slope, y)


def chance_of_dip(dip: float, n: int) -> float:
    """Chance of a dip as large in a uniform sample.

    Parameters
    ----------
    dip : float
    n : int
        Values of the sample; of 1,000 and more, as of 1,000.
    """
    sizes = np.array(list(_QUANTILES))
    k = int(np.clip(np.searchsorted(sizes, n), 1, len(sizes) - 1))
    part = float(np.clip((n - sizes[k - 1]) / (sizes[k] - sizes[k - 1]), 0, 1))
    rows = (np.array(_QUANTILES[int(s)]) for s in sizes[k - 1 : k + 1])
    smaller, larger = rows
    line = smaller + part * (larger - smaller)
    # A small sample often has the smallest dip there is, which the table holds to five digits.
    return 1 - float(np.interp(np.sqrt(n) * dip + 1e-5, line, _SHARES))


# fmt: off
_SHARES = (0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 1)
"""Of uniform samples."""
_QUANTILES = {
    4: (.25000, .25000, .25000, .25000, .25000, .25000, .25000, .25000, .25000, .25000, .26506, .31483, .37505, .41446, .44747, .46347, .47464, .48442, .48911, .49221, .49513, .49661, .49987),
    5: (.22361, .22361, .22361, .22361, .22361, .22361, .22361, .24345, .27220, .30065, .32964, .36049, .39546, .41697, .43306, .43961, .44333, .44558, .44631, .44675, .44699, .44710, .44720),
    6: (.20412, .20412, .20412, .20412, .20412, .22617, .25426, .27886, .30138, .32294, .34413, .36587, .38988, .40361, .43891, .47054, .49521, .52232, .53764, .55030, .56410, .57371, .60002),
    7: (.18898, .18898, .18898, .19229, .21676, .24903, .27324, .29344, .31168, .32870, .34509, .36164, .38227, .42383, .46466, .48800, .50582, .52408, .53556, .54385, .55188, .55526, .56599),
    8: (.17678, .17678, .18559, .20868, .23187, .26105, .28185, .29904, .31409, .32783, .34096, .35487, .40094, .43521, .46951, .48923, .50631, .52718, .54741, .56677, .59139, .60510, .66218),
    9: (.16667, .18435, .19779, .22004, .24111, .26704, .28506, .29962, .31234, .32403, .33753, .36853, .40915, .44013, .47116, .49237, .51766, .54608, .56390, .57912, .59843, .60830, .65968),
    10: (.15811, .19274, .20593, .22736, .24660, .26978, .28562, .29826, .30914, .32291, .34727, .37512, .41255, .44134, .47674, .50361, .52674, .55237, .56852, .58219, .60169, .61493, .70207),
    15: (.13746, .21130, .22145, .23615, .24890, .26824, .28867, .30666, .32374, .34118, .36064, .38595, .42586, .45936, .49922, .52716, .55196, .58144, .60054, .62022, .64662, .66586, .73918),
    20: (.14762, .21240, .21976, .23574, .25402, .27744, .29539, .31151, .32797, .34713, .36860, .39492, .43483, .47035, .51139, .53965, .56518, .59779, .62101, .64295, .67014, .68852, .79380),
    30: (.15692, .21702, .22745, .24368, .25977, .28282, .30177, .31923, .33677, .35561, .37760, .40494, .44668, .48336, .52683, .55653, .58397, .61767, .64261, .66876, .69461, .71434, .81379),
    50: (.16307, .22204, .23261, .24969, .26673, .29035, .30943, .32725, .34543, .36483, .38727, .41558, .45815, .49653, .54119, .57210, .60043, .63597, .66178, .68471, .71491, .73513, .82991),
    100: (.16297, .22838, .23903, .25659, .27433, .29853, .31807, .33636, .35493, .37510, .39818, .42732, .47162, .51074, .55765, .59126, .62208, .65935, .68636, .71565, .74707, .76967, .90359),
    200: (.17166, .23306, .24364, .26190, .27994, .30458, .32419, .34272, .36149, .38224, .40597, .43627, .48115, .52208, .57038, .60358, .63670, .67869, .70446, .73525, .77512, .79203, .88894),
    500: (.18837, .23729, .24895, .26688, .28463, .30929, .32984, .34891, .36761, .38779, .41180, .44286, .48834, .52909, .57914, .61542, .64749, .69376, .71983, .75433, .79400, .82240, .88156),
    1000: (.18125, .24024, .25084, .26915, .28763, .31318, .33305, .35197, .37103, .39244, .41637, .44699, .49456, .53412, .58494, .61963, .65074, .69338, .71557, .74921, .77235, .78570, .89334),
}
"""The square root of the number of values times the dip that such shares of samples do not pass, by the number of values: 400,000 samples,
100,000 of 200 values, 40,000 of more."""
# fmt: on
