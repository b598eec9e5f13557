# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'y,a,city\nyes,2,Oslo\nno,-1,Lima\nyes,1,Oslo\nno,-2,Rome\n' >train.csv
    wh-update -m m.whm --learner nag --label y -q train.csv
}

score() {
    wh-score -m m.whm "$@"
}

@test "a score and a prediction are added, and nothing else changes" {
    printf '{"id":12345678901234567890,"a":1.10,"city":"Oslo","note":"caf\\u00e9"}\n' >row
    score row >out
    jq -e '.score > .5 and .prediction == "yes"' out
    prints '{"id":12345678901234567890,"a":1.10,"city":"Oslo","note":"caf\u00e9"' \
        eval 'cut -d, -f1-4 out'
    printf 'id,a,city\n007,1.10,"Oslo"\n' >row.csv
    score row.csv >out.csv
    prints 'id,a,city,score,prediction' head -n 1 out.csv
    prints '007,1.10,"Oslo"' eval 'tail -n 1 out.csv | cut -d, -f1-3'
    prints 'id,a,city,score,prediction' eval 'head -n 1 row.csv | wh-score -m m.whm -i csv'
}

@test "scores are what the weights say" {
    zcat m.whm | sed -n '3p;4p;5p' >weights
    printf '{"a":0.5,"city":"Oslo"}\n{"a":-3}\n{"a":0.5,"city":"Paris"}\n' | score >out
    jq -s '[.[].score]' out >found
    jq -s '(map({key: (.[0] // ""), value: .[1]}) | from_entries) as $w
        | [$w[""] + .5 * $w.a + $w["city=Oslo"], $w[""] - 3 * $w.a, $w[""] + .5 * $w.a]
        | map(1 / (1 + (-. | exp)))' weights >wanted
    jq -se '.[0] as $a | .[1] | to_entries | all(.value - $a[.key] | fabs < 1e-12)' found wanted
}

