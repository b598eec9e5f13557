# shellcheck shell=bash disable=SC2016,SC2154
# Which rows count in the figures: none that was predicted before anything was known.
load ../helper

# far COUNT [FROM]: rows whose labels are 100,000 and what two columns add.
far() {
    awk -v count="$1" -v from="${2:-1}" '
        function even(n) { n = n * 7919 % 104729; n = n * n % 104729; return n * 31 % 104729 / 104729 }
        BEGIN {
            print "a,b,y"
            for (i = from; i < from + count; i++) {
                a = even(3 * i); b = even(3 * i + 1)
                printf "%.4f,%.4f,%.3f\n", a, b, 100000 + 10 * a - 5 * b + 3 * even(3 * i + 2)
            }
        }'
}

@test "the first number is no error of 100,000, for any learner and loss" {
    far 300 >rows.csv
    local learner loss
    for learner in auto nag ftrl coin sgd; do
        for loss in squared absolute huber quantile:0.9 poisson; do
            wh-update -q -m m.whm --new --label y --learner $learner --loss $loss \
                --stats stats.json rows.csv
            jq -e '.rows_learned == 300 and .rows_not_measured == 1 and .drifts == 0' stats.json
            # Poisson loss does not take counts near 100,000 for near one another.
            [ $loss = poisson ] || jq -e '.mae < 8 and .rmse < 10' stats.json
            zcat m.whm | sed -n 1p | jq -e '.rows == 300 and .metrics.passed_over == 1
                and .metrics.weight == 299'
        done
        wh-update -q -m m.whm --new --label y --learner $learner --stats stats.json rows.csv
        jq -e '.progressive_loss < 3 * .baseline_constant' stats.json
    done
}

@test "the baselines are of the rows that are measured" {
    printf 'x,y\n1,9\n1,11\n1,13\n1,11\n' >rows.csv
    wh-update -q -m m.whm --label y --learner nag --stats stats.json rows.csv
    # 11, 13 and 11: their variance, and how far each was from the one before.
    jq -e '.baseline_constant - 8 / 9 | fabs < 1e-12' stats.json
    jq -e '.baseline_no_change == 4 and .baseline_no_change_mae == 2' stats.json
}

@test "the label before the first row of a run is that of the run before" {
    printf 'x,y\n1,9\n1,11\n' >first.csv
    printf 'x,y\n1,14\n1,14\n' >second.csv
    local learner
    for learner in auto nag; do
        wh-update -q -m m.whm --new --label y --learner $learner first.csv
        wh-update -q -m m.whm --stats stats.json second.csv
        jq -e '.rows_not_measured == 0 and .baseline_no_change == 4.5' stats.json
    done
    printf 'x,y\n1,a\n1,b\n' >first.csv
    printf 'x,y\n1,b\n1,a\n' >second.csv
    wh-update -q -m m.whm --new --label y first.csv
    wh-update -q -m m.whm --stats stats.json second.csv
    jq -e '.baseline_no_change_accuracy == 0.5' stats.json
}

@test "of two classes every row is measured, the first as an even guess" {
    printf 'x,y\n1,yes\n1,yes\n' >rows.csv
    wh-update -q -m m.whm --label y --stats stats.json rows.csv
    jq -e '.rows_not_measured == 0' stats.json
    head -n 2 rows.csv | wh-update -q -m one.whm --label y --learner nag --stats stats.json
    jq -e '.progressive_loss - (2 | log) | fabs < 1e-12' stats.json
    # Under squared loss the first is predicted as 0, which follows from nothing.
    head -n 2 rows.csv | wh-update -q -m two.whm --label y --learner nag --loss squared \
        --stats stats.json
    jq -e '.rows_not_measured == 1 and (has("progressive_loss") | not)' stats.json
}

@test "of several classes the row that brings the first is not measured, others are" {
    printf 'x,y\n1,a\n1,a\n1,b\n' >rows.csv
    wh-update -q -m m.whm --label y --stats stats.json rows.csv
    jq -e '.rows_not_measured == 1 and .accuracy == 0.5' stats.json
}

@test "a run of which nothing is measured says so" {
    printf 'x,y\n1,9\n' >rows.csv
    exits 0 wh-update -m m.whm --label y rows.csv
    says 'progressive loss not measured: the model knew nothing before these rows'
    wh-score -m m.whm --describe | grep -q '^loss  *no row was measured yet'
    exits 0 wh-update -m m.whm --progress rows.csv
    says 'progressive loss 0 (squared)'
    # Of weight 0 the first row taught nothing either, so that the second is measured by nothing.
    printf 'x,w,y\n1,0,9\n1,1,9\n1,1,9\n' >rows.csv
    wh-update -q -m w.whm --label y --weight w --stats stats.json rows.csv
    jq -e '.rows_not_measured == 2 and .progressive_loss == 0' stats.json
    sed -n 1,2p rows.csv | wh-update -q -m none.whm --label y --weight w
    wh-score -m none.whm --label y --stats stats.json rows.csv 2>err
    jq -e '.rows_measured == 0 and .rows_not_measured == 3 and (has("loss") | not)' stats.json
    grep -q 'measured on 0 rows' err
}

@test "rows that come right after a learner has started anew are not measured by nothing either" {
    awk 'BEGIN { print "x,y"; for (i = 1; i <= 6000; i++)
        print i * 7919 % 101 "," 1000 + i * 31 % 97 / 10 + (i > 3000 ? 500 + i * 7 % 1000 : 0) }' >rows.csv
    wh-update -m m.whm --label y --learner nag --on-drift reset --stats stats.json rows.csv 2>err
    grep -q 'the learner starts anew' err
    jq -e '.rows_not_measured == 1 + .drifts and .drifts >= 1' stats.json
}

@test "a run in parts measures what one run does" {
    far 90 >all.csv
    wh-update -q -m one.whm --label y all.csv
    (head -n 1 all.csv && sed -n 2p all.csv) | wh-update -q -m parts.whm --label y
    (head -n 1 all.csv && sed -n 3,40p all.csv) | wh-update -q -m parts.whm
    (head -n 1 all.csv && sed -n '41,$p' all.csv) | wh-update -q -m parts.whm
    prints "$(wh-score -m one.whm --digest)" wh-score -m parts.whm --digest
}
