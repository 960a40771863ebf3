"""The pages on the library: every public name of a module, and the ways that lead to it from everywhere else.

A page says ``{api} mirage_utils.curves``; the names are those of the module's ``__all__``, their words those of its
docstrings. Whatever stands in code font anywhere in the book and is such a name becomes a link to it.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import json
import re
import types
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chapters import chapter_number
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective

LIBRARY = "mirage_utils"
# What serves the page and not the subject: every chapter uses it, so its last line need not name it.
_FRAME = f"{LIBRARY}.page"


def offered(module: types.ModuleType) -> dict[str, Any]:
    """What a module offers under its own name, in the order of its ``__all__``; no modules."""
    found = {name: getattr(module, name) for name in module.__all__}
    return {name: what for name, what in found.items() if not inspect.ismodule(what)}


def kind(what: Any) -> str:
    """Under which of Sphinx's kinds an object is described."""
    if inspect.isclass(what):
        return "exception" if issubclass(what, BaseException) else "class"
    return "function" if inspect.isroutine(what) else "data"


# -- values, of which Python keeps no docstring -----------------------------------------------------


def _sources(module: types.ModuleType) -> Iterator[str]:
    """A module, and those from which it takes names."""
    yield module.__name__
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            name = f"{'.' * node.level}{node.module}"
            yield importlib.import_module(name, _package(module)).__name__


def _package(module: types.ModuleType) -> str:
    return module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]


def words_of_value(module: types.ModuleType, name: str, value: Any) -> list[str]:
    """What is said of a value: of a metric by itself, of any other by the string below its assignment."""
    from mirage_utils.metrics import Metric

    if isinstance(value, Metric):
        return _words_of_metric(value)
    for source in _sources(module):
        said = ModuleAnalyzer.for_module(source).find_attr_docs().get(("", name))
        if said:
            return list(said)
    return []


def _words_of_metric(metric: Any) -> list[str]:
    low, high = (f":math:`{_latex(end)}`" for end in (metric.low, metric.high))
    best = "low" if metric.direction == "lower" else "high"
    facts = [f"{metric.continuity}", f"from {low} to {high}", f"a {best} score is good"]
    if metric.proper:
        facts.append("strictly proper")
    return [
        f"{_sentence(metric.title)}: :math:`{metric.latex}`.",
        "",
        f"{_sentence('; '.join(facts))}. Expected under: {metric.assumptions.rstrip('.')}. Source: {metric.source.rstrip('.')}.",
    ]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _latex(expression: Any) -> str:
    import sympy

    return sympy.latex(expression)


# -- the directive ----------------------------------------------------------------------------------


