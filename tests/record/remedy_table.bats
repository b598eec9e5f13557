# What a message tells to do works. Each entry of these tables is a command that fails, a part of
# its message that names the remedy, the command with that remedy, and what this prints.

load ../helper
load remedy

@test "reading: encodings, headers, short rows, types" {
    need iconv sqlite3
    printf 'a\n1\n' | iconv -t UTF-16LE >utf16
    remedy 1 'iconv -f UTF-16LE -t UTF-8' 'wh-clean utf16' \
        'iconv -f UTF-16LE -t UTF-8 utf16 | wh-clean -i csv' $'a\n1'
    printf 'a\nM\374ller\n' >latin
    remedy 1 'iconv -f LATIN1 -t UTF-8' 'wh-clean -i csv latin' \
        'iconv -f LATIN1 -t UTF-8 latin | wh-clean -i csv' $'a\nMüller'
    sqlite3 shop.db 'CREATE TABLE t(a); INSERT INTO t VALUES (1)'
    remedy 1 'wh-extract sqlite:shop.db -t TABLE' 'wh-clean shop.db' \
        'wh-extract sqlite:shop.db -t t' '{"a":1}'
    remedy 2 'write sqlite:shop.db' 'wh-extract shop.db' 'wh-extract sqlite:shop.db -t t' '{"a":1}'
    printf 'a,\n1,2\n' >noname.csv
    remedy 1 'use --no-header' 'wh-clean noname.csv' 'wh-clean --no-header noname.csv' $'a,\n1,2'
    printf 'a,a\n1,2\n' >twice.csv
    remedy 1 'use --no-header' 'wh-clean twice.csv' 'wh-clean --no-header twice.csv' $'a,a\n1,2'
    printf 'a,b\n1\n2,3,4\n' >short.csv
    remedy 1 'see --ragged' 'wh-clean short.csv' 'wh-clean --ragged -o ndjson short.csv' \
        $'{"a":1,"b":null}\n{"a":2,"b":"3,4"}'
    printf 'a\n1\nx\n' >mixed.csv
    remedy 1 'see --string' 'wh-clean --infer 1 mixed.csv' \
        'wh-clean --infer 1 --string a -o ndjson mixed.csv' $'{"a":"1"}\n{"a":"x"}'
    remedy 2 'needs a regular file' 'cat mixed.csv | wh-clean --infer 2' \
        'wh-clean --infer 2 -o ndjson mixed.csv' $'{"a":"1"}\n{"a":"x"}'
    printf '{"a":"12345678901234567890"}\n' >long.ndjson
    remedy 1 'see --max-row' 'wh-clean --max-row 10 long.ndjson' \
        'wh-clean --max-row 100 long.ndjson' '{"a":"12345678901234567890"}'
    printf 'a\tb\nx\\q\t1\n' >escape.tsv
    remedy 1 'double the backslash' 'wh-clean --tsv-escapes escape.tsv' \
        "sed 's/\\\\/\\\\\\\\/' escape.tsv | wh-clean -i tsv --tsv-escapes -o ndjson" \
        '{"a":"x\\q","b":1}'
    remedy 1 'leave out --tsv-escapes' 'wh-clean --tsv-escapes escape.tsv' \
        'wh-clean -o ndjson escape.tsv' '{"a":"x\\q","b":1}'
    remedy 2 "did you mean --trim?" 'wh-clean --trum a mixed.csv' 'wh-clean --trim a mixed.csv' \
        $'a\n1\nx'
    remedy 2 'did you mean a?' 'wh-clean --trim A mixed.csv' 'wh-clean --trim a mixed.csv' $'a\n1\nx'
    all_hold
}

