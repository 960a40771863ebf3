"""The pages about the paper and the debate: every verdict has its proof, every link its place, every word its meaning."""

from __future__ import annotations

import json
import posixpath
import re
from urllib.parse import urlsplit

import lxml.html
import pypdf
import pytest
import yaml
from conftest import CHAPTERS, ROOT
from pages import PAGES, visit
from pybtex.database import parse_file

from mirage_utils import symbols

BOOK = ROOT / "book"
CLAIM = re.compile(r"\{claim\}`([^`]+)`")
CITE = re.compile(r"\{cite(?::[a-z]+)?\}`([^`]+)`")


def prose(path):
    """The running text of a page or chapter, without code."""
    if path.suffix == ".md":
        return re.sub(r"```\{code-cell\}.*?```", " ", path.read_text(), flags=re.S)
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


SOURCES = {path.stem: path for path in (*CHAPTERS, *BOOK.glob("*.md"))}
sources = pytest.mark.parametrize("path", SOURCES.values(), ids=SOURCES)


@pytest.fixture(scope="module")
def bibliography():
    return parse_file(BOOK / "references.bib", bib_format="bibtex").entries


# -- claims ----------------------------------------------------------------------------------------


@sources
def test_claims_that_are_spoken_of_are_made(path, chapter_run):
    text = path.read_text()
    assert "claim {claim}" not in text  # the role says the word
    for number in CLAIM.findall(text):
        (chapter,) = (c for c in CHAPTERS if int(c.stem[:2]) == int(number.split(".")[0]))
        assert f"claim_{number.replace('.', '_')}" in chapter_run(chapter.stem).claims, number


def test_every_slip_of_the_paper_has_its_cell():
    text = (BOOK / "errata.md").read_text()
    numbers = re.findall(r'"E\.(\d+)"', text)
    assert numbers == [str(i + 1) for i in range(len(numbers))]
    sections = text.split("\n## ")[1:]
    assert len(sections) == len(numbers) + 1, "all but the cross-references are proved"
    assert all("claim(" in section for section in sections[:-1])


# -- links ---------------------------------------------------------------------------------------------


def test_links_within_the_book_lead_somewhere(site):
    import checks

    texts = {
        p.relative_to(site).as_posix(): lxml.html.document_fromstring(p.read_bytes())
        for p in site.rglob("*.html")
        if "_static" not in p.parts
    }
    assert len(texts) > len(PAGES)
    assert list(checks.broken(texts, site)) == []


def test_a_link_to_nowhere_is_found(tmp_path):
    import checks

    (tmp_path / "file.ipynb").write_text("{}")
    texts = {
        "a.html": '<a href="b/c.html#here">1</a><a href="b/c.html#gone">2</a><a href="file.ipynb">3</a><a href="none.html">4</a>'
        '<a href="#top">5</a><a id="top" href="https://example.org">6</a><a href="mailto:a@example.org">7</a>',
        "b/c.html": '<p id="here"><a href="../a.html?x=1#top">8</a><a href="../a.html#x&amp;y">9</a></p>',
    }
    texts = {name: lxml.html.document_fromstring(text) for name, text in texts.items()}
    assert list(checks.broken(texts, tmp_path)) == [
        ("a.html", "b/c.html#gone"), ("a.html", "none.html"), ("b/c.html", "../a.html#x&y"),
    ]  # fmt: skip


def test_no_page_is_an_orphan(site):
    """Each page is in the contents, and some other page's own text leads to it."""
    listed = set(re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text()))
    pages = {p.relative_to(ROOT).with_suffix("").as_posix() for p in BOOK.rglob("*.md")} | {
        f"notebooks/{c.stem}" for c in CHAPTERS
    }
    assert pages == listed
    reached = set()
    for name in PAGES:
        text = (site / f"{name}.html").read_text()
        article = text[text.index("<article") : text.index("</article>")]
        for href in re.findall(r'href="([^"#]+)\.html', article):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), href))
            if target != name:
                reached.add(target)
    assert set(PAGES) - reached == set()


