# Rows of a slow source: committed as they come (tests/bench/latency.sh measures how soon).

load ../helper

# A query whose rows take a tenth of a second or two, and tell when they were made. (A `now` that
# does not seem to depend on the row would be taken once for all.)
slow_query() {
    sqlite3 shop.db "CREATE TABLE n (id INTEGER PRIMARY KEY)" \
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25)
         INSERT INTO n SELECT i FROM n"
    echo "SELECT id, (WITH RECURSIVE w (i) AS (
                          SELECT 1 UNION ALL SELECT i + 1 FROM w WHERE i < 1000000 + id)
                      SELECT count(*) FROM w) AS work,
                 (julianday('now', (id * 0) || ' seconds') - 2440587.5) * 86400 AS made
          FROM n" >slow.sql
}

@test "rows of a slow source are committed while it goes on" {
    slow_query
    wh-extract sqlite:shop.db -f slow.sql --since id --checkpoint c.json --every 50ms |
        wh-clean --unique id --state clean.state |
        wh-load out.ndjson --checkpoint c.json --every 50ms 3>&- &
    pipeline=$!
    eventually [ -s c.json ]
    first=$(jq .length c.json)
    wait "$pipeline"
    [ "$(wc -l <out.ndjson)" -eq 25 ]
    [ "$first" -lt "$(wc -c <out.ndjson)" ]
}

@test "SIGHUP makes wh-extract write a checkpoint at once" {
    slow_query
    wh-extract sqlite:shop.db -f slow.sql --since id --checkpoint c.json --every 1h >out 2>err 3>&- &
    source=$!
    eventually lines out 3
    [ "$(grep -c checkpoint out)" -eq 0 ]
    kill -HUP "$source"
    eventually grep -q '"checkpoint"' out
    kill -TERM "$source"
    wait "$source" || true
    # It counts the rows before it, and stands before the row after the last one that it covers.
    prints true jq -s 'map(.["@wh"]) as $kinds | ($kinds | index("checkpoint")) as $at |
        .[$at].n == 1 and .[$at].rows == $at - 1 and .[$at].position.values == [.[$at - 1].id]' out
}

@test "statistics tell what was not committed" {
    printf '{"a":1}\n{"a":2}\n' >rows.ndjson
    wh-extract rows.ndjson --checkpoint c.json --stats source.json |
        wh-load out.ndjson --checkpoint c.json --stats sink.json
    prints '{"rows":0,"seconds":0}' jq -c .lag source.json
    prints '{"rows":0,"seconds":0}' jq -c .lag sink.json
    # A stream that breaks off behind rows that have no checkpoint.
    echo '{"a":3}' >>rows.ndjson
    wh-extract -q rows.ndjson --checkpoint c.json | head -n 2 >cut.ndjson || true
    exits 3 wh-load -q out.ndjson --checkpoint c.json --stats sink.json cut.ndjson
    prints 1 jq .lag.rows sink.json
    prints true jq '.lag.seconds >= 0 and .lag.seconds <= .seconds' sink.json
}
