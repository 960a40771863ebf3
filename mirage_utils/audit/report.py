"""An audit as files: one page to read, and every number as CSV and JSON.

The page stands alone: no script, no font, no link to anything else. Whatever comes from the audited
files is escaped, and none of it goes into a picture or an attribute.
"""

from __future__ import annotations

import html
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from .. import plots
from .._html import table
from .._write import harmless, replace
from ..curves import Curve
from ..errors import require
from ..resolution import zero_bound
from .judging import Audit, Finding
from .rules import RULES, VERDICTS, count, p_text

__all__ = ["page", "write"]

PICTURES = 100
"""Questions that get a picture: those that leap first."""
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
    folder = Path(out)
    require(not folder.exists() or folder.is_dir(), "out", str(folder), "a folder, or none yet")
    folder.mkdir(parents=True, exist_ok=True)
    numbers = json.dumps(found.numbers(), indent=1, allow_nan=False, ensure_ascii=False)
    content = {
        "verdicts.csv": _csv(found.verdicts),
        "curves.csv": _csv(found.curves),
        "numbers.json": numbers + "\n",
        "report.html": page(found, source=source),
    }
    for name, text in content.items():
        # Names of models and tasks may hold half a surrogate pair, which no encoding has.
        replace(folder / name, text.encode("utf-8", "replace"))
    return [folder / name for name in content]


def _csv(frame: pd.DataFrame) -> str:
    texts = {
        c: frame[c].map(lambda text: harmless(text.replace("\r", " ")))
        for c in ("family", "task", "metric", "evidence")
        if c in frame
    }
    return frame.assign(**texts).to_csv(index=False, lineterminator="\n")


