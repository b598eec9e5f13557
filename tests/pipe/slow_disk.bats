#!/usr/bin/env bats
# A disk that takes its time to say that data is safe (tests/preload/slow_sync.c): nothing leaves a
# tool before what belongs to it is safe, and the tool goes on meanwhile.

load ../helper
load stream

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    without_sanitizers
    [ -e "$BUILD/preload/slow_sync.so" ] || skip "needs $BUILD/preload/slow_sync.so"
    export WH_SYNC_GATE=$PWD/gate WH_SYNC_COUNT=$PWD/count
    : >count
}

teardown() {
    touch gate
}

slowly() {
    LD_PRELOAD="$BUILD/preload/slow_sync.so" "$@"
}

# until_true COMMAND...: waits until it is; for a busy machine, a minute.
until_true() {
    local tries=3000
    until "$@"; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.02
    done
}

begun() {
    [ "$(wc -c <count)" -ge "$1" ]
}

ids() {
    printf '{"id":%d}\n' "$@"
}

# The rows that a tool has taken, by the rejects that it has written, which are those with x.
rejected() {
    [ "$(wc -l <bad)" -ge "$1" ]
}

@test "while a state is being saved, rows are worked on, and neither they nor the record leave" {
    mkfifo pipe
    slowly wh-clean --unique id --type x=int --state s --rejects bad \
        <pipe >out 2>err &
    exec 9>pipe
    {
        begin "$E1"
        echo '{"id":1,"x":1}'
        record checkpoint "$E1" 1 1 0
        echo '{"id":2,"x":2}'
        echo '{"id":3,"x":"bad"}'
    } >&9
    until_true begun 1
    # The row behind the checkpoint has been taken, and the run waits for more.
    until_true rejected 1
    prints '["begin",null]' jq -c '[.["@wh"],.n]' <(grep '"@wh"' out)
    [ "$(rows_of out)" = '{"id":1,"x":1}' ]
    [ ! -e "s.$E1.1" ] && [ ! -e "bad.state.$E1.1" ]
    touch gate
    until_true grep -q '"id":2' out
    [ -e "s.$E1.1" ] && [ -e "bad.state.$E1.1" ]
    prints $'["begin",null]\n["checkpoint",1]' jq -c '[.["@wh"],.n]' <(grep '"@wh"' out)
    { record end "$E1" 2 2 0; committed "$E1" 2; } >&9 || { cat err; return 1; }
    exec 9>&-
    wait "$!"
    prints $'{"id":1,"x":1}\n{"id":2,"x":2}' rows_of out
    prints "$E1" eval 'head -n 1 s | jq -r .checkpoint.epoch'
}

@test "a learner at the end goes on learning while its model is being saved" {
    mkfifo pipe
    slowly wh-update -m m.whm --label y --checkpoint m.whm --every 10ms --rejects bad -q <pipe &
    local updater=$!
    exec 9>pipe
    { begin "$E1"; printf '{"x":%d,"y":%d}\n' 1 0 2 1 3 1; record checkpoint "$E1" 1 3 0; } >&9
    until_true begun 1
    printf '{"x":%d,"y":%d}\n' 4 1 5 0 >&9
    echo '{"x":6,"y":"bad' >&9
    until_true rejected 1
    [ ! -e m.whm ]
    touch gate
    until_true [ -e m.whm ]
    record end "$E1" 2 3 0 >&9
    exec 9>&-
    wait "$updater"
    prints 2 eval 'zcat m.whm | sed -n 2p | jq .checkpoint.n'
    printf '{"x":%d,"y":%d}\n' 1 0 2 1 3 1 4 1 5 0 | wh-update -q -m w.whm --label y
    [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m w.whm --digest)" ]
}

@test "where checkpoints come sooner than states can be saved, they are skipped, and no row is" {
    export WH_SYNC_SLEEP=0.05
    touch gate
    seq 120000 | awk '{ print "{\"id\":" $1 ",\"text\":\"some words about number " $1 "\"}" }' >in
    nights() {
        wh-extract -q in --checkpoint c.json --every 200 |
            slowly wh-clean -q --unique id --state s | tee stream |
            wh-load -q out --checkpoint c.json --every 10ms
    }
    nights
    same in out
    grep -q '"@wh":"skipped"' stream
    # Every checkpoint is there, as one or the other; the last is committed.
    prints 600 eval 'grep -c "\"@wh\":\"\(checkpoint\|skipped\|end\)\"" stream'
    prints 600 jq .checkpoint.n c.json
    sed 's/"id":/"id":90000/' in >later
    cat later >>in
    nights
    same in out
}

@test "a skipped checkpoint is counted, passed on, and not committed" {
    {
        begin "$E1"
        ids 1 2
        record skipped "$E1" 1 2 0
        ids 3
    } >part
    exits 3 eval 'wh-clean --unique id --state s part >out'
    [ ! -e "s.$E1.1" ]
    grep -q '"@wh":"skipped".*"n":1' out
    exits 3 wh-load -q t.ndjson --checkpoint c.json part
    [ ! -s t.ndjson ]
    exits 3 wh-update -q -m m.whm --label id --task regression --checkpoint m.whm part
    [ ! -e m.whm ]
    { cat part; record end "$E1" 2 1 0; } >whole
    exits 0 wh-load -q u.ndjson --checkpoint d.json whole
    prints "$(ids 1 2 3)" cat u.ndjson
    { begin "$E1"; ids 1; record skipped "$E1" 1 2 0; } >lost
    exits 3 wh-clean lost
    says 'rows before checkpoint 1: 2 written, 1 received'
}
