# --threads: whatever their number, what comes out, is rejected, counted and said is the same.
# (test_parallel.c cuts inputs at random.)

load ../helper
load stream

# rows COUNT: NDJSON, of which a few rows have a column more, and a few cannot be read.
rows() {
    awk -v count="$1" 'BEGIN { for (i = 1; i <= count; i++) {
        if (i % 997 == 0) { print "{\"id\":" i ",\"amount\":"; continue }
        printf "{\"id\":%d,\"city\":\" Town %d \",\"amount\":\"%s\"%s}\n", i, i % 17,
               i % 1499 == 0 ? "twelve" : i / 8, i % 13 ? "" : ",\"more\":" i } }'
}

# csv COUNT: the same as CSV with quoted line ends and CR LF.
csv() {
    printf 'id,city,amount\r\n'
    awk -v count="$1" 'BEGIN { for (i = 1; i <= count; i++)
        if (i % 997 == 0) printf "%d,broken \"quote,1\r\n", i
        else printf "%d,%s,%s\r\n", i, i % 5 ? " Town " i % 17 " " : "\"Town, of\n\"\"quotes\"\" \"",
                    i % 1499 == 0 ? "twelve" : i / 8 }'
}

# once N COMMAND...: runs it with N threads; keeps what came out in files called *.N.
once() {
    local n=$1 tool=$2
    shift 2
    rm -f rejects rejects.state*
    "$tool" --threads "$n" --stats stats "$@" >"out.$n" 2>"err.$n" && echo 0 >>"err.$n" ||
        echo "$?" >>"err.$n"
    sed -E 's/"seconds":[^,}]*,?//' stats >"stats.$n"
    if [ -e rejects ]; then mv rejects "rejects.$n"; else : >"rejects.$n"; fi
}

# alike COMMAND...: with 2, 3 and 8 threads it does what it does with one. (Not of standard input.)
alike() {
    local n part
    once 1 "$@"
    for n in 2 3 8; do
        once "$n" "$@"
        for part in out err stats rejects; do
            same "$part.1" "$part.$n" || { echo "$n threads: $part: $*"; return 1; }
        done
    done
}

@test "rows of NDJSON and CSV come out the same for any number of threads" {
    rows 30000 >in.ndjson
    csv 30000 >in.csv
    for file in in.ndjson in.csv; do
        alike wh-clean --trim city --type amount=float --rejects rejects "$file"
        [ "$(wc -l <rejects.8)" -eq 50 ]
        tail -n 1 err.8 | grep -qx 0
        alike wh-clean --trim city -o csv --columns amount,id,city --rejects rejects "$file"
        alike wh-clean --trim city -o ndjson --string amount --null-value 12.5 --rejects rejects "$file"
        alike wh-clean --drop-missing amount --max-row 30 --rejects rejects "$file"
    done
    grep -q '"rule":"length"' rejects.8
}

@test "several files, a last line without an end, a byte order mark and gzip make no difference" {
    rows 9000 >a.ndjson
    printf '{"id":1,"city":"x","amount":"1"}' >>a.ndjson
    { printf '\xEF\xBB\xBF'; csv 9000; printf '1,"last",2'; } >b.csv
    gzip -c b.csv >c.csv.gz
    head -c 40000 c.csv.gz >cut.csv.gz
    alike wh-clean --trim city --rejects rejects a.ndjson b.csv a.ndjson
    alike wh-clean --trim city --rejects rejects b.csv c.csv.gz b.csv
    alike wh-clean --trim city --rejects rejects b.csv cut.csv.gz
    grep -q 'the gzip data ends too early' err.8
    alike wh-clean --trim city --rejects rejects b.csv nowhere.csv
    grep -q nowhere.csv err.8
}

@test "the run ends at the same bad row for any number of threads" {
    rows 30000 >in.ndjson
    csv 30000 >in.csv
    for file in in.ndjson in.csv; do
        alike wh-clean --trim city "$file"
        grep -q "$file" err.8
        alike wh-clean --trim city --type amount=float --rejects rejects --max-rejects 30 "$file"
        grep -q '31 of 18,943 rows rejected' err.8
        alike wh-clean --type amount=float --rejects rejects --max-rejects 0.05% "$file"
    done
    alike wh-clean --trim nothing in.ndjson
    alike wh-clean --exclude '/nothing/' in.csv
    alike wh-clean --exclude '!id,/nothing/' --rejects rejects in.ndjson
}

