#!/usr/bin/env bats
# wh-extract --since: rows of a database in the order of a watermark and keys, and going on in it.
# Test_since.c cuts random tables; here is what a user meets.

load ../helper
load postgres

setup_file() {
    postgres_start || return 0
    sql <<'END'
CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE orders (id int PRIMARY KEY, placed timestamptz NOT NULL, item text,
    named text COLLATE any_case, took interval);
INSERT INTO orders SELECT n, '2024-01-01Z'::timestamptz + n / 2 * interval '0.000001 s',
    'item ' || n, 'a', '1 h' FROM generate_series(1, 10) n;
CREATE TABLE many (id int PRIMARY KEY, day int, s text);
INSERT INTO many SELECT n, n / 10, 'text ' || n FROM generate_series(1, 50000) n;
CREATE INDEX ON many (day, id);
VACUUM ANALYZE many;
END
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need sqlite3 jq
    sqlite3 shop.db "
        CREATE TABLE orders (id INTEGER PRIMARY KEY, day TEXT, amount REAL);
        INSERT INTO orders VALUES (1,'b',1.5),(2,'a',2),(3,'b',3),(4,'c',4),(5,'a',5);
        CREATE TABLE odd (w, k)"
}

teardown_file() {
    postgres_stop
}

sql() {
    PGOPTIONS='-c timezone=UTC' psql -X -q -v ON_ERROR_STOP=1 -At "$@"
}

from_sqlite() {
    wh-extract sqlite:shop.db "$@"
}

from_postgres() {
    wh-extract postgresql:// "$@"
}

# odd VALUES: the rows of the SQLite table odd.
odd() {
    sqlite3 shop.db "DELETE FROM odd; INSERT INTO odd VALUES $1"
}

ids() {
    jq -r .id | paste -s -d ' '
}

# sink [N]: prints the rows and commits each checkpoint to C, as a sink would; dies behind N of them.
sink() {
    local line left=${1:-1000000}
    while IFS= read -r line; do
        case $line in
        '{"@wh":"begin"'* | '{"@wh":"committed"'*) ;;
        '{"@wh":'*)
            sed -E 's/.*("epoch":"[^"]*","n":[0-9]+).*("position":.*),"by":.*/\1,\2/' <<<"$line" |
                sed 's/.*/{"wh":"checkpoint","checkpoint":{&,"through":[]},"inode":0,"length":0}/' >C.new
            mv C.new C
            [ $((left -= 1)) -gt 0 ] || return 0
            ;;
        *) printf '%s\n' "$line" ;;
        esac
    done
}

# resumed SINK-ARGUMENT OPTION...: the ids that come; the last run's messages are in `said`.
resumed() {
    local dies=$1
    shift
    { wh-extract --checkpoint C --every 1 "$@" 2>said || true; } | sink "$dies" | ids
}

@test "rows come in the order of the columns, and only from behind --from" {
    [ "$(from_sqlite -t orders --since day,id | ids)" = '2 5 1 3 4' ]
    [ "$(from_sqlite -t orders --since day,id --from a | ids)" = '1 3 4' ]
    [ "$(from_sqlite -t orders --since day,id --from a,2 | ids)" = '5 1 3 4' ]
    [ "$(from_sqlite -t orders --since amount --from 2.5 | ids)" = '3 4 5' ]
    [ "$(from_sqlite --since id --from 2 -v most=5 -c 'SELECT * FROM orders WHERE id < :most; -- all' | ids)" = '3 4' ]
    [ "$(from_sqlite -t orders --since day,id --from a,2 --limit 2 | ids)" = '5 1' ]
    [ "$(from_sqlite -c 'SELECT * FROM orders' --since day,id --limit 3 | ids)" = '2 5 1' ]
}

@test "PostgreSQL: rows come in the order of the columns, and only from behind --from" {
    postgres_need
    [ "$(from_postgres -t orders --since placed,id --limit 4 | ids)" = '1 2 3 4' ]
    [ "$(from_postgres -t public.orders --since placed --from 2024-01-01T00:00:00.000003Z | ids)" = '8 9 10' ]
    [ "$(from_postgres -t orders --since placed,id --from '2024-01-01 02:00:00.000003+02,6' | ids)" = '7 8 9 10' ]
    [ "$(from_postgres -v most=9 -c 'SELECT id, item FROM orders WHERE id < :most; -- all' \
        --since item,id --from 'item 5' --limit 2 | ids)" = '6 7' ]
    [ -z "$(from_postgres -t orders --since placed,id --from tomorrow)" ]
    exits 2 from_postgres -t orders --since placed --from monday
    says '--from: invalid input syntax for type timestamp with time zone: "monday"'
}

