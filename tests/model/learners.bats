# shellcheck shell=bash disable=SC2016,SC2154
# The linear learners on public data, against published and reference numbers.
load ../helper

# progressive FIGURE OPTION...: a figure of learning the phishing data; after `data_file` in the test
# itself, for nothing within $(...) can skip it.
progressive() {
    local figure=$1
    shift
    wh-update -m m.whm --new --label is_phishing -q --stats stats.json "$@" "$DATA_FILE"
    jq ".$figure" stats.json
}

# near VALUE WANTED: within 1e-5.
near() {
    jq -ne --argjson value "$1" --argjson wanted "$2" '$value - $wanted | fabs < 1e-5' >/dev/null
}

@test "nag, ftrl and coin reach the progressive losses of Vowpal Wabbit on the phishing data" {
    data_file phishing.csv
    near "$(progressive progressive_loss --learner nag)" .367963
    near "$(progressive progressive_loss --learner ftrl)" .330258
    near "$(progressive progressive_loss --learner coin)" .374853
}

@test "sgd has River's accuracy, F1 and loss on the phishing data, to every digit" {
    data_file phishing.csv
    [ "$(progressive accuracy --learner sgd)" = 0.8872 ]
    near "$(progressive progressive_loss --learner sgd)" .3829302908826168
    f1=$(wh-update -m m.whm --new --label is_phishing --learner sgd -p -o ndjson -q "$DATA_FILE" |
        jq -s '[.[] | [.prediction == 1, .is_phishing == 1]] |
            [map(select(.[0] and .[1])), map(select(.[0] != .[1]))] | map(length) |
            2 * .[0] / (2 * .[0] + .[1])')
    [ "$f1" = 0.8712328767123288 ] || [ "$f1" = 0.8712328767123287 ]
}

# rows: generated ones with numbers, words, blanks and zeros.
rows() {
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(11)
        split("red,green,blue", color, ",")
        print "id,a,b,color,y"
        for (i = 1; i <= 600; i++) {
            a = random() * 4 - 2; b = int(random() * 3); c = int(random() * 3) + 1
            printf "%d,%s,%d,%s,%d\n", i, random() < .1 ? "" : a, b, color[c],
                (a + b - 2 * (c == 1) + random() * 2 - 1 > .5)
        }
    }'
}

@test "each learner learns, and a run in two halves is the same as one run" {
    rows >all.csv
    sed -n '1,251p' all.csv >first.csv
    (head -n 1 all.csv && sed -n '252,$p' all.csv) >second.csv
    for learner in nag ftrl coin sgd; do
        wh-update -m one.whm --new --label y --id id --learner $learner -q --stats stats.json all.csv
        jq -e '.progressive_loss < .9 * .baseline_constant and .accuracy > .7' stats.json
        wh-update -m two.whm --new --label y --id id --learner $learner -q first.csv
        wh-update -m two.whm -q second.csv
        [ "$(wh-score -m one.whm --digest)" = "$(wh-score -m two.whm --digest)" ]
        wh-score -m one.whm --describe | grep -q "^learner *$learner"
    done
}

@test "each learner learns classes and numbers too" {
    rows >rows.csv
    for learner in nag ftrl coin sgd; do
        wh-update -m m.whm --new --label color --ignore id --learner $learner -q --stats s.json rows.csv
        jq -e '.accuracy > .4' s.json
        wh-update -m m.whm --new --label a --ignore id --learner $learner --task regression -q \
            --stats s.json rows.csv
        jq -e '.progressive_loss < .95 * .baseline_constant' s.json
    done
}

@test "penalties make weights small, are part of the model, and refused where they mean nothing" {
    rows >rows.csv
    for learner in nag ftrl sgd; do
        wh-update -m free.whm --new --label y --ignore id --learner $learner -q rows.csv
        wh-update -m kept.whm --new --label y --ignore id --learner $learner --l2 1 -q rows.csv
        weight='select(.[0] == "a") | .[-3] | fabs'
        [ $learner != sgd ] || weight='select(.[0] == "a") | .[-1] | fabs'
        zcat free.whm | jq "arrays | $weight" >free
        zcat kept.whm | jq "arrays | $weight" >kept
        awk 'NR == FNR { free = $1; next } { exit !($1 < free) }' free kept
        wh-update -m kept.whm --l2 1 -q rows.csv
        exits 2 wh-update -m kept.whm --l2 2 rows.csv
    done
    exits 2 wh-update -m m.whm --label y --learner coin --l1 1 rows.csv
    says 'a stake has no length of step'
    exits 2 wh-update -m m.whm --label y --learner nag --l1 -1 rows.csv
    says '--l1: "-1" is not a number from 0 to 1e9'
}

