# wh-load into SQLite: values as they were, keys, --create, --apply, and the checkpoint's one
# transaction with the rows.

load ../helper

# sql TEXT: what it gives in t.db.
sql() {
    sqlite3 t.db "$1"
}

@test "what wh-extract reads out of a table comes back the same" {
    sql "CREATE TABLE t (i INTEGER, r REAL, n NUMERIC, s TEXT, b BOOLEAN, x BLOB, free);
         INSERT INTO t VALUES
            (1, 1.5, 2, 'a', 1, x'00ff10', 7), (-9223372036854775808, 1e300, 0.1, '', 0, x'', 'x'),
            (NULL, NULL, NULL, NULL, NULL, NULL, NULL), (3, -0.5, 1e17, '007', 1, x'61', 2.5),
            (4, 3, 12345.678901, char(10) || 'é\"', 0, x'6162', '12345678901234567890')"
    wh-extract sqlite:t.db -t t >before
    sql 'CREATE TABLE u AS SELECT * FROM t WHERE 0; DROP TABLE u;
         CREATE TABLE u (i INTEGER, r REAL, n NUMERIC, s TEXT, b BOOLEAN, x BLOB, free)'
    wh-load sqlite:t.db -t u before
    wh-extract sqlite:t.db -t u >after
    same before after
    prints 0 sql "SELECT count(*) FROM (SELECT * FROM t EXCEPT SELECT * FROM u)"
    # Made by the rows, too.
    wh-load sqlite:t.db -t v --create before
    wh-extract sqlite:t.db -t v >created
    same before created
}

@test "--create makes columns of the types that the rows have" {
    cat >rows.ndjson <<'END'
{"i":1,"d":1.5,"e":1.5,"b":true,"day":"2024-03-01","t":"x","j":{"a":1},"mixed":1,"none":null}
{"i":2,"d":12345678901234567890,"e":1e10,"b":null,"day":"2024-03-02","t":"y","j":[],"mixed":"x"}
{"late":1}
END
    wh-load sqlite:t.db -t t --create --key i <(grep -v late rows.ndjson)
    prints 'CREATE TABLE "t" ("i" INTEGER, "d", "e" REAL, "b" BOOLEAN, "day" TEXT, "t" TEXT, "j" TEXT, "mixed", "none", PRIMARY KEY ("i"))' \
        sql "SELECT sql FROM sqlite_schema WHERE name = 't'"
    wh-load sqlite:t.db -t u --create rows.ndjson
    prints 3 sql 'SELECT count(*) FROM u'
    prints 1 sql 'SELECT late FROM u WHERE late IS NOT NULL'
}

@test "big integers and long decimals keep their digits, or make a bad row" {
    echo '{"n":12345678901234567890}' >big
    echo '{"n":0.12345678901234567890}' >long
    wh-load sqlite:t.db -t t --create big
    wh-load sqlite:t.db -t t long
    prints $'12345678901234567890\n0.12345678901234567890' sql 'SELECT n FROM t'
    sql 'CREATE TABLE i (n INTEGER)'
    exits 1 wh-load sqlite:t.db -t i big
    says 'wh-load: big:1: n: "12345678901234567890" has more digits than the column can hold (one without a type, or of TEXT, keeps all)'
    exits 1 wh-load sqlite:t.db -t i <<<'{"n":1e400}'
    says 'n: "1e400" is too large for a number of SQLite (a column without a type, or of TEXT, keeps it)'
    exits 1 wh-load sqlite:t.db -t i long
    sql 'CREATE TABLE r (n REAL)'
    exits 1 wh-load sqlite:t.db -t r long
    exits 1 wh-load sqlite:t.db -t r <<<'{"n":9007199254740993}'
    printf '{"n":%s}\n' 0.10000000000000001 12345678901234567000 0.1 1e300 7 | wh-load sqlite:t.db -t r
    prints $'0.1\n12345678901234567000\n0.1\n1e300\n7' wh-extract sqlite:t.db -c 'SELECT n FROM r' -o csv -H
}

