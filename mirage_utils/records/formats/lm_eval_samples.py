"""EleutherAI's lm-evaluation-harness: samples, one line a document and answer filter, 2022 to 2026.

What changed between its generations: whether samples are JSON lines or one JSON array, how
log-likelihoods are written (numbers, then text), whether the filter and the names of the metrics stand
in the line. What a line does not say (the model, its size, the number of examples in the prompt, which
scores are good) stands in the results file of the same run, beside it.

What the samples call a score is not always one. Under ``perplexity`` stands a document's log-likelihood,
and the program's score is a function of all of them: the results file reports it. A worked solution is no
answer that could be compared with a number.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import shown
from ..columns import Gatherer
from ..files import File
from ..options import Options
from ..schema import SCORES, EvalFileError, Reading
from ..values import number, score_of, text, whole
from .asking import asked_of
from .collecting import field_of, fields_of
from .lm_eval_choices import RightChoices, conditional, likeliest
from .lm_eval_names import from_name, run_of, stem_of
from .lm_eval_run import NO_MODEL, Run, is_nothing

__all__ = ["is_samples", "read", "recognises"]

FORMAT = "lm-evaluation-harness samples"

_PIECE = 2_000
# Fields of a sample that are no scores, over all generations.
_SAMPLE_FIELDS = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
    "doc_hash", "prompt_hash", "target_hash",
}  # fmt: skip
_PROMPTSOURCE = {"pred", "target", "doc_id", "fewshot_num"}
# Of whole documents, and of an answer: what stands under these names are log-likelihoods.
_ROLLING = {"word_perplexity", "byte_perplexity", "bits_per_byte"}
_LIKELIHOODS = {*_ROLLING, "perplexity", "ppl"}
_BOXED = re.compile(r"\S+\s.*\\boxed\b", re.DOTALL)


def is_samples(row: Any) -> bool:
    """Whether a JSON object is one line of a samples file, of any generation."""
    return isinstance(row, dict) and (
        ("resps" in row and "filtered_resps" in row and "doc_id" in row)
        or row.keys() >= _PROMPTSOURCE
    )


def recognises(file: File) -> bool:
    """Whether a file is one of samples: JSON lines, an array, or a single one."""
    return is_samples(file.first)


def read(file: File, options: Options, batch: int) -> Iterator[Reading]:
    """The records of a samples file, in batches; what is to be said of it stands in the last one."""
    model, task = from_name(file.path, file.first)
    task = options.called("task", task) or stem_of(file.path)
    run, notes = run_of(file.path, task)
    run = replace(run, model=options.called("model", run.model, model))
    told = _Told(reported={metric for of, metric in run.scored if of == task})
    lines = _lines(file, told)
    by_length = _is_by_length(file.first)
    last: Reading | None = None
    while True:
        some = islice(lines, batch)
        records = _records(file.path, some, run, task, by_length, options)
        if records is None:
            break
        if last is not None:
            yield last
        none = pd.DataFrame(columns=list(SCORES))
        last = Reading(
            str(file.path), FORMAT, _generation(file.first), none, records, time=run.time,
            conditions=run.conditions, fields=fields_of(file.first.get("doc")) if options.cluster_by else (),
        )  # fmt: skip
    if last is not None:
        notes += told.notes() if run.model else [*told.notes(), NO_MODEL]
        yield replace(last, notes=tuple(notes))


@dataclass
class _Told:
    """What was left out of a file, or is unusual: of how many items, and where first."""

    times: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    reported: Collection[str] = ()
    """Metrics of which the run's results file has the score."""
    repeats: int = 0
    answered: bool = False
    scored: bool = False

    def add(self, what: str, line: int, value: Any) -> None:
        self.times[what] += 1
        self.first.setdefault(what, f"line {line}: {shown(value)}")

    def notes(self) -> list[str]:
        notes = [
            what.format(times=f"{n:,}", first=self.first[what]) for what, n in self.times.items()
        ]
        if self.repeats > 1:
            notes.append(
                f"{self.repeats} answers an item: the first is kept, the scores are the file's"
            )
        if self.answered and not self.scored:
            notes.append(
                "answers without scores: they are graded by the book's metrics (mirage_utils.records.grade)"
            )
        return notes


_NO_CHOICE = (
    "target is not certainly one of the choices in {times} records ({first}): left out there, and the "
    "choices are not graded anew"
)
_SOLVED = "target is a worked solution in {times} records: what follows its #### is taken"
_UNSOLVED = (
    "target is a worked solution, and no answer, in {times} records ({first}): left out there, and the "
    "answers are not graded anew"
)
_SEVERAL = (
    "target names several right answers in {times} records ({first}): left out there, and the answers are "
    "not graded anew"
)
_NO_LOGPROB = "log-likelihoods that are none in {times} records ({first}): left out there"
_NO_ANSWER = "filtered_resps are no list in {times} records ({first}): left out there"
_LIKELIHOOD = "of an item is a log-likelihood and no score ({times} records): left out"
_REPORTED = "; the results file has the score"
_NO_NUMBER = "is no number in {times} records ({first}): left out there"
_NOTHING = "is -1, which stands for no score, in {times} records: left out there"
_NO_METRICS = "metrics are no list in {times} records ({first}): every other field is taken for one"


