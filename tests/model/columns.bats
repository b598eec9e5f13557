# shellcheck shell=bash disable=SC2016,SC2154
# What a model remembers of its columns, what it reads values as, and what it says at the end.
load ../helper

# rows COUNT: age (numbers), active (booleans), city (texts); y follows from age.
rows() {
    jq -nc --argjson n "$1" 'range($n) | (. * 37 % 80) as $age |
        {age: $age, active: (. % 3 > 0), city: ["Oslo", "Lima", "Rome"][. % 3], y: ($age > 40)}'
}

# score_of JSON: what m.whm says of one row, with nothing else shown.
score_of() {
    wh-score -m m.whm -q <<<"$1" | jq .score
}

@test "a column that a row lacks is missing, as null is, for every learner" {
    local learner
    rows 300 >rows.ndjson
    for learner in auto nag ftrl coin sgd; do
        wh-update -m m.whm --new --learner "$learner" --label y -q rows.ndjson
        [ "$(score_of '{"active":true,"city":"Oslo"}')" = \
          "$(score_of '{"age":null,"active":true,"city":"Oslo"}')" ]
        [ "$(score_of '{"age":70,"active":true}')" = \
          "$(score_of '{"age":70,"active":true,"city":null}')" ]
        [ "$(score_of '{}')" = "$(score_of '{"age":null,"active":null,"city":null}')" ]
        [ "$(score_of '{"age":0,"city":"Oslo"}')" != "$(score_of '{"city":"Oslo"}')" ] ||
            [ "$learner" != auto ]
    done
}

@test "rows that lack columns teach what rows with null there teach, in CSV and NDJSON" {
    local learner task
    rows 400 | jq -c 'if .age % 7 == 2 then .city = null else . end
        | if .age % 5 == 1 then .age = null else . end' >nulls.ndjson
    jq -c 'with_entries(select(.value != null))' nulls.ndjson >absent.ndjson
    cmp -s nulls.ndjson absent.ndjson && return 1
    wh-clean -q -o csv nulls.ndjson >nulls.csv
    for learner in auto sgd nag; do
        for task in y:binary age:regression; do
            wh-update -m m.whm --new --learner "$learner" --label "${task%:*}" \
                --task "${task#*:}" -q nulls.ndjson
            wh-update -m a.whm --new --learner "$learner" --label "${task%:*}" \
                --task "${task#*:}" -q absent.ndjson
            [ "$(wh-score -m m.whm --digest)" = "$(wh-score -m a.whm --digest)" ]
        done
    done
    wh-clean -q --exclude active nulls.csv >no_active.csv
    wh-update -m m.whm --new --label y -q --ignore active --interactions 'age*city' absent.ndjson
    wh-clean -q --exclude active nulls.ndjson >no_active.ndjson
    wh-update -m a.whm --new --label y -q --interactions 'age*city' no_active.ndjson
    same <(wh-score -m m.whm -q --explain 3 absent.ndjson | jq -c '[.score,.explanation]') \
        <(wh-score -m a.whm -q --explain 3 no_active.ndjson | jq -c '[.score,.explanation]')
}

@test "a features object keeps its meaning: what it leaves out is zero" {
    rows 300 | jq -c '{y, features: {age, b: (.age % 7)}}' >rows.ndjson
    wh-update -m m.whm --label y -q rows.ndjson
    [ "$(score_of '{"features":{"b":3}}')" = "$(score_of '{"features":{"age":0,"b":3}}')" ]
    [ "$(score_of '{"features":{"b":3}}')" != "$(score_of '{"features":{"age":null,"b":3}}')" ]
}

