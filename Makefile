# `make run` and `make test` are all that a fresh machine needs: Python >= 3.11, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := samples

.PHONY: run test lint format bench faults clean

run: $(VENV)/installed
	@$(BIN)/etl run $(SOURCES)
	@echo
	@$(BIN)/etl status
	@echo
	@echo "Try next:"
	@echo "  $(BIN)/etl explain samples/damaged/lost-wallet.txt"
	@echo "  $(BIN)/etl rejects list"
	@echo "  $(BIN)/etl db shell -c \"SELECT occurred_on, kind, station, place, outcome FROM incidents ORDER BY 1\""

test: $(VENV)/installed lint
	$(BIN)/pytest

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	$(BIN)/python -m benchmarks

faults: $(VENV)/installed
	$(BIN)/python -m tests.faults

clean:
	rm -rf $(VENV) build dist

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@
