"""Which of a document's choices is the right one, from what the harness's samples say of it.

The harness writes the right choice as its index, its letter, or its text, and since 0.4.3 always as
text, so that ``"2"`` may be an index or a choice. What it means is decided for all documents of a task
together: by which reading fits all of them, and by the program's own grade of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RightChoices", "conditional", "likeliest"]

_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_ENOUGH = 0.9
"""Part of the documents on which a reading of the targets must agree with the program's grade: ties and
rounding make single ones differ."""
_LISTS = ("choices", "endings", "options", "labels")
_GOLD = ("gold", "label", "answer")


def likeliest(logprobs: Sequence[float]) -> int:
    """Index of the largest log-likelihood, the first of equals."""
    return logprobs.index(max(logprobs))


def conditional(row: Mapping[str, Any], size: int) -> int:
    """How many of a document's log-likelihoods are those of its choices given the question.

    For ``acc_mutual_info`` the program asks for each choice twice, with the question and without: the
    first half are the choices.
    """
    half = size // 2
    if size % 2 or half < 2:
        return size
    if "acc_mutual_info" in row:
        return size if any(len(choices) == size for choices in _listed(row)) else half
    if not _unconditional(row):
        return size
    pairs = _requests(row)
    without = len(pairs) == size and all(context == "" for context, _ in pairs[half:])
    same = [c for _, c in pairs[:half]] == [c for _, c in pairs[half:]]
    return half if without and same and pairs[0][0] != "" else size


def _unconditional(row: Mapping[str, Any]) -> bool:
    """Whether the last request has no question: a look that costs little, as most have one."""
    given = row.get("arguments")
    if isinstance(given, dict):
        given = list(given.values())
    last = given[-1] if isinstance(given, list) and given else None
    if isinstance(last, dict):
        return last.get("arg_0") == ""
    return isinstance(last, list) and last[:1] == [""]


class RightChoices:
    """Which choices are right, document by document; how targets are to be read is decided once a task.

    A reading of the targets counts if it fits most of the first documents, and agrees with the program's
    own grades of them. Where there are no grades, all readings that fit have to say the same.
    """

    def __init__(self) -> None:
        self._readings: tuple[_Reading, ...] | None = None

    def __call__(
        self, rows: Sequence[Mapping[str, Any]], logprobs: Sequence[Sequence[float]]
    ) -> list[int | None]:
        """The index of the right choice of each of some documents; None where it is not certain.

        Parameters
        ----------
        rows : sequence of mapping
            Samples: their ``target``, ``doc``, ``arguments`` and grades.
        logprobs : sequence of sequence of float
            Log-likelihoods of their choices.
        """
        if self._readings is None:
            self._readings = _readings(rows, logprobs)
        return [
            _agreed([reading(row, len(values)) for reading in self._readings])
            for row, values in zip(rows, logprobs, strict=True)
        ]


def _agreed(indices: Sequence[int | None]) -> int | None:
    said = {index for index in indices if index is not None}
    return said.pop() if len(said) == 1 else None


def _readings(
    rows: Sequence[Mapping[str, Any]], logprobs: Sequence[Sequence[float]]
) -> tuple[_Reading, ...]:
    """How the targets of some documents can be read."""
    grades = _grades(rows, logprobs)
    found = []
    for reading in (_as_index, _as_choice, _as_letter, _as_the_document_says):
        indices = [reading(row, len(values)) for row, values in zip(rows, logprobs, strict=True)]
        if 2 * sum(i is not None for i in indices) <= len(rows):
            continue
        fits = _agrees(indices, grades)
        if fits:  # the program's own grades say so: no other reading need be tried
            return (reading,)
        if fits is None and reading is not _as_the_document_says:
            found.append(reading)
    return tuple(found)


# -- readings of a target ---------------------------------------------------------------------------

_Reading = Callable[[Mapping[str, Any], int], "int | None"]


def _as_index(row: Mapping[str, Any], size: int) -> int | None:
    target = row.get("target")
    if isinstance(target, str):
        target = target.strip()
        target = int(target) if len(target) < 9 and target.isascii() and target.isdigit() else None
    if isinstance(target, bool) or not isinstance(target, int):
        return None
    return target if 0 <= target < size else None


def _as_choice(row: Mapping[str, Any], size: int) -> int | None:
    target = row.get("target")
    if not isinstance(target, str):
        return None
    for choices in _choices(row, size):
        places = [i for i, choice in enumerate(choices) if choice.strip() == target.strip()]
        if len(places) == 1:
            return places[0]
    return None


def _as_letter(row: Mapping[str, Any], size: int) -> int | None:
    target = row.get("target")
    found = _LETTER.fullmatch(target.strip()) if isinstance(target, str) else None
    index = ord(found[1].upper()) - ord("A") if found else size
    return index if index < size else None


def _as_the_document_says(row: Mapping[str, Any], size: int) -> int | None:
    """Some data sets have the index under one of these names, and some something else: the grades must agree."""
    doc = row.get("doc")
    if not isinstance(doc, dict):
        return None
    for name in _GOLD:
        at = doc.get(name)
        if isinstance(at, int) and not isinstance(at, bool) and 0 <= at < size:
            return at
    return None


def _requests(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Context and continuation of each request; nothing where they are something else."""
    given = row.get("arguments")
    if isinstance(given, dict):  # since 0.4.3: {"gen_args_0": {"arg_0": ..., "arg_1": ...}, ...}
        given = [list(a.values()) if isinstance(a, dict) else a for a in given.values()]
    if not isinstance(given, list):
        return []
    pairs = [
        (a[0], a[1])
        for a in given
        if isinstance(a, list) and len(a) > 1 and isinstance(a[0], str) and isinstance(a[1], str)
    ]
    return pairs if len(pairs) == len(given) else []


