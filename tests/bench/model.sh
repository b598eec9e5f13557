# Learning and scoring with nag, 10 numbers a row, against VW on the same NDJSON; what the default
# learner takes, and what a feature costs.
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

few=$(rows numbers-ndjson $((ROWS / 5)))
bench 'update, auto, 10 numbers a row (aim: 150 k rows/s)' $((ROWS / 5)) "$few"
entry wh-update '' "wh-update -m $WORK/auto.whm --new --learner auto --label _label --quiet $few"
report

# What a feature takes: a million of them beside ten.
names=$(wide 1000000)
{
    for features in 10 1000000; do
        printf 'learn %s\twh-update -m %s --new --learner nag --label _label --quiet %s\n' \
            "$features" "$WORK/wide.$features.whm" "$(wide $features)"
        printf 'score %s\thead -n 1 %s | wh-score -m %s --quiet >/dev/null\n' \
            "$features" "$names" "$WORK/wide.$features.whm"
    done
} | "$BUILD/bench/measure" "$ROUNDS" >"$WORK/measured"
echo
awk -F '\t' -v file="$(wc -c <"$WORK/wide.1000000.whm")" '
    function each(task) {
        return (peak[task " 1000000"] - peak[task " 10"]) * 1024 / 1e6
    }
    { wall[$1] = $2; peak[$1] = $4 }
    END {
        printf "A feature of nag, its name of 10 letters included (1 M features)\n"
        printf "  bytes of memory: %.0f in wh-update, %.0f in wh-score; %.0f in the file\n",
               each("learn"), each("score"), file / 1e6
        printf "  learned from one row each and saved in %.2f s, loaded to score a row in %.2f s\n",
               wall["learn 1000000"], wall["score 1000000"]
    }' "$WORK/measured"