@test "a string that the column would make a number of is a bad row" {
    sql 'CREATE TABLE t (zip INTEGER)'
    for text in 007 +7 ' 7' 7. .7 '7 ' 12345678901234567890; do
        jq -cn --arg text "$text" '{zip: $text}' >row
        exits 1 wh-load sqlite:t.db -t t row
        says "wh-load: row:1: zip: \"$text\" would become a number in this column"
    done
    exits 1 wh-load sqlite:t.db -t t <<<'{"zip":" 7"}'
    says '(wh-clean --trim zip takes the blanks off; a column of TEXT keeps it)'
    wh-clean --trim zip <<<'{"zip":" 7"}' | wh-load sqlite:t.db -t t
    exits 1 wh-load sqlite:t.db -t t <<<'{"zip":"1e400"}'
    says 'would become a number in this column (a column of TEXT keeps it)'
    exits 1 wh-load sqlite:t.db -t t <<<'{"zip":"7."}'
    says '(wh-clean --type zip=decimal makes it one; a column of TEXT keeps it)'
    wh-clean -q --type zip=decimal <<<'{"zip":"7."}' | wh-load sqlite:t.db -t t
    sql 'DELETE FROM t'
    for text in 7 -7 1.5 abc '' 7-8-9a e; do
        jq -cn --arg text "$text" '{zip: $text}' | wh-load sqlite:t.db -t t
    done
    prints 7 sql 'SELECT count(*) FROM t'
    sql 'DELETE FROM t'
    printf '%s\n' zip 10115 00501 >zips.csv
    exits 1 wh-load sqlite:t.db -t t zips.csv
    wh-load sqlite:t.db -t u --create zips.csv
    prints $'10115\n00501' sql 'SELECT zip FROM u'
    { seq 1200 | sed 's/.*/{"zip":&}/'; echo '{"zip":"02134"}'; } >codes
    exits 1 wh-load sqlite:t.db -t w --create codes
    says '(--string zip makes its column text; wh-clean --type zip=int makes it one; a column of TEXT keeps it)'
    wh-load -q sqlite:t.db -t w --create --string zip codes
}

@test "what only has the characters of a number is text, by SQLite's own rule" {
    sql 'CREATE TABLE t (day DATE, at DATETIME, n NUMERIC(10,2), i INTEGER, r REAL, phone INT)'
    cat >rows <<'END'
{"day":"2024-01-02","at":"2024-01-02 10:00:00.5","n":"1-2","i":"12e","r":"1.2.3","phone":"+1 555 0100"}
{"day":"-","at":"12:30","n":"1e+","i":"-","r":".","phone":"555-0100"}
{"day":"20240102","at":"1e","n":" ","i":"1 2","r":"--1","phone":"0x1F"}
END
    wh-load sqlite:t.db -t t rows
    wh-extract sqlite:t.db -t t | jq -c 'map_values(tostring)' >found
    jq -c 'map_values(tostring)' rows >expected
    same expected found
    wh-load sqlite:t.db -t t <<<'{"day":null,"i":5.0,"n":5.00,"r":5}'
    prints '5|integer|5|integer|5.0|real' \
        sql 'SELECT i, typeof(i), n, typeof(n), r, typeof(r) FROM t WHERE day IS NULL'
}

# values: literals of SQL, one of them a line.
values() {
    cat <<'END'
NULL
0
1
-1
2
9223372036854775807
-9223372036854775808
1.5
3.0
-0.0
0.1
1e15
1e20
1e21
123456789012345678
1e300
5e-324
9e999
-9e999
'abc'
''
' '
'007'
'12'
'1.50'
' 7'
'7 '
'+7'
'.5'
'5.'
'1e5'
'12e'
'0x1F'
'2024-01-02'
'2024-01-02 10:00:00'
'+1 555 123'
'1-2'
'NaN'
'Infinity'
'-Infinity'
'-inf'
'true'
'FALSE'
'{"a":1}'
'[1,2]'
'{"$blob":"AP8="}'
'{"$text":"abcd"}'
'"x"'
'AP8='
'abcd'
'1234'
'é 日本'
'null'
'1_000'
'9223372036854775808'
'1e400'
'0.12345678901234567890'
'a"b\c'
char(10) || 'x' || char(9)
'a' || char(0) || 'b'
x''
x'00ff'
x'61626364'
x'313233'
END
}

