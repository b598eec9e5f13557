# wh-load's command line, and what it makes of control records.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    seq 1 20 | sed 's/.*/{"id":&}/' >rows.ndjson
    sqlite3 t.db 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)'
}

begin='{"@wh":"begin","epoch":"aaaaaaaaaaaa","from":null,"position":{},"through":[],"by":"wh-extract"}'
end='{"@wh":"end","epoch":"aaaaaaaaaaaa","n":2,"rows":1,"committed":1,"position":{"at":2},"by":"wh-extract"}'

# checkpoint N ROWS: a record of the epoch that `begin` begins.
checkpoint() {
    printf '{"@wh":"checkpoint","epoch":"aaaaaaaaaaaa","n":%s,"rows":%s,"committed":0,' "$1" "$2"
    printf '"position":{"at":%s},"by":"wh-extract"}\n' "$1"
}

@test "a target, and for a database a table, must be named" {
    exits 2 wh-load
    says 'no TARGET: name sqlite:PATH, postgresql://[USER@]HOST[:PORT]/DATABASE or a file'
    exits 2 wh-load sqlite:t.db rows.ndjson
    says 'say which table the rows go to: -t NAME'
}

@test "a target of an unknown kind is refused, the nearest suggested" {
    exits 2 wh-load postgrsql://db/shop -t t
    says 'no kind of target is called postgrsql:// (did you mean postgresql://?)'
}

@test "standard output is no target" {
    exits 2 wh-load - rows.ndjson
    says 'for rows on standard output leave wh-load out'
}

@test "options that the target has no use for are refused" {
    for option in '-t t' '--key id' --create --apply; do
        # shellcheck disable=SC2086 # an option and its value
        exits 2 wh-load out.ndjson $option rows.ndjson
        says "applies only to databases, but the target is a file"
    done
    exits 2 wh-load sqlite:t.db -t t -o csv rows.ndjson
    says '--output-format applies only to files, but the target is a database'
    exits 2 wh-load sqlite:t.db -t t --columns id rows.ndjson
    says '--columns applies only to files'
    exits 2 wh-load sqlite:t.db -t t --rotate day1 rows.ndjson
    says '--rotate applies only to files, but the target is a database'
    [ ! -e out.ndjson ]
}

@test "options that need another, or contradict one, are refused" {
    exits 2 wh-load sqlite:t.db -t t --apply rows.ndjson
    says '--apply needs --key'
    exits 2 wh-load out.ndjson --every 5s rows.ndjson
    says '--every requires --checkpoint'
    exits 2 wh-load out.ndjson --changed-recipe rows.ndjson
    says '--changed-recipe requires --checkpoint'
    exits 2 wh-load sqlite:t.db -t t --replace --checkpoint sqlite:t.db#t rows.ndjson
    says '--replace and --checkpoint exclude each other'
    exits 2 wh-load sqlite:t.db -t t --replace --apply --key id rows.ndjson
    says '--replace and --apply exclude each other'
    echo '{"columns":{"id":"bigint"}}' >schema.json
    exits 2 wh-load sqlite:t.db -t t --schema schema.json rows.ndjson
    says '--schema says how to make the table: it needs --create'
}

@test "a duration or a key that is none is refused" {
    exits 2 wh-load out.ndjson --checkpoint c --every soon rows.ndjson
    says '--every: "soon" is not a duration'
    exits 2 wh-load sqlite:t.db -t t --key 'id,,a' rows.ndjson
    says '--key: a name is missing between the commas'
    exits 2 wh-load sqlite:t.db -t t --key 'id,id' rows.ndjson
    says '--key: column id is listed twice'
}

@test "a checkpoint outside of the target is refused, with what it has to look like" {
    exits 2 wh-load sqlite:t.db -t t --checkpoint here.json rows.ndjson
    says "give --checkpoint 'sqlite:t.db#NAME'"
    exits 2 wh-load sqlite:t.db -t t --checkpoint sqlite:u.db#t rows.ndjson
    says "give --checkpoint 'sqlite:t.db#NAME'"
    exits 2 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db# rows.ndjson
    exits 2 wh-load out.ndjson --checkpoint sqlite:t.db#t rows.ndjson
    says 'its checkpoint a small file beside it: give --checkpoint out.ndjson.checkpoint, say'
    exits 2 wh-load out.ndjson --checkpoint ./out.ndjson rows.ndjson
    exits 2 wh-load postgresql://ada:secret@db/shop -t t --checkpoint c rows.ndjson
    says "'postgresql://ada@db/shop#NAME'"
    # shellcheck disable=SC2154 # exits sets stderr
    [[ $stderr != *secret* ]]
}

