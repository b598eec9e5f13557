#!/usr/bin/env bats
# wh-extract from PostgreSQL: what comes out is what row_to_json makes of the rows, exactly.

load ../helper
load postgres

setup_file() {
    postgres_start || return 0
    sql <<'END'
CREATE TYPE address AS (street text, number int);
CREATE TYPE mood AS ENUM ('calm', 'so so');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN home AS address;
CREATE TABLE values_ (
    id int PRIMARY KEY, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(10,2),
    b boolean, s text, c char(5), v varchar(9), d date, t time, tt timetz, ts timestamp, iv interval,
    u uuid, m mood, p positive, ip inet, r int4range, jb jsonb,
    ai int[], at text[], an numeric[], ats timestamp[], ab bool[], ap positive[], bx box[], aj jsonb[],
    ad address, ah home, aad address[]);
INSERT INTO values_ VALUES
    (1, -32768, 9223372036854775807, 0.1, 0.1, 123456789012345678901234567890.123456789012345678901234567890,
     1.10, true, 'plain', 'ab', 'cd', '2024-02-29', '12:00:00.5', '12:00:00+02', '2024-01-01 12:00:00.25',
     '1 year 2 days 03:04:05.6', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'so so', 5, '10.0.0.1/8', '[1,5)',
     '{"k": [1.10, {"z": null}], "q": "a\"b\\"}',
     '{1,NULL,3}', ARRAY['a b', 'q"u', NULL, 'NULL', E'back\\slash', E'tab\tline\n', '', '{}', ','],
     '{1.10,NaN,100000000000000000000000}', '{"2024-01-01 00:00:00"}', '{t,f,NULL}', '{1}',
     '{(1,1),(0,0);(2,2),(1,1)}', ARRAY['{"a": "b"}'::jsonb, '1', NULL],
     ROW('Ma"r(,)ina\', 4), ROW('home', NULL), ARRAY[ROW('x y', 1)::address, NULL, ROW('"q"\', 2)::address]);
INSERT INTO values_ (id, f4, f8, n, s, ts, ai, at, jb, ad) VALUES
    (2, 'Infinity', 'NaN', '-Infinity', '', 'infinity', '{{1,2},{3,4}}', '{}', '"text"', ROW(NULL, NULL)),
    (3, '-Infinity', '-0', 'NaN', '\N', '0044-03-15 01:02:03 BC', '[0:1]={7,8}', '{NULL}', '12.50', NULL),
    (4, 1e30, 1e-300, 1e-20, E'q"b\\t\tn\nr\rb\bf\fv\x0bc\x01d\x7f é 日本 😀', '20240-01-01 00:00:00', '{}',
     NULL, 'null', ROW('', 0));
INSERT INTO values_ (id, s) SELECT 4 + n, repeat(chr(n), n) || '"\' FROM generate_series(1, 200) n;
CREATE TABLE orders (id int, amount numeric(10,2), placed timestamptz);
INSERT INTO orders SELECT n, n / 3.0, '2024-01-01 12:00:00+02'::timestamptz + n * interval '1 day'
    FROM generate_series(1, 100) n;
CREATE SCHEMA attic;
CREATE TABLE attic.letters (a int);
CREATE TABLE "Odd.Name" (a int);
INSERT INTO "Odd.Name" VALUES (1);
END
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    postgres_need
}

teardown_file() {
    postgres_stop
}

sql() {
    PGOPTIONS='-c timezone=UTC' psql -X -q -v ON_ERROR_STOP=1 -At "$@"
}

extract() {
    wh-extract postgresql:// "$@"
}

@test "every type is as row_to_json has it, byte for byte" {
    extract -c 'SELECT * FROM values_ ORDER BY id' >found
    sql -c 'SELECT row_to_json(whole) FROM values_ whole ORDER BY id' >expected
    [ "$(wc -l <found)" -eq 204 ]
    same expected found
}

@test "what COPY cannot run is read row by row" {
    extract -c 'EXPLAIN (FORMAT json, COSTS off) SELECT 1 AS "a\"' >found
    jq -e '.["QUERY PLAN"][0].Plan["Node Type"] == "Result"' found
    prints '{"TimeZone":"UTC"}' extract -c 'SHOW TimeZone'
    [ "$(extract -c 'SHOW ALL' --limit 3 | wc -l)" -eq 3 ]
}

@test "times with a zone are in UTC, whatever the session's settings are" {
    export PGOPTIONS='-c timezone=Asia/Kolkata -c datestyle=German -c extra_float_digits=-9'
    export PGOPTIONS="$PGOPTIONS -c intervalstyle=iso_8601 -c bytea_output=escape"
    export PGOPTIONS="$PGOPTIONS -c standard_conforming_strings=off"
    prints '{"tz":"2024-01-01T10:00:00.5Z","f":0.1,"i":"1 day","b":"AP8=","s":"\\n","l":"\\x"}' \
        extract -v 'l=\x' -c "SELECT '2024-01-01 12:00:00.5+02'::timestamptz tz, 0.1::float8 f,
            interval '1 day' i, decode('00ff', 'hex') b, '\\n' s, :l l"
    prints '{"tz":["infinity",null,"0044-03-15T00:00:00Z BC"]}' \
        extract -c "SELECT ARRAY['infinity', NULL, '0044-03-15 00:00+00 BC']::timestamptz[] tz"
}

@test "bytes are base64, as those of SQLite" {
    prints '{"a":"AP8QYQ==","b":"","c":null,"d":["YQ=="]}' extract \
        -c "SELECT '\\x00ff1061'::bytea a, ''::bytea b, NULL::bytea c, ARRAY['a'::bytea] d"
}

@test "json is kept as it stands, on one line" {
    sql -c "CREATE TABLE j (j json)" -c "INSERT INTO j VALUES
        (E' {\"a\": 1.10,\\n\\t\"b\" : \"x\\\\n\\\\u00e9\"\\r\\n}\\n'), ('  12 '), ('\"q\\\"s\"'), ('[1 , 2]'), ('null')"
    prints '{"j":{"a": 1.10,  "b" : "x\n\u00e9"  }}
{"j":12}
{"j":"q\"s"}
{"j":[1 , 2]}
{"j":null}' extract -t j
}

@test "values are put in as literals, only where a name stands" {
    prints '{"a":5,"b":":x","c":"it'"'"'s \\ \"","d":[1],"e":"2024-03-01"}' extract \
        -c "SELECT :x::int + 1 AS a, ':x' AS b, :'y' AS c, (ARRAY[1, 2])[1:one] AS d, /* :z */
            :day::date AS e -- :z
            FROM (SELECT 1 AS one) o WHERE :x::int IN (:x);" \
        -v x=4 -v "y=it's \\ \"" -v day=2024-03-01
    prints '{"id":3}' extract -c 'SELECT id FROM orders WHERE id = :id ORDER BY id LIMIT :n' -v id=3 -v n=9
    exits 2 extract -c 'SELECT :day' -v dya=1
    says 'the SQL asks for :day and no -v day=VALUE is given (did you mean dya?)'
    exits 2 extract -c 'SELECT 1' -v day=1
    says '-v day: the SQL has no :day'
    # shellcheck disable=SC2016 # that is SQL
    exits 2 extract -c 'SELECT $1::int'
    says 'write :NAME'
}

@test "unknown tables are named with the nearest, also in another case or schema" {
    exits 2 extract -t order
    says 'relation "order" does not exist (did you mean orders?)'
    exits 2 extract -t ORDERS
    says '(did you mean orders?)'
    exits 2 extract -t letters
    says '(did you mean attic.letters?)'
    exits 2 extract -t public.ordres
    says '(did you mean public.orders?)'
    exits 2 extract -c 'SELECT * FROM ordres WHERE true'
    says 'at "ordres WHERE true" in line 1 of the SQL (did you mean orders?)'
    prints '{"a":1}' extract -t '"Odd.Name"'
    [ -z "$(extract -t attic.letters --stats stats.json)" ]
    [ "$(jq .rows_in stats.json)" = 0 ]
}

@test "errors in SQL tell message, hint and place, and exit with 2" {
    exits 2 extract -c $'SELECT id,\n  amuont FROM orders'
    says 'column "amuont" does not exist; hint: Perhaps you meant to reference the column "orders.amount", at "amuont'
    says 'at "amuont FROM orders" in line 2 of the SQL'
    exits 2 extract -c 'SELECT 1; SELECT 2'
    says 'only one SQL statement'
    exits 2 extract -c 'SELECT 1 AS a, 2 AS a'
    says 'columns 1 and 2 are both called "a" (rename one with AS)'
    exits 2 extract -c 'DELETE FROM orders'
    says 'no columns'
    exits 2 extract -c 'DELETE FROM orders RETURNING id'
    says 'read-only transaction'
    [ "$(sql -c 'SELECT count(*) FROM orders')" = 100 ]
}

@test "an error on the way keeps the rows before it" {
    exits 2 extract -c 'SELECT 6 / (3 - n) AS a FROM generate_series(1, 5) n'
    says 'wh-extract: postgresql://: division by zero'
    [ "$output" = '{"a":3}
{"a":6}' ]
}

@test "who cannot be reached is worth another try: exit 4" {
    exits 4 wh-extract postgresql://localhost:1/shop -t orders
    says 'wh-extract: postgresql://localhost:1/shop: connection to server'
    exits 4 extract -c 'SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(5)'
    says 'wh-extract: postgresql://:'
    exits 2 wh-extract "postgresql://$PGHOST:$PGPORT/postgres?nonsense=1" -t orders
    says 'nonsense'
}

@test "a password in the URL works, earns a notice and is never shown" {
    local url="$PGUSER:$PGPASSWORD@$PGHOST:$PGPORT"
    exits 0 wh-extract "postgres://$url/postgres" -c 'SELECT 1 AS a'
    [ "$output" = '{"a":1}' ]
    says 'a service file or PGPASSFILE keeps it private'
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    exits 0 wh-extract -q "postgres://$url/postgres" -c 'SELECT 1 AS a'
    [ -z "$stderr" ]
    exits 2 wh-extract -q "postgres://$url/postgres?x=1" -c 'SELECT 1 AS a'
    [[ $stderr != *"$PGPASSWORD"* ]]
    exits 2 wh-extract -q "postgres://$url/postgres" -t nothing
    [[ $stderr != *"$PGPASSWORD"* ]]
    says "postgres://$PGUSER@$PGHOST:$PGPORT/postgres: "
    exits 2 wh-extract -q "postgres://$PGUSER:sec/ret@$PGHOST/postgres" -t nothing
    [[ $stderr != *ret@* ]]
}

@test "a service file names the database" {
    printf '[shop]\nhost=%s\nport=%s\nuser=%s\npassword=%s\ndbname=postgres\n' \
        "$PGHOST" "$PGPORT" "$PGUSER" "$PGPASSWORD" >services
    prints '{"a":1}' env -u PGHOST -u PGPORT -u PGUSER -u PGPASSWORD -u PGDATABASE \
        PGSERVICEFILE="$PWD/services" wh-extract 'postgresql://?service=shop' -c 'SELECT 1 AS a'
}

@test "a limit ends the query, not only its output" {
    [ "$(extract -t orders --limit 2)" = "$(extract -t orders | head -n 2)" ]
    [ "$(extract -c 'SELECT id FROM orders ORDER BY id DESC -- last' --limit 2)" = '{"id":100}
{"id":99}' ]
    query='WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c'
    [ "$(timeout "$PATIENCE" wh-extract postgresql:// -c "$query" --limit 3 | tail -n 1)" = '{"n":3}' ]
    [ "$(timeout "$PATIENCE" wh-extract postgresql:// -c "$query" | head -n 1)" = '{"n":1}' ]
}

@test "rows of a slow query come as they are made" {
    # The server sends no sooner than it has filled a packet.
    wh-extract postgresql:// -c "SELECT n, repeat('x', 9000), pg_sleep(CASE n WHEN 3 THEN $PATIENCE ELSE 0 END)
        FROM generate_series(1, 3) n" >found 3>&- &
    eventually [ -s found ]
    kill "$!"
    [ "$(jq .n found)" = 1 ]
}

@test "one state of the database is read" {
    prints '{"level":"repeatable read","read_only":"on","name":"wh-extract"}' extract -c "
        SELECT current_setting('transaction_isolation') AS level,
            current_setting('transaction_read_only') AS read_only,
            current_setting('application_name') AS name"
}

@test "bytes that are no UTF-8, in a database that does not care, are a bad row" {
    sql -c "CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    PGDATABASE=bytes sql -c "CREATE TABLE t AS SELECT 1 AS id, 'good' AS s" \
        -c "INSERT INTO t VALUES (2, E'a\\xff')" -c "INSERT INTO t VALUES (3, E'\\xc3\\xa9')"
    exits 0 wh-extract postgresql:///bytes -t t --rejects bad.ndjson
    [ "$output" = '{"id":1,"s":"good"}
{"id":3,"s":"é"}' ]
    [ "$(jq -r '.line, .column, .rule' bad.ndjson | paste -s -d ,)" = 2,s,utf-8 ]
    says '1 of 3 rows rejected'
}

@test "large values pass whole" {
    extract -c "SELECT repeat('ab\"', 1000000) AS s, ARRAY[repeat('x', 2000000)] AS a" >found
    [ "$(jq '(.s | length), (.a[0] | length)' found | paste -s -d ,)" = 3000000,2000000 ]
}

@test "CSV comes out where it is asked for" {
    prints $'a,b,c,d\n1,"x,y",,"{1,2}"' extract -o csv \
        -c "SELECT 1 AS a, 'x,y' AS b, NULL AS c, '{1,2}'::text AS d"
}