@test "options that do not fit each other are refused" {
    exits 2 from_sqlite -t orders --from 3
    says '--from says where --since begins'
    exits 2 from_sqlite -t orders --since day,id --from a,1,2
    says 'does not fit --since day,id'
    exits 2 from_sqlite -t orders --since id,id
    says 'id is listed twice'
    exits 2 from_sqlite -t orders --since id,
    says 'a name is missing'
    printf '{"id":1}\n' >rows.ndjson
    exits 2 wh-extract rows.ndjson --since id
    says '--since applies only to databases'
    exits 2 from_sqlite -t orders --checkpoint C
    says '--since COLUMN,KEY gives them one'
    exits 2 from_sqlite -t orders --since day --limit 3 --checkpoint C
    says 'add a column that tells rows apart (--since day,KEY)'
}

@test "a column that is not there is named with the nearest" {
    exits 2 from_sqlite -t orders --since amont
    says '--since: the table gives no column amont (did you mean amount?)'
    exits 2 from_sqlite -c 'SELECT id, day AS "Day" FROM orders' --since day
    says '--since: the query gives no column day (did you mean Day?)'
}

@test "SQL that cannot be a part of another query is refused" {
    exits 2 from_sqlite -c 'PRAGMA table_info(orders)' --since name
    says 'only SELECT, VALUES and WITH'
    exits 2 from_sqlite -c 'SELECT 1 AS a; SELECT 2' --since a
    says 'only one SQL statement'
    exits 2 from_sqlite -c 'SELECT 1 AS a) AS q, (SELECT 2 AS b' --since a
    says 'syntax error'
    exits 2 from_sqlite -c 'SELECT id, amount AS "ID" FROM orders' --since id
    says 'the column "ID" needs another name'
    prints '{"a":1}' from_sqlite -c 'SELECT 1 AS a -- or 2' --since a
}

@test "PostgreSQL: what cannot be put in order is refused" {
    postgres_need
    exits 2 from_postgres -c 'SHOW ALL' --since name
    says 'only SELECT, VALUES, TABLE and WITH'
    exits 2 from_postgres -c 'SELECT 1 AS a; SELECT 2' --since a
    says 'only one SQL statement'
    exits 2 from_postgres -c 'SELECT 1 AS a) AS q, (SELECT 2' --since a
    says 'syntax error'
    exits 2 from_postgres -t orders --since plcaed
    says '(did you mean placed?)'
    exits 2 from_postgres -t orders --since took
    says '--since cannot go by took, whose type is interval (with -c, cast it to text or to a number)'
    exits 2 from_postgres -t orders --since named,id
    says 'under its collation any_case texts that differ are equal'
    [ "$(from_postgres -c 'SELECT id, named COLLATE "C" AS named FROM orders' --since named,id | wc -l)" -eq 10 ]
}

@test "a NULL is told, never skipped" {
    odd "(NULL,1),(1,1),(2,NULL),(2,2)"
    exits 2 from_sqlite -t odd --since w,k
    says 'there are rows whose w is NULL, which has no place in the order (give it a value, or say with -c which rows to leave out: ... WHERE w IS NOT NULL)'
    exits 2 from_sqlite -t odd --since w,k --from 1
    says 'rows whose w is NULL'
    exits 2 from_sqlite -c 'SELECT * FROM odd WHERE w IS NOT NULL' --since w,k --from 2,1
    says 'rows whose k is NULL'
    [ "$(from_sqlite -c 'SELECT * FROM odd WHERE w + k > 0' --since w,k --from 1,1)" = '{"w":2,"k":2}' ]
}

