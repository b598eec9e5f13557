#!/usr/bin/env bats
# wh-extract from SQLite databases.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need sqlite3
}

# make_db SQL: the database shop.db.
make_db() {
    sqlite3 shop.db "$1"
}

@test "every type keeps its value" {
    make_db "CREATE TABLE t(i INTEGER, r REAL, s TEXT, b BLOB, n);
        INSERT INTO t VALUES (9223372036854775807, 0.1, 'plain', x'00ff10', NULL),
                             (-9223372036854775808, 5.0, '', x'', 1.5e300),
                             (0, -9e999, NULL, x'61', 9e999)"
    wh-extract sqlite:shop.db -t t >found
    cat >expected <<'END'
{"i":9223372036854775807,"r":0.1,"s":"plain","b":"AP8Q","n":null}
{"i":-9223372036854775808,"r":5,"s":"","b":"","n":1.5e300}
{"i":0,"r":"-Infinity","s":null,"b":"YQ==","n":1e999}
END
    same expected found
    prints '{"x":"Infinity","y":3,"z":"AP8="}' \
        wh-extract sqlite:shop.db -c "SELECT 9e999 AS x, 3.0 AS y, x'00ff' AS z"
}

@test "awkward text survives" {
    make_db "CREATE TABLE t(s); INSERT INTO t VALUES
        ('quote \" backslash \\ slash /'), ('tab' || char(9) || 'line' || char(10) || char(13)),
        ('é 日本 😀'), ('nul' || char(0) || 'behind'), (char(1) || char(127)), ('{\"a\":1}'), ('NaN')"
    wh-extract sqlite:shop.db -t t >found
    printf '%s\n' '{"s":"quote \" backslash \\ slash /"}' '{"s":"tab\tline\n\r"}' \
        '{"s":"é 日本 😀"}' '{"s":"nul\u0000behind"}' '{"s":"\u0001'$'\177''"}' \
        '{"s":"{\"a\":1}"}' '{"s":"NaN"}' >expected
    same expected found
}

@test "a column declared BOOLEAN gives booleans" {
    make_db "CREATE TABLE t(a BOOLEAN, b bool, c INTEGER); INSERT INTO t VALUES (1,0,1),(2,NULL,0)"
    prints '{"a":true,"b":false,"c":1}
{"a":2,"b":null,"c":0}' wh-extract sqlite:shop.db -t t
}

@test "a view and a quoted name are tables too" {
    make_db 'CREATE VIEW "odd.na""me" AS SELECT 1 AS a; CREATE TABLE "two words"(b);
        INSERT INTO "two words" VALUES (2)'
    prints '{"a":1}' wh-extract sqlite:shop.db -t '"odd.na""me"'
    prints '{"b":2}' wh-extract sqlite:shop.db -t 'main.two words'
}

@test "an unknown table is named with the nearest, whatever its case" {
    make_db "CREATE TABLE orders(a); CREATE TABLE customers(b)"
    exits 2 wh-extract sqlite:shop.db -t ordres
    says 'wh-extract: sqlite:shop.db: no such table: ordres (did you mean orders?)'
    exits 2 wh-extract sqlite:shop.db -c 'SELECT * FROM custommers'
    says '(did you mean customers?)'
}

@test "values are bound, numbers as numbers" {
    make_db "CREATE TABLE t(id INTEGER, name TEXT); INSERT INTO t VALUES (1,'a'),(2,'it''s'),(3,'007')"
    prints '{"id":2}' wh-extract sqlite:shop.db -c 'SELECT id FROM t WHERE name = :name' \
        -v "name=it's"
    # shellcheck disable=SC2016 # that is SQL
    prints '{"id":3}' wh-extract sqlite:shop.db -c 'SELECT id FROM t WHERE name = $n' -v n=007
    prints '{"id":3}' wh-extract sqlite:shop.db -c 'SELECT id FROM t WHERE id * 2 > @least' \
        -v least=5.5
    prints '{"a":"text","b":"integer","c":"real","d":"text","e":"text"}' \
        wh-extract sqlite:shop.db -v a=x -v b=-5 -v c=1.50 -v d=12345678901234567890 -v e= \
        -c 'SELECT typeof(:a) a, typeof(:b) b, typeof(:c) c, typeof(:d) d, typeof(:e) e'
    prints '{"a":1,"b":1}' wh-extract sqlite:shop.db -c 'SELECT :a a, :a b' -v a=1
}