@test "steps that remember rows are refused several threads" {
    echo '{"a":1}' >in
    exits 2 wh-clean --threads 2 --unique a in
    says '--threads: --unique remembers the rows before each row, so that all must go through one thread (leave the threads out, or give that step a wh-clean of its own)'
    exits 2 wh-clean --threads 2 --unique a --state s in
    exits 2 wh-clean --threads 2 --trim a --state s in
    says '--threads: --state FILE is of all rows in their order, so that all must go through one thread (leave one of the two out)'
    says '--state FILE is of all rows'
    wh-clean --threads 1 --unique a in >out
    same in out
    exits 2 wh-clean --threads 0 in
    exits 2 wh-clean --threads 257 in
}

@test "control records pass in their places, and are checked, with several threads" {
    rows 40000 | sed '/"amount":$/d' >plain
    {
        begin "$E1"
        head -n 20000 plain
        record checkpoint "$E1" 1 20000 0
        sed -n 20001,20003p plain
        record checkpoint "$E1" 2 3 0
        tail -n +20004 plain
        record end "$E1" 3 $(($(wc -l <plain) - 20003)) 0
        committed "$E1" 3
    } >stream
    alike wh-clean --trim city stream
    [ "$(grep -c '"@wh"' out.8)" -eq 5 ]
    alike wh-clean --trim city --type amount=float --rejects rejects stream
    [ "$(wc -l <rejects.8)" -gt 10 ]
    sed '/"n":2,/s/"rows":3/"rows":4/' stream >wrong
    alike wh-clean --trim city wrong
    tail -n 1 err.8 | grep -qx 3
    { cat stream; head -n 5 plain; } >late
    alike wh-clean --trim city late
    grep -q 'rows follow the end' err.8
    { head -n 1000 plain; cat stream; } >lost
    alike wh-clean --trim city lost
    grep -v '"end"' stream >endless
    alike wh-clean --trim city endless
    head -c 900000 stream >torn
    alike wh-clean --trim city torn
}

@test "a row is answered before the next one has come, with several threads" {
    mkfifo slow
    wh-clean --threads 3 --trim a <slow >out 3>&- &
    tool=$!
    exec 9>slow
    for i in $(seq 5); do
        echo "{\"a\":\" $i \"}" >&9
        eventually lines out "$i"
    done
    rows 20000 | sed 's/id/a/' | grep -v '"amount":$' >&9
    eventually lines out $((5 + 20000 - 20))
    echo '{"a":"end"}' >&9
    eventually lines out $((6 + 20000 - 20))
    exec 9>&-
    wait "$tool"
}

@test "a signal, a closed or a full output end a run of several threads as any other" {
    rows 40000 | grep -v '"amount":$' >in
    mkfifo slow
    wh-clean --threads 2 --trim city <slow >out 2>err 3>&- &
    tool=$!
    exec 9>slow
    cat in >&9
    eventually lines out "$(wc -l <in)"
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    exec 9>&-
    [ "$status" -eq 143 ]
    { wh-clean --threads 2 --trim city in in in in in in || echo "$?" >status; } |
        head -n 1 >/dev/null
    [ "$(cat status)" -eq 141 ]
    [ -c /dev/full ] || skip "needs /dev/full"
    exits 1 sh -c 'wh-clean --threads 2 --trim city in >/dev/full'
    says 'standard output: cannot write'
}

@test "features of fixed constants come out the same for any number of threads" {
    rows 30000 >in.ndjson
    csv 30000 >in.csv
    options='--standard id --onehot city:min_frequency=3 --hash amount=32'
    rows 5000 | sed -e '/"amount":$/d' -e '/Town 3 /d' >fit.ndjson
    # shellcheck disable=SC2086 # they are words
    wh-featurize --state state --fit $options fit.ndjson
    # shellcheck disable=SC2086
    for file in in.ndjson in.csv; do
        alike wh-featurize --state state --frozen $options --rejects rejects "$file"
        grep -q 'values were not learned' err.8
        alike wh-featurize --state state --frozen $options --rejects rejects --strict "$file"
        alike wh-featurize --state state --frozen $options --rejects rejects --keep id "$file"
        alike wh-featurize --state state --frozen $options --rejects rejects -o csv "$file"
        alike wh-featurize --state state --frozen $options "$file"
    done
    # shellcheck disable=SC2086
    alike wh-featurize --state state --frozen $options --rejects rejects -o csv in.csv in.ndjson in.csv
    exits 2 wh-featurize --threads 2 --state live --standard id in.ndjson
    says '--threads: constants must not change from row to row'
    exits 2 wh-featurize --threads 2 --state other --fit-transform --standard id fit.ndjson
    exits 2 wh-featurize --threads 2 --hash city=8 fit.ndjson
    # shellcheck disable=SC2086
    exits 2 wh-featurize --threads 2 --state state --frozen --live live $options fit.ndjson
    says '--live FILE is of all rows'
}

