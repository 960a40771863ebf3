"""What readers online are owed: light pages, predictions before figures, cards, ways in."""

from __future__ import annotations

import itertools
import json
import re
import stat
from types import SimpleNamespace

import lxml.html
import mathematics
import pytest
import reading
import site_address
import styles
from conftest import CHAPTERS, ROOT
from docutils import nodes
from docutils.utils import new_document
from pages import PAGES, one_ahead, settle, visit, visits, watch
from sphinx.errors import ConfigError

from benchmarks.pages import served_packed
from mirage_utils.errors import FieldError
from mirage_utils.page import quiz

BUDGET, WITH_EXPLORER = 600_000, 1_100_000  # bytes, gzipped, on a first visit


def test_every_page_is_light(site, browser):
    with (
        served_packed(site) as one,
        served_packed(site) as other,
    ):  # in turn: each tally is of one page
        for name, page, sent in one_ahead(_first_visits(browser, itertools.cycle([one, other]))):
            settle(page)
            explorers = page.locator("figure.mb-explorer")
            assert sum(sent.values()) < BUDGET, (name, sent)
            for i in range(explorers.count()):
                explorers.nth(i).evaluate("figure => figure.scrollIntoView()")
                page.wait_for_function(
                    "i => document.querySelectorAll('figure.mb-explorer')[i].dataset.live", arg=i
                )
            assert sum(sent.values()) < WITH_EXPLORER, (name, sent)
            scripts = [path for path in sent if "mirage-" in path and path.endswith(".js")]
            assert bool(explorers.count()) == any("mirage-vega" in path for path in scripts), name
            page.context.close()


def _first_visits(browser, served):
    for name, (address, sent) in zip(PAGES, served, strict=False):
        sent.clear()
        page = watch(browser.new_context().new_page())  # whose cache is empty
        page.goto(f"{address}/{name}.html", wait_until="commit")
        yield name, page, sent


def test_formulas_need_no_script_and_have_words(site, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{site}/notebooks/03_many_tokens.html")
    count = page.locator("mjx-container > svg").count()
    assert count > 30
    assert page.locator("mjx-container mjx-assistive-mml math").count() == count
    box = page.locator("div.math mjx-container > svg").first.bounding_box()
    assert box["width"] > 20
    assert box["height"] > 8
    context.close()


def test_every_chapter_asks_before_its_main_figure(chapter_run):
    for chapter in CHAPTERS:
        pages = "".join(chapter_run(chapter.stem).html())
        forms = re.findall(r'<form class="mb-predict[^"]*" id="(guess-[a-z-]+)"', pages)
        assert forms, chapter.stem
        assert len(forms) == len(set(forms))
        for figure in re.findall(r"#(fig-[a-z0-9-]+):not\(:target\)", pages):
            assert f'id="{figure}"' in pages, (chapter.stem, figure)


def test_a_choice_uncovers_the_figure(site, browser):
    page, trouble = visit(browser, f"file://{site}", "notebooks/02_one_token.html", 1400, "light")
    picture = page.locator("#fig-alpha-sweep .mb-panels")
    assert not picture.is_visible()
    assert page.locator("#guess-exponent .mb-answer:visible").count() == 0
    page.locator("#guess-exponent input").first.focus()
    page.keyboard.press("ArrowDown")  # by keyboard alone
    page.keyboard.press("Space")
    assert picture.is_visible()
    assert page.locator("#guess-exponent .mb-answer:visible").count() == 1
    assert "fewer decades" in page.locator("#guess-exponent .mb-answer:visible").inner_text()
    page.locator("#guess-exponent input").last.check()  # without a guess
    assert picture.is_visible()
    page.close()
    page, _ = visit(
        browser, f"file://{site}", "notebooks/02_one_token.html#fig-alpha-sweep", 1400, "light"
    )
    assert page.locator("#fig-alpha-sweep .mb-panels").is_visible()  # led there by a link
    page.emulate_media(media="print")
    page.goto(f"file://{site}/notebooks/02_one_token.html")
    assert page.locator("#fig-alpha-sweep .mb-panels").is_visible()  # on paper
    assert trouble == []
    page.close()


def test_a_curve_can_be_drawn_by_pointer_and_by_slider(site, browser):
    page, trouble = visit(browser, f"file://{site}", "notebooks/03_many_tokens.html", 1000, "light")
    form = page.locator("#guess-few")
    form.scroll_into_view_if_needed()
    pad = form.locator(".mb-pad svg")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.97, box["y"] + box["height"] * 0.1, steps=12)
    page.mouse.up()
    values = [int(v) for v in form.locator("output").all_text_contents() for v in [v.rstrip("%")]]
    assert values == sorted(values)
    assert values[-1] > values[0] + 40
    form.get_by_text("Draw with sliders instead").click()
    form.locator("input[type=range]").first.focus()
    page.keyboard.press("Home")
    assert form.locator("output").first.inner_text() == "0%"
    figure = page.locator("#fig-few-sizes .mb-panels")
    assert not figure.is_visible()  # it would give the curve away
    form.locator(".mb-reveal").click()
    assert figure.is_visible()
    about = json.loads(form.locator("script").text_content())
    drawn = [float(v.rstrip("%")) for v in form.locator("output").all_text_contents()]
    gap = sum(abs(d - t) for d, t in zip(drawn, about["truth"], strict=True)) / len(drawn)
    assert f"differ by {gap:.0f} points" in form.locator(".mb-verdict").inner_text()
    assert form.locator("path.mb-truth").get_attribute("d")
    assert trouble == []
    page.close()