def test_chapters_have_the_numbers_of_their_files(site):
    for chapter in CHAPTERS:
        text = (site / f"notebooks/{chapter.stem}.html").read_text()
        (number,) = re.findall(r'<h1><span class="section-number">(\d+)\.', text)
        assert int(number) == int(chapter.stem[:2])
        assert f"<title>{number}. " in text
        # A section's number would look like a claim's.
        assert not re.search(r'<h[2-6]><span class="section-number">', text)


# -- references ------------------------------------------------------------------------------------


def leads_to_a_work(url):
    """An address with a path below its host, and not just the page of a person, a blog or a user."""
    parts = urlsplit(url)
    steps = [step for step in parts.path.split("/") if step]
    home = {"blog", "index.html", "papers", "publications", "news"}
    deep = 2 if parts.hostname in ("github.com", "huggingface.co") else 1
    return parts.scheme == "https" and len(steps) >= deep and not set(steps) <= home


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://arxiv.org/abs/2304.15004", True),
        ("https://github.com/wschella/lass", True),
        ("https://aimslab.stanford.edu/textbook/index.html", True),
        ("https://aihub.org", False),
        ("https://aihub.org/", False),
        ("https://www.jasonwei.net/blog", False),
        ("https://github.com/wschella", False),
        ("http://example.org/work.pdf", False),
    ],
)
def test_a_home_page_is_not_a_work(url, leads):
    assert leads_to_a_work(url) == leads


def test_every_reference_can_be_found_and_its_doi_is_well_formed(bibliography):
    for key, entry in bibliography.items():
        doi, url = entry.fields.get("doi"), entry.fields.get("url", "")
        assert doi or url or entry.fields.get("eprint"), key
        assert not url or leads_to_a_work(url), (key, url)
        if doi:
            assert re.fullmatch(r"10\.\d{4,9}/[-._;()/:<>A-Za-z0-9]+", doi), (key, doi)
        arxiv = re.fullmatch(r"https://arxiv\.org/abs/(\d{4}\.\d{4,5})", url)
        assert arxiv or "arxiv.org" not in url, (key, url)
        if arxiv and doi.startswith("10.48550"):
            assert doi == f"10.48550/arXiv.{arxiv[1]}", key
        assert entry.fields["title"]
        assert re.fullmatch(r"(?:19|20)\d\d", entry.fields["year"]), key
    dois = [e.fields["doi"].lower() for e in bibliography.values() if "doi" in e.fields]
    assert len(dois) == len(set(dois))


def test_every_reference_is_cited_and_every_citation_is_known(bibliography):
    cited = {
        key.strip()
        for path in SOURCES.values()
        for keys in CITE.findall(path.read_text())
        for key in keys.split(",")
    }
    assert cited == set(bibliography)


@sources
def test_who_is_named_is_cited(path, bibliography):
    """A page that says what somebody found names the work it is found in."""
    text = prose(path)
    cited = {key.strip() for keys in CITE.findall(text) for key in keys.split(",")}
    bare = re.sub(r"\{[a-z:]+\}`[^`]*`|`[^`]*`|\]\([^)]*\)", " ", text)
    by_name: dict[str, set[str]] = {}
    for key, entry in bibliography.items():
        if entry.persons.get("author"):
            by_name.setdefault(" ".join(entry.persons["author"][0].last_names), set()).add(key)
    for name, keys in by_name.items():
        # Names that are also words, or names of laws and tests that carry them.
        if name in (
            "Gumbel",
            "Bernstein",
            "Brier",
            "Akaike",
            "Levenshtein",
            "Clopper",
            "Holm",
            "Haldane",
            "AIhub",
            "Brown",
        ):
            continue
        if re.search(
            rf"\b{re.escape(name)}(?:'s)? (?:et al|and|found|show|say|report|train|argue|object|claim|reply)",
            bare,
        ):
            assert cited & keys, f"{name} is named and not cited"


@sources
def test_no_quotation_is_longer_than_a_line(path):
    text = re.sub(r"\{[a-z:]+\}`[^`]*`|```.*?```|`[^`]*`|<[^>]+>", " ", prose(path), flags=re.S)
    for paragraph in text.split("\n\n"):
        for quoted in re.findall(r'"([^"]+)"|“([^”]+)”', paragraph):
            assert len("".join(quoted)) <= 90, quoted
    assert not re.search(r"^> ", prose(path), re.M)


