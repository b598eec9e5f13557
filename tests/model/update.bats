# shellcheck shell=bash disable=SC2016,SC2154
load ../helper

# learn ROWS OPTION...: learns m.whm anew from rows given as text; quiet.
learn() {
    local rows=$1
    shift
    printf '%s\n' "$rows" | wh-update -m m.whm --new --label y -q "$@"
}

digest() {
    wh-score -m "${1:-m.whm}" --digest
}

# header KEY: a member of m.whm's header.
header() {
    zcat m.whm | sed -n 1p | jq -c ".$1"
}

# The lines of the features of m.whm and their numbers, without what else the file holds.
features() {
    zcat m.whm | sed '1,2d' | grep '^\['
}

# orders COUNT: generated rows with numbers, words, blanks and a label that depends on them.
orders() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(7)
        split("Lagos,Oslo,Lima,New York,Sao Paulo", city, ",")
        print "id,amount,city,visits,churned"
        for (i = 1; i <= count; i++) {
            amount = random() * 100; c = int(random() * 5) + 1; visits = int(random() * 10)
            churned = amount / 50 + (c == 2) - visits / 5 + random() > 1
            printf "%d,%s,%s,%s,%s\n", i, random() < .1 ? "" : sprintf("%.2f", amount), city[c],
                visits, churned ? "yes" : "no"
        }
    }'
}

as_ndjson() {
    wh-clean -o ndjson -q "$@"
}

@test "nag reaches the published progressive loss on the phishing data" {
    data_file phishing.csv
    wh-update -m m.whm --learner nag --label is_phishing -q --stats stats.json "$DATA_FILE"
    jq -e '.progressive_loss - .367963 | fabs < 1e-5' stats.json
    jq -e '.loss_name == "logistic" and .rows_learned == 1250 and .features == 9' stats.json
    jq -e '.baseline_constant - 0.685539 | fabs < 1e-6' stats.json
}

@test "a run in two halves learns the same as one run" {
    orders 3000 >all.csv
    (head -n 1 all.csv && sed -n '2,1201p' all.csv) >first.csv
    (head -n 1 all.csv && sed -n '1202,$p' all.csv) >second.csv
    wh-update -m one.whm --label churned --id id -q all.csv
    wh-update -m two.whm --label churned --id id -q first.csv
    wh-update -m two.whm -q second.csv
    [ "$(digest one.whm)" = "$(digest two.whm)" ]
    wh-update -m operands.whm --label churned --id id -q first.csv second.csv
    [ "$(digest one.whm)" = "$(digest operands.whm)" ]
}

@test "the halves of the phishing data learn what the whole does" {
    data_file phishing.csv
    (head -n 1 "$DATA_FILE" && sed -n '2,626p' "$DATA_FILE") >first.csv
    (head -n 1 "$DATA_FILE" && sed -n '627,$p' "$DATA_FILE") >second.csv
    wh-update -m one.whm --label is_phishing -q "$DATA_FILE"
    wh-update -m two.whm --label is_phishing -q first.csv
    wh-update -m two.whm -q second.csv
    [ "$(digest one.whm)" = "$(digest two.whm)" ]
}

@test "regression is resumed exactly too" {
    awk "$RANDOM_AWK"'BEGIN { random_seed(3); for (i = 0; i < 500; i++) {
        a = random(); b = random() * 1000
        printf "{\"y\":%.3f,\"a\":%.4f,\"b\":%.2f}\n", 3 * a - b / 300 + random(), a, b } }' >all
    wh-update -m one.whm --label y -q all
    head -n 123 all | wh-update -m two.whm --label y -q
    tail -n +124 all | wh-update -m two.whm -q
    [ "$(digest one.whm)" = "$(digest two.whm)" ]
}

