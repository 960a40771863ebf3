"""The formats of evaluation results: one module each, and the list of them.

A format says whether a file is of its kind, by what stands in it and not by its name, and reads it in
batches. The first format of `FORMATS` that recognises a file reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..files import File
from ..options import Options
from ..schema import Reading
from . import (
    bigbench,
    every_eval_ever_instances,
    every_eval_ever_results,
    helm,
    inspect_log,
    lighteval,
    lm_eval_results,
    lm_eval_samples,
    plain,
)

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True)
class Format:
    """One kind of file.

    Attributes
    ----------
    name : str
        The program that writes it, and which kind of its files.
    recognises : callable
        ``recognises(file)``: whether a file is of this kind. It may raise `EvalFileError` for a file
        that is damaged whatever its kind.
    batches : callable
        ``batches(file, options, batch)``: its `Reading`, in parts of about so many records, so that memory
        does not grow with the file; what cannot be cut comes whole. What is said of the whole file (notes,
        version) may stand in any of them; sizes of models are looked up later.
    """

    name: str
    recognises: Callable[[File], bool]
    batches: Callable[[File, Options, int], Iterator[Reading]]


FORMATS: tuple[Format, ...] = (
    Format("Inspect log", inspect_log.recognises, inspect_log.batches),
    Format("lighteval results", lighteval.recognises_results, lighteval.results),
    Format("lighteval details", lighteval.recognises_details, lighteval.details),
    Format(lm_eval_results.FORMAT, lm_eval_results.recognises, lm_eval_results.read),
    Format(lm_eval_samples.FORMAT, lm_eval_samples.recognises, lm_eval_samples.read),
    Format("HELM run", helm.recognises, helm.batches),
    Format(
        "Every Eval Ever results",
        every_eval_ever_results.recognises,
        every_eval_ever_results.batches,
    ),
    Format(
        "Every Eval Ever instances",
        every_eval_ever_instances.recognises,
        every_eval_ever_instances.batches,
    ),
    Format("BIG-bench scores", bigbench.recognises, bigbench.batches),
    Format("workbook", plain.recognises_workbook, plain.batches),
    Format("plain table", plain.recognises, plain.batches),
)
"""In the order in which they are asked."""
