# A PostgreSQL table to NDJSON, against psql's \copy in text format and row_to_json in the server.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

# Runs itself again with a server of its own, in a throw-away cluster.
if [ -z "${WH_BENCH_POSTGRES:-}" ]; then
    if ! command -v pg_virtualenv >/dev/null 2>&1; then
        bench 'PostgreSQL to NDJSON' "$ROWS"
        absent 'wh-extract' 'pg_virtualenv (postgresql-common) is missing'
        sed 's/^/  /' "$WORK/missing"
        exit 0
    fi
    WH_BENCH_POSTGRES=1 PGPORT=$(awk 'BEGIN { srand(); print 20000 + int(rand() * 12000) }') \
        pg_virtualenv -t sh "$BENCH/postgres.sh" >"$WORK/postgres.log" 2>&1 || {
        cat "$WORK/postgres.log"
        exit 1
    }
    grep -v ' PostgreSQL cluster \|^Dropping cluster ' "$WORK/postgres.log"
    exit 0
fi

# Encryption would hide the difference.
export PGSSLMODE=disable

psql -Xq -v ON_ERROR_STOP=1 -v rows="$ROWS" <<'END'
SELECT setseed(0.5) \g /dev/null
CREATE TABLE orders AS SELECT
    n AS id,
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
VACUUM ANALYZE orders;
END

bench 'PostgreSQL to NDJSON' "$ROWS"
entry 'wh-extract -t orders' '' 'wh-extract postgresql:// -t orders >/dev/null'
# At most 1.1 times its wall time: 1 / 1.1 of it or more.
entry 'psql \copy, text' '>= 0.91' \
    "psql -Xqc '\\copy (SELECT * FROM orders) TO STDOUT' >/dev/null"
entry 'psql \copy of row_to_json' '>= 3' \
    "psql -Xqc '\\copy (SELECT row_to_json(orders) FROM orders) TO STDOUT' >/dev/null"
report
