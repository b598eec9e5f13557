# How make builds: what a change of flags or an absent library brings about.

load ../helper

# make_one VARIABLE... -- TARGET: in a folder of its own, which has one object soon.
make_one() {
    make -C "$ROOT" BUILD="$BATS_TEST_TMPDIR/build" --no-print-directory "$@"
}

@test "what was compiled with other flags is compiled again, and else is not" {
    object=$BATS_TEST_TMPDIR/build/lib/base/base64.o
    make_one CFLAGS=-O0 "$object" >made
    grep -q 'CC .*base64.o' made
    make_one CFLAGS=-O0 "$object" >made
    run ! grep -q 'CC ' made
    make_one CFLAGS=-O1 "$object" >made
    grep -q 'CC .*base64.o' made
    make_one KEEP_FLAGS=1 CFLAGS=-O2 "$object" >made
    run ! grep -q 'CC ' made
    # What would be done is not done.
    make_one -n CFLAGS=-O0 "$object" >made
    make_one CFLAGS=-O1 "$object" >made
    run ! grep -q 'CC ' made
}

@test "a library that pkg-config does not find is left out, with one notice" {
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\ncase $* in *libpq*) exit 1 ;; esac\nexec pkg-config "$@"\n' >hides
    chmod +x hides
    make_one -s PKG_CONFIG="$PWD/hides" notices >said 2>&1
    prints 'PostgreSQL left out: libpq is absent (apt-get install libpq-dev)' cat said
    make_one -n PKG_CONFIG="$PWD/hides" all >would 2>&1
    grep -q -e '-c -o .* lib/source/postgres/kind.c' would
    grep -q -e '-DWH_POSTGRESQL=0 -DWH_SQLITE=1' would
    grep -q -e '-c -o .* lib/sink/sqlite/sqlite.c' would
    run ! grep -qE -- '-c -o .* lib/(source/postgres/rows|sink/postgres/postgres|database/pgquery).c' would
    run ! grep -qE -- '-lpq' would
    make_one -s WITHOUT='libpq sqlite3' notices >said 2>&1
    [ "$(grep -c 'left out' said)" -eq 2 ]
    make_one -n WITHOUT='libpq sqlite3' all >would 2>&1
    grep -q -e '-DWH_POSTGRESQL=0 -DWH_SQLITE=0' would
}

@test "pkg-config runs a few times in a make, not once for each file" {
    # shellcheck disable=SC2016 # for the stand-in
    printf '#!/bin/sh\necho >>"$0.calls"\nexec pkg-config "$@"\n' >counts
    chmod +x counts
    make_one -n PKG_CONFIG="$PWD/counts" programs >would 2>&1
    [ "$(grep -c -e ' -c -o ' would)" -gt 100 ]
    [ "$(wc -l <counts.calls)" -le 6 ]
}
