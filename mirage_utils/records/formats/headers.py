"""What the columns of a plain table are: the schema's, under the names that people give them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import pandas as pd

from ...errors import FieldError, require
from ..identity import UnknownModelError, resolve
from ..options import Options
from ..schema import is_named, without_per_cent
from .metric_columns import metrics_among
from .names import (
    CONDITIONS,
    COUNTS,
    RIGHT,
    RUNS,
    SCHEMA,
    SIZES,
    SYNONYMS,
    UNITS,
    WITH_UNIT,
    listed,
    plain_name,
)  # fmt: skip
from .quantities import cell, counts_in_groups, is_missing, number, size_in

__all__ = [
    "in_units", "is_header", "models_among", "no_column", "no_counts", "once", "renaming", "unused",
    "with_times", "with_whole_counts", "without_index",
]  # fmt: skip


def once(names: Sequence[str]) -> None:
    """Refuse a header in which a name stands twice.

    Raises
    ------
    FieldError
        A reader would have to choose one of the two, and the other would be lost.
    """
    named = [name for name in names if not _is_unnamed(name)]
    # pandas calls the second column of a name "score.1".
    bare = [re.sub(r"\.\d+$", "", name) for name in named]
    # Of "score" and "Score" one would be lost as well.
    counts = Counter(
        plain_name(b) if plain_name(b) in SCHEMA else name
        for name, b in zip(named, bare, strict=True)
    )
    for name, count in counts.items():
        if count > 1:
            times = "twice" if count == 2 else f"{count} times"
            raise FieldError(
                "columns", list(names), f"each name once, and {name!r} stands {times} in the header"
            )


def _is_unnamed(name: str) -> bool:
    return (
        re.fullmatch(r"(Unnamed: \d+(_level_\d+)?(\.\d+)?|__index_level_\d+__)?", name.strip())
        is not None
    )


def without_index(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table without its columns of no name, such as an index that pandas wrote; names stripped.

    A column of no name that holds models is the column ``model``.
    """
    notes: list[str] = []
    kept: list[int] = []
    names: list[str] = []
    for place, name in enumerate(map(str, raw.columns)):
        if _is_unnamed(name):
            column = raw.iloc[:, place]
            held = [text for text in map(cell, column.head(1000)) if not is_missing(text)]
            if "model" not in raw.columns and "model" not in names and _are_models(held):
                notes.append("the column of no name is read as model")
                name = "model"
            elif _names_rows(raw, held, names):
                name = "metric" if all(map(is_named, held)) else "task"
                notes.append(f"the column of no name is read as {name}")
            else:
                if not all(re.fullmatch(r"[0-9]+(\.0)?", text) for text in held):
                    _refuse_numbers(raw.columns, place, held)
                    notes.append(f"a column of no name is passed over (it begins with {held[0]!r})")
                continue
        kept.append(place)
        names.append(name.strip())
    return raw.iloc[:, kept].set_axis(names, axis="columns"), notes


def _names_rows(raw: pd.DataFrame, held: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a column of no name says of which task or metric the scores of each row are, in columns of models."""
    known = {plain_name(str(name)) for name in (*raw.columns, *names)}
    given = {"task", "metric", *SYNONYMS["task"], *SYNONYMS["metric"]} & known
    texts = not any(number(text) is not None for text in held)
    return bool(held) and texts and not given and len(models_among(map(str, raw.columns))) > 1


def _refuse_numbers(names: Sequence[str], place: int, held: Sequence[str]) -> None:
    # Cells that were merged over two columns of scores leave the second without a name.
    numbers = [number(text.rstrip("% ")) is not None for text in held]
    if place and len(held) > 1 and not numbers[0] and all(numbers[1:]):
        raise FieldError(
            "columns",
            list(names),
            f"one row of names; a second one, with {held[0]!r} after {names[place - 1]!r}, is in the way: write both as one, "
            f"such as '{names[place - 1]} {held[0]}'",
        )
    if place and held and all(numbers):
        raise FieldError(
            "columns",
            list(names),
            f"a name for each column of numbers, and that after {names[place - 1]!r} has none",
        )


def _are_models(names: Iterable[str]) -> bool:
    """Whether several names, and all of them, are models': known ones, or with a size in them."""
    names = set(names)
    return len(names) > 1 and all(map(_is_model, names))


def _is_model(name: str) -> bool:
    # "5b" alone is a size, and no name.
    if size_in(name) is not None:
        return re.search(r"[a-z]{2}", name.lower()) is not None
    try:
        resolve(name)
    except UnknownModelError:
        return False
    return True


def is_header(names: Sequence[str]) -> bool:
    """Whether names are a header of results: two columns that are known, or two models."""
    known = {*SCHEMA, *(name for names in SYNONYMS.values() for name in names)}
    return sum(plain_name(name) in known for name in names) > 1 or len(models_among(names)) > 1


def models_among(names: Iterable[str]) -> list[str]:
    """Those of a table's columns that are called like models."""
    return [name for name in names if name not in SCHEMA and _is_model(name)]


_DATES = ("date", "datetime", "timestamp", "created", "created_at", "time")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d.*)?)?")


