"""The command line, one module a group of commands: `python -m mirage_utils`."""
