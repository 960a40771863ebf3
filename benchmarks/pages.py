"""What a first visit to each built page costs: bytes, time to the largest element, layout shift.

Run on the built book (`make html`), served from this machine with gzip, in a browser slowed down
four times and with an empty cache. Bytes are exact. Times depend on the machine, so they stand
beside that of the same page without its styles and scripts, in the same run.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests", "book", "book/_ext")]

from browser import Quiet, launched, served  # noqa: E402 (the folders of the book are no packages)
from pages import PAGES  # noqa: E402

SLOWDOWN = 4
# What servers of static sites compress; pictures and fonts are compressed already.
_PACKED = (".html", ".js", ".css", ".svg", ".json", ".xml", ".txt")

_WATCH = """
window.__seen = {lcp: 0, cls: 0, what: ''};
new PerformanceObserver(list => { for (const e of list.getEntries()) {
  __seen.lcp = e.startTime; __seen.what = e.element ? e.element.tagName + '.' + e.element.className : '';
} }).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries())
  if (!e.hadRecentInput) __seen.cls += e.value; }).observe({type: 'layout-shift', buffered: true});
"""


@functools.cache
def _gzipped(path: Path, written: int) -> bytes:
    return gzip.compress(path.read_bytes(), 6)


@contextlib.contextmanager
def served_packed(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A folder served with gzip; yields the address and a tally of bytes sent by path."""
    sent: dict[str, int] = {}

    class Packing(Quiet):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                self.send_error(404)
                return
            pack = path.suffix in _PACKED
            content = _gzipped(path, path.stat().st_mtime_ns) if pack else path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Length", str(len(content)))
            if pack:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            # First, or whoever has read it could look at the tally before it stands there.
            sent[self.path] = len(content)
            self.wfile.write(content)

    with served(folder, Packing) as address:
        yield address, sent


def visit(browser: Browser, address: str, sent: dict[str, int]) -> dict:
    """One first visit."""
    sent.clear()
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    page.add_init_script(_WATCH)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)
    seen = page.evaluate("__seen")
    context.close()
    return {**seen, "bytes": sum(sent.values())}


def visits(browser: Browser, address: str, sent: dict[str, int], times: int = 3) -> list[dict]:
    """Several first visits, after one that lets the server pack its files."""
    return [visit(browser, address, sent) for _ in range(times + 1)][1:]


def bare(folder: Path, name: str) -> str:
    """The page as text alone, beside the original; returns its name."""
    text = (folder / f"{name}.html").read_text(encoding="utf-8")
    text = re.sub(r"<(script|style)\b.*?</\1>|<link[^>]*>", "", text, flags=re.S)
    (folder / f"{name}.bare.html").write_text(text, encoding="utf-8")
    return f"{name}.bare"


def repaint(browser: Browser, address: str) -> list[float]:
    """Milliseconds from the move of a slider to the next painted frame, for each of its steps."""
    page = browser.new_page()
    page.goto(address)
    figure = page.locator("figure.mb-explorer").first
    figure.evaluate("f => f.scrollIntoView()")
    page.wait_for_function("document.querySelector('figure.mb-explorer').dataset.live")
    found = page.evaluate("""async () => {
      const figure = document.querySelector('figure.mb-explorer');
      const explorer = mirage.explorers.get(figure.id);
      const control = explorer.about.controls.find(c => c.kind !== 'choice');
      const field = explorer.field(control), times = [];
      for (let i = 0; i < 40; i++) {
        field.value = Number(field.min) + (Number(field.max) - Number(field.min)) * ((i * 7) % 40) / 40;
        await new Promise(requestAnimationFrame);
        const start = performance.now();
        explorer.read();
        await explorer.update();
        figure.getBoundingClientRect();  // lays the page out anew
        times.push(performance.now() - start);
      }
      return times;
    }""")
    page.close()
    return found


def main() -> None:
    """Print one row a page as CSV: bytes, milliseconds, ratio to the bare page, layout shift, repaint."""
    site = ROOT / "_build" / "html"
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        copy = Path(folder) / "html"
        shutil.copytree(site, copy)
        with served_packed(copy) as (address, sent):
            print(
                "page,kilobytes,paint_ms_median,paint_ms_max,bare_ms_median,shift,repaint_ms_median,repaint_ms_max"
            )
            for name in PAGES:
                full = visits(browser, f"{address}/{name}.html", sent)
                plain = visits(browser, f"{address}/{bare(copy, name)}.html", sent)
                row = [
                    name, f"{full[0]['bytes'] / 1000:.0f}",
                    f"{statistics.median(v['lcp'] for v in full):.0f}", f"{max(v['lcp'] for v in full):.0f}",
                    f"{statistics.median(v['lcp'] for v in plain):.0f}", f"{max(v['cls'] for v in full):.3f}",
                ]  # fmt: skip
                if "mb-explorer" in (copy / f"{name}.html").read_text(encoding="utf-8"):
                    times = sorted(repaint(browser, f"{address}/{name}.html"))
                    row += [f"{times[len(times) // 2]:.1f}", f"{times[-1]:.1f}"]
                print(",".join(row), flush=True)


if __name__ == "__main__":
    main()
