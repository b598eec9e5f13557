# NDJSON into a PostgreSQL table, against psql's \copy of the same rows in text format.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

on_postgres load.sh 'NDJSON to PostgreSQL' wh-load

psql -Xq -v ON_ERROR_STOP=1 <<'END'
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
