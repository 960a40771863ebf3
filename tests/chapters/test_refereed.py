"""Every claim of a chapter could have been refuted: its check fails on the data of a rival, or no data could matter.

`claim` refuses a rival that the check hardly ever tells apart; this refuses a claim that has no rival at all. It reads the
executed chapter, as a referee would, and not the library's own list of claims.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from conftest import CHAPTERS
from nbformat import NotebookNode

# How often a check has to fail on data sets that the rival made.
FAILED = 0.8


def stated(notebook: NotebookNode) -> Iterator[Mapping[str, Any]]:
    """The claims that an executed chapter displays, as they are listed for machines."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "mirage_claim" in output.get("metadata", {}):
                yield output["metadata"]["mirage_claim"]


def missing(claim: Mapping[str, Any]) -> str:
    """What a claim lacks for a referee, or an empty text."""
    if claim["algebra"]:
        return ""
    if not claim["rival"] or not claim["power"]:
        return "a rival"
    if claim["power"]["failed_under_rival"] < FAILED:
        return "a check that the rival's data fail"
    return "" if claim["refuted_if"].strip() else "what would refute it"


@pytest.mark.parametrize("name", [chapter.stem for chapter in CHAPTERS])
def test_every_claim_of_a_chapter_could_have_been_refuted(name, chapter_run):
    run = chapter_run(name)
    claims = list(stated(run.notebook))
    assert {f"claim_{each['number'].replace('.', '_')}" for each in claims} == set(run.claims)
    lacking = {each["number"]: what for each in claims if (what := missing(each))}
    assert lacking == {}


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({}, ""),
        ({"rival": "", "power": None}, "a rival"),
        ({"power": None}, "a rival"),
        ({"rival": "", "power": None, "refuted_if": "", "algebra": True}, ""),
        ({"power": {"draws": 200, "failed_under_rival": 0.79, "passed_under_claim": None}}, "a check that the rival's data fail"),
        ({"power": {"draws": 200, "failed_under_rival": 0.8, "passed_under_claim": None}}, ""),
        ({"refuted_if": " "}, "what would refute it"),
    ],
)  # fmt: skip
def test_the_check_would_find_a_claim_without_a_rival(changed, lacks):
    whole = {
        "number": "1.1", "sentence": "s", "holds": True, "algebra": False, "rival": "chance", "refuted_if": "x > 1", "unit": "",
        "alternatives": {}, "power": {"draws": 200, "failed_under_rival": 1.0, "passed_under_claim": 1.0},
    }  # fmt: skip
    assert missing({**whole, **changed}) == lacks
