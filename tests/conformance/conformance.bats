# The NDJSON reader's verdict on every document of JSONTestSuite, each wrapped as {"v":DOCUMENT} on
# a line of its own; documents with line feeds cannot stand on a line and are left out.
#
# y_ must be accepted, n_ rejected. Where the grammar leaves it open (i_), wh-stream(7) decides:
# numbers of any size are accepted, as is nesting to a depth of 1000; bytes that are not UTF-8,
# unpaired surrogates and a byte order mark inside the text are not.

load ../helper

SUITE=$ROOT/tests/conformance/JSONTestSuite/test_parsing

document() {
    case $1 in
    *.gz) gzip -dc "$1" ;;
    *) cat "$1" ;;
    esac
}

wanted() {
    case $1 in
    y_* | i_number_* | i_structure_500_nested_arrays*) echo accept ;;
    *) echo reject ;;
    esac
}

# Writes all rows, the rows to be accepted, and "LINE NAME" of those to be rejected.
wrap_suite() {
    local path name line=0
    : >all.ndjson
    : >accept.ndjson
    : >reject.names
    for path in "$SUITE"/*; do
        name=${path##*/}
        document "$path" >text
        if [ "$(tr -cd '\n' <text | wc -c)" -gt 0 ]; then continue; fi
        line=$((line + 1))
        { printf '{"v":' && cat text && printf '}\n'; } >row
        cat row >>all.ndjson
        case $(wanted "$name") in
        accept) cat row >>accept.ndjson ;;
        reject) echo "$line $name" >>reject.names ;;
        esac
    done
}

verdicts_agree() {
    wh-clean --quiet --rejects rejects.ndjson all.ndjson >accepted.ndjson
    sed 's/.*"line":\([0-9]*\).*/\1/' rejects.ndjson >rejected.lines
    # Named by document, so that a failure says which one.
    awk 'FNR == NR { name[$1] = $2; next } { print $1, ($1 in name) ? name[$1] : "accept" }' \
        reject.names rejected.lines >rejected.names
    same reject.names rejected.names
    same accept.ndjson accepted.ndjson
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" && wrap_suite
}

@test "the whole suite is there" {
    [ "$(find "$SUITE" -type f | wc -l)" -eq 318 ]
    [ "$(wc -l <"$BATS_FILE_TMPDIR/all.ndjson")" -eq 308 ]
}

@test "verdicts agree with RFC 8259, and what is accepted passes byte for byte" {
    cd "$BATS_FILE_TMPDIR"
    verdicts_agree
}

@test "verdicts are the same with every kind of vector code" {
    cd "$BATS_FILE_TMPDIR"
    for simd in plain sse2 avx2 neon; do
        WH_SIMD=$simd verdicts_agree
    done
}

@test "verdicts are the same when rows arrive a few bytes at a time" {
    cd "$BATS_FILE_TMPDIR"
    head -c 4096 all.ndjson >start.ndjson
    wh-clean --quiet --rejects whole.rejects <start.ndjson >whole.ndjson
    dd if=start.ndjson bs=7 status=none | wh-clean --quiet --rejects parts.rejects >parts.ndjson
    same whole.ndjson parts.ndjson
    same whole.rejects parts.rejects
}

@test "a value nested 1000 deep is accepted, a deeper one rejected" {
    nested() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "["; for (i = 0; i < n; i++) printf "]" }'; }
    printf '{"v":%s}\n' "$(nested 1000)" >good.ndjson
    printf '{"v":%s}\n' "$(nested 1001)" >bad.ndjson
    wh-clean good.ndjson >out.ndjson
    same good.ndjson out.ndjson
    exits 1 wh-clean bad.ndjson
}
