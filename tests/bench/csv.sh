# CSV to NDJSON.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows orders-csv "$ROWS")
bench 'CSV to NDJSON' "$ROWS" "$data"
entry 'wh-clean -o ndjson' '' "wh-clean -o ndjson $data >/dev/null"
entry "libcsv's bare callbacks" '>= 0.5' "$BUILD/bench/csv_callbacks <$data >/dev/null"
peer mlr 'Miller cat' '>= 10' "mlr --icsv --ojsonl cat $data >/dev/null"
report
