"""What a comparison's verdict rests on besides the difference: corrections, draws, runs, and scores that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import stats

from ..evidence.emergence import adjust
from ..evidence.paired import Difference, paired
from ..evidence.repeats import Components
from .clusters import FEW
from .pairing import Pair
from .words import Verdict

__all__ = ["corrected", "drawn_again", "lacking", "over_runs", "warnings"]

_DRAWN = "sign flips, drawn"
_MOST_DRAWS = 1_000_000


def drawn_again(
    pair: Pair, d: Difference, family: int, level: float, draws: int, seed: int
) -> Difference:
    """With more flips, where the fewest that could decide are more than were drawn, or the verdict is near."""
    near = level / 3 <= d.p * family <= 3 * level
    floor = d.p <= 4 / (draws + 1) and 2 * family / (draws + 1) > level / 10
    more = min(_MOST_DRAWS, max(int(np.ceil(10 * family / level)), 10 * draws * near))
    if d.test != _DRAWN or not (near or floor) or more <= draws:
        return d
    again = paired(
        pair.first, pair.second, cluster=pair.cluster, level=1 - level, draws=more, seed=seed
    )
    return replace(d, p=again.p, test=again.test)


def corrected(pairs: Sequence[Pair], p: Sequence[float]) -> list[tuple[float, float, int]]:
    """Of each p-value what Holm makes of it, what Benjamini and Hochberg do, and of how many it is one."""
    found = [(float("nan"), float("nan"), 0)] * len(p)
    for metric in dict.fromkeys(pair.metric for pair in pairs):
        at = [i for i, pair in enumerate(pairs) if pair.metric == metric]
        values = [p[i] for i in at]
        holm, bh = adjust(values, "holm"), adjust(values, "fdr_bh")
        for i, one, other in zip(at, holm, bh, strict=True):
            found[i] = (float(one), float(other), len(at))
    return found


_LACKING = 0.1
"""Share of the items without a score in one side alone from which on no verdict rests on the others."""


def lacking(pair: Pair, verdict: Verdict, words: str) -> tuple[Verdict, str]:
    """No verdict where one side alone lacks many scores: its failures may be what is missing."""
    left = pair.left_out
    one, other = set(left.ungraded_first), set(left.ungraded_second)
    asked = len(pair.items) + len(one | other)
    most = max((one - other, other - one), key=len)
    if verdict == "cannot tell" or len(most) <= _LACKING * asked:
        return verdict, words
    label = "A" if most == one - other else "B"
    return "cannot tell", (
        f"{label} alone has no score of {len(most):,} of {asked:,} items, and these may be its failures: give them their score; on "
        f"the others {words}"
    )


def over_runs(
    d: Difference, runs: Sequence[Components | None], crossed: Sequence[bool], level: float
) -> float:
    """Half of the interval of the difference when the runs, too, are taken for a sample; nan where each side is one run.

    Student's t with the degrees of freedom of Satterthwaite: items have theirs, and only the runs' part those of the runs. nan
    also where runs differ by no more than their answers do by chance.
    """
    several = [c for c, whole in zip(runs, crossed, strict=True) if c is not None and whole]
    if not several:
        return float("nan")
    parts = [(d.error**2, d.clusters - 1), *((c.run / c.runs, c.runs - 1) for c in several)]
    if not any(c.run for c in several):  # they differ by no more than their answers do by chance
        return float("nan")
    error = np.sqrt(sum(part for part, _ in parts))
    freedom = error**4 / sum(part**2 / count for part, count in parts)
    return float(error * stats.t(freedom).ppf(1 - level / 2))


_MCNEMAR = "McNemar, exact"


def warnings(pair: Pair, d: Difference, runs: Sequence[Components | None]) -> list[str]:
    notes = []
    for label, c, crossed in zip("AB", runs, pair.crossed, strict=True):
        if c is None:
            continue
        what = "runs" if crossed else "answers"
        share = c.share_of_decoding
        said = (
            ""
            if share != share
            else f"; {share:.0%} of the variance of its mean is that of single answers, which more of them would lower"
        )
        notes.append(f"{label}: {c.runs:.3g} {what} an item, averaged{said}")
    if any(pair.crossed):
        notes.append(
            "the interval and the test are over items, for these runs; the verdict also counts that runs differ"
            if any(c is not None and c.run for c in runs)
            else "the interval and the test are over items; runs differ by no more than single answers do by chance"
        )
    if d.test == _DRAWN:
        notes.append(
            "p is from drawn flips of signs: it is no smaller than they can show, and another seed moves it a little"
        )
    if pair.cluster is not None and d.clusters < FEW:
        notes.append(f"{d.clusters} clusters: the interval is too short")
    elif pair.cluster is None and d.low == d.low and 0 < d.carriers < FEW and d.test != _MCNEMAR:
        notes.append(
            f"a few items carry the difference (as much as {d.carriers:.0f} of equal weight would): the interval is too short"
        )
    if not pair.direction:
        notes.append(
            f"whether more or less {pair.metric} is better is not known: --direction {pair.metric}=higher (or lower)"
        )
    return notes