# -- words -------------------------------------------------------------------------------------------

# Words of the trade that a reader with a year of calculus and some Python need not know.
TRADE = """ability; AIC; autoencoder; base rate; beta-binomial; BIC; binomial interval; bits per byte; BLEU; Brier score; calibration;
cluster; coverage; critical scale; cross-entropy; CRPS; decade; degrees of freedom; detection floor; deviance; difficulty;
dip test; edit distance; emergence score; exact match; expected exact match; false-discovery rate; few-shot; Fisher's test;
greedy decoding; grokking; Gumbel curve; Guttman scale; hazard; Holm's correction; horizon; induction; irreducible loss; item
response theory; Jensen's inequality; ladder; likelihood; log-likelihood; lognormal; McNemar's test; multiple-choice grade;
nat; p-value; partial credit; pass@k; perplexity; posterior; power; power law; predictive interval; prior; proper score; rank
correlation; resolution; ROUGE-L-Sum; scaling law; seed; sigmoid; sign test; sparse parity; spot check; standard error;
surrogate; target length; temperature; token; token accuracy; training compute; transformer; Wald interval; zero-shot; Zipf's
law""".replace("\n", " ").split("; ")


def glossary():
    text = (BOOK / "glossary.md").read_text()
    block = text[text.index("```{glossary}\n") + len("```{glossary}\n") : text.rindex("```")]
    return dict(entry.split("\n", 1) for entry in re.split(r"\n\n(?=\S)", block.strip()))


def test_every_word_of_the_trade_is_explained():
    known = {term.lower() for term in glossary()}
    everything = "\n".join(prose(c) for c in CHAPTERS).lower()
    used = [w for w in TRADE if re.search(rf"\b{re.escape(w.lower().rstrip('s'))}", everything)]
    assert len(used) > 0.9 * len(TRADE)
    assert [w for w in used if w.lower() not in known] == []


def test_the_glossary_is_in_order_and_every_entry_is_used():
    terms = list(glossary())
    assert [t.lower() for t in terms] == sorted(t.lower() for t in terms)
    pages = "\n".join(prose(path) for name, path in SOURCES.items() if name != "glossary")
    everything = re.sub(r"[\s*_-]+", " ", pages.lower())
    for term, meaning in glossary().items():
        assert len(meaning.split()) >= 4, term
        plain = re.sub(r"'s (?:law|test|correction|prior)$|(?:ing|y)$", "", term.lower())
        stem = re.escape(plain.replace("-", " "))
        assert re.search(rf"\b{stem}", everything), f"nobody uses {term}"


def test_the_notation_has_every_symbol_of_the_library():
    text = (BOOK / "notation.md").read_text()
    named = [
        name for name in symbols.__all__ if getattr(symbols, name).__class__.__name__ == "Symbol"
    ]
    assert len(named) >= 12
    for name in named:
        assert f"`{name}`" in text, name


def test_the_index_leads_to_chapters_for_every_word_and_work(site, bibliography):
    text = (site / "book" / "index_of_words.html").read_text()
    words, works = text.split('id="works-cited"')
    assert words.count("<dt>") >= 0.9 * len(glossary())
    assert works.count("<dt>") == len(bibliography)
    assert len(re.findall(r'href="\.\./notebooks/\d\d_', words)) > 2 * len(glossary())


def test_the_sheet_prints_on_one_page(site, browser, tmp_path):
    page, _ = visit(browser, f"file://{site}", "book/checklist.html", 1400, "light")
    page.pdf(path=tmp_path / "sheet.pdf", format="A4")
    page.close()
    (only,) = pypdf.PdfReader(tmp_path / "sheet.pdf").pages
    assert "Who uses the answers" in only.extract_text()
    assert "Every answer and every probability kept" in " ".join(only.extract_text().split())


def test_the_contents_name_each_page_once():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    files = [chapter["file"] for part in parts for chapter in part["chapters"]]
    assert len(files) == len(set(files))
    numbered = [
        f for part in parts if part.get("numbered") for f in (c["file"] for c in part["chapters"])
    ]
    assert numbered == sorted(f for f in files if f.startswith("notebooks/"))
