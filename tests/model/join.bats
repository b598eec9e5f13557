# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# stream FROM TO: rows by their number, one event a line. Event i brings row i without a label and,
# up to 200 events late and out of order, the label of another; every 50th row never gets one,
# every 40th event brings a label that has no row. A row is the same however the range is cut.
stream() {
    awk -v from="$1" -v to="$2" '
        function even(n) {
            n = n * 7919 % 104729
            n = n * n % 104729
            return n * 31 % 104729 / 104729
        }
        BEGIN {
            for (i = from; i <= to; i++) {
                if (i % 40 == 0)
                    printf "{\"order\":\"x%d\",\"at\":%d,\"y\":true}\n", i, 1700000000 + i
                printf "{\"order\":%d,\"at\":%d,\"a\":%.4f,", i, 1700000000 + i, even(i * 2 + 1)
                printf "\"city\":\"c%d\",\"big\":123456789012345678}\n", i % 7
                late = i - i % 100 - 100 + i * 37 % 100
                if (late > 0 && late % 50)
                    printf "{\"order\":\"%d\",\"y\":%s}\n", late,
                        (even(late * 2 + 1) + even(late * 2 + 2) * .3 > .6 ? "true" : "false")
            }
        }'
}

# The rows of a stream at the places of their labels, as if they had come complete.
complete() {
    jq -c -n 'reduce inputs as $row ({rows: {}, out: []};
        ($row.order | tostring) as $id |
        if $row | has("y") then
            if .rows[$id] then .out += [.rows[$id] + {y: $row.y}] | .rows |= del(.[$id]) else . end
        else .rows[$id] //= $row end) | .out[]' "$@"
}

late=(--label y --join order --within 1000 --ignore at)

@test "labels that come later teach what they would have with their rows" {
    stream 1 3000 >late.ndjson
    complete late.ndjson >complete.ndjson
    [ "$(wc -l <complete.ndjson)" -gt 1000 ]
    wh-update -q -m late.whm "${late[@]}" --stats late.json late.ndjson
    wh-update -q -m complete.whm --label y --ignore order,at --stats complete.json complete.ndjson
    [ "$(jq .rows_learned late.json)" = "$(wc -l <complete.ndjson)" ]
    [ "$(jq .progressive_loss late.json)" = "$(jq .progressive_loss complete.json)" ]
    same <(zcat late.whm | grep '^\[') <(zcat complete.whm | grep '^\[')
}

@test "what is unmatched on either side is counted" {
    stream 1 3000 >late.ndjson
    wh-update -m m.whm "${late[@]}" --stats stats.json --pending waiting.ndjson late.ndjson 2>err
    jq -e '.rows_joined == .rows_learned and .rows_joined + .rows_waiting + .rows_expired == 3000
        and .labels_unmatched >= 75 and .rows_expired > 30 and .rows_without_label == 3000' \
        stats.json
    [ "$(jq .rows_waiting stats.json)" = "$(wc -l <waiting.ndjson)" ]
    count() { jq ".$1" stats.json; }
    grep "rows got their label, $(count rows_waiting) wait for it, $(count rows_expired) waited" err
    grep "; $(count labels_unmatched) came with a label that none waited for (see" err
    wh-score -m m.whm --describe | grep -E '^labels late +on order within 1000: '
    # What waits is what came, to the byte, and in its order.
    same waiting.ndjson <(grep -Ff waiting.ndjson late.ndjson)
}

@test "a row waits as long as --within says, by event time or by rows" {
    rows='{"id":1,"t":"2024-03-01","a":1}
{"id":2,"t":"2024-03-10","a":2}
{"id":3,"t":"2024-03-15","a":3}
{"id":1,"y":true}
{"id":2,"t":"2024-03-24","y":false}
{"id":3,"t":"2024-04-01","y":true}'
    echo "$rows" | wh-update -q -m t.whm --label y --join id --within 14d --time t --stats t.json
    jq -e '.rows_joined == 2 and .rows_expired == 1 and .labels_unmatched == 1' t.json
    echo "$rows" | wh-update -q -m r.whm --label y --join id --within 2 --ignore t --stats r.json
    jq -e '.rows_joined == 0 and .rows_expired == 3 and .labels_unmatched == 3' r.json
    echo "$rows" | wh-update -q -m s.whm --label y --join id --within 3 --ignore t --stats s.json
    jq -e '.rows_joined == 3 and .rows_waiting == 0' s.json
}

