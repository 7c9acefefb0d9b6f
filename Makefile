# make demo   set up what is missing and judge the sample licences
# make test   set up what is missing and run every test
# make check  style and types only        make fast   the fast tests only
# make demo-matters   one document of each of the 22 matters: issued, verified, masked
# make serve-demo   two regions with their services and the page, on this machine
# make bench  benchmarks, ratios against their peers in the same run

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo demo-matters serve-demo test fast check bench clean

demo: $(VENV)/.demo
	@$(BIN)/python scripts/demo.py

demo-matters: $(VENV)/.demo
	@$(BIN)/python scripts/demo_matters.py

serve-demo: $(VENV)/.serve
	@$(BIN)/python scripts/serve_demo.py

test: $(VENV)/.test check
	$(BIN)/python -m pytest -q -n auto --dist worksteal

fast: $(VENV)/.test
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow"

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python benchmarks/run.py

$(VENV)/.demo: pyproject.toml setup.py scripts/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh demo
	@touch $@

$(VENV)/.serve: pyproject.toml setup.py scripts/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh serve
	@touch $@

$(VENV)/.test: pyproject.toml setup.py scripts/setup.sh src/elicense/crypto/_sm2.c
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh scripts/setup.sh test
	@touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests fixtures -name __pycache__ -prune -exec rm -rf {} +
