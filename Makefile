# `make` lists the targets. `make run` and `make test` are all that a clean clone needs.

PYTHON ?= python3
PYTHONS ?=
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check --no-compile
RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready
# two test processes a core: tests wait for browsers and for processes that they start
WORKERS = $(shell $(PYTHON) -c "import os; print(2 * os.cpu_count())")
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

# Most steps start Python many times, and compiling its modules each time would double their time.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test all-tests coverage quick quick-tests types imports dist-check lowest audit bench peers paths fuzz faults mutants lock clean

help:  ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN_READY)  ## Run configs/erc.yaml on the bundled data and write reports/erc/; sets up .venv first
	@echo "Running configs/erc.yaml"
	$(BIN)/python -m backtest run configs/erc.yaml

test: $(DEV_READY)  ## The gate: format, lint, types, import contracts, all tests, and the installed package
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs=2 types all-tests

quick: $(DEV_READY)  ## Format, lint, import contracts, types and the fast tests, in under a minute once mypy has its cache
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	@$(MAKE) --no-print-directory --jobs=2 types quick-tests

# the rules of the house, folders whose tests take seconds (without the whole runs that conftest.py excludes from
# coverage), and all doctests: 60 s of one core, half of it on two
HOUSE := $(addprefix tests/contracts/test_,architecture.py imports.py layout.py wording.py)
QUICK := $(HOUSE) tests/config tests/engine tests/numerics tests/risk tests/strategy backtest strategies

quick-tests: $(DEV_READY)
	$(PYTEST) -m "not no_cover" $(QUICK)

types: $(DEV_READY)
	$(BIN)/mypy

imports: $(DEV_READY)
	$(BIN)/lint-imports --no-cache

# begins beside `types`, which keeps one core busy; without the first command each test process would compile the kernels
all-tests: imports
	$(BIN)/python scripts/compile_kernels.py
	$(PYTEST)

coverage: $(DEV_READY)  ## Branch coverage of the tests of single parts; tracing them takes two minutes
	$(PYTEST) -m "not no_cover" --cov --cov-report=term:skip-covered --cov-fail-under=95

dist-check: $(DEV_READY)  ## Build sdist and wheel, install them with dependencies on each Python found, run them elsewhere
	$(BIN)/python scripts/check_distribution.py $(PYTHONS)

lowest: .venv-lowest/.ready  ## The tests with the lowest versions of the dependencies that pyproject.toml allows
	.venv-lowest/bin/python -m pytest -q -n $(WORKERS) --dist worksteal

audit: $(DEV_READY)  ## Known vulnerabilities of the pinned packages; asks a database on the network
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python $(PIP) pip-audit
	.venv-audit/bin/pip-audit --require-hashes --disable-pip --requirement requirements/run.txt

bench: export BACKTEST_TRIALS := off
bench: $(DEV_READY)  ## Speed of the program's parts, side by side
	$(BIN)/python benchmarks/simulation_speed.py
	$(BIN)/python benchmarks/bt_run_speed.py
	$(BIN)/python benchmarks/prepared_speed.py
	$(BIN)/python benchmarks/run_speed.py
	PYTHONPATH=. $(BIN)/python benchmarks/page_speed.py
	$(BIN)/python benchmarks/estimation_speed.py
	$(BIN)/python benchmarks/data/cache_speed.py --large
	$(BIN)/python benchmarks/data/file_speed.py
	PYTHONPATH=. $(BIN)/python benchmarks/sweep_speed.py
	PYTHONPATH=. $(BIN)/python benchmarks/data/live_speed.py

peers: .venv-peers/.ready  ## The risk solvers next to other packages, which get an environment of their own
	PYTHONPATH=. .venv-peers/bin/python benchmarks/peers.py

paths: $(DEV_READY) .venv-peers/.ready .venv-zipline/.ready  ## Whole runs and numbers of other packages, which the tests compare with
	PYTHONPATH=. .venv-peers/bin/python benchmarks/peer_paths.py bt cvxportfolio vectorbt backtrader
	PYTHONPATH=. .venv-zipline/bin/python benchmarks/peer_paths.py zipline
	PYTHONPATH=.:tests .venv-peers/bin/python benchmarks/peer_numbers.py
	PYTHONPATH=. $(BIN)/python benchmarks/peer_speed.py

SEED ?= $(shell date +%s)
CAMPAIGN = PYTHONPATH=.:tests $(BIN)/python -m campaigns.$@.$@_campaign --seed $(SEED) \
  $(if $(CASES),--cases $(CASES)) $(if $(CASE),--case '$(CASE)') $(if $(WRITE),--write)

# without its first step, compiling the kernels would count as a hang
fuzz: $(DEV_READY)  ## Odd configurations, files and arrays, in search of faults: SEED=1 CASES=1000, or SEED=1 CASE=file:17
	$(BIN)/python scripts/compile_kernels.py
	$(CAMPAIGN)

faults: $(DEV_READY)  ## Signals, failing disks and limits during commands: SEED=1 CASES=300, or SEED=1 CASE=17
	$(CAMPAIGN)

mutants: $(DEV_READY)  ## Random changes of the code that no test notices: SEED=1 CASES=200, or SEED=1 CASE=the name of one
	$(CAMPAIGN)

# the development tools first, then the lowest versions over them
.venv-lowest/.ready: requirements/dev.txt requirements/lowest.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	for file in $(filter requirements/%,$^); do \
	  $(@D)/bin/python $(PIP) --require-hashes --no-deps -r $$file || exit 1; done
	$(@D)/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-%/.ready: requirements/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP) --require-hashes --no-deps -r $<
	@touch $@

$(RUN_READY): requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@echo "Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@echo "Installing the $$(grep -c == $<) packages of $<, about 750 MB; this takes a minute or two"
	@$(BIN)/python $(PIP) --require-hashes --no-deps -r $<
	@echo "Installing the project"
	@$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV_READY): requirements/dev.txt $(RUN_READY)
	@echo "Installing the development tools of $<, another 500 MB; this takes a minute"
	@$(BIN)/python $(PIP) --require-hashes --no-deps -r $<
	@touch $@

LOCK := uv pip compile --universal --generate-hashes --python-version 3.11 --upgrade --no-header --quiet
LOWEST := $(LOCK) --resolution lowest-direct

lock:  ## Pin the newest releases in requirements/ (needs uv)
	$(LOCK) --group build pyproject.toml --output-file requirements/run.txt
	$(LOWEST) --extra garch --extra xlsx --extra cluster --extra live pyproject.toml --output-file requirements/lowest.txt
	$(LOCK) --group dev --constraints requirements/run.txt pyproject.toml --output-file requirements/dev.txt
	$(LOCK) --group peers pyproject.toml --output-file requirements/peers.txt
	$(LOCK) --group zipline --output-file requirements/zipline.txt

clean:  ## Remove the environments and the tools' caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis
