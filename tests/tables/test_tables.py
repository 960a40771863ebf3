"""The bundled tables: what stands in them, where it comes from, and the command line."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

import mirage_utils
from mirage_utils import FieldError, tables
from mirage_utils.cli.main import main
from mirage_utils.evidence import curve_of
from tools import make_tables

DATA = resources.files("mirage_utils.tables") / "data"
HEADER = "task,setting,model,params,train_flops,metric,score,n"


def test_gpt3_arithmetic_is_complete():
    frame = tables.load_table("gpt3_arithmetic")
    assert ",".join(frame.columns) == HEADER
    assert len(frame) == 10 * 3 * 8
    assert frame.groupby(["task", "setting"]).size().eq(8).all()
    assert set(frame["metric"]) == {"exact_match"} <= set(mirage_utils.METRICS)
    assert frame["score"].between(0, 1).all()
    assert (frame["n"] == 2000).all()
    assert not frame.duplicated(["task", "setting", "model"]).any()


def test_every_score_is_a_possible_count_except_the_doubtful_one():
    """Scores below 10 % are printed to a two-hundredth of a point: whole answers of 2,000."""
    frame = tables.load_table("gpt3_arithmetic")
    count = frame["score"] * frame["n"]
    off = frame[(count - count.round()).abs() > 1e-6]
    doubtful = [
        c for c in tables.table("gpt3_arithmetic").doubtful_cells if "impossible" in c["why"]
    ]
    assert off[["task", "setting", "model", "score"]].to_dict("records") == [
        {k: c[k] for k in ("task", "setting", "model", "score")} for c in doubtful
    ]


def test_doubtful_cells_stand_as_recorded():
    for entry in tables.tables():
        frame = tables.load_table(entry.name)
        for cell in entry.doubtful_cells:
            for name in ("task", "setting", "model", "metric"):
                if name in cell:
                    frame = frame[frame[name] == cell[name]]
            assert frame["score"].tolist() == [cell["score"]]
            frame = tables.load_table(entry.name)
    assert len(tables.table("gpt3_arithmetic").doubtful_cells) == 2
    assert len(tables.table("obs_scaling").doubtful_cells) == 2


def test_compute_is_six_operations_a_parameter_and_token():
    """Table D.1: 300 billion tokens; a check of two columns typed independently."""
    frame = tables.load_table("gpt3_arithmetic").drop_duplicates("model")
    assert frame["train_flops"].to_numpy() == pytest.approx(
        6 * 300e9 * frame["params"].to_numpy(), rel=0.01
    )


def test_spot_checks_against_the_paper():
    """Values of Table H.1 that its text or Table 3.9 repeat."""
    frame = tables.load_table("gpt3_arithmetic")
    assert curve_of(frame, "2D+", "few-shot").score[-1] == 1.0
    assert curve_of(frame, "3D-", "few-shot").score[-1] == 0.942
    assert curve_of(frame, "2Dx", "few-shot").score[-1] == 0.292
    assert curve_of(frame, "4D+", "few-shot").counts.tolist() == [0, 1, 1, 0, 3, 3, 8, 510]


def test_word_tasks_are_the_control():
    frame = tables.load_table("gpt3_word_tasks")
    assert ",".join(frame.columns) == HEADER
    assert len(frame) == 5 * 8
    assert (frame["n"] == 10_000).all()
    assert set(frame["setting"]) == {"few-shot"}


@pytest.mark.parametrize("entry", tables.tables(), ids=lambda t: t.name)
def test_the_data_package_tells_the_truth(entry):
    content = (DATA / entry.path).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry.sha256
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(rows) == entry.rows
    package = json.loads((DATA / "datapackage.json").read_text())
    resource = next(r for r in package["resources"] if r["name"] == entry.name)
    assert [f["name"] for f in resource["schema"]["fields"]] == list(rows[0])
    assert resource["bytes"] == len(content)
    ours = entry.name in ("families", "ladder")
    computed = entry.name in make_tables.BUILDERS and not ours
    assert entry.kind == (
        "computed aggregates" if computed else "our runs" if ours else "published figures"
    )
    keys = tables.load_table(entry.name)[resource["schema"]["primaryKey"]]
    assert not keys.duplicated().any()
    assert entry.licence
    assert entry.url == "mirage_utils/models/data" if ours else entry.url.startswith("https://")


def test_every_bundled_file_is_described():
    described = {entry.path for entry in tables.tables()} | {"datapackage.json"}
    assert {f.name for f in DATA.iterdir() if not f.name.startswith("__")} == described


@pytest.mark.parametrize(
    "name", [n for n in make_tables.BUILDERS if n not in ("models", "families", "ladder")]
)
def test_computed_tables_are_tidy(name):
    """One number for a model, task, condition and metric; shares in 0..1 and whole counts of n."""
    frame = tables.load_table(name)
    key = ["task", "setting", "shots", "metric", "model"]
    assert not frame.duplicated(key).any()
    shares = frame[frame["metric"].isin(["acc", "acc_norm", "accuracy", "exact_match"])]
    assert shares["score"].between(0, 1).all()
    counted = shares[shares["n"].notna()]
    counts = counted["score"] * counted["n"]
    # eight digits are stored; OLMo's logs went through 32-bit numbers
    assert ((counts - counts.round()).abs() < 2e-3).all()
    assert len(shares) - len(counted) == len(tables.table(name).doubtful_cells)


def test_the_command_puts_tables_and_their_checksums_in_place(tmp_path, monkeypatch, capsys):
    """Into a copy of the folder, from where the program looks for it by itself."""
    assert make_tables.DATA == DATA
    data = tmp_path / "data"
    shutil.copytree(DATA, data)
    monkeypatch.setattr(make_tables, "DATA", data)
    (data / "families.csv").write_text("spoilt")
    assert make_tables.main([str(tmp_path), "families"]) == 0
    assert capsys.readouterr().out == "families: 2200 rows, unchanged\n"
    for name in ("families.csv", "datapackage.json"):
        assert (data / name).read_bytes() == (DATA / name).read_bytes()
    assert make_tables.main([str(tmp_path), "obs_scaling"]) == 1
    assert "expected one file base_llm_benchmark_eval.csv" in capsys.readouterr().err
    for resource in json.loads((DATA / "datapackage.json").read_text())["resources"]:
        named = re.findall(r"tools/make_tables.py, (\w+)", resource["obtained"])
        assert named == [resource["name"]] * (resource["name"] in make_tables.BUILDERS)


def test_item_counts_are_found_from_the_scores():
    rng = np.random.default_rng(0)
    scores = rng.integers(1, 1003, 40) / 1003
    assert make_tables.item_count(scores) == 1003
    assert make_tables.item_count(scores.astype(np.float32)) == 1003
    assert make_tables.item_count([*scores, 0.008], agree=0.95) == 1003
    with pytest.raises(FieldError, match=r"^scores = .*shares of one number of items"):
        make_tables.item_count(rng.random(40), high=3000)


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("\n\n-48", "-48"),
        (" 12,201", "12201"),
        ("It is 7 or 8", "7"),
        ("no idea", ""),
        ("5 + 6 = 11", "5"),
    ],
)
def test_the_answer_in_a_response(response, answer):
    assert make_tables.answer_in(response) == answer


def test_tables_of_our_own_models_become_scores_by_metric():
    wide = tables.load_table("ladder")
    long = tables.load_scores("ladder")
    kept = wide.query("run == 'ladder' and task == 'choice of sorting'").groupby("params")
    for metric in ("accuracy", "brier"):
        found = long.query(
            f"family == 'ladder' and task == 'choice of sorting, length 1' and metric == '{metric}'"
        )
        np.testing.assert_allclose(found["score"], kept[metric].mean())
        assert found["n"].tolist() == kept["n"].first().tolist()
    assert (
        not long.query("task.str.startswith('recall')")["metric"].isin(["accuracy", "brier"]).any()
    )
    assert tables.load_scores("olmo_ladder").equals(tables.load_table("olmo_ladder"))


def test_a_changed_table_is_refused(monkeypatch):
    original = tables._read
    monkeypatch.setattr(
        tables, "_read", lambda name: original(name) + (b"x" if name.endswith("csv") else b"")
    )
    with pytest.raises(tables.TableError, match="sha256"):
        tables.load_table("gpt3_arithmetic")


def test_a_missing_table_is_named(monkeypatch):
    with pytest.raises(tables.TableError, match=r"none\.csv is missing"):
        tables._read("none.csv")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: tables.load_table("gpt4"), r"^table = 'gpt4': expected one of gpt3_arithmetic"),
        (lambda f: curve_of(f, "9D+", "few-shot"), r"^task = '9D\+'"),
        (lambda f: curve_of(f, "2D+", "some-shot"), r"^setting = 'some-shot'"),
    ],
)
def test_unknown_names_are_answered_with_the_known(call, message):
    with pytest.raises(FieldError, match=message):
        call(tables.load_table("gpt3_arithmetic"))


# -- command line -------------------------------------------------------------------------------


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "mirage_utils", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_tables_lists_rows_source_licence_and_checksum():
    result = run("tables")
    assert result.returncode == 0, result.stderr
    for entry in tables.tables():
        for text in (entry.name, str(entry.rows), entry.source, entry.licence, entry.sha256):
            assert text in result.stdout
    rows = list(csv.DictReader(io.StringIO(run("tables", "--csv").stdout)))
    assert [r["sha256"] for r in rows] == [t.sha256 for t in tables.tables()]


def test_table_prints_csv():
    result = run("table", "gpt3_arithmetic", "--csv")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert lines[0] == HEADER
    assert len(lines) == 241
    scores = [float(row["score"]) for row in csv.DictReader(io.StringIO(result.stdout))]
    assert np.max(scores) == 1.0


def test_table_prints_notes_and_doubts(capsys):
    assert main(["table", "gpt3_arithmetic"]) == 0
    out = capsys.readouterr().out
    assert "Doubtful: 2D+, zero-shot, GPT-3 6.7B = 0.0254" in out


def test_an_unknown_table_is_an_error_in_words():
    result = run("table", "nope")
    assert result.returncode == 1
    assert result.stdout == ""
    assert (
        "table = 'nope': expected one of gpt3_arithmetic, gpt3_word_tasks, models" in result.stderr
    )
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [(), ("tablez",), ("table",)])
def test_wrong_usage_exits_with_two(arguments):
    assert run(*arguments).returncode == 2


def test_import_is_quick_because_it_loads_nothing():
    heavy = (
        "numpy",
        "sympy",
        "pandas",
        "matplotlib",
        "scipy",
        "jax",
        "playwright",
        "IPython",
        "ipywidgets",
    )
    code = f"import sys, mirage_utils; print([m for m in {heavy!r} if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_everything_public_can_be_reached():
    for name in mirage_utils.__all__:
        assert getattr(mirage_utils, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = mirage_utils.nothing
