"""A place to run code that nobody vouches for: one process, few rights, and a pipe.

Where bubblewrap works, the process has its own file system (the system's programs and this library, to
read; an empty folder in memory, to write), its own process table and no network. Without it, which has to be asked
for (``limits``), it shares all that with the grader, and on Linux it is kept to the same files by rules (see
`inmate.landlock`), gives up what its user may do beyond others, and what it writes is bounded for each file alone. Another
user, such as nobody, would have to be able to read the interpreter, which in a home folder it cannot; and all
submissions would be that one user's. In both cases the process lowers its own limits for memory, processor time,
files and open files, and on Linux a filter refuses new processes, other programs, signals and sockets (see `inmate`).
"""

from __future__ import annotations

from .bubblewrap import bubblewrap_problem
from .kinds import chosen, kind_of_sandbox, without_bubblewrap
from .limits import Ended, Limits, SandboxError, StudentError
from .process import Sandbox

__all__ = [
    "Ended",
    "Limits",
    "Sandbox",
    "SandboxError",
    "StudentError",
    "bubblewrap_problem",
    "chosen",
    "kind_of_sandbox",
    "without_bubblewrap",
]