@test "writing: what a format cannot hold" {
    printf '{"a":"x\\ty"}\n' >tab.ndjson
    remedy 1 'give --tsv-escapes' 'wh-clean -o tsv tab.ndjson' \
        'wh-clean -o tsv --tsv-escapes tab.ndjson' $'a\nx\\ty'
    remedy 1 'or write -o csv' 'wh-clean -o tsv tab.ndjson' 'wh-clean -o csv tab.ndjson' $'a\nx\ty'
    printf '{"x\\ty":1}\n' >tabname.ndjson
    remedy 2 'give --tsv-escapes' 'wh-clean -o tsv tabname.ndjson' \
        'wh-clean -o tsv --tsv-escapes tabname.ndjson' $'x\\ty\n1'
    printf '{"":1,"a":2}\n' >noname.ndjson
    remedy 1 'write -o ndjson' 'wh-clean -o csv noname.ndjson' 'wh-clean -o ndjson noname.ndjson' \
        '{"":1,"a":2}'
    remedy 1 'or leave it out' 'wh-clean -o csv noname.ndjson' \
        "wh-clean -o csv --exclude '/^\$/' noname.ndjson" $'a\n2'
    printf 'a,@wh\n1,2\n' >reserved.csv
    remedy 1 '--rename' 'wh-clean --exclude a -o ndjson reserved.csv' \
        'wh-clean --rename @wh=w --exclude a -o ndjson reserved.csv' '{"w":2}'
    remedy 2 'write -o csv' 'wh-clean --columns a tab.ndjson' 'wh-clean --columns a -o csv tab.ndjson' \
        $'a\nx\ty'
    remedy 2 'wh-clean --select' 'wh-clean --columns a tab.ndjson' 'wh-clean --select a tab.ndjson' \
        '{"a":"x\ty"}'
    all_hold
}

@test "choosing columns whose names hold what means something in a list" {
    printf '{"/a":1,"b-c":2,"b":3,"c":4,"x,y":5}\n' >names.ndjson
    remedy 2 'is written \/name' 'wh-clean --select /a names.ndjson' \
        "wh-clean --select '\\/a' names.ndjson" '{"/a":1}'
    remedy 2 'written \/' 'wh-clean --select /a/b/ names.ndjson' \
        "wh-clean --select '/^\\/a/' names.ndjson" '{"/a":1}'
    printf '{"a":1,"a-b":2,"b-c":3,"c":4}\n' >dashes.ndjson
    remedy 2 'write \- for a dash' 'wh-clean --select a-b-c dashes.ndjson' \
        "wh-clean --select 'a-b\\-c' dashes.ndjson" '{"a":1,"a-b":2,"b-c":3}'
    all_hold
}

@test "wh-clean: types, names, states" {
    remedy 1 'decimal and float take fractions' "echo '{\"a\":1.5}' | wh-clean --type a=int" \
        "echo '{\"a\":1.5}' | wh-clean --type a=decimal" '{"a":1.5}'
    remedy 1 '--trim takes the blanks off' "echo '{\"a\":\" 1\"}' | wh-clean --type a=int" \
        "echo '{\"a\":\" 1\"}' | wh-clean --trim a --type a=int" '{"a":1}'
    remedy 1 "--null-value 'NA' makes it null" "echo '{\"a\":\"NA\"}' | wh-clean --type a=int" \
        "echo '{\"a\":\"NA\"}' | wh-clean --null-value 'NA' --type a=int" '{"a":null}'
    remedy 1 'decimal takes it' "echo '{\"a\":\"1e999\"}' | wh-clean --type a=float" \
        "echo '{\"a\":\"1e999\"}' | wh-clean --type a=decimal" '{"a":1e999}'
    remedy 1 'ISO 8601 is' "echo '{\"a\":\"1/3/2024\"}' | wh-clean --type a=timestamp" \
        "echo '{\"a\":\"2024-03-01T12:30:05Z\"}' | wh-clean --type a=timestamp" \
        '{"a":"2024-03-01T12:30:05Z"}'
    echo '{"a":{"b":1},"a.b":2}' >flat.ndjson
    remedy 1 'another separator may help' 'wh-clean --flatten flat.ndjson' \
        'wh-clean --flatten=:separator=_ flat.ndjson' '{"a_b":1,"a.b":2}'
    echo '{"a":"x"}' >in.ndjson
    wh-clean --unique a --state s in.ndjson >/dev/null
    remedy 2 'jq .recipe >FILE' 'wh-clean --state s in.ndjson' \
        'head -n 1 s | jq .recipe >FILE; wh-clean -r FILE --state s in.ndjson' ''
    remedy 2 'another FILE to begin anew' 'wh-clean --unique a --trim a --state s in.ndjson' \
        'wh-clean --unique a --state other in.ndjson' '{"a":"x"}'
    all_hold
}

