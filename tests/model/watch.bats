# wh-score --watch: models are replaced while rows are scored.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2094,SC2154
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'y,a,city\nyes,2,Oslo\nno,-1,Lima\nyes,1,Oslo\nno,-2,Rome\n' >train.csv
    wh-update -m one.whm --learner nag --label y -q train.csv
    (cat train.csv && sed 1d train.csv) >twice.csv
    wh-update -m two.whm --learner nag --label y -q twice.csv
    cp one.whm m.whm
}

# Puts another model in the place of m.whm, as wh-update does it.
replace() {
    cp "$1" new.whm
    mv new.whm m.whm
}

stamp() {
    wh-score -m "$1" --digest | cut -c 1-12
}

# serve OPTION...: wh-score that reads from descriptor 5 and writes to 6; tell and asks talk to it.
serve() {
    mkfifo in out
    wh-score -m m.whm --watch "$@" <in >out 2>err &
    server=$!
    exec 5>in 6<out
}

asks() {
    printf '%s\n' "$1" >&5
    IFS= read -r -t "$PATIENCE" -u 6 line
}

# waits TEXT: until the server has said it on standard error.
waits() {
    eventually grep -qF "$1" err || { cat err; return 1; }
}

answers() {
    asks "$1"
    [[ $line == *"$2"* ]]
}

# asks_until ROW TEXT: until an answer holds it.
asks_until() {
    eventually answers "$1" "$2" || { echo "$line"; return 1; }
}

quit() {
    exec 5>&- 6<&-
    wait "$server"
}

@test "1,000 swaps at full speed: no row is lost, and each is scored by one of the two models" {
    without_sanitizers
    need perl
    local rows=50000
    awk -v rows=$rows 'BEGIN { for (i = 0; i < rows; i++)
        printf "{\"id\":%d,\"a\":%d,\"city\":\"%s\"}\n", i, i % 7, i % 2 ? "Oslo" : "Rome" }' >rows
    wh-score -m one.whm -q --stamp rows >by.one
    wh-score -m two.whm -q --stamp rows >by.two
    # Another process replaces the model 1,000 times, and until 100 swaps were seen in the rows out;
    # the rows come as often as that takes.
    perl -e 'for (my $i = 0; $i < 1000 || ! -e "enough"; $i++) {
        link $i % 2 ? "one.whm" : "two.whm", "next.whm" or die;
        rename "next.whm", "m.whm" or die;
        select undef, undef, undef, 0.002;
    } open my $over, ">", "over";' &
    while [ ! -e over ]; do cat rows; done |
        wh-score -m m.whm -q --watch --stamp -i ndjson |
        # Each row out is that of the row in, by one model or the other, to the last digit.
        awk -v rows=$rows '
            FILENAME == "by.one" { by_one[FNR] = $0; next }
            FILENAME == "by.two" { by_two[FNR] = $0; next }
            { i = (FNR - 1) % rows + 1 }
            { now = $0 == by_one[i] ? 1 : $0 == by_two[i] ? 2 : 0; seen[now]++ }
            now != last && last && ++swaps == 100 { printf "" >"enough"; close("enough") }
            { last = now }
            END { print FNR, seen[1] + 0, seen[2] + 0, swaps + 0, seen[0] + 0
                  exit seen[0] > 0 || FNR % rows != 0 || swaps < 100 }' by.one by.two - >seen ||
        { cat seen; false; }
    wait
}

@test "a model is replaced between two rows of a slow stream" {
    serve --stamp
    asks '{"a":1}'
    [[ $line == *"\"model\":\"$(stamp one.whm)\""* ]]
    replace two.whm
    asks_until '{"a":1}' "\"model\":\"$(stamp two.whm)\""
    prints "$(echo '{"a":1}' | wh-score -m two.whm --stamp)" echo "$line"
    waits "m.whm: a new model of 8 rows, $(stamp two.whm), scores from line"
    quit
}

@test "a model that comes after many rows scores as many more" {
    ids() { seq "$1" "$2" | sed 's/.*/{"id":&,"a":1}/'; }
    serve --stamp
    cat <&6 >answers 5>&- 3>&- &
    ids 1 1500 >&5
    eventually lines answers 1500
    replace two.whm
    id=1500
    until grep -q "$(stamp two.whm)" answers; do
        ids $((id += 1)) $id >&5
        eventually lines answers $id
        sleep 0.1
    done
    ids $((id + 1)) $((id + 5000)) >&5
    eventually lines answers $((id + 5000))
    exec 5>&-
    wait "$server"
}

@test "a file that is no sound model is passed over with one notice, and the next one is taken" {
    serve --stamp
    asks '{"a":1}'
    head -c 100 two.whm >new.whm && mv new.whm m.whm
    asks '{"a":1}'
    sleep 1.2
    asks '{"a":1}'
    waits 'm.whm was replaced, and the model before goes on: m.whm: is cut short'
    asks '{"a":1}'
    [[ $line == *"$(stamp one.whm)"* ]]
    prints 1 grep -c 'was replaced' err
    rm m.whm
    asks '{"a":1}'
    replace two.whm
    asks_until '{"a":1}' "$(stamp two.whm)"
    prints 1 grep -c 'was replaced' err
    quit
}