@test "predictions are spelled as the labels were" {
    local pair
    for pair in true,false 1,-1 '"Yes","No"' 1.0,0.0; do
        printf '{"y":%s,"a":1}\n{"y":%s,"a":-1}\n' "${pair%,*}" "${pair#*,}" |
            wh-update -m p.whm --new --label y -q
        printf '{"a":3}\n{"a":-3}\n' | wh-score -m p.whm | sed 's/.*"prediction"://; s/}//' >found
        prints "$(printf '%s\n' "${pair%,*}" "${pair#*,}")" cat found
    done
    printf '{"y":"a \\"quoted\\" b","a":1}\n{"y":"b","a":-1}\n' |
        wh-update -m p.whm --new --label y --positive 'a "quoted" b' -q
    prints '"a \"quoted\" b"' eval "echo '{\"a\":3}' | wh-score -m p.whm | jq -c .prediction"
}

@test "regression gives the expected value and no prediction" {
    printf 'y,a\n1.5,1\n3,2\n4.5,3\n' | wh-update -m r.whm --learner nag --label y -q
    echo '{"a":2}' | wh-score -m r.whm | jq -e 'has("prediction") | not'
    echo '{"a":2}' | wh-score -m r.whm | jq -e '.score >= 0 and .score <= 4.5'
}

@test "--label measures what was scored, with and without the rows" {
    exits 0 score --label y --stats stats.json train.csv
    [ "${#lines[@]}" -eq 5 ]
    says 'm.whm: measured on 4 rows'
    says 'accuracy 1, AUC 1'
    says 'to compare: the best constant has loss 0.693147, accuracy 0.5'
    jq -e '.accuracy == 1 and .auc == 1 and .rows_measured == 4 and .loss_name == "logistic"' stats.json
    jq -e '.baseline_constant - (2 | log) | fabs < 1e-12' stats.json
    exits 0 score --label y -n train.csv
    [ -z "$output" ]
    says 'accuracy 1'
    exits 0 score --label y -n -q train.csv
    [ -z "$stderr" ]
}

@test "the loss is that of the scores" {
    score --label y --stats stats.json train.csv >out.csv
    wh-clean -o ndjson -q out.csv | jq -s 'map(if .y == "yes" then .score else 1 - .score end | -log)
        | add / length' >wanted
    jq -e --slurpfile wanted wanted '.loss - $wanted[0] | fabs < 1e-12' stats.json
}

@test "weights count in measuring" {
    printf 'y,a,city,w\nyes,2,Oslo,3\nyes,-9,Lima,1\nno,-1,Lima,0\nno,9,Oslo,4\n' >test.csv
    score --label y --weight w -n -q --stats stats.json test.csv
    jq -e '.accuracy == 0.375 and .baseline_constant_accuracy == 0.5' stats.json
}

@test "rows without a label are scored and not measured" {
    printf '{"a":1,"y":"yes"}\n{"a":1}\n{"a":1,"y":null}\n' >rows
    exits 0 score --label y --stats stats.json rows
    [ "${#lines[@]}" -eq 3 ]
    jq -e '.rows_out == 3 and .rows_measured == 1 and .rows_without_label == 2' stats.json
    exits 1 eval 'echo "{\"a\":1,\"y\":\"maybe\"}" | wh-score -m m.whm --label y'
    says 'y: "maybe" is neither "no" nor "yes"'
    exits 2 score --label yy train.csv
    says 'there is no column yy, the label'
}

@test "the label in the rows is not taken for a feature" {
    score train.csv >with.csv
    wh-clean --exclude y -q train.csv >rows.csv
    score rows.csv >without.csv
    cut -d, -f4 with.csv >a
    cut -d, -f3 without.csv >b
    same a b
}

@test "features are dropped unless they are to be kept" {
    printf '{"y":1,"features":{"a":1}}\n{"y":0,"features":{"a":-1}}\n' | wh-update -m f.whm --label y -q
    prints '["id","score","prediction"]' \
        eval "echo '{\"id\":1,\"features\":{\"a\":2}}' | wh-score -m f.whm | jq -c keys_unsorted"
    prints '["id","features","score","prediction"]' \
        eval "echo '{\"id\":1,\"features\":{\"a\":2}}' | wh-score -m f.whm --keep-features | jq -c keys_unsorted"
    prints 'id,score,prediction' eval "printf 'id,features.a\n1,2\n' | wh-score -m f.whm | sed -n 1p"
}

@test "two models can follow one another under different names" {
    score --as first train.csv | wh-score -m m.whm --as second >out.csv
    prints 'y,a,city,first,first_prediction,second,second_prediction' head -n 1 out.csv
    [ "$(cut -d, -f4 out.csv | sed 1d)" = "$(cut -d, -f6 out.csv | sed 1d)" ]
    exits 1 eval 'score train.csv | wh-score -m m.whm'
    says 'score: the row has a column of this name already (see --as, or wh-clean --rename)'
    exits 1 eval 'echo "{\"a\":1,\"prediction\":2}" | wh-score -m m.whm'
    exits 2 score --as '' train.csv
}

@test "a row that shares no feature with the model is scored and counted, and bad with --strict" {
    printf '{"b":1}\n{"city":"Paris"}\n{"a":0}\n{"a":null,"b":1}\n' >rows
    exits 0 score --stats stats.json rows
    says '2 rows share no feature with the model, and got the score of a row without any'
    [ "${#lines[@]}" -eq 4 ]
    jq -e '.rows_without_known_feature == 2' stats.json
    [ "$(sed -n 1p <<<"$output" | jq .score)" = "$(echo '{}' | score -q | jq .score)" ]
    printf '{"y":1,"features":{"a":1}}\n{"y":0,"features":{"a":-1}}\n' |
        wh-update -m f.whm --label y -q
    printf '{"features":{"b":1}}\n{"features":{"a":1}}\n' >features
    exits 0 wh-score -m f.whm features
    says '1 row shares no feature with the model'
    exits 1 wh-score -m f.whm --strict features
    says 'features:1: the row shares no feature with the model f.whm'
    wh-score -m f.whm --strict -q --rejects bad features | jq -e .score
    jq -e '.rule == "strict"' bad
}

@test "null values count for nothing" {
    prints "$(printf 'a,city\n,Oslo\n' | score -q | tail -n 1 | cut -d, -f3)" \
        eval "printf 'a,city\nNA,Oslo\n' | wh-score -m m.whm -q --null-value NA | tail -n 1 | cut -d, -f3"
}

@test "--digest and --describe tell of the model and read no rows" {
    exits 0 score --digest
    [[ $output =~ ^[0-9a-f]{64}$ ]]
    exits 0 score --describe
    [[ $output == *'binary: positive "yes", negative "no"'* ]]
    [[ $output == *'rows         4'* ]]
    [[ $output == *'"city=Oslo"'* ]]
    [[ $output == *"$(score --digest)"* ]]
    exits 2 score --digest train.csv
    exits 1 eval 'wh-score -m m.whm --describe >/dev/full'
    exits 2 score -n train.csv
    exits 2 score --weight a train.csv
    exits 2 wh-score train.csv
    exits 2 wh-score -m none.whm train.csv
    says 'none.whm: cannot open'
}

@test "an endless stream is scored without delay and ends quietly" {
    set +o pipefail
    prints '{"a":1,"score"' eval "yes '{\"a\":1}' | wh-score -m m.whm | head -n 1 | cut -d: -f1,2"
    mkfifo in out
    wh-score -m m.whm -i ndjson <in >out &
    exec 5>in 6<out
    printf '{"a":1}\n' >&5
    read -r -t "$PATIENCE" -u 6 line
    [[ $line == *'"prediction":"yes"'* ]]
    exec 5>&- 6<&-
    wait $!
}

@test "CSV with no row but a header comes out as the header of what rows would be" {
    printf 'a,b,y\n1,2,yes\n2,3,no\n' | wh-update -m h.whm --label y -q
    prints 'a,b,score,prediction' sh -c 'printf "a,b\n" | wh-score -m h.whm'
    prints 'a,b,p,p_prediction' sh -c 'printf "a,b\n" | wh-score -m h.whm --as p'
    printf '{"recipe":"r.f","features":{"a":1},"y":2.5}\n' | wh-update -m f.whm --label y -q
    prints 'k,recipe,score' sh -c 'printf "k,recipe,features.a\n" | wh-score -m f.whm'
}

@test "--as takes no name that means something to the tool behind" {
    for name in features features.a recipe @wh; do
        exits 2 score --as "$name" train.csv
        says "--as $name: who reads the rows next would take that column for something else"
    done
    exits 0 score --as feature train.csv
}

@test "a nested value is refused with a remedy that is there" {
    exits 1 score <<<'{"a":1,"z":[1]}'
    says 'z: an array is not a feature (wh-clean --exclude leaves it out)'
}

@test "--proba tells of all classes, as an object or as columns" {
    wh-score -m m.whm --proba -o ndjson train.csv >out
    jq -es 'length == 4 and all((.proba | keys_unsorted == ["no", "yes"] and (add - 1 | fabs < 1e-12))
        and .proba.yes == .score)' out
    prints 'y,a,city,score,prediction,proba.no,proba.yes' eval 'score --proba train.csv | sed -n 1p'
    prints 'y,a,city,p,p_prediction,p_proba.no,p_proba.yes' \
        eval 'score --proba --as p train.csv | sed -n 1p'
    prints '["a","p","p_prediction","p_proba"]' \
        eval "echo '{\"a\":1}' | wh-score -m p=m.whm --proba | jq -c keys_unsorted"
    score --proba train.csv >out.csv
    score --proba -o ndjson train.csv | jq -r '[.score, .proba.no, .proba.yes] | @csv' >wanted
    same wanted <(sed 1d out.csv | cut -d, -f4,6,7)
    printf 'k,a\n"x ""1""",1\n"y,\\",-1\n' | wh-update -m q.whm --label k --task multiclass -q
    prints '["x \"1\"","y,\\"]' eval \
        "echo '{\"a\":1}' | wh-score -m q.whm --proba | jq -c '.proba | keys_unsorted'"
    prints 'a,score,prediction,"proba.x ""1""","proba.y,\"' eval \
        "printf 'a\n1\n' | wh-score -m q.whm --proba | sed -n 1p"
    prints '{"false":true,"true":true}' eval "printf '{\"y\":true,\"a\":1}\n' |
        wh-update -m t.whm --label y -q && echo '{\"a\":1}' | wh-score -m t.whm --proba |
        jq -c '.proba | map_values(. > 0)'"
    printf 'y,a\n1.5,1\n3,2\n' | wh-update -m r.whm --label y -q
    exits 2 eval 'echo "{\"a\":2}" | wh-score -m r.whm --proba'
    says 'r.whm: --proba is for classes, and the model predicts numbers'
}