@test "rows without control records are refused with --checkpoint" {
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t rows.ndjson
    says 'wh-extract lacks --checkpoint sqlite:t.db#t)'
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t /dev/null
    exits 3 wh-load out.ndjson --checkpoint out.json rows.ndjson
    says 'wh-extract lacks --checkpoint out.json)'
    prints 0 sqlite3 t.db 'SELECT count(*) FROM t'
    [ ! -s out.ndjson ]
}

@test "a stream with checkpoints is refused without --checkpoint" {
    { echo "$begin"; echo '{"id":1}'; } >stream
    exits 2 wh-load sqlite:t.db -t t stream
    says 'give wh-load the --checkpoint of wh-extract too, which must be TARGET#NAME'
    exits 2 wh-load out.ndjson stream
    says "which must be a file's name"
    [ ! -e out.ndjson ]
}

@test "a stream of --mark is committed on its end, and refused with --checkpoint" {
    wh-extract --mark rows.ndjson >stream
    exits 2 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t stream
    says "the stream was made with --mark, which nothing can be resumed from"
    wh-load sqlite:t.db -t t stream
    prints 20 sqlite3 t.db 'SELECT count(*) FROM t'
    head -n -1 stream >torn
    exits 3 wh-load out.ndjson torn
    [ ! -e out.ndjson ]
    wh-load out.ndjson stream
    same rows.ndjson out.ndjson
}

@test "a stream that is cut off leaves its last good checkpoint" {
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1; echo '{"id":2}'; } >stream
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t stream
    prints 1 sqlite3 t.db 'SELECT group_concat(id) FROM t'
    prints 'aaaaaaaaaaaa|1' sqlite3 t.db 'SELECT epoch, n FROM wh_checkpoint'
    exits 3 wh-load out.ndjson --checkpoint out.json stream
    prints '{"id":1}' cat out.ndjson
    prints 1 jq .checkpoint.n out.json
}

@test "a checkpoint that was put off is committed when nothing has followed it" {
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1; echo '{"id":2}'; checkpoint 2 1; } >stream
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 1h stream
    prints 'aaaaaaaaaaaa|2' sqlite3 t.db 'SELECT epoch, n FROM wh_checkpoint'
    echo '{"id":3}' >>stream
    sqlite3 t.db 'DELETE FROM t; DROP TABLE wh_checkpoint'
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 1h stream
    prints 'aaaaaaaaaaaa|1' sqlite3 t.db 'SELECT epoch, n FROM wh_checkpoint'
    prints 1 sqlite3 t.db 'SELECT count(*) FROM t'
}

@test "an idle stream's last checkpoint is committed without another row" {
    mkfifo pipe
    wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t --every 200ms pipe 3>&- &
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1; echo '{"id":2}'; checkpoint 2 1
      eventually holds 2 sqlite3 t.db 'SELECT count(*) FROM t'; } >pipe 3>&-
    prints 2 sqlite3 t.db 'SELECT count(*) FROM t'
    wait || true
}

@test "a table that is yet to be made tells why an idle stream's rows are not committed" {
    mkfifo pipe
    wh-load sqlite:t.db -t new --create --checkpoint sqlite:t.db#t --every 200ms pipe 2>said 3>&- &
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1
      eventually grep -q 'create: the rows wait until 1,000 of them, or the end of the rows, decide the types of the columns (--schema makes the table at once)' said
      echo '{"id":2}'; echo "$end"; } >pipe 3>&-
    wait $!
    prints 2 sqlite3 t.db 'SELECT count(*) FROM new'
    prints 1 grep -c 'the rows wait until' said
}

@test "at most one commit in the time of --every" {
    { echo "$begin"
      for n in $(seq 10); do echo '{"id":1}'; checkpoint "$n" 1; done
      echo '{"@wh":"end","epoch":"aaaaaaaaaaaa","n":11,"rows":0,"committed":0,"position":{},"by":"x"}'
    } >stream
    wh-load out.ndjson --checkpoint out.json --every 1h --stats stats.json stream
    prints '[2,10]' jq -c '[.commits, .rows_committed]' stats.json
    rm out.*
    wh-load out.ndjson --checkpoint out.json --every 0s --stats stats.json stream
    prints '[11,10]' jq -c '[.commits, .rows_committed]' stats.json
}