@test "PostgreSQL: a NULL is told before the first row" {
    postgres_need
    sql -c 'CREATE TABLE holes AS SELECT * FROM (VALUES (1, 1), (2, NULL), (NULL, 3), (2, 2)) AS v(w, k)'
    exits 2 from_postgres -t holes --since w,k
    says 'rows whose w is NULL'
    [ -z "$output" ]
    exits 2 from_postgres -c 'SELECT * FROM holes WHERE w IS NOT NULL' --since w,k --from 2,1
    says 'rows whose k is NULL'
    [ "$(from_postgres -c 'SELECT * FROM holes WHERE w + k > 0' --since w,k --from 1,1)" = '{"w":2,"k":2}' ]
}

@test "keys that do not tell rows apart are refused" {
    odd "(1,1),(2,1),(2,1.0)"
    exits 2 from_sqlite -t odd --since w,k
    says '--since w,k: two rows have the same values there, [2, 1.0]: the keys must tell rows apart'
    postgres_need
    exits 2 from_postgres -c "SELECT 1 AS w, n FROM (VALUES (1.0), (1.00)) AS v(n)" --since w,n
    says 'two rows have the same values there, ["1", "1"]'
}

@test "values that no checkpoint could hold are refused" {
    odd "(x'00',1)"
    exits 2 from_sqlite -t odd --since w
    says '--since cannot go by w, which holds a BLOB (with -c, take hex(w))'
    odd "(9e999,1)"
    exits 2 from_sqlite -t odd --since w
    says "a row's w is infinite"
    odd "('a' || char(0),1)"
    exits 2 from_sqlite -t odd --since w
    says "a row's w holds a zero byte"
    odd "(CAST(x'61ff' AS TEXT),1)"
    exits 2 from_sqlite -t odd --since w --rejects bad.ndjson
    says 'a row'"'"'s w is "a\xFF", which is no UTF-8'
}

@test "a bad row moves the position on like any other" {
    odd "(1,'a'),(2,CAST(x'ff' AS TEXT)),(3,'c')"
    wh-extract sqlite:shop.db -t odd --since w --rejects bad.ndjson --checkpoint C --every 1 |
        sink >rows
    [ "$(jq -c .w rows | paste -s -d ' ')" = '1 3' ]
    [ "$(jq .checkpoint.position.values[0] C)" = 3 ]
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
}

@test "a run goes on where the sink has committed, not where it was itself" {
    [ "$(resumed 2 sqlite:shop.db -t orders --since day,id)" = '2 5' ]
    sqlite3 shop.db "INSERT INTO orders VALUES (6,'a',6)"
    [ "$(resumed 1 sqlite:shop.db -t orders --since day,id)" = '6' ]
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id)" = '1 3 4' ]
    [ -z "$(resumed '' sqlite:shop.db -t orders --since day,id)" ]
    sqlite3 shop.db "INSERT INTO orders VALUES (7,'a',7), (8,'d',8)"
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id)" = '8' ]
}

@test "no checkpoint falls between rows that the watermark does not tell apart" {
    [ "$(resumed 1 sqlite:shop.db -t orders --since day)" = '2 5' ]
    [ "$(resumed 1 sqlite:shop.db -t orders --since day)" = '1 3' ]
    [ "$(resumed '' sqlite:shop.db -t orders --since day)" = '4' ]
}

@test "a limit is a part of the rows at a time" {
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id --limit 2)" = '2 5' ]
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id --limit 2)" = '1 3' ]
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id --limit 2)" = '4' ]
}

@test "PostgreSQL: a run goes on where the sink has committed" {
    postgres_need
    sql -c 'CREATE TABLE moving AS SELECT * FROM orders'
    [ "$(resumed 3 postgresql:// -t moving --since placed,id)" = '1 2 3' ]
    [ "$(jq -c .checkpoint.position.values C)" = '["2024-01-01T00:00:00.000001Z","3"]' ]
    [ "$(resumed 2 postgresql:// -t moving --since placed,id)" = '4 5' ]
    sql -c "UPDATE moving SET placed = '2025-01-01Z' WHERE id = 1"
    [ "$(resumed '' postgresql:// -t moving --since placed,id)" = '6 7 8 9 10 1' ]
    [ -z "$(resumed '' postgresql:// -t moving --since placed,id)" ]
}

@test "where to begin is told once, and kept as a time, not as a word" {
    [ "$(resumed '' sqlite:shop.db -t orders --since day,id --from a,2)" = '5 1 3 4' ]
    [ -z "$(resumed '' sqlite:shop.db -t orders --since day,id --from a)" ]
    [[ $(cat said) == *'--from is not looked at: the checkpoint says where to go on'* ]]
    postgres_need
    rm C
    [ -z "$(resumed '' postgresql:// -t orders --since placed,id --from tomorrow)" ]
    [[ $(jq -r .checkpoint.position.values[0] C) == 20* ]]
}

