# shellcheck shell=bash disable=SC2016,SC2154
# What labels mean: the task, spellings, and remedies for labels that do not fit.
load ../helper

# learn "LABEL ..." [OPTION...]: a model m.whm of one row for each label, as JSON has it.
learn() {
    local label x=0
    rm -f m.whm
    for label in $1; do
        x=$((x + 1))
        printf '{"x":%d,"y":%s}\n' $x "$label"
    done >rows
    shift
    wh-update -m m.whm --label y "$@" rows
}

header() {
    zcat m.whm | sed -n 1p | jq -c "$@"
}

# two POSITIVE NEGATIVE: labels of two classes, whichever comes first, of which the first is the
# positive one.
two() {
    local labels
    for labels in "$1 $2" "$2 $1" "$2 $1 $2 $1"; do
        learn "$labels" -q
        prints '"binary"' header .task
        header .labels[1] | grep -qxF "\"${1//\"/}\""
        wh-score -q -m m.whm rows | jq -es 'all(.score | . > 0 and . < 1)'
    done
}

@test "the usual words are two classes, as texts in any case, numbers and booleans" {
    two true false
    two 1 0
    two 1 -1
    two 1.0 0.0
    local pair
    for pair in 'Y N' 'y n' 'T F' 't f' 'yes no' 'YES No' 'True FALSE' '1 0' '1 -1' '+1 -1' '1.0 0'; do
        two "\"${pair% *}\"" "\"${pair#* }\""
    done
}

@test "so they are in CSV, with and without quotes" {
    local labels
    for labels in 'Y N' 'T F' 'yes no' 'TRUE FALSE' '1 0' '1 -1' '+1 -1' '"1" "0"' '"t" "f"' \
        'on off'; do
        printf 'x,y\n1,%s\n2,%s\n' "${labels#* }" "${labels% *}" >rows.csv
        wh-update -q -m m.whm --new --label y rows.csv
        prints '"binary"' header .task
        wh-update -q -m m.whm --new --string y --label y rows.csv
        prints '"binary"' header .task
    done
}

@test "a label in another spelling is the same class" {
    learn '1 0 "1" 1.0 true "TRUE" "t" "0" false "F" 0.0' -q
    wh-score -q -m m.whm --label y --stats stats.json rows >scored
    prints '["0","1"]' header .labels
    jq -es 'all(.prediction == 0 or .prediction == 1)' scored
    learn 'true "false" 1 "True" 0' -q
    wh-score -q -m m.whm rows | jq -es 'all(.prediction | type == "boolean")'
    learn '"no" "Y" "N" "yes"' -q
    prints '["no","Y"]' header .labels
    learn '1 "false"' -q
    wh-score -q -m m.whm rows | jq -es 'all(.prediction == 1 or .prediction == "false")'
    learn '3 7 "3" 7.0' -q --task multiclass
    prints '["3","7"]' header .labels
    learn '"3" "x" 3' -q
    prints '["3","x"]' header .labels
    learn '2.5 "3.5" 4' -q
    prints '"regression"' header .task
    # What --positive names too.
    learn '"Yes" "No" "Y"' -q --positive yes
    prints '["No","Yes"]' header .labels
    learn '"No" "Yes" "N"' -q --positive no
    prints '["Yes","No"]' header .labels
    learn '2 1 "2.0"' -q --positive 2
    prints '["1","2"]' header .labels
    learn '"1" 0 true' --class-weight true=2 2>err
    run ! grep -q 'no row had the label' err
}

# refuses "LABEL ..." REMEDY [OPTION...]: the last label is a bad row, whose message names a remedy,
# with which all of them are learned from.
refuses() {
    local labels=$1 remedy=$2
    shift 2
    exits 1 learn "$labels" "$@"
    says "$remedy"
}

works() {
    # shellcheck disable=SC2086
    exits 0 learn "$1" $2
}

