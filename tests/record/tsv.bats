# TSV has no quotes (IANA, text/tab-separated-values); with --tsv-escapes, backslash escapes.

load ../helper

@test "quotes mean nothing in TSV: values pass byte for byte" {
    printf 'name\t"height"\nalice\t5'"'"'9" tall\ncat\t"whole"\n"\t""\n\t\\\n' >in.tsv
    wh-clean in.tsv >out
    same in.tsv out
    wh-clean -i tsv <in.tsv >out
    same in.tsv out
    wh-clean --lower name in.tsv >out
    same in.tsv out
    wh-extract in.tsv -o tsv >out
    same in.tsv out
    wh-load out.tsv in.tsv
    same in.tsv out.tsv
    gzip -c in.tsv >in.tsv.gz
    wh-clean in.tsv.gz >out
    same in.tsv out
    prints '{"name":"cat","\"height\"":"\"whole\""}' sh -c 'wh-clean -o ndjson in.tsv | sed -n 2p'
}

@test "quotes are values again when TSV becomes CSV, and the reverse" {
    printf 'a\tb\n5'"'"'9" tall\t"whole"\n' >in.tsv
    prints $'a,b\n"5\'9"" tall","""whole"""' wh-clean -o csv in.tsv
    wh-clean -o csv in.tsv | wh-clean -i csv -o tsv >out
    same in.tsv out
    prints $'a\tb\n1\tx,y' wh-clean -i csv -o tsv <<<$'"a",b\n"1","x,y"'
}

@test "a number and an empty value are in TSV what they are in CSV" {
    prints '{"a":1,"b":"007","c":null}' wh-clean -i tsv -o ndjson <<<$'a\tb\tc\n1\t007\t'
    prints '{"a":"1"}' wh-clean -i tsv -S -o ndjson <<<$'a\n1'
    prints '{"a":null}' wh-clean -i tsv --null-value NA -o ndjson <<<$'a\nNA'
    prints $'a\tb\n\t' wh-clean -o tsv <<<'{"a":null,"b":""}'
}

@test "lines end with LF or CR LF, and a CR elsewhere is part of the value" {
    printf 'a\tb\r\nx\ry\t1\r\n\r\n2\t3\r\n' >in.tsv
    printf 'a\tb\r\nx\ry\t1\r\n2\t3\r\n' >expected
    wh-clean in.tsv >out
    same expected out
    prints '{"a":"x\ry","b":1}' sh -c 'wh-clean -o ndjson in.tsv | head -n 1'
    exits 1 wh-clean -o tsv <<<'{"a":"x\r"}'
    says 'TSV cannot hold a value with a tab or a line end'
    printf 'a\rb\r' >old.tsv
    exits 1 wh-clean old.tsv
    says 'carriage return alone'
}

@test "a line of TSV has as many values as the header, or is bad" {
    printf 'a\tb\n1\n1\t2\t3\n4\t5\n' >in.tsv
    wh-clean -q --rejects bad in.tsv >out
    printf 'a\tb\n4\t5\n' | same - out
    [ "$(jq -r '.line' bad | tr '\n' ' ')" = '2 3 ' ]
    prints $'{"a":1,"b":null}\n{"a":1,"b":"2\\t3"}\n{"a":4,"b":5}' \
        wh-clean --ragged -o ndjson in.tsv
    printf 'a\tb\n1\0\t2\n' >zero.tsv
    exits 1 wh-clean zero.tsv
    says 'zero.tsv:2: a: the value has a zero byte'
    exits 1 wh-clean -i tsv <<<$'a\tb\n\xff\t2'
    says 'a: the value is not valid UTF-8'
}

@test "a value that TSV cannot hold is a bad row, and --tsv-escapes and CSV hold it" {
    for value in '"x\ty"' '"x\ny"' '"x\r"' '"\u0009"'; do
        exits 1 wh-clean -o tsv <<<"{\"a\":$value}"
        says 'a: TSV cannot hold a value with a tab or a line end (give --tsv-escapes, or write -o csv)'
        exits 0 wh-clean -o csv <<<"{\"a\":$value}"
        printf '{"a":%s}\n' "$value" | sed 's/\\u0009/\\t/' >in
        wh-clean -o tsv --tsv-escapes in | wh-clean -i tsv --tsv-escapes -o ndjson >out
        same in out
    done
    exits 2 wh-clean -o tsv <<<'{"a\tb":1}'
    says 'the name of the column'
    printf '%s\n' '{"a\tb":1}' >in
    wh-clean -o tsv --tsv-escapes in | wh-clean -i tsv --tsv-escapes -o ndjson >out
    same in out
}

