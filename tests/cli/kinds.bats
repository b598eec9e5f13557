# Kinds of source and target: what --help says of them, and of those that a build lacks. All of it
# holds in a build without libraries too.

load ../helper

# absent OPERAND: this build lacks what begins with it, as --help says.
absent() {
    wh-extract --help | awk -v operand="  $1" '/^ ? ?[^ ]/ { on = index($0, operand) == 1 } on' |
        tr -s '\n ' ' ' | grep '(not in this build: install [a-z0-9-]* and build again)' >/dev/null
}

# lacks TOOL PREFIX PACKAGE: the tool refuses an operand of this kind for lack of a library.
lacks() {
    exits 2 "$1" "$2" -t orders
    says "$1: this program was built without "
    says "(install $3 and build again)"
}

@test "a database whose library the build lacks is refused with the package that it takes" {
    printf '{"a":1}\n' >rows.ndjson
    if absent sqlite:PATH; then
        lacks wh-extract sqlite:shop.db libsqlite3-dev
        lacks wh-load sqlite:shop.db libsqlite3-dev
        exits 2 wh-extract rows.ndjson --checkpoint sqlite:shop.db#c
        says 'built without SQLite'
        exits 2 wh-load out.ndjson --checkpoint sqlite:shop.db#c rows.ndjson
        says 'built without SQLite'
    else
        wh-load sqlite:shop.db -t orders --create rows.ndjson
        prints '{"a":1}' wh-extract sqlite:shop.db -t orders
    fi
    if absent postgresql://; then
        lacks wh-extract postgresql://127.0.0.1:1/shop libpq-dev
        lacks wh-load postgres://127.0.0.1:1/shop libpq-dev
    else
        exits 4 wh-extract postgresql://127.0.0.1:1/shop -t orders
    fi
}

@test "--help lists every kind, and gives examples of those that are there" {
    wh-extract --help >help
    for operand in 'sqlite:PATH' 'postgresql://\[USER@\]HOST\[:PORT\]/DATABASE' 'FILE\.\.\.'; do
        grep -q "^  $operand" help
    done
    grep -q '^SOURCE can be:$' help
    grep -q '^  wh-extract orders-\*.csv.gz$' help
    if absent sqlite:PATH; then run ! grep -q '^  wh-extract sqlite:' help; fi
}

@test "--help says for which kinds an option is" {
    wh-extract --help >help
    grep -q '^What to extract from a database (sqlite:, postgresql://):$' help
    grep -A4 -e '--no-infer' help | tr -s '\n ' ' ' | grep -e '--no-infer [^(]*(files only)'
    wh-clean --help >help
    run ! grep -q 'files only' help
    # Of the input's options none is for some targets only.
    wh-load --help | grep -A4 -e '--no-infer' >help
    run ! grep -q 'files only' help
}

@test "files are extracted and loaded, with checkpoints" {
    printf 'a,b\n1,x\n2,y\n' >rows.csv
    wh-extract rows.csv --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    printf '3,z\n' >>rows.csv
    wh-extract rows.csv --checkpoint c.json | wh-load out.ndjson --checkpoint c.json
    printf '{"a":%s,"b":"%s"}\n' 1 x 2 y 3 z >expected
    same expected out.ndjson
}

@test "an option that asks for what its kind does by itself is no fault" {
    printf '{"a":1}\n' >rows.ndjson
    prints '{"a":1}' wh-extract -i auto rows.ndjson
    absent sqlite:PATH || {
        wh-load sqlite:shop.db -t orders --create rows.ndjson
        prints '{"a":1}' wh-extract -i auto sqlite:shop.db -t orders
    }
}
