# Needs make and Python 3.11 or newer, nothing else. Everything is installed into .venv, from locks with hashes.

PYTHON :=
MODEL :=
ARGS :=
NAME :=
UPGRADE :=
JOBS := auto

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
RUN := .venv/.run
DEV := .venv/.dev
SIDE_BY_SIDE = -n $(JOBS) --dist worksteal
FIRST_LINES := awk 'FNR == 1 { name = FILENAME; gsub(/.*\/|\.py$$/, "", name); gsub(/"""/, ""); print name ": " $$0 }'

.DEFAULT_GOAL := help
.PHONY: help demo test chaos lint types contracts check bench page page-check page-types docs screenshots wheel migration lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUN) page ## draft, review and export 10,000 tickets, without any key; with one: make demo MODEL=gpt-4o-mini
	@$(BIN)/prelabel demo $(if $(MODEL),--model $(MODEL)) $(ARGS)

test: $(DEV) page ## all tests but the slow ones; some of them: make test ARGS="-k review"
	@$(BIN)/pytest $(SIDE_BY_SIDE) $(ARGS)

chaos: $(DEV) ## the slow tests: they kill real processes and look for what was lost, and walk through all of docs/walk-through.md
	@$(BIN)/pytest tests/chaos tests/docs -m slow $(SIDE_BY_SIDE) $(ARGS)

lint: $(DEV) ## style and common mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(DEV) ## mypy, strict
	@$(BIN)/mypy

contracts: $(DEV) ## who may import whom
	@$(BIN)/lint-imports

check: lint types contracts page-check test ## all of these, one after the other

bench: $(DEV) ## the list of benchmarks; one of them: make bench NAME=replay ARGS="FILE"
	@$(if $(NAME),$(BIN)/python -m benchmarks.$(NAME) $(ARGS),$(FIRST_LINES) benchmarks/[a-z]*.py)

page: | $(RUN) ## build the page anew, if its sources have changed
	@$(BIN)/python hatch_build.py

page-check: $(DEV) page ## style, types and unit tests of the page, and that its client has the API's types
	@$(BIN)/python hatch_build.py check
	@scripts/page-types && git diff --exit-code --stat web/src/lib/schema.d.ts

page-types: $(DEV) page ## write the types of the page's client from the API
	@scripts/page-types

docs: $(DEV) ## write the pages that come from the code: docs/cli.md, docs/settings.md, docs/rights.md
	@$(BIN)/python -m prelabel.cli.reference docs
	@$(BIN)/python -m prelabel_api.rights > docs/rights.md

screenshots: $(DEV) page ## write docs/pictures from the page as it is
	@scripts/screenshots $(ARGS)

wheel: $(DEV) ## build the wheel into dist/, install it elsewhere and start it
	@scripts/check-wheel

migration: $(DEV) ## write the migration from the newest one to the models: make migration NAME="add comments"
	@test -n "$(NAME)" || { echo 'say what changes, as in: make migration NAME="add comments"' >&2; exit 1; }
	@scripts/new-migration "$(NAME)"

lock: ## resolve the dependencies anew and write requirements/*.lock; to the newest versions: make lock UPGRADE=1
	@scripts/lock $(if $(UPGRADE),--upgrade)

clean: ## remove .venv and everything else that was made
	rm -rf .venv dist build .demo web/node_modules api/prelabel_api/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/pip:
	@python="$$(scripts/find-python $(PYTHON))" && "$$python" -m venv .venv

$(RUN): pyproject.toml requirements/run.lock requirements/build.lock | $(BIN)/pip
	@echo "installing into .venv what requirements/run.lock says (once; a minute or two)"
	@$(PIP) --require-hashes -r requirements/run.lock -r requirements/build.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(DEV): pyproject.toml requirements/dev.lock | $(BIN)/pip
	@echo "installing into .venv what requirements/dev.lock says (once; a minute or two)"
	@$(PIP) --require-hashes -r requirements/dev.lock
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $(RUN) $@