@test "the same rows as CSV and as NDJSON learn the same" {
    orders 500 >rows.csv
    as_ndjson rows.csv >rows.ndjson
    wh-update -m csv.whm --label churned --id id -q rows.csv
    wh-update -m ndjson.whm --label churned --id id -q rows.ndjson
    [ "$(digest csv.whm)" = "$(digest ndjson.whm)" ]
}

@test "a features object is learned as the same columns are, in any spelling" {
    learn '{"y":1,"a":2,"city":"Oslo","flag":true,"off":false,"none":null,"zero":0}
{"y":0,"a":-1.5,"city":"Lima"}' --learner nag
    features >columns
    learn '{"y":1,"features":{"a":2,"city=Oslo":1,"flag":1}}
{"y":0,"features":{"a":-1.5,"city=Lima":1}}' --learner nag
    features >object
    same columns object
    learn '{"features" : { "a" : 2.0 , "city" : "Os\u006Co" , "fl\u0061g" : true, "none":null } , "y":1}
{"y":0,"features":{"a":-15e-1,"city":"Lima","b":false,"c":0.0}}' --learner nag
    features >blanks
    same columns blanks
    printf 'y,features.a,features.city=Oslo,features.flag,features.city=Lima\n1,2,1,1,0\n0,-1.5,0,0,1\n' |
        wh-update -m m.whm --new --label y --learner nag -q
    features >dotted
    same columns dotted
    prints '"features"' header input
}

@test "keys that come in another order, or are left out, find their features" {
    learn '{"y":1,"features":{"a":1,"b":2,"c":3}}
{"y":0,"features":{"c":3,"a":1,"b":2}}
{"y":1,"features":{"b":2}}
{"y":0,"features":{}}
{"y":1,"features":{"a":1,"ab":2,"abc":3,"b":4}}
{"y":0,"features":{"a":1,"abc":3,"ab":2}}'
    prints '["a","b","c","ab","abc"]' eval 'features | sed 1d | jq -c ".[0]" | jq -sc .'
}

@test "names with quotes, backslashes and zero bytes are names like others" {
    learn '{"y":1,"features":{"a\"b":1,"c\\":2,"n\u0000l":3}}
{"y":0,"features":{"a\"b":1,"c\\":2,"n\u0000l":3}}
{"y":0,"features":{"a":1,"c":2}}'
    prints '["a\"b","c\\","n\u0000l","a","c"]' eval 'features | sed 1d | jq -c ".[0]" | jq -sc .'
}