@test "a value is read as its column's kind where its text says just that" {
    local learner
    rows 300 >rows.ndjson
    for learner in auto nag; do
        wh-update -m m.whm --new --learner "$learner" --label y -q rows.ndjson
        wanted=$(score_of '{"age":70,"active":true,"city":"Oslo"}')
        for row in '{"age":"70","active":true,"city":"Oslo"}' \
            '{"age":70,"active":"true","city":"Oslo"}' '{"age":70,"active":"TRUE","city":"Oslo"}' \
            '{"age":70,"active":1,"city":"Oslo"}' '{"age":70,"active":"1","city":"Oslo"}'; do
            [ "$(score_of "$row")" = "$wanted" ]
        done
        printf 'age,active,city\n70,true,Oslo\n"70",True,Oslo\n' | wh-score -m m.whm -q -o ndjson |
            jq -se --argjson wanted "$wanted" 'all(.score == $wanted) and length == 2'
        exits 0 wh-score -m m.whm --strict <<<'{"age":"70","active":"true","city":"Oslo"}'
        [ -z "$stderr" ]
    done
    # Codes: texts of digits, and the words for booleans, whichever way they come later.
    jq -nc 'range(200) | {code: "\(. % 3)", flag: ["True", "False"][. % 2], y: (. % 3 == 1)}' |
        wh-update -m m.whm --new --label y -q
    wanted=$(score_of '{"code":"1","flag":"True"}')
    [ "$(score_of '{"code":1,"flag":true}')" = "$wanted" ]
    [ "$(score_of '{"code":1.0,"flag":true}')" = "$wanted" ]
    [ "$(score_of '{"code":10e-1,"flag":true}')" = "$wanted" ]
    [ "$(score_of '{"code":"2","flag":"True"}')" != "$wanted" ]
}

@test "a value that cannot be read as its column's kind is counted, and missing unless it is a text" {
    rows 300 | wh-update -m m.whm --label y -q
    printf '{"age":true,"active":2,"city":"Oslo"}\n{"age":"old","active":"maybe","city":7}\n' >odd
    exits 0 wh-score -m m.whm --stats stats.json odd
    says 'column age has changed: 2 of 2 values cannot be read as the numbers that the model learned'
    says 'column active has changed: 2 of 2 values cannot be read as the booleans'
    says 'column city has changed: 1 of 2 values are not texts as those that the model learned from, such as "7"'
    jq -e '[.columns[] | .changed] == [2, 2, 1]' stats.json
    jq -e '.columns[0] == {name: "age", numbers: 0, texts: 1, booleans: 1, nulls: 0, changed: 2,
        new_values: 1, finding: "changed type"}' stats.json
    [ "$(score_of '{"age":true,"active":2,"city":"Oslo"}')" = "$(score_of '{"city":"Oslo"}')" ]
    exits 0 wh-score -m m.whm -q odd
    [ -z "$stderr" ]
    exits 1 wh-score -m m.whm --strict odd
    says 'odd:1: age: "true" cannot be read as the numbers that the model learned from'
    exits 0 wh-score -m m.whm --strict -q --rejects bad.ndjson odd
    jq -se 'map([.rule, .column]) == [["strict", "age"], ["strict", "age"]]' bad.ndjson
}

@test "columns that never came and columns that are unknown are told, with what may be meant" {
    rows 300 | wh-update -m m.whm --label y --ignore city -q
    printf '{"Age":70,"active":true,"city":"Oslo","y":true}\n' >row
    exits 0 wh-score -m m.whm --stats stats.json row
    says 'column age never came, and counts as missing: each row that the model learned from had it'
    says 'column Age is unknown to the model, and was left out (did you mean age? wh-clean --rename Age=age)'
    [ "$(wc -l <<<"$stderr")" -eq 2 ]
    jq -e '.columns | map([.name, .finding]) ==
        [["age", "never came"], ["active", null], ["Age", "unknown"]]' stats.json
    # The remedy works.
    exits 0 eval 'wh-clean --rename Age=age row | wh-score -m m.whm --strict'
    [ -z "$stderr" ]
    exits 1 wh-score -m m.whm --strict row
    says 'row:1: Age: the model knows no such column (did you mean age? wh-clean --rename Age=age)'
    exits 1 wh-score -m m.whm --strict <<<'{"active":true}'
    says 'age: the row has no such column, and each row that the model learned from had a value'
    # wh-update says the same of a model that it goes on with, and nothing of one that it begins.
    exits 0 wh-update -m m.whm row
    says 'column age never came'
    says 'column Age is new to the model (did you mean age?'
    exits 0 eval 'rows 200 | wh-update -m new.whm --label y'
    [[ $stderr != *column* ]]
    exits 1 wh-update -m new.whm --strict <<<'{"Age":70,"active":true,"city":"Oslo","y":true}'
    says 'Age: the model knows no such column'
}

