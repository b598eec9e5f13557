#!/usr/bin/env bats
# wh-featurize as a program: what is learned when, what its state is worth, what rows look like.

load ../helper

rows() {
    cat <<'END' >rows.ndjson
{"id":1,"x":1,"city":"Lagos","plan":"free"}
{"id":2,"x":2,"city":"Paris","plan":"free"}
{"id":3,"x":4,"city":null,"plan":"pro"}
{"id":4,"x":8,"city":"Lagos","plan":"pro"}
{"id":5,"x":null,"city":"","plan":"free"}
END
}

# A few thousand rows that are all different, without a random number.
many_rows() {
    awk 'BEGIN {
        for (i = 1; i <= 3000; i++)
            printf "{\"id\":%d,\"x\":%.3f,\"city\":\"c%d\",\"at\":\"2024-%02d-%02dT%02d:00:00Z\"}\n",
                i, (i * 7919 % 10007) / 13, i * i % 37, i % 12 + 1, i % 28 + 1, i % 24
    }' >many.ndjson
}

steps=(--standard x --onehot 'city:min_frequency=2')
all=(--log1p x --standard x --onehot 'city:min_frequency=100' --hash 'city,x=32'
    --dates 'at:hour,weekday,cyclic')

@test "a file is read twice: what is learned from all rows serves the first" {
    rows
    prints '{"x":-1.025755289064345,"city=Lagos":1}
{"x":-0.6527533657682196,"city is infrequent":1}
{"x":0.09325048082403138,"city is infrequent":1}
{"x":1.5852581740085334,"city=Lagos":1}
{"x":null,"city is infrequent":1}' \
        sh -c 'wh-featurize "$@" rows.ndjson | jq -c .features' _ "${steps[@]}"
}

@test "standard input cannot be read twice, which the message has a remedy for" {
    rows
    exits 2 sh -c 'cat rows.ndjson | wh-featurize "$@"' _ "${steps[@]}"
    says '--state FILE'
    says '--fit-transform'
    exits 2 wh-featurize "${steps[@]}" <(cat rows.ndjson)
    says 'cannot be read twice'
}

@test "what learns nothing takes standard input as it comes" {
    rows
    prints '{"x":1}' sh -c 'head -n 1 rows.ndjson | wh-featurize --passthrough x | jq -c .features'
}

@test "--fit then --frozen is --fit-transform, from a file and from a pipe" {
    many_rows
    wh-featurize "${all[@]}" --state a --fit many.ndjson >none
    [ ! -s none ]
    wh-featurize "${all[@]}" --state a --frozen many.ndjson >frozen
    wh-featurize "${all[@]}" --state b --fit-transform many.ndjson >transformed
    head -n 9999 many.ndjson | wh-featurize "${all[@]}" --state c --fit-transform >piped
    wh-featurize "${all[@]}" many.ndjson >twice
    same a b
    same a c
    same frozen transformed
    same frozen piped
    same frozen twice
    [ "$(wc -l <frozen)" -eq 3000 ]
}

@test "--frozen row by row is --frozen over the whole file" {
    many_rows
    wh-featurize "${all[@]}" --state s --fit many.ndjson
    head -n 20 many.ndjson >few.ndjson
    wh-featurize "${all[@]}" --state s --frozen few.ndjson >whole
    while IFS= read -r row; do
        printf '%s\n' "$row" | wh-featurize "${all[@]}" --state s --frozen
    done <few.ndjson >single
    same whole single
}

@test "--frozen only reads the state" {
    rows
    wh-featurize "${steps[@]}" --state s --fit rows.ndjson
    cp s before
    chmod a-w .
    wh-featurize "${steps[@]}" --state s --frozen rows.ndjson >/dev/null
    chmod u+w .
    same s before
    [ ! -e s.lock ]
}

@test "in one pass, two runs over the halves leave the state and rows of one run" {
    many_rows
    head -n 1234 many.ndjson >first.ndjson
    tail -n +1235 many.ndjson >second.ndjson
    wh-featurize "${all[@]}" --state one many.ndjson >whole
    wh-featurize "${all[@]}" --state two first.ndjson >halves
    run --separate-stderr wh-featurize "${all[@]}" --state two second.ndjson
    says 'continues from two (rows it learned from: 1234)'
    printf '%s\n' "$output" >>halves
    same one two
    same whole halves
}

