# The only commands that the README and CI use. The environment is .venv.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install demo check format test test-pins test-rapids test-agreement gpu-report bench \
	bench-quick clean

help:
	@echo "make install    .venv with cfdist in it"
	@echo "make demo       demo data, training, a look at the result"
	@echo "make check      format, lint, types, layers"
	@echo "make test       all tests, 12 minutes at most"
	@echo "make test-pins  the same with the versions that RAPIDS pins"
	@echo "make test-rapids     against the real RAPIDS wheels, without a GPU: 7 GB, 5 minutes"
	@echo "make test-agreement  both backends on larger data, on the stand-ins for RAPIDS"
	@echo "make gpu-report      on a machine with a GPU: does it agree, how long does it take"
	@echo "make bench      all of docs/benchmarks.md, measured here; DATA=FOLDER: real data, too"
	@echo "make bench-quick  3 minutes: has a ratio to a peer fallen? KEEP=1: store them"

install: .venv/installed

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[demo,dev]"
	-$(BIN)/cfdist doctor --warm > /dev/null
	touch $@

demo: install
	$(BIN)/cfdist demo

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest --doctest-modules --doctest-ignore-import-errors cfdist --ignore=cfdist/cli

test-pins:
	$(PYTHON) -m venv .venv-pins
	.venv-pins/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
	.venv-pins/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint tests/rapids-pins.txt --editable ".[demo,dev]"
	.venv-pins/bin/python -m pytest

test-rapids: .venv-rapids/installed
	.venv-rapids/bin/python -m pytest tests/rapids

.venv-rapids/installed: pyproject.toml tests/rapids/requirements.txt
	$(PYTHON) -m venv .venv-rapids
	.venv-rapids/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=24"
	.venv-rapids/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint tests/rapids/requirements.txt --editable ".[cu12,dev]"
	touch $@

test-agreement: install
	$(BIN)/python benchmarks/gpu_agreement.py

gpu-report:
	-$(PYTHON) -m pytest -m gpu tests/gpu
	$(PYTHON) benchmarks/gpu_report.py

bench: .venv/benches
	$(BIN)/python benchmarks/suite.py $(if $(DATA),--data $(DATA))

bench-quick: .venv/benches
	$(BIN)/python benchmarks/quick.py $(if $(KEEP),--keep)

.venv/benches: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[bench]"
	touch $@

clean:
	rm -rf .venv .venv-pins .venv-rapids .mypy_cache .ruff_cache .pytest_cache .hypothesis
