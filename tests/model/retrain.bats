# Rows that are held out, several passes, windows, and models that have to earn their place.
# shellcheck shell=bash disable=SC2002,SC2016,SC2030,SC2031,SC2086,SC2154
load ../helper

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# orders COUNT [SEED]: generated rows, many of one customer, with a label that depends on them.
orders() {
    awk -v count="$1" -v seed="${2-7}" "$RANDOM_AWK"'BEGIN {
        random_seed(seed)
        split("Lagos,Oslo,Lima,New York,Sao Paulo", city, ",")
        for (i = 1; i <= count; i++) {
            amount = random() * 100; c = int(random() * 5) + 1; visits = int(random() * 10)
            late = amount / 50 + (c == 2) - visits / 5 + random() > 1
            printf "{\"id\":%d,\"customer\":\"c%d\",\"at\":\"2026-03-%02d\",\"amount\":%.2f," \
                "\"city\":\"%s\",\"visits\":%d,\"late\":%s}\n", i, int(random() * count / 5),
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

# learners: the names of all there are, as the refusal of another one lists them.
learners() {
    wh-update -m none.whm --label y --learner none 2>&1 </dev/null |
        sed 's/.*is not one of //; s/,//g'
}

@test "with every learner rows held out teach nothing, in one pass and in several" {
    orders 1200 >rows
    split rows
    local learner label passes count=0
    for learner in $(learners); do
        for label in late amount city; do
            for passes in 1 2; do
                echo "$learner $label $passes"
                wh-update -m m.whm --new --label $label --ignore at,id -q --learner $learner \
                    --holdout 20%:customer --passes $passes --stats stats.json rows
                # Without rows held out there is nothing to stop for.
                wh-update -m kept.whm --new --label $label --ignore at,id -q --learner $learner \
                    --holdout 20%:customer --passes "$(jq '.pass_kept // 1' stats.json)" kept
                [ "$(digest m.whm)" = "$(digest kept.whm)" ]
                count=$((count + 1))
            done
        done
    done
    [ $count -ge 12 ]
}

@test "a class that only rows held out have is none of the model" {
    orders 500 >rows
    split rows
    sed 's/"city":"[A-Za-z ]*"/"city":"Atlantis"/' held >sunken
    cat kept sunken | wh-update -m m.whm --learner nag --label city --holdout 20%:customer -q --ignore id,at \
        --stats stats.json
    prints '["Lagos","Lima","New York","Oslo","Sao Paulo"]' \
        eval 'zcat m.whm | sed -n 1p | jq -c ".labels | sort"'
    jq -e '.held_out.accuracy == 0 and .held_out.loss > 3' stats.json
    cat kept sunken | sed 's/"late":[a-z]*/"late":"yes"/; /Atlantis/s/"yes"/"no"/' |
        wh-update -m two.whm --learner nag --label late --holdout 20%:customer -q
    prints '[null,"yes"]' eval 'zcat two.whm | sed -n 1p | jq -c .labels'
}

@test "a share that is held out holds for all the model's life, however it is spelled" {
    orders 300 >rows
    learn --learner nag --holdout 20%:customer rows
    prints 20%:customer eval 'zcat m.whm | sed -n 1p | jq -r .options.holdout'
    learn --holdout 20.0%:customer rows
    exits 2 learn --holdout 30%:customer rows
    says '--holdout 20%:customer: --holdout 30%:customer contradicts that'
    wh-update -m all.whm --label late -q rows
    exits 2 wh-update -m all.whm --holdout 10% rows
    says 'learned without --holdout'
    exits 2 wh-update -m new.whm --label late --holdout 10 rows
    says '--holdout: "10" is not a share of the rows: it is given in percent (write 10%)'
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

# The lines of the features of a model and their numbers, without what else the file holds.
features() {
    zcat "$1" | grep '^\['
}

@test "two passes learn what two runs learn, and measure only the first" {
    orders 1000 >rows
    wh-update -m runs.whm --label late --ignore at,id -q --learner nag rows
    wh-update -m runs.whm -q rows
    learn --learner nag --passes 2 --stats stats.json rows
    [ "$(features m.whm)" = "$(features runs.whm)" ]
    jq -e '.rows_in == 1000 and .rows_learned == 1000 and .passes == 2 and .pass_kept == 2' stats.json
    jq -e '.commits == 1 and .pass_losses == []' stats.json
    [ "$(jq -r .digest stats.json)" = "$(digest)" ]
    wh-update -m once.whm --label late --ignore at,id -q --learner nag --stats once.json rows
    [ "$(jq .progressive_loss stats.json)" = "$(jq .progressive_loss once.json)" ]
    prints 1000 eval 'zcat m.whm | sed -n 1p | jq .rows'
    exits 0 wh-update -m n.whm --label late --passes 2 rows
    says 'no row was held out, so that all 2 passes are made'
}

@test "passes end when the rows held out gain no more, and the best pass is kept" {
    orders 1000 >rows
    learn --learner nag --holdout 20%:customer --passes 6 --stats stats.json rows
    jq -e '.pass_kept == 6 and (.pass_losses | length == 6 and . == (sort | reverse))' stats.json
    jq -e '.pass_losses[-1] == .held_out.loss' stats.json
    wh-update -m again.whm --label late --ignore at,id --learner nag --holdout 20%:customer -q rows
    wh-score -m m.whm --label late -q --stats whole.json rows >/dev/null
    wh-score -m again.whm --label late -q --stats once.json rows >/dev/null
    [ "$(jq .loss whole.json)" != "$(jq .loss once.json)" ]
    # Labels of pure chance, and words that tell the rows apart: each pass but overfits more.
    awk "$RANDOM_AWK"'BEGIN { random_seed(3); for (i = 1; i <= 600; i++)
        printf "{\"id\":%d,\"w\":\"w%d\",\"v\":\"v%d\",\"late\":%d}\n", i, random() * 200,
            random() * 200, random() < 0.5 }' >chance
    exits 0 wh-update -m chance.whm --label late --ignore id --learner nag --holdout 30% \
        --passes 9 --stats stats.json chance
    says 'the model is that of pass 1'
    jq -e '.passes == 2 and .pass_kept == 1 and .pass_losses[0] < .pass_losses[1]' stats.json
    jq -e '.pass_losses[0] == .held_out.loss' stats.json
    wh-update -m first.whm --label late --ignore id --learner nag --holdout 30% -q chance
    [ "$(digest chance.whm)" = "$(digest first.whm)" ]
    [ "$(jq -r .digest stats.json)" = "$(digest chance.whm)" ]
}

@test "files, standard input, several operands and CSV are read again alike" {
    orders 600 >rows
    learn --holdout 20%:customer --passes 3 rows
    local options='--label late --ignore at,id -q --holdout 20%:customer --passes 3'
    cat rows | wh-update -m pipe.whm $options
    wh-update -m redirected.whm $options <rows
    gzip -c rows | wh-update -m gz.whm $options
    head -n 250 rows >a
    tail -n +251 rows | wh-update -m both.whm $options a -
    wh-clean -o csv -q rows >rows.csv
    wh-update -m csv.whm $options rows.csv
    local model
    [ "$(features csv.whm)" = "$(features m.whm)" ] # in CSV, true is a string
    for model in pipe redirected gz both; do
        echo "$model"
        [ "$(digest $model.whm)" = "$(digest)" ]
    done
    exits 2 wh-update -m n.whm $options <(cat rows)
    says 'is not a regular file, and cannot be read twice (give its rows on standard input)'
    prints 0 eval 'ls -A "${TMPDIR:-/tmp}" | grep -c "^.wh-spool" || true'
}

@test "bad rows are rejected once, however often they are read" {
    orders 300 >rows
    sed '50s/.*/{"late":true,/; 60s/"amount":[0-9.]*/"amount":1e99/; 70s/"late":[a-z]*/"late":7/' \
        rows >bad
    sed '50d;60d;70d' rows >good
    learn --holdout 20%:customer --passes 3 --window 10000 --new --rejects rejected \
        --stats stats.json bad
    prints 3 eval 'wc -l <rejected'
    jq -e '.rows_in == 300 and .rows_rejected == 3' stats.json
    wh-update -m good.whm --label late --ignore at,id -q --holdout 20%:customer --passes 3 good
    [ "$(digest)" = "$(digest good.whm)" ]
    exits 1 learn --holdout 20%:customer --passes 3 --new --rejects rejected --max-rejects 2 bad
    [ "$(digest)" = "$(digest good.whm)" ]
    exits 1 learn --passes 3 --new bad
    says 'bad:50'
}

@test "a window of rows or of time learns what the last rows alone teach" {
    orders 1000 >rows
    tail -n 300 rows >last
    learn --window 300 --new --stats stats.json rows
    jq -e '.rows_learned == 300 and .rows_outside_window == 700 and .rows_in == 1000' stats.json
    wh-update -m last.whm --label late --ignore at,id -q last
    [ "$(digest)" = "$(digest last.whm)" ]
    cat rows | wh-update -m pipe.whm --new --window 300 --label late --ignore at,id -q
    [ "$(digest pipe.whm)" = "$(digest last.whm)" ]
    grep -E '"at":"2026-03-2[6-8]"' rows >days
    wh-update -m days.whm --label late --ignore id --time at -q --holdout 20%:customer --passes 2 days
    shuf --random-source=<(yes) rows >shuffled
    grep -E '"at":"2026-03-2[6-8]"' shuffled >shuffled_days
    wh-update -m window.whm --new --label late --ignore id --time at -q --holdout 20%:customer \
        --window 3d --passes 2 rows
    [ "$(digest window.whm)" = "$(digest days.whm)" ]
    wh-update -m shuffled.whm --label late --ignore id --time at -q --new --window 72h shuffled
    wh-update -m some.whm --label late --ignore id --time at -q shuffled_days
    [ "$(digest shuffled.whm)" = "$(digest some.whm)" ]
    exits 2 wh-update -m n.whm --label late --new --window 3d rows
    says '--window 3d needs --time COLUMN'
    exits 1 wh-update -m n.whm --label late --new --window 3d --time city rows
    says 'rows:1: city: "'
    exits 2 wh-update -m n.whm --label late --window 300 rows
    says '--window requires --new'
}

@test "a new model takes the place of the old one only if it is better" {
    orders 1500 >rows
    local options='--new --label late --ignore at,id,customer -q --learner nag --holdout 20%:customer'
    wh-update -m m.whm $options --replace-if-better --stats stats.json rows
    jq -e '.replaced == true and .comparison == null' stats.json
    local before
    before=$(digest)
    # The same again is no better, and neither is one that knows less.
    exits 0 wh-update -m m.whm $options --replace-if-better --stats stats.json rows
    jq -e '.replaced == false and .comparison.difference == 0 and .digest == null' stats.json
    [ "$(digest)" = "$before" ]
    exits 0 wh-update -m m.whm --new --label late --ignore at,id,customer,amount,visits \
        --learner nag --holdout 20%:customer --replace-if-better --stats stats.json rows
    says 'm.whm stays as it was: the new model is not shown to be better'
    [[ $stderr =~ 'loss '[0-9.]+' (old), '[0-9.]+' (new): old is better by '[0-9.]+' (95 % confidence: ' ]]
    jq -e '.replaced == false and .comparison.better == "old" and .commits == 0' stats.json
    [ "$(digest)" = "$before" ]
    # One that has learned more is.
    exits 0 wh-update -m m.whm --new --label late --ignore at,id,customer --learner nag \
        --holdout 20%:customer --replace-if-better --passes 8 --stats stats.json rows
    says 'm.whm is replaced: the new model is shown to be better'
    jq -e '.replaced and .comparison.better == "new" and .comparison.p < 0.05 and .commits == 1' stats.json
    [ "$(digest)" = "$(jq -r .digest stats.json)" ]
    [ "$(digest)" != "$before" ]
    jq -e '.comparison.rows == .held_out.rows' stats.json
    jq -e '.comparison.second_loss - .held_out.loss | fabs < 1e-12' stats.json
}

@test "what is compared are the losses of both models on the rows held out" {
    orders 1200 >rows
    split rows
    local options='--new --ignore at,id,customer -q --learner nag --holdout 20%:customer'
    local label
    for label in late amount city; do
        wh-update -m m.whm $options --label $label kept
        cp m.whm old.whm
        wh-update -m m.whm $options --label $label -l 0.05 --replace-if-better --stats stats.json \
            kept held
        wh-score -m old.whm --label $label -q --stats old.json held >/dev/null
        wh-update -m new.whm $options --label $label -l 0.05 kept
        wh-score -m new.whm --label $label -q --stats new.json held >/dev/null
        jq -e --slurpfile old old.json --slurpfile new new.json '
            ((.comparison.first_loss - $old[0].loss) / $old[0].loss | fabs < 1e-9)
            and ((.comparison.second_loss - $new[0].loss) / $new[0].loss | fabs < 1e-9)' stats.json
    done
}

@test "models that cannot be compared fairly are not, and the old one stays" {
    orders 300 >rows
    local options='--new --ignore at,id -q --holdout 20%:customer --replace-if-better'
    learn rows
    local before
    before=$(digest)
    exits 2 wh-update -m m.whm --label late $options rows
    says 'm.whm cannot be compared with the new model: it was learned without --holdout'
    says '--new --holdout 20%:customer without --replace-if-better'
    wh-update -m m.whm --new --label late --ignore at,id --holdout 30%:customer -q rows
    exits 2 wh-update -m m.whm --label late $options rows
    says 'it was learned with --holdout 30%:customer'
    wh-update -m m.whm --new --label late --ignore at,id --holdout 20%:customer -q rows
    before=$(digest)
    exits 2 wh-update -m m.whm --label city $options rows
    says 'its label is late, and not city'
    exits 2 wh-update -m m.whm --label late --loss squared $options rows
    says 'its loss is logistic, and not squared'
    exits 2 eval 'sed "s/\"late\":true/\"late\":3.5/; s/\"late\":false/\"late\":7/" rows |
        wh-update -m m.whm --label late $options'
    says 'its task is binary, and not regression'
    exits 2 eval 'jq -c "{late,customer,features:{amount}}" rows | wh-update -m m.whm --label late $options'
    says 'cannot be compared with the new model'
    [ "$(digest)" = "$before" ]
    head -n 3 rows >few
    exits 0 wh-update -m m.whm --new --label late --ignore at,id --holdout 20%:customer \
        --replace-if-better few
    says 'm.whm stays as it was: two rows or more must be held out'
    [ "$(digest)" = "$before" ]
    exits 2 wh-update -m m.whm --label late --holdout 20%:customer --replace-if-better rows
    says '--replace-if-better requires --new'
    exits 2 wh-update -m m.whm --label late --new --replace-if-better rows
    says '--replace-if-better requires --holdout'
}

@test "killed while it reads the rows again, it leaves the old model as it was" {
    without_sanitizers
    orders 500 >few
    orders 150000 >rows
    learn --holdout 20%:customer few
    local before signal pid status
    before=$(digest)
    for signal in KILL TERM; do
        rm -f said
        touch said
        wh-update -m m.whm --new --label late --ignore at,id --learner nag --holdout 20%:customer \
            --passes 100000 rows 2>said &
        pid=$!
        eventually grep -q 'pass 1 of' said
        sleep 0.05
        kill -$signal $pid
        status=0
        wait $pid || status=$?
        [ "$status" -gt 128 ]
        [ "$(digest)" = "$before" ]
    done
    learn --new --holdout 20%:customer few
    [ "$(digest)" = "$before" ]
}

@test "a full disk while standard input is put by fails with the reason, and changes nothing" {
    orders 3000 >rows
    head -n 100 rows >few
    learn few
    local before
    before=$(digest)
    exits 1 bash -c 'trap "" XFSZ; ulimit -f 64; cat rows |
        wh-update -m m.whm --new --label late --ignore at,id -q --passes 2'
    says 'standard input is to be read again, and the temporary file that it is put by in cannot hold it (see TMPDIR)'
    exits 1 env TMPDIR=/nonexistent bash -c 'cat rows | wh-update -m m.whm --new --label late --passes 2'
    says 'cannot create a temporary file in /nonexistent (see TMPDIR)'
    [ "$(digest)" = "$before" ]
}

@test "a stream with checkpoints is not read several times; one of --mark is, if it is whole" {
    orders 300 >rows
    { echo '{"@wh":"begin","epoch":"aaaaaaaaaaa1","from":null,"position":{"row":0},"through":[],"by":"wh-extract"}'
      cat rows; } >stream
    exits 2 eval 'cat stream | wh-update -m m.whm --label late --passes 2'
    says 'a stream with checkpoints has no end and goes by once'
    exits 2 wh-update -m m.whm --label late --passes 2 stream
    says 'a stream with checkpoints has no end and goes by once'
    exits 2 wh-update -m m.whm --label late --passes 2 --checkpoint m.whm stream
    says '--passes and --checkpoint contradict each other'
    exits 2 wh-update -m m.whm --label late --passes 2 -p rows
    exits 2 wh-update -m m.whm --label late --new --window 9 --save-every 1s rows
    [ ! -e m.whm ]
    learn --passes 3 rows
    wh-extract rows --mark >marked
    wh-update -m marked.whm --label late --ignore at,id -q --passes 3 <marked
    [ "$(digest marked.whm)" = "$(digest)" ]
    exits 3 eval 'head -n 200 marked | wh-update -m marked.whm --label late --ignore at,id --new --passes 3'
    [ "$(digest marked.whm)" = "$(digest)" ]
}

@test "memory does not grow with the rows that are read again" {
    without_sanitizers
    need /usr/bin/time
    orders 1000 >few
    for _ in $(seq 200); do cat few; done >many
    local peak=() file
    for file in few many; do
        exits 0 /usr/bin/time -f '%M kB' wh-update -m $file.whm --new --label late --ignore at,id \
            --learner nag --holdout 20%:customer --window 150000 --passes 3 -q $file
        [[ $stderr =~ ([0-9]+)' kB' ]]
        peak+=("${BASH_REMATCH[1]}")
    done
    [ $((peak[1] - peak[0])) -lt 8000 ]
}

@test "a share in which no row lies is told of" {
    printf '%s\n' '{"a":1,"k":0,"y":1}' '{"a":2,"k":0,"y":0}' >rows
    exits 0 wh-update -m m.whm --label y --holdout 1%:k rows
    says 'held out no row: there are few, or few that differ, by --holdout 1%:k'
}
