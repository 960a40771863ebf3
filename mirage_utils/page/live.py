"""A chapter's Python where there is no kernel: in a page, whose worker runs the cells and takes the place of Jupyter.

What a cell shows goes out as `live_messages`, in the order in which it happens.
"""

from __future__ import annotations

import base64
import io
import json
import linecache
import re
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from . import numbers
from .live_messages import RECORD, Message, as_json, digest, with_html
from .live_widgets import VIEW, Widgets

__all__ = ["Session", "coloured"]

_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CELL = "<ipython-input-"
"""How IPython names the code of a cell in a traceback."""
_KEYBOARD = "a page has no place to type an answer: write the value into the code"
_MEANT = {
    "No module named": "The page has the packages that chapters need (NumPy, SciPy, SymPy, pandas, Matplotlib, ipywidgets and a few "
    "more); others can be used on a machine of your own",
    "can't start new thread": "Python in a page has one thread",
    "Not available": "A page runs no other programs, and installs nothing",
    "Cannot stack switch": "In this browser Python cannot wait (await); in Chrome and Edge it can",
}
"""What errors mean that come from the page, by how they begin."""
_MOST, _LAST = 100_000, 10_000
"""Characters that a cell may print before only the last ones are kept: a page with more of them stands still."""
_ENDS = 5
"""Lines of an error that are shown from each end: a function that calls itself gives a thousand."""
_PICTURES = 200
"""Things that a cell may display."""
_PAUSE = 0.1
"""Seconds for which what is printed may wait for more of it."""


