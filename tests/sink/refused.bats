# Rows that PostgreSQL refuses: exactly those reach the rejects that are refused when each row is
# sent by itself, and the others are there, whatever refuses them and wherever batches end.

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
    postgres_need
    url=postgresql:///postgres
}

sql() {
    psql -qX "$@" 2>/dev/null
}

# tables: an empty t (and r, which some of its constraints are about), as the test wants it.
tables() {
    sql -c 'DROP TABLE IF EXISTS t, r CASCADE; DROP TABLE IF EXISTS wh_checkpoint' \
        -c 'CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r SELECT generate_series(0, 9)' \
        -c 'CREATE TABLE t (id int PRIMARY KEY, n int, ref int, v int, s text, d int DEFAULT 7)' \
        -c "$constraints"
}

# random_rows SEED COUNT KEYS: rows, some of which break something, as NDJSON in rows.ndjson and as
# one statement a line in rows.sql, which adds them or, where $key, changes what is there.
random_rows() {
    awk -v seed="$1" -v count="$2" -v keys="$3" -v key="$key" '
    function random(n) { seed = (seed * 16807) % 2147483647; return seed % n }
    BEGIN {
        for (i = 1; i <= count; i++) {
            id = keys ? random(keys) : i
            ref = random(11) ? random(10) : 77
            v = random(12) ? random(1000) : -1
            s = random(13) ? "text " random(300) : "a text that is too long"
            vs = random(14) ? v : "null"
            printf "{\"id\":%d,\"n\":%d,\"ref\":%d,\"v\":%s,\"s\":\"%s\"}\n", id, i, ref, vs, s \
                >"rows.ndjson"
            printf "INSERT INTO t (id, n, ref, v, s) VALUES (%d, %d, %d, %s, \047%s\047)%s;\n", id, i,
                ref, vs, s, key ? " ON CONFLICT (id) DO UPDATE SET n = excluded.n, ref = excluded.ref," \
                    " v = excluded.v, s = excluded.s" : "" >"rows.sql"
        }
    }'
}

# same_as_one_by_one COMMAND: what it does to an empty t with rows.ndjson and the file bad is what
# rows.sql does.
same_as_one_by_one() {
    tables
    psql -qX -f rows.sql 2>&1 | sed -n 's/^psql:rows.sql:\([0-9]*\): ERROR: .*/\1/p' >lines.wanted
    sql -Atc 'SELECT * FROM t ORDER BY id' >rows.wanted
    rm -f bad bad.*
    tables
    bash -c "set -o pipefail; $1"
    jq -r '.row | fromjson | .n' bad | sort -n >lines.found
    sql -Atc 'SELECT * FROM t ORDER BY id' >rows.found
    same lines.wanted lines.found || { echo "$1"; return 1; }
    same rows.wanted rows.found
}

# each_way ROWS...: loaded at once, and with a checkpoint after so many rows each.
each_way() {
    local load="wh-load -q $url -t t ${key:+--key $key} --rejects bad"
    same_as_one_by_one "$load rows.ndjson"
    for every in "$@"; do
        same_as_one_by_one "wh-extract -q rows.ndjson --every $every --checkpoint '$url#c' |
            $load --every 0s --checkpoint '$url#c'"
    done
}

# rows_by CONDITION COUNT: rows of which those are bad for which awk finds the condition on i true.
rows_by() {
    awk -v count="$2" -v key="$key" 'BEGIN {
        for (i = 1; i <= count; i++) {
            v = ('"$1"') ? -1 : i
            printf "{\"id\":%d,\"n\":%d,\"ref\":%d,\"v\":%d,\"s\":\"%d\"}\n", i, i, v < 0 ? 77 : 1, v, \
                v < 0 ? 0 : i >"rows.ndjson"
            printf "INSERT INTO t (id, n, ref, v, s) VALUES (%d, %d, %d, %d, \047%d\047)%s;\n", i, i,
                v < 0 ? 77 : 1, v, v < 0 ? 0 : i, key ? " ON CONFLICT (id) DO UPDATE SET" \
                    " n = excluded.n, ref = excluded.ref, v = excluded.v, s = excluded.s" : "" \
                >"rows.sql"
        }
    }'
}

