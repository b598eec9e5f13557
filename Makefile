# wh: small Unix filters from the warehouse to a live model.
#
#   make            build the tools into $(BUILD)/bin
#   make deps       install the Debian packages that building, databases, the tests and the demo
#                   need; make deps DEPS="fuzz bench" those for these targets
#   make check      run every test (on Debian, first says what is missing and installs it)
#   make golden     after a change of what the tools say to people: write tests/golden anew, and
#                   the options in the man pages
#   make demo       the whole pipeline on an embedded warehouse (likewise)
#   make install    into PREFIX=/usr/local, under DESTDIR for packages, without symbols (STRIP=:
#                   keeps them); make uninstall
#   make bench      measure against other programs; make bench BENCH="csv clean" for some
#   make tune       what each constant of the learner auto does to the loss; make tune
#                   TUNE="FAR LAST_RATE" for some
#   make fuzz       every fuzz target for FUZZ_SECONDS=600, with clang
#   make crash      disturb pipelines CRASH_RUNS=200 times; CRASH="-m kill" and more, see
#                   tests/crash/run
#   make asan       make check under the address and undefined behaviour sanitizers
#   make arm64      the unit tests for 64-bit ARM, emulated, and whether what is learned there is
#                   the same to the byte
#   make musl       the tests of a build with musl, without databases
#   make without    whether it builds without each of the libraries that it can do without
#   make tsan       what runs in several threads at once, under the thread sanitizer
#
# V=1 shows the compiler's command lines. NO_DEPS=1 forbids installing packages: what is missing is
# then an error. WITHOUT="libpq sqlite3" builds as if these libraries were absent (see below).
#
# A new tool is a file cmd/wh-NAME.c, a new module lib/AREA/NAME.c, a new test
# tests/AREA/test_NAME.c or NAME.bats: they are found by their names.

PREFIX  = /usr/local
DESTDIR =
BUILD   = build
CC      = cc
CFLAGS  = -O2 -g
STRIP   = strip
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
VERSION = 0.1.0
JOBS    = $(shell nproc 2>/dev/null || echo 2)
# For a make started from a recipe: as many jobs as processors, unless -j was given.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

FUZZ_SECONDS = 600
CRASH_RUNS   = 200
CRASH        =
BENCH        =
TUNE         =
DEPS         = build databases check demo
export NO_DEPS
# Sample data that the project does not ship; tests that need it are skipped where it is absent.
export WH_TEST_DATA ?= $(abspath ../shared/data)

# What everything needs.
FILTER_PKGS = jansson zlib libpcre2-8

# Libraries that only some kinds of source and sink need. Where pkg-config does not find one, its
# kinds are left out with a notice: what FILES names is not compiled (but for kind.c, by which the
# tools know what they lack), nor are the tests of it, and MACRO is 0 in place of 1.
OPTIONAL = libpq sqlite3
WITHOUT  =

libpq_KIND    = PostgreSQL
libpq_PACKAGE = libpq-dev
libpq_MACRO   = WH_POSTGRESQL
libpq_FILES   = $(addprefix database/pg,catalog.c connect.c error.c query.c) source/postgres/% \
    sink/postgres/%
libpq_TESTS   = sink/test_postgres_value source/test_since

sqlite3_KIND    = SQLite
sqlite3_PACKAGE = libsqlite3-dev
sqlite3_MACRO   = WH_SQLITE
sqlite3_FILES   = database/sqlite.c source/sqlite/% sink/sqlite/%
sqlite3_TESTS   = pipe/test_close source/test_since

PKG_CONFIG = pkg-config
CONNECT_PKGS := $(foreach library,$(filter-out $(WITHOUT),$(OPTIONAL)),$(if $(shell \
    $(PKG_CONFIG) --exists $(library) 2>/dev/null && echo found),$(library)))
LEFT_OUT := $(filter-out $(CONNECT_PKGS),$(OPTIONAL))

override CPPFLAGS += -Ilib -D_POSIX_C_SOURCE=200809L -DWH_VERSION='"$(VERSION)"'
override CPPFLAGS += $(foreach library,$(OPTIONAL),-D$($(library)_MACRO)=$(if \
    $(filter $(library),$(LEFT_OUT)),0,1))
# The map makes a program the same to the byte wherever it is built.
override CFLAGS   += -std=c11 -pthread $(WARN) -ffp-contract=off -MMD -MP -ffile-prefix-map=$(CURDIR)=.

# $(call once,NAME,COMMAND): what the command prints; it runs when that is first needed.
once = $(if $(filter undefined,$(origin once-$(1))),$(eval once-$(1) := $(shell $(2) \
    2>/dev/null)))$(once-$(1))
