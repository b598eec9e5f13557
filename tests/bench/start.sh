# From nothing to the end of one row; and with a model of a million weights.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

ROUNDS=51
row=$(rows numbers-ndjson 1)
wh-update -m "$WORK/small.whm" --new --learner nag --label _label --quiet \
    "$(rows numbers-ndjson 1000)"

bench 'Start: one row (aim: wh-score in 5 ms)' 1
entry wh-score '' "exec wh-score -m $WORK/small.whm --quiet $row >/dev/null"
entry wh-clean '' "exec wh-clean $row >/dev/null"
entry 'cat (a process at all)' '' "exec cat $row >/dev/null"
peer jq 'jq -c .' '' "exec jq -c . $row >/dev/null"
peer mlr 'Miller cat' '' "exec mlr --ijsonl --ojsonl cat $row >/dev/null"
report

wide=$(wide 1000000)
wh-update -m "$WORK/wide.whm" --new --learner nag --label _label --quiet "$wide"
ROUNDS=5
bench 'Start: one row with a model of a million weights (aim: 1 s)' 1
entry wh-score '' "head -n 1 $wide | wh-score -m $WORK/wide.whm --quiet >/dev/null"
report
