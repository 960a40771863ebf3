"""Claims of a chapter: a sentence, the check that it has to pass, and the rival that must not pass it.

A badge certifies a sentence only if the check could have failed. So a claim brings along its strongest simple rival, in a
form that makes data, and the check is tried on the rival's data as well as on data of the claim's own kind. An identity of
algebra, which no data could refute, says so and needs no rival.
"""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from IPython import get_ipython
from IPython.display import display

from ..curves.resolution import binomial_interval
from ..errors import require
from ..ground.optional import in_browser
from .numbers import glue

__all__ = ["CLAIMS", "Power", "Verdict", "claim"]

DRAWS = 200
"""Data sets that a check is tried on, of the rival and of the claim."""
REFUTES, PASSES = 0.8, 0.95
"""How often a check has to fail on the rival's data, and to pass on the claim's."""

Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Power:
    """How a check did on simulated data."""

    draws: int
    failed_under_rival: float
    passed_under_claim: float | None


@dataclass(frozen=True)
class Verdict:
    """A claim as it is listed for machines."""

    number: str
    sentence: str
    holds: bool
    algebra: bool
    rival: str
    refuted_if: str
    unit: str
    power: Power | None
    alternatives: Mapping[str, bool]


CLAIMS: dict[str, Verdict] = {}
"""The claims that were stated in this kernel, by number."""


def claim(
    number: str,
    sentence: str,
    holds: Any,
    *,
    data: Any = None,
    rival: tuple[str, Draw] | None = None,
    supposed: Draw | None = None,
    refuted_if: str = "",
    unit: str = "",
    alternatives: Mapping[str, bool] | None = None,
    algebra: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> None:
    """State a numbered claim, check it here and now, and check the check.

    Parameters
    ----------
    number : str
        Chapter and claim, such as ``"2.3"``; a page that is no chapter has a letter, as in ``"E.1"``.
    sentence : str
        The claim in one sentence of plain text, with its scope.
    holds : bool or callable
        The check: its result, or a function of data, ``check(data) -> bool``, which a rival needs.
    data : object
        What was observed; given to the check.
    rival : tuple of str and callable, optional
        The strongest equally simple alternative, in words, and a function ``draw(rng)`` that makes data as the rival would
        have them, of the same kind as `data`.
    supposed : callable, optional
        ``draw(rng)``: data as they would be if the claim were true.
    refuted_if : str
        What would refute the sentence: a quantity, and the value at which it falls. Needed with a rival.
    unit : str
        What was drawn independently: networks, families, items.
    alternatives : mapping of str to bool, optional
        Choices that could have been made otherwise, in words, and whether the sentence survives each. All must hold.
    algebra : bool
        The claim is an identity that SymPy proves: no data could refute it.
    seed : int
        Of the simulations.
    draws : int
        Data sets of each kind.

    Raises
    ------
    AssertionError
        If the claim does not hold, also under an alternative, or its check fails on fewer than 80% of the rival's data
        sets or passes on fewer than 95% of the claim's. The notebook, the book and the tests stop there, unless somebody sits in
        front of the notebook: whoever tries other parameters is told, and the rest runs.
    FieldError
        If what is given does not fit together: a rival without a check or without `refuted_if`.
    """
    require(
        not (algebra and rival), "algebra", algebra, "no rival: an identity of algebra has none"
    )
    require(
        rival is None or (callable(holds) and bool(refuted_if)), "rival", rival and rival[0],
        "a check that is a function of data, and refuted_if",
    )  # fmt: skip
    kept = bool(holds(data)) if callable(holds) else bool(holds)
    verdict = Verdict(
        number, sentence, kept, algebra, rival[0] if rival else "", refuted_if, unit,
        _power(holds, rival[1], supposed, seed, draws) if rival else None, dict(alternatives or {}),
    )  # fmt: skip
    fault = _fault(verdict)
    if fault and not _watched():
        raise AssertionError(f"Claim {number} {fault}: {sentence}")
    CLAIMS[number] = verdict
    name = "claim_" + number.replace(".", "_").lower()
    words = "checked" if not fault else "which does not hold with these values"
    if not fault:
        glue(**{name: sentence})
    anchor = name.replace("_", "-")
    display(
        {
            # In bold, for front ends without the book's style sheet.
            "text/html": f'<p class="mb-claim" id="{anchor}"><b class="mb-claim-number">Claim {number}, {words}'
            f"</b> {html.escape(sentence)}</p>{_for_the_sceptic(verdict)}",
            "text/plain": f"Claim {number}, {words}: {sentence}",
        },
        raw=True,
        metadata={"mirage_claim": json.loads(json.dumps(asdict(verdict)))},
    )


def _power(
    check: Callable[[Any], Any], rival: Draw, supposed: Draw | None, seed: int, draws: int
) -> Power:
    def passed(draw: Draw, stream: int) -> float:
        rng = np.random.default_rng([seed, stream])
        return float(np.mean([bool(check(draw(rng))) for _ in range(draws)]))

    return Power(draws, 1 - passed(rival, 0), passed(supposed, 1) if supposed else None)


def _fault(verdict: Verdict) -> str:
    """What is wrong with a claim, or an empty text."""
    if not verdict.holds:
        return "does not hold"
    lost = [words for words, survives in verdict.alternatives.items() if not survives]
    if lost:
        return f"does not hold with {lost[0]}"
    power = verdict.power
    if power and power.failed_under_rival < REFUTES:
        return f"has a check that only {power.failed_under_rival:.0%} of its rival's data sets fail"
    if power and power.passed_under_claim is not None and power.passed_under_claim < PASSES:
        return f"has a check that only {power.passed_under_claim:.0%} of its own data sets pass"
    return ""


def _for_the_sceptic(verdict: Verdict) -> str:
    """The fold below a claim."""
    parts = []
    if verdict.algebra:
        parts.append(("Why no rival", "This is algebra: SymPy proves it in the cell above."))
    if verdict.rival:
        parts.append(("Rival", verdict.rival))
    if verdict.refuted_if:
        parts.append(("Refuted if", verdict.refuted_if))
    if verdict.power:
        parts.append(("Power", _in_words(verdict.power)))
    if verdict.unit:
        parts.append(("Drawn independently", verdict.unit))
    if verdict.alternatives:
        parts.append(("Also holds with", "; ".join(verdict.alternatives)))
    if not parts:
        return ""
    terms = "".join(f"<dt>{term}</dt><dd>{html.escape(text)}</dd>" for term, text in parts)
    return (
        f'<details class="mb-sceptic"><summary>For the sceptic</summary><dl>{terms}</dl></details>'
    )


def _in_words(power: Power) -> str:
    failed = round(power.failed_under_rival * power.draws)
    least = binomial_interval(failed, power.draws).low
    text = f"we made {power.draws} data sets as the rival says, and {failed} of them fail the check (95% interval: {float(least):.0%} or more)"
    if power.passed_under_claim is not None:
        passed = round(power.passed_under_claim * power.draws)
        text += f"; of {power.draws} made as the claim says, {passed} pass it"
    return text + "."


def _watched() -> bool:
    """Whether a person runs this cell: JupyterLab, VS Code and Colab can be asked for input, papermill and the book cannot."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return in_browser()  # a page runs a cell when its reader says so
    parent = kernel.get_parent()
    return bool(parent.get("content", {}).get("allow_stdin", False))
