"""Names of a package that are loaded by the first line that uses them (PEP 562)."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["on_first_use"]


def on_first_use(
    package: str, modules: Iterable[str], names: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a package whose parts are loaded on first use.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    modules : iterable of str
        Modules of it.
    names : mapping of str to str, optional
        What it offers under its own name, and the module that has it.
    """
    modules, names = frozenset(modules), dict(names or {})

    def get(name: str) -> Any:
        if name in names:
            found = getattr(importlib.import_module(f"{package}.{names[name]}"), name)
        elif name in modules:
            found = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Kept, so that the next use costs nothing, and so that a module and a name that are called
        # alike do not change places once the module has been loaded.
        setattr(sys.modules[package], name, found)
        return found

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *modules, *names})

    return get, listed
