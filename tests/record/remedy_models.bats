# The remedies of wh-update, wh-score and wh-featurize beyond those of remedy_table.bats: tasks and
# losses, late labels, merging, streams, drift, features. And whether every message of theirs that
# names one is in some table.

load ../helper
load remedy

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'id,x,c,y\n1,5,a,0\n2,6,b,1\n3,7,a,0\n4,8,b,1\n' >in.csv
    printf 'id,x,c,y\n1,5,a,1.5\n2,6,b,2.5\n3,7,a,3.5\n' >numbers.csv
    printf 'id,x,c,y\n1,5,a,p\n2,6,b,q\n3,7,a,r\n' >many.csv
}

@test "tasks, losses and learners" {
    remedy 2 '(see --weight)' 'wh-update -q -m a --label y --task regression --class-weight 1=2 in.csv' \
        'wh-update -q -m a --label y --task regression --weight x in.csv' ''
    remedy 2 '(--loss squared, or name a class with --positive VALUE)' \
        'wh-update -q -m b --label y --loss logistic --learner nag numbers.csv' \
        'wh-update -q -m b --label y --loss squared --learner nag numbers.csv' ''
    remedy 2 '(of two, name the positive one with --positive VALUE)' \
        'wh-update -q -m c --label y --loss hinge --learner nag many.csv' \
        'wh-clean --exclude id in.csv | wh-update -q -m c --label y --loss hinge --learner nag \
            --positive 1 -i csv' ''
    remedy 2 '(see --task regression)' 'wh-update -q -m d --label y --loss poisson --task binary --learner nag in.csv' \
        'wh-update -q -m d --label y --loss poisson --task regression --learner nag in.csv' ''
    remedy 2 'give --learner nag, ftrl, coin or sgd' 'wh-update -q -m e --label y --hash-bits 9 in.csv' \
        'wh-update -q -m e --label y --hash-bits 9 --learner coin in.csv' ''
    remedy 2 'say so with --task binary, multiclass or regression' \
        "printf '{\"x\":1}\n{\"x\":2,\"y\":1}\n' | wh-update -q -m f --label y -p" \
        "printf '{\"x\":1}\n{\"x\":2,\"y\":1}\n' |
            wh-update -q -m f --label y -p --task binary | wc -l | tr -d ' '" 2
    remedy 0 'learn anew with wh-update --new --positive VALUE' \
        "printf 'x,y\n1,p\n2,q\n3,p\n4,q\n' >pq.csv; wh-update -m g --label y --task multiclass pq.csv" \
        'wh-update -q -m g --label y --new --positive p pq.csv' ''
    remedy 2 'Of two name the positive one with --positive VALUE' \
        'wh-update -q -m k --label y --task binary pq.csv' \
        'wh-update -q -m k --label y --task binary --positive p pq.csv' ''
    remedy 1 '(of two name the positive one with --positive VALUE)' \
        "printf '{\"x\":1,\"y\":7}\n' | wh-update -q -m l --label y --task binary" \
        "printf '{\"x\":1,\"y\":7}\n' | wh-update -q -m l --label y --task binary --positive 7" ''
    remedy 1 ' removes the blanks)' "printf '{\"y\":\"yes\"}\n{\"y\":\" no\"}\n' >blank
        wh-update -q -m n --label y blank" \
        'wh-clean --trim y blank | wh-update -q -m n --label y' ''
    remedy 0 ', or with --new --positive ' "printf 'x,y\n%s' '' >twos
        seq 40 | sed 's/.*/&,\(1\)/' | awk -F, '{ print \$1 \",\" \$1 % 2 + 1 }' >>twos
        wh-update -m o --label y --task regression -i csv twos; wh-update -m p --label y -i csv twos" \
        'wh-update -q -m p --new --positive 1 --label y -i csv twos' ''
    remedy 1 'as the labels before were (wh-clean --type ' "printf '{\"x\":1,\"y\":\"a\"}\n{\"x\":2,\"y\":7}\n' >mixed
        wh-update -q -m h --label y mixed" 'wh-clean --type y=string mixed |
        wh-update -q -m h --label y' ''
    remedy 2 'add --calibrate' 'wh-update -q -m i --label y --positive 1 --loss hinge --learner nag in.csv
        wh-score -m i --proba in.csv' 'wh-score -q -m i --proba --calibrate platt in.csv |
        wc -l | tr -d " "' 5
    remedy 2 '(see --describe, and --explain for single rows)' \
        'wh-update -q -m j --label y in.csv; wh-score -m j --weights' \
        'wh-score -q -m j --explain 1 in.csv | wc -l | tr -d " "; wh-score -m j --describe | grep -c learner' \
        $'5\n1'
    remedy 2 'give the name with the model, -m %s=MODEL' \
        'wh-score -m k=j --as s in.csv 2>&1 >&- | sed "s/-m [a-z]*=MODEL/-m %s=MODEL/" >&2; exit 2' \
        'wh-score -q -m s=j in.csv | head -n 1' 'id,x,c,y,s,s_prediction'
    remedy 2 '(choose another name)' 'wh-score -m j --as features in.csv' \
        'wh-score -q -m j --as mine in.csv | head -n 1' 'id,x,c,y,mine,mine_prediction'
    all_hold
}

