"""The parts of a notebook as `nbformat` gives them, dicts whose keys are attributes, without that package.

It brings a validator and its dozen packages, which reading a notebook does not need and a browser's Python does not have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["node"]


class _Node(dict[str, Any]):
    """A dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


def node(content: Any) -> NotebookNode:
    """A dict, and all dicts in it, as nodes; anything else as it is."""
    return cast("NotebookNode", _noded(content))


def _noded(value: Any) -> Any:
    if isinstance(value, dict):
        return _Node({key: _noded(each) for key, each in value.items()})
    return [_noded(each) for each in value] if isinstance(value, list) else value
