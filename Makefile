# The doors of the house. `make book` and `make test` need nothing but Python 3.11 to 3.13.

PYTHON ?= python3
VENV := .venv
# pip puts programs into bin/ everywhere but on Windows
BIN := $(if $(filter Windows_NT,$(OS)),$(VENV)/Scripts,$(VENV)/bin)
STAMP := $(VENV)/.made-from-requirements
PAGE := _build/html/index.html

.DEFAULT_GOAL := help
.PHONY: help book html pdf open test bench data families lab release check grade feedback lint format lock clean

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# The environment is made when missing and made again when the lock changes.
$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Python 3.11, 3.12 or 3.13 is needed, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

html: $(STAMP)  ## build the book (warnings are errors; what has not changed is not run or written again)
	$(BIN)/jupyter-book build . --all -n -W --keep-going

book: html  ## build the book and open it
	@$(MAKE) --no-print-directory open

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
	$(BIN)/python -m mirage_utils.evals.sources $(SOURCES)

# PROFILE is quick (minutes), desk (hours) or full (a GPU).
PROFILE ?= quick
families: $(STAMP)  ## train the language models of chapters 13 to 15 and score them (PROFILE=quick)
	$(BIN)/python -m mirage_utils families --profile $(PROFILE) --out runs/$(PROFILE) --jobs 2

lab: $(STAMP)  ## open the chapters in JupyterLab, where the sliders move
	$(BIN)/jupyter lab notebooks

# Coursework. A is the number of an assignment; book/teaching.md says more.
COURSE := $(BIN)/python -m mirage_utils
OUT ?= grades.csv
release: $(STAMP)  ## make the students' version of an assignment (A=1, ROSTER=list.csv)
	$(COURSE) release $(A) --out release $(if $(ROSTER),--roster $(ROSTER))

check: $(STAMP)  ## look an assignment over before handing it in (A=1, or IN=notebook)
	$(COURSE) check $(if $(IN),$(IN),$(wildcard release/$(A)_*/$(A)_*.ipynb))

grade: $(STAMP)  ## mark submissions: A=1 IN=folder OUT=grades.csv (ROSTER, DUE, LATE=zero, JOBS)
	$(COURSE) grade $(A) $(IN) $(OUT) $(if $(ROSTER),--roster $(ROSTER)) $(if $(DUE),--due $(DUE)) $(if $(LATE),--late $(LATE)) $(if $(JOBS),--jobs $(JOBS))

feedback: $(STAMP)  ## put marked essays into the table and the pages (OUT=grades.csv)
	$(COURSE) feedback $(OUT)

lint: $(STAMP)  ## check style, spelling, and that no notebook stores outputs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
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
