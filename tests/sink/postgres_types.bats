#!/usr/bin/env bats
# What a value is in PostgreSQL does not depend on any setting of the server's: it reads back as it
# was sent, or its row is bad.

load ../helper
load ../source/postgres

setup_file() {
    postgres_start || return 0
    local role
    psql -X -q -v ON_ERROR_STOP=1 postgres <<'END'
CREATE ROLE odd LOGIN SUPERUSER;
CREATE ROLE american LOGIN SUPERUSER;
CREATE ROLE plain LOGIN SUPERUSER;
ALTER ROLE american SET datestyle = 'Postgres, MDY';
ALTER ROLE american SET timezone = 'America/New_York';
ALTER ROLE american SET intervalstyle = 'postgres_verbose';
ALTER ROLE odd SET datestyle = 'SQL, DMY';
ALTER ROLE odd SET timezone = 'Asia/Kolkata';
ALTER ROLE odd SET intervalstyle = 'sql_standard';
ALTER ROLE odd SET bytea_output = 'escape';
ALTER ROLE odd SET extra_float_digits = -10;
ALTER ROLE odd SET standard_conforming_strings = off;
ALTER ROLE odd SET escape_string_warning = off;
ALTER ROLE odd SET array_nulls = off;
ALTER ROLE odd SET xmloption = document;
ALTER ROLE odd SET default_transaction_read_only = on;
ALTER ROLE odd SET default_transaction_isolation = serializable;
ALTER ROLE odd SET quote_all_identifiers = on;
END
    # A locale with another currency, where the system has one.
    for role in de_DE.utf8 de_DE.UTF-8 en_GB.utf8; do
        psql -X -q -c "ALTER ROLE odd SET lc_monetary = '$role'" postgres 2>/dev/null || true
    done
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    postgres_need
    psql -X -q -c "CREATE DATABASE test_$BATS_TEST_NUMBER" postgres
    export PGDATABASE=test_$BATS_TEST_NUMBER
}

teardown_file() {
    postgres_stop
}

# sql, as the user of the cluster.
sql() {
    PGOPTIONS='-c timezone=UTC -c datestyle=ISO' psql -X -q -v ON_ERROR_STOP=1 -At "$@"
}

# as ROLE COMMAND...: with the role's settings.
as() {
    local role=$1
    shift
    PGOPTIONS=$(psql -X -At -c "SELECT '-c role=$role ' || string_agg('-c ' || regexp_replace(
        replace(c, ' ', '\\ '), '\"', '', 'g'), ' ') FROM pg_roles r LEFT JOIN LATERAL unnest(rolconfig) c ON true
        WHERE rolname = '$role'") "$@"
}

make_types() {
    sql <<'END'
CREATE TYPE mood AS ENUM ('calm', 'so so');
CREATE TYPE pair AS (day date, amount numeric(6,2));
CREATE DOMAIN price AS numeric(8,2) CHECK (value >= 0);
CREATE DOMAIN code AS varchar(4);
CREATE TYPE days AS RANGE (subtype = date);
CREATE TABLE t (id int PRIMARY KEY, i2 smallint, i4 int, i8 bigint, n numeric, n2 numeric(10,2), p price,
    f4 real, f8 double precision, b boolean, s text, v varchar(9), c code, d date, ti time, tz timetz,
    ts timestamp, tsz timestamptz, ts0 timestamp(0), iv interval, by bytea, u uuid, m mood, ip inet, net cidr, mac macaddr,
    r int4range, dr daterange, nr days, js json, jb jsonb, bt bit(3), vb varbit(5), mo money, x xml, o oid, pt point,
    ai int[], ad date[], an numeric(6,2)[], ac varchar(4)[], aby bytea[], pr pair, apr pair[]);
END
}

