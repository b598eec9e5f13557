# wh-load into files: whole or not at all, cut back to what was committed, and fenced by C.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf '%s\n' '{"id":1,"a":"x"}' '{ "id": 2.50, "a": null }' >rows.ndjson
    printf 'id,a\n1,x\n2.50,\n' >rows.csv
}

# record KIND N ROWS: a control record of the epoch aaaaaaaaaaaa.
record() {
    printf '{"@wh":"%s","epoch":"aaaaaaaaaaaa","n":%s,"rows":%s,"committed":0,' "$1" "$2" "$3"
    printf '"position":{"at":%s},"by":"wh-extract"}\n' "$2"
}

# begin [FROM]: the begin of that epoch.
begin() {
    printf '{"@wh":"begin","epoch":"aaaaaaaaaaaa","from":%s,"position":{},"by":"wh-extract"}\n' \
        "${1:-null}"
}

@test "rows leave byte for byte as they came, in the format of the target's name" {
    wh-load out.ndjson rows.ndjson
    same rows.ndjson out.ndjson
    wh-load out.jsonl rows.csv
    prints $'{"id":1,"a":"x"}\n{"id":2.50,"a":null}' cat out.jsonl
    wh-load out.csv rows.ndjson
    same rows.csv out.csv
    wh-load out.tsv rows.csv
    prints $'id\ta\n1\tx\n2.50\t' cat out.tsv
    wh-load out.csv.gz rows.csv
    same rows.csv <(zcat out.csv.gz)
}

@test "another name takes the input's format, or that of --output-format" {
    wh-load out rows.csv
    same rows.csv out
    wh-load other -o ndjson rows.csv
    prints $'{"id":1,"a":"x"}\n{"id":2.50,"a":null}' cat other
    wh-load third.csv -d ';' rows.ndjson
    prints $'id;a\n1;x\n2.50;' cat third.csv
    wh-load fourth.csv --columns a,id rows.ndjson
    prints $'a,id\nx,1\n,2.50' cat fourth.csv
}

@test "rows are appended to what is there, under its header" {
    wh-load out.csv rows.csv
    printf 'a,id\ny,3\n' | wh-load out.csv
    wh-load out.csv rows.ndjson
    prints $'id,a\n1,x\n2.50,\n3,y\n1,x\n2.50,' cat out.csv
    wh-load out.ndjson rows.ndjson
    wh-load out.ndjson rows.ndjson
    same <(cat rows.ndjson rows.ndjson) out.ndjson
    for _ in 1 2; do wh-load out.csv.gz rows.csv; done
    prints $'id,a\n1,x\n2.50,\n1,x\n2.50,' zcat out.csv.gz
}

@test "a last line without its end gets one before others follow" {
    printf 'id,a\n1,x' >out.csv
    wh-load out.csv rows.csv
    prints $'id,a\n1,x\n1,x\n2.50,' cat out.csv
    printf '{"id": 1}' | wh-load out.ndjson
    printf '{"id": 2}' | wh-load out.ndjson
    prints $'{"id": 1}\n{"id": 2}' cat out.ndjson
    printf '{"id": 1}' | gzip >out.ndjson.gz
    printf '{"id": 2}' | wh-load out.ndjson.gz
    prints $'{"id": 1}\n{"id": 2}' zcat out.ndjson.gz
}

@test "other columns than those of the header are refused, the nearest suggested" {
    cp rows.csv out.csv
    exits 2 wh-load out.csv <(echo '{"idd":1}')
    says 'the header of out.csv has no column "idd" (did you mean id?); --replace writes the file anew'
    exits 2 wh-load out.csv <(printf 'id\n1\n')
    says 'the header of out.csv has a column "a", which the rows lack'
    exits 2 wh-load out.csv --columns a,id rows.csv
    says 'out.csv has other columns in its header than --columns'
    same rows.csv out.csv
    # An object may lack a column; a later row with others is bad, as in all CSV.
    exits 1 wh-load out.csv <(printf '%s\n' '{"id":7}' '{"b":1}')
    same rows.csv out.csv
    wh-load out.csv --rejects bad -q <(printf '%s\n' '{"id":7}' '{"b":1}')
    prints '7,' tail -n 1 out.csv
}

