# What wh-update counts of its predictions, and wh-score --calibrate.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2094,SC2154
load ../helper

# rows COUNT SEED: the label depends on a, and much on chance.
rows() {
    awk -v count="$1" -v seed="$2" "$RANDOM_AWK"'BEGIN {
        random_seed(seed)
        for (i = 0; i < count; i++) {
            a = random() * 4 - 2; b = random() * 4 - 2; chance = random()
            share = 1 / (1 + exponential(-(a + b / 2 - 1)))
            yes = chance < share ? "true" : "false"
            kind = chance < share / 2 ? "u" : chance < share ? "v" : "w"
            printf "{\"yes\":%s,\"kind\":\"%s\",\"a\":%.4f,\"b\":%.4f}\n", yes, kind, a, b
        }
    }'
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

counts() {
    zcat "$1" | grep '^{"calibration":'
}

@test "each row is counted once, by the prediction before it was learned from" {
    rows 500 1 >rows
    wh-update -m m.whm --learner nag --label yes --ignore kind -q -p rows >passed
    prints 1 eval 'counts m.whm | wc -l'
    counts m.whm | jq -e '.calibration | .rows == 500 and (.bins | map(.[1] + .[2]) | add) == 500'
    # Bins 1/32 wide: those that the scores passed on fall into.
    counts m.whm | jq -c '[.calibration.bins[] | [.[0], .[1], .[2]]]' >found
    jq -cs 'map({bin: (.score | (. / (1 - .) | log) | . * 32 | floor + 512), yes}) | group_by(.bin)
        | map([.[0].bin, (map(select(.yes | not)) | length), (map(select(.yes)) | length)])' \
        passed >wanted
    same wanted found
}

@test "counts go on where they were, and runs that are split count the same" {
    rows 600 2 >rows
    wh-update -m whole.whm --learner nag --label yes --ignore kind -q rows
    head -n 251 rows | wh-update -m split.whm --learner nag --label yes --ignore kind -q
    tail -n +252 rows | wh-update -m split.whm -q
    same <(counts whole.whm) <(counts split.whm)
    prints "$(wh-score -m whole.whm --digest)" wh-score -m split.whm --digest
}

@test "weights count, and rows of weight 0 do not" {
    printf 'y,a,w\n1,1,2.5\n0,-1,0.25\n1,2,0\n' | wh-update -m m.whm --label y --weight w -q
    counts m.whm | jq -e '.calibration | .rows == 2
        and (.bins | [(map(.[1]) | add), (map(.[2]) | add)] == [0.25, 2.5])'
}

@test "numbers are not counted, and of many classes each is" {
    rows 300 3 >rows
    wh-update -m number.whm --learner nag --label a --ignore yes,kind -q rows
    [ -z "$(counts number.whm || true)" ]
    wh-update -m many.whm --learner nag --label kind --ignore yes -q rows
    # All but the first row, which was predicted before any class was known.
    counts many.whm | jq -es 'length == 3 and ([.[].calibration.bins[][2]] | add) == 299'
}

@test "a model that says too much says what is so when calibrated" {
    rows 20000 4 >train
    rows 10000 5 >fresh
    # Hinge loss makes no probabilities; squared loss makes poor ones.
    local loss how
    for loss in logistic squared hinge; do
        wh-update -m m.whm --new --learner nag --loss $loss --label yes --ignore kind -q train
        for how in isotonic platt; do
            wh-score -m m.whm --calibrate $how --label yes --stats stats fresh >scored 2>/dev/null
            # By the shares that the rows were drawn with it would be .498; hinge loss does not find
            # their order as well.
            jq -e '.loss_name == "logistic" and .loss < .52 and .rows_measured == 10000' stats
            # In each fifth of the scores the share of positive rows is the mean score.
            jq -es 'sort_by(.score) | [_nwise(2000)] | all(((map(.score) | add / length)
                - (map(select(.yes)) | length / 2000)) | fabs < 0.06)' scored
        done
    done
}