@test "features and columns of a model" {
    need jq
    jq -nc '{y: 1} + ([range(3000) | {"a\(.)": 1}] | add)' >wide
    remedy 1 'choose fewer with --interactions' \
        'wh-update -q -m a --label y --learner nag --interactions all wide' \
        "wh-update -q -m a --label y --learner nag --interactions 'a1*a2' wide" ''
    jq -nc '{y: 1, ("n" * 5000): 1}' >long
    remedy 1 'leave the column out with --ignore, or encode it with wh-featurize' \
        'wh-update -q -m b --label y long' "wh-update -q -m b --label y --ignore '/nnn/' long" ''
    remedy 0 '(--ignore %s leaves it out' \
        "wh-update -q -m c --label y in.csv
        printf 'id,x,c,new,y\n1,5,a,3,0\n2,6,b,1,1\n' >new.csv
        wh-update -m c new.csv 2>&1 | sed 's/--ignore [a-z]*/--ignore %s/' >&2" \
        'wh-update -q -m c --new --label y --ignore new new.csv' ''
    jq -nc 'range(10) | {p: "\(.),5", day: "2024-03-01T0\(.):00:00Z", us: "3/1/202\(.)", y: 1}' >looks
    for _ in 1 2 3 4 5 6; do cat looks; done >looks6
    jq -nc 'range(60) | {p: (if . % 3 == 0 then 5 else "\(.),5" end), y: 1}' >commas
    remedy 0 '(decimal commas? wh-clean --type ' 'wh-update -m m --label y commas' \
        "sed 's/,5\"/.5\"/' commas | wh-clean --type p=float | wh-update -m n --label y 2>&1 |
            grep -c commas; :" 0
    remedy 0 '=float finds them all; a number has a point before its fraction, and nothing else)' \
        'wh-update -m d --label y --ignore day,us looks6' \
        "sed 's/,5\"/.5\"/' looks6 | wh-clean --type p=float --exclude day,us |
            wh-update -m e --label y 2>&1 | grep -c column; :" 0
    remedy 0 ':month,weekday,hour makes numbers of them' 'wh-update -m f --label y --ignore p,us looks6' \
        'wh-featurize --dates day:month,weekday,hour --keep y looks6 | wh-update -q -m g --label y' ''
    remedy 0 ':month,weekday makes numbers of them' 'wh-update -m h --label y --ignore p,day looks6' \
        "sed 's|3/1/202\\(.\\)|202\\1-03-01|' looks6 | wh-featurize --dates us:month,weekday --keep y |
            wh-update -q -m i --label y" ''
    wh-update -q -m u --label y in.csv
    remedy 1 ', and without --strict it is learned from' 'wh-update -q -m u --strict new.csv' \
        'wh-update -q -m u new.csv' ''
    printf '{"features":{"strange":1}}\n' >strange
    printf '{"features":{"a":1},"y":1}\n{"features":{"b":1},"y":0}\n' | wh-update -q -m r --label y
    remedy 1 '(without --strict it is scored from what the model knows without features)' \
        'wh-score -m r --strict strange' 'wh-score -q -m r strange | wc -l | tr -d " "' 1
    remedy 0 '(--strict refuses such rows)' 'wh-score -m r strange >/dev/null' \
        'wh-score -q -m r --strict --rejects bad strange; wc -l <bad | tr -d " "' 1
    remedy 1 '(without --strict it counts as missing)' 'wh-score -m c --strict -i csv <<EOF
id,x
1,5
EOF' "printf 'id,x\n1,5\n' | wh-score -q -m c -i csv | wc -l | tr -d ' '" 2
    remedy 0 '(see --max-features)' \
        'jq -nc "range(40) | {(\"k\\(.)\"): 1, y: (. % 2)}" >many; wh-update -m k --label y --max-features 8 many' \
        'wh-update -m k --new --label y --max-features 100 many 2>&1 | grep -c forgotten; :' 0
    remedy 0 'held out no row: there are few, or few that differ, by --holdout' \
        'wh-update -m l --label y --holdout 1% in.csv' \
        'wh-update -m l --new --label y --holdout 60% in.csv 2>&1 | grep -c "^wh-update: held out [1-9]"' 1
    all_hold
}