@test "wh-featurize: values that are no numbers, columns, constants" {
    need jq
    echo '{"a":{"b":1},"c":"x","n":"NA","l":[4,5]}' >in.ndjson
    remedy 1 'see --flatten' 'wh-featurize --passthrough a in.ndjson' \
        'wh-featurize --flatten --passthrough a.b in.ndjson | jq -c .features' '{"a.b":1}'
    remedy 1 'see --flatten' 'wh-featurize --onehot a in.ndjson' \
        'wh-featurize --flatten --onehot a.b in.ndjson | jq -c .features' '{"a.b=1":1}'
    remedy 1 "jq -c '.COL |= .[0]'" 'wh-featurize --passthrough l in.ndjson' \
        "jq -c '.l |= .[0]' in.ndjson | wh-featurize --passthrough l | jq -c .features" '{"l":4}'
    remedy 1 "jq -c '.COL |= .[0]'" 'wh-featurize --onehot l in.ndjson' \
        "jq -c '.l |= .[0]' in.ndjson >l; wh-featurize --onehot l l | jq -c .features" '{"l=4":1}'
    remedy 1 '--onehot' 'wh-featurize --passthrough c in.ndjson' \
        'wh-featurize --onehot c in.ndjson | jq -c .features' '{"c=x":1}'
    remedy 1 '--null-value' 'wh-featurize --passthrough n in.ndjson' \
        'wh-featurize --null-value NA --passthrough n in.ndjson | jq -c .features' '{"n":null}'
    echo '{"a":"7"}' >text.ndjson
    remedy 1 'see --type' 'wh-featurize --passthrough a text.ndjson' \
        'wh-featurize --type a=float --passthrough a text.ndjson | jq -c .features' '{"a":7}'
    echo '{"a":1,"features":2}' >taken.ndjson
    remedy 1 '--rename' 'wh-featurize --passthrough a --keep features taken.ndjson' \
        'wh-featurize --rename features=f --passthrough a --keep f taken.ndjson | jq -c .f' 2
    remedy 1 '--exclude' 'wh-featurize --passthrough a --keep features taken.ndjson' \
        'wh-featurize --exclude features --passthrough a taken.ndjson | jq -c .features' '{"a":1}'
    remedy 2 '--missing-column null' "echo '{\"b\":1}' | wh-featurize --passthrough a,b" \
        "echo '{\"b\":1}' | wh-featurize --passthrough a,b --missing-column null |
            jq -c '.features | [.a, .b]'" '[null,1]'
    all_hold
}

@test "wh-featurize: constants that are learned before the first row, or row by row" {
    need jq
    printf 'c\nx\ny\n' >c.csv
    remedy 2 'name a FILE' 'cat c.csv | wh-featurize --onehot c -i csv' \
        'wh-featurize --onehot c -o csv c.csv | cut -d, -f2-' \
        $'features.c=x,features.c=y\n1,0\n0,1'
    remedy 2 'with --fit-transform to learn first' 'cat c.csv | wh-featurize --onehot c' \
        'cat c.csv | wh-featurize --onehot c --state s --fit-transform -q -o ndjson |
            jq -c .features' $'{"c=x":1}\n{"c=y":1}'
    remedy 2 'or give --state FILE' 'cat c.csv | wh-featurize --onehot c' \
        'cat c.csv | wh-featurize --onehot c --state r -q -o ndjson | jq -c .features' $'{}\n{}'
    remedy 2 '-o ndjson does without' 'wh-featurize --onehot c --state o -o csv c.csv' \
        'wh-featurize --onehot c -o ndjson --state o2 -q c.csv | jq -c .features' $'{}\n{}'
    remedy 2 '--fit-transform or --frozen gives them' 'wh-featurize --onehot c -o csv --state p c.csv' \
        'wh-featurize --onehot c --state s -o csv --frozen c.csv | cut -d, -f2-' \
        $'features.c=x,features.c=y\n1,0\n0,1'
    printf 'c\nz\n' >new.csv
    remedy 1 'by --fit, from rows that have it' \
        'wh-featurize --onehot c --state s --frozen --strict new.csv' \
        'wh-featurize --onehot c --state s2 --fit c.csv new.csv
        wh-featurize --onehot c --state s2 -o csv --frozen --strict new.csv | cut -d, -f2-' \
        $'features.c=x,features.c=y,features.c=z\n0,0,1'
    remedy 0 '--fit learns them' 'wh-featurize --onehot c --state s --frozen new.csv' \
        'wh-featurize -q --onehot c --state s3 --fit new.csv
        wh-featurize --onehot c --state s3 -o csv --frozen new.csv | cut -d, -f2-' $'features.c=z\n1'
    remedy 0 '--strict makes such rows bad' 'wh-featurize --onehot c --state s --frozen new.csv' \
        'wh-featurize -q --onehot c --state s --frozen --strict --rejects bad new.csv
        jq -r .rule bad' onehot
    all_hold
}

