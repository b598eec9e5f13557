#!/usr/bin/env bats
# wh-clean --state: what is remembered from run to run, and from checkpoint to checkpoint.

load ../helper
load ../pipe/stream

# ids ID...: a row for each.
ids() {
    printf '{"id":%s}\n' "$@"
}

@test "a key that an earlier run has seen is left out" {
    ids 1 2 3 >first.ndjson
    ids 3 2.0 4 >second.ndjson
    exits 0 wh-clean --unique id --state s first.ndjson
    [ -z "$stderr" ]
    exits 0 wh-clean --unique id --state s second.ndjson
    [ "$output" = '{"id":4}' ]
    says 'continues from s (rows it has seen: 3)'
    exits 0 wh-clean --unique id -q --state s first.ndjson
    [ -z "$output$stderr" ]
}

@test "runs over parts leave the state and the rows of one run, byte for byte" {
    awk 'BEGIN { for (i = 0; i < 20000; i++) {
        id = i * 7919 % 15013
        if (i % 3)
            printf "{\"id\":%d,\"name\":\"n%d\"}\n", id, i % 50
        else
            printf "{\"name\":\"n%d\",\"more\":1,\"id\":%d}\n", i % 50, id
    } }' >all.ndjson
    split -l 3001 all.ndjson part.
    wh-clean --unique '/^(id|name)$/' --state one all.ndjson >whole
    for part in part.*; do
        wh-clean -q --unique '/^(id|name)$/' --state many "$part"
    done >pieces
    same whole pieces
    same one many
}

@test "a state is refused that was cut, flipped, lengthened or of another recipe" {
    ids 1 2 '"three"' >r.ndjson
    wh-clean --unique id --state s r.ndjson >/dev/null
    size=$(wc -c <s)
    for ((at = 0; at < size; at += 3)); do
        head -c "$at" s >shorter
        { head -c "$at" s; head -c $((at + 1)) s | tail -c 1 | tr '\0-\377' '\1-\377\0';
            tail -c +$((at + 2)) s; } >flipped
        # An empty file is no state yet, as one that is not there.
        [ "$at" -eq 0 ] || exits 2 wh-clean --unique id --state shorter r.ndjson
        exits 2 wh-clean --unique id --state flipped r.ndjson
        [ -z "$output" ]
    done
    { cat s; printf '\001'; } >longer
    exits 2 wh-clean --unique id --state longer r.ndjson
    says 'longer is damaged'
    exits 2 wh-clean --unique other --state s r.ndjson
    says 's was learned with another recipe'
    exits 2 wh-clean --unique id --state r.ndjson r.ndjson
    says 'r.ndjson: holds something else and would be overwritten'
    [ "$(wc -l <r.ndjson)" -eq 3 ]
}

@test "a run that fails leaves the old state, and a second writer is kept out" {
    ids 1 2 >r.ndjson
    wh-clean --unique id --state s r.ndjson >/dev/null
    cp s before
    exits 1 wh-clean -q --unique id --state s <<<'{"id":'
    same s before
    mkfifo slow
    wh-clean -q --unique id --state s slow >/dev/null &
    exec 9>slow
    eventually [ -s s.lock ]
    exits 3 wh-clean --unique id --state s r.ndjson
    exec 9>&-
    wait %1
    [ ! -e s.lock ]
}

@test "a row that is rejected behind --unique is not remembered" {
    printf '%s\n' '{"id":1,"n":"x"}' '{"id":1,"n":"2"}' >r.ndjson
    exits 0 wh-clean --unique id --type n=int --state s --rejects bad.ndjson r.ndjson
    [ "$output" = '{"id":1,"n":2}' ]
    exits 0 wh-clean -q --unique id --type n=int --state s r.ndjson
    [ -z "$output" ]
}

@test "what live steps remember must have a place in a stream with checkpoints" {
    { begin "$E1"; ids 1; record end "$E1" 1 1 0; } >stream
    exits 2 wh-clean --unique id stream
    says '--unique remembers rows'
    says 'give --state FILE'
    [[ $output != *'"id"'* && $output != *begin* ]]
    exits 0 wh-clean --trim id stream
    exits 0 wh-clean --trim id --state s stream
}

