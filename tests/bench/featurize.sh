# Ten columns to features, with constants learned beforehand, against scikit-learn's
# ColumnTransformer on chunks of 50,000 rows that pandas reads.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows orders-ndjson "$ROWS")
csv=$(rows orders-csv "$ROWS")
steps='--passthrough returned --standard quantity,discount --log1p price --standard price'
steps="$steps --onehot city,channel,plan:min_frequency=100"
steps="$steps --type customer_id=string --hash customer_id,note=1024 --dates ordered_at:hour,weekday"
state=$WORK/featurize.state
# shellcheck disable=SC2086 # a list of options
wh-featurize $steps --state "$state" --fit "$data"

bench 'featurize ten columns' "$ROWS" "$data"
entry wh-featurize '' "wh-featurize $steps --state $state --frozen $data >/dev/null"
entry 'wh-featurize from CSV' '' "wh-featurize $steps --state $state --frozen $csv >/dev/null"
entry 'wh-featurize --fit' '' "wh-featurize $steps --state $WORK/fit.state --fit $data"
if "$BENCH_PYTHON" -c 'import sklearn, pandas' 2>/dev/null; then
    entry 'pandas + ColumnTransformer' '>= 5' "$BENCH_PYTHON $BENCH/featurize.py $csv whole"
    "$BENCH_PYTHON" "$BENCH/featurize.py" "$csv" transform >"$WORK/transform"
else
    absent 'ColumnTransformer' \
        'scikit-learn or pandas is missing (BENCH_PYTHON may name a Python that has them)'
    : >"$WORK/transform"
fi
report
# Without reading: what no other way of loading the rows could make faster.
sed 's/^/  /' "$WORK/transform"