def _lines(file: File, told: _Told) -> Iterator[tuple[_Answer, str | None]]:
    """What each line says, with the right answer.

    Raises
    ------
    EvalFileError
        Naming the line that is no sample.
    """
    rows = file.objects()
    right = RightChoices()
    # In pieces: enough to tell what targets mean, and few enough that parsed lines do not pile up.
    while piece := list(islice(rows, _PIECE)):
        found = []
        for line, row in piece:
            if not is_samples(row):
                raise EvalFileError(
                    file.path, f"not a sample of the harness: {shown(row)}", line=line
                )
            if "resps" in row:
                found.append(_answer(line, row, told))
            else:  # the promptsource fork of 2022 kept answers and no scores
                found.append(_Answer(line, row, text(row["pred"]), None, {}))
        told.answered = told.answered or any(one.output is not None for one in found)
        yield from zip(found, _targets(found, right, told), strict=True)


def _records(
    path: Path,
    lines: Iterable[tuple[_Answer, str | None]],
    run: Run,
    task: str,
    by_length: bool,
    options: Options,
) -> pd.DataFrame | None:
    """The table of some lines; None if there are none.

    Raises
    ------
    EvalFileError
        Naming the line of an item that stands twice.
    """
    gathered = Gatherer()
    field = options.cluster_by
    settings: dict[str, str] = {}
    shots = run.shots.get(task, math.nan)
    one = None
    for one, target in lines:
        row, logprobs, output = one.row, one.logprobs, one.output
        of = ""
        if logprobs is not None:
            of = "choices" if len(logprobs) > 1 else "answer"
            if of == "choices" and target is not None:
                output = str(likeliest(logprobs))
        if "resps" in row:
            filtered = row.get("filter")
            name = filtered if isinstance(filtered, str) else str(filtered or "none")
            setting = settings.get(name)
            if setting is None:
                setting = settings[name] = run.setting(name)
        else:
            setting = text(row.get("prompt_name") or "")
            said = whole(row.get("fewshot_num"), low=0)
            shots = math.nan if said is None else said
        gathered.add(
            text(row["doc_id"]), target, output, logprobs, one.scores, setting=setting, line=one.line,
            logprobs_of=of, cluster=field_of(row.get("doc"), field) if field else None,
            asked=asked_of(row.get("doc"), row.get("doc_hash")) if options.questions else None,
        )  # fmt: skip
    if one is None:
        return None
    twice = gathered.repeated()
    if twice:
        item, first, second = twice
        raise EvalFileError(
            path, f"item {item} stands here a second time (first in line {first})",
            line=second, field="doc_id",
        )  # fmt: skip
    records = gathered.table(
        model=run.model, params=run.params, task=task, shots=shots, run=str(run.path), source=str(path)
    )  # fmt: skip
    return _directed(records, run, task, by_length)


def _directed(records: pd.DataFrame, run: Run, task: str, by_length: bool) -> pd.DataFrame:
    """Records with the directions that the run's results file gives, or what the samples are."""
    metrics = records["metric"].astype("category")
    directions = {
        name: run.direction(task, name) or ("higher" if by_length and name.isdecimal() else "")
        for name in metrics.cat.categories
    }
    kinds = pd.CategoricalDtype(sorted(set(directions.values())))
    records["direction"] = metrics.map(directions).astype(kinds)
    return records


