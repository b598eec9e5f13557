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

# Rows that are refused: 1 and 10 of 100, by a check, by a domain, and by a foreign key, for which
# COPY names no line.
psql -Xq -v ON_ERROR_STOP=1 <<'END'
CREATE TABLE parts (id int PRIMARY KEY);
INSERT INTO parts SELECT generate_series(0, 99);
CREATE TABLE checked (id int PRIMARY KEY, part int CHECK (part >= 0), note text);
CREATE DOMAIN counted AS int CHECK (value >= 0);
CREATE TABLE limited (id int PRIMARY KEY, part counted, note text);
CREATE TABLE referring (id int PRIMARY KEY, part int REFERENCES parts, note text);
END
REFUSED=100000
for share in 100 10; do
    awk -v n="$REFUSED" -v share="$share" 'BEGIN {
        for (i = 1; i <= n; i++)
            printf "{\"id\":%d,\"part\":%d,\"note\":\"note %d\"}\n", i, i % share ? i % 100 : -1, i
    }' >"$WORK/refused-$share.ndjson"
done

# refused TITLE TABLE OPTIONS: a goal of 50,000 rows a second is one of 2 s here.
refused() {
    for share in 100 10; do
        entry "$1, 1 of $share" '' "$(empty "$2") && wh-load -q postgresql:// -t $2 $3 \
            --rejects $WORK/bad $WORK/refused-$share.ndjson"
    done
}

bench 'rows that are refused' "$REFUSED" "$WORK/refused-100.ndjson"
refused 'check' checked ''
refused 'check, --key' checked '--key id'
refused 'domain' limited ''
refused 'foreign key' referring ''
refused 'foreign key, --key' referring '--key id'
report
rm -f "$WORK/refused-100.ndjson" "$WORK/refused-10.ndjson" "$WORK/bad"
