# The string literals of C sources: literal(text, call, code) is called for each, where another file
# of awk functions defines it. `text` is the literal as it is written there, with those next to it put
# together, also where a macro such as PRIu64 is between them, which becomes its letter; `call` is the
# function or macro that it is an argument of, "" where it is none's; `code` is the statement so far,
# without blanks. Names of the sources on the command line.
function literal_ends() {
    if (text != "")
        literal(text, calls[depth] "", code)
    text = ""
}
function statement_ends() {
    code = word = ""
    depth = 0
    calls[0] = ""
}
FNR == 1 { literal_ends(); statement_ends(); comment = 0 }
{
    line = $0
    if (line ~ /^#/)
        next
    gsub(/PRI[ud](64|32)/, "\"u\"", line)
    gsub(/PRIx(64|32)/, "\"x\"", line)
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
        } else if (c ~ /[^ \t]/) {
            literal_ends()
            code = code c
            if (c ~ /[A-Za-z0-9_]/) {
                word = i > 1 && substr(line, i - 1, 1) ~ /[A-Za-z0-9_]/ ? word c : c
            } else {
                if (c == "(")
                    # What is in parentheses of its own is an argument of the call around them.
                    { calls[depth + 1] = word != "" ? word : calls[depth]; depth++ }
                else if (c == ")" && depth > 0)
                    depth--
                else if (c ~ /[;{}]/)
                    statement_ends()
                word = ""
            }
        }
    }
}
END { literal_ends() }
