# What a second thread is worth where two processors have nothing else to do: the wall time of one
# thread beside that of two.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows orders-ndjson "$ROWS")
csv=$(rows orders-csv "$ROWS")
first=$(rows orders-ndjson 60000)
state=$WORK/threads.state
clean='--trim city,channel --lower city --lower channel --fill discount=0 --fill note=none'
clean="$clean --type quantity=int --type price=float --type ordered_at=timestamp"
clean="$clean --rename note=comment --exclude plan"
features='--standard quantity,discount --log1p price --onehot city,channel,plan'
features="$features --dates ordered_at:hour,weekday"
# shellcheck disable=SC2086 # a list of options
wh-featurize $features --state "$state" --fit "$first"
for learner in nag auto; do
    wh-update -q -m "$WORK/threads-$learner.whm" --new --learner "$learner" --label returned \
        --ignore order_id,customer_id,ordered_at,note "$first"
done

# compare TITLE INPUT-FILE COMMAND
compare() {
    bench "$1" "$ROWS" "$2"
    entry '--threads 2' '' "$3 --threads 2 $2 >/dev/null"
    entry 'one thread' '>= 1.8' "$3 $2 >/dev/null"
    report
}

compare 'clean, ten steps' "$data" "wh-clean $clean"
compare 'clean, ten steps, CSV' "$csv" "wh-clean $clean"
compare 'featurize' "$data" "wh-featurize $features --state $state --frozen"
compare 'score, nag' "$data" "wh-score -q -m $WORK/threads-nag.whm"
compare 'score, auto' "$data" "wh-score -q -m $WORK/threads-auto.whm"
