# Every command of the project. `make` alone lists them; each does the set-up that it needs.
#
#   PYTHON=…   a particular Python 3.11, 3.12 or 3.13            ARGS=…   further words for the command

MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help
.PHONY: help setup run demo serve test test-unit test-web test-contracts test-all prove check screenshots texts lint format types bench ipfs network clean

VENV := .venv/bin/python

help: ## List the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1#\2/p' Makefile | while IFS='#' read -r name text; do \
		printf '%-22s %s\n' "$$name" "$$text"; done

setup: ## Install what is needed: .venv, Node, npm packages, the Solidity compiler
	@PYTHON="$(PYTHON)" sh scripts/bootstrap.sh

run: setup ## Tell the whole story on a local chain, then serve the pages until Ctrl-C
	@$(VENV) -m app demo --serve $(ARGS)

demo: setup ## Tell the whole story on a local chain and end: grant, open, refuse, revoke
	@$(VENV) -m app demo $(ARGS)

serve: setup ## Run every service in one process, with a chain of its own unless one is named
	@$(VENV) -m app all

test: setup ## Format, lint, types, the tests of Python, pages and contracts; not the pages' long ones
	@$(VENV) -m scripts.checks

test-all: setup ## The same with the pages' long tests: everything that CI runs
	@$(VENV) -m scripts.checks all

check: test ## The same as make test

test-unit: setup ## Run the Python tests (ARGS="-k merkle")
	@$(VENV) -m scripts.checks unit $(ARGS)

test-web: setup ## Run all tests of the pages in Chromium (ARGS="-k revoke")
	@$(VENV) -m scripts.checks web $(ARGS)

test-contracts: setup ## Run the contract tests under Brownie (ARGS="-k revoke")
	@$(VENV) -m scripts.checks contracts $(ARGS)

prove: setup ## Prove the contracts: fuzz, invariants, Halmos, Slither, gas (ARGS="mutate" for mutation testing)
	@$(VENV) -m scripts.prove $(ARGS)

lint: setup ## Look for mistakes with ruff
	@$(VENV) -m scripts.checks lint $(ARGS)

texts: setup ## Gather the texts of the pages into app/web/translations/messages.pot
	@$(VENV) -m scripts.texts

types: setup ## Check the types with mypy and tsc
	@$(VENV) -m scripts.checks types $(ARGS)

format: setup ## Format the Python code and sort its imports
	@$(VENV) -m ruff check --quiet --select I --fix . && $(VENV) -m ruff format .

bench: setup ## Measure gas, sealing, a node under load and the pages, with others' figures beside them
	@for part in gas crypto load web; do \
		$(VENV) -m scripts.bench $$part $(ARGS) || { said=$$?; [ $$said = 1 ] || exit $$said; }; \
	done; exit $${said:-0}

screenshots: setup ## Take a picture of every page, light, dark and on a phone, into docs/screenshots
	@$(VENV) -m scripts.screenshots $(ARGS)

ipfs: setup ## Run an IPFS daemon (Kubo) on this machine; the first time builds it, for minutes
	@$(VENV) -m scripts.ipfs $(ARGS)

network: setup ## Three geth nodes: deploy, tell the story, lose a node, survive a reorganization (minutes)
	@scripts/network.sh prove $(ARGS)

clean: ## Remove everything that set-up and tests made (not the demo's chain and records)
	@rm -rf .venv .tools node_modules app/web/static .coverage .hypothesis .pytest_cache .ruff_cache .mypy_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
