"""One road from a file to a curve: ``read --scores``, ``emergence``, ``audit`` and Python give the same ones."""

import contextlib
import copy
import csv
import io
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mirage_utils import audit, records
from mirage_utils.audit import judging
from mirage_utils.cli.main import main
from mirage_utils.errors import DataError, FieldError
from mirage_utils.evidence import curves_of
from mirage_utils.evidence.emergence import emergence_score
from mirage_utils.records import gathering
from mirage_utils.records.options import Options

CASES = Path(os.environ.get("MIRAGE_CASES", "no cases"))


def said(*words):
    """Exit status, rows of standard output and text of standard error of a command."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(word) for word in words])
    return status, list(csv.DictReader(io.StringIO(out.getvalue()))), err.getvalue()


def points(curves):
    """Curves by name, as points that can be compared."""
    return {
        (c.family, c.task, c.setting, c.metric): [
            (float(s), round(float(y), 10), None if c.n is None else int(c.n[i]))
            for i, (s, y) in enumerate(zip(c.scale, c.score, strict=True))
        ]
        for c in curves
    }


@contextlib.contextmanager
def read_once() -> Iterator[dict[str, gathering.Gathered]]:
    """While it lasts, files are read once for all roads that ask for the same; yields what was read.

    What the roads make of a table is compared, and reading it takes four fifths of the time. A road that asks for
    another file, seed or option reads for itself, and each gets tables of its own.
    """
    kept: dict[str, gathering.Gathered] = {}
    really = gathering.gather

    def gather(path, *, seed=0, batch=200_000, cluster=None, jobs=1, progress=None, **options: Any):
        asked = repr((Path(path), seed, batch, cluster, jobs, Options.given(options)))
        if asked not in kept:
            how = {"seed": seed, "batch": batch, "cluster": cluster, "jobs": jobs}
            kept[asked] = really(path, progress=progress, **how, **options)
        return copy.deepcopy(kept[asked])

    with contextlib.ExitStack() as patches:
        for module in (records, gathering, judging):
            patches.enter_context(mock.patch.object(module, "gather", gather))
        yield kept


def by_python(path):
    return curves_of(records.gather(path).scores).curves


def by_read(path):
    status, rows, _ = said("read", path, "--scores", "--csv")
    assert status == 0
    table = pd.DataFrame(rows)
    if table.empty:  # all scores left out, each with a note
        return ()
    for name in ("params", "train_flops", "shots", "score", "n"):
        table[name] = pd.to_numeric(table[name])
    return curves_of(table).curves


def by_audit(path):
    return [f.curve for f in audit.audit(path).findings]


def same_by_all_roads(path):
    """The curves of a file or folder, which every road gives; none where every road refuses it."""
    with read_once() as read:
        found = _same_by_all_roads(path)
    assert len(read) <= 1  # no road asks for anything else than another
    return found


def _same_by_all_roads(path):
    try:
        wanted = by_python(path)
    except (DataError, FieldError):
        for words in (
            ("read", path, "--scores"),
            ("emergence", path),
            ("audit", path, "--out", f"{path}-out"),
        ):
            assert said(*words)[0] == 1
        return ()
    assert points(by_read(path)) == points(wanted)
    assert points(by_audit(path)) == points(wanted)
    status, rows, err = said("emergence", path, "--csv", "--draws", "20", "--quiet")
    assert status == (0 if wanted else 1), err
    scored = {(r["family"], r["task"], r["setting"], r["metric"]): r for r in rows}
    assert scored.keys() == points(wanted).keys()
    for curve in wanted:
        row = scored[curve.family, curve.task, curve.setting, curve.metric]
        assert int(row["n_scales"]) == len(curve)
        if len(curve) > 1 and curve.direction:
            value = emergence_score(curve.up).value
            given = float(row["emergence_score"] or "nan")
            assert given == pytest.approx(value, rel=1e-4, nan_ok=True)
    return wanted


MODELS = ("pythia-70m", "pythia-160m", "pythia-410m", "gpt2", "owl-1b", "owl-3b", "crow-1b", "mine")
METRICS = ("accuracy", "Exact Match", "em", "f1", "bleu", "perplexity", "oddness", "brier")


@st.composite
def tables(draw):
    """A table of scores as people keep them: seeds, shots, per cent, families, holes."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "model": st.sampled_from(MODELS),
                    "task": st.sampled_from(("sums", "quiz, hard", "ünïcode (a)")),
                    "metric": st.sampled_from(METRICS),
                    "score": st.one_of(
                        st.integers(0, 500).map(lambda k: k / 500),
                        st.floats(0, 100, allow_nan=False).map(lambda x: round(x, 3)),
                    ),
                    "n": st.sampled_from((500, 500, 100, "")),
                    "shots": st.sampled_from(("", 0, 5)),
                    "seed": st.sampled_from(("", 0, 1)),
                    "params": st.sampled_from(("", "", 1_000_000, 3e9)),
                }
            ),
            min_size=1,
            max_size=30,
        )
    )
    frame = pd.DataFrame(rows)
    keep = ["model", "task", "metric", "score"]
    keep += [c for c in ("n", "shots", "seed", "params") if draw(st.booleans())]
    frame = frame[keep]
    return frame.drop_duplicates([c for c in frame if c not in ("score", "n")])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=tables())
