"""A notebook that somebody handed in, read without believing anything in it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .nodes import node

if TYPE_CHECKING:
    from nbformat import NotebookNode

__all__ = ["clean", "read_notebook"]

_LARGEST = 50_000_000  # bytes of a submitted notebook
_CELLS = 5_000  # of a submitted notebook


def clean(text: str) -> str:
    """Text in which every lone surrogate, which no file and no pipe can take, is a replacement character."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def read_notebook(path: Path) -> tuple[list[NotebookNode], dict[str, Any], str]:
    """The cells of a file, its metadata, and what is wrong with it (an empty text, or why there are no cells).

    No text in them has a lone surrogate, so that all of it can be written, sent and printed.
    """
    content, problem = _load(path)
    if problem:
        return [], {}, problem
    try:
        if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
            raise ValueError("it has no field nbformat")
        notebook = node(content) if content["nbformat"] == 4 else _converted(content)
        if len(notebook.cells) > _CELLS:
            return [], {}, f"notebook has {len(notebook.cells):,} cells, more than {_CELLS:,}"
        metadata = notebook.get("metadata")
        cells = [_cell(cell) for cell in notebook.cells]
        return cells, metadata if isinstance(metadata, dict) else {}, ""
    except ModuleNotFoundError:
        return [], {}, "notebook is of an old format: open it in JupyterLab and save it"
    except Exception as error:  # nbformat raises many kinds, and none tells more than its text
        return [], {}, f"notebook is damaged: {type(error).__name__}: {clean(str(error))[:120]}"


def _converted(content: dict[str, Any]) -> NotebookNode:
    """A notebook of another format than 4, which hardly anybody has, as one of that."""
    import nbformat

    return nbformat.convert(nbformat.from_dict(content), 4)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(each) for key, each in value.items()}
    return value


def _load(path: Path) -> tuple[Any, str]:
    """The content of a file as JSON, with every text in it clean; and why there is none."""
    try:
        # A pipe that took the place of the file would keep a reader waiting.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > _LARGEST:
                return None, (
                    f"notebook has {size / 1e6:,.0f} MB, more than {_LARGEST / 1e6:.0f}: clear its outputs and hand it in again"
                )
            text = file.read(_LARGEST + 1).decode("utf-8-sig")
        content = json.loads(text)
        # JSON in UTF-8 can hold a surrogate only as an escape.
        return (_cleaned(content) if re.search(r"\\u[dD][89a-fA-F]", text) else content), ""
    except OSError as error:
        return None, f"notebook cannot be read: {error.strerror}"
    except RecursionError:
        return None, "notebook is damaged: lists within lists, too deep to be read"
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return (
            None,
            f"notebook is damaged: byte {error.start + 1:,} ({byte:#04x}) is no text in UTF-8",
        )
    except ValueError as error:
        return None, f"notebook is damaged, it is not JSON: {clean(str(error))[:120]}"


def _cell(cell: Any) -> NotebookNode:
    """A cell with the fields the grader reads, each of the type it expects."""
    source = cell["source"]
    text = "".join(source) if isinstance(source, list) else source
    if cell["cell_type"] not in ("code", "markdown", "raw") or not isinstance(text, str):
        raise ValueError("a cell without type or text")
    metadata = cell.get("metadata")
    kept = metadata if isinstance(metadata, dict) else {}
    return node({"cell_type": cell["cell_type"], "source": text, "metadata": kept})
