"""What a reader brings to the commands that the book prints: results, submissions, class lists, under the printed names.

Small, and of the shape that the programs give which people use. Nothing is made before a command names it, and nothing
that exists is replaced: a table that an earlier command wrote is that of the command.
"""

from __future__ import annotations

import csv
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from printed import without_comment
from submissions import SOURCES, answered, released, source

from mirage_utils.coursework.assignments.cells import identifier
from mirage_utils.coursework.assignments.source import find

STUDENTS = ("Ada Lovelace", "Emil Post")
MODELS = {
    "EleutherAI/pythia-70m": 0.02, "EleutherAI/pythia-160m": 0.03, "EleutherAI/pythia-410m": 0.05,
    "EleutherAI/pythia-1b": 0.1, "EleutherAI/pythia-2.8b": 0.7, "EleutherAI/pythia-6.9b": 0.95,
}  # fmt: skip
"""Models, and how often each digit of their answers is right."""
ITEMS = 60


def prepare(command: str, folder: Path) -> None:
    """Put what a command names, and its reader would have by now, into the folder."""
    command = without_comment(command)
    for name, make in _FILES.items():
        named = re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])", command)
        # `collect` fills the folder of submissions itself.
        filled = name == "submissions" and re.search(r"\bcollect\b", command)
        if named and not filled and not (folder / name).exists():
            make(folder / name)
    for pattern, do in _WORK.items():
        if match := re.search(pattern, command):
            do(folder, match)


# ---------------------------------------------------------------- results


def _json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def _sums(draw: random.Random, right: float) -> list[dict[str, object]]:
    """Sums, each with an answer whose digits are right with the given probability, as the harness keeps them."""
    rows = []
    asked = random.Random(0)  # the same sums of every model
    for item in range(ITEMS):
        target = str(asked.randrange(10_000, 100_000))
        output = "".join(d if draw.random() < right else draw.choice("0123456789") for d in target)
        rows.append(
            {
                "doc_id": item, "doc": {"question": f"sum {item}"}, "target": target,
                "arguments": {"gen_args_0": {"arg_0": f"sum {item}", "arg_1": {"until": ["\n"]}}},
                "resps": [[output]], "filtered_resps": [output], "filter": "none", "metrics": ["exact_match"],
                "exact_match": float(output == target),
            }
        )  # fmt: skip
    return rows


