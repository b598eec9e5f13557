# For the tables of remedies: `load remedy`.

# remedy STATUS MESSAGE COMMAND REMEDY OUTPUT: both commands are for sh. An entry that does not hold
# is shown, and the table goes on, so that all such are seen at once; `all_hold` then fails.
remedy() {
    run --separate-stderr sh -c "$3"
    # shellcheck disable=SC2154 # bats sets status and stderr
    if [ "$status" -ne "$1" ] || [[ $stderr != *"$2"* ]]; then
        printf '%s\n  status %s, expected %s with: %s\n  %s\n' "$3" "$status" "$1" "$2" "$stderr"
        broken=1
    fi
    run --separate-stderr sh -c "$4"
    # shellcheck disable=SC2154 # bats sets output
    if [ "$status" -ne 0 ] || [ "$output" != "$5" ]; then
        printf '%s\n  status %s, printed: %s\n  %s\n' "$4" "$status" "$output" "$stderr"
        broken=1
    fi
}

all_hold() {
    [ -z "$broken" ]
}