@test "every value of every type reads back as it was sent, whatever the role's settings are" {
    make_types
    cat >rows <<'END'
{"id":1,"i2":-32768,"i4":2147483647,"i8":-9223372036854775808,"n":123456789012345678901234567890.10,"n2":12.50,"p":0.10}
{"id":2,"f4":0.1,"f8":0.30000000000000004,"b":true,"s":"02/01/2014","v":"02134","c":"é日本","d":"2014-01-02"}
{"id":3,"ti":"23:59:59.999999","tz":"12:00:00+05:30","ts":"2024-03-01T10:00:00.5","tsz":"2024-03-01T05:00:00Z"}
{"id":4,"iv":"10 mons -3 days +04:05:06.7","by":"AP9cJw==","u":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","m":"so so"}
{"id":5,"ip":"10.0.0.1","net":"10.0.0.0/8","mac":"08:00:2b:01:02:03","r":"[1,5)","dr":"[2024-01-02,2024-02-01)"}
{"id":6,"nr":"[2024-01-02,2024-02-01)","js":{"a":[1.10,null,"02/01/2014"]},"jb":"123","bt":"010","vb":"01"}
{"id":7,"mo":"-$1,234.50","x":"a <b/> c","o":4294967295,"pt":"(1.5,2)","ai":[1,null,3],"ad":["2014-01-02",null]}
{"id":8,"an":[[1.10,2.00],[3.05,null]],"ac":["abc","NULL",null],"aby":["AP8=",""],"pr":{"day":"2014-01-02","amount":1.50}}
{"id":9,"apr":[{"day":"2014-01-02","amount":null},null],"f4":"NaN","f8":"-Infinity","d":"infinity","ts":"-infinity"}
{"id":10,"d":"0044-03-15 BC","ts":"0044-03-15T01:02:03 BC","tsz":"20240-01-02T03:04:05Z","n":"NaN","iv":"-1 days +02:03:00"}
{"id":11,"s":"\\N","v":"","jb":{"b":"\u0001"},"js":"true","ts0":"2024-01-02T03:04:05","iv":"00:00:00","b":false}
{"id":12,"f8":1e+300,"f4":1e-40,"s":"C:\\temp\\x'y","v":"it''s","jb":[[],{}],"by":"","ai":[],"ac":["a\"b","{}","\\"]}
END
    local role
    for role in plain odd american; do
        sql -c 'TRUNCATE t'
        as "$role" wh-load postgresql:// -t t rows
        for reader in plain odd american; do
            as "$reader" wh-extract postgresql:// -c 'SELECT * FROM t ORDER BY id' |
                jq -S -c 'with_entries(select(.value != null))' >found
            jq -S -c . rows >sent
            same sent found
        done
        wh-extract postgresql:// -t t --since id >all
        as "$role" wh-load postgresql:// -t t --key id all
        wh-extract postgresql:// -t t --since id >again
        same all again
        as "$role" wh-extract postgresql:// -t t --since id -o csv >all.csv
        as "$role" wh-load postgresql:// -t t --replace all.csv
        as american wh-extract postgresql:// -t t --since id >again
        same all again
    done
}

# Every text in a column of every type.
make_candidates() {
    cat >texts <<'END'
02/01/2014
2014-01-02
2014-1-2
20140102
2014-01-02T00:00:00
2014-01-02T10:00:00
2014-01-02 10:00:00.1234567
2014-01-02T10:00:00+05:00
2014-01-02T10:00:00Z
2014-01-02T24:00:00
2014-01-02T23:59:60
Jan 2 2014
today
now
infinity
10:00
10:00:00
10:00:00+02
10:00 PM
24:00:00
1 day
1 day 02:03:04
-1 day 02:03:04
1-2
1 2:03
P1DT2H
5
05
+5
5.0
5.5
1.005
1e3
1e400
0x1F
1_000
0.1
0.123456789
0.12345678901234567890
9007199254740993
16777217
NaN
inf
true
TRUE
t
yes
on
1
0
a
abcd
abc       
AP8=
\x00ff
\101
x1F
b101
010
10.0.0.1
10.1
[1,5]
[01,5)
{1,2}
{01,2}
{"02/01/2014"}
(2014-01-02,1.5)
(02/01/2014,1.5)
(2014-01-02,1.505)
$1,234.50
1.234,50
null
NULL
{"a":1}
"x"
(1,2)
6BA7B810-9DAD-11D1-80B4-00C04FD430C8
calm
empty
END
    jq -R -c --slurpfile columns columns.json \
        '. as $text | $columns[0][] | {column: ., text: $text}' texts |
        jq -c '{id: input_line_number, (.column): .text}' >rows
}

@test "what is taken is the same value under all settings, and is what the server reads under ISO's" {
    make_types
    sql -c "SELECT json_agg(attname) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 1" >columns.json
    make_candidates
    [ "$(wc -l <rows)" -gt 2000 ]
    local role
    for role in plain odd american; do
        sql -c "CREATE TABLE $role (LIKE t INCLUDING ALL)"
        as "$role" wh-load postgresql:// -t "$role" --rejects "bad.$role" -q rows
        jq -c '[.line, .column]' "bad.$role" | sort >"lines.$role"
        as "$role" wh-extract postgresql:// -c "SELECT * FROM $role ORDER BY id" >"found.$role"
        same lines.plain "lines.$role"
        same found.plain "found.$role"
    done
    # Texts in, texts out: alike but for what the type's own notation leaves open.
    jq -c 'with_entries(select(.value != null))' found.plain >taken
    grep -q '"d":"2014-01-02"' taken
    run ! grep -E '"(i2|i4|i8|o)":31|"d":"2014-02-01"' taken
    jq -n -c --slurpfile sent rows 'INDEX($sent[]; .id) as $by |
        inputs | . as $row | (keys_unsorted - ["id"])[] | [$by[$row.id | tostring][.], $row[.], .]' taken |
        jq -r 'select((.[0] | tostring) != (.[1] | tostring)) | "\(.[2]) \(.[0]) -> \(.[1] | tojson)"' |
        sort -u >changed
    cat changed
    # Types with one notation only give back what they were given.
    grep -v -e 'T00:00:00 ->' -e ' 5.0 ->' -e ' 9007' changed >other || true
    run ! grep -E '^(d|dr|nr|ad|i2|i4|i8|o|v|c|s|bt|vb|m|mac|x|apr|by) ' <(grep -v '^by .x00ff' other)
}

@test "JSON documents of every type, null too, come back through CSV and NDJSON" {
    sql <<'END'
CREATE TABLE t (id int PRIMARY KEY, j json, jb jsonb, a jsonb[], s text);
INSERT INTO t SELECT row_number() OVER (), v::json, v::jsonb, ARRAY[v::jsonb], v FROM unnest(ARRAY['"123"', '"true"',
    '"[1]"', '"null"', '""', '"a\"b\n\u00e9, c"', '123', '1.50', 'true', 'false', '[1, "2"]', '{}', '{"a": null}',
    '[null]', '"{\"a\":1}"', '" x "', E'{\n  "a": [\n 1]\n}']) v;
INSERT INTO t (id, s) VALUES (100, '[1]'), (101, '{"a":1}'), (102, '123'), (103, ''), (104, NULL), (105, 'null'),
    (106, '"x"');
INSERT INTO t VALUES (200, 'null', 'null', NULL, NULL);
END
    sql -c 'CREATE TABLE copy (LIKE t INCLUDING ALL)'
    wh-extract postgresql:// -t t --since id -o csv >rows.csv
    wh-load postgresql:// -t copy rows.csv
    psql -X -At -c "SELECT id, regexp_replace(j::text, E'\n', ' ', 'g'), jb::text FROM copy ORDER BY id" >found
    psql -X -At -c "SELECT id, regexp_replace(j::text, E'\n', ' ', 'g'), jb::text FROM t ORDER BY id" >expected
    same expected found
    psql -X -At -c 'SELECT a, s FROM t ORDER BY id' >expected
    psql -X -At -c 'SELECT a, s FROM copy ORDER BY id' >found
    same expected found
    # psql's own CSV is read as the same.
    psql -X -q -c '\copy t to psql.csv csv header' && wh-load postgresql:// -t copy --replace psql.csv
    psql -X -At -c 'SELECT id, jb FROM t ORDER BY id' >expected
    psql -X -At -c 'SELECT id, jb FROM copy ORDER BY id' >found
    same expected found
    # NDJSON has one null only: SQL's, unless the column cannot hold it.
    wh-extract postgresql:// -t t --since id | wh-load postgresql:// -t copy --replace
    prints '200|t|t' psql -X -At -c 'SELECT id, j IS NULL, jb IS NULL FROM copy WHERE id = 200'
    psql -X -At -c 'SELECT id, jb FROM t WHERE id < 200 ORDER BY id' >expected
    psql -X -At -c 'SELECT id, jb FROM copy WHERE id < 200 ORDER BY id' >found
    same expected found
    psql -X -q -c 'DELETE FROM copy' -c 'ALTER TABLE copy ALTER j SET NOT NULL, ALTER jb SET NOT NULL'
    wh-extract postgresql:// -c 'SELECT * FROM t WHERE j IS NOT NULL ORDER BY id' |
        wh-load postgresql:// -t copy --key id
    psql -X -At -c 'SELECT id, jb FROM t WHERE j IS NOT NULL ORDER BY id' >expected
    psql -X -At -c 'SELECT id, jb FROM copy ORDER BY id' >found
    same expected found
    exits 1 wh-load postgresql:// -t copy -i csv <<<$'id,j,jb\n300,hello,1'
    says 'j: "hello" is not JSON'
    exits 1 wh-load postgresql:// -t copy -i csv <<<$'id,j,jb\n300,,1'
    says 'null value in column "j"'
}

# mended TYPE VALUE REMEDY: the value is refused by a column of the type with this remedy, a step of
# wh-clean, and is taken after it.
mended() {
    sql -c "DROP TABLE IF EXISTS t" -c "CREATE TABLE t (v $1)" 2>/dev/null
    jq -c -n --arg v "$2" '{v: $v}' >row
    exits 1 wh-load postgresql:// -t t row
    says "wh-clean $3"
    eval "wh-clean $3 row" | wh-load postgresql:// -t t
    prints 1 sql -c 'SELECT count(*) FROM t'
}

# kept TYPE VALUE OTHER: the value is refused by a column of the type, and one of the other type
# that the message names keeps it.
kept() {
    sql -c "DROP TABLE IF EXISTS t" -c "CREATE TABLE t (v $1)" 2>/dev/null
    printf '{"v":%s}\n' "$2" >row
    exits 1 wh-load postgresql:// -t t row
    says "a column of $3 "
    sql -c "ALTER TABLE t ALTER v TYPE $3"
    wh-load postgresql:// -t t row
    wh-extract postgresql:// -t t >found
    same row found
    sql -c 'DROP TABLE t'
    echo "{\"columns\":{\"v\":\"$3\"}}" >schema.json
    wh-load postgresql:// -t t --create --schema schema.json row
    wh-extract postgresql:// -t t >found
    same row found
}

@test "a refused value's message names its column, its type and a remedy that works" {
    mended bigint 02134 '--type v=int'
    mended bigint +5 '--type v=int'
    mended numeric 007 '--type v=decimal'
    mended real .5 '--type v=decimal'
    mended boolean yes '--type v=bool'
    mended boolean 1 '--type v=bool'
    mended date 20240102 '--type v=timestamp'
    mended timestamp 20240102T103000 '--type v=timestamp'
    mended timestamptz '20240102T103000Z' '--type v=timestamp'
    mended timestamptz '2024-01-02 10:30 UTC' '--type v=timestamp'
    local type
    for type in int numeric 'double precision' boolean date timestamp timestamptz time interval; do
        sql -c "DROP TABLE IF EXISTS t" -c "CREATE TABLE t (v $type)"
        printf '{"v":""}\n' >row
        exits 1 wh-load postgresql:// -t t row
        says "(--null-value '' makes it null)"
        wh-load postgresql:// -t t --null-value '' row
    done
    mended int ' 5' '--trim v'
    mended boolean 'true ' '--trim v'
    mended date ' 2024-01-31' '--trim v'
    for type in int numeric boolean date interval; do
        sql -c "DROP TABLE t" -c "CREATE TABLE t (v $type)"
        printf '{"v":" "}\n' >row
        exits 1 wh-load postgresql:// -t t row
        says "(wh-clean --trim v | wh-clean --null-value '' makes it null)"
        wh-clean --trim v row | wh-clean --null-value '' | wh-load postgresql:// -t t
    done
    kept bigint 1.5 numeric
    kept bigint 9223372036854775808 numeric
    kept smallint 70000 numeric
    kept 'numeric(5,2)' 1.005 numeric
    kept 'numeric(5,2)' 12345 numeric
    kept real 0.123456789 'double precision'
    kept 'double precision' 0.12345678901234567890 numeric
    kept bigint '"02134x"' text
    kept 'varchar(3)' '"abcd"' text
    kept date '"2024-01-02T10:00:00"' timestamp
    kept timestamp '"2024-01-02T10:00:00Z"' timestamptz
    kept time '"10:00:00+02"' timetz
    kept inet '"10.1"' text
    kept 'interval hour' '"00:00:05"' interval
    sql -c 'DROP TABLE t' -c 'CREATE TABLE t (day date)'
    exits 1 wh-load postgresql:// -t t -i csv <<<$'day\n02/01/2014'
    says 'standard input:2: day: "02/01/2014" is not a date such as 2024-01-31; the column'"'"'s type is date ('
    sql -c 'ALTER TABLE t ALTER day TYPE text'
    wh-load postgresql:// -t t -i csv <<<$'day\n02/01/2014'
    prints 2014-01-02 sql -c "SELECT to_date(day, 'DD/MM/YYYY') FROM t"
}

@test "--from means the same under all settings, or is refused" {
    sql -c 'CREATE TABLE t (d date, ts timestamp, tz timestamptz)' -c "
        INSERT INTO t SELECT '2014-01-01'::date + n, '2014-01-01'::timestamp + n * interval '1 day',
            '2014-01-01 00:00Z'::timestamptz + n * interval '1 day' FROM generate_series(0, 40) n"
    local role value
    for role in plain odd american; do
        prints 31 sh -c 'echo "$1" | wc -l' sh "$(as "$role" wh-extract postgresql:// -t t --since d --from 2014-01-10)"
        prints 31 sh -c 'echo "$1" | wc -l' sh "$(as "$role" wh-extract postgresql:// -t t --since tz --from 2014-01-10)"
        prints 30 sh -c 'echo "$1" | wc -l' sh \
            "$(as "$role" wh-extract postgresql:// -t t --since tz --from 2014-01-11T05:00:00+05:00)"
        for value in 10/01/2014 10/01/14 2014-01-10T10:00:00; do
            exits 2 as "$role" wh-extract postgresql:// -t t --since d --from "$value"
            says "--from: \"$value\""
        done
        exits 2 as "$role" wh-extract postgresql:// -t t --since ts --from 2014-01-10T10:00:00+05:00
        says 'has an offset from UTC'
    done
    exits 0 wh-extract postgresql:// -t t --since ts --from yesterday
}
