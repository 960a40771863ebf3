"""Learning platforms: what Moodle, Canvas and nbgrader hand out, and how they call whom.

`collect` fills a folder with one sub-folder a student from what was downloaded; the modules beside it know how platforms
name files (`layouts`), people (`rosters`, `whose`) and times (`moments`), and what to believe of a zip (`archive`) and of
a folder that was collected before (`record`).
"""