# copied TABLE COLUMNS OPTIONS: the values in each of these columns, as far as the table takes them,
# copied to another database.
copied() {
    local count
    count=$(tr -cd , <<<"$2," | wc -c)
    sql "CREATE TABLE $1 (id INTEGER PRIMARY KEY, $2) $3"
    sqlite3 copy.db "CREATE TABLE $1 (id INTEGER PRIMARY KEY, $2) $3"
    values | awk -v t="$1" -v count="$count" '{
        printf "INSERT INTO %s VALUES (%d", t, NR
        for (i = 0; i < count; i++) printf ", %s", $0
        print ");" }' >inserts
    sqlite3 t.db '.read inserts' 2>/dev/null || true
    wh-extract sqlite:t.db -t "$1" >rows
    wh-load sqlite:copy.db -t "$1" rows
    wh-load sqlite:copy.db -t "$1" --key id rows
}

@test "every value in a column of every type is copied as it is" {
    local type types='' i=0
    for type in INTEGER INT BIGINT TEXT 'VARCHAR(10)' 'CHAR(3)' CLOB BLOB 'VARBINARY(16)' BYTEA '' REAL \
        'DOUBLE PRECISION' FLOAT NUMERIC 'DECIMAL(10)' BOOLEAN BOOL DATE DATETIME TIMESTAMP JSON STRING ANY POINT; do
        types=$types${types:+, }"c$((i += 1)) $type"
    done
    copied plain "$types" ''
    copied without_rowid "$types" 'WITHOUT ROWID'
    for type in INTEGER REAL TEXT BLOB ANY; do
        copied "strict_$type" "v $type" STRICT
    done
    sqlite3 t.db .dump >before
    sqlite3 copy.db .dump >after
    same before after
    [ "$(grep -c 'INSERT INTO plain' before)" -eq "$(values | wc -l)" ]
    # CSV cannot tell the text '12' from the number, which only columns that keep both suffer from.
    sqlite3 csv.db 'CREATE TABLE plain (id INTEGER PRIMARY KEY, b BLOB, s TEXT, i INTEGER, r REAL, n NUMERIC)'
    sqlite3 t.db 'CREATE TABLE few (id INTEGER PRIMARY KEY, b BLOB, s TEXT, i INTEGER, r REAL, n NUMERIC);
        INSERT INTO few SELECT id, c8, c4, c1, c12, c15 FROM plain
            WHERE typeof(c8) IN ('\''blob'\'', '\''text'\'') AND instr(c4, char(0)) = 0 AND id <> 46'
    wh-extract sqlite:t.db -t few -o csv | wh-load sqlite:csv.db -t plain
    sqlite3 t.db 'SELECT id, typeof(b), quote(b), typeof(s), quote(s), quote(i), quote(r), quote(n) FROM few' >before
    sqlite3 csv.db 'SELECT id, typeof(b), quote(b), typeof(s), quote(s), quote(i), quote(r), quote(n) FROM plain' >after
    same before after
}

@test "a table with generated columns is copied, and says that they are left to the database" {
    local schema="CREATE TABLE t (a INTEGER, twice INTEGER AS (a * 2) STORED, b TEXT, whole TEXT AS (a || b))"
    sql "$schema; INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL)"
    sqlite3 copy.db "$schema"
    wh-extract sqlite:t.db -t t >rows
    grep -q '"twice":2' rows
    exits 0 wh-load sqlite:copy.db -t t rows
    says 'the values of column "twice" are left out: the database generates them'
    wh-extract sqlite:copy.db -t t >again
    same rows again
    sqlite3 t.db .dump >before
    sqlite3 copy.db .dump >after
    same before after
}

