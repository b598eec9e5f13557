# Rows that are held out, several passes, windows, and models that have to earn their place.
# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# orders COUNT [SEED]: generated rows, many of one customer, with a label that depends on them.
orders() {
    awk -v count="$1" -v seed="${2-7}" 'BEGIN {
        srand(seed)
        split("Lagos,Oslo,Lima,New York,Sao Paulo", city, ",")
        for (i = 1; i <= count; i++) {
            amount = rand() * 100; c = int(rand() * 5) + 1; visits = int(rand() * 10)
            late = amount / 50 + (c == 2) - visits / 5 + rand() > 1
            printf "{\"id\":%d,\"customer\":\"c%d\",\"at\":\"2026-03-%02d\",\"amount\":%.2f," \
                "\"city\":\"%s\",\"visits\":%d,\"late\":%s}\n", i, int(rand() * count / 5),
                int(1 + 28 * i / (count + 1)), amount, city[c], visits, late ? "true" : "false"
        }
    }'
}

# split FILE: the rows of FILE that are held out of 20%:customer go to held, the others to kept: a
# model that knows nothing but customers says whose rows it has learned from.
split() {
    jq -c '{customer, late}' "$1" |
        wh-update -m split.whm --new --label late --holdout 20%:customer -q
    zcat split.whm | sed '1,3d' | grep '^\[' | jq -r '.[0][9:]' >learned
    awk 'NR == FNR { learned["\"customer\":\"" $0 "\""]; next }
         { match($0, /"customer":"[^"]*"/)
           print >(substr($0, RSTART, RLENGTH) in learned ? "kept" : "held") }' learned "$1"
}

learn() {
    wh-update -m m.whm --label late --ignore at,id -q "$@"
}

@test "rows that are held out teach nothing: the model is that of the other rows" {
    orders 2000 >rows
    split rows
    [ "$(wc -l <held)" -gt 300 ]
    [ "$(wc -l <held)" -lt 500 ]
    local label
    for label in late amount city; do
        wh-update -m "$label.whm" --label $label --ignore at,id -q --holdout 20%:customer \
            --stats stats.json rows
        jq -e --argjson kept "$(wc -l <kept)" --argjson held "$(wc -l <held)" \
            '.rows_learned == $kept and (.held_out.rows - $held | fabs) < 9' stats.json
        wh-update -m kept.whm --new --label $label --ignore at,id -q --holdout 20%:customer kept
        [ "$(digest $label.whm)" = "$(digest kept.whm)" ]
        wh-update -m $label.whm -q --stats stats.json held
        jq -e '.rows_learned == 0 and .held_out.rows > 300 and .held_out.loss > 0' stats.json
        [ "$(digest $label.whm)" = "$(digest kept.whm)" ]
    done
}

@test "a class that only rows held out have is none of the model" {
    orders 500 >rows
    split rows
    sed 's/"city":"[A-Za-z ]*"/"city":"Atlantis"/' held >sunken
    cat kept sunken | wh-update -m m.whm --label city --holdout 20%:customer -q --ignore id,at \
        --stats stats.json
    prints '["Lagos","Lima","New York","Oslo","Sao Paulo"]' \
        eval 'zcat m.whm | head -n 1 | jq -c ".labels | sort"'
    jq -e '.held_out.accuracy == 0 and .held_out.loss > 3' stats.json
    cat kept sunken | sed 's/"late":[a-z]*/"late":"yes"/; /Atlantis/s/"yes"/"no"/' |
        wh-update -m two.whm --label late --holdout 20%:customer -q
    prints '[null,"yes"]' eval 'zcat two.whm | head -n 1 | jq -c .labels'
}

@test "a share that is held out holds for all the model's life, however it is spelled" {
    orders 300 >rows
    learn --holdout 20%:customer rows
    prints 20%:customer eval 'zcat m.whm | head -n 1 | jq -r .options.holdout'
    learn --holdout 20.0%:customer rows
    exits 2 learn --holdout 30%:customer rows
    says '--holdout 20%:customer: --holdout 30%:customer contradicts that'
    wh-update -m all.whm --label late -q rows
    exits 2 wh-update -m all.whm --holdout 10% rows
    says 'learned without --holdout'
    exits 2 wh-update -m new.whm --label late --holdout 10 rows
    says '--holdout: "10" is not a share of the rows, such as 10%'
}

@test "a row without the column that decides what is held out is bad" {
    exits 1 eval 'echo "{\"x\":1,\"late\":true}" | wh-update -m m.whm --label late --holdout 10%:customer'
    says 'there is no column "customer"'
    [ ! -e m.whm ]
}

@test "rows that are held out are told of apart, and passed on with their score" {
    orders 1000 >rows
    exits 0 wh-update -m m.whm --label late --ignore at,id --holdout 20%:customer --progress rows
    [[ $stderr == *'held out'* ]]
    [[ $stderr =~ 'held out '[0-9]+' rows, never learned from: loss '[0-9.]+' (logistic), accuracy' ]]
    wh-update -m p.whm --label late --task binary --ignore at,id --holdout 20%:customer -p -q rows >scored
    [ "$(wc -l <scored)" -eq 1000 ]
    [ "$(digest p.whm)" = "$(digest)" ]
    [ "$(jq -c 'select(.score == null)' scored | wc -l)" -lt 5 ]
}
