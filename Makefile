# Two commands do everything on a fresh machine: `make html` and `make test`.
# `make VENV=path ...` uses an environment that exists instead of .venv and installs nothing.

VENV := .venv
PYTHON := python3
NOTEBOOKS := notebooks
PORT := 8000
export PATH := $(abspath $(VENV))/bin:$(PATH)

NBVAL := python -m pytest --nbval --nbval-cell-timeout=120 --nbval-sanitize-with=tests/sanitize.cfg \
	-n auto --dist loadscope -p no:cacheprovider -q
# What the pages need in a browser, and the tests of the pages; in the folder where npm puts it.
PACKAGES := node_modules/.package-lock.json
BUILD := jupyter-book build . --builder html --all -W --keep-going -q

# `make -B` executes chapters whose notebooks are what the text says, too.
FORCE := $(if $(findstring B,$(firstword -$(MAKEFLAGS))),--force)

# An environment that was named is used as it is. Our own is made with what a target needs, and made
# again where it is broken, half made, or made from another lock: by content, not by time.
ifeq ($(VENV),.venv)
  SITE_NEEDS := cat requirements-site.lock requirements-node.lock
  FULL_NEEDS := cat requirements.lock requirements-node.lock
  WORKS := .venv/bin/python -c "" 2>/dev/null
  FULL := $(if $(shell $(WORKS) && $(FULL_NEEDS) | cmp -s - .venv/full && echo made),,.venv/full)
  SITE := $(if $(FULL),$(if $(shell $(WORKS) && $(SITE_NEEDS) | cmp -s - .venv/site && echo made),,.venv/site))
  ifneq ($(filter-out help html links serve lock clean,$(MAKECMDGOALS)),)
    SITE := $(FULL)
  endif
else ifeq ($(wildcard $(VENV)/bin/python),)
  SITE := no-environment
  FULL := no-environment
endif

TOO_OLD := make: the book needs Python 3.11 or later; name one, as in: make PYTHON=python3.13
define ENVIRONMENT
@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and '$(TOO_OLD) $(MAKECMDGOALS)')"
rm -rf .venv
$(PYTHON) -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
endef
# npm of the machine, or the one of a Python package.
NPM := @command -v npm > /dev/null || .venv/bin/python -m pip install --quiet \
	--disable-pip-version-check --require-hashes -r requirements-node.lock

.PHONY: always $(SITE) $(FULL) help html pdf notebooks test check nbval bench serve links drift new format preview lab lock clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

html: $(SITE) $(PACKAGES)  ## build the site from the stored outputs into _build/html
	$(BUILD)
	@echo "The site is in _build/html; \`make serve\` shows it."

$(PACKAGES): package.json package-lock.json | $(SITE)
	python -m tools.npm ci --silent
	@touch $@

pdf: $(FULL) html  ## print the site as one PDF, _build/executable_pytorch.pdf (needs Chromium)
	python -m tools.pdf

notebooks: $(FULL)  ## execute the chapters whose text changed (-j2: two at a time; -B: all)
	@stale="$$(python -m tools.execute --stale $(FORCE))" && { [ -z "$$stale" ] || $(MAKE) --no-print-directory $$stale; }

notebooks/%.ipynb: always | $(FULL)
	@python -m tools.execute $(FORCE) $*

test: check nbval html  ## check, run every notebook and compare, build the site, try it in a browser
	python -m pytest tests -p no:cacheprovider -q -n auto --dist loadfile

check: $(FULL)  ## sources against notebooks, concordance, hygiene, lint: seconds, runs nothing
	python -m tools.check

nbval: $(FULL)  ## run every notebook and compare each output, figures included
	$(NBVAL) $(NOTEBOOKS)

bench: $(FULL)  ## measure the book: seconds, memory, weight (not a test)
	python -m tools.bench

serve: html  ## show the site at http://localhost:8000 (PORT= chooses another)
	@python -m tools.serve --port $(PORT)

links: $(SITE) $(PACKAGES)  ## follow every external address of the book (needs a network)
	jupyter-book build . --builder custom --custom-builder linkcheck --all --keep-going -q

drift: $(FULL)  ## run the book with TORCH=2.14.0 (or newest, nightly) and tell what differs
	@python -m tools.drift "$(TORCH)"

new: $(FULL)  ## begin a chapter, NAME=NN_name (PART= names a part that has no chapter yet)
	@python -m tools.new "$(NAME)" --part "$(PART)"

format: $(FULL)  ## format the code cells of the chapters in book/
	@python -m tools.format $(CHAPTER)

preview: $(FULL) $(PACKAGES)  ## show CHAPTER=NN_name while you write it: seconds after each change
	@python -m tools.preview --port $(PORT) "$(CHAPTER)"

lab: $(FULL)  ## open the notebooks in JupyterLab
	jupyter lab notebooks

lock:  ## write requirements*.lock from requirements*.txt (UPGRADE=yes: newer versions)
	@$(PYTHON) -m tools.lock $(if $(UPGRADE),--upgrade)

clean:  ## remove what was built; .venv stays
	rm -rf _build

no-environment:
	@echo "make: $(VENV) has no bin/python; create it with $(PYTHON) -m venv $(VENV), and install" \
		"requirements.lock into it; or leave VENV out" >&2; exit 2

.venv/site:
	$(ENVIRONMENT) requirements-site.lock
	$(NPM)
	@$(SITE_NEEDS) > .venv/site

.venv/full:
	$(ENVIRONMENT) requirements.lock
	$(NPM)
	@$(FULL_NEEDS) > .venv/full
