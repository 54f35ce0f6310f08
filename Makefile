# `make` or `make help` lists what there is. A line `target: … ## text` is shown by it.

# By a name of its own: a line that says MAKE runs even with make -n, and would run all tests.
QUICK = $(MAKE) --no-print-directory quick
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
SITE_BIN := $(CURDIR)/$(VENV)/site/bin
T ?=
# Where bytecode is not written, each of the thousands of Pythons that tests start compiles what it imports, and each
# worker of pytest all tests.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := debian-archive-keyring gcc iproute2 libc6-dev make mmdebstrap nftables nix-bin python3-venv shellcheck \
	systemd-container tcpdump util-linux wireguard-tools
# The runtime's tests change a real kernel with these, and look at it with them.
TEST_PACKAGES := procps wireguard-go
# Labs at a time: two for each processor, because a lab waits for half of its time, and at most 16.
LABS = $$(n=$$(nproc); echo $$((n < 8 ? 2 * n : 16)))
VM_PACKAGES := e2fsprogs qemu-system-x86 qemu-utils

.DEFAULT_GOAL := help
.PHONY: help demo format lint unit lab test quick test-vm core-vm bench bench-eval judge sweep services docs site image
.PHONY: deps deps-test deps-vm venv clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: deps venv ## a tour of one confined service, watched from outside (root, Debian or Ubuntu)
	@$(BIN)/nsguard-leaktest demo

format: venv ## format Python, and Nix where nixfmt is installed
	$(BIN)/ruff check -q --select I --fix harness pkgs/nsguard
	$(BIN)/ruff check -q --select I --fix --config harness/pyproject.toml checks docs
	$(BIN)/ruff format -q harness pkgs/nsguard
	$(BIN)/ruff format -q --config harness/pyproject.toml checks docs
	@if command -v nixfmt >/dev/null; then nixfmt $$(git ls-files '*.nix'); \
	else echo "nixfmt is not installed; *.nix is as it was" >&2; fi

lint: venv ## linters, types, and that every Nix file parses; installs no packages
	@for tool in shellcheck nix-instantiate; do \
		command -v $$tool >/dev/null || { echo "make lint: $$tool is not installed; run make deps" >&2; exit 2; }; \
	done
	$(BIN)/ruff check -q harness pkgs/nsguard
	$(BIN)/ruff check -q --config harness/pyproject.toml checks docs
	$(BIN)/ruff format -q --check harness pkgs/nsguard
	$(BIN)/ruff format -q --check --config harness/pyproject.toml checks docs
	cd pkgs/nsguard && $(BIN)/mypy
	cd harness && $(BIN)/mypy
	shellcheck $$(git ls-files | xargs grep -lE '^#!.*\b(ba)?sh\b')
	nix-instantiate --parse $$(git ls-files '*.nix') >/dev/null

unit: venv ## tests of the runtime and the harness that boot nothing; T=NAME runs those whose names match
	cd pkgs/nsguard && $(BIN)/pytest -q $(if $(T),-k '$(T)')
	cd harness && $(BIN)/pytest -q tests/unit $(if $(T),-k '$(T)')

lab: venv ## tests of nsguard in a lab (root); T=test_doctor.py or T=test_doctor.py::NAME runs those alone
	cd harness && $(BIN)/pytest -q tests/lab/$(T)

# The tests that need no lab are mostly idle, so they run in parallel, those of the runtime beside the others; their
# output is printed at the end. They build the image of apps first, because the labs wait for it.
test: deps-test image ## every test of the project (root; 20 minutes on two processors)
	@$(QUICK) >$(VENV)/quick.log 2>&1 & quick=$$!; trap "kill $$quick" INT TERM; \
	(cd harness && $(BIN)/pytest -q -n $(LABS) --dist loadfile --no-loadscope-reorder); labs=$$?; \
	wait $$quick; quick=$$?; cat $(VENV)/quick.log; exit $$((labs + quick))

