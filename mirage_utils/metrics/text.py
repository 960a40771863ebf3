"""Metrics of generated text: ROUGE-L-Sum and BLEU."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..errors import FieldError
from ..symbols import p
from .base import Metric, records
from .corpus_bleu import corpus_bleu

__all__ = ["ROUGE_L_SUM", "BLEU"]

_Sentences = str | Sequence[Sequence[Hashable]]


def rouge_l_sum(
    targets: Sequence[_Sentences], outputs: Sequence[_Sentences]
) -> NDArray[np.float64]:
    """F-measure of the union of longest common subsequences, sentence by sentence.

    For each sentence of the target, the tokens that lie on its longest common subsequence with *any*
    sentence of the output are hits; a token counts no more often than both sides have it. Recall is
    hits over tokens of the target, precision over those of the output, the score their harmonic mean
    (0 if there is no hit, and for an empty output).

    Parameters
    ----------
    targets, outputs : sequences of n texts
        A text is a sequence of sentences, each a sequence of hashable tokens; or a `str`, which is
        cut into sentences at line ends and into lower-case words of letters and digits of any
        script (the reference implementation knows only a to z and 0 to 9).

    Raises
    ------
    FieldError
        Naming the record: a target without a token; or if there are not as many outputs as targets.
    """
    records("targets", targets, "outputs", outputs)
    scores = []
    for i, (target, output) in enumerate(zip(targets, outputs, strict=True)):
        reference, candidate = _sentences(target), _sentences(output)
        if not any(reference):
            raise FieldError("targets", target, "at least one token", where=f"[{i}]")
        scores.append(_rouge(reference, candidate))
    return np.array(scores)


def _sentences(text: _Sentences) -> list[list[Hashable]]:
    if isinstance(text, str):
        return [re.findall(r"[^\W_]+", line.lower()) for line in text.splitlines()]
    return [list(sentence) for sentence in text]


def _rouge(reference: list[list[Hashable]], candidate: list[list[Hashable]]) -> float:
    left = Counter(token for sentence in reference for token in sentence)
    right = Counter(token for sentence in candidate for token in sentence)
    sizes = left.total(), right.total()
    hits = 0
    for sentence in reference:
        on_some_path = set().union(*(_common(sentence, other) for other in candidate))
        for i in sorted(on_some_path):
            token = sentence[i]
            if left[token] and right[token]:
                left[token] -= 1
                right[token] -= 1
                hits += 1
    return 2 * hits / sum(sizes) if hits else 0.0


def _common(a: list[Hashable], b: list[Hashable]) -> set[int]:
    """Positions in `a` of one longest common subsequence with `b`.

    Where several are longest, the one that stays in `a` as late as possible, like the reference
    implementation.
    """
    if a == b:
        return set(range(len(a)))
    # Lists, whose single elements are several times faster than those of an array.
    table = [[0] * (len(b) + 1)]
    for x in a:
        above, row = table[-1], [0]
        for j, y in enumerate(b):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[j]))
        table.append(row)
    i, j, found = len(a), len(b), set()
    while i and j:
        if a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            found.add(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found


def bleu(targets: Sequence[Sequence[str]], outputs: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Corpus BLEU of each document, as a fraction: sacrebleu's with its default settings.

    Parameters
    ----------
    targets, outputs : sequences of n documents
        A document is a sequence of segments (`str`); BLEU pools the n-grams of all its segments
        before it divides, so that one document gives one score and a segment none. One reference a
        segment; sacrebleu's default tokeniser (13a) and smoothing (exponential).

    Raises
    ------
    FieldError
        Naming the document: no sequence of segments, or not as many segments as its target has.
    """
    records("targets", targets, "outputs", outputs)
    scores = []
    for i, (target, output) in enumerate(zip(targets, outputs, strict=True)):
        for name, document in (("targets", target), ("outputs", output)):
            if isinstance(document, str) or not all(isinstance(s, str) for s in document):
                raise FieldError(name, document, "a sequence of segments (str)", where=f"[{i}]")
        if len(target) == 0 or len(output) != len(target):
            expected = f"as many segments as the target has, {len(target)}, at least one"
            raise FieldError("outputs", len(output), expected, where=f"[{i}]")
        scores.append(corpus_bleu(target, output))
    return np.array(scores)


# -- simulators ------------------------------------------------------------------------------------


def _simulate_summaries(rng: np.random.Generator, n: int, *, p: float):
    """Three sentences of five distinct tokens, of which each is right with probability p."""
    targets = np.arange(15).reshape(3, 5)
    right = rng.random((n, 3, 5)) < p
    outputs = np.where(right, targets, rng.integers(15, 10_000, (n, 3, 5)))
    return [targets.tolist()] * n, outputs.tolist()


def _simulate_documents(rng: np.random.Generator, n: int, *, p: float):
    """Twenty documents of n / 20 segments of twelve words."""
    documents, words = 20, 12
    each = max(1, n // documents)
    targets = rng.integers(0, 100_000, (documents, each, words))
    right = rng.random(targets.shape) < p
    outputs = np.where(right, targets, rng.integers(100_000, 200_000, targets.shape))

    def text(table: NDArray) -> list[list[str]]:
        return [[" ".join(f"w{i}" for i in line) for line in doc] for doc in table.tolist()]

    return text(targets), text(outputs)


ROUGE_L_SUM = Metric(
    name="rouge_l_sum",
    title="ROUGE-L-Sum",
    expression=p,
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="linear",
    assumptions=(
        "output sentences as long as the target's, each token right with probability p, tokens "
        "distinct, a wrong one occurring nowhere in the target"
    ),
    scorer=rouge_l_sum,
    simulator=_simulate_summaries,
    source="Lin 2004, section 3.2; Schaeffer et al. 2023, appendix A.4",
    records=2_000,
    gentle="answer",
)

BLEU = Metric(
    name="bleu",
    title="BLEU",
    # The share of right n-grams is p**n, and BLEU is the geometric mean over n = 1 to 4.
    expression=p ** (sp.Integer(1 + 2 + 3 + 4) / 4),
    low=sp.Integer(0),
    high=sp.Integer(1),
    direction="higher",
    continuity="continuous",
    assumptions=(
        "outputs as long as targets, each token right independently with probability p, a wrong "
        "one matching nothing; in the limit of many segments of four tokens or more"
    ),
    scorer=bleu,
    simulator=_simulate_documents,
    source="Papineni et al. 2002; by the rules of sacrebleu (Post 2018)",
    simulated_from=0.25,  # below, four right words in a row are too rare for the limit
    records=10_000,
)
