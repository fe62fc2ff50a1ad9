# Every day's commands; `make` alone lists them. Each environment is made when it is missing or its pins have changed.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run token test prove corpus fuzz fuzz-guided cases feeds what-if service-report recompute check bench bench-peers build deploy verify-audit redrive addresses pins format clean distclean \
	check-ruff check-format check-mypy check-imports check-house check-cfn-lint check-sam check-checkov check-policy

PYTHON ?= python3.13
# What is built is what was last deployed, unless said otherwise.
ARCHITECTURE ?= $(or $(shell sed -n 's/.*[ "]Architecture=[\\"]*\([a-z0-9_]*\).*/\1/p' samconfig.toml),arm64)
STACK ?= itsm
ARGS ?=
export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

TEMPLATES := template.yaml $(filter-out infra/aws/checkov.yaml,$(wildcard infra/aws/*.yaml))
PINS := tests/requirements.txt
stamp = .venv$(1)/pins-$(shell cksum < $(2) | cut -d' ' -f1)
VENV := $(call stamp,,$(PINS))
SAM_VENV := $(call stamp,-sam,infra/aws/tools-sam.txt)
PEERS_VENV := $(call stamp,-peers,tests/benchmarks/peers/requirements.txt)
FUZZ_VENV := $(call stamp,-fuzz,tests/corpus/requirements.txt)
CHECKOV_VENV := $(call stamp,-checkov,infra/aws/tools-checkov.txt)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

run: $(VENV) ## bring the sandbox up and feed the samples through; ONCE=1 to stop after that
	@.venv/bin/python -m sandbox $(if $(ONCE),--once) $(ARGS)

token: $(VENV) ## a token for the records API of the running sandbox
	@.venv/bin/python -m sandbox token $(ARGS)

test: $(VENV) ## all quick tests
	@.venv/bin/python -m pytest -n 2 --dist worksteal -q -m "not slow" $(ARGS)

prove: $(VENV) ## the heavier proofs, minutes each
	@.venv/bin/python -m pytest -q -m slow $(ARGS)

corpus: $(VENV) ## intake on mail and webhooks nobody here wrote, beside its bars; ARGS="--show" tells every miss
	@.venv/bin/python -m tests.corpus $(ARGS)

fuzz: $(VENV) ## 20,000 mutants of mail and webhooks, then the property tests with thousands of examples; a new seed each time
	@.venv/bin/python -m tests.corpus.hunt
	@HYPOTHESIS_PROFILE=fuzz .venv/bin/python -m pytest -n 2 -q -m "not slow" $(or $(ARGS),tests/itsm/core)
	@$(MAKE) fuzz-guided

# atheris has wheels for Linux alone; without them this says so, and what comes before has run.
fuzz-guided: $(FUZZ_VENV) ## coverage-guided fuzzing of mail, classifier, HTML and webhooks; SECONDS_EACH=60
	@mkdir -p .sandbox; for one in parser classifier html webhook; do echo "· $$one, $(or $(SECONDS_EACH),60) s"; \
		PYTHONPATH=layers/itsm:layers/policy .venv-fuzz/bin/python -m tests.corpus.guided $$one --seconds $(or $(SECONDS_EACH),60) \
		> .sandbox/fuzz-$$one.log 2>&1 || { tail -30 .sandbox/fuzz-$$one.log; exit 1; }; \
		grep -E "number_of_executed_units|slowest_unit|peak_rss" .sandbox/fuzz-$$one.log | sed 's/stat::/    /'; done

cases: $(VENV) ## what other systems' tests assert (ITSM_SHARED, default ../shared), through our engine; ARGS=--words
	@.venv/bin/python -m tests.cases $(ARGS)

bench: $(VENV) ## what a ticket and each door cost, beside a plain handler; ARGS=--millions for a million timers
	@.venv/bin/python -m tests.benchmarks $(ARGS)

bench-peers: $(VENV) $(PEERS_VENV) ## our mail door and django-helpdesk on the same mails (ITSM_SHARED, default ../shared): cost and lost mails
	@.venv/bin/python -m tests.benchmarks.peers

# ---- checks: two at a time, each a line -----------------------------------------------------------------------------
ORDERED := check-mypy check-house check-sam check-checkov check-cfn-lint check-policy check-ruff check-format check-imports

check: $(VENV) $(SAM_VENV) $(CHECKOV_VENV) ## style, types, imports, sizes, policy and templates
	@$(MAKE) -j2 -k $(ORDERED) && echo "all checks passed"

# A check is quiet while it holds, and tells all it has to tell when it does not.
define checked
@begun=$$(date +%s); if said=$$($(2) 2>&1); then echo "  ok    $(1), $$(( $$(date +%s) - begun )) s"; \
	else printf '%s\n  FAIL  %s\n' "$$said" "$(1)"; exit 1; fi
endef

check-ruff: $(VENV)
	$(call checked,style (ruff),.venv/bin/ruff check --output-format concise .)
check-format: $(VENV)
	$(call checked,format (ruff),.venv/bin/ruff format --check --output-format concise .)
check-mypy: $(VENV)
	$(call checked,types (mypy),.venv/bin/mypy)
check-imports: $(VENV)
	$(call checked,imports (import-linter),.venv/bin/lint-imports --no-cache)
check-house: $(VENV)
	$(call checked,sizes and words and import cost,.venv/bin/python -m pytest -q tests/architecture)
check-policy: $(VENV)
	$(call checked,policy of the organisation,.venv/bin/python -m itsm.runtime.policies)
check-cfn-lint: $(VENV)
	$(call checked,templates (cfn-lint),.venv/bin/cfn-lint $(TEMPLATES))
check-sam: $(SAM_VENV)
	$(call checked,templates (sam validate),for one in $(TEMPLATES); do .venv-sam/bin/sam validate --lint -t $$one || exit 1; done)
check-checkov: $(CHECKOV_VENV)
	$(call checked,templates (checkov),.venv-checkov/bin/checkov --config-file infra/aws/checkov.yaml -f $(TEMPLATES))

format: $(VENV) ## put style and format right where a tool can
	@.venv/bin/ruff check --fix -q . ; .venv/bin/ruff format -q .

# ---- AWS ------------------------------------------------------------------------------------------------------------
build: $(VENV) $(SAM_VENV) ## build for AWS into .aws-sam; ARCHITECTURE=arm64 or x86_64
	@echo "· sam build for $(ARCHITECTURE)"
	@PATH="$(CURDIR)/.venv-sam/bin:$$PATH" ARCHITECTURE=$(ARCHITECTURE) PYTHON="$(CURDIR)/.venv-sam/bin/python" \
		.venv-sam/bin/sam build --parameter-overrides Architecture=$(ARCHITECTURE) > .aws-sam.log 2>&1 \
		|| { cat .aws-sam.log; rm -f .aws-sam.log; exit 1; }
	@rm -f .aws-sam.log
	@echo "· bytecode, processor, AWS models"
	@.venv/bin/python infra/aws/post_build.py .aws-sam/build $(ARCHITECTURE)

deploy: build ## build, then sam deploy; the first time with ARGS=--guided
	@.venv-sam/bin/sam deploy --stack-name $(STACK) $(ARGS)

feeds: $(VENV) ## fetch the holidays that calendars.toml names; a broken feed leaves its last good copy
	@.venv/bin/python -m itsm.runtime.feeds $(ARGS)

# Of a deployment, or with SANDBOX=1 of the running sandbox.
OF_SANDBOX = $(if $(SANDBOX),$(SANDBOX_AWS))
DEPLOYED = --stack $(STACK) $(if $(SANDBOX),--region us-east-1)
what-if: $(VENV) ## POLICY=dir FROM=2026-10-01 TO=2026-11-01: compliance by another policy; ARGS="--events FILE" or --stack
	@$(OF_SANDBOX) .venv/bin/python -m itsm.runtime.what_if --policy $(POLICY) --from $(FROM) --to $(TO) $(or $(ARGS),$(DEPLOYED))

service-report: $(VENV) ## FROM=.. TO=..: attainment, allowance, penalties, who held the time; ARGS="--events FILE" or --stack
	@$(OF_SANDBOX) .venv/bin/python -m itsm.runtime.service_report --from $(FROM) --to $(TO) $(or $(ARGS),$(DEPLOYED))

recompute: $(VENV) ## open tickets' clocks by a policy that was changed; ARGS="--stack .. [--limit n] [--after id]"
	@$(OF_SANDBOX) .venv/bin/python -m itsm.runtime.recompute $(or $(ARGS),$(DEPLOYED))

SANDBOX_AWS = AWS_ENDPOINT_URL=http://127.0.0.1:$(or $(AWS_PORT),4566) AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
verify-audit: $(VENV) ## read every audit trail of a deployment (SANDBOX=1: the running sandbox) and say what does not fit
	@$(if $(SANDBOX),$(SANDBOX_AWS)) .venv/bin/python -m itsm.runtime.verify_audit \
		$(or $(ARGS),--stack $(STACK) $(if $(SANDBOX),--region us-east-1))

addresses: $(VENV) ## mail addresses that get no mail since they bounced or complained; ARGS="--lift rita@example.org"
	@$(if $(SANDBOX),$(SANDBOX_AWS)) .venv/bin/python -m itsm.runtime.address_book \
		--stack $(STACK) $(if $(SANDBOX),--region us-east-1) $(ARGS)

redrive: $(VENV) ## what waits: dead letters, held mail and webhooks, suppressed alarms; ARGS="--go --all", or --number, --reason ...
	@$(if $(SANDBOX),$(SANDBOX_AWS)) .venv/bin/python infra/aws/redrive.py \
		--stack $(STACK) $(if $(SANDBOX),--region us-east-1) $(ARGS)

# ---- environments ---------------------------------------------------------------------------------------------------
define new_venv
@command -v $(PYTHON) > /dev/null || { echo "Python 3.13 is missing: there is no $(PYTHON). Get it from your system's packages \
	(python3.13 with venv), from python.org, by 'uv python install 3.13' or 'pyenv install 3.13', or name one you have: \
	make PYTHON=/path/to/python3.13"; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' || { echo "$(PYTHON) is not Python 3.13, which the \
	functions run on; make PYTHON=/path/to/python3.13"; exit 1; }
@echo "· $(1): new environment"
@rm -rf $(1) && $(PYTHON) -m venv $(1)
@echo "· $(1): packages of $(2), checked against their hashes"
@$(1)/bin/python -m pip install -q -q --require-hashes -r $(2)
endef

$(VENV):
	$(call new_venv,.venv,$(PINS))
	@.venv/bin/python -m pip install -q -q --no-deps --no-build-isolation -e .
	@touch $@

$(SAM_VENV):
	$(call new_venv,.venv-sam,infra/aws/tools-sam.txt)
	@touch $@

$(CHECKOV_VENV):
	$(call new_venv,.venv-checkov,infra/aws/tools-checkov.txt)
	@touch $@

$(FUZZ_VENV):
	$(call new_venv,.venv-fuzz,tests/corpus/requirements.txt)
	@touch $@

$(PEERS_VENV):
	$(call new_venv,.venv-peers,tests/benchmarks/peers/requirements.txt)
	@touch $@

UV := uv pip compile -q --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make pins"
pins: ## resolve and pin anew what pyproject.toml names (needs uv; ARGS=--upgrade for newer versions)
	@command -v uv > /dev/null || { echo "uv is missing: pip install uv"; exit 1; }
	@echo "· $(PINS)" && $(UV) $(ARGS) pyproject.toml --group dev -o $(PINS)
	@echo "· layers/vendor/requirements.txt" && $(UV) pyproject.toml -c $(PINS) -o layers/vendor/requirements.txt
	@echo "· infra/aws/tools-sam.txt" && $(UV) $(ARGS) --group sam -o infra/aws/tools-sam.txt
	@echo "· infra/aws/tools-checkov.txt" && $(UV) $(ARGS) --group checkov -o infra/aws/tools-checkov.txt
	@echo "· tests/corpus/requirements.txt" && $(UV) pyproject.toml --group fuzz -c $(PINS) -o tests/corpus/requirements.txt
	@echo "· tests/benchmarks/peers/requirements.txt" && $(UV) $(ARGS) --group peers -o tests/benchmarks/peers/requirements.txt

clean: ## forget the sandbox's state and what was built
	@rm -rf .sandbox .aws-sam .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## forget the environments as well
	@rm -rf .venv .venv-sam .venv-checkov .venv-peers .venv-fuzz
