# SIGTERM and SIGINT while a database makes a tool wait: it ends although what it waits for does not
# come, and the server stops working for it.

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
}

teardown() {
    let_go
}

# on_server: the rest of the test needs PostgreSQL; t(id, a) is an empty table.
on_server() {
    postgres_need
    url=postgresql:///postgres
    psql -qX -c 'DROP TABLE IF EXISTS t CASCADE; DROP TABLE IF EXISTS wh_checkpoint' \
        -c 'CREATE TABLE t (id int PRIMARY KEY, a text)' 2>/dev/null
}

# hold PROGRAM SQL: another session does SQL, which opens a transaction, and holds it until let_go.
hold() {
    mkfifo hold
    "$@" <hold >held 2>&1 3>&- &
    holder=$!
    exec 5>hold
}

let_go() {
    [ -n "${holder-}" ] || return 0
    exec 5>&-
    wait "$holder" || true
    holder=
}

hold_server() {
    hold psql -qXAt
    printf '%s;\nSELECT 1;\n' "$@" >&5
    until grep -q 1 held; do sleep 0.05; done
}

# waits_in COMMAND...: starts it, and returns when the server says that it waits for a lock.
waits_in() {
    "$@" <&0 >out 2>err 3>&- 5>&- &
    tool=$!
    until psql -qXAt -c "SELECT 'waits' FROM pg_stat_activity WHERE application_name LIKE 'wh-%'
        AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')" | grep -q waits; do
        kill -0 $tool || { cat err; return 1; }
        sleep 0.05
    done
}

# ends_by SIGNAL STATUS: the tool does, saying nothing.
ends_by() {
    local ended=0 waited=0
    kill -"$1" $tool
    while kill -0 $tool 2>/dev/null && [ $((waited += 1)) -le 600 ]; do sleep 0.1; done
    [ $waited -le 600 ] || kill -KILL $tool
    wait $tool || ended=$?
    [ "$ended" -eq "$2" ] || { printf 'status %s\n' "$ended"; cat err; return 1; }
    [ ! -s err ]
}

# nobody_left: the server does nothing any more for a tool that has ended.
nobody_left() {
    until [ "$(psql -qXAt -c "SELECT count(*) FROM pg_stat_activity
        WHERE application_name LIKE 'wh-%'")" -eq 0 ]; do sleep 0.05; done
}

rows() {
    awk -v n="$1" 'BEGIN { for (i = 1; i <= n; i++) printf "{\"id\":%d,\"a\":\"%0200d\"}\n", i, i }'
}

@test "wh-load ends while the table is locked, before it has sent much and after" {
    on_server
    rows 5 >few.ndjson
    rows 100000 >many.ndjson
    hold_server 'BEGIN; LOCK TABLE t'
    for input in few many; do
        for options in '' '--rejects bad' '--key id'; do
            # shellcheck disable=SC2086 # several words
            waits_in wh-load $options "$url" -t t $input.ndjson
            ends_by TERM 143
        done
    done
    nobody_left
    let_go
    [ "$(psql -qXAt -c 'SELECT count(*) FROM t')" -eq 0 ]
}

@test "wh-load ends while a row is locked that it is to change, by SIGINT too" {
    on_server
    psql -qX -c "INSERT INTO t VALUES (3, 'old')"
    rows 5 >rows.ndjson
    hold_server "BEGIN; UPDATE t SET a = 'mine'"
    set -m
    waits_in wh-load --key id "$url" -t t --rejects bad rows.ndjson
    ends_by INT 130
    nobody_left
    let_go
    [ "$(psql -qXAt -c 'SELECT count(*) FROM t')" -eq 1 ]
}

@test "wh-load ends while it looks for the rows that are refused" {
    on_server
    psql -qX -c "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(1); RAISE ''never''; END'" \
        -c 'CREATE TRIGGER slow AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION slow()'
    rows 1000 >rows.ndjson
    for options in '' '--key id'; do
        # shellcheck disable=SC2086 # several words
        waits_in wh-load $options "$url" -t t --rejects bad rows.ndjson
        sleep 1.5
        ends_by TERM 143
    done
    nobody_left
    psql -qX -c 'DROP FUNCTION slow CASCADE' 2>/dev/null
}

@test "wh-load ends while its commit waits, and what became of that is known to the next run" {
    on_server
    psql -qX -c 'CREATE TABLE other (id int); INSERT INTO other VALUES (1)' \
        -c "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN UPDATE other SET id = 2; RETURN NULL; END'" \
        -c 'CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION late()'
    rows 5 >rows.ndjson
    hold_server 'BEGIN; UPDATE other SET id = 3'
    mkfifo stream
    wh-extract rows.ndjson --checkpoint "$url#c" >stream 2>extracted 3>&- 5>&- &
    local extract=$!
    waits_in wh-load "$url" -t t --checkpoint "$url#c" <stream
    psql -qXAt -c "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'" | grep COMMIT
    ends_by TERM 143
    wait $extract || true
    nobody_left
    let_go
    wh-extract rows.ndjson --checkpoint "$url#c" | wh-load "$url" -t t --checkpoint "$url#c"
    [ "$(psql -qXAt -c 'SELECT count(*) FROM t')" -eq 5 ]
    psql -qX -c 'DROP FUNCTION late CASCADE' -c 'DROP TABLE other' 2>/dev/null
}

@test "wh-extract ends while the table is locked, and while a query has no row yet" {
    on_server
    hold_server 'BEGIN; LOCK TABLE t'
    waits_in wh-extract "$url" -t t
    ends_by TERM 143
    waits_in wh-extract "$url" -t t --since id --checkpoint "$url#c"
    ends_by TERM 143
    let_go
    waits_in wh-extract "$url" -c 'SELECT 1 AS a, pg_sleep(1000)'
    ends_by TERM 143
    nobody_left
}

@test "SQLite: wh-load ends while another process writes or reads" {
    need sqlite3
    sqlite3 t.db 'CREATE TABLE t (id int, a text)'
    rows 5 >rows.ndjson
    hold sqlite3 t.db
    printf 'BEGIN IMMEDIATE;\nSELECT 1;\n' >&5
    until grep -q 1 held; do sleep 0.05; done
    wh-load sqlite:t.db -t t rows.ndjson >out 2>err 3>&- 5>&- &
    tool=$!
    sleep 0.5
    ends_by TERM 143
    let_go
    rm hold
    hold sqlite3 t.db
    printf 'BEGIN;\nSELECT count(*) + 1 FROM t;\n' >&5
    until grep -q 1 held; do sleep 0.05; done
    wh-load sqlite:t.db -t t rows.ndjson >out 2>err 3>&- 5>&- &
    tool=$!
    until [ -e t.db-journal ]; do sleep 0.05; done
    sleep 0.5
    ends_by TERM 143
    let_go
    [ "$(sqlite3 t.db 'SELECT count(*) FROM t')" -eq 0 ]
}

@test "SQLite: wh-extract ends while another process locks the database, and in a long query" {
    need sqlite3
    sqlite3 t.db 'CREATE TABLE t (id int, a text)'
    wh-extract sqlite:t.db -c 'WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r)
        SELECT count(*) AS n FROM r' >out 2>err 3>&- 5>&- &
    tool=$!
    sleep 0.5
    ends_by TERM 143
    hold sqlite3 t.db
    printf 'BEGIN EXCLUSIVE;\nSELECT 1;\n' >&5
    until grep -q 1 held; do sleep 0.05; done
    wh-extract sqlite:t.db -t t >out 2>err 3>&- 5>&- &
    tool=$!
    sleep 0.5
    ends_by TERM 143
}
