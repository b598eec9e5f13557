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
    says 'out.csv has other columns in its header than --columns (--replace writes it anew)'
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
    exits 2 wh-load out.json rows.ndjson
    says 'out.json: files are written as NDJSON, CSV or TSV (call it out.ndjson, say, or give --output-format)'
    wh-load -q out.json --output-format ndjson rows.ndjson
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

@test "what is not a regular file gets the rows as they come" {
    wh-load /dev/null rows.ndjson
    mkfifo pipe
    wh-load pipe rows.ndjson 3>&- &
    same rows.ndjson <(cat pipe)
    wait
    exits 2 wh-load /dev/null --checkpoint c rows.ndjson
    says '/dev/null is not a regular file'
}

@test "two runs at once do not write into one file" {
    mkfifo pipe
    wh-load out.ndjson pipe 3>&- &
    exec 4>pipe
    eventually [ -s out.ndjson.lock ]
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

# second: standard input, a stream of the epoch a..., as one of another epoch.
second() {
    sed 's/"epoch":"aaaaaaaaaaaa","n":\([0-9]*\),"rows"/"epoch":"bbbbbbbbbbbb","n":\1,"rows"/
         s/"begin","epoch":"aaaaaaaaaaaa"/"begin","epoch":"bbbbbbbbbbbb"/'
}

# way_out AFTER BEFORE: runs the commands that the last `exits` has named between these words.
# shellcheck disable=SC2154 # bats sets stderr
way_out() {
    local way=${stderr#*"$1"}
    eval "${way%%"$2"*}"
}

# longer FILE LENGTH: whether it is.
longer() { [ "$(stat -c %s "$1")" -gt "$2" ]; }

# killed TARGET ARGUMENT...: loads the row 1 and checkpoint 1, then more rows, and is killed when
# some of them are in the target.
killed() {
    rm -f pipe
    mkfifo pipe
    wh-load "$1" --checkpoint c.json --every 0s "${@:2}" pipe 3>&- &
    loader=$!
    exec 4>pipe
    { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
    eventually holds 1 jq .checkpoint.n c.json
    length=$(jq .length c.json)
    seq 200000 | sed 's/.*/{"id":"&-&-&-&"}/' >&4
    eventually longer "$1" "$length"
    kill -KILL $loader
    wait $loader || true
    exec 4>&-
}

@test "what a killed run left behind its last commit is cut off" {
    for out in out.csv out.csv.gz; do
        killed $out
        { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":3}'; record end 1 1; } | second >stream
        exits 0 wh-load $out --checkpoint c.json stream
        says "$out: cut off "
        prints $'id\n1\n3' bash -c 'case $1 in *.gz) zcat "$1" ;; *) cat "$1" ;; esac' - $out
        prints null jq .open c.json
        rm c.json
    done
}

@test "what another program appends after a run was killed is refused, with a way out" {
    for out in out.csv out.csv.gz; do
        killed $out
        printf '\n9,foreign\n' >>$out
        cp $out before
        { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":3}'; record end 1 1; } | second >stream
        for _ in 1 2; do
            exits 2 wh-load $out --checkpoint c.json stream
            says "$out: another program has written to it: it has"
            same before $out
        done
        way_out 'cut it off: ' ')'
        prints $'\n9,foreign' cat OTHERS
        exits 0 wh-load $out --checkpoint c.json stream
        prints $'id\n1\n3' bash -c 'case $1 in *.gz) zcat "$1" ;; *) cat "$1" ;; esac' - $out
        [ ! -e $out.lock ]
        rm c.json OTHERS
    done
}

@test "a run that was killed before its first commit leaves no target and can be run again" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json pipe 3>&- &
    loader=$!
    exec 4>pipe
    begin >&4
    seq 100000 | sed 's/.*/{"a":&}/' >&4
    kill -KILL $loader
    wait $loader || true
    exec 4>&-
    [ ! -e out.ndjson ]
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same rows.ndjson out.ndjson
}

@test "a file that took the target's name before the first commit stays as it is" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json --every 0s pipe 2>err 3>&- &
    loader=$!
    exec 4>pipe
    { begin; echo '{"id":1}'; } >&4
    eventually [ -e c.json.lock ]
    sleep 0.1
    echo foreign >out.ndjson
    { record end 1 1; } >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'out.ndjson: another program has made, changed or removed it while this run was about to: it stays as it is (move it away and run again)' err
    prints foreign cat out.ndjson
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    mv out.ndjson elsewhere
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same rows.ndjson out.ndjson
}

@test "what another program appends during a run costs no committed row, and is told" {
    for out in out.ndjson out.ndjson.gz; do
        printf '%s\n' '{"id":1}' '{"id":2}' >in.ndjson
        mkfifo pipe
        wh-load $out --checkpoint c.json --every 0s pipe 2>err 3>&- &
        loader=$!
        exec 4>pipe
        { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
        eventually holds 1 jq .checkpoint.n c.json
        echo 'not from wh-load' >>$out
        { echo '{"id":2}'; record end 2 1; } >&4
        exec 4>&-
        ended=0
        wait $loader || ended=$?
        [ "$ended" -eq 3 ]
        grep -q "$out: another program has written to it while this run did" err
        prints 1 jq .checkpoint.n c.json
        # Nor does the next run take anything away, until the way that the message names is gone.
        { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":2}'; record end 1 1; } | second >stream
        exits 2 wh-load $out --checkpoint c.json stream
        grep -qa 'not from wh-load' $out
        way_out 'cut it off: ' ')'
        grep -qa 'not from wh-load' OTHERS
        wh-load $out --checkpoint c.json stream
        same in.ndjson <(case $out in *.gz) zcat $out ;; *) cat $out ;; esac)
        rm c.json OTHERS pipe
    done
}

@test "what another program appends between two runs is refused, with a way out" {
    for out in out.csv out.csv.gz; do
        wh-extract rows.csv --checkpoint c.json | wh-load $out --checkpoint c.json
        echo '9,foreign' >>$out
        cp $out before
        echo '{"id":3,"a":"z"}' | cat <(wh-clean -o ndjson rows.csv) - >more.ndjson
        begin "$(jq -c '.checkpoint | {epoch, n}' c.json)" >stream
        { echo '{"id":3,"a":"z"}'; record end 1 1; } >>stream
        exits 2 wh-load $out --checkpoint c.json stream
        says "$out: another program has written to it: it has"
        same before $out
        way_out 'cut it off: ' ')'
        prints '9,foreign' cat OTHERS
        wh-load $out --checkpoint c.json stream
        prints $'id,a\n1,x\n2.50,\n3,z' bash -c 'case $1 in *.gz) zcat "$1" ;; *) cat "$1" ;; esac' - $out
        rm c.json
    done
}

@test "a target that is moved, replaced, cut or edited during a run is refused, and stays so" {
    local gone='out.ndjson: another program has moved, removed or replaced it while this run wrote to it (put it back and run again; --rotate begins a new file safely)'
    local cut='out.ndjson: another program has cut it while this run wrote to it: it has 3 bytes, and 9 were committed (put it back as it was)'
    local edited='out.ndjson: another program has changed what was committed to it (put it back as it was and run again)'
    for how in 'mv out.ndjson away' 'cp out.ndjson new && mv new out.ndjson' 'truncate -s 3 out.ndjson' \
        'printf x | dd of=out.ndjson conv=notrunc status=none'; do
        case $how in truncate*) said=$cut ;; printf*) said=$edited ;; *) said=$gone ;; esac
        mkfifo pipe
        wh-load out.ndjson --checkpoint c.json --every 0s pipe 2>err 3>&- &
        loader=$!
        exec 4>pipe
        { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
        eventually holds 1 jq .checkpoint.n c.json
        cp out.ndjson good
        eval "$how"
        cp out.ndjson changed || true
        { echo '{"id":2}'; record end 2 1; } >&4
        exec 4>&-
        ended=0
        wait $loader || ended=$?
        [ "$ended" -eq 3 ]
        grep -qF "$said" err
        prints 1 jq .checkpoint.n c.json
        cp good out.ndjson
        { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":2}'; record end 1 1; } | second >stream
        wh-load out.ndjson --checkpoint c.json stream
        prints $'{"id":1}\n{"id":2}' cat out.ndjson
        rm -f c.json out.ndjson changed away pipe
    done
}

@test "a file that took the target's name and inode during a run gets none of its rows" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint c.json --every 0s pipe 2>err 3>&- &
    loader=$!
    exec 4>pipe
    { begin; echo '{"id":1}'; record checkpoint 1 1; } >&4
    eventually holds 1 jq .checkpoint.n c.json
    echo foreign >out.ndjson
    # More than the buffers hold, and no checkpoint.
    (trap '' PIPE; seq 300000 | sed 's/.*/{"id":&}/') >&4 2>/dev/null || true
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'out.ndjson: another program has' err
    prints foreign cat out.ndjson
}

@test "a plain run that fails does not take back what another program has appended" {
    wh-load out.ndjson rows.ndjson
    mkfifo pipe
    wh-load out.ndjson pipe 2>err 3>&- &
    loader=$!
    exec 4>pipe
    eventually [ -s out.ndjson.lock ]
    seq 200000 | sed 's/.*/{"id":&}/' >&4
    echo '{"foreign":1}' >>out.ndjson
    echo broken >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    # Whether it comes upon those bytes or upon the broken row first.
    [ "$ended" -eq 3 ] || [ "$ended" -eq 1 ]
    grep -q 'the rows of this run are not taken back' err
    grep -q '"foreign"' out.ndjson
}

@test "a target and its C go on after a move, and after both were restored from a backup" {
    seq 1 9 | sed 's/.*/{"id":&}/' >in.ndjson
    mkdir new
    for out in out.ndjson out.ndjson.gz; do
        wh-extract in.ndjson --checkpoint c.json | wh-load $out --checkpoint c.json
        cp $out c.json new
        seq 10 12 | sed 's/.*/{"id":&}/' >>in.ndjson
        wh-extract in.ndjson --checkpoint c.json | wh-load $out --checkpoint c.json
        # Only one of the two: the newer C has more than the target, the older one less.
        cp c.json newer
        cp $out newer$out
        cp new/$out $out
        wh-extract in.ndjson --checkpoint c.json >stream
        exits 2 wh-load $out --checkpoint c.json stream
        says "$out is not the file that c.json was written for: it is shorter than what was committed"
        cp new/c.json c.json
        cp newer$out $out
        exits 2 bash -c 'wh-extract -q in.ndjson --checkpoint c.json 2>/dev/null | wh-load '$out' --checkpoint c.json'
        says 'another program has written to it'
        way_out 'cut it off: ' ')'
        wh-extract in.ndjson --checkpoint c.json | wh-load $out --checkpoint c.json
        same in.ndjson <(case $out in *.gz) zcat $out ;; *) cat $out ;; esac)
        # Both, elsewhere.
        wh-extract in.ndjson --checkpoint new/c.json | wh-load new/$out --checkpoint new/c.json
        same in.ndjson <(case $out in *.gz) zcat new/$out ;; *) cat new/$out ;; esac)
        rm -f c.json new/* OTHERS
        seq 1 9 | sed 's/.*/{"id":&}/' >in.ndjson
    done
}

