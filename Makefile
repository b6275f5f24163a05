# All paths are relative to this file's folder, so that its own path may hold spaces.
BUILD := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(BUILD)/release
# Where `make install` puts things; DESTDIR, for packagers, stands before it and is forgotten afterwards.
PREFIX ?= /usr/local
ROOT := $(DESTDIR)$(PREFIX)
TOOLS := pip-mpiexec pip-exec pip-check pips pip-mode printpipmode pipcc pipfc pip-man pip-tgkill pip-python
LIBRARIES := libpip.so libpip_field.so libxpmem.so libpip_mpi.so
# rustup's cargo is found even by a shell that has not read its profile.
export PATH := $(PATH):$(HOME)/.cargo/bin

# Generated MPI programs of the long run, `make test-generated`.
CASES ?= 10000

SANITIZED := x86_64-unknown-linux-gnu

# A record of an earlier `make bench` that this one is compared with.
BASELINE ?=

.PHONY: help setup build run test test-loom test-sanitized test-generated bench paper tune rivals clean install install-files uninstall

help:
	@echo 'make run     install what is missing, build, show ranks in one address space, compare with stock MPICH'
	@echo 'make test    install what is missing, build, run every test'
	@echo 'make test-loom  every interleaving of the lock-free modules (part of make test)'
	@echo 'make test-sanitized  the unit tests of shim and core under the address sanitizer'
	@echo 'make test-generated  CASES (10000) generated MPI programs of messages, as many of windows and of collectives, under PiP and stock MPICH; ARGS="--seed 1 --ranks 2-4"'
	@echo 'make bench   everything under every MPI found, as a page with plots: target/bench.html, target/bench.json (12 minutes);'
	@echo '             BASELINE=FILE, a bench.json of before, says what got slower; ARGS="..." passes options (ARGS=-h lists them)'
	@echo 'make scaling 2 to 64 ranks, measured, and up to 1024 by a cost model: target/scaling.html (10 minutes)'
	@echo 'make paper   the measures of the PiP paper: tables, and figures in target/paper'
	@echo 'make tune    what the settings of messages and collective operations should be on this machine (pip-mpiexec -info prints them)'
	@echo 'make rivals  install the other MPI libraries that make bench measures too'
	@echo 'make build   install what is missing and build'
	@echo 'make setup   install what is missing'
	@echo 'make install    build, and install below PREFIX (default /usr/local)'
	@echo 'make uninstall  remove what was installed there'
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
	@scripts/python "$(BUILD)/python"
	cargo build --release --workspace --lib --bins --examples
	cargo test --release --workspace
	@$(MAKE) --no-print-directory test-loom

# Every interleaving of short runs of the lock-free modules; a target directory of its own, since RUSTFLAGS differ.
test-loom:
	CARGO_TARGET_DIR="$(BUILD)/loom" RUSTFLAGS="--cfg loom" \
		cargo test --release -p pip-mpi-shim --lib loom_

# Accesses out of bounds and after the end, in the modules that unit tests reach. The sanitizer comes with the stable toolchain but is
# switched on by a flag that only nightly ones take without RUSTC_BOOTSTRAP. Leaks are not looked for: tables of handles and what peers
# may still read live until the process ends.
test-sanitized:
	CARGO_TARGET_DIR="$(BUILD)/sanitized" RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address" ASAN_OPTIONS=detect_leaks=0 \
		cargo test -p pip-mpi-shim -p pip-core --lib --target $(SANITIZED)

# A number of programs that no one has time for in `make test`.
test-generated:
	@scripts/setup test
	cargo build --release --workspace --lib --bins --examples
	"$(RELEASE)/generate-traffic" --cases $(CASES) $(ARGS)
	"$(RELEASE)/generate-traffic" --one-sided --cases $(CASES) $(ARGS)
	"$(RELEASE)/generate-traffic" --collectives --cases $(CASES) $(ARGS)

