#!/usr/bin/env bats
# wh-extract --since on a source that has changed between two runs: what the values of the
# checkpoint mean, or their order, is no longer the same. The run is refused, and what the message
# says leads to the right rows.

load ../helper
load postgres

setup_file() {
    postgres_start || return 0
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need sqlite3
    [[ $BATS_TEST_DESCRIPTION == SQLite* ]] || postgres_need
    sqlite3 shop.db "CREATE TABLE t (id INTEGER, item TEXT); INSERT INTO t VALUES (8,'a'),(9,'b')"
    [ -n "${POSTGRES_MISSING-}" ] || fresh_database
}

teardown_file() {
    postgres_stop
}

fresh_database() {
    psql -Xqc "DROP DATABASE IF EXISTS shop" -c "CREATE DATABASE shop" postgres
    sql -c "CREATE TABLE t (id int PRIMARY KEY, at timestamp NOT NULL, name varchar(5) NOT NULL)" \
        -c "INSERT INTO t SELECT n, '2024-01-01'::timestamp + n * interval '1 h', 'n' || n
            FROM generate_series(7, 9) n"
}

sql() {
    psql -Xq -v ON_ERROR_STOP=1 -At "$@" shop
}

# load_rows OPTION...: what is new in the source goes to the table `loaded`.
load_rows() {
    wh-extract "$source" --checkpoint sqlite:out.db#c "$@" |
        wh-load -q sqlite:out.db -t loaded --create --checkpoint sqlite:out.db#c
}

# loaded IDS: exactly these rows are there, in the order in which they came.
loaded() {
    prints "$1" sqlite3 out.db 'SELECT group_concat(id) FROM (SELECT id FROM loaded ORDER BY rowid)'
}

# refused OPTION... -- TEXT: the run is refused with this and changes nothing.
refused() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    exits 2 wh-extract "$source" --checkpoint sqlite:out.db#c "${options[@]}"
    says "$2"
    says '--changed-source'
}

source=postgresql:///shop

@test "a column whose type has another order is refused; the old order can be asked for" {
    load_rows -t t --since id
    sql -c "ALTER TABLE t ALTER id TYPE text" -c "INSERT INTO t VALUES ('10', now(), 'x'), ('11', now(), 'y')"
    refused -t t --since id -- 'the checkpoint goes by id as integer, and its type is text now'
    load_rows --changed-source --since id -c 'SELECT id::int AS id, at, name FROM t'
    loaded 7,8,9,10,11
}

@test "a time that got a zone is refused; --from says where the same moment is" {
    load_rows -t t --since at,id
    PGTZ=Asia/Kolkata sql -c "ALTER TABLE t ALTER at TYPE timestamptz" \
        -c "INSERT INTO t VALUES (10, '2024-01-01 10:00 Asia/Kolkata', 'x')"
    refused -t t --since at,id -- \
        'by at as timestamp without time zone, and its type is timestamp with time zone now'
    local line=(-t t --since 'at,id' --changed-source --from '2024-01-01 09:00+05:30,9')
    load_rows "${line[@]}"
    loaded 7,8,9,10
    # Left in the line, both do nothing more.
    sql -c "INSERT INTO t VALUES (11, '2024-01-01 11:00 Asia/Kolkata', 'x')"
    load_rows "${line[@]}"
    loaded 7,8,9,10,11
}

@test "texts in the order of another collation are refused" {
    sql -c 'CREATE TABLE c AS SELECT id, name COLLATE "C" AS name FROM t'
    load_rows -t c --since name
    sql -c 'ALTER TABLE c ALTER name TYPE text COLLATE "und-x-icu"' \
        -c "INSERT INTO c VALUES (10, 'o')"
    refused -t c --since name -- 'goes by name in the order of the collation C, and it is that of '
    load_rows -t c --since name --changed-source
    loaded 7,8,9,10
}

@test "fractions that were cut are refused" {
    sql -c 'CREATE TABLE f AS SELECT id, id + 0.5 AS x FROM t' -c 'ALTER TABLE f ALTER x TYPE numeric(9,2)'
    load_rows -t f --since x
    sql -c 'ALTER TABLE f ALTER x TYPE numeric(9,0)'
    refused -t f --since x -- 'goes by x as numeric(9,2), and its type is numeric(9,0) now'
}

@test "columns that became wider go on" {
    load_rows -t t --since id,name
    sql -c 'ALTER TABLE t ALTER id TYPE bigint, ALTER name TYPE varchar(9)' \
        -c "INSERT INTO t VALUES (10000000000, now(), 'x')"
    load_rows -t t --since id,name
    sql -c 'ALTER TABLE t ALTER id TYPE numeric, ALTER name TYPE text' \
        -c "INSERT INTO t VALUES (10000000000.5, now(), 'x')"
    load_rows -t t --since id,name
    loaded 7,8,9,10000000000,10000000000.5
}

@test "a column that took the name of another is refused" {
    load_rows -c 'SELECT id FROM t' --since id
    sql -c 'ALTER TABLE t RENAME id TO old' -c 'ALTER TABLE t ADD id int' -c 'UPDATE t SET id = old - 5'
    refused -c 'SELECT id FROM t' --since id -- 'the column id is another than the one that the checkpoint goes by'
    load_rows -c 'SELECT id FROM t' --since id --changed-source --from 0
    loaded 7,8,9,2,3,4
    # The column's new name.
    rm out.db
    load_rows -c 'SELECT id, old FROM t' --since old
    sql -c 'ALTER TABLE t RENAME old TO number' -c "INSERT INTO t (number, id, at, name) VALUES (20, 5, now(), '')"
    refused -c 'SELECT id, number AS old FROM t' --since old -- 'the checkpoint is one of another query'
    refused -c 'SELECT id, number FROM t' --since number -- 'the checkpoint is one of another query'
    load_rows -c 'SELECT id, number AS old FROM t' --since old --changed-source
    loaded 2,3,4,5
}

