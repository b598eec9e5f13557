# For tables of messages: `load ../messages`.

# message STATUS TEXT COMMAND: the command, for sh, ends with STATUS and says exactly TEXT. An entry
# that does not hold is shown, and the table goes on, so that all such are seen at once; `all_hold`
# then fails.
message() {
    run --separate-stderr sh -c "$3"
    # shellcheck disable=SC2154 # bats sets status and stderr
    if [ "$status" -ne "$1" ] || [ "$stderr" != "$2" ]; then
        printf '%s\n  status %s, expected %s with: %s\n  %s\n' "$3" "$status" "$1" "$2" "$stderr"
        broken=1
    fi
}

all_hold() {
    [ -z "${broken-}" ]
}

# digested FILE: gives the line of a state that was edited the digest that fits it.
digested() {
    local line
    line=$(sed 's/,"sha256":"[0-9a-f]*"}$//' "$1")
    printf '%s,"sha256":"%s"}\n' "$line" "$(printf %s "$line" | sha256sum | cut -d ' ' -f 1)" >"$1"
}
