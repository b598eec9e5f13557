#!/usr/bin/env bats
# wh-featurize under control records: what is learned from checkpoint to checkpoint.

load ../helper
load ../pipe/stream

rows() {
    awk 'BEGIN {
        for (i = 1; i <= 300; i++)
            printf "{\"id\":%d,\"x\":%.3f,\"city\":\"c%d\"}\n",
                i, (i * 7919 % 10007) / 13, i * i % 37
    }' >rows.ndjson
}

steps=(--unique id --standard x --onehot 'city:min_frequency=3')

# The part of a state that does not name an epoch.
content() {
    head -n 1 "$1" | jq -c 'del(.checkpoint, .sha256)'
    tail -n +2 "$1"
}

@test "learning goes on from the checkpoint of a stream as in one run" {
    rows
    wh-featurize "${steps[@]}" --state one rows.ndjson >whole
    { begin "$E1"; head -n 120 rows.ndjson; record checkpoint "$E1" 1 120 0;
        head -n 200 rows.ndjson | tail -n 80; } >first
    { begin "$E2" "$E1" 1; tail -n +121 rows.ndjson; record end "$E2" 1 180 0; committed "$E2" 1; } >second
    wh-featurize "${steps[@]}" --state s first >out || [ $? -eq 3 ]
    rows_of out | head -n 120 >halves
    exits 0 wh-featurize "${steps[@]}" --state s second
    [ -z "$stderr" ]
    rows_of <<<"$output" >>halves
    same whole halves
    content one >expected
    content s >found
    same expected found
    [ "$(head -n 1 s | jq -c .checkpoint)" = "{\"epoch\":\"$E2\",\"n\":1}" ]
    prints "s.$E1.1" eval 'find . -name "s.$E1.*" | cut -c 3-'
    cp s before
    exits 3 wh-featurize "${steps[@]}" --state s rows.ndjson
    says 's: it is the state of checkpoint 1'
    same s before
    exits 0 wh-featurize "${steps[@]}" --state s </dev/null
    same s before
    exits 0 wh-featurize "${steps[@]}" --state s --frozen --live l rows.ndjson
}

@test "frozen constants need no files, unless steps remember rows" {
    rows
    { begin "$E1"; head -n 2 rows.ndjson; record end "$E1" 1 2 0; } >stream
    wh-featurize "${steps[@]:2}" --state s --fit rows.ndjson
    exits 0 wh-featurize "${steps[@]:2}" --state s --frozen stream
    [ -z "$(find . -name 's.*')" ]
    [ "$(head -n 1 <<<"$output" | jq -r '.through[0]')" \
        = "wh-featurize $(sed -n 2p <<<"$output" | jq -r .recipe)" ]
    wh-featurize "${steps[@]}" --state t --fit rows.ndjson
    exits 2 wh-featurize "${steps[@]}" --state t --frozen stream
    says '--unique remembers rows'
    says 'give --live FILE'
    exits 2 wh-featurize --unique id --standard x --live l --state t stream
    says '--live is for --frozen'
    exits 2 wh-featurize --unique id --passthrough x stream
    says 'give --state FILE'
}

@test "with --live, what steps remember goes on from run to run, and constants stay" {
    rows
    head -n 200 rows.ndjson >learned
    wh-featurize "${steps[@]}" --state s learned >/dev/null
    cp s before
    # It begins with what STATE has.
    exits 0 wh-featurize "${steps[@]}" --state s --frozen --live l <(head -n 250 rows.ndjson)
    [ "$(wc -l <<<"$output")" -eq 50 ]
    exits 0 wh-featurize "${steps[@]}" --state s --frozen --live l rows.ndjson
    [ "$(jq -c .id <<<"$output")" = "$(seq 251 300)" ]
    says 'continues from l (rows it learned from: 250)'
    same s before
    [ "$(head -n 1 l | jq -c '.steps[0].keys,.steps[1]')" = $'300\nnull' ]
    # It has no constants, and is no STATE.
    exits 2 wh-featurize "${steps[@]}" --state l --frozen rows.ndjson
    says 'standard: the state has no constants'
    exits 2 wh-featurize "${steps[@]}" --state s --frozen --live ./s rows.ndjson
    says '--live must be another file'
    same s before
    # Without it, the run ends and forgets.
    for _ in 1 2; do
        exits 0 wh-featurize "${steps[@]}" --state s --frozen rows.ndjson
        [ "$(wc -l <<<"$output")" -eq 100 ]
    done
}