@test "in one pass, a run that goes on may begin with a row that lacks a column" {
    rows
    echo '{"id":6,"x":3}' >last.ndjson
    wh-featurize "${steps[@]}" --state one rows.ndjson last.ndjson >/dev/null
    wh-featurize "${steps[@]}" --state two rows.ndjson >/dev/null
    wh-featurize "${steps[@]}" --state two -q last.ndjson >/dev/null
    same one two
    exits 2 wh-featurize "${steps[@]}" --state three last.ndjson
}

@test "in one pass, a row is transformed before it is learned from" {
    rows
    prints '{}
{"city is infrequent":1}
{"x":5,"city is infrequent":1}
{"x":4.543441112511214,"city is infrequent":1}
{"x":null,"city is infrequent":1}' \
        sh -c 'sed s/:2,/:1,/ rows.ndjson | sed "s/\"x\":4/\"x\":6/" >r &&
            wh-featurize --state s --standard x --onehot city:min_frequency=9 rows.ndjson |
            jq -c .features'
}

@test "a bad row teaches nothing, wherever in the list it turns out to be bad" {
    rows
    {
        head -n 2 rows.ndjson
        echo '{"id":8,"x":7,"city":"Kano","plan":"x","day":"never"}'
        echo '{"id":'
        tail -n 3 rows.ndjson
    } >mixed.ndjson
    local list=("${steps[@]}" --missing-column null --dates day:hour -q)
    wh-featurize "${list[@]}" --state clean --fit rows.ndjson
    wh-featurize "${list[@]}" --state mixed --fit --rejects bad.ndjson mixed.ndjson
    same clean mixed
    [ "$(wc -l <bad.ndjson)" -eq 2 ]
    wh-featurize "${list[@]}" --state clean-live rows.ndjson >/dev/null
    wh-featurize "${list[@]}" --state mixed-live --rejects bad.ndjson mixed.ndjson >/dev/null
    same clean-live mixed-live
}

@test "rejects are written once although the file is read twice" {
    rows
    echo '{"id":6,"x":"many","city":"Lagos"}' >>rows.ndjson
    exits 0 wh-featurize "${steps[@]}" --rejects bad.ndjson --stats stats.json rows.ndjson
    # shellcheck disable=SC2154 # bats sets it
    [ "$stderr" = 'wh-featurize: 1 of 6 rows rejected, see bad.ndjson' ]
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
    prints '[6,5,1,5]' jq -c '[.rows_in,.rows_out,.rows_rejected,.rows_learned]' stats.json
    exits 1 wh-featurize "${steps[@]}" --state s --fit-transform rows.ndjson
    says 'rows.ndjson:6: x: "many" is not a number'
    [ -z "$output" ]
    [ ! -e s ]
}

@test "the stamp is the same however the recipe's JSON is laid out" {
    rows
    echo '{"steps":[{"op":"onehot","columns":"city","min_frequency":2}]}' >a.json
    printf '{ "steps" : [\n { "min_frequency" : 2, "columns":"city",\n "op":"onehot"} ] }' >b.json
    wh-featurize -r a.json rows.ndjson >a
    wh-featurize -r b.json rows.ndjson >b
    wh-featurize --onehot city:min_frequency=2 rows.ndjson >c
    same a b
    same a c
    wh-featurize --onehot city:min_frequency=3 rows.ndjson >d
    [ "$(head -n 1 a | jq -r '.recipe[:12]')" != "$(head -n 1 d | jq -r '.recipe[:12]')" ]
}

@test "the stamp tells constants apart, and those still being learned" {
    rows
    wh-featurize "${steps[@]}" rows.ndjson | jq -r .recipe | sort -u >all
    head -n 2 rows.ndjson >few.ndjson
    wh-featurize "${steps[@]}" few.ndjson | jq -r .recipe | sort -u >few
    wh-featurize "${steps[@]}" --state s few.ndjson | jq -r .recipe | sort -u >live
    wh-featurize "${steps[@]}" --state s --frozen few.ndjson | jq -r .recipe | sort -u >frozen
    [[ $(cat all) =~ ^[0-9a-f]{12}\.[0-9a-f]{12}$ ]]
    [[ $(cat live) =~ ^[0-9a-f]{12}\.live$ ]]
    [ "$(cut -d. -f1 all few live frozen | sort -u | wc -l)" -eq 1 ]
    [ "$(cut -d. -f2 all few live | sort -u | wc -l)" -eq 3 ]
    same few frozen
}

