# The default learner: what it reaches on known data, and that its state is complete.
# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# orders COUNT: generated rows with numbers, strings, missing values and a label that no line
# through the numbers can tell.
orders() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(5)
        split("Lagos,Oslo,Lima,New York", city, ",")
        print "amount,city,visits,churned"
        for (i = 1; i <= count; i++) {
            amount = random() * 100; c = int(random() * 4) + 1; visits = int(random() * 10)
            churned = (amount > 50) != (c > 2) || random() < .1
            printf "%s,%s,%s,%s\n", random() < .1 ? "" : sprintf("%.2f", amount),
                random() < .05 ? "" : city[c], visits, churned ? "yes" : "no"
        }
    }'
}

@test "without any option but the label the phishing data come to a loss of .235 or less" {
    data_file phishing.csv
    wh-update -m m.whm --label is_phishing -q --stats stats.json "$DATA_FILE"
    jq -e '.progressive_loss <= .235 and .accuracy >= .91' stats.json
}

@test "numbers and strings that only together say something are learned" {
    orders 3000 | wh-update -m m.whm --label churned -q --stats stats.json
    jq -e '.progressive_loss < .6 and .accuracy > .75' stats.json
    orders 3000 | wh-update -m nag.whm --learner nag --label churned -q --stats stats.json
    jq -e '.progressive_loss > .6' stats.json
}

@test "a run split anywhere learns what one run learns" {
    local rows
    orders 700 >all.csv
    wh-update -m all.whm --label churned -q all.csv
    for rows in 1 31 128 500; do
        head -n $((rows + 1)) all.csv | wh-update -m m.whm --new --label churned -q
        { head -n 1 all.csv; tail -n +$((rows + 2)) all.csv; } | wh-update -m m.whm -q
        [ "$(digest)" = "$(digest all.whm)" ]
    done
}

@test "classes that come on the way are learned, and split runs of them are one" {
    orders 600 | sed 's/,yes$/,churned/; s/New York,\(.*\),no$/New York,\1,lost/' >all.csv
    wh-update -m all.whm --label churned --task multiclass -q --stats stats.json all.csv
    jq -e '.accuracy > .6' stats.json
    head -n 301 all.csv | wh-update -m m.whm --label churned --task multiclass -q
    { head -n 1 all.csv; tail -n +302 all.csv; } | wh-update -m m.whm -q
    [ "$(digest)" = "$(digest all.whm)" ]
}

@test "a model is read again after rows with two values of one column, the first or a later one" {
    printf '%s\n' '{"y":1,"features":{"tag=a":1,"tag=b":1}}' '{"y":0,"features":{"tag=b":1}}' >first
    printf '%s\n' '{"y":1,"features":{"tag=a":1}}' '{"y":0,"features":{"tag=a":1,"tag=b":1}}' >later
    for rows in first later; do
        wh-update -m m.whm --new --label y -q $rows
        wh-update -m m.whm -q $rows
    done
    orders 100 | wh-update -m m.whm --new --label churned --interactions all -q
    orders 100 | wh-update -m m.whm -q
}

@test "a missing value is no zero" {
    awk 'BEGIN { print "a,y"; for (i = 0; i < 400; i++) print i % 2 ? ",1" : "0,0" }' |
        wh-update -m m.whm --label y -q
    printf '{"a":null}\n{"a":0}\n' | wh-score -m m.whm | jq -s -e '.[0].score > .9 and .[1].score < .1'
}

@test "a string that was never seen is scored" {
    orders 300 | wh-update -m m.whm --label churned -q
    echo '{"amount":70,"city":"Atlantis","visits":3}' | wh-score -m m.whm |
        jq -e '.score > 0 and .score < 1'
}

@test "--describe tells each expert's weight and loss" {
    orders 500 | wh-update -m m.whm --label churned -q
    wh-score -m m.whm --describe >described
    grep -E '^ +expert +weight +loss$' described
    grep -E '^ +crosses of 4 +-?[0-9.]+ +[0-9.]+$' described
}

@test "what would have no meaning for it is refused with the reason" {
    orders 10 >all.csv
    exits 2 wh-update -m m.whm --label churned --l1 1 all.csv
    says '--l1 is not for the learner auto'
    exits 2 wh-update -m m.whm --label churned -l 0.1 all.csv
    says '--learning-rate is not for the learner auto'
    [ ! -e m.whm ]
}

@test "--describe tells the experts of each class under its name" {
    printf '%s\n' '{"x":1,"y":"a"}' '{"x":2,"y":"b"}' '{"x":3,"y":"c"}' >rows
    wh-update -m m.whm --label y -q rows
    wh-score -m m.whm --describe >described
    [ "$(grep -A 1 '^for "[abc]" against the others:$' described | grep -c '^  expert ')" -eq 3 ]
}
