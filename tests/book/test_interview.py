"""The page about the interview: each quotation is exact, each claim answered, no sentence left out.

The interview itself is not ours to copy. Where ``MIRAGE_INTERVIEW`` names a file with its text, quotations and sentences are
held against it; everywhere the page is held against a list of its sentences, which stand there as digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from conftest import CHAPTERS, ROOT

TEXT = os.environ.get("MIRAGE_INTERVIEW", "")
needs_the_interview = pytest.mark.skipif(
    not TEXT, reason="MIRAGE_INTERVIEW names no file with the text of the interview"
)

PAGE = (ROOT / "book" / "interview.md").read_text()
SOURCE = "https://aihub.org/2024/04/25/are-emergent-abilities-of-large-language-models-a-mirage-interview-with-brando-miranda/"
VERDICTS = {"holds", "holds in part", "does not hold", "cannot be checked"}
HISTORY = "history"
CLAIM = re.compile(r"\{claim\}`([^`]+)`")
GLUE = re.compile(r"\{glue:text\}`\.\./notebooks/(\w+)\.ipynb::(\w+)(?::[^`]*)?`")
CHAPTER = re.compile(r"\.\./notebooks/(\d\d_\w+)\.ipynb")

# Every sentence of the interview in order: the first twelve digits of its SHA-256, and the sections that answer it.
SENTENCES = """
8f59db86946e history
42b02e9bf3f7 history
0b9e95121813 history
b80e9b43320b uranium
80938bdef828 uranium
b9364cae5dc5 definition
1cefe44ca098 definition
06e9f0517352 definition
5faf716a6db9 function-of-the-metric
3e4e56625d92 history
9e8685d6aae1 history
9ca11ea20fac history
da19b347fe94 history
7663459aff9b history
96b0d461afef history
8df10d8b9229 history
ff52daef995b history
b3dacccca9b2 history
7ebedbb9f50d history
3c472f2eca6f one-token
3e67328e8098 one-token scaling-laws
6c6644595d2d one-token
088419b2383b length-one
e3ce4aec1bd1 longer
2ba88cb59f92 one-token
666ca40cb01f length-one
5fb660098b04 longer
3963c7ebb2e9 length-one longer
cfac44adad43 longer
98a53866992f intrinsic
350780590e44 step
66d7e397c9b6 step
08021c980e79 step
8fb51baf5c69 curves
0c2d01759a72 curves
5c9a2193375a curves
8f12b2b3639b curves
11620f2cb3ac toy
3dde55526041 toy
f0deffccce7f linear
a9b8cda906ef linear
61d5c8dd486c create
4800e2a43bd1 threshold
51523ce6ebbf threshold
66c780e2c136 intervention
ad43a7d6f68f history
b5afc4d9c779 sharpness
3f11c1f74859 sharpness
af47fb950595 smooth
2902ee617182 harsh-to-soft
2f7833df2521 soft-to-harsh
05cdd2694f26 vision-agreement
3ee45e5fe1cc soft-to-harsh
bfbce0e79d8b soft-to-harsh
02c443153bf1 trade-offs
d0d3746638ed test-data intrinsic
7533d9bcf834 close-metric
1c9fbaa23773 close-metric
c758f12aa41a trade-offs surprised
f72f4246e93f careful
2169414cd4c9 ability
3223071ffb17 ability
2636ce9921cb carry
7fe3163b9463 carry
ed75274ac023 carry
b17f4d8806d1 carry
ea22a89ffc52 overclaiming
11c9c60ffa1e overclaiming
63233cde031a sceptical
"""


def plain(text):
    """With straight quotation marks and single spaces."""
    return re.sub(r"\s+", " ", text.translate(str.maketrans("‘’“”–", "''\"\"-"))).strip()


def sentences(text):
    """Those of the interview, below the note on what the file is for."""
    body = text.partition("(Here to check")[2].partition("\n")[2]
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        yield from map(plain, re.split(r"(?<=[.!?])\s+(?=[A-Z*\"“])", paragraph.strip()))


def digest(sentence):
    return hashlib.sha256(sentence.encode()).hexdigest()[:12]


def listed():
    """Digest of every sentence, and the set of its sections."""
    return [(first, set(rest)) for first, *rest in map(str.split, SENTENCES.strip().splitlines())]


def sections():
    """Anchor, heading and text of each claim."""
    parts = re.split(r"^\(([a-z-]+)\)=\n## (.+)\n", PAGE.partition("## The tally")[0], flags=re.M)
    return {a: (h, t) for a, h, t in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)}


def code(chapter):
    found = json.loads(chapter.read_text())["cells"]
    return "\n".join("".join(c["source"]) for c in found if c["cell_type"] == "code")


def verdict(text):
    return re.search(r"^\*\*([^*]+)\.\*\*", text, re.M)[1].lower()


def quoted(text):
    return [plain(q) for q in re.findall(r'"([^"]+)"|“([^”]+)”', text) for q in q if q]


each = pytest.mark.parametrize("anchor", sections())


# -- the page by itself ------------------------------------------------------------------------------


def test_the_source_is_named_with_its_address():
    assert SOURCE in PAGE
    assert "25 April 2024" in PAGE
    assert "{cite}`aihub2024`" in PAGE


@each
def test_each_section_quotes_its_claim_briefly_and_has_a_verdict(anchor):
    heading, text = sections()[anchor]
    first, rest = text.strip().split("\n\n", 1)
    assert first.startswith("*The claim.*")
    assert quoted(first), "the claim is given in words that were said"
    assert all(2 <= len(q.split()) <= 30 for q in quoted(first))
    assert re.match(r"\*\*([^*]+)\.\*\* ", rest)
    assert verdict(text) in VERDICTS
    tally = PAGE.partition("## The tally")[2]
    assert f"| [{heading}](#{anchor}) | {verdict(text)} |" in tally


@each
def test_every_verdict_leads_to_a_claim_or_a_number_that_is_there(anchor):
    _, text = sections()[anchor]
    claims, numbers = CLAIM.findall(text), GLUE.findall(text)
    assert claims or numbers
    sources = {c.stem: code(c) for c in CHAPTERS}
    for number in claims:
        assert any(re.search(rf'claim\(\s*"{re.escape(number)}"', s) for s in sources.values()), number  # fmt: skip
    for chapter, name in numbers:
        assert re.search(rf"\b(?:{name}|{name.upper()})\b", sources[chapter]), (chapter, name)
    assert set(CHAPTER.findall(text)) <= set(sources)


@each
def test_every_verdict_leads_to_what_the_chapters_found(anchor, chapter_run):
    _, text = sections()[anchor]
    for number in CLAIM.findall(text):
        (chapter,) = (c for c in CHAPTERS if int(c.stem[:2]) == int(number.split(".")[0]))
        assert f"claim_{number.replace('.', '_')}" in chapter_run(chapter.stem).claims, number
    for chapter, name in GLUE.findall(text):
        assert name in chapter_run(chapter).glued, (chapter, name)


def test_the_tally_has_every_claim_once_and_in_order():
    tally = re.findall(r"\]\(#([a-z-]+)\) \|", PAGE.partition("## The tally")[2])
    assert tally == list(sections())


def test_every_claim_has_its_section_and_every_section_a_sentence():
    answered = set().union(*(where for _, where in listed()))
    assert answered - {HISTORY} == set(sections())
    assert all(where for _, where in listed())
    assert all(where == {HISTORY} for _, where in listed() if HISTORY in where)
    assert len({first for first, _ in listed()}) == len(listed())


def test_history_and_biography_are_named_as_such():
    last = PAGE.rpartition("\n\n")[2]
    assert "who had the idea" in last
    assert "the class they took" in last


def test_the_claim_that_was_made_both_ways_is_reported_both_ways():
    _, text = sections()["length-one"]
    assert "sharp and predictable jumps" in text
    assert "sharp unpredictable jumps" in text


def test_no_verdict_is_against_what_was_said_of_people():
    assert verdict(sections()["carry"][1]) == "cannot be checked"


# -- the page and the interview ----------------------------------------------------------------------


@needs_the_interview
def test_every_quotation_is_exact():
    said = plain(Path(TEXT).read_text()).casefold()
    assert SOURCE in said
    for heading, text in sections().values():
        for q in quoted(heading) + quoted(text):
            assert q.casefold() in said, q


@needs_the_interview
def test_no_sentence_of_the_interview_is_left_out():
    assert [digest(s) for s in sentences(Path(TEXT).read_text())] == [f for f, _ in listed()]


@needs_the_interview
def test_a_section_quotes_a_sentence_that_it_is_listed_for():
    said = dict(zip((f for f, _ in listed()), sentences(Path(TEXT).read_text()), strict=True))
    for anchor, (_, text) in sections().items():
        mine = " ".join(said[first] for first, where in listed() if anchor in where)
        for q in quoted(text.strip().split("\n\n", 1)[0]):
            assert q in mine, (anchor, q)


@needs_the_interview
def test_little_of_the_interview_is_copied():
    said = plain(Path(TEXT).read_text()).split()
    copied = sum(len(q.split()) for _, text in sections().values() for q in quoted(text))
    assert copied < len(said) / 5


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A.\n(Here to check)\n\nOne. Two? Yes!\n\nThree", ["One.", "Two?", "Yes!", "Three"]),
        ("(Here to check)\nIt is, i.e. this. “So” it is.", ["It is, i.e. this.", '"So" it is.']),
    ],
)
def test_sentences_are_found(text, found):
    assert list(sentences(text)) == found