@test "a column that only some rows had is missed once ten rows should have had it" {
    rows 300 | jq -c 'if .age % 4 == 0 then .rare = 1 else . end' | wh-update -m m.whm --label y -q
    rows 20 >few
    exits 0 wh-score -m m.whm few
    [ -z "$stderr" ]
    rows 60 >many
    exits 0 wh-score -m m.whm many
    says 'column rare never came, and counts as missing: 25% of the rows'
}

@test "more than ten findings are counted, and rare unknown columns come in one line" {
    rows 300 | wh-update -m m.whm --label y -q
    rows 30 | jq -c '. + ([range(25) | {("extra\(.)"): 1}] | add)' >wide
    exits 0 wh-score -m m.whm wide
    [ "$(grep -c 'is unknown to the model' <<<"$stderr")" -eq 10 ]
    says 'and 15 more columns (--stats has them)'
    rows 30 | jq -c '. + {("word\(.age)"): 1}' >sparse
    exits 0 wh-score -m m.whm sparse
    [ "$(wc -l <<<"$stderr")" -eq 1 ]
    says '30 columns that the model does not know came in less than a tenth of the rows: word0, word37'
}

@test "an ID, dates, decimal commas and mixtures are told, with a remedy" {
    jq -nr '"id,order,day,price,size,y", (range(200) | [(. + 1), "A\(. * 7919)",
        (1700000000 + . * 86400 | todate[:10]), "\(. % 9),5", (if . % 5 == 0 then "n/a" else . % 7 end),
        (. % 2)] | @csv)' | sed 's/"\([^",]*\)"/\1/g' >rows.csv
    exits 0 wh-update -m m.whm --label y --stats stats.json rows.csv
    says 'column id is different in each of the 200 rows looked at: an ID, a time or free text teaches nothing (--ignore id)'
    says 'column order is different in each of the 200 rows'
    says 'column day reads like dates, such as "2023-11-14"'
    says 'wh-featurize --dates day:month,weekday,hour'
    says 'column price has numbers with commas or blanks in them, such as "0,5"'
    says 'column size mixes 160 numbers and 40 texts such as "n/a"'
    jq -e '.columns | map(.finding) == ["all different", "all different", "dates", "decimal commas",
        "mixes numbers and texts"]' stats.json
    # Without them there is nothing to tell, and neither is there of few rows or of measures.
    wh-clean -q --select size,y rows.csv >clean.csv
    exits 0 wh-update -m clean.whm --label y --null-value n/a clean.csv
    [[ $stderr != *column* ]]
    jq -nr '"a,b,c,y", (range(10) | "\(.),x\(.),\(. * 1.5),\(. % 2)")' >ten.csv
    exits 0 wh-update -m ten.whm --label y ten.csv
    [[ $stderr != *column* ]]
    jq -nr '"amount,y", (range(500) | "\(. * 7919 % 1009 * 1000),\(. % 2)")' >amounts.csv
    exits 0 wh-update -m amounts.whm --label y amounts.csv
    [[ $stderr != *column* ]]
    # What rises with gaps may be a time or what the rows are sorted by.
    jq -nr '"at,amount,y", (range(500) | "\(1700000000 + . * 60),\(. * .),\(. % 2)")' >sorted.csv
    exits 0 wh-update -m sorted.whm --label y sorted.csv
    says 'column at rises or falls with every row: an ID or a time says nothing of later rows (--ignore at)'
    says 'column amount rises or falls with every row'
    exits 0 wh-update -q -m amounts.whm --new --label y rows.csv
    [ -z "$stderr" ]
}

