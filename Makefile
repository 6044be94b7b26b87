# Everything a person or CI does with Houselights. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SYNC := $(VENV)/.synced
CHECKED := audience edge_lambda ingest_lambda houselights dashboard sample_data timeline_files bench training tests

.PHONY: help demo test check format train bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Houselights needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==0.13.8"

# uv itself lives in the same environment, so a sync must not clean it away (--inexact).
$(SYNC): pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --inexact --extra edge --extra dashboard --extra export --extra cloud --extra timelines --extra dev
	@touch $@

demo: $(SYNC) ## Score a clip (VIDEO=file for your own), load the sample sessions, serve the pages
	$(BIN)/houselights demo $(if $(VIDEO),--video "$(VIDEO)")

test: $(SYNC) ## Run every test, those in a real browser included
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.contracts.dynalite
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(SYNC) ## Format, lint, types and the rules of the rooms
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

format: $(SYNC) ## Format the code
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

train: $(SYNC) ## Train ExpressionNet anew (needs the faces: see training/MODEL_CARD.md)
	$(UV) sync --frozen --inexact --extra edge --extra train
	$(BIN)/python -m training

bench: $(SYNC) ## Run one bench: make bench NAME=detect
	$(BIN)/python -m bench $(NAME)

clean: ## Remove the environment and everything made
	rm -rf $(VENV) build .pytest_cache .ruff_cache .mypy_cache .hypothesis
