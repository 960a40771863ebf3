# The doors of the house. `make book` and `make test` need nothing but Python 3.11 to 3.13.

PYTHON ?= python3
VENV := .venv
# pip puts programs into bin/ everywhere but on Windows
BIN := $(if $(filter Windows_NT,$(OS)),$(VENV)/Scripts,$(VENV)/bin)
# What was given for a variable, as one word for the shell whatever is in it: blanks, quotation marks, dollar signs.
given = '$(subst ','\'',$(value $(1)))'
# An option of a command, where its variable was given: $(call option,--due,DUE).
option = $(if $(value $(2)),$(1)=$(call given,$(2)))
STAMP := $(VENV)/.made-from-requirements
PAGE := _build/html/index.html

.DEFAULT_GOAL := help
.PHONY: help book html live serve pdf open test bench data families lab chapters numbers release check collect grade feedback override overview alike handback lint format lock clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# The environment is made when missing, also one made by hand is used, and what is in it changes with the lock.
$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11, 3.12 or 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	@echo "Making $(VENV), or bringing it up to requirements.txt: this takes minutes, the first time."
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@# JupyterLab would ask its makers for news and for newer versions.
	@$(BIN)/jupyter labextension disable --level sys_prefix @jupyterlab/apputils-extension:announcements >/dev/null 2>&1
	@touch $@

html: $(STAMP)  ## build the book (warnings are errors; what has not changed is not run or written again)
	$(BIN)/jupyter-book build . --all -n -W --keep-going

book: html  ## build the book and open it
	@$(MAKE) --no-print-directory open

live: html  ## put Python beside the built book: its chapters run in the reader's browser (fetches 53 MB, once)
	$(BIN)/python -m tools.live

PORT ?= 8000
serve: $(STAMP)  ## serve the built book on this machine (PORT=8000): its pages run Python only from a web server
	@echo "The book is at http://localhost:$(PORT)/ (Ctrl+C ends it)"
	@$(BIN)/python -m http.server $(call given,PORT) --bind 127.0.0.1 --directory _build/html

pdf: html  ## print the whole book into one PDF (needs Chromium or Chrome)
	$(BIN)/python book/pdf.py

open:
	@echo "The book is at $(PAGE)"
	@test -n "$(CI)" || $(BIN)/python -c 'import pathlib, webbrowser; webbrowser.open(pathlib.Path("$(PAGE)").resolve().as_uri())' >/dev/null 2>&1 || true

test: $(STAMP)  ## run all tests: library, notebooks, built pages
	$(BIN)/python -m pytest

bench: $(STAMP)  ## measure speed, as ratios to other programs in the same run
	$(BIN)/python -m benchmarks

# SOURCES is a folder with one folder a source; book/data.md says where each is public.
SOURCES ?= sources
data: $(STAMP)  ## make the computed tables anew from their public sources (SOURCES=folder)
	$(BIN)/python -m tools.make_tables -- $(call given,SOURCES)

# PROFILE is quick (minutes), desk (hours) or full (a GPU).
PROFILE ?= quick
families: $(STAMP)  ## train the language models of chapters 13 to 15 and score them (PROFILE=quick)
	$(BIN)/python -m mirage_utils families --profile=$(call given,PROFILE) --out=runs/$(call given,PROFILE) --jobs 2

# Readers work in copies (lab/, chapters/), which follow the chapters until somebody has edited them.
lab: $(STAMP)  ## open the chapters in JupyterLab: text and figures follow what you change
	$(BIN)/python book/copies.py live lab
	$(BIN)/jupyter lab lab

chapters: $(STAMP)  ## write the chapters for VS Code and other editors, into chapters/
	$(BIN)/python book/copies.py still chapters

numbers: html  ## note the numbers that the text of the copies shows before anything has run
	$(BIN)/python book/copies.py numbers

