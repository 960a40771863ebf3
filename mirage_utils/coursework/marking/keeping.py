"""What a feedback page will show of a submission, up to a size."""

from __future__ import annotations

from html import escape
from json import dumps
from typing import Any

from ..assignments.reading import clean

__all__ = ["Kept"]


class Kept:
    """What the page will show, up to a size that is counted here: what a student's process says of it is not believed."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.room = {"source": 2_000_000, "output": 4_500_000}  # bytes, as JSON or as HTML
        self.left_out = 0

    def shown(self) -> list[dict[str, Any]]:
        """All entries, with word of the cells that are not among them."""
        words = f"{self.left_out:,} more cells were run and are not shown"
        return [*self.entries, *([{"left_out": words}] if self.left_out else [])]

    def cell(self, name: str, source: str) -> dict[str, Any]:
        """The entry of a cell that is about to be run."""
        entry: dict[str, Any] = {"cell": name, "outputs": [], "error": ""}
        entry["source"] = self._text(source, "source")
        if entry["source"] is None:
            self.left_out += 1
        else:
            self.entries.append(entry)
        return entry

    def outputs(self, entry: dict[str, Any], outputs: list[Any]) -> None:
        """Put the texts and pictures of a cell into its entry."""
        if entry.get("source") is None:  # a cell of ours, or one that is left out
            return
        for each in outputs[:50]:
            text, picture = _output(each)
            if picture:
                if self._fits(picture, "output"):
                    entry["outputs"].append({"png": picture})
            elif text and (kept := self._text(text, "output")) is not None:
                entry["outputs"].append({"text": kept})
        missing = len(outputs) - len(entry["outputs"])
        if missing:
            entry["left_out"] = (
                f"{missing:,} of the {len(outputs):,} outputs of this cell are not kept"
            )

    def _fits(self, text: str, room: str) -> bool:
        size = 200 + max(len(dumps(text)), len(escape(text).encode()))
        if size > self.room[room]:
            return False
        self.room[room] -= size
        return True

    def _text(self, text: str, room: str, most: int = 20_000) -> str | None:
        kept = clean(text[:most])
        if len(text) > most:
            kept += f"\n[{len(text) - most:,} more letters are not kept]"
        return kept if self._fits(kept, room) else None


def _output(output: Any) -> tuple[str, str]:
    """The text of an output, and the picture, which go for nothing if they are something else."""
    if not isinstance(output, dict):
        return "", ""
    data = output.get("data")
    data = data if isinstance(data, dict) else {}
    text, picture = output.get("text", data.get("text/plain")), data.get("image/png")
    return (
        text if isinstance(text, str) else "",
        "".join(picture.split()) if isinstance(picture, str) and picture.isascii() else "",
    )
