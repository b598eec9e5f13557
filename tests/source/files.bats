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
        says 't.ndjson is a file'
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
