PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint benchmark wheel clean help

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.package ## the main job, end to end: two checkpoints, controls, probes, and three reports
	$(BIN)/worldassay demo

test: .venv/.dev ## linters, types, import contracts and every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: .venv/.dev ## mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

benchmark: .venv/.dev ## side-by-side timings
	for f in benchmarks/*.py; do $(BIN)/python $$f || exit 1; done

wheel: .venv/.dev ## build the wheel into dist/
	$(BIN)/pip wheel --no-deps -w dist .

clean: ## remove the environment and what was built
	rm -rf .venv build dist *.egg-info

# torch first, by its exact version: a range would fetch another build.
.venv/.package: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt torch==2.13.0 torchvision==0.28.0
	$(BIN)/pip install -q -c constraints.txt -e .
	touch $@

.venv/.dev: .venv/.package
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@
