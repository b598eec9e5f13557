# wh-update in a stream with checkpoints: as its sink (--checkpoint) and on its way (-p). Streams
# are written by hand here, cut and resumed wherever chance has it.
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2034,SC2119,SC2120,SC2154
load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    awk "$RANDOM_AWK"'BEGIN {
        random_seed(11)
        split("Lagos,Oslo,Lima,Rome", city, ",")
        for (i = 1; i <= 200; i++) {
            a = random() * 10; c = int(random() * 4) + 1
            y = i % 5 == 0 ? "null" : a + c > 7
            printf "{\"id\":%d,\"a\":%.3f,\"city\":\"%s\",\"y\":%s}\n", i, a, city[c] int(i / 40), y
        }
    }' >rows
}

# stream EPOCH FROM SEED [ROWS [ROW]]: the stream of ROWS behind row ROW, as wh-extract writes it,
# with checkpoints where SEED has it and an end.
stream() {
    awk -v epoch="$1" -v from="$2" -v seed="$3" -v first="${5-0}" "$RANDOM_AWK"'
    function record(kind) {
        printf "{\"@wh\":\"%s\",\"epoch\":\"%s\",\"n\":%d,\"rows\":%d,\"committed\":0," \
            "\"position\":{\"row\":%d},\"by\":\"wh-extract\"}\n", kind, epoch, ++n, rows, row
        rows = 0
    }
    BEGIN {
        random_seed(seed)
        row = first
        printf "{\"@wh\":\"begin\",\"epoch\":\"%s\",\"from\":%s,\"position\":{\"row\":%d}," \
            "\"through\":[],\"by\":\"wh-extract\"}\n", epoch, from, row
    }
    NR > first { print; row++; rows++; if (random() < 0.15) record("checkpoint") }
    END { record("end") }' "${4-rows}"
}

# marked: the rows as wh-extract --mark writes them.
marked() {
    stream aaaaaaaaaaa1 null 1 | grep -v '"@wh":"checkpoint"' |
        sed '1s/"from":null,"position":{"row":0},//; $s/"n":[0-9]*,"rows":[0-9]*/"n":1,"rows":200/
            $s/,"position":{"row":200}//'
}

# held [MODEL]: the checkpoint that is in a model's file, null where there is none.
held() {
    if [ -e "${1-m.whm}" ]; then zcat "${1-m.whm}" | sed -n 2p | jq -c .checkpoint; else echo null; fi
}

digest() {
    wh-score -m "${1-m.whm}" --digest
}

# plain: makes plain.whm of all rows at once, without a stream.
plain() {
    wh-update -m plain.whm --label y --ignore id -q rows
}

sink() {
    wh-update -m m.whm --label y --ignore id --checkpoint m.whm "$@"
}

@test "a model and the stream's position are saved in one step, and the next run goes on there" {
    plain
    exits 0 eval 'stream aaaaaaaaaaa1 null 1 | sink --every 0s -q --stats stats.json'
    prints '{"epoch":"aaaaaaaaaaa1","position":{"row":200}}' eval 'held | jq -c "{epoch,position}"'
    [ "$(digest)" = "$(digest plain.whm)" ]
    jq -e '.commits > 10 and .rows_learned == 160' stats.json
    exits 0 eval 'stream bbbbbbbbbbb2 "$(held | jq -c "{epoch,n}")" 1 rows 200 | sink'
    says 'm.whm: no row to learn from, only its place in the stream is new'
    prints '{"epoch":"bbbbbbbbbbb2","n":1}' eval 'held | jq -c "{epoch,n}"'
    [ "$(digest)" = "$(digest plain.whm)" ]
    exits 0 wh-score -m m.whm --describe
    [[ $output == *'checkpoint 1 of epoch bbbbbbbbbbb2'* ]]
}

