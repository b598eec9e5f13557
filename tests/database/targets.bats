# What looks like a database but is not written as one is refused, and never becomes a file.

load ../helper

setup() {
    mkdir "$BATS_TEST_TMPDIR/here"
    cd "$BATS_TEST_TMPDIR/here" || return 1
}

# shellcheck disable=SC2154 # bats sets stderr
keeps_secret() {
    [[ $stderr != *PW* ]]
}

@test "a name that looks like a database is no file to write a model, state or report to" {
    echo '{"id":1,"y":0}' >in.ndjson
    wh-update -q -m m --label y in.ndjson
    for name in odbc:x sqlite:x.db postgresql://u:PW@h/d 'host=h password=PW'; do
        while read -r command; do
            # shellcheck disable=SC2086 # options
            exits 2 $command "$name" in.ndjson
            says ': a file is expected, but '
            says './'
            [[ $stderr != *PW* ]]
        done <<'END'
wh-update --label y -m
wh-update --label y -m m --checkpoint
wh-update --label y -m j --join id --within 2 --pending
wh-score -m
wh-clean --unique id --state
wh-clean --rejects
wh-clean --stats
wh-featurize --onehot id --fit --state
wh-featurize --onehot id --frozen --state s --live
END
        [ ! -e "$name" ]
    done
    exits 0 wh-update -q -m ./odbc:x --label y in.ndjson
    exits 0 wh-update -q -m odbc:x in.ndjson
    exits 0 wh-score -q -m user=m in.ndjson
    exits 1 wh-clean postgresql://u:PW@h/d
    says 'postgresql://...: cannot open: there is no such file (rows of a database are read by wh-extract'
}

@test "a connection string or an unknown scheme is no file's name" {
    echo '{"a":1}' >in
    local name
    for name in 'host=h password=PW' 'dbname=shop' 'user=ada dbname=shop' 'port=5432 host=h' \
        'Driver={PostgreSQL};Server=h;PWD=PW' 'host = h password = PW' 'HOST=h'; do
        exits 2 wh-load "$name" in
        says 'this target looks like a connection string: write it as postgresql://[USER@]HOST'
        keeps_secret
        exits 2 wh-extract "$name"
        says 'this source looks like a connection string'
        keeps_secret
    done
    for name in odbc:shop odbc:PWD=PW mysql://u:PW@h/d jdbc:postgresql://h/d s3://b/k \
        duckdb:x.db db2:x ODBC:x; do
        exits 2 wh-load "$name" in
        says "no kind of target is called ${name%%:*}:"
        says postgresql://
        keeps_secret
        exits 2 wh-extract "$name"
        says "no kind of source is called ${name%%:*}:"
    done
    exits 2 wh-load SQLITE:x.db -t t in
    says '(did you mean sqlite:?)'
    exits 2 wh-load postgresql:shop -t t in
    says 'did you mean postgresql://?'
    prints in ls
}

@test "with ./ before it such a name is a file, and so is one that looks like neither" {
    echo '{"a":1}' >in
    local name
    for name in ./odbc:x './host=h password=PW' a:b.ndjson x=1.ndjson orders-2024-03-01T10:00.ndjson \
        12:30.ndjson dir.d:x; do
        wh-load -q "$name" in
        same in "$name"
        prints '{"a":1}' wh-extract "$name"
    done
}

@test "a checkpoint is not kept in a file of such a name" {
    echo '{"a":1}' >in.ndjson
    local name
    for name in 'host=h password=PW' odbc:x; do
        exits 2 wh-extract in.ndjson --checkpoint "$name"
        keeps_secret
        says postgresql://
        exits 2 wh-load out.ndjson --checkpoint "$name" in.ndjson
        says postgresql://
    done
    prints in.ndjson ls
}
