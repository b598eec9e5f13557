# What README tells people to run, run.

load ../helper

# The indented lines of a section, without the indentation.
commands() {
    awk -v title="$1" '
        $0 == title { inside = 1; next }
        /^[^ ]/ && previous == "" && !/[.,:;]/ { inside = 0 }
        inside && /^    / { print substr($0, 5) }
        inside && $0 == "" { print }
        { previous = $0 }' "$ROOT/README"
}

@test "the customers that are shipped are those that the script makes" {
    cp "$ROOT/examples/customers.sh" .
    sh customers.sh
    same "$ROOT/examples/customers.csv" customers.csv
    same "$ROOT/examples/today.csv" today.csv
}

@test "the lines that need only a CSV file" {
    cp "$ROOT"/examples/*.csv .
    commands 'With nothing but a CSV file' >commands.sh
    [ "$(grep -c '^wh-' commands.sh)" -eq 4 ]
    bash -euo pipefail commands.sh >out 2>log
    sed -n '/nightly/,$p' commands.sh >nightly.sh
    bash -euo pipefail nightly.sh 2>again
    grep -q 'nightly.whm' again
    grep -q 'better' again
    grep -q 'customer_id,plan,months,calls,spend,score' out
    grep -q '"calls"' out
    grep -q 'best constant' log
}

@test "the pipeline, and its twin that scores" {
    need sqlite3
    sqlite3 shop.db <"$ROOT/examples/shop.sql" >/dev/null
    commands 'A pipeline' >commands.sh
    [ "$(grep -c '^wh-extract' commands.sh)" -eq 2 ]
    bash -euo pipefail commands.sh 2>log
    sqlite3 shop.db "SELECT count(DISTINCT order_id) FROM orders
        WHERE ordered_at >= '2025-12-31'" >wanted
    wc -l <scores.ndjson >scored
    same wanted scored
    [ "$(jq -c 'select(.score > 0 and .score < 1)' scores.ndjson | wc -l)" -eq "$(cat wanted)" ]
}

@test "the line that takes only what is new, run again and again" {
    need sqlite3
    sqlite3 shop.db <"$ROOT/examples/shop.sql" >/dev/null
    commands 'Only what is new' >commands.sh
    [ "$(grep -c '^wh-extract' commands.sh)" -eq 1 ]
    bash -euo pipefail commands.sh
    prints 200000 sqlite3 mart.db 'SELECT count(*) FROM orders'
    sqlite3 shop.db "INSERT INTO orders SELECT 200001, customer_id, ordered_at, ' WEB', quantity,
        price, discount, delivery_days, returned FROM orders LIMIT 1"
    bash -euo pipefail commands.sh
    bash -euo pipefail commands.sh
    prints '200001|web' sqlite3 mart.db 'SELECT count(*), max(channel) FILTER (
        WHERE order_id = 200001) FROM orders'
}

@test "the demonstration learns more than a constant guess, and prints what it ran" {
    need sqlite3
    # Somewhere else than where the examples are, and twice over the same folder.
    "$ROOT/examples/demo.sh" here >first
    "$ROOT/examples/demo.sh" here >second
    grep -q '^\$ wh-extract sqlite:shop.db' second
    jq -e '.loss < .baseline_constant - 0.03 and .auc > 0.65' here/score.stats >/dev/null
    wh-score -m here/shop.whm --digest >digest
    grep -qE '^[0-9a-f]{64}$' digest
    # What was kept in the second database: all orders, and then the new one alone.
    prints 200001 sqlite3 here/mart.db 'SELECT count(*) FROM orders'
    grep -q '^  202000 rows in the first run, 1 in the second$' second
    # All but times and speeds is the same again.
    still() { sed 's/[0-9.]* *s  *[0-9]* rows\/s//; s/[0-9]* rows\/s//; s/  */ /g' "$1"; }
    still first >first.still
    still second >second.still
    same first.still second.still
}

@test "the rows of the demonstration are the same on every machine" {
    need sqlite3
    sqlite3 shop.db <"$ROOT/examples/shop.sql" >/dev/null
    extracted() { wh-extract sqlite:shop.db -t "$1" | sha256sum | cut -c 1-16; }
    prints 0afb5e390f9b1b67 extracted orders
    prints e3b3a5caf99454a5 extracted customers
}
