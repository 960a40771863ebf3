"""Emergence over many curves, and BIG-bench's files fetched from a server of our own."""

from __future__ import annotations

import csv
import functools
import http.server
import io
import json
import threading

import numpy as np
import pandas as pd
import pytest

from mirage_utils import FieldError
from mirage_utils import records as rec
from mirage_utils.cli.main import main
from mirage_utils.evidence import meta
from mirage_utils.ground.downloads import FetchError
from mirage_utils.records import fetch
from mirage_utils.records.fetch import fetch_bigbench

SIZES = ("2m", "16m", "53m", "125m", "244m", "422m", "1b", "2b")
PARAMS = (2e6, 16e6, 53e6, 125e6, 244e6, 422e6, 1e9, 2e9)


def score_file(task, size, params, scores, preferred):
    return {
        "bigbench_version": "0.0.1",
        "model": {"model_family": "BIG-G T=0", "model_name": size, "non_embedding_params": int(params)},
        "task": {"name": task},
        "scores": [
            {
                "subtask_description": task, "number_of_shots": 0, "preferred_score": preferred,
                "low_score": 0, "high_score": 1, "score_dict": scores,
            }
        ],
    }  # fmt: skip


# Three tasks: one that jumps, one that creeps, one that only scatters; two metrics each.
SHAPES = {
    "jumps": [0, 0.001, 0.0, 0.001, 0.0, 0.001, 0.002, 0.9],
    "creeps": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
    "scatters": [0.3, 0.5, 0.2, 0.4, 0.6, 0.1, 0.5, 0.3],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = tmp_path_factory.mktemp("server")
    for task, shape in SHAPES.items():
        folder = root / task / "results"
        folder.mkdir(parents=True)
        for size, params, y in zip(SIZES, PARAMS, shape, strict=True):
            content = score_file(
                task, size, params, {"exact_str_match": y, "bleu": 40 * y + 3}, "exact_str_match"
            )
            (folder / f"scores_BIG-G_T=0_{size}.json").write_text(json.dumps(content))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=root)
    ) as http_server:
        thread = threading.Thread(target=http_server.serve_forever, daemon=True)
        thread.start()
        yield root, f"http://127.0.0.1:{http_server.server_port}"
        http_server.shutdown()
        thread.join()


def get(server, cache, tasks=tuple(SHAPES), **options):
    return fetch_bigbench(
        list(tasks), sizes=SIZES, cache=cache, base_url=server[1], progress=False, **options
    )


def test_files_are_fetched_once_and_recorded(server, tmp_path):
    paths = get(server, tmp_path)
    assert len(paths) == 24
    frame = pd.concat([rec.read(p).scores for p in paths])
    assert set(frame["task"]) == set(SHAPES)
    assert len(json.loads((tmp_path / "checksums.json").read_text())) == 24
    times = [p.stat().st_mtime_ns for p in paths]
    assert [p.stat().st_mtime_ns for p in get(server, tmp_path)] == times


def test_a_file_that_changed_since_is_refused(server, tmp_path):
    (path,) = fetch_bigbench(
        ["jumps"], sizes=["2m"], cache=tmp_path, base_url=server[1], progress=False
    )
    original = path.read_text()
    path.write_text(original[:-5])  # the cached copy was damaged: it is fetched again
    (again,) = fetch_bigbench(
        ["jumps"], sizes=["2m"], cache=tmp_path, base_url=server[1], progress=False
    )
    assert again.read_text() == original
    source = server[0] / "jumps" / "results" / path.name
    path.unlink()
    source.write_text(original.replace("0.0.1", "0.0.2"))
    try:
        with pytest.raises(FetchError, match="differs from the file fetched before"):
            fetch_bigbench(
                ["jumps"], sizes=["2m"], cache=tmp_path, base_url=server[1], progress=False
            )
        assert not path.exists()
    finally:
        source.write_text(original)


def test_no_network_and_no_such_file_are_said(server, tmp_path):
    with pytest.raises(FetchError, match=r"nothing/results/.*: 404"):
        get(server, tmp_path, tasks=["nothing"])
    with pytest.raises(FetchError, match=r"cannot be reached \(ConnectionError\)"):
        fetch_bigbench(["jumps"], cache=tmp_path, base_url="http://127.0.0.1:9", progress=False)
    (tmp_path / "checksums.json").write_text("{")
    with pytest.raises(FetchError, match="damaged"):
        get(server, tmp_path)


@pytest.mark.parametrize("name", ["../x", "a/b", "a?b", "", "..", "a b"])
def test_names_cannot_lead_out_of_the_cache(tmp_path, name):
    with pytest.raises(FieldError, match=r"^tasks = "):
        fetch_bigbench([name], cache=tmp_path, progress=False)
    with pytest.raises(FieldError, match="a list of names"):
        fetch_bigbench("modified_arithmetic", cache=tmp_path, progress=False)


