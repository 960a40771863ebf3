"""The process in which a student's code runs: obeys the grader over a pipe and holds nothing worth reading.

It is started by `sandbox`, gives up what it will not need (memory, files, processes, sockets), and then answers
requests, one line of JSON each: run a cell, show a name, call a function. Expected answers never come here. Whatever
the student's code does to this process, it can only change what it itself answers.
"""
