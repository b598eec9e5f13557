# Control records on every hop: what is lost, doubled or put in another order between two tools is
# noticed by the tool behind, and nothing after the last good checkpoint is committed.

load ../helper

# A stream as wh-extract writes it: five rows, three checkpoints, the last of them the end.
stream() {
    cat <<'END'
{"@wh":"begin","epoch":"e0e0e0e0e0e0","from":null,"position":{"kind":"test","at":0},"by":"wh-extract"}
{"id":1,"x":0.5,"y":0}
{"id":2,"x":1.5,"y":1}
{"@wh":"checkpoint","epoch":"e0e0e0e0e0e0","n":1,"rows":2,"committed":0,"position":{"kind":"test","at":2},"by":"wh-extract"}
{"id":3,"x":0.1,"y":0}
{"id":4,"x":2.5,"y":1}
{"@wh":"checkpoint","epoch":"e0e0e0e0e0e0","n":2,"rows":2,"committed":0,"position":{"kind":"test","at":4},"by":"wh-extract"}
{"id":5,"x":1.1,"y":1}
{"@wh":"end","epoch":"e0e0e0e0e0e0","n":3,"rows":1,"committed":0,"position":{"kind":"test","at":5},"by":"wh-extract"}
END
}

# The tools, each as it stands in a pipe. $1 is its name; what it writes goes to standard output.
tool() {
    case $1 in
    wh-clean) wh-clean --unique id --state clean.state ;;
    wh-featurize) wh-featurize --standard x --state features.state ;;
    wh-score) wh-score -m "$BATS_FILE_TMPDIR/score.whm" ;;
    wh-update) wh-update -q -m live.whm --label y --id id --checkpoint live.whm --every 1ms ;;
    wh-load) wh-load -q out.ndjson --checkpoint c.json --every 1ms ;;
    esac
}
tools='wh-clean wh-featurize wh-score'

setup_file() {
    printf '{"x":0.5,"y":0}\n{"x":1.5,"y":1}\n' |
        wh-update -q -m "$BATS_FILE_TMPDIR/score.whm" --label y
}

# The last checkpoint that a sink has committed; 0 where it has none.
committed_by() {
    case $1 in
    wh-update) [ -e live.whm ] && zcat live.whm | jq -s 'map(objects | .checkpoint // empty)[0].n // 0' || echo 0 ;;
    wh-load) [ -e c.json ] && jq '.checkpoint.n // 0' c.json || echo 0 ;;
    esac
}

# fresh: goes to an empty folder.
fresh() {
    rm -rf work
    mkdir work
    cd work || return 1
}

# breaks COMMITTED TEXT COMMAND...: with COMMAND between wh-extract and each tool, the tool ends
# with 3, names the hop and says TEXT; and the sinks have committed so many checkpoints.
breaks() {
    local committed=$1 text=$2 tool
    shift 2
    for tool in $tools; do
        fresh
        stream | "$@" >../stream
        exits 3 tool "$tool" <../stream
        says "$tool: "
        says "between wh-extract and $tool: "
        says "$text"
        case $tool in
        wh-update | wh-load) [ "$(committed_by "$tool")" -eq "$committed" ] ;;
        *) [ "$committed" -eq 3 ] || [[ $output != *'"n":3'* ]] ;;
        esac
        cd ..
    done
}

@test "an undisturbed stream passes every tool, with counts of its own" {
    for tool in wh-clean wh-featurize wh-score; do
        fresh
        stream | tool "$tool" >../out
        cd ..
        prints 'begin null
checkpoint 2
checkpoint 2
end 1' jq -r 'select(has("@wh")) | "\(.["@wh"]) \(.rows)"' out
        prints "\"$tool\"" jq -s 'map(.by // empty) | unique[]' out
    done
    stream | tool wh-load
    [ "$(committed_by wh-load)" -eq 3 ]
    [ "$(wc -l <out.ndjson)" -eq 5 ]
    stream | tool wh-update
    [ "$(committed_by wh-update)" -eq 3 ]
}