@test "labels that come late" {
    printf '{"id":1,"x":1}\n{"id":1,"y":1}\n{"id":2,"y":0,"x":3}\n' >late
    remedy 2 '--join needs --within' 'wh-update -q -m a --label y --join id late' \
        'wh-update -q -m a --label y --join id --within 9 late' ''
    remedy 2 'requires --join ID' 'wh-update -q -m b --label y --within 9 late' \
        'wh-update -q -m b --label y --within 9 --join id late' ''
    remedy 2 '--pending requires --join ID' 'wh-update -q -m c --label y --pending p late' \
        'wh-update -q -m c --label y --pending p --join id --within 9 late; cat p' ''
    remedy 2 'needs --time COLUMN: a row' 'wh-update -q -m d --label y --join id --within 9d late' \
        "sed 's/}/,\"t\":\"2024-01-01\"}/' late |
            wh-update -q -m d --label y --join id --within 9d --time t" ''
    remedy 0 '(see --unmatched)' 'wh-update -m e --label y --join id --within 9 late' \
        'wh-update -m e --new --label y --join id --within 9 --unmatched learn late 2>&1 |
            grep -c "learned from 2 rows"' 1
    all_hold
}

@test "merging, retraining and drift" {
    wh-update -q -m one --label y --learner nag in.csv
    sed 's/,5,/,9,/' in.csv >others.csv
    wh-update -q -m two --label y --learner nag others.csv
    wh-update -q -m m --label y --learner nag in.csv
    remedy 2 '--merge needs two models or more, given as operands' 'wh-update --merge -m l one' \
        'wh-update -q --merge -m l one two' ''
    remedy 2 '(--new replaces it)' 'wh-update --merge -m m one two' \
        'wh-update -q --merge --new -m m one two' ''
    wh-extract --checkpoint s in.csv | wh-update -q -m s --label y --learner nag --checkpoint s
    cp s copy
    remedy 2 '(see --detach)' 'wh-update --merge -m n s one' \
        'wh-update -q -m copy --detach </dev/null; wh-update -q --merge -m n copy two' ''
    printf '{"id":1,"x":1}\n{"id":2,"y":0}\n' >waits
    for model in v w; do
        wh-update -q -m $model --label y --learner nag --join id --within 2 --unmatched learn waits
    done
    remedy 2 'or the rows waited longer than --within' 'wh-update --merge -m o v w' \
        'echo "{\"id\":1,\"y\":1}" | wh-update -q -m v; echo "{\"id\":1,\"y\":0}" |
        wh-update -q -m w; wh-update -q --merge -m o v w' ''
    remedy 2 'more features than --max-features allows' \
        'wh-update -q -m p --label y --learner nag --max-features 4 in.csv
        sed s/a,/z,/ in.csv | wh-update -q -m q --label y --learner nag --max-features 4 -i csv
        wh-update --merge -m r p q' \
        'wh-update -q -m p --new --label y --learner nag --max-features 40 in.csv
        sed s/a,/z,/ in.csv | wh-update -q -m q --new --label y --learner nag --max-features 40 -i csv
        wh-update -q --merge -m r p q' ''
    remedy 2 '--new: a model cannot forget what it learned before' \
        'wh-update -q -m one --window 2 in.csv' 'wh-update -q -m t --new --label y --window 2 in.csv' ''
    remedy 2 '--new: there would be no other model' 'wh-update -q -m one --replace-if-better in.csv' \
        'seq -f "{\"x\":%g,\"y\":1}" 50 >fifty
        wh-update -q -m t --new --label y --holdout 20% fifty
        wh-update -q -m t --new --label y --holdout 20% --replace-if-better fifty' ''
    remedy 2 ': rows that neither model has learned from' \
        'wh-update -q -m one --new --label y --replace-if-better in.csv' \
        'wh-update -q -m t --new --label y --holdout 20% --replace-if-better fifty' ''
    remedy 2 'without --replace-if-better makes a model that has not)' \
        'wh-update -q -m one --new --label y --holdout 20% --replace-if-better fifty' \
        'wh-update -q -m one --new --label y --holdout 20% fifty
        wh-update -q -m one --new --label y --holdout 20% --replace-if-better fifty' ''
    remedy 0 'tells when to stop' 'wh-update -m u --label y --passes 2 --holdout 1% in.csv' \
        'wh-update -m u --new --label y --passes 2 --holdout 20% fifty 2>&1 | grep -c "tells when"; :' 0
    remedy 2 'is not one of adwin, page-hinkley, both, none' \
        'wh-update -q -m x --label y --drift ddm in.csv' \
        'for t in adwin page-hinkley both none; do
            wh-update -q -m x --new --label y --drift $t in.csv; done' ''
    remedy 2 'is not one of warn, reset' 'wh-update -q -m x --new --label y --on-drift stop in.csv' \
        'wh-update -q -m x --new --label y --on-drift reset in.csv' ''
    all_hold
}