def test_curves_by_metric(server, tmp_path):
    frame = pd.concat([rec.read(p).scores for p in get(server, tmp_path)])
    curves = meta.score_curves(frame, draws=4000).set_index(["task", "metric"])
    for metric in ("exact_str_match", "bleu"):  # the score does not see shift or stretch
        assert curves.loc[("jumps", metric), "p_noise"] < 0.01
        assert curves.loc[("scatters", metric), "p_noise"] > 0.2
        assert curves.loc[("creeps", metric), "emergence_score"] == pytest.approx(7)
    found = meta.by_metric(curves.reset_index(), level=0.01).set_index("metric")
    assert found["curves"].tolist() == [3, 3]
    assert found["base"].tolist() == [0.5, 0.5]
    assert found["lift"].tolist() == [1, 1]
    strict = meta.by_metric(curves.reset_index(), level=0.01, method="bonferroni")
    assert (strict["emergent"] <= found.reset_index()["emergent"]).all()


def test_counts_are_those_of_counting_by_hand():
    curves = pd.DataFrame(
        {
            "metric": ["a"] * 4 + ["b"] * 2 + ["c"],
            "p_noise": [0.001, 0.2, 0.04, np.nan, 0.01, 0.5, 0.9],
        }
    )
    found = meta.by_metric(curves, level=0.05).set_index("metric")
    assert found.loc["a", ["curves", "emergent"]].tolist() == [3, 2]
    assert found.loc["b", ["curves", "emergent"]].tolist() == [2, 1]
    assert found.loc["a", "share"] == pytest.approx(2 / 3)
    assert found.loc["a", "lift"] == pytest.approx((2 / 3) / (3 / 6))
    assert found.loc["c", "lift"] == 0
    for wrong in ({"evidence": "p"}, {"level": 0}, {"method": "none"}):
        with pytest.raises(FieldError):
            meta.by_metric(curves, **wrong)


def test_short_curves_are_listed_without_a_score():
    frame = pd.DataFrame(
        {"params": [1, 2, 3], "task": ["t", "t", "u"], "metric": "acc", "score": [0.1, 0.2, 0.3]}
    )
    found = meta.score_curves(frame, min_scales=3, draws=10)
    assert found["n_scales"].tolist() == [2, 1]
    assert found["emergence_score"].isna().all()


def test_a_leap_from_a_silent_floor_always_shows_and_from_guessing_seldom():
    # Nine sizes without a right answer: the typical step is zero, and one right answer later is enough.
    assert meta.leap_shown(20, floor=0, leap=0.05, before=9, draws=20_000) == pytest.approx(
        1 - 0.95**60, abs=0.01
    )
    # Two sizes have one step, which is the rise and the typical step at once: the score is that of a line.
    half = meta.leap_shown(1000, floor=0.1, leap=0.8, before=1, sizes=2, least=1, draws=100)
    assert half == 1
    assert meta.leap_shown(1000, floor=0.1, leap=0.8, before=1, sizes=2, least=1.1, draws=100) == 0
    guessed = [meta.leap_shown(n, floor=0.25, leap=0.4, before=8) for n in (46, 195, 1000)]
    assert guessed == sorted(guessed)
    assert guessed[0] < 0.05
    assert guessed[-1] > 0.7
    for wrong in ({"floor": 0.7}, {"before": 12}, {"items": 0}, {"draws": 0}):
        with pytest.raises(FieldError):
            meta.leap_shown(**{"items": 10, "floor": 0, "leap": 0.4, "before": 8, **wrong})


def test_the_command_counts_a_folder(server, capsys, monkeypatch, tmp_path):
    assert main(["bigbench", "--folder", str(server[0]), "--csv"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0] == "metric,curves,emergent,rate,share,base,lift"
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["metric"], row["curves"], row["base"]) == ("exact_str_match", "3", "1")
    assert main(["bigbench", "--folder", str(server[0]), "--all-metrics", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["bigbench"]) == 1
    assert "at least one task, or --folder" in capsys.readouterr().err
    monkeypatch.setattr(fetch, "BIGBENCH", server[1])
    monkeypatch.setattr(
        fetch.fetch_bigbench,
        "__kwdefaults__",
        {
            **fetch.fetch_bigbench.__kwdefaults__,
            "base_url": server[1],
            "sizes": SIZES,
            "progress": False,
        },
    )
    assert main(["bigbench", "jumps", "creeps", "--cache", str(tmp_path), "--csv"]) == 0
    assert "exact_str_match,2," in capsys.readouterr().out
