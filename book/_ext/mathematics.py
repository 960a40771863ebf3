"""Formulas typeset when the book is built, so that a page shows them at once and loads no script.

MathJax, from the package sphinx-mathjax-offline, runs in V8 (mini-racer) and returns SVG for the eyes
and MathML for screen readers. Glyphs are drawn once a page and used by every formula in it.
"""

from __future__ import annotations

import atexit
import functools
import html
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from py_mini_racer import JSEvalException, MiniRacer
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

__all__ = ["FormulaError", "Typesetter", "glyphs", "in_outputs", "setup", "typesetter"]

logger = logging.getLogger(__name__)

# Names within MathJax's es5 folder, in the order in which they build on one another.
_PARTS = (
    "core", "adaptors/liteDOM", "loader", "input/tex-full", "output/svg", "output/svg/fonts/tex",
    "a11y/assistive-mml",
)  # fmt: skip

_SETUP = r"""
const {mathjax} = MathJax._.mathjax, {TeX} = MathJax._.input.tex_ts, {SVG} = MathJax._.output.svg_ts;
const {TeXFont} = MathJax._.output.svg.fonts.tex_ts, {liteAdaptor} = MathJax._.adaptors.liteAdaptor;
const {HTMLHandler} = MathJax._.handlers.html.HTMLHandler;
const {AssistiveMmlHandler} = MathJax._.a11y['assistive-mml'];
const {STATE} = MathJax._.core.MathItem;
const {SerializedMmlVisitor} = MathJax._.core.MmlTree.SerializedMmlVisitor;
const adaptor = liteAdaptor();
mathjax.handlers.register(AssistiveMmlHandler(new HTMLHandler(adaptor)));
const input = new TeX({
  packages: ['base', 'ams', 'newcommand', 'boldsymbol'],
  formatError: (jax, error) => { throw Error(error.message); },
});
const output = new SVG({fontCache: 'global', font: new TeXFont()});
const page = mathjax.document('', {InputJax: input, OutputJax: output});
function convert(tex, display) {
  return adaptor.outerHTML(page.convert(tex, {display, em: 16, ex: 8, containerWidth: 1280}));
}
function mathml(tex) {
  const tree = page.convert(tex, {display: true, end: STATE.CONVERT});
  return new SerializedMmlVisitor().visitTree(tree).replace(/>\s+</g, '><');
}
function glyphs() {
  const cache = output.fontCache.getCache();
  const defs = adaptor.childNodes(cache).length ? adaptor.outerHTML(cache) : '';
  output.fontCache.clearCache();
  return defs;
}
function style() { return adaptor.textContent(output.styleSheet(page)); }
"""

# In a page whose code runs: MathML, which browsers draw by themselves, needs a fifth of the script that draws glyphs.
_IN_A_PAGE = _PARTS[:4]
_CONVERTING = r"""
const {mathjax} = MathJax._.mathjax, {TeX} = MathJax._.input.tex_ts;
const {liteAdaptor} = MathJax._.adaptors.liteAdaptor, {HTMLHandler} = MathJax._.handlers.html.HTMLHandler;
const {STATE} = MathJax._.core.MathItem, {SerializedMmlVisitor} = MathJax._.core.MmlTree.SerializedMmlVisitor;
mathjax.handlers.register(new HTMLHandler(liteAdaptor()));
const input = new TeX({
  packages: ['base', 'ams', 'newcommand', 'boldsymbol'],
  formatError: (jax, error) => { throw Error(error.message); },
});
const page = mathjax.document('', {InputJax: input});
window.mirageFormula = (tex, display) =>
  new SerializedMmlVisitor().visitTree(page.convert(tex, {display, end: STATE.CONVERT}));
"""

# What `mirage_utils.page.table` writes.
_OPEN, _CLOSE = '<span class="math notranslate nohighlight">\\(', "\\)</span>"


def _folder() -> Path:
    """Where MathJax is.

    Raises
    ------
    ModuleNotFoundError
        If sphinx-mathjax-offline is not installed.
    """
    found = find_spec("sphinx-mathjax-offline")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("sphinx-mathjax-offline")
    return Path(found.origin).parent / "static" / "mathjax"


