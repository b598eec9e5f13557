# Prints the texts of errors and notices in C sources, one a line, as they are written there:
# adjacent literals put together, also where a macro such as PRIu64 is between them, which becomes
# its letter. These are the literals that are handed to functions and read like prose, with two
# words or more, but for SQL and JSON. Names of the sources on the command line.
function flush_text(words) {
    words = text
    gsub(/%[-+ #0-9.*]*[hlz]*[a-zA-Z]/, "", words)
    if (words ~ /[a-z][a-z]/ && text != "" && said ~ /[a-z_]\(/ && text ~ /[a-z]+[:,;]? [a-z(%"\\-]+/ &&
        text !~ /^(SELECT|INSERT|CREATE|DELETE|UPDATE|ALTER|DROP|LOCK|COPY|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET|WITH|WHERE|PRAGMA|TRUNCATE|DECLARE|FETCH|EXPLAIN|ORDER|VALUES) / &&
        text !~ /^ ?[({]|^ ?(FROM|JOIN|WHERE|AND|OR|ON|ORDER|AS|SELECT|UNION|LEFT|SET|USING|VALUES|IS|NOT) /)
        print text
    text = ""
}
FNR == 1 { flush_text(); said = ""; comment = 0 }
{
    line = with_letters($0)
    if (line ~ /^#/)
        next
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (comment) {
            if (two == "*/") { comment = 0; i++ }
        } else if (two == "/*") {
            comment = 1
            i++
        } else if (c == "'") {
            i += substr(line, i + 1, 1) == "\\" ? 3 : 2
        } else if (c == "\"") {
            for (i++; (c = substr(line, i, 1)) != "\"" && i <= length(line); i++) {
                if (c == "\\") { text = text c; i++; c = substr(line, i, 1) }
                text = text c
            }
        } else if (c ~ /[A-Za-z0-9_]/) {
            flush_text()
            said = said c
        } else if (c ~ /[;{}]/) {
            flush_text()
            said = ""
        } else if (c ~ /[^ \t]/) {
            flush_text()
            said = said c
        }
    }
}
END { flush_text() }
# PRIu64 as the literal "u".
function with_letters(line) {
    gsub(/PRIu64|PRIu32/, "\"u\"", line)
    gsub(/PRId64|PRId32/, "\"d\"", line)
    gsub(/PRIx64|PRIx32/, "\"x\"", line)
    return line
}
