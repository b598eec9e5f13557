# What can be checked without running the tools' work: shell scripts, man pages, help texts.

load ../helper

# Each line of shellcheck's or mandoc's complaint is shown by bats when a test fails.

@test "shell scripts pass shellcheck" {
    cd "$ROOT"
    shellcheck -x .ci/run tests/run tests/run-one tests/install-deps tests/fuzz/run \
        tests/bench/run tests/bench/tune tests/crash/run tests/ci/* tests/golden/write examples/*.sh
    shellcheck -s bash tests/golden/inputs.bash
    shellcheck -x -s sh tests/bench/*.sh
}

@test "tests pass shellcheck" {
    cd "$ROOT"
    # SQL and jq programs stand in single quotes with dollars of their own (SC2016).
    shellcheck -x -e SC2016 -s bash tests/helper.bash tests/*/*.bats
}

@test "man pages pass mandoc" {
    cd "$ROOT"
    mandoc -T lint -W warning man/*.[17] >"$BATS_TEST_TMPDIR/complaints" || {
        cat "$BATS_TEST_TMPDIR/complaints"
        return 1
    }
}

tools() {
    for path in "$BIN"/wh-*; do echo "${path##*/}"; done
}

@test "every tool has a man page with exit statuses and examples" {
    for tool in $(tools); do
        page=$ROOT/man/$tool.1
        echo "$page"
        grep -q '^\.Sh EXIT STATUS' "$page"
        grep -q '^\.Sh EXAMPLES' "$page"
    done
}

@test "every option of --help stands in the man page" {
    missing=0
    for tool in $(tools); do
        page_text "$ROOT/man/$tool.1" >page
        for option in $("$tool" --help | grep -oE -- '--[a-z0-9][a-z0-9-]+' | sort -u); do
            grep -qE -- "$option([^a-z0-9-]|\$)" page || {
                echo "$tool: $option is not in its man page"
                missing=1
            }
        done
    done
    [ "$missing" -eq 0 ]
}

# of_another TOOL OPTION: the tag is that of another tool's option, which the page explains.
of_another() {
    [ "$1 $2" = 'wh-load --type' ]
}

@test "every option of a man page is one that the tool has" {
    for tool in $(tools); do
        "$tool" --help >help
        # The tags of lists, with the options that steps and other tools have left out.
        mandoc -T markdown "$ROOT/man/$tool.1" | grep -E '^\*\*?-' | grep -oE -- '--[a-z][a-z0-9-]+' |
            sort -u | while read -r option; do
            grep -qE -- "$option([^a-z0-9-]|\$)" help || of_another "$tool" "$option" || echo "$tool: $option is not in --help"
        done
    done >complaints
    cat complaints
    [ ! -s complaints ]
}

@test "every tool prints its version" {
    for tool in $(tools); do
        [[ $("$tool" --version) == "$tool "[0-9]*.*.* ]]
        [ "$("$tool" -V)" = "$("$tool" --version)" ]
        [ "$("$tool" -h)" = "$("$tool" --help)" ]
    done
}

@test "an unknown option is refused by every tool, with 2" {
    for tool in $(tools); do
        exits 2 "$tool" --no-such-option
        says "$tool: "
    done
}

