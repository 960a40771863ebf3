"""An audit as files: one page to read, and every number as CSV and JSON.

The page stands alone: no script, no font, no link to anything else. Its template escapes whatever it
is given, and nothing from the audited files goes into a picture or an attribute.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..curves.resolution import zero_bound
from ..page import plots
from ..page.reports import as_csv, colours, template, write_all
from .judging import Audit, Finding
from .pictures import picture
from .rules import RULES, VERDICTS
from .wording import count, p_text

__all__ = ["page", "write"]

_UNFOLDED = 10
"""Questions that are open when the page is: those that leap come first."""
_CURVES = 4
_POINTS = 3


def write(found: Audit, out: str | os.PathLike[str], *, source: str = "") -> list[Path]:
    """Write ``report.html``, ``verdicts.csv``, ``curves.csv`` and ``numbers.json`` into a folder.

    Parameters
    ----------
    found : Audit
    out : path-like
        Made if missing. Files of these names in it are replaced, each whole or not at all, and a link
        of such a name is replaced and not followed.
    source : str
        What was audited, in words for the page.

    Returns
    -------
    list of Path

    Raises
    ------
    FieldError
        If `out` is a file.
    """
    numbers = json.dumps(found.numbers(), indent=1, allow_nan=False, ensure_ascii=False)
    content = {
        "verdicts.csv": as_csv(found.verdicts, _TEXTS),
        "curves.csv": as_csv(found.curves, _TEXTS),
        "numbers.json": numbers + "\n",
        "report.html": page(found, source=source),
    }
    return write_all(out, content)


_TEXTS = ("family", "task", "metric", "evidence")


def page(found: Audit, *, source: str = "") -> str:
    """An audit as one HTML page.

    Parameters
    ----------
    found : Audit
    source : str
        Name of what was audited, for the title.
    """
    counts, read = found.count(), found.gathered
    leaping = sum(n for verdict, n in counts.items() if verdict != "no leap")
    records = f", {read.records:,} records" if read.records else ""
    notes = {
        "files refused": [f"{name}: {why}" for name, why in read.refused],
        "notes on what was read": found.notes,
        "models without a size, on no curve": read.unknown_models,
    }
    return (
        template(__package__)
        .render(
            source=source,
            summary=(
                f"{len(found.findings):,} curves of {len(found.questions):,} questions, from {read.files:,} "
                f"file{'s' * (read.files != 1)}{records}. {leaping:,} may leap. Error rate of every test "
                f"{found.level:g}, corrected over all curves (Holm)."
            ),
            verdicts=[(v, f"{counts[v]:,}", _MEANING[v]) for v in VERDICTS],
            questions=_questions(found),
            unfolded=_UNFOLDED,
            findings=found.findings,
            notes=[(title, lines) for title, lines in notes.items() if lines],
            rules=RULES,
            colours=colours(),
        )
        .lstrip()
    )


_MEANING = {
    "no leap": "nothing rises, or no step makes half of the range",
    "too few sizes": "between the sizes there are, any rise falls into one step",
    "metric effect": "the models got better before the leap, and this metric did not show it",
    "resolution effect": "a smooth loss, of which so few items show nothing below the leap",
    "not explained by the metric": "gentler metrics leap too, or many runs of one size differ in kind under them",
    "cannot tell": "what is there does not decide",
}


def _questions(found: Audit) -> Iterator[dict[str, Any]]:
    """What the page shows of each question, those with a leap first."""
    by_question: dict[tuple[str, str], list[Finding]] = {}
    for f in found.findings:
        by_question.setdefault((f.family, f.task), []).append(f)
    ranked = sorted(by_question.items(), key=lambda item: all(map(_is_calm, item[1])))
    for (family, task), findings in ranked:
        drawn = sorted((f for f in findings if len(f.curve) >= _POINTS), key=_is_calm)[:_CURVES]
        leaping = [f for f in findings if not _is_calm(f)]
        calm = [f for f in findings if _is_calm(f)]
        yield {
            "name": ": ".join(filter(None, (family, task))),
            "verdicts": list(dict.fromkeys(f.verdict for f in leaping)) or ["no leap"],
            "pictures": [picture(f.curve) for f in drawn],
            "leaping": [
                {
                    "metric": f.metric, "verdict": f.verdict, "rule": f.rule, "evidence": f.evidence,
                    "settle": f.settle, "more": _more(f, found.level),
                }
                for f in leaping
            ],
            "calm": ", ".join(f.metric + _missed(f) for f in calm),
            "lengths": [_lengths(f) for f in calm if f.lengths],
        }  # fmt: skip


def _is_calm(f: Finding) -> bool:
    return f.verdict == "no leap"


def _more(f: Finding, level: float) -> str:
    """The rest of the evidence."""
    return " ".join(filter(None, (_floor(f, level), _emergence(f), _foretold(f), _lengths(f))))


def _floor(f: Finding, level: float) -> str:
    """What the items can show, of shares of items."""
    if not f.curve.proportion:
        return ""
    n = int(f.curve.items.min())
    said = f"With {n:,} items nothing below {zero_bound(n):.2g} can be told from zero."
    t = f.smooth
    # A law that the counts refute predicts no number of items.
    if t is not None and t.gentle_p > level and t.hidden > 0 and np.isfinite(t.items):
        said += (
            f" The smooth law that fits gives {t.predicted:.1g} at {plots.size_label(t.darkest)}, and would "
            f"take {count(t.items)} items to be seen there."
        )
    return said


def _emergence(f: Finding) -> str:
    t = f.emergence
    if t is None or t.score != t.score:
        return ""
    score = f"{t.score:.3g}" if np.isfinite(t.score) else "infinite"
    smooth = f", {t.p_smooth_corrected:.2g} along a smooth law" if t.p_smooth == t.p_smooth else ""
    return (
        f"Its emergence score is {score}; chance of as much, corrected over all curves: "
        f"{t.p_noise_corrected:.2g} without a trend{smooth}."
    )


def _missed(f: Finding) -> str:
    """How far the best forecast of the largest model was off, for curves without a leap."""
    return (
        "" if f.foretold is None else f" (largest model predicted to within {f.foretold.error:.0%})"
    )


def _foretold(f: Finding) -> str:
    if f.foretold is None:
        return ""
    t = f.foretold
    return (
        f"Of {t.laws} forecasts of the largest model from the others {t.covered} held it in their 95% "
        f"interval; the best ({t.best}) missed it by {t.error:.0%} of the range."
    )


def _lengths(f: Finding) -> str:
    if f.lengths is None:
        return ""
    t = f.lengths
    return (
        f"Over answers of {t.shortest:,} to {t.longest:,} symbols the loss of a whole answer grows as its "
        f"length to the power {t.power:.2f} ± {1.96 * t.power_error:.2f} (1 if every symbol costs the same), "
        f"and the exponent changes by {t.drift:+z.2f} ± {1.96 * t.drift_error:.2f} from one length to "
        f"another e times as long; one straight line for all lengths: {p_text(t.p)}."
    )