@test "with --live, a stream goes on from its checkpoint with frozen constants" {
    rows
    wh-featurize "${steps[@]}" --state s --fit rows.ndjson
    { begin "$E1"; head -n 9 rows.ndjson; record checkpoint "$E1" 1 9 0; tail -n 5 rows.ndjson; } >first
    { begin "$E2" "$E1" 1; head -n 20 rows.ndjson; record end "$E2" 1 20 0; committed "$E2" 1; } >second
    exits 3 wh-featurize "${steps[@]}" --state s --frozen --live l first
    rows_of <<<"$output" | head -n 9 >halves
    exits 0 wh-featurize "${steps[@]}" --state s --frozen --live l second
    rows_of <<<"$output" >>halves
    wh-featurize "${steps[@]}" --state s --frozen <(head -n 20 rows.ndjson) >whole
    same whole halves
    [ "$(head -n 1 l | jq -c '[.checkpoint.n,.steps[0].keys]')" = '[1,20]' ]
    [ -z "$(find . -name 's.*')" ]
}

@test "constants that are learned first refuse a stream with checkpoints" {
    rows
    { begin "$E1"; cat rows.ndjson; record end "$E1" 1 300 0; } >stream
    for how in --fit --fit-transform; do
        exits 2 wh-featurize "${steps[@]}" --state s "$how" stream
        says 'a stream with checkpoints cannot wait'
        exits 2 sh -c 'cat stream | wh-featurize "$@"' _ "${steps[@]}" --state s "$how"
        says 'give --frozen'
        [ -z "$output" ]
    done
    exits 2 wh-featurize --standard x stream
    [ ! -e s ]
}

@test "a stream with checkpoints is refused before all of it has been put by" {
    mkfifo pipe
    wh-featurize --standard x --state s --fit-transform <pipe 2>err &
    exec 9>pipe
    begin "$E1" | head -c 20 >&9
    sleep 0.1
    begin "$E1" | tail -c +21 >&9
    local ended=0
    wait $! || ended=$?
    exec 9>&-
    [ "$ended" -eq 2 ]
    grep -q 'a stream with checkpoints' err
}

@test "a stream of --mark can be learned from first, and is passed on with its marks" {
    rows
    wh-featurize "${steps[@]}" --state plain --fit-transform rows.ndjson >expected
    { marked begin; cat rows.ndjson; marked end 300; } >stream
    exits 0 sh -c 'cat stream | wh-featurize "$@" >out' _ "${steps[@]}" --state s --fit-transform
    rows_of out >found
    same expected found
    same plain s
    [ "$(grep '"@wh"' out | jq -c '[.["@wh"],.rows,.by]')" \
        = $'["begin",null,"wh-featurize"]\n["end",300,"wh-featurize"]' ]
    exits 0 sh -c 'cat stream | wh-featurize "$@"' _ "${steps[@]}" --state t --fit
    [ -z "$output" ]
    same plain t
}

@test "a stream of --mark without its end teaches nothing" {
    rows
    { marked begin; cat rows.ndjson; } >broken
    for how in --fit --fit-transform ''; do
        exits 3 sh -c 'cat broken | wh-featurize "$@"' _ "${steps[@]}" --state s ${how:+"$how"}
        [ ! -e s ]
    done
}

@test "a column to keep is looked for in the first row of all, not in that of a run" {
    rows
    { begin "$E1"; head -n 1 rows.ndjson; record checkpoint "$E1" 1 1 0; } >first
    { begin "$E2" "$E1" 1; echo '{"x":5}'; record end "$E2" 1 1 0; } >second
    exits 3 wh-featurize --passthrough x --keep id first
    exits 0 wh-featurize --passthrough x --keep id second
    { begin "$E1"; echo '{"x":5}'; record end "$E1" 1 1 0; } >new
    exits 2 wh-featurize --passthrough x --keep id new
}