@test "a model of another task, or with other classes, is passed over" {
    printf 'y,a\n1.5,1\n3,2\n' | wh-update -m number.whm --learner nag --label y -q
    sed 's/yes/true/; s/no/false/' train.csv | wh-update -m other.whm --learner nag --label y -q
    serve
    asks '{"a":1}'
    replace number.whm
    asks '{"a":1}'
    sleep 1.2
    asks '{"a":1}'
    waits 'its task is regression, not binary'
    replace other.whm
    sleep 1.2
    asks '{"a":1}'
    waits 'its two classes are others'
    asks '{"a":1}'
    [[ $line == *'"prediction":"yes"'* ]]
    quit
}

@test "a model of another loss is passed over where the loss is measured" {
    wh-update -m hinge.whm --learner nag --loss hinge --label y -q train.csv
    serve --label y
    asks '{"a":1,"y":"yes"}'
    replace hinge.whm
    sleep 1.2
    asks '{"a":1,"y":"yes"}'
    waits 'its loss differs from the one that is measured'
    quit
}

@test "a model of another recipe waits until its rows come" {
    local recipe
    for recipe in r.1 r.2; do
        sed 1d train.csv | awk -F, -v r=$recipe '{
            printf "{\"y\":\"%s\",\"recipe\":\"%s\",\"features\":{\"a\":%s}}\n", $1, r, $2 }' |
            wh-update -m $recipe.whm --learner nag --label y -q
    done
    cp r.1.whm m.whm
    serve --stamp
    asks '{"recipe":"r.1","features":{"a":1}}'
    replace r.2.whm
    sleep 1.2
    asks '{"recipe":"r.1","features":{"a":1}}'
    asks '{"recipe":"r.1","features":{"a":1}}'
    [[ $line == *"$(stamp r.1.whm)"* ]]
    waits 'the model before goes on: the row'
    asks '{"recipe":"r.2","features":{"a":1}}'
    [[ $line == *"$(stamp r.2.whm)"* ]]
    prints 1 grep -c 'was replaced' err
    quit
}

@test "rows that come before their model's turn find it, if it is there" {
    printf '{"y":1,"recipe":"r.1","features":{"a":1}}\n{"y":0,"recipe":"r.1","features":{"a":-1}}\n' >rows
    wh-update -m m.whm --new --learner nag --label y -q rows
    sed 's/r\.1/r.2/' rows | wh-update -m r.2.whm --learner nag --label y -q
    serve --stamp
    asks '{"recipe":"r.1","features":{"a":1}}'
    replace r.2.whm
    asks '{"recipe":"r.2","features":{"a":1}}' # at once, without a look in between
    [[ $line == *"$(stamp r.2.whm)"* ]]
    exec 5>&-
    exec 6<&-
    wait "$server"
}

@test "probabilities in CSV keep their columns, and NDJSON takes any classes" {
    printf 'k,a\nx,1\ny,-1\n' | wh-update -m m.whm --new --learner nag --label k -q --task multiclass
    printf 'k,a\nx,1\ny,-1\nz,5\n' | wh-update -m wide.whm --learner nag --label k -q --task multiclass
    serve -i csv --proba
    echo a >&5
    asks 1
    [ "$line" = a,score,prediction,proba.x,proba.y ]
    IFS= read -r -t "$PATIENCE" -u 6 line
    replace wide.whm
    sleep 1.2
    asks 1
    waits 'it has other classes, and so CSV would have other columns'
    quit
    rm in out
    replace wide.whm
    printf 'k,a\nx,1\ny,-1\n' | wh-update -m m.whm --new --learner nag --label k -q --task multiclass
    serve -i ndjson --proba
    asks '{"a":1}'
    [[ $line != *'"z":'* ]]
    replace wide.whm
    asks_until '{"a":1}' '"z":'
    quit
}

@test "several models are watched, each for itself" {
    cp two.whm b.whm
    mkfifo in out
    wh-score -m x=m.whm -m y=b.whm --watch --stamp -i ndjson <in >out 2>err &
    server=$!
    exec 5>in 6<out
    asks '{"a":1}'
    prints "$(stamp one.whm) $(stamp two.whm)" jq -r '.x_model + " " + .y_model' <<<"$line"
    replace two.whm
    asks_until '{"a":1}' "\"x_model\":\"$(stamp two.whm)\""
    quit
}

@test "without --watch the model stays, whatever becomes of its file" {
    mkfifo in out
    wh-score -m m.whm --stamp -i ndjson <in >out &
    server=$!
    exec 5>in 6<out
    asks '{"a":1}'
    replace two.whm
    sleep 1.2
    asks '{"a":1}'
    asks '{"a":1}'
    [[ $line == *"$(stamp one.whm)"* ]]
    quit
}