@test "a file that holds something else is not appended to" {
    printf 'SQLite format 3\0' >db
    exits 2 wh-load db rows.ndjson
    says 'db is an SQLite database: write sqlite:db'
    echo 'no JSON' >notes.ndjson
    exits 2 wh-load notes.ndjson rows.ndjson
    says 'notes.ndjson: what it holds is not of the format that would be appended'
    prints 'no JSON' cat notes.ndjson
    gzip -c rows.ndjson | head -c 30 >cut.ndjson.gz
    exits 1 wh-load cut.ndjson.gz rows.ndjson
    exits 2 wh-load "$BATS_TEST_TMPDIR" rows.ndjson
    says 'is a folder'
}

@test "a run that fails leaves the file as it was, or none" {
    printf '%s\n' '{"id":1}' '{"id":' >broken
    exits 1 wh-load new.ndjson broken
    [ ! -e new.ndjson ]
    for out in out.ndjson out.ndjson.gz; do
        wh-load $out rows.ndjson
        cp $out before
        # More than the buffers hold.
        { seq 200000 | sed 's/.*/{"id":&}/'; echo broken; } >many
        exits 1 wh-load $out many
        same before $out
        exits 1 wh-load $out --replace many
        same before $out
    done
    [ "$(find . -name '.wh*' -o -name '*.lock')" = '' ]
}

@test "a disk that is full leaves the file as it was" {
    seq 100000 | sed 's/.*/{"id":&}/' >many
    head -n 1000 many >out.ndjson
    cp out.ndjson before
    for how in '' --replace; do
        exits 1 bash -c 'trap "" XFSZ; ulimit -f 100; exec wh-load out.ndjson '$how' many'
        says 'wh-load: out.ndjson: cannot write: File too large'
        same before out.ndjson
    done
    exits 1 wh-load /dev/full many
    says 'wh-load: /dev/full: cannot write: No space left on device'
}

@test "--replace writes anew, with the mode that the file had" {
    echo old >out.csv
    chmod 640 out.csv
    wh-load out.csv --replace rows.csv
    same rows.csv out.csv
    prints 640 stat -c %a out.csv
    (umask 027 && wh-load new.csv rows.csv)
    prints 640 stat -c %a new.csv
    wh-load out.csv --replace /dev/null
    [ ! -s out.csv ]
}

@test "what is no regular file gets the rows as they come" {
    wh-load /dev/null rows.ndjson
    mkfifo pipe
    wh-load pipe rows.ndjson 3>&- &
    same rows.ndjson <(cat pipe)
    wait
    exits 2 wh-load /dev/null --checkpoint c rows.ndjson
    says '/dev/null is no regular file'
}

@test "two runs at once do not write into one file" {
    mkfifo pipe
    wh-load out.ndjson pipe 3>&- &
    exec 4>pipe
    eventually [ -e out.ndjson.lock ]
    exits 3 wh-load out.ndjson rows.ndjson
    says "out.ndjson: process $! is writing it"
    exec 4>&-
    wait
    [ ! -e out.ndjson.lock ]
}

@test "rows and their checkpoint are committed, the next run goes on" {
    seq 1 5000 | sed 's/.*/{"id":&}/' >in.ndjson
    for out in out.ndjson out.ndjson.gz out.csv; do
        for _ in 1 2; do
            wh-extract in.ndjson --checkpoint c.json --every 500 |
                wh-load $out --checkpoint c.json --every 0s
        done
        prints "$out" jq -r .target c.json
        prints "$(stat -c '%i %s' $out)" jq -r '"\(.inode) \(.length)"' c.json
        rm c.json
    done
    same in.ndjson out.ndjson
    same in.ndjson <(zcat out.ndjson.gz)
    same <(echo id; seq 1 5000) out.csv
}

@test "what a killed run left behind its last commit is cut off" {
    { begin; echo '{"id":1}'; record checkpoint 1 1; } >stream
    exits 3 wh-load out.csv --checkpoint c.json stream
    printf '2,half a li' >>out.csv
    { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":3}'; record end 1 1; } |
        sed 's/"epoch":"aaaaaaaaaaaa","n":1,"rows"/"epoch":"bbbbbbbbbbbb","n":1,"rows"/
             s/"begin","epoch":"aaaaaaaaaaaa"/"begin","epoch":"bbbbbbbbbbbb"/' >stream
    wh-load out.csv --checkpoint c.json stream
    prints $'id\n1\n3' cat out.csv
}

@test "a run that was killed before its first commit can be run again" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json pipe 3>&- &
    loader=$!
    exec 4>pipe
    begin >&4
    seq 100000 | sed 's/.*/{"a":&}/' >&4
    eventually [ -s out.ndjson ]
    kill -KILL $loader
    wait $loader || true
    exec 4>&-
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same rows.ndjson out.ndjson
}

