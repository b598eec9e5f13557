#!/usr/bin/env bats
# How a tool ends: exit statuses, lost output, closed descriptors, endless and slow streams.

load ../helper

@test "usage errors end with 2, name the remedy and write nothing" {
    exits 2 wh-clean --fil x=1
    [ "$stderr" = 'wh-clean: unknown option --fil (did you mean --fill?)' ]
    [ -z "$output" ]
    exits 2 wh-clean --max-rejects 3
    says 'wh-clean: --max-rejects needs --rejects FILE'
    exits 2 wh-clean --rejects
    says 'wh-clean: --rejects needs a value: --rejects FILE'
    exits 2 wh-clean --input-format xml
    says '"xml" is not one of auto, ndjson, csv, tsv'
}

@test "a file that is not there ends with 1 and is named" {
    exits 1 wh-clean nosuch.csv
    [ "$stderr" = 'wh-clean: nosuch.csv: cannot open: No such file or directory' ]
}

@test "--help and --version go to standard output and end with 0" {
    exits 0 wh-clean --help
    [ -z "$stderr" ]
    [ "${lines[0]}" = 'Usage: wh-clean [OPTION]... [FILE]...' ]
    exits 0 wh-clean -V
    [[ $output =~ ^wh-clean\ [0-9]+\.[0-9]+\.[0-9]+\ \(stream\ [0-9]+,\ state\ [0-9]+,\ model\ [0-9]+\)$ ]]
}

@test "help fits 80 columns, for every tool" {
    for tool in "$BIN"/wh-*; do
        "$tool" --help >help
        awk 'length > 80 { print FILENAME ": " $0; bad = 1 } END { exit bad }' help
    done
}

@test "help that cannot be printed is an error" {
    exits 1 bash -c 'wh-clean --help >/dev/full'
    says 'wh-clean: standard output: cannot write: No space left on device'
    exits 1 bash -c 'wh-clean --version >&-'
    says 'wh-clean: standard output: cannot write: Bad file descriptor'
}

@test "the completion function is bash and completes options, words and files with blanks" {
    wh-clean --completion=bash >completion
    touch 'two words.csv'
    # shellcheck disable=SC2016
    prints $'--max-rejects\n--max-row\n--\ncsv\n--\ntwo words.csv\n--\ntwo words.csv' bash --norc -c '
        . ./completion
        complete_words() {
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _wh_clean
            printf "%s\n" "${COMPREPLY[@]}"
        }
        complete_words wh-clean --max- | sort
        echo --
        complete_words wh-clean --input-format = c
        echo --
        complete_words wh-clean --rejects tw
        echo --
        complete_words wh-clean tw'
}

@test "completion offers the columns of the files on the command line, and runs none of them" {
    wh-clean --completion=bash >completion
    printf 'id,amount,"$(touch pwned)"\n1,2,3\n' >in.csv
    printf '{"a b":1,"c":2}\n' | gzip >more.ndjson.gz
    # shellcheck disable=SC2016
    prints $'amount\n--\nid,amount\n--\n$(touch pwned)\n--\nint\n--\na b' bash --norc -c '
        . ./completion
        complete_words() {
            COMP_CWORD=$1
            COMP_WORDS=("${@:2}")
            _wh_clean
            printf "%s\n" "${COMPREPLY[@]}"
        }
        complete_words 2 wh-clean --trim am -i csv in.csv
        echo --
        complete_words 3 wh-clean in.csv --trim id,am
        echo --
        complete_words 3 wh-clean in.csv --trim "\$"
        echo --
        complete_words 5 wh-clean in.csv --type amount = in
        echo --
        complete_words 3 wh-clean more.ndjson.gz --trim a'
    [ ! -e pwned ]
}

@test "standard output on a full disk is an error" {
    echo '{"a":1}' >in.ndjson
    exits 1 bash -c 'wh-clean in.ndjson >/dev/full'
    [ "$stderr" = 'wh-clean: standard output: cannot write: No space left on device' ]
}

@test "a closed standard output is an error and no other file is written into" {
    printf '{"a":1}\n{\n{"a":2}\n' >in.ndjson
    exits 1 bash -c 'wh-clean -q --rejects bad.ndjson --stats stats.json in.ndjson >&-'
    says 'wh-clean: standard output: cannot write: Bad file descriptor'
    prints '[1,1]' jq -sc '[.[0].rows_rejected, (.[1].row | length)]' stats.json bad.ndjson
}