class _Publisher(DisplayPublisher):
    """Hands on what is displayed."""

    session: Session

    def publish(
        self, data: Any, metadata: Any = None, source: Any = "", *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:  # fmt: skip
        self.session.show(data, metadata or {}, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        self.session.clear(wait)


class _Hook(DisplayHook):
    """Hands on the value of a cell's last line."""

    session: Session
    source = ""

    def write_output_prompt(self) -> None:
        pass

    def quiet(self) -> bool:
        """Whether a semicolon ends the cell; the base class looks for it in the history, which there is none."""
        return self.semicolon_at_end_of_expression(self.source)

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        self.session.show(format_dict, md_dict or {})


class _Shell(InteractiveShell):
    """IPython without a terminal and without a kernel."""

    session: Session

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        self.session.failed(etype, evalue, "\n".join(stb))

    def ask_exit(self) -> None:
        """What ``exit()`` asks for."""
        raise RuntimeError("Python in a page does not end by itself: press Stop")

    def enable_gui(self, gui: Any = None) -> None:
        """Windows there are none; what Matplotlib draws inline needs no loop."""


class _Stream(io.TextIOBase):
    """Standard output or standard error of a cell."""

    def __init__(self, session: Session, name: str) -> None:
        self._session, self._name = session, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._session.printed(self._name, text)
        return len(text)

    def flush(self) -> None:
        self._session.flush()


class _Keyboard(io.TextIOBase):
    """Standard input, where nobody can type."""

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        raise RuntimeError(_KEYBOARD)

    def read(self, size: int | None = -1, /) -> str:
        raise RuntimeError(_KEYBOARD)


def _warned(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: str | None = None
) -> None:  # fmt: skip
    """Print a warning for readers, who know of no files and lines of the library."""
    kind = "Note" if category is UserWarning else category.__name__
    print(f"{kind}: {message}", file=sys.stderr)


class Session:
    """A chapter that runs cell by cell.

    Parameters
    ----------
    send : callable
        Takes each message, as JSON.
    pasted : iterable of str
        Names and formats of the numbers in the text, such as ``"share:.0%"``.

    Attributes
    ----------
    digest : str
        Of what the cell that was run last has shown.
    """

    def __init__(self, send: Callable[[str], None], pasted: Iterable[str] = ()) -> None:
        self._send, self._pasted = send, dict.fromkeys(pasted, "")
        self._waiting: list[tuple[str, str]] = []
        self._since = 0.0
        self._shown: list[Message] = []
        self._begin()
        self.digest = ""
        self.widgets = Widgets(self.tell)
        self.widgets.install()
        settings = Config()
        settings.HistoryManager.enabled = False
        settings.HistoryAccessor.enabled = False
        if InteractiveShell.initialized():
            InteractiveShell.clear_instance()
        shell = _Shell.instance(config=settings, display_pub_class=_Publisher)
        # What a chapter does not show on a desk: that pandas writes counts of 64 bits where words have 32.
        warnings.filterwarnings(
            "ignore", "overflow encountered in cast", RuntimeWarning, r"pandas\."
        )
        warnings.showwarning = _warned
        # What was glued before belongs to another run.
        numbers._GLUED.clear()
        hook = _Hook(parent=shell, shell=shell)
        shell.displayhook = shell.display_trap.hook = hook
        shell.session = shell.display_pub.session = hook.session = self
        self.shell, self.hook = shell, hook

    # -- from the page -------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Nothing has been shown yet."""
        self._shown = []
        self._length, self._last, self._displayed = 0, "", 0

    def run(self, source: str) -> bool:
        """Run a cell; whether it ended without an error.

        Parameters
        ----------
        source : str
        """
        self._begin()
        with self._captured():
            # Without a history all cells would bear one number, and tracebacks one name.
            self.shell.execution_count += 1
            self.hook.source = source
            good = self.shell.run_cell(source, store_history=False).success
            self._tell_the_rest()
        self.digest = digest(self._shown)
        self._tell_numbers()
        return bool(good)

    def receive(self, model: str, data: str) -> None:
        """Hand a widget what its reader did.

        Parameters
        ----------
        model : str
            The widget's model.
        data : str
            What its front end says, as JSON.
        """
        with self._captured():
            try:
                self.widgets.receive(model, json.loads(data))
            except Exception:
                self.shell.showtraceback()

    # -- to the page ---------------------------------------------------------------------------------

    def tell(self, message: Message) -> None:
        """Send a message, after what has been printed before it."""
        self.flush()
        message = self.widgets.caught(message)
        if "into" not in message:
            self._shown.append(message)
        self._send(as_json(message))

    def printed(self, name: str, text: str) -> None:
        """Keep what is printed until there is more of it than a moment's."""
        self._length += len(text)
        if self._length > _MOST:
            self._last = (self._last + text)[-_LAST:]
            return
        # What was printed elsewhere goes there.
        if self._waiting and self._waiting[-1][0] != name:
            self.flush()
        self._since = self._since or time.monotonic()
        self._waiting.append((name, text))
        if time.monotonic() - self._since > _PAUSE:
            self.flush()

    def _tell_the_rest(self) -> None:
        """Send the end of what was too long to be sent."""
        if self._length > _MOST:
            left = self._length - _MOST - len(self._last)
            between = f"\n[{left:,} characters are left out here]\n" if left > 0 else ""
            text, self._last, self._length = between + self._last, "", 0
            self.tell({"kind": "stream", "name": "stdout", "text": text})
        if self._displayed > _PICTURES:
            text = (
                f"[{self._displayed - _PICTURES:,} more things were displayed, and are left out]\n"
            )
            self.tell({"kind": "stream", "name": "stdout", "text": text})

    def flush(self) -> None:
        """Send what has been printed."""
        if self._waiting:
            name, text = self._waiting[0][0], "".join(part for _, part in self._waiting)
            self._waiting, self._since = [], 0.0
            if text:
                self.tell({"kind": "stream", "name": name, "text": _COLOUR.sub("", text)})

    def clear(self, wait: bool) -> None:
        """Take back what the cell has shown, which then no longer counts."""
        self._tell_the_rest()
        self._length, self._last, self._displayed = 0, "", 0
        self.tell({"kind": "clear", "wait": wait})

    def show(
        self, data: Mapping[str, Any], metadata: Mapping[str, Any], name: str | None = None, update: bool = False
    ) -> None:  # fmt: skip
        """Send what a cell displays; records of numbers, which nobody sees, stay here."""
        plain: dict[str, Any] = {
            kind: base64.b64encode(content).decode() if isinstance(content, bytes) else content
            for kind, content in data.items()
            if not kind.startswith(RECORD)
        }
        if not plain:
            return
        self._displayed += not update
        if self._displayed > _PICTURES:
            return
        if VIEW in plain and "text/html" not in plain:
            self.widgets.reveal(plain[VIEW]["model_id"])
        self.tell(
            {"kind": "display", "data": with_html(plain), "metadata": dict(metadata), "id": name, "update": update}
        )  # fmt: skip

    def failed(self, kind: type[BaseException], error: BaseException, whole: str) -> None:
        """Send an error, with the lines of cells that led there before everything else that did."""
        if isinstance(error, SyntaxError) and (error.filename or _CELL).startswith(_CELL):
            lines = [(error.lineno or 1, (error.text or "").rstrip())]
        else:
            lines = [
                (frame.lineno or 0, linecache.getline(frame.filename, frame.lineno or 0).rstrip())
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.filename.startswith(_CELL)
            ]
        if len(lines) > 2 * _ENDS:
            lines[_ENDS:-_ENDS] = [(0, f"[{len(lines) - 2 * _ENDS:,} more lines]")]
        text = getattr(error, "msg", None) or str(error)
        text = ". ".join(
            [text, *(meant for sign, meant in _MEANT.items() if text.startswith(sign))]
        )
        self.tell(
            {
                "kind": "error", "name": kind.__name__, "text": text, "lines": lines,
                "traceback": _COLOUR.sub("", whole),
            }
        )  # fmt: skip

    def _tell_numbers(self) -> None:
        """Send the numbers of the text that are not what they were."""
        changed = {}
        for content, before in self._pasted.items():
            name = content.partition(":")[0]
            if name not in numbers._GLUED:
                continue
            try:
                text = numbers.pasted(content, before)
            except (TypeError, ValueError):  # another kind of value than the format is for
                text = str(numbers._GLUED[name])
            if text != before:
                changed[content] = self._pasted[content] = text
        if changed:
            self.tell({"kind": "numbers", "values": changed})

    @contextmanager
    def _captured(self) -> Iterator[None]:
        before = sys.stdout, sys.stderr, sys.stdin
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        sys.stdin = _Keyboard()
        try:
            yield
        finally:
            self.flush()
            sys.stdout, sys.stderr, sys.stdin = before


def coloured(source: str) -> str:
    """Code as HTML, with the classes of the code in pages.

    Parameters
    ----------
    source : str
    """
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
