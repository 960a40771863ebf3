"""What can be said of each curve of an evaluation: rise, leap, floor, smooth law, seeds, forecast.

Everything here is a pure function of the table of scores that `mirage_utils.records.gathering` makes.
"""

from .curves_of import Curves, Question, curve_of, curves_of
from .foretold import Foretold, foretold
from .gentler import Gentle, gentle, kind_of
from .leap import Emergence, Leap, emergences, leap
from .lengths import Lengths, one_line
from .runs import Runs, closest, runs
from .smooth import Smooth, smooth
from .trend import Trend, trend
from .two_worlds import World, smooth_world, switch_world

__all__ = [
    "Curves", "Emergence", "Foretold", "Gentle", "Leap", "Lengths", "Question", "Runs", "Smooth", "Trend", "World", "closest", "curve_of", "curves_of",
    "emergences", "foretold", "gentle", "kind_of", "leap", "one_line", "runs", "smooth", "smooth_world", "switch_world", "trend",
]  # fmt: skip
