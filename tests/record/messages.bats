# What readers and the writer say of files and rows: each message whole, with its place and remedy.

load ../helper
load ../messages

# rejected WORD...: the messages of the rows that the last run rejected are these, in this order.
rejected() {
    printf '%s\n' "$@" >expected
    jq -r .error bad >found
    same expected found
}

@test "each way in which a row is no JSON has a message of its own" {
    printf '%s\n' '[1]' '{"a" 1}' '{"a":1 "b":2}' '{a:1}' '{"a":1} x' '{"a":1,"a":2}' '{"a":01}' \
        '{"a":-}' '{"a":1.}' '{"a":1e}' '{"a":tru}' '{"a":"\q"}' '{"a":"\u12"}' '{"a":"\ud800"}' \
        '{"a":"x' '{"a":' '{"a":1' '{"a":[1 2]}' $'{"a":"\1"}' $'{"a":"\xff"}' '{' >in
    awk 'BEGIN { printf "{\"a\":"; for (i = 0; i < 2000; i++) printf "["; print "" }' >>in
    awk 'BEGIN { printf "{\"z\":1"; for (i = 0; i < 131072; i++) printf ",\"" i "\":1"; print "}" }' >>in
    exits 0 wh-clean -i ndjson --rejects bad in
    [ -z "$output" ]
    # shellcheck disable=SC2154 # set by exits
    [ "$stderr" = 'wh-clean: 23 of 23 rows rejected, see bad' ]
    rejected 'a row is a JSON object: it must begin with an opening brace' \
        'a colon must follow the key' \
        'expected a comma or the closing brace' \
        'expected a key in double quotes' \
        "other text follows the row's closing brace" \
        'the key "a" comes twice in the row' \
        'a number must not begin with 0' \
        'a digit must follow the minus sign' \
        'a digit must follow the decimal point' \
        'the exponent has no digits' \
        'expected a value: a string in double quotes, a number, true, false, null, an object or an array' \
        'there is no such escape in JSON' \
        '\u must be followed by four hexadecimal digits' \
        'half of a surrogate pair is missing' \
        'the line ends inside a string' \
        'the line ends where a value should be' \
        'the line ends before the object is closed (one row in each line: jq -c .)' \
        'expected a comma or the closing bracket' \
        'a string has a control character (escape it)' \
        'the text is not valid UTF-8' \
        'the line ends within the row (one row in each line: jq -c .)' \
        'values are nested too deep' \
        'the row has too many columns'
}

@test "quotes and lengths of CSV" {
    printf 'a,b\nx,y"z\n' >within.csv
    message 1 'wh-clean: within.csv:2: b: a quote is within a value that does not begin with one (quote the whole value and double the quotes in it)' \
        'wh-clean within.csv'
    printf 'a,b\nx,"y"z\n' >after.csv
    message 1 'wh-clean: after.csv:2: b: the value continues after its closing quote (double the quotes within a value)' \
        'wh-clean after.csv'
    printf 'a,b\n"xxxxxxxxxxxxxxx\nyyyyyyyyyyyy\n' >open.csv
    message 1 'wh-clean: open.csv:2: a: the row is longer than 20 bytes, or a quote is not closed (see --max-row); only so much of it is kept' \
        'wh-clean --max-row 20 open.csv'
    all_hold
}

@test "what CSV cannot hold" {
    echo '{"x":1,"a\u0000b":1}' >zero.ndjson
    message 1 'wh-clean: zero.ndjson:1: column 2 has a zero byte in its name: CSV cannot say so in its header (write -o ndjson, or leave it out)' \
        'wh-clean -o csv zero.ndjson'
    echo '{"":1}' >unnamed.ndjson
    message 1 'wh-clean: unnamed.ndjson:1: column 1 has no name: CSV cannot say so in its header (write -o ndjson, or leave it out)' \
        'wh-clean -o csv unnamed.ndjson'
    echo '{"a":"x\u0000y"}' >value.ndjson
    message 1 'wh-clean: value.ndjson:1: a: the value has a zero byte, which CSV cannot hold (write -o ndjson)' \
        'wh-clean -o csv value.ndjson'
    all_hold
}

@test "compressed files that are damaged" {
    printf 'a\n1\n2\n' | gzip -cn >in.gz
    size=$(wc -c <in.gz)
    head -c $((size - 4)) in.gz >cut.gz
    message 1 'wh-clean: cut.gz: the gzip data ends too early' 'wh-clean cut.gz'
    { cat in.gz; echo more; } >more.gz
    message 1 'wh-clean: more.gz: there are other bytes after the gzip data' 'wh-clean more.gz'
    { head -c $((size - 8)) in.gz; printf '\1\2\3\4'; tail -c 4 in.gz; } >sum.gz
    message 1 'wh-clean: sum.gz: the gzip data is corrupt (incorrect data check)' 'wh-clean sum.gz'
    { head -c 10 in.gz; printf '\377\377\377'; tail -c +14 in.gz; } >body.gz
    message 1 'wh-clean: body.gz: the gzip data is corrupt (invalid block type)' 'wh-clean body.gz'
    { cat in.gz; head -c 14 in.gz; } >second.gz
    message 1 'wh-clean: second.gz: the gzip data ends too early' 'wh-clean second.gz'
    all_hold
}

