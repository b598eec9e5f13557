# shellcheck shell=bash disable=SC2016,SC2154
# More than two classes: softmax, classes that come on the way, and what is written of them.
load ../helper

# flowers COUNT: generated rows of three species; the third is only there in the second half.
flowers() {
    awk -v count="$1" "$RANDOM_AWK"'
    BEGIN {
        random_seed(11)
        split("setosa,versicolor,virginica", species, ",")
        print "length,width,colour,species"
        for (i = 1; i <= count; i++) {
            k = int(random() * (i > count / 2 ? 3 : 2)) + 1
            printf "%.3f,%.3f,%s,%s\n", 2 * k + random_normal() / 2, 5 - k + random_normal() / 2,
                random() < .8 ? "c" k : "c0", species[k]
        }
    }'
}

digest() {
    wh-score -m "$1" --digest
}

header() {
    zcat m.whm | sed -n 1p | jq -c ".$1"
}

learn() {
    wh-update -m m.whm --label species --learner nag -q "$@"
}

@test "three classes are learned, the third from the rows that bring it" {
    flowers 4000 >flowers.csv
    learn --stats stats.json flowers.csv
    jq -e '.accuracy > 0.93 and .progressive_loss < 0.25' stats.json
    jq -e '.baseline_constant > 1 and .loss_name == "logistic" and (has("auc") | not)' stats.json
    prints '"multiclass"' header task
    header labels | jq -e 'sort == ["setosa","versicolor","virginica"]'
    wh-score -m m.whm flowers.csv >scored.csv
    head -n 1 scored.csv | grep -qx 'length,width,colour,species,score,prediction'
    awk -F, 'NR > 2001 { right += $4 == $6; n++; if ($5 < 1 / 3 || $5 > 1) exit 1 }
             END { exit right / n < .93 }' scored.csv
}

@test "split runs and other row formats learn the same" {
    flowers 600 >flowers.csv
    head -n 250 flowers.csv >first.csv
    (head -n 1 flowers.csv && tail -n +251 flowers.csv) >second.csv
    learn flowers.csv
    wh-update -m two.whm --label species --learner nag -q first.csv
    wh-update -m two.whm -q second.csv
    [ "$(digest m.whm)" = "$(digest two.whm)" ]
    wh-clean -o ndjson -q flowers.csv |
        wh-update -m three.whm --label species --learner nag -q
    [ "$(digest m.whm)" = "$(digest three.whm)" ]
}

@test "the progressive loss of the first rows is what softmax and the rule for new classes give" {
    printf '%s\n' '{"species":"a","x":1}' '{"species":"b","x":1}' >rows
    learn --stats stats.json rows
    # Before the first row no class is known, so that it is not measured. The second: class b, which
    # the model has no output for: one in 1 row, 2 classes, and 1.
    jq -e '.progressive_loss - (4 | log) | fabs < 1e-12' stats.json
    jq -e '.rows_not_measured == 1 and .accuracy == 0' stats.json
}

@test "a class that the model does not know can be measured, and costs much" {
    flowers 400 >flowers.csv
    learn flowers.csv
    sed 's/virginica/unheard-of/' flowers.csv | tail -n 50 >others
    (head -n 1 flowers.csv && cat others) >other.csv
    wh-score -m m.whm --label species -n -q --stats stats.json other.csv
    known=$(wh-score -m m.whm --label species -n -q --stats known.json flowers.csv &&
        jq .loss known.json)
    jq -e --argjson known "$known" '.loss > $known + 1 and .loss < 50' stats.json
}

@test "rows are passed on with the score of classes known before" {
    flowers 400 >flowers.csv
    learn -p flowers.csv >passed.csv
    head -n 1 passed.csv | grep -q 'score,prediction$'
    awk -F, 'NR > 300 { right += $4 == $6; n++ } END { exit right / n < .8 }' passed.csv
    printf '{"species":null,"a":1}\n{"species":"x","a":1}\n' |
        wh-update -m p.whm --label species --task multiclass --learner nag -q -p >early
    prints '{"species":null,"a":1,"score":null,"prediction":null}' head -n 1 early
}

@test "numbers are classes where the task says so, whatever their spelling" {
    printf '%s\n' '{"species":3,"a":1}' '{"species":7,"b":1}' '{"species":3.0,"a":1}' >rows
    learn --task multiclass rows
    prints '["3","7"]' header labels
    wh-score -m m.whm rows | jq -se '.[0].prediction == 3 and .[1].prediction == 7'
}

@test "labels of another kind, too long ones and too many classes are bad rows" {
    printf '%s\n' '{"species":"a","x":1}' '{"species":7,"x":1}' >rows
    exits 1 learn rows
    says 'rows:2: species: "7" is no string, as the labels before were'
    printf '{"species":"a","x":1}\n{"species":"%0600d","x":1}\n' 0 >rows
    exits 1 learn rows
    says 'rows:2: species: is too long for a label (512 bytes at most)'
    awk 'BEGIN { for (i = 0; i < 1001; i++) printf "{\"species\":\"c%d\",\"x\":1}\n", i }' >rows
    exits 1 learn rows
    says 'rows:1001: species: "c1000" would be one class too many (1000 at most)'
    learn --rejects rejects rows
    header 'labels|length' | grep -qx 1000
    exits 2 learn --loss squared --new rows
    says 'the labels are classes, perhaps more than two, which are learned by logistic loss'
}

@test "a row that turns out bad brings no class" {
    printf '%s\n' '{"species":"a","x":1}' '{"species":"new","x":1,"score":7}' \
        '{"species":"b","x":1}' >rows
    learn --rejects rejects -p rows >passed
    prints '["a","b"]' header labels
}

@test "classes, metrics and offsets changed by hand are refused" {
    flowers 50 >flowers.csv
    learn flowers.csv
    for change in '.offsets = [0]' '.offsets[0] = 1e9' '.labels = ["a"]' '.labels[0] = null' \
        '.metrics.classes = 7' '.metrics.classes = [null]' '.state.heads = []'; do
        (zcat m.whm | sed -n 1p | jq -c "$change" && zcat m.whm | tail -n +2) | gzip >bad.whm
        exits 2 wh-score -m bad.whm flowers.csv
    done
}

@test "--describe shows the classes and what weighs for each" {
    flowers 300 >flowers.csv
    learn flowers.csv
    wh-score -m m.whm --describe >described
    grep -q 'task  *multiclass: 3 classes: ' described
    grep -q '"colour=c1" for "setosa"' described
}
