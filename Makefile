# Thin: the work is in scripts/ and CMake. `make up` and `make test` are the two commands of the README.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
JOBS ?= $(shell n=$$(nproc); echo $$(( n < 3 ? n + 1 : n )))

.PHONY: up build test bench deb rpm package-build fuzz clean

up: build
	@scripts/up

build:
	@scripts/install-deps
	@scripts/build release

test:
	@scripts/install-deps test
	@tests/run

bench: build
	@scripts/install-deps test
	@tests/bench/run

# A package names the commit that it was built from; CMake asks for it when it configures.
package-build:
	@scripts/install-deps package
	@[[ ! -e build/release/build.ninja ]] || cmake build/release >/dev/null
	@$(MAKE) --no-print-directory build

deb: package-build
	@scripts/deb

rpm: package-build
	@scripts/rpm

fuzz:
	@scripts/install-deps test
	@scripts/build-fuzz

clean:
	rm -rf build
