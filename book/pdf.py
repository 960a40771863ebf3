"""The whole book as one PDF: ``python book/pdf.py [OUT.pdf]``, after `make html`."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import yaml
from chromium import NoBrowserError, launched
from playwright.sync_api import Page
from pypdf import PdfReader, PdfWriter
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"

# Links within the page stay; those to other pages would lead into this machine's folders.
_LINKS = """() => {
  for (const link of document.querySelectorAll('a[href]'))
    if (link.protocol === 'file:' && link.pathname !== location.pathname) link.removeAttribute('href');
  for (const folded of document.querySelectorAll('details.mb-numbers, details.mb-summary')) folded.open = true;
}"""
_FOOTER = (
    '<div style="font-size:8px;width:100%;text-align:center;color:#5a6272">'
    '<span class="title"></span>, page <span class="pageNumber"></span></div>'
)


def contents(toc: Path = ROOT / "_toc.yml") -> list[str]:
    """Names of the pages in their order."""
    found = yaml.safe_load(toc.read_text(encoding="utf-8"))
    parts = [chapter["file"] for part in found["parts"] for chapter in part["chapters"]]
    return [found["root"], *parts]


def printed(page: Page, name: str) -> bytes:
    """One page of the site on paper."""
    page.goto((HTML / f"{name}.html").as_uri())
    page.evaluate(_LINKS)
    return page.pdf(
        format="A4", margin={"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
        display_header_footer=True, header_template="<span></span>", footer_template=_FOOTER,
        print_background=True,
    )  # fmt: skip


def write(out: Path) -> int:
    """Print every page into one file with an outline; returns the number of sheets."""
    if not (HTML / "index.html").exists():
        raise SystemExit(f"{HTML}: no built book; run `make html` first")
    book = PdfWriter()
    with launched() as browser:
        page = browser.new_page(color_scheme="light")
        for name in tqdm(contents(), unit="page", disable=None):
            part = PdfReader(io.BytesIO(printed(page, name)))
            book.append(part, outline_item=page.title().split(" — ")[0], import_outline=False)
    book.add_metadata({"/Title": "The Mirage Book", "/Author": "The Mirage Book authors"})
    out.parent.mkdir(parents=True, exist_ok=True)
    half = out.with_suffix(".part")  # whole or not at all
    book.write(half)
    os.replace(half, out)
    return len(book.pages)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_build" / "the-mirage-book.pdf"
    try:
        sheets = write(target)
    except NoBrowserError as error:
        raise SystemExit(str(error)) from None
    print(f"{target}: {sheets} sheets, {target.stat().st_size / 1e6:.1f} MB")