@test "a table that was dropped and created again is refused" {
    load_rows -t t --since id
    sql -c 'DROP TABLE t; CREATE TABLE t (id int); INSERT INTO t VALUES (1), (2)'
    refused -t t --since id -- 'the table public.t was dropped and created again'
    load_rows -t t --since id --changed-source --from 0
    loaded 7,8,9,1,2
}

@test "a search path that leads to another table is refused" {
    sql -c 'CREATE SCHEMA a' -c 'CREATE TABLE a.t (LIKE t)'
    load_rows -t t --since id
    sql -c 'ALTER DATABASE shop SET search_path = a, public' -c "INSERT INTO t VALUES (10, now(), 'x')"
    refused -t t --since id -- 'the checkpoint is one of public.t, and the rows come from a.t now (name the same table with its schema'
    refused -t public.t --since id -- 'the checkpoint is one of table t, not of table public.t'
    load_rows -t public.t --since id --changed-source
    loaded 7,8,9,10
}

@test "a view that is defined otherwise, or one beneath it, is refused" {
    sql -c 'CREATE VIEW low AS SELECT id, name FROM t WHERE id < 9' -c 'CREATE VIEW v AS SELECT * FROM low'
    load_rows -t v --since id
    sql -c 'SET search_path = pg_catalog' -c "ALTER DATABASE shop SET search_path = 'public', 'x'"
    load_rows -t v --since id
    sql -c 'CREATE OR REPLACE VIEW low AS SELECT id - 7 AS id, name FROM t'
    refused -t v --since id -- 'the view public.v is defined otherwise'
    load_rows -t v --since id --changed-source --from 1
    loaded 7,8,2
}

@test "a database that was created anew under the same name is refused" {
    load_rows -t t --since id
    fresh_database
    sql -c 'UPDATE t SET id = id - 5'
    refused -t t --since id -- 'another database that had the same name'
    load_rows -t t --since id --changed-source --from 0
    loaded 7,8,9,2,3,4
    load_rows -t t --since id
    loaded 7,8,9,2,3,4
}

@test "a checkpoint of an earlier version, which knows no types, goes on" {
    load_rows -t t --since id
    sqlite3 out.db "UPDATE wh_checkpoint SET position = json_remove(position,
        '\$.position.types', '\$.position.relation', '\$.position.database')"
    sql -c 'ALTER TABLE t ALTER id TYPE bigint' -c "INSERT INTO t VALUES (10, now(), 'x')"
    load_rows -t t --since id
    loaded 7,8,9,10
    prints bigint sqlite3 out.db "SELECT json_extract(position, '\$.position.types[0].type') FROM wh_checkpoint"
}

@test "SQLite: a column whose affinity has another order is refused" {
    source=sqlite:shop.db
    load_rows -t t --since id
    sqlite3 shop.db "ALTER TABLE t RENAME TO old; CREATE TABLE t (id TEXT, item TEXT);
        INSERT INTO t SELECT * FROM old; INSERT INTO t VALUES (10,'c')"
    refused -t t --since id -- 'goes by id as numeric, and its type is text now'
    load_rows --changed-source --since id -c 'SELECT CAST(id AS INTEGER) AS id, item FROM t'
    loaded 8,9,10
}

@test "SQLite: a view that is defined otherwise is refused, also within a query" {
    source=sqlite:shop.db
    sqlite3 shop.db 'CREATE VIEW low AS SELECT * FROM t WHERE id < 9; CREATE VIEW v AS SELECT * FROM low'
    local query='SELECT id FROM v'
    load_rows -c "$query" --since id
    load_rows -c "$query" --since id
    sqlite3 shop.db 'DROP VIEW low; CREATE VIEW low AS SELECT id, item FROM t WHERE id < 99'
    refused -c "$query" --since id -- 'the view that the query reads is defined otherwise'
    load_rows -c "$query" --since id --changed-source
    loaded 8,9
}

@test "SQLite: a file that was created anew, or is an older copy, is refused; a copy goes on" {
    source=sqlite:shop.db
    cp shop.db old.db
    sqlite3 shop.db "INSERT INTO t VALUES (10,'c')"
    load_rows -t t --since id
    cp shop.db new.db
    cp old.db shop.db
    refused -t t --since id -- 'the file was created anew, or replaced by an older copy'
    rm shop.db
    sqlite3 shop.db "CREATE TABLE t (id INTEGER, item TEXT)"
    refused -t t --since id -- 'the file was created anew, or replaced by an older copy'
    rm shop.db
    cp new.db shop.db
    sqlite3 shop.db "INSERT INTO t VALUES (11,'d'); PRAGMA journal_mode = WAL; VACUUM"
    load_rows -t t --since id
    sqlite3 shop.db "INSERT INTO t VALUES (12,'e')"
    load_rows -t t --since id
    loaded 8,9,10,11,12
    cp old.db shop.db
    load_rows -t t --since id --changed-source --from 8
    loaded 8,9,10,11,12,9
}

@test "SQLite: --changed-source says what it needs, and applies to databases" {
    exits 2 wh-extract sqlite:shop.db -t t --since id --changed-source
    says '--changed-source requires --checkpoint'
    echo '{}' >rows.ndjson
    exits 2 wh-extract rows.ndjson --checkpoint c.json --changed-source
    says '--changed-source applies only to databases'
}
