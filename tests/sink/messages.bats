# What the tools say where a checkpoint's table, a disk or a lock file is at fault: what it is, and
# what to do.

# shellcheck disable=SC2030,SC2031,SC2154 # bats sets status and stderr

load ../helper
load ../source/postgres

setup_file() {
    postgres_start || true
}

teardown_file() {
    postgres_stop
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    awk 'BEGIN { for (i = 1; i <= 3000; i++) printf "{\"id\":%d,\"y\":%d,\"s\":\"v%d\"}\n", i, i % 2, i }' \
        >rows.ndjson
}

pipe() {
    wh-extract -q rows.ndjson --checkpoint "$1#c" 2>/dev/null |
        wh-load -q "$1" -t t --create --checkpoint "$1#c"
}

@test "PostgreSQL: a table of checkpoints without its key is named, and the remedy helps" {
    postgres_need
    local url=postgresql:///postgres
    pipe "$url"
    psql -qX -c 'ALTER TABLE wh_checkpoint DROP CONSTRAINT wh_checkpoint_pkey'
    exits 2 pipe "$url"
    says 'wh_checkpoint has lost its primary key'
    psql -qX -c "$(grep -o 'ALTER TABLE [^;]*ADD PRIMARY KEY (name)' <<<"$stderr")"
    exits 0 pipe "$url"
}

@test "SQLite: a table of checkpoints without its key is named, and the remedy helps" {
    need sqlite3
    pipe sqlite:t.db
    sqlite3 t.db 'CREATE TABLE c AS SELECT * FROM wh_checkpoint UNION ALL SELECT * FROM wh_checkpoint;
        DROP TABLE wh_checkpoint; ALTER TABLE c RENAME TO wh_checkpoint'
    exits 2 pipe sqlite:t.db
    says 'wh_checkpoint has lost its primary key, and has 2 rows'
    sqlite3 t.db "DELETE FROM wh_checkpoint WHERE rowid = 1;
        $(grep -o 'CREATE UNIQUE INDEX[^)]*)' <<<"$stderr")"
    exits 0 pipe sqlite:t.db
}

@test "a checkpoint file that holds something else is named, and removing it helps" {
    echo '{"wh":"checkpoint"}' >c.json
    exits 2 wh-extract -q rows.ndjson --checkpoint c.json
    cat <<<"$stderr"
    says 'c.json'
    says 'begin anew'
    rm c.json
    wh-extract -q rows.ndjson --checkpoint c.json | wh-load -q out.ndjson --checkpoint c.json
}

# cannot_write NAME COMMAND...: files may not grow beyond a few kilobytes; the command's message
# names the one that it could not write.
cannot_write() {
    local name=$1
    shift
    run --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 4; exec "$@"' bash "$@" >/dev/null
    [ "$status" -eq 1 ]
    says "$name: cannot write: File too large"
}

@test "every file that cannot be written is named, and standard output is" {
    cannot_write out.ndjson wh-load out.ndjson rows.ndjson
    cannot_write out.csv wh-load out.csv rows.ndjson
    cannot_write out.ndjson.gz wh-load out.ndjson.gz rows.ndjson
    cannot_write clean.state wh-clean --unique s --state clean.state rows.ndjson
    cannot_write fit.state wh-featurize --fit --onehot s --state fit.state rows.ndjson
    cannot_write m.whm wh-update -m m.whm --label y --learner nag rows.ndjson
    awk 'BEGIN { for (i = 1; i <= 3000; i++) print "{\"a\":1" }' >bad.ndjson
    cannot_write bad wh-clean --rejects bad bad.ndjson
    for tool in 'wh-clean rows.ndjson' 'wh-extract rows.ndjson' 'wh-clean --trim s --print-recipe' \
        'wh-clean --help'; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr bash -c "$tool >/dev/full"
        says 'standard output: cannot write: '
    done
    exits 1 wh-clean --stats /dev/full rows.ndjson
    says '/dev/full: cannot write: '
}

@test "a lock file of another user is named with its owner and what to do" {
    [ "$(id -u)" -eq 0 ] || skip 'needs to be root, who can leave one'
    need setpriv
    local folder
    folder=$(mktemp -d)
    chmod 777 "$folder"
    cp rows.ndjson "$folder"
    (umask 077 && : >"$folder/m.whm.lock")
    run --separate-stderr setpriv --reuid 65534 --clear-groups \
        "$BIN/wh-update" -m "$folder/m.whm" --label y "$folder/rows.ndjson"
    rm -r "$folder"
    [[ $stderr != *'Permission denied' ]] || skip 'other users cannot run the tools here'
    [ "$status" -eq 1 ]
    says 'cannot open its lock file m.whm.lock: it belongs to the user root'
    says 'remove the lock file'
}