def test_questions_are_checked():
    with pytest.raises(FieldError, match="name = 'longer'"):
        quiz.choose("longer", "What will come out here?", {"a": "", "b": ""}, figure="fig-x")
    with pytest.raises(FieldError, match="at least two"):
        quiz.choose("guess-x", "What will come out here?", {"a": ""}, figure="fig-x")
    with pytest.raises(FieldError, match="figure = 'x'"):
        quiz.choose("guess-x", "What will come out here?", {"a": "", "b": ""}, figure="x")
    with pytest.raises(FieldError, match="one share a label"):
        quiz.sketch("guess-x", "What will come out here?", labels=["1"], truth=[0, 1], x="x", y="y")
    with pytest.raises(FieldError, match=r"truth\[1\] = 1.5"):
        quiz.sketch(
            "guess-x", "What will come out here?", labels="ab", truth=[0, 1.5], x="x", y="y"
        )


def test_terms_and_references_open_cards(site, browser):
    page, trouble = visit(browser, f"file://{site}", "notebooks/03_many_tokens.html", 1400, "dark")
    term = page.locator("a.mb-term").first
    term.focus()
    card = page.locator(".mb-card")
    assert card.is_visible()
    assert len(card.inner_text().split()) > 5
    assert term.get_attribute("aria-describedby") == "mb-card"
    page.keyboard.press("Escape")
    assert not card.is_visible()
    page.locator("article a.reference.internal[href*='references.html#']").first.hover()
    page.wait_for_function("!document.querySelector('.mb-card').hidden")
    assert re.search(r"\b(19|20)\d\d\b", card.inner_text())
    assert trouble == []
    page.close()


def test_equations_show_on_cards_in_their_own_page_and_in_others(site, browser):
    for name, inside in (("08_the_emergence_score", "svg"), ("05_assumptions", "math")):
        page, trouble = visit(browser, f"file://{site}", f"notebooks/{name}.html", 1400, "light")
        link = page.locator("article a.reference.internal[href*='#equation-']").first
        assert re.fullmatch(r"equation \d\.\d", link.inner_text())
        link.scroll_into_view_if_needed()
        link.hover()
        card = page.locator(".mb-card")
        page.wait_for_function("!document.querySelector('.mb-card').hidden")
        box = card.locator(inside).first.bounding_box()
        assert box["width"] > 40
        assert box["height"] > 10
        assert trouble == []
        page.close()


