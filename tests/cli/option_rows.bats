# Rows of the options' tables, made by the constructors of options.h.

load ../helper

# compiles ROW...: a table of these rows, whose target has a member of every type.
compiles() {
    {
        echo '#include <math.h>'
        echo '#include "cli/options.h"'
        echo 'struct target { bool flag; const char *text; uint64_t count; double number; size_t size;'
        echo '    int other; struct wh_texts texts; struct wh_name_list names; };'
        echo 'static const char *const words[] = { "a", "b", NULL };'
        echo 'const struct wh_option table[] = {'
        printf '%s,\n' "$@"
        echo '};'
        echo 'const char *const *uses_words = words;'
    } >row.c
    "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror -D_POSIX_C_SOURCE=200809L -I"$ROOT/lib" \
        -fsyntax-only row.c 2>said
}

# row KIND MEMBER: a row that sets the member.
row() {
    case $1 in
    FLAG) echo "WH_FLAG(struct target, $2, \"x\", 0, \"help\")" ;;
    CHOICE) echo "WH_CHOICE(struct target, $2, \"x\", 0, \"X\", words, \"help\")" ;;
    COUNT | SIZE) echo "WH_$1(struct target, $2, \"x\", 0, \"X\", 1, 9, \"help\")" ;;
    NUMBER | NUMBER_ABOVE) echo "WH_$1(struct target, $2, \"x\", 0, \"X\", 0, 1, \"help\")" ;;
    *) echo "WH_$1(struct target, $2, \"x\", 0, \"X\", \"help\", .fallback = \"a\")" ;;
    esac
}

RIGHT='FLAG:flag TEXT:text FILE:text CHOICE:text COUNT:count SIZE:count NUMBER:number
    NUMBER_ABOVE:number DURATION:number TEXTS:texts NAMES:names'

@test "a row whose member has the option's type compiles, without a warning" {
    for pair in $RIGHT; do
        compiles "$(row "${pair%:*}" "${pair#*:}")" || {
            cat said
            return 1
        }
    done
}

@test "a row whose member has another type does not compile" {
    for pair in $RIGHT; do
        for member in flag text count number other texts names; do
            [ "$member" != "${pair#*:}" ] || continue
            if compiles "$(row "${pair%:*}" "$member")"; then
                echo "a ${pair%:*} that sets the member $member compiles"
                return 1
            fi
            grep -q '_Generic\|no viable\|not compatible' said
        done
    done
}

@test "the tables of options hold no row that is made by hand" {
    cd "$ROOT"
    run ! grep -nE '\.kind = WH_OPTION|WH_OPTION_[A-Z]+,|NULL, NULL \}' cmd/*.c
    run ! grep -rnE --include='*.c' '\.kind = WH_OPTION' lib
}
