#!/usr/bin/env bats
# wh-load into PostgreSQL: the rows that were sent, all or none of them, and exactly those refused
# that the database refuses.

load ../helper
load ../source/postgres

setup_file() {
    postgres_start || return 0
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    postgres_need
    # Each test has a database of its own.
    sql -c "CREATE DATABASE test_$BATS_TEST_NUMBER" postgres
    export PGDATABASE=test_$BATS_TEST_NUMBER
}

teardown() {
    [ ! -e standby.awaited ] || await_standby "''"
}

teardown_file() {
    postgres_stop
}

sql() {
    PGOPTIONS='-c timezone=UTC -c synchronous_commit=local' psql -X -q -v ON_ERROR_STOP=1 -At "$@"
}

# into TABLE OPTION...: loads standard input.
into() {
    wh-load postgresql:// -t "$@"
}

# has SQL EXPECTED...: the query gives these lines.
has() {
    local query=$1
    shift
    sql -c "$query" >.found
    printf '%s\n' "$@" >.expected
    [ $# -gt 0 ] || : >.expected
    same .expected .found
}

# stream EPOCH FROM ROWS...: a stream that goes on from FROM ("null" or "EPOCH N"); "-" among the
# rows is a checkpoint, the last of them is the end.
stream() {
    local epoch=$1 from=null n=0 rows=0 row
    [ "$2" = null ] || from="{\"epoch\":\"${2% *}\",\"n\":${2#* }}"
    shift 2
    echo "{\"@wh\":\"begin\",\"epoch\":\"$epoch\",\"from\":$from,\"position\":{},\"by\":\"test\"}"
    for row; do
        if [ "$row" = - ]; then
            place checkpoint "$epoch" $((n += 1)) "$rows"
            rows=0
        else
            echo "$row"
            rows=$((rows + 1))
        fi
    done
    place end "$epoch" $((n + 1)) "$rows"
}

# place KIND EPOCH N ROWS: a control record.
place() {
    printf '{"@wh":"%s","epoch":"%s","n":%d,"rows":%d,"committed":0,"position":{"at":%d},"by":"test"}\n' \
        "$1" "$2" "$3" "$4" "$3"
}

# ---- values --------------------------------------------------------------------------------------

make_values() {
    sql <<'END'
CREATE TYPE address AS (street text, number int);
CREATE TYPE mood AS ENUM ('calm', 'so so');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE DOMAIN home AS address;
CREATE TABLE values_ (
    id int PRIMARY KEY, i2 smallint, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(10,2),
    b boolean, s text, c char(5), v varchar(9), d date, t time, tt timetz, ts timestamp, tz timestamptz,
    iv interval, u uuid, m mood, p positive, ip inet, r int4range, jb jsonb, js json, by bytea,
    ai int[], at text[], an numeric[], ats timestamp[], ab bool[], ap positive[], bx box[], aj jsonb[],
    aby bytea[], ad address, ah home, aad address[]);
INSERT INTO values_ VALUES
    (1, -32768, 9223372036854775807, 0.1, 0.1, 123456789012345678901234567890.123456789012345678901234567890,
     1.10, true, 'plain', 'ab', 'cd', '2024-02-29', '12:00:00.5', '12:00:00+02', '2024-01-01 12:00:00.25',
     '2024-01-01 12:00:00.25+05:30', '1 year -2 days 03:04:05.6', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
     'so so', 5, '10.0.0.1/8', '[1,5)', '{"k": [1.10, {"z": null}], "q": "a\"b\\", "u": "\u0001"}',
     E'{"a":  [1 ,2.50]}', '\x00ff5c78', '{1,NULL,3}',
     ARRAY['a b', 'q"u', NULL, 'NULL', E'back\\slash', E'tab\tline\n', '', '{}', ','],
     '{1.10,NaN,100000000000000000000000}', '{"2024-01-01 00:00:00"}', '{t,f,NULL}', '{1}',
     '{(1,1),(0,0);(2,2),(1,1)}', ARRAY['{"a": "b"}'::jsonb, '1', NULL, '[1, 2]', '"s\\"'],
     ARRAY['\x00'::bytea, '\x', NULL],
     ROW('Ma"r(,)ina\', 4), ROW('home', NULL), ARRAY[ROW('x y', 1)::address, NULL, ROW('"q"\', 2)::address]);
INSERT INTO values_ (id, f4, f8, n, s, ts, ai, at, jb, js, ad, b, by) VALUES
    (2, 'Infinity', 'NaN', '-Infinity', '', 'infinity', '{{1,2},{3,4}}', '{}', '"te\"xt"', 'true',
     ROW(NULL, NULL), false, ''),
    (3, '-Infinity', '-0', 'NaN', '\N', '0044-03-15 01:02:03 BC', '{{{7}},{{8}}}', '{NULL}', '12.50', '""',
     NULL, NULL, NULL),
    (4, 1e30, 1e-300, 1e-20, E'q"b\\t\tn\nr\rb\bf\fv\x0bc\x01d\x7f é 日本 😀 \\. \\N', '20240-01-01 00:00:00',
     '{}', NULL, '[]', '{}', ROW('', 0), NULL, '\x0a');
INSERT INTO values_ (id, s) SELECT 4 + n, repeat(chr(n), n) || '"\' FROM generate_series(1, 200) n;
CREATE TABLE copy (LIKE values_ INCLUDING ALL);
END
}

@test "what wh-extract takes out of any type comes in as it was" {
    make_values
    wh-extract postgresql:// -c 'SELECT * FROM values_ ORDER BY id' >rows
    into copy <rows
    wh-extract postgresql:// -c 'SELECT * FROM copy ORDER BY id' >again
    same rows again
    has 'SELECT x, y FROM values_ x JOIN copy y USING (id) WHERE x::text <> y::text'
    into copy --key id <rows
    wh-extract postgresql:// -c 'SELECT * FROM copy ORDER BY id' >again
    same rows again
}

@test "arrays, composites and documents come through CSV and SQLite too" {
    sql <<'END'
CREATE TYPE street AS (name text, number int);
CREATE TABLE t (id int PRIMARY KEY, a text[], n numeric[], s street, j jsonb);
CREATE TABLE copy (LIKE t INCLUDING ALL);
INSERT INTO t VALUES (1, ARRAY['a', NULL, '', 'b,"\'], ARRAY[[1.10, 1e30], [2, NULL]],
    ROW('Marina "1"', 4), '{"a": [1, null]}'), (2, '{}', NULL, ROW(NULL, NULL), NULL);
END
    wh-extract postgresql:// -t t --since id >rows
    wh-extract postgresql:// -t t --since id -o csv | into copy -i csv
    wh-extract postgresql:// -t copy --since id >again
    same rows again
    # In NDJSON a string for jsonb is a string; CSV, where everything is one, leaves no doubt.
    wh-load sqlite:t.db -t t --create rows
    wh-extract sqlite:t.db -t t --since id -o csv | into copy -i csv --replace
    wh-extract postgresql:// -t copy --since id >again
    same rows again
    wh-extract sqlite:t.db -c 'SELECT id, a, n, s FROM t' | into copy --key id
    wh-extract postgresql:// -t copy --since id >again
    same rows again
}

@test "JSON is read as the server's json_populate_record reads it" {
    make_values
    cat >rows <<'END'
{"id":1,"s":"\u00e9\ud83d\ude00 \"q\" \\ \/ \b\f\n\r\t \u0001\u001f\u007f\\.","at":["\ud83d\ude00\n","\\\"",null,"null"]}
{"id":2,"s":12.50,"v":true,"c":false,"jb":"a\u0041\n\\","js":"a\\","n":"1e5","i8":"12"}
{"id":3,"s":[1, {"a":"\n"}],"v":{"a":1},"jb":{"a":	"b"},"js":[ 1,2 ],"b":"True","f8":1e5}
{"id":4,"ai":[[1,2],[3,4]],"aj":[{"a":"\"\\"},"x",null,1.50],"ab":[true,null,false]}
{"id":5,"ad":{"number":3,"street":"a\"b\\,()\n"},"aad":[{"street":"é"},null,{"number":1}],"ah":{}}
{"id":6,"ad":{"stre\u0065t":"x","number":2},"at":[],"ai":"{1,2}","ts":"2024-01-01T00:00:00"}
{"id":7,"at":["a,b","{c}","\" \"",1.50,true,{"a":1}],"tz":"2024-01-01T00:00:00+02:00"}
{"id":8,"at":["{}"," ",""],"ad":"(a,1)","d":"2024-02-29","iv":"3 days","r":"[1,2)","m":"calm"}
END
    into values_ --replace <rows
    while IFS= read -r row; do
        sql -v row="$row" <<'END'
INSERT INTO copy SELECT * FROM json_populate_record(NULL::copy, :'row');
END
    done <rows
    has 'SELECT x, y FROM values_ x JOIN copy y USING (id) WHERE x::text <> y::text'
    has 'SELECT count(*) FROM values_' 8
}

@test "CSV: text as it is spelled, JSON text in json columns, nulls null" {
    sql -c 'CREATE TABLE t (id int, s text, b boolean, j jsonb, n numeric, a int[])'
    printf 'id,s,b,j,n,a\n1,TRUE,True,"{""a"":1}",7,"{1,2}"\n2,"a\\b\tc",f,"""x""",1.0,\n3,"",,1,,{}\n' |
        into t -i csv
    has 'SELECT * FROM t ORDER BY id' '1|TRUE|t|{"a": 1}|7|{1,2}' $'2|a\\b\tc|f|"x"|1.0|' '3|||1||{}'
    has "SELECT count(*) FROM t WHERE s = '' AND b IS NULL AND n IS NULL" 1
}

@test "a NUL, what is no base64, and what does not fit a composite are bad rows" {
    make_values
    cat >rows <<'END'
{"id":1,"s":"a\u0000b"}
{"id":2,"by":"not base64!"}
{"id":3,"by":"AA="}
{"id":4,"ad":{"streat":"x"}}
{"id":5,"at":["a\u0000"]}
{"id":6,"by":"\\x0aFF"}
END
    into copy --rejects bad <rows
    has 'SELECT id, by FROM copy' '6|\x0aff'
    prints '1 nul s
2 type by
3 type by
4 type ad
5 nul at' jq -r '"\(.line) \(.rule) \(.column)"' bad
    exits 1 into copy <rows
    says 'standard input:1: s: a NUL character (\u0000), which PostgreSQL cannot store'
    exits 1 into copy <<<'{"id":7,"by":[1]}'
    says 'standard input:1: by: "[1]" is an array; the column'"'"'s type is bytea'
    exits 1 into copy <<<'{"id":7,"i2":{}}'
    says 'standard input:1: i2: "{}" is an object; the column'"'"'s type is smallint'
    exits 1 into copy <<<'{"id":7,"by":true}'
    says 'by: "true" is not a string of base64; the column'"'"'s type is bytea'
    exits 1 into copy <<<'{"id":7,"ad":{"streat":"x"}}'
    says 'ad: the column'"'"'s composite type has no attribute "streat"'
    has 'SELECT count(*) FROM copy' 1
}

# ---- columns -------------------------------------------------------------------------------------

@test "columns that a row lacks take their default, or null, whatever the order of rows" {
    sql -c "CREATE TABLE t (id serial, a int, b text DEFAULT 'dflt', c int GENERATED BY DEFAULT AS IDENTITY, e int)" \
        -c "CREATE DOMAIN word AS text DEFAULT 'word'" -c 'ALTER TABLE t ADD f word'
    printf '%s\n' '{"a":1}' '{"e":2,"b":null}' '{"b":"x","a":3}' '{"f":"y","c":70}' '{"a":5,"b":"z"}' '{"id":9}' |
        into t
    exits 1 into t <<<'{}'
    says 'standard input:1: a row without columns'
    has 'SELECT id, a, b, c, e, f FROM t ORDER BY ctid' '1|1|dflt|1||word' '2|||2|2|word' '3|3|x|3||word' \
        '4||dflt|70||y' '5|5|z|4||word' '9||dflt|5||word'
}

@test "an unknown or generated column is refused, nothing loaded, rejects or not" {
    sql -c 'CREATE TABLE t (amount int, twice int GENERATED ALWAYS AS (amount * 2) STORED)'
    printf '%s\n' '{"amount":1}' '{"amuont":2}' >rows
    exits 2 into t rows
    says 'table t has no column "amuont" (did you mean amount?)'
    exits 2 into t --rejects bad rows
    exits 2 into t <<<'{"amount":1,"twice":2}'
    says 'column "twice" of table t is made by the database'
    says '(wh-clean --exclude takes it out)'
    has 'SELECT count(*) FROM t' 0
}

@test "a table that is not there is refused by its nearest name, a schema's table is found" {
    sql -c 'CREATE SCHEMA attic' -c 'CREATE TABLE attic."Odd.Name" (a int)' -c 'CREATE TABLE orders (a int)'
    exits 2 into ordesr <<<'{"a":1}'
    says 'there is no table "ordesr"; --create makes one (did you mean orders?)'
    exits 2 into attic.Odd.Name <<<'{"a":1}'
    says '(did you mean attic."Odd.Name"?)'
    into 'attic."Odd.Name"' <<<'{"a":1}'
    has 'SELECT a FROM attic."Odd.Name"' 1
}

@test "an error names the row, its line and its column; nothing of the rows is there" {
    sql -c 'CREATE TABLE t (id int PRIMARY KEY, amount numeric CHECK (amount > 0) NOT NULL)'
    seq 1 50000 | sed 's/.*/{"id":&,"amount":&}/' >rows
    sed -i '40000s/.*/{"id":40000,"amount":"12,5"}/' rows
    exits 1 into t rows
    says 'wh-load: rows:40000: amount: "12,5" is not a number; the column'"'"'s type is numeric'
    exits 1 into t <<<'{"id":1,"amount":-1}'
    says 'standard input:1: new row for relation "t" violates check constraint "t_amount_check"'
    exits 1 into t --key id <<<$'{"id":1,"amount":1}\n{"id":2,"amount":null}'
    says 'standard input:2: amount: null value in column "amount"'
    has 'SELECT count(*) FROM t' 0
}

@test "the server is told why it gets no more of the rows" {
    sql -c 'CREATE TABLE t (id int)'
    { seq 200000 | sed 's/.*/{"id":&}/'; echo broken; } >rows
    exits 1 into t <rows
    eventually grep -q 'COPY from stdin failed: the load was given up' "$(sql -c 'SHOW data_directory')"/../../../log/*
    has 'SELECT count(*) FROM t' 0
}

@test "rows of several lines and several files are named by where they begin" {
    sql -c 'CREATE TABLE t (id int, s text)'
    printf 'id,s\n1,"a\nb"\n2,c\n' >one.csv
    printf 'id,s\n3,"a\n\nb"\n4,d\nfive,e\n' >two.csv
    exits 1 into t one.csv two.csv
    says 'wh-load: two.csv:6: id: "five" is not an integer'
}

@test "what no line is told of is named by the lines that it is among" {
    sql -c 'CREATE TABLE parent (id int PRIMARY KEY)' -c 'INSERT INTO parent VALUES (1)' \
        -c 'CREATE TABLE t (id int REFERENCES parent)' \
        -c 'CREATE TABLE late (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)'
    printf '{"id":1}\n{"id":1}\n{"id":2}\n' >rows
    exits 1 into t rows
    says 'one of the rows from rows:1 to 3: insert or update on table "t" violates foreign key'
    exits 1 into late rows
    says 'one of the rows from rows:1 to 3: insert or update on table "late" violates foreign key'
    exits 1 into late --rejects bad rows
    has 'SELECT count(*) FROM t' 0
    has 'SELECT count(*) FROM late' 0
    # The way that the manual names.
    sql -c 'ALTER TABLE late ALTER CONSTRAINT late_id_fkey INITIALLY IMMEDIATE'
    into late --rejects bad rows
    has 'SELECT count(*) FROM late' 2
}

@test "views, tables with policies for rows and partitioned tables take rows too" {
    sql -c "CREATE TABLE base (a int PRIMARY KEY, b text DEFAULT 'dflt')" -c 'CREATE VIEW look AS SELECT b, a FROM base' \
        -c 'CREATE TABLE parts (a int PRIMARY KEY) PARTITION BY RANGE (a)' \
        -c 'CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)' \
        -c 'CREATE ROLE joe' -c 'GRANT ALL ON base TO joe' -c 'ALTER TABLE base ENABLE ROW LEVEL SECURITY' \
        -c 'CREATE POLICY small ON base USING (true) WITH CHECK (a < 10)'
    into look <<<$'{"a":1}\n{"a":2,"b":null}'
    wh-load 'postgresql://?options=-crole%3Djoe' -t base <<<'{"a":3}'
    exits 2 wh-load 'postgresql://?options=-crole%3Djoe' -t base <<<'{"a":30}'
    says 'violates row-level security policy'
    has 'TABLE base ORDER BY a' '1|dflt' '2|' '3|dflt'
    into parts --rejects bad <<<$'{"a":1}\n{"a":11}\n{"a":2}'
    has 'TABLE parts ORDER BY a' 1 2
    prints 2 jq -r .line bad
}

# ---- bad rows ------------------------------------------------------------------------------------

@test "exactly the rows that the database refuses are rejected, the others loaded in order" {
    sql -c 'CREATE TABLE parent (id int PRIMARY KEY)' -c 'INSERT INTO parent SELECT generate_series(0, 9)' \
        -c "CREATE TABLE t (n serial, id int UNIQUE, p int CONSTRAINT parents REFERENCES parent, amount numeric(5,2),
                            s varchar(5) CONSTRAINT no_x CHECK (s <> 'x'))" \
        -c "CREATE FUNCTION no_y() RETURNS trigger LANGUAGE plpgsql AS
            \$\$BEGIN IF new.s = 'y' THEN RAISE 'no y'; END IF; RETURN NULL; END\$\$" \
        -c 'CREATE TRIGGER y AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION no_y()'
    seq 1 20000 | awk '{
        id = $1; p = $1 % 10; s = "a"; amount = $1 % 100; bad = ""
        if ($1 % 1000 == 0) { bad = "t_id_key"; id = $1 - 1 }
        else if ($1 % 1777 == 5) { bad = "parents"; p = 77 }
        else if ($1 % 2500 == 7) { bad = "no_x"; s = "x" }
        else if ($1 % 2100 == 9 || ($1 > 15000 && $1 <= 15300)) { bad = "type"; amount = "\"?\"" }
        else if ($1 % 4999 == 11) { bad = "P0001"; s = "y" }
        else if ($1 % 3999 == 13) { bad = "type"; s = "toolong" }
        if (bad != "") print $1, bad >"expected"
        printf "{\"id\":%d,\"p\":%d,\"s\":\"%s\",\"amount\":%s}\n", id, p, s, amount }' >rows
    into t --rejects bad rows
    jq -r '"\(.line) \(.rule)"' bad | sort -n >found
    same expected found
    [ "$(sql -c 'SELECT count(*) FROM t')" -eq $((20000 - $(wc -l <expected))) ]
    has 'SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY n) AS back FROM t) x WHERE back' 0
    [ "$(jq -r "select(.line == $(head -n 1 expected | cut -d ' ' -f 1)).row" bad)" = "$(sed -n "$(head -n 1 expected | cut -d ' ' -f 1)p" rows)" ]

    sql -c 'TRUNCATE t'
    grep -v t_id_key expected >expected_key
    into t --key id --rejects bad rows
    jq -r '"\(.line) \(.rule)"' bad | sort -n >found
    same expected_key found
}

@test "--max-rejects ends the run, and then nothing is loaded" {
    sql -c 'CREATE TABLE t (id int)'
    exits 1 into t --rejects bad --max-rejects 1 <<<$'{"id":"a"}\n{"id":"b"}\n{"id":1}'
    has 'SELECT count(*) FROM t' 0
}

@test "--max-rejects as a share counts what the database refuses of a few rows" {
    sql -c 'CREATE TABLE t (id int CHECK (id > 1))'
    exits 1 into t --rejects bad --max-rejects 10% <<<$'{"id":1}\n{"id":2}\n{"id":3}'
    says '1 of 3 rows rejected, more than --max-rejects 10%'
    has 'SELECT count(*) FROM t' 0
    exits 0 into t --rejects bad --max-rejects 40% <<<$'{"id":1}\n{"id":2}\n{"id":3}'
    has 'SELECT count(*) FROM t' 2
}

@test "an error that is not the rows' fault rejects none of them" {
    sql -c 'CREATE TABLE t (id int)' -c 'CREATE ROLE reader' -c 'GRANT SELECT ON t TO reader'
    exits 2 wh-load "postgresql://?options=-crole%3Dreader" -t t --rejects bad <<<'{"id":1}'
    says 'permission denied for table t'
    [ ! -s bad ]
}

# ---- keys ----------------------------------------------------------------------------------------

@test "--key changes rows that are there: the last of a key counts, absent columns stay" {
    sql -c "CREATE TABLE t (a int, b text, v text NOT NULL, w int DEFAULT 5, PRIMARY KEY (b, a))" \
        -c "INSERT INTO t VALUES (1, 'x', 'old', 1), (2, 'x', 'old', 2)"
    printf '%s\n' '{"a":1,"b":"x","w":10}' '{"a":1,"b":"x","w":11}' '{"a":3,"b":"y","v":"new"}' \
        '{"a":2,"b":"x","v":"changed"}' '{"a":3,"b":"y","v":"newer","w":null}' | into t --key a,b
    has 'TABLE t ORDER BY a' '1|x|old|11' '2|x|changed|2' '3|y|newer|'
}

@test "a key without a unique index is refused with the remedy, a null or absent one is a bad row" {
    sql -c 'CREATE TABLE t (id int, v text, w text)' -c 'CREATE UNIQUE INDEX ON t (id, v)' \
        -c 'CREATE UNIQUE INDEX ON t (w) WHERE id > 0' -c 'CREATE UNIQUE INDEX ON t (lower(w))'
    exits 2 into t --key id <<<'{"id":1}'
    says '--key needs a unique index on exactly its columns, and t has none: CREATE UNIQUE INDEX ON public.t (id)'
    sql -c 'CREATE TABLE u (id int NOT NULL)'
    into u --rejects bad <<<'{"id":null}'
    grep -q '"rule":"not null"' bad
    exits 2 into t --key w <<<'{"w":1}'
    exits 2 into t --key ID <<<'{"id":1}'
    says '--key: table t has no column "ID" (did you mean id?)'
    exits 1 into t --key v,id <<<$'{"id":1,"v":"a"}\n{"id":null,"v":"x"}'
    says 'standard input:2: id: null, in a column of --key'
    exits 1 into t --key v,id <<<$'{"id":1,"v":"a"}\n{"v":"x"}'
    says 'standard input:2: id: the row lacks this column of --key'
    has 'SELECT count(*) FROM t' 0
}

@test "values that only the column's own rules tell to be equal are one key" {
    sql -c "CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)" \
        -c 'CREATE TABLE t (id text COLLATE anycase PRIMARY KEY, n numeric UNIQUE, v int)'
    into t --key id <<<$'{"id":"a","n":1,"v":1}\n{"id":"A","n":1.0,"v":2}'
    has 'SELECT lower(id), v FROM t' 'a|2'
    into t --key n <<<$'{"id":"b","n":2,"v":1}\n{"id":"b","n":2.00,"v":3}'
    has 'SELECT v FROM t WHERE n = 2' 3
}

# ---- --apply -------------------------------------------------------------------------------------

@test "--apply does what rows say, in their order" {
    sql -c 'CREATE TABLE t (id int PRIMARY KEY, body text NOT NULL, n int)' \
        -c "INSERT INTO t VALUES (1, 'one', 1), (2, 'two', 2), (5, 'five', 5)"
    cat >rows <<'END'
{"_op":"update","id":1,"n":10,"_unchanged":["body"]}
{"_op":"update","id":2,"body":null,"n":20,"_unchanged":["body"]}
{"_op":"upsert","id":3,"body":"three","n":3,"_unchanged":[]}
{"_op":"delete","id":3}
{"_op":"insert","id":3,"body":"again","n":null,"_unchanged":null}
{"_op":"delete","id":5,"body":"whatever it was","n":5}
{"_op":"delete","id":77}
{"id":4,"body":"four"}
END
    into t --key id --apply rows
    has 'TABLE t ORDER BY id' '1|one|10' '2|two|20' '3|again|' '4|four|'
    into t --key id --apply <<<$'{"id":9,"body":"gone"}\n{"_op":"truncate"}\n{"_op":"insert","id":1,"body":"new"}'
    has 'TABLE t' '1|new|'
}

@test "--apply: an unknown _op, a bad _unchanged, a delete without its key are bad rows" {
    sql -c 'CREATE TABLE t (id int PRIMARY KEY, v int)'
    cat >rows <<'END'
{"_op":"frob","id":1}
{"_op":1,"id":1}
{"id":1,"v":1,"_unchanged":"v"}
{"id":1,"v":1,"_unchanged":[1]}
{"id":1,"v":1,"_unchanged":["id"]}
{"_op":"delete","v":1}
{"_op":"delete","id":null}
{"_op":"update","id":2,"v":2}
END
    exits 1 into t --key id --apply <<<'{"id":1,"v":1,"_unchanged":[1]}'
    says "standard input:1: _unchanged: is not an array of columns' names"
    into t --key id --apply --rejects bad rows
    prints '1 _op
2 _op
3 _unchanged
4 _unchanged
5 _unchanged
6 key
7 key' jq -r '"\(.line) \(.rule)"' bad
    has 'TABLE t' '2|2'
}

@test "--apply brings a table to the state that single statements bring it to" {
    sql -c 'CREATE TABLE t (id int PRIMARY KEY, a int, b int)' -c 'CREATE TABLE copy (LIKE t INCLUDING ALL)'
    awk "$RANDOM_AWK"'BEGIN { random_seed(7)
        for (i = 0; i < 2000; i++) {
            id = int(random() * 40); op = int(random() * 20 + i / 1500)
            if (op == 0) printf "{\"_op\":\"delete\",\"id\":%d}\n", id
            else if (op < 8) printf "{\"_op\":\"update\",\"id\":%d,\"a\":%d,\"b\":%d}\n", id, i, i + 1
            else if (op < 18) printf "{\"id\":%d,\"a\":%d,\"b\":null,\"_unchanged\":[\"b\"]}\n", id, i
            else printf "{\"id\":%d,\"b\":%d}\n", id, i
        } }' >rows
    jq -r '(._unchanged // []) as $alone
        | [to_entries[] | select((.key | IN("a", "b")) and (.key | IN($alone[]) | not))] as $set
        | if ._op == "delete" then "DELETE FROM copy WHERE id = \(.id);"
          else "INSERT INTO copy (id\($set | map("," + .key) | join("")))
                VALUES (\(.id)\($set | map(",\(.value)") | join("")))
                ON CONFLICT (id) DO UPDATE SET \($set | map("\(.key) = \(.value)") | join(","));" end' rows |
        sql -1 -f -
    into t --key id --apply rows
    has 'SELECT count(*) FROM ((TABLE t EXCEPT TABLE copy) UNION (TABLE copy EXCEPT TABLE t)) x' 0
    [ "$(sql -c 'SELECT count(*) FROM t')" -gt 30 ]
}

# ---- --create, --replace -------------------------------------------------------------------------

@test "--create makes the table of what the rows hold, with --key as its primary key" {
    into t --create --key id <<<$'{"id":1,"v":"x","at":"2024-01-01T00:00:00Z"}\n{"id":2,"n":1.5,"j":[1]}'
    has 'TABLE t ORDER BY id' '1|x|2024-01-01 00:00:00+00||' '2|||1.5|[1]'
    into t --create --key id <<<'{"id":2,"v":"y"}'
    has 'SELECT v FROM t ORDER BY id' x y
    exits 1 into w --create <<<$'{"id":1}\n{"id":[1]}\n{"id":"\\u0000"}'
    says 'standard input:3: id: a NUL'
    exits 2 into w <<<'{"id":1}'
    into w --create --rejects bad <<<$'{"id":1}\n{"id":[1]}\n{"id":"\\u0000"}'
    prints 3 jq -r .line bad
    has 'TABLE w' 1 '[1]'
}

@test "--create makes the table that --schema says, also where no rows come" {
    echo '{"columns":{"id":"uuid","n":"smallint"}}' >schema.json
    into u --create --schema schema.json </dev/null
    has "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'u'::regclass AND attnum > 0" \
        'id|uuid' 'n|smallint'
}

@test "--replace puts the rows in the place of all others, and keeps what hangs on the table" {
    sql -c "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text UNIQUE,
                            twice text GENERATED ALWAYS AS (v || v) STORED, d int DEFAULT 5)" \
        -c "INSERT INTO t (v) VALUES ('old'), ('stays')" -c 'CREATE VIEW look AS SELECT v, twice, d FROM t' \
        -c 'CREATE TABLE child (t int REFERENCES t)' -c 'INSERT INTO child VALUES (2)'
    into t --replace <<<$'{"id":2,"v":"stays"}\n{"v":"old"}\n{"v":"new","d":7}'
    has 'TABLE look ORDER BY v' 'new|newnew|7' 'old|oldold|5' 'stays|staysstays|5'
    exits 1 into t --replace <<<'{"id":1,"v":"x"}'
    says 'violates foreign key constraint "child_t_fkey"'
    has 'SELECT count(*) FROM t' 3
    into t --replace --key id <<<$'{"id":2,"v":"a","d":1}\n{"id":2,"v":"b","d":2}'
    has 'TABLE look' 'b|bb|2'
    sql -c 'TRUNCATE child'
    into t --replace /dev/null
    has 'TABLE look'
}

@test "--replace: readers neither wait nor see anything but the old rows or the new" {
    sql -c 'CREATE TABLE t (id int)' -c 'INSERT INTO t SELECT generate_series(1, 1000)'
    seq 1 2000 | sed 's/.*/{"id":&}/' >rows
    (while [ ! -e ended ]; do sql -c "SET lock_timeout = '1s'" -c 'SELECT count(*) FROM t'; done >counts) &
    for _ in 1 2 3 4 5; do into t --replace rows; done
    touch ended
    wait $!
    sort -un counts >seen
    [ "$(grep -cvx -e 1000 -e 2000 seen)" -eq 0 ]
}

@test "--replace is refused where deletions would reach other tables, and with a checkpoint" {
    sql -c 'CREATE TABLE t (id int PRIMARY KEY)' -c 'CREATE TABLE child (t int REFERENCES t ON DELETE CASCADE)'
    exits 2 into t --replace <<<'{"id":1}'
    says '--replace deletes the rows of t for a moment, on which the foreign key child_t_fkey of child would act (ON DELETE; use --key without --replace)'
    exits 2 into child --replace --checkpoint 'postgresql://#c' <<<'{"t":1}'
    says 'exclude each other'
}

# ---- checkpoints ---------------------------------------------------------------------------------

@test "rows and checkpoint are committed together, and the next run goes on from there" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' '{"id":2}' - '{"id":3}' | into t --checkpoint 'postgresql://#c'
    has "SELECT name, epoch, n, position::jsonb - 'target' FROM wh_checkpoint" \
        'c|e1|2|{"through": [], "position": {"at": 2}}'
    stream e2 'e1 2' '{"id":4}' | into t --checkpoint 'postgresql://#c'
    has 'SELECT id FROM t ORDER BY id' 1 2 3 4
    has 'SELECT epoch, n FROM wh_checkpoint' 'e2|1'
    stream e3 'e1 2' '{"id":5}' >late
    exits 3 into t --checkpoint 'postgresql://#c' <late
    stream e4 null | into t --checkpoint 'postgresql://#d'
    has 'SELECT name, epoch, n FROM wh_checkpoint ORDER BY name' 'c|e2|1' 'd|e4|1'
    has 'SELECT count(*) FROM t' 4
}

@test "a stream that breaks off, or whose row is refused, leaves the last commit" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' | into t --checkpoint 'postgresql://#c'
    stream e2 'e1 1' '{"id":2}' '{"id":3}' | sed '$d' >half
    exits 3 into t --checkpoint 'postgresql://#c' <half
    stream e3 'e1 1' '{"id":4}' '{"id":"x"}' >refused
    exits 1 into t --checkpoint 'postgresql://#c' <refused
    says 'standard input:3: id: "x" is not an integer'
    has 'SELECT id FROM t' 1
    has 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
}

@test "of several first runs only one commits, also when all make the table of checkpoints" {
    sql -c 'CREATE TABLE t (id int)'
    local i pids=()
    for i in 1 2 3 4; do
        stream "e$i" null "{\"id\":$i}" >in$i
        background "$i" wh-load postgresql:// -t t --checkpoint 'postgresql://#c' "in$i" &
        pids+=($!)
    done
    wait "${pids[@]}"
    has 'SELECT count(*) FROM t' 1
    prints $'0\n3\n3\n3' sh -c 'cat ?.status | sort'
    has "SELECT count(*) FROM t JOIN wh_checkpoint ON epoch = 'e' || id" 1
}

# background NAME COMMAND...: its status goes to NAME.status, its messages to NAME.err.
background() {
    local name=$1 code=0
    shift
    "$@" 2>"$name.err" || code=$?
    echo "$code" >"$name.status"
}

# slow_load NAME OPTION...: a run in the background ($slow) that reads what is written to descriptor 5.
slow_load() {
    mkfifo "$1.pipe"
    background "$1" wh-load postgresql:// -t t --checkpoint 'postgresql://#c' --every 10ms \
        "${@:2}" <"$1.pipe" &
    slow=$!
    exec 5>"$1.pipe"
}

# comes SQL EXPECTED: the query gives this in the end.
comes() {
    eventually holds "$2" sql -c "$1"
}

@test "a run that was overtaken while it was idle commits nothing more, and names the other" {
    sql -c 'CREATE TABLE t (id int)'
    slow_load first
    stream e1 null '{"id":1}' - | sed '$d' >&5
    comes 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
    stream e2 'e1 1' '{"id":2}' | into t --checkpoint 'postgresql://#c'
    { echo '{"id":3}'; place end e1 2 1; } >&5
    exec 5>&-
    wait "$slow"
    prints 3 cat first.status
    grep -q 'postgresql://#c holds checkpoint 1 of epoch e2' first.err
    has 'SELECT id FROM t ORDER BY id' 1 2
}

@test "a run that meets another one's open transaction ends with 3" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' | into t --checkpoint 'postgresql://#c'
    slow_load first
    { stream e2 'e1 1' | sed '$d'; seq 100000 200000 | sed 's/.*/{"id":&}/'; } >&5
    comes "SELECT count(*) FROM pg_stat_activity WHERE query ~ '^COPY' AND datname = current_database()" 1
    stream e3 'e1 1' '{"id":3}' >second
    exits 3 into t --checkpoint 'postgresql://#c' <second
    says 'postgresql://#c: another run holds the checkpoint'
    place end e2 1 100001 >&5
    exec 5>&-
    wait "$slow"
    prints 0 cat first.status
    has 'SELECT count(*) FROM t' 100002
}

@test "an idle run holds no transaction open, and survives the loss of its connection" {
    sql -c 'CREATE TABLE t (id int)'
    slow_load run
    stream e1 null '{"id":1}' - | sed '$d' >&5
    comes 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
    has "SELECT state FROM pg_stat_activity WHERE application_name = 'wh-load'" idle
    sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wh-load'" >killed
    { echo '{"id":2}'; place end e1 2 1; } >&5
    exec 5>&-
    wait "$slow"
    prints 0 cat run.status
    has 'SELECT id FROM t ORDER BY id' 1 2
}

# await_standby NAME: lets commits wait for a standby of this name, which does not exist; '' ends it.
await_standby() {
    touch standby.awaited
    sql -c "ALTER SYSTEM SET synchronous_standby_names = $1" -c "SELECT pg_reload_conf()" >/dev/null
    comes 'SHOW synchronous_standby_names' "${1//\'/}"
}

# lose_commit FILE OPTION...: loads, and breaks the connection when the commit has taken place and
# waits for a standby that does not exist.
lose_commit() {
    await_standby nobody
    background lost into t "$@" &
    local pid=$!
    comes "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" t
    wait $pid
    await_standby "''"
}

@test "a commit whose answer was lost, but that took place, is found out" {
    sql -c 'CREATE TABLE t (id int)'
    stream e0 null | into t --checkpoint 'postgresql://#c'
    stream e1 'e0 1' '{"id":1}' >in
    lose_commit in --checkpoint 'postgresql://#c'
    prints 0 cat lost.status
    has 'SELECT id FROM t' 1
    has 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
    echo '{"id":2}' >in
    lose_commit in
    prints 4 cat lost.status
    grep -q 'it is not known whether the rows are there' lost.err
}

@test "a commit whose answer was lost, and that cannot be asked about, is settled by the next run" {
    sql -c 'CREATE TABLE t (id int)'
    stream e0 null | into t --checkpoint 'postgresql://#c'
    stream e1 'e0 1' '{"id":1}' >in
    await_standby nobody
    background lost into t --checkpoint 'postgresql://#c' <in &
    local pid=$! own=$PGDATABASE
    comes "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" 1
    PGDATABASE=postgres sql -c "ALTER DATABASE $own ALLOW_CONNECTIONS false"
    PGDATABASE=postgres comes "SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" t
    wait $pid
    PGDATABASE=postgres sql -c "ALTER DATABASE $own ALLOW_CONNECTIONS true"
    await_standby "''"
    prints 4 cat lost.status
    grep -q 'postgresql://: the connection was lost at the commit (.*), and what became of that cannot be asked yet (run the same line again, which continues where it left off): ' lost.err
    exits 3 into t --checkpoint 'postgresql://#c' <in
    has 'SELECT id FROM t' 1
}

@test "a run that goes on from the rows of a table made since it began has to be started again" {
    slow_load late --create
    comes "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wh-load' AND state = 'idle'" 1
    stream e1 null '{"id":1}' | into t --create --checkpoint 'postgresql://#c'
    stream e2 'e1 1' '{"id":2}' >rest
    cat rest >&5 # at once: the run ends with its first record
    exec 5>&-
    wait "$slow"
    prints 3 cat late.status
    grep -q 'another run has made the table public.t meanwhile: run the line again' late.err
    has 'SELECT id FROM t' 1
}

@test "a server that is too old is refused" {
    without_sanitizers
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    sql -c 'CREATE TABLE t (id int)'
    export WH_SERVER_VERSION=90400
    LD_PRELOAD="$BUILD/preload/fault.so" exits 2 into t <<<'{"id":1}'
    says 'postgresql://: the server is older than PostgreSQL 9.5, which is needed'
    has 'SELECT count(*) FROM t' 0
    sql -c 'INSERT INTO t VALUES (1), (2)'
    export WH_SERVER_VERSION=80100
    LD_PRELOAD="$BUILD/preload/fault.so" exits 0 wh-extract postgresql:// -c 'SELECT * FROM t ORDER BY id'
    says 'wh-extract: the server has no COPY of queries; rows are read one by one, slower'
    [ "$output" = $'{"id":1}\n{"id":2}' ]
    LD_PRELOAD="$BUILD/preload/fault.so" exits 2 wh-extract postgresql:// -t t --since id
    says 'postgresql://: --since: the server is too old to compare rows'
}

@test "commits are on the disk when others see them, whatever the server's setting" {
    sql -c 'CREATE TABLE t (id int)' -c 'CREATE TABLE committed (id int, setting text)' \
        -c "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN INSERT INTO committed VALUES (NEW.id, current_setting(''synchronous_commit''));
                RETURN NEW; END'" \
        -c 'CREATE TRIGGER note BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()'
    local place=null setting i=0
    for setting in off local remote_write on remote_apply; do
        stream "e$((i += 1))" "$place" "{\"id\":$i}" >in
        PGOPTIONS="-c synchronous_commit=$setting" into t --checkpoint 'postgresql://#c' <in
        place="e$i 1"
    done
    PGOPTIONS='-c synchronous_commit=off' into t <<<'{"id":6}'
    has 'SELECT id, setting FROM committed ORDER BY id' '1|on' '2|on' '3|on' '4|on' \
        '5|remote_apply' '6|on'
}

# ---- the target ----------------------------------------------------------------------------------

# path SCHEMA,...: the database with this search path, as TARGET.
path() {
    echo "postgresql://?options=-csearch_path%3D$1"
}

@test "another search path does not lead to another table or checkpoint unnoticed" {
    sql -c 'CREATE SCHEMA a' -c 'CREATE SCHEMA b' -c 'CREATE TABLE a.t (id int)'
    stream e1 null '{"id":1}' | wh-load "$(path a)" -t t --checkpoint "$(path a)#c"
    has "SELECT position::jsonb->'target'->>'table' FROM a.wh_checkpoint" a.t
    # Another table of checkpoints, the same target.
    stream e2 null '{"id":1}' >again
    exits 2 wh-load "$(path b)" -t a.t --checkpoint "$(path b)#c" again
    says "b.wh_checkpoint holds nothing yet, but the row 'c' of a.wh_checkpoint belongs to the same table a.t"
    says 'set search_path so that a.wh_checkpoint comes first again'
    # The same checkpoint, another target.
    sql -c 'DROP TABLE b.wh_checkpoint; CREATE TABLE b.t (id int)'
    stream e3 'e1 1' '{"id":2}' >rows
    exits 2 wh-load "$(path b,a)" -t t --checkpoint "$(path b,a)#c" rows
    says 'it goes on from rows in the table a.t, and --table leads to b.t: name the same table with its schema'
    has 'SELECT id FROM b.t'
    wh-load "$(path b,a)" -t a.t --checkpoint "$(path b,a)#c" rows
    has 'SELECT id FROM a.t ORDER BY id' 1 2
    # Schemas that have tables of the same names each, as for tenants, have nothing to do with it.
    stream e4 null '{"id":9}' | wh-load "$(path b)" -t t --checkpoint "$(path b)#c"
    has 'SELECT id FROM b.t' 9
}

@test "a search path that a role or a pool changes in the middle of a run changes nothing" {
    sql -c 'CREATE SCHEMA a' -c 'CREATE TABLE a.t (id int)' -c 'CREATE TABLE t (id int)' \
        -c "ALTER DATABASE $PGDATABASE SET search_path = a"
    slow_load run
    stream e1 null '{"id":1}' - | sed '$d' >&5
    comes 'SELECT epoch, n FROM a.wh_checkpoint' 'e1|1'
    sql -c "ALTER DATABASE $PGDATABASE SET search_path = public" \
        -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wh-load'" >killed
    { echo '{"id":2}'; place end e1 2 1; } >&5
    exec 5>&-
    wait "$slow"
    prints 0 cat run.status
    has 'SELECT id FROM a.t ORDER BY id' 1 2
    has 'SELECT id FROM public.t'
}

@test "a target that was dropped, with the checkpoint left, is refused with what can be done" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' | into t --checkpoint 'postgresql://#c'
    stream e2 'e1 1' '{"id":2}' >rows
    exits 2 into new --create --checkpoint 'postgresql://#c' <rows
    says 'goes on from rows in the table public.t, and --table is new, which does not exist: name the same'
    sql -c 'DROP TABLE t'
    exits 2 into t --create --checkpoint 'postgresql://#c' <rows
    says 'it goes on from rows in the table public.t, which does not exist any more'
    sql -c 'CREATE TABLE t (id int)'
    exits 2 into t --checkpoint 'postgresql://#c' <rows
    says 'public.t, which was dropped and created again since'
    says "DELETE FROM public.wh_checkpoint WHERE name = 'c'), or give --changed-target"
    has 'SELECT count(*) FROM t' 0
    # Newer rows only.
    into t --changed-target --checkpoint 'postgresql://#c' <rows
    has 'SELECT id FROM t' 2
    stream e3 'e2 1' '{"id":3}' | into t --checkpoint 'postgresql://#c'
    has 'SELECT id FROM t ORDER BY id' 2 3
    # All rows anew.
    sql -c 'DROP TABLE t; CREATE TABLE t (id int)' -c "DELETE FROM public.wh_checkpoint WHERE name = 'c'"
    stream e4 null '{"id":1}' '{"id":2}' | into t --checkpoint 'postgresql://#c'
    has 'SELECT id FROM t ORDER BY id' 1 2
}

