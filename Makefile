# All paths are relative to this file's folder, so that its own path may hold spaces.
BUILD := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(BUILD)/release
# rustup's cargo is found even by a shell that has not read its profile.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help setup build run test bench clean

help:
	@echo 'make run     install what is missing, build, show ranks in one address space, compare with stock MPICH'
	@echo 'make test    install what is missing, build, run every test'
	@echo 'make bench   a longer comparison, also as JSON; ARGS="..." passes options (ARGS=-h lists them)'
	@echo 'make build   install what is missing and build'
	@echo 'make setup   install what is missing'
	@echo 'make clean   remove what was built'

setup:
	@scripts/setup

build: setup
	cargo build --release --workspace

run: build
	@echo
	"$(RELEASE)/pip-mpiexec" -n 4 "$(RELEASE)/address-space"
	@echo
	"$(RELEASE)/compare"

test: build
	cargo test --release --workspace

bench: build
	"$(RELEASE)/compare" --rounds 60 --seconds 300 --json "$(BUILD)/bench.json" $(ARGS)

clean:
	cargo clean
