# Vigil. `make help` lists the targets.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES ?=
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help setup run stop test check eval bench month faults lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: $(VENV)/.installed ## Make the virtual environment and install the locked requirements

$(VENV)/.installed: requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Vigil needs Python 3.11 or newer; $(PYTHON) is older. Install one and say: make $(or $(MAKECMDGOALS),run) PYTHON=python3.12"; exit 1; }
	@echo "setup: virtual environment in $(VENV) (once; about 1 GB, a few minutes on a slow line)"
	@$(PYTHON) -m venv $(VENV) || { echo "setup: no virtual environment: is the disk full, or python3-venv missing?"; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv 2>/dev/null || echo "setup: uv is not to be had; going on with pip (slower)"
	@start=$$(date +%s); \
	if [ -x $(BIN)/uv ]; then pip="$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode"; \
	else pip="$(BIN)/python -m pip install -q --disable-pip-version-check"; fi; \
	for file in requirements.txt requirements-dev.txt; do \
	  echo "setup: $$file"; \
	  $$pip --require-hashes -r $$file || \
	  { echo "setup: $$file could not be installed: check the disk (df -h .) and the line to the package registry, then say make again"; exit 1; }; \
	done; \
	$$pip --no-deps -e . && echo "setup: done in $$(( $$(date +%s) - start )) s"
	@touch $@

run: setup ## Run everything: S3, demo web, inbox, Airflow; ends at an alert to look at (SOURCES=config/sources for the live web)
	@exec $(BIN)/vigil run $(if $(SOURCES),--sources $(SOURCES))

stop: ## Stop what an earlier `make run` left running
	@if [ -x $(BIN)/vigil ]; then $(BIN)/vigil stop; else echo "nothing to stop: not set up"; fi

test: setup ## Run all tests (loopback only, no root)
	@$(BIN)/python -m pytest -n 2

faults: setup ## Only the fault tests: kill -9 at every point, servers that are down, hostile pages
	@$(BIN)/python -m pytest -v tests/faults

check: setup ## Lint, types, import contracts, YAML, DAG structure: what CI runs beside the tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/yamllint -s .
	$(BIN)/vigil sources check --offline config/sources config/demo
	$(BIN)/python -m pytest -q tests/dags

month: setup ## A simulated month of crawling against a local web, as a table (DAYS=3 SITES=20 for minutes; all 30 × 60: an hour)
	@$(BIN)/python -m tests.scrapers.month --days $(or $(DAYS),30) --sites $(or $(SITES),60) --poll $(or $(POLL),60)

eval: setup ## Detector quality on labelled texts (LABELS=FILE; default: tests/eval/unseen-*, which rules are never tuned on)
	@$(BIN)/vigil eval $(or $(LABELS),tests/eval/unseen-en.jsonl tests/eval/unseen-ru.jsonl tests/eval/unseen-uk.jsonl)

bench: setup ## Speed and memory against their floors, as one table kept in benchmarks/results (FIGURES="crawl feeds memory"; minutes)
	@$(BIN)/python -m benchmarks $(FIGURES) --keep

lock: setup ## Resolve requirements*.in into the locked files
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements.in -o requirements.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q requirements-dev.in -o requirements-dev.txt

clean: stop ## Remove the data, logs and the virtual environment
	@rm -rf var $(VENV) *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@echo "removed var/, $(VENV)/ and caches"