@test "a row that comes again while it waits stays as it came first" {
    printf '%s\n' '{"id":1,"a":1}' '{"id":1,"a":5}' |
        wh-update -q -m m.whm --label y --join id --within 10 --learner nag --pending p.ndjson
    prints '{"id":1,"a":1}' cat p.ndjson
    printf '%s\n' '{"id":1,"y":true}' '{"id":1,"y":false}' |
        wh-update -q -m m.whm --stats stats.json
    jq -e '.rows_joined == 1 and .labels_unmatched == 1' stats.json
    zcat m.whm | grep '^{"pending"' | jq -e '.pending.repeated == 1'
    zcat m.whm | grep '^\["a"' | jq -e '.[3] == 1'
}

@test "labels that none waits for are learned from with their rows where that is asked for" {
    printf '%s\n' '{"id":1,"a":1,"y":true}' '{"id":2,"a":2}' '{"id":3,"a":3,"y":false}' \
        '{"id":2,"a":9,"y":true}' >rows.ndjson
    wh-update -q -m skip.whm --label y --join id --within 10 --stats skip.json rows.ndjson
    jq -e '.rows_learned == 1 and .labels_unmatched == 2' skip.json
    wh-update -q -m learn.whm --label y --join id --within 10 --unmatched learn \
        --stats learn.json rows.ndjson
    jq -e '.rows_learned == 3 and .labels_unmatched == 2 and .rows_joined == 1' learn.json
}

@test "a label's row may bring the weight" {
    printf '%s\n' '{"id":1,"a":1}' '{"id":1,"y":true,"w":3}' '{"id":2,"a":2,"w":9}' \
        '{"id":2,"y":false,"w":1}' '{"id":3,"a":2,"w":4}' '{"id":3,"y":false}' |
        wh-update -q -m m.whm --label y --weight w --join id --within 10
    zcat m.whm | sed -n 1p | jq -e '.metrics.weight == 8'
}

@test "with -p rows are passed on as they come, and labels are not" {
    stream 1 500 >late.ndjson
    wh-update -q -p -m m.whm "${late[@]}" --task binary late.ndjson >out.ndjson
    same <(jq .order out.ndjson) <(seq 500)
    jq -es '.[0].score == null and (.[-1].score | type) == "number"' out.ndjson
    grep -q '"big":123456789012345678,"score"' out.ndjson
    run ! grep '"y"' out.ndjson
    wh-update -q -m other.whm "${late[@]}" --task binary late.ndjson
    [ "$(digest)" = "$(digest other.whm)" ]
}

@test "a run in parts joins the same and waits for the same as one run" {
    stream 1 2000 >all.ndjson
    wh-update -q -m one.whm "${late[@]}" --pending one.ndjson all.ndjson
    split -l 331 all.ndjson part.
    for part in part.*; do
        wh-update -q -m parts.whm "${late[@]}" --pending parts.ndjson "$part"
    done
    [ "$(digest one.whm)" = "$(digest parts.whm)" ]
    same one.ndjson parts.ndjson
    # Also before any label has come.
    for row in 1 2 3 4; do
        sed -n "${row}p" all.ndjson | wh-update -q -m rows.whm "${late[@]}"
    done
    sed -n 1,4p all.ndjson | wh-update -q -m four.whm "${late[@]}" --stats four.json
    jq -e '.rows_waiting == 4 and .rows_learned == 0' four.json
    [ "$(digest rows.whm)" = "$(digest four.whm)" ]
    sed 1,4d all.ndjson | wh-update -q -m rows.whm
    [ "$(digest rows.whm)" = "$(digest one.whm)" ]
}

