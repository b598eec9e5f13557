# What commits cost: reading stops while one runs, so a slow one is followed by a longer time
# without, unless --every says how often they come.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    without_sanitizers
    [ -e "$BUILD/preload/slow_sync.so" ] || skip "needs $BUILD/preload/slow_sync.so"
    seq 30 | awk '{ print "{\"id\":" $1 "}" }' >in
    wh-extract -q in --checkpoint c.json --every 1 >stream
}

# slowly OPTION...: the stream, a checkpoint after each row, comes in within some seconds; each
# commit has the disk asked at least once, which answers after 0.1 s.
slowly() {
    rm -f out out.lock c.json stats
    while read -r line; do
        echo "$line"
        [[ $line = '{"@wh"'* ]] || sleep 0.05
    done <stream | LD_PRELOAD="$BUILD/preload/slow_sync.so" WH_SYNC_SLEEP=0.1 \
        wh-load out --checkpoint c.json --stats stats "$@" 2>err
    same in out
}

@test "commits that are slow come less often, so that they take a twentieth of the time" {
    slowly
    jq -c '[.commits, .commit_seconds, .seconds]' stats
    # After each commit but the last two twenty times what it took goes by before the next.
    jq -e '.commits >= 2 and .commit_seconds >= 0.1 * .commits
        and (.commits - 2) * 20 * 0.1 <= .seconds' stats
}

@test "--every is obeyed although commits are slow, and what they cost is said" {
    slowly --every 50ms
    jq -c '[.commits, .commit_seconds, .seconds]' stats
    jq -e '.commits >= 4 and .commit_seconds >= 0.1 * .commits' stats
    grep -q 'commits took .* s ([0-9]* %), while no row was read; a longer --every makes them fewer' err
    slowly --every 50ms -q
    [ ! -s err ]
}
