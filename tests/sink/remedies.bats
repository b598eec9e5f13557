# What the messages of wh-load advise where a database does not take a row: it is in plain English,
# and it works.

# shellcheck disable=SC2030,SC2031,SC2154 # bats sets status and stderr

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

# targets: SQLite, and PostgreSQL where there is one.
targets() {
    echo sqlite:t.db
    [ -n "${POSTGRES_MISSING-}" ] || echo postgresql:///postgres
}

# in_sql TARGET SQL: runs it, and prints what it gives.
in_sql() {
    case $1 in
    sqlite:*) sqlite3 "${1#sqlite:}" "$2" ;;
    *) PGOPTIONS='-c client_min_messages=error' psql -qXAt -c "$2" ;;
    esac
}

# loads TARGET ROW OPTION...: a row into t.
loads() {
    echo "$2" >row.ndjson
    wh-load "$1" -t t "${@:3}" row.ndjson
}

@test "a code that comes after numbers: --string is named first, and makes its column text" {
    need sqlite3
    local target name
    for name in zip 'zip code' "zip's,=:"; do
        jq -nc --arg name "$name" 'range(1200) | {($name): .}' >rows.ndjson
        jq -nc --arg name "$name" '{($name): "02134"}' >>rows.ndjson
        for target in $(targets); do
            in_sql "$target" 'DROP TABLE IF EXISTS t'
            exits 1 wh-load "$target" -t t --create rows.ndjson
            says '(--string '
            eval "wh-load -q '$target' -t t --create $(grep -o -- "--string .* makes its column" \
                <<<"$stderr" | sed 's/ makes its column//') rows.ndjson"
            [ "$(in_sql "$target" 'SELECT count(*) FROM t')" -eq 1201 ]
        done
    done
}

@test "rows that constraints refuse: what the message advises loads the others" {
    need sqlite3
    local target
    for target in $(targets); do
        in_sql "$target" 'DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS r;
            CREATE TABLE r (id int PRIMARY KEY); INSERT INTO r VALUES (1);
            CREATE TABLE t (id int PRIMARY KEY, n int CHECK (n > 0), f int REFERENCES r, s text NOT NULL)'
        printf '{"id":%d,"n":%d,"f":%d,"s":%s}\n' 1 1 1 '"a"' 2 -1 1 '"b"' 3 1 7 '"c"' 4 1 1 null \
            1 1 1 '"d"' 5 1 1 '"e"' >rows.ndjson
        for line in 2 3 4; do
            sed -n ${line}p rows.ndjson >row.ndjson
            exits 1 wh-load "$target" -t t row.ndjson
            says '--rejects FILE sets such rows aside'
        done
        says "wh-clean --fill s=VALUE puts VALUE there, --drop-missing s leaves such rows out; --rejects"
        wh-clean -q --fill s=x row.ndjson | wh-load -q "$target" -t t
        in_sql "$target" 'DELETE FROM t'
        exits 1 loads "$target" '{"id":7,"f":9,"s":"x"}'
        says 'first load the row that it refers to'
        exits 1 loads "$target" '{"id":8}'
        says 'the row lacks this column, which has no default in the table'
        loads "$target" '{"id":1,"s":"x"}'
        exits 1 loads "$target" '{"id":1,"s":"y"}'
        says '--key with the columns of a unique index changes the row that is there'
        loads "$target" '{"id":1,"s":"y"}' --key id
        in_sql "$target" 'DELETE FROM t; INSERT INTO t (id, n, f, s) VALUES (1, 1, 1, '"'x'"')'
        echo '{"_op":"delete","id":1}' >row.ndjson
        exits 1 wh-load "$target" -t r --key id --apply row.ndjson
        says '(first delete the rows that refer to it; --rejects FILE sets such rows aside'
        in_sql "$target" 'DELETE FROM t'
        wh-load -q "$target" -t t --rejects bad --max-rejects 4 rows.ndjson
        [ "$(jq .line bad | xargs)" = '2 3 4 5' ]
        # What is set aside needs no advice.
        ! grep -e --rejects bad
        exits 1 wh-load -q "$target" -t t --rejects bad --max-rejects 3 rows.ndjson
    done
}

