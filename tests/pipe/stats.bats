#!/usr/bin/env bats
# --stats: one JSON object when the run ends.

load ../helper

@test "statistics hold what was counted and what the tool adds" {
    printf '{"a":1}\n{"a":2}\n' >in.ndjson
    wh-clean --trim a --stats stats.json in.ndjson >out.ndjson
    prints '["wh-clean",2,2,0,16,16,1]' jq -c \
        '[.tool,.rows_in,.rows_out,.rows_rejected,.bytes_in,.bytes_out,(.steps|length)]' stats.json
    [ "$(jq -r .version stats.json)" = "$(wh-clean -V | cut -d' ' -f2)" ]
    jq -e '.seconds >= 0' stats.json
    [ "$(wc -l <stats.json)" -eq 1 ]
    [ "$(jq 'has("error")' stats.json)" = false ]
}

@test "a run that fails still writes statistics, with the error" {
    printf '{"a":1}\n{"a"\n' >in.ndjson
    exits 1 wh-clean --stats stats.json in.ndjson
    prints '[2,1,1]' jq -c '[.rows_in,.rows_out,.rows_rejected]' stats.json
    [[ $(jq -r .error stats.json) == 'in.ndjson:2: '* ]]
}

@test "- is standard error" {
    exits 0 bash -c "echo '{\"a\":1}' | wh-clean --stats -"
    [ "$output" = '{"a":1}' ]
    says '"rows_out":1,'
}

@test "a folder that cannot be written to is known before the work is done" {
    exits 1 bash -c "echo '{\"a\":1}' | wh-clean --stats no/such/stats.json"
    [ -z "$output" ]
    says 'no/such'
}

@test "a file that holds something else is not overwritten by statistics" {
    echo '{"a":1}' >in.ndjson
    exits 2 wh-clean --stats in.ndjson in.ndjson
    prints '{"a":1}' cat in.ndjson
}

@test "statistics replace older ones whole, and a full disk leaves the older ones" {
    echo '{"a":1}' | wh-clean --stats stats.json >/dev/null
    printf '{"a":1}\n{"a":2}\n' | wh-clean --stats stats.json >/dev/null
    prints 2 jq .rows_in stats.json
    cp stats.json before
    # shellcheck disable=SC2016
    exits 1 bash -c 'trap "" XFSZ; ulimit -f 0; echo "{}" | wh-clean --stats stats.json | cat
        exit "${PIPESTATUS[1]}"'
    same before stats.json
}

@test "statistics that cannot be written are an error" {
    exits 1 bash -c "echo '{\"a\":1}' | wh-clean --stats /dev/full"
    says 'wh-clean: /dev/full: cannot write: No space left on device'
}

@test "standard output that was lost is in the statistics" {
    echo '{"a":1}' >in.ndjson
    exits 1 bash -c 'wh-clean --stats stats.json in.ndjson >/dev/full'
    [[ $(jq -r .error stats.json) == *'No space left'* ]]
}
