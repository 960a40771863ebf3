"""Formulas typeset when the book is built, so that a page shows them at once and loads no script.

MathJax, from the package sphinx-mathjax-offline, runs in V8 (mini-racer) and returns SVG for the eyes
and MathML for screen readers. Glyphs are drawn once a page and used by every formula in it.
"""

from __future__ import annotations

import html
import re
from importlib.util import find_spec
from pathlib import Path

from py_mini_racer import JSEvalException, MiniRacer

__all__ = ["FormulaError", "Typesetter"]

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
function glyphs() {
  const defs = adaptor.outerHTML(output.fontCache.getCache());
  output.fontCache.clearCache();
  return defs;
}
function style() { return adaptor.textContent(output.styleSheet(page)); }
"""

# What Sphinx's MathJax writer and `mirage_utils.page.table` put into a page.
_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="(?:[^"]* )?math(?: [^"]*)?"[^>]*>(?P<inside>.*?)</(?P=tag)>', re.S
)
_INLINE = re.compile(r"\\\((.*?)\\\)", re.S)
_NUMBER = re.compile(r'\s*(<span class="eqno">.*?</a></span>)?(.*)', re.S)


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
        found = find_spec("sphinx-mathjax-offline")
        if found is None or found.origin is None:
            raise ModuleNotFoundError("sphinx-mathjax-offline")
        scripts = Path(found.origin).parent / "static" / "mathjax"
        self._engine = MiniRacer()
        self._engine.eval("var global = globalThis, MathJax = {startup: {typeset: false}};")
        for part in _PARTS:
            self._engine.eval((scripts / f"{part}.js").read_text(encoding="utf-8"))
        self._engine.eval(_SETUP)

    def formula(self, tex: str, *, display: bool = False) -> str:
        """One formula as HTML.

        Raises
        ------
        FormulaError
            Naming the formula and what MathJax says of it.
        """
        try:
            return self._engine.call("convert", tex, display)
        except JSEvalException as error:
            message = re.search(r"Error: (.*)", str(error))
            raise FormulaError(f"{tex}: {message[1] if message else error}") from None

    def page(self, text: str) -> str:
        """A page of HTML with every formula in it typeset, and the glyphs they use at its end."""

        def typeset(match: re.Match[str]) -> str:
            inside, tag = match["inside"], match["tag"]
            if tag == "span":
                new = _INLINE.sub(lambda m: self.formula(html.unescape(m[1])), inside)
            else:
                number, tex = _NUMBER.fullmatch(inside).groups()
                tex = html.unescape(tex).strip().removeprefix(r"\[").removesuffix(r"\]").strip()
                new = (number or "") + self.formula(tex, display=True)
            return match[0].replace(inside, new)

        text, count = _FORMULA.subn(typeset, text)
        if count:
            defs = self._engine.call("glyphs")
            cache = f'<svg style="display:none" aria-hidden="true">{defs}</svg>'
            text = text.replace("</body>", f"{cache}</body>")
        return text

    def stylesheet(self) -> str:
        """The rules that the formulas need, without those of MathJax's menus and tooltips."""
        rules = re.findall(r"[^{}]+\{[^{}]*\}", self._engine.call("style"))
        kept = [r.strip() for r in rules if re.match(r"\s*mjx-(container|assistive)", r)]
        return "\n".join(kept) + "\n"
