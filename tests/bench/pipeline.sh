# The whole way from a CSV file into a model, against pandas and scikit-learn in chunks.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

csv=$(rows orders-csv "$ROWS")
state=$WORK/pipeline.state
steps='--standard quantity,discount --log1p price --standard price --onehot city,channel,plan'
steps="$steps --dates ordered_at:hour,weekday"
clean="wh-clean -o ndjson --trim city,channel --lower city,channel --fill discount=0 $csv"
learn="wh-update -m $WORK/pipeline.whm --new --label returned --quiet --learner"

# with LEARNER AIM
with() {
    bench "clean, featurize and update ($1), from CSV" "$ROWS" "$csv"
    entry "wh-clean | wh-featurize | wh-update" '' \
        "rm -f $state; $clean | wh-featurize --state $state --keep returned $steps | $learn $1"
    if "$BENCH_PYTHON" -c 'import sklearn, pandas' 2>/dev/null; then
        entry 'pandas + scikit-learn, SGD' "$2" "$BENCH_PYTHON $BENCH/pipeline.py $csv"
    else
        absent 'pandas + scikit-learn' \
            'scikit-learn or pandas is missing (BENCH_PYTHON may name a Python that has them)'
    fi
    report
}

with nag '>= 4'
with auto ''
