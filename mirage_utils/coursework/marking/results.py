"""What a submission got, exercise by exercise, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..assignments.source import Assignment

__all__ = ["Marked", "Result", "one_line", "unmarked"]


@dataclass
class Marked:
    """What one exercise got, and why."""

    name: str
    points: float
    most: float
    essay: bool = False
    reason: str = ""
    answer: str = ""  # an essay's text, for the person who marks it
    by_hand: float | None = (
        None  # the points that a person gave, which hold in place of the machine's
    )
    comment: str = ""  # and what that person wrote
    label: str = ""  # what it is called in the assignment's text, if that says it
    rubric: dict[str, str] = field(default_factory=dict)  # an essay's, as it is printed
    lines: dict[str, float] = field(default_factory=dict)  # what a person gave by its lines

    @property
    def called(self) -> str:
        """What it is called where people read; without a label, ``test_share_model`` is "share model"."""
        return self.label or self.name.removeprefix("test_").replace("_", " ")

    @property
    def got(self) -> float:
        """The points that hold."""
        return self.points if self.by_hand is None else self.by_hand

    @property
    def waiting(self) -> bool:
        """Whether it is an essay that nobody has read."""
        return self.essay and not self.reason and self.by_hand is None

    @property
    def why(self) -> str:
        """Why points were lost, or who gave them."""
        if self.by_hand is None:
            return self.reason
        if self.essay and not self.reason:
            return "" if self.by_hand == self.most else "read by a person"
        return f"your teacher gave {self.by_hand:g} and not {self.points:g}"


@dataclass
class Result:
    """What one submission got.

    Attributes
    ----------
    status : str
        ``graded``; ``essays`` (marked but for the essays); ``missing`` (no notebook); ``unreadable`` (a
        damaged one); ``failed`` (the grader could not do its work: tell whoever runs it).
    shown : list of dict
        The student's cells as they ran, for the feedback page.
    taken_off : float
        The share of the points that is taken off because it was late. Exercises keep what they earned.
    """

    student: str
    assignment: str
    status: str
    exercises: list[Marked]
    notes: list[str] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    sandbox: str = ""
    seconds: float = 0.0
    key: str = ""
    taken_off: float = 0.0

    @property
    def marked(self) -> bool:
        """Whether there was something to mark, and it was marked."""
        return self.status in ("graded", "essays")

    @property
    def standing(self) -> str:
        """The status for the table: whoever was given points by a person has a mark, also without a notebook."""
        given = any(each.by_hand is not None for each in self.exercises)
        return "graded" if self.status == "missing" and given else self.status

    @property
    def work(self) -> str:
        """A digest of what was handed in; empty where nothing was, or the grader failed."""
        return self.key.partition("-")[0]

    @property
    def deduction(self) -> float:
        """The points that are taken off."""
        return round(self.taken_off * sum(each.got for each in self.exercises), 2)

    @property
    def score(self) -> float:
        """The points that hold, without those taken off."""
        return sum(each.got for each in self.exercises) - self.deduction

    @property
    def max_score(self) -> float:
        """The points that could be had."""
        return sum(each.most for each in self.exercises)

    @property
    def reason(self) -> str:
        """One line for the table: the notes, and what was lost where."""
        lost = [
            f"{each.name} {each.got:g}/{each.most:g}: {each.why}"
            for each in self.exercises
            if each.why
        ]
        return " | ".join([*self.notes, *lost])

    @property
    def feedback(self) -> str:
        """One line for the student: what a person wrote to it, then the notes, and what else was lost where."""
        said: dict[bool, list[str]] = {True: [], False: []}
        for each in self.exercises:
            comment = " ".join(each.comment.split())
            lines = ", ".join(f"{name} {points:g}" for name, points in each.lines.items())
            rest = "; ".join(part for part in (lines, each.why) if part)
            words = f"{comment} [{rest}]" if comment and rest else comment or rest
            if words:
                said[bool(comment)].append(f"{each.called} {each.got:g}/{each.most:g}: {words}")
        return " | ".join([*said[True], *self.notes, *said[False]])

    def as_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Result:
        """The result that `as_dict` wrote."""
        exercises = [Marked(**each) for each in content["exercises"]]
        return cls(**{**content, "exercises": exercises})


def unmarked(wanted: Assignment) -> list[Marked]:
    """Every exercise of an assignment, without points."""
    return [
        Marked(each.name, 0.0, each.points, each.essay, label=each.label, rubric=each.rubric)
        for each in wanted.exercises
    ]


def one_line(text: str, most: int = 400) -> str:
    """A text on one line, without what is not printable, cut after so many letters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= most else text[: most - 3] + "..."