bench: build
	"$(RELEASE)/compare" --only all --rivals found --rounds 60 --seconds 720 --json "$(BUILD)/bench.json" \
		--html "$(BUILD)/bench.html" $(if $(BASELINE),--baseline "$(BASELINE)") $(ARGS)

.PHONY: scaling
scaling: build
	"$(RELEASE)/compare" scaling --json "$(BUILD)/scaling.json" --html "$(BUILD)/scaling.html" $(ARGS)

paper: build
	"$(RELEASE)/bench-pip" paper --out "$(BUILD)/paper" $(ARGS)

# The same benchmarks once more for the ABI of Open MPI, in a target directory of their own.
rivals: build
	@scripts/rivals "$(BUILD)/rivals"
	MPICC=mpicc.openmpi cargo build --release -p osu -p imb -p bench-harness --target-dir "$(BUILD)/rivals/openmpi"

tune: build
	"$(RELEASE)/compare" --tune --rounds 30 --seconds 180 $(ARGS)

clean:
	cargo clean

# Root may have no cargo: then what another user has built is installed.
install:
	@if command -v cargo >/dev/null; then $(MAKE) --no-print-directory build; fi
	@$(MAKE) --no-print-directory install-files

install-files:
	@case "$(PREFIX)" in /*) ;; *) echo "make install: PREFIX=$(PREFIX) must start with /" >&2; exit 1 ;; esac
	@for file in $(TOOLS) $(LIBRARIES); do test -e "$(RELEASE)/$$file" || \
		{ echo "make install: $$file has not been built; run make build first" >&2; exit 1; }; done
	install -d "$(ROOT)/bin" "$(ROOT)/lib/pkgconfig" "$(ROOT)/include/pip" "$(ROOT)/share/pip/pip_gdb" \
		"$(ROOT)/share/pip/python/procinproc"
	set -e; for tool in $(TOOLS); do install -m 755 "$(RELEASE)/$$tool" "$(ROOT)/bin/"; done
	set -e; for library in $(LIBRARIES); do install -m 755 "$(RELEASE)/$$library" "$(ROOT)/lib/"; done
	install -m 644 pip-core/include/pip/*.h "$(ROOT)/include/pip/"
	install -m 644 pip-core/include/xpmem.h "$(ROOT)/include/"
	install -m 755 pip-core/gdb/pip-gdb "$(ROOT)/bin/"
	install -m 644 pip-core/gdb/pip-gdb.py "$(ROOT)/share/pip/"
	install -m 644 pip-core/gdb/pip_gdb/*.py "$(ROOT)/share/pip/pip_gdb/"
	install -m 644 pip-core/python/procinproc/*.py "$(ROOT)/share/pip/python/procinproc/"
	set -e; for name in pip xpmem; do sed 's|@PREFIX@|$(PREFIX)|' pip-core/tools/pkgconfig/$$name.pc.in \
		> "$(ROOT)/lib/pkgconfig/$$name.pc"; chmod 644 "$(ROOT)/lib/pkgconfig/$$name.pc"; done
	"$(RELEASE)/pip-man" --generate "$(ROOT)/share/man"
	"$(RELEASE)/pip-mpiexec" -manual-page > "$(ROOT)/share/man/man1/pip-mpiexec.1"
	chmod 644 "$(ROOT)/share/man/man1/pip-mpiexec.1"

uninstall:
	for tool in $(TOOLS) pip-gdb; do rm -f "$(ROOT)/bin/$$tool" "$(ROOT)/share/man/man1/$$tool.1"; done
	for library in $(LIBRARIES); do rm -f "$(ROOT)/lib/$$library"; done
	rm -f "$(ROOT)/lib/pkgconfig/pip.pc" "$(ROOT)/lib/pkgconfig/xpmem.pc" "$(ROOT)/include/xpmem.h" \
		"$(ROOT)/share/man/man7/libpip.7"
	rm -rf "$(ROOT)/include/pip" "$(ROOT)/share/pip"
