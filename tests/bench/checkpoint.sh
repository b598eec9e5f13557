# What checkpoints cost: a pipeline with one every two seconds, and one without. The ratio is the
# time without beside the time with them.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

# Long enough for some checkpoints: the same rows several times over.
TIMES=6
data=$(rows orders-ndjson "$ROWS")
all=$(for _ in $(seq $TIMES); do echo "$data"; done | paste -s -d ' ')
count=$((ROWS * TIMES))
learn="wh-update -m $WORK/checkpoint.whm --label returned --ignore order_id --quiet"
afresh="rm -f $WORK/checkpoint.*"
with="--checkpoint $WORK/checkpoint.whm"

# against STEPS: the pipeline of these filters, with checkpoints and without.
against() {
    entry 'with checkpoints' '' \
        "$afresh; wh-extract $with --every 2s --quiet $all | $1 | $learn $with"
    entry 'without' '>= 0.95' "$afresh; wh-extract --quiet $all | $1 | $learn"
    report
}

steps='--standard quantity,discount --log1p price --standard price --onehot city,channel,plan'
steps="$steps --dates ordered_at:hour,weekday"
clean='wh-clean --trim city,channel --lower city,channel --fill discount=0 --quiet'
bench 'extract, clean, featurize and update: checkpoints' "$count"
against "$clean | wh-featurize $steps --state $WORK/checkpoint.features --keep returned --quiet"

# Of each customer the first order in each spelling of each channel.
bench 'clean with a state of 100,000 keys, and update: checkpoints' "$count"
against "wh-clean --unique customer_id,channel --state $WORK/checkpoint.keys --quiet"