@test "a target whose name C cannot hold is refused, also by a run that goes on" {
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    mv out.ndjson $'\377.ndjson'
    cp c.json before
    wh-extract rows.ndjson --checkpoint c.json >stream
    exits 2 wh-load $'\377.ndjson' --checkpoint c.json stream
    says 'the name of a file with a checkpoint must be UTF-8'
    same before c.json
}

@test "a target that is not the one that C was written for is refused" {
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    cp out.ndjson copy
    begin "$(jq -c '.checkpoint | {epoch, n}' c.json)" >stream
    truncate -s 5 out.ndjson
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'out.ndjson is not the file that c.json was written for: it is shorter than what was committed'
    mv copy out.ndjson
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'it was replaced by another (put that back; or, to begin anew, remove c.json and give --replace)'
    rm out.ndjson
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'c.json was written for another target than out.ndjson, or for one that has gone'
    echo '{"a":1}' >c.json
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'c.json: holds something else than the checkpoint of a file'
}

@test "a file that was there before the first run is not cut off" {
    echo '{"old":1}' >out.ndjson
    { begin; echo '{"id":1}'; record end 1 1; } >stream
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'out.ndjson holds something already, and there is no c.json to go on from'
    prints '{"old":1}' cat out.ndjson
    { begin; echo '{"id":1}'; } >torn
    exits 3 wh-load out.ndjson --checkpoint c.json --replace torn
    prints '{"old":1}' cat out.ndjson
    wh-load out.ndjson --checkpoint c.json --replace stream
    prints '{"id":1}' cat out.ndjson
}

@test "--replace goes on with what it has begun" {
    echo '{"old":1}' >out.ndjson
    seq 1 100 | sed 's/.*/{"id":&}/' >in.ndjson
    for _ in 1 2 3; do
        wh-extract in.ndjson --checkpoint c.json --every 10 |
            wh-load out.ndjson --checkpoint c.json --replace --every 0s
        same in.ndjson out.ndjson
        seq 1 10 | sed 's/.*/{"id":&}/' >>in.ndjson
    done
}

@test "C that changes in the middle of a run is not overwritten" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json --every 0s pipe 2>err 3>&- &
    loader=$!
    exec 4>pipe
    { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
    eventually holds 1 jq .checkpoint.n c.json
    jq -c '.checkpoint.epoch = "bbbbbbbbbbbb"' c.json >other
    mv other c.json
    { echo '{"id":2}'; record end 2 1; } >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'c.json holds checkpoint 1 of epoch bbbbbbbbbbbb' err
    prints '{"id":1}' cat out.ndjson
    prints '"bbbbbbbbbbbb"' jq .checkpoint.epoch c.json
}

@test "two runs with one checkpoint exclude each other, whatever their targets" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json pipe 3>&- &
    exec 4>pipe
    eventually [ -e c.json.lock ]
    exits 3 wh-load other.ndjson --checkpoint c.json rows.ndjson
    says "c.json: process $! is writing it"
    exec 4>&-
    wait || true
}

@test "what is committed can be read before the run ends" {
    mkfifo pipe
    wh-load out.ndjson.gz --checkpoint c.json --every 0s pipe 3>&- &
    exec 4>pipe
    { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
    eventually holds 1 jq .checkpoint.n c.json
    prints '{"id":1}' zcat out.ndjson.gz
    { echo '{"id":2}'; record end 2 1; } >&4
    exec 4>&-
    wait
    prints $'{"id":1}\n{"id":2}' zcat out.ndjson.gz
}

@test "a full disk under a checkpoint keeps what was committed, and the next run goes on" {
    seq 1 20000 | sed 's/.*/{"id":&}/' >in.ndjson
    exits 1 bash -c 'set +o pipefail; wh-extract in.ndjson --checkpoint c.json --every 1000 2>/dev/null |
        (trap "" XFSZ; ulimit -f 100; exec wh-load out.ndjson --checkpoint c.json --every 0s)'
    says 'out.ndjson: cannot write: File too large'
    prints "$(stat -c %s out.ndjson)" jq .length c.json
    [ -s out.ndjson ]
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same in.ndjson out.ndjson
}