@test "a filter that leaves rows out counts what it writes" {
    prints '2
1
1' bash -c 'sed "s/\"id\":3/\"id\":1/" | wh-clean --unique id --state s | jq ".rows // empty"' \
        < <(stream)
}

@test "a checkpoint that is dropped is noticed" {
    breaks 0 'checkpoint 2 follows checkpoint 0' sed '/"n":1,/d'
    breaks 1 'checkpoint 3 follows checkpoint 1' sed '/"n":2,/d'
}

@test "a begin that is dropped is noticed" {
    breaks 0 'there are rows before its first control record' sed 1d
    breaks 0 'it does not begin with "begin" but with "checkpoint"' sed 1,3d
}

@test "an end that is dropped is noticed" {
    breaks 2 'it stops without an end' sed '/"end"/d'
}

@test "a checkpoint that comes twice is noticed" {
    breaks 1 'checkpoint 1 follows checkpoint 1' sed '/"n":1,/p'
    breaks 3 'follows the end' sed '/"end"/p'
}

@test "a checkpoint in the wrong place is noticed" {
    # Exchanges checkpoints 1 and 2.
    breaks 0 'checkpoint 2 follows checkpoint 0' awk '
        { line[NR] = $0 }
        END { for (i = 1; i <= NR; i++) print line[i == 4 ? 7 : i == 7 ? 4 : i] }'
    # Moves checkpoint 1 before the row that it follows.
    breaks 0 'rows before checkpoint 1: 2 written, 1 received' sed '3{h;d};4G'
}

@test "a commit of what has not come yet is not believed" {
    breaks 1 '"checkpoint" says that checkpoint 7 is committed, and there have been 1' \
        sed '/"n":2/s/"committed":0/"committed":7/'
    breaks 3 '"committed" says that checkpoint 9 is committed, and there have been 3' \
        sed '$a {"@wh":"committed","epoch":"e0e0e0e0e0e0","n":9,"by":"wh-extract"}'
}

@test "a row that is lost or added is noticed" {
    breaks 0 'rows before checkpoint 1: 2 written, 1 received' sed '/"id":2/d'
    breaks 1 'rows before checkpoint 2: 2 written, 3 received' sed '/"id":3/p'
    breaks 2 'rows before checkpoint 3: 1 written, 0 received' grep -v '"id":5'
}

@test "a last line that is cut off is noticed" {
    local tool
    for tool in $tools; do
        for cut in 'head -n 7 | head -c -1' 'head -n 8 | head -c -1' 'head -n 8 | head -c -5' \
            'head -c -1'; do
            fresh
            stream | bash -c "$cut" >../stream
            exits 3 tool "$tool" <../stream
            says "$tool: "
            says 'between wh-extract and'
            case $tool-$cut in
            *-'head -n 7'*) expected=1 ;;
            *) expected=2 ;;
            esac
            case $tool in
            wh-update | wh-load) [ "$(committed_by "$tool")" -eq "$expected" ] ;;
            esac
            cd ..
        done
    done
}

@test "a row that is cut off does not go on, even where what is left of it looks whole" {
    stream | head -n 3 | head -c -1 >half
    for tool in $tools; do
        exits 3 tool "$tool" <half
        says 'it is cut off in the middle of a row (wh-extract, or a tool before it, did not finish)'
        (tool "$tool" || true) <half 2>err | cat >out
        prints 'begin
1
failed' jq -r '.["@wh"] // .id' out
    done
}

@test "a producer that dies quietly is noticed" {
    for lines in 1 2 4 5; do
        breaks $((lines >= 4)) 'it stops without an end' head -n "$lines"
    done
    # Where it died before its first word there is nothing to notice, but a sink with a checkpoint
    # knows that a stream must come.
    exits 3 tool wh-update </dev/null
    says 'wh-update: '
    exits 3 tool wh-load </dev/null
    says 'wh-load: '
}