@test "a stream that goes on from elsewhere than the checkpoint is refused" {
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1; echo '{"id":2}'; echo "$end"; } >stream
    wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t stream
    exits 3 wh-load sqlite:t.db -t t --checkpoint sqlite:t.db#t stream
    says 'sqlite:t.db#t holds checkpoint 2 of epoch aaaaaaaaaaaa, and the stream continues from nothing'
}

@test "rows through other recipes are refused, unless --changed-recipe" {
    wh-extract rows.ndjson --checkpoint c.json --every 5 |
        wh-clean --fill id=0 | wh-load out.ndjson --checkpoint c.json
    seq 21 25 | sed 's/.*/{"id":&}/' >>rows.ndjson
    exits 2 bash -c 'set +o pipefail; wh-extract rows.ndjson --checkpoint c.json 2>/dev/null |
        wh-clean --fill id=1 2>/dev/null | wh-load out.ndjson --checkpoint c.json'
    says 'the rows come through other recipes than those committed to c.json'
    wh-extract rows.ndjson --checkpoint c.json | wh-clean --fill id=1 |
        wh-load out.ndjson --checkpoint c.json --changed-recipe
    same rows.ndjson out.ndjson
}

@test "a bad row ends the run with nothing loaded, or goes to the rejects" {
    echo '{"id":7}' >>rows.ndjson
    exits 1 wh-load sqlite:t.db -t t rows.ndjson
    says 'wh-load: rows.ndjson:21: UNIQUE constraint failed: t.id'
    prints 0 sqlite3 t.db 'SELECT count(*) FROM t'
    exits 0 wh-load sqlite:t.db -t t --rejects bad.ndjson rows.ndjson
    says '1 of 21 rows rejected, see bad.ndjson'
    prints '["UNIQUE constraint failed: t.id",21,"{\"id\":7}"]' \
        jq -c '[.error, .line, .row]' bad.ndjson
    prints 20 sqlite3 t.db 'SELECT count(*) FROM t'
}

@test "too many rejects leave nothing loaded" {
    exits 1 bash -c 'cat rows.ndjson rows.ndjson |
        wh-load sqlite:t.db -t t --rejects bad.ndjson --max-rejects 10'
    prints 0 sqlite3 t.db 'SELECT count(*) FROM t'
}

@test "SIGTERM leaves what the last commit left" {
    mkfifo pipe
    wh-load out.ndjson --checkpoint out.json pipe 3>&- &
    loader=$!
    exec 4>pipe
    { echo "$begin"; echo '{"id":1}'; checkpoint 1 1; echo '{"id":2}'; } >&4
    eventually holds 1 jq .checkpoint.n out.json
    kill -TERM $loader
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 143 ]
    exec 4>&-
    prints '{"id":1}' cat out.ndjson
    [ ! -e out.json.lock ]
    [ ! -e out.ndjson.lock ]
}

@test "--replace by nothing is believed of a file and of a marked stream, not of a pipe" {
    sqlite3 t.db 'INSERT INTO t (id) VALUES (1)'
    exits 1 wh-load sqlite:t.db -t t --replace </dev/null
    says '--replace, and no row came: what is there stays'
    prints 1 sqlite3 t.db 'SELECT count(*) FROM t'
    : >none.ndjson
    wh-extract --mark none.ndjson | wh-load sqlite:t.db -t t --replace
    prints 0 sqlite3 t.db 'SELECT count(*) FROM t'
    sqlite3 t.db 'INSERT INTO t (id) VALUES (1)'
    wh-load sqlite:t.db -t t --replace none.ndjson
    prints 0 sqlite3 t.db 'SELECT count(*) FROM t'
}

# table_of N: the columns that a stream of rows makes with a checkpoint after every N rows.
table_of() {
    rm -f t.db
    wh-extract in.ndjson --checkpoint sqlite:t.db#c --every "$1" 2>/dev/null |
        wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c --every 1ms "${@:2}"
    sqlite3 t.db .dump | grep -v wh_checkpoint
}

@test "--create decides by the first 1,000 rows, wherever checkpoints fall" {
    seq 1 2500 | awk '{ v = $1; if ($1 == 900) v = "1.5"; if ($1 == 950) v = "\"x\""
        printf "{\"id\":%d,\"v\":%s%s}\n", $1, v, $1 == 999 ? ",\"late\":true" : "" }' >in.ndjson
    table_of 100000 >expected
    grep -q '"id" INTEGER, "v", "late" BOOLEAN' expected
    local every
    for every in 1 7 999 1000 1001; do
        table_of "$every" >found
        same expected found
    done
    # Fewer rows than that decide at their end.
    head -n 950 in.ndjson >few && mv few in.ndjson
    table_of 100 >found
    grep -q '"id" INTEGER, "v")' found
}

