"""``python -m benchmarks``: all contests, as CSV."""

from __future__ import annotations

import os

# One core for everyone, or the ratios would compare thread pools; set before NumPy is loaded.
for variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
):
    os.environ.setdefault(variable, "1")

from . import (  # noqa: E402
    auditing,
    commands,
    edit_distance,
    judging,
    language,
    reading,
    sweep,
    training,
)

print("contest,way,items,per_item,unit,times_the_first")
commands.main()
edit_distance.main()
sweep.main()
reading.main()
auditing.main()
judging.main()
training.main()
language.main()