# labelled COUNT: rows of orders with labels, of which the later ones surprise a model of the earlier.
labelled() {
    awk -v count="$1" 'BEGIN { for (i = 1; i <= count; i++) {
        x = i * 7919 % 1000; late = (i > 6000)
        printf "{\"id\":%d,\"x\":%s,\"city\":\"%s\",\"day\":\"2024-%02d-%02d\",\"code\":\"%05d\"", i,
            (late && i % 1000 == 3 ? "\"12,5\"" : x / 1000),
            (late && i % 13 == 0 ? "New " i : "c" i % 17), 1 + i % 12, 1 + i % 28, i % 300
        if (i % 7) printf ",\"z\":%s", (i % 77 ? i % 5 : "null")
        if (late && i % 11 == 0) printf ",\"weird\":%d,\"empty\":null", i % 4
        label = (late && i % 2999 == 0 ? "\"maybe\"" : i % 50 == 0 ? "null" : x < 500 ? 0 : 1)
        printf ",\"y\":%s,\"t\":%s}\n", label, 3 * x / 1000 + i % 17 } }'
}

@test "scores, explanations, measures and findings are the same for any number of threads" {
    labelled 6000 | grep -v '"y":null' >first.ndjson
    labelled 40000 | sed 1,6000d >in.ndjson
    wh-clean -o csv --columns id,x,city,day,code,z,weird,empty,y,t in.ndjson >in.csv
    wh-update -q -m nag.whm --learner nag --label y --ignore id,t first.ndjson
    wh-update -q -m auto.whm --label y --ignore id,t first.ndjson
    wh-update -q -m number.whm --label t --ignore id,y first.ndjson
    wh-update -q -m city.whm --learner nag --label city --ignore id,y,t first.ndjson
    for file in in.ndjson in.csv; do
        alike wh-score -m auto.whm --stamp "$file"
        [ "$(wc -l <out.8)" -ge 34000 ]
        grep -q '"finding":"changed type"' stats.8
        alike wh-score -m nag.whm --explain 3 --digits 4 "$file"
        alike wh-score -m city.whm --proba "$file"
        alike wh-score -m nag.whm --label y --rejects rejects "$file"
        [ "$(wc -l <rejects.8)" -eq 11 ]
        grep -q 'accuracy' err.8
        alike wh-score -m a=nag.whm -m b=auto.whm --label y --rejects rejects -n "$file"
        alike wh-score -m number.whm --label t "$file"
        alike wh-score -m nag.whm --label y "$file"
        alike wh-score -m nag.whm --label y --rejects rejects --max-rejects 5 "$file"
        alike wh-score -m nag.whm --strict --rejects rejects "$file"
        alike wh-score -m nag.whm --label nowhere "$file"
        alike wh-score -m nag.whm --label y --weight nowhere --rejects rejects "$file"
    done
    exits 2 wh-score --threads 2 -m nag.whm --watch in.csv
    says '--watch changes the model between two rows, so that all must go through one thread'
    exits 2 wh-score --threads 2 -m city.whm --label city in.csv
    says '--label of more than two classes counts them as they come, so that all rows must go through one thread (score with threads, measure with wh-score -n in another run)'
    exits 0 wh-score --threads 2 -m city.whm in.csv
    exits 0 wh-score -n -m city.whm --label city --rejects bad in.csv
    exits 2 wh-score --threads 2 -m nag.whm --describe
}

@test "a pipeline of several threads with checkpoints loads what one of single threads loads" {
    labelled 6000 | grep -v '"y":null' >first.ndjson
    labelled 30000 | sed -e 1,6000d -e '/maybe/d' >in.ndjson
    wh-featurize --state state --fit-transform --standard z --onehot city --keep y <first.ndjson |
        wh-update -q -m m.whm --label y
    for n in 1 4; do
        wh-extract in.ndjson --checkpoint "$n.json" --every 1000 |
            wh-clean --threads "$n" --exclude x |
            wh-featurize --threads "$n" --state state --frozen --standard z --onehot city --keep y |
            wh-score --threads "$n" -m m.whm --explain 2 |
            wh-load "$n.ndjson" --checkpoint "$n.json"
        wh-extract in.ndjson --mark | wh-clean --threads "$n" --exclude x |
            wh-featurize --threads "$n" --state state --frozen --standard z --onehot city --keep y |
            wh-score -q --threads "$n" -m m.whm --label y >"$n.marked"
    done
    same 1.ndjson 4.ndjson
    [ "$(wc -l <4.ndjson)" -eq "$(wc -l <in.ndjson)" ]
    diff <(rows_of 1.marked) <(rows_of 4.marked)
    [ "$(grep -c '"@wh"' 4.marked)" -eq 2 ]
}
