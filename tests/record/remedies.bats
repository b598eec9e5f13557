# A remedy that a message names works: each test runs into the message, reads the remedy in it, and
# then does what it says.

load ../helper

# fails STATUS TEXT COMMAND...: the command ends with STATUS and says TEXT.
fails() {
    local wanted=$1 text=$2
    shift 2
    exits "$wanted" "$@"
    says "$text"
}

@test "a JSON array becomes rows by jq" {
    echo '[{"id":1},{"id":2}]' >in.json
    for option in auto ndjson csv; do
        fails 1 "jq -c '.[]'" wh-clean -i $option in.json
    done
    prints $'{"id":1}\n{"id":2}' sh -c "jq -c '.[]' in.json | wh-clean"
}

@test "JSON with other line ends than rows have is made rows by jq" {
    printf '{\n  "a": 1\n}\n' >pretty.json
    printf '{"a":1,\n"b":2}\n' >wide.json
    printf '{"a":1} {"a":2}\n' >together.json
    for file in pretty.json wide.json together.json; do
        fails 1 "(one row in each line: jq -c .)" wh-clean $file
        exits 0 sh -c "jq -c . $file | wh-clean"
    done
}

@test "documents and arrays of other programs are called what they are" {
    printf '%%PDF-1.4\n%%\342\343\317\323\n' >table.pdf
    fails 1 'this is a PDF document' wh-clean table.pdf
    printf '\223NUMPY\1\0v\0' >table.npy
    fails 1 'this is a NumPy array' wh-clean table.npy
}

@test "quotes within values that tabs separate name -i tsv, which reads them" {
    printf 'a\tb\nx\t9" tall\n' >tab
    fails 1 "(-i tsv takes quotes as part of a value)" wh-clean -d '\t' tab
    prints '{"a":"x","b":"9\" tall"}' wh-clean -i tsv -o ndjson tab
}

@test "a compressed file is told from text, and its program named" {
    printf 'a\n1\n' >in.csv
    for program in xz zstd bzip2; do
        command -v $program >/dev/null || continue
        $program -c in.csv >packed
        fails 1 "$program -dc packed | ..." wh-clean packed
        fails 1 "$program -dc - | ..." sh -c 'wh-clean -i csv <packed'
        prints $'a\n1' sh -c "$program -dc packed | wh-clean -i csv"
    done
    printf 'PAR1\0\1\2\3' >rows.parquet
    fails 1 'this is a Parquet file' wh-clean rows.parquet
    printf 'PK\3\4\0\0' >sheet.xlsx
    fails 1 'save the sheet as CSV' wh-clean sheet.xlsx
    printf 'BZh,ORC\n1,2\n' >words.csv
    exits 0 wh-clean words.csv
}

@test "quotes between other delimiters name -d, which reads them" {
    for byte in ';' '|'; do
        printf '"a"%s"b"\n"x"%s"y"\n' "$byte" "$byte" >header.csv
        printf 'a%sb\nx%s"y"\n' "$byte" "$byte" >row.csv
        for file in header.csv row.csv; do
            fails 1 "(is the delimiter -d '$byte'?)" wh-clean $file
            prints '{"a":"x","b":"y"}' wh-clean -d "$byte" -o ndjson $file
        done
    done
    printf '"a"\t"b"\n"x"\t"y"\n' >tab.csv
    fails 1 "(is the delimiter -d '\\t'?)" wh-clean tab.csv
    prints '{"a":"x","b":"y"}' wh-clean -d '\t' -o ndjson tab.csv
}

@test "rows of other columns are written to CSV with --columns" {
    printf '{"a":1}\n{"a":1,"b":2}\n' >in.ndjson
    fails 1 'name all columns with --columns, or write -o ndjson' wh-clean -o csv in.ndjson
    prints $'a,b\n1,\n1,2' wh-clean -o csv --columns a,b in.ndjson
    wh-extract in.ndjson -o csv --columns a,b | head -n 1 | grep -qx a,b
}

@test "a blank in a column of numbers becomes null by the options that the message names" {
    printf 'n,m\n1,2\n  ,3\n' >in.csv
    fails 1 "(it is blank: --null-value '' with --trim before --type makes it null)" \
        wh-clean --type n=int in.csv
    fails 1 "(--null-value '' makes it null)" wh-clean --trim n --type n=int in.csv
    prints $'n,m\n1,2\n,3' wh-clean --trim n --null-value '' --type n=int in.csv
    prints $'n,m\n1,2\n,3' sh -c \
        "wh-clean --trim n in.csv | wh-clean -i csv --null-value '' --type n=int"
}