@test "phone numbers and versions are neither dates nor numbers with commas" {
    jq -nr '"phone,local,version,ip,y", (range(60) | "555-\(200 + . % 4)-\(4000 + . % 5),030 \(
        200 + . % 4) \(4000 + . % 5),1.\(. % 3).\(. % 7),10.0.\(. % 9).1,\(. % 2)")' >rows.csv
    exits 0 wh-update -m m.whm --label y rows.csv
    [[ $stderr != *column* ]]
    jq -nr '"european\tthousands\tboth\tamerican\tday\tshort\ty", (range(60) | "\(. % 9),5\t1 00\(. % 9)"
        + "\t1.234.00\(. % 9),25\t12,34\(. % 9).50\t31/12/201\(. % 9)\t1.\(1 + . % 9).24\t\(. % 2)")' \
        >rows.tsv
    wh-update -q -m n.whm --label y --stats stats.json rows.tsv
    jq -e '.columns | map(.finding) == ["decimal commas", "decimal commas", "decimal commas",
        "decimal commas", "dates", "dates"]' stats.json
}

@test "codes that happen to be digits are no change" {
    jq -nr '"code,x,y", (range(300) |
        "\(if . % 20 == 0 then 70000 + . else "A\(. % 90)" end),\(. % 7 + 0.5),\(. % 2)")' >codes.csv
    sed 's/^70/80/' codes.csv >later.csv
    wh-update -q -m m.whm --label y codes.csv
    exits 0 wh-score -m m.whm later.csv
    [ -z "$stderr" ]
    # Many are, and so is one where texts were all that ever came.
    sed 's/^A/9/' later.csv >numbers.csv
    exits 0 wh-score -m m.whm numbers.csv
    says 'column code has changed: 300 of 300 values are not texts as those that the model learned'
    grep -v '^70' codes.csv | wh-update -q -m texts.whm --label y
    exits 0 wh-score -m texts.whm later.csv
    says 'column code has changed: 15 of 300 values are not texts'
}

@test "texts none of which the model knows are told" {
    rows 300 | wh-update -m m.whm --label y -q
    rows 30 | jq -c '.city |= ascii_upcase' >upper
    exits 0 wh-score -m m.whm upper
    says 'column city: the model knows none of its values, such as "OSLO"'
    rows 30 | jq -c 'if .age == 0 then .city = "Bonn" else . end' >one
    exits 0 wh-score -m m.whm one
    [ -z "$stderr" ]
}

@test "what is remembered does not depend on where runs and checkpoints fall" {
    local cut
    rows 300 | jq -c 'if .age % 6 == 0 then .age |= tostring else . end
        | if .age == 30 then del(.city) else . end
        | if .age == 50 then .active |= tostring else . end
        | if .age == 60 then .late = 1 else . end' >rows.ndjson
    wh-update -m whole.whm --label y -q rows.ndjson
    for cut in 1 3 47 200; do
        rm -f part.whm
        head -n "$cut" rows.ndjson | wh-update -m part.whm --label y -q
        tail -n +$((cut + 1)) rows.ndjson | wh-update -m part.whm -q
        [ "$(wh-score -m part.whm --digest)" = "$(wh-score -m whole.whm --digest)" ]
    done
    wh-extract rows.ndjson --every 7 --checkpoint stream.whm |
        wh-update -m stream.whm --label y --checkpoint stream.whm -q
    [ "$(wh-score -m stream.whm --digest)" = "$(wh-score -m whole.whm --digest)" ]
    # Nor is it counted less closely once a column is known to hold texts.
    jq -nc 'range(2500) | {a: (if . % 37 == 0 then "true" elif . % 41 == 0 then "12"
        else "w\(. % 9)" end), y: (. % 2)}' >texts.ndjson
    wh-update -m long.whm --label y -q texts.ndjson
    head -n 1200 texts.ndjson | wh-update -m long_part.whm --label y -q
    tail -n +1201 texts.ndjson | wh-update -m long_part.whm -q
    [ "$(wh-score -m long_part.whm --digest)" = "$(wh-score -m long.whm --digest)" ]
    # A bad row teaches nothing of columns either, nor does one that is held out or has no label.
    { head -n 100 rows.ndjson; echo '{"age":"x","y":"maybe"}'; echo '{"age":"x","new":1}'
        tail -n +101 rows.ndjson; } | wh-update -m bad.whm --label y -q --rejects bad
    [ "$(wh-score -m bad.whm --digest)" = "$(wh-score -m whole.whm --digest)" ]
}

