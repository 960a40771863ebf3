"""Vega, called from Python: vl-convert on a machine, Vega's own script where Python runs in a page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from ...ground.optional import MissingPackageError, in_browser, package

__all__ = ["compiled", "drawn", "scene", "script"]

_SCRIPT = "vega.js"
"""Vega with ``engine.js`` behind it, in the wheel for browsers and nowhere else."""


def scene(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The scene of a Vega specification.

    Parameters
    ----------
    spec : mapping
    """
    if in_browser():
        return json.loads(_in_page().scene(json.dumps(spec)))["scenegraph"]
    return _on_a_machine().vega_to_scenegraph(spec)["scenegraph"]


def compiled(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The Vega specification that a Vega-Lite one stands for.

    Parameters
    ----------
    spec : mapping
    """
    if in_browser():
        return json.loads(_in_page().compiled(json.dumps(spec)))
    return _on_a_machine().vegalite_to_vega(spec, vl_version=_newest())


def drawn(spec: Mapping[str, Any]) -> str:
    """The picture of a Vega-Lite specification, as SVG.

    Parameters
    ----------
    spec : mapping
    """
    if in_browser():
        return _in_page().drawn(json.dumps(spec))
    return _on_a_machine().vegalite_to_svg(spec, vl_version=_newest())


def script() -> str:
    """Vega, Vega-Lite and ``engine.js`` as one script, of what vl-convert brings: what the wheel for browsers has as ``vega.js``."""
    vl = _on_a_machine()
    ours = resources.files(__package__).joinpath("engine.js").read_text(encoding="utf-8")
    ours = ours.replace('"vega"', f'"{_AT}vega@{vl.get_vega_version()}/+esm"')
    whole = _WHOLE.get(_newest())
    if whole is None:
        raise MissingPackageError(
            f"vl-convert {vl.__version__} brings Vega-Lite {_newest()}, of which {__name__}._WHOLE does not know the whole version"
        )
    ours = ours.replace('"vega-lite"', f'"{_AT}vega-lite@{whole}/+esm"')
    return f"(() => {{{vl.javascript_bundle(ours)}}})();"


_AT = "https://cdn.jsdelivr.net/npm/"
"""Beginning of the names under which vl-convert carries packages; nothing is fetched."""
_WHOLE = {"6.4": "6.4.1"}
"""Versions of Vega-Lite as these names have them; vl-convert tells no more than their beginning."""


def _on_a_machine() -> Any:
    return package("vl_convert", "drawing explorers", "book")


@cache
def _newest() -> str:
    """The version of Vega-Lite that vl-convert bundles for the page, too."""
    return _on_a_machine().get_vegalite_versions()[-1]


@cache
def _in_page() -> Any:
    script = resources.files(__package__).joinpath(_SCRIPT)
    if not script.is_file():
        raise MissingPackageError(
            f"drawing explorers needs {_SCRIPT}, which `make live` puts into the wheel for browsers"
        )
    from pyodide.code import run_js

    run_js(script.read_text(encoding="utf-8"))
    return run_js("globalThis.mirageVega")