PKG_CFLAGS   = $(call once,cflags,$(PKG_CONFIG) --cflags $(FILTER_PKGS) $(CONNECT_PKGS))
FILTER_LIBS  = $(call once,filter,$(PKG_CONFIG) --libs $(FILTER_PKGS)) -lcsv -lm
CONNECT_LIBS = $(if $(CONNECT_PKGS),$(call once,connect,$(PKG_CONFIG) --libs $(CONNECT_PKGS)))
CMOCKA_LIBS  = $(call once,cmocka,$(PKG_CONFIG) --libs cmocka)

# All that is compiled: not what needs a library that is absent.
LEFT_OUT_FILES = $(foreach library,$(LEFT_OUT),$($(library)_FILES))
LEFT_OUT_TESTS = $(foreach library,$(LEFT_OUT),$($(library)_TESTS))
ALL_SOURCES = $(wildcard lib/*/*.c lib/*/*/*.c)
LIB_SOURCES = $(filter %/kind.c,$(ALL_SOURCES)) $(filter-out %/kind.c $(addprefix \
    lib/,$(LEFT_OUT_FILES)),$(ALL_SOURCES))
TOOLS = $(patsubst cmd/%.c,$(BUILD)/bin/%,$(wildcard cmd/wh-*.c))
CONNECTORS  = lib/database/% lib/source/% lib/sink/%
LIB_OBJS    = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(CONNECTORS),$(LIB_SOURCES)))
CONNECT_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(filter $(CONNECTORS),$(LIB_SOURCES)))

UNIT_TESTS   = $(patsubst %.c,$(BUILD)/%,$(filter-out $(addsuffix \
    .c,$(addprefix tests/,$(LEFT_OUT_TESTS))),$(wildcard tests/*/test_*.c)))