@test "a state that was cut anywhere or had any byte changed is refused" {
    rows
    wh-featurize "${steps[@]}" --state s --fit rows.ndjson
    size=$(wc -c <s)
    for ((at = 0; at < size; at += 7)); do
        head -c "$at" s >shorter
        { head -c "$at" s; head -c $((at + 1)) s | tail -c 1 | tr '\0-\377' '\1-\377\0';
            tail -c +$((at + 2)) s; } >flipped
        for file in shorter flipped; do
            exits 2 wh-featurize "${steps[@]}" --state "$file" --frozen rows.ndjson
            [ -z "$output" ]
        done
    done
}

@test "the state of another recipe, or of a newer version, is refused with the reason" {
    rows
    wh-featurize "${steps[@]}" --state s --fit rows.ndjson
    exits 2 wh-featurize --standard x --state s --frozen rows.ndjson
    says 's was learned with another recipe'
    exits 2 wh-featurize --standard x --state s rows.ndjson
    says 'another recipe'
    exits 2 wh-featurize --state s --frozen rows.ndjson
    says 's was learned with steps, and none are given (head -n 1 s | jq .recipe >FILE '
    sed 's/"version":2/"version":3/' s >newer
    exits 2 wh-featurize "${steps[@]}" --state newer --frozen rows.ndjson
    says 'newer was written by a newer version'
    exits 2 wh-featurize "${steps[@]}" --state none --frozen rows.ndjson
    says 'none'
    exits 2 wh-featurize "${steps[@]}" --state rows.ndjson --fit rows.ndjson
    says 'rows.ndjson'
    [ "$(wc -l <rows.ndjson)" -eq 5 ]
}

@test "a state of version 1 is read as it was" {
    rows
    wh-featurize "${steps[@]}" --state s rows.ndjson >/dev/null
    jq -cj '{wh,version:1,recipe,rows,absent,steps}' s | sed 's/}$//' >one
    printf ',"sha256":"%s"}\n' "$(sha256sum <one | cut -d' ' -f1)" >>one
    wh-featurize -q "${steps[@]}" --state s --frozen rows.ndjson >new
    wh-featurize -q "${steps[@]}" --state one --frozen rows.ndjson >old
    same old new
    echo '{"id":6}' | wh-featurize -q "${steps[@]}" --state s >new
    echo '{"id":6}' | wh-featurize -q "${steps[@]}" --state one >old
    same old new
    same one s
}

@test "a run that fails leaves the old state whole" {
    rows
    wh-featurize "${steps[@]}" --state s rows.ndjson >/dev/null
    cp s before
    echo '{"x":"bad"}' >bad.ndjson
    exits 1 wh-featurize -q "${steps[@]}" --state s rows.ndjson bad.ndjson
    same s before
    [ "$(stat -c %a s)" = 600 ]
    [ ! -e s.lock ]
    [ -z "$(find . -name '.s*')" ]
}

@test "a second writer of a state is kept out" {
    rows
    mkfifo slow
    wh-featurize "${steps[@]}" --state s slow >/dev/null &
    exec 9>slow
    eventually [ -s s.lock ]
    exits 3 wh-featurize "${steps[@]}" --state s rows.ndjson
    says 's'
    exec 9>&-
    wait %1
}

@test "--fit, --fit-transform and --frozen need a state, and exclude each other" {
    rows
    for option in --fit --fit-transform --frozen; do
        exits 2 wh-featurize "${steps[@]}" "$option" rows.ndjson
        says "$option needs --state FILE"
    done
    exits 2 wh-featurize "${steps[@]}" --state s --fit --frozen rows.ndjson
    says 'only one of'
}

@test "columns that no step encodes leave beside the features, or those of --keep" {
    rows
    prints '["id","plan","recipe","features"]' \
        sh -c 'wh-featurize "$@" rows.ndjson | sed -n 1p | jq -c keys_unsorted' _ "${steps[@]}"
    prints '["city","id","recipe","features"]' \
        sh -c 'wh-featurize "$@" --keep city,id,label rows.ndjson | sed -n 1p | jq -c keys_unsorted' \
        _ "${steps[@]}"
}

@test "steps of wh-clean stand between encoders" {
    rows
    prints '{"y":3,"plan=free":1}' \
        sh -c 'wh-featurize --rename x=y --fill y=3 --passthrough y --drop-missing city \
            --onehot plan rows.ndjson | tail -n 1 | jq -c .features'
}