@test "a label that contradicts the task is a bad row, and each remedy works" {
    # Counts that begin with 0 and 1, as those of solar flares.
    refuses '0 1 0 2' '"2" is neither "0" nor "1", the labels so far'
    says '--new --task regression for a number, --task multiclass for more than two classes'
    run ! grep -q -e --positive <<<"$stderr$output"
    works '0 1 0 2' '--new --task regression'
    works '0 1 0 2' '--new --task multiclass'
    # Two classes called 1 and 2.
    refuses '1 1 2' '"2" does not go with "1", the label so far'
    says 'with --positive "2" for these two'
    works '1 1 2' '--new --positive 2'
    refuses '0 0.5' '--task regression'
    refuses '"F" "M"' 'with --positive "M" for these two'
    works '"F" "M"' '--new --positive M'
    refuses '"N" "Y" "maybe"' '--new --task multiclass for more than two classes'
    works '"N" "Y" "maybe"' '--new --task multiclass'
    refuses '1 0 -1' '"-1" is neither "0" nor "1"'
    printf '{"x":1,"y":"yes"}\n{"x":2,"y":" no"}\n' >rows
    exits 1 wh-update -m m.whm --new --label y rows
    says 'wh-clean --trim y removes the blanks'
    wh-clean --trim y rows | wh-update -q -m m.whm --new --label y
    prints '["no","yes"]' header .labels
    printf '{"x":1,"y":3}\n{"x":2,"y":"4 "}\n' >rows
    exits 1 wh-update -m m.whm --new --label y rows
    says 'wh-clean --trim y removes the blanks'
    wh-clean --trim y rows | wh-update -q -m m.whm --new --label y
    refuses '2.5 "x"' '"x" is not a number, and the task is regression'
    says 'wh-update --new --task multiclass'
    refuses '"a" 7' 'wh-clean --type y=string'
    wh-clean --type y=string rows | wh-update -q -m m.whm --new --label y
    printf 'x,y\n1,a\n2,7\n' >rows.csv
    exits 1 wh-update -m m.whm --new --label y rows.csv
    says 'so does --string y in CSV'
    exits 0 wh-update -m m.whm --new --label y --string y rows.csv
    refuses '2 1' 'of two name the positive one with --positive VALUE' --task binary
}

@test "wh-score names what wh-update takes" {
    learn '0 1' -q
    printf '{"x":1,"y":2}\n' >other
    exits 1 wh-score -m m.whm --label y other
    says 'learn anew with wh-update --new --task regression'
    learn '2.5 3' -q
    printf '{"x":1,"y":"a"}\n' >other
    exits 1 wh-score -m m.whm --label y other
    says 'learn anew with wh-update --new --task multiclass'
}

@test "the summary tells the task and what the score is" {
    exits 0 learn '"n" "y"'
    says 'task binary: the score is the probability of "y"; the other class is "n"'
    exits 0 learn '0 0'
    says 'the probability of the positive class, which no row had yet; the other class is "0"'
    exits 0 learn '"a"' --positive a
    says 'the probability of "a"; no other class has come yet'
    exits 0 learn '1 0' --loss hinge
    says 'task binary: the score is a margin, above 0 for "1"; the other class is "0"'
    exits 0 learn '"a" "b" "c"'
    says 'task multiclass, 3 classes: the score is the probability of the class that is predicted'
    exits 0 learn '2.5 3'
    says 'task regression: the score is the expected y'
    exits 0 learn '2.5 3' --loss quantile:0.9
    says 'the score is what y is below with probability 0.9'
    exits 0 wh-score -m m.whm --label y rows
    says 'task regression: the score is'
}

@test "two classes among many, and few whole numbers, are told with the remedy" {
    exits 0 learn '"a" "b" "a"'
    says 'only two classes have come, "a" and "b": learn anew with wh-update --new --positive VALUE'
    works '"a" "b" "a"' '--new --positive b'
    run ! grep -q 'only two' <<<"$stderr$output"
    exits 0 learn '2 1 3 1 2 3'
    says 'y is taken for a number, and all that came are 1, 2, 3: if these are classes'
    says '--new --task multiclass'
    works '2 1 3 1 2 3' '--new --task multiclass'
    exits 0 learn '2 1 1 2'
    says 'or with --new --positive 2 for two classes'
    local options
    for options in '--task regression' '--loss poisson'; do
        # shellcheck disable=SC2086
        exits 0 learn '2 1 3 1 2 3' $options
        run ! grep -q 'taken for a number' <<<"$stderr$output"
    done
    exits 0 learn '2 1 3 1 2.5 3'
    run ! grep -q 'taken for a number' <<<"$stderr$output"
}

@test "a loss for numbers says that labels which begin with 0 and 1 are numbers" {
    local loss
    for loss in poisson absolute huber quantile:0.9; do
        learn '0 1 0 2 3' -q --loss $loss
        prints '"regression"' header .task
    done
    learn '0 1' -q --loss squared
    prints '"binary"' header .task
    exits 2 learn '0 1' --loss poisson --positive 1
    says 'see --task regression'
}
