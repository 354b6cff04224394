# Undersigned. `make help` lists what can be asked for.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= demo-data
PORT   ?= 8000
WORKERS ?= 2
STAMP  := $(VENV)/.installed
# The browser's scripts: built by the installation, and again when a source of theirs has changed.
SCRIPTS := hatch_build.py $(wildcard frontend/src/*.ts frontend/*.json frontend/*.mjs) src/undersigned/web/static/embed.css

.PHONY: help setup demo serve test test-crash test-cluster check bench fmt lock clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(STAMP) ## make .venv with everything inside (done by the others when needed)

$(STAMP): requirements.txt pyproject.toml tools/make-venv $(SCRIPTS)
	@sh tools/make-venv "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(STAMP) ## replay November 2023 with made-up people, then keep serving it (PORT=8000, DATA=demo-data)
	@$(BIN)/undersigned demo --data $(DATA) --port $(PORT)

serve: $(STAMP) ## serve the site in DATA again
	@$(BIN)/undersigned serve --data $(DATA) --port $(PORT)

test: $(STAMP) check ## everything that must hold: style, types, directions, tests (WORKERS=2)
	@sh tools/test-packages
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test-crash: $(STAMP) ## kill the server 50 times on each kind of database (KILLS=50 SEED=1), fill a disk
	@$(BIN)/python -m tests.campaigns

test-cluster: $(STAMP) ## kill parts of examples/cluster under load; nothing acknowledged may be lost
	@sh tools/cluster-packages
	@$(BIN)/python -m tests.campaigns.cluster

check: $(STAMP) ## style, types and the direction of imports
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: $(STAMP) ## measure; prints a table, writes bench/results.json and docs/performance.md (FULL=1: all sizes)
	@sh tools/test-packages
	@$(BIN)/python -m bench

fmt: $(STAMP) ## put the code into its one form
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lock: $(STAMP) ## write requirements.txt anew (needs uv)
	@uv pip compile --quiet --generate-hashes --no-header --universal --no-strip-extras --upgrade --no-emit-find-links --no-emit-index-url --extra dev pyproject.toml -o requirements.txt

clean: ## remove .venv, caches and the demo's data
	@rm -rf $(VENV) $(DATA) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
