# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

# Generated rows: x, a count n whose expected value is exp(1 + x), and a y with a long tail that
# widens with x.
setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(3)
        print "x,n,y"
        for (i = 0; i < 4000; i++) {
            x = random(); mean = exponential(1 + x); n = 0; p = s = exponential(-mean); u = random()
            while (u > s) { n++; p *= mean / n; s += p }
            printf "%.3f,%d,%.4f\n", x, n, -logarithm(1 - random()) * (1 + 3 * x)
        }
    }' >rows.csv
}

# below LOSS: the share of the rows, after the first 500, whose y is below what is predicted.
below() {
    wh-update -m m.whm --new --label y --ignore n --task regression --loss "$1" -p -q rows.csv |
        awk -F, 'NR > 501 { rows++; below += $3 < $4 } END { print below / rows }'
}

between() {
    awk -v low="$1" -v value="$2" -v high="$3" 'BEGIN { exit !(low < value && value < high) }'
}

@test "quantile loss learns a number that labels are below of as often as was asked for" {
    between .87 "$(below quantile:0.9)" .93
    between .47 "$(below quantile)" .53
    between .07 "$(below quantile:0.1)" .14
}

@test "absolute loss learns the median, Huber's what is between it and the mean" {
    median=$(below absolute) mean=$(below squared) between=$(below huber)
    between .47 "$median" .53
    between "$median" "$between" "$mean"
    [ "$(below absolute)" = "$(below huber:1e-6)" ]
}

@test "Poisson loss learns expected counts, whose mean is that of the counts" {
    wh-update -m m.whm --new --label n --ignore y --task regression --loss poisson -p -q \
        --stats stats.json rows.csv |
        awk -F, 'NR > 501 { n += $2; score += $4 } END { exit !(score / n > .99 && score / n < 1.01) }'
    jq -e '.progressive_loss < .8 * .baseline_constant and .loss_name == "poisson"' stats.json
}

@test "a label below zero is no count" {
    printf 'x,n\n1,2\n1,-1\n' >rows.csv
    exits 1 wh-update -m m.whm --label n --task regression --loss poisson rows.csv
    says 'below zero is no count'
}

@test "hinge loss scores by the margin, whose sign is the prediction" {
    awk -F, 'NR == 1 { print "x,z,high"; next } { print $1 "," $2 "," ($1 + $2 / 10 > .8) }' rows.csv |
        wh-update -m m.whm --label high --loss hinge -p -q --stats stats.json >out.csv
    awk -F, 'NR > 1 && $5 != "" { if (($4 > 0) != $5) exit 1 }' out.csv
    jq -e '.accuracy > .9 and .progressive_loss < .3 * .baseline_constant' stats.json
}

# classes: rows of two classes of which a column of whole numbers tells, one in 20 positive.
classes() {
    awk "$RANDOM_AWK"'BEGIN {
        print "a,b,y"
        for (i = 1; i <= 6000; i++) {
            u = i * 7919 % 104729; u = u * u % 104729; a = u % 1000 / 100 - 5
            u = (u * 31 + i) % 104729; b = u * u % 104729 % 1000 / 100 - 5
            u = (u * 17 + i) % 104729; noise = u * u % 104729 / 104729
            printf "%.2f,%.2f,%d\n", a, b, noise < 1 / (1 + exponential(6 - a - b))
        }
    }'
}

@test "no loss loses the order of rows that are sure: hinge and squared rank as logistic does" {
    classes >rows.csv
    local learner loss
    for learner in auto nag ftrl coin sgd; do
        for loss in logistic hinge squared; do
            wh-update -q -m m.whm --new --label y --learner $learner --loss $loss rows.csv
            wh-score -q -m m.whm --label y --stats $loss.json rows.csv >$loss.csv
        done
        jq -es '.[0].auc as $auc | all(.auc > $auc - .01)' logistic.json hinge.json squared.json
        # Most rows have a score of their own.
        [ "$(sed 1d hinge.csv | cut -d, -f4 | sort -u | wc -l)" -gt 5500 ]
        awk -F, 'NR > 1 && !($4 >= 0 && $4 <= 1) { exit 1 }' squared.csv
    done
}

@test "the score of hinge loss may be beyond 1, and --calibrate keeps its order" {
    classes >rows.csv
    wh-update -q -m m.whm --label y --learner nag --loss hinge rows.csv
    wh-score -q -m m.whm rows.csv | awk -F, 'NR > 1 && $4 < -2 { far++ } END { exit far < 100 }'
    paste -d, <(wh-score -q -m m.whm rows.csv | cut -d, -f4) \
        <(wh-score -q -m m.whm --calibrate platt rows.csv | cut -d, -f4) | sed 1d |
        LC_ALL=C sort -t, -g | awk -F, '$2 < last - 1e-12 { exit 1 } { last = $2 }'
}

@test "a loss that is not for the task, or no loss, is refused" {
    exits 2 wh-update -m m.whm --label n --task regression --loss hinge rows.csv
    exits 2 wh-update -m m.whm --label n --positive 1 --loss poisson rows.csv
    exits 2 wh-update -m m.whm --label y --loss quantile:1 rows.csv
    says 'TAU must be above 0 and below 1'
    exits 2 wh-update -m m.whm --label y --loss cubic rows.csv
    says 'is not one of squared, absolute, huber:DELTA'
}

@test "a loss with its parameter is part of the model" {
    wh-update -m m.whm --label y --task regression --loss quantile:0.9 -q rows.csv
    wh-update -m m.whm --loss quantile:9e-1 -q rows.csv
    exits 2 wh-update -m m.whm --loss quantile:0.8 rows.csv
    says 'was learned with --loss quantile:0.9'
    [ "$(zcat m.whm | sed -n 1p | jq -r .loss)" = quantile:0.9 ]
}

@test "a model of counts of which one is the largest number there may be is read again" {
    printf '%s\n' '{"y":0.001,"w":1e50,"x":1}' '{"y":1e50,"w":1e-50,"x":2}' >rows
    for learner in nag ftrl coin sgd auto; do
        wh-update -m m.whm --new --learner $learner --loss poisson --label y --weight w -q rows
        wh-update -m m.whm -q rows
    done
}