@test "a target that was not there yet, or was renamed, is the one of its checkpoint" {
    stream e1 null | into t --create --checkpoint 'postgresql://#c'
    stream e2 'e1 1' '{"id":1}' | into t --create --checkpoint 'postgresql://#c'
    sql -c 'CREATE SCHEMA a' -c 'ALTER TABLE t RENAME TO u' -c 'ALTER TABLE u SET SCHEMA a'
    stream e3 'e2 1' '{"id":2}' | into a.u --checkpoint 'postgresql://#c'
    has 'SELECT id FROM a.u ORDER BY id' 1 2
}

@test "a target that is created again while rows are loaded gets none of them" {
    sql -c 'CREATE TABLE t (id int)'
    slow_load run
    stream e1 null '{"id":1}' - | sed '$d' >&5
    comes 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
    sql -c 'DROP TABLE t; CREATE TABLE t (id int)'
    { echo '{"id":2}'; place end e1 2 1; } >&5
    exec 5>&-
    wait "$slow"
    prints 2 cat run.status
    grep -q 'the table public.t was dropped, renamed or created again while rows were loaded' run.err
    has 'SELECT id FROM t'
    has 'SELECT epoch, n FROM wh_checkpoint' 'e1|1'
}

@test "a database that was restored from a dump goes on, its tables being others by number" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' | into t --checkpoint 'postgresql://#c'
    pg_dump >dump.sql
    sql -c "CREATE DATABASE restored_$BATS_TEST_NUMBER"
    export PGDATABASE=restored_$BATS_TEST_NUMBER
    # So that no number happens to be the same.
    sql -c 'CREATE TABLE other (id int)' -f dump.sql >/dev/null
    stream e2 'e1 1' '{"id":2}' | into t --checkpoint 'postgresql://#c'
    has 'SELECT id FROM t ORDER BY id' 1 2
    sql -c 'DROP TABLE t; CREATE TABLE t (id int)'
    stream e3 'e2 1' '{"id":3}' >rows
    exits 2 into t --checkpoint 'postgresql://#c' <rows
    says 'was dropped and created again since'
}

