# Two commands do everything: `make run` and `make test`. What the other targets do stands beside them.
PYTHON ?= python3
BOOT := $(PYTHON) -m infra.bootstrap
BIN := .venv/bin

.PHONY: run setup test lint types rooms unit property contract e2e browser pbx bench fmt schema lock

run:            ## the whole stack on this machine, in the foreground (PBX=simulator|asterisk, AMI=host:port, EDGE=none, RUN_DIR=)
	@exec $(BOOT) run infra.local.run

setup:          ## install only; leaves .venv/bin/ringline-edge
	@exec $(BOOT) setup

test:           ## every suite, each with its count and time (REQUIRE=all: a skip is a failure)
	@exec $(BOOT) run infra.checks

lint types rooms unit property contract e2e browser pbx:  ## one suite alone
	@exec $(BOOT) run infra.checks $@

bench:          ## the figures of benchmarks/RESULTS.md, measured anew
	@exec $(BOOT) bench

fmt: setup      ## format the code
	$(BIN)/ruff check --fix-only -q . && $(BIN)/ruff format -q .

schema: setup   ## write schema/ and docs/protocol.md from the models
	$(BIN)/python -m ringline_core.wire.export

lock:           ## pin all environments anew; commit requirements/ and core/src/requirements.txt
	@exec $(BOOT) run infra.lock