@test "streams with checkpoints and models" {
    need jq
    remedy 2 'or -p where the stream goes on to wh-load' \
        'wh-extract --checkpoint a in.csv 2>&- | wh-update -q -m a --label y; exit 2' \
        'wh-extract --checkpoint a in.csv | wh-update -q -m a --label y --checkpoint a' ''
    remedy 2 'take a copy out of it with --detach' 'wh-update -q -m a in.csv' \
        'cp a b; wh-update -q -m b --detach in.csv' ''
    remedy 2 'give wh-extract --checkpoint' \
        'wh-extract --mark in.csv 2>&- | wh-update -q -m c --label y --checkpoint c; exit 2' \
        'wh-extract --checkpoint c in.csv | wh-update -q -m c --label y --checkpoint c' ''
    echo 5,9,a,1 >>in.csv
    remedy 2 'leave --new out; to start over, remove the stream' \
        'wh-extract --checkpoint c in.csv 2>&- |
            wh-update -q -m c --new --label y --checkpoint c; exit 2' \
        'rm c; wh-extract --checkpoint c in.csv | wh-update -q -m c --new --label y --checkpoint c' ''
    remedy 3 'or wh-extract lacks --checkpoint' \
        'cp c d; wh-update -q -m d --checkpoint d <in.csv 2>log; s=$?; cat log >&2; exit $s' \
        'wh-extract --checkpoint c in.csv | wh-update -q -m c --checkpoint c' ''
    remedy 2 'or retrain with rows of wh-extract --mark, or of a file' \
        'wh-extract --checkpoint e in.csv 2>&- |
            wh-update -q -m e --label y --passes 2 --holdout 20%; exit 2' \
        'wh-extract --mark in.csv | wh-update -q -m e --label y --passes 2 --holdout 20%' ''
    remedy 2 'is for rows without checkpoints: give --every' \
        'wh-update -q -m f --label y --checkpoint f --save-every 5s in.csv' \
        'wh-extract --checkpoint f in.csv | wh-update -q -m f --label y --checkpoint f --every 5s' ''
    all_hold
}

@test "features of wh-featurize" {
    need jq
    printf '{"a":1,"b":{"a":2}}\n' >two
    remedy 2 'give a column another name first (--rename)' \
        "echo '{\"a=x\":1,\"a\":\"x\"}' >same; wh-featurize --passthrough '/=/' --onehot a same" \
        "wh-featurize --rename 'a\\=x=b' --passthrough b --onehot a same | jq -c .features" \
        '{"b":1,"a=x":1}'
    remedy 2 '--live must be another file than --state' \
        'wh-featurize -q --onehot c --state s --fit in.csv
        wh-featurize --onehot c --unique id --state s --live s --frozen in.csv' \
        'wh-featurize -q --unique id --onehot c --state u --fit in.csv
        wh-featurize -q --unique id --onehot c --state u --live l --frozen in.csv | wc -l | tr -d " "' 4
    remedy 2 '--state FILE --fit-transform takes it on standard input' \
        'mkfifo pipe; wh-featurize --onehot c -i csv pipe' \
        'wh-featurize -q --onehot c --state t --fit-transform -i csv <in.csv | wc -l | tr -d " "' 4
    remedy 2 '--strict is for --frozen' 'wh-featurize --onehot c --strict in.csv' \
        'wh-featurize -q --onehot c --state s --frozen --strict in.csv | wc -l | tr -d " "' 4
    remedy 2 '--live is for --frozen' 'wh-featurize --unique id --onehot c --live l2 in.csv' \
        'wh-featurize -q --unique id --onehot c --state u --live l2 --frozen in.csv | wc -l | tr -d " "' 4
    remedy 2 'learn them first (--state FILE --fit), then give --frozen' \
        'wh-featurize --threads 2 --onehot c --state s in.csv' \
        'wh-featurize -q --threads 2 --onehot c --state s --frozen in.csv | wc -l | tr -d " "' 4
    remedy 2 'must go through one thread (leave one of the two out)' \
        'wh-featurize --threads 2 --unique id --onehot c --state u --live l3 --frozen in.csv' \
        'wh-featurize -q --unique id --onehot c --state u --live l3 --frozen in.csv | wc -l | tr -d " "' 4
    remedy 2 'and give --frozen, or give --state FILE alone' \
        'wh-extract --checkpoint k in.csv 2>&- | wh-featurize --onehot c --state z --fit-transform; exit 2' \
        'wh-extract --checkpoint k in.csv | wh-featurize -q --onehot c --state s --frozen |
            wh-load -q out.ndjson --checkpoint k; wc -l <out.ndjson | tr -d " "' 4
    all_hold
}

