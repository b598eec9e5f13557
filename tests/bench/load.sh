# NDJSON into a PostgreSQL table, against psql's \copy of the same rows in text format.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

# Runs itself again with a server of its own, in a throw-away cluster.
if [ -z "${WH_BENCH_POSTGRES:-}" ]; then
    if ! command -v pg_virtualenv >/dev/null 2>&1; then
        bench 'NDJSON to PostgreSQL' "$ROWS"
        absent 'wh-load' 'pg_virtualenv (postgresql-common) is missing'
        sed 's/^/  /' "$WORK/missing"
        exit 0
    fi
    WH_BENCH_POSTGRES=1 PGPORT=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 12000) }') \
        pg_virtualenv -t sh "$BENCH/load.sh" >"$WORK/load.log" 2>&1 || {
        cat "$WORK/load.log"
        exit 1
    }
    grep -v ' PostgreSQL cluster \|^Dropping cluster ' "$WORK/load.log"
    exit 0
fi

# Encryption would hide the difference.
export PGSSLMODE=disable

psql -Xq -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'END'
SELECT setseed(0.5) \g /dev/null
CREATE TABLE orders AS SELECT
    n::bigint AS id,
    (random() * 1e6)::int AS customer,
    (random() * 1000)::numeric(10, 2) AS amount,
    random() AS score,
    n % 2 = 0 AS paid,
    'city ' || n % 50 AS city,
    md5(n::text) AS token,
    timestamptz '2024-01-01 00:00+00' + n * interval '7.123 seconds' AS placed,
    date '2024-01-01' + n % 365 AS day,
    CASE WHEN n % 7 > 0 THEN 'a note about order ' || n END AS note,
    'https://shop.example/orders?id=' || n AS url
FROM generate_series(1, :rows) n;
CREATE TABLE loaded (LIKE orders);
CREATE TABLE keyed (LIKE orders, PRIMARY KEY (id));
END
wh-extract postgresql:// -t orders >"$WORK/orders.ndjson"
psql -Xqc '\copy orders TO STDOUT' >"$WORK/orders.copy"

# empty TABLE: a command that goes before each run and counts on both sides alike.
empty() {
    echo "psql -Xqc 'TRUNCATE $1' -c CHECKPOINT"
}

bench 'NDJSON to PostgreSQL' "$ROWS" "$WORK/orders.ndjson"
entry 'wh-load' '' "$(empty loaded) && wh-load postgresql:// -t loaded $WORK/orders.ndjson"
# At least 0.8 times as fast.
entry 'psql \copy, text' '>= 0.8' \
    "$(empty loaded) && psql -Xqc '\\copy loaded FROM $WORK/orders.copy'"
entry 'wh-load --rejects' '' \
    "$(empty loaded) && wh-load postgresql:// -t loaded --rejects $WORK/bad $WORK/orders.ndjson"
report

bench 'NDJSON to PostgreSQL, by key' "$ROWS" "$WORK/orders.ndjson"
entry 'wh-load --key, new rows' '' \
    "$(empty keyed) && wh-load postgresql:// -t keyed --key id $WORK/orders.ndjson"
entry 'psql \copy, with the index' '' \
    "$(empty keyed) && psql -Xqc '\\copy keyed FROM $WORK/orders.copy'"
entry 'wh-load --key, rows that are there' '' \
    "wh-load postgresql:// -t keyed --key id $WORK/orders.ndjson"
report
rm -f "$WORK/orders.ndjson" "$WORK/orders.copy" "$WORK/bad"