# crossed OPTION...: learns from two words of which only the pair tells the label.
crossed() {
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(5)
        split("Lagos,Oslo,Lima", city, ","); split("gold,basic", plan, ",")
        print "city,plan,y"
        for (i = 0; i < 1500; i++) {
            c = int(random() * 3) + 1; p = int(random() * 2) + 1
            printf "%s,%s,%d\n", city[c], plan[p], ((c == 1) == (p == 1)) != (random() < .05)
        }
    }' >crossed.csv
    wh-update -m m.whm --new --label y -q --stats stats.json "$@" crossed.csv
}

@test "nag with all pairs and squares reaches the loss of Vowpal Wabbit on the phishing data" {
    data_file phishing.csv
    near "$(progressive progressive_loss --learner nag --interactions all)" .301205
    jq -e '.features == 9 + 9 * 10 / 2' stats.json
}

@test "interactions learn what only two columns together tell" {
    crossed --learner nag
    jq -e '.accuracy < .75' stats.json
    crossed --learner nag --interactions 'city*plan'
    jq -e '.accuracy > .9 and .features == 3 + 2 + 6' stats.json
    wh-score -m m.whm --describe | grep -q 'city=Lagos\*plan=gold'
    # Scoring makes the same products.
    wh-score -m m.whm --label y -q --stats scored.json crossed.csv >scores.csv
    jq -e '.accuracy > .93' scored.json
    wh-update -m m.whm --new --label y --learner nag --interactions 'city*plan' -p -q crossed.csv |
        tail -n 1 >last
    sed '$d' crossed.csv | wh-update -m m.whm --new --label y --learner nag \
        --interactions 'city*plan' -q -
    (head -n 1 crossed.csv && tail -n 1 crossed.csv) | wh-score -m m.whm -q - | tail -n 1 >scored
    same last scored
}

@test "a row with millions of products is bad, and many features of few hashes are read soon" {
    awk 'BEGIN {
        printf "{\"y\":1,\"features\":{\"f0\":1"
        for (i = 1; i < 3000; i++) printf ",\"f%d\":1", i
        print "}}"
    }' >wide.ndjson
    exits 1 wh-update -m m.whm --label y --learner nag --interactions all wide.ndjson
    says 'more than 4194304 products of features: choose fewer with --interactions'
    awk 'BEGIN {
        printf "{\"y\":1,\"features\":{\"f0\":1"
        for (i = 1; i < 1500000; i++) printf ",\"f%d\":1", i
        print "}}"
    }' >wider.ndjson
    timeout "$PATIENCE" wh-update -m m.whm --label y --learner nag --hash-bits 17 -q wider.ndjson
}

@test "interactions are part of the model, and what is no pair is refused" {
    crossed --learner nag --interactions 'city*plan'
    wh-update -m m.whm -q crossed.csv
    exits 2 wh-update -m m.whm --interactions all crossed.csv
    says 'was learned with --interactions city*plan'
    exits 2 wh-update -m m.whm --new --label y --interactions city crossed.csv
    says 'is no pair of names'
}

@test "explanations of each linear learner add up" {
    rows >rows.csv
    for learner in nag ftrl coin sgd; do
        wh-update -m m.whm --new --label y --ignore id --learner $learner -q rows.csv
        wh-score -m m.whm --explain 2 -o ndjson -q rows.csv |
            jq -e -s 'map(.explanation | .total - .constant - .rest - (.features | map(.[1]) | add)
                | fabs) | max < 1e-9'
    done
}

# turning: rows of which the label turns round after 2,000 of 4,000, one an hour.
turning() {
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(9)
        print "hour,x,z,y"
        for (i = 0; i < 4000; i++) {
            x = random() * 2 - 1; z = random() * 2 - 1
            up = x + z / 2 + (random() - .5) / 2 > 0
            printf "%d,%.4f,%.4f,%d\n", i * 3600, x, z, i < 2000 ? up : !up
        }
    }'
}

@test "with a half-life learners follow labels that turn round, by rows and by event time" {
    turning >rows.csv
    for learner in nag ftrl; do
        for half_life in 1000000 100 100h; do
            wh-update -m m.whm --new --label y --time hour --learner $learner -q -p \
                --half-life $half_life rows.csv |
                awk -F, 'NR > 2201 { right += $4 == $6 } END { print right / 1800 }'
        done >accuracies
        awk 'NR == 1 { keeps = $1; next } !($1 > .85 && $1 > keeps + .02) { exit 1 }' accuracies
        [ "$(sed -n 2p accuracies)" = "$(sed -n 3p accuracies)" ]
    done
}