@test "a checkpoint of an earlier version, which does not name its table, goes on" {
    sql -c 'CREATE TABLE t (id int)'
    stream e1 null '{"id":1}' | into t --checkpoint 'postgresql://#c'
    sql -c "UPDATE wh_checkpoint SET position = '{\"position\":{\"at\":1},\"through\":[]}'"
    stream e2 'e1 1' '{"id":2}' | into t --checkpoint 'postgresql://#c'
    has 'SELECT id FROM t ORDER BY id' 1 2
    has "SELECT position::jsonb->'target'->>'table' FROM wh_checkpoint" public.t
}

@test "a temporary table is refused as a target" {
    exits 2 into pg_temp.t --create <<<'{"id":1}'
    says 'temporary table'
}

@test "a commit that was lost and did not take place says so" {
    sql -c 'CREATE TABLE t (id int)' \
        -c "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(9); RETURN NULL; END'" \
        -c 'CREATE CONSTRAINT TRIGGER die AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
            EXECUTE FUNCTION die()'
    stream e1 null '{"id":1}' >in
    exits 4 into t --checkpoint 'postgresql://#c' <in
    says 'nothing of the batch was committed; run the same line again'
    has 'SELECT count(*) FROM t' 0
}

# shellcheck disable=SC2154 # bats sets stderr
keeps_quiet() {
    [[ $stderr != *geheim* ]]
}

