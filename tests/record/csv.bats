#!/usr/bin/env bats
# CSV through a whole tool: what goes out as it came, and what is refused.

load ../helper

awkward() {
    printf '\357\273\277id,"a ""name""",text\r\n'
    printf '1,,""\r\n'
    printf '123456789012345678901234567890, x ,"1\n2"\r\n'
    printf '1.10,-0,1e400\r\n'
    printf '"007","say ""hi""","a,b"\r\n'
    printf '\303\251,NA,"\\"'
}

@test "CSV leaves as it came: quotes, empties, embedded line ends, CR LF, no last newline" {
    awkward >in.csv
    wh-clean in.csv >out.csv
    cmp in.csv out.csv
    gzip -c in.csv >in.csv.gz
    wh-clean in.csv.gz >out.csv
    cmp in.csv out.csv
}

@test "a row that a step changed keeps the spelling of what it did not touch" {
    awkward >in.csv
    wh-clean --fill text=none in.csv >out.csv
    cmp in.csv out.csv
    wh-clean --trim 'a "name"' in.csv >out.csv
    sed 's/, x ,/,x,/' in.csv | cmp - out.csv
}

@test "CSV to NDJSON and back gives the same values" {
    awkward >in.csv
    wh-clean -o ndjson in.csv >one.ndjson
    wh-clean -o csv one.ndjson >two.csv
    wh-clean -o ndjson two.csv >two.ndjson
    cmp one.ndjson two.ndjson
}

@test "CSV with tabs has quotes" {
    printf 'a\tb\n1,5\t"x\ty"\n' >in.txt
    prints '{"a":"1,5","b":"x\ty"}' wh-clean -i csv -d '\t' -o ndjson in.txt
    prints $'a\tb\n1,5\t"x\ty"' wh-clean -i csv -d '\t' in.txt
}

@test "a byte order mark stays in CSV, whatever becomes of the header" {
    printf '\357\273\277a,b\n1,2\n' >in.csv
    for options in '--rename a=c' '--select b' '-o tsv' '--columns b,a' '--drop-missing a' '-d ;'; do
        # shellcheck disable=SC2086 # the options are words
        wh-clean $options in.csv >out
        [ "$(head -c 3 out)" = $'\xEF\xBB\xBF' ] || { echo "lost: $options"; return 1; }
        [ "$(grep -c $'\xEF\xBB\xBF' out)" = 1 ]
    done
    wh-clean -H --select 2,1 in.csv >out
    printf '\357\273\277b,a\n2,1\n' | same - out
    wh-clean -H in.csv >out
    same in.csv out
    printf '\357\273\277a,b\n' >empty.csv
    wh-clean --select b empty.csv >out
    printf '\357\273\277b\n' | same - out
    wh-extract in.csv -o csv >out
    same in.csv out
    wh-load new.csv in.csv
    same in.csv new.csv
    wh-load new.csv in.csv
    [ "$(grep -c $'\xEF\xBB\xBF' new.csv)" = 1 ]
    wh-clean --rename a=c in.csv in.csv >out
    [ "$(grep -c $'\xEF\xBB\xBF' out)" = 1 ]
    prints '{"a":1,"b":2}' wh-clean -o ndjson in.csv
}

@test "a bad row is named by file, line, column" {
    printf 'a,b\n1,2\n3,x"y\n' >in.csv
    run -1 wh-clean in.csv
    [[ "$output" == *"wh-clean: in.csv:3: b: a quote is within"* ]]
}

@test "--infer on standard input is refused with status 2" {
    run -2 wh-clean -i csv --infer=10 <<<'a,b'
    [[ "$output" == *"regular file"* ]]
}

@test "two columns of one name are refused with both places" {
    printf 'a,b,a\n1,2,3\n' >in.csv
    run -1 wh-clean in.csv
    [[ "$output" == *'in.csv: header: columns 1 and 3 are both named "a"'* ]]
}

@test "a row comes out before the next one is waited for" {
    mkfifo in
    wh-clean -i csv in >out &
    tool=$!
    exec 9>in
    printf 'a,b\n1,2\n' >&9
    eventually lines out 2
    exec 9>&-
    wait "$tool"
}