class Api(SphinxDirective):
    """``{api} MODULE``: every name that the module offers; `but` lists those that another page describes."""

    required_arguments = 1
    option_spec = {"but": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        module = importlib.import_module(self.arguments[0])
        but = self.options.get("but", "").split()
        names = {name: what for name, what in offered(module).items() if name not in but}
        lines = ["```{eval-rst}", f".. py:module:: {module.__name__}", ""]
        for name, what in names.items():
            lines += [*_entry(module, name, what), ""]
            _aliases(self.env).update(
                dict.fromkeys(homes(module, name, what), f"{module.__name__}.{name}")
            )
        for name in but:
            what = getattr(module, name)
            _aliases(self.env)[f"{module.__name__}.{name}"] = (
                f"{what.__module__}.{what.__qualname__}"
            )
        if but:
            places = ", ".join(f"`{name}`" for name in but)
            lines += [f"Offered under this name too, and described elsewhere: {places}.", ""]
        self.env.note_dependency(inspect.getsourcefile(module))
        parent = nodes.Element()
        self.state.nested_parse(StringList([*lines, "```"], self.arguments[0]), 0, parent)
        return parent.children


class Commands(SphinxDirective):
    """``{commands}``, or ``{commands} NAME ...``: commands of the command line, each with what it does."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        found = commands()
        chosen = self.arguments[0].split() if self.arguments else list(found)
        return [
            nodes.definition_list(
                "",
                *(
                    nodes.definition_list_item(
                        "",
                        nodes.term("", "", nodes.literal("", name)),
                        nodes.definition("", nodes.paragraph("", f"{found[name].capitalize()}.")),
                    )
                    for name in chosen
                ),
            )
        ]


def commands() -> dict[str, str]:
    """Every command of the command line, with the words of its help."""
    from mirage_utils.cli.main import _parser

    (groups,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return {choice.dest: choice.help for choice in groups._choices_actions}


def _entry(module: types.ModuleType, name: str, what: Any) -> list[str]:
    """One name in reStructuredText."""
    full = f"{module.__name__}.{name}"
    if kind(what) == "data":
        words = words_of_value(module, name, what)
        return [
            f".. py:data:: {name}",
            f"   :module: {module.__name__}",
            "",
            *(f"   {line}" for line in words),
        ]
    members = ["   :members:"] if inspect.isclass(what) else []
    return [f".. auto{kind(what)}:: {full}", *members]


def homes(module: types.ModuleType, name: str, what: Any) -> Iterator[str]:
    """Every path by which a program may reach what a page describes under one."""
    yield f"{module.__name__}.{name}"
    library = importlib.import_module(LIBRARY)
    if name in library.__all__ and getattr(library, name) is what:
        yield f"{LIBRARY}.{name}"
    if kind(what) == "data":
        for source in _sources(module):
            if vars(importlib.import_module(source)).get(name) is what:
                yield f"{source}.{name}"
    else:
        yield f"{what.__module__}.{what.__qualname__}"


def _aliases(env: Any) -> dict[str, str]:
    if not hasattr(env, "mirage_api"):
        env.mirage_api = {}
    return env.mirage_api


def skip(app: Sphinx, what: str, name: str, obj: Any, leave_out: bool, options: Any) -> bool | None:
    """Leave out the fields of a named tuple, of which Python says nothing but their number."""
    if (inspect.getdoc(obj) or "").startswith("Alias for field number"):
        return True
    return None


def shield(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep Napoleon from reading the first line of an attribute as a type, which it does where that holds a colon."""
    if what in ("attribute", "property"):
        lines[:0] = ["..", ""]  # an empty comment


def code(name, rawtext, text, lineno, inliner, options=None, content=None):  # docutils' form
    """What a docstring writes between single backticks is a name, and is set as code."""
    return [nodes.literal(rawtext, text)], []


# -- links ------------------------------------------------------------------------------------------


class Names:
    """Which name in code font means which entry.

    Parameters
    ----------
    entries : iterable of str
        Full names, such as ``mirage_utils.curves.width``.
    aliases : mapping of str to str
        Other paths to them.
    """

    def __init__(self, entries: Iterable[str], aliases: Mapping[str, str]) -> None:
        self.entries = frozenset(entries)
        # What one page leaves to another leads to where it is defined, and that to its entry.
        further = {path: aliases.get(target, target) for path, target in aliases.items()}
        self.paths = {p: t for p, t in further.items() if t in self.entries}
        self.paths |= {name: name for name in self.entries}
        ends = Counter(
            end for path in {*self.paths.values()} for end in _ends(path) if _speaks_for_itself(end)
        )
        self._short = {
            end: path for path in {*self.paths.values()} for end in _ends(path) if ends[end] == 1
        }

    def find(self, written: str, near: Iterable[str] = ()) -> str | None:
        """The entry that a name means, if any.

        Parameters
        ----------
        written : str
            As it stands in the text; a call counts as the name of what is called.
        near : iterable of str
            Modules and classes within whose description it stands: there its own names need no prefix.
        """
        name = re.sub(r"\(.*\)$", "", written)
        if not re.fullmatch(r"[A-Za-z_][\w.]*", name):
            return None
        for path in (*(f"{place}.{name}" for place in near), name, f"{LIBRARY}.{name}"):
            if path in self.paths:
                return self.paths[path]
        return self._short.get(name)


def _ends(path: str) -> Iterator[str]:
    parts = path.split(".")[1:]
    return (".".join(parts[i:]) for i in range(len(parts)))


def _speaks_for_itself(name: str) -> bool:
    """Whether a name can mean nothing but the library's: `width` and `score` are words of other things too."""
    return "." in name or (len(name) > 3 and ("_" in name or name[0].isupper()))


def names(app: Sphinx) -> Names:
    """The names that the pages of this book describe."""
    entries = app.env.get_domain("py").objects
    return Names(
        (n for n, entry in entries.items() if entry.objtype != "module"), _aliases(app.env)
    )


def link(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Make links of names in code font, and end each chapter with what it took from the library."""
    if app.builder.format != "html" or not app.env.get_domain("py").objects:
        return
    known = names(app)
    # A page on the library speaks of what it describes, and so without a prefix.
    here = [
        n
        for n, e in app.env.get_domain("py").objects.items()
        if e.docname == docname and e.objtype == "module"
    ]
    for literal in list(doctree.findall(nodes.literal)):
        if _is_linked(literal):
            continue
        near, itself = _near(literal)
        path = known.find(literal.astext(), [*near, *here])
        if path and path != itself:
            literal.replace_self(_reference(app, docname, path, literal.deepcopy()))
    if chapter_number(docname) and (
        used := list(used_by(Path(app.srcdir) / f"{docname}.ipynb", known))
    ):
        _end(app, doctree, docname, used)


def _is_linked(node: nodes.Node) -> bool:
    while node is not None:
        if isinstance(node, (nodes.reference, nodes.title)):
            return True
        node = node.parent
    return False


def _near(node: nodes.Node) -> tuple[list[str], str]:
    """The modules and classes that a name stands within, the nearest first; and the entry itself."""
    from sphinx import addnodes

    found: list[str] = []
    while node is not None:
        if isinstance(node, addnodes.desc) and node["domain"] == "py":
            signature = node.next_node(addnodes.desc_signature)
            found.append(f"{signature['module']}.{signature['fullname']}")
            if signature["class"]:
                found.append(f"{signature['module']}.{signature['class']}")
            last = signature["module"]
        node = node.parent
    return ([*found, last], found[0]) if found else ([], "")


def _reference(app: Sphinx, docname: str, path: str, inside: nodes.Node) -> nodes.reference:
    entry = app.env.get_domain("py").objects[path]
    target = app.builder.get_relative_uri(docname, entry.docname)
    return nodes.reference(
        "", "", inside, internal=True, refuri=f"{target}#{entry.node_id}", reftitle=path, classes=["mb-api"]
    )  # fmt: skip


def used_by(notebook: Path, known: Names) -> Iterator[str]:
    """What the code of a chapter takes from the library, each once, in the order of first use."""
    if not notebook.exists():
        return
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    imported: dict[str, str] = {}
    seen: set[str] = set()
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        try:
            tree = ast.parse("".join(cell["source"]))
        except SyntaxError:  # a line for IPython and not for Python
            continue
        for node in _in_order(tree):
            if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(f"{LIBRARY}."):
                imported |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            path = known.paths.get(_path(node, imported))
            if path and path not in seen and not path.startswith(f"{_FRAME}."):
                seen.add(path)
                yield path


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """A tree as it is read (`ast.walk` goes level by level)."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _in_order(child)


def _path(node: ast.AST, imported: Mapping[str, str]) -> str:
    """The full name that an expression reads, empty if it is nothing of the library's."""
    if isinstance(node, ast.Name):
        return imported.get(node.id, "")
    if isinstance(node, ast.Attribute):
        before = _path(node.value, imported)
        return before and f"{before}.{node.attr}"
    return ""


def _end(app: Sphinx, doctree: nodes.document, docname: str, used: list[str]) -> None:
    line = nodes.paragraph("", "From the library: ", classes=["mb-library"])
    for i, path in enumerate(used):
        if i:
            line += nodes.Text(", ")
        words = path.removeprefix(f"{LIBRARY}.")
        line += _reference(app, docname, path, nodes.literal("", words, classes=["notranslate"]))
    line += nodes.Text(".")
    section = doctree.next_node(nodes.section)
    (section if section is not None else doctree).append(line)


def setup(app: Sphinx) -> None:
    """Called by `mirage_book`, which is the extension that the configuration names."""
    from docutils.parsers.rst import roles

    for extension in ("sphinx.ext.autodoc", "sphinx.ext.napoleon"):
        app.setup_extension(extension)
    app.add_directive("api", Api)
    app.add_directive("commands", Commands)
    roles.register_local_role("mb-name", code)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", shield, priority=400)  # before Napoleon
    app.connect("doctree-resolved", link)