@test "cut anywhere and run again, a stream teaches what one run teaches" {
    plain
    local try seed=$RANDOM epoch last every
    echo "seed $seed"
    RANDOM=$seed
    for try in {1..3}; do
        rm -f m.whm
        every=$((try % 2 ? 0 : 1))ms
        for epoch in {1..99}; do
            last=$(held | jq '.position.row // 0')
            stream "$(printf '%012d' "$epoch")" "$(held | jq -c 'if . then {epoch,n} else . end')" \
                "$RANDOM" rows "$last" >all
            run --separate-stderr eval 'head -n $((RANDOM % 150)) all | sink -q --every $every'
            [ "$status" -ne 0 ] || break
            [ "$status" -eq 3 ]
        done
        prints 200 eval 'held | jq .position.row'
        [ "$(digest)" = "$(digest plain.whm)" ]
    done
}

@test "killed at any time, the file holds as much as its position says" {
    plain
    local try place
    for try in {1..12}; do
        stream "$(printf '%012d' "$try")" "$(held | jq -c 'if . then {epoch,n} else . end')" "$try" \
            rows "$(held | jq '.position.row // 0')" |
            while IFS= read -r line; do
                printf '%s\n' "$line"
                [ $((RANDOM % 8)) -gt 0 ] || sleep 0.001
            done |
            exec wh-update -m m.whm --label y --ignore id --checkpoint m.whm -q --every 0s 2>error &
        sleep "0.0$((RANDOM % 9))"
        kill -9 $! 2>/dev/null || true
        wait $! || true
        place=$(held | jq '.position.row // 0')
        if [ "$place" -gt 0 ]; then
            head -n "$place" rows | wh-update -m part.whm --new --label y --ignore id -q
            [ "$(digest)" = "$(digest part.whm)" ]
        fi
        [ "$place" -lt 200 ] || break
    done
    stream eeeeeeeeeee1 "$(held | jq -c 'if . then {epoch,n} else . end')" 1 rows \
        "$(held | jq '.position.row // 0')" | sink -q
    [ "$(digest)" = "$(digest plain.whm)" ]
}

@test "a checkpoint that --every put off is saved while the source is quiet" {
    local at
    stream aaaaaaaaaaa1 null 1 >all
    at=$(grep -n '"checkpoint"' all | tail -n 1 | cut -d: -f1)
    mkfifo in
    sink -q --every 200ms <in &
    exec 5>in
    head -n "$at" all >&5
    eventually holds "$(sed -n "${at}p" all | jq .n)" eval 'held | jq .n'
    tail -n +$((at + 1)) all >&5
    exec 5>&-
    wait $!
    prints 200 eval 'held | jq .position.row'
}

@test "a stream that stops without an end keeps its last checkpoint, and nothing behind it" {
    stream aaaaaaaaaaa1 null 1 >all
    local at
    at=$(grep -n '"checkpoint"' all | sed -n '3s/:.*//p')
    exits 3 eval 'head -n "$at" all | sink --every 1h'
    says 'the stream is broken between wh-extract and wh-update'
    prints 3 eval 'held | jq .n' # not put off: no row has followed
    rm m.whm
    exits 3 eval 'head -n $((at + 1)) all | sink --every 1h'
    prints 1 eval 'held | jq .n'
    head -n "$(held | jq .position.row)" rows | wh-update -m part.whm --label y --ignore id -q
    [ "$(digest)" = "$(digest part.whm)" ]
}

@test "asked to end, it saves a checkpoint that no row has followed, and no other" {
    stream aaaaaaaaaaa1 null 1 >all
    local at rows ended
    at=$(grep -n '"checkpoint"' all | sed -n '3s/:.*//p')
    for rows in 0 1; do
        rm -f m.whm in seen
        mkfifo in
        wh-update -m m.whm --label y --ignore id -q --checkpoint m.whm --every 1h <in &
        exec 5>in
        head -n $((at + rows)) all >&5
        eventually [ -e m.whm ]
        sleep 0.3
        kill $!
        ended=0
        wait $! || ended=$?
        exec 5>&-
        [ "$ended" -eq 143 ]
        prints "$((rows ? 1 : 3))" eval 'held | jq .n'
    done
}

