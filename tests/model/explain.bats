# wh-score --explain and --weights.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2094,SC2154
load ../helper

# rows COUNT: numbers of several sizes, words, and labels of every kind that depend on them.
rows() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(3)
        split("Oslo Lima Rome", city, " ")
        for (i = 0; i < count; i++) {
            a = random() * 4 - 2; b = random() * 100; c = int(random() * 3) + 1; d = int(random() * 3)
            margin = a + b / 50 - 1 + (c == 2)
            kind = margin > .7 ? "high" : margin > -.3 ? "middle" : "low"
            yes = margin + random() > .5 ? "true" : "false"
            visits = margin > 0 ? 3 * margin + random() : 0
            printf "{\"yes\":%s,\"kind\":\"%s\",\"number\":%.3f,\"count\":%d,", \
                yes, kind, 7000 + 500 * margin, visits
            printf "\"a\":%.3f,\"b\":%.1f,\"city\":\"%s\",\"d\":%d}\n", a, b, city[c], d
        }
    }'
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    rows 400 >rows
}

# learn MODEL LABEL OPTION...
learn() {
    local model=$1 label=$2
    shift 2
    wh-update -m "$model" --new --label "$label" --ignore "!a-d" -q "$@" rows
}

# adds_up FILE: total = constant + features + rest in all 400 rows.
adds_up() {
    jq -es 'length == 400 and all(.explanation
        | .total - .constant - .rest - (.features | map(.[1]) | add // 0) | fabs < 1e-9)' "$1"
}

@test "an explanation of two classes adds up to the log-odds, whatever the linear learner" {
    local learner
    for learner in nag ftrl coin sgd; do
        learn m.whm yes --learner $learner
        wh-score -m m.whm --explain 2 rows >out
        adds_up out
        jq -es 'all((.explanation.features | length == 2)
            and (1 / (1 + (-.explanation.total | exp)) - .score | fabs < 1e-12))' out
    done
}

@test "with room for all features there is no rest, and the largest stands first" {
    local learner
    for learner in nag ftrl coin sgd; do
        learn m.whm yes --learner $learner
        wh-score -m m.whm --explain 10 rows >out
        adds_up out
        jq -es 'all((.explanation.rest | fabs < 1e-12)
            and (.explanation.features | map(.[1] | fabs) | . == (sort | reverse)))' out
    done
}

@test "what a feature counts is its weight times its value" {
    local learner
    for learner in nag ftrl; do
        learn m.whm yes --learner $learner
        wh-score -m m.whm --weights | sed 1d | jq -Rn '[inputs | split(",")
            | {key: .[0], value: .[1] | tonumber}] | from_entries' >weights
        wh-score -m m.whm --explain 10 rows | jq -es --slurpfile weights weights '$weights[0] as $w
            | all((.explanation.constant - $w[""] | fabs < 1e-12)
                and (. as $row | .explanation.features | all(.[0] as $name
                    | .[1] - $w[$name] * (if $name | startswith("city=") then 1 else $row[$name] end)
                    | fabs < 1e-12)))'
    done
}

@test "regression by any linear learner is explained in the unit of the label" {
    local learner
    for learner in ftrl coin sgd; do
        learn m.whm number --learner $learner
        wh-score -m m.whm --explain 2 rows >out
        adds_up out
        jq -es 'all(.explanation.total == .score)' out
    done
    learn m.whm number --learner nag
    wh-score -m m.whm --explain 2 rows >out
    adds_up out
    jq -es 'all(.explanation.total == .score)
        and ([.[].explanation.constant] | max > 6000 and max < 8000)' out
    wh-score -m m.whm --weights | sed 1d | jq -Rn '[inputs | split(",")
        | {key: .[0], value: .[1] | tonumber}] | from_entries' >weights
    # Predictions are kept between the least label and the largest.
    jq -es --slurpfile weights weights '$weights[0] as $w | map(select(.explanation.rest | fabs < 200)
        | .score - ($w[""] + $w.a * .a + $w.b * .b + $w.d * .d + $w["city=" + .city]) | fabs)
        | length > 300 and max < 1e-8' <(wh-score -m m.whm --explain 9 rows)
}