@test "with --tsv-escapes null, the empty string and a backslash keep apart" {
    printf '%s\n' '{"a":null,"b":"","c":"x\\y","d":"\\N"}' >in
    prints $'a\tb\tc\td\n\\N\t\tx\\\\y\t\\\\N' wh-clean -o tsv --tsv-escapes in
    wh-clean -o tsv --tsv-escapes in >in.tsv
    wh-clean --tsv-escapes -o ndjson in.tsv >out
    same in out
    wh-clean --tsv-escapes in.tsv >out
    same in.tsv out
    wh-clean --tsv-escapes --fill a=1 in.tsv | tail -n 1 >out
    printf '1\t\tx\\\\y\t\\\\N\n' | same - out
    prints $'a,b,c,d\n,"",x\\y,\\N' wh-clean --tsv-escapes -o csv in.tsv
    prints $'a\tb\tc\td\n\t\tx\\y\t\\N' wh-clean -o tsv in
}

@test "an escape that does not exist is a bad row with a remedy" {
    printf 'a\tb\n\\q\t1\n\\\t1\nx\\\\\t\\b\n' >in.tsv
    exits 1 wh-clean --tsv-escapes in.tsv
    says 'in.tsv:2: a: "\q" is not an escape of TSV (double the backslash, or leave out --tsv-escapes)'
    wh-clean -q --rejects bad --tsv-escapes -o ndjson in.tsv >out
    printf '%s\n' '{"a":"x\\","b":"\b"}' | same - out
    [ "$(jq -r .rule bad | sort -u)" = escape ]
    wh-clean in.tsv >out
    same in.tsv out
}

@test "--tsv-escapes is refused where nothing is TSV" {
    exits 2 wh-clean --tsv-escapes -i ndjson -o csv /dev/null
    says '--tsv-escapes'
    exits 0 wh-clean --tsv-escapes -i ndjson -o tsv /dev/null
}

# Values that Miller and PostgreSQL spell in their own ways, 300 rows of them.
values() {
    jq -nc '["a", "\t", "\n", "\\", "\"", ",", "N", "\r", "z", "5'"'"'9\"", "\u00e9", "  "] as $parts
        | range(300) as $row
        | [range(3) as $column
           | [range($row % 7) | $parts[($row * 7 + . * 5 + $column * 3 + ($row / 12 | floor)) % 12]]
           | "x" + add + "y"]
        | {a: .[0], b: .[1], c: .[2]}'
}

@test "Miller reads what we write with escapes, and we what it writes" {
    need mlr jq
    values >in.ndjson
    wh-clean -o tsv --tsv-escapes in.ndjson >ours.tsv
    mlr --itsv --ojsonl -S cat ours.tsv | jq -c . >readback
    same in.ndjson readback
    mlr --ijsonl --otsv cat in.ndjson >theirs.tsv
    wh-clean --tsv-escapes -o ndjson theirs.tsv | jq -c . >readback
    same in.ndjson readback
}

@test "PostgreSQL reads what we write with escapes, and we what it writes" {
    need pg_virtualenv psql jq
    values >in.ndjson
    { cat in.ndjson; printf '%s\n' '{"a":null,"b":"","c":"\\N"}'; } >all.ndjson
    wh-clean -o tsv --tsv-escapes all.ndjson >ours.tsv
    # shellcheck disable=SC2016 # the script's own variables
    pg_virtualenv sh -euc '
        psql -qXc "create table t(i serial, a text, b text, c text)"
        tail -n +2 ours.tsv | psql -qXc "copy t(a,b,c) from stdin"
        { printf "a\tb\tc\n"; psql -qXc "copy (select a,b,c from t order by i) to stdout"; } >theirs.tsv
    ' >log 2>&1 || { cat log; skip "no PostgreSQL server can be started"; }
    wh-clean --tsv-escapes -o ndjson theirs.tsv | jq -c . >readback
    jq -c . all.ndjson >expected
    same expected readback
    same ours.tsv theirs.tsv
}