@test "only the stream that the model is a part of is learned from" {
    stream aaaaaaaaaaa1 null 1 | sink -q
    cp m.whm before.whm
    exits 3 eval 'stream bbbbbbbbbbb2 null 1 | sink'
    says 'm.whm holds checkpoint'
    exits 3 eval 'stream bbbbbbbbbbb2 "{\"epoch\":\"cccccccccccc\",\"n\":4}" 1 | sink'
    says 'checkpoint 4 of epoch cccccccccccc'
    exits 2 wh-update -m m.whm rows
    says 'm.whm belongs to a stream (it holds checkpoint'
    says '--detach'
    exits 2 eval 'marked | wh-update -m m.whm'
    says 'm.whm belongs to a stream'
    exits 3 sink rows
    says 'no control records came (the tool before it has failed, or wh-extract lacks --checkpoint m.whm)'
    exits 3 sink /dev/null
    same before.whm m.whm
}

@test "a model that was changed by somebody else during the run is left to them" {
    stream aaaaaaaaaaa1 null 1 >all
    local half=$(($(grep -n '"checkpoint"' all | sed -n '4s/:.*//p')))
    stream bbbbbbbbbbb2 null 2 | sink -q
    mv m.whm other.whm
    for swap in 'cp other.whm m.whm' 'rm m.whm' 'echo text >m.whm'; do
        rm -f m.whm
        mkfifo in
        sink -q --every 0s <in 2>error &
        exec 5>in
        head -n "$half" all >&5
        eventually holds 4 eval "held | jq .n"
        eval "$swap"
        if [ -e m.whm ]; then cp m.whm swapped; else rm -f swapped; fi
        tail -n +$((half + 1)) all >&5 || true
        exec 5>&-
        local ended=0
        wait $! || ended=$?
        [ "$ended" -eq 3 ]
        if [ -e swapped ]; then same swapped m.whm; else [ ! -e m.whm ]; fi
        rm in
    done
}

@test "a model that was learned from files may begin a stream" {
    head -n 50 rows >first
    tail -n +51 rows >rest
    wh-update -m m.whm --label y --ignore id -q first
    stream aaaaaaaaaaa1 null 1 rest | sink -q
    plain
    [ "$(digest)" = "$(digest plain.whm)" ]
}

@test "a stream without rows or labels moves the position on, and options may still change" {
    : >none
    stream aaaaaaaaaaa1 null 1 none | sink -q
    prints 0 eval 'held | jq .position.row'
    exits 2 wh-score -m m.whm rows
    says 'm.whm: has learned nothing yet'
    exits 0 wh-score -m m.whm --describe
    exits 0 wh-score -m m.whm --digest
    sed 's/"y":[^}]*/"y":null/' rows >unlabelled
    stream bbbbbbbbbbb2 "$(held | jq -c '{epoch,n}')" 1 unlabelled | sink -q
    prints 200 eval 'held | jq .position.row'
    sed 's/"y":1/"y":"gone"/; s/"y":0/"y":"here"/' rows >words
    exits 2 eval 'stream ccccccccccc3 "$(held | jq -c "{epoch,n}")" 1 words | sink --task binary'
    says 'which class is "gone"?'
    exits 0 eval 'stream ccccccccccc3 "$(held | jq -c "{epoch,n}")" 1 words | sink --positive gone --learner nag -l 0.25 -q'
    wh-update -m plain.whm --label y --ignore id --positive gone --learner nag -l 0.25 -q words
    [ "$(digest)" = "$(digest plain.whm)" ]
}

@test "rows of which none has the label's column are not counted as learned" {
    sed 's/,"y":[^}]*//' rows >bare
    exits 2 eval 'stream aaaaaaaaaaa1 null 1 bare | sink'
    says 'no row has a column y, the label'
    [ ! -e m.whm ]
    # A part of a stream need not have it, where labels have come before.
    stream aaaaaaaaaaa1 null 1 | sink -q
    exits 0 eval 'stream bbbbbbbbbbb2 "$(held | jq -c "{epoch,n}")" 1 bare | sink -q'
    prints bbbbbbbbbbb2 eval 'held | jq -r .epoch'
}

