# VoiceChat: `make run` starts a server, `make test` tests everything. .ci/bootstrap does the work.
PYTHON ?= python3
ARGS ?=
bootstrap = @exec $(PYTHON) .ci/bootstrap

.DEFAULT_GOAL := help
.PHONY: help run test check native web gen bench bench-guard bench-peers fuzz clean clean-all

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' Makefile | awk -F@ '{ printf "%-20s %s\n", $$1, $$2 }'

run: ## build what is needed and start the server (ARGS="--port 9000 --media-port 9001 --data-dir DIR")
	$(bootstrap) run $(ARGS)

test: ## run all tests: C, client, Python, browsers (ARGS="tests/rtc -k stun" runs pytest alone with these)
	$(bootstrap) test $(ARGS)

check: ## run linters, type checkers, import contracts and the freshness of generated files
	$(bootstrap) check

native: ## build the C module
	$(bootstrap) native

web: ## build the web client
	$(bootstrap) web

gen: ## write docs/protocol.md, docs/openapi.json and the client's types from the protocol
	$(bootstrap) gen $(ARGS)

bench: ## measure voice and chat beside the plain C fan-out
	$(bootstrap) bench $(ARGS)

bench-guard: ## fail when a gate of the bench is broken by more than the run's own spread
	$(bootstrap) bench --guard $(ARGS)

bench-peers: ## measure beside other voice servers (ARGS="--only ours,janus" leaves out the rest)
	$(bootstrap) bench-peers $(ARGS)

fuzz: ## feed broken input to every parser, a minute each (ARGS="--seconds 600")
	$(bootstrap) fuzz $(ARGS)

clean: ## remove what was built and the caches, never a data folder
	$(bootstrap) clean

clean-all: ## the same and the installed packages (.venv, node_modules)
	$(bootstrap) clean --all