# Coursework. A is the number of an assignment; book/marking.md says more.
COURSE := $(BIN)/python -m mirage_utils
OUT ?= grades.csv
release: $(STAMP)  ## make the students' version of an assignment (A=1, ROSTER=list.csv, REPLACE=1)
	$(COURSE) release --out release $(call option,--roster,ROSTER) $(if $(value REPLACE),--replace) -- $(call given,A)

check: $(STAMP)  ## look an assignment over before handing it in (A=1, or IN=notebook)
	$(COURSE) check --exit-zero -- $(call given,$(if $(value IN),IN,A))

collect: $(STAMP)  ## unpack a platform's zip into a folder a student: ZIP=all.zip IN=submissions (ROSTER, ZONE)
	$(COURSE) collect $(call option,--roster,ROSTER) $(call option,--zone,ZONE) $(if $(value REPLACE),--replace) -- $(call given,ZIP) $(call given,IN)

grade: $(STAMP)  ## mark submissions: A=1 IN=submissions OUT=grades.csv (ROSTER, DUE, LATE, LATE_MOST, GRACE, EXTENSIONS, ANONYMOUS=1, JOBS)
	$(COURSE) grade $(call option,--roster,ROSTER) $(call option,--due,DUE) $(call option,--late,LATE) $(call option,--late-most,LATE_MOST) $(call option,--grace,GRACE) $(call option,--extensions,EXTENSIONS) $(if $(value ANONYMOUS),--anonymous) $(call option,--jobs,JOBS) -- $(call given,A) $(call given,IN) $(call given,OUT)

feedback: $(STAMP)  ## put marked essays into the table and the pages (OUT=grades.csv)
	$(COURSE) feedback -- $(call given,OUT)

override: $(STAMP)  ## give other points than the machine's: OUT=grades.csv STUDENT="Ada Lovelace" EXERCISE=test_slope_formula POINTS=1 (COMMENT)
	$(COURSE) override $(call option,--comment,COMMENT) -- $(call given,OUT) $(call given,STUDENT) $(call given,EXERCISE) $(call given,POINTS)

overview: $(STAMP)  ## write how the class did, as a page and a table, for the teacher (OUT=grades.csv)
	$(COURSE) overview -- $(call given,OUT)

alike: $(STAMP)  ## write which submissions are alike in what is rare, for the teacher (OUT=grades.csv)
	$(COURSE) alike -- $(call given,OUT)

TO ?= feedback.zip
handback: $(STAMP)  ## pack the pages for the platform (OUT=grades.csv IN=submissions TO=feedback.zip)
	$(COURSE) handback -- $(call given,OUT) $(call given,IN) $(call given,TO)

lint: $(STAMP)  ## check style, layers, types, spelling, and that no notebook stores outputs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/nbstripout --verify notebooks/*.ipynb notebooks/assignments/*/*.ipynb
	$(BIN)/codespell

format: $(STAMP)  ## put code and notebooks into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/nbstripout notebooks/*.ipynb notebooks/assignments/*/*.ipynb

lock:  ## compile requirements.txt from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --fork-strategy fewest --no-header --no-annotate --quiet --upgrade -o requirements.txt

clean:  ## remove what was built (not the environment)
	rm -rf _build

# What tests/book/test_printed.py does not run, wherever it is printed, and why.
# not run: make html: builds the book, as the tests of the pages do
# not run: make book: builds the book, as the tests of the pages do
# not run: make live: fetches files from the network
# not run: make serve: starts a server that runs until it is stopped
# not run: make pdf: builds the book first, and prints it for minutes
# not run: make test: is what runs the test of the commands
# not run: make bench: takes an hour, and a machine with nothing else to do
# not run: make data: needs its sources from the network, some gigabytes
# not run: make families: trains for many minutes (the tests train smaller families)
# not run: make lab: starts a server that runs until it is stopped
# not run: make numbers: builds the book, as the tests of the pages do
# not run: make lock: asks the network for the newest packages