@test "another source, table, query, value or column is refused by name" {
    [ "$(resumed 1 sqlite:shop.db -t orders --since day,id)" = 2 ]
    again() { exits 2 wh-extract --checkpoint C "$@"; }
    cp shop.db copy.db
    again sqlite:copy.db -t orders --since day,id
    says 'the checkpoint is one of sqlite:shop.db, not of sqlite:copy.db'
    again sqlite:shop.db -t odd --since w,k
    says 'the checkpoint is one of table orders, not of table odd'
    again sqlite:shop.db -c 'SELECT * FROM orders' --since day,id
    says 'the checkpoint is one of table orders, not of a query'
    again sqlite:shop.db -t orders --since id
    says 'the checkpoint goes by --since day,id, not id'
    again sqlite:shop.db -t orders
    says '--since COLUMN,KEY gives them one'

    rm C
    query='SELECT * FROM orders WHERE id < :most'
    [ "$(resumed 1 sqlite:shop.db -c "$query" -v most=9 --since id)" = 1 ]
    again sqlite:shop.db -c "$query AND 1" -v most=9 --since id
    says 'the checkpoint is one of another query'
    again sqlite:shop.db -c "$query" -v most=4 --since id
    says 'the checkpoint is one of this query with other values of -v'
    printf '%s;\n' "$query" >query.sql
    [ "$(resumed '' sqlite:shop.db -f query.sql -v most=9 --since id)" = '2 3 4 5' ]
}

@test "texts are in the order of their bytes, whatever the column's collation" {
    sqlite3 shop.db "CREATE TABLE names (id INTEGER, name TEXT COLLATE NOCASE);
        INSERT INTO names VALUES (1,'b'),(2,'A'),(3,'a'),(4,'B')"
    [ "$(resumed 2 sqlite:shop.db -t names --since name)" = '2 4' ]
    [ "$(resumed '' sqlite:shop.db -t names --since name)" = '3 1' ]
}

@test "numbers come back exactly" {
    odd "(9007199254740993,1),(9007199254740992.0,2),(0.1,3),(-9223372036854775808,4)"
    for k in 4 3 2 1; do
        { wh-extract sqlite:shop.db -t odd --since w --checkpoint C --every 1 2>said || true; } |
            sink 1 >row
        [ "$(jq .k row)" = "$k" ]
    done
}

@test "PostgreSQL: with keys a slow query can be stopped anywhere" {
    postgres_need
    # The server sends no sooner than it has filled a packet, so the third row has not come whole.
    query="SELECT id, day, repeat('x', 9000) AS long FROM many
        WHERE pg_sleep(CASE id WHEN 4 THEN $PATIENCE ELSE 0 END) IS NOT NULL"
    wh-extract postgresql:// -c "$query" --since day,id --checkpoint C >stream 3>&- &
    eventually lines stream 3
    kill "$!"
    wait "$!" || true
    [ "$(jq -r 'select(has("id")).id' stream | paste -s -d ' ')" = '1 2' ]
    [ "$(tail -n 1 stream | jq -c '[.["@wh"], .position.values]')" = '["end",["0","2"]]' ]
}

@test "many runs teach a model what one run would have" {
    learn() {
        wh-extract -q sqlite:shop.db -t visits --since day,id --checkpoint m.whm --every 7 "$@" |
            wh-update -q -m m.whm --label bought --ignore id,day --checkpoint m.whm
    }
    rows='value, value / 7, (value * 37 % 101) / 10.0, value * 37 % 101 > 50 FROM generate_series'
    sqlite3 shop.db "CREATE TABLE visits (id INTEGER PRIMARY KEY, day INTEGER, spent REAL, bought INTEGER);
        INSERT INTO visits SELECT $rows(1, 200)"
    learn --limit 33
    learn
    sqlite3 shop.db "INSERT INTO visits SELECT $rows(201, 300)"
    learn
    learn
    wh-extract sqlite:shop.db -t visits | wh-update -q -m whole.whm --label bought --ignore id,day
    [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m whole.whm --digest)" ]
}

