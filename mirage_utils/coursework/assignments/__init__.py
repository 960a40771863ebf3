"""Assignments and submissions as notebooks: which cell is what, and which file to mark.

The format is nbgrader's: the metadata of a cell say whether it is an answer, a test worth points, an essay, or
given. Two tags are ours: ``given`` marks locked cells on which tests rely, which the grader runs for itself too, and
``student`` the cell that holds the student's name.
"""
