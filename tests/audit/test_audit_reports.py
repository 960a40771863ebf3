"""The audit's reports, into which nothing from a file escapes, its command, and files that others wrote."""

from __future__ import annotations

import csv
import html.parser
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT, evaluation_data, needs_evaluation_data
from evaluations import SIZES, records, scores, write

from mirage_utils import FieldError, audit
from mirage_utils import records as rec
from mirage_utils.cli.main import main
from mirage_utils.records import EvalFileError
from mirage_utils.records.gathering import FAULT, gather


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


# -- reports ---------------------------------------------------------------------------------------


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
    frame = scores([0.0, 0.0, 0.0, 0.9], task=f"=cmd()|{EVIL}", metric=EVIL, family=EVIL)
    frame.to_csv(tmp_path / "r.csv", index=False)
    (tmp_path / f"{'<script>'}.csv").write_text("no table")
    found = audit.audit(tmp_path)
    written = {p.name: p for p in audit.write(found, tmp_path / "out", source=EVIL)}
    text = written["report.html"].read_text()
    page = Tags()
    page.feed(text)
    assert not page.tags & {"script", "img", "iframe", "link", "object", "form", "a"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert "http" not in "".join(
        v or "" for n, v in page.attributes if n in ("src", "href", "action")
    )
    assert "alert(1)" in text  # shown, as text
    rows = table(written["verdicts.csv"])
    assert list(rows[0]) == ["family", "task", "metric", "verdict", "rule", "evidence"]
    assert rows[0]["rule"] in {rule.name for rule in audit.RULES}
    assert rows[0]["task"].startswith("'=")
    numbers = json.loads(written["numbers.json"].read_text())
    assert numbers["curves"][0]["task"] == f"=cmd()|{EVIL}"
    assert len(numbers["refused"]) == 1


def test_a_link_in_the_folder_of_reports_is_replaced_and_not_followed(tmp_path):
    found = audit.audit(write(scores([0.1, 0.2]), tmp_path / "r.csv"))
    elsewhere = tmp_path / "precious"
    elsewhere.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").symlink_to(elsewhere)
    audit.write(found, out)
    assert elsewhere.read_text() == "mine"
    assert not (out / "report.html").is_symlink()
    with pytest.raises(FieldError, match="out"):
        audit.write(found, elsewhere)


def test_links_in_what_is_audited_are_not_followed(tmp_path):
    secret = write(scores([0.3, 0.4], task="secret"), tmp_path / "secret.csv")
    folder = tmp_path / "results"
    folder.mkdir()
    write(scores([0.1, 0.2]), folder / "r.csv")
    (folder / "link.csv").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    assert set(gather(folder).scores["task"]) == {"t"}


# -- the command -----------------------------------------------------------------------------------


def test_the_command_writes_its_report_and_says_by_its_status_what_it_found(tmp_path, capsys):
    path = write(scores([0.0, 0.0, 0.0, 0.9]), tmp_path / "r.csv")
    out = tmp_path / "deep" / "out"
    assert main(["audit", str(path), "--out", str(out), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.strip().endswith("report.html")
    assert {p.name for p in out.iterdir()} == {
        "report.html", "verdicts.csv", "curves.csv", "numbers.json",
    }  # fmt: skip
    given = table(out / "verdicts.csv")[0]["verdict"]
    call = ["audit", str(path), "--out", str(out), "--quiet"]
    assert main([*call, "--fail-on", given]) == 3
    assert main([*call, "--fail-on", "refused"]) == 0
    assert main([*call, "--fail-on", "nonsense"]) == 1
    assert "fail_on = 'nonsense'" in capsys.readouterr().err
    assert main(["audit", str(tmp_path), "--out", str(tmp_path / "out"), "--quiet"]) == 1
    assert "outside of what is audited" in capsys.readouterr().err
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.json").write_text("{")
    assert main(["audit", str(tmp_path / "bad"), "--out", str(out), "--quiet"]) == 1


def test_models_without_a_size_are_named_and_may_be_given_one(tmp_path, capsys):
    frame = scores([0.1, 0.2, 0.3, 0.9]).drop(columns="params")
    path = write(frame, tmp_path / "r.csv")
    out = str(tmp_path / "out")
    assert main(["audit", str(path), "--out", out, "--quiet"]) == 1  # nothing could be audited
    assert "m0, m1, m2, m3" in capsys.readouterr().err
    sizes = [f"--params=m{i}={10**i}e6" for i in range(4)]
    assert main(["audit", str(path), "--out", out, "--quiet", *sizes]) == 0
    assert capsys.readouterr().err == ""
    assert json.loads((Path(out) / "numbers.json").read_text())["curves"][0]["scale"] == [
        1e6, 1e7, 1e8, 1e9,
    ]  # fmt: skip


def test_a_sheet_is_audited_with_the_options_of_reading(tmp_path, capsys):
    sheet = pd.DataFrame(
        {
            "who": [f"m{i}" for i in range(8)],
            "params": SIZES,
            "sums": [0, 0, 0, 0, 0, 0.9, 0.92, 0.93],
            "n": 500,
        }
    )
    path = write(sheet, tmp_path / "sheet.csv")
    out = tmp_path / "out"
    call = [
        "audit",
        str(path),
        "--out",
        str(out),
        "--quiet",
        "--column",
        "who=model",
        "--wide",
        "sums",
    ]
    assert main([*call, "--metric", "exact_match"]) == 0
    (row,) = table(out / "verdicts.csv")
    assert (row["task"], row["metric"]) == ("sums", "exact_match")
    assert row["verdict"] == "cannot tell"
    assert main(call) == 1
    assert "metric" in capsys.readouterr().err


# -- files that others wrote -----------------------------------------------------------------------


@needs_evaluation_data
def test_real_files_of_many_programs_are_audited_or_refused_with_a_reason(tmp_path):
    found = audit.audit(evaluation_data() / "formats")
    audit.write(found, tmp_path)
    every = sum(len(files) for _, _, files in os.walk(evaluation_data() / "formats"))
    assert found.gathered.files + len(found.gathered.refused) == every
    assert found.gathered.files > 50
    readings = [
        r
        for r in rec.read_folder(evaluation_data() / "formats")
        if not isinstance(r, EvalFileError)
    ]
    assert found.gathered.files == len(readings)
    assert found.gathered.records == sum(len(r.records) for r in readings) > 0
    assert not [why for _, why in found.gathered.refused if why.startswith(FAULT)]
    assert all(why for _, why in found.gathered.refused)


def damaged(rng, text):
    """A file's bytes, hurt as files are."""
    data = bytearray(text)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(0, 6)
        at = int(rng.integers(0, max(len(data), 1)))
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data[at : at + 1] = bytes(rng.integers(0, 256, rng.integers(0, 5), dtype=np.uint8))
        elif kind == 2:
            data[at:at] = data[int(rng.integers(0, len(data) + 1)) :][:200]
        elif kind == 3:
            data[at:at] = rng.choice(
                [b"NaN", b"1e999", b"-1", b"null", b'""', b"[", b"}", b",", b"\n", b"\x00", b"\xff", b"9" * 400]
            )  # fmt: skip
        elif kind == 4 and data:
            del data[at : at + int(rng.integers(1, 40))]
        else:
            data[:] = data.replace(b"0", bytes([rng.integers(48, 58)]))
    return bytes(data)


def fuzz(count, folder, seed=0):
    """Outcomes of auditing damaged files: how many were read, refused, and found at fault of the program."""
    rng = np.random.default_rng(seed)
    plain = scores([0.0, 0.01, 0.4, 0.9])
    seeds = {
        "scores.csv": plain.to_csv(index=False).encode(),
        "scores.jsonl": plain.to_json(orient="records", lines=True).encode(),
        "records.csv": records(8).to_csv(index=False).encode(),
        "records.jsonl": records(8).to_json(orient="records", lines=True).encode(),
        "array.json": plain.to_json(orient="records").encode(),
        "harness.json": json.dumps(
            {"results": {"t": {"acc,none": 0.5, "acc_stderr,none": 0.1}}, "versions": {"t": 0},
             "n-shot": {"t": 0}, "n-samples": {"t": {"original": 10, "effective": 10}},
             "config": {"model": "hf", "model_args": "pretrained=EleutherAI/pythia-70m"}, "lm_eval_version": "0.4.8"}
        ).encode(),
        "samples_t.jsonl": b"\n".join(
            json.dumps({"doc_id": i, "target": "1", "resps": [[[-1.0, False]], [[-0.5, True]]], "doc": {},
                        "filtered_resps": [[-1.0, False], [-0.5, True]], "acc": 1.0, "filter": "none",
                        "metrics": ["acc"], "arguments": {}, "doc_hash": "", "prompt_hash": "", "target_hash": ""}).encode()
            for i in range(6)
        ),
        "records.parquet": write(records(8), folder / "seed.parquet").read_bytes(),
    }  # fmt: skip
    names = list(seeds)
    outcomes = {"read": 0, "refused": 0, "fault": []}
    for i in range(count):
        name = names[i % len(names)]
        path = folder / name
        path.write_bytes(damaged(rng, seeds[name]))
        try:
            found = audit.audit(path)
            rows = len(found.findings)
            assert found.gathered.files == 1
            assert (
                rows
                or found.gathered.unknown_models
                or found.notes
                or not len(found.gathered.scores)
            )
            audit.page(found)
            json.dumps(found.numbers(), allow_nan=False)
            outcomes["read"] += 1
        except EvalFileError as error:
            outcomes["refused"] += 1
            if FAULT in str(error):
                outcomes["fault"].append((name, i, str(error)[-300:]))
    return outcomes


def test_damaged_files_are_read_or_refused_and_never_more(tmp_path):
    found = fuzz(int(os.environ.get("MIRAGE_FUZZ", "64")), tmp_path)
    print(found)
    assert found["fault"] == []
    assert found["read"] > 0
    assert found["refused"] > 0


def test_the_shipped_study_is_part_of_the_package():
    assert (ROOT / "mirage_utils" / "audit" / "data" / "study.csv").exists()
