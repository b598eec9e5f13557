# An NDJSON file through wh-clean with no step.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows orders-ndjson "$ROWS")
bench 'NDJSON file through wh-clean, no step, to /dev/null' "$ROWS" "$data"
entry wh-clean '' "wh-clean $data >/dev/null"
entry 'cat | cat' '' "cat $data | cat >/dev/null"
peer jq 'jq -c .' '>= 35' "jq -c . $data >/dev/null"
peer mlr 'Miller cat' '>= 50' "mlr --ijsonl --ojsonl cat $data >/dev/null"
report
