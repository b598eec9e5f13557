# wh-load --rotate: a file target that is complete gets another name, a new one begins, and no row
# is lost or comes twice, whenever the run is killed.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    rows 1 3 >in.ndjson
}

# rows FROM TO: so many rows.
rows() { seq "$1" "$2" | sed 's/.*/{"id":&}/'; }

# loads OUT NAME [ARGUMENT...]: the rows that are new in the source.
loads() {
    wh-extract -q in.ndjson --checkpoint c.json |
        wh-load "$1" --checkpoint c.json --rotate "$2" "${@:3}"
}

@test "a file gets its name when the name has become another, and a new one begins" {
    for out in out.ndjson out.csv out.csv.gz; do
        rows 1 3 >in.ndjson
        loads $out day1
        rows 4 5 >>in.ndjson
        loads $out day1
        [ ! -e day1 ]
        rows 6 7 >>in.ndjson
        exits 0 loads $out day2
        says "wh-load: $out is complete and is now day1"
        rows 8 8 >>in.ndjson
        loads $out day3 -q --stats s.json
        prints 1 jq .rotations s.json
        mkdir "was.$out"
        mv day* $out "was.$out"
        rm c.json
    done
    prints $'{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n{"id":5}' cat was.out.ndjson/day1
    prints $'{"id":6}\n{"id":7}' cat was.out.ndjson/day2
    prints '{"id":8}' cat was.out.ndjson/out.ndjson
    prints $'id\n6\n7' cat was.out.csv/day2
    prints $'id\n8' cat was.out.csv/out.csv
    prints $'id\n6\n7' zcat <was.out.csv.gz/day2
    prints $'id\n8' zcat was.out.csv.gz/out.csv.gz
}

@test "the name is a pattern of strftime, in the folder of the target" {
    mkdir there
    loads there/out.ndjson 'orders-%F.ndjson'
    prints "orders-$(date +%F).ndjson" jq -r .rotate c.json
    loads there/out.ndjson next
    same in.ndjson "there/orders-$(date +%F).ndjson"
    # No row came for "next": the file of row 4 begins under another name, here not in the folder.
    rows 4 4 >>in.ndjson
    loads there/out.ndjson ./here
    loads there/out.ndjson last
    [ ! -e there/next ]
    prints '{"id":4}' cat here
}

@test "a run that goes on for long rotates between two commits" {
    mkfifo pipe
    wh-load -q out.csv --checkpoint c.json --every 0s --rotate 'out-%s.csv' pipe 3>&- &
    exec 4>pipe
    {
        echo '{"@wh":"begin","epoch":"aaaaaaaaaaaa","from":null,"position":{},"by":"wh-extract"}'
        for n in 1 2 3; do
            echo "{\"id\":$n}"
            echo '{"@wh":"checkpoint","epoch":"aaaaaaaaaaaa","n":'$n',"rows":1,"committed":0,"position":{},"by":"wh-extract"}'
            sleep 1.1
        done
        echo '{"@wh":"end","epoch":"aaaaaaaaaaaa","n":4,"rows":0,"committed":0,"position":{},"by":"wh-extract"}'
    } >&4
    exec 4>&-
    wait $!
    [ "$(find . -name 'out-*.csv' | wc -l)" -ge 2 ]
    prints $'id\n1\nid\n2\nid\n3' cat out-*.csv out.csv
}

@test "a file that was begun without --rotate gets the first name that is given" {
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    loads out.ndjson first
    [ ! -e first ]
    rows 4 4 >>in.ndjson
    # Without --rotate the file is gone on with.
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    prints first jq -r .rotate c.json
    loads out.ndjson second
    same in.ndjson first
}

@test "a file that has the name already is not replaced" {
    loads out.ndjson day1
    echo precious >day1
    rows 4 4 >>in.ndjson
    exits 2 bash -c 'wh-extract -q in.ndjson --checkpoint c.json 2>/dev/null |
        wh-load out.ndjson --checkpoint c.json --rotate day2'
    says 'out.ndjson is complete and is to become day1, which is there already: it stays as it is (move that away and run again)'
    prints precious cat day1
    mv day1 elsewhere
    loads out.ndjson day2
    same <(rows 1 3) day1
    prints '{"id":4}' cat out.ndjson
}

