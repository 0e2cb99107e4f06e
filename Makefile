# Carbonseed's verbs. `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PIP := $(BIN)/pip install -q --disable-pip-version-check --require-hashes
COMPILE := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate \
  --custom-compile-command "make lock"
# Tests that may share a machine; those that drive browsers, boards, kills and containers run alone.
QUICK := $(addprefix tests/,appliance architecture bench firmware tui)
# Processes and browsers on a machine that is busy with other things fail now and then; what fails twice is wrong.
AGAIN = { [ $$? = 1 ] && echo "*** What failed is tried once more, alone. A test that needs this wants mending." && \
  $(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 10; }

.PHONY: assets help demo run test check fix bench pictures lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(INSTALLED) assets ## a living plant on this machine: appliance, database, twelve nodes, a month of history
	@exec $(BIN)/carbonseed up --demo --data-dir .demo

run: $(INSTALLED) assets ## an empty appliance on this machine
	@exec $(BIN)/carbonseed up --data-dir .run

test: check assets ## everything that must hold: style, types, import directions, all tests
	@sh tests/system_parts.sh
	@$(PIP) -r tests/spark.lock || echo "*** PySpark could not be installed: its test will be SKIPPED."
	$(BIN)/pytest -n 2 --dist loadfile $(QUICK) || $(AGAIN)
	$(BIN)/pytest tests $(QUICK:%=--ignore=%) || $(AGAIN)

check: $(INSTALLED) ## style, types and import directions only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(INSTALLED) ## bring the style in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED) assets ## the numbers of the README, as ratios in one run
	@$(PIP) -r tests/bench/bench.lock || echo "*** bottleneck and chdb could not be installed: they are left out."
	$(BIN)/python tests/bench/run.py

pictures: $(INSTALLED) assets ## take the README's pictures from the running product
	@sh tests/system_parts.sh
	CARBONSEED_TEST_PICTURES=docs/pictures $(BIN)/pytest tests/e2e -q

lock: ## choose versions anew; the lock names no address, so any mirror serves it
	$(BIN)/pip install -q uv
	$(COMPILE) pyproject.toml --all-extras --group build --group test -o requirements.lock
	$(COMPILE) --group spark -o tests/spark.lock
	$(COMPILE) --group bench -c requirements.lock -o tests/bench/bench.lock

clean: ## remove what can be made again, the demo's data too
	@test ! -d .demo || find .demo -maxdepth 2 -type l -name postgres -exec sh -c 'rm -rf "$$(readlink "$$1")"' sh {} \;
	rm -rf .venv .demo build dist webui/node_modules webui/static/dist

assets: $(INSTALLED)
	@$(BIN)/python webui/build.py

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Carbonseed needs Python 3.11, 3.12 or 3.13; say which with make PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.lock
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
