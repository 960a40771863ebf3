"""Coursework: checks that teach, numbers of one's own, and a grader for submissions nobody vouches for.

`check` and `Variation` are what an assignment uses. The rest serves those who set and mark: `assignments` reads what
was set and what was handed in, `grading` marks one submission in a `sandbox`, `apart` does so in a process of its own and
within `bounds`, `course` marks a whole class, `feedback` writes a page for each student, `release` makes the students' version,
`handin` looks a notebook over before it is handed in.
"""

from __future__ import annotations

from ..ground.lazy import on_first_use

__all__ = ["Variation", "check"]

# On first use: the command line asks for its help, and the sandbox for its process, without NumPy.
__getattr__, __dir__ = on_first_use(__name__, ["check"], {"Variation": "variation"})
