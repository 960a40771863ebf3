"""Which colour, marker and dash a series has, by what it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...metrics import METRICS, Metric
from ..plots import COLOURS, DASHES, MARKERS, MUTED, RAMP

__all__ = ["BROAD", "Look", "looks", "of_metric"]


BROAD: dict[str, float] = {"linewidth": 5, "alpha": 0.35}
"""A line to stand behind others."""


@dataclass(frozen=True)
class Look:
    """Colour, marker and dash: never colour alone."""

    colour: str
    marker: str
    dash: Any


# A metric looks the same wherever it is drawn. Those of one kind share a colour and differ in marker and dash. A metric
# of the library that is not named here has the colour of its kind, and the first marker and dash that are free in it.
_ORANGE, _BLUE, _GREEN, _PINK, _GOLD, _VIOLET = (COLOURS[i] for i in (1, 0, 2, 3, 4, 5))
_METRICS = {
    "exact match": Look(_ORANGE, "o", "-"),
    "subset accuracy": Look(_ORANGE, "P", ":"),
    "pass@k": Look(_ORANGE, "^", "-."),
    "PassUntil": Look(_ORANGE, "v", "--"),
    "thresholded error": Look(_ORANGE, "D", DASHES[4]),
    "token edit distance": Look(_BLUE, "s", "--"),
    "normalised edit distance": Look(_BLUE, "D", "-."),
    "character edit distance": Look(_BLUE, "v", ":"),
    "longest correct prefix": Look(_GREEN, "P", ":"),
    "token accuracy": Look(_GREEN, "^", "-."),
    "digit accuracy from the units": Look(_GREEN, "v", "--"),
    "credit for a forgotten carry": Look(_GREEN, "D", "-"),
    "multiple-choice grade": Look(_GOLD, "D", "-"),
    "accuracy": Look(_GOLD, "o", "-"),
    "multi-class Brier score": Look(_PINK, "v", "--"),
    "Brier score": Look(_PINK, "v", "--"),
    "target Brier score": Look(_PINK, "s", "-."),
    "binary Brier score": Look(_PINK, "P", ":"),
    "log score": Look(_PINK, "^", "-"),
    "bits per byte": Look(_PINK, "D", DASHES[4]),
    "BLEU": Look(_VIOLET, "P", "-."),
    "ROUGE-L-Sum": Look(_VIOLET, "v", "--"),
}


def looks(labels: Iterable[str], *ordered: Iterable[str]) -> dict[str, Look]:
    """The look of every series of a figure, by its label.

    Parameters
    ----------
    labels : iterable of str
        In the order in which they appear. A metric is known by its title.
    *ordered : iterable of str
        Those of each ordered quantity: one hue, from light to dark.
    """
    labels = list(dict.fromkeys(labels))
    found = {label: look for label in labels if (look := of_metric(label)) is not None}
    for steps in map(list, map(dict.fromkeys, ordered)):
        for i, label in enumerate(steps):
            if label not in found:
                found[label] = Look(_step(RAMP, i, len(steps)), MARKERS[i % 6], DASHES[i % 6])
    # The ramp is of the first colour's hue: beside steps, that colour would pass for one of them.
    taken = {look.colour for look in found.values()} | ({COLOURS[0]} if any(ordered) else set())
    free = [colour for colour in (*COLOURS, MUTED) if colour not in taken]
    # A metric keeps its marker and dash: what stands beside it takes others, as long as there are any.
    held, lines = {look.marker for look in found.values()}, {look.dash for look in found.values()}
    markers = [m for m in MARKERS if any(ordered) or m not in held] or list(MARKERS)
    dashes = [d for d in DASHES if any(ordered) or d not in lines] or list(DASHES)
    for i, label in enumerate(label for label in labels if label not in found):
        turn, colour = divmod(i, len(free))  # a colour that comes again has another marker and dash
        at = colour + turn
        found[label] = Look(free[colour], markers[at % len(markers)], dashes[at % len(dashes)])
    return found


def of_metric(title: str) -> Look | None:
    """The look of a metric by its title, with or without what it depends on; None if it is no metric's."""
    if title.startswith("top-") and title.endswith(" accuracy"):
        return Look(_GOLD, "^", "--")
    head = title.partition(",")[0]
    return _METRICS.get(title) or _METRICS.get(head) or dict(_unnamed()).get(head)


def _unnamed() -> Iterator[tuple[str, Look]]:
    """The metrics without a look of their own here, by their titles, each with that of its kind."""
    taken = list(_METRICS.values())
    for title, metric in ((m.title.partition(",")[0], m) for m in METRICS.values()):
        if title not in _METRICS and not title.startswith("top-"):
            taken.append(_free(_of_kind(metric), taken))
            yield title, taken[-1]


def _of_kind(metric: Metric) -> str:
    """The colour of what a metric is: of a forecast, of choices, partial credit, all or nothing, or anything else."""
    if metric.gentle in ("forecast", "loss"):
        return _PINK
    if metric.gentle == "answer":
        return _BLUE if metric.direction == "lower" else _GREEN
    if metric.judges == "choices":
        return _GOLD
    return _ORANGE if metric.binary else _VIOLET


def _free(colour: str, taken: Iterable[Look]) -> Look:
    """A look of that colour whose dash and marker are those that fewest others of it have."""
    held = [look for look in taken if look.colour == colour]
    dashes, markers = [look.dash for look in held], [look.marker for look in held]
    looks = (Look(colour, marker, dash) for dash in DASHES for marker in MARKERS)
    return min(looks, key=lambda x: (x in held, dashes.count(x.dash), markers.count(x.marker)))


def _step(ramp: Sequence[str], i: int, number: int) -> str:
    """Step `i` of `number`, over as much of the ramp as keeps neighbours apart."""
    if number <= 1:
        return ramp[len(ramp) // 2]
    return ramp[round(i * (len(ramp) - 1) / (number - 1))]
