# Everything a person or CI does with Houselights. `make help` lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
SYNC := $(VENV)/.synced
RUNS := $(VENV)/.synced-to-run
WEIGHTS := edge_lambda/models/centerface.onnx edge_lambda/models/libfacedetection.safetensors
CHECKED := hatch_build.py audience edge_lambda ingest_lambda board_page houselights dashboard sample_data timeline_files bench training tests

CHECKS := build/checks
SAM := SAM_CLI_TELEMETRY=0 $(CHECKS)/sam/bin/sam
# profile=NAME and region=NAME of AWS, for the targets that ask an account.
ACCOUNT = $(if $(profile),--profile "$(profile)") $(if $(region),--region "$(region)")
STACK = $(if $(stack),$(stack),houselights)

.PHONY: help demo local-cloud test thorough check checks format messages train train-cloud bench package component deploy-model licences wheel release preflight deploy deploy-claims verify restore teardown clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Houselights needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==0.13.8"

# uv itself lives in the same environment, so a sync must not clean it away (--inexact). Building the package fetches the
# detectors' weights: it is built again wherever some are missing.
.PHONY: fetch-weights
$(SYNC): pyproject.toml uv.lock hatch_build.py $(if $(filter-out $(wildcard $(WEIGHTS)),$(WEIGHTS)),fetch-weights) | $(UV)
	$(UV) sync --frozen --inexact --reinstall-package houselights --extra demo --extra cloud --extra dev
	@touch $@

# What the commands and pages need, and nothing of the developers'.
$(RUNS): pyproject.toml uv.lock hatch_build.py $(if $(filter-out $(wildcard $(WEIGHTS)),$(WEIGHTS)),fetch-weights) | $(UV)
	$(UV) sync --frozen --inexact --reinstall-package houselights --no-dev --extra demo
	@touch $@

demo: $(RUNS) ## Score a clip (VIDEO=file for your own), load the sample sessions, serve the pages
	$(BIN)/houselights demo $(if $(VIDEO),--video "$(VIDEO)")

local-cloud: $(SYNC) ## Run the cloud path on this machine, to try it all without an account
	$(BIN)/houselights local-cloud

test: $(SYNC) ## Run every test, those in a real browser included
	@$(BIN)/python -m tests.browser
	@$(BIN)/python -m tests.contracts.dynalite
	@$(BIN)/python -m tests.mosquitto
	@$(BIN)/python -m tests.two_dashboards
	@$(BIN)/python -m tests.outside.tracing
	@$(MAKE) --no-print-directory checks || echo "The checks of infra/template.yaml will be skipped." >&2
	@# A third of a test's time is waiting: three at once keep two cores busy. By file, since its tests share servers.
	@# Bytecode is kept whatever the machine says: hundreds of processes start, and each would compile what it imports.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 2

thorough: $(SYNC) ## Run the tests of wild inputs with 20,000 examples each: hours, now and then
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=thorough --timeout=0 -o faulthandler_timeout=0

check: $(SYNC) ## Format, lint, types and the rules of the rooms
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/mypy hatch_build.py
	$(BIN)/python -m pytest -q tests/architecture

