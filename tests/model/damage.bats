# Models in which one thing was changed, by a hand that compressed them again: each is refused with
# what is wrong.

# shellcheck disable=SC2154 # bats sets status and stderr

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    awk 'BEGIN { print "id,y,a,city"; for (i = 1; i <= 60; i++)
        printf "%d,%s,%d,c%d\n", i, i % 3 ? "yes" : "no", i * i % 13, i % 4 }' >rows.csv
}

# model OPTION...: m.whm, learned from the rows.
model() {
    rm -f m.whm
    wh-update -q -m m.whm "$@"
    gunzip -c m.whm >m
}

# refused FROM TO MESSAGE: m.whm with the first of what the pattern FROM finds made TO.
refused() {
    FROM=$1 TO=$2 perl -0pe 's/$ENV{FROM}/$ENV{TO}/' m | gzip >bad.whm
    exits 2 wh-score -m bad.whm --digest
    [[ $stderr == "wh-score: bad.whm: $3" ]] || {
        printf '%s: "%s"\ninstead of "%s"\n' "$1" "$stderr" "$3"
        return 1
    }
    [ -z "$output" ]
}

@test "each learner refuses a state that it cannot be in" {
    local learner
    for learner in nag ftrl coin; do
        model --label y --ignore id --learner $learner rows.csv
        refused '"clock":0,"highest"' '"clock":"noon","highest"' "its learner's state is invalid"
        refused '"heads":\[.*?\]' '"heads":[]' "its learner has too many or too few outputs for its task"
    done
    model --label y --ignore id --learner sgd rows.csv
    refused '"lowest":-1' '"lowest":null' "its learner's state is invalid"
    refused '"view":\{"clock":0' '"view":{"clock":[]' "its scaler's state is invalid"
    refused '\{"columns"' $'{"learner":[0,{}]}\n{"columns"' "its learner's lines are invalid"
    model --label y --ignore id --learner auto rows.csv
    refused '"view":\{"clock":0' '"view":{"clock":-1' "its learner's clock is invalid"
    refused '"pairs":1' '"pairs":-1' "its learner's view is invalid"
    refused '\{"learner":\[null,' '{"learner":[' "its learner's lines are invalid"
    refused '"edges"' '"ledges"' "its learner's lines are invalid"
    refused '\{"learner":\[0,\{' '{"learner":[7,{' "its learner's lines are invalid"
}

@test "labels that the task cannot have are refused" {
    model --label y --ignore id --learner nag rows.csv
    refused '"labels":\["no",' '"labels":[' 'it has too many or too few labels for its task'
    refused '"labels":\["no"' '"labels":[7' 'its labels are not texts'
    refused '"label_type":"string"' '"label_type":"date"' 'the type of its labels is unknown'
    model --label id --task multiclass --learner nag rows.csv
    refused '"labels":\["1"' '"labels":["one"' 'its labels are not numbers'
    refused '"offsets":\[0,' '"offsets":[' 'its offsets are invalid'
}

@test "what a model keeps beside what it has learned is checked too" {
    awk -F, -v OFS=, 'NR == 1 { print; next } { label = $2; $2 = ""; print }
        NR % 5 { print $1, label, "", "" }' rows.csv >late.csv
    model --label y --join id --within 10 --max-features 4 --learner nag late.csv
    refused '\["city","texts"' '["city","prose"' 'what it holds about columns is invalid'
    refused '"earlier":0' '"earlier":-1' 'what it holds about columns is invalid'
    refused '\{"seen":\[1,"' '{"seen":[1,"?' 'its counts of features are invalid'
    refused '"joined":48' '"joined":true' 'its rows that wait for labels are invalid'
    refused '\{"pending":\["59",106' '{"pending":["59","noon"' 'its rows that wait for labels are invalid'
    refused '"turn":1' '"turn":-1' 'its state of drift is invalid'
    refused '"test":"adwin"' '"test":"both"' 'its state of drift is invalid'
}

@test "zlib without memory is told of, and a model that is there stays" {
    without_sanitizers
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    model --label y --ignore id --learner nag rows.csv
    cp m.whm before.whm
    WH_FAULT=deflateInit2_ LD_PRELOAD="$BUILD/preload/fault.so" exits 1 wh-update -m m.whm rows.csv
    says 'm.whm: cannot compress: zlib has no memory'
    cmp m.whm before.whm
    WH_FAULT=inflateInit2_ LD_PRELOAD="$BUILD/preload/fault.so" exits 1 wh-score -m m.whm --digest
    says 'm.whm: cannot uncompress: zlib has no memory'
}

@test "lines that are missing, too long or not compressed data are named" {
    model --label y --ignore id --learner nag rows.csv
    refused '(?s)\{"columns".*' '' 'is damaged: lines are missing'
    { printf '{"wh":"model",'; head -c 4300000 /dev/zero | tr '\0' x; } | gzip -1 >bad.whm
    exits 2 wh-score -m bad.whm --digest
    says 'bad.whm: is damaged: a line is too long'
    { head -c 40 m.whm; head -c 400 /dev/zero | tr '\0' '\377'; } >bad.whm
    exits 2 wh-score -m bad.whm --digest
    says 'bad.whm: is damaged: it cannot be uncompressed'
}