@test "a run with a half-life in two halves learns the same as one run" {
    turning >all.csv
    sed -n '1,1501p' all.csv >first.csv
    (head -n 1 all.csv && sed -n '1502,$p' all.csv) >second.csv
    for learner in nag ftrl coin sgd auto; do
        for half_life in 7 50h; do
            set -- --label y --time hour --learner $learner --half-life $half_life -q
            wh-update -m one.whm --new "$@" all.csv
            wh-update -m two.whm --new "$@" first.csv
            wh-update -m two.whm -q second.csv
            [ "$(wh-score -m one.whm --digest)" = "$(wh-score -m two.whm --digest)" ]
        done
    done
    exits 2 wh-update -m one.whm --half-life 8 all.csv
    says 'was learned with --half-life 50h'
}

@test "a pause of many half-lives, however many, loses nothing between two runs" {
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(7)
        for (i = 1; i <= 200; i++) {
            t += i > 100 && i <= 120 ? 200000 : 60
            a = random() * 2 - 1; b = random() * 2 - 1
            printf "%d,%.3f,%s,%d\n", t, a, (i <= 100 || i > 160) ? b : "", (a + 2 * b > 0)
        }
    }' >rows
    (echo t,a,b,y && cat rows) >all.csv
    (echo t,a,b,y && sed -n '1,130p' rows) >first.csv
    (echo t,a,b,y && sed -n '131,$p' rows) >second.csv
    wh-update -m one.whm --label y --time t --half-life 1h -q all.csv
    wh-update -m two.whm --label y --time t --half-life 1h -q first.csv
    wh-update -m two.whm -q second.csv
    [ "$(wh-score -m one.whm --digest)" = "$(wh-score -m two.whm --digest)" ]
    printf 't,a,y\n0001-01-01,1,0\n9999-12-31,2,1\n9999-12-31,3,0\n' >rows.csv
    for learner in nag ftrl coin sgd auto; do
        wh-update -m m.whm --new --learner $learner --label y --time t --half-life 1ms -q rows.csv
        wh-update -m m.whm -q rows.csv
    done
}

@test "a half-life that is none, or without its time, is refused, and a row without the time bad" {
    turning >rows.csv
    exits 2 wh-update -m m.whm --label y --half-life soon rows.csv
    says 'neither a number of rows'
    exits 2 wh-update -m m.whm --label y --half-life 7d rows.csv
    says 'needs --time COLUMN'
    printf 'hour,x,y\n1,1,0\n,2,1\n' >rows.csv
    exits 1 wh-update -m m.whm --label y --time hour --half-life 7d rows.csv
    says 'is not a time'
}

@test "a first row without its time settles nothing, neither the task nor a class" {
    printf 't,x,y\n,1,3.5\n1,1,cat\n2,2,dog\n3,1,cat\n' >rows.csv
    (echo t,x,y && sed -n '3,$p' rows.csv) >good.csv
    for learner in nag auto; do
        set -- --new --label y --time t --half-life 7d --learner $learner -q
        wh-update -m m.whm "$@" --rejects bad rows.csv
        [ "$(jq -r .rule bad)" = time ]
        wh-update -m good.whm "$@" good.csv
        [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m good.whm --digest)" ]
    done
}

@test "rows of a class of weight 0 teach nothing, and are counted by what was predicted of them" {
    rows >rows.csv
    for last in 20 21 22 23 24 25; do
        (head -n 1 rows.csv && sed -n "2,${last}p" rows.csv) >first.csv
        (head -n 1 rows.csv && sed -n "$((last + 1)),40p" rows.csv) >second.csv
        head -n 40 rows.csv |
            wh-update -m one.whm --new --label color --learner nag --class-weight red=0 -q
        wh-update -m two.whm --new --label color --learner nag --class-weight red=0 -q first.csv
        wh-update -m two.whm -q second.csv
        [ "$(wh-score -m one.whm --digest)" = "$(wh-score -m two.whm --digest)" ]
    done
}

