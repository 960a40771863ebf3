"""Mark a class: a folder with one sub-folder a student becomes a table and a page for each.

Each submission is marked in a process of its own, so that whatever becomes of that process costs nobody else
anything. Its result is written, whole, before the next is taken up. A run that was ended by whatever cause is taken up by
the same command: what was marked of an unchanged submission, by the same source and settings, is not marked again.
"""