# Translators edit audience/catalogues/*.po; a new language is a copy of one, and a line in audience/language.py.
CATALOGUES = $(wildcard audience/catalogues/*.po)
messages: $(SYNC) ## Take new and changed sentences into the catalogues of the pages' languages
	@template=$$(mktemp --suffix=.pot) && trap 'rm -f "$$template"' EXIT && \
	$(BIN)/pybabel -q extract --mapping-file pyproject.toml --add-location file --sort-by-file --no-wrap \
	  --output-file "$$template" audience dashboard edge_lambda && \
	for catalogue in $(CATALOGUES); do \
	  $(BIN)/pybabel -q update --input-file "$$template" --output-file "$$catalogue" --no-wrap --ignore-obsolete \
	    --no-fuzzy-matching --ignore-pot-creation-date --locale "$$(basename "$$catalogue" .po)" && \
	  sed -i -E '/^"(Report-Msgid-Bugs-To|PO[T-][^:]*-Date|Last-Translator|Language-Team|Generated-By):/d; s/^"(Project-Id-Version:).*/"\1 Houselights\\n"/' \
	    "$$catalogue" || exit 1; \
	done

format: $(SYNC) ## Format the code
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

# PyPI's PyTorch for Linux brings CUDA along, 2.6 GB; the same release for processors alone is a tenth of that.
TORCH_AND_ONNX = "torch==2.13.0" "onnx==1.23.2"
train: $(SYNC) ## Train ExpressionNet anew, or your own: make train [data=FOLDER out=FILE] [epochs=40] [torch=auto for CUDA]
	@$(BIN)/python -c 'import torch, onnx' 2>/dev/null || \
	  $(UV) pip install --quiet --torch-backend=$(or $(torch),cpu) $(TORCH_AND_ONNX) || { \
	  echo "download.pytorch.org cannot be reached: the PyTorch of PyPI is installed, with CUDA, 2.6 GB" >&2; \
	  $(UV) sync --frozen --inexact --extra edge --extra train; }
	$(BIN)/python -m training $(foreach corpus,$(data),--data "$(corpus)") $(if $(out),--out "$(out)") \
	  $(if $(epochs),--epochs "$(epochs)")

train-cloud: $(SYNC) ## Train as a SageMaker job: make train-cloud role=ARN data="A.zip B.zip" [epochs=N] [hours=N] [instance=TYPE], or job=NAME
	$(BIN)/python -m houselights.deploying train-cloud --stack "$(STACK)" $(if $(role),--role "$(role)") \
	  $(foreach file,$(data),--data "$(file)") $(if $(epochs),--epochs "$(epochs)") $(if $(hours),--hours "$(hours)") \
	  $(if $(instance),--instance "$(instance)") $(if $(price),--price "$(price)") $(if $(job),--job "$(job)") $(ACCOUNT)

bench: $(SYNC) ## Run one bench: make bench NAME=detect; without a name: which there are
	@$(BIN)/python -m bench $(or $(NAME),--help)

# Each in an environment of its own: their pins fit neither ours nor each other's.
$(CHECKS)/%/.synced: infra/checks/pyproject.toml infra/checks/uv.lock | $(UV)
	@UV_PROJECT_ENVIRONMENT="$(CURDIR)/$(CHECKS)/$*" $(UV) sync --quiet --frozen --project infra/checks --only-group $*
	@touch $@

checks: $(CHECKS)/sam/.synced $(CHECKS)/checkov/.synced ## Get the programs that check infra/template.yaml

package: $(SYNC) ## Make the function's package; with bucket=NAME [profile=NAME] send it there
	$(BIN)/python -m houselights.deploying package
ifdef bucket
	@$(MAKE) --no-print-directory $(CHECKS)/sam/.synced
	$(SAM) package --template-file infra/template.yaml --config-file "$(CURDIR)/infra/samconfig.toml" \
	  --s3-bucket "$(bucket)" --s3-prefix houselights --output-template-file build/packaged.yaml $(ACCOUNT)
endif

component: $(SYNC) ## Make the Greengrass component; with bucket=NAME [profile=NAME] send it there
	$(BIN)/python -m houselights.deploying component $(if $(bucket),--bucket "$(bucket)") $(ACCOUNT)

deploy-model: $(SYNC) ## Put a scorer's model on Greengrass cameras: make deploy-model model=FILE [bucket=NAME [to=GROUP]]
	@$(if $(model),,echo "Name the model's file: make deploy-model model=FILE" >&2; exit 2)
	$(BIN)/python -m houselights.deploying deploy-model "$(model)" $(if $(bucket),--bucket "$(bucket)") \
	  $(if $(to),--to "$(to)") $(ACCOUNT)

preflight: $(SYNC) ## Check the account before a deployment, and say what it makes and costs: make preflight profile=NAME
	@$(if $(plan),test -r "$(plan)" || { echo "There is no plan $(plan): write one with houselights plan --write $(plan)" >&2; exit 2; })
	@$(BIN)/python -m houselights.deploying preflight --stack "$(STACK)" $(if $(bucket),--bucket "$(bucket)") $(ACCOUNT) \
	  -- $(if $(plan),$$(grep -v '^\#' "$(plan)")) $(parameters)

verify: $(SYNC) ## Check that the deployed stack works: make verify profile=NAME [deliver=1] [report=FILE]
	@$(BIN)/python -m houselights.deploying verify --stack "$(STACK)" $(if $(deliver),--deliver) \
	  $(if $(report),--to "$(report)") $(ACCOUNT)

restore: $(SYNC) ## Restore the table as a new one: make restore profile=NAME [at=INSTANT]
	$(BIN)/python -m houselights.deploying restore --stack "$(STACK)" $(if $(at),--at "$(at)") $(ACCOUNT)

deploy: preflight package $(CHECKS)/sam/.synced ## Make or change the stack: make deploy profile=NAME [plan=FILE] [parameters="AlertEmail=you@example.org"]
	$(SAM) deploy --template-file infra/template.yaml --config-file "$(CURDIR)/infra/samconfig.toml" \
	  --stack-name "$(STACK)" --parameter-overrides Python=$$(cat build/package.python) \
	  $(if $(plan),$$(grep -v '^\#' "$(plan)")) $(parameters) \
	  $(if $(bucket),--no-resolve-s3 --s3-bucket "$(bucket)") $(ACCOUNT)

deploy-claims: $(if $(deliveries),package $(CHECKS)/sam/.synced) ## Let devices register themselves: make deploy-claims deliveries=BucketName profile=NAME
	@$(if $(deliveries),,echo "Name the stack's bucket: make deploy-claims deliveries=BucketName" >&2; exit 2)
	$(SAM) deploy --template-file infra/claims.yaml --config-file "$(CURDIR)/infra/samconfig.toml" \
	  --stack-name "$(STACK)-claims" --parameter-overrides Python=$$(cat build/package.python) \
	  BucketName="$(deliveries)" CameraPolicyName="$(STACK)-camera" $(parameters) $(ACCOUNT)

wheel: $(SYNC) ## Build wheel and source archive in dist/, and try the wheel in an empty environment
	$(BIN)/python -m houselights.deploying wheel

release: $(SYNC) ## Make a release: make release [version=1.2.3]; dates CHANGELOG.md, then as `make wheel`
	$(BIN)/python -m houselights.deploying release $(if $(version),--version "$(version)")

licences: $(SYNC) ## Write the list of third-party licences anew
	$(BIN)/python -m houselights.deploying licences

teardown: $(SYNC) ## Delete the stack: make teardown profile=NAME [data=1] [training=1]; asks, and says what is left
	$(BIN)/python -m houselights.deploying teardown --stack "$(STACK)" $(if $(data),--data) $(if $(training),--training) $(ACCOUNT)

clean: ## Remove the environment and everything made
	rm -rf $(VENV) build dist $(WEIGHTS) .pytest_cache .ruff_cache .mypy_cache .hypothesis