@test "a run that was killed while it rotated is gone on with, at each step of it" {
    loads out.ndjson day1
    cp c.json committed.json
    jq -c '.rotating = true' c.json >begun.json
    rows 4 4 >>in.ndjson
    for step in before between after; do
        for name in day1 day2 none; do
            rm -f day1 day2 out.ndjson
            rows 1 3 >out.ndjson
            case $step in
            between) ln out.ndjson day1 ;;
            after) mv out.ndjson day1 ;;
            esac
            cp begun.json c.json
            wh-extract -q in.ndjson --checkpoint c.json |
                if [ $name = none ]; then
                    wh-load -q out.ndjson --checkpoint c.json
                else
                    wh-load -q out.ndjson --checkpoint c.json --rotate $name
                fi
            same <(rows 1 3) day1
            prints '{"id":4}' cat out.ndjson
            prints null jq .rotating c.json
        done
    done
    # After C was written, before the first commit of the new file: it has no name yet, or C does
    # not say yet that its rows are committed.
    for written in no yes; do
        rm -f day1 out.ndjson
        rows 1 3 >day1
        jq -c 'del(.first, .last, .rotate) | .length = 0' committed.json >c.json
        if [ $written = yes ]; then
            echo '{"id":4}' >out.ndjson
            digest=$(sha256sum <out.ndjson)
            jq -c --arg d "${digest%% *}" '.next = {length: 9, first: $d, last: $d}' c.json >c.new
            mv c.new c.json
        fi
        loads out.ndjson day2
        prints '{"id":4}' cat out.ndjson
        prints null jq .next c.json
    done
    # What is not ours stays.
    jq -c 'del(.first, .last, .rotate) | .length = 0' committed.json >c.json
    echo foreign >out.ndjson
    exits 2 bash -c 'wh-extract -q in.ndjson --checkpoint c.json 2>/dev/null |
        wh-load out.ndjson --checkpoint c.json'
    says 'out.ndjson holds something already, of which c.json knows nothing: move it away'
    prints foreign cat out.ndjson
}

@test "a target that is a link: the file that it stands for is moved, the link stays" {
    mkdir there
    ln -s there/real.ndjson out.ndjson
    loads out.ndjson day1
    rows 4 4 >>in.ndjson
    loads out.ndjson day2
    [ -L out.ndjson ]
    same <(rows 1 3) there/day1
    prints '{"id":4}' cat there/real.ndjson
}

@test "--rotate is refused where it cannot be, with the reason" {
    exits 2 wh-load out.ndjson --rotate day1 in.ndjson
    says '--rotate requires --checkpoint'
    for name in out.ndjson ./c.json there/ '' . $'\377'; do
        exits 2 wh-load out.ndjson --checkpoint c.json --rotate "$name" in.ndjson
        says 'that is no name for the complete file'
    done
}

@test "a rotation that fails says why, leaves the file, and is finished by the next run" {
    without_sanitizers
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    loads out.ndjson day1
    rows 4 4 >>in.ndjson
    # fails CALL ERRNO MESSAGE: with status 1 or 2.
    fails() {
        wh-extract -q in.ndjson --checkpoint c.json 2>/dev/null >stream
        WH_FAULT=$1 WH_FAULT_ERRNO=$2 LD_PRELOAD="$BUILD/preload/fault.so" \
            exits "$3" wh-load out.ndjson --checkpoint c.json --rotate day2 stream
        says "$4"
        same <(rows 1 3) out.ndjson
    }
    WH_FAULT_PATH=day1 fails link 18 2 \
        '--rotate: day1 is on another file system than out.ndjson: name a folder on the same one'
    WH_FAULT_PATH=day1 fails link 13 1 'out.ndjson: cannot give it the name day1: Permission denied'
    WH_FAULT_PATH=out.ndjson fails unlink 13 1 'out.ndjson: cannot remove the old name: Permission denied'
    WH_FAULT_PATH=out.ndjson fails unlink 13 1 'out.ndjson: cannot remove the old name: Permission denied'
    loads out.ndjson day2
    same <(rows 1 3) day1
    prints '{"id":4}' cat out.ndjson
}

@test "a rotation whose file is gone under both names is refused until it is put back" {
    loads out.ndjson day1
    jq -c '.rotating = true' c.json >c.new
    mv c.new c.json
    rows 4 4 >>in.ndjson
    mv out.ndjson away
    exits 2 bash -c 'wh-extract -q in.ndjson --checkpoint c.json 2>/dev/null |
        wh-load out.ndjson --checkpoint c.json'
    says 'out.ndjson was to become day1 when a run ended, and neither is the file that was committed (put that back under one of the names)'
    mv away day1
    loads out.ndjson day2
    same <(rows 1 3) day1
    prints '{"id":4}' cat out.ndjson
}
