# The two commands of the README are `make check` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# A strict editable install links single files, so it is made again when a file comes or goes.
FILES := $(shell find spec simulator conformance schemas -type f ! -name '*.pyc' 2>/dev/null | sort | cat - pyproject.toml constraints.txt | cksum | tr -dc 0-9)
INSTALLED := $(VENV)/.installed-$(FILES)
DEVELOPED := $(VENV)/.developed-$(FILES)
EVERYTHING := .[dev,docs,esx,virtualbox]

.PHONY: check test real dev lint bench docs packages test-packages libvirt-python private-systems clean

check: packages $(INSTALLED)
	$(BIN)/snaptree check
	@if command -v qemu-img >/dev/null && command -v qemu-io >/dev/null; then \
	    $(BIN)/snaptree check qemu; \
	else \
	    echo "no qemu-img and qemu-io here: real qcow2 images were not checked"; \
	    echo "install them with: apt-get install --no-install-recommends qemu-utils"; \
	fi

test: packages test-packages dev libvirt-python private-systems
	$(BIN)/python -m pytest -n auto --dist worksteal
	$(BIN)/python -m pytest --pyargs snaptree.conformance.suite -q
	@if $(BIN)/snaptree smoke qemu; then \
	    $(BIN)/python -m pytest --pyargs snaptree.conformance.suite -q --snaptree-driver=qemu; \
	else \
	    case ",$$SNAPTREE_REQUIRE," in *,qemu,*) echo "SNAPTREE_REQUIRE names qemu: its absence is a failure"; exit 1;; esac; \
	fi

# A real hypervisor that somebody else wrote, against what is known of it. One that is missing is
# named, and is a failure where SNAPTREE_REQUIRE names it.
# $(1) is its name there, $(2) the driver with its options. The seed is fixed, so that what fails is what
# changed; look for more with another one: make real SEED=2.
SEED ?= 1
define against
	@echo "snaptree check "$(2); code=0; $(BIN)/snaptree check $(2) --seed $(SEED) || code=$$?; \
	if [ $$code = 3 ]; then \
	    case ",$$SNAPTREE_REQUIRE," in *,$(1),*) echo "SNAPTREE_REQUIRE names $(1): its absence is a failure"; exit 1;; esac; \
	    echo "not checked: $(2)"; \
	elif [ $$code != 0 ]; then exit $$code; fi
endef

real: packages test-packages dev libvirt-python private-systems
	$(call against,libvirt,libvirt:test:///default)
	$(call against,libvirt,libvirt:qemu:///embed --graph tree=4 --graph cycles=1)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=external' --graph tree=3 --graph cycles=1 --budget 45s)
	$(call against,libvirt,'libvirt:qemu:///embed?snapshots=mixed' --graph tree=2 --budget 30s)
	$(call against,virtualbox,virtualbox)
	$(call against,esx,esx:vcsim --graph tree=4 --graph power=1 --graph configuration=2)
	$(call against,esx,esx:vcsim-vcenter)

dev: $(DEVELOPED)

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: packages test-packages dev
	$(BIN)/python benchmarks/all.py

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
	    command -v qemu-img >/dev/null && command -v qemu-io >/dev/null || missing="$$missing qemu-utils";)

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
	@rm -f $(VENV)/.installed-* $(VENV)/.developed-*
	@if command -v uv >/dev/null; then \
	    uv pip install --quiet --python $(BIN)/python -c constraints.txt --config-setting editable_mode=strict -e '$(1)'; \
	else \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --config-settings editable_mode=strict -e '$(1)'; \
	fi
endef

$(INSTALLED): | $(BIN)/python
	$(call install,.)
	@touch $@

$(DEVELOPED): | $(BIN)/python
	$(call install,$(EVERYTHING))
	@touch $(INSTALLED) $@
