# What wh-extract refuses, and what it says then: the whole message.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need sqlite3
    printf 'id,y\n1,2\n' >rows.csv
    sqlite3 t.db "CREATE TABLE t (id INTEGER PRIMARY KEY, s TEXT);
        INSERT INTO t VALUES (1, 'a'), (2, CAST(x'61ff' AS TEXT))"
}

@test "options of databases are refused for files, and SQL that is none" {
    refuses_with 'wh-extract: --table applies only to databases, but the source is a file' wh-extract -t t rows.csv
    refuses_with 'wh-extract: --param applies only to databases, but the source is a file' wh-extract -v a=1 rows.csv
    refuses_with 'wh-extract: postgresql://u@h/d: the URL cannot be used: it is malformed (the reason is shown for one without a password)' \
        wh-extract 'postgresql://u:secret@h/d?colour=red' -t t
    printf 'SELECT 1\0' >q.sql
    refuses_with 'wh-extract: q.sql: contains a zero byte, so it is not SQL' wh-extract sqlite:t.db -f q.sql
    refuses_with 'wh-extract: sqlite:t.db: the SQL changes the database, which is only read here' \
        wh-extract sqlite:t.db -c 'DELETE FROM t'
    [ "$(sqlite3 t.db 'SELECT count(*) FROM t')" -eq 2 ]
}

@test "--since and --from that cannot be used say what can" {
    refuses_with "wh-extract: sqlite:t.db: --from 1,2,3 does not fit --since s,id: give one value, or one for each column (a comma within a value is written \\,)" \
        wh-extract sqlite:t.db -t t --since s,id --from 1,2,3
    prints '{"id":1,"s":"a"}' wh-extract -q sqlite:t.db -c "SELECT * FROM t WHERE id = 1" --since s \
        --from 'A\,1'
    refuses_with "wh-extract: sqlite:t.db: --from: a value is not valid UTF-8" wh-extract sqlite:t.db -t t --since id --from $'\377'
    exits 2 wh-extract sqlite:t.db -t t --since s --limit 1 --checkpoint c
    says "wh-extract: sqlite:t.db: --limit may stop between two rows with the same s, where no later run could continue: add a column that tells rows apart (--since s,KEY)"
    set -o pipefail
    wh-extract -q sqlite:t.db -t t --since s,id --limit 1 --checkpoint some |
        wh-load -q some.ndjson --checkpoint some
    prints 1 wc -l <some.ndjson
    sqlite3 t.db "CREATE TABLE good AS SELECT 1 AS id, 'a' AS s"
    wh-extract -q sqlite:t.db -t good --since s,id --checkpoint c | wh-load -q out.ndjson --checkpoint c
    exits 2 wh-extract sqlite:t.db -t good --since id --changed-source --checkpoint c
    says "sqlite:t.db: the checkpoint's position holds no values of --since id (--from VALUE[,VALUE...] says where to begin)"
    wh-extract -q sqlite:t.db -t good --since id --changed-source --from 0 --checkpoint c |
        wh-load -q out.ndjson --checkpoint c
    refuses_with 'wh-extract: sqlite:t.db: --since: the column "A" needs another name (give it with AS)' \
        wh-extract sqlite:t.db -c 'SELECT 1 AS a, 2 AS A' --since a
    prints '{"a":1,"b":2}' wh-extract -q sqlite:t.db -c 'SELECT 1 AS a, 2 AS b' --since a
}

@test "text that is no UTF-8 is a bad row, which a cast to BLOB makes a good one" {
    exits 1 wh-extract sqlite:t.db -t t
    says 'wh-extract: sqlite:t.db: row 2: s: byte 2 is not valid UTF-8 (cast it to BLOB to have it in base64)'
    prints '{"s":"Yf8="}' wh-extract -q sqlite:t.db -c 'SELECT CAST(s AS BLOB) AS s FROM t WHERE id = 2'
}