quick: venv
	$(BIN)/python -m nsguard_harness.lab.image --all
	@$(MAKE) --no-print-directory lint
	@(cd pkgs/nsguard && exec $(BIN)/pytest -q) >$(VENV)/runtime.log 2>&1 & runtime=$$!; trap "kill $$runtime" INT TERM; \
	$(BIN)/pytest -q -c harness/pyproject.toml --rootdir . --ignore checks/vm checks; checks=$$?; \
	wait $$runtime; runtime=$$?; cat $(VENV)/runtime.log; exit $$((checks + runtime))

test-vm: deps-vm venv ## the core set against clients with a kernel of their own, under QEMU
	cd harness && $(BIN)/pytest -q vm
	$(BIN)/pytest -q -c harness/pyproject.toml --rootdir . checks/vm

core-vm: deps-vm venv ## the first test of test-vm: the core set on one such client, beside a container's
	cd harness && $(BIN)/pytest -q vm/test_vm.py -k core_set

bench: deps venv ## starts, commands, namespaces and packets, as ratios; OPTIONS="--lab vm --page FILE --help" (root)
	@$(BIN)/python -m nsguard_harness.bench $(OPTIONS)

bench-eval: deps venv ## what nsguard adds to a host's evaluation (NSGUARD_NIXPKGS: nixpkgs' lib/ and nixos/)
	@$(BIN)/python checks/cost.py

judge: deps venv ## ten thousand generated units through the refusals and the judge of finished units
	@NSGUARD_UNITS=10000 $(BIN)/pytest -q -c harness/pyproject.toml --rootdir . checks/test_judge.py

sweep: deps venv ## confine every service module of nixpkgs, by evaluation (NSGUARD_NIXPKGS)
	@python3 checks/sweep/sweep.py --json $(VENV)/sweep.json

services: ## write the table of docs/services.md from the last make sweep
	@test -e $(VENV)/sweep.json || { echo "make services: run make sweep first" >&2; exit 2; }
	@python3 checks/sweep/page.py $(VENV)/sweep.json docs/services.md

docs: ## write docs/options.md from the options (NSGUARD_NIXPKGS: a tree with nixpkgs' lib/)
	@test -n "$(NSGUARD_NIXPKGS)" || { echo "make docs: set NSGUARD_NIXPKGS to a tree with nixpkgs' lib/" >&2; exit 2; }
	@nix-instantiate --option store dummy:// --eval --strict --json -E \
		'(import ./checks/docs/options.nix { lib = import $(NSGUARD_NIXPKGS)/lib; }).markdown' \
		| python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin))' >docs/options.md.new
	@mv docs/options.md.new docs/options.md

site: $(VENV)/site/ready ## the documentation as a web site, in .venv/site/html
	@python3 docs/site/pages.py $(VENV)/site/pages
	@NO_MKDOCS_2_WARNING=1 $(SITE_BIN)/mkdocs build --quiet --strict --config-file $(VENV)/site/mkdocs.yml
	@echo "$(VENV)/site/html/index.html"

image: deps venv ## build the lab's image now; tests build it when it is missing
	@$(BIN)/python -m nsguard_harness.lab.image

deps: ## install the Debian packages that the labs and linters need (root)
	@missing=; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "nsguard: installing$$missing" >&2; \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi

deps-test: PACKAGES += $(TEST_PACKAGES)
deps-test: deps ## those, and what make test needs besides

deps-vm: PACKAGES += $(VM_PACKAGES)
deps-vm: deps ## those, and what make test-vm needs besides

venv: $(VENV)/ready ## make .venv, with the Python packages of the tests

$(VENV)/ready: harness/requirements.txt harness/pyproject.toml
	@echo "nsguard: making $(VENV) from harness/requirements.txt" >&2
	@python3 -m venv --clear $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r harness/requirements.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e harness
	@touch $@

$(VENV)/site/ready: docs/site/requirements.txt $(VENV)/ready
	@echo "nsguard: making $(VENV)/site from docs/site/requirements.txt" >&2
	@python3 -m venv --clear $(VENV)/site
	@$(SITE_BIN)/pip install -qq --disable-pip-version-check --require-hashes -r docs/site/requirements.txt
	@touch $@

clean: ## remove .venv
	rm -rf $(VENV)
