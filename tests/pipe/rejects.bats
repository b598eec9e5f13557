#!/usr/bin/env bats
# Bad rows: none is lost in silence, and every one is counted.

load ../helper

rows() {
    cat <<'END' >orders.ndjson
{"id":1,"amount":10}
{"id":2,"amount":"12,5"}
{"id":3 "amount":1}
{"id":4,"amount":40}
END
}

@test "the first bad row stops the tool and names file, line, column and value" {
    rows
    exits 1 wh-clean --type amount=decimal orders.ndjson
    [[ $stderr == 'wh-clean: orders.ndjson:2: amount: "12,5" is not '* ]]
    [ "$output" = '{"id":1,"amount":10}' ]
}

@test "a broken row is named by file, line and byte" {
    rows
    exits 1 wh-clean orders.ndjson
    [[ $stderr == 'wh-clean: orders.ndjson:3: byte 9: '* ]]
    [ "${#lines[@]}" -eq 2 ]
}

@test "a broken row on standard input is named by its line" {
    rows
    exits 1 wh-clean <orders.ndjson
    says 'wh-clean: standard input:3: byte 9: '
}

@test "with --rejects bad rows are kept with their reason and the rest goes on" {
    rows
    exits 0 wh-clean --type amount=decimal --rejects bad.ndjson orders.ndjson
    [ "$stderr" = 'wh-clean: 2 of 4 rows rejected, see bad.ndjson' ]
    [ "${lines[*]}" = '{"id":1,"amount":10} {"id":4,"amount":40}' ]
    prints '["orders.ndjson",2,"amount","type","{\"id\":2,\"amount\":\"12,5\"}"]' \
        jq -c '[.source,.line,.column,.rule,.row]' <(sed -n 1p bad.ndjson)
    prints '["orders.ndjson",3,9,null,"{\"id\":3 \"amount\":1}"]' \
        jq -c '[.source,.line,.byte,.column,.row]' <(sed -n 2p bad.ndjson)
    [ "$(wc -l <bad.ndjson)" -eq 2 ]
}

@test "rejected rows can be mended and come back byte for byte" {
    printf '{"a":"\\u00e9\\n", "b": [1, 2] ,"c":}\n{"a":"é"x}\r\n{"a":1}' >in.ndjson
    wh-clean -q --rejects bad.ndjson in.ndjson >out.ndjson
    jq -r .row bad.ndjson >back.ndjson
    printf '{"a":"\\u00e9\\n", "b": [1, 2] ,"c":}\n{"a":"é"x}\n' >expected.ndjson
    same expected.ndjson back.ndjson
    prints '{"a":1}' cat out.ndjson <(echo)
}

@test "bad rows of CSV are named by the line they begin on, and kept with their inner line ends" {
    printf 'id,n,city\n1,2,"two\nlines"\n2,x,"a\nb"\n3,4\n5,6,z\n' >in.csv
    exits 0 wh-clean --type n=int --rejects bad.ndjson in.csv
    [ "${lines[*]}" = 'id,n,city 1,2,"two lines" 5,6,z' ]
    prints $'[4,"n","2,x,\\"a\\nb\\""]\n[6,null,"3,4"]' jq -c '[.line,.column,.row]' bad.ndjson
    exits 1 wh-clean --type n=int in.csv
    says 'wh-clean: in.csv:4: n: "x" is not '
}

@test "a row that is not UTF-8 is kept in base64" {
    printf '{"a":"\xff\xfe"}\n' >in.ndjson
    wh-clean -q --rejects bad.ndjson in.ndjson
    [ "$(jq -r 'has("row")' bad.ndjson)" = false ]
    jq -r .row_base64 bad.ndjson | base64 -d >back
    printf '{"a":"\xff\xfe"}' >expected
    same expected back
}

@test "the file of rejects is private, new in each run, and empty when no row is bad" {
    rows
    wh-clean -q --rejects bad.ndjson orders.ndjson >/dev/null
    [ "$(stat -c %a bad.ndjson)" = 600 ]
    echo '{"a":1}' | wh-clean --rejects bad.ndjson
    [ -e bad.ndjson ]
    [ ! -s bad.ndjson ]
}

@test "a file that holds something else is not overwritten by rejects" {
    rows
    cp orders.ndjson before
    exits 2 wh-clean --rejects orders.ndjson orders.ndjson
    says 'orders.ndjson: holds something else'
    same before orders.ndjson
}

@test "--max-rejects N stops at the row that is one too many" {
    rows
    exits 0 wh-clean -q --max-rejects 1 --rejects bad.ndjson orders.ndjson
    exits 1 wh-clean --max-rejects 0 --rejects bad.ndjson orders.ndjson
    [ "$stderr" = 'wh-clean: 1 of 3 rows rejected, more than --max-rejects 0 (see bad.ndjson)' ]
    [ "${#lines[@]}" -eq 2 ]
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
}