@test "a table with quotes around a dot in its name is asked for its generated columns" {
    sql 'CREATE TABLE "a"".""b" (a INTEGER, twice INTEGER AS (a * 2) STORED)'
    echo '{"a":1,"twice":2}' >rows
    exits 0 wh-load sqlite:t.db -t '"a"".""b"' rows
    prints '1|2' sql 'SELECT * FROM "a"".""b"'
}

@test "booleans are 0 and 1, in columns of text words" {
    sql 'CREATE TABLE t (b BOOLEAN, i INTEGER, s TEXT)'
    echo '{"b":true,"i":false,"s":true}' | wh-load sqlite:t.db -t t
    prints '1|0|true|text' sql 'SELECT b, i, s, typeof(s) FROM t'
    prints '{"b":true,"i":0,"s":"true"}' wh-extract sqlite:t.db -t t
    printf 'b,s\nFALSE,FALSE\n' | wh-load sqlite:t.db -t t
    prints '0|FALSE' sql 'SELECT b, s FROM t WHERE i IS NULL'
}

@test "a column of BLOB takes base64" {
    sql 'CREATE TABLE t (x BLOB)'
    echo '{"x":"AP8Q"}' | wh-load sqlite:t.db -t t
    prints 00FF10 sql 'SELECT hex(x) FROM t'
    exits 1 wh-load sqlite:t.db -t t <(echo '{"x":"no base64"}')
    says 'x: "no base64" is no base64, as a column of BLOB needs it'
}

@test "--schema gives columns, types and their order" {
    echo '{"columns":{"zip":"text","id":"bigint","price":"decimal(10,2)"}}' >schema.json
    echo '{"id":1,"zip":501}' | wh-load sqlite:t.db -t t --create --schema schema.json --key id
    prints 'CREATE TABLE "t" ("zip" TEXT, "id" INTEGER, "price" decimal(10,2), PRIMARY KEY ("id"))' \
        sql "SELECT sql FROM sqlite_schema WHERE name = 't'"
    prints '501|text' sql 'SELECT zip, typeof(zip) FROM t'
    wh-load sqlite:t.db -t empty --create --schema schema.json /dev/null
    prints 3 sql "SELECT count(*) FROM pragma_table_info('empty')"
    for broken in '{}' '{"columns":{"a":1}}' '{"columns":{"a":"int); DROP TABLE t; --"}}' \
        '{"columns":{"a":"int, b int"}}' '{"columns":{"a":""}}'; do
        echo "$broken" >schema.json
        exits 2 wh-load sqlite:t.db -t u --create --schema schema.json /dev/null
    done
    says '--schema: column "a" must have the name of a type, such as "bigint" or "numeric(12,2)"'
    echo '{"id":"bigint"}' >schema.json
    exits 2 wh-load sqlite:t.db -t u --create --schema schema.json /dev/null
    says '--schema: it has the form {"columns":{"id":"bigint",...}}'
    exits 2 wh-load sqlite:t.db -t u --create <(echo '{}')
    says '--create: a table needs a column, and the rows have none'
}

@test "a key that is no column is refused, the nearest suggested" {
    sql 'CREATE TABLE t (order_id INTEGER PRIMARY KEY)'
    exits 2 wh-load sqlite:t.db -t t --key orderid <(echo '{"order_id":1}')
    says '--key: the table t has no column orderid (did you mean order_id?)'
    exits 2 wh-load sqlite:t.db -t u --create --key orderid <(echo '{"order_id":1}')
    says '--key: the rows have no column "orderid" (did you mean order_id?)'
    sql 'CREATE TABLE plain (id INTEGER)'
    exits 2 wh-load sqlite:t.db -t plain --key id <(echo '{"id":1}')
    says 'the table plain has no primary key and no unique index of exactly these columns'
}

