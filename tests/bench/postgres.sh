# A PostgreSQL table to NDJSON, against psql's \copy in text format and row_to_json in the server.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

on_postgres postgres.sh 'PostgreSQL to NDJSON' wh-extract

bench 'PostgreSQL to NDJSON' "$ROWS"
entry 'wh-extract -t orders' '' 'wh-extract postgresql:// -t orders >/dev/null'
# At most 1.1 times its wall time: 1 / 1.1 of it or more.
entry 'psql \copy, text' '>= 0.91' \
    "psql -Xqc '\\copy (SELECT * FROM orders) TO STDOUT' >/dev/null"
entry 'psql \copy of row_to_json' '>= 3' \
    "psql -Xqc '\\copy (SELECT row_to_json(orders) FROM orders) TO STDOUT' >/dev/null"
report