@test "wh-update and wh-score: labels, columns, options" {
    printf 'x,y\n1,no\n2,yes\n3,no\n' >two.csv
    printf 'x,y\n1,no\n2,yes\n3,maybe\n' >three.csv
    remedy 1 '--new --task multiclass' 'wh-update -q -m m --label y three.csv' \
        'wh-update -q -m m --label y --new --task multiclass three.csv' ''
    remedy 1 'wh-clean --flatten' "echo '{\"a\":{\"b\":1},\"y\":1}' | wh-update -q -m f --label y" \
        "echo '{\"a\":{\"b\":1},\"y\":1}' | wh-clean --flatten | wh-update -q -m f --label y" ''
    remedy 1 'wh-clean --exclude' "echo '{\"a.b\":1,\"z\":[1]}' | wh-score -m f" \
        "echo '{\"a.b\":1,\"z\":[1]}' | wh-clean --exclude z | wh-score -m f | wc -l | tr -d ' '" 1
    remedy 1 '--ignore' "echo '{\"a\":[1],\"b\":1,\"y\":1}' | wh-update -q -m g --label y" \
        "echo '{\"a\":[1],\"b\":1,\"y\":1}' | wh-update -q -m g --label y --ignore a" ''
    remedy 2 'which model? Give its file with -m MODEL' 'wh-update --label y two.csv' \
        'wh-update -q -m t --label y two.csv' ''
    remedy 2 'needs --label COLUMN' 'wh-update -m n two.csv' 'wh-update -q -m n --label y two.csv' ''
    remedy 2 '--new starts another model' 'wh-update -q -m t --weight x two.csv' \
        'wh-update -q -m t --label y --weight x --new two.csv' ''
    remedy 2 'needs --time COLUMN' 'wh-update -q -m h --label y --half-life 1d two.csv' \
        'wh-update -q -m h --label y --half-life 1d --time x two.csv' ''
    remedy 2 'requires -p' 'wh-update -q -m p --label y --digits 3 two.csv' \
        'wh-update -q -m p --label y --digits 3 -p two.csv | wc -l | tr -d " "' 4
    wh-update -q -m s --label y two.csv
    printf 'x,score\n1,5\n' >scored.csv
    remedy 1 'see --as' 'wh-score -m s scored.csv' \
        'wh-score -m s --as mine scored.csv | head -n 1' 'x,score,mine,mine_prediction'
    remedy 1 'wh-clean --rename' 'wh-score -m s scored.csv' \
        'wh-clean --rename score=old scored.csv | wh-score -m s -i csv | head -n 1' \
        'x,old,score,prediction'
    printf 'x,y\n1,1\n2,2\n' >onetwo.csv
    remedy 1 'with --positive "2" for these two' 'wh-update -q -m a --label y onetwo.csv' \
        'wh-update -q -m a --label y --new --positive "2" onetwo.csv' ''
    printf 'x,y\n1,1\n2,2.5\n' >numbers.csv
    remedy 1 '--new --task regression for a number' 'wh-update -q -m b --label y numbers.csv' \
        'wh-update -q -m b --label y --new --task regression numbers.csv' ''
    printf 'age,city,y\n1,a,1\n2,b,0\n' >learn.csv
    wh-update -q -m l --label y learn.csv
    remedy 0 'wh-clean --rename aeg=age' "printf 'aeg,city\n1,a\n' | wh-score -m l >/dev/null" \
        "printf 'aeg,city\n1,a\n' | wh-clean --rename aeg=age | wh-score -m l -i csv 2>&1 | wc -l |
            tr -d ' '" 2
    remedy 1 'wh-clean --exclude new takes it out' \
        "printf 'age,city,new\n1,a,1\n' | wh-score -m l --strict" \
        "printf 'age,city,new\n1,a,1\n' | wh-clean --exclude new | wh-score -q -m l --strict |
            wc -l | tr -d ' '" 2
    remedy 0 'wh-clean --type age=' "printf 'age,city\nold,a\n' | wh-score -m l >/dev/null" \
        "printf 'age,city\nold,a\n' | wh-clean --type age=float --rejects bad -q; jq -r .column bad" \
        $'age,city\nage'
    remedy 0 '--null-value makes one null' "printf 'age,city\nold,a\n' | wh-score -m l >/dev/null" \
        "printf 'age,city\nold,a\n' | wh-score -q -m l --null-value old |
            tail -n +2 | cut -c 1-3" ,a,
    remedy 2 '--new replaces it' 'wh-update --merge -m s m p' 'wh-update -q --merge --new -m z p p; :' ''
    remedy 2 'it needs --label' 'wh-score -m s --weight x two.csv' \
        'wh-score -q -m s --weight x --label y two.csv | wc -l | tr -d " "' 4
    remedy 2 'there must be a --label' 'wh-score -m s -n two.csv' \
        'wh-score -q -m s -n --label y two.csv' ''
    all_hold
}