@test "--key changes the columns that the row has, and no others" {
    sql "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT DEFAULT 'none');
         INSERT INTO t VALUES (1, 'x', 'y')"
    printf '%s\n' '{"id":1,"a":"new"}' '{"id":2,"a":"z"}' '{"id":1}' |
        wh-load sqlite:t.db -t t --key id
    prints $'1|new|y\n2|z|none' sql 'SELECT * FROM t ORDER BY id'
    exits 1 wh-load sqlite:t.db -t t --key id <(echo '{"a":1}')
    says 'id: the row lacks this column of --key'
    exits 1 wh-load sqlite:t.db -t t --key id <(echo '{"id":null,"a":1}')
    says 'id: null cannot be the key of a row'
}

@test "a table or column that is not there is refused, the nearest suggested" {
    sql 'CREATE TABLE orders (id INTEGER, amount REAL)'
    exits 2 wh-load sqlite:t.db -t order <(echo '{"id":1}')
    says 'sqlite:t.db: there is no table order; --create makes it (did you mean orders?)'
    exits 2 wh-load sqlite:t.db -t orders <(echo '{"id":1,"amont":2}')
    says 'the table orders has no column "amont" (did you mean amount?)'
    exits 1 wh-load sqlite:none.db -t orders <(echo '{"id":1}')
    says 'sqlite:none.db: there is no such database; --create makes it'
    [ ! -e none.db ]
}

@test "--replace puts the rows in the place of all others, in one step" {
    sql "CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id < 10)); INSERT INTO t VALUES (1), (2)"
    exits 1 wh-load sqlite:t.db -t t --replace <(printf '%s\n' '{"id":5}' '{"id":11}')
    prints $'1\n2' sql 'SELECT id FROM t'
    echo '{"id":3}' | wh-load sqlite:t.db -t t --replace
    prints 3 sql 'SELECT id FROM t'
    wh-load sqlite:t.db -t t --replace /dev/null
    prints 0 sql 'SELECT count(*) FROM t'
}

@test "--apply does what _op says and leaves _unchanged alone" {
    sql "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
         INSERT INTO t VALUES (1, 'a1', 'b1'), (2, 'a2', 'b2'), (3, 'a3', 'b3')"
    cat >changes.ndjson <<'END'
{"_op":"delete","id":1}
{"_op":"update","id":2,"a":"new","b":null,"_unchanged":["b"]}
{"_op":"insert","id":4,"a":"a4"}
{"_op":"upsert","id":3,"a":"A3","b":"B3","_unchanged":null}
{"id":5,"a":"a5"}
{"_op":"delete","id":77}
END
    wh-load sqlite:t.db -t t --key id --apply changes.ndjson
    prints $'2|new|b2\n3|A3|B3\n4|a4|\n5|a5|' sql 'SELECT * FROM t ORDER BY id'
    printf '%s\n' '{"_op":"truncate"}' '{"_op":"insert","id":6}' |
        wh-load sqlite:t.db -t t --key id --apply
    prints '6||' sql 'SELECT * FROM t'
}

@test "--apply calls a row bad that asks for what there is not" {
    sql 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)'
    exits 1 wh-load sqlite:t.db -t t --key id --apply <(echo '{"_op":"merge","id":1}')
    says '_op: "merge" is none of upsert, insert, update, delete, truncate'
    exits 1 wh-load sqlite:t.db -t t --key id --apply <(echo '{"_op":"delete","a":1}')
    says 'id: the row lacks this column of --key'
    for names in '"a"' '[1]' '["id"]' '{}'; do
        exits 1 wh-load sqlite:t.db -t t --key id --apply \
            <(echo "{\"_op\":\"update\",\"id\":1,\"a\":1,\"_unchanged\":$names}")
        [ "$names" = '["id"]' ] || says "_unchanged: is not an array of columns' names"
    done
    # Without --apply these are columns like any others.
    exits 2 wh-load sqlite:t.db -t t --key id <(echo '{"_op":"delete","id":1}')
}

@test "--apply makes a table without _op and _unchanged" {
    echo '{"_op":"upsert","id":1,"a":"x","_unchanged":[]}' |
        wh-load sqlite:t.db -t t --create --key id --apply
    prints '1|x' sql 'SELECT * FROM t'
}

