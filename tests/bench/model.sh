# Learning and scoring with nag, 10 numbers a row, against VW on the same NDJSON.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

data=$(rows numbers-ndjson "$ROWS")
learn="wh-update -m $WORK/bench.whm --new --learner nag --loss logistic --label _label --quiet"
vw=
if command -v vw >/dev/null 2>&1; then
    vw=vw
elif "$BENCH_PYTHON" -c 'import vowpalwabbit' 2>/dev/null; then
    vw="$BENCH_PYTHON -m vowpalwabbit"
fi
no_vw='vw is missing (BENCH_PYTHON may name a Python that has vowpalwabbit)'

bench 'update, nag, logistic loss, 10 numbers a row' "$ROWS" "$data"
entry wh-update '' "$learn --stats $WORK/update.stats $data"
if [ -n "$vw" ]; then
    entry 'vw --json' '>= 3' \
        "$vw --json --loss_function logistic -d $data -f $WORK/bench.vw 2>$WORK/vw.log"
else
    absent VW "$no_vw"
fi
report
if [ -n "$vw" ]; then
    ours=$(sed -n 's/.*"progressive_loss":\([0-9.e-]*\).*/\1/p' "$WORK/update.stats")
    theirs=$(sed -n 's/^average loss = //p' "$WORK/vw.log")
    start=$(printf 'vw\t%s --json --quiet -d /dev/null\n' "$vw" | "$BUILD/bench/measure" "$ROUNDS" |
        cut -f 2)
    echo "  progressive loss: wh-update $ours, vw $theirs; vw alone starts and ends in $start s"
fi

bench 'score with output' "$ROWS" "$data"
entry wh-score '' "wh-score -m $WORK/bench.whm --quiet $data >/dev/null"
if [ -n "$vw" ]; then
    entry 'vw -t -p --json' '>= 5' \
        "$vw -t -i $WORK/bench.vw --json -d $data -p /dev/stdout --quiet >/dev/null"
else
    absent VW "$no_vw"
fi
report