@test "--max-rejects P% is judged at the end, and on the way from 100 rows on" {
    rows
    exits 0 wh-clean -q --max-rejects 25% --rejects bad.ndjson orders.ndjson
    exits 1 wh-clean -q --max-rejects 24.9% --rejects bad.ndjson orders.ndjson
    [ "${#lines[@]}" -eq 3 ]
    for i in $(seq 500); do echo '{"a":1}'; echo '{'; done >many.ndjson
    exits 1 wh-clean --max-rejects 10% --rejects bad.ndjson many.ndjson
    says '50 of 100 rows rejected, more than --max-rejects 10%'
    [ "${#lines[@]}" -eq 50 ]
}

@test "--quiet leaves out the summary" {
    rows
    exits 0 wh-clean --quiet --rejects bad.ndjson orders.ndjson
    [ -z "$stderr" ]
}

@test "rejects that cannot be written end the run" {
    rows
    exits 1 wh-clean --rejects /dev/full orders.ndjson
    [ "$stderr" = 'wh-clean: /dev/full: cannot write: No space left on device' ]
    exits 1 wh-clean --rejects no/such/folder orders.ndjson
    says 'no/such/folder: cannot open'
}

@test "a disk that fills with rejects ends the run on the way" {
    awk 'BEGIN { for (i = 0; i < 100000; i++) print "{" }' >in.ndjson
    # shellcheck disable=SC2016
    exits 1 bash -c 'trap "" XFSZ; ulimit -f 64
        wh-clean --rejects bad.ndjson --stats stats.json in.ndjson'
    says 'wh-clean: bad.ndjson: cannot write: File too large'
    [ "$(jq .rows_in stats.json)" -lt 1000 ]
}

@test "rejects into a log do not wipe it" {
    rows
    echo 'before' >log
    wh-clean -q --rejects /dev/fd/3 --stats /dev/fd/4 orders.ndjson \
        >/dev/null 3>>log 4>>log
    prints before head -n 1 log
    [ "$(wc -l <log)" -eq 3 ]
}

@test "rejects are in the file before the tool waits for more input" {
    coproc CLEAN { wh-clean -q --rejects bad.ndjson; }
    pid=$CLEAN_PID
    echo '{' >&"${CLEAN[1]}"
    echo '{"a":1}' >&"${CLEAN[1]}"
    read -r -t "$PATIENCE" line <&"${CLEAN[0]}"
    [ "$line" = '{"a":1}' ]
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
    eval "exec ${CLEAN[1]}>&-"
    wait "$pid"
}

@test "counts of rows in, out, dropped and rejected add up" {
    for i in $(seq 1000); do
        case $((i % 5)) in
        0) echo "{\"id\":$i,\"a\":null}" ;;
        1) echo "{\"id\":$i,\"a\":\"x\"}" ;;
        2) echo "{\"id\":$i" ;;
        *) echo "{\"id\":$i,\"a\":$i}" ;;
        esac
    done >in.ndjson
    wh-clean -q --drop-missing a --type a=int --rejects bad.ndjson --stats stats.json \
        in.ndjson >out.ndjson
    prints '[1000,400,400]' jq -c '[.rows_in,.rows_out,.rows_rejected]' stats.json
    [ "$(wc -l <out.ndjson)" -eq 400 ]
    [ "$(wc -l <bad.ndjson)" -eq 400 ]
    [ "$(jq '[.steps[].rows_dropped] | add' stats.json)" -eq 200 ]
}

# A stream that goes on: `goes_on OPTION...` is wh-clean with OPTIONs between a file and its copy.
goes_on() {
    wh-extract -q rows.ndjson --checkpoint c.json |
        wh-clean -q --type a=int "$@" |
        wh-load -q copy.ndjson --checkpoint c.json
}

@test "rejects can be asked for when a stream has stopped at a bad row" {
    printf '{"a":1}\n' >rows.ndjson
    goes_on
    printf '{"a":"x"}\n{"a":2}\n' >>rows.ndjson
    run ! goes_on
    goes_on --rejects bad.ndjson
    prints $'{"a":1}\n{"a":2}' cat copy.ndjson
    prints '{"a":"x"}' jq -r .row bad.ndjson
}

@test "a stream that goes on adds to its rejects" {
    printf '{"a":1}\n{"a":"x"}\n' >rows.ndjson
    goes_on --rejects bad.ndjson
    printf '{"a":"y"}\n{"a":2}\n' >>rows.ndjson
    goes_on --rejects bad.ndjson
    prints $'{"a":"x"}\n{"a":"y"}' jq -r .row bad.ndjson
    printf '{"a":"z"}\n' >>rows.ndjson
    goes_on --rejects bad.ndjson
    prints $'{"a":"x"}\n{"a":"y"}\n{"a":"z"}' jq -r .row bad.ndjson
    # That of the last commit, and that of the one before, should it not last.
    [ "$(find . -name 'bad.ndjson.state.*' | wc -l)" -eq 2 ]
}

@test "rejects that became shorter are not taken for what they were" {
    printf '{"a":1}\n{"a":"x"}\n' >rows.ndjson
    goes_on --rejects bad.ndjson
    : >bad.ndjson
    exits 3 bash -c "$(declare -f goes_on); set -o pipefail; goes_on --rejects bad.ndjson"
    says 'bad.ndjson: it is shorter than'
}