BATS_TESTS   = $(wildcard tests/*/*.bats)
FUZZ_TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
CRASH_PROGRAMS = $(patsubst tests/crash/%.c,$(BUILD)/crash/%,$(wildcard tests/crash/*.c))
PRELOADS     = $(patsubst tests/preload/%.c,$(BUILD)/preload/%.so,$(wildcard tests/preload/*.c))
BENCH_PROGRAMS = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

MAN1 = $(wildcard man/*.1)
MAN7 = $(wildcard man/*.7)
EXAMPLES = $(wildcard examples/*)

# $(call say,CC) before a command prints "CC TARGET" in its place.
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)

all: notices $(TOOLS)

# All that is compiled, for trying a compiler or its warnings.
programs: notices $(TOOLS) $(UNIT_TESTS) $(CRASH_PROGRAMS) $(PRELOADS) $(BENCH_PROGRAMS)

# Asked for by name, so that NO_DEPS does not forbid it.
deps:
	@NO_DEPS= tests/install-deps $(DEPS)

# ---- building ----------------------------------------------------------------------------------

notices:
	@$(foreach library,$(LEFT_OUT),echo "$($(library)_KIND) left out: $(library) is absent (apt-get \
	install $($(library)_PACKAGE))" >&2;) :

$(BUILD)/libraries-found:
	@mkdir -p $(@D)
	@tests/install-deps --check build
	@touch $@

# How everything is compiled: what was compiled otherwise is compiled again, but with KEEP_FLAGS=1.
FLAGS = $(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS)
ifneq ($(if $(KEEP_FLAGS),$(FLAGS),$(file <$(BUILD)/flags)),$(FLAGS))
$(BUILD)/flags: FORCE
endif
$(BUILD)/flags: | $(BUILD)/libraries-found
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags | $(BUILD)/libraries-found
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/libwh.a: $(LIB_OBJS)
$(BUILD)/libwhconnect.a: $(CONNECT_OBJS)
$(BUILD)/libwh.a $(BUILD)/libwhconnect.a:
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

# Only these link connectors, so that the filters start in a millisecond.
$(BUILD)/bin/wh-extract $(BUILD)/bin/wh-load: $(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libwhconnect.a $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CONNECT_LIBS) $(FILTER_LIBS)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(FILTER_LIBS)

# ---- tests -------------------------------------------------------------------------------------

# What is missing is installed first; the rest happens in a make of its own, which then finds it.
check:
	@tests/install-deps build databases check
	+@$(MAKE) --no-print-directory $(PARALLEL) run-tests

run-tests: $(TOOLS) $(UNIT_TESTS) $(CRASH_PROGRAMS) $(PRELOADS)
	@BUILD='$(abspath $(BUILD))' JOBS=$(JOBS) tests/run $(BATS_TESTS) $(UNIT_TESTS)

# What the tools say to people, to be read as a diff and committed; and the options in their pages.
golden:
	@tests/install-deps build databases check
	+@$(MAKE) --no-print-directory $(PARALLEL) $(TOOLS) $(BUILD)/tests/cli/test_progress
	@perl man/options.pl $(BUILD)/bin man
	@BUILD='$(abspath $(BUILD))' tests/golden/write tests/golden

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libwhconnect.a $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CMOCKA_LIBS) $(CONNECT_LIBS) $(FILTER_LIBS)

crash:
	@tests/install-deps build databases check
	+@$(MAKE) --no-print-directory $(PARALLEL) $(TOOLS) $(CRASH_PROGRAMS) $(PRELOADS)
	@BUILD='$(abspath $(BUILD))' JOBS=$(JOBS) tests/crash/run -n $(CRASH_RUNS) -j $(JOBS) $(CRASH)

$(BUILD)/crash/%: $(BUILD)/tests/crash/%.o
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $<

# What stands between a tested program and its system.
$(BUILD)/preload/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CPPFLAGS) $(filter-out -fsanitize%,$(CFLAGS)) $(LDFLAGS) -fPIC -shared -o $@ $< -ldl

SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# Programs that run stages in several threads at once.
TSAN_TESTS = $(BUILD)/tests/pipe/test_chain $(BUILD)/tests/pipe/test_parallel $(BUILD)/tests/score/test_sessions

asan:
	+@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='-O1 -g $(SANITIZE)' check

# Other systems: libraries for them come into a folder of the build, not into this system.

ARM64       = $(BUILD)-arm64
ARM64_ROOT  = $(abspath $(ARM64))-libraries
ARM64_TOOLS = CC='aarch64-linux-gnu-gcc --sysroot=$(ARM64_ROOT)' AR=aarch64-linux-gnu-ar

arm64:
	@tests/install-deps build databases arm64
	@tests/ci/sysroot arm64 $(ARM64_ROOT)
	+@$(MAKE) --no-print-directory $(PARALLEL) all
	+@PKG_CONFIG_SYSROOT_DIR=$(ARM64_ROOT) \
	    PKG_CONFIG_LIBDIR=$(ARM64_ROOT)/usr/lib/aarch64-linux-gnu/pkgconfig \
	    $(MAKE) --no-print-directory $(PARALLEL) BUILD=$(ARM64) $(ARM64_TOOLS) programs
	@BUILD='$(abspath $(BUILD))' SYSROOT='$(ARM64_ROOT)' JOBS=$(JOBS) \
	    tests/ci/arm64 '$(abspath $(ARM64))'

MUSL       = $(BUILD)-musl
MUSL_ROOT  = $(abspath $(MUSL))-libraries
MUSL_CC    = musl-gcc -isystem $(MUSL_ROOT)/include -L$(MUSL_ROOT)/lib
MUSL_LIBS  = CMOCKA_LIBS=-lcmocka FILTER_LIBS='-ljansson -lz -lpcre2-8 -lcsv -lm'

musl:
	@tests/install-deps build databases check musl
	@JOBS=$(JOBS) tests/ci/musl-libraries $(MUSL_ROOT)
	+@$(MAKE) --no-print-directory $(PARALLEL) all
	+@$(MAKE) --no-print-directory $(PARALLEL) BUILD=$(MUSL) CC='$(MUSL_CC)' LDFLAGS=-static \
	    WITHOUT='$(OPTIONAL)' PKG_CFLAGS= $(MUSL_LIBS) HERE='$(abspath $(BUILD))' run-musl

run-musl: notices $(TOOLS) $(UNIT_TESTS)
	@BUILD='$(HERE)' JOBS=$(JOBS) FILES='$(WITHOUT_TESTS)' tests/ci/musl '$(abspath $(BUILD))' $(UNIT_TESTS)

# Without each library, and without all: what can be tested then.
WITHOUT_TESTS = tests/cli/kinds.bats tests/source/files.bats tests/sink/file.bats tests/sink/rotate.bats

without:
	@tests/install-deps build databases check
	+@set -e; for library in $(OPTIONAL) '$(OPTIONAL)'; do \
	    $(MAKE) --no-print-directory $(PARALLEL) WITHOUT="$$library" run-without \
	        BUILD="$(BUILD)-without/$$(echo "$$library" | tr ' ' -)"; \
	done

# Of the unit tests those near to databases; the others are only built.
run-without: notices $(TOOLS) $(UNIT_TESTS) $(PRELOADS)
	@BUILD='$(abspath $(BUILD))' JOBS=$(JOBS) tests/run $(WITHOUT_TESTS) $(filter $(addprefix \
	    $(BUILD)/tests/,base/test_kind database/% source/% sink/% pipe/test_close),$(UNIT_TESTS))

tsan:
	@tests/install-deps build databases check
	+@$(MAKE) --no-print-directory $(PARALLEL) BUILD=build-tsan CFLAGS='-O1 -g -fsanitize=thread' run-tsan

run-tsan: $(TOOLS) $(TSAN_TESTS)
	@for test in $(abspath $(TSAN_TESTS)); do \
	    BUILD='$(abspath $(BUILD))' TSAN_OPTIONS='suppressions=$(abspath tests/tsan.supp)' $$test || exit 1; \
	done

fuzz:
	@tests/install-deps build databases fuzz
	+@$(MAKE) --no-print-directory -k $(PARALLEL) BUILD=build-fuzz CC=clang \
	    CFLAGS='-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link' $(addprefix run-fuzz-,$(FUZZ_TARGETS))

run-fuzz-%: $(BUILD)/fuzz/%
	@BUILD='$(BUILD)' SECONDS_EACH=$(FUZZ_SECONDS) tests/fuzz/run $*

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libwhconnect.a $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(CONNECT_LIBS) $(FILTER_LIBS)

# ---- demonstration and measurement ---------------------------------------------------------------

demo:
	@tests/install-deps build databases demo
	+@$(MAKE) --no-print-directory $(PARALLEL) all
	@PATH='$(abspath $(BUILD))/bin':"$$PATH" examples/demo.sh demo

bench:
	@tests/install-deps build databases bench
	+@$(MAKE) --no-print-directory $(PARALLEL) all $(BENCH_PROGRAMS) $(PRELOADS)
	@BUILD='$(abspath $(BUILD))' tests/bench/run $(BENCH)

tune:
	@tests/install-deps build databases
	+@$(MAKE) --no-print-directory $(PARALLEL) $(BENCH_PROGRAMS)
	+@BUILD='$(abspath $(BUILD))' JOBS=$(JOBS) tests/bench/tune $(TUNE)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(BUILD)/libwh.a $(FILTER_LIBS)

# ---- installing --------------------------------------------------------------------------------

BIN_DIR  = $(DESTDIR)$(PREFIX)/bin
MAN_DIR  = $(DESTDIR)$(PREFIX)/share/man
DOC_DIR  = $(DESTDIR)$(PREFIX)/share/doc/wh
BASH_DIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSH_DIR  = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISH_DIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
TOOL_NAMES = $(notdir $(TOOLS))

install: all
	install -d $(BIN_DIR) $(MAN_DIR)/man1 $(MAN_DIR)/man7 $(DOC_DIR)/examples
	install -d $(BASH_DIR) $(ZSH_DIR) $(FISH_DIR)
	install -m 755 $(TOOLS) $(BIN_DIR)
	set -e; for tool in $(TOOL_NAMES); do $(STRIP) $(BIN_DIR)/$$tool; done
	install -m 644 $(MAN1) $(MAN_DIR)/man1
	install -m 644 $(MAN7) $(MAN_DIR)/man7
	install -m 644 README COPYING $(DOC_DIR)
	install -m 755 $(filter %.sh,$(EXAMPLES)) $(DOC_DIR)/examples
	install -m 644 $(filter-out %.sh,$(EXAMPLES)) $(DOC_DIR)/examples
	set -e; umask 022; for tool in $(TOOL_NAMES); do \
	    $(BUILD)/bin/$$tool --completion=bash > $(BASH_DIR)/$$tool; \
	    $(BUILD)/bin/$$tool --completion=zsh > $(ZSH_DIR)/_$$tool; \
	    $(BUILD)/bin/$$tool --completion=fish > $(FISH_DIR)/$$tool.fish; \
	done

uninstall:
	rm -f $(addprefix $(BIN_DIR)/,$(TOOL_NAMES)) $(addprefix $(BASH_DIR)/,$(TOOL_NAMES))
	rm -f $(addprefix $(ZSH_DIR)/_,$(TOOL_NAMES)) $(patsubst %,$(FISH_DIR)/%.fish,$(TOOL_NAMES))
	rm -f $(addprefix $(MAN_DIR)/man1/,$(notdir $(MAN1))) $(addprefix $(MAN_DIR)/man7/,$(notdir $(MAN7)))
	rm -rf $(DOC_DIR)

clean:
	rm -rf $(BUILD) build-asan build-tsan build-fuzz $(ARM64) $(ARM64)-libraries $(MUSL) \
	    $(MUSL)-libraries $(BUILD)-without demo

.PHONY: FORCE all notices programs deps check run-tests golden crash asan tsan run-tsan arm64 musl \
    run-musl without run-without fuzz demo bench tune install uninstall clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