@test "checkpoints in SQLite" {
    need sqlite3 jq
    run_it='wh-extract -q rows.ndjson --checkpoint sqlite:a.db#c 2>/dev/null |
        wh-load -q sqlite:a.db -t t --create --checkpoint sqlite:a.db#c'
    echo '{"id":1}' >rows.ndjson
    sh -c "$run_it"
    sqlite3 a.db "UPDATE wh_checkpoint SET position = '[]'"
    remedy 2 'or delete it to begin anew)' 'wh-extract rows.ndjson --checkpoint sqlite:a.db#c' \
        "sqlite3 a.db \"DELETE FROM wh_checkpoint WHERE name = 'c'; DELETE FROM t\"
        $run_it; wh-extract sqlite:a.db -t t" '{"id":1}'
    echo '{"id":2}' >>rows.ndjson
    sqlite3 a.db 'CREATE TABLE u (id INTEGER)'
    other='wh-extract -q rows.ndjson --checkpoint sqlite:a.db#c 2>/dev/null |
        wh-load -q sqlite:a.db -t u --create --checkpoint sqlite:a.db#c'
    remedy 2 'name the same table, or use another --checkpoint, or give --changed-target' \
        "$other; exit 2" "$other --changed-target; wh-extract sqlite:a.db -t u" '{"id":2}'
    remedy 2 '--checkpoint needs a name after the database' \
        'wh-extract rows.ndjson --checkpoint sqlite:a.db' \
        'wh-extract -q rows.ndjson --checkpoint sqlite:b.db#d 2>/dev/null |
        wh-load -q sqlite:b.db -t t --create --checkpoint sqlite:b.db#d
        wh-extract sqlite:b.db -t t | wc -l | tr -d " "' 2
    remedy 2 'CSV has no room for control records: leave out --output-format' \
        'wh-extract -q rows.ndjson --checkpoint e 2>/dev/null | wh-clean -o csv; exit 2' \
        'wh-extract -q rows.ndjson --checkpoint e | wh-clean | wh-load -q e.csv --checkpoint e
        cat e.csv' $'id\n1\n2'
    all_hold
}

# named_remedies: the messages of these tools that name an option or a program, quotes and percent
# signs as users see them.
named_remedies() {
    awk -f "$ROOT/tests/literals.awk" -f "$ROOT/tests/golden/messages.awk" \
        "$ROOT"/lib/{learn,learn/auto,model,score,train,feature}/*.c \
        "$ROOT"/lib/{pipe/eventtime,record/required}.c \
        "$ROOT"/cmd/wh-{update,score,featurize}.c |
        grep -E -- '--[a-z]|wh-[a-z]+ |jq -c' | grep ' ' | grep -E '.{26}' |
        sed 's/\\"/"/g; s/%%/%/g; s/\\n$//'
}

@test "every message that names a remedy is in a table, or is there a reason why not" {
    awk -f "$ROOT/tests/record/fragments.awk" "$ROOT"/tests/record/remed*.bats | grep -E '.{10}' >tried
    grep -v '^#' "$ROOT/tests/record/remedies_untried" | cut -f 1 >untried
    [ "$(wc -l <tried)" -ge 80 ]
    named_remedies >named
    [ "$(wc -l <named)" -ge 100 ]
    grep -vF -f tried named | grep -vF -f untried >missing || true
    [ ! -s missing ] || {
        echo 'neither tried in tests/record/remed*.bats nor in tests/record/remedies_untried:'
        cat missing
        return 1
    }
    # A reason for what is not said any more, or is tried, goes.
    while IFS= read -r text; do
        grep -vF -f tried named | grep -qF -- "$text" || { echo "needless: $text"; return 1; }
    done <untried
}
