# A lock file that is removed while its holder runs: another run may have the lock then, so the
# first one writes nothing more, and removes no lock that is not its own.

load ../helper
load stream

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkfifo pipe
}

# starts COMMAND...: in the background, reading the pipe, which descriptor 4 writes to.
starts() {
    "$@" <pipe >out 2>err 3>&- &
    tool=$!
    exec 4>pipe
}

# ends STATUS: the end of what was started.
ends() {
    local ended=0
    exec 4>&-
    wait "$tool" || ended=$?
    [ "$ended" -eq "$1" ] || {
        echo "status $ended instead of $1"
        cat err
        return 1
    }
}

@test "a file target takes no rows and no commits once its lock was removed" {
    for lock in out.ndjson.lock c.json.lock; do
        starts wh-load out.ndjson --checkpoint c.json --every 0s
        { begin "$E1"; echo '{"id":1}'; record checkpoint "$E1" 1 1 0; } >&4
        eventually holds 1 jq .checkpoint.n c.json
        rm $lock
        { echo '{"id":2}'; record end "$E1" 2 1 1; } >&4
        ends 3
        grep -q "its lock file $lock was removed while this run held it" err
        prints '{"id":1}' cat out.ndjson
        prints 1 jq .checkpoint.n c.json
        rm c.json out.ndjson
    done
}

@test "a run that was stopped while its locks were removed and another went on loses no row" {
    printf '%s\n' '{"id":1}' '{"id":2}' >in.ndjson
    starts wh-load out.ndjson --checkpoint c.json --every 0s
    { begin "$E1"; echo '{"id":1}'; } >&4
    eventually test -s c.json.lock
    kill -STOP "$tool"
    rm ./*.lock
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same in.ndjson out.ndjson
    { echo '{"id":7}'; record end "$E1" 1 2 0; } >&4
    kill -CONT "$tool"
    ends 3
    same in.ndjson out.ndjson
    echo '{"id":3}' >>in.ndjson
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same in.ndjson out.ndjson
}

# A lock file tells its holder once the lock is held; a file that is removed before that is made anew.
@test "a plain run does not write a target, a state or a model whose lock was removed" {
    starts wh-load out.ndjson
    eventually test -s out.ndjson.lock
    rm out.ndjson.lock
    echo '{"id":1}' >&4
    ends 3
    [ ! -e out.ndjson ]
    starts wh-clean --unique id --state s.state
    eventually test -s s.state.lock
    rm s.state.lock
    echo '{"id":1}' >&4
    ends 3
    [ ! -e s.state ]
    starts wh-update -q -m m.whm --label y
    eventually test -s m.whm.lock
    rm m.whm.lock
    echo '{"x":1,"y":0}' >&4
    ends 3
    [ ! -e m.whm ]
}

@test "a filter passes no checkpoint on once the lock of its state or rejects was removed" {
    for lock in s.state.lock bad.lock; do
        starts wh-clean -q --unique id --type id=int --state s.state --rejects bad
        { begin "$E1"; echo '{"id":1}'; record checkpoint "$E1" 1 1 0; } >&4
        eventually grep -q '"n":1' out
        rm $lock
        # It may have ended before all of this is written.
        (trap '' PIPE; echo '{"id":"x"}'; record end "$E1" 2 1 1) >&4 2>/dev/null || true
        ends 3
        grep -q "its lock file $lock was removed" err
        run ! grep '"n":2' out
        [ ! -s bad ] || [ $lock = s.state.lock ]
        [ ! -e "s.state.$E1.2" ] || [ $lock = bad.lock ]
        rm -f ./*.state* bad*
    done
}

@test "a model that is the checkpoint is not saved once its lock was removed" {
    starts wh-update -q -m m.whm --label y --checkpoint m.whm --every 0s
    { begin "$E1"; echo '{"x":1,"y":0}'; record checkpoint "$E1" 1 1 0; } >&4
    eventually test -e m.whm
    cp m.whm before
    rm m.whm.lock
    { echo '{"x":2,"y":1}'; record end "$E1" 2 1 1; } >&4
    ends 3
    same before m.whm
}

@test "the lock that another run holds is not removed by the end of the first" {
    starts wh-load out.ndjson
    eventually test -s out.ndjson.lock
    rm out.ndjson.lock
    echo another >out.ndjson.lock
    ends 3
    prints another cat out.ndjson.lock
}

@test "rejects that another program has written to are not cut in the middle of what was committed" {
    starts wh-clean -q --type id=int --rejects bad
    { begin "$E1"; echo '{"id":"x"}'; record checkpoint "$E1" 1 1 0; } >&4
    eventually grep -q '"n":1' out
    echo '{"error":"of another"}' >>bad
    { echo '{"id":"y"}'; record end "$E1" 2 1 1; } >&4
    ends 3
    grep -q 'bad: another program has written to it or cut it' err
    { begin "$E2" "$E1" 1; echo '{"id":"z"}'; record end "$E2" 1 1 0; } >stream
    wh-clean -q --type id=int --rejects bad stream >out
    prints $'{"id":"x"}\n{"id":"z"}' jq -r .row bad
}

@test "another file that got the name of the rejects is not cut, and putting them back is the way out" {
    { begin "$E1"; echo '{"id":"x"}'; record end "$E1" 1 1 0; } >stream
    wh-clean -q --type id=int --rejects bad stream >out
    cp bad good
    { begin "$E2" "$E1" 1; echo '{"id":"z"}'; record end "$E2" 1 1 0; } >stream
    for _ in 1 2 3 4 5 6 7 8 9; do echo '{"error":"of another pipeline"}'; done >bad
    cp bad foreign
    exits 3 wh-clean -q --type id=int --rejects bad stream
    says 'bad: it is not the file that it was when the stream stopped (put that back'
    same foreign bad
    cp good bad
    wh-clean -q --type id=int --rejects bad stream >out
    prints $'{"id":"x"}\n{"id":"z"}' jq -r .row bad
}

@test "the length of rejects as the previous version kept it is gone on from" {
    { begin "$E1"; echo '{"id":"x"}'; record end "$E1" 1 1 0; } >stream
    wh-clean -q --type id=int --rejects bad stream >out
    echo '{"error":"not committed"}' >>bad
    jq -c 'del(.first, .last)' "bad.state.$E1.1" >old
    mv old "bad.state.$E1.1"
    { begin "$E2" "$E1" 1; echo '{"id":"z"}'; record end "$E2" 1 1 0; } >stream
    wh-clean -q --type id=int --rejects bad stream >out
    prints $'{"id":"x"}\n{"id":"z"}' jq -r .row bad
}