@test "a model leaves its stream by --detach, and a stream begins anew by --new" {
    stream aaaaaaaaaaa1 null 1 | sink -q
    local learned
    learned=$(digest)
    cp m.whm copy.whm
    exits 0 wh-update -m copy.whm --detach /dev/null
    says 'copy.whm: no row to learn from, only that it belongs to no stream is new'
    prints null held copy.whm
    [ "$(digest copy.whm)" = "$learned" ]
    cp m.whm copy.whm
    exits 0 wh-update -m copy.whm --detach -q rows
    prints null held copy.whm
    wh-update -m copy.whm -q rows

    exits 2 eval 'stream bbbbbbbbbbb2 "$(held | jq -c "{epoch,n}")" 1 rows 200 | sink --new'
    says '--new would forget what the stream has taught so far'
    exits 3 eval 'stream bbbbbbbbbbb2 null 1 | sink --new'
    exits 0 eval 'wh-update -m m.whm --new --label y --ignore id -q rows'
    prints null held
    exits 0 eval 'stream bbbbbbbbbbb2 null 1 | sink --new -q'
    [ "$(digest)" = "$learned" ]
}

@test "other recipes than before are refused, unless the user says so" {
    stream aaaaaaaaaaa1 null 1 | sed 's/"through":\[\]/"through":["wh-clean 5d1f2a7be0c4"]/' | sink -q
    exits 2 eval 'stream bbbbbbbbbbb2 "$(held | jq -c "{epoch,n}")" 1 rows 200 | sink'
    says 'wh-clean 5d1f2a7be0c4'
    exits 0 eval 'stream bbbbbbbbbbb2 "$(held | jq -c "{epoch,n}")" 1 rows 200 | sink -q --changed-recipe'
    prints '[]' eval 'held | jq -c .through'
}

@test "a stream of --mark makes a model at its end, and none without one" {
    plain
    exits 3 eval 'marked | sed "\$d" | wh-update -m m.whm --label y --ignore id'
    [ ! -e m.whm ]
    exits 0 eval 'marked | wh-update -m m.whm --label y --ignore id -q'
    [ "$(digest)" = "$(digest plain.whm)" ]
    prints null held
    exits 2 eval 'marked | sink'
    says 'give wh-extract --checkpoint m.whm'
}

@test "options that do not go together are refused with the remedy" {
    mkdir folder
    ln -s ../m.whm folder/link.whm
    stream aaaaaaaaaaa1 null 1 >all
    exits 2 wh-update -m m.whm --label y all
    says 'give --checkpoint m.whm, as to wh-extract, or -p'
    exits 2 wh-update -m m.whm --label y --checkpoint other.whm all
    says '--checkpoint other.whm is another file than -m m.whm'
    exits 2 sink -p all
    says '--checkpoint and -p contradict each other'
    exits 2 sink --detach all
    exits 2 wh-update -m m.whm --label y -p --detach all
    exits 2 sink --save-every 1m all
    says 'give --every'
    exits 2 wh-update -m m.whm --label y --every 1s rows
    exits 2 wh-update -m m.whm --label y --changed-recipe rows
    exits 2 wh-update -m m.whm --label y --as p rows
    exits 2 wh-update -m m.whm --label y --keep-features rows
    exits 2 wh-update -m m.whm --label y -o csv rows
    exits 2 wh-update -m m.whm --label y --columns a rows
    [ ! -e m.whm ]
    exits 0 wh-update -m folder/link.whm --label y --ignore id --checkpoint ./folder/../m.whm -q all
    [ -L folder/link.whm ]
    prints aaaaaaaaaaa1 eval 'held | jq -r .epoch'
}

@test "a second sink of the same model is turned away" {
    mkfifo in
    sink -q <in &
    exec 5>in
    eventually [ -s m.whm.lock ]
    exits 3 eval 'stream bbbbbbbbbbb2 null 1 | sink'
    says 'is writing it'
    stream aaaaaaaaaaa1 null 1 >&5
    exec 5>&-
    wait $!
    prints aaaaaaaaaaa1 eval 'held | jq -r .epoch'
}

# ---- -p ------------------------------------------------------------------------------------------

