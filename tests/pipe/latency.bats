# How soon the rows of a slow source are in the target.

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

# Prints a time and the length of what is committed, as often as possible while the process runs.
watch_commits() {
    local line
    while kill -0 "$1" 2>/dev/null; do
        if read -r line 2>/dev/null <c.json && [[ $line =~ \"length\":([0-9]+) ]]; then
            echo "$EPOCHREALTIME ${BASH_REMATCH[1]}"
        fi
        sleep 0.02
    done
    [[ $(cat c.json) =~ \"length\":([0-9]+) ]]
    echo "$EPOCHREALTIME ${BASH_REMATCH[1]}"
}

# The longest time from the making of a row to its commit, in seconds.
longest_delay() {
    awk 'FNR == NR { time[++n] = $1; committed[n] = $2; next }
        {
            length_so_far += length($0) + 1
            match($0, /"made":[0-9.]*/)
            for (i = 1; committed[i] < length_so_far;) i++
            delay = time[i] - substr($0, RSTART + 7, RLENGTH - 7)
            if (delay > longest) longest = delay
        }
        END { print longest }' "$1" "$2"
}

@test "with --every 1s each row of a slow source is in the target within two seconds" {
    slow_query
    # Once more on a machine that had something better to do.
    for attempt in 1 2; do
        rm -f c.json out.ndjson clean.state*
        wh-extract sqlite:shop.db -f slow.sql --since id --checkpoint c.json --every 1s |
            wh-clean --unique id --state clean.state |
            wh-load out.ndjson --checkpoint c.json &
        pipeline=$!
        watch_commits "$pipeline" >seen
        wait "$pipeline"
        [ "$(wc -l <out.ndjson)" -eq 25 ]
        delay=$(longest_delay seen out.ndjson)
        echo "attempt $attempt: $delay s"
        if awk -v delay="$delay" 'BEGIN { exit !(delay < 2) }'; then return; fi
    done
    false
}

@test "SIGHUP makes wh-extract write a checkpoint at once" {
    slow_query
    wh-extract sqlite:shop.db -f slow.sql --since id --checkpoint c.json --every 1h >out 2>err 3>&- &
    source=$!
    for _ in $(seq 200); do [ "$(wc -l <out)" -ge 3 ] && break; sleep 0.02; done
    [ "$(grep -c checkpoint out)" -eq 0 ]
    kill -HUP "$source"
    for _ in $(seq 200); do grep -q '"checkpoint"' out && break; sleep 0.02; done
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
    prints true jq '.lag.seconds >= 0 and .lag.seconds < 60' sink.json
}
