"""Python in the page: ``make live`` puts beside the built book what runs its chapters in a reader's browser.

What it is made of is named in ``pins.json`` with checksums: Pyodide's core and its lock file, packages that Pyodide has built
for browsers, pure ones from the Python Package Index. `carriers` brings these files, from wherever the same bytes can be had;
`science` keeps of them what chapters load, compiled, in one archive, and the rest in another; `library` packs our own library and
the bundled runs; `lab` makes the plain notebook beside the book, `licences` the file that says whose work all of it is.
"""