def _lines(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _results(folder: Path, models: Mapping[str, float] = MODELS) -> None:
    """A folder of lm-evaluation-harness, as `--log_samples --output_path` leaves it."""
    draw = random.Random(1)
    for number, (model, right) in enumerate(models.items()):
        stamp = f"2026-11-0{number + 1}T10-00-00.000000"
        rows = _sums(draw, right)
        score = sum(row["exact_match"] for row in rows) / ITEMS
        where = folder / model.replace("/", "__")
        _json(
            where / f"results_{stamp}.json",
            {
                "results": {"sums": {"alias": "sums", "exact_match,none": score, "exact_match_stderr,none": 0.01}},
                "versions": {"sums": 1}, "n-shot": {"sums": 0},
                "higher_is_better": {"sums": {"exact_match": True}},
                "n-samples": {"sums": {"original": ITEMS, "effective": ITEMS}},
                "config": {"model": "hf", "model_args": f"pretrained={model}", "limit": None},
                "lm_eval_version": "0.4.9", "model_name": model,
            },
        )  # fmt: skip
        _lines(where / f"samples_sums_{stamp}.jsonl", rows)


def _my_results(folder: Path) -> None:
    """The same with a model that no table knows."""
    _results(
        folder, {m.replace("EleutherAI/pythia-1b", "my-model-1b"): p for m, p in MODELS.items()}
    )


def _choices(path: Path) -> None:
    """Questions with four options, each with its log-probability."""
    draw, rows = random.Random(2), []
    for item in range(ITEMS):
        logprobs = [-3 * draw.random() for _ in range(4)]
        right = draw.randrange(4)
        rows.append(
            {
                "doc_id": item, "doc": {"question": f"question {item}", "answer": right}, "target": str(right), "arguments": {},
                "resps": [[[x, False]] for x in logprobs], "filtered_resps": [[x, False] for x in logprobs],
                "acc": float(logprobs.index(max(logprobs)) == right),
            }
        )  # fmt: skip
    _lines(path, rows)


def _scores(path: Path) -> None:
    rows = ["model,params,task,metric,score,n"]
    for size, score in zip(
        (1e8, 3e8, 1e9, 3e9, 1e10, 3e10), (0, 0, 0.01, 0.01, 0.02, 0.7), strict=True
    ):
        rows.append(f"mine-{size:.0e},{size:.0f},sums,exact_match,{score},{ITEMS}")
    path.write_text("\n".join(rows) + "\n")


def _bigbench(folder: Path) -> None:
    """Two tasks of a checkout of BIG-bench, with the score files of one family."""
    for task, top in (("modified_arithmetic", 0.6), ("word_unscrambling", 0.3)):
        for number, (name, size) in enumerate(
            zip(
                ("2m", "16m", "125m", "1b", "8b", "128b"),
                (2, 16, 125, 1e3, 8e3, 128e3),
                strict=True,
            )
        ):
            score = top * max(0, number - 3) / 2
            _json(
                folder / "bigbench" / "benchmark_tasks" / task / "results" / f"scores_BIG-G_T=0_{name}.json",
                {
                    "bigbench_version": "0.0.1",
                    "model": {"model_family": "BIG-G T=0", "model_name": name, "non_embedding_params": int(size * 1e6)},
                    "task": {"name": task},
                    "scores": [
                        {
                            "subtask_description": task, "number_of_shots": 0, "preferred_score": "exact_str_match",
                            "low_score": 0, "high_score": 1, "score_dict": {"exact_str_match": score, "bleu": 40 * score + 3},
                        }
                    ],
                },
            )  # fmt: skip


# ---------------------------------------------------------------- coursework


def _list(path: Path) -> None:
    path.write_text("student\n" + "".join(name + "\n" for name in STUDENTS), encoding="utf-8")


def _canvas(path: Path) -> None:
    rows = [
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section"),
        ("    Points Possible", "", "", "", ""),
    ]
    rows += [
        (name, 10 + i, f"u{i}", name.split()[0].lower(), "A") for i, name in enumerate(STUDENTS)
    ]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _moodle(path: Path) -> None:
    rows = [
        (
            "Identifier",
            "Full name",
            "Email address",
            "Status",
            "Grade",
            "Maximum Grade",
            "Feedback comments",
        )
    ]
    rows += [
        (f"Participant {i}", name, f"{name[0].lower()}@example.org", "Submitted", "", "24", "")
        for i, name in enumerate(STUDENTS)
    ]
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def _write_answers(path: Path, student: str = STUDENTS[0]) -> None:
    notebook = answered(source(path.stem), nbformat.read(path, as_version=4))
    for cell in notebook.cells:
        if "student" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('STUDENT = ""', f"STUDENT = {student!r}")
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def _notebook(path: Path, student: str = STUDENTS[0]) -> None:
    """The notebook that a student was given, with the answers written."""
    path.parent.mkdir(exist_ok=True)
    nbformat.write(released(SOURCES, path.stem), path)
    _write_answers(path, student)


def _submissions(folder: Path) -> None:
    """Two students: one right, one who left a question out."""
    name = find(SOURCES, "1")
    for student in STUDENTS:
        (folder / student).mkdir(parents=True)
        _notebook(folder / student / f"{name}.ipynb", student)
    second = folder / STUDENTS[1] / f"{name}.ipynb"
    notebook = nbformat.read(second, as_version=4)
    for cell in notebook.cells:
        if identifier(cell) == "width":
            cell.source = "raise NotImplementedError"
    nbformat.write(notebook, second)


def _all_submissions(path: Path) -> None:
    """The same two as Moodle's "Download all submissions" gives them, with the numbers of `_moodle`."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path, "w") as packed:
        _submissions(Path(folder))
        for number, student in enumerate(STUDENTS):
            for file in sorted(Path(folder, student).iterdir()):
                packed.write(file, f"{student}_{number}_assignsubmission_file/{file.name}")


def _answer(folder: Path, match: re.Match[str]) -> None:
    """Before `make check A=1`: whoever has no notebook yet was given it; its answers are written."""
    name = find(SOURCES, match["number"])
    if not (folder / "release" / name).exists():
        (folder / "release" / name).mkdir(parents=True)
        nbformat.write(released(SOURCES, name), folder / "release" / name / f"{name}.ipynb")
    for path in (folder / "release" / name).rglob("*.ipynb"):
        _write_answers(path)


def _mark_essays(folder: Path, match: re.Match[str]) -> None:
    """Before `make feedback`: somebody has read the essays, in a spreadsheet."""
    for sheet in folder.glob("*/essays.csv"):
        with open(sheet, encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            row["points"], row["comment"] = "2", "Well argued."
        with open(sheet, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


_FILES: dict[str, Callable[[Path], None]] = {
    "results": _results,
    "my_results": _my_results,
    "samples_gsm8k.jsonl": lambda path: _lines(path, _sums(random.Random(3), 0.8)),
    "samples_mmlu.jsonl": _choices,
    "my_scores.csv": _scores,
    "../BIG-bench": _bigbench,
    "list.csv": _list,
    "submissions": _submissions,
    "all.zip": _all_submissions,
    "exported-from-canvas.csv": _canvas,
    "exported-from-moodle.csv": _moodle,
    "1_one_token.ipynb": _notebook,
    "lab/1_one_token.ipynb": _notebook,
}
"""By the name that is printed, how a reader comes by it."""

_WORK: dict[str, Callable[[Path, re.Match[str]], None]] = {
    r"\bmake check A=(?P<number>\d)": _answer,
    r"\bmake feedback\b|mirage_utils feedback\b": _mark_essays,
}
"""By a command, what a reader has done before it."""