@test "wh-load and wh-extract: tables, names, files" {
    need sqlite3
    echo '{"id":1,"v":"x"}' >in.ndjson
    remedy 1 '--create makes it' 'wh-load sqlite:a.db -t t in.ndjson' \
        'wh-load -q sqlite:a.db -t t --create in.ndjson; wh-extract sqlite:a.db -t t' \
        '{"id":1,"v":"x"}'
    remedy 2 '--create makes it' 'wh-load sqlite:a.db -t u in.ndjson' \
        'wh-load -q sqlite:a.db -t u --create in.ndjson; wh-extract sqlite:a.db -t u' \
        '{"id":1,"v":"x"}'
    remedy 2 'it needs --create' "echo '{\"columns\":{\"id\":\"integer\",\"v\":\"text\"}}' >S
        wh-load sqlite:a.db -t w --schema S in.ndjson" \
        'wh-load -q sqlite:a.db -t w --create --schema S in.ndjson; wh-extract sqlite:a.db -t w' \
        '{"id":1,"v":"x"}'
    remedy 2 '-t NAME' 'wh-load sqlite:a.db in.ndjson' \
        'wh-load -q sqlite:a.db -t t in.ndjson; wh-extract sqlite:a.db -t t | wc -l | tr -d " "' 2
    remedy 2 '-t NAME' 'wh-extract sqlite:a.db' 'wh-extract sqlite:a.db -t u' '{"id":1,"v":"x"}'
    remedy 2 'rename one with AS' "wh-extract sqlite:a.db -c 'SELECT id, id FROM u'" \
        "wh-extract sqlite:a.db -c 'SELECT id, id AS b FROM u'" '{"id":1,"b":1}'
    remedy 2 'rename it with AS' "wh-extract sqlite:a.db -c 'SELECT id \"@wh\" FROM u'" \
        "wh-extract sqlite:a.db -c 'SELECT id AS b FROM u'" '{"b":1}'
    remedy 2 '--apply needs --key' 'wh-load sqlite:a.db -t u --apply in.ndjson' \
        "sqlite3 a.db 'CREATE UNIQUE INDEX i ON u(id)'
        echo '{\"_op\":\"upsert\",\"id\":1,\"v\":\"new\"}' |
            wh-load -q sqlite:a.db -t u --apply --key id; wh-extract sqlite:a.db -t u" \
        '{"id":1,"v":"new"}'
    printf 'a,b\n1,2\n' >old.csv
    remedy 2 '--replace' 'wh-load old.csv -q in.ndjson -o ndjson' \
        'wh-load old.csv -q in.ndjson --replace; cat old.csv' $'id,v\n1,x'
    remedy 2 'postgresql://' 'wh-load host=h in.ndjson' \
        'wh-load -q ./host=h in.ndjson; cat host=h' '{"id":1,"v":"x"}'
    remedy 2 '--rotate requires --checkpoint' 'wh-load o.ndjson --rotate o-%F.ndjson in.ndjson' \
        'wh-extract in.ndjson --checkpoint C | wh-load -q o.ndjson --checkpoint C --rotate o-%F.ndjson
        cat o.ndjson' '{"id":1,"v":"x"}'
    remedy 2 'name the file' 'wh-extract --checkpoint D - <in.ndjson' \
        'wh-extract in.ndjson --checkpoint D | wh-load -q p.ndjson --checkpoint D; cat p.ndjson' \
        '{"id":1,"v":"x"}'
    all_hold
}