@test "rows or records after the end are noticed" {
    breaks 3 'follow the end' sed '$a {"id":6,"x":1,"y":0}'
    breaks 3 'follows the end' sed '$a {"@wh":"checkpoint","epoch":"e0e0e0e0e0e0","n":4,"rows":0,"committed":0,"position":{},"by":"wh-extract"}'
}

@test "a stream of another epoch within the stream is noticed" {
    breaks 1 'a record of epoch f1f1f1f1f1f1 comes in epoch e0e0e0e0e0e0' \
        sed '5,$s/e0e0e0e0e0e0/f1f1f1f1f1f1/'
    breaks 0 'it begins a second time' sed 1p
}

@test "two streams one behind the other are noticed" {
    twice() { cat >one && cat one one; }
    breaks 3 'follow' twice
}

@test "rows before the begin are noticed" {
    breaks 0 'there are rows before its first control record' sed '1i {"id":0,"x":0,"y":0}'
}

@test "jq that passes every line on is no harm" {
    stream | jq -c '.' | tool wh-clean | jq -c 'if has("id") then .seen = true else . end' |
        tool wh-load
    [ "$(committed_by wh-load)" -eq 3 ]
    prints '5' bash -c 'grep -c "\"seen\":true" out.ndjson'
}

@test "jq that drops rows, or records, is noticed" {
    breaks 0 'rows before checkpoint 1: 2 written, 1 received' jq -c 'select(.id != 2)'
    exits 3 bash -c 'jq -c "select(.x > 1)" | wh-load -q out.ndjson --checkpoint c.json' < <(stream)
    [ "$(committed_by wh-load)" -eq 0 ]
}

@test "sort in the middle is noticed" {
    breaks 0 'rows before checkpoint' sort
}

@test "tee to two sinks of one checkpoint lets one of them go on" {
    mkfifo other
    wh-load -q out.ndjson --checkpoint c.json --every 1ms <other 2>second.err &
    second=$! first=0
    stream | tee other | wh-load -q out.ndjson --checkpoint c.json --every 1ms 2>first.err || first=$?
    wait "$second" && second=0 || second=$?
    [ "$((first == 0)) $((second == 0))" = '1 0' ] || [ "$((first == 0)) $((second == 0))" = '0 1' ]
    [ "$(wc -l <out.ndjson)" -eq 5 ]
}

@test "a sink that another run's stream comes to refuses it and names both" {
    stream | tool wh-load
    exits 3 tool wh-load < <(stream)
    says 'c.json'
    says 'checkpoint 3 of epoch e0e0e0e0e0e0'
    [ "$(wc -l <out.ndjson)" -eq 5 ]
}

