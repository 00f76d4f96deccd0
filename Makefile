# Needs Python 3.10 to 3.13 with venv, make, and a package index; nothing else.
# PYTHON=/path/to/python3.12 make ... takes another interpreter.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
WORKERS ?= 2


N ?= 100
SEED ?= 1

.PHONY: help environments demo test test-all test-pythons fuzz lint goldens bench corpus docs clean

help:
	@echo "make demo          run samples/digits on plain Python, Kubeflow, Airflow and Metaflow, and compare"
	@echo "make test          the whole test suite ($(WORKERS) workers)"
	@echo "make test-all      that, and the samples with all their parameters on every orchestrator"
	@echo "make environments  what tests need that cannot be installed beside the rest (Airflow 2, a provider)"
	@echo "make test-pythons  the tests that need no orchestrator, on every Python that this machine has"
	@echo "make fuzz          N=100 random modules (SEED=1) on plain Python and every target, $(WORKERS) processes; ARGS=--help"
	@echo "make lint          ruff, mypy, import contracts"
	@echo "make goldens       write the committed outputs of samples and cases anew"
	@echo "make docs          write the generated parts of README.md and docs/ anew"
	@echo "make bench         measure against the KFP compiler, into docs/performance.md"
	@echo "make corpus        read existing pipelines of all orchestrators, and count, into docs/migration.md"
	@echo "make clean         remove what the above made"

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 to 3.13 with venv found; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip

$(VENV)/demo: pyproject.toml samples/requirements.txt | $(BIN)/python
	$(PIP) install --quiet --editable '.[all]' --requirement samples/requirements.txt
	@touch $@

$(VENV)/dev: pyproject.toml samples/requirements.txt | $(BIN)/python
	$(PIP) install --quiet --editable '.[all,dev]' --requirement samples/requirements.txt
	@touch $@ $(VENV)/demo

# what cannot be installed beside the rest
$(VENV)/environments/%/ready: tests/environments/%.txt | $(BIN)/python
	$(BIN)/python -m venv $(@D)
	$(@D)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@touch $@

environments: $(patsubst tests/environments/%.txt,$(VENV)/environments/%/ready,$(wildcard tests/environments/*.txt))

demo: $(VENV)/demo
	$(BIN)/pipec verify samples/digits

test: $(VENV)/dev environments
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

test-all: $(VENV)/dev environments
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m ""

test-pythons:
	@test -n "$(PYTHON)" || { echo "make: no Python 3.10 to 3.13 found; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) tests/pythons.py

fuzz: $(VENV)/dev
	$(BIN)/python -m tests.fuzz $(N) --seed $(SEED) --jobs $(WORKERS) $(ARGS)

lint: $(VENV)/dev
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

goldens: $(VENV)/dev
	@# pytest-snapshot reports every file that it writes as an error
	$(BIN)/python -m pytest -q -k committed tests/test_golden.py --snapshot-update > /dev/null || true
	$(BIN)/python -m pytest -q tests/test_golden.py

docs: $(VENV)/dev
	$(BIN)/python docs/generate.py

bench: $(VENV)/dev
	$(BIN)/python benchmarks/compile.py --write docs/performance.md

corpus: $(VENV)/dev
	$(BIN)/python -m tests.reading.corpus --write docs/migration.md

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
