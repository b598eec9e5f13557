# The EXAMPLES of every man page, run in their order.
#
# A line that begins with "$ " is a command, going on behind a final backslash or pipe; what follows
# is its output, which must be exactly that, where "..." alone stands for any lines. A command
# without output shown must only succeed. "$ cat FILE" of a file that is not there yet shows what is
# in it, and so makes it. Examples that speak to a PostgreSQL server are left out: they run in
# tests/source.

load ../helper

# Prints the EXAMPLES of a page, without indentation, each block followed by an empty line.
examples_of() {
    page_text "$1" | awk '
        /^[A-Z]/ { inside = $0 == "EXAMPLES"; next }
        !inside { next }
        match($0, /^ *\$ /) { indent = RLENGTH - 2; block = 1 }
        $0 == "" { block = 0 }
        block { print substr($0, indent + 1) }
        $0 == "" { print }'
}

# agrees EXPECTED-FILE FOUND-FILE, lines of "..." in the first matching any lines.
agrees() {
    awk '
        FNR == NR { wanted[++n] = $0; next }
        { found[++m] = $0 }
        function fits(i, j) {
            if (i > n) return j > m
            if (wanted[i] == "...") return fits(i + 1, j) || (j <= m && fits(i, j + 1))
            return j <= m && wanted[i] == found[j] && fits(i + 1, j + 1)
        }
        END { exit !fits(1, 1) }' "$1" "$2"
}

# Runs one command; what it should print is in the file .wanted.
run_example() {
    local command=$1 options status=0
    case $command in
    *postgresql:*) return ;;
    esac
    if [[ $command =~ ^cat\ ([^\ ]+)$ ]] && [ ! -e "${BASH_REMATCH[1]}" ]; then
        cp .wanted "${BASH_REMATCH[1]}"
        return
    fi
    # One that shows its messages among the output may show a failure.
    case $command in
    *'2>&1'*) options= ;;
    *) options='-o pipefail' ;;
    esac
    # shellcheck disable=SC2086 # none, or two words
    bash $options -c "$command" >.found 2>.said || status=$?
    if [ "$status" -ne 0 ] || { [ -s .wanted ] && ! agrees .wanted .found; }; then
        printf '$ %s\nended with %s and printed\n' "$command" "$status"
        cat .found .said
        printf 'instead of\n'
        cat .wanted
        return 1
    fi
    commands=$((commands + 1))
}

run_page() {
    local line command='' open=false
    commands=0
    examples_of "$1" >.examples
    : >.wanted
    while IFS= read -r line; do
        if $open; then
            command+=$'\n'$line
        elif [[ $line == '$ '* ]] || [ -z "$line" ]; then
            if [ -n "$command" ]; then run_example "$command"; fi
            : >.wanted
            command=${line#'$ '}
        else
            printf '%s\n' "$line" >>.wanted
            continue
        fi
        case $line in *'|' | *\\) open=true ;; *) open=false ;; esac
    done < <(cat .examples && echo)
    echo "$1: $commands examples"
    [ "$commands" -gt 0 ]
}

@test "wh(7)" { run_page "$ROOT/man/wh.7"; }
@test "wh-stream(7)" { run_page "$ROOT/man/wh-stream.7"; }
@test "wh-checkpoint(7)" { run_page "$ROOT/man/wh-checkpoint.7"; }
@test "wh-clean(1)" { run_page "$ROOT/man/wh-clean.1"; }
@test "wh-extract(1)" { run_page "$ROOT/man/wh-extract.1"; }
@test "wh-load(1)" { run_page "$ROOT/man/wh-load.1"; }
@test "wh-featurize(1)" { run_page "$ROOT/man/wh-featurize.1"; }
@test "wh-update(1)" { run_page "$ROOT/man/wh-update.1"; }
@test "wh-score(1)" { run_page "$ROOT/man/wh-score.1"; }

@test "no page is left out" {
    for page in "$ROOT"/man/*.[17]; do
        name=$(basename "$page")
        grep -qF "man/$name\"" "$BATS_TEST_FILENAME"
    done
}
