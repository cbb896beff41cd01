# Thin: installs what Debian or Ubuntu lacks, then calls cargo. On Windows and macOS: cargo run --release -- demo
SHELL := /bin/bash
CARGO ?= cargo
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
FUZZ_SECONDS ?= 60
SOAK_COMMANDS ?= 100000000
SOAK_SEED ?= 0
SCHEMATHESIS := 4.32.5

# The C compiler links Rust programs; setpriv is in util-linux.
BUILD_PACKAGES := gcc libc6-dev pkg-config libpcsclite-dev
DEMO_PACKAGES := $(BUILD_PACKAGES) pcscd vsmartcard-vpcd util-linux
TEST_PACKAGES := $(DEMO_PACKAGES) opensc pcsc-tools python3-pyscard openssl valgrind default-jdk-headless libjna-java postgresql \
	vsmartcard-vpicc python3-pycryptodome

# $(call install,packages): installs those that are missing; says what is missing where there is no apt-get.
define install
@missing=$$(for p in $(1); do [ "$$(dpkg-query -W -f '$${Status}' $$p 2>/dev/null)" = "install ok installed" ] || echo $$p; done); \
if [ -n "$$missing" ]; then \
  command -v apt-get >/dev/null || { echo "please install the counterparts of:" $$missing; exit 1; }; \
  echo "installing:" $$missing; \
  $(SUDO) apt-get update -q && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing; \
fi
endef

.PHONY: help demo test lint bench contract fuzz soak driver install

help:
	@echo "make demo   a blank card is issued, read and verified through pcscd and a virtual reader"
	@echo "make test   installs the real parts and runs all tests"
	@echo "make lint   format, clippy, and the build without PC/SC"
	@echo "make bench  prints the numbers of the README"
	@echo "make install  the driver for other programs: libSSCardDriver, its header, its pkg-config file (PREFIX, DESTDIR)"
	@echo "make contract  schemathesis against the ledger's service (installed into target/)"
	@echo "make soak   SOAK_COMMANDS=$(SOAK_COMMANDS) random commands against card model and oracle"
	@echo "make fuzz   runs each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS) (needs the nightly toolchain)"

demo:
	$(call install,$(DEMO_PACKAGES))
	$(CARGO) build --release --locked
	$(CARGO) run --release --locked --quiet -- demo --pcsc

# cargo test comes last: its own lines are the result. Lints are checked before a change lands (make lint); here they would double
# the time of a cold run, because clippy shares nothing with what the tests are built from.
test:
	$(call install,$(TEST_PACKAGES))
	$(CARGO) fmt --all --check
	$(CARGO) test --workspace --locked

lint:
	$(call install,$(TEST_PACKAGES))
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) check --locked --no-default-features

bench:
	$(call install,$(DEMO_PACKAGES))
	$(CARGO) bench --workspace --locked

# schemathesis comes into a folder of its own.
TARGET := $(or $(CARGO_TARGET_DIR),target)
contract:
	$(call install,$(BUILD_PACKAGES) python3-venv)
	$(CARGO) build --locked
	@[ -x $(TARGET)/schemathesis/bin/schemathesis ] || { python3 -m venv $(TARGET)/schemathesis && \
	  $(TARGET)/schemathesis/bin/pip install --quiet schemathesis==$(SCHEMATHESIS); }
	personalize/service/contract.sh $(TARGET)/debug/ssc $(TARGET)/schemathesis/bin/schemathesis

fuzz:
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked
	cd fuzz && for target in $$($(CARGO) +nightly fuzz list); do \
	  $(CARGO) +nightly fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

# Goes on where an interrupted run was with SOAK_SEED=…, which it prints.
soak:
	$(CARGO) run --release --locked --quiet -p ssc-conformance --example soak -- --commands $(SOAK_COMMANDS) --seed $(SOAK_SEED)

# The driver for programs in other languages. LIBRARY names one that is built already.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
ifndef LIBRARY
LIBRARY := $(or $(CARGO_TARGET_DIR),target)/release/libSSCardDriver.$(if $(filter Darwin,$(shell uname)),dylib,so)
install: driver
endif

driver:
	$(CARGO) build --release --locked -p ssc-driver

install:
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)
	install -m 755 $(LIBRARY) $(DESTDIR)$(LIBDIR)/
	install -m 644 reader/driver/include/SSCardDriver.h $(DESTDIR)$(INCLUDEDIR)/
	sed -e 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@includedir@|$(INCLUDEDIR)|; s|@version@|$(VERSION)|' \
	  reader/driver/SSCardDriver.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/SSCardDriver.pc