kinds() {
    echo 'ALTER TABLE t ALTER v SET NOT NULL'
    echo 'ALTER TABLE t ADD CHECK (v >= 0)'
    echo 'ALTER TABLE t ADD FOREIGN KEY (ref) REFERENCES r'
    echo 'ALTER TABLE t ALTER s TYPE varchar(10)'
    echo 'CREATE UNIQUE INDEX ON t (s)'
    echo "$before" && echo "$after"
    echo 'ALTER TABLE t ALTER v SET NOT NULL, ADD CHECK (v >= 0), ADD FOREIGN KEY (ref) REFERENCES r,
          ALTER s TYPE varchar(10), ADD UNIQUE (s)' | tr -d '\n' && echo
}

functions() {
    sql -c "CREATE OR REPLACE FUNCTION no_v() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF new.v < 0 THEN RAISE ''v is %'', new.v; END IF; RETURN new; END'"
    before='CREATE TRIGGER x BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no_v()'
    after='CREATE TRIGGER x AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION no_v()'
}

@test "rows that are added: the refused ones are those that are refused one by one" {
    key=
    functions
    local seed=4
    while read -r constraints; do
        echo "$constraints"
        random_rows $((seed += 1)) 400 ''
        each_way $((seed % 4 ? 150 : 9))
    done < <(kinds)
}

@test "rows of a key: the refused ones are those that are refused one by one" {
    key=id
    functions
    local seed=12
    while read -r constraints; do
        echo "$constraints"
        random_rows $((seed += 1)) 400 $((seed % 2 ? 60 : 100000))
        each_way $((seed % 4 ? 150 : 9))
    done < <(kinds)
}

@test "a refused row reaches the rejects although a later one of its key is good" {
    constraints='ALTER TABLE t ADD CHECK (v >= 0)'
    tables
    printf '{"id":%d,"v":%d}\n' 1 5 2 -1 2 6 1 -7 >rows.ndjson
    wh-load -q "$url" -t t --key id --rejects bad rows.ndjson
    [ "$(jq -r .line bad | xargs)" = '2 4' ]
    [ "$(sql -Atc 'SELECT id, v FROM t ORDER BY id' | xargs)" = '1|5 2|6' ]
}

@test "rows that lack columns, and rows to be deleted, are tried one by one too" {
    constraints='ALTER TABLE t ADD CHECK (v >= 0); CREATE TABLE IF NOT EXISTS u (id int REFERENCES t)'
    sql -c 'DROP TABLE IF EXISTS u'
    tables
    sql -c 'INSERT INTO t SELECT i, i, i, i FROM generate_series(1, 5) AS i; INSERT INTO u VALUES (3)'
    {
        printf '{"_op":"upsert","id":%d,"v":%d}\n' 1 10 2 -1 2 20 6 -6 7 7
        printf '{"_op":"delete","id":%d}\n' 2 3 4
    } >rows.ndjson
    wh-load -q "$url" -t t --key id --apply --rejects bad rows.ndjson
    [ "$(jq -r .line bad | xargs)" = '2 4 7' ]
    [ "$(sql -Atc 'SELECT id, v, s FROM t ORDER BY id' | xargs)" = '1|10| 3|3| 5|5| 7|7|' ]
    sql -c 'DROP TABLE u'
}

@test "a server without PL/pgSQL, and a table with rules, are searched piece by piece" {
    key=id
    constraints='ALTER TABLE t ADD FOREIGN KEY (ref) REFERENCES r'
    random_rows 5 200 ''
    sql -c 'REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC' -c 'CREATE ROLE plain LOGIN' \
        -c 'GRANT ALL ON SCHEMA public TO plain'
    tables
    psql -qX -f rows.sql 2>&1 | sed -n 's/^psql:rows.sql:\([0-9]*\): ERROR: .*/\1/p' >lines.wanted
    tables
    sql -c 'GRANT ALL ON t, r TO plain'
    PGOPTIONS='-c role=plain' wh-load -q "$url" -t t --key id --rejects bad rows.ndjson
    jq -r .line bad >lines.found
    same lines.wanted lines.found
    sql -c 'GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC'
    constraints="$constraints; CREATE RULE x AS ON INSERT TO t WHERE new.v > 500 DO INSTEAD NOTHING"
    tables
    wh-load -q "$url" -t t --rejects bad rows.ndjson
    jq -r .line bad >lines.found
    same lines.wanted lines.found
}