@test "completions are accepted by bash and offer the options" {
    for tool in $(tools); do
        "$tool" --completion=bash >"$tool.completion"
        bash -n "$tool.completion"
        offered=$(bash -c '
            . "./$1.completion"
            COMP_WORDS=("$1" --he)
            COMP_CWORD=1
            COMP_LINE="$1 --he"
            COMP_POINT=${#COMP_LINE}
            function=$(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/")
            "$function" "$1" --he "$1"
            printf "%s\n" "${COMPREPLY[@]}"' _ "$tool")
        [[ $offered == *--help* ]]
    done
}

@test "completions are accepted by zsh and offer the options and the words of their values" {
    need zsh
    for tool in $(tools); do
        "$tool" --completion=zsh >"_$tool"
        zsh -fn "_$tool"
        [ "$(head -n 1 "_$tool")" = "#compdef $tool" ]
        zsh -fc 'autoload -Uz compinit && compinit -D -u && . ./_$1 && [[ -n $_comps[$1] ]]' _ "$tool"
    done
    grep -qF ':NAME:(auto nag ftrl coin sgd)' _wh-update
    grep -qF ':COLS:_wh_clean_columns' _wh-clean
}

@test "completions are accepted by fish and offer options, words and columns" {
    need fish
    printf 'id,amount,"first, last"\n1,2,x\n' >in.csv
    offered() {
        HOME=$PWD fish -c "$1 --completion=fish | source; complete -C '$2'" | cut -f 1
    }
    for tool in $(tools); do
        [[ $(offered "$tool" "$tool --he") == --help ]]
    done
    prints ftrl offered wh-update 'wh-update --learner f'
    prints id,amount offered wh-clean 'wh-clean in.csv --trim id,am'
}

# bash_offers TOOL WORD...: what bash's completion offers for the last of the words.
bash_offers() {
    "$1" --completion=bash >"$1.completion"
    bash -c '
        . "./$1.completion"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        "_${1/-/_}"
        printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}

@test "completions offer what the names of sources and targets begin with, and files after that" {
    touch sqlite.txt shop.db
    for tool in wh-extract wh-load; do
        prints $'sqlite.txt\nsqlite:' bash_offers "$tool" sq
        prints shop.db bash_offers "$tool" sqlite : sh
        bash_offers "$tool" sqlite : | grep -x shop.db
        prints $'postgresql://\npostgres://' bash_offers "$tool" post
        "$tool" --completion=zsh | grep -F 'compadd -S '"''"' - sqlite: postgresql:// postgres://'
        "$tool" --completion=fish | grep -F -e "-a 'sqlite:' -d"
    done
    prints sqlite.txt bash_offers wh-clean sq
}

@test "completion in zsh and fish offers sources too" {
    need zsh fish
    [[ $(HOME=$PWD fish -c "wh-extract --completion=fish | source; complete -C 'wh-extract sq'") == sqlite:* ]]
    wh-extract --completion=zsh >_wh-extract
    zsh -fn _wh-extract
}

@test "the learners, losses and tests that completion offers are those there are" {
    printf 'y,a\n1,2\n0,1\n' >rows.csv
    for option in learner loss drift on-drift unmatched task; do
        words=$(wh-update --completion=bash | sed -n "s/^ *--$option) choices=(\(.*\)) ;;/\1/p")
        [ -n "$words" ]
        for word in $words; do
            case $word in
            huber:) word=huber:1 ;;
            quantile:) word=quantile:.5 ;;
            esac
            wh-update -m m.whm --new --label y "--$option" "$word" rows.csv 2>said || true
            run ! grep -qE 'not known|unknown' said
        done
    done
}

@test "an output that cannot be written is an error of every tool's help" {
    [ -w /dev/full ] || skip "needs /dev/full"
    for tool in $(tools); do
        if "$tool" --help >/dev/full 2>/dev/null; then
            echo "$tool: --help to a full device ended with 0"
            return 1
        fi
    done
}

@test "only the extractor links connectors" {
    for tool in $(tools); do
        case $tool in wh-extract) continue ;; esac
        ! ldd "$BIN/$tool" | grep -E 'libpq|libsqlite3'
    done
}

# Out of memory there is nothing left to compose a line with.
@test "one module writes to standard error, and one waits for PostgreSQL" {
    cd "$ROOT"
    run -0 grep -lE 'write\(STDERR_FILENO|\(stderr|, stderr|perror' cmd/*.c lib/*/*.c lib/*/*/*.c
    [ "$output" = "$(printf 'lib/%s\n' base/memory.c cli/diagnostic.c cli/progress.c)" ]
    run -0 grep -lE 'PQ(exec|prepare|describe|putCopy|reset|cancel)[A-Za-z]*\(' lib/*/*.c lib/*/*/*.c
    [ "$output" = lib/database/pgquery.c ]
}
