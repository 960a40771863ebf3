"""Tables of scores in workbooks: read from the first table, or refused with what to do."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest
from sheets import ROWS, SCORES, SIZES, said
from written import table_reader

from mirage_utils.records import EvalFileError


@pytest.fixture
def table(tmp_path):
    return table_reader(tmp_path)


def workbook(sheets, *, per_cent=()):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for cell in per_cent:
            sheet[cell].number_format = "0.0%"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_a_workbook_is_read_from_its_first_table(table):
    found = table(workbook({"R": ROWS}), "r.xlsx")
    assert (found.format, found.notes) == ("plain Excel workbook", ())
    assert found.scores["score"].tolist() == list(SCORES)
    assert found.scores["params"].tolist() == list(SIZES.values())
    found = table(
        workbook({"About": [["Results"], ["of May"]], "R": [["May"], [], *ROWS], "X": ROWS}),
        "r.xlsx",
    )
    assert found.scores["score"].tolist() == list(SCORES)
    assert "only the sheet 'R' is read, not 'About', 'X'" in said(found)
    odd = [*ROWS, ["pythia-6.9b", None, "arc_easy", "accuracy", "?", 500]]
    assert "line 6 ('?')" in said(table(workbook({"R": odd}), "r.xlsx"))


def test_cells_of_a_workbook_that_show_per_cent_are_known_to(table):
    found = table(workbook({"R": ROWS}, per_cent=["E2", "E3"]), "r.xlsx")
    assert found.scores["score"].to_numpy() == pytest.approx(SCORES)
    assert found.scores["per_cent_known"].tolist() == [True, True, False, False]


def test_a_workbook_of_records(table):
    rows = [["model", "task", "item", "target", "output", "metric", "score"],
            ["pythia-70m", "t", 1, "a", "b", "exact_match", False], ["pythia-70m", "t", 2, "b", "b", "exact_match", True]]  # fmt: skip
    found = table(workbook({"R": rows}), "r.xlsx")
    assert found.records["score"].tolist() == [0, 1]


def packed(**members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(xl__workbook_xml="<workbook/>", xl__worksheets__sheet1_xml="<worksheet/>"), "damaged Excel workbook.*CSV"),
        (workbook({"R": ROWS})[:900], "damaged Excel workbook.*CSV"),
        (workbook({"R": [["x"]]}), "without a table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password; save its table as CSV"),
        (packed(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "OpenDocument.*CSV"),
        (packed(a="b"), "unpack it first"),
    ],
)  # fmt: skip
def test_workbooks_that_cannot_be_read_are_refused_with_what_to_do(table, content, message):
    with pytest.raises(EvalFileError, match=message):
        table(content, "r.xlsx")


def test_formulas_without_values_are_said_to_be_some(table):
    half = [row[:] for row in ROWS]
    half[1][4] = "=0.5/2"
    found = table(workbook({"R": half}), "r.xlsx")
    assert found.scores["score"].tolist() == list(SCORES[1:])
    assert "'=0.5/2' in line 2: open it in a spreadsheet program and save it" in said(found)
    for row in half[2:]:
        row[4] = "=1/4"
    with pytest.raises(EvalFileError, match="formulas without their values"):
        table(workbook({"R": half}), "r.xlsx")
