# The words of the daily loop; `make help` prints them. Each target first installs the packages it needs.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test bench fmt lint fuzz coverage asan tsan deb install clean

DESTDIR ?=
PREFIX ?= /usr/local

JOBS := $(shell nproc)
FUZZ_SECONDS ?= 60
SANITIZERS ?=

# What the demo starts; its build leaves out tests and benchmarks.
DEMO_TARGETS := iiab-cmdsrv iiab-cmdsrv-ctl iiab-cmdsrv-gateway iiab-cmdsrv-shim iiab-cmdsrv-step iiab-box

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10 | sed 's/^/  make /'
	@echo "  variables: SANITIZERS=1 make test (asan and tsan too), FUZZ_SECONDS=600 make fuzz, DEMO_ONCE=1 make run"

run:  ## build the server and show it at work on a small box in ./box
	@tools/install-deps build run
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target $(DEMO_TARGETS)
	@tools/demo

test:  ## build everything, run every test and check; last line: N passed, N failed
	@tools/install-deps build run test
	@tools/run_tests dev $(if $(filter-out 0,$(SANITIZERS)),asan tsan)

asan:  ## the tests with address and undefined behaviour sanitizers
	@tools/install-deps build run test
	@tools/run_tests asan

tsan:  ## the tests with the thread sanitizer
	@tools/install-deps build run test
	@tools/run_tests tsan

bench:  ## measure the promised numbers, each beside its limit
	@tools/install-deps build run bench
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target bench
	@tools/run_bench build/release/bench

fuzz:  ## run every fuzz target for FUZZ_SECONDS (60)
	@tools/install-deps build fuzz
	@cmake --preset fuzz >/dev/null
	@cmake --build --preset fuzz -j $(JOBS) --target fuzz/all
	@tools/run_fuzz build/fuzz/fuzz $(FUZZ_SECONDS)

coverage:  ## which lines and branches of each room the tests reach
	@tools/install-deps build run test coverage
	@tools/coverage

deb:  ## build the Debian packages in build/deb
	@tools/install-deps build package
	@tools/make_deb build/deb
	@lintian --fail-on error,warning build/deb/*.changes

install:  ## build and install below $(DESTDIR)$(PREFIX), units and man pages too
	@tools/install-deps build
	@cmake --preset release >/dev/null
	@cmake --build --preset release -j $(JOBS) --target $(filter-out iiab-box,$(DEMO_TARGETS))
	@DESTDIR=$(DESTDIR) cmake --install build/release --prefix $(PREFIX)

fmt:  ## format the sources
	@tools/install-deps lint
	@tools/lint --fix

lint:  ## formatting, clang-tidy, borders of the rooms
	@tools/install-deps build lint
	@tools/lint

clean:  ## remove what was built and the box of the demo
	rm -rf build box
