# The two commands of the README are `make check` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed
EVERYTHING := .[crash,dev,docs,esx,qemu,virtualbox]

# Compiled once and not in each of the many processes that tests and runs start.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: check release test real certificates nightly callers real-at-length other-versions dev lint bench docs index renumber packages test-packages libvirt-python private-systems clean

check: packages $(INSTALLED)
	$(BIN)/snaptree check
	@if command -v qemu-img >/dev/null && command -v qemu-io >/dev/null; then \
	    $(BIN)/snaptree check qemu --graph tree=3 --graph storage=1 --crash tree=1; \
	else \
	    echo "no qemu-img and qemu-io here: real qcow2 images were not checked"; \
	    echo "install them with: apt-get install --no-install-recommends qemu-utils"; \
	fi

test: packages test-packages dev libvirt-python private-systems
	$(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/python -m pytest --pyargs snaptree.conformance.suite -q
	@if $(BIN)/snaptree smoke qemu; then \
	    $(BIN)/python -m pytest --pyargs snaptree.conformance.suite -q --snaptree-driver=qemu --snaptree-snapshots=2 --snaptree-sequences=60; \
	else \
	    case ",$$SNAPTREE_REQUIRE," in *,qemu,*) echo "SNAPTREE_REQUIRE names qemu: its absence is a failure"; exit 1;; esac; \
	fi

# A real hypervisor that somebody else wrote, against what is known of it. One that is missing is
# named, and is a failure where SNAPTREE_REQUIRE names it. Exit code 3 means missing only if no step was made.
# $(1) is its name there, $(2) the driver with its options. The seed is fixed, so that what fails is what
# changed; look for more with another one: make real SEED=2.
SEED ?= 1
# Methods that a shard does in part here; a graph is named where it is asked for. What is met is bounded by the
# shard, the same on every machine; the budget ends only what hangs.
BOUNDED := --accept-incomplete examples,aspects,stories,values,again,limits,long,side-by-side,pairs,sampled
# One caller is held inside each of its calls, and others call meanwhile.
HELD := --methods held --callers held --budget 10m
define against
	@echo "snaptree check "$(2); code=0; out=$$(mktemp -d); trap 'rm -rf "$$out"' EXIT; \
	$(BIN)/snaptree check $(2) --seed $(SEED) --out $$out/report || code=$$?; \
	if [ $$code = 3 ] && ! grep -q '"steps": [1-9]' $$out/report/report.json 2>/dev/null; then \
	    case ",$$SNAPTREE_REQUIRE," in *,$(1),*) echo "SNAPTREE_REQUIRE names $(1): its absence is a failure"; exit 1;; esac; \
	    echo "not checked: $(2)"; \
	elif [ $$code != 0 ]; then exit $$code; fi
endef

