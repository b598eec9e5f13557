# What is learned, not how fast: the progressive loss of wh-update with no option but --label,
# beside that of VW's configurations on the same rows in the same order. Rows are generated; those
# of NAME.csv or NAME.ndjson in the folder WH_BENCH_DATA, with the label y, come after them.
# Less is better; squared loss is in the label's units, several classes have log-loss.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

LEARN_ROWS=20000
PAIRS=2000000000 # more than so many products of two values in all: all pairs are left out
has_vw=
! "$BENCH_PYTHON" -c 'import vowpalwabbit' 2>/dev/null || has_vw=yes

# stat MEMBER: of the last wh-update.
stat() {
    sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p' "$WORK/learn.stats"
}

# by_vw OPTION...: the loss of VW with these options, or - where it fails.
by_vw() {
    case $classes in
    0) set -- "$@" --loss_function squared ;;
    2) set -- "$@" --loss_function logistic ;;
    *) set -- "$@" --loss_function logistic --oaa "$classes" --probabilities ;;
    esac
    "$BENCH_PYTHON" -m vowpalwabbit -d "$WORK/learn.vw" "$@" >/dev/null 2>"$WORK/vw.log" || {
        echo -
        return 0
    }
    awk '/^average (multiclass log )?loss = / { loss = $0 ~ /multiclass/ ? $6 : $4 }
        END { print loss == "" ? "-" : loss }' "$WORK/vw.log"
}

# Prints the losses of VW on the rows of a file, in the order of the table's columns.
all_of_vw() {
    # shellcheck disable=SC2046 # two words
    set -- "$1" $("$BENCH_PYTHON" "$BENCH/learn.py" "$1" "$(stat loss_name)" "$WORK/learn.vw")
    classes=$2
    products=$(awk -v rows="$(wc -l <"$WORK/learn.vw")" -v values="$3" -v classes="$classes" \
        'BEGIN { printf "%.0f", rows * values * values * (classes > 2 ? classes : 1) }')
    by_vw
    by_vw -l 20
    by_vw --ftrl
    by_vw --coin
    if [ "$products" -gt "$PAIRS" ]; then echo -; else by_vw -q :: -b 22; fi
}

# learn NAME FILE: a line of the table.
learn() {
    if ! wh-update -m "$WORK/learn.whm" --new --label y --quiet --stats "$WORK/learn.stats" "$2" \
        2>"$WORK/learn.log"; then
        printf '  %-20s not measured, %s\n' "$1" "$(head -n 1 "$WORK/learn.log")"
        return 0
    fi
    losses=
    [ -z "$has_vw" ] || losses=$(all_of_vw "$2" | paste -s -d ' ')
    echo "$losses" | awk -v name="$1" -v rows="$(stat rows_learned)" -v loss="$(stat loss_name)" \
        -v ours="$(stat progressive_loss)" -v constant="$(stat baseline_constant)" '
        {
            printf "  %-20s %7d %-9s %10.5g %10.5g", name, rows, loss, ours, constant
            for (i = 1; i <= NF; i++) {
                printf $i == "-" ? " %10s" : " %10.5g", $i
                if ($i != "-" && (best == "" || $i + 0 < best)) best = $i + 0
            }
            print best == "" ? "" : ours + 0 < best ? "  met" : "  MISSED"
        }'
}

echo
echo 'progressive loss with no option but --label (aim: below every VW beside it)'
printf '  %-20s %7s %-9s %10s %10s' '' rows loss wh-update constant
[ -z "$has_vw" ] || printf ' %10s' vw 'vw -l 20' 'vw --ftrl' 'vw --coin' 'vw -q ::'
echo
for kind in rings drift spread plans; do
    learn "$kind" "$(rows "$kind-csv" "$LEARN_ROWS")"
done
for data in "${WH_BENCH_DATA:-/nonexistent}"/*.csv "${WH_BENCH_DATA:-/nonexistent}"/*.ndjson; do
    [ ! -f "$data" ] || learn "$(basename "${data%.*}")" "$data"
done
[ -n "$has_vw" ] ||
    echo '  VW: not measured, vowpalwabbit is missing (BENCH_PYTHON may name a Python that has it)'
[ -n "${WH_BENCH_DATA:-}" ] ||
    echo '  public data: not measured (WH_BENCH_DATA may name a folder of CSV with the label y)'
