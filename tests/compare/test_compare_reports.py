"""The comparison's report, into which nothing from a file escapes, and its command."""

from __future__ import annotations

import csv
import html.parser
import io
import json

import numpy as np
import pytest
from sheets_of_two import halves, put, two

from mirage_utils.cli.main import main
from mirage_utils.compare import VERDICTS, compare, page, write

EVIL = '</style><script>alert(1)</script><img src=x onerror="alert(2)">'


class Tags(html.parser.HTMLParser):
    """Every tag of a page, and every attribute."""

    def __init__(self):
        super().__init__()
        self.tags, self.attributes = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs


def test_nothing_from_a_file_becomes_markup_or_formula(tmp_path):
    frame = two(models=(EVIL, "=cmd()"), tasks=(f"=cmd()|{EVIL}",), passage=EVIL)
    (tmp_path / "in").mkdir()
    put(frame, tmp_path / "in" / "r.csv")
    (tmp_path / "in" / "<script>.csv").write_text("no table")
    found = compare(tmp_path / "in", models=[EVIL, "=cmd()"])
    written = {p.name: p for p in write(found, tmp_path / "out", source=EVIL)}
    assert list(written) == ["comparison.csv", "numbers.json", "report.html"]
    text = written["report.html"].read_text()
    tags = Tags()
    tags.feed(text)
    assert not tags.tags & {"script", "img", "iframe", "link", "object", "form", "a"}
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    assert not [v for n, v in tags.attributes if n in ("src", "href", "action")]
    assert "http:" not in text
    assert "https:" not in text
    assert "default-src 'none'" in text
    assert "alert(1)" in text  # shown, as text
    rows = list(csv.DictReader(io.StringIO(written["comparison.csv"].read_text())))
    assert rows[0]["task"].startswith("'=")
    numbers = json.loads(written["numbers.json"].read_text())
    assert numbers["second"] == "=cmd()"
    assert numbers["refused"]


def test_the_forest_plot_shows_what_the_table_says(tmp_path):
    found = compare(
        put(two(tasks=("a", "b"), gain=0.4), tmp_path / "r.csv"), models=["owl-1", "owl-2"]
    )
    text = page(found)
    assert text.count('<div class="row">') == 2
    for r in found.rows:
        d = r.difference
        assert (
            f'aria-label="difference {100 * d.value:.1f}, {100 * d.low:.1f} to {100 * d.high:.1f}"'
            in text
        )
    assert "More is better: right of the line B is better." in text


def test_a_report_is_made_where_nothing_varies(tmp_path):
    frame = two()
    frame["score"] = 1
    found = compare(put(frame, tmp_path / "r.csv"), models=["owl-1", "owl-2"])
    assert found.rows[0].verdict == "cannot tell"
    assert "the same score on all 60 items" in found.rows[0].words
    write(found, tmp_path / "out")
    same = compare(
        put(frame.assign(metric="my_index", score=3.5), tmp_path / "s.csv"),
        models=["owl-1", "owl-2"],
    )
    assert "nan" not in page(same)
    json.dumps(same.numbers(), allow_nan=False)


def test_the_command_prints_a_table_and_the_verdict_in_words(tmp_path, capsys):
    path = put(two(tasks=("quiz", "riddles")), tmp_path / "r.csv")
    out = tmp_path / "out"
    status = main(
        [
            "compare",
            str(path),
            "--models",
            "owl-1",
            "owl-2",
            "--out",
            str(out),
            "--difference",
            "0.05",
        ]
    )
    assert status == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "A: owl-1"
    head = next(line for line in shown if line.startswith("task"))
    assert head.split() == [
        "task",
        "metric",
        "n",
        "A",
        "B",
        "B",
        "-",
        "A",
        "95%",
        "interval",
        "p",
        "Holm",
        "BH",
        "detectable",
        "items",
        "for",
        "5",
        "points",
    ]
    rows = shown[shown.index(head) + 1 :][:2]
    assert all(len(row) == len(head) for row in rows)
    assert any(line.startswith("quiz, accuracy: B is better by") for line in shown)
    assert shown[-1] == str(out / "report.html")


def test_the_command_prints_csv(tmp_path, capsys):
    path = put(two(tasks=("=1+1",)), tmp_path / "r.csv")
    assert main(["compare", str(path), "--models", "owl-1", "owl-2", "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["task"] == "'=1+1"
    assert float(row["difference"]) == pytest.approx(
        float(row["second"]) - float(row["first"]), abs=1e-5
    )


def test_fail_on_a_verdict_gives_status_3(tmp_path, capsys):
    a, b = halves(two(), tmp_path)
    assert main(["compare", str(a), str(b), "--fail-on", "worse"]) == 0
    assert main(["compare", str(b), str(a), "--fail-on", "worse,refused"]) == 3
    assert "worse" in capsys.readouterr().err
    assert main(["compare", str(b), str(a), "--fail-on", "nonsense"]) == 1
    assert set(VERDICTS) == {"better", "worse", "higher", "lower", "cannot tell"}


def test_a_report_is_not_written_into_what_is_compared(tmp_path, capsys):
    put(two(), tmp_path / "r.csv")
    assert (
        main(
            ["compare", str(tmp_path), "--models", "owl-1", "owl-2", "--out", str(tmp_path / "out")]
        )
        == 1
    )
    assert "outside" in capsys.readouterr().err


def test_records_of_a_bundled_family_can_be_compared(tmp_path, capsys):
    out = tmp_path / "clock.csv"
    assert main(["records", "parity", "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    header = out.read_text().splitlines()[0]
    assert "target" in header
    assert "logprobs" not in header
    assert main(["records", "autoencoders_digits", "--out", str(out)]) == 1
    assert main(["records", "parity", "--out", str(tmp_path / "x.txt")]) == 1


def test_many_items_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    frame = two(n=2)
    big = frame.iloc[[0]].loc[frame.index[:1].repeat(200_000)].reset_index(drop=True)
    big["item"] = np.arange(len(big)).astype(str)
    sides = [big.assign(model=m, score=rng.integers(0, 2, len(big))) for m in "ab"]
    (row,) = compare(*sides).rows
    assert row.difference.n == 200_000
