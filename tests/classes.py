"""Classes that were never taught: stored results with a table, as `grade` leaves them, and students who write by themselves.

Nobody's code is run. What a student writes is put together from the answers of `answers`, with names, helpers and remarks of
one's own, and an essay from sentences that can be said in several ways.
"""

from __future__ import annotations

import csv
import json
import random
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from answers import ANSWERS
from submissions import source

from mirage_utils.coursework.course.stored import COLUMNS
from mirage_utils.coursework.folders import file_name
from mirage_utils.coursework.marking.results import Marked, Result
from mirage_utils.coursework.similarity.works import OWN, Work, draws
from mirage_utils.coursework.tables import write_table

NAME = "1_one_token"


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a table, read by Python's own reader."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def everything(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_class(folder: Path, results: Sequence[Result], absent: Sequence[str] = ()) -> Path:
    """A table with the results in the folder beside it; `absent` are those of the class list who handed in nothing."""
    table = folder / "grades.csv"
    place = table.with_suffix("")
    place.mkdir()
    rows = []
    for each in results:
        content = json.dumps(each.as_dict())
        (place / f"{file_name(each.student)}.json").write_text(content, encoding="utf-8")
        score = "" if each.status == "failed" else f"{each.score:g}"
        rows.append((each.student, each.assignment, score, f"{each.max_score:g}", each.status, each.reason))  # fmt: skip
    rows += [(name, NAME, "0", "24", "missing", "nothing was handed in") for name in absent]
    text = write_table(COLUMNS, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    table.write_text(text, encoding="utf-8", newline="")
    return table


def result(student: str, right: Sequence[bool], essay: str = "words", *, notes: Sequence[str] = (), seconds: float = 1.5) -> Result:  # fmt: skip
    """Five questions of four points and an essay of four that nobody has read."""
    exercises = [
        Marked(f"test_q{at}", 4.0 * ok, 4.0, reason="" if ok else f"q{at}: at N = {len(student)}.5e9 the score is {at}.25 and not {len(student)}")
        for at, ok in enumerate(right)
    ]  # fmt: skip
    exercises.append(Marked("words", 0.0, 4.0, essay=True, answer=essay))
    return Result(student, NAME, "essays", exercises, list(notes), seconds=seconds)


# ---------------------------------------------------------------- students who write


_NAMES = [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "k",
    "m",
    "n",
    "q",
    "r",
    "s",
    "t",
    "u",
    "v",
    "w",
    "y",
    "z",
    "aa",
    "bb",
    "res",
    "tmp",
    "val",
    "val1",
    "out",
    "data",
    "arr",
    "curve",
    "pts",
    "xs",
    "ys",
    "first",
    "second",
    "this",
    "that",
    "answer",
    "mine",
    "slope2",
    "helper",
    "total",
    "acc",
    "loss",
    "points",
    "line1",
]
_REMARKS = [
    "print(sizes)",
    "print(N_10, N_90)",
    "print(type(accuracy))",
    "x = accuracy(1e9, N_C, ALPHA)",
    "assert N_10 < N_90",
    "help(sp.diff)",
    "acc_formula",
    "slope_formula.simplify()",
    "for n in (1e8, 1e9):\n    print(n, accuracy(n, N_C, ALPHA))",
    "plt.plot(table_N, table_accuracy)",
    "np.log(table_accuracy)",
    "table_N[:3], table_accuracy[:3]",
    "[round(float(v), 3) for v in table_accuracy]",
    "import math\nmath.log10(N_90) - math.log10(N_10)",
    "accuracy(np.array([1e7, 1e8]), N_C, ALPHA)",
    "sp.plot(acc_formula.subs({N_c: 1e9, alpha: 0.3}), (N, 1e7, 1e11))",
    "size_for(0.5, N_C, ALPHA)",
    "np.isclose(decades, np.log10(N_90 / N_10))",
]


def _code(draw: random.Random) -> dict[str, str]:
    wanted = source(NAME)
    options = {
        name: [_without_marks(wanted.cell(name).source)] * 2
        for name in ("score", "inverse", "slope", "steepest", "width", "picture", "fit")
    }
    for submission in ANSWERS[NAME]:
        for name, code in submission.answers.items():
            if name in options:
                options[name].append(textwrap.dedent(code).strip())
    answers = {}
    for name, some in options.items():
        code = draw.choice(some)
        for old in (
            "with_floor",
            "best",
            "fig",
            "intercept",
            "slope",
            "panel",
            "x",
            "A",
            "b",
            "c",
            "u",
        ):
            if draw.random() < 0.4:
                code = re.sub(rf"(?<![\w.'\"]){old}(?=\s*[,=(]| )", draw.choice(_NAMES), code)
        if draw.random() < 0.5:
            code = f"# {draw.choice(_NAMES)}\n{code}\n{draw.choice(_REMARKS)}"
        answers[name] = code
    own = draw.sample(_REMARKS, draw.randrange(0, 6))
    if draw.random() < 0.4:
        f, v = draw.sample(_NAMES, 2)
        body = draw.choice(["{v} ** {k} + {j}", "np.exp(-{k} * {v}) / {j}", "{v} * np.log({k} + {j} * {v})", "[{v} + {k}, {v} - {j}]", "sum({v} / i for i in range({k}, 3{j}))", "np.where({v} > {k}, {v}, {j} * {v})"])  # fmt: skip
        own.append(f"def {f}({v}):\n    return " + body.format(v=v, k=draw.randrange(2, 30), j=draw.randrange(2, 30)))  # fmt: skip
    return {**answers, OWN: "\n".join(own)}


def _without_marks(code: str) -> str:
    return "\n".join(each for each in code.split("\n") if "### " not in each)


# Each sentence: parts that can be said in several ways, separated by bars.
_SENTENCES = [
    "The loss|The cross-entropy|What the model was trained on ; falls|goes down|decreases|shrinks ; as a power of size|smoothly with size|along a straight line in log-log axes|like N to the minus alpha ; at every scale|over all four sizes|without any break|the whole way",
    "Nothing|No event|Nothing special|Nothing at all ; happens|takes place|changes|is to be seen ; at ten billion|at 1e10 parameters|where the report sees a jump|near the supposed threshold",
    "At N_10|At my N_10|At a size of # parameters|With # parameters ; the accuracy|the score|the share of right answers|the probability ; is|was|comes to|equals ; ten per cent|# per cent|0.1|a tenth ; which is small but not zero|and that is not nothing|so it is not absent",
    "On a logarithmic axis|If we draw log N|With decades on the axis|Against ln N ; the curve|the same curve|the accuracy|what we see ; is an S|rises gently|looks smooth|takes # decades",
    "The linear axis|A linear scale of size|The report's axis|Plotting against N ; squeezes|crushes|hides|compresses ; the small models|everything below ten billion|three of the four models|all but the largest ; into the first tenth|at the left edge|into a few pixels|near zero",
    "The metric|The accuracy|Exact match of one token|The score ; is the exponential of minus the loss|is a function of the loss|turns a power law into an S|is nonlinear in the loss ; and that makes|so it produces|which gives|and from this comes ; the flat beginning|the late rise|the apparent jump|the impression of a threshold",
    "To say|To claim|If someone wants to claim|Before we speak of ; emergence|that an ability emerges|a property of the model|a real change ; one must|we would have to|the authors should|it takes ; measure the loss|look at the probability of the right token|show the loss of smaller models|test many more items",
    "A break|A kink|A departure|A bend ; in the line of ln(-ln accuracy)|from the fitted line|from the power law|in the loss ; would be|could be|might count as|would count as ; evidence|a reason to believe it|a sign of something new|an argument for the report",
    "My alpha|My exponent|The exponent alpha|My own value of alpha ; of # |, which is # ,|(#)|# ; means|tells us|implies|says ; that # decades lie between N_10 and N_90|how wide the rise is|that the rise is # decades wide|the width of the rise",
    "So|Therefore|In short|All in all ; the jump|the wall|the emergence|the effect ; belongs to|is a property of|comes from|is due to ; the axis and the metric|how it is drawn|the plot and the score|the picture ; and not to the models|rather than the model|and says nothing of the models|, not the network",
]  # fmt: skip
_OPENINGS = ["In my view", "I think", "As I read it", "Looking at my numbers", "From question 4", "To begin with", "First of all", "Honestly", "Clearly", "Of course", "However", "On the other hand", "Besides", "What is more", "As we saw in class", "According to chapter 2", "It seems to me that", "One could say that"]  # fmt: skip


def _essay(draw: random.Random) -> str:
    said = []
    for sentence in draw.sample(_SENTENCES, draw.randrange(6, 10)):
        words = " ".join(draw.choice(part.strip().split("|")) for part in sentence.split(" ; "))
        opening = f"{draw.choice(_OPENINGS)}, " if draw.random() < 0.4 else ""
        while "#" in words:
            words = words.replace("#", f"{draw.uniform(1, 900):.3g}", 1)
        said.append(f"{opening}{words}.")
    return " ".join(said)


def honest(students: int, seed: int) -> list[Work]:
    """A class in which everybody worked alone, with the same lesson."""
    draw = random.Random(seed)
    wanted = source(NAME)
    return [
        Work(f"student {at}", _code(draw), {"words": _essay(draw)}, draws(wanted, f"student {at}"))
        for at in range(students)
    ]
