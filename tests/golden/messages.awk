# Prints the texts of errors and notices in C sources, one a line, as they are written there:
#
#   awk -f tests/literals.awk -f tests/golden/messages.awk FILE.c...
#
# These are the literals that read like prose, with two words or more, but for help, SQL, JSON and
# what the compiler or a comparison reads.
function is_help(call, code) {
    return call ~ /^WH_[A-Z_]+$/ || code ~ /\.(help|usage|summary|closing|argument|otherwise|name|op)=$/
}
function is_read(call) {
    return call ~ /^(_Static_assert|member|mem(chr|cmp)|str[a-z]+|getenv|KEEPS|(ends|begins)(_in)?|is(_word)?|contains|sqlite3_[a-z_]+)$/
}
function is_code(text) {
    return text ~ /^ ?\(?(SELECT|INSERT|CREATE|DELETE|UPDATE|ALTER|DROP|LOCK|COPY|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|WITH|WHERE|PRAGMA|TRUNCATE|DECLARE|FETCH|EXPLAIN|ORDER|VALUES|FROM|JOIN|AND|OR|ON|AS|UNION|LEFT|USING|IS|NOT|GET|IF|END|BETWEEN|THEN|COLLATE) / ||
        text ~ /^ ?\{|^ ?\) |pg_catalog\.|:= |\\" text; | bigint, | ON COMMIT DROP|^SQLite format / ||
        text == "timestamp with time zone" || text == "double precision"
}
function literal(text, call, code, words) {
    words = text
    gsub(/%[-+ #0-9.*]*[hlz]*[a-zA-Z]/, "", words)
    if (words ~ /[a-z][a-z]/ && text ~ /[a-z]+[:,;]? [a-z(%"\\-]+/ && !is_help(call, code) &&
        !is_read(call) && !is_code(text))
        print text
}