@test "rows that the table refuses go to the rejects one by one" {
    sql 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL CHECK (a <> "bad")) STRICT'
    cat >rows.ndjson <<'END'
{"id":1,"a":"x"}
{"id":1,"a":"twice"}
{"id":2,"a":"bad"}
{"id":3,"a":null}
{"id":"no number","a":"x"}
{"id":4,"a":"y"}
END
    wh-load sqlite:t.db -t t --rejects bad.ndjson -q rows.ndjson
    prints $'1|x\n4|y' sql 'SELECT * FROM t'
    prints '[2,3,4,5]' jq -sc 'map(.line)' bad.ndjson
    # Also while the rows wait for the table to be made.
    printf '%s\n' '{"id":1}' '{"id":1}' '{"id":2}' |
        wh-load sqlite:t.db -t u --create --key id --rejects bad.ndjson -q
    printf '%s\n' '{"id":1}' '{"id":null}' '{"id":2}' >keys.ndjson
    wh-load sqlite:t.db -t v --create --key id --rejects bad.ndjson --stats stats.json -q keys.ndjson
    prints '[2,1]' jq -c '[.rows_committed, .rows_rejected]' stats.json
    prints $'1\n2' sql 'SELECT id FROM v'
    prints '[2,"{\"id\":null}"]' jq -c '[.line,.row]' bad.ndjson
}

@test "a deferred constraint that fails at the commit names the rows" {
    sql 'CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE t (p INTEGER REFERENCES p DEFERRABLE INITIALLY DEFERRED)'
    exits 1 wh-load sqlite:t.db -t t <(printf '%s\n' '{"p":1}' '{"p":2}')
    says 'sqlite:t.db: FOREIGN KEY constraint failed, which was found out only at the commit: it is about one of the 2 rows up to /dev/fd/'
    says ':2, none of which was loaded'
    prints 0 sql 'SELECT count(*) FROM t'
}

@test "a table that rolls the transaction back ends the run" {
    sql 'CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT ROLLBACK)'
    exits 1 wh-load sqlite:t.db -t t --rejects bad.ndjson <(printf '%s\n' '{"id":1}' '{"id":1}')
    says 'upon which the database has taken back all rows since the last commit'
}

@test "of two runs at once one ends with 3 and names the other's epoch" {
    sql 'CREATE TABLE t (id INTEGER)'
    for epoch in aaaaaaaaaaaa bbbbbbbbbbbb; do
        echo '{"@wh":"begin","epoch":"'$epoch'","from":null,"position":{},"by":"x"}'
        echo '{"id":1}'
        echo '{"@wh":"end","epoch":"'$epoch'","n":1,"rows":1,"committed":0,"position":{},"by":"x"}'
    done >both
    # The second has begun, when nothing was committed, and comes to its end after the first.
    mkfifo second
    wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t second 2>err 3>&- &
    loader=$!
    exec 4>second
    sed -n 4p both >&4
    sleep 0.3
    sed -n 1,3p both | wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t
    sed -n 5,6p both >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'sqlite:t.db#t holds checkpoint 1 of epoch aaaaaaaaaaaa' err
    prints 1 sql 'SELECT count(*) FROM t'
}

@test "a checkpoint that changes in the middle of a run is not overwritten" {
    sql 'CREATE TABLE t (id INTEGER)'
    mkfifo pipe
    wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 0s pipe 2>err 3>&- &
    loader=$!
    exec 4>pipe
    echo '{"@wh":"begin","epoch":"aaaaaaaaaaaa","from":null,"position":{},"by":"x"}' >&4
    echo '{"id":1}' >&4
    echo '{"@wh":"checkpoint","epoch":"aaaaaaaaaaaa","n":1,"rows":1,"committed":0,"position":{},"by":"x"}' >&4
    eventually holds 1 sqlite3 t.db 'SELECT n FROM wh_checkpoint'
    sql "UPDATE wh_checkpoint SET epoch = 'bbbbbbbbbbbb', n = 7"
    echo '{"id":2}' >&4
    echo '{"@wh":"end","epoch":"aaaaaaaaaaaa","n":2,"rows":1,"committed":1,"position":{},"by":"x"}' >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'sqlite:t.db#t holds checkpoint 7 of epoch bbbbbbbbbbbb' err
    prints 1 sql 'SELECT group_concat(id) FROM t'
}

