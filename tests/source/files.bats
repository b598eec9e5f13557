#!/usr/bin/env bats
# wh-extract from files and standard input, and its command line.

load ../helper

@test "the format is told by the name or the first byte" {
    printf 'a,b\n1,"x"\n' >t.csv
    printf 'a\tb\n1\tx,y\n' >t.tsv
    printf '{"a":1}\n' >t.ndjson
    prints '{"a":1,"b":"x"}' wh-extract t.csv
    prints '{"a":1,"b":"x,y"}' wh-extract t.tsv
    prints '{"a":1}' wh-extract t.ndjson
    prints '{"a":1}' wh-extract - <t.ndjson
    prints '{"a":1,"b":"x"}' wh-extract - <t.csv
}

@test "gzip is read, by name or not" {
    printf 'a\n1\n' | gzip >t.csv.gz
    cp t.csv.gz plainly
    prints '{"a":1}' wh-extract t.csv.gz
    prints '{"a":1}' wh-extract plainly
    prints '{"a":1}' wh-extract - <t.csv.gz
}

@test "NDJSON passes byte for byte" {
    printf '%s\n' '{"a": 1.10 , "b":12345678901234567890123 }' '{"\u0061":[1, 2]}' >t.ndjson
    wh-extract t.ndjson >found
    same t.ndjson found
}

@test "several files are read in order, in whatever format each has" {
    printf 'a\n1\n' >1.csv
    printf '{"a":2}\n' | gzip >2.ndjson.gz
    printf 'a\n3\n' >3.csv
    prints '{"a":1}
{"a":2}
{"a":3}' wh-extract 1.csv 2.ndjson.gz 3.csv
    prints '{"a":1}
{"a":2}' wh-extract --limit 2 1.csv 2.ndjson.gz 3.csv
}

@test "a file that is not there is named" {
    exits 1 wh-extract none.csv
    says 'none.csv'
    says 'No such file'
}

@test "options for databases are refused for files" {
    printf '{"a":1}\n' >t.ndjson
    for option in '-t x' '-c x' '-v x=1'; do
        # shellcheck disable=SC2086 # two words
        exits 2 wh-extract t.ndjson $option
        says "applies only to databases, but the source is a file"
    done
}

@test "an SQLite file without its scheme is recognised" {
    need sqlite3
    sqlite3 shop.db 'CREATE TABLE t(a)'
    exits 2 wh-extract shop.db
    says 'shop.db is an SQLite database: write sqlite:shop.db'
}

@test "no source and unknown schemes are refused" {
    exits 2 wh-extract </dev/null
    says 'no SOURCE'
    exits 2 wh-extract postgre://h/d
    says 'no kind of source is called postgre:// (did you mean postgres://?)'
    exits 2 wh-extract --tabel t x.csv
    says '--table'
}

@test "a bad row stops the run at its place or goes to the rejects" {
    printf '{"a":1}\n{"a":}\n{"a":3}\n' >t.ndjson
    exits 1 wh-extract t.ndjson
    says 't.ndjson:2:'
    exits 0 wh-extract t.ndjson --rejects bad.ndjson
    [ "$(jq -r .row bad.ndjson)" = '{"a":}' ]
}

# load_new ARGUMENT...: wh-extract with these, from where the last load_new has ended, appended to
# out.ndjson.
load_new() {
    wh-extract -q --checkpoint c.json --every 1 "$@" |
        wh-load -q out.ndjson --checkpoint c.json --every 0s
}

@test "rows read a few at a time are the rows of the files, line numbers of bad ones too" {
    printf '\357\273\277id,text\r\n1,"a\r\nb"\r\n\r\n2,x\r\n3,bad,row\r\n4,"""\n"\r\n' >1.csv
    for i in 1 2 3 4 5; do printf '{"id":%s}\n \n{"id":}\n' "$i"; done | gzip >2.ndjson.gz
    printf '9\tx\n8\n7\ty' >3.tsv
    set -- 1.csv 2.ndjson.gz 3.tsv
    wh-extract -q "$@" --rejects all.bad >all
    for i in $(seq 12); do
        load_new "$@" --complete --rejects bad --limit 2
    done
    echo >>all # the last row gets its line end before a control record
    same all out.ndjson
    same all.bad bad
}