def page(found: Audit, *, source: str = "") -> str:
    """An audit as one HTML page."""
    g = found.gathered
    counts = found.count()
    leaping = sum(n for verdict, n in counts.items() if verdict != "no leap")
    title = "Audit of an evaluation"
    many = f"{len(found.findings):,} curves of {len(found.questions):,} questions"
    records = f", {g.records:,} records" if g.records else ""
    chips = table(
        ["verdict", "curves", "means"],
        [[_chip(v), f"{counts[v]:,}", _MEANING[v]] for v in VERDICTS],
        label="Curves by verdict",
    )
    body = [
        f"<h1>{title}</h1>",
        f"<p>{html.escape(source)}</p>" if source else "",
        f"<p>{many}, from {g.files:,} file{'s' * (g.files != 1)}{records}. {leaping:,} may leap. "
        f"Error rate of every test {found.level:g}, corrected over all curves (Holm).</p>",
        chips,
        _left_out(found),
        "<h2>Findings</h2>",
        *_questions(found),
        "<h2>All curves</h2>",
        table(
            ["family", "task", "metric", "verdict", "evidence", "what would settle it"],
            [
                [
                    *map(html.escape, (f.family or "(none named)", f.task, f.metric)),
                    _chip(f.verdict),
                    *map(html.escape, (f.evidence, f.settle)),
                ]
                for f in found.findings
            ],
            label="Verdict on every curve",
        ),
        "<h2>How a verdict is reached</h2>",
        "<p>The first of these conditions that holds decides.</p>",
        table(
            ["rule", "if", "then"],
            [[html.escape(r.name), html.escape(r.words), _chip(r.verdict)] for r in RULES],
            label="Decision table",
        ),
        f"<p>{_SKILL}</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        'img-src data:">'
        f"<title>{title}</title><style>{_STYLE}{plots.stylesheet()}{_dark()}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


_MEANING = {
    "no leap": "nothing rises, or no step makes half of the range",
    "too few sizes": "between the sizes there are, any rise falls into one step",
    "metric effect": "the models got better before the leap, and this metric did not show it",
    "resolution effect": "a smooth loss, of which so few items show nothing below the leap",
    "not explained by the metric": "gentler metrics leap too, or runs of one size differ in kind",
    "cannot tell": "what is there does not decide",
}
_SKILL = (
    "<b>Skill</b> is by how much outputs fit their own items better than they fit other items of the same "
    "task, under the same metric. Guessing, favourite letters, and being more or less sure do not move it."
)


def _chip(verdict: str) -> str:
    return f'<span class="v">{verdict}</span>'


def _left_out(found: Audit) -> str:
    g = found.gathered
    parts = []
    for what, lines in (
        ("files refused", [f"{name}: {why}" for name, why in g.refused]),
        ("notes on what was read", list(g.notes)),
        ("models without a size, on no curve", list(g.unknown_models)),
    ):
        if lines:
            shown = "".join(f"<li>{html.escape(line)}</li>" for line in lines[:200])
            more = (
                f"<li>and {len(lines) - 200:,} more, in numbers.json</li>"
                if len(lines) > 200
                else ""
            )
            parts.append(
                f"<details><summary>{len(lines):,} {what}</summary><ul>{shown}{more}</ul></details>"
            )
    return "".join(parts)


def _questions(found: Audit) -> list[str]:
    by_question: dict[tuple[str, str], list[Finding]] = {}
    for f in found.findings:
        by_question.setdefault((f.family, f.task), []).append(f)
    ranked = sorted(
        found.questions,
        key=lambda q: all(f.verdict == "no leap" for f in by_question[q.family, q.name]),
    )
    made = []
    for i, question in enumerate(ranked[:PICTURES]):
        findings = by_question[question.family, question.name]
        named = ": ".join(filter(None, (question.family, question.name)))
        told = "".join(
            f"<li><b>{html.escape(f.metric)}</b> {_chip(f.verdict)} {html.escape(f.evidence)}. "
            f"<i>To settle it:</i> {html.escape(f.settle)}.{_more(f, found.level)}</li>"
            for f in findings
            if f.verdict != "no leap"
        )
        quiet = [f for f in findings if f.verdict == "no leap"]
        listed = ", ".join(html.escape(f.metric) + _missed(f) for f in quiet)
        rest = f"<p>Without a leap: {listed}.</p>" if quiet else ""
        rest += "".join(f"<p>{_lengths(f)}</p>" for f in quiet if f.lengths)
        made.append(
            f'<section aria-labelledby="q{i}"><h3 id="q{i}">{html.escape(named)}</h3>'
            f"{_picture(findings, i)}<ul>{told}</ul>{rest}</section>"
        )
    if len(ranked) > PICTURES:
        made.append(f"<p>{len(ranked) - PICTURES:,} more questions are in the table below.</p>")
    return made


def _more(f: Finding, level: float) -> str:
    """The rest of the evidence, folded."""
    told = _floor(f, level) + _emergence(f) + _foretold(f) + _lengths(f)
    return f"<details><summary>more evidence</summary>{told.strip()}</details>" if told else ""


def _floor(f: Finding, level: float) -> str:
    """What the items can show, of shares of items."""
    if not f.curve.proportion:
        return ""
    n = int(f.curve.n.min())
    said = f" With {n:,} items nothing below {zero_bound(n):.2g} can be told from zero."
    t = f.smooth
    # A law that the counts refute foretells no number of items.
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
        f" Its emergence score is {score}; chance of as much, corrected over all curves: "
        f"{t.p_noise_corrected:.2g} without a trend{smooth}."
    )


def _missed(f: Finding) -> str:
    """How far the best forecast of the largest model was off, for curves without a leap."""
    return "" if f.foretold is None else f" (largest model foretold to {f.foretold.error:.0%})"


def _foretold(f: Finding) -> str:
    if f.foretold is None:
        return ""
    t = f.foretold
    return (
        f" Of {t.laws} forecasts of the largest model from the others {t.covered} held it in their 95% "
        f"interval; the best ({t.best}) missed it by {t.error:.0%} of the range."
    )