@test "counts are explained by their logarithm" {
    learn m.whm count --learner nag --loss poisson --task regression
    wh-score -m m.whm --explain 3 rows >out
    adds_up out
    jq -es 'all((.explanation.total | exp) - .score | fabs < 1e-9)' out
}

@test "of many classes the predicted one is held against the next best" {
    learn m.whm kind --learner nag
    wh-score -m m.whm --explain 2 --proba rows >out
    adds_up out
    jq -es 'all((.proba | [.[]] | sort | reverse) as $p
        | (.score == $p[0]) and (($p[0] / $p[1] | log) - .explanation.total | fabs < 1e-9))' out
}

@test "of auto each feature is left out in turn" {
    learn m.whm yes --learner auto
    head -n 20 rows >some
    wh-score -m m.whm --explain 4 some >out
    jq -es 'all((.explanation | has("constant") or has("rest") | not)
        and (1 / (1 + (-.explanation.total | exp)) - .score | fabs < 1e-12))' out
    # A row without its number b has lost just what b counted.
    jq -c 'del(.b)' some | wh-score -m m.whm >without
    jq -es --slurpfile without without 'to_entries | all(.key as $i | .value
        | (.explanation.features | map(select(.[0] == "b"))[0][1]) as $b
        | if $b then $without[$i].score as $score
            | .explanation.total - ($score / (1 - $score) | log) - $b | fabs < 1e-9 else true end)' out
    learn number.whm number --learner auto
    wh-score -m number.whm --explain 4 some >out
    jq -c 'del(.b)' some | wh-score -m number.whm >without
    jq -es --slurpfile without without 'to_entries | all(.key as $i | .value
        | (.explanation.features | map(select(.[0] == "b"))[0][1]) as $b
        | .explanation.total == .score and (.score - $without[$i].score - ($b // 0) | fabs < 1e-6))' out
    exits 2 wh-score -m m.whm --weights
    says 'm.whm: the learner auto has no weight for each feature'
}

@test "explaining a row changes nothing else in it" {
    local learner
    for learner in nag auto; do
        learn m.whm kind --learner $learner
        wh-score -m m.whm --proba rows >plain
        wh-score -m m.whm --proba --explain 3 rows | jq -c 'del(.explanation)' >explained
        same <(jq -c . plain) explained
    done
}

@test "in CSV the explanation is the same text" {
    learn m.whm yes --learner nag
    wh-score -m m.whm --explain 2 rows | jq -c .explanation >wanted
    wh-score -m m.whm --explain 2 -o csv rows | wh-clean -i csv -o ndjson -q |
        jq -c '.explanation | fromjson' >found
    same wanted found
}

@test "names with quotes come out as names, in JSON and in CSV" {
    printf '{"y":1,"a\\"b":1,"c":",\\n"}\n{"y":0,"a\\"b":-1,"c":"d"}\n' |
        wh-update -m m.whm --learner nag --label y -q
    prints '["a\"b","c=,\n"]' eval \
        "printf '{\"a\\\\\"b\":1,\"c\":\",\\\\n\"}\n' | wh-score -m m.whm --explain 5 | jq -c '[.explanation.features[][0]] | sort'"
    prints '["a\"b","c=,\n"]' eval \
        "wh-score -m m.whm --weights | wh-clean -i csv -o ndjson -q | jq -sc '[.[1:-1][].feature] | sort'"
}

@test "weights of many classes have a line for each class" {
    learn m.whm kind --learner nag
    wh-score -m m.whm --weights >weights.csv
    prints feature,class,weight,effect head -n 1 weights.csv
    [ "$(wc -l <weights.csv)" -eq $((1 + 3 * 7)) ]
    exits 2 wh-score -m m.whm --weights rows
    exits 2 wh-score -m a=m.whm -m b=m.whm --weights
    exits 1 eval 'wh-score -m m.whm --weights >/dev/full'
}

@test "a number of features that cannot be is refused" {
    learn m.whm yes --learner nag
    exits 2 wh-score -m m.whm --explain 1001 rows
    exits 2 wh-score -m m.whm --explain x rows
    wh-score -m m.whm --explain 0 rows >out
    jq -es 'all(has("explanation") | not)' out
}
