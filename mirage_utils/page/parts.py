"""What the parts of a chapter are called, in the pages and in the copies that readers work in."""

from __future__ import annotations

from collections.abc import Mapping

BOXES: Mapping[str, str] = {"takeaways": "In short", "on-monday": "On Monday"}
"""Title of a box by its directive."""

LABORATORY = "The laboratory"
"""Heading of the second half of a chapter."""

LEAD = (
    "The argument ends here. What follows is for those who want to check it: derivations in full, rival explanations, "
    "tests of robustness, and the refereed claims."
)
"""The line below that heading."""
