# Peak memory and speed of the filters at some rows and at ten times as many: they have to be the
# same. BENCH_LONG=1 adds the learner auto, which takes minutes.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

orders=$(rows orders-ndjson "$ROWS")
numbers=$(rows numbers-ndjson "$ROWS")
model=$WORK/memory.whm
state=$WORK/memory.state
steps='--standard price --log1p quantity --onehot city,channel --hash note=64'
learn="wh-update -m $model --new --learner nag --label _label --quiet"

# shellcheck disable=SC2086 # the steps are meant to be split
head -n 100000 "$orders" | wh-featurize $steps --fit --state "$state" --quiet
head -n 1000 "$numbers" | $learn

# both NAME FILE FILTER: FILTER reads the file once, then ten times over.
both() {
    printf '%s\tcat %s | %s >/dev/null\n' "$1" "$2" "$3"
    printf '%s\tcat %s %s %s %s %s %s %s %s %s %s | %s >/dev/null\n' "$1" \
        "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$2" "$3"
}

{
    both 'wh-clean' "$orders" 'wh-clean --trim city --quiet'
    both 'wh-featurize --frozen' "$orders" "wh-featurize $steps --state $state --frozen --quiet"
    both 'wh-update' "$numbers" "$learn"
    both 'wh-score' "$numbers" "wh-score -m $model --quiet"
    [ -z "${BENCH_LONG:-}" ] || both 'wh-update, auto' "$numbers" \
        "wh-update -m $WORK/auto.whm --new --learner auto --label _label --quiet"
} | "$BUILD/bench/measure" 1 >"$WORK/measured" || true

echo
awk -F '\t' -v rows="$ROWS" '
    BEGIN {
        printf "Peak memory (aim: equal, under 32 MB) and speed (aim: equal)\n"
        printf "  %-26s %8s %8s  %-6s %12s %12s\n", "", rows / 1e6 " M rows", rows / 1e5 " M rows",
               "", "rows/s", "rows/s"
    }
    $2 == "failed" { printf "  %-26s failed\n", $1; next }
    !($1 in once) { once[$1] = $4 / 1024; took[$1] = $2; next }
    {
        more = $4 / 1024
        met = more < 32 && more < once[$1] * 1.1 + 0.5 && $2 < 11 * took[$1]
        printf "  %-26s %8.1f %8.1f  %-6s %12.0f %12.0f\n", $1, once[$1], more,
               met ? "met" : "MISSED", rows / took[$1], 10 * rows / $2
    }' "$WORK/measured"
