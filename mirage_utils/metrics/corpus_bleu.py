"""Corpus BLEU of one document, with the rules that sacrebleu (Post 2018) has by default: tokens as in mteval-v13a, exponential smoothing.

That package brings a parser of XML, colours for terminals and locks for files, to count n-grams; a test holds the two together.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["corpus_bleu", "tokens_13a"]

_ORDERS = 4
_MARKUP = {"<skipped>": "", "-\n": "", "\n": " "}
_ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
_APART = (
    (re.compile(r"([{-~\[-` -&(-+:-@/])"), r" \1 "),
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),
)
"""Marks stand apart; a full stop or a comma only where no digit stands before or behind it, a dash after one."""


def tokens_13a(segment: str) -> list[str]:
    """A segment's words and marks.

    Parameters
    ----------
    segment : str

    Examples
    --------
    >>> tokens_13a("It cost 1,000.50 (or so), she said.")
    ['It', 'cost', '1,000.50', '(', 'or', 'so', ')', ',', 'she', 'said', '.']
    """
    text = segment.rstrip()
    for old, new in _MARKUP.items():
        text = text.replace(old, new)
    if "&" in text:
        for old, new in _ENTITIES.items():
            text = text.replace(old, new)
    text = f" {text} "
    for marks, apart in _APART:
        text = marks.sub(apart, text)
    return text.split()


def corpus_bleu(targets: Sequence[str], outputs: Sequence[str]) -> float:
    """BLEU of a document's segments together, as a fraction.

    Parameters
    ----------
    targets, outputs : sequences of n segments

    Examples
    --------
    >>> round(corpus_bleu(["the cat sat on the mat"], ["the cat sat on a mat"]), 3)
    0.537
    """
    right, made, said, wanted = [0] * _ORDERS, [0] * _ORDERS, 0, 0
    for target, output in zip(targets, outputs, strict=True):
        reference, words = tokens_13a(target), tokens_13a(output)
        said, wanted = said + len(words), wanted + len(reference)
        for k in range(_ORDERS):
            ours = _grams(words, k + 1)
            made[k] += ours.total()
            right[k] += (ours & _grams(reference, k + 1)).total()
    if not any(right):
        return 0.0
    short = math.exp(1 - wanted / said) if said < wanted else 1.0
    logs: list[float] = []
    doubt = 1
    for k in range(_ORDERS):
        if not made[k]:  # no segment has so many words
            logs += [_OF_NOTHING] * (_ORDERS - k)
            break
        if not right[k]:  # each order without a match counts half as much as the one before
            doubt *= 2
        share = 100.0 * right[k] / made[k] if right[k] else 100.0 / (doubt * made[k])
        logs.append(math.log(share))
    return short * math.exp(sum(logs) / _ORDERS) / 100


_OF_NOTHING = -9999999999
"""The logarithm of a share of no n-grams at all, which makes the score zero."""


def _grams(words: list[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[i:] for i in range(size)), strict=False))
