# shellcheck shell=bash disable=SC2016,SC2154
# Models that learned from different rows become one.
load ../helper

# orders COUNT SEED: generated rows.
orders() {
    awk -v count="$1" -v seed="$2" "$RANDOM_AWK"'BEGIN {
        random_seed(seed)
        split("Lagos,Oslo,Lima,Quito", city, ",")
        print "amount,city,visits,churned,spent"
        for (i = 1; i <= count; i++) {
            amount = random() * 100; c = int(random() * 4) + 1; visits = int(random() * 10)
            margin = amount / 25 + 2 * (c == 2) - visits / 3 - 1
            printf "%.2f,%s,%s,%s,%.3f\n", amount, city[c], visits,
                random() < 1 / (1 + exponential(-margin)) ? "yes" : "no", 3 * amount - 5 * visits + random() * 20
        }
    }'
}

shards() {
    orders 20000 1 >all.csv
    for shard in 1 2 3 4; do
        (head -n 1 all.csv && awk -v s="$shard" 'NR > 1 && NR % 4 == s % 4' all.csv) >"$shard.csv"
    done
    orders 5000 2 >test.csv
}

# loss MODEL LABEL: on the test's rows.
loss() {
    wh-score -m "$1" --label "$2" -n -q --stats loss.json test.csv
    jq .loss loss.json
}

# close MOST LABEL OPTION...: four shards merged have at most MOST times the loss of one run over all
# rows, and less than the shards have in the mean.
close() {
    local most=$1 label=$2 shard sum=0
    shift 2
    wh-update -m one.whm --new --label "$label" "$@" -q all.csv
    for shard in 1 2 3 4; do
        wh-update -m "$shard.whm" --new --label "$label" "$@" -q "$shard.csv"
        sum="$sum + $(loss "$shard.whm" "$label")"
    done
    wh-update --merge 1.whm 2.whm 3.whm 4.whm -m merged.whm --new -q
    jq -ne --argjson one "$(loss one.whm "$label")" --argjson merged "$(loss merged.whm "$label")" \
        "\$merged < \$one * $most and \$merged < ($sum) / 4"
}

@test "nag's shards merged lose less than one per cent against one run" {
    shards
    close 1.01 churned --ignore spent --learner nag
    close 1.01 spent --ignore churned --learner nag
    close 1.01 city --ignore churned --learner nag
}

@test "so do coin's and sgd's, whose classes, shifted against each other, meet too" {
    shards
    close 1.01 churned --ignore spent --learner coin
    close 1.05 spent --ignore churned --learner coin
    close 1.01 city --ignore churned --learner coin
    close 1.01 spent --ignore churned --learner sgd
    close 1.01 city --ignore churned --learner sgd
}

@test "a merged model knows the rows, features and classes of all, and goes on learning" {
    printf '%s\n' '{"k":"a","x":1}' '{"k":"b","y":1}' >first
    printf '%s\n' '{"k":"c","z":1}' '{"k":"b","y":1}' '{"k":"b","x":2}' >second
    wh-update -m 1.whm --label k --learner nag -q first
    wh-update -m 2.whm --label k --learner nag -q second
    exits 0 wh-update --merge 1.whm 2.whm -m m.whm
    says 'm.whm: merged from 2 models: 5 rows, 3 features'
    # Of the five rows the first of either model was predicted of nothing, and is not measured.
    zcat m.whm | sed -n 1p | jq -e '.labels == ["a","b","c"] and .metrics.classes == [0,3,0]
        and .metrics.weight == 3 and .metrics.passed_over == 2'
    wh-update -m m.whm -q second
    wh-score -m m.whm --describe | grep -q '^rows  *8$'
}

@test "what is refused: another task, settings or label, one model, one that is there" {
    printf '%s\n' '{"y":1,"x":1}' '{"y":0,"x":2}' >rows
    printf '%s\n' '{"y":"a","x":1}' >classes
    wh-update -m 1.whm --label y --learner nag -q rows
    wh-update -m 2.whm --label y --learner nag -l 0.25 -q rows
    wh-update -m 3.whm --label y --learner nag -q classes
    exits 2 wh-update --merge 1.whm 2.whm -m m.whm
    says '2.whm: has another setting than the model before'
    exits 2 wh-update --merge 1.whm 3.whm -m m.whm
    says '3.whm: has another task'
    exits 2 wh-update --merge 1.whm -m m.whm
    says '--merge needs two models or more'
    exits 2 wh-update --merge 1.whm 1.whm -m 2.whm
    says '2.whm: is there already (--new replaces it)'
    exits 2 wh-update --merge 1.whm 1.whm -m m.whm
    says '1.whm: has learned just what another of the models has: its rows would count twice'
    exits 2 wh-update --merge 1.whm rows -m m.whm
    says 'rows: is not a model'
    printf '%s\n' '{"id":1,"x":1}' '{"id":2,"x":2}' '{"id":1,"y":1}' >late
    wh-update -m 4.whm --label y --learner nag --join id --within 9 -q late
    exits 2 wh-update --merge 4.whm 4.whm -m m.whm
    says '4.whm: rows wait in it for their labels'
    cp 4.whm 5.whm
    echo '{"id":2,"y":0}' | wh-update -m 4.whm -q
    echo '{"id":2,"y":1}' | wh-update -m 5.whm -q
    wh-update --merge 4.whm 5.whm -m joined.whm -q
    [ ! -e m.whm ]
}
