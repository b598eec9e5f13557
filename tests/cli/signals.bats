# Signals end a run between two rows; a second one ends it at once.

load ../helper

# slow_rows FILE: a row every 10 ms, the end of a row later than its beginning, until FILE is gone.
slow_rows() {
    local i=0
    while [ -e "$1" ]; do
        printf '{"a":%d,' $((i += 1)) 2>/dev/null || return 0
        sleep 0.01
        printf '"b":"x"}\n' 2>/dev/null || return 0
    done
}

# ends_by SIGNAL TOOL...: the tool, fed slowly, is sent SIGNAL; its status goes to $ended, its
# output to the file out.
ends_by() {
    local signal=$1
    shift
    : >go
    mkfifo rows
    slow_rows go >rows 3>&- &
    "$@" <rows >out 2>err 3>&- &
    local tool=$!
    eventually [ -s out ]
    kill -"$signal" $tool
    ended=0
    wait $tool || ended=$?
    rm go
}

@test "SIGTERM ends a filter between two rows, and it dies by it" {
    ends_by TERM wh-clean --trim b
    [ "$ended" -eq 143 ]
    [ -s out ]
    jq -c . out >/dev/null
    [ "$(tail -c 1 out | od -An -tx1 | tr -d ' ')" = 0a ]
    [ ! -s err ]
}

@test "SIGINT does the same" {
    # A background process of a shell without job control ignores SIGINT; not so the one it starts
    # by a shell that has asked for it again.
    set -m
    ends_by INT wh-clean --trim b
    [ "$ended" -eq 130 ]
    jq -c . out >/dev/null
}

@test "a signal that is ignored at the start stays ignored" {
    : >go
    mkfifo rows
    (trap '' TERM; exec wh-clean <rows >out 3>&-) &
    tool=$!
    exec 4>rows
    echo '{"a":1}' >&4
    eventually [ -s out ]
    kill -TERM $tool
    echo '{"a":2}' >&4
    exec 4>&-
    wait $tool
    [ "$(wc -l <out)" -eq 2 ]
}

@test "a tool that waits for its reader is ended by the second signal" {
    seq 200000 | sed 's/.*/{"a":&,"b":"some text that fills the pipe soon"}/' >rows.ndjson
    mkfifo stuck
    wh-clean rows.ndjson >stuck 3>&- &
    tool=$!
    exec 4<stuck
    sleep 0.3
    kill -TERM $tool
    sleep 0.3
    kill -TERM $tool
    local ended_here=0
    wait $tool || ended_here=$?
    exec 4<&-
    [ "$ended_here" -eq 143 ]
}

@test "a model is not saved by a run that a signal ended" {
    ends_by TERM wh-update -p -m m.whm --label a --task regression
    [ "$ended" -eq 143 ]
    [ ! -e m.whm ]
    [ ! -e m.whm.lock ]
}

@test "a marked stream that a signal ended has no end" {
    ends_by TERM wh-extract --mark -
    [ "$ended" -eq 143 ]
    exits 3 wh-clean out
    says 'stops without an end'
}

@test "a source that waits for the sink's commit is ended by a signal, too" {
    echo '{"a":1}' >rows.ndjson
    wh-extract rows.ndjson --checkpoint nobody.json 2>err > >(cat >out 3>&-) 3>&- &
    source=$!
    eventually grep -q '"end"' out
    kill -TERM $source
    waited=0
    wait $source || waited=$?
    [ "$waited" -eq 143 ]
    prints 1 jq 'select(.["@wh"] == "end").rows' out
}

@test "rows that are kept in a file can be committed later, from there" {
    echo '{"a":1}' >rows.ndjson
    wh-extract rows.ndjson --checkpoint c.json >out
    wh-load copy.ndjson --checkpoint c.json out
    same rows.ndjson copy.ndjson
}