@test "merged models remember the columns of both" {
    rows 100 >a.ndjson
    rows 300 | tail -n 200 | jq -c '. + {late: 1}' >b.ndjson
    wh-update -m a.whm --learner nag --label y -q a.ndjson
    wh-update -m b.whm --learner nag --label y -q b.ndjson
    wh-update --merge a.whm b.whm -m all.whm -q
    exits 0 wh-score -m all.whm --describe
    [[ $output == *'         300            0            0            0  age: numbers'* ]]
    [[ $output == *'         200            0            0            0  late: numbers'* ]]
    exits 0 wh-score -m all.whm b.ndjson
    [ -z "$stderr" ]
}

@test "a model without a census is read, says nothing wrong, and remembers from now on" {
    rows 300 >rows.ndjson
    wh-update -m m.whm --learner nag --label y -q rows.ndjson
    # As the version before wrote it: no such section, and another number.
    zcat m.whm | grep -v '^{"columns":' | sed '1s/"version":3/"version":2/' >old
    header=$(head -n 1 old)
    # The sums must fit what is left.
    body=$(tail -n +3 old | grep -v '^{"end":' | sha256sum | cut -c1-64)
    content=$(printf '%s%s' "$(jq -cS 'del(.wh,.version,.metrics.time)' <<<"$header")" "$body" | sha256sum | cut -c1-64)
    local count
    count=$(tail -n +3 old | grep -vc '^{"end":')
    sum=$({ head -n 2 old; printf '%s' "$body"; } | sha256sum | cut -c1-64)
    { grep -v '^{"end":' old
        printf '{"end":{"content":"%s","lines":%s,"sha256":"%s"}}\n' "$content" "$count" "$sum"
    } | gzip -1 >old.whm
    exits 0 wh-score -m old.whm rows.ndjson
    [ -z "$stderr" ]
    same <(wh-score -m old.whm -q rows.ndjson) <(wh-score -m m.whm -q rows.ndjson)
    exits 0 wh-update -m old.whm rows.ndjson
    [[ $stderr != *column* ]]
    exits 0 wh-score -m old.whm <<<'{"Age":1,"active":true,"city":"Oslo"}'
    says 'column Age is unknown to the model'
}

@test "a model that is replaced while rows are scored knows what came before" {
    rows 300 >rows.ndjson
    wh-update -m m.whm --label y -q rows.ndjson
    wh-update -m next.whm --label y --learner nag -q rows.ndjson
    { echo '{"Age":1,"active":true,"city":"Oslo"}'; wait_for_swap; } | wh-score -m m.whm --watch >out 2>err
    grep '1 column that the model does not know came in less than a tenth of the rows: Age' err
}

# Replaces m.whm by next.whm and gives the time to see it, then a last row.
wait_for_swap() {
    local i
    cp next.whm new
    mv new m.whm
    for ((i = 0; i < 5000; i++)); do
        echo '{"age":1,"active":true,"city":"Oslo"}'
    done
}

@test "a column of numbers and texts half and half is read value by value" {
    jq -nc 'range(400) | {x: (if . % 2 == 0 then . % 7 else "t\(. % 3)" end), y: (. % 3 == 1)}' >mixed
    wh-update -m m.whm --learner nag --label y -q mixed
    [ "$(score_of '{"x":3}')" != "$(score_of '{"x":"3"}')" ]
    exits 0 wh-score -m m.whm --describe
    [[ $output == *'x: mixed'* ]]
    # One odd value first, or now and then, makes no column another.
    { echo '{"x":"n/a","y":true}'; jq -nc 'range(100) | {x: (. % 7), y: (. % 7 > 3)}'; } |
        wh-update -m n.whm --label y -q
    [[ $(wh-score -m n.whm --describe) == *'x: numbers'* ]]
    # The same value as a number and as text, by turns, is one column of numbers.
    jq -nc 'range(300) | {x: (if . % 2 == 0 then "\(. % 7)" else . % 7 end), y: (. % 7 > 3)}' |
        wh-update -m t.whm --new --learner nag --label y -q
    [ "$(wh-score -m t.whm --describe | grep -c 'x=')" -le 2 ]
}
