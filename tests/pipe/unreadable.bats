# A file that may not be looked at, or cannot be read, is neither absent nor something else: the
# reason is told. Here it is a loop of links, which nobody can open, root neither.
# shellcheck shell=bash
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'y,a\n1,2\n0,1\n' >in.csv
    echo '{"y":1,"a":2}' >in.ndjson
    ln -s loop loop
    ln -s loop.whm loop.whm
}

# unread STATUS COMMAND...: no row is printed, and the reason is the loop.
unread() {
    exits "$@"
    no_row
    says 'many'
}

no_row() {
    # shellcheck disable=SC2154 # set by exits
    [[ $output != *'"a"'* ]]
}

@test "a checkpoint that cannot be read is not taken for none" {
    unread 1 wh-extract --checkpoint loop in.ndjson
    unread 1 wh-extract --checkpoint loop.whm in.ndjson
    exits 1 wh-extract --checkpoint in.csv/c in.ndjson
    says 'in.csv/c: cannot open: Not a directory'
    no_row
    exits 1 wh-extract --checkpoint sqlite:in.csv/c#name in.ndjson
    says 'cannot open'
    no_row
}

@test "a state that cannot be read is not taken for none, nor for another file" {
    unread 1 wh-clean --unique a --state loop in.csv
    unread 1 wh-featurize --standard a --state loop --frozen in.csv
    mkdir folder
    exits 1 wh-clean --unique a --state folder in.csv
    says 'folder: cannot read: Is a directory'
    exits 2 wh-featurize --standard a --state none --frozen in.csv
    says 'none: cannot open'
}

@test "a recipe that cannot be read is a read that failed, and one that is not there a usage error" {
    unread 1 wh-clean -r loop in.csv
    exits 2 wh-clean -r none in.csv
}

@test "a model that cannot be read is not called something else" {
    local new
    for new in '' --new; do
        # shellcheck disable=SC2086 # an option or none
        unread 1 wh-update -m loop.whm $new --label y in.csv
    done
    unread 1 wh-score -m loop.whm in.csv
    [ "$(id -u)" -ne 0 ] || skip 'needs a user other than root, who may read every file'
    wh-update -q -m m.whm --label y in.csv
    chmod 0 m.whm
    for new in '' --new; do
        # shellcheck disable=SC2086
        exits 1 wh-update -m m.whm $new --label y in.csv
        says 'm.whm: cannot open: Permission denied'
    done
}
