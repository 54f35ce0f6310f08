# make demo     a tour of one confined service, watched from outside
# make test     every test of the project
# make test-vm  the core set against clients with a kernel of their own, under QEMU
# make core-vm  the first of those: the core set on one such client, beside a container's
# make bench    set-up and tear-down, beside the usual script
# make bench-eval  what it adds to the evaluation of a host (NSGUARD_NIXPKGS names a tree with nixpkgs' lib/ and nixos/)
# make judge    ten thousand generated units through the refusals and the judge of finished units
# make sweep    every service module of nixpkgs, confined: what is refused, will not work, or leaves a way out
# make docs     docs/options.md anew, from the options (NSGUARD_NIXPKGS names a tree with nixpkgs' lib/)
# make image    build the lab's image now (the others do when it is missing)

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PACKAGES := debian-archive-keyring iproute2 mmdebstrap nftables nix-bin python3-venv shellcheck systemd-container \
	tcpdump util-linux wireguard-tools
# What the program's tests change a real kernel with, and look at it with.
TEST_PACKAGES := procps wireguard-go
VM_PACKAGES := e2fsprogs qemu-system-x86 qemu-utils

.PHONY: demo test quick test-vm core-vm bench bench-eval judge sweep docs image deps deps-test deps-vm venv lint clean

demo: deps venv
	@$(BIN)/nsguard-leaktest demo

bench: deps venv
	@$(BIN)/python -m nsguard_harness.bench

bench-eval: deps venv
	@$(BIN)/python checks/cost.py

judge: deps venv
	@NSGUARD_UNITS=10000 $(BIN)/pytest -q -c harness/pyproject.toml --rootdir . checks/test_judge.py

sweep: deps
	@python3 checks/sweep/sweep.py --json $(VENV)/sweep.json

docs: deps
	@test -n "$(NSGUARD_NIXPKGS)" || { echo "make docs: set NSGUARD_NIXPKGS to a tree with nixpkgs' lib/" >&2; exit 2; }
	@nix-instantiate --option store dummy:// --eval --strict --json -E \
		'(import ./checks/docs/options.nix { lib = import $(NSGUARD_NIXPKGS)/lib; }).markdown' \
		| python3 -c 'import json, sys; sys.stdout.write(json.load(sys.stdin))' >docs/options.md.new
	@mv docs/options.md.new docs/options.md

image: deps venv
	@$(BIN)/python -m nsguard_harness.lab.image

# What needs no lab waits half of its time, and runs beside the labs; what it said is shown when they have ended. The
# image of apps comes first of it: labs wait for that one.
test: deps-test image
	@$(MAKE) --no-print-directory quick >$(VENV)/quick.log 2>&1 & quick=$$!; trap "kill $$quick" INT TERM; \
	(cd harness && $(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder); labs=$$?; \
	wait $$quick; quick=$$?; cat $(VENV)/quick.log; exit $$((labs + quick))

quick: venv
	$(BIN)/python -m nsguard_harness.lab.image --all
	@$(MAKE) --no-print-directory lint
	cd pkgs/nsguard && $(BIN)/pytest -q
	$(BIN)/pytest -q -c harness/pyproject.toml --rootdir . --ignore checks/vm checks

test-vm: deps-vm venv
	cd harness && $(BIN)/pytest -q vm
	$(BIN)/pytest -q -c harness/pyproject.toml --rootdir . checks/vm

core-vm: deps-vm venv
	cd harness && $(BIN)/pytest -q vm/test_vm.py -k core_set

lint: deps venv
	$(BIN)/ruff check -q harness pkgs/nsguard
	$(BIN)/ruff check -q --config harness/pyproject.toml checks
	$(BIN)/ruff format -q --check harness pkgs/nsguard
	$(BIN)/ruff format -q --check --config harness/pyproject.toml checks
	cd pkgs/nsguard && $(BIN)/mypy
	cd harness && $(BIN)/mypy
	shellcheck $$(git ls-files | xargs grep -lE '^#!.*\b(ba)?sh\b')
	nix-instantiate --parse $$(git ls-files '*.nix') >/dev/null

deps-test: PACKAGES += $(TEST_PACKAGES)
deps-test: deps

deps-vm: PACKAGES += $(VM_PACKAGES)
deps-vm: deps

deps:
	@missing=; for package in $(PACKAGES); do \
		dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null | grep -qx installed || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "nsguard: installing$$missing" >&2; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; \
	fi

venv: $(VENV)/ready

$(VENV)/ready: harness/requirements.txt harness/pyproject.toml
	@echo "nsguard: making $(VENV) from harness/requirements.txt" >&2
	@python3 -m venv --clear $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r harness/requirements.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e harness
	@touch $@

clean:
	rm -rf $(VENV)