@test "labels of every kind that names two classes are learned the same" {
    learn '{"y":1,"a":1}
{"y":0,"a":-1}'
    features >wanted
    local pair
    for pair in true,false '"yes","no"' '"Yes","NO"' '"True","False"' 1,-1 1.0,0.0 1e0,-10e-1; do
        learn "$(printf '{"y":%s,"a":1}\n{"y":%s,"a":-1}' "${pair%,*}" "${pair#*,}")"
        features >found
        same wanted found
    done
    learn "$(printf '{"y":"gone","a":1}\n{"y":"here","a":-1}')" --positive gone
    features >found
    same wanted found
    learn "$(printf '{"y":7,"a":1}\n{"y":3,"a":-1}')" --positive 7.0
    features >found
    same wanted found
}

@test "other numbers are regression, and --task says otherwise" {
    learn '{"y":2.5,"a":1}'
    prints '"regression"' header task
    prints '"squared"' header loss
    learn '{"y":1,"a":1}' --task regression
    prints '"regression"' header task
    exits 1 learn '{"y":2.5,"a":1}' --task binary
    says 'y: "2.5" is not one of two classes'
}

@test "a label that contradicts those before is a bad row" {
    exits 1 learn '{"y":1,"a":1}
{"y":0,"a":1}
{"y":2,"a":1}'
    says 'standard input:3: y: "2" is neither "0" nor "1", the labels so far (learn anew with wh-update --new --task regression for a number'
    exits 1 learn '{"y":0,"a":1}
{"y":-1,"a":1}'
    says 'y: "-1" does not go with "0", the label so far'
    exits 1 learn '{"y":"no","a":1}
{"y":"yes","a":1}' --positive maybe
    says 'standard input:2: y: "yes" is neither "maybe" (--positive) nor "no", the label so far'
    exits 1 learn '{"y":"yes","a":1}
{"y":"false","a":1}'
    exits 1 learn '{"y":"a","a":1}
{"y":"b","a":1}
{"y":"c","a":1}' --positive a
    says 'y: "c" is neither "b" nor "a"'
    exits 1 learn '{"y":2.5,"a":1}
{"y":"x","a":1}'
    says 'y: "x" is not a number, and the task is regression'
    exits 1 learn '{"y":[1],"a":1}'
    says 'y: an array or object is no label'
}

@test "a bad row teaches nothing, whatever was in it" {
    learn '{"y":1,"a":1}
{"y":0,"a":2}'
    local clean
    clean=$(digest)
    learn '{"y":5,"late":1}
{"y":1,"a":1}
{"y":0,"b":1,"a":1e400}
{"y":2,"c":"new","a":1}
{"y":0,"a":2}
{"y":0,"d":{"nested":1},"a":2}
{"y":[],"a":2}' --task binary --rejects bad.ndjson
    [ "$(digest)" = "$clean" ]
    prints 5 eval 'wc -l <bad.ndjson'
}

@test "numbers that could spoil a model are bad rows" {
    exits 1 learn '{"y":1,"a":1e400}'
    says 'standard input:1: a: "1e400" is too large to learn from'
    exits 1 learn '{"y":1,"features":{"b":-1e51}}'
    says 'b: "-1e51" is too large'
    exits 1 learn '{"y":1e300,"a":1}' --task regression
    says 'y: "1e300" is too large'
    exits 1 learn '{"y":1,"a":"NaN"}'
    says 'a: "NaN" is not a number: if it means a missing value, say so with --null-value'
    exits 1 learn '{"y":1,"a":"-Infinity"}'
    learn '{"y":1,"a":"NaN","b":1}' --null-value NaN
    exits 1 learn '{"y":1,"a":{"b":1}}'
    says 'a: an object is not a feature (wh-clean --flatten makes columns of it, --ignore leaves it out)'
    learn '{"y":1,"a":{"b":1},"c":1}' --ignore a
}

@test "a feature that comes twice in a row is a bad row" {
    exits 1 learn '{"y":1,"features":{"a":1,"a":2}}'
    says 'a: the row has this feature twice'
    exits 1 learn '{"y":1,"city":"Oslo","city=Oslo":1}'
}

@test "weights count, and are numbers from zero" {
    learn '{"y":1,"w":2,"a":1}' --weight w
    prints '2' header metrics.weight
    exits 1 learn '{"y":1,"w":-1,"a":1}' --weight w
    says 'w: "-1" is not a weight: weights are from 0 to 1e50'
    exits 1 learn '{"y":1,"w":"heavy","a":1}' --weight w
    exits 1 learn '{"y":1,"a":1}' --weight w
    says 'w: the row has no weight'
    exits 1 learn '{"y":1,"w":1e60,"a":1}' --weight w
    learn '{"y":1,"a":1,"w":1}
{"y":0,"a":5,"w":0}
{"y":1,"a":2,"w":1}' --weight w
    features >with
    learn '{"y":1,"a":1}
{"y":1,"a":2}'
    features >without
    same with without
}

@test "rows without a label are passed over and counted" {
    learn '{"a":1}
{"y":null,"a":1}
{"y":1,"a":1}' --stats stats.json
    jq -e '.rows_in == 3 and .rows_learned == 1 and .rows_without_label == 2' stats.json
}

@test "a label column that is nowhere is a mistake, and the nearest name is told" {
    orders 10 >rows.csv
    exits 2 wh-update -m m.whm --label churnd rows.csv
    says 'wh-update: rows.csv: there is no column churnd, the label (did you mean churned?)'
    exits 2 learn '{"a":1}'
    says 'no row has a column y, the label'
    [ ! -e m.whm ]
    exits 2 wh-update -m m.whm --label churned --ignore ids rows.csv
    says 'rows.csv: --ignore: there is no column "ids"'
    exits 2 wh-update -m m.whm --label churned --string ids rows.csv
    says '--string: there is no column "ids"'
    exits 2 learn '{"y":1,"a":1}' --ignore b
    learn '{"y":1,"a":1,"b":1}
{"y":0,"a":1}' --ignore b
    printf '{"y":1,"a":1}\n' | wh-update -m m.whm -q
}

@test "no rows make no model and leave one as it was" {
    wh-update -m m.whm --label y </dev/null
    [ ! -e m.whm ]
    learn '{"y":1,"a":1}'
    cp m.whm before.whm
    wh-update -m m.whm </dev/null
    wh-update -m m.whm --new --label y </dev/null
    same before.whm m.whm
}

@test "strings without a positive class, and tasks that cannot be, are refused" {
    exits 2 learn '{"y":"setosa","a":1}' --task binary
    says 'y: which class is "setosa"? Of two name the positive one with --positive VALUE'
    exits 2 learn '{"y":1,"a":1}' --task ranking
    says '--task: "ranking" is not one of binary, multiclass, regression'
    exits 2 learn '{"y":1,"a":1}' --task regression --positive 1
    exits 2 learn '{"y":2.5,"a":1}' --loss logistic
    says 'logistic loss is for classes'
    exits 2 learn '{"y":1,"a":1}' --learner gradient
    says '--learner: "gradient" is not one of auto, nag, ftrl, coin, sgd'
    exits 2 learn '{"y":1,"a":1}' --loss cubed
    says '--loss: "cubed" is not one of squared, absolute, huber:DELTA,'
    exits 2 learn '{"y":1,"a":1}' -l 0
    exits 2 wh-update --label y
    says 'which model?'
    exits 2 wh-update -m new.whm
    says 'a new model needs --label COLUMN'
}

@test "squared loss for two classes learns the probability" {
    learn '{"y":1,"a":1}
{"y":0,"a":-1}' --learner nag --loss squared
    prints '"squared"' header loss
    echo '{"a":1}' | wh-score -m m.whm | jq -e '.score > 0.5 and .score <= 1 and .prediction == 1'
    echo '{"a":-9}' | wh-score -m m.whm | jq -e '.score == 0 and .prediction == 0'
}

@test "a model goes on with what it was made with, and contradictions are refused" {
    printf 'id,w,y,a,b\n1,1,yes,1,2\n2,2,no,3,4\n' >rows.csv
    wh-update -m m.whm --learner nag --label y --weight w --id id --ignore b -l 0.25 -q rows.csv
    exits 0 wh-update -m m.whm rows.csv
    says 'going on with a model of 2 rows (nag, binary'
    wh-update -m m.whm --label y --weight w --id id --ignore b -l 0.25 --loss logistic \
        --task binary --positive yes --learner nag -q rows.csv
    prints '["[null","[\"a\""]' eval 'features | cut -d, -f1 | jq -Rsc "split(\"\n\")[:-1]"'
    local before option
    before=$(digest)
    for option in '--label a' '--weight a' '--id a' '--ignore a' '--time a' '-l 0.5' \
        '--loss squared' '--task regression' '--positive no'; do
        # shellcheck disable=SC2086
        exits 2 wh-update -m m.whm $option rows.csv
        says 'contradicts that (--new starts another model)'
    done
    [ "$(digest)" = "$before" ]
}

@test "rows with and without a features object do not mix" {
    exits 2 learn '{"y":1,"a":1}
{"y":0,"features":{"a":1}}'
    says 'the row has a features object, and the model learned from columns'
    exits 2 learn '{"y":1,"features":{"a":1}}
{"y":0,"a":1}'
    says 'the row has no features object, and the model learned from such'
    exits 1 learn '{"y":1,"features":"a"}'
    says 'features: is not an object'
}

@test "features of another recipe, or other constants, are refused" {
    stamped() {
        printf '{"y":1,"recipe":%s,"features":{"a":1}}\n' "$@"
    }
    learn "$(stamped '"aaaaaaaaaaaa.bbbbbbbbbbbb"' '"aaaaaaaaaaaa.bbbbbbbbbbbb"')"
    prints '"aaaaaaaaaaaa.bbbbbbbbbbbb"' header recipe
    exits 2 eval 'stamped "\"aaaaaaaaaaaa.cccccccccccc\"" | wh-update -m m.whm'
    says 'with other constants (aaaaaaaaaaaa.cccccccccccc) than the model learned from (aaaaaaaaaaaa.bbbbbbbbbbbb)'
    exits 2 eval 'stamped "\"aaaaaaaaaaaa.live\"" | wh-score -m m.whm'
    says 'with other constants (aaaaaaaaaaaa.live)'
    exits 2 eval 'stamped "\"dddddddddddd.bbbbbbbbbbbb\"" | wh-score -m m.whm'
    says 'made by recipe dddddddddddd.bbbbbbbbbbbb'
    says 'use the recipe and the state that it was trained with'
    exits 2 eval 'stamped null | wh-update -m m.whm'
    says "bears no recipe's stamp"
    learn "$(stamped '"aaaaaaaaaaaa.live"' '"aaaaaaaaaaaa.bbbbbbbbbbbb"')"
    learn "$(stamped null)"
    exits 2 eval 'stamped "\"aaaaaaaaaaaa.live\"" | wh-update -m m.whm'
    says "without a recipe's stamp"
}

@test "at the limit of features the rarest make room for others, and that is told" {
    exits 0 wh-update -m m.whm --new --label y --learner nag --max-features 2 --stats stats.json \
        <<'ROWS'
{"y":1,"a":1,"b":1}
{"y":0,"a":1,"c":1,"d":1}
{"y":1,"d":1}
{"y":0,"a":1}
ROWS
    says 'm.whm: learned from 4 rows'
    says '1 rare features were forgotten to make room for others, and 2 values left out'
    jq -e '.features == 2 and .values_ignored == 2 and .features_evicted == 1' stats.json
    prints '["a","d"]' eval 'features | sed 1d | jq -c ".[0]" | sed -n 1,2p | jq -sc .'
    printf '{"y":0,"c":1,"d":1}\n' | wh-update -m m.whm -q --max-features 3
    prints '["a","d","c"]' eval 'features | sed 1d | jq -c ".[0]" | sed -n 1,3p | jq -sc .'
}

# names COUNT: rows with three frequent features and one of many that are rare.
names() {
    awk -v count="$1" "$RANDOM_AWK"'BEGIN {
        random_seed(9)
        for (i = 0; i < count; i++) {
            k = int(random() * 3); rare = int(random() * 100000)
            printf "{\"y\":%d,\"f%d\":1,\"r%d\":1,\"s%d\":%.3f}\n", random() < .2 + .3 * k, k, rare,
                rare % 977, random()
        }
    }'
}