def test_random_tables_give_the_same_curves_by_all_roads(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("road") / "r.csv"
    table.to_csv(path, index=False)
    same_by_all_roads(path)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_records_give_the_same_curves_by_all_roads(tmp_path_factory, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    many = data.draw(st.integers(1, 12))
    rows = [
        {
            "model": model, "task": task, "item": i, "target": str(rng.integers(0, 200)),
            "output": str(rng.integers(0, 200)),
        }
        for model in data.draw(st.lists(st.sampled_from(MODELS), min_size=1, unique=True))
        for task in ("sums", "quiz")
        for i in range(many)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    if data.draw(st.booleans()):
        frame["metric"] = "accuracy"
        frame["score"] = (frame["target"] == frame["output"]).astype(int)
    path = tmp_path_factory.mktemp("road") / "r.csv"
    frame.to_csv(path, index=False)
    same_by_all_roads(path)


def inputs():
    found = sorted(CASES.glob("[0-4]*/*/input")) + sorted(CASES.glob("54*/*/input"))
    return [pytest.param(p, id=f"{p.parts[-3]}-{p.parts[-2]}") for p in found] or [
        pytest.param(None, marks=pytest.mark.skip(reason="MIRAGE_CASES names no folder of cases"))
    ]


@pytest.mark.parametrize("path", inputs())
def test_what_people_have_gives_the_same_curves_by_all_roads(path):
    same_by_all_roads(path)


def test_seeds_are_averaged_and_said_by_every_road(tmp_path):
    """Two seeds a size were an error for one command and an average for another."""
    table = pd.DataFrame(
        [(m, s, "sums", "accuracy", 0.1 * k + 0.02 * s, 500) for k, m in enumerate(MODELS[:3], 1) for s in (0, 1)],
        columns=["model", "seed", "task", "metric", "score", "n"],
    )  # fmt: skip
    path = tmp_path / "r.csv"
    table.to_csv(path, index=False)
    (curve,) = same_by_all_roads(path)
    assert curve.score == pytest.approx([0.11, 0.21, 0.31])
    assert [len(r) for r in curve.replicates] == [2, 2, 2]
    for words in (
        ("read", path, "--scores"),
        ("emergence", path),
        ("audit", path, "--out", tmp_path / "out"),
    ):
        if words[0] != "read":  # it prints the runs themselves
            assert "2 runs of pythia-70m averaged" in said(*words)[2]
    report = (tmp_path / "out" / "report.html").read_text()
    assert "2 runs of pythia-70m averaged" in report


def test_shares_are_binomial_for_every_road(tmp_path):
    """One command called a metric binomial of which another said that it has no item counts."""
    table = pd.DataFrame(
        [(m, "sums", "Accuracy", 0.1 * k, 500) for k, m in enumerate(MODELS[:3], 1)],
        columns=["model", "task", "metric", "score", "n"],
    )
    path = tmp_path / "r.csv"
    table.to_csv(path, index=False)
    (curve,) = same_by_all_roads(path)
    assert curve.proportion
    _, (row,), _ = said("emergence", path, "--csv", "--draws", "20")
    assert math.isfinite(float(row["p_smooth"]))