@test "a checkpoint that a trigger keeps as it is ends the run, with nothing loaded" {
    sql 'CREATE TABLE t (id INTEGER)'
    stream e1 null '{"id":1}' | wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c
    sql "CREATE TRIGGER keep BEFORE UPDATE ON wh_checkpoint BEGIN SELECT RAISE(IGNORE); END"
    stream e2 'e1 1' '{"id":2}' >rows
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c rows
    says 'sqlite:t.db#c: the database leaves its row as it was (has wh_checkpoint a trigger? drop it)'
    sql 'DROP TRIGGER keep'
    wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c rows
    prints 1,2 sql 'SELECT group_concat(id) FROM t'
}

@test "a run that is killed leaves rows and checkpoint together" {
    seq 1 20000 | sed 's/.*/{"id":&}/' >rows.ndjson
    sql 'CREATE TABLE t (id INTEGER)'
    for pause in 0.01 0.03 0.05 none; do
        # With exec, $! is wh-load itself, not a shell that waits for it.
        (exec wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 0s 3>&- \
            < <(wh-extract rows.ndjson --checkpoint sqlite:t.db#t --every 100 2>err 3>&-)) &
        loader=$!
        [ $pause = none ] || { sleep $pause; kill -KILL $loader 2>killed || true; }
        wait $loader || [ $pause != none ]
    done
    prints '20000|200010000' sql 'SELECT count(*), sum(id) FROM t'
}

@test "what a killed run left half written is taken back before the checkpoint is read" {
    seq 1 10 | sed 's/.*/{"id":&}/' >rows.ndjson
    sql 'CREATE TABLE t (id INTEGER)'
    pipeline() {
        wh-extract rows.ndjson --checkpoint sqlite:"$1"#t |
            wh-load sqlite:"$1" -t t --checkpoint sqlite:"$1"#t
    }
    pipeline t.db
    seq 11 20 | sed 's/.*/{"id":&}/' >>rows.ndjson
    # A copy from the midst of a transaction that has been written in part, with its journal.
    sqlite3 t.db >/dev/null <<'END'
PRAGMA cache_size = 1;
BEGIN;
DELETE FROM wh_checkpoint;
WITH RECURSIVE n (id) AS (SELECT 100 UNION ALL SELECT id + 1 FROM n WHERE id < 20000)
    INSERT INTO t SELECT id FROM n;
.shell cp t.db hot.db && cp t.db-journal hot.db-journal
ROLLBACK;
END
    [ -s hot.db-journal ]
    pipeline hot.db
    prints '20|210' sqlite3 hot.db 'SELECT count(*), sum(id) FROM t'
}

@test "readers of the database do not stop a run that shares a checkpoint with them" {
    # More in a transaction than the page cache holds, and the checkpoint is read meanwhile.
    seq 1 30000 | sed 's/.*/{"id":&,"text":"some more text to fill the pages of the cache with"}/' \
        >rows.ndjson
    sql 'CREATE TABLE t (id INTEGER, text TEXT)'
    wh-extract rows.ndjson --checkpoint sqlite:t.db#t --every 1000 |
        wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 1h
    prints 30000 sql 'SELECT count(*) FROM t'
}

@test "a table can be copied within one database, however large" {
    sql "CREATE TABLE t (id INTEGER, text TEXT);
         WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100000)
         INSERT INTO t SELECT id, 'some more text to fill the pages of the cache with' FROM n"
    wh-extract sqlite:t.db -t t | wh-load sqlite:t.db -t u --create
    prints 100000 sql 'SELECT count(*) FROM u'
}

@test "a database that another process is writing is said to be so" {
    sql 'PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER)' >mode
    echo '{"id":1}' | wh-load sqlite:t.db -t t
    prints wal sql 'PRAGMA journal_mode'
    printf 'no database, but long enough to be looked at as one would be' >not.db
    exits 1 wh-load sqlite:not.db -t t <(echo '{"id":1}')
    says 'sqlite:not.db: file is not a database'
}

@test "tables of other schemas, views with triggers and odd names can be loaded into" {
    sql 'CREATE TABLE "odd ""name""" ("a b" INTEGER, "select" TEXT);
         CREATE VIEW v AS SELECT "a b" AS a FROM "odd ""name""";
         CREATE TRIGGER tr INSTEAD OF INSERT ON v
             BEGIN INSERT INTO "odd ""name""" ("a b") VALUES (new.a); END'
    echo '{"a b":1,"select":"x"}' | wh-load sqlite:t.db -t 'odd "name"'
    echo '{"a":2}' | wh-load sqlite:t.db -t main.v
    prints $'1|x\n2|' sql 'SELECT * FROM "odd ""name"""'
}

# stream EPOCH FROM ROW...: a stream that goes on from FROM ("null" or "EPOCH N").
stream() {
    local epoch=$1 from=null
    [ "$2" = null ] || from="{\"epoch\":\"${2% *}\",\"n\":${2#* }}"
    shift 2
    echo "{\"@wh\":\"begin\",\"epoch\":\"$epoch\",\"from\":$from,\"position\":{},\"by\":\"test\"}"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    echo "{\"@wh\":\"end\",\"epoch\":\"$epoch\",\"n\":1,\"rows\":$#,\"committed\":0,\"position\":{},\"by\":\"test\"}"
}

@test "another target than that of the checkpoint, and one that was dropped, are refused" {
    sql 'CREATE TABLE t (id INTEGER); CREATE TABLE other (id INTEGER)'
    stream e1 null '{"id":1}' | wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c
    stream e2 'e1 1' '{"id":2}' >rows
    exits 2 wh-load sqlite:t.db -t other --checkpoint sqlite:t.db#c rows
    says '#c goes on from rows in the table t, and --table is other: name the same table'
    exits 2 wh-load sqlite:t.db -t new --create --checkpoint sqlite:t.db#c rows
    says '#c goes on from rows in the table t, and --table is new, which does not exist: name the same'
    wh-load sqlite:t.db -t main.T --checkpoint sqlite:t.db#c rows
    prints 1,2 sql 'SELECT group_concat(id) FROM t'
    sql 'DROP TABLE t'
    stream e3 'e2 1' '{"id":3}' >rows
    exits 2 wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c rows
    says '#c goes on from rows in the table T, which does not exist any more'
    says "load all rows anew (DELETE FROM wh_checkpoint WHERE name = 'c'), or give --changed-target"
    wh-load sqlite:t.db -t t --create --changed-target --checkpoint sqlite:t.db#c rows
    prints 3 sql 'SELECT group_concat(id) FROM t'
    sql "DELETE FROM wh_checkpoint WHERE name = 'c'; DELETE FROM t"
    stream e4 null '{"id":1}' '{"id":2}' '{"id":3}' | wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c
    prints 1,2,3 sql 'SELECT group_concat(id) FROM t'
}

@test "a checkpoint of an earlier version, or of a table that was not there yet, goes on" {
    stream e1 null | wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c
    stream e2 'e1 1' '{"id":1}' | wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c
    sql "UPDATE wh_checkpoint SET position = json_remove(position, '\$.target')"
    stream e3 'e2 1' '{"id":2}' | wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#c
    prints 1,2 sql 'SELECT group_concat(id) FROM t'
    prints t sql "SELECT json_extract(position, '\$.target.table') FROM wh_checkpoint"
}

@test "a temporary table is refused as a target, and so is --changed-target for a file" {
    exits 2 wh-load sqlite:t.db -t temp.t --create <(echo '{"id":1}')
    says 'temp.t would be a temporary table'
    exits 2 wh-load out.ndjson --checkpoint c.json --changed-target <(stream e1 null)
    says '--changed-target applies only to databases'
}
