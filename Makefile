# Two commands do everything on a fresh machine: `make html` and `make test`.
# `make VENV=path ...` uses an environment that exists instead of .venv and installs nothing.

VENV := .venv
PYTHON := python3
NOTEBOOKS := notebooks
export PATH := $(abspath $(VENV))/bin:$(PATH)

# Runs are the same on all x86-64 processors with AVX2: no GPU, one thread, no wider instructions.
# Sums are added up in another order otherwise, and training amplifies the difference.
export CUDA_VISIBLE_DEVICES :=
export OMP_NUM_THREADS := 1
export ATEN_CPU_CAPABILITY := avx2
export ONEDNN_MAX_CPU_ISA := AVX2
export MKL_CBWR := AVX2
export OPENBLAS_CORETYPE := Haswell
unexport MPLBACKEND

CHAPTERS := $(patsubst book/%.md,notebooks/%.ipynb,$(wildcard book/[0-9][0-9]_*.md))
NBVAL := python -m pytest --nbval --nbval-cell-timeout=120 --nbval-sanitize-with=tests/sanitize.cfg \
	-n auto --dist loadscope -p no:cacheprovider -q
BUILD := jupyter-book build . --builder html --all -W --keep-going -q

# An environment that was named is used as it is; our own is made once, with what a target needs.
ifeq ($(VENV),.venv)
SITE := .venv/site
FULL := .venv/full
endif

.PHONY: help html pdf notebooks test check nbval bench serve lab clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

html: $(SITE)  ## build the site from the stored outputs into _build/html
	$(BUILD)
	@echo "The site is in _build/html; \`make serve\` shows it."

pdf: $(FULL) html  ## print the site as one PDF, _build/executable_pytorch.pdf (needs Chromium)
	python -m tools.pdf

notebooks: $(CHAPTERS)  ## execute the chapters whose text changed (-j2: two at a time)

notebooks/%.ipynb: book/%.md tools/execute.py tools/chapters.py requirements.txt | $(FULL)
	python -m tools.execute $<

test: check nbval html  ## check, run every notebook and compare, build the site, try it in a browser
	python -m pytest tests -p no:cacheprovider -q -n auto --dist loadfile

check: $(FULL)  ## sources against notebooks, concordance, hygiene, lint: seconds, runs nothing
	python -m tools.check

nbval: $(FULL)  ## run every notebook and compare each output, figures included
	$(NBVAL) $(NOTEBOOKS)

bench: $(FULL)  ## measure the book: seconds, memory, weight (not a test)
	python -m tools.bench

serve: html  ## show the site at http://localhost:8000
	python -m http.server --bind 127.0.0.1 --directory _build/html 8000

lab: $(FULL)  ## open the notebooks in JupyterLab
	jupyter lab notebooks

clean:  ## remove what was built; .venv stays
	rm -rf _build

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/site: requirements-site.txt | .venv/bin/python
	pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv/full: requirements.txt requirements-site.txt | .venv/bin/python
	pip install --quiet --disable-pip-version-check -r $<
	@touch $@ .venv/site