def _lengths(f: Finding) -> str:
    if f.lengths is None:
        return ""
    t = f.lengths
    return (
        f" Over answers of {t.shortest:,} to {t.longest:,} symbols the loss of a whole answer grows as its "
        f"length to the power {t.power:.2f} ± {1.96 * t.power_error:.2f} (1 if every symbol costs the same), "
        f"and the exponent changes by {t.drift:+.2f} ± {1.96 * t.drift_error:.2f} from one length to "
        f"another e times as long; one straight line for all lengths: {html.escape(p_text(t.p))}."
    )


def _picture(findings: list[Finding], at: int) -> str:
    """Up to four metrics of a question in one panel each of score, with letters and no names inside."""
    order = sorted(
        (f for f in findings if len(f.curve) >= _POINTS), key=lambda f: f.verdict == "no leap"
    )[:_CURVES]
    if not order:
        return ""
    cells = []
    for k, f in enumerate(order):
        curve = f.curve
        colour = plots.COLOURS[k % len(plots.COLOURS)]
        fig, ax = plots.panel(height=2.5)
        _draw(ax, curve, colour)
        plots.scale_axis(ax)
        ax.set_ylabel("score")
        low, high = float(np.min(curve.score)), float(np.max(curve.score))
        alt = (
            f"score against size, {len(curve)} sizes from {plots.size_label(curve.scale[0])} to "
            f"{plots.size_label(curve.scale[-1])}, between {low:.3g} and {high:.3g}"
        )
        n = "" if curve.n is None else f", n = {_span(curve.n)}"
        many = int(curve.n_runs.max())
        runs = f", up to {many} runs" if many > 1 else ""
        worse = "; less is better" if curve.direction == "lower" else ""
        cells.append(
            f'<figure><div role="img" aria-label="{html.escape(alt, quote=True)}">'
            f"{plots.svg(fig, f'q{at}-{k}')}</div>"
            f"<figcaption>{html.escape(f.metric)}{n}{runs}{worse}</figcaption></figure>"
        )
    return f'<div class="panels">{"".join(cells)}</div>'


def _span(n: np.ndarray) -> str:
    low, high = int(n.min()), int(n.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _draw(ax, curve: Curve, colour: str) -> None:
    if curve.proportion:
        plots.points(ax, curve, colour=colour)
        return
    known = np.isfinite(curve.error)
    error = 1.96 * np.where(known, curve.error, 0)
    ax.errorbar(
        curve.scale, curve.score, yerr=error, fmt="o", color=colour, capsize=2.2, elinewidth=1.1
    )
    ax.plot(curve.scale, curve.score, color=colour, linewidth=1.0, alpha=0.55)


def _dark() -> str:
    """The dark colours for whoever's system asks for them: the page has no switch."""
    dark = plots.stylesheet().partition('html[data-theme="dark"]')[2]
    return f"@media (prefers-color-scheme: dark) {{ :root{dark}{_NIGHT} }}"


_NIGHT = "body { background: #14181f; color: #d8dee9; } th, td { border-color: #39424f; }"
_STYLE = """
body { margin: 0; background: #fff; color: #1f2933; font: 1rem/1.55 Georgia, serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; }
h1, h2, h3, table, figcaption, .v { font-family: system-ui, sans-serif; }
h3 { overflow-wrap: anywhere; }
.mb-tables { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem; border-bottom: 1px solid #d5dbe3; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 0.8rem; }
figure { margin: 0; }
figure svg { width: 100%; height: auto; }
figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
.v { display: inline-block; font-size: 0.8rem; font-weight: 600; border: 1px solid currentColor;
  border-radius: 0.8rem; padding: 0 0.6rem; white-space: nowrap; }
@media (max-width: 40rem) { .v { white-space: normal; } }
section { border-top: 1px solid #8884; margin-top: 1.2rem; }
li { overflow-wrap: anywhere; margin: 0.3rem 0; }
"""
