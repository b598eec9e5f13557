# For every .bats file: `load ../helper`.
#
# $ROOT is the source tree, $BIN holds the tools and comes first on PATH. $RANDOM_AWK defines
# random() and random_seed() for awk programs (random.awk). Tests write into
# $BATS_TEST_TMPDIR, which is the working folder of each test (a file with a setup of its own
# begins that with `cd "$BATS_TEST_TMPDIR"`).

bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$ROOT/build}
BIN=$BUILD/bin
RANDOM_AWK=$(cat "$ROOT/tests/random.awk")
PATH=$BIN:$PATH
LC_ALL=C.UTF-8
TZ=UTC
# Seconds after which a test that hangs is ended (`timeout`, `read -t`); no promise about speed.
PATIENCE=600
export ROOT BUILD BIN RANDOM_AWK PATH LC_ALL TZ PATIENCE
set -o pipefail

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# data_file NAME: sets $DATA_FILE to a file of the shared sample data, or skips the test. (A name
# printed for $(...) could not skip: it would run in a subshell.)
data_file() {
    DATA_FILE=${WH_TEST_DATA:-$ROOT/../shared/data}/$1
    [ -f "$DATA_FILE" ] || skip "needs $1, which is not in ${DATA_FILE%/*}"
}

# need COMMAND...: skips the test where a command is not installed.
need() {
    local command
    for command; do
        command -v "$command" >/dev/null || skip "$command is not installed"
    done
}

# without_sanitizers: skips a test of memory or speed where the build makes both meaningless.
without_sanitizers() {
    if grep -q __asan_init "$BIN/wh-clean"; then skip "needs a build without sanitizers"; fi
}

# eventually COMMAND...: tries the command until it succeeds. No test depends on how long that takes:
# the limit, far beyond what a busy machine needs, only ends a test that waits for what never comes.
eventually() {
    local tries
    for ((tries = 0; tries < 6000; tries++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.05
    done
    echo "waited in vain for: $*" >&2
    return 1
}

# holds TEXT COMMAND...: what the command prints is TEXT; for `eventually`.
holds() {
    [ "$("${@:2}")" = "$1" ]
}

# lines FILE AT_LEAST: FILE has so many lines; for `eventually`.
lines() {
    [ "$(wc -l <"$1")" -ge "$2" ]
}

# same FILE FILE: both have the same bytes; shows the difference otherwise.
same() {
    cmp -s "$1" "$2" || {
        diff -u "$1" "$2" || true
        return 1
    }
}

# prints EXPECTED COMMAND...: the command succeeds and prints exactly EXPECTED and a newline.
prints() {
    local expected=$1
    shift
    "$@" >"$BATS_TEST_TMPDIR/.printed"
    printf '%s\n' "$expected" >"$BATS_TEST_TMPDIR/.expected"
    same "$BATS_TEST_TMPDIR/.expected" "$BATS_TEST_TMPDIR/.printed"
}

# shellcheck disable=SC2154 # bats sets status, output and stderr
# exits STATUS COMMAND...: the command ends with STATUS. Its output is in $output, what it wrote
# to standard error in $stderr.
exits() {
    local status_wanted=$1
    shift
    run --separate-stderr "$@"
    [ "$status" -eq "$status_wanted" ] || {
        printf 'status %s instead of %s\n%s\n%s\n' "$status" "$status_wanted" "$output" "$stderr"
        return 1
    }
}

# says TEXT: the last `exits` or `run` had TEXT in what it wrote to standard error.
says() {
    [[ $stderr == *"$1"* ]] || {
        printf 'expected in standard error: %s\nfound: %s\n' "$1" "$stderr"
        return 1
    }
}

# refuses_with MESSAGE COMMAND...: the command ends with 2, with this message alone, and prints nothing.
refuses_with() {
    exits 2 "${@:2}"
    [ "$stderr$output" = "$1" ] || {
        printf 'expected in standard error: %s\nfound: %s\n%s\n' "$1" "$stderr" "$output"
        return 1
    }
}

# page_text FILE: a man page as plain text.
page_text() {
    mandoc -T utf8 -O width=120 "$1" | sed $'s/.\b//g'
}
