# Prints the texts that C sources hand to functions, one a line, as they are written there: adjacent
# literals put together, also where a macro such as PRIu64 is between them. Option tables and other
# data are left out. Names of the sources on the command line.
function flush_text() {
    if (text != "" && said ~ /[a-z_]\(/)
        print text
    text = ""
}
FNR == 1 { flush_text(); said = ""; comment = 0 }
{
    line = $0
    gsub(/PRI[ud]64/, "", line)
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
        } else if (c ~ /[^ \t]/ && c !~ /[A-Za-z0-9_]/) {
            flush_text()
            said = said c
        }
    }
}
END { flush_text() }
