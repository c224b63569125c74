# make run    the main job on the bundled data: sets up .venv, runs configs/erc.yaml, writes reports/erc/
# make test   the gate: the same set-up, then format, lint, types, import contracts and tests
# make bench  speed, side by side; make peers  the risk engine beside other packages, in an environment of its own
# make paths  whole runs by other backtesters, which the tests compare with, in environments of their own; and speed
# make lock   pins the newest releases (needs uv)

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test types imports bench peers paths lock clean

run: $(READY)
	$(BIN)/python -m backtest run configs/erc.yaml

test: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory --jobs=2 types imports
	$(BIN)/python -m pytest -q -n auto --cov --cov-report=term:skip-covered --cov-fail-under=95

types: $(READY)
	$(BIN)/mypy

# beside the types, which keep one core busy: else each of the processes that test would compile the kernels
imports: $(READY)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/compile_kernels.py

bench: $(READY)
	$(BIN)/python benchmarks/simulation_speed.py
	$(BIN)/python benchmarks/bt_run_speed.py
	$(BIN)/python benchmarks/run_speed.py
	PYTHONPATH=. $(BIN)/python benchmarks/page_speed.py
	$(BIN)/python benchmarks/estimation_speed.py
	$(BIN)/python benchmarks/cache_speed.py --large

peers: .venv-peers/.ready
	PYTHONPATH=. .venv-peers/bin/python benchmarks/peers.py

paths: $(READY) .venv-peers/.ready .venv-zipline/.ready
	PYTHONPATH=. .venv-peers/bin/python benchmarks/peer_paths.py bt cvxportfolio vectorbt backtrader
	PYTHONPATH=. .venv-zipline/bin/python benchmarks/peer_paths.py zipline
	PYTHONPATH=. $(BIN)/python benchmarks/peer_speed.py

.venv-%/.ready: requirements/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

$(READY): requirements/lock.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --group dev --upgrade --no-header --quiet \
	  pyproject.toml --output-file requirements/lock.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --group peers --upgrade --no-header --quiet \
	  pyproject.toml --output-file requirements/peers.txt
	uv pip compile --universal --generate-hashes --python-version 3.11 --group zipline --upgrade --no-header --quiet \
	  --output-file requirements/zipline.txt

clean:
	rm -rf .venv .venv-peers .venv-zipline .mypy_cache .ruff_cache .pytest_cache .hypothesis
