# The library's structure: what lib/README says of it holds.

load ../helper

# may: ROOM OTHER, for each room that a room may include.
may() {
    awk '/^    room  / { on = 1; next }
        on && !/^    / { exit }
        on { for (i = 2; i <= NF && ($i in rooms || $i == "-"); i++) if ($i != "-") print $1, $i
             rooms[$1] }' "$ROOT/lib/README"
}

# includes: FILE ROOM OTHER, for each include of another room.
includes() {
    (cd "$ROOT" && grep -Ho '^#include "[^"]*"' lib/*/*.[ch] lib/*/*/*.[ch]) |
        sed -e 's/:#include "/ /' -e 's/"$//' |
        awk '{ file = $1; sub(/^lib\//, "", $1); sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2)
               if ($1 != $2) print file, $1, $2 }'
}

# symbols: MODULE TYPE NAME, as nm tells them, of what is compiled from the sources there are.
symbols() {
    (cd "$ROOT" && find lib -name '*.c' | sort) | sed "s|^|$BUILD/|; s|c$|o|" | xargs nm -A -P |
        sed -E "s|^$BUILD/lib/([^:]*)\.o: ([^ ]+) (.).*|\1 \3 \2|"
}

@test "every room is in lib/README, and every room there is one" {
    may | cut -d ' ' -f 1 | sort -u >listed
    find "$ROOT/lib" -mindepth 1 -type d | sed "s|^$ROOT/lib/||" | grep -vx base | sort >there
    diff listed there
}

@test "rooms include only what lib/README allows" {
    may | sort -u >allowed
    includes | awk 'NR == FNR { may[$1, $2]; next } !(($2, $3) in may)' allowed - >wrong
    [ ! -s wrong ] || { cat wrong; return 1; }
}

@test "the rooms have no circle" {
    [ "$(may | wc -l)" -gt 30 ]
    may | tsort >/dev/null
}

@test "files of the library call each other in no circle but that of the loop" {
    # What is compiled for one kind of vectors is a part of its scanner.
    symbols | sed -E 's#^record/json_(avx2|sse2|neon|plain) #record/json_scan #
        s#^record/ndjson_(avx2|sse2|neon|plain) #record/ndjson #' >names
    awk '$2 ~ /^[TRDBVW]$/ { of[$3] = $1 }
        { line[NR] = $0 }
        END { for (i = 1; i <= NR; i++) { split(line[i], n, " ")
              if (n[2] == "U" && n[3] in of && of[n[3]] != n[1]) print n[1], of[n[3]] } }' names |
        sort -u >calls
    [ "$(wc -l <calls)" -gt 500 ]
    grep -q '^pipe/loop pipe/stream$' calls
    grep -v '^pipe/stream pipe/loop$' calls | tsort >/dev/null
}

@test "every module has a header of its name, or is a kind that a header declares" {
    symbols | awk '$2 ~ /^[TRD]$/ { print $1, $3 }' | while read -r module name; do
        [ -e "$ROOT/lib/$module.h" ] || grep -qw "$name" "$ROOT"/lib/*/*.h ||
            echo "lib/$module.c: no header declares $name"
    done >wrong
    [ ! -s wrong ] || { cat wrong; return 1; }
}

# What the process is and does belongs to whoever owns it. base/memory.c ends it when there is no
# memory left for anything else.
@test "outside lib/cli nothing prints, exits, handles signals or changes the process" {
    banned='printf|puts|putchar|vprintf|perror|exit|_exit|_Exit|abort|umask|signal|sigaction'
    banned+='|sigprocmask|raise|alarm|system|popen|setenv|putenv|setlocale|chdir|dup2|strerror'
    banned+='|atoi|atol|atof|strtok|gets|sprintf|strcat|alloca|rand|srand|random'
    (cd "$ROOT" && find lib -name '*.[ch]' ! -path 'lib/cli/*' ! -path lib/base/memory.c | sort |
        xargs grep -nE "(^|[^a-z_>.])($banned)\(") | grep -vE ':[0-9]+: *(/?\*|//)' >calls || true
    [ ! -s calls ] || { cat calls; return 1; }
}

@test "every header can be included by itself" {
    flags=$(pkg-config --cflags libpq jansson libpcre2-8)
    # Not those that are templates, or of one processor.
    (cd "$ROOT/lib" && find . -name '*.h' ! -name ndjson_scan.h ! -name json_grammar.h \
        ! -name json_kind.h ! -name '*_neon.h' ! -name '*_sse2.h' ! -name '*_avx2.h' |
        sort) >headers
    [ "$(wc -l <headers)" -gt 100 ]
    # shellcheck disable=SC2086 # the flags are words
    (cd "$ROOT/lib" && xargs ${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -I. $flags \
        -fsyntax-only -x c <"$BATS_TEST_TMPDIR/headers")
}
