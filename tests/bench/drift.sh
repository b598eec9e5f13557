# False alarms and delays of the tests for drift, for each learner: how often a test raises an alarm
# on rows in random order (20 streams of a million, each of one distribution), and how soon after a
# change (at row 50,000). The losses of each stream are learned once and kept; the tests of wh-update
# and, where BENCH_PYTHON has it, those of River go through the same losses.
#
# All of it takes an hour of one processor. BENCH_ROWS (1000000), BENCH_STREAMS (5: so many streams of
# each of 4 kinds) and BENCH_LEARNERS make it less.
# shellcheck shell=sh source-path=SCRIPTDIR
. "$BENCH/lib.sh"

STREAMS=${BENCH_STREAMS:-5}
LEARNERS=${BENCH_LEARNERS:-auto nag ftrl coin sgd}
AT=50000
LOSSES=$WORK/losses
mkdir -p "$LOSSES"
has_river=
! "$BENCH_PYTHON" -c 'import river' 2>/dev/null || has_river=yes

# losses LEARNER KIND SEED COUNT [CHANGE]: sets $losses to a file of what was lost in each row.
losses() {
    losses=$LOSSES/$1.$2.$3.$(echo "${5:-}" | tr '/*' '_x').$4
    [ ! -f "$losses" ] || return 0
    case $2 in
    balanced | rare) classes=2 task=binary ;;
    *) classes=0 task=regression ;;
    esac
    "$BUILD/bench/drift" rows "$2" "$3" "$4" ${5:+"$5" "$AT"} |
        wh-update -q -m "$losses.whm" --new --label y --learner "$1" --task $task --drift none -p |
        "$BUILD/bench/drift" losses $classes >"$losses.new"
    rm -f "$losses.whm"
    mv "$losses.new" "$losses"
}

# alarms TEST FILE...: for each file a line with its name and the rows of the alarms.
alarms() {
    test=$1
    shift
    case $test in
    river-*) "$BENCH_PYTHON" "$BENCH/drift.py" "${test#river-}" "$@" ;;
    *) "$BUILD/bench/drift" alarms "$test" "$@" ;;
    esac
}

tests='adwin page-hinkley'
[ -z "$has_river" ] || tests="$tests river-adwin river-page-hinkley"

echo
echo "alarms in $((STREAMS * 4)) streams of $ROWS rows in random order (aim: 1 in a million at most)"
printf '  %-8s' ''
# shellcheck disable=SC2086 # words
printf ' %18s' $tests
echo
for learner in $LEARNERS; do
    set --
    for kind in balanced rare noisy heavy; do
        for seed in $(seq "$STREAMS"); do
            losses "$learner" "$kind" "$seed" "$ROWS"
            set -- "$@" "$losses"
        done
    done
    printf '  %-8s' "$learner"
    for test in $tests; do
        alarms "$test" "$@" | awk '{ count += NF - 1 } END { printf " %18d", count }'
    done
    echo
done

# delays LEARNER KIND CHANGE COUNT: a line of the table.
delays() {
    learner=$1 kind=$2 change=$3 count=$4
    set --
    for seed in $(seq "$STREAMS"); do
        losses "$learner" "$kind" "$seed" "$count" "$change"
        set -- "$@" "$losses"
    done
    printf '  %-8s %-9s %-10s' "$learner" "$kind" "$change"
    for test in $tests; do
        alarms "$test" "$@" | awk -v at=$AT '
            {
                for (i = 2; i <= NF && $i <= at; i++)
                    early++
                if (i > NF) next
                after[++found] = $i - at
                all += NF - i + 1
                for (k = found; k > 1 && after[k] < after[k - 1]; k--) {
                    swap = after[k]; after[k] = after[k - 1]; after[k - 1] = swap
                }
            }
            END {
                text = found ? after[int((found + 1) / 2)] " (" found "/" NR ", " all ")" : "-"
                printf " %18s", text (early ? " !" early : "")
            }'
    done
    echo
}

echo
echo 'rows from a change to the alarm: the median (streams in which it was found, alarms in all; !alarms'
echo 'before the change). 180 degrees turn all into its opposite; 180/10000: over 10,000 rows;'
echo '180*20000: and back again after 20,000 rows, 8 times'
printf '  %-8s %-9s %-10s' '' rows degrees
# shellcheck disable=SC2086 # words
printf ' %18s' $tests
echo
for kind in balanced noisy; do
    for change in 180 60 30 180/10000 '180*20000'; do
        count=100000
        [ "$change" != '180*20000' ] || count=200000
        for learner in $LEARNERS; do
            delays "$learner" "$kind" "$change" "$count"
        done
    done
done
[ -n "$has_river" ] ||
    echo '  River: not measured, river is missing (BENCH_PYTHON may name a Python that has it)'