def script() -> str:
    """A script that defines ``mirageFormula(tex, display)``, which gives MathML, and nothing else that lasts."""
    parts = [(_folder() / f"{part}.js").read_text(encoding="utf-8") for part in _IN_A_PAGE]
    before = "var global = globalThis; window.MathJax = {startup: {typeset: false}};"
    after = f"(() => {{ {_CONVERTING} }})();"
    return "\n".join([before, *parts, after])


class FormulaError(ValueError):
    """MathJax does not understand a formula."""


class Typesetter:
    """MathJax in a JavaScript engine of its own.

    Raises
    ------
    ModuleNotFoundError
        If sphinx-mathjax-offline is not installed.
    """

    def __init__(self) -> None:
        scripts = _folder()
        self._engine = MiniRacer()
        self._engine.eval("var global = globalThis, MathJax = {startup: {typeset: false}};")
        for part in _PARTS:
            self._engine.eval((scripts / f"{part}.js").read_text(encoding="utf-8"))
        self._engine.eval(_SETUP)

    def _call(self, function: str, tex: str, *arguments: bool) -> str:
        try:
            return self._engine.call(function, tex, *arguments)
        except JSEvalException as error:
            message = str(error).partition("Error: ")[2].partition("\n")[0]
            raise FormulaError(f"{tex}: {message or error}") from None

    def formula(self, tex: str, *, display: bool = False) -> str:
        """One formula as HTML.

        Raises
        ------
        FormulaError
            Naming the formula and what MathJax says of it.
        """
        return self._call("convert", tex, display)

    def mathml(self, tex: str) -> str:
        """A displayed formula as MathML alone, which needs no glyphs. Raises as `formula` does."""
        return self._call("mathml", tex)

    def glyphs(self) -> str:
        """What the formulas since the last call are drawn with; empty if there was none."""
        return self._engine.call("glyphs")

    def stylesheet(self) -> str:
        """The rules that formulas need."""
        return self._engine.call("style")


typesetter = functools.cache(Typesetter)
# An engine that is still there when Python ends keeps it from ending.
atexit.register(typesetter.cache_clear)


def glyphs() -> str:
    """The glyphs of the page that is being written, for its end."""
    defs = typesetter().glyphs()
    return defs and f'<svg style="display:none" aria-hidden="true">{defs}</svg>'


def _typeset(tex: str, where: nodes.Node, *, display: bool = False) -> str:
    """A formula as HTML; as its own text, after a warning, if it cannot be set."""
    try:
        return typesetter().formula(tex, display=display)
    except FormulaError as error:
        logger.warning("%s", error, location=where, type="mirage", subtype="math")
        return html.escape(tex)


def source(node: nodes.math_block) -> str:
    """The TeX of a displayed formula, of which Sphinx lets a blank line or ``\\\\`` begin a new line."""
    if node["nowrap"]:
        return node.astext()
    parts = [part.strip() for part in node.astext().split("\n\n") if part.strip()]
    lines = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    tex = r"\\".join(lines)
    return tex if len(lines) == 1 else rf"\begin{{aligned}}{tex}\end{{aligned}}"


def _visit_math(self: HTML5Translator, node: nodes.math) -> None:
    opening = self.starttag(node, "span", "", CLASS="math notranslate nohighlight")
    self.body.append(f"{opening}{_typeset(node.astext(), node)}</span>")
    raise nodes.SkipNode


def _visit_math_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", "", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(f"{_typeset(source(node), node, display=True)}</div>\n")
    raise nodes.SkipNode


def in_outputs(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Typeset the formulas in the tables that the code of a page shows."""
    if app.builder.format != "html":
        return
    for raw in doctree.findall(nodes.raw):
        before, *formulas = raw.astext().split(_OPEN)
        for formula in formulas:
            tex, _, after = formula.partition(_CLOSE)
            opening = _OPEN.removesuffix("\\(")
            before += f"{opening}{_typeset(html.unescape(tex), raw)}</span>{after}"
        if formulas:
            raw.children = [nodes.Text(before)]


def setup(app: Sphinx) -> None:
    """Have Sphinx write formulas with this renderer (``html_math_renderer: drawn``)."""
    app.add_html_math_renderer("drawn", (_visit_math, None), (_visit_math_block, None))
    app.connect("doctree-resolved", in_outputs)