@test "CSV with no row but a header has the columns of the options too" {
    prints 'a,score,prediction,proba.no,proba.yes,explanation,model' \
        sh -c 'printf "a\n" | wh-score -m m.whm --proba --explain 1 --stamp'
}

@test "--threshold decides the prediction and what is measured, not the score" {
    score train.csv >plain.csv
    score --threshold 0 --label y --stats stats.json train.csv >all.csv 2>/dev/null
    same <(cut -d, -f1-4 plain.csv) <(cut -d, -f1-4 all.csv)
    prints 4 grep -c ',yes$' all.csv
    jq -e '.accuracy == 0.5 and .auc == 1' stats.json
    jq -e --slurpfile at <(score --label y -n -q --stats - train.csv 2>&1) '.loss == $at[0].loss' stats.json
    # From exactly that score on.
    local highest
    highest=$(sed 1d plain.csv | cut -d, -f4 | sort -g | tail -n 1)
    prints 1 eval "score --threshold $highest train.csv | grep -c ',yes\$'"
    prints 0 eval "score --threshold 1 train.csv | grep -c ',yes\$' || true"
    exits 2 score --threshold 1.1 train.csv
    says "--threshold 1.1: the model's scores are probabilities, from 0 to 1"
    printf 'y,a\n1.5,1\n3,2\n' | wh-update -m r.whm --label y -q
    exits 2 wh-score -m r.whm --threshold 0.5 train.csv
    says "r.whm: --threshold is for two classes, and the model's task is regression"
}