@test "a file that has grown is read on, and new ones behind it" {
    printf 'id,city\n1,Lagos\n2,Acc' >1.csv
    load_new 1.csv
    printf 'ra\n3,Cairo\n' >>1.csv
    load_new 1.csv
    load_new 1.csv
    printf '{"id":4}\n' | gzip >2.gz
    load_new 1.csv 2.gz
    printf '{"id":5}\n' | gzip >>2.gz
    printf '{"id":6}\n' >3.ndjson
    load_new 1.csv 2.gz 3.ndjson
    prints '{"id":1,"city":"Lagos"}
{"id":2,"city":"Accra"}
{"id":3,"city":"Cairo"}
{"id":4}
{"id":5}
{"id":6}' cat out.ndjson
}

@test "a last row whose end has not come is held back, told once, and given when it has" {
    printf '{"id":1}\n{"id":2' >t.ndjson
    printf '{"id":1}\n{"id":2' | gzip >t.gz
    printf 'id,t\n1,"a\nb"\n2,"c\n' >t.csv
    for t in t.ndjson t.gz t.csv; do
        for _ in 1 2; do
            wh-extract --checkpoint c.json $t 2>err |
                wh-load -q out.ndjson --checkpoint c.json --every 0s
            prints "wh-extract: $t:$([ $t = t.csv ] && echo 4 || echo 2): the last row is held back until its end comes: it has no line end, or is within an open quote (add a line end; --complete takes the row as it is)" cat err
            prints 1 grep -c . out.ndjson
        done
        case $t in
        t.gz) printf '0}\n{"id":3}\n' | gzip >>t.gz ;;
        t.ndjson) printf '0}\n{"id":3}\n' >>t.ndjson ;;
        t.csv) printf 'd"\n3,e\n' >>t.csv ;;
        esac
        load_new $t
        mv out.ndjson out.$t
        rm c.json
    done
    prints $'{"id":1}\n{"id":20}\n{"id":3}' cat out.t.ndjson
    same out.t.ndjson out.t.gz
    prints $'{"id":1,"t":"a\\nb"}\n{"id":2,"t":"c\\nd"}\n{"id":3,"t":"e"}' cat out.t.csv
}

@test "a header whose end has not come is not taken for the columns" {
    printf 'id,na' >t.csv
    wh-extract --checkpoint c.json t.csv 2>err | wh-load -q out.ndjson --checkpoint c.json
    grep -q 't.csv:1: the last row is held back' err
    printf 'me\n1,x\n' >>t.csv
    load_new t.csv
    prints '{"id":1,"name":"x"}' cat out.ndjson
}

@test "with --complete, or without a checkpoint, a last row without a line end is a row" {
    printf '{"id":1}\n{"id":2}' >t.ndjson
    prints 2 grep -c id <(wh-extract t.ndjson)
    prints 2 grep -c '"id"' <(wh-extract --mark t.ndjson)
    load_new --complete t.ndjson
    load_new --complete t.ndjson
    prints $'{"id":1}\n{"id":2}' cat out.ndjson
    printf '\n{"id":3}\n' >>t.ndjson
    load_new t.ndjson
    prints '{"id":3}' tail -n 1 out.ndjson
    exits 2 wh-extract --complete t.ndjson
    says '--complete requires --checkpoint C'
}

@test "a file that others follow must end, since nobody comes back for its last row" {
    printf 'id\n1\n2' >1.csv
    printf 'id\n3\n' >2.csv
    exits 2 wh-extract --checkpoint c.json 1.csv 2.csv
    says '1.csv:3: the last row has no line end, or is within an open quote, and other files follow (end it, or give --complete'
    load_new --complete 1.csv 2.csv
    prints $'{"id":1}\n{"id":2}\n{"id":3}' cat out.ndjson
}

@test "a last row that was taken as it was is refused when it has changed" {
    printf '{"id":1}\n{"id":2}' >t.ndjson
    load_new --complete t.ndjson
    printf ' \n' >>t.ndjson
    exits 2 wh-extract --checkpoint c.json t.ndjson
    says 't.ndjson:2: this line was unfinished when it was read'
}