def test_a_term_is_linked_once_a_chapter_and_leads_to_its_entry(site):
    glossary = (site / "book/glossary.html").read_text()
    for chapter in CHAPTERS:
        text = (site / f"notebooks/{chapter.stem}.html").read_text()
        links = re.findall(r'class="[^"]*mb-term[^"]*" href="[^"#]*#([^"]+)"', text)
        assert links, chapter.stem
        assert len(links) == len(set(links))
        for anchor in links:
            assert f'id="{anchor}"' in glossary


def test_each_chapter_says_what_awaits_the_reader_and_how_to_cite_it(site):
    for chapter in CHAPTERS:
        text = (site / f"notebooks/{chapter.stem}.html").read_text()
        assert re.search(r'<p class="mb-meta">\d+ minutes · \d+ claims', text)
        source = re.search(r'href="(\.\./_sources/[^"]+\.ipynb)" download', text)[1]
        assert (site / "notebooks" / source).resolve().is_file()
        claims = re.findall(r'<li><a href="#(claim-[\d-]+)">', text)
        assert claims
        assert all(text.count(f' id="{anchor}"') == 1 for anchor in claims)
        assert "@incollection{mirage-book-" in text


@pytest.mark.parametrize("width", [390, 1400])
def test_icons_are_drawn_and_no_font_is_loaded(site, browser, width):
    page = watch(browser.new_page(viewport={"width": width, "height": 900}))
    loaded = []
    page.on("request", lambda r: loaded.append(r.url))
    page.goto(f"file://{site}/notebooks/02_one_token.html")
    settle(page)
    assert not [url for url in loaded if "webfont" in url or "fontawesome" in url]
    shown = page.locator("[class*=' fa-']:visible").all()
    boxes = [icon.bounding_box() for icon in shown]
    assert len(boxes) > 5
    assert min(min(box["width"], box["height"]) for box in boxes) > 12
    assert all(
        icon.evaluate("i => getComputedStyle(i, '::before').maskImage").startswith('url("data:')
        for icon in shown
    )
    page.close()


def test_every_icon_of_every_page_is_drawn(site):
    sheet = (ROOT / "book" / "_static" / "icons.css").read_text()
    drawn = set(re.findall(r"^\.(fa-[a-z0-9-]+) \{", sheet, re.M))
    # The buttons of a book that knows its repository.
    assert {"fa-github", "fa-lightbulb"} <= drawn
    for page in site.rglob("*.html"):
        for classes in re.findall(
            r'<(?:i|span)\b[^>]*\bclass="([^"]*\bfa-[^"]*)"', page.read_text()
        ):
            assert drawn & set(classes.split()), (page, classes)


_LETTERS = """() => [...document.querySelectorAll("*")].flatMap(e => ["::before", "::after"].map(part =>
  [e.outerHTML.slice(0, 100), getComputedStyle(e, part)])).filter(([, style]) =>
    style.fontFamily.includes("Awesome") && !["none", "normal", '""'].includes(style.content)).map(([tag]) => tag)"""


def test_no_sign_asks_for_the_font_of_the_icons(site, browser):
    """Without it, a browser would show an empty box."""
    for name, page, _ in visits(browser, f"file://{site}", [*PAGES, "search"], 1400, "light"):
        assert page.evaluate(_LETTERS) == [], name