@test "a value too few or too many is refused" {
    make_db ''
    exits 2 wh-extract sqlite:shop.db -c 'SELECT :day AS a' -v dya=1
    says 'the SQL asks for :day and no -v day=VALUE is given (did you mean dya?)'
    exits 2 wh-extract sqlite:shop.db -c 'SELECT 1 AS a' -v day=1
    says '-v day: the SQL has no :day'
    exits 2 wh-extract sqlite:shop.db -c 'SELECT ? AS a'
    says 'write :NAME'
    exits 2 wh-extract sqlite:shop.db -c 'SELECT 1 AS a' -v day
    says '"day" is not NAME=VALUE'
}

@test "a query may come from a file or standard input" {
    make_db ''
    printf 'SELECT :x\n  AS a; -- done\n' >query.sql
    prints '{"a":7}' wh-extract sqlite:shop.db -f query.sql -v x=7
    prints '{"a":7}' wh-extract sqlite:shop.db -f - -v x=7 <query.sql
    exits 2 wh-extract sqlite:shop.db -f query.sql -c 'SELECT 1'
    exits 1 wh-extract sqlite:shop.db -f none.sql
    says 'none.sql'
}

@test "only one reading statement with columns is taken" {
    make_db "CREATE TABLE t(a); INSERT INTO t VALUES (1)"
    exits 2 wh-extract sqlite:shop.db -c 'SELECT 1 AS a; SELECT 2'
    says 'only one SQL statement'
    exits 2 wh-extract sqlite:shop.db -c 'DELETE FROM t RETURNING a'
    says 'only read'
    exits 2 wh-extract sqlite:shop.db -c 'BEGIN'
    says 'no columns'
    exits 2 wh-extract sqlite:shop.db -c ' -- nothing'
    says 'the SQL is empty'
    exits 2 wh-extract sqlite:shop.db -c 'SELEC 1'
    says 'syntax error'
    prints '{"a":1}' wh-extract sqlite:shop.db -c 'SELECT a FROM t;; -- end'
}

@test "two columns of one name are refused" {
    make_db ''
    exits 2 wh-extract sqlite:shop.db -c 'SELECT 1 AS a, 2 AS b, 3 AS a'
    says 'columns 1 and 3 are both called "a" (rename one with AS)'
    exits 2 wh-extract sqlite:shop.db -c 'SELECT 1 AS "@wh"'
}