@test "a row with a column called as ours is bad, and renaming helps" {
    echo '{"recipe":"pie","features":{},"x":1}' >rows.ndjson
    exits 1 wh-featurize --passthrough x rows.ndjson
    says 'rows.ndjson:1: recipe: '
    says '--rename'
    exits 0 wh-featurize --passthrough x --rename recipe=dish,features=f rows.ndjson
    exits 0 wh-featurize --passthrough x --keep x rows.ndjson
    [ "$(jq -c .features <<<"$output")" = '{"x":1}' ]
}

@test "a misspelled column is refused, an absent one is null where that was said" {
    rows
    exits 2 wh-featurize --standard x --onehot citi rows.ndjson
    says 'onehot: there is no column "citi" (did you mean city?)'
    exits 0 wh-featurize --passthrough x,y --missing-column null rows.ndjson
    [ "$(jq -c .features <<<"${lines[0]}")" = '{"x":1,"y":null}' ]
    exits 2 wh-featurize --onehot '/^zz/' rows.ndjson
    says 'onehot: '
}

@test "--keep misses a column only where the first row has none of its columns" {
    rows
    exits 2 wh-featurize --passthrough x --keep idd rows.ndjson
    says '--keep: there is no column "idd" (did you mean id?)'
    exits 0 wh-featurize --passthrough x --keep id,not_yet_known rows.ndjson
}

@test "frozen, a column that every row had is missed, one that some lacked is not" {
    rows
    echo '{"id":6,"x":3}' >>rows.ndjson
    wh-featurize "${steps[@]}" --state s --fit rows.ndjson
    prints '["city"]' jq -c .absent s
    echo '{"x":1}' >some.ndjson
    exits 0 wh-featurize "${steps[@]}" --state s --frozen some.ndjson
    echo '{"city":"Lagos"}' >none.ndjson
    exits 1 wh-featurize "${steps[@]}" --state s --frozen none.ndjson
    says 'none.ndjson:1: x: there is no column "x"'
    says '--missing-column null'
    exits 0 wh-featurize "${steps[@]}" --state s --frozen --missing-column null none.ndjson
}

@test "-o csv writes a column for every feature" {
    rows
    wh-featurize "${steps[@]}" --hash plan=2 -o csv rows.ndjson | cut -d, -f1,3- >dense
    cat <<'END' >expected
id,features.x,features.city=Lagos,features.city is infrequent,features.plan#0,features.plan#1
1,-1.025755289064345,1,0,0,-1
2,-0.6527533657682196,0,1,0,-1
3,0.09325048082403138,0,1,-1,0
4,1.5852581740085334,1,0,-1,0
5,,0,1,0,-1
END
    same expected dense
}

@test "-o csv is refused where the features cannot be known or are too many" {
    rows
    exits 2 wh-featurize "${steps[@]}" --state s -o csv rows.ndjson
    says '--fit-transform'
    [ ! -e s ]
    exits 2 wh-featurize --hash city=100000 -o csv rows.ndjson
    says 'too many'
    exits 0 wh-featurize --standard x --state s -o csv rows.ndjson
}

@test "CSV in gives the features of the same NDJSON" {
    rows
    { echo id,x,city,plan; jq -r '[.id,.x,.city,.plan] | @csv' rows.ndjson; } >rows.csv
    wh-featurize "${steps[@]}" rows.ndjson >a
    wh-featurize "${steps[@]}" rows.csv >b
    same a b
    [ "$(wc -l <b)" -eq 5 ]
}

@test "--print-recipe gives back what makes the same features" {
    many_rows
    wh-featurize "${all[@]}" --trim city --print-recipe >recipe.json
    wh-featurize "${all[@]}" --trim city many.ndjson >a
    wh-featurize -r recipe.json many.ndjson >b
    same a b
}

@test "no temporary file is left of standard input" {
    rows
    mkdir tmp
    head -n 9 rows.ndjson | TMPDIR=$PWD/tmp wh-featurize "${steps[@]}" --state s --fit-transform >/dev/null
    [ -z "$(ls -A tmp)" ]
}

@test "a full disk is an error, and no state appears" {
    [ -w /dev/full ] || skip "needs /dev/full"
    rows
    exits 1 sh -c 'wh-featurize "$@" --state s rows.ndjson >/dev/full' _ "${steps[@]}"
    [ ! -e s ]
}