@test "--stamp says which model scored" {
    prints "$(score --digest | cut -c 1-12)" eval 'score --stamp train.csv | sed 1d | cut -d, -f6 | uniq'
    prints '["a","x","x_prediction","x_model"]' \
        eval "echo '{\"a\":1}' | wh-score -m x=m.whm --stamp | jq -c keys_unsorted"
}

@test "several models score each row for themselves, as each would alone" {
    head -n 3 train.csv | wh-update -m less.whm --label y --ignore city -q
    wh-score -m old=less.whm -m new=m.whm train.csv >both.csv
    prints 'y,a,city,old,old_prediction,new,new_prediction' head -n 1 both.csv
    same <(cut -d, -f1-5 both.csv) <(wh-score -m less.whm --as old train.csv)
    same <(cut -d, -f1-3,6,7 both.csv) <(wh-score -m m.whm --as new train.csv)
    wh-score -m old=less.whm -m new=m.whm --proba --explain 1 --stamp -o ndjson train.csv |
        jq -es 'all(keys_unsorted == ["y", "a", "city", "old", "old_prediction", "old_proba",
            "old_explanation", "old_model", "new", "new_prediction", "new_proba",
            "new_explanation", "new_model"])'
    printf '{"y":1,"features":{"a":1}}\n{"y":0,"features":{"a":-1}}\n' >f
    wh-update -m f.whm --label y -q f
    prints '["id","x","x_prediction","y","y_prediction"]' \
        eval "echo '{\"id\":1,\"features\":{\"a\":2}}' | wh-score -m x=f.whm -m y=f.whm | jq -c keys_unsorted"
    exits 2 wh-score -m x=f.whm -m y=m.whm f
    says 'the row has a features object, and the model learned from columns'
}

