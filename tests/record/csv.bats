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
    wh-clean --null-value NA <in.csv -i csv >out.csv
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

@test "TSV is CSV with tabs" {
    printf 'a\tb\n1,5\t"x\ty"\n' >in.tsv
    run -0 wh-clean -o ndjson in.tsv
    [ "$output" = '{"a":"1,5","b":"x\ty"}' ]
    run -0 wh-clean -o csv in.tsv
    [ "${lines[1]}" = '"1,5","x	y"' ]
}

@test "a bad row is named by file, line, column" {
    printf 'a,b\n1,2\n3,x"y\n' >in.csv
    run -1 wh-clean in.csv
    [[ "$output" == *"wh-clean: in.csv:3: b: a quote stands within"* ]]
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