@test "however many names come, memory is bounded and the frequent ones stay" {
    names 20000 >rows
    for learner in nag ftrl coin sgd auto; do
        wh-update -m m.whm --new --label y --learner "$learner" --max-features 500 -q \
            --stats stats.json rows
        jq -e '.features <= 500 and .features_evicted > 10000' stats.json
        features >listed
        for name in f0 f1 f2; do
            grep -q "^\[\"$name\"," listed
        done
        jq -e '.progressive_loss < .baseline_constant' stats.json
        # Split anywhere, what is forgotten is the same.
        head -n 7777 rows >first
        tail -n +7778 rows >second
        wh-update -m two.whm --new --label y --learner "$learner" --max-features 500 -q first
        wh-update -m two.whm -q second
        [ "$(digest)" = "$(digest two.whm)" ]
    done
}

@test "the table of progress grows with the rows" {
    exits 0 eval 'orders 9 | wh-update -m m.whm --label churned --id id --progress'
    local rows
    rows=$(printf '%s\n' "$stderr" | awk '$1 ~ /^[0-9]+$/ { print $1 }' | tr '\n' ' ')
    [ "$rows" = '1 2 4 8 9 ' ]
    says 'learned from 9 rows'
    says 'to compare: the best constant has loss'
    exits 0 eval 'orders 9 | wh-update -m m.whm --new --label churned --id id -q'
    [ -z "$stderr" ]
}

