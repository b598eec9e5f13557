# wh: small Unix filters from the warehouse to a live model.
#
#   make            build the tools into $(BUILD)/bin
#   make check      every test (installs what it needs on Debian)
#   make demo       the whole pipeline on an embedded warehouse
#   make install    PREFIX=/usr/local, DESTDIR for packages
#   make bench | fuzz | asan

PREFIX  = /usr/local
DESTDIR =
BUILD   = build
CC      = cc
CFLAGS  = -O2 -g
WARN    = -Wall -Wextra -Wpedantic -Wshadow -Wconversion
VERSION = 0.1.0

FILTER_PKGS = jansson zlib libpcre2-8
SOURCE_PKGS = libpq sqlite3

override CPPFLAGS += -Ilib -D_POSIX_C_SOURCE=200809L -DWH_VERSION='"$(VERSION)"'
override CFLAGS   += -std=c11 $(WARN) -ffp-contract=off -MMD -MP

PKG_CFLAGS  = $(shell pkg-config --cflags $(FILTER_PKGS) $(SOURCE_PKGS) 2>/dev/null)
FILTER_LIBS = $(shell pkg-config --libs $(FILTER_PKGS)) -lcsv -lm
SOURCE_LIBS = $(shell pkg-config --libs $(SOURCE_PKGS))

TOOLS = $(patsubst cmd/%.c,$(BUILD)/bin/%,$(wildcard cmd/wh-*.c))
# Only wh-extract links connectors, so that the filters start in a millisecond.
LIB_OBJS    = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard lib/source/*.c),$(wildcard lib/*/*.c)))
SOURCE_OBJS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/source/*.c))

all: $(TOOLS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/libwh.a: $(LIB_OBJS)
	$(AR) rcs $@ $^

$(BUILD)/libwhsource.a: $(SOURCE_OBJS)
	$(AR) rcs $@ $^

$(BUILD)/bin/wh-extract: $(BUILD)/cmd/wh-extract.o $(BUILD)/libwhsource.a $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SOURCE_LIBS) $(FILTER_LIBS)

$(BUILD)/bin/%: $(BUILD)/cmd/%.o $(BUILD)/libwh.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(FILTER_LIBS)

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.SECONDARY:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
