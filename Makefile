# Everything a person needs; `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
# The certificates of the system: offices have authorities of their own.
UV := UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 $(BIN)/uv --quiet
RUN_LOCKS := requirements-bootstrap.txt requirements.txt pyproject.toml
SDK := build/sdk
CHECKS := build/checks
ISSUER := build/issuer
# Workers, each with servers of its own; whole files to each, as tests/conftest.py says. Three on two cores, since tests
# wait for servers too; two where each has an Apache Kafka.
WORKERS = --numprocesses $(1) --dist loadfile --no-loadscope-reorder
DEV_LOCKS := requirements-bootstrap.txt requirements-dev.txt pyproject.toml

# Without compiled files each of a dozen processes would compile a thousand modules at every start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up demo test test-long test-kafka test-sdk test-deploy test-again drill-upgrade kafka lint fmt bench bench-scale \
	docs sdk sbom audit lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: $(VENV)/ready ## start everything here and stay until Ctrl-C
	@exec $(BIN)/huying up

demo: $(VENV)/ready ## the same, with Nanhai 2021 replayed and its report card (DEMO_EXIT=1: end after it)
	@exec $(BIN)/huying demo

test: $(VENV)/ready-dev $(ISSUER)/ready ## every test but those of the generated clients, on the embedded servers
	HUYING_TEST_PICTURES=$${HUYING_TEST_PICTURES:-failed} $(BIN)/python -m pytest $(call WORKERS,3)

test-long: $(VENV)/ready-dev $(ISSUER)/ready ## the same with many more random examples, kills and pages, for a night
	HUYING_LONG=1 HUYING_TEST_EXAMPLES=200 $(BIN)/python -m pytest $(call WORKERS,3) --timeout 7200

test-kafka: $(VENV)/ready-dev ## the tests that need a broker, on Apache Kafka (Java 17+, Maven)
	HUYING_TEST_BROKER=apache-kafka $(BIN)/python -m pytest $(call WORKERS,2) -m kafka

test-sdk: sdk ## the tests that drive the API with both generated clients
	$(BIN)/python -m pytest -m sdk tests/sdk

test-deploy: $(VENV)/ready-dev $(CHECKS)/ready ## the tests of image, compose and chart, without a container engine
	$(BIN)/python -m pytest -m deploy tests/deployment

test-again: $(VENV)/ready-dev ## the tests that failed the last time, one after the other
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

drill-upgrade: $(VENV)/ready-dev ## this version takes over from the one before, on Apache Kafka (BASE=COMMIT: another one)
	HUYING_UPGRADE_FROM=$(BASE) $(BIN)/python -m tests.upgrade.version_before
	HUYING_TEST_BROKER=$${HUYING_TEST_BROKER:-apache-kafka} HUYING_UPGRADE_FROM=$(BASE) \
		$(BIN)/python -m pytest --capture no -m upgrade tests/upgrade

kafka: $(VENV)/ready ## a local single-node Apache Kafka until Ctrl-C
	@exec $(BIN)/huying kafka

lint: $(VENV)/ready-dev ## style, types, import contracts, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/huying contracts

fmt: $(VENV)/ready-dev ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/ready-dev ## measure on Apache Kafka, beside bare loops
	$(BIN)/python -m tests.bench

bench-scale: $(VENV)/ready-dev ## measure several workers on Apache Kafka (ARGS="--help": a part of it)
	$(BIN)/python -m tests.bench.scale $(ARGS)

docs: $(VENV)/ready-dev ## write the generated documents
	$(BIN)/huying contracts --write

sdk: $(VENV)/ready-dev $(SDK)/tools/ready ## generate typed clients for Python and TypeScript into build/sdk
	@deploy/sdk/generate

sbom: $(CHECKS)/ready ## list every package of the image in build/sbom.json (CycloneDX)
	@deploy/checks/sbom build/sbom.json

audit: $(CHECKS)/ready ## look up known weaknesses of the packages of the image
	@deploy/checks/audit

lock: $(VENV)/ready-dev $(SDK)/tools/ready ## resolve the dependencies anew
	$(call compile,requirements.txt,pyproject.toml --group build)
	$(call compile,requirements-dev.txt,pyproject.toml --group build --extra learn --extra dev)
	$(call compile,requirements-bootstrap.txt,--group bootstrap)
	$(call compile,deploy/sdk/requirements.txt,--group sdk)
	$(call compile,deploy/sdk/node.txt,--group node)
	$(call compile,deploy/checks/requirements.txt,--group checks)
	for folder in deploy/sdk/typescript tests/identity/issuer; do (cd $$folder && PATH=$(CURDIR)/$(SDK)/tools/bin:$$PATH \
		npm update --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund) || exit 1; done

clean: ## forget the virtual environment and the caches; data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

compile = $(UV) pip compile --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	$(2) -o $(1) --custom-compile-command "make lock"

# One environment: `ready` has what running needs, `ready-dev` everything; the second serves for the first.
$(VENV)/ready: $(RUN_LOCKS) | $(VENV)/uv
	@if [ -e $(VENV)/ready-dev ]; then $(MAKE) --no-print-directory $(VENV)/ready-dev; else \
	echo "installing …"; $(UV) pip sync --require-hashes requirements.txt requirements-bootstrap.txt && $(install_us); fi
	@touch $@

$(VENV)/ready-dev: $(DEV_LOCKS) | $(VENV)/uv
	@echo "installing …"; $(UV) pip sync --require-hashes requirements-dev.txt requirements-bootstrap.txt && $(install_us)
	@touch $@

install_us = $(UV) pip install --no-deps --no-build-isolation --editable .

# Node.js as a package only where the system has none that is new enough.
$(SDK)/tools/ready: deploy/sdk/requirements.txt deploy/sdk/node.txt deploy/sdk/has-node | $(VENV)/uv
	@echo "installing the generators …"; $(UV) venv --allow-existing --python $(BIN)/python $(@D)
	@$(UV) pip sync --python $(@D) --require-hashes deploy/sdk/requirements.txt $$(deploy/sdk/has-node || echo deploy/sdk/node.txt)
	@touch $@

$(CHECKS)/ready: deploy/checks/requirements.txt | $(VENV)/uv
	@echo "installing the tools for image, compose and chart …"; $(UV) venv --allow-existing --python $(BIN)/python $(@D)
	@$(UV) pip sync --python $(@D) --require-hashes deploy/checks/requirements.txt
	@touch $@

# An OpenID Connect issuer that is not ours, for the tests of signing in.
$(ISSUER)/ready: tests/identity/issuer/package-lock.json tests/identity/issuer/issuer.mjs deploy/sdk/npm-ci $(SDK)/tools/ready
	@echo "installing the issuer of the tests …"; mkdir -p $(@D) && cp tests/identity/issuer/* $(@D)
	@cd $(@D) && PATH=$(CURDIR)/$(SDK)/tools/bin:$$PATH $(CURDIR)/deploy/sdk/npm-ci
	@touch $@

$(VENV)/uv:
	@python=$$(for one in python3.13 python3.12 python3.11 python3; do \
		command -v $$one >/dev/null && $$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo $$one && break; done); \
	[ -n "$$python" ] || { echo "huying: Python 3.11 or newer is needed; on Debian: apt-get install python3" >&2; exit 1; }; \
	$$python -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "huying: $$python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }; \
	$$python -m venv $(VENV) && $(BIN)/pip install --quiet --require-hashes -r requirements-bootstrap.txt || { \
		echo "huying: the packages could not be fetched: is there a network, and a package index that pip may use?" >&2; \
		rm -rf $(VENV); exit 1; }
	@touch $@
