#!/usr/bin/env bats
# A commit that did not last: the target holds what it held one commit earlier, and the states of
# the filters go back to that with it.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need sqlite3
    local night id
    for night in 1 2 3 4; do
        for id in $(seq $((night * 20 - 19)) $((night * 20))); do
            echo "{\"id\":$((id % 13 + id / 3)),\"x\":$id,\"y\":$((id * 7 % 3 / 2))}"
            [ $((id % 9)) -ne 4 ] || echo "{\"id\":$id,\"x\":\"none\",\"y\":1}"
        done >"night.$night"
    done
}

# The rows up to a night go through filters that all remember something.
# shellcheck disable=SC2120 # an option of wh-extract for some
nightly() {
    wh-extract -q rows.ndjson --checkpoint sqlite:t.db#n "$@" |
        wh-clean -q --unique id --type x=int --state clean.state --rejects bad.ndjson |
        wh-featurize -q --standard x --state features.state --keep id,y |
        wh-update -q -p -m m.whm --label y --ignore id |
        wh-load -q sqlite:t.db -t t --create --checkpoint sqlite:t.db#n
}

# What is left of all that, apart from names of epochs.
result() {
    sqlite3 t.db 'SELECT * FROM t ORDER BY rowid'
    jq -c '[.line,.row]' bad.ndjson
    wh-score -m m.whm --digest
    head -n 1 clean.state | jq -c '[.rows,.steps]'
    head -n 1 features.state | jq -c '[.rows,.steps]'
}

# nights NUMBER...: runs one night after the other; after `back` the target is as it was before the
# last night that ran.
nights() {
    local night
    for night; do
        if [ "$night" = back ]; then
            cp before.db t.db
        else
            [ ! -e t.db ] || cp t.db before.db
            cat "night.$night" >>rows.ndjson
            nightly
        fi
    done
}

clear() {
    rm -f t.db rows.ndjson bad.ndjson* clean.state* features.state* m.whm*
}

@test "where the target falls back by one commit, all filters resume from the states of that" {
    nights 1 2 3 4
    result >wanted
    clear
    # What came in the night that was lost comes again, with that of the next.
    nights 1 2 back 3 back 4
    result | jq -Rr 'sub("^\\[[0-9]+,\""; "[")' >found # lines are those of a run
    jq -Rr 'sub("^\\[[0-9]+,\""; "[")' wanted >expected
    same expected found
    # Twice in a row to the same place.
    clear
    nights 1 2 back 3 back
    nightly
    cp before.db t.db
    cat night.4 >>rows.ndjson
    nightly
    result | jq -Rr 'sub("^\\[[0-9]+,\""; "[")' >found
    same expected found
}

@test "of each state no more is left than of the last commit and of the one before" {
    nights 1 2 3 4
    for state in clean.state features.state m.whm bad.ndjson.state; do
        prints 2 eval "find . -name '$state.*' | wc -l"
    done
    # However many commits a run makes, the next one clears them away.
    clear
    nights 1 2
    cat night.3 night.4 >>rows.ndjson
    nightly --every 2
    nightly
    for state in clean.state features.state m.whm bad.ndjson.state; do
        prints 2 eval "find . -name '$state.*' | wc -l"
    done
}

@test "where the target falls back further than that, filters say which state is missing" {
    nights 1 2
    cp before.db earlier.db
    nights 3 4
    cp earlier.db t.db
    exits 3 nightly
    says 'clean.state: the stream continues from checkpoint 1 of epoch'
    says 'bring back the state and --checkpoint as they were at one time'
}

@test "a run that another has overtaken while it slept leaves states and rejects alone" {
    row() { printf '{"id":%d,"n":"%s"}\n' "$1" "$2"; }
    record() { # KIND EPOCH N ROWS
        echo '{"@wh":"'"$1"'","epoch":"'"$2"'","n":'"$3"',"rows":'"$4"',"committed":0,"position":{},"by":"wh-extract"}'
    }
    begins() { # EPOCH FROM AT
        echo '{"@wh":"begin","epoch":"'"$1"'","from":'"$2"',"at":'"$3"',"position":{},"by":"wh-extract"}'
    }
    clean() { wh-clean -q --unique id --type n=int --state s --rejects r; }
    first=aaaaaaaaaaaa second=bbbbbbbbbbbb
    committed() { echo '{"@wh":"committed","epoch":"'"$1"'","n":1,"by":"wh-extract"}'; }
    { begins $first null 1; row 1 x; record end $first 1 0; committed $first; } | sed 's/"rows":0/"rows":1/' |
        clean >/dev/null
    before=$(date +%s%3N)
    sleep 0.01
    { begins $second '{"epoch":"'$first'","n":1}' "$before"; row 2 x; record end $second 1 1
      committed $second; } | clean >/dev/null
    cp r rejects.before
    [ "$(wc -l <r)" -eq 2 ]
    # Another that goes on from the first, and whose source read C before the second was committed.
    begins cccccccccccc '{"epoch":"'$first'","n":1}' "$before" >late
    exits 3 clean <late
    says 'another run has continued from checkpoint 1 of epoch aaaaaaaaaaaa since this one began'
    same rejects.before r
    # The same after the second's commit was lost.
    { begins cccccccccccc '{"epoch":"'$first'","n":1}' "$(($(date +%s%3N) + 1))"
      record end cccccccccccc 1 0; } | clean >/dev/null
    [ "$(wc -l <r)" -eq 1 ]
}