@test "a stream that is killed and run again joins the same" {
    stream 1 3000 >all.ndjson
    wh-update -q -m one.whm "${late[@]}" all.ndjson
    line() {
        wh-extract -q all.ndjson --checkpoint m.whm --every 100 |
            wh-update -q -m m.whm "${late[@]}" --checkpoint m.whm --every 1ms "$@"
    }
    for moment in .02 .03 .05 .08; do
        timeout -s KILL $moment bash -c "$(declare -p late); $(declare -f line); line" || true
        sleep .05
    done
    line --pending waiting.ndjson
    wh-update -q -m one.whm --pending one.ndjson </dev/null
    same waiting.ndjson one.ndjson
    same <(zcat m.whm | grep '^\[\|pending') <(zcat one.whm | grep '^\[\|pending')
}

@test "rows that could not be joined are bad" {
    bad() {
        printf '%s\n' '{"id":1,"t":"2024-03-01","a":1}' "$1" >rows.ndjson
        rm -f m.whm
        exits 1 wh-update -q -m m.whm --label y --join id --within 1d --time t rows.ndjson
        says "$2"
    }
    bad '{"t":"2024-03-01","a":1}' 'id'
    bad '{"id":null,"t":"2024-03-01","a":1}' 'id: null cannot be an ID'
    bad '{"id":[1],"t":"2024-03-01","a":1}' 'id: an array or object cannot be an ID'
    bad '{"id":2,"a":1}' ' t'
    bad '{"id":2,"t":"soon","a":1}' 'is not a time'
    bad '{"id":2,"t":"2024-03-01","a":[]}' 'is not a feature'
    # A label that is none leaves the row waiting.
    printf '%s\n' '{"id":1,"a":1}' '{"id":1,"y":[]}' '{"id":1,"y":true}' >rows.ndjson
    wh-update -q -m m.whm --new --label y --join id --within 9 --rejects bad.ndjson \
        --stats stats.json rows.ndjson
    jq -e '.rows_joined == 1 and .rows_rejected == 1' stats.json
}

@test "joining is a setting of the model, and what contradicts itself is refused" {
    echo '{"id":1,"a":1}' >rows.ndjson
    refuses() {
        local words=$1
        shift
        exits 2 wh-update -q -m m.whm --label y "$@" rows.ndjson
        says "$words"
    }
    refuses '--within requires --join' --within 3
    refuses '--unmatched requires --join' --unmatched learn
    refuses '--pending requires --join' --pending p.ndjson
    refuses '--join needs --within' --join id
    refuses 'needs --time COLUMN' --join id --within 14d
    refuses 'neither a duration, such as 14d, nor a number' --join id --within soon
    refuses '--unmatched: "drop" is not one of skip, learn' --join id --within 3 --unmatched drop
    refuses '--join contradicts' --join id --within 3 --new --passes 3
    refuses '--join contradicts' --join id --within 3 --new --window 10
    wh-update -q -m m.whm --label y --join id --within 3 rows.ndjson
    refuses 'was learned with --join id' --join a
    refuses 'was learned with --within 3' --within 4
}

@test "CSV rows join too, and IDs are texts" {
    printf '%s\n' 'id,a,city,y' '007,1.50,Lagos,' '8,2,"O""Hara",' '007,,,yes' '8,,,no' \
        '9,3,Lima,' >rows.csv
    wh-update -q -m m.whm --label y --positive yes --join id --within 10 --pending p.ndjson \
        --stats stats.json rows.csv
    jq -e '.rows_joined == 2 and .rows_waiting == 1' stats.json
    prints '{"id":9,"a":3,"city":"Lima","y":null}' cat p.ndjson
    zcat m.whm | grep -q 'city=O\\"Hara'
}

@test "a run that brings no label tells that only the rows that wait are new" {
    printf '%s\n' '{"id":1,"a":1}' '{"id":1,"y":true}' >rows
    wh-update -m m.whm --label y --join id --within 9 -q rows
    echo '{"id":2,"a":1}' >later
    exits 0 wh-update -m m.whm later
    says 'm.whm: no row to learn from, only which rows wait for a label is new'
}

@test "an ID that is a number is one, however it is spelled" {
    printf '%s\n' '{"id":7,"x":1}' '{"id":7.0,"y":true}' '{"id":8.0,"x":2}' '{"id":"8","y":false}' \
        '{"id":9,"x":3}' '{"id":9e0,"y":true}' |
        wh-update -q -m m.whm --label y --join id --within 10 --stats s.json
    jq -e '.rows_joined == 3 and .labels_unmatched == 0 and .rows_waiting == 0' s.json
}