# Every driver with all its methods, about 45 seconds each on two cores, one version of each system, at
# most ten drivers. What takes longer, the other shards, other versions and what proves figures is nightly.
real: packages test-packages dev libvirt-python private-systems
	$(call against,libvirt,libvirt:test:///default --sequences 40 --budget 10m)
	$(call against,libvirt,libvirt:qemu:///embed --graph tree=3 --graph cycles=1 --sequences 40 --shard 1/8 --budget 10m $(BOUNDED) --accept-incomplete tree=3 --accept-incomplete cycles=1)
	$(call against,libvirt,libvirt:qemu:///embed --methods crashes --graph tree=1 --crash tree=1 --shard 2/3 --budget 10m --accept-incomplete crashes)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=external' --graph tree=2 --graph cycles=1 --sequences 40 --shard 1/8 --budget 10m $(BOUNDED) --accept-incomplete tree=2 --accept-incomplete cycles=1)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=mixed' --graph tree=2 --sequences 40 --shard 1/4 --budget 10m $(BOUNDED) --accept-incomplete tree=2)
	$(call against,qemu,qemu:in-place --graph tree=2 --sequences 40 --shard 1/4 --budget 10m $(BOUNDED) --accept-incomplete tree=2)
	$(call against,qemu,qemu:live --graph tree=2 --graph running=2 --graph memory=1 --sequences 40 --shard 1/8 --budget 10m $(BOUNDED) --accept-incomplete tree=2 --accept-incomplete running=2 --accept-incomplete memory=1)
	$(call against,qemu,qemu:internal --graph tree=2 --sequences 40 --shard 1/4 --budget 10m $(BOUNDED) --accept-incomplete tree=2)
	$(call against,virtualbox,virtualbox --graph tree=2 --sequences 40 --shard 1/16 --budget 10m $(BOUNDED) --accept-incomplete tree=2)
	$(call against,virtualbox,virtualbox --methods crashes --graph tree=1 --crash tree=1 --shard 2/8 --budget 10m --accept-incomplete crashes)
	$(call against,esx,esx:vcsim --graph tree=3 --graph power=1 --graph configuration=2 --sequences 40 --shard 1/2 --budget 10m $(BOUNDED) --accept-incomplete tree=3 --accept-incomplete power=1 --accept-incomplete configuration=2)
	$(call against,esx,esx:vcsim-vcenter --graph tree=2 --sequences 40 --budget 10m)
	$(call against,libvirt,libvirt:qemu:///embed $(HELD))
	$(call against,qemu,qemu $(HELD) --shard 1/4 --accept-incomplete held)
	$(call against,virtualbox,virtualbox $(HELD))
	$(call against,esx,esx:vcsim $(HELD))

# A certificate each of the simulator, QEMU's images, libvirt's test driver and vcsim, made and then checked, with a
# sample of its transitions made again. They are complete runs: some minutes each.
CERTIFICATES ?= certificates
define certificate
	@echo "snaptree check $(2) --certificate $(CERTIFICATES)/$(1)/certificate.json"; mkdir -p $(CERTIFICATES)/$(1); \
	$(BIN)/snaptree check $(2) --seed $(SEED) --out $(CERTIFICATES)/$(1) --certificate $(CERTIFICATES)/$(1)/certificate.json >$(CERTIFICATES)/$(1)/run.txt || \
	    { cat $(CERTIFICATES)/$(1)/run.txt; exit 1; }; \
	$(BIN)/snaptree certificate verify $(CERTIFICATES)/$(1)/certificate.json --replay 20
endef

certificates: packages test-packages dev libvirt-python private-systems
	$(call certificate,simulator,simulator)
	$(call certificate,qemu,qemu --graph tree=2 --graph storage=1 --history 1 --looks none$(comma)two --crash tree=1 --sequences 40)
	$(call certificate,libvirt-test,libvirt:test:///default --sequences 40)
	$(call certificate,vcsim,esx:vcsim --graph tree=2 --graph power=1 --graph configuration=2 --history 1 --sequences 40)

comma := ,

# $(1) is a part of the nightly run, $(2) what does it. Every part runs, whatever became of those before it.
define part
	@echo "nightly: $(1)"; begun=$$(date +%s); code=0; $(2) || code=$$?; \
	echo "nightly: $(1) took $$(( $$(date +%s) - begun )) s, exit code $$code"; \
	[ $$code = 0 ] || echo "$(1)" >> $(VENV)/.nightly-failed
endef

NIGHTLY := larger-graphs qemu-crashes qemu-at-length qemu-histories callers real-at-length other-versions documents fuzz faulty planted stored skeletons confused-qemu one-fault second-model second-reading laws figures

nightly: packages test-packages dev libvirt-python private-systems
	@rm -f $(VENV)/.nightly-failed; echo "nightly: $(NIGHTLY)"
	$(call part,larger-graphs,$(BIN)/snaptree check --graph tree=4 --graph ages=4 --graph memory=3 --graph power=1 --graph storage=3 --sequences 2000 --budget 60m)
	$(call part,qemu-crashes,$(BIN)/snaptree check qemu --graph tree=1 --sequences 0 --crash tree=2 --crash storage=2 --failure tree=1)
	$(call part,qemu-at-length,$(BIN)/snaptree check qemu --graph tree=4 --graph storage=2 --sequences 2000 --budget 60m)
	$(call part,qemu-histories,$(BIN)/snaptree check qemu --graph tree=3 --history 1 --looks none,two --sequences 0 --budget 60m)
	$(call part,callers,$(MAKE) callers)
	$(call part,real-at-length,$(MAKE) real-at-length)
	$(call part,other-versions,$(MAKE) other-versions)
	$(call part,documents,SNAPTREE_DOCUMENTS=10000 $(BIN)/python -m pytest -q tests/schemas/test_agreement.py)
	$(call part,fuzz,$(BIN)/python benchmarks/fuzz.py --seconds 300 --seed $(SEED))
	$(call part,faulty,$(BIN)/snaptree mutants --seeds 20)
	$(call part,planted,$(BIN)/python benchmarks/planted_faults.py)
	$(call part,stored,SNAPTREE_STORED=all $(BIN)/python -m pytest -q tests/conformance/mutants/test_stored.py)
	$(call part,skeletons,SNAPTREE_SKELETONS=all $(BIN)/python -m pytest -q tests/conformance/skeletons)
	$(call part,one-fault,SNAPTREE_CATALOGUE=all $(BIN)/python -m pytest -q tests/conformance/judging/test_faults.py)
	$(call part,confused-qemu,SNAPTREE_CONFUSED=all $(BIN)/python -m pytest -q tests/conformance/mutants/test_confusing.py tests/conformance/methods/test_looks.py)
	$(call part,second-model,$(BIN)/python benchmarks/peers/compare.py && $(BIN)/python benchmarks/peers/compare.py --faults)
	$(call part,second-reading,SNAPTREE_WALKS=10 $(BIN)/python -m pytest -q tests/spec/reading tests/spec/symmetry)
	$(call part,laws,SNAPTREE_LAWS=all $(BIN)/python -m pytest -q tests/spec/test_laws.py)
	$(call part,figures,$(BIN)/python benchmarks/all.py)
	@if [ -e $(VENV)/.nightly-failed ]; then echo "nightly: failed: $$(tr '\n' ' ' < $(VENV)/.nightly-failed)"; exit 1; fi

real-at-length: dev
	$(call against,libvirt,libvirt:qemu:///embed --graph tree=4 --graph cycles=1 --sequences 2000 --budget 60m)
	$(call against,libvirt,libvirt:qemu:///embed --methods crashes --graph tree=1 --crash tree=1)
	$(call against,virtualbox,virtualbox --methods crashes --graph tree=1 --crash tree=1)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=external' --graph tree=3 --graph cycles=1 --sequences 2000 --budget 60m)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=mixed' --graph tree=3 --sequences 2000 --budget 60m)
	$(call against,qemu,qemu:in-place --graph tree=3 --sequences 2000 --budget 60m)
	$(call against,qemu,qemu:live --graph tree=3 --graph running=3 --graph memory=2 --graph power=1 --sequences 500 --budget 60m)
	$(call against,qemu,qemu:internal --graph tree=3 --sequences 2000 --budget 60m)
	$(call against,virtualbox,virtualbox --sequences 2000 --budget 60m)
	$(call against,esx,esx:vcsim --graph tree=4 --graph power=1 --graph configuration=2 --sequences 2000 --budget 60m)
	$(call against,esx,esx:vcsim-vcenter --sequences 2000 --budget 60m)

# Callers run free against each other: 100,000 calls on the simulator; every call of qemu is held.
callers: dev
	$(BIN)/snaptree check --methods together --callers together=3000
	$(BIN)/snaptree check qemu --methods held,together --callers held,together=200
	$(call against,libvirt,libvirt:test:///default --methods together --callers together=1000)
	$(call against,libvirt,libvirt:qemu:///embed --methods together --callers together=200)
	$(call against,virtualbox,virtualbox --methods together --callers together=100)
	$(call against,esx,esx:vcsim --methods together --callers together=500)

# Versions beside the one that `make real` checks; each comes in a private tree.
other-versions: dev
	@$(BIN)/snaptree drivers --install libvirt-trixie || echo "going on without libvirt-trixie"
	$(call against,libvirt-trixie,'libvirt:qemu:///embed?tree=libvirt-trixie' --graph tree=3 --graph cycles=1 --sequences 2000 --budget 60m)
	$(call against,libvirt-trixie,'libvirt:qemu:///embed?tree=libvirt-trixie&snapshots=external' --graph tree=3 --sequences 2000 --budget 60m)
	$(call against,libvirt-trixie,qemu:in-place --setting tree=libvirt-trixie --graph tree=3 --sequences 500 --budget 60m)
	$(call against,libvirt-trixie,qemu:internal --setting tree=libvirt-trixie --graph tree=3 --sequences 500 --budget 60m)
	$(call against,libvirt-trixie,qemu:live --setting tree=libvirt-trixie --graph tree=3 --graph running=3 --graph memory=2 --sequences 100 --budget 60m)

dev: $(DEVELOPED)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: packages test-packages dev
	$(BIN)/python benchmarks/all.py

# Which tests, faulty hypervisors, recorded runs and findings stand behind each rule.
index: dev
	$(BIN)/python -m tests.rule_index

# Carry the table of ended ids, spec/renumbered.toml, into every file that names a rule.
renumber: dev
	$(BIN)/python -m tests.renumber

# Build, check and describe a release in dist/. SINCE=rules.json of the former one says what changed.
release: dev
	$(BIN)/python -m tests.release $(if $(SINCE),--since '$(SINCE)')

docs: dev
	$(BIN)/python docs/build.py

clean:
	rm -rf $(VENV) build dist *.egg-info

# Debian packages where they may be installed; else they are named, and what is there has to do.
# $(1) is a shell script that adds to $$missing.
define debian
	@missing=""; $(1) \
	if [ -n "$$missing" ]; then \
	    if [ "$$(id -u)" = 0 ]; then sudo=""; \
	    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo="sudo"; \
	    else sudo="none"; fi; \
	    if [ "$$sudo" = none ] || ! command -v apt-get >/dev/null; then \
	        echo "missing, and not mine to install:$$missing"; \
	        echo "install with: apt-get install --no-install-recommends$$missing"; \
	    else \
	        echo "installing$$missing"; \
	        $$sudo apt-get -qq -o DPkg::Lock::Timeout=300 update && \
	        DEBIAN_FRONTEND=noninteractive $$sudo apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $$missing >/dev/null \
	        || echo "could not install$$missing; going on without"; \
	    fi; \
	fi
endef

packages:
	$(call debian,\
	    $(PYTHON) -c 'import ensurepip' 2>/dev/null || command -v uv >/dev/null || missing="$$missing python3-venv"; \
	    command -v qemu-img >/dev/null && command -v qemu-io >/dev/null || missing="$$missing qemu-utils"; \
	    command -v fusermount3 >/dev/null || missing="$$missing fuse3";)

# What snaptree is compared with, beside what it needs: libvirt's own schemas and tools.
test-packages:
	$(call debian,\
	    [ -e /usr/share/libvirt/schemas/domainsnapshot.rng ] || missing="$$missing libvirt0"; \
	    command -v virt-xml-validate >/dev/null || missing="$$missing libvirt-clients"; \
	    command -v xmllint >/dev/null || missing="$$missing libxml2-utils"; \
	    [ -e /usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so ] || missing="$$missing libvirt-daemon libvirt-daemon-driver-qemu"; \
	    command -v qemu-system-x86_64 >/dev/null || missing="$$missing qemu-system-x86"; \
	    pkg-config --exists libvirt 2>/dev/null || missing="$$missing libvirt-dev pkg-config"; \
	    command -v gcc >/dev/null || missing="$$missing gcc libc6-dev"; \
	    command -v spin >/dev/null || missing="$$missing spin"; \
    command -v chromium >/dev/null && command -v chromedriver >/dev/null || missing="$$missing chromium chromium-driver"; \
	    $(PYTHON) -c 'import sysconfig; open(sysconfig.get_paths()["include"] + "/Python.h")' 2>/dev/null || missing="$$missing python3-dev"; \
	    command -v unshare >/dev/null || missing="$$missing util-linux";)

# Systems that the host does not have come in private trees, where that can be: root, Debian, its mirror.
private-systems: dev
	@for system in virtualbox vcsim; do \
	    $(BIN)/snaptree drivers --install $$system || echo "going on without $$system"; \
	done

# libvirt's bindings are compiled, so they come only where libvirt's headers are.
libvirt-python: dev
	@if pkg-config --exists libvirt 2>/dev/null && ! $(BIN)/python -c 'import libvirt' 2>/dev/null; then \
	    if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python -c constraints.txt libvirt-python; \
	    else $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt libvirt-python; fi; \
	fi

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "snaptree needs Python 3.11 or newer; choose one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@if command -v uv >/dev/null; then uv venv --quiet --python $(PYTHON) $(VENV); else $(PYTHON) -m venv $(VENV); fi

define install
	@echo "setting up $(VENV)"
	@if command -v uv >/dev/null; then \
	    uv pip install --quiet --python $(BIN)/python -c constraints.txt -e '$(1)'; \
	else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '$(1)'; \
	fi
endef

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[crash])
	@touch $@

$(DEVELOPED): pyproject.toml constraints.txt | $(BIN)/python
	$(call install,$(EVERYTHING))
	@touch $(INSTALLED) $@