@test "of several models the table says which is better, and by how much" {
    awk "$RANDOM_AWK"'BEGIN { random_seed(1); print "y,a,b"; for (i = 0; i < 4000; i++) {
        a = random() - .5; b = random() - .5
        y = a + b + random() - .5 > 0 ? "yes" : "no"
        printf "%s,%.3f,%.3f\n", y, a, b } }' >all.csv
    head -n 2001 all.csv >half.csv
    (head -n 1 all.csv && tail -n 2000 all.csv) >test.csv
    wh-update -m both.whm --learner nag --label y -q half.csv
    wh-update -m one.whm --learner nag --label y --ignore b -q half.csv
    exits 0 wh-score -m one=one.whm -m both=both.whm --label y -n --stats stats.json test.csv
    says 'measured on 2000 rows'
    says 'model       loss   accuracy        AUC'
    says 'both is better by'
    jq -e '(.models | map(.name) == ["one", "both"]) and .models[1].auc > .models[0].auc
        and .comparisons[0].better == "both" and .comparisons[0].p < 1e-6
        and .comparisons[0].high < 0' stats.json
    # The figures of each are those that it has alone; the difference is that of the losses.
    local name
    for name in one both; do
        wh-score -m $name.whm --label y -n -q --stats $name.json test.csv
        jq -e --slurpfile alone $name.json --arg name $name '.models[] | select(.name == $name)
            | .loss == $alone[0].loss and .accuracy == $alone[0].accuracy and .auc == $alone[0].auc
                and .digest == $alone[0].digest' stats.json
    done
    jq -e '.comparisons[0].difference - .models[1].loss + .models[0].loss | fabs < 1e-12' stats.json
    # The interval is that of the paired rows.
    wh-score -m one=one.whm -m both=both.whm -o ndjson -q test.csv | jq -es --slurpfile stats stats.json '
        def loss($p): if .y == "yes" then $p else 1 - $p end | -log;
        map(loss(.both) - loss(.one)) | length as $n | (add / $n) as $mean
        | (map(. - $mean | . * .) | add / ($n - 1) / $n | sqrt) as $error
        | $stats[0].comparisons[0].standard_error - $error | fabs < 1e-9'
}

@test "models that cannot be measured side by side are refused, and scored side by side are not" {
    sed 's/yes/1.5/; s/no/2.5/' train.csv | wh-update -m r.whm --label y -q
    wh-update -m squared.whm --learner nag --loss squared --label y -q train.csv
    exits 2 wh-score -m a1=m.whm -m a2=r.whm --label y train.csv
    says 'a1 and a2 cannot be measured side by side: their tasks are binary and regression'
    exits 2 wh-score -m a1=m.whm -m a2=squared.whm --label y train.csv
    says 'their losses are logistic and squared (with --calibrate both are logistic)'
    exits 0 wh-score -m a1=m.whm -m a2=squared.whm --label y --calibrate platt train.csv
    exits 0 wh-score -m a1=m.whm -m a2=r.whm train.csv
}