# foreign BYTES NAME REMEDY [STANDARD]: the file begins with BYTES, for printf. REMEDY is said of the
# file f, STANDARD of standard input.
foreign() {
    # shellcheck disable=SC2059 # a format
    printf "$1"' and more of it\n' >f
    message 1 "wh-clean: f: this is $2 ($3)" 'wh-clean f'
    message 1 "wh-clean: standard input: this is $2 (${4-$3})" 'wh-clean -i csv <f'
}

@test "each kind of file that is no rows is named, with what makes rows of it" {
    csv='write it as CSV with the program it is from'
    foreign '\375\067zXZ\0' 'compressed by xz' 'xz -dc f | ...' 'xz -dc - | ...'
    foreign '\050\265\057\375' 'compressed by zstd' 'zstd -dc f | ...' 'zstd -dc - | ...'
    foreign '\004\042\115\030' 'compressed by lz4' 'lz4 -dc f | ...' 'lz4 -dc - | ...'
    foreign 'BZh91AY&SY\001' 'compressed by bzip2' 'bzip2 -dc f | ...' 'bzip2 -dc - | ...'
    foreign '\037\235' 'compressed by compress' 'gzip -dc f | ...' 'gzip -dc - | ...'
    foreign '7z\274\257\047\034' 'a 7z archive' '7z x -so f | ...' '7z x -so FILE | ...'
    foreign 'PAR1\0' 'a Parquet file' "duckdb -csv -c \"from 'f'\" | ..." "duckdb -csv -c \"from 'FILE'\" | ..."
    foreign 'ARROW1\0\0' 'an Arrow file' "$csv"
    foreign 'Obj\1' 'an Avro file' "$csv"
    foreign '\211HDF\r\n' 'an HDF5 file' "$csv"
    foreign '\320\317\021\340' 'an old spreadsheet' 'save the sheet as CSV'
    foreign '%%PDF-1.4\n\342\343' 'a PDF document' 'write the table in it as CSV'
    foreign '\223NUMPY\1\0' 'a NumPy array' "write it with numpy.savetxt(), delimiter ','"
    foreign 'SQLite format 3\0' 'an SQLite database' 'wh-extract sqlite:f -t TABLE' 'wh-extract sqlite:FILE -t TABLE'
    foreign 'PK\3\4\0' 'a zip archive, or a spreadsheet' 'unzip -p f | ..., or save the sheet as CSV' \
        'unzip -p FILE | ..., or save the sheet as CSV'
    for order in LE BE; do
        printf 'a\n1\n' | iconv -t UTF-16$order >f
        message 1 "wh-clean: f: this is UTF-16, not UTF-8 (convert it: iconv -f UTF-16$order -t UTF-8)" \
            'wh-clean f'
    done
    all_hold
}

@test "delimiters, columns and options that cannot be" {
    printf 'a\n1\n' >in.csv
    message 2 'wh-clean: --delimiter: "ab" is not one byte (a tab may be given as \t)' \
        'wh-clean -d ab in.csv'
    message 2 'wh-clean: --delimiter: values cannot be separated by the quote' "wh-clean -d '\"' in.csv"
    message 2 'wh-clean: --delimiter: values cannot be separated by a line end' "wh-clean -d '
' in.csv"
    message 2 'wh-clean: the delimiter must be one ASCII character, and no quote or line end' \
        $'wh-clean -d \xc3 in.csv'
    message 2 'wh-clean: --tsv-escapes applies only to TSV, and no file is that (leave it out, or give --input-format tsv)' \
        'wh-clean --tsv-escapes in.csv in.csv'
    message 2 'wh-clean: --trim: columns "a\": nothing follows the backslash' \
        "wh-clean --trim 'a\\' in.csv"
    message 2 'wh-clean: --trim: pattern "(": missing closing parenthesis, at character 2' \
        "wh-clean --trim '/(/' in.csv"
    message 2 'wh-clean: --rejects and --stats cannot be the same file' \
        'wh-clean --rejects r --stats r in.csv'
    message 2 'wh-clean: --rejects: a file is expected, but this looks like a connection string (put ./ before the name of a file)' \
        'wh-clean --rejects host=h in.csv'
    message 2 'wh-clean: --max-rejects: "101%" is neither a number of rows nor a share from 0% to 100%' \
        'wh-clean --rejects r --max-rejects 101% in.csv'
    message 2 'wh-clean: --max-rejects needs --rejects FILE: without it the first bad row ends the run' \
        'wh-clean --max-rejects 1 in.csv'
    message 2 'wh-extract: --limit: "3x" is not a whole number from 0 to 18446744073709551615 (k, m, g: times 10^3, 10^6, 10^9)' \
        'wh-extract --limit 3x in.csv'
    message 2 'wh-clean: --max-row: "3x" is not a number of bytes from 1 to 2147483648 (k, m, g: times 2^10, 2^20, 2^30)' \
        'wh-clean --max-row 3x in.csv'
    all_hold
}
