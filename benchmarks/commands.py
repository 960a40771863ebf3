"""A short command, from the shell's prompt to the next: beside Python alone, and beside Python with pandas.

`tables` prints what lies beside the library and computes nothing, so it should take little more than Python
itself. Importing pandas is what a command pays that loads tables into frames, needed or not.
"""

from __future__ import annotations

import functools
import subprocess
import sys

from .timing import Contest, compare

COMMANDS = {
    "python -m mirage_utils tables": ["-m", "mirage_utils", "tables"],
    "python -m mirage_utils --help": ["-m", "mirage_utils", "--help"],
    "python -m mirage_utils table gpt3_arithmetic": [
        "-m",
        "mirage_utils",
        "table",
        "gpt3_arithmetic",
    ],
    "Python alone": ["-c", "pass"],
    "Python importing pandas": ["-c", "import pandas"],
}


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Print CSV: nanoseconds a command, and multiples of the first."""
    ways = {name: functools.partial(_run, given) for name, given in COMMANDS.items()}
    compare(Contest("commands", ways, 1))


if __name__ == "__main__":
    main()
