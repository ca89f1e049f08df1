# Everything a person runs. Each target makes what it needs; only Python 3.11 has to be there.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

.PHONY: help run down test simulate lint lock clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.ready: requirements.txt requirements/dev.txt requirements/runtime.in pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
		{ echo "signalq-billing needs Python 3.11 as '$(PYTHON)'. Name another: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "setting up $(VENV) (first time only) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --system-certs --compile-bytecode --python $(BIN)/python -r requirements.txt -r requirements/dev.txt || \
		{ echo "uv could not install the requirements; trying pip" >&2; \
		  $(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements/dev.txt; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(VENV)/.ready ## start everything on this machine, pay the last periods of sample parks, leave it running
	@$(BIN)/signalq-billing dev up --detach
	@$(BIN)/signalq-billing dev seed
	@$(BIN)/signalq-billing dev demo

down: ## end everything `make run` started; its data stays in .devstack
	@test ! -x $(BIN)/signalq-billing || $(BIN)/signalq-billing dev down

test: $(VENV)/.ready $(VENV)/tools/promtool browser lint ## everything: lint, then all tests, with a real PostgreSQL and a real Airflow
	@$(BIN)/python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

simulate: $(VENV)/.ready ## play SEEDS=10000 schedules of submit and reconcile from FIRST=0 on, or one SEED=123 with its trace
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000) --first $(or $(FIRST),0))

lint: $(VENV)/.ready ## ruff, mypy --strict and import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

.PHONY: crashes
crashes: $(VENV)/.ready ## kill processes at every boundary and pair of boundaries, with a progress bar; takes hours
	@SIGNALQ_BILLING_CRASHES=all $(BIN)/python -m pytest tests/faults -q -s

$(VENV)/tools/promtool: tests/monitoring/fetch_prometheus.sh
	@bash $< $(@D)
	@touch $@

.PHONY: browser
browser: ## a Chromium for the tests: Debian's is installed where there is none
	@bash tests/find_browser.sh

.PHONY: dashboard
dashboard: $(VENV)/.ready ## write monitoring/grafana/dashboards/signalq-billing.json anew
	@$(BIN)/python monitoring/grafana/build_dashboard.py

.PHONY: bench
bench: $(VENV)/.bench ## measure against what else one would use, SIZE=small (default) or full, ONLY=one case; writes docs/performance.md
	@$(BIN)/python -m benchmarks --size $(or $(SIZE),small) $(addprefix --only ,$(ONLY))

$(VENV)/.bench: $(VENV)/.ready requirements/bench.txt
	@$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python -r requirements/bench.txt || \
		$(BIN)/pip install --quiet --disable-pip-version-check -r requirements/bench.txt
	@touch $@

lock: $(VENV)/.ready ## pin every dependency anew from requirements/*.in
	@$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header \
		requirements/runtime.in -o requirements.txt
	@$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header \
		requirements/dev.in -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header \
		requirements/bench.in -o requirements/bench.txt

clean: down ## end everything, and remove what was set up, data included
	@rm -rf $(VENV) .devstack .bench .mypy_cache .ruff_cache .hypothesis build *.egg-info
