"""Coursework: checks that teach, numbers of one's own, and a grader for submissions nobody vouches for.

`check` and `Variation` are what an assignment uses, and `values` what a check ever compares. The rest serves those who set
and mark, in the order of a class:

- `assignments` reads what was set and what was handed in; `release` makes the students' version, and `handin` looks a
  notebook over before it is handed in, with word of the `packages` that will not be there. `looking` has what it says, whatever
  runs the cells; `browser` tells the same to a page.
- `platforms` unpacks what Moodle, Canvas or nbgrader hand out.
- `marking` marks one submission: its cells run in a `sandbox`, whose far end is `inmate`, and its tests here, within `bounds`.
- `course` marks a whole class, each submission in a process of its own, with what people add by hand; `feedback` is the page
  that a student gets.
- `overview` and `similarity` show whoever teaches how the class did, and what is alike in it.
- `handing_back` returns marks and pages to the platform.

`document`, `folders`, `secret` and `tables` are what several of these read and write with.
"""

from __future__ import annotations

from ..ground.lazy import on_first_use

__all__ = ["Variation", "check"]

# On first use: the command line asks for its help, and the sandbox for its process, without NumPy.
__getattr__, __dir__ = on_first_use(__name__, ["check"], {"Variation": "variation"})