@test "class weights teach like row weights, of two classes and of more" {
    rows >rows.csv
    awk -F, 'NR == 1 { print $0 ",w"; next } { print $0 "," ($5 == 1 ? 3 : 1) }' rows.csv >two.csv
    awk -F, 'NR == 1 { print $0 ",w"; next } { print $0 "," ($4 == "red" ? .5 : 1) }' rows.csv >many.csv
    for learner in nag ftrl coin sgd; do
        set -- --new --learner $learner --ignore id -q
        wh-update -m a.whm "$@" --label y --weight w two.csv
        wh-update -m b.whm "$@" --label y --class-weight 1=3 rows.csv
        zcat a.whm | jq -c arrays >a
        zcat b.whm | jq -c arrays >b
        same a b
        wh-update -m a.whm "$@" --label color --weight w many.csv
        wh-update -m b.whm "$@" --label color --class-weight blue=1,red=0.5 rows.csv
        zcat a.whm | jq -c arrays >a
        zcat b.whm | jq -c arrays >b
        same a b
    done
    exits 2 wh-update -m m.whm --label a --task regression --class-weight 1=2 rows.csv
    says '--class-weight is for classes'
    exits 2 wh-update -m m.whm --label y --class-weight 1:2 rows.csv
    says 'must be LABEL=WEIGHT'
}

@test "--hash-bits keeps no names, bounds the model, and scores by the same hashes" {
    awk "$RANDOM_AWK"'BEGIN { random_seed(4); for (i = 0; i < 3000; i++) { w = int(random() * 2000)
        printf "{\"y\":%d,\"word\":\"w%d\",\"x\":%.3f}\n", random() < (w % 2 ? .9 : .1), w, random() } }' \
        >rows
    for learner in nag ftrl coin sgd; do
        wh-update -m m.whm --new --label y --learner "$learner" --hash-bits 10 -q \
            --stats stats.json rows
        jq -e '.features <= 1024 and .features > 700' stats.json
        zcat m.whm >text
        grep -q '^\["#' text
        ! grep -q 'w[0-9][0-9]*"' text
        wh-score -m m.whm --label y -n -q --stats score.json rows
        jq -e '.loss < .baseline_constant' score.json
        head -n 1234 rows >first
        tail -n +1235 rows >second
        wh-update -m two.whm --new --label y --learner "$learner" --hash-bits 10 -q first
        wh-update -m two.whm -q second
        [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m two.whm --digest)" ]
    done
    # Of one bit all features meet in two, their values added.
    printf '%s\n' '{"y":1,"a":1,"b":2,"c":4}' '{"y":0,"a":1,"b":2,"c":4}' >few
    wh-update -m m.whm --new --label y --learner nag --hash-bits 1 -q few
    zcat m.whm | grep -c '^\["#[01]",' | grep -qx '[12]'
    exits 2 wh-update -m n.whm --label y --hash-bits 10 rows
    says '--hash-bits is not for the learner auto'
    exits 2 wh-update -m n.whm --label y --hash-bits 29 --learner nag rows
    exits 2 wh-update -m m.whm --hash-bits 10 few
    says 'm.whm was learned with --hash-bits 1'
}

@test "--class-weight and --interactions tell of labels and values that never came" {
    data_file phishing.csv
    exits 0 wh-update -m m.whm --label is_phishing --class-weight '0=2,yes=5' "$DATA_FILE"
    says '--class-weight: no row had the label "yes"'
    exits 0 wh-update -m m.whm --new --label is_phishing --learner nag \
        --interactions 'https*long_url=far,all' "$DATA_FILE"
    says '--interactions: no feature and no column of strings is called "long_url=far"'
    exits 0 wh-update -m m.whm --new --label is_phishing --learner nag --class-weight 0=2,1=1 \
        --interactions 'https*long_url,all' "$DATA_FILE"
    [[ $stderr != *--interactions* && $stderr != *--class-weight* ]]
}

@test "numbers that must be above 0 are" {
    printf '%s\n' '{"y":1,"x":1}' '{"y":0,"x":2}' >rows
    for option in passes hash-bits max-features; do
        exits 2 wh-update -m m.whm --label y --learner nag --$option 0 rows
        says "--$option: \"0\" is not a whole number from 1 to "
    done
}

@test "--describe tells what a model learns with" {
    printf '%s\n' '{"y":1,"x":1}' '{"y":0,"x":2}' >rows
    wh-update -m m.whm --label y --learner ftrl --l1 .5 --l2 .25 --hash-bits 8 --max-features 9 \
        -q rows
    wh-score -m m.whm --describe >described
    grep -q '^l1  *0.5$' described
    grep -q '^l2  *0.25$' described
    grep -q '^hash bits  *8$' described
    grep -q '^max features  *9$' described
}
