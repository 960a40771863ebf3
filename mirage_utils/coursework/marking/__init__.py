"""Mark one submission: run its cells in a sandbox, and the tests here, where the student's code cannot reach.

A test cell of the source is ordinary Python. What it needs of the student is fetched by name as a plain value; a
student's function becomes a function here that asks the sandbox and gets plain values back. So expected values, hidden
tests and comparisons never enter the process in which the student's code runs. What comparing an answer may cost is
bounded here (`bounds`), and so is what is kept of a submission (`marking.keeping`).
"""
