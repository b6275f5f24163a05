# All paths are relative to this file's folder, so that its own path may hold spaces.
BUILD := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(BUILD)/release
# rustup's cargo is found even by a shell that has not read its profile.
export PATH := $(PATH):$(HOME)/.cargo/bin

.PHONY: help setup build run test test-loom bench clean

help:
	@echo 'make run     install what is missing, build, show ranks in one address space, compare with stock MPICH'
	@echo 'make test    install what is missing, build, run every test'
	@echo 'make test-loom  every interleaving of the lock-free modules (part of make test)'
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

# The programs, libraries and examples that the integration tests run are not theirs to build.
test:
	@scripts/setup test
	cargo build --release --workspace --lib --bins --examples
	cargo test --release --workspace
	@$(MAKE) --no-print-directory test-loom

# Every interleaving of short runs of the lock-free modules; a target directory of its own, since RUSTFLAGS differ.
test-loom:
	CARGO_TARGET_DIR="$(BUILD)/loom" RUSTFLAGS="--cfg loom" \
		cargo test --release -p pip-mpi-shim --lib loom_

bench: build
	"$(RELEASE)/compare" --rounds 60 --seconds 300 --json "$(BUILD)/bench.json" $(ARGS)

clean:
	cargo clean