def test_nothing_stands_between_a_page_and_its_first_paint(site):
    for name in [*PAGES, "search", "404"]:
        text = (site / f"{name}.html").read_text()
        assert len(re.findall(r'<link[^>]+rel="stylesheet"', text)) == 1, name
        sheet = re.search(r'href="[^"]*_static/(mirage-[0-9a-f]{8}\.css)"', text)[1]
        assert (site / "_static" / sheet).stat().st_size < 250_000
        for given in re.findall(r"<script([^>]*\bsrc=[^>]*)>", text):
            assert "defer" in given, (name, given)
        # A script behind the sheet would wait for it, and the text for both.
        small = [m.start() for m in re.finditer(r"<script>", text.partition("</head>")[0])]
        assert len(small) == 1, name
        assert small[0] < text.index(sheet), name
        # A sheet within a figure would hold for the whole page and make the browser style it anew.
        assert "<style" not in text.partition("<article")[2].replace(_COVER, ""), name


_COVER = "<style>@media screen { body:has("


def test_the_sheet_speaks_of_no_file_that_is_not_there(site):
    for sheet in (site / "_static").glob("*.css"):
        for address in re.findall(r'url\("?([^)"]+)"?\)', sheet.read_text()):
            if not address.startswith(("data:", "#")):
                assert (site / "_static" / address).is_file(), address


def test_rules_go_only_if_no_page_can_use_them():
    names = styles.Names(
        [
            lxml.html.fromstring('<body class="open wide"><p id="here">'),
            lxml.html.fromstring("<a>"),
        ],
        ["x.classList.add('late'); y.className = 'tip-' + side; const z = 'bs-tooltip'"],
    )
    css = """
    /* a comment { } */ @charset "utf-8";
    body.open { color: red } .gone { color: red } .gone, .wide > .late { color: blue }
    .bs-tooltip-top:not(.gone)::before { content: ".gone { }" } #here, #nowhere { top: 0 }
    .wide .gone { left: 0 } [data-x=".gone"] { left: 1px } p:where(.gone, .open) { left: 2px } .empty { }
    @media (min-width: 9px) { .gone { a: b } .open { left: 3px } } @media print { .gone { a: b } }
    @font-face { font-family: "f"; src: url(data:x) } @keyframes k { from { top: 0 } to { top: 1px } }
    @supports (a: b) { @media screen { .late { left: 4px } } }
    """
    kept = styles.only_used(css, names)
    assert re.sub(r"\s+", "", kept) == re.sub(r"\s+", "", """
    body.open{color: red} .wide > .late{color: blue} .bs-tooltip-top:not(.gone)::before{content: ".gone { }"}
    #here{top: 0} [data-x=".gone"]{left: 1px} p:where(.gone, .open){left: 2px}
    @media (min-width: 9px) {.open{left: 3px}}
    @font-face { font-family: "f"; src: url(data:x) } @keyframes k { from { top: 0 } to { top: 1px } }
    @supports (a: b) {@media screen {.late{left: 4px}}}
    """)  # fmt: skip


def test_a_formula_that_cannot_be_set_is_named():
    typesetter = mathematics.Typesetter()
    with pytest.raises(mathematics.FormulaError, match=r"\\frac\{a"):
        typesetter.formula(r"\frac{a")
    with pytest.raises(mathematics.FormulaError, match="Undefined control sequence"):
        typesetter.formula(r"\nonsense")
    typesetter.glyphs()
    formula = typesetter.formula("a < b")
    assert formula.count("<mjx-container") == 1
    assert "<mo>&lt;</mo>" in formula
    assert "<defs>" in typesetter.glyphs()
    assert typesetter.glyphs() == "", "each page has the glyphs of its own formulas"


def _page(*parts):
    page = new_document("page")
    page.extend(parts)
    return page


def test_reading_time_leaves_code_and_pictures_out():
    words = "word " * 440
    code = nodes.literal_block(words, words)
    pictures = (
        nodes.raw("", f"<{tag}>{words}</{tag}>", format="html") for tag in ("svg", "script", "pre")
    )
    assert reading.minutes(_page(nodes.paragraph("", words))) == 2
    assert reading.minutes(_page(nodes.paragraph("", words), code, *pictures)) == 2
    caption = nodes.raw("", f"<figcaption>{words}</figcaption>", format="html")
    assert reading.minutes(_page(caption)) == 2
    assert reading.minutes(_page()) == 1


