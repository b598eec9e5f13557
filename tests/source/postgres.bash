# For .bats files that need a PostgreSQL server: `load postgres`, postgres_start in setup_file,
# postgres_stop in teardown_file, postgres_need in setup. It is a server of the file's own, in a
# throw-away cluster that pg_virtualenv makes; PGHOST, PGPORT, PGUSER and PGPASSWORD then name it.
# Where there is none, postgres_start fails after exporting the reason in $POSTGRES_MISSING.

postgres_start() {
    if ! command -v pg_virtualenv >/dev/null; then
        export POSTGRES_MISSING='pg_virtualenv (postgresql-common) is not installed'
    elif [ ! -d /usr/lib/postgresql ]; then
        export POSTGRES_MISSING='no PostgreSQL server is installed'
    fi
    [ -z "${POSTGRES_MISSING-}" ] || return 1
    local ready=$BATS_FILE_TMPDIR/postgres.env
    # The cluster lives until its standard input ends: at the latest when this process does.
    exec {POSTGRES_HOLD}> >(postgres_run "$ready" >"$BATS_FILE_TMPDIR/postgres.log" 2>&1 3>&-)
    local waited=0
    until [ -f "$ready" ]; do
        if [ $((waited += 1)) -gt 600 ] || [ -f "$ready.failed" ]; then
            cat "$BATS_FILE_TMPDIR/postgres.log"
            exit 1
        fi
        sleep 0.1
    done
    # shellcheck source=/dev/null
    . "$ready"
}

# A port at random, since servers of several test files start at the same time; tried again in the
# rare case that it is taken.
postgres_run() {
    local attempt
    for attempt in 1 2 3; do
        echo "attempt $attempt"
        # shellcheck disable=SC2016 # expanded by the inner shell
        PGPORT=$((20000 + RANDOM % 12000)) pg_virtualenv -t sh -c '
            export -p | grep " PG[A-Z]*=" >"$1.new"
            mv "$1.new" "$1"
            cat >/dev/null' sh "$1" && break
    done
    [ -f "$1" ] || touch "$1.failed"
    touch "$1.ended"
}

postgres_need() {
    [ -z "${POSTGRES_MISSING-}" ] || skip "$POSTGRES_MISSING"
}

postgres_stop() {
    [ -n "${POSTGRES_HOLD-}" ] || return 0
    exec {POSTGRES_HOLD}>&-
    local waited=0
    until [ -f "$BATS_FILE_TMPDIR/postgres.env.ended" ] || [ $((waited += 1)) -gt 300 ]; do
        sleep 0.1
    done
}