@test "bad rows next to each other, first, last and far apart are found, and all where all are bad" {
    local condition
    for key in '' id; do
        for constraints in 'ALTER TABLE t ADD CHECK (v >= 0)' \
            'ALTER TABLE t ADD FOREIGN KEY (ref) REFERENCES r' 'CREATE UNIQUE INDEX ON t (s)'; do
            for condition in 'i <= 3 || i > 32 && i < 36 || i == 700 || i > 1198' \
                'i > 100 && i % 2 && i < 300'; do
                echo "$key $constraints $condition"
                rows_by "$condition" 1200
                same_as_one_by_one "wh-load -q $url -t t ${key:+--key $key} --rejects bad rows.ndjson"
            done
        done
        constraints='ALTER TABLE t ADD CHECK (v >= 0)'
        rows_by 1 100
        each_way 40
    done
}

@test "rows that repeat a key or a unique value within a batch are refused as one by one" {
    key=
    constraints=
    random_rows 77 1500 1000
    each_way 700
    constraints='ALTER TABLE t ADD UNIQUE (v), ADD CHECK (v <> 13)'
    random_rows 78 1500 100000
    each_way 700
}

@test "values that only the server can judge are refused with its words and their column" {
    sql -c "CREATE TYPE mood AS ENUM ('sad', 'ok')" -c 'CREATE DOMAIN even AS int CHECK (value % 2 = 0)'
    for key in '' id; do
        sql -c 'DROP TABLE IF EXISTS t' -c 'CREATE TABLE t (id int PRIMARY KEY, m mood, "E'"'"'e" even,
            u inet, c char(3), a int[], j jsonb)'
        awk 'BEGIN { for (i = 1; i <= 500; i++) printf "{\"id\":%d,\"m\":\"%s\",\"E\047e\":%d," \
            "\"u\":\"%s\",\"c\":\"ab \",\"a\":[%d],\"j\":{\"b\":\"%s\"}}\n", i, i % 100 == 7 ? "mad" : "ok",
            i % 100 == 8 ? 3 : 2, i % 100 == 9 ? "1.2.3.4/99" : "10.0.0.1", i,
            i % 100 == 10 ? "\\u0000" : "y" }' >rows.ndjson
        wh-load -q "$url" -t t ${key:+--key $key} --rejects bad rows.ndjson
        [ "$(jq .line bad | xargs)" = "$(seq 0 4 | while read -r i; do echo $((i * 100 + 7)) \
            $((i * 100 + 8)) $((i * 100 + 9)) $((i * 100 + 10)); done | xargs)" ]
        jq -r 'select(.line % 100 < 10) | "\(.column): \(.error)"' bad | LC_ALL=C sort -u >said.found
        cat >said.wanted <<'END'
E'e: value for domain even violates check constraint "even_check"
m: invalid input value for enum mood: "mad"
u: invalid input syntax for type inet: "1.2.3.4/99"
END
        same said.wanted said.found
        [ "$(sql -Atc 'SELECT count(*) FROM t')" -eq 480 ]
        [ "$(sql -Atc 'SELECT m, "E'"'"'e", a FROM t WHERE id = 42')" = 'ok|2|{42}' ]
    done
}

@test "what the server says of a refused row is what it says of that row alone" {
    key=
    functions
    constraints="ALTER TABLE t ALTER v SET NOT NULL, ADD CHECK (v >= 0), ADD UNIQUE (s); $after"
    random_rows 31 1000 ''
    tables
    psql -qX -f rows.sql 2>&1 | sed -n 's/^psql:rows.sql:[0-9]*: ERROR:  //p' >said.wanted
    tables
    wh-load -q "$url" -t t --rejects bad rows.ndjson
    jq -r .error bad | sed 's/; Failing row.*//; s/; Key .*//' >said.found
    same said.wanted said.found
}
