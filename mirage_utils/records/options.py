"""What a user says that files cannot say themselves: one set of options for every command and function."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from ..errors import FieldError, WrongUse, positive, require

__all__ = ["Options"]

_KEEP = ("all", "latest")


@dataclass(frozen=True)
class Options:
    """What a user says of files that do not say it themselves.

    A collection of one may be given as what is in it: ``percent="accuracy"``.

    Parameters
    ----------
    params : mapping of str to float
        Number of parameters by model name, for models that are not in the table ``models``.
    columns : mapping of str to str
        Plain tables: the file's column names and the schema's, such as ``{"answer": "target"}``.
    percent : collection of str
        What is given in per cent, to be divided by 100: a metric, or one on a task, of a family, or both, as
        ``"accuracy on quiz of Owl"``; it may hold ``*`` and ``?``.
    fraction : collection of str
        What is not in per cent, though other scores are: named as for `percent`. Whole numbers of `n` items are
        numbers of right ones then. Of `percent` and `fraction` that which says more of a score holds, the task or
        the family besides the metric.
    missing : collection of float
        Numbers that stand for a missing score, such as -100.
    wide : collection of str
        Plain tables with one row a model and one column a task: the columns that hold scores, all of the
        metric that `metric` names. Files without any of them are read as they are.
    model, task, metric : str
        For files, and rows of tables, that name none; see `called`.
    family : mapping of str to str
        Family by model name; a name may hold ``*`` and ``?``, such as ``{"acme/owl-*": "Owl"}``. Of several that
        fit a model that which says more of it holds, and before all its name.
    rename : mapping of str to str
        Other names for models, as the files write them.
    direction : mapping of str to {"higher", "lower"}
        Which scores of a metric are good.
    replicate_by : collection of str
        What tells runs of one network apart: a column of a plain table, such as ``seed``, ``row`` for each row
        of one, or a regular expression for the part of a model's name that says the run, such as ``"seed[0-9]+"``.
    cluster_by : str
        Where items are compared (`mirage_utils.compare`): what tells which items belong together, a column of a
        plain table, a field of the program's own document or metadata of an item, or a regular expression for the
        part of an item's name that says so.
    questions : bool
        Whether records have a column ``asked``: what tells an item's question from others, where a file holds it.
    elsewhere : collection of str
        Plain tables: columns of which another reading of the file makes something, so that no note calls them unused.
    keep : str
        Which of several runs of one network under one condition count: ``"all"`` of them (their mean), the
        ``"latest"``, or those of the file whose path ends in this.

    Raises
    ------
    FieldError
        If a size is no number above 0, a direction is none, a name is no name, a column is wide twice, or one scale
        contradicts another.
    """

    params: Mapping[str, float] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    percent: Collection[str] = ()
    fraction: Collection[str] = ()
    missing: Collection[float] = ()
    wide: Collection[str] = ()
    model: str = ""
    task: str = ""
    metric: str = ""
    family: Mapping[str, str] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    direction: Mapping[str, str] = field(default_factory=dict)
    replicate_by: Collection[str] = ()
    cluster_by: str = ""
    questions: bool = False
    elsewhere: Collection[str] = ()
    keep: str = "all"

    def __post_init__(self) -> None:
        for name in ("params", "columns", "family", "rename", "direction"):
            given = getattr(self, name)
            require(given is None or isinstance(given, Mapping), name, given, "a mapping")
            object.__setattr__(self, name, dict(given or {}))
        for name in ("percent", "fraction", "missing", "wide", "replicate_by", "elsewhere"):
            given = getattr(self, name)
            one = isinstance(given, str) or (name == "missing" and isinstance(given, Real))
            object.__setattr__(self, name, (given,) if one else tuple(given or ()))
        for number in self.missing:
            require(isinstance(number, Real), "missing", number, "a number, or several")
        for name in ("model", "task", "metric", "cluster_by", "keep"):
            require(isinstance(getattr(self, name), str), name, getattr(self, name), "text")
        object.__setattr__(
            self, "params", {n: positive(f"params[{n!r}]", v) for n, v in self.params.items()}
        )
        twice = [column for column, times in Counter(self.wide).items() if times > 1]
        require(not twice, "wide", twice, "each column once")
        for metric, said in self.direction.items():
            if said not in ("higher", "lower"):
                raise FieldError(f"direction[{metric!r}]", said, "'higher' or 'lower'")
        for pattern in self.replicate_by:
            try:
                re.compile(pattern)
            except re.error as error:
                raise FieldError(
                    "replicate_by", pattern, f"a column's name or a regular expression ({error})"
                ) from None
        for both in set(self.percent) & set(self.fraction):
            raise WrongUse(
                "fraction", both, "a metric that is not said to be in per cent too (percent)"
            )
        require(self.keep != "", "keep", self.keep, f"{' or '.join(map(repr, _KEEP))}, or a file")

    def called(self, what: str, *written: str) -> str:
        """The name that a file gives its model, task or metric; where it gives none, the user's.

        Parameters
        ----------
        what : {"model", "task", "metric"}
        *written : str
            What the file says, the surest first; ``""`` where it says nothing.
        """
        return next(filter(None, written), getattr(self, what))

    @classmethod
    def given(cls, options: Mapping[str, Any] | Options) -> Options:
        """Options from keyword arguments.

        Raises
        ------
        FieldError
            If there is no option of a name, besides what the class itself refuses.
        """
        if isinstance(options, Options):
            return options
        unknown = sorted(set(options) - set(cls.__dataclass_fields__))
        require(not unknown, "options", unknown, f"options: {', '.join(cls.__dataclass_fields__)}")
        return cls(**options)