@test "PostgreSQL: many runs load what one run would have" {
    postgres_need
    load() {
        wh-extract -q postgresql:// -t given --since placed,id --checkpoint 'postgresql://#given' "$@" |
            wh-load -q postgresql:// -t taken --checkpoint 'postgresql://#given'
    }
    sql -c 'CREATE TABLE given AS SELECT * FROM orders WHERE id < 8' -c 'CREATE TABLE taken (LIKE given)'
    load --limit 3
    load
    sql -c 'INSERT INTO given SELECT * FROM orders WHERE id >= 8'
    load --every 1
    load
    [ "$(sql -c 'TABLE taken ORDER BY id')" = "$(sql -c 'TABLE given ORDER BY id')" ]
    [ "$(sql -c 'SELECT count(*) FROM taken')" -eq 10 ]
}

@test "PostgreSQL: an index on the columns serves, and no password gets into a position" {
    postgres_need
    scans() { sql -c "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'many'"; }
    before=$(scans)
    url=postgresql://$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT/postgres
    wh-extract -q "$url" -t many --since day,id --from 4999,49995 --checkpoint C | sink >rows
    [ "$(ids <rows)" = '49996 49997 49998 49999 50000' ]
    [ "$(wh-extract -q "$url" -t many --since day,id --limit 3 | ids)" = '1 2 3' ]
    [ "$(scans)" = "$before" ]
    [ "$(jq -r .checkpoint.position.source C)" = "postgresql://$PGUSER@$PGHOST:$PGPORT/postgres" ]
    run ! grep -qF "$PGPASSWORD" C
}

@test "PostgreSQL: random tables are cut anywhere" {
    postgres_need
    [ -x "$BUILD/tests/source/test_since" ] || skip "needs $BUILD/tests/source/test_since"
    "$BUILD/tests/source/test_since" postgresql://
}

@test "PostgreSQL: what cannot be asked for is refused before a row is read" {
    postgres_need
    local url=postgresql:///postgres
    refuses_with "wh-extract: $url: the URL cannot be used: invalid URI query parameter: \"colour\"" \
        wh-extract "$url?colour=red" -t orders
    exits 2 wh-extract $url -c 'SELECT :x' -v x=$'\377'
    says "$url: a value of -v cannot be quoted: "
    refuses_with "wh-extract: $url: --since cannot go by named: under its collation any_case texts that differ are equal (with -c, give it COLLATE \"C\")" \
        wh-extract $url -t orders --since named
    prints '{"named":"a"}' wh-extract -q $url -c 'SELECT named COLLATE "C" AS named FROM orders WHERE id = 1' \
        --since named
    refuses_with "wh-extract: $url: --from: \"2024-02-30\" names a day that does not exist" \
        wh-extract $url -t orders --since placed --from 2024-02-30
    refuses_with "wh-extract: $url: --from: \"1/2/2024\" is not a timestamp such as 2024-01-31T12:30:00Z" \
        wh-extract $url -t orders --since placed --from 1/2/2024
}

@test "PostgreSQL: a wait that fails ends the run with the reason" {
    postgres_need
    without_sanitizers
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    # The first row is more than the server holds back, and the second comes late.
    WH_FAULT=poll LD_PRELOAD="$BUILD/preload/fault.so" \
        exits 1 wh-extract postgresql:///postgres -c "SELECT repeat('x', 20000), pg_sleep(2) FROM generate_series(1, 2)"
    says 'wh-extract: postgresql:///postgres: waiting failed: Cannot allocate memory'
    WH_FAULT=poll_without_end LD_PRELOAD="$BUILD/preload/fault.so" \
        exits 4 wh-extract postgresql:///postgres -c 'SELECT 1'
    says 'wh-extract: postgresql:///postgres: the server gave no answer'
}

@test "PostgreSQL: a database without an encoding may hold text that is no UTF-8, a bad row" {
    postgres_need
    sql -c "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
    PGDATABASE=bytes sql -c 'CREATE TABLE t (s text)' -c "INSERT INTO t VALUES (E'a\\377')"
    exits 1 wh-extract postgresql:///bytes -t t
    says "postgresql:///bytes: row 1: s: byte 2 is not valid UTF-8 (the database's encoding is SQL_ASCII)"
}
