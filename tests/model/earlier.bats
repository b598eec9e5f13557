# shellcheck shell=bash disable=SC2016,SC2154
# Models of earlier versions, which are kept in tests/model/earlier: they are read, and go on.
load ../helper
load ../earlier

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    cp "$ROOT"/tests/model/earlier/*.whm .
}

@test "a model that was watched by bent losses keeps what was found, and is watched anew" {
    prints 1049bb5d5ce17db789e86ad81362fed63aaafacef933d8739ea424788847b41e \
        wh-score -m drifted.whm --digest
    wh-score -m drifted.whm --describe | grep -q 'row 2056: the loss rose from 0.248483 to 1.71338'
    awk 'BEGIN { print "x,y"; for (i = 1; i <= 6000; i++) {
        x = i * 7919 % 101; print x "," ((x > 50) != (i > 3000)) } }' |
        wh-update -q -m drifted.whm --stats stats.json
    jq -e '.drifts >= 2 and .last_drifts[0].row == 2056 and .last_drifts[1].row > 4000' stats.json
}

@test "Y and N, which once were classes of many, go on as those" {
    printf 'x,y\n1,Y\n2,N\n' >rows.csv
    exits 0 wh-update -m letters.whm rows.csv
    says 'only two classes have come, "Y" and "N"'
    zcat letters.whm | sed -n 1p | jq -e '.task == "multiclass" and .labels == ["Y","N"] and .rows == 6'
    wh-score -q -m letters.whm rows.csv | cut -d, -f4 | sed 1d | grep -qE '^[YN]$'
}

@test "a model of numbers goes on, and only new rows are measured otherwise" {
    printf 'x,y\n1,100000\n2,100001\n' | wh-update -q -m numbers.whm --stats stats.json
    jq -e '.mae < 5 and .rows_not_measured == 0' stats.json
    zcat numbers.whm | sed -n 1p | jq -e '.rows == 5 and .metrics.passed_over == 0'
}

# What the learner auto keeps as numbers in a row has its place there once and for all.
@test "models of auto from an earlier version score as they did" {
    printf 'x,number,class\n41,118.1,a\n82,164.1,c\n22,84,a\n' >rows.csv
    prints $'score,prediction\n0.488635,c\n0.533772,b\n0.473178,c' \
        sh -c 'wh-score -q --digits 6 -m auto_classes.whm rows.csv | cut -d, -f4,5'
    prints $'score\n111.258\n159.443\n76.3287' \
        sh -c 'wh-score -q --digits 6 -m auto_number.whm rows.csv | cut -d, -f4'
}

# What follows is of one model for each learner and task, made as earlier.bash says.

@test "models of every learner and task from an earlier version have their digests and score as they did" {
    local learner label
    cp "$ROOT"/tests/model/earlier/learners/* .
    for learner in $EARLIER_LEARNERS; do
        for label in $EARLIER_LABELS; do
            describe_earlier "${learner}_$label.whm"
        done
    done >now
    diff scores now
}

@test "they go on learning as if they had never stopped" {
    local learner label kept
    for learner in $EARLIER_LEARNERS; do
        kept=$(rows_kept "$learner")
        for label in $EARLIER_LABELS; do
            cp "$ROOT/tests/model/earlier/learners/${learner}_$label.whm" went_on.whm
            learn_earlier went_on.whm "$learner" "$label" $((kept + 1)) 160
            learn_earlier whole.whm "$learner" "$label" 1 160
            describe_earlier went_on.whm | tail -n +2 >went_on
            describe_earlier whole.whm | tail -n +2 | diff went_on -
            rm whole.whm
        done
    done
}
