# For tests that write control records by hand: `load ../pipe/stream`.

E1=0000000000e1 E2=0000000000e2
export E1 E2

# begin EPOCH [FROM-EPOCH FROM-N]
begin() {
    local from=null
    [ $# -lt 3 ] || from="{\"epoch\":\"$2\",\"n\":$3}"
    printf '{"@wh":"begin","epoch":"%s","from":%s,"position":null,"by":"wh-extract"}\n' "$1" "$from"
}

# record checkpoint|end EPOCH N ROWS COMMITTED
record() {
    printf '{"@wh":"%s","epoch":"%s","n":%d,"rows":%d,"committed":%d,"position":{},' "$@"
    echo '"by":"wh-extract"}'
}

committed() {
    printf '{"@wh":"committed","epoch":"%s","n":%d,"by":"wh-extract"}\n' "$1" "$2"
}

# marked begin; marked end ROWS: those of a stream of --mark.
marked() {
    local end=''
    [ "$1" = begin ] || end="\"n\":1,\"rows\":$2,\"committed\":0,"
    printf '{"@wh":"%s","epoch":"%s",%s"by":"wh-extract"}\n' "$1" "$E1" "$end"
}

# The rows of the files, or of standard input, without control records.
rows_of() {
    grep -hv '"@wh"' "$@" || true
}
