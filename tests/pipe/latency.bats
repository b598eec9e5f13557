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
