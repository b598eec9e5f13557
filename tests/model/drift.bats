# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# rows FROM TO [TURN]: generated rows of two classes by their number; from row TURN on the classes
# are exchanged. A row is the same however the range is cut.
rows() {
    awk -v from="$1" -v to="$2" -v turn="${3:-0}" '
        function even(n) {
            n = n * 7919 % 104729
            n = n * n % 104729
            return n * 31 % 104729 / 104729
        }
        BEGIN {
            print "time,a,b,y"
            for (i = from; i <= to; i++) {
                a = even(i * 3 + 1); b = even(i * 3 + 2)
                y = a - b + (even(i * 3 + 3) - .5) * .4 > 0
                if (turn && i >= turn)
                    y = 1 - y
                printf "%d,%.4f,%.4f,%d\n", 1700000000 + i, a, b, y
            }
        }'
}

@test "an abrupt drift is told with its row and time, soon and once" {
    rows 1 20000 10001 | wh-update -m m.whm --label y --time time --stats stats.json 2>err
    jq -e '.drifts == 1 and (.last_drifts | length) == 1' stats.json
    jq -e '.last_drifts[0] | .row > 10000 and .row < 10200 and .test == "adwin"
        and .loss_after > 2 * .loss_before and (.time | tonumber) == 1700000000 + .row' stats.json
    grep -E '^wh-update: drift at row 10[01][0-9]+ \(17000[0-9]+\): the loss rose from 0' err
    [ "$(grep -c drift err)" = 1 ]
    wh-score -m m.whm --describe | grep -E '^drift +found 1 time by adwin$'
    wh-score -m m.whm --describe | grep 'row 10'
    rm m.whm
    rows 1 20000 10001 | wh-update -q -m m.whm --label y --time time 2>err
    [ ! -s err ]
}

@test "100,000 rows without drift raise no alarm, by any test" {
    rows 1 100000 >rows.csv
    for test in adwin page-hinkley both; do
        wh-update -q -m $test.whm --label y --ignore time --drift $test --stats stats.json rows.csv
        jq -e '.drifts == 0 and .last_drifts == []' stats.json
    done
}

@test "a learner that wanders raises no alarm, so that --on-drift reset changes nothing" {
    # One row in 30 is positive.
    rows 1 40000 | awk -F, -v OFS=, "$RANDOM_AWK"'NR == 1 { print; next } {
        u = (NR * 48271 + 11) % 2147483647; u = (u * 16807) % 2147483647
        u = (u % 46337) * (u % 46337) % 104729 / 104729
        $4 = (u < 1 / (1 + exponential(6 - 5 * $2 - $3)) ? 1 : 0); print }' >rows.csv
    for what in warn reset; do
        wh-update -q -m $what.whm --label y --ignore time --drift both --on-drift $what \
            --stats $what.json rows.csv
        jq -e '.drifts == 0' $what.json
    done
    [ "$(jq .progressive_loss warn.json)" = "$(jq .progressive_loss reset.json)" ]
}

@test "labels far from 0, and a wrong one among the first, do not blind the tests" {
    for wrong in 0 1; do
        rows 1 6000 | awk -F, -v OFS=, -v wrong=$wrong 'NR == 1 { print; next } {
            $4 = 100000 + (NR > 4000 ? -20 : 20) * $2 + 3 * $3
            if (wrong && NR == 50) $4 = 1e9
            print }' >rows.csv
        for learner in auto nag coin; do
            wh-update -q -m m.whm --new --label y --ignore time --learner $learner --drift adwin \
                --stats stats.json rows.csv
            jq -e '.drifts == 1 and .last_drifts[0].row > 4000 and .last_drifts[0].row < 4500' stats.json
        done
    done
}

@test "each test finds a drift, and none looks for none" {
    rows 1 20000 10001 >rows.csv
    for test in adwin page-hinkley both; do
        wh-update -q -m $test.whm --label y --ignore time --drift $test --stats stats.json rows.csv
        jq -e '.drifts == 1 and .last_drifts[0].row < 10500' stats.json
    done
    wh-update -m none.whm --label y --ignore time --drift none --stats stats.json rows.csv 2>err
    jq -e 'has("drifts") | not' stats.json
    run ! grep -q drift err
}

@test "--on-drift reset starts the learner anew, and the loss recovers faster" {
    rows 1 20000 10001 >rows.csv
    for what in warn reset; do
        wh-update -m $what.whm --label y --ignore time --learner nag --on-drift $what \
            --stats $what.json rows.csv 2>err
    done
    grep -q 'the learner starts anew$' err
    [ "$(jq .last_drifts[0].row warn.json)" = "$(jq .last_drifts[0].row reset.json)" ]
    jq -es '.[0].progressive_loss * .6 > .[1].progressive_loss' warn.json reset.json
    jq -e '.rows_learned == 20000 and .features == 2' reset.json
    [ "$(digest warn.whm)" != "$(digest reset.whm)" ]
}

@test "--on-drift reset forgets a regression's unit too" {
    rows 1 6000 | awk -F, 'NR == 1 { print "a,b,y"; next } {
        print $2 "," $3 "," (NR < 3000 ? 1 : 1000) * ($2 + 2 * $3) + NR % 7 / 100 }' >rows.csv
    wh-update -q -m m.whm --label y --on-drift reset --stats stats.json rows.csv
    jq -e '.drifts >= 1 and .last_drifts[0].row > 2999 and .last_drifts[0].row < 3300' stats.json
    zcat m.whm | sed -n 1p | jq -e '.target.weight < 3001'
}

@test "a run in parts finds the same drifts and learns the same as one run" {
    rows 1 12000 6001 >all.csv
    for what in warn reset; do
        wh-update -q -m one.whm --new --label y --time time --drift both --on-drift $what all.csv
        rm -f parts.whm
        for from in 1 50 777 4001 6050 6100 9000; do
            to=$(printf '%s\n' 49 776 4000 6049 6099 8999 12000 | awk -v from=$from '$1 > from' |
                sed -n 1p)
            rows $from "$to" 6001 | wh-update -q -m parts.whm --label y --time time --drift both \
                --on-drift $what
        done
        [ "$(digest one.whm)" = "$(digest parts.whm)" ]
        wh-score -m one.whm --describe >one
        wh-score -m parts.whm --describe >parts
        diff <(grep 'row 6' one) <(grep 'row 6' parts)
    done
}

@test "how drift is looked for belongs to the model, and contradictions are refused" {
    rows 1 500 >rows.csv
    exits 2 wh-update -q -m m.whm --label y --drift kswin rows.csv
    says '--drift: "kswin" is not one of adwin, page-hinkley, both, none'
    exits 2 wh-update -q -m m.whm --label y --on-drift stop rows.csv
    says '--on-drift: "stop" is not one of warn, reset'
    exits 2 wh-update -q -m m.whm --label y --drift none --on-drift reset rows.csv
    says 'contradict each other'
    wh-update -q -m m.whm --label y --drift both --on-drift reset rows.csv
    exits 2 wh-update -q -m m.whm --drift adwin rows.csv
    says 'was learned with --drift both'
    exits 2 wh-update -q -m m.whm --on-drift warn rows.csv
    says 'was learned with --on-drift reset'
    wh-update -q -m m.whm rows.csv
    zcat m.whm | sed -n 1p | jq -e '.options.drift == "both" and .options.on_drift == "reset"'
}