@test "each checkpoint has its state, and what is committed becomes STATE" {
    {
        begin "$E1"
        ids 1 2 1
        record checkpoint "$E1" 1 3 0
        ids 3
        record checkpoint "$E1" 2 1 1
        ids 4
        record end "$E1" 3 1 2
        committed "$E1" 3
    } >stream
    wh-clean --unique id --state s <(head -n 5 stream) >out || [ $? -eq 3 ]
    [ "$(head -n 1 "s.$E1.1" | jq -c '[.checkpoint,.rows,.steps[0].keys]')" \
        = "[{\"epoch\":\"$E1\",\"n\":1},3,2]" ]
    [ ! -e s ]
    rm s.*
    exits 0 wh-clean --unique id --state s stream
    [ "$(head -n 1 s | jq -c '[.checkpoint,.rows,.steps[0].keys]')" \
        = "[{\"epoch\":\"$E1\",\"n\":3},5,4]" ]
    # The state before is left, should the commit not last, and none that is older.
    [ "$(ls -d s.*)" = "s.$E1.2
s.$E1.3" ]
}

@test "a stream goes on from exactly the checkpoint that it names" {
    {
        begin "$E1"
        ids 1 2
        record checkpoint "$E1" 1 2 0
        ids 3
        record checkpoint "$E1" 2 1 0
        ids 4
    } >first
    exits 3 wh-clean --unique id --state s first
    cp "s.$E1.1" kept.1
    # Rows 3 and 4 were never committed: they come again, and have not been seen.
    { begin "$E2" "$E1" 1; ids 1 3 4 3; record end "$E2" 1 4 0; committed "$E2" 1; } >second
    exits 0 wh-clean --unique id --state s second
    [ "$(rows_of <<<"$output")" = "$(ids 3 4)" ]
    # What was there at the begin is fenced off by the commit, but for what it went on from.
    [ "$(head -n 1 s | jq -c .checkpoint)" = "{\"epoch\":\"$E2\",\"n\":1}" ]
    [ -e "s.$E1.1" ] && [ ! -e "s.$E1.2" ]
    sed "s/$E2/0000000000e3/" second >again
    exits 0 wh-clean --unique id --state s again
    [ "$(rows_of <<<"$output")" = "$(ids 3 4)" ]
    rm "s.$E1.1"
    exits 3 wh-clean --unique id --state s second
    says 'the stream continues from checkpoint 1 of epoch 0000000000e1'
    exits 3 wh-clean --unique id --state s first
    says 'the stream begins anew'
    exits 3 wh-clean --unique id --state none second
    says 'is not there'
}

@test "a state that a run without a stream has left may begin one" {
    ids 1 2 >r.ndjson
    wh-clean --unique id --state s r.ndjson >/dev/null
    { begin "$E1"; ids 2 3; record end "$E1" 1 2 0; committed "$E1" 1; } >stream
    exits 0 wh-clean --unique id --state s stream
    [ "$(rows_of <<<"$output")" = '{"id":3}' ]
    [ "$(head -n 1 s | jq .rows)" -eq 4 ]
}

@test "a state of a stream takes no rows without checkpoints, and outlives a run without any" {
    { begin "$E1"; ids 1; record end "$E1" 1 1 0; committed "$E1" 1; } >stream
    wh-clean --unique id --state s stream >/dev/null
    cp s before
    ids 2 >r.ndjson
    exits 3 wh-clean --unique id --state s r.ndjson
    says 's: it is the state of checkpoint 1 of epoch 0000000000e1, and these rows came without'
    same s before
    { marked begin; ids 2; marked end 1; } >marks
    exits 3 wh-clean --unique id --state s marks
    same s before
    # As where the source could not be reached, and nothing came.
    exits 0 wh-clean --unique id --state s </dev/null
    same s before
}

@test "a stream of --mark leaves its state at the end, and none where it breaks" {
    { marked begin; ids 1 1; } >broken
    { cat broken; marked end 2; } >whole
    exits 0 wh-clean --unique id whole
    exits 3 wh-clean --unique id --state s broken
    [ ! -e s ]
    exits 0 wh-clean --unique id --state s whole
    [ "$(head -n 1 s | jq -c '[.checkpoint,.rows]')" = '[null,2]' ]
    [ -z "$(find . -name 's.*')" ]
}

@test "a stream that goes on may begin with a row that lacks a column, with a state or without" {
    { begin "$E1"; echo '{"id":1,"city":" a"}'; record checkpoint "$E1" 1 1 0; } >first
    { begin "$E2" "$E1" 1; echo '{"id":2}'; record end "$E2" 1 1 0; } >second
    exits 3 wh-clean --trim city first
    exits 0 wh-clean --trim city --drop-missing '/^id$/' second
    exits 0 wh-clean --drop-missing city second
    exits 3 wh-clean --trim city --unique id --state s first
    exits 0 wh-clean --trim city --unique id --state s second
    { begin "$E1"; echo '{"id":2}'; record end "$E1" 1 1 0; } >new
    exits 2 wh-clean --trim city new
    says 'no column "city"'
}

@test "the recipe is told to those behind, by its hash" {
    { begin "$E1"; record end "$E1" 1 0 0; } >stream
    exits 0 wh-clean --trim a stream
    trim=$(head -n 1 <<<"$output" | jq -r '.through[0]')
    [[ $trim =~ ^wh-clean\ [0-9a-f]{12}$ ]]
    exits 0 wh-clean --trim b stream
    [ "$(head -n 1 <<<"$output" | jq -r '.through[0]')" != "$trim" ]
}

@test "a checkpoint does not go by without its state" {
    mkdir folder
    mkfifo pipe
    wh-clean --unique id --state folder/s <pipe >out 2>err &
    exec 9>pipe
    begin "$E1" >&9
    eventually grep -q begin out
    mv folder elsewhere
    record checkpoint "$E1" 1 0 0 >&9
    local ended=0
    wait $! || ended=$?
    exec 9>&-
    [ "$ended" -eq 1 ]
    grep -q 'cannot open the folder' err
    run ! grep -q checkpoint out
}