pass() {
    wh-update -m m.whm --label y --ignore id --task binary -p "$@"
}

@test "-p writes each row with the score that it had before it was learned from" {
    exits 0 pass -q rows
    printf '%s\n' "$output" >out
    prints '["id","a","city","y","score","prediction"]' eval 'jq -c keys_unsorted out | sort -u'
    prints 200 eval 'wc -l <out'
    plain
    [ "$(digest)" = "$(digest plain.whm)" ]
    rm m.whm
    marked | pass -q | grep -v '"@wh"' >found
    same out found
    [ "$(digest)" = "$(digest plain.whm)" ]
    # Row 101 as wh-score sees it with what the 100 before it taught; a row without a label too.
    local row
    for row in 101 105; do
        head -n $((row - 1)) rows | wh-update -m part.whm --new --label y --ignore id -q
        sed -n "${row}p" rows | wh-score -m part.whm -q >wanted
        sed -n "${row}p" out >found
        same wanted found
    done
}

@test "-p scores rows as wh-score does, and refuses the same ones" {
    head -n 4 rows >some
    exits 1 eval 'sed s/city/score/ some | pass'
    says 'score: the row has a column of this name already (see --as'
    prints '["id","a","city","y","p","p_prediction"]' \
        eval 'pass -q --as p some | jq -c keys_unsorted | sort -u'
    rm m.whm
    printf '{"y":1,"k":1,"features":{"a":1}}\n' >features
    prints '{"y":1,"k":1,"score":0.5,"prediction":null}' pass -q --new features
    prints '{"y":1,"k":1,"features":{"a":1},"score":0.5,"prediction":null}' \
        pass -q --new --keep-features features
    exits 1 eval 'printf "{\"y\":null,\"features\":{\"b\":1}}\n" | wh-update -m m.whm -p --strict'
    says 'the row shares no feature with the model m.whm'
    exits 0 eval 'printf "{\"y\":null,\"features\":{\"b\":1}}\n" | wh-update -m m.whm -p'
    prints 'y,a,score' eval 'printf "y,a\n1.5,1\n" | wh-update -m r.whm --label y -p -q | sed -n 1p'
    prints 'y,a,score,prediction' eval 'printf "y,a\n" | wh-update -m c.whm --label y --task binary -p -q'
    # A weight is for learning.
    printf '{"y":1,"a":1,"w":2}\n{"y":null,"a":1}\n' |
        wh-update -m w.whm --label y --weight w -p -q | jq -se 'length == 2'
}

@test "-p has no score before the first label, and must be told the task" {
    printf '{"y":null,"a":1}\n{"y":1,"a":1}\n' >late
    exits 2 wh-update -m m.whm --label y -p late
    says 'say so with --task binary, multiclass or regression'
    prints '{"y":null,"a":1,"score":null,"prediction":null}' \
        eval 'wh-update -m m.whm --label y -p -q --task binary late | sed -n 1p'
    prints '{"y":null,"a":1,"score":null}' \
        eval 'wh-update -m r.whm --label y -p -q --task regression late | sed -n 1p'
}

@test "a row that cannot be passed on is not learned from" {
    printf '{"y":1,"a":1}\n{"y":0,"a":2,"z":1}\n{"y":0,"a":3}\n' >rows
    wh-update -m m.whm --label y -p -q -o csv --rejects bad rows >out
    prints 2 eval 'jq .line bad'
    prints 3 eval 'wc -l <out'
    printf '{"y":1,"a":1}\n{"y":0,"a":3}\n' | wh-update -m w.whm --label y -q
    [ "$(digest)" = "$(digest w.whm)" ]
}