# cut_off FILE ROWS EVERY: a first run's stream of the first rows of FILE, without its end.
cut_off() {
    echo '{"@wh":"begin","epoch":"aaaaaaaaaaaa","from":null,"position":{},"by":"test"}'
    head -n "$2" "$1" | awk -v every="$3" '{ print }
        NR % every == 0 { printf "{\"@wh\":\"checkpoint\",\"epoch\":\"aaaaaaaaaaaa\",\"n\":%d,", NR / every
            printf "\"rows\":%d,\"committed\":0,\"position\":{},\"by\":\"test\"}\n", every }'
}

@test "--create decides alike when the run was killed before it had rows enough" {
    seq 1 1500 | awk '{ printf "{\"id\":%d,\"v\":%s}\n", $1, $1 == 800 ? "\"x\"" : $1 }' >in.ndjson
    table_of 100000 >expected
    rm -f t.db
    cut_off in.ndjson 600 100 >stream
    exits 3 wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c --every 1ms stream
    prints 0 sqlite3 t.db "SELECT count(*) FROM sqlite_schema WHERE name = 't'"
    cut_off in.ndjson 1200 100 >stream
    exits 3 wh-load sqlite:t.db -t t --create --checkpoint sqlite:t.db#c --every 1ms stream
    sqlite3 t.db '.schema t' >found
    grep -q '"v")' found
    rm t.db
    table_of 50 >found
    same expected found
}

@test "rows that a new table refuses are rejected at the end of a stream, and counted by --max-rejects" {
    rm t.db
    { cut_off <(printf '{"id":%s}\n' 1 null 2) 3 1
      echo '{"@wh":"end","epoch":"aaaaaaaaaaaa","n":4,"rows":0,"committed":0,"position":{},"by":"test"}'; } >stream
    exits 0 wh-load sqlite:t.db -t t --create --key id --checkpoint sqlite:t.db#c --rejects bad stream
    prints 4 jq -r .line bad
    prints 2 sqlite3 t.db 'SELECT count(*) FROM t'
    rm t.db
    exits 1 wh-load sqlite:t.db -t t --create --key id --checkpoint sqlite:t.db#c --rejects bad \
        --max-rejects 20% stream
    says '1 of 3 rows rejected, more than --max-rejects 20%'
    prints 0 sqlite3 t.db "SELECT count(*) FROM sqlite_schema WHERE name = 't'"
}

@test "a run that began before another one made the table ends with 3, and names the other" {
    mkfifo late
    wh-load sqlite:new.db -t made --create --checkpoint sqlite:new.db#made late 2>err 3>&- &
    loader=$!
    exec 4>late
    sleep 0.3 # it has looked for the table by now, unless the machine is busy
    { echo "$begin"; echo '{"id":1}'; echo "${end/'"n":2'/'"n":1'}"; } |
        wh-load sqlite:new.db -t made --create --checkpoint sqlite:new.db#made
    echo "${begin/aaaaaaaaaaaa/bbbbbbbbbbbb}" >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'sqlite:new.db#made holds checkpoint 1 of epoch aaaaaaaaaaaa' err
    prints 1 sqlite3 new.db 'SELECT count(*) FROM made'
}

@test "a run that goes on from the rows of a table made since it began has to be started again" {
    mkfifo late
    sqlite3 new.db 'CREATE TABLE other (id)'
    wh-load sqlite:new.db -t made --create --checkpoint sqlite:new.db#made late 2>err 3>&- &
    loader=$!
    exec 4>late
    sleep 0.3 # it has looked for the table by now, unless the machine is busy
    { echo "$begin"; echo '{"id":1}'; echo "${end/'"n":2'/'"n":1'}"; } |
        wh-load sqlite:new.db -t made --create --checkpoint sqlite:new.db#made
    from='"from":{"epoch":"aaaaaaaaaaaa","n":1}'
    echo "${begin/'"from":null'/$from}" >&4
    exec 4>&-
    ended=0
    wait $loader || ended=$?
    [ "$ended" -eq 3 ]
    grep -q 'sqlite:new.db: another run has made the table made meanwhile: run the line again' err
}