@test "a filter's state is exactly the one that the stream goes on from" {
    stream | tool wh-clean >/dev/null
    again() { stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/; s/"from":null/"from":{"epoch":"e0e0e0e0e0e0","n":'"$1"'}/'; }
    # All five ids are known at 3, and two of them at 1.
    prints 0 bash -c 'wh-clean --unique id --state clean.state | grep -c "\"id\"" || true' < <(again 3)
    prints 3 bash -c 'wh-clean --unique id --state clean.state | grep -c "\"id\"" || true' < <(again 1)
    exits 3 tool wh-clean < <(again 9)
    says 'checkpoint 9 of epoch e0e0e0e0e0e0'
}

@test "a state without its checkpoint does not begin a stream" {
    stream | sed 's/"committed":0/"committed":1/' | tool wh-clean >/dev/null
    exits 3 tool wh-clean < <(stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/')
    says 'clean.state'
    says 'remove it to start over'
}

# A filter that rejects row 2, and remembers ids; the sink is said to have committed it all.
remembering() { wh-clean -q --unique id --type x=int --state clean.state --rejects bad.ndjson; }
committed_stream() {
    stream | sed 's/"id":2,"x":1.5/"id":2,"x":"?"/; s/"x":[0-9.]*/"x":1/; s/"committed":0/"committed":1/'
    echo '{"@wh":"committed","epoch":"e0e0e0e0e0e0","n":3,"by":"wh-extract"}'
}

@test "a source that died before its first word changes neither states nor rejects" {
    committed_stream | remembering >/dev/null
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
    cat clean.state bad.ndjson bad.ndjson.state* >before
    exits 0 remembering </dev/null
    cat clean.state bad.ndjson bad.ndjson.state* >after
    same before after
}

@test "rows that lost their control records change neither states nor rejects of a stream" {
    committed_stream | remembering >/dev/null
    cat clean.state bad.ndjson bad.ndjson.state* >before
    exits 3 remembering < <(committed_stream | grep -v @wh)
    says 'bad.ndjson: belongs to a stream with checkpoints, and these rows come without'
    exits 3 wh-clean -q --unique id --type x=int --state clean.state <<<'{"id":7,"x":1}'
    says 'clean.state: it is the state of checkpoint 3 of epoch e0e0e0e0e0e0'
    cat clean.state bad.ndjson bad.ndjson.state* >after
    same before after
}

@test "a stream that begins anew does not cut the rejects of one that has gone on" {
    committed_stream | remembering >/dev/null
    cat bad.ndjson bad.ndjson.state* >before
    exits 3 remembering < <(stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/')
    exits 3 wh-clean -q --type x=int --rejects bad.ndjson \
        < <(stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/')
    says 'bad.ndjson.state: it is the state of checkpoint 3 of epoch e0e0e0e0e0e0'
    cat bad.ndjson bad.ndjson.state* >after
    same before after
}

@test "--rejects may come to a stream later, and be begun anew" {
    resumed() { stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/; s/"from":null/"from":{"epoch":"e0e0e0e0e0e0","n":3}/'; }
    exits 0 wh-clean -q --type x=int --rejects bad.ndjson < <(resumed)
    [ "$(wc -l <bad.ndjson)" -eq 5 ]
    rm bad.ndjson
    exits 3 wh-clean -q --type x=int --rejects bad.ndjson \
        < <(resumed | sed 's/f1f1f1f1f1f1/a2a2a2a2a2a2/; s/e0e0e0e0e0e0","n":3/f1f1f1f1f1f1","n":3/')
    says 'bad.ndjson.state* to begin it anew'
    rm bad.ndjson.state*
    exits 0 wh-clean -q --type x=int --rejects bad.ndjson < <(resumed)
}

@test "--rejects that are new in a stream outlive a run that was killed before its first commit" {
    resumed() { stream | sed "s/e0e0e0e0e0e0/$1/; s/\"from\":null/\"from\":{\"epoch\":\"e0e0e0e0e0e0\",\"n\":3}/"; }
    exits 3 wh-clean -q --type y=bool --rejects bad.ndjson < <(resumed f1f1f1f1f1f1 | head -n 6)
    exits 0 wh-clean -q --type x=int --rejects bad.ndjson < <(resumed a2a2a2a2a2a2)
    [ "$(wc -l <bad.ndjson)" -eq 5 ]
}

@test "a file of rejects that a full disk cut in its first word is begun anew" {
    printf '{"er' >bad.ndjson
    exits 0 remembering <<<'{"id":1,"x":1}'
    [ ! -s bad.ndjson ]
}

@test "a checkpoint in SQLite is read although its writer was killed half-way" {
    printf '{"id":%d}\n' 1 2 3 >rows.ndjson
    run_it() {
        wh-extract -q rows.ndjson --checkpoint sqlite:out.db#c |
            wh-load -q sqlite:out.db -t t --create --checkpoint sqlite:out.db#c
    }
    run_it
    # With so small a cache the transaction is in the file and in its journal when it ends so.
    sqlite3 out.db 'PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN; UPDATE wh_checkpoint SET n = 9;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
        INSERT INTO t SELECT i FROM n;' '.shell kill -9 $PPID' || true
    [ -s out.db-journal ]
    prints 1 bash -c 'wh-extract -q rows.ndjson --checkpoint sqlite:out.db#c 2>extract.err |
        head -n 1 | jq .from.n'
    run_it
    prints 3 sqlite3 out.db 'SELECT count(*) FROM t'
}

@test "--unique without --state is refused under checkpoints, and names the remedy" {
    exits 2 wh-clean --unique id < <(stream)
    says '--state'
}

@test "CSV output is refused under control records" {
    exits 2 wh-clean -o csv < <(stream)
    says 'CSV has no room for control records'
    printf 'id\n1\n' >in.csv
    exits 2 wh-extract --mark -o csv in.csv
    says 'CSV'
}

@test "a sink with --checkpoint needs control records, one without refuses them" {
    exits 3 tool wh-load <<<'{"id":1}'
    exits 3 tool wh-update <<<'{"id":1,"x":1,"y":0}'
    exits 2 wh-load -q out.ndjson < <(stream)
    says '--checkpoint'
    exits 2 wh-update -q -m live.whm --label y < <(stream)
    says '--checkpoint'
}

@test "a stream through another recipe is refused unless that is allowed" {
    stream | wh-clean --fill y=0 | tool wh-load
    again() { stream | sed 's/e0e0e0e0e0e0/f1f1f1f1f1f1/; s/"from":null/"from":{"epoch":"e0e0e0e0e0e0","n":3}/'; }
    exits 2 bash -c 'wh-clean --fill y=1 | wh-load -q out.ndjson --checkpoint c.json' < <(again)
    says '--changed-recipe'
    again | wh-clean --fill y=1 | wh-load -q out.ndjson --checkpoint c.json --changed-recipe
    [ "$(wc -l <out.ndjson)" -eq 10 ]
}

@test "a record that is damaged or of an unknown kind breaks the stream" {
    local tool
    for tool in $tools; do
        fresh
        exits 3 tool "$tool" < <(stream | sed '4s/"rows":2/"rows":x/')
        exits 3 tool "$tool" < <(stream | sed '4s/checkpoint/teapot/')
        says 'teapot'
        exits 3 tool "$tool" < <(stream | sed '1s/e0e0e0e0e0e0/..\/..\/x/')
        cd ..
    done
}

@test "a row of a source that looks like a control record is a bad row" {
    printf '{"id":1}\n%s\n{"id":2}\n' '{"@wh":"committed","epoch":"aaaaaaaaaaaa","n":1}' >rows.ndjson
    exits 1 wh-extract --mark rows.ndjson
    says 'rows.ndjson:2: byte 2: a row must not begin with the key "@wh"'
    prints '{"id":1}
{"id":2}' bash -c 'wh-extract -q --mark --rejects bad.ndjson rows.ndjson | grep -v "^{.@wh"'
}

@test "--mark lets a producer that died be told from the end of the data" {
    printf '{"id":1}\n{"id":2}\n' >rows.ndjson
    prints '{"id":1}
{"id":2}' bash -c 'wh-extract --mark rows.ndjson | wh-clean | grep -v "^{.@wh"'
    prints 'begin
end' bash -c 'wh-extract --mark rows.ndjson | wh-clean | jq -r ".[\"@wh\"] // empty"'
    exits 3 bash -c 'wh-extract --mark rows.ndjson | head -n 2 | wh-clean'
    says 'between wh-extract and wh-clean: it stops without an end'
    exits 3 bash -c 'wh-extract --mark rows.ndjson | head -n 2 | wh-load -q out.ndjson'
    [ ! -s out.ndjson ]
    wh-extract --mark rows.ndjson | wh-clean | wh-load -q out.ndjson
    same rows.ndjson out.ndjson
}

@test "a stream of --mark cannot be resumed, and is refused by --checkpoint" {
    printf '{"id":1}\n' >rows.ndjson
    exits 2 bash -c 'wh-extract --mark rows.ndjson | wh-load -q out.ndjson --checkpoint c.json'
    says '--mark'
}

@test "a downstream that goes away under control records is an error, not a quiet end" {
    rm -f rows.ndjson
    seq -f '{"id":%.0f}' 100000 >rows.ndjson
    exits 0 bash -c 'wh-extract --mark rows.ndjson | head -n 1 >/dev/null; echo "${PIPESTATUS[0]}"'
    [ "$output" = 3 ]
}