def _listed(row: Mapping[str, Any]) -> list[list[str]]:
    """The document's own lists of choices."""
    doc = row.get("doc")
    lists: list[Any] = []
    if not isinstance(doc, dict):
        return lists
    for name in _LISTS:
        given = doc.get(name)
        # ARC has {"text": [...], "label": [...]} here.
        lists += list(given.values()) if isinstance(given, dict) else [given]
    return [x for x in lists if isinstance(x, list) and all(isinstance(c, str) for c in x)]


def _choices(row: Mapping[str, Any], size: int) -> list[list[str]]:
    """Lists of the choices' texts: as they were asked for, and as the document has them."""
    asked = [continuation for _, continuation in _requests(row)]
    asked = asked[:size] if len(asked) in (size, 2 * size) else []
    return [choices for choices in (asked, *_listed(row)) if len(choices) == size]


# -- the program's own grade --------------------------------------------------------------------------


def _grades(
    rows: Sequence[Mapping[str, Any]], logprobs: Sequence[Sequence[float]]
) -> tuple[NDArray[np.float64], list[int]]:
    """The program's grade of each document, nan where there is none, and the choice that it graded."""
    if any("acc" in row for row in rows):
        return _values(rows, "acc"), [likeliest(values) for values in logprobs]
    chosen = []
    grades = _values(rows, "acc_norm")
    for at, (row, values) in enumerate(zip(rows, logprobs, strict=True)):
        texts = next(iter(_choices(row, len(values))), None) if grades[at] == grades[at] else None
        if texts is None:
            grades[at] = np.nan
            chosen.append(0)
        else:  # the log-likelihood by character, of which a first blank is none
            lengths = [len(text.removeprefix(" ")) or 1 for text in texts]
            chosen.append(likeliest([v / n for v, n in zip(values, lengths, strict=True)]))
    return grades, chosen


def _values(rows: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    return np.array(
        [v if isinstance(v := row.get(name), (int, float)) else np.nan for row in rows], dtype=float
    )


def _agrees(
    indices: Sequence[int | None], grades: tuple[NDArray[np.float64], list[int]]
) -> bool | None:
    """Whether the choices that a reading calls right are those that the program does; None: it does not say."""
    given, chosen = grades
    right = np.array([-1 if i is None else i for i in indices])
    here = (right >= 0) & np.isfinite(given)
    if not here.any():
        return None
    if not np.isin(given[here], (0, 1)).all():
        return False  # such as the sum over several right choices
    hit = right[here] == np.array(chosen)[here]
    # Each kind of grade for itself: among many choices any index is mostly wrong, too.
    return all(
        bool((hit[given[here] == grade] == grade).mean() >= _ENOUGH)
        for grade in (0, 1)
        if (given[here] == grade).any()
    )
