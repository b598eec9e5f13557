# One cause, told once and first, by the tool where the fault lies; the others say in one short line
# that they stopped for it.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    awk 'BEGIN { for (i = 1; i <= 3000; i++) printf "{\"id\":%d,\"y\":%d,\"x\":%d}\n", i, i % 2, i }' \
        >rows.ndjson
    extract='' clean='' featurize='' update=''
}

# pipeline: extract | clean | featurize | update over rows.ndjson with options of each; the statuses
# go to $statuses, standard error to the file err.
pipeline() {
    # shellcheck disable=SC2086 # several words each
    statuses=$(
        trap - ERR
        set +e
        wh-extract ${input-rows.ndjson} --every 500 --checkpoint m.whm $extract 2>>err |
            wh-clean --trim id $clean 2>>err |
            wh-featurize --state f.state --standard x $featurize 2>>err |
            wh-update -m m.whm --label y --checkpoint m.whm $update 2>>err
        echo "${PIPESTATUS[*]}"
    )
}

# reported TOOL STATUS LINE...: TOOL alone says what is wrong (a line with one of LINE), first; the
# others say that they stopped, in short, or nothing.
reported() {
    local tool=$1 wanted=$2 says=$3
    cat err
    head -1 err | grep "^$tool: " | grep -q -- "$says"
    run ! grep -v "^$tool: " <(grep -vE '^wh-[a-z]+: stopped, since .{1,120}$' err)
    [ "$(grep -c "^$tool: " err)" -eq 1 ]
    [ "$(wc -l <err)" -le 4 ]
    echo "statuses: $statuses"
    case $tool in
    wh-extract) [ "$statuses" = "$wanted 3 3 3" ] ;;
    wh-clean) [[ $statuses == "3 $wanted 3 3" || $statuses == "3 $wanted 0 3" ]] ;;
    wh-featurize) [ "$statuses" = "3 3 $wanted 3" ] ;;
    wh-update) [ "$statuses" = "3 3 3 $wanted" ] ;;
    esac
}

@test "a fault in wh-extract: the others stop for it" {
    { cat rows.ndjson; echo '{"id":'; cat rows.ndjson; } >broken.ndjson
    input=broken.ndjson pipeline
    reported wh-extract 1 'broken.ndjson:3001: '
    grep -q '^wh-update: stopped, since wh-extract failed$' err
    rm -f err m.whm* f.state*
    input=absent.ndjson pipeline
    reported wh-extract 1 'absent.ndjson: cannot open'
    grep -q '^wh-update: stopped, since wh-extract failed$' err
}

@test "a fault in wh-clean" {
    sed -i '2500s/"x":2500/"x":"much"/' rows.ndjson
    clean='--type x=int' pipeline
    reported wh-clean 1 'much'
    grep -q '^wh-featurize: stopped, since wh-clean failed$' err
    grep -q '^wh-update: stopped, since wh-clean failed$' err
}

@test "a fault in wh-featurize" {
    sed -i '2500s/"x":2500/"x":"much"/' rows.ndjson
    pipeline
    reported wh-featurize 1 'much'
    grep -q '^wh-update: stopped, since wh-featurize failed$' err
}

@test "a fault in wh-update" {
    sed -i '2500s/"y":0/"y":[7]/' rows.ndjson
    pipeline
    reported wh-update 1 'y: '
}

@test "a tool that is refused before it reads: the others say no more than that" {
    clean='--type x=nonsense' pipeline
    reported wh-clean 2 'nonsense'
    rm -f err m.whm* f.state*
    update='--learner nonsense' pipeline
    reported wh-update 2 'nonsense'
}

# between TOOL...: feeds it a stream that goes on, and wh-featurize | wh-update with what it writes;
# $tool is its process, $pipe theirs.
between() {
    mkfifo rows stream
    exec 4<>rows
    "$@" <rows >stream 2>>err 3>&- 4>&- &
    tool=$!
    { wh-featurize --state f.state --standard x 2>>err |
        wh-update -m m.whm --label y --checkpoint m.whm 2>>err; } <stream 3>&- 4>&- &
    pipe=$!
    printf '{"@wh":"begin","epoch":"e0e0","from":null,"position":{"at":0}}\n' >&4
    head -100 rows.ndjson >&4
    printf '{"@wh":"checkpoint","epoch":"e0e0","n":1,"rows":100,"position":{"at":1}}\n' >&4
    until [ -e m.whm ]; do sleep 0.05; done
}

@test "a tool that is killed says nothing: the next one does, in full" {
    between wh-clean --trim id
    kill -KILL "$tool"
    wait "$tool" "$pipe" || true
    exec 4>&-
    cat err
    grep -q '^wh-featurize: the stream is broken between wh-clean and wh-featurize' err
    grep -q '^wh-update: stopped, since wh-featurize failed$' err
}

@test "a tool that a signal ends is named by those that it stops" {
    for signal in TERM INT; do
        rm -f err m.whm* f.state* rows stream
        # What bash runs in the background ignores SIGINT.
        between env --default-signal=INT wh-clean --trim id
        kill -$signal "$tool"
        wait "$tool" "$pipe" || true
        exec 4>&-
        cat err
        case $signal in
        TERM)
            grep -qx 'wh-featurize: stopped, since wh-clean was ended by SIGTERM' err
            grep -qx 'wh-update: stopped, since wh-clean was ended by SIGTERM' err ;;
        INT)
            grep -qx 'wh-featurize: stopped, since wh-clean was ended by SIGINT' err
            grep -qx 'wh-update: stopped, since wh-clean was ended by SIGINT' err ;;
        esac
    done
}
