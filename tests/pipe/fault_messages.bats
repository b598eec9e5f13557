# What is said where the system or another program is at fault (tests/preload/fault.c): each message
# whole, with the file and the reason.

load ../helper
load ../messages
load stream

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'a\n1\n' >in.csv
}

# A call that fails needs the preloaded library, which the sanitizers do not bear.
preloads() {
    without_sanitizers
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    export PRELOADED=$BUILD/preload/fault.so
}

# fault STATUS TEXT CALL FILE COMMAND: CALL fails on FILE ('': whatever it is given) with EACCES.
fault() {
    message "$1" "$2" \
        "LD_PRELOAD=\$PRELOADED WH_FAULT=$3 WH_FAULT_ERRNO=13 ${4:+WH_FAULT_PATH=$4} $5"
}

@test "names that no file can have" {
    ln -s loop loop
    message 1 'wh-featurize: loop: too many symbolic links' 'wh-featurize --state loop --onehot a in.csv'
    name=$(printf '%0252d' 0)
    message 1 "wh-featurize: $name: the name is too long for a lock file" \
        "wh-featurize --state $name --onehot a in.csv"
    export TMPDIR
    TMPDIR=/$(printf '%05000d' 0)
    exits 1 sh -c 'cat in.csv | wh-featurize --state s --fit-transform --standard a'
    says 'wh-featurize: /00000'
    # So long a name is cut, and then its end tells nothing.
    TMPDIR=$BATS_TEST_TMPDIR/none
    message 1 "wh-featurize: cannot create a temporary file in $TMPDIR (see TMPDIR): No such file or directory" \
        'cat in.csv | wh-featurize --state s --fit-transform --standard a'
    all_hold
}

@test "a temporary file that cannot hold standard input" {
    (
        ulimit -f 1
        trap '' XFSZ
        message 1 'wh-featurize: standard input is to be read again, and the temporary file that it is put by in cannot hold it (see TMPDIR): cannot write: File too large' \
            'yes 1 | head -n 9999 | wh-featurize --no-header --state s --fit-transform --standard 1 2>/dev/stderr'
        all_hold
    )
}

@test "system calls that fail" {
    preloads
    fault 2 'wh-clean: --lower: this system has no locale C.UTF-8 to take letters from' \
        newlocale '' 'wh-clean --lower a in.csv'
    fault 1 'wh-featurize: standard input: cannot be read again: Permission denied' \
        lseek /in.csv 'wh-featurize --state s --fit-transform --standard a <in.csv'
    gzip -k in.csv
    fault 1 'wh: out of memory' inflateInit2_ '' 'wh-clean in.csv.gz'
    { begin "$E1"; echo '{"a":"x"}'; record checkpoint "$E1" 1 1 0; record end "$E1" 2 0 1; } >stream
    steps='--type a=int --rejects bad stream'
    fault 1 'wh-clean: bad: cannot look at it: Permission denied' fstat /bad "wh-clean $steps"
    fault 1 'wh-clean: bad: cannot cut it to 0 bytes: Permission denied' \
        ftruncate /bad "wh-clean $steps"
    fault 1 'wh-clean: bad.state: cannot read its folder: Permission denied' \
        fdopendir "$PWD" "wh-clean $steps"
    all_hold
}

@test "a kept length of rejects that is something else" {
    echo '{"error":"old"}' >bad
    echo junk >bad.state."$E1".1
    begin "$E2" "$E1" 1 >stream
    message 2 "wh-clean: bad.state.$E1.1: is not the length of a file of rejects" \
        'wh-clean --rejects bad stream'
    all_hold
}

@test "rejects that another program moves away while rows come" {
    # What the next checkpoint does once there are rejects.
    {
        begin "$E1"
        echo '{"a":"x"}'
        eventually test -s bad
        mv bad away
        record checkpoint "$E1" 1 1 0
    } | {
        message 3 $'wh-clean: 1 of 1 rows rejected, see bad\nwh-clean: bad: another program has moved, removed or replaced it while this run wrote to it (put it back and run again)' \
            'wh-clean --type a=int --rejects bad'
        all_hold
    }
}

@test "a reader that goes away under control records" {
    seq 1 99999 | sed 's/.*/{"a":&}/' >rows.ndjson
    exits 3 bash -c 'set -o pipefail; wh-extract rows.ndjson --checkpoint c | head -n 1'
    # shellcheck disable=SC2154 # set by exits
    [ "$stderr" = 'wh-extract: stopped, since the tool after it has ended' ]
}