def _is_by_length(row: Mapping[str, Any]) -> bool:
    """Whether a line is of RULER, whose metrics are lengths and have the share of the answers that was found.

    A document has -1 under every length but its own, which it says itself.
    """
    lengths = [name for name in row if name.isdecimal()]
    doc = row.get("doc")
    own = doc.get("max_length") if isinstance(doc, dict) else None
    return str(own) in lengths or any(row[name] == -1 for name in lengths)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one line says; `output` or `logprobs` of an answer, or `logprobs` of choices."""

    line: int
    row: Mapping[str, Any]
    output: str | None
    logprobs: list[float] | None
    scores: dict[str, float]


def _answer(line: int, row: Mapping[str, Any], told: _Told) -> _Answer:
    output, logprobs = _response(row["filtered_resps"], line, told)
    if not _ROLLING.isdisjoint(row):
        output = logprobs = None  # of a whole document, which is no answer
    elif logprobs is not None and len(logprobs) > 3:
        logprobs = logprobs[: conditional(row, len(logprobs))]
    return _Answer(line, row, output, logprobs, _scores(line, row, told))


def _scores(line: int, row: Mapping[str, Any], told: _Told) -> dict[str, float]:
    """Scores of a line by metric, without what is none."""
    names = row.get("metrics")
    if not isinstance(names, list):
        if names is not None:
            told.add(_NO_METRICS, line, names)
        names = [name for name in row if name not in _SAMPLE_FIELDS]
    scores = {}
    for name in names:
        name = name if isinstance(name, str) else str(name)
        value = row.get(name)
        score = value if type(value) is float else score_of(value)
        if name in _LIKELIHOODS:
            where = _REPORTED if name in told.reported else ""
            told.add(f"{_braced(name)} {_LIKELIHOOD}{where}", line, value)
        elif score is None or not math.isfinite(score):
            told.add(f"{_braced(name)} {_NO_NUMBER}", line, value)
        elif score < 0 and is_nothing(name, score):
            told.add(f"{_braced(name)} {_NOTHING}", line, value)
        else:
            scores[name] = float(score)
    told.scored = told.scored or bool(scores)
    return scores


def _braced(name: str) -> str:
    return name.replace("{", "{{").replace("}", "}}")


def _response(responses: Any, line: int, told: _Told) -> tuple[str | None, list[float] | None]:
    """The answer's text, or its log-likelihood, or those of choices."""
    if not isinstance(responses, list):
        told.add(_NO_ANSWER, line, responses)
        return None, None
    if not responses:
        return None, None
    first = responses[0]
    if isinstance(first, str):
        return first, None
    try:  # the usual case, kept short because a file has millions: [[number, greedy], ...]
        quick = [response[0] + 0.0 for response in responses]
        usual = max(quick) <= 1e-3 and not any(map(math.isnan, quick))
    except (TypeError, IndexError, KeyError, OverflowError):
        usual = False
    if usual:
        return None, quick
    if isinstance(first, list) and first and all(isinstance(r, str) for r in first):
        pair = len(first) == 2 and first[1] in ("True", "False") and number(first[0]) is not None
        if not pair:
            told.repeats = max(told.repeats, len(first))
            return first[0], None
    logprobs = []
    for response in responses:
        logprob = number(response[0] if isinstance(response, list) and response else response)
        if logprob is None or not logprob <= 1e-3:
            told.add(_NO_LOGPROB, line, response)
            return None, None
        logprobs.append(logprob)
    return None, logprobs


# -- right answers ------------------------------------------------------------------------------------


def _targets(answers: Sequence[_Answer], right: RightChoices, told: _Told) -> list[str | None]:
    """The right answer of each line, of a choice its index; None where it is not certain."""
    several = [at for at, a in enumerate(answers) if a.logprobs is not None and len(a.logprobs) > 1]
    found = {}
    if several:
        indices = right(
            [answers[at].row for at in several], [answers[at].logprobs or [] for at in several]
        )
        found = dict(zip(several, indices, strict=True))
    targets: list[str | None] = []
    for at, one in enumerate(answers):
        if at not in found:
            targets.append(_right_answer(one, told))
            continue
        index = found[at]
        targets.append(None if index is None else str(index))
        if index is None and one.row.get("target") is not None:
            told.add(_NO_CHOICE, one.line, one.row["target"])
    return targets


def _right_answer(answer: _Answer, told: _Told) -> str | None:
    """The right answer to a question, as text that an answer can be compared with."""
    target, doc = answer.row.get("target"), answer.row.get("doc")
    if isinstance(target, list) and isinstance(doc, dict):
        # A choice that was answered in words: the target lists the choices, the document has the index.
        for name in ("answer", "gold", "label"):
            at = doc.get(name)
            if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < len(target):
                return text(target[at])
    if isinstance(target, str):
        worked, mark, solved = target.rpartition("####")
        if mark and worked.strip() and solved.strip() and "\n" not in solved.strip():
            told.add(_SOLVED, answer.line, target)
            return solved.strip()
        if "\\boxed" in target and _BOXED.match(target):
            told.add(_UNSOLVED, answer.line, target)
            return None
        if target[:2] in ("['", '["'):
            target = _list_of(target)
    if isinstance(target, list) and len(target) != 1:
        told.add(_SEVERAL, answer.line, target)
        return None
    return None if target is None else text(target)


def _list_of(target: str) -> str | list[Any]:
    """A list that the program wrote as its text; what is none stays text."""
    try:
        found = ast.literal_eval(target) if len(target) < 100_000 else target
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return target
    return found if isinstance(found, list) else target


def _generation(row: Mapping[str, Any]) -> str:
    if "resps" not in row:
        return "0.2 promptsource"
    if "filter" in row or "metrics" in row:
        return "0.4.9+" if "metrics" in row else "0.4.3-0.4.8"
    return "0.4.2+" if "doc_hash" in row else "0.4.0-0.4.2"
