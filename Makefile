# Two commands on a fresh machine: `make serve` and `make test`. `make` alone prints the targets.
# Every target that needs Python first brings .venv up to date (scripts/environment.sh), which takes no time when it is.

PYTHON ?=
ARGS ?=
FIRST ?= 0
TIMES ?= 1
JOBS ?= auto
EXECUTIONS ?= 200000
SEED ?= $(or $(FOCUS_SIGNAL_SEED),../shared/seed)

export PYTHON
export FOCUS_SIGNAL_SEED := $(abspath $(SEED))

BIN := .venv/bin
ENVIRONMENT := @scripts/environment.sh
# Each process takes tests from the others once it has none left: some take a minute, most a millisecond.
PARALLEL := -n $(JOBS) --dist worksteal
# What mypy reads: those of these directories that hold Python already.
TYPED := $(foreach directory,src tests benchmarks scripts examples,\
	$(if $(wildcard $(directory)/*.py $(directory)/*/*.py),$(directory)))

.DEFAULT_GOAL := help
.PHONY: help serve test test-long test-deps check lint types format schema bench bench-peers campaign fuzz autobahn siege soak resume seed-transcripts lock clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo '  ARGS="..." is handed on by serve, test, test-long, schema, bench, bench-peers, campaign, fuzz, autobahn, siege, soak, resume and seed-transcripts: make serve ARGS="--port 9000"'
	@echo '  JOBS=N runs the tests in N processes instead of one for each core; JOBS=0 in one, which a debugger needs'
	@echo '  PYTHON=... builds .venv with that interpreter; SEED=... is the directory of the seed'"'"'s document'

serve: ## build what is missing and start the server on 0.0.0.0:8000
	$(ENVIRONMENT) run
	@exec $(BIN)/focus-signal serve $(ARGS)

test: ## run the tests (minutes)
	$(ENVIRONMENT) run test
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-long: ## run the tests that take long
	$(ENVIRONMENT) run test seed fuzz
	@$(BIN)/python -m pytest $(PARALLEL) -m long -o faulthandler_timeout=900 $(ARGS)

test-deps: ## install, with apt and npm, the programs that tests use and that are no Python packages
	$(ENVIRONMENT) run test
	@scripts/test_deps.sh
	@scripts/npm_deps.sh tests/schema/package.json .build/schema
	@scripts/npm_deps.sh tests/browser/package.json .build/browser

check: lint types test ## lint, types and test

lint: ## ruff, its formatter, and flake8-async over the package
	$(ENVIRONMENT) lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m flake8 src

# Both checkers follow imports into what the tests, the benchmarks and the scripts use, so those must be installed.
types: ## mypy over all Python here, pyright over the package
	$(ENVIRONMENT) run test lint bench
	@$(BIN)/python -m mypy $(TYPED)
	@PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

format: ## rewrite the Python files as `make lint` wants them, as far as that goes by itself
	$(ENVIRONMENT) lint
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

schema: ## write anew all that describes the protocol: schema/ and docs/protocol.md
	$(ENVIRONMENT) run
	@$(BIN)/python -m scripts.schema $(ARGS)

bench: ## measure this server, and the seed beside it
	$(ENVIRONMENT) run test seed
	@$(BIN)/python benchmarks/run.py $(ARGS)
	@$(BIN)/python benchmarks/simulations.py $(filter --quick --write-docs,$(ARGS))

bench-peers: ## measure this server beside others that do the same work: ws, PeerJS, websockets, picows, the seed
	$(ENVIRONMENT) run test seed bench
	@scripts/npm_deps.sh benchmarks/peers/package.json .build/peers
	@$(BIN)/python benchmarks/peers/run.py $(ARGS)

# The slowest level first: whoever stops it early has seen that one at least.
campaign: ## simulations at all levels, half an hour on two cores; FIRST=... is the first seed, TIMES=4 makes it four times as long
	$(ENVIRONMENT) run
	@echo "campaign: the seeds from $(FIRST), $(TIMES) time(s)"
	@$(foreach part,full:4000 message:20000 core:1000000,\
		$(BIN)/focus-signal sim run --level $(word 1,$(subst :, ,$(part))) --jobs $$(nproc) $(ARGS) \
			--seeds $(FIRST):$$(( $(FIRST) + $(word 2,$(subst :, ,$(part))) * $(TIMES) )) || exit 1;)

fuzz: ## a million sequences of WebSocket frames, as two libraries read them, then what coverage leads to; a quarter of an hour
	$(ENVIRONMENT) run test fuzz
	@$(BIN)/python -m tests.wire.frame_fuzz --sequences 1000000 --jobs 2 $(ARGS)
	@for target in decoder head frames v1 offers; do $(BIN)/python -m tests.fuzz $$target --executions $(EXECUTIONS) || exit 1; done

autobahn: ## let the Autobahn test suite judge the WebSocket transport (needs Python 2.7: PYTHON27=...); some minutes
	$(ENVIRONMENT) run test
	@scripts/autobahn.sh $(ARGS)

siege: ## attack the server: floods, slow peers, too few descriptors, drains, a soak; some minutes
	$(ENVIRONMENT) run test
	@$(BIN)/python -m benchmarks.siege $(ARGS)

soak: ## 100,000 connections of all kinds, and see that nothing is left
	$(ENVIRONMENT) run test
	@$(BIN)/python -m benchmarks.siege soak $(ARGS)

resume: ## write anew the tables of docs/resume.md and the conversation of docs/conversation.md; ARGS=--check only tells
	$(ENVIRONMENT) run test
	@$(BIN)/python scripts/resume_table.py $(ARGS)

seed-transcripts: ## record anew what the seed answers, for the tests that compare
	$(ENVIRONMENT) run test seed
	@$(BIN)/python scripts/record_seed.py $(ARGS)

# In this order: each constrains the ones after it, so that all of them fit into one .venv.
lock: ## pin anew, from requirements/*.in, what requirements/*.txt list
	$(ENVIRONMENT) lock
	@cd requirements && for name in lock run test fuzz seed bench lint; do \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-emit-find-links --no-header $(ARGS) \
			$$name.in --output-file $$name.txt >/dev/null || exit 1; \
	done

clean: ## remove .venv and everything else that is made here
	@rm -rf .venv .build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
