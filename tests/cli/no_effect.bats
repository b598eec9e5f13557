# An option that was given has an effect, or is refused.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf '{"a":"1","b":2}\n' >in.ndjson
    cp in.ndjson in
    printf 'a,b\n1,2\n' >in.csv
}

# refuses OPTION COMMAND...: exits with 2 and says of OPTION that it does not apply; prints nothing.
refuses() {
    local option=$1
    shift
    exits 2 "$@"
    says "$option applies only to"
    [ -z "$output" ]
}

@test "what only CSV has is refused for NDJSON, whatever says that it is NDJSON" {
    local option name
    for option in '-S --no-infer' '--infer=9 --infer' '--ragged --ragged' '-H --no-header' \
        '-d; --delimiter' '--tsv-escapes --tsv-escapes'; do
        name=${option#* } option=${option% *}
        refuses "$name" wh-clean "$option" in.ndjson
        refuses "$name" wh-clean "$option" in
        refuses "$name" wh-clean "$option" -i ndjson in
        refuses "$name" wh-clean "$option" <in
        refuses "$name" sh -c "cat in | wh-clean '$option'"
        refuses "$name" wh-extract "$option" in
        refuses "$name" wh-featurize "$option" --passthrough a in
        refuses "$name" wh-update -m m.whm --label b "$option" in
        refuses "$name" wh-load out.ndjson "$option" in
        refuses "$name" wh-load sqlite:db -t t --create "$option" in
        [ ! -e m.whm ] && [ ! -e out.ndjson ]
    done
}

@test "of several files, the option is for those that it means something for" {
    prints $'{"a":"1","b":2}\n{"a":"1","b":"2"}' wh-clean -S -o ndjson in.ndjson in.csv
    prints $'{"a":"1","b":"2"}\n{"a":"1","b":2}' wh-clean -S -o ndjson in.csv in
    exits 2 wh-clean -S in.ndjson in
    says '--no-infer applies only to CSV and TSV, and all files are NDJSON (leave it out)'
    [ -z "$output" ]
    exits 2 bash -c 'wh-clean -S in.ndjson <(cat in)'
    says '--no-infer applies only to CSV'
    exits 1 wh-clean -S in.ndjson none.csv
    says none.csv
    gzip in.csv
    prints $'{"a":"1","b":2}\n{"a":"1","b":"2"}' wh-clean -S -o ndjson in.ndjson in.csv.gz
}

@test "what CSV output has is for NDJSON input too, where CSV is written" {
    prints $'a;b\n1;2' wh-clean -d ';' -o csv in
    prints '1,2' wh-clean -H -o csv in
    prints $'a;b\n1;2' wh-extract -d ';' -o csv in
    wh-load -q out.csv -d ';' in
    prints $'a;b\n1;2' cat out.csv
    wh-load -q new.csv -i ndjson -d ';' in
    prints $'a;b\n1;2' cat new.csv
    wh-load -q out.tsv --tsv-escapes <<<'{"a":"x\ty"}'
    prints $'a\nx\\ty' cat out.tsv
    refuses --no-infer wh-clean -S -o csv in
    refuses --ragged wh-load out.csv --ragged in
}

@test "backslash escapes are refused where nothing is TSV" {
    exits 2 wh-clean --tsv-escapes in.csv
    says '--tsv-escapes applies only to TSV, and the input is not'
    prints $'a\tb\n1\t2' wh-clean --tsv-escapes -o tsv in.csv
    tr , '\t' <in.csv >tabbed
    refuses --tsv-escapes wh-clean --tsv-escapes tabbed
    prints $'a\tb\n1\t2' wh-clean --tsv-escapes -i tsv tabbed
}

@test "the order of CSV columns is refused where NDJSON is written" {
    exits 2 wh-clean --columns b,a in
    says '--columns is for CSV output'
    exits 2 wh-clean --columns b,a in.ndjson in.csv
    exits 2 wh-load out.ndjson --columns b,a in
    prints $'b,a\n2,1' wh-clean --columns b,a -o csv in
}

@test "event time is an option of wh-update alone" {
    local tool
    for tool in 'wh-clean' 'wh-featurize --passthrough a' 'wh-extract' 'wh-score -m m.whm' \
        'wh-load out.ndjson'; do
        # shellcheck disable=SC2086 # a tool and its options
        exits 2 $tool --time b in
        says 'unknown option --time'
    done
    exits 2 wh-update -q -m m.whm --label b --time zap in
    says zap
}

@test "values that a database gives become null by --null-value" {
    need sqlite3
    sqlite3 db "CREATE TABLE t(a, b); INSERT INTO t VALUES ('NA', 999), ('x', 1)"
    prints $'{"a":null,"b":null}\n{"a":"x","b":1}' \
        wh-extract sqlite:db -t t --null-value NA --null-value 999
    prints $'a,b\n,\nx,1' wh-extract sqlite:db -t t -o csv --null-value NA --null-value 999
    prints 2 sh -c 'wh-extract sqlite:db -t t --since b --null-value 999 | wc -l | tr -d " "'
}

@test "options of text are refused for a database's rows" {
    need sqlite3
    sqlite3 db 'CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 2)'
    refuses --no-header wh-extract sqlite:db -t t -H
    refuses --delimiter wh-extract sqlite:db -t t -d ';'
    refuses --max-row wh-extract sqlite:db -t t --max-row 64m
    exits 2 wh-extract -q sqlite:db -t t --since a --checkpoint c.json --complete
    says '--complete applies only to files'
    prints '{"a":1,"b":2}' wh-extract sqlite:db -t t
    prints '1;2' wh-extract sqlite:db -t t -H -d ';' -o csv
}

@test "what wh-load does to a database is refused for files, and the reverse" {
    need sqlite3
    echo '{"columns":{"a":"bigint"}}' >schema.json
    sqlite3 db 'CREATE TABLE t(a INTEGER PRIMARY KEY, b)'
    local options
    for options in '--table t' '--key a' '--create' '--schema schema.json' '--apply' \
        '--changed-target --checkpoint c.json'; do
        # shellcheck disable=SC2086 # an option and its value
        refuses "${options%% *}" wh-load out.ndjson $options in.ndjson
    done
    for options in '--rotate x' '--output-format csv' '--columns a,b'; do
        # shellcheck disable=SC2086
        refuses "${options%% *}" wh-load sqlite:db -t t $options in.ndjson
    done
    for options in '--schema schema.json' '--apply' '--every 3s' '--changed-recipe' \
        '--changed-target' '--max-rejects 5'; do
        # shellcheck disable=SC2086
        exits 2 wh-load sqlite:db -t t $options in.ndjson
        says "${options%% *} "
    done
    [ ! -e out.ndjson ] && [ "$(sqlite3 db 'SELECT count(*) FROM t')" -eq 0 ]
    # The longest row is one of the input, whatever the target is.
    exits 1 wh-load sqlite:db -t t --max-row 10 in.ndjson
    exits 1 wh-load out.ndjson --max-row 10 in.ndjson
    # Lines that are run again and again name what is made the first time.
    wh-load -q sqlite:db -t t --create --schema schema.json --rejects bad <<<'{"a":1,"b":"x"}'
}

@test "options about rows are refused where none are read or written" {
    local option show before
    wh-update -q -m m.whm --learner nag --label b in.ndjson
    before=$(wh-score -m m.whm --digest)
    for option in --proba '--explain 3' '--digits 3' --stamp '--threshold .5' '--calibrate platt' \
        --watch --strict --keep-features '--label b' '--weight b' -n '--as x' '--rejects r' \
        '--stats s' '-i csv' -S '-o csv' '--columns a' --progress '--max-row 9' '--null-value x'; do
        for show in --digest --describe --weights; do
            # shellcheck disable=SC2086 # an option and its value
            exits 2 wh-score -m m.whm $show $option
            says "has no effect with $show, which reads no rows (leave it out)"
        done
    done
    for option in --proba '--explain 3' '--digits 3' --stamp --keep-features '--as x' '-o csv' \
        '--columns a'; do
        # shellcheck disable=SC2086
        exits 2 wh-score -m m.whm --label b -n $option in.ndjson
        says 'has no effect with --no-output, which writes no rows (leave it out)'
    done
    for option in '--label b' '--learner ftrl' -p '--passes 2' '--stats s' '-i csv' '--time a'; do
        # shellcheck disable=SC2086
        exits 2 wh-update -m m.whm --merge $option m.whm
        says 'has no effect with --merge, which reads models and no rows (leave it out)'
    done
    for option in '-o csv' '--columns a'; do
        # shellcheck disable=SC2086
        exits 2 wh-featurize --standard b --state s --fit $option in.ndjson
        says 'has no effect with --fit, which writes no rows (leave it out)'
    done
    [ "$(wh-score -q -m m.whm --digest)" = "$before" ]
    [ ! -e s ] && [ ! -e r ]
}
