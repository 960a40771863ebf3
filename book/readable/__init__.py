"""A chapter as a notebook that reads like the book: its MyST as plain Markdown, its code and answers folded.

Pure functions of the chapter and of its numbers; `copies` writes the results where readers find them. What
these functions do not know, a role or a directive that no chapter has used yet, they refuse, so that no reader
meets it as markup.
"""

from .base import CHAPTERS, ROOT, CopyError, Published, chapters, pasted
from .code import FOLDED, asked, in_solutions, only_imports, shown
from .notebook import rewrite
from .references import Place

__all__ = [
    "CHAPTERS", "FOLDED", "ROOT", "CopyError", "Place", "Published", "asked", "chapters", "in_solutions", "only_imports", "pasted",
    "rewrite", "shown",
]  # fmt: skip