@test "CSV with no row but a header comes out as the header of what rows would be" {
    printf 'id,x,city,at\n' >header.csv
    printf 'id,x,city,at\n1,2,Oslo,2024-03-01\n' >row.csv
    wh-featurize --state s --fit --standard x --onehot city --log1p x row.csv
    for steps in '--passthrough x --dates at:year' '--rename id=key --passthrough x --keep key' \
        '--state s --frozen --standard x --onehot city --log1p x'; do
        # shellcheck disable=SC2086 # several words
        prints "$(wh-featurize $steps -o csv row.csv | head -n 1)" \
            wh-featurize $steps -o csv header.csv
    done
    prints '' sh -c 'wh-featurize --passthrough x header.csv; echo'
}

@test "a leap second is of the day it ends in, and the rows around it are of theirs" {
    printf '%s\n' '{"t":"2016-12-31 10:00:00"}' '{"t":"2016-12-31 23:59:60"}' \
        '{"t":"2016-12-31 10:00:00"}' >leap.ndjson
    prints '{"t.year":2016,"t.day":31}
{"t.year":2017,"t.day":1}
{"t.year":2016,"t.day":31}' sh -c 'wh-featurize --dates t:year,day leap.ndjson | jq -c .features'
}

@test "a rejected row does not make a column one that rows may lack" {
    printf '%s\n' '{"a":1,"c":2}' '{"a":"bad"}' '{"a":3,"c":1}' >rows.ndjson
    for how in --fit --passthrough=a; do
        rm -f s bad.ndjson
        wh-featurize -q --state s "$how" --standard a,c --rejects bad.ndjson rows.ndjson >out
        prints '[]' jq -c .absent s
    done
    printf '%s\n' '{"a":1}' >>rows.ndjson
    wh-featurize -q --state t --fit --standard a,c --rejects bad.ndjson rows.ndjson
    prints '["c"]' jq -c .absent t
}

@test "a model learns the same from dense CSV as from sparse NDJSON" {
    awk 'BEGIN {
        print "a,b,n,t,y"
        for (i = 1; i <= 300; i++)
            printf "u%d,v%d,%s,2024-%02d-%02d,%d\n", i * 7919 % 50, i * i % 9,
                i % 10 ? i % 7 / 3 : "", i % 12 + 1, i % 28 + 1, i % 3 == 0
    }' >rows.csv
    steps=(--hash 'a,b,n=32' --standard n --onehot b:min_frequency=40
        --dates 't:month,day,cyclic')
    wh-featurize -q --state s --fit "${steps[@]}" rows.csv
    for format in csv ndjson; do
        wh-featurize -q --state s --frozen "${steps[@]}" -o $format rows.csv |
            wh-update -q -m $format.whm --label y --learner nag
    done
    [ "$(wh-score -m csv.whm --digest)" = "$(wh-score -m ndjson.whm --digest)" ]
}

@test "values that --onehot has not learned are counted, and bad with --strict" {
    printf '{"c":"a","n":3}\n{"c":"b","n":4}\n' >fit
    wh-featurize --onehot c,n --state s --fit fit
    printf '{"c":"a","n":3.0}\n{"c":"x","n":4}\n{"c":null,"n":5}\n' >rows
    exits 0 wh-featurize --onehot c,n --state s --frozen --stats stats.json rows
    says 'column "c": 2 values were not learned, such as "x" (--strict makes such rows bad'
    says 'column "n": 1 value was not learned, such as "5"'
    jq -e '.steps[0].values_not_learned == {c: 2, n: 1}' stats.json
    exits 1 wh-featurize --onehot c,n --state s --frozen --strict rows
    says 'rows:2: c: "x" is not among the values that were learned'
    exits 0 wh-featurize --onehot c,n --state s --frozen --strict -q --rejects bad rows
    jq -se 'map([.rule, .column]) == [["onehot", "c"], ["onehot", "c"]]' bad
    exits 2 wh-featurize --onehot c,n --strict fit
    exits 0 wh-featurize --onehot c,n --state s --frozen fit
    [ -z "$stderr" ]
}

@test "--onehot takes all spellings of a number for one value" {
    printf '{"n":3}\n{"n":3.0}\n{"n":3e0}\n{"n":"3"}\n{"n":0.50}\n{"n":12345678901234567890}\n' >rows
    wh-featurize --onehot n rows | jq -c '.features | keys[0]' >out
    prints '"n=3"
"n=3"
"n=3"
"n=3"
"n=0.5"
"n=12345678901234567890"' cat out
}