@test "isotonic keeps the order of scores, and platt keeps them apart too" {
    rows 3000 6 >rows
    wh-update -m m.whm --learner nag --label yes --ignore kind -q rows
    wh-score -m m.whm rows >plain
    local how
    for how in isotonic platt; do
        wh-score -m m.whm --calibrate $how rows >by.$how
        jq -es --slurpfile plain plain 'to_entries | map([$plain[.key].score, .value.score])
            | sort | map(.[1]) | . == sort' by.$how
    done
    jq -es 'map(.score) | unique | length > 2000' by.platt
    jq -es 'all(.score > 0 and .score < 1)' by.isotonic
}

@test "probabilities of many classes still add up to 1, and the likeliest is predicted" {
    rows 3000 7 >rows
    wh-update -m m.whm --learner nag --label kind --ignore yes -q rows
    local how
    for how in isotonic platt; do
        wh-score -m m.whm --calibrate $how --proba rows |
            jq -es 'all((.proba | add - 1 | fabs < 1e-12) and .proba[.prediction] == .score
                and .score == (.proba | [.[]] | max))'
    done
    wh-score -m m.whm --label kind -n -q --stats plain rows
    wh-score -m m.whm --label kind -n -q --calibrate platt --stats platt rows
    jq -e --slurpfile plain plain '.loss < $plain[0].loss + .01' platt
}

@test "what cannot be calibrated is refused with the reason" {
    rows 100 8 >rows
    wh-update -m number.whm --learner nag --label a --ignore yes,kind -q rows
    exits 2 wh-score -m number.whm --calibrate platt rows
    says 'number.whm: --calibrate is for probabilities, and the model predicts numbers'
    awk 'BEGIN { print "k,a"; for (i = 0; i < 200; i++) print "c" i % 65 "," i % 7 }' >many.csv
    wh-update -m many.whm --learner nag --label k -q many.csv
    exits 2 wh-score -m many.whm --calibrate isotonic many.csv
    says 'cannot be calibrated: it has 65 classes, and predictions are counted of 64 at most'
    [ -z "$(counts many.whm || true)" ]
    printf 'y,a,w\n1,1,0\n0,-1,0\n' | wh-update -m none.whm --learner nag --label y --weight w -q
    exits 2 wh-score -m none.whm --calibrate platt rows
    says 'it has counted no predictions of its own yet'
    wh-update -m hinge.whm --learner nag --loss hinge --label yes --ignore kind -q rows
    exits 2 wh-score -m hinge.whm --proba rows
    says 'was learned by hinge loss, from which no probability follows: add --calibrate'
    exits 0 wh-score -m hinge.whm --proba --calibrate platt rows
    exits 2 wh-score -m hinge.whm --calibrate other rows
}

@test "counts that cannot be are refused" {
    printf 'y,a\n1,1\n0,-1\n1,2\n' | wh-update -m m.whm --learner nag --label y -q
    local bins
    for bins in '[[2000,1,0,1]]' '[[5,-1,2,1]]' '[]' '[[5,1,0]]' '7'; do
        zcat m.whm | sed 's/"bins":\[.*\]\],/"bins":'"$bins"',/' | gzip >bad.whm
        exits 2 wh-score -m bad.whm --digest
        says 'its calibration is invalid'
    done
    zcat m.whm | sed '/^{"calibration":/p' | gzip >bad.whm
    exits 2 wh-score -m bad.whm --digest
    says 'its calibration is invalid'
}

@test "merged models have counted what all have" {
    rows 400 9 >rows
    head -n 150 rows | wh-update -m 1.whm --learner nag --label yes --ignore kind -q
    tail -n +151 rows | wh-update -m 2.whm --learner nag --label yes --ignore kind -q
    wh-update --merge 1.whm 2.whm -m all.whm -q
    counts all.whm | jq -e '.calibration | .rows == 400 and (.bins | map(.[1] + .[2]) | add) == 400'
}
