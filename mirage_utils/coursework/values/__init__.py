"""Plain values: all that may leave a student's process, and all that a check ever compares.

A check must not work on a student's own objects: an answer whose ``__sub__`` returns 0 would pass every
numerical test. So each answer is first taken apart into numbers, text, arrays, expression trees and the
data of drawings (`encode`), and put together again from those alone (`decode`). The same two steps are
taken in a notebook, where the answer is at hand (`plain`), and between the sandbox and the grader, where it comes
down a pipe as JSON.
"""

from __future__ import annotations

from .decoding import decode, plain
from .encoding import encode
from .kinds import Axes, Drawing, Expression, Other, Series

__all__ = ["Axes", "Drawing", "Expression", "Other", "Series", "decode", "encode", "plain"]
