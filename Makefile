# Plumbline: `make demo` shows it, `make test` tests it. Both are safe to run twice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
DEMO := demo

.PHONY: install install-dev debian demo test bench lint format clean

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,postgresql]'
	touch $(VENV)/.installed $@

# What tests need of Debian, only where it is missing: a browser with fonts, and a PostgreSQL server.
debian:
	@missing=""; \
	command -v chromium >/dev/null || missing="chromium fonts-dejavu-core fonts-liberation"; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$$missing postgresql"; \
	[ -z "$$missing" ] || { \
		echo "installing from Debian: $$missing" >&2; \
		SUDO=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
		$$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			$$SUDO apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }

demo: install
	$(BIN)/plumbline simulate --if-missing --workspace $(DEMO) --contacts 50000 --seed 7
	$(BIN)/plumbline init --yes --workspace $(DEMO)
	$(BIN)/plumbline load --workspace $(DEMO)
	$(BIN)/plumbline dashboard --workspace $(DEMO)

test: install-dev debian
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 15 tests

bench: install-dev
	$(BIN)/python -m tests.benchmarks

lint: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(DEMO) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
