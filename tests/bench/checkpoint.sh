# What checkpoints cost: a pipeline with one every two seconds, and one without. The ratio is the
# time without beside the time with them.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

# Long enough for some checkpoints: the same rows several times over.
TIMES=6
data=$(rows orders-ndjson "$ROWS")
all=$(for _ in $(seq $TIMES); do echo "$data"; done | paste -s -d ' ')
count=$((ROWS * TIMES))
# The learner at which they show: auto takes three times as long a row.
learn="wh-update -m $WORK/checkpoint.whm --learner nag --label returned --ignore order_id --quiet"
afresh="rm -f $WORK/checkpoint.*"
with="--checkpoint $WORK/checkpoint.whm"

# against STEPS: the pipeline of these filters, with checkpoints and without.
against() {
    entry 'with checkpoints' '' \
        "$afresh; $slowly wh-extract $with --every 2s --quiet $all | $1 | $learn $with"
    entry 'without' "$aim" "$afresh; wh-extract --quiet $all | $1 | $learn"
    report
}

slowly=''
aim='>= 0.95'
steps='--standard quantity,discount --log1p price --standard price --onehot city,channel,plan'
steps="$steps --dates ordered_at:hour,weekday"
clean='wh-clean --trim city,channel --lower city,channel --fill discount=0 --quiet'
features="wh-featurize $steps --state $WORK/checkpoint.features --keep returned --quiet"
bench 'extract, clean, featurize and update: checkpoints' "$count"
against "$clean | $features"

# Of each customer the first order in each spelling of each channel: nearly all rows are dropped, so
# that the time is that of the filter which has the state.
keys="wh-clean --unique customer_id,channel --state $WORK/checkpoint.keys --quiet"
bench 'clean with a state of 100,000 keys: checkpoints' "$count"
against "$keys"

# The same with all tools on a disk that takes 0.3 s to say that data is safe. Each tool has to wait
# for it at the end, about two seconds in all.
export WH_SYNC_SLEEP=0.3
aim=''
slowly="export LD_PRELOAD=$BUILD/preload/slow_sync.so;"
bench 'extract, clean, featurize and update: checkpoints on a slow disk' "$count"
against "$clean | $features"
bench 'clean with a state of 100,000 keys: checkpoints on a slow disk' "$count"
against "$keys"