@test "a change anywhere before the place that was reached is refused" {
    seq 3000 | awk '{ printf "{\"id\":1%06d,\"t\":\"%07d\"}\n", $1, $1 * 7919 % 9999991 }' >t.ndjson
    seq 3000 | awk '{ printf "%06d,%07d\n", $1, $1 * 7919 % 9999991 }' | sed '1i id,t' >t.csv
    head -n 2000 t.ndjson | gzip -n >t.gz
    [ "$(stat -c %s t.gz)" -gt 4096 ]
    cp t.gz changed.gz
    tail -n 1000 t.ndjson | gzip -n >>t.gz
    # A row after the first 4,096 bytes goes elsewhere: the length is the same.
    for t in t.ndjson t.csv; do
        { sed 2501d $t; sed -n 2501p $t; } >changed.${t#t.}
    done
    tail -n 1000 changed.ndjson | gzip -n >>changed.gz
    for t in t.ndjson t.csv t.gz; do
        load_new --every 100 $t
        cp $t good
        cp changed.${t#t.} $t
        exits 2 wh-extract --checkpoint c.json $t
        says "$t has changed before line 300"
        cp good $t
        load_new $t
        rm c.json out.ndjson
    done
}

@test "a row that moved within a file is named as the reason, and putting it back is the way out" {
    seq -f '{"id":1%06g}' 1000 >t.ndjson
    load_new --every 100 t.ndjson
    cp t.ndjson good
    { sed 500d good; sed -n 500p good; } >t.ndjson
    echo '{"id":7}' >>t.ndjson
    exits 2 wh-extract --checkpoint c.json t.ndjson
    says 't.ndjson has changed before line 1001, up to which it had been read: a file may only grow at its end (put back what it was, or begin anew with another --checkpoint)'
    { cat good; echo '{"id":7}'; } >t.ndjson
    load_new --every 100 t.ndjson
    same t.ndjson out.ndjson
}

@test "a position of the previous version, which has no digest, is gone on from" {
    seq -f '{"id":1%06g}' 1000 >t.ndjson
    load_new --every 100 t.ndjson
    jq -c 'del(.checkpoint.position.before)' c.json >old
    mv old c.json
    echo '{"id":7}' >>t.ndjson
    load_new --every 100 t.ndjson
    same t.ndjson out.ndjson
    jq -e .checkpoint.position.before.digest c.json
}

@test "another file under the name, fewer or other files and options are refused" {
    printf 'id\n1\n' >1.csv
    cp 1.csv 2.csv
    load_new 1.csv 2.csv
    exits 2 wh-extract --checkpoint c.json 1.csv
    says 'the checkpoint is in 2.csv'
    exits 2 wh-extract --checkpoint c.json 2.csv 1.csv
    says 'but in its place is 1.csv'
    exits 2 wh-extract --checkpoint c.json 3.csv 2.csv
    says 'the files before 2.csv are not those that were read'
    exits 2 wh-extract --checkpoint c.json 1.csv 2.csv -d ';'
    says '--delimiter=";"'
    printf 'id\n2\n' >2.csv
    exits 2 wh-extract --checkpoint c.json 1.csv 2.csv
    says '2.csv is not the file it was'
    : >2.csv
    exits 2 wh-extract --checkpoint c.json 1.csv 2.csv
    says '2.csv is not the file it was'
}

@test "types that --infer has settled stay as they are" {
    printf 'id,code\n1,x\n' >t.csv
    load_new t.csv --infer 2 --rejects bad
    printf '2,7\nthree,8\n' >>t.csv
    load_new t.csv --infer 2 --rejects bad
    prints '{"id":1,"code":"x"}
{"id":2,"code":"7"}' cat out.ndjson
    prints 'number' jq -r .rule bad
}

@test "what cannot be read again has no checkpoint" {
    printf '{"id":1}\n' >t.ndjson
    exits 2 wh-extract --checkpoint c.json - <t.ndjson
    says 'standard input cannot be read again from a checkpoint (name the file)'
    mkfifo pipe
    exits 2 wh-extract --checkpoint c.json t.ndjson pipe
    says 'pipe is not a regular file'
    exits 2 wh-extract --checkpoint c.json t.ndjson --since id
    says '--since applies only to databases'
}