@test "several models need names that differ" {
    exits 2 wh-score -m m.whm -m b=m.whm train.csv
    says '-m m.whm: of several models each needs a name for its columns: -m NAME=m.whm'
    exits 2 wh-score -m b=m.whm -m b=m.whm train.csv
    says 'two models are called b'
    exits 2 wh-score -m b=m.whm --as c train.csv
    exits 2 wh-score -m b= train.csv
    exits 2 wh-score -m =m.whm train.csv
    cp m.whm x=y.whm
    exits 2 wh-score -m x=y.whm train.csv
    says 'y.whm: cannot open'
    prints y,a,city,score,prediction eval 'wh-score -m ./x=y.whm train.csv | sed -n 1p'
}

@test "a model of a million weights is read and scores" {
    without_sanitizers
    awk 'BEGIN { for (i = 0; i < 100000; i++) { printf "{\"y\":%d,\"features\":{", i % 2
        for (k = 0; k < 10; k++) printf "%s\"f%d\":1", k ? "," : "", i * 10 + k; print "}}" } }' |
        wh-update -m large.whm --learner nag --label y -q
    echo '{"features":{"f7":1}}' | wh-score -m large.whm | jq -e .score
}

@test "--digits rounds what is added, and nothing else" {
    exits 0 wh-score -m m.whm -i ndjson <<<'{"a":0.123456789012345678}'
    exact=$(jq .score <<<"$output")
    for digits in 1 3 17; do
        exits 0 wh-score -m m.whm --digits $digits --proba -i ndjson <<<'{"a":0.123456789012345678}'
        [[ $output == '{"a":0.123456789012345678,'* ]]
        jq -e --argjson exact "$exact" --argjson digits $digits '
            (.score / $exact - 1 | fabs) <= 5 / pow(10; $digits) and
            (.score | tostring | gsub("^0.0*"; "") | length) <= $digits and
            ([.proba[]] | add - 1 | fabs) <= 1 / pow(10; $digits)' <<<"$output"
    done
    exits 2 wh-score -m m.whm --digits 18 train.csv
    says 'from 1 to 17'
    exits 2 wh-score -m m.whm --digits 0 train.csv
    exits 2 wh-update -m m.whm --digits 3 train.csv
    says '-p'
    wh-update -m p.whm --new --label y -p -q --digits 2 train.csv >passed
    awk -F, 'NR > 1 && length($4) > 7 { exit 1 }' passed
}

@test "--describe=json says of the model what its text says" {
    wh-score -m m.whm --describe >text
    wh-score -m m.whm --describe=json >json
    jq -e '.label == "y" and .task == "binary" and .positive == "yes" and .negative == "no"
        and .loss == "logistic" and .weight == null' json
    for member in learner digest saved rows features; do
        grep -qE "^$member +$(jq -r ".$member" json)" text
    done
    prints "$(sed -n 's/^accuracy *\([0-9.]*\).*/\1/p' text)" jq '.metrics.accuracy * 1e6 | round / 1e6' json
    jq -e '(.top_features[0].name == null) and (.top_features[1:] | map(.effect) |
        . == (sort | reverse))' json
    prints 1 eval 'wc -l <json'
    printf '%s\n' '{"a":1,"y":1}' '{"a":null,"b":"x","y":0}' '{"a":2.5,"c":true,"y":1}' \
        '{"a":"z","b":"x","d":null,"y":0}' | wh-update -q -m c.whm --label y
    wh-score -m c.whm --describe=json | jq -e '.columns == (["a mixed 2 1 0 1 0",
        "b texts 0 2 0 1 1", "c booleans 0 0 1 1 2", "d null 0 0 0 1 3"] | map(split(" ") | {name: .[0],
        kind: (if .[1] == "null" then null else .[1] end), numbers: (.[2] | tonumber),
        texts: (.[3] | tonumber), booleans: (.[4] | tonumber), nulls: (.[5] | tonumber),
        rows_before: (.[6] | tonumber)}))'
    echo '{"features":{"a":1},"y":1}' | wh-update -q -m f.whm --label y
    wh-score -m f.whm --describe=json | jq -e 'has("columns") and .columns == null'
    exits 2 wh-score -m m.whm --describe=xml
    says '"xml" is not one of text, json'
}