@test "C of the previous version goes on, where it is sure that its target is the same" {
    printf '%s\n' '{"id":1}' '{"id":2}' >in.ndjson
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    jq -c 'del(.first, .last)' c.json >old.json
    cp old.json c.json
    printf '{"id":' >>out.ndjson
    echo '{"id":3}' >>in.ndjson
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same in.ndjson out.ndjson
    # The same after a restore: the inode is another one.
    cp old.json c.json
    head -n 2 in.ndjson >copy
    cp out.ndjson keeps-the-inode
    mv copy out.ndjson
    wh-extract in.ndjson --checkpoint c.json >stream
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'which knew the file by its inode'
    way_out 'say so: ' '; if not'
    wh-extract in.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    same in.ndjson out.ndjson
}

@test "a foreign file that got the name and inode of a removed target is left alone" {
    wh-extract rows.ndjson --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    # As if the inode had been used again: the same file with other content, shorter and longer.
    for lines in 1 9; do
        seq $lines | sed 's/.*/{"foreign":&}/' >out.ndjson
        cp out.ndjson before
        begin "$(jq -c '.checkpoint | {epoch, n}' c.json)" >stream
        { echo '{"id":3}'; record end 1 1; } >>stream
        exits 2 wh-load out.ndjson --checkpoint c.json stream
        says 'out.ndjson is not the file that c.json was written for'
        same before out.ndjson
    done
    # Its way out: the file back under its name.
    mv out.ndjson foreign
    cp rows.ndjson out.ndjson
    wh-load out.ndjson --checkpoint c.json stream
    prints '{"id":3}' tail -n 1 out.ndjson
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
    sed 's/1/2/' copy >out.ndjson
    exits 2 wh-load out.ndjson --checkpoint c.json stream
    says 'it holds other bytes than those that were committed (put that back, or restore both from one backup; or, to begin anew, remove c.json and give --replace)'
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

@test "a checkpoint that is the target by a link to nothing yet is refused" {
    echo '{"a":1}' >rows
    ln -s out.ndjson c
    exits 2 wh-load out.ndjson --checkpoint c rows
    says '--checkpoint must name another file than the target'
    [ ! -e out.ndjson ]
}

@test "what another program does to the file of a plain run is told at its end" {
    local how said
    local -A does=(
        ['its rows and those of this run are mixed in it now']="echo '{}' >>out.ndjson"
        ['another program has moved, removed or replaced it while this run wrote to it (put it back and run again)']='mv out.ndjson away'
    )
    for said in "${!does[@]}"; do
        how=${does[$said]}
        rm -f out.ndjson pipe
        echo '{"id":0}' >out.ndjson
        mkfifo pipe
        wh-load out.ndjson pipe 2>err 3>&- &
        loader=$!
        exec 4>pipe
        eventually [ -s out.ndjson.lock ]
        eval "$how"
        echo '{"id":1}' >&4
        exec 4>&-
        ended=0
        wait $loader || ended=$?
        [ "$ended" -eq 3 ]
        grep -qF "$said" err
    done
}

# faulty NAME COMMAND...: a call fails in it (tests/preload/fault.c).
faulty() {
    WH_FAULT=$1 LD_PRELOAD="$BUILD/preload/fault.so" "${@:2}"
}

@test "a call that fails is told with the file's name, and what was committed stays" {
    [ -e "$BUILD/preload/fault.so" ] || skip "needs $BUILD/preload/fault.so"
    without_sanitizers
    exits 1 faulty deflateInit2_ wh-load out.ndjson.gz rows.ndjson
    says 'out.ndjson.gz: cannot compress: zlib has no memory'
    [ ! -e out.ndjson.gz ]
    { begin; echo '{"id":1}'; record end 1 1; } >stream
    wh-load -q out.ndjson --checkpoint c.json stream
    cp out.ndjson committed
    # As a run that was killed would have left it.
    jq -c '.open = true' c.json >c.new
    mv c.new c.json
    echo '{"id":2}' >>out.ndjson
    { begin '{"epoch":"aaaaaaaaaaaa","n":1}'; echo '{"id":2}'; record end 1 1; } | second >stream
    exits 1 faulty ftruncate wh-load out.ndjson --checkpoint c.json stream
    says 'out.ndjson: cannot cut off what is not committed: Cannot allocate memory'
    exits 0 wh-load out.ndjson --checkpoint c.json stream
    prints $'{"id":1}\n{"id":2}' cat out.ndjson
}