@test "a failed run leaves the model as it was" {
    learn '{"y":1,"a":1}'
    cp m.whm before.whm
    exits 1 eval 'printf "{\"y\":0,\"a\":1}\n{\"y\":0,\"a\":\n" | wh-update -m m.whm'
    same before.whm m.whm
    exits 1 eval 'printf "{\"y\":0,\"a\":1}\n{\"y\":0,\"a\":\n" | wh-update -m m.whm --new --label y'
    same before.whm m.whm
    exits 1 eval 'printf "{\"y\":0,\"a\":1}\n{\"y\":0,\"a\":\n" |
        wh-update -m m.whm --rejects bad --max-rejects "10%"'
    same before.whm m.whm
}

@test "endless input is saved in between, and --new replaces only at the end" {
    mkfifo rows
    wh-update -m m.whm --label y --save-every 100ms -q rows &
    exec 5>rows
    printf '{"y":1,"a":1}\n' >&5
    eventually [ -e m.whm ]
    prints 1 header rows
    printf '{"y":0,"a":1}\n' >&5
    exec 5>&-
    wait $!
    prints 2 header rows

    wh-update -m m.whm --new --label y --save-every 100ms -q rows &
    exec 5>rows
    printf '{"y":1,"a":1}\n' >&5
    sleep 1.5
    prints 2 header rows
    exec 5>&-
    wait $!
    prints 1 header rows
}

