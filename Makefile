# `make demo` and `make test` work on a fresh clone with Python 3.11+ and make; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DENO := $(CURDIR)/$(BIN)/deno
GATEWAY := src/admin_crm/local/gateway
PACKAGES := --editable '.[all,local-postgres]' --group dev

# More workers than two cores: a test mostly waits for its server.
WORKERS ?= 3
PYTEST := $(BIN)/pytest -n $(WORKERS) --dist loadgroup
# Where it is set, every worker of every run compiles all tests and the library anew.
unexport PYTHONDONTWRITEBYTECODE
# Each test with each choice of parameters once, sync or async, on one engine or the other; BY_TURNS= runs everything on both.
BY_TURNS ?= --by-turns
# What only tests the local stack, which is no part of the library's coverage gate.
LOCAL_TESTS := $(wildcard tests/integration/test_local_*.py tests/unit/test_function_rules.py)
LOCAL_FILES := src/admin_crm/local src/admin_crm/cli/project.py $(LOCAL_TESTS) tests/functions tests/conftest.py tests/shops.py tests/shop_facts.py
# All of such a file runs on one engine: on the other, three workers need not import it.
ONCE := $(shell grep -lzP '(?m)^pytestmark = (\[\s*)?pytest\.mark\.once\b' tests/integration/test_*.py)
LIBRARY_TESTS := tests/unit tests/integration $(LOCAL_TESTS:%=--ignore=%)
# The engine 'postgrest' runs here.
POSTGREST := $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -))

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-library coverage test-local run-local-tests check bench bench-quick chaos notebooks docs public-api dist audit clean

help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

# RESOLUTION=lowest-direct installs the lowest versions that pyproject.toml allows.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1' $(if $(RESOLUTION),uv)
ifdef RESOLUTION
	$(BIN)/uv pip install --quiet --python $(BIN)/python --upgrade --resolution $(RESOLUTION) $(PACKAGES)
else
	$(BIN)/pip install --quiet $(PACKAGES)
endif
	touch $(READY)

setup: $(READY) ## create .venv with every extra and the development tools

demo: $(READY) ## a guided tour on a local Supabase
	$(BIN)/admin-crm demo

test: test-library test-local ## every test

# The embedded Postgres of a test does too little for V8 to compile it a second time, optimized.
test-library coverage run-local-tests docs: export DENO_V8_FLAGS := --liftoff-only

test-library: $(READY) ## the library, on PostgREST with PostgreSQL and on Supabase Lite
ifdef POSTGREST
# What says nothing of the engine runs on the quicker one.
	ADMIN_CRM_LOCAL_ENGINE=postgrest $(PYTEST) $(BY_TURNS) $(LIBRARY_TESTS)
	$(PYTEST) $(BY_TURNS) tests/integration $(LOCAL_TESTS:%=--ignore=%) $(ONCE:%=--ignore=%) -m 'not once'
else
	$(PYTEST) $(LIBRARY_TESTS)
endif

# All choices, sync and async. Not 100: a line or two run only when threads or processes meet in a certain order.
# Measuring takes as long as a third of the tests.
coverage: $(READY) ## the coverage of the library by its tests, with the gate
	$(if $(POSTGREST),ADMIN_CRM_LOCAL_ENGINE=postgrest) $(PYTEST) $(LIBRARY_TESTS) --cov --cov-report=term --cov-fail-under=99.9

test-local: $(READY) ## the local stack; skipped where it passed on the same files (FORCE=1 runs it)
	@$(BIN)/python tools/unless_passed.py test-local $(LOCAL_FILES) -- $(MAKE) --no-print-directory run-local-tests

run-local-tests: $(READY)
	$(PYTEST) $(LOCAL_TESTS)
ifdef POSTGREST
	ADMIN_CRM_LOCAL_ENGINE=postgrest $(PYTEST) -m 'not once' $(filter tests/integration/%,$(LOCAL_TESTS))
endif

check: $(READY) ## formatting, linting, types, the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/mypy
	$(BIN)/mypy tests/typing_api.py
	$(BIN)/lint-imports --no-logo
	cd $(GATEWAY) && $(DENO) fmt --check . ../supabase/functions && $(DENO) lint --quiet . ../supabase/functions
	cd $(GATEWAY) && $(DENO) check --quiet --unstable-raw-imports main.ts ../supabase/functions/*/index.ts

chaos: $(READY) ## ten thousand operations over faults, and bulk operations that are killed, checked in the database
	$(BIN)/python -m chaos

bench: $(READY) ## ours against handwritten supabase-py, on the shop's own database and on a replay server; 20 minutes
	$(BIN)/python bench/run.py

bench-quick: $(READY) ## the same with a small shop, one turn; under 4 minutes
	$(BIN)/python bench/run.py --quick --runs 1

notebooks: $(READY) ## run the notebooks of the documentation, and make their pages
	$(BIN)/python tools/notebooks.py

docs: $(READY) ## the documentation, without warnings; whatever it shows runs: blocks, commands, notebooks, examples
	$(BIN)/zensical build --strict --clean
	$(if $(POSTGREST),ADMIN_CRM_LOCAL_ENGINE=postgrest) $(PYTEST) tests/docs

public-api: $(READY) ## write down the public API, which a test compares
	$(BIN)/python tools/public_api.py

dist: $(READY) ## build wheel and sdist, install the wheel in empty environments, and use it there
	$(BIN)/python tools/dist.py

audit: $(READY) ## known vulnerabilities of what a user would install today; asks the package index
	$(BIN)/uv pip compile --quiet --all-extras pyproject.toml --output-file $(VENV)/audit.txt
	$(BIN)/uv tool run 'pip-audit>=2.9' --strict --no-deps --disable-pip --requirement $(VENV)/audit.txt

clean: ## remove what was built here
	rm -rf $(VENV) .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist site
