"""The command line: ``python -m mirage_utils``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from ..errors import DataError, FieldError, WrongUse
from .audit import add_command as add_audit
from .bigbench import add_command as add_bigbench
from .compare import add_command as add_compare
from .coursework import add_commands as add_coursework
from .emergence import add_command as add_emergence
from .metrics import add_command as add_metrics
from .read import add_command as add_read
from .records import add_command as add_records
from .tables import add_commands as add_tables
from .train import add_commands as add_training

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 success, 1 failure, 2 wrong usage, 130 stopped)."""
    options = _parser().parse_args(argv)
    status = 0
    try:
        # Each command imports its own work, so that --help and usage errors are immediate.
        status = options.run(options) or 0
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("mirage_utils: stopped; what was finished is kept", file=sys.stderr)
        return 130
    except (FieldError, DataError) as error:
        print(f"mirage_utils: {error}", file=sys.stderr)
        return 2 if isinstance(error, WrongUse) else 1
    except OSError as error:
        if error.filename is None:  # none of a file that was named: a fault of this program
            raise
        print(f"mirage_utils: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mirage_utils", description="The Mirage Book's tables, metrics and emergence scores."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    add_tables(commands)
    add_metrics(commands)
    add_bigbench(commands)
    add_training(commands)
    add_records(commands)
    add_read(commands)
    add_emergence(commands)
    add_audit(commands)
    add_compare(commands)
    add_coursework(commands)
    return parser