@test "a second writer is turned away" {
    mkfifo rows
    wh-update -m m.whm --label y -q rows &
    exec 5>rows
    eventually [ -s m.whm.lock ]
    exits 3 wh-update -m m.whm --label y /dev/null
    says "process $! is writing it"
    printf '{"y":1,"a":1}\n' >&5
    exec 5>&-
    wait $!
    [ ! -e m.whm.lock ]
    prints 1 header rows
}

@test "another compiler learns the same digest" {
    need clang
    orders 2000 >rows.csv
    make -s -j2 -C "$ROOT" BUILD="$BATS_TEST_TMPDIR/clang" CC=clang CFLAGS=-O1 \
        "$BATS_TEST_TMPDIR/clang/bin/wh-update" >make.log 2>&1 || { cat make.log; return 1; }
    wh-update -m here.whm --label churned --id id -q rows.csv
    clang/bin/wh-update -m clang.whm --label churned --id id -q rows.csv
    [ "$(digest here.whm)" = "$(digest clang.whm)" ]
}

@test "what makes a model can be read back, however large" {
    learn '{"y":1,"a":1}' --max-features 9000000000000000000
    prints 1073741823 header options.max_features
    digest
    label=$(printf '%05000d' 0)
    printf '{"y":"no","a":1}\n{"y":"%s","a":1}\n' "$label" >rows.ndjson
    exits 1 wh-update -m long.whm --label y --positive no rows.ndjson
    says 'rows.ndjson:2: y: is too long for a label (4096 bytes at most)'
}

@test "a row of weight 0 does not widen the range of predictions" {
    learn '{"y":1.5,"w":1,"a":1}
{"y":2.5,"w":1,"a":1}
{"y":-7,"w":0,"a":1}
{"y":900,"w":0,"a":1}' --learner nag --weight w
    prints '[0,1]' header 'state.heads[0]|[.lowest,.highest]'
}
