# What the tools write to standard error: no text from outside makes a terminal act, and no
# password is shown, whichever tool quotes it.

load ../helper

tools='wh-extract wh-clean wh-featurize wh-update wh-score wh-load'

# harmless: what the last `exits` or `run` wrote holds no control character but the line ends, no
# change of the writing direction and no broken UTF-8.
# shellcheck disable=SC2154 # bats sets it
harmless() {
    LC_ALL=C tr -d '\n\40-\176\200-\377' <<<"$stderr" >bad
    [ ! -s bad ]
    LC_ALL=C grep -qE $'\xC2[\x80-\x9F]|\xE2\x80[\xAA-\xAE]|\xE2\x81[\xA6-\xA9]' <<<"$stderr" &&
        return 1
    iconv -f UTF-8 -t UTF-8 <<<"$stderr" >/dev/null
}

# try COMMAND...: adds what it writes to the file said; it has to say something where it fails.
try() {
    local status=0
    timeout 20 "$@" </dev/null >one 2>&1 || status=$?
    [ "$status" -eq 0 ] || [ -s one ]
    { echo "$*" | tr -d '\n' | sed 's/Sesam/S____/g; s/Oeffne/O_____/g'; echo ':'; cat one; } >>said
}

@test "no tool shows a password that stands in an operand or an option" {
    local tool word
    for tool in $tools; do
        for word in postgresql://u:SesamOeffne@h/db#a POSTGRESQL://u:SesamOeffne@h/db \
            'postgres://u:SesamOeffne@[::1]:1/db' mysql://u:SesamOeffne@h:1/db \
            https://u:SesamOeffne@h/x.csv kafka://u:SesamOeffne@h:1,h:2/t \
            'postgresql://u:Sesam Oeffne@h/db' 'postgresql://u:Sesam/Oeffne@h/db' \
            'postgresql://u:Sesam@Oeffne@h/db' 'postgresql://u:Sesam%4FOeffne@h/db' \
            'postgresql://u:Sesam%zzOeffne@h/db' 'postgresql://h/db?user=u&password=SesamOeffne' \
            'postgresql://h:1/db?x=1&sslpassword=SesamOeffne' 'host=h password=SesamOeffne' \
            "host=h password='Sesam Oeffne'" 'odbc:DSN=x;UID=u;PWD=SesamOeffne' \
            'odbc:DSN=x;PWD={Sesam;Oeffne}' u:SesamOeffne@h/db; do
            try "$tool" "$word"
            try "$tool" "--checkpoint=$word"
        done
        word=postgresql://u:SesamOeffne@h/db
        try "$tool" "--url=$word"
        try "$tool" "--$word"
        try "$tool" -m "$word"
        try "$tool" --checkpoint "$word" "$word"
        try "$tool" --rejects "/dev/null/$word" "$word"
        try "$tool" --max-rejects "$word"
    done
    run ! grep -B1 -E 'Sesam|Oeffne' said
}

@test "a password is hidden in --stats too" {
    exits 1 wh-clean --stats stats.json --rejects /dev/null/postgresql://u:SesamOeffne@h/db </dev/null
    grep -q 'u:\*\*\*@h' stats.json
}

@test "an operand's name cannot make a terminal act" {
    local tool name
    for tool in $tools; do
        for name in $'a\e[31mb' $'a\e]0;title\ab' $'a\xC2\x9B31m' $'a\x7F\rb\nc' $'a\xFF' \
            $'gpj.\xE2\x80\xAEexe' $'\xE2\x81\xA6x'; do
            run --separate-stderr timeout 20 "$tool" "$name/x.csv" </dev/null
            [ "$status" -ne 0 ]
            harmless
            run --separate-stderr timeout 20 "$tool" "--$name=1" </dev/null
            [ "$status" -eq 2 ]
            harmless
        done
    done
}

@test "names of columns, values and writers of control records are escaped" {
    printf 'a\x1b[31m,b\nx,2\n' >in.csv
    exits 2 wh-clean --unique c in.csv
    harmless
    exits 1 wh-clean --type $'a\x1b[31m=bool' in.csv
    harmless
    says 'a\x1B[31m: '
    {
        printf '{"@wh":"begin","epoch":"e0e0","from":null,"position":{},"by":"a\\u001b[31m"}\n'
        printf '{"id":1}\n'
    } >stream
    exits 3 wh-clean <stream
    harmless
    says 'a\x1B[31m'
}

@test "letters of other scripts are shown as they are" {
    exits 1 wh-clean 'Zürich 東京 👩‍💻.csv'
    says 'wh-clean: Zürich 東京 👩‍💻.csv: cannot open'
}

@test "what is wrong with an option's value is said with the option's name once" {
    for tool in extract clean featurize score update load; do
        for option in $("wh-$tool" --help | grep -oE -e '--[a-z-]+ [A-Z]+' | cut -d ' ' -f 1 | sort -u); do
            for value in '' x -1 = '/(/'; do
                "wh-$tool" "$option" "$value" </dev/null >>out 2>&1 || true
            done
        done
    done
    grep -q '^wh-extract: --every: "x" is neither a number of rows nor a duration' out
    if grep -E -e '(--[a-z-]+): \1' out; then return 1; fi
}
