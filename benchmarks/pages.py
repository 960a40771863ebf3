"""What a first visit to each built page costs: bytes, time to the largest element, layout shift.

Run on the built book (`make html`), served from this machine with gzip, in a browser slowed down
four times and with an empty cache. Bytes are exact. Times depend on the machine, so they stand
beside the same measure of a bare page with the same text, without style or script.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

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


@contextlib.contextmanager
def served_packed(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A folder served with gzip; yields the address and a tally of bytes sent by path."""
    sent: dict[str, int] = {}

    @functools.cache
    def packed(path: str) -> bytes:
        return gzip.compress(Path(path).read_bytes(), 6)

    class Handler(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = Path(self.translate_path(self.path))
            if not path.is_file():
                self.send_error(404)
                return
            pack = path.suffix in _PACKED
            content = packed(str(path)) if pack else path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Type", self.guess_type(str(path)))
            self.send_header("Content-Length", str(len(content)))
            if pack:
                self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(content)
            sent[self.path] = len(content)

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", sent
        server.shutdown()
        thread.join()


def visit(browser: Browser, address: str, sent: dict[str, int], width: int = 1400) -> dict:
    """One first visit."""
    sent.clear()
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.add_init_script(_WATCH)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    seen = page.evaluate("__seen")
    context.close()
    return {**seen, "bytes": sum(sent.values()), "files": dict(sent)}


if __name__ == "__main__":
    from browser import launched

    with launched() as browser, served_packed(ROOT / "_build" / "html") as (address, sent):
        for name in sys.argv[1:]:
            found = visit(browser, f"{address}/{name}.html", sent)
            print(name, {k: v for k, v in found.items() if k != "files"})
            for path, size in sorted(found["files"].items(), key=lambda x: -x[1])[:14]:
                print("  ", size, path)
