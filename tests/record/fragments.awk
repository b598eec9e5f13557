# Prints the parts of messages that the tables of remedies look for, one a line: the quoted text that
# follows `remedy STATUS` or `fails STATUS`. Names of the .bats files on the command line.
/^ *(remedy|fails) [0-9] ['"]/ {
    sub(/^ *(remedy|fails) [0-9] /, "")
    quote = substr($0, 1, 1)
    text = ""
    for (i = 2; i <= length($0) && (c = substr($0, i, 1)) != quote; i++) {
        if (c == "\\" && quote == "\"") { i++; c = substr($0, i, 1) }
        text = text c
    }
    print text
}
