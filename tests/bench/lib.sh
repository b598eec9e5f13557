# For the scripts of this folder: `. "$BENCH/lib.sh"`. tests/bench/run sets BENCH (this folder),
# BUILD, WORK (for data; kept between runs) and PATH (the tools first).
# shellcheck shell=sh
#
#   data=$(rows orders-ndjson 1000000)          a file of generated rows
#   bench 'CSV to NDJSON' 1000000 "$data"       begins a table: title, rows, input file
#   entry wh-clean '' "wh-clean -o ndjson $data >/dev/null"
#   peer mlr Miller '>= 10' "mlr --icsv --ojsonl cat $data >/dev/null"
#   report                                      measures all of them, prints the table
#
# The first entry is ours. A later one's ratio is its wall time divided by ours, so 10 means that
# ours is ten times as fast; its aim is `>= NUMBER` or empty. "by CPU" is the same of CPU time, for
# programs that use more than one core.

set -eu

ROUNDS=${BENCH_ROUNDS:-5}
export ROWS="${BENCH_ROWS:-1000000}"

# rows KIND COUNT: prints the name of a file with such rows, made when it is not there yet.
rows() {
    rows_file=$WORK/$1.$2
    if [ ! -f "$rows_file" ]; then
        "$BUILD/bench/rows" "$1" "$2" >"$rows_file.new"
        mv "$rows_file.new" "$rows_file"
    fi
    echo "$rows_file"
}

# wide COUNT: the same, of rows with ten features each that are all different, COUNT in all.
wide() {
    wide_file=$WORK/wide.$1
    if [ ! -f "$wide_file" ]; then
        awk -v count="$1" 'BEGIN {
            for (i = 0; i < count; i += 10) {
                printf "{\"_label\":%d,\"features\":{", i / 10 % 2
                for (j = 0; j < 10; j++)
                    printf "%s\"word%d\":%g", j ? "," : "", i + j, (i + j) % 997 / 100 + 1
                print "}}"
            }
        }' >"$wide_file.new"
        mv "$wide_file.new" "$wide_file"
    fi
    echo "$wide_file"
}

# bench TITLE ROWS [INPUT-FILE]
bench() {
    bench_title=$1
    bench_rows=$2
    bench_bytes=0
    [ $# -lt 3 ] || bench_bytes=$(wc -c <"$3")
    : >"$WORK/commands"
    : >"$WORK/aims"
    : >"$WORK/missing"
}

# entry NAME AIM COMMAND: COMMAND is for sh -c, on one line.
entry() {
    printf '%s\t%s\n' "$1" "$3" >>"$WORK/commands"
    printf '%s\t%s\n' "$1" "$2" >>"$WORK/aims"
}

# peer PROGRAM NAME AIM COMMAND: an entry, if PROGRAM is installed.
peer() {
    if command -v "$1" >/dev/null 2>&1; then
        entry "$2" "$3" "$4"
    else
        echo "$2: not measured, $1 is missing" >>"$WORK/missing"
    fi
}

# absent NAME REASON: a peer that cannot be measured here, for another reason than its program.
absent() {
    echo "$1: not measured, $2" >>"$WORK/missing"
}

# Measures the entries; $WORK/measured then holds what measure printed.
report() {
    "$BUILD/bench/measure" "$ROUNDS" <"$WORK/commands" >"$WORK/measured" || true
    echo
    awk -F '\t' -v title="$bench_title" -v rows="$bench_rows" -v bytes="$bench_bytes" '
        function rate(n) {
            return n >= 1e6 ? sprintf("%.2f M", n / 1e6) : sprintf("%.0f k", n / 1e3)
        }
        FNR == NR { aim[$1] = $2; next }
        FNR == 1 {
            size = bytes > 0 ? sprintf(", %.0f MB", bytes / 1e6) : ""
            count = rows == 1 ? "1 row" : rate(rows) " rows"
            printf "%s (%s%s)\n", title, count, size
            printf "  %-34s %8s %8s %8s %9s %7s %7s %7s  %s\n", "", "wall s", "CPU s", "peak MB",
                   "rows/s", "MB/s", "ratio", "by CPU", "aim"
        }
        $2 == "failed" { printf "  %-34s failed\n", $1; next }
        {
            speed = bytes > 0 ? sprintf("%.0f", bytes / 1e6 / $2) : ""
            pace = rows > 1 ? rate(rows / $2) : ""
            ratio = by_cpu = verdict = ""
            if (FNR == 1) {
                ours = $2
                our_cpu = $3
            } else if (ours > 0 && our_cpu > 0) {
                ratio = sprintf("%.2f", $2 / ours)
                by_cpu = sprintf("%.2f", $3 / our_cpu)
            }
            if (ratio != "" && aim[$1] != "") {
                split(aim[$1], part, " ")
                verdict = aim[$1] (ratio + 0 >= part[2] + 0 ? " met" : " MISSED")
            }
            printf "  %-34s %8.4f %8.4f %8.1f %9s %7s %7s %7s  %s\n", $1, $2, $3, $4 / 1024,
                   pace, speed, ratio, by_cpu, verdict
        }' "$WORK/aims" "$WORK/measured"
    sed 's/^/  /' "$WORK/missing"
}

# on_postgres SCRIPT TITLE TOOL: runs the script again with a PostgreSQL server of its own, in a
# throw-away cluster, and ends with that; there it makes the table orders of $ROWS rows.
on_postgres() {
    if [ -n "${WH_BENCH_POSTGRES:-}" ]; then
        export PGSSLMODE=disable # encryption would hide the difference
        make_orders
        return 0
    fi
    if ! command -v pg_virtualenv >/dev/null 2>&1; then
        bench "$2" "$ROWS"
        absent "$3" 'pg_virtualenv (postgresql-common) is missing'
        sed 's/^/  /' "$WORK/missing"
        exit 0
    fi
    WH_BENCH_POSTGRES=1 PGPORT=$((20000 + $$ % 12000)) \
        pg_virtualenv -t sh "$BENCH/$1" >"$WORK/$1.log" 2>&1 || {
        cat "$WORK/$1.log"
        exit 1
    }
    grep -v ' PostgreSQL cluster \|^Dropping cluster ' "$WORK/$1.log"
    exit 0
}

make_orders() {
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
VACUUM ANALYZE orders;
END
}