@test "seconds since 1970 become a date by jq" {
    printf 'ts\n1709290000\n' >in.csv
    fails 1 "wh-clean -o ndjson | jq -c '.COL |= todate'" wh-featurize --dates ts:hour in.csv
    fails 1 "wh-clean -o ndjson | jq -c '.COL |= todate'" wh-clean --type ts=timestamp in.csv
    prints 10 sh -c "wh-clean -o ndjson in.csv | jq -c '.ts |= todate' |
        wh-featurize --dates ts:hour | jq '.features[\"ts.hour\"]'"
}

@test "a column with a colon in its name is written with a backslash" {
    echo '{"a:b":1}' >in
    fails 2 "(a column of the name a:b is written 'a\\:b')" wh-featurize --passthrough a:b in
    exits 0 wh-featurize --passthrough 'a\:b' in
}

@test "a column with an equals sign in its name is written with a backslash" {
    echo '{"a=b":null,"c=d":"1"}' >in
    fails 2 "(the column a=b is written 'a\\=b')" wh-clean --fill a=b=5 in
    prints '{"a=b":5,"c=d":"1"}' wh-clean --fill 'a\=b=5' in
    fails 2 "(a column of the name c=d is written 'c\\=d')" wh-clean --type c=d=int in
    prints '{"a=b":null,"c=d":1}' wh-clean --type 'c\=d=int' in
    fails 2 "(the column c=d is written 'c\\=d')" wh-clean --rename c=d=e in
    prints '{"a=b":null,"e":"1"}' wh-clean --rename 'c\=d=e' in
    fails 2 "(a column of the name c=d is written 'c\\=d')" wh-featurize --hash c=d=4 in
    exits 0 wh-featurize --hash 'c\=d=4' in
}

@test "a file whose name promises another format is refused" {
    echo '{"a":1}' >in
    fails 2 'call it out.ndjson, say, or give --output-format' wh-load out.json in
    fails 2 'written as sqlite:out.db, with --table; for a file of rows give --output-format)' \
        wh-load out.db in
    wh-load -q sqlite:out.db --table t --create in
    wh-load -q --output-format ndjson rows.db in
    same in rows.db
    [ ! -e out.json ]
    exits 0 wh-load out.ndjson in
    exits 0 wh-load -o csv out.json in
    fails 2 'only .gz is compressed' wh-load out.csv.xz in
}

@test "a text that reads like a number that is none is learned with --string" {
    printf '{"airport":"NAN","y":1}\n{"airport":"LOS","y":0}\n' >in.ndjson
    printf 'airport,y\nNAN,1\nLOS,0\n' >in.csv
    for file in in.ndjson in.csv; do
        rm -f m.whm
        fails 1 'if it is a word, with --string' wh-update -q -m m.whm --label y $file
        wh-update -q -m m.whm --label y --string airport $file
        exits 0 wh-score -m m.whm --string airport $file
    done
    prints '{"zip":"12","n":1}' wh-clean --string zip <<<'{"zip":12,"n":1}'
    fails 2 '--string: there is no column "zap" (did you mean zip?)' \
        wh-clean --string zap <<<'{"zip":12}'
}

@test "nothing to learn from leaves a state as it was" {
    printf 'x\n1\n3\n' >in.csv
    fails 1 's: no row came to learn from, so it was not made' \
        wh-featurize --standard x --state s --fit -i csv </dev/null
    wh-featurize --standard x --state s --fit in.csv
    cp s before
    for option in --fit --fit-transform; do
        fails 1 's: no row came to learn from, so it stays as it was' \
            wh-featurize --standard x --state s $option -i csv <<<x
        same before s
        fails 1 's: the steps dropped every row, so it stays as it was' \
            wh-featurize --drop-missing y --standard x --state s $option <<<$'x,y\n5,'
        same before s
    done
    wh-load -q t.csv in.csv
    cp t.csv before
    fails 1 'no row came' sh -c 'echo x | wh-load --replace -i csv t.csv'
    same before t.csv
}