@test "-p is a filter with state: cut anywhere, with any checkpoint committed, nothing is lost" {
    plain
    pass -q rows >wanted
    rm m.whm
    local try seed=$RANDOM epoch from row
    echo "seed $seed"
    RANDOM=$seed
    for try in {1..2}; do
        rm -f m.whm*
        : >sunk
        from=null row=0
        for epoch in {1..99}; do
            stream "$(printf '%012d' "$epoch")" "$from" "$RANDOM" rows "$row" >all
            run --separate-stderr eval 'head -n $((RANDOM % 150)) all | pass -q >out'
            # The sink commits one of the checkpoints that came through, or none.
            grep -n '"@wh":"\(checkpoint\|end\)"' out | cut -d: -f1 >places || true
            if [ -s places ] && [ $((RANDOM % 4)) -gt 0 ]; then
                local line
                line=$(sed -n "$((RANDOM % $(wc -l <places) + 1))p" places)
                head -n "$line" out | grep -v '"@wh"' >>sunk || true
                sed -n "${line}p" out >committed
                from=$(jq -c '{epoch,n}' committed)
                row=$(jq .position.row committed)
            fi
            [ "$row" -lt 200 ] || break
        done
        same wanted sunk
        # Its state is taken up once more, and published.
        stream fffffffffff0 "$from" 1 rows 200 >all
        printf '{"@wh":"committed","epoch":"fffffffffff0","n":1,"by":"wh-extract"}\n' >>all
        pass -q all >out
        [ "$(digest)" = "$(digest plain.whm)" ]
        prints fffffffffff0 eval 'held | jq -r .epoch'
        # What it went on from is left, should that commit not last.
        prints "$(printf '%s\n' m.whm "m.whm.$(jq -r '"\(.epoch).\(.n)"' <<<"$from")" \
            m.whm.fffffffffff0.1)" eval 'ls | grep ^m.whm'
    done
}

@test "-p publishes what the sink has committed, and no more" {
    stream aaaaaaaaaaa1 null 1 >all
    pass -q all >out
    [ ! -e m.whm ]
    grep '"@wh"' out | grep -v '"by":"wh-update"' && return 1
    jq -e '.through == ["wh-update '"$(head -n 1 out | jq -r '.through[0]' | cut -d' ' -f2)"'"]' <(head -n 1 out)
    sed '/"n":4/s/"committed":0/"committed":2/; /"n":5/s/"committed":0/"committed":3/' all >later
    rm -f m.whm*
    pass -q later >out
    prints 3 eval 'held | jq .n'
    [ ! -e m.whm.aaaaaaaaaaa1.1 ]
    [ -e m.whm.aaaaaaaaaaa1.2 ] && [ -e m.whm.aaaaaaaaaaa1.3 ]
    rm m.whm.aaaaaaaaaaa1.2
    exits 3 eval 'stream bbbbbbbbbbb2 null 1 | pass'
    exits 3 eval 'stream bbbbbbbbbbb2 "{\"epoch\":\"aaaaaaaaaaa1\",\"n\":2}" 1 | pass'
    exits 2 eval 'stream bbbbbbbbbbb2 "{\"epoch\":\"aaaaaaaaaaa1\",\"n\":3}" 1 | pass --new'
    exits 0 eval 'stream bbbbbbbbbbb2 "{\"epoch\":\"aaaaaaaaaaa1\",\"n\":3}" 1 rows 150 | pass'
    exits 2 eval 'stream aaaaaaaaaaa1 null 1 | wh-update -m n.whm --label y -p -o csv'
    says 'CSV has no room for control records'
}

@test "wh-score passes control records on, and no CSV with them" {
    plain
    stream aaaaaaaaaaa1 null 1 | wh-score -m plain.whm >out
    stream aaaaaaaaaaa1 null 1 | grep '"@wh"' | sed 's/"by":"wh-extract"/"by":"wh-score"/' >wanted
    grep '"@wh"' out | jq -Sc . >found
    jq -Sc . wanted >sorted
    same sorted found
    prints 200 eval 'grep -c "\"score\"" out'
    exits 2 eval 'stream aaaaaaaaaaa1 null 1 | wh-score -m plain.whm -o csv'
    says 'CSV has no room for control records'
    sed 's/,"y":[^}]*//' rows >bare
    exits 0 eval 'stream aaaaaaaaaaa1 null 1 bare | wh-score -m plain.whm --label y'
    says 'measured on 0 rows (200 have no label)'
    exits 3 eval 'stream aaaaaaaaaaa1 null 1 | head -n 9 | wh-score -m plain.whm'
}