@test "text that is no UTF-8 is a bad row, kept by --rejects" {
    make_db "CREATE TABLE t(id, s); INSERT INTO t VALUES (1, 'good'), (2, CAST(x'61ff' AS TEXT)), (3, 'too')"
    exits 1 wh-extract sqlite:shop.db -t t
    says 'sqlite:shop.db: row 2: s: byte 2 is not valid UTF-8'
    [ "$output" = '{"id":1,"s":"good"}' ]
    exits 0 wh-extract sqlite:shop.db -t t --rejects bad.ndjson
    [ "$output" = '{"id":1,"s":"good"}
{"id":3,"s":"too"}' ]
    [ "$(jq -r '.line, .column, .rule' bad.ndjson | paste -s -d ,)" = 2,s,utf-8 ]
    [ "$(jq -r .row_base64 bad.ndjson | base64 -d)" = "$(printf '{"id":2,"s":"a\377"}')" ]
}

@test "an error while reading tells the place and keeps the rows before it" {
    make_db "CREATE TABLE t(a); INSERT INTO t VALUES (1),(2)"
    exits 2 wh-extract sqlite:shop.db \
        -c "SELECT a, json(CASE a WHEN 1 THEN '{}' ELSE '{' END) AS j FROM t"
    says 'wh-extract: sqlite:shop.db: malformed JSON'
    [ "$output" = '{"a":1,"j":"{}"}' ]
}

@test "files that are no database, or not there, are named" {
    exits 1 wh-extract sqlite:none.db -t t
    says 'wh-extract: sqlite:none.db: cannot open: No such file or directory'
    [ ! -e none.db ]
    printf '%01000d' 0 >text.db
    exits 1 wh-extract sqlite:text.db -t t
    says 'not a database'
    exits 2 wh-extract sqlite: -t t
    says 'a path must follow'
}

@test "a database that another process is writing to shows its last whole state" {
    make_db "PRAGMA journal_mode=wal; CREATE TABLE t(a); INSERT INTO t VALUES (1)"
    sqlite3 shop.db >found <<'END'
BEGIN IMMEDIATE;
UPDATE t SET a = 2;
.shell wh-extract sqlite:shop.db -t t
COMMIT;
.shell wh-extract sqlite:shop.db -t t
END
    [ "$(cat found)" = '{"a":1}
{"a":2}' ]
}

@test "a limit ends early" {
    make_db ''
    query='WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c'
    [ "$(timeout "$PATIENCE" wh-extract sqlite:shop.db -c "$query" --limit 3 | tail -n 1)" = '{"n":3}' ]
    [ "$(timeout "$PATIENCE" wh-extract sqlite:shop.db -c "$query" | head -n 1)" = '{"n":1}' ]
}

@test "rows do not wait for a search that takes long" {
    make_db ''
    query="WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)
        SELECT n FROM c WHERE n = 1 OR n < 0"
    wh-extract sqlite:shop.db -c "$query" >found 3>&- &
    eventually [ -s found ]
    kill "$!"
    [ "$(cat found)" = '{"n":1}' ]
}

@test "CSV and TSV come out where they are asked for" {
    make_db "CREATE TABLE t(a, b TEXT); INSERT INTO t VALUES (1, 'x,y'), (NULL, ''), (2.5, 'q\"')"
    prints $'a,b\n1,"x,y"\n,""\n2.5,"q"""' wh-extract sqlite:shop.db -t t -o csv
    prints $'a\tb\n1\tx,y\n\t\n2.5\tq"' wh-extract sqlite:shop.db -t t -o tsv
}

@test "what is to be extracted must be said once" {
    make_db ''
    exits 2 wh-extract sqlite:shop.db
    says 'a table (-t NAME) or a query (-c SQL, -f FILE)'
    exits 2 wh-extract sqlite:shop.db -t t -c 'SELECT 1'
    says 'exclude each other'
    exits 2 wh-extract sqlite:shop.db sqlite:shop.db -t t
    says 'several SOURCEs must all be files'
    exits 2 wh-extract sqlite:shop.db -t a.b.c
    says '"a.b.c" is not the name of a table'
}

@test "options about reading text are refused" {
    make_db 'CREATE TABLE t(a)'
    for option in '--string a' '--no-infer' '--infer 9' '--ragged' '-i csv'; do
        # shellcheck disable=SC2086 # two words
        exits 2 wh-extract sqlite:shop.db -t t $option
        says "applies only to"
    done
}

@test "a full disk is an error" {
    [ -c /dev/full ] || skip 'there is no /dev/full'
    make_db ''
    run --separate-stderr sh -c 'wh-extract sqlite:shop.db -c "SELECT 1 AS a" >/dev/full'
    [ "$status" -eq 1 ]
    says 'standard output'
}

@test "a table without rows gives CSV its header and NDJSON nothing" {
    sqlite3 empty.db 'CREATE TABLE t (id, name)'
    prints 'id,name' wh-extract sqlite:empty.db -t t -o csv
    [ -z "$(wh-extract sqlite:empty.db -t t)" ]
}
