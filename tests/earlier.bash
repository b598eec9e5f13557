# What the files that tests/model/earlier and tests/pipe/earlier keep of an earlier version were
# made of, and how. To keep those of a version that is about to be replaced: put its tools on PATH,
# and in a new folder
#
#   bash -c '. tests/earlier.bash; keep_models; keep_stream'

EARLIER_LEARNERS='auto nag ftrl coin sgd'
EARLIER_LABELS='number binary class'

# earlier_rows FROM TO: rows with a label of each kind.
earlier_rows() {
    awk -v from="$1" -v to="$2" 'BEGIN {
        split("Lagos,Lima,Oslo", city, ",")
        split("free,pro,team", class, ",")
        print "id,x,city,number,binary,class"
        for (i = from; i <= to; i++) {
            x = i * 7919 % 101; c = i * 31 % 3
            print i "," x "," city[c + 1] "," 2 * x + 10 * c + i % 7 "," \
                (x + 20 * c + i % 11 > 70 ? "yes" : "no") "," class[(x > 35) + (x + 9 * c > 75) + 1]
        }
    }'
}

# learn_earlier MODEL LEARNER LABEL FROM TO: learns these rows from the label's column on.
learn_earlier() {
    local others
    others=$(echo "$EARLIER_LABELS" | tr ' ' '\n' | grep -vx "$3" | paste -sd,)
    earlier_rows "$4" "$5" |
        wh-update -q -m "$1" --learner "$2" --label "$3" --ignore "id,$others"
}

# describe_earlier MODEL: its digest, and its scores of rows that it has not seen; of the last
# digits processors and C libraries may make something else.
describe_earlier() {
    echo "$1 $(wh-score -m "$1" --digest)"
    earlier_rows 161 166 | wh-score -q --digits 6 -m "$1" | cut -d, -f 1,7-
}

# rows_kept LEARNER: how many rows the kept models have learned from; those of auto soon grow large.
rows_kept() {
    case $1 in
    auto) echo 16 ;;
    *) echo 80 ;;
    esac
}

keep_models() {
    local learner label
    for learner in $EARLIER_LEARNERS; do
        for label in $EARLIER_LABELS; do
            learn_earlier "${learner}_$label.whm" "$learner" "$label" 1 "$(rows_kept "$learner")"
            describe_earlier "${learner}_$label.whm"
        done
    done >scores
}

# extend_source FROM TO: puts these rows into the database that the stream comes from.
extend_source() {
    { echo 'BEGIN; CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, x, city, y);'
      earlier_rows "$1" "$2" | tail -n +2 | awk -F, '{
          printf "INSERT INTO rows VALUES (%s, %s, '\''%s'\'', '\''%s'\'');\n", $1, $2, $3, $5 }'
      echo 'COMMIT;'; } | sqlite3 source.db
}

# run_stream: rows go through states and a model into a database, which keeps the checkpoint.
run_stream() {
    wh-extract sqlite:source.db -t rows --since id --checkpoint 'sqlite:target.db#c' |
        wh-clean --state clean.state --fill y=no --unique x |
        wh-featurize --state features.state --standard x --onehot city --keep id,y |
        wh-update -q -p -m on_the_way.whm --learner nag --task binary --label y --ignore id --digits 6 |
        wh-load sqlite:target.db -t scores --create --checkpoint 'sqlite:target.db#c'
}

# run_model: rows go into a model, which is the checkpoint itself.
run_model() {
    wh-extract sqlite:source.db -t rows --since id --checkpoint live.whm |
        wh-update -q -m live.whm --learner nag --label y --ignore id --checkpoint live.whm
}

# freeze_rows: what the state of features makes of rows, unchanged.
freeze_rows() {
    earlier_rows 61 64 | cut -d, -f 1-3,5 |
        wh-featurize -q --state features.state --frozen --standard x --onehot city --keep id,binary
}

keep_stream() {
    extend_source 1 60
    run_stream
    run_model
    sqlite3 target.db .dump >target.sql
    freeze_rows >features.ndjson
    rm source.db target.db ./*state.*.1 ./*whm.*.1
}
