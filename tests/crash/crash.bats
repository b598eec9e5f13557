# The short version of `make crash`: a few pipelines, disturbed a few times each.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    command -v pg_virtualenv >/dev/null || skip 'pg_virtualenv (postgresql-common) is not installed'
    [ -x "$BUILD/crash/driver" ] || skip "needs $BUILD/crash/driver"
}

@test "whatever is killed, and when, the end is as if nothing had happened" {
    "$ROOT/tests/crash/run" -n 20 -j 2 >log || {
        cat log
        return 1
    }
}
