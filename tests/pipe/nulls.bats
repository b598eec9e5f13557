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

@test "a declared null that a step makes is null, whatever the order of options" {
    for null in "''" na 9; do
        for step in '--trim b' '--lower b' '--type b=int' '--trim b --lower b' '--lower b --trim b'
        do
            echo "$null --null-value $null $step"
            echo "$null $step --null-value $null"
        done
        echo "$null --trim b --null-value $null --lower b"
    done >orders
    while read -r null options; do
        for value in '  ' ' NA ' NA na 09 9; do
            echo "{\"b\":\"$value\"}" >in
            eval "wh-clean $options in" >out 2>/dev/null || continue
            # What the next tool would call null is null already.
            eval "wh-clean --null-value $null out" >again
            same again out
        done
    done <orders
    prints '{"b":null}' wh-clean --null-value '' --trim b <<<'{"b":"  "}'
    prints '{"b":null}' wh-clean --lower b --null-value na <<<'{"b":"NA"}'
    prints '{"b":null}' wh-clean --type b=int --null-value 9 <<<'{"b":"09"}'
    prints '{"b":"x"}' wh-clean --trim b --fill b=x --null-value '' <<<'{"b":" "}'
    exits 0 wh-clean --trim b --drop-missing b --null-value '' <<<'{"b":" "}'
    [ -z "$output" ]
    prints $'a,b\n1,' wh-clean -i csv --trim b --null-value '' <<<$'a,b\n1," "'
    prints '{"a.b":null,"a.c":[""],"d":null,"e.f":"x"}' wh-clean --flatten --null-value '' \
        <<<'{"a":{"b":"","c":[""]},"d":"","e":{"f":"x"}}'
}

@test "the steps of a recipe make declared nulls too, and so do those of wh-featurize" {
    wh-clean --trim b --lower b --print-recipe >r.json
    prints '{"b":null}' wh-clean --null-value '' -r r.json <<<'{"b":" "}'
    prints '{"b":null}' wh-clean -r r.json --null-value na <<<'{"b":" NA"}'
    printf '{"b":" "}\n{"b":"x"}\n' >in
    prints $'{"b is null":1}\n{"b=x":1}' sh -c \
        "wh-featurize --trim b --null-value '' --onehot b in | jq -c .features"
    wh-featurize -q --null-value '' -r r.json --onehot b --state s --fit in
    jq -e '[.steps[] | .. | strings] | all(. != "")' s
    prints '[null]' sh -c "wh-featurize --trim b --null-value '' --onehot b --keep b in |
        jq -c '[.b]' | head -n 1"
}

@test "what --fill puts is taken as it is" {
    prints '{"b":"NA"}' wh-clean --null-value NA --null-value '' --fill b=NA --trim b <<<'{"b":""}'
    prints '{"b":"NA"}' wh-clean --null-value NA --fill b=NA --type b=string <<<'{"b":null}'
}
