# shellcheck shell=bash disable=SC2016,SC2154
# Regression: the unit of the label does not matter.
load ../helper

# houses COUNT SCALE SHIFT: generated rows, prices in thousands times SCALE, plus SHIFT.
houses() {
    awk -v count="$1" -v scale="$2" -v shift="${3:-0}" "$RANDOM_AWK"'BEGIN {
        random_seed(5)
        print "area,rooms,city,price"
        for (i = 1; i <= count; i++) {
            area = 40 + random() * 160; rooms = 1 + int(random() * 6); c = 1 + int(random() * 3)
            price = 80 + 3 * area + 20 * rooms + 60 * c + (random() + random() - 1) * area
            printf "%.2f,%d,c%d,%.17g\n", area, rooms, c, price * scale + shift
        }
    }'
}

# explained SCALE SHIFT: the share of the variance that is left unexplained, to six digits.
unexplained() {
    houses 3000 "$@" | wh-update -m m.whm --new --label price --task regression -q \
        --stats stats.json "${learner[@]}"
    jq '.progressive_loss / .baseline_constant * 1e6 | round / 1e6' stats.json
}

@test "the same rows in any unit from 1e-6 to 1e6 give the same relative error" {
    learner=(--learner nag)
    first=$(unexplained 1)
    jq -ne --argjson first "$first" '$first < 0.3'
    for scale in 1e-6 1e-3 1e3 1e6; do
        [ "$(unexplained "$scale")" = "$first" ]
    done
}

@test "labels far from 0 are learned as well as those around it" {
    learner=(--learner nag)
    for shift in 0 1e7; do
        unexplained 1 "$shift"
        houses 3000 1 "$shift" | wh-score -m m.whm --label price -n -q --stats "$shift.json"
    done
    jq -se '.[0].loss / .[1].loss - 1 | fabs < 1e-3' 0.json 1e7.json
}

@test "the same label in all rows is predicted from the second on" {
    houses 50 0 7.25 | wh-update -m m.whm --label price --learner nag -q --stats stats.json
    houses 3 1 | wh-score -m m.whm --as guess | cut -d, -f5 | sed 1d | grep -qvx 7.25 && return 1
    jq -e '.mae == 0 and .baseline_constant == 0 and .rows_not_measured == 1' stats.json
}

@test "a scale changed by hand is refused" {
    houses 20 1 | wh-update -m m.whm --label price --learner nag -q
    for change in '.target.spread = -1' '.target.mean = 1e60' 'del(.target)' \
        '.target.weight = null'; do
        (zcat m.whm | sed -n 1p | jq -c "$change" && zcat m.whm | tail -n +2) | gzip >bad.whm
        exits 2 wh-score -m bad.whm --describe
    done
}