@test "PostgreSQL: values that only the server can judge come with advice, too" {
    postgres_need
    local target=postgresql:///postgres
    in_sql "$target" "DROP TABLE IF EXISTS t; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('ok');
        CREATE TABLE t (id int PRIMARY KEY, m mood, u inet)"
    for row in '{"id":1,"m":"mad"}' '{"id":1,"u":"1.2.3.4/99"}'; do
        exits 1 loads "$target" "$row"
        says '(--rejects FILE sets such rows aside and loads the others'
        loads "$target" "$row" --rejects bad -q
        [ "$(wc -l <bad)" -eq 1 ]
    done
}

@test "PostgreSQL: what is wrong with a date, a time or a number is said in plain English" {
    postgres_need
    local target=postgresql:///postgres
    in_sql "$target" 'DROP TABLE IF EXISTS t; CREATE TABLE t (d date, ts timestamp, h time, r real,
        f double precision, n numeric(3,-1), m numeric(4,2), u uuid)'
    while read -r row wanted; do
        exits 1 loads "$target" "$row"
        says "$wanted"
    done <<'END'
{"d":"2024-02-30"} "2024-02-30" names a day that does not exist; the column's type is date (a column of text
{"d":"2023-02-29"} names a day that does not exist
{"d":"2024-13-01"} names a day that does not exist
{"d":"1900-02-29T00:00:00"} names a day that does not exist
{"d":"30.01.2024"} is not a date such as 2024-01-31
{"d":"2024-1-5"} is not a date such as 2024-01-31
{"ts":"2024-04-31T10:00:00"} names a day that does not exist
{"ts":"2024-04-30T25:00:00"} names a time of day that does not exist
{"ts":"2024-04-30T10:61"} names a time of day that does not exist
{"h":"12:60"} names a time of day that does not exist
{"h":"24:00:01"} names a time of day that does not exist
{"h":"noon"} is not a time of day such as 12:30:00
{"h":"2024-01-01T12:30"} 12:30:00; the column's type is time without time zone (write it as ISO 8601 does, or load
{"r":1e39} "1e39" is too large for a real; the column's type is real (a column of double precision keeps it
{"r":-1e-60} is too close to zero for a real
{"r":0.1234567890123} has more digits than a real keeps
{"f":1e400} is too large for a double
{"f":1e-400} is too close to zero for a double
{"n":12} has digits that the type, with its negative scale, rounds away
{"n":12340} has more digits before the point than the type keeps
{"m":123.4} has more digits before the point than the type keeps
{"u":"6ba7b810-9dad-11d1-80b4"} is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8; the column's type is uuid
{"m":1.234} has more digits after the point than the type keeps
END
}

@test "SQL that a message advises quotes names: the checkpoint of a table that is gone" {
    need sqlite3
    local target
    echo '{"id":1}' >rows.ndjson
    for target in $(targets); do
        in_sql "$target" 'DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS wh_checkpoint'
        local C="$target#it's"
        wh-extract -q rows.ndjson --checkpoint "$C" | wh-load -q "$target" -t t --create --checkpoint "$C"
        in_sql "$target" 'DROP TABLE t'
        exits 2 eval "wh-extract -q rows.ndjson --checkpoint \"\$C\" 2>err |
            wh-load '$target' -t t --create --checkpoint \"\$C\""
        in_sql "$target" "$(grep -o 'DELETE FROM [^)]*' <<<"$stderr")"
        wh-extract -q rows.ndjson --checkpoint "$C" | wh-load -q "$target" -t t --create --checkpoint "$C"
        [ "$(in_sql "$target" 'SELECT count(*) FROM t')" -eq 1 ]
    done
}

@test "PostgreSQL: a password in a long notice or message is hidden before that is cut" {
    postgres_need
    local target=postgresql:///postgres length
    for length in 380 440 470 480 495 1980 2010 2040; do
        in_sql "$target" "DROP TABLE IF EXISTS t; CREATE TABLE t (id int);
            CREATE OR REPLACE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN
            RAISE NOTICE '%', repeat('x', $length) || ' postgresql://joe:abracadabrasesame@host/base';
            IF new.id = 2 THEN
            RAISE '%', repeat('x y ', $length / 4) || ' host=h password=''abracadabra sesame'' port=1'; END IF;
            RETURN new; END \$\$;
            CREATE TRIGGER tell BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION tell()"
        for id in 1 2; do
            run --separate-stderr loads "$target" "{\"id\":$id}"
            [[ $stderr = *xx* || $stderr = *'x y'* ]]
            [[ $stderr != *abra* && $stderr != *sesame* ]]
        done
    done
}
