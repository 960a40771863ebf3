"""The cells of a notebook run one after the other, and their names shown and called, without a kernel."""

from __future__ import annotations

import contextlib
import threading
from typing import Any

__all__ = ["Cells", "obeyed"]

_OUTPUT = 1_000_000  # letters that the cells may print in all; the rest is dropped
_PICTURES = 4_000_000  # letters of pictures kept for the feedback


def _text_of(error: BaseException) -> str:
    """The text of an error, whatever becomes of asking for it."""
    try:
        return str(error)
    except BaseException:
        return ""


class _Printed:
    """Standard output of the cells: kept up to a limit, counted beyond it."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.room = _OUTPUT
        self.dropped = 0
        self.thread = threading.get_ident()

    def write(self, text: str) -> int:
        part = text[: self.room]
        if part:
            self.kept.append(part)
            self.room -= len(part)
        self.dropped += len(text) - len(part)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False

    def take(self) -> str:
        text = "".join(self.kept)
        self.kept.clear()
        if self.dropped:
            text += f"\n[{self.dropped:,} more letters were printed and are not kept]\n"
            self.dropped = 0
        return text


class Cells:
    """IPython without a kernel: magics, `display` and figures work as in a notebook."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        from .inline import keep_figures_inline

        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "NoColor"
        config.InteractiveShell.xmode = "Plain"
        config.InteractiveShell.cache_size = 0

        class Shell(InteractiveShell):
            def init_sys_path(self) -> None:
                """Nothing: IPython would look in the working folder before the installed packages."""

            def enable_gui(self, gui: str | None = None) -> None:
                """Nothing: figures that are inline want the loop of no window system."""

            def system(self, command: str) -> None:
                """Say that it was not run: "!pip install" at the top must not cost the rest of its cell."""
                print(f"[not run here: !{command[:200]}]")

            system_piped = system_raw = system

        self.shell = Shell.instance(config=config)
        # Figures are inline here, whatever a notebook asks for: "%matplotlib widget" must not cost its cell.
        self.shell.magics_manager.register_function(lambda line: None, "line", "matplotlib")
        self.shell.events.register("pre_run_cell", keep_figures_inline)
        for magic in ("pip", "conda", "mamba", "uv"):
            self.shell.magics_manager.register_function(
                lambda line: print(f"[not run here: {line[:200]}]"), "line", magic
            )
        self.printed = _Printed()
        self.functions: list[Any] = []
        self.pictures = _PICTURES

    def run(self, source: str) -> dict[str, Any]:
        """Run one cell; its outputs in the notebook format, and the error it ended with, if any."""
        from IPython.utils.capture import RichOutput, capture_output

        with (
            contextlib.redirect_stdout(self.printed),
            contextlib.redirect_stderr(self.printed),
            capture_output(stdout=False, stderr=False, display=True) as captured,
        ):
            result = self.shell.run_cell(source, store_history=False)
        outputs: list[dict[str, Any]] = []
        printed = self.printed.take()
        if printed:
            outputs.append({"output_type": "stream", "name": "stdout", "text": printed})
        for shown in captured.outputs:
            if isinstance(shown, RichOutput):
                data = {
                    kind: content
                    for kind, content in (shown.data or {}).items()
                    if kind in ("text/plain", "text/latex", "text/html", "image/png")
                    and type(content) is str
                }
                size = sum(map(len, data.values()))
                if size <= self.pictures:
                    self.pictures -= size
                    outputs.append({"output_type": "display_data", "data": data, "metadata": {}})
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return {"outputs": outputs, "error": None}
        return {
            "outputs": outputs,
            "error": {"name": type(error).__name__[:80], "value": _text_of(error)[:400]},
        }

    def show(self, name: str) -> dict[str, Any]:
        """The plain value of a name."""
        if name not in self.shell.user_ns:
            return {"missing": name}
        return {"value": self._encoded(self.shell.user_ns[name])}

    def put(self, name: str, value: Any) -> dict[str, Any]:
        """Set a name to a plain value."""
        self.shell.user_ns[name] = value
        return {"value": None}

    def call(self, function: int, arguments: list[Any], named: dict[str, Any]) -> dict[str, Any]:
        """Call a function that was shown before."""
        from ..values import decode

        def refuse(number: int, name: str) -> Any:
            raise TypeError("a function is no argument here")

        with contextlib.redirect_stdout(self.printed), contextlib.redirect_stderr(self.printed):
            result = self.functions[function](
                *(decode(each, refuse) for each in arguments),
                **{name: decode(each, refuse) for name, each in named.items()},
            )
        self.printed.take()
        return {"value": self._encoded(result)}

    def _encoded(self, value: Any) -> Any:
        from ..values import encode

        def keep(function: Any) -> int:
            self.functions.append(function)
            return len(self.functions) - 1

        return encode(value, keep)


def obeyed(cells: Cells, do: str, **arguments: Any) -> dict[str, Any]:
    """What a request gives, whatever the student's code in it raises.

    Parameters
    ----------
    cells : Cells
        Does it.
    do : str
        The name of one of its methods.
    **arguments : object
        What the method takes.
    """
    try:
        reply: dict[str, Any] = getattr(cells, do)(**arguments)
    except MemoryError:
        reply = {"error": {"name": "MemoryError", "value": "out of memory"}}
    except BaseException as error:  # whatever a student's function raises, SystemExit too
        reply = {"error": {"name": type(error).__name__[:80], "value": _text_of(error)[:400]}}
    return reply
