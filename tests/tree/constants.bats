# The constants of the learner `auto` are in one table, which says of each how it was found.

load ../helper

@test "every constant of auto says how it was found" {
    cd "$ROOT/lib/learn/auto"
    grep '^#define WH_AUTO_' constants.h >"$BATS_TEST_TMPDIR/constants"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/constants")" -gt 80 ]
    run ! grep -vE '/\* (rate: )?(prototype|fixed|derived|cost|guard|guess)' \
        "$BATS_TEST_TMPDIR/constants"
}

@test "every constant of auto is used" {
    cd "$ROOT/lib/learn/auto"
    sed -n 's/^#define \(WH_AUTO_[A-Z0-9_]*\) .*/\1/p' constants.h >"$BATS_TEST_TMPDIR/names"
    while read -r name; do
        grep -lqw "$name" --exclude=constants.h ./*.[ch] || {
            echo "$name"
            return 1
        }
    done <"$BATS_TEST_TMPDIR/names"
}
