# The model's file against damage and full disks. WH_EVERY_BYTE=1 tries every byte instead of some.
# shellcheck shell=bash disable=SC2154
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'y,a,city\n1,2.5,Oslo\n0,-1,Lima\n1,1,Oslo\n' >rows.csv
    wh-update -m m.whm --label y -q rows.csv
    size=$(wc -c <m.whm)
    whole=$(wh-score -m m.whm --digest)
}

# step COUNT: how far apart the places are that are tried.
step() {
    if [ -n "${WH_EVERY_BYTE-}" ]; then echo 1; else echo $((size / $1 + 1)); fi
}

@test "a model cut at any byte is refused with the reason" {
    local length
    for ((length = 0; length < size; length += $(step 60))); do
        head -c "$length" m.whm >cut.whm
        exits 2 wh-score -m cut.whm --digest
        [[ $stderr == 'wh-score: cut.whm: is '* ]]
        [ -z "$output" ]
    done
    head -c $((size - 1)) m.whm >cut.whm
    exits 2 wh-update -m cut.whm rows.csv
    says 'is cut short'
}

@test "a model with any byte flipped is refused, or is the same model" {
    local place byte bit
    for ((place = 0; place < size; place += $(step 80))); do
        for bit in 1 128; do
            byte=$(od -An -tu1 -j "$place" -N 1 m.whm)
            cp m.whm bad.whm
            # shellcheck disable=SC2059
            printf "\\$(printf '%03o' $((byte ^ bit)))" |
                dd of=bad.whm bs=1 seek="$place" conv=notrunc status=none
            run --separate-stderr wh-score -m bad.whm --digest
            if [ "$status" -eq 0 ]; then
                [ "$output" = "$whole" ]
            else
                [ "$status" -eq 2 ]
                [[ $stderr == 'wh-score: bad.whm: is '* ]]
            fi
        done
    done
}

@test "bytes behind the end, and two models in one file, are refused" {
    cp m.whm more.whm
    printf 'x' >>more.whm
    exits 2 wh-score -m more.whm --digest
    says 'bytes follow its end'
    cat m.whm m.whm >two.whm
    exits 2 wh-score -m two.whm --digest
    says 'bytes follow its end'
}

@test "a file that is something else is not overwritten by learning" {
    exits 2 wh-update -m rows.csv --label y rows.csv
    says 'rows.csv: is not a model'
    prints 'y,a,city' head -n 1 rows.csv
    exits 2 wh-update -m rows.csv --new --label y rows.csv
    says 'rows.csv: is not a model, so it is not replaced by one'
    gzip -k rows.csv
    exits 2 wh-update -m rows.csv.gz --new --label y rows.csv
    head -c $((size - 9)) m.whm >cut.whm
    wh-update -m cut.whm --new --label y -q rows.csv
    [ "$(wh-score -m cut.whm --digest)" = "$whole" ]
    : >empty.whm
    wh-update -m empty.whm --new --label y -q rows.csv
    prints 'y,a,city' head -n 1 rows.csv
}

@test "a disk that fills while saving leaves the old model whole" {
    awk 'BEGIN { print "y,city"; for (i = 0; i < 3000; i++) print i % 2 ",city" i * 7919 }' >many.csv
    cp m.whm before.whm
    exits 1 bash -c 'trap "" XFSZ; ulimit -f 8; exec wh-update -m m.whm --new --label y -q many.csv'
    says 'm.whm'
    same before.whm m.whm
    prints "$(printf '%s\n' before.whm m.whm)" eval 'ls -A | grep -e whm -e tmp'
}

@test "one model can be read while it is written, and a link stays a link" {
    mkdir models
    mv m.whm models/
    ln -s models/m.whm m.whm
    wh-update -m m.whm -q rows.csv
    [ -L m.whm ]
    [ "$(wh-score -m models/m.whm --digest)" != "$whole" ]
    prints 'm.whm' ls models
}

@test "columns with the longest names make a model that can be read" {
    awk 'BEGIN {
        tail = sprintf("%4090s", ""); gsub(/ /, "n", tail)
        for (row = 0; row < 2; row++) {
            printf "{\"y\":%d.5", row
            for (i = 1000; i < 2024; i++) printf ",\"%d%s\":%d", i, tail, i * row
            print "}"
        } }' >wide.ndjson
    wh-update -q -m wide.whm --label y wide.ndjson wide.ndjson
    wh-update -q -m split.whm --label y wide.ndjson
    wh-update -q -m split.whm wide.ndjson
    [ "$(wh-score -m split.whm --digest)" = "$(wh-score -m wide.whm --digest)" ]
}

@test "a thousand classes with the longest labels make a model that can be read" {
    awk 'BEGIN {
        for (i = 0; i < 508; i++) tail = tail "\\u0001"
        for (i = 1000; i < 2000; i++) printf "{\"y\":\"%d%s\",\"a\":%d}\n", i, tail, i % 7 }' >rows.ndjson
    wh-update -q -m classes.whm --learner nag --label y rows.ndjson
    [ "$(zcat classes.whm | head -n 1 | jq '.labels | length')" -eq 1000 ]
    wh-score -m classes.whm --digest
}

@test "options that take more room than a model has for them are refused before anything is read" {
    local names
    names=$(awk 'BEGIN { for (i = 0; i < 20000; i++) printf "%sx%d", i ? "," : "", i }')
    exits 2 wh-update -m m.whm --new --label y --id "$names" --ignore "$names,more" --join "$names" rows.csv
    says '--ignore is too long: the options that a model keeps may take 262144 bytes'
    [ "$(wh-score -m m.whm --digest)" = "$whole" ]
}