@test "a server that cannot be reached is 4, and no message shows a password" {
    local url=postgresql://ada:geheim@localhost:1/shop
    exits 4 wh-load "$url" -t t <<<'{"id":1}'
    says 'postgresql://ada@localhost:1/shop: '
    keeps_quiet
    exits 4 wh-extract postgresql:// -t t --since id --checkpoint "$url#c"
    says '--checkpoint postgresql://ada@localhost:1/shop#c: '
    keeps_quiet
}

# ---- databases -----------------------------------------------------------------------------------

@test "databases of other encodings, and of none, take the characters that they can" {
    sql -c "CREATE DATABASE latin ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0" \
        -c "CREATE DATABASE ascii ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    for PGDATABASE in latin ascii; do sql -c 'CREATE TABLE t (s text)'; done
    printf '{"s":"\\u00e9"}\n{"s":"日本"}\n{"s":"ü"}\n' >rows
    PGDATABASE=latin into t --rejects bad rows
    prints 'é ü' sh -c 'PGCLIENTENCODING=UTF8 psql -XAt latin -c "TABLE t" | paste -s -d " "'
    prints '2 type' jq -r '"\(.line) \(.rule)"' bad
    PGDATABASE=ascii into t rows
    prints 'é 日本 ü' sh -c 'psql -XAt ascii -c "TABLE t" | paste -s -d " "'
}

@test "the session's settings do not change what values mean" {
    sql -c 'CREATE TABLE t (tz timestamptz, s text, b bytea, i interval)'
    export PGOPTIONS='-c timezone=Asia/Kolkata -c standard_conforming_strings=off -c bytea_output=escape'
    export PGOPTIONS="$PGOPTIONS -c default_transaction_isolation=serializable -c intervalstyle=sql_standard"
    into t <<<'{"tz":"2024-01-01T05:30:00+05:30","s":"a\\b","b":"AP8=","i":"-1 days +02:03:00"}'
    unset PGOPTIONS
    has 'TABLE t' '2024-01-01 00:00:00+00|a\b|\x00ff|-1 days +02:03:00'
}