def with_times(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table whose column ``time`` says when a score was made, where a column of dates does; and that column."""
    for name in raw.columns:
        if plain_name(str(name)) in _DATES:
            texts = raw[name].map(cell)
            if texts.map(lambda text: text == "" or _DATE.fullmatch(text) is not None).all():
                return raw.assign(time=texts), [str(name)]
    return raw.drop(columns="time", errors="ignore"), []


_LARGE = 1e6
"""A test set has fewer items."""


def no_counts(raw: pd.DataFrame) -> list[str]:
    """Columns that are called like numbers of items and hold others: no whole ones, or a total that is another for
    each model.
    """
    by_plain = {plain_name(str(name)): name for name in reversed(raw.columns)}
    task, metric = (
        next((by_plain[n] for n in (target, *SYNONYMS[target]) if n in by_plain), None)
        for target in ("task", "metric")
    )
    found = []
    for name in (by_plain[plain] for plain in (*COUNTS, "n") if plain in by_plain):
        texts = raw[name].map(cell)
        texts = texts[~texts.map(is_missing)]
        values = texts.replace(counts_in_groups(texts)).map(number).astype(float)
        whole = (values >= 1) & (values == values.round())
        conditions = [
            by_plain[n] for n in (task and plain_name(task), *CONDITIONS) if n in by_plain
        ]
        about = (
            raw.loc[values.index, conditions].map(cell).agg(tuple, axis=1)
            if conditions
            else values * 0
        )
        kinds = values.groupby(about)
        # Of pass@k they may be the answers to each item.
        draws = metric is not None and raw[metric].map(cell).str.contains("@").any()
        # A total may be one of points, but not of what is right of it.
        parts = any(plain_name(str(column)) in RIGHT for column in raw.columns)
        points = plain_name(name) in ("total", "count") and kinds.nunique().max() > 1 and not parts
        if plain_name(name) == "n":  # the letter of sizes in scaling laws, too
            points = kinds.nunique().max() > 1 and bool((values >= _LARGE).all())
            if points:
                found.append(str(name))
            continue
        if not whole.all() or points or (draws and "samples" in plain_name(name)):
            found.append(str(name))
    return found


def with_whole_counts(raw: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """A table whose numbers of items have no point between their thousands; a note."""
    texts = raw["n"].map(cell) if "n" in raw.columns else pd.Series(dtype=object)
    groups = counts_in_groups(texts)
    if not groups:
        return raw, []
    first = next(text for text in texts if text in groups)
    note = f"points in numbers of items set thousands apart: n is {int(groups[first]):,} where it says {first!r}"
    return raw.assign(n=texts.replace(groups)), [note]


def unused(
    names: Mapping[str, str], known: Iterable[str], options: Options, used: Iterable[str] = ()
) -> list[str]:
    """A note on the columns of a table that nothing was made of."""
    known = {
        *known,
        *used,
        *options.wide,
        *options.elsewhere,
        *options.columns.values(),
        *options.replicate_by,
    }
    left = [
        name
        for name, now in names.items()
        if now not in known and plain_name(name) not in (*RUNS, *CONDITIONS)
    ]
    if not left:
        return []
    more = f" and {len(left) - _NAMED:,} more" if len(left) > _NAMED else ""
    return [f"columns not used: {listed(left[:_NAMED])}{more} (--column says what they are)"]


_NAMED = 8
"""Columns that a note names."""


def renaming(
    names: Sequence[str], options: Options, but: Collection[str] = (), item: str = ""
) -> tuple[dict[str, str], list[str]]:
    """The schema's names of a table's columns.

    Parameters
    ----------
    names : sequence of str
        As from `without_index`.
    options : Options
        What the user says of columns holds.
    but : collection of str
        Columns that are not ``n``, whatever they are called: an ``N`` may be the number of parameters.
    item : str
        The column that names items, as its cells show; ``""`` for none.

    Returns
    -------
    dict of str to str
        By the names of the file, each of which is in it.
    list of str
        Which names are no longer the file's though the user did not say so.

    Raises
    ------
    FieldError
        If a column is not there that the user names, or two would have one name.
    """
    for name in options.columns:
        require(name in names, "columns", list(names), f"a column {name!r} to rename")
    # What the user calls a column beats what another is called.
    meant = set(options.columns.values())
    other = {name: f"{name} of the file" for name in names if plain_name(name) in meant}
    said = [{**other, **options.columns}.get(name, name) for name in names]
    once(said)
    fixed = {*options.wide, *options.replicate_by, *options.columns.values()}
    free = [name for name in said if name not in fixed and name not in SCHEMA]
    found: dict[str, str] = {}
    notes = []
    for target in (*SYNONYMS, *SCHEMA):
        if target in said or target in found.values():
            continue
        if options.wide and target in ("task", "score"):
            continue
        if target == "item" and item in free:
            found[item] = target
            continue
        free = [name for name in free if name not in found]
        if target == "n":
            free = [name for name in free if name not in but]
        fits = [name for name in free if plain_name(name) == target]
        if target == "params" and not any(_means(name, target) for name in free):
            fits = fits or [name for name in free if name in but and plain_name(name) == "n"]
        fits = fits or [name for name in free if _means(name, target)]
        if len(fits) == 1:
            found[fits[0]] = target
        elif fits:
            notes.append(
                f"{listed(fits)} may each be the column {target}, so none of them is read as it; say which "
                f"(--column {fits[0]}={target})"
            )
    if found:
        pairs = ", ".join(f"{name!r} as {target}" for name, target in found.items())
        notes.insert(0, f"columns read: {pairs} (--column says otherwise)")
    return {name: found.get(now, now) for name, now in zip(names, said, strict=True)}, notes


def _means(name: str, target: str) -> bool:
    if target == "score" and (bare := without_per_cent(name)) != name:
        return plain_name(bare) in (target, *SYNONYMS[target])
    return plain_name(name) in SYNONYMS.get(target, ()) or (
        target == "params" and _unit(name) != ""
    )


def _unit(name: str) -> str:
    """The unit that a column of sizes has in its name, ``"B"`` or ``"M"``; ``""`` of any other column."""
    found = WITH_UNIT.fullmatch(plain_name(name)) if len(name) < 100 else None
    if found is None:
        return ""
    what, unit = (part for part in found.groups() if part)
    unit = re.sub(r"_(?:parameters|params)$", "", unit)
    return UNITS.get(unit.removesuffix("s"), "") if what in SIZES else ""


def in_units(raw: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    """A table whose sizes carry the unit that the name of their column says, and whose scores "%"."""
    for name, target in found.items():
        if name not in raw.columns:  # lines of JSON may lack it
            continue
        per_cent = "%" if without_per_cent(name) != name else ""
        unit = {"params": _unit(name), "score": per_cent}.get(target)
        if unit:
            texts = raw[name].map(cell)
            bare = texts.map(lambda text: not is_missing(text) and text[-1].isdigit())
            raw = raw.assign(**{name: texts.where(~bare, texts + unit)})
    return raw


def no_column(name: str, raw: pd.DataFrame) -> FieldError:
    """The error of a table without a column that it must have."""
    names = list(map(str, raw.columns))
    expected = f"a column {name!r}, or another given as it (--column NAME={name})"
    models = models_among(names)
    if len(models) > 1:
        expected += (
            f"; columns such as {models[0]!r} look like models: write one row a score, with the "
            "columns model, task, metric, score"
        )
    elif name == "params":
        expected = (
            "a column 'params', or 'model' to look its size up; others can be given as these "
            "(--column NAME=model), or the model named for the whole file (--model)"
        )
    elif name == "metric":
        expected += " or named for the whole file (--metric accuracy, say)"
    elif name == "score" and "task" in names:
        expected += "; with one column a model, or one a seed, write one row a score"
    elif name == "task" and (metrics := metrics_among(raw)):
        expected += (
            f"; if columns such as {metrics[0]!r} are metrics of one task, name it (--task NAME); if columns are tasks, "
            "name these (--wide COLUMN) and their metric (--metric NAME)"
        )
    elif len(names) == 1 and is_header(names[0].split()):
        expected = "columns separated by commas, semicolons or tabs, and not by blanks"
    elif name in ("task", "score"):
        expected += (
            "; with one column a task, name these columns (--wide COLUMN); with one column a model, write one "
            "row a score"
        )
    return FieldError("columns", names, expected)
