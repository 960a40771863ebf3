"""How a class did, on one page: marks, questions, reasons, and who waits for what.

The page is for whoever teaches. It holds names, and nothing of it goes to students.
"""