def test_words_stand_apart_where_they_do_on_the_page():
    said = nodes.paragraph("", "An ", nodes.emphasis("", "old"), nodes.Text(" law"))
    said += [nodes.comment("hidden", "hidden"), nodes.Text(".")]
    assert reading.running_text(_page(said, nodes.paragraph("", "More."))).split() == [
        "An",
        "old",
        "law.",
        "More.",
    ]


def test_where_the_book_stands_is_told_and_never_guessed():
    assert site_address.addresses({}) == ("", "")
    given = {"GITHUB_REPOSITORY": "Owner/book"}
    assert site_address.addresses(given) == (
        "https://owner.github.io/book/", "https://github.com/Owner/book",
    )  # fmt: skip
    assert (
        site_address.addresses({"GITHUB_REPOSITORY": "me/me.github.io"})[0]
        == "https://me.github.io/"
    )
    own = {
        **given,
        "MIRAGE_SITE": "https://book.example",
        "MIRAGE_REPOSITORY": "https://git.example/x",
    }
    assert site_address.addresses(own) == ("https://book.example/", "https://git.example/x")
    with pytest.raises(ConfigError, match=r"MIRAGE_SITE = 'book\.example'"):
        site_address.addresses({"MIRAGE_SITE": "book.example"})
    links = site_address.launch_links("https://github.com/Owner/book", "notebooks/02_one_token")
    assert links["Open in Colab"].endswith("/Owner/book/blob/colab/02_one_token.ipynb")
    assert "Owner/book/main?urlpath=lab/tree/lab/02_one_token.ipynb" in links["Open in Binder"]
    assert site_address.launch_links("", "notebooks/02_one_token") == {}


def test_addresses_reach_the_extensions(monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/book")
    config = SimpleNamespace(html_theme_options={}, html_context={}, html_additional_pages={})
    site_address.configure(None, config)
    assert config.html_baseurl == config.ogp_site_url == "https://owner.github.io/book/"
    assert config.notfound_urls_prefix == "/book/"
    assert config.html_theme_options["repository_url"] == "https://github.com/owner/book"


def test_binder_installs_the_lock_and_the_library():
    folder = ROOT / ".binder"
    target = (folder / "requirements.txt").read_text().split()
    assert target == ["-r", "../requirements.txt"]
    assert (folder / target[1]).resolve() == ROOT / "requirements.txt"
    assert (folder / "postBuild").stat().st_mode & stat.S_IXUSR
    assert "pip install" in (folder / "postBuild").read_text()
    assert (folder / "runtime.txt").read_text().strip() == "python-3.11"


def test_the_pdf_holds_every_page_and_no_path_of_this_machine(site, browser, tmp_path):
    import io

    import pdf
    from pypdf import PdfReader

    assert set(pdf.contents()) == set(PAGES)
    page = browser.new_page(color_scheme="light")
    sheets = PdfReader(io.BytesIO(pdf.printed(page, "notebooks/02_one_token"))).pages
    page.close()
    text = "".join(sheet.extract_text() for sheet in sheets)
    assert "One token" in text
    assert "Claim 2.1" in text
    links = [
        str(note.get_object().get("/A", {}).get("/URI", ""))
        for sheet in sheets
        for note in sheet.get("/Annots", [])
    ]
    assert not [link for link in links if link.startswith("file:")]


def test_a_page_that_is_not_there_says_so(site, browser):
    from browser import served

    with served(site) as address:
        page, trouble = visit(browser, address, "404.html", 390, "light")
        assert "This page is not here" in page.locator("h1:visible").inner_text()
        assert page.locator("article a[href='/book/intro.html']").count() == 1
        assert trouble == []
        page.close()
