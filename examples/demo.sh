#!/bin/sh
# From a warehouse to scores: learns from ten months of a shop's orders which will be returned,
# scores the two months after, and says how good that was and how fast.
#
#   examples/demo.sh [FOLDER]        the tools must be on PATH; FOLDER (demo) gets all files
set -eu

examples=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "${1:-demo}"
cd "${1:-demo}"
cp "$examples/shop.sql" "$examples/orders.sql" .

# Where there is a shell that notices a failure in the midst of a pipeline, it is used.
shell='sh'
if command -v bash >/dev/null; then shell='bash -o pipefail'; fi

# run COMMANDS: shows a command line, then runs it.
run() {
    printf '\n%s\n' "$1" | sed 's/^\([^ ]\)/$ \1/'
    $shell -euc "$1"
}

# number FILE KEY: one number of what --stats wrote.
number() {
    sqlite3 :memory: "SELECT json_extract(readfile('$1'), '\$.$2')"
}

# rate FILE: rows a second.
rate() {
    sqlite3 :memory: "WITH run(stats) AS (SELECT readfile('$1'))
        SELECT json_extract(stats, '\$.rows_in') / json_extract(stats, '\$.seconds') FROM run"
}

rm -f shop.state shop.whm mart.db* ./*.stats

echo 'A shop: 20,000 customers and a year of orders, untidy as real ones are.'
run 'sqlite3 shop.db <shop.sql >shop.log'

echo
echo 'What is done to the rows, written down once, for learning and for scoring:'
run 'wh-clean --unique order_id --trim channel,city --lower channel,city --fill discount=0 \
        --print-recipe >clean.json'
run 'wh-featurize --passthrough quantity,discount --log1p price --standard price,delivery_days \
        --onehot channel,city,plan --dates ordered_at:hour,weekday --print-recipe >features.json'

echo
echo 'Learning from January to October which orders are returned:'
run 'wh-extract sqlite:shop.db -f orders.sql -v from=2025-01-01 -v until=2025-11-01 |
    wh-clean --null-value n/a -r clean.json |
    wh-featurize -r features.json --state shop.state --keep order_id,ordered_at,returned |
    wh-update -m shop.whm --new --label returned --time ordered_at --stats update.stats'
echo
echo 'The drift is a true one: on 1 July the shop changed its carrier, and with that which orders come'
echo 'back. The model goes on learning, and follows; its loss in between is what the change cost.'

echo
echo 'Scoring November and December, which the model has not seen:'
run 'wh-extract sqlite:shop.db -f orders.sql -v from=2025-11-01 -v until=2026-01-01 |
    wh-clean --null-value n/a -r clean.json |
    wh-featurize -r features.json --state shop.state --frozen --keep order_id,returned |
    wh-score -m shop.whm --label returned --stats score.stats |
    wh-load sqlite:shop.db -t scores --create --key order_id'

echo
echo 'The orders most likely to come back, now in the warehouse:'
run 'sqlite3 -box shop.db "SELECT order_id, channel, price, delivery_days, round(score, 3) AS score
    FROM scores JOIN orders USING (order_id) GROUP BY order_id ORDER BY score DESC LIMIT 5"'

echo
printf '%-24s %10s %14s\n' '' 'log loss' 'constant guess'
printf '%-24s %10.4f %14.4f\n' 'learning (progressive)' "$(number update.stats progressive_loss)" \
    "$(number update.stats baseline_constant)"
printf '%-24s %10.4f %14.4f\n' 'November, December' "$(number score.stats loss)" \
    "$(number score.stats baseline_constant)"
printf '%-24s %10.4f %14.4f\n' '  area under the curve' "$(number score.stats auc)" 0.5

echo
printf 'The learning pipeline as a whole: %.0f rows/s. Each stage by itself, from and to files:\n' \
    "$(rate update.stats)"
run 'wh-extract sqlite:shop.db -f orders.sql -v from=2025-01-01 -v until=2025-11-01 \
        --stats wh-extract.stats >orders.ndjson
    wh-clean --null-value n/a -r clean.json --stats wh-clean.stats orders.ndjson >cleaned.ndjson
    wh-featurize -r features.json --state shop.state --frozen --keep order_id,returned \
        --stats wh-featurize.stats cleaned.ndjson >features.ndjson
    wh-update -m again.whm --new --label returned --quiet --stats wh-update.stats features.ndjson
    wh-score -m again.whm --quiet --stats wh-score.stats features.ndjson >again.ndjson'
echo
for tool in wh-extract wh-clean wh-featurize wh-update wh-score; do
    printf '  %-15s %9.0f rows in %6.2f s %10.0f rows/s\n' "$tool" \
        "$(number $tool.stats rows_in)" "$(number $tool.stats seconds)" "$(rate $tool.stats)"
done

echo
echo 'Orders kept in another database, by a line that takes only what is new when it is run again:'
cat >mart.sh <<'END'
wh-extract sqlite:shop.db -t orders --since order_id --checkpoint sqlite:mart.db#orders |
    wh-clean --trim channel --lower channel |
    wh-load sqlite:mart.db -t orders --create --key order_id --checkpoint sqlite:mart.db#orders \
        --stats load.stats
END
run 'cat mart.sh'
run "$shell mart.sh"
first=$(number load.stats rows_committed)
run "sqlite3 shop.db 'INSERT INTO orders SELECT max(order_id) + 1, customer_id, ordered_at,
    channel, quantity, price, discount, delivery_days, returned FROM orders'"
run "$shell mart.sh"
echo
echo "  $first rows in the first run, $(number load.stats rows_committed) in the second"

echo
echo "The model, the scores and the rest are in $PWD."
