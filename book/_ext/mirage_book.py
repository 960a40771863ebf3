"""The book's own Sphinx extension: an honest execution cache, light pages, checked links.

Kept apart from the library, which knows nothing of Sphinx.
"""

from __future__ import annotations

import hashlib
import logging as standard_logging
import os
import shutil
import sys
from pathlib import Path

import api
import chapters
import claims
import directives
import downloads
import execution
import finish
import index
import layout
import live
import mathematics
import plates
import publish
import reading
import search
import site_address
import steps
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]


def digest() -> str:
    """Digest of everything besides a notebook that its outputs depend on."""
    # Coursework is for those who set and mark assignments; no chapter imports it.
    files = [*live.library_files("coursework"), ROOT / "requirements.txt"]
    sha = hashlib.sha256(f"{sys.version_info[:3]}".encode())
    for file in files:
        sha.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return sha.hexdigest()[:16]


def key_the_cache(app: Sphinx, config: Config) -> None:
    """Give the execution cache a folder named by `digest`, and drop the folders of older digests.

    The cache itself compares only the notebooks' own code, so that a change of the library or of
    its data would leave the old numbers on the page.
    """
    caches = Path(app.outdir).parent / ".jupyter_cache"
    current = caches / digest()
    for old in caches.glob("*"):
        if old != current and old.is_dir():
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(current)


def write_static(app: Sphinx) -> None:
    """Put what the library and its packages define beside the other static files: colours, Vega."""
    from mirage_utils.page import plots

    folder = Path(app.outdir).parent / "generated_static"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mirage-colours.css").write_text(plots.stylesheet(), encoding="utf-8")
    app.config.html_static_path.append(str(folder))
    write_vega(folder / "mirage-vega.js")
    # Only pages whose code a reader runs load it.
    (folder / "mirage-formulas.js").write_text(mathematics.script(), encoding="utf-8")
    app.add_css_file("mirage-colours.css")
    write_assignments(Path(app.srcdir) / "notebooks" / "assignments", folder / "assignments")


def write_assignments(sources: Path, folder: Path) -> None:
    """Put the students' version of each assignment where the page on teaching offers it."""
    shutil.rmtree(folder, ignore_errors=True)
    if not sources.is_dir():
        return
    from mirage_utils.coursework.assignments.source import assignments
    from mirage_utils.coursework.release import release

    for name in assignments(sources):
        for path in release(sources, name, folder):
            path.rename(folder / path.name)
            path.parent.rmdir()


def write_mark(app: Sphinx) -> None:
    """Put the book's mark on the social cards, which take no SVG."""
    import vl_convert

    mark = Path(app.outdir).parent / "generated_static" / "mark.png"
    mark.parent.mkdir(parents=True, exist_ok=True)
    svg = (ROOT / "book" / "_static" / "favicon.svg").read_text(encoding="utf-8")
    mark.write_bytes(vl_convert.svg_to_png(svg, scale=8))
    app.config.ogp_social_cards |= {"image_mini": os.path.relpath(mark, app.srcdir)}


def write_vega(path: Path) -> None:
    """Put Vega, Vega-Lite and vega-embed as one script there, which defines `vegaEmbed` and nothing else."""
    import vl_convert

    # Bundling takes seconds: what an earlier build made of the same version stays.
    made_by = f"// vl-convert {vl_convert.__version__}\n"
    if path.exists():
        with path.open(encoding="utf-8") as file:
            if file.readline() == made_by:
                return
    # The bundle is a module; in a function its names stay its own, and file:// pages may load it.
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    path.write_text(f"{made_by}(() => {{{bundle}}})();", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool | int]:
    # The font of the social cards has no bold, which Matplotlib would tell with every card.
    standard_logging.getLogger("matplotlib.font_manager").setLevel("ERROR")
    if site_address.addresses()[0]:  # without an address it would warn that it writes nothing
        app.setup_extension("sphinx_sitemap")
    # Before myst-nb, which reads the path of the cache at builder-inited.
    app.connect("config-inited", key_the_cache, priority=100)
    # Before anything else is done for a build: it ends here if there is nothing to do.
    publisher = publish.Publisher()
    app.connect("builder-inited", publisher.begin, priority=50)
    app.connect("builder-inited", write_mark, priority=100)
    app.connect("builder-inited", write_static, priority=100)
    app.add_role("claim", chapters.ClaimRole())
    directives.setup(app)
    steps.setup(app)
    plates.setup(app)
    app.connect("config-inited", site_address.configure, priority=90)
    app.connect("env-updated", site_address.leave_out_what_leads_nowhere)
    app.connect("env-before-read-docs", execution.execute)
    api.setup(app)
    app.connect("doctree-resolved", layout.plain_tables)
    app.connect("doctree-resolved", chapters.typeset_numbers)
    beside = live.Beside()
    app.add_role_to_domain("glue", "text", live.PastedText(), override=True)
    app.connect("doctree-resolved", beside.gather)
    app.connect("doctree-resolved", reading.link_terms)
    app.connect("doctree-resolved", index.fill)
    search.setup(app)
    app.connect("doctree-resolved", reading.introduce)
    mathematics.setup(app)
    app.connect("html-page-context", reading.add_cards, priority=900)
    app.connect("html-page-context", layout.lay_out, priority=900)
    app.connect("build-finished", downloads.write)
    app.connect("build-finished", claims.write)
    app.connect("build-finished", beside.write)
    app.connect("build-finished", finish.finisher(beside.check), priority=800)
    app.connect("build-finished", publisher.end, priority=1000)
    # Pages written at the same time would mix their glyphs. The version: what is noted of each page that was read.
    return {"parallel_read_safe": False, "parallel_write_safe": False, "env_version": 2}
