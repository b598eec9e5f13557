# A value that --null-value declares null is null in every tool, in every format, and for every
# later tool.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf '{"a":"NA","b":999,"c":"x"}\n{"a":"y","b":1,"c":"NA"}\n' >in.ndjson
    printf '{"a":null,"b":null,"c":"x"}\n{"a":"y","b":1,"c":null}\n' >out.ndjson
    printf 'a,b,c\n"NA",999,x\ny,1,NA\n' >in.csv
    printf 'a,b,c\n,,x\ny,1,\n' >out.csv
}

@test "every tool that passes rows on writes a declared null as null" {
    for format in ndjson csv; do
        wh-clean --null-value NA --null-value 999 in.$format >out
        same out.$format out
        wh-extract in.$format -o $format --null-value NA --null-value 999 >out
        same out.$format out
        wh-load loaded.$format --null-value NA --null-value 999 in.$format
        same out.$format loaded.$format
        wh-featurize --passthrough b --keep a,c --null-value NA --null-value 999 in.$format |
            jq -c '[.a, .c, .features.b]' >out
        printf '[null,"x",null]\n["y",null,1]\n' | same - out
    done
}

@test "what wh-clean declared null, the next tool does not learn" {
    printf 'age,y\n999,1\n20,0\n30,1\n' >ages.csv
    wh-clean --null-value 999 ages.csv | wh-featurize -i csv --standard age --state s --fit -q
    jq -e '.steps[0][0].count == 2' s
}

@test "a declared null reaches a database as null, out of NDJSON too" {
    wh-load sqlite:db -t t --create --null-value NA --null-value 999 in.ndjson
    wh-extract sqlite:db -t t >out
    same out.ndjson out
}

@test "an empty string can be declared null" {
    prints $'a,b\n,1' wh-clean -i csv --null-value '' <<<$'a,b\n"",1'
    prints '{"a":null}' wh-clean --null-value '' <<<'{"a":""}'
}

@test "rows without a declared null stay byte for byte" {
    printf 'a,b\r\n"x",""\r\n' >in
    wh-clean -i csv --null-value NA in >out
    same in out
    echo '{ "a" : "x" }' >in
    wh-clean --null-value NA in >out
    same in out
}