@test "a closed standard error goes unnoticed and no other file is written into" {
    printf '{\n{"a":2}\n' >in.ndjson
    exits 0 bash -c 'wh-clean --rejects bad.ndjson in.ndjson 2>&-'
    [ "$output" = '{"a":2}' ]
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
}

@test "a closed standard input is an error" {
    exits 1 bash -c 'wh-clean <&-'
    says 'wh-clean: standard input: cannot read: Bad file descriptor'
}

@test "endless input into head ends at once and quietly" {
    # shellcheck disable=SC2016
    exits 0 timeout "$PATIENCE" bash -c "yes '{\"a\":1}' | wh-clean | head -n 1
        echo \"\${PIPESTATUS[1]}\""
    [ "${lines[*]}" = '{"a":1} 141' ]
    [ -z "$stderr" ]
}

@test "every tool ends by SIGPIPE when its reader has gone, whatever else it writes" {
    awk 'BEGIN { print "id,x,y"; for (i = 0; i < 250000; i++) print i "," i % 7 "," i % 2 }' >in.csv
    head -n 1000 in.csv >few.csv
    wh-update -q -m m --label y few.csv
    wh-featurize -q --onehot x --state s --fit few.csv
    while read -r command; do
        for _ in 1 2 3 4 5; do
            # shellcheck disable=SC2016
            exits 0 timeout "$PATIENCE" bash -c "$command in.csv | head -n 1 >/dev/null
                echo \"\${PIPESTATUS[0]}\""
            [ "$output" = 141 ] || { echo "$command: $output"; return 1; }
            [ -z "$stderr" ]
        done
    done <<'END'
wh-extract
wh-clean
wh-clean --unique x,id --state t
wh-clean -q --rejects bad --stats stats
wh-featurize --onehot x --state s --frozen
wh-featurize -q --standard x --state f
wh-score -m m
wh-update -q -p -m n --label y
END
}

@test "a reader that ignores SIGPIPE for us gets an error, not an endless run" {
    exits 0 timeout "$PATIENCE" bash -c "trap '' PIPE; yes '{\"a\":1}' 2>/dev/null | wh-clean 2>log | head -n 1
        echo \"\${PIPESTATUS[1]}\""
    [ "${lines[*]}" = '{"a":1} 1' ]
    prints 'wh-clean: standard output: cannot write: Broken pipe' cat log
}

@test "a row leaves while the producer is silent" {
    coproc CLEAN { wh-clean --trim a; }
    pid=$CLEAN_PID
    for i in 1 2 3; do
        echo "{\"a\":$i}" >&"${CLEAN[1]}"
        read -r -t "$PATIENCE" line <&"${CLEAN[0]}"
        [ "$line" = "{\"a\":$i}" ]
    done
    eval "exec ${CLEAN[1]}>&-"
    wait "$pid"
}

@test "no input at all is no rows and no error" {
    exits 0 wh-clean </dev/null
    [ -z "$output$stderr" ]
}

@test "--columns settles the columns of CSV output" {
    printf '{"b":1,"a":2}\n{"a":3}\n' >rows.ndjson
    prints 'a,b
2,1
3,' wh-clean -o csv --columns a,b rows.ndjson
    printf '{"b":1,"a":2}\n{"a":3,"x,y":4}\n' >comma.ndjson
    prints '"x,y",a,b
,2,1
4,3,' wh-clean -o csv --columns 'x\,y,a,b' comma.ndjson
    exits 1 wh-clean -o csv --columns a rows.ndjson
    [[ "$stderr" == *'rows.ndjson:1: b: '* ]]
    exits 2 wh-clean -o ndjson --columns a rows.ndjson
    exits 2 wh-clean --columns a,,b rows.ndjson
    exits 2 wh-clean --columns a,a rows.ndjson
}

@test "a column that a CSV header cannot name makes the row bad" {
    printf '{"":1,"a":2}\n{"a":3}\n' >rows.ndjson
    exits 1 wh-clean -o csv rows.ndjson
    [[ "$stderr" == *'rows.ndjson:1: column 1 has no name'* ]]
    prints 'a
3' wh-clean -o csv -q --rejects bad.ndjson rows.ndjson
    exits 1 wh-clean -o csv <<<'{"a\u0000b":1}'
}
