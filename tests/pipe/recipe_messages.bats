# What is said of recipes, steps and states: each message whole, with its place and remedy.

load ../helper
load ../messages

# recipe STEPS TEXT [TOOL]: a recipe with these steps is refused by the tool.
recipe() {
    printf '{"steps":%s}' "$1" >r.json
    message 2 "${3-wh-clean}: --recipe: r.json: $2" "${3-wh-clean} -r r.json in.csv"
}

@test "each part of a recipe that cannot be is named" {
    printf 'a,b\n1,x\n' >in.csv
    echo '[]' >list.json
    message 2 'wh-clean: --recipe: list.json: a recipe is an object with "steps", a list: {"steps":[...]}' \
        'wh-clean -r list.json in.csv'
    recipe '[1]' 'step 1: a step must be an object with "op", a string'
    recipe '[{"op":"trim","columns":[1]}]' 'step 1: trim: "columns" must hold names of columns'
    recipe '[{"op":"trim"}]' 'step 1: trim: "columns" must say which columns, as in "a,b"'
    recipe '[{"op":"trim","column":"a","columns":"b"}]' \
        'step 1: trim: either "column" or "columns", not both'
    recipe '[{"op":"trim","column":"a"},{"op":"rename","names":{}}]' \
        'step 2: rename: "names" must be {"old":"new"}'
    recipe '[{"op":"rename","names":{"a":1}}]' 'step 1: rename: "names" must be {"old":"new"}'
    recipe '[{"op":"flatten","separator":1}]' 'step 1: flatten: "separator" must be a string'
    recipe '[{"op":"type","columns":"a"}]' \
        'step 1: type: "type" must be int, decimal, float, bool, string or timestamp'
    recipe '[{"op":"hash","columns":"a"}]' \
        'step 1: hash: "size", the number of features to hash into, is missing' wh-featurize
    all_hold
}

@test "each argument of a step that cannot be is named" {
    printf 'a,b\n1,x\n' >in.csv
    message 2 'wh-clean: --flatten: "=1" is not KEY=VALUE' 'wh-clean --flatten=:=1 in.csv'
    message 2 'wh-clean: --flatten: "\xFF" is not a key' $'wh-clean --flatten=:\xff=1 in.csv'
    message 2 "wh-clean: --trim: the columns' names are not valid UTF-8" $'wh-clean --trim \xff in.csv'
    message 2 "wh-clean: --fill: the column's name is not valid UTF-8" $'wh-clean --fill \xff=1 in.csv'
    message 2 'wh-featurize: --dates: no part of the date is named (year, quarter, month, week, day, yearday, weekday, hour, minute, second, epoch)' \
        'wh-featurize --dates a:cyclic in.csv'
    all_hold
}

@test "values that a step cannot take are named" {
    printf 'a,b\n1,x\n' >in.csv
    message 1 'wh-clean: in.csv:2: b: "x" is not an integer' 'wh-clean --type b=int in.csv'
    printf 'n\n"1,234.5"\n' >comma.csv
    message 1 'wh-clean: comma.csv:2: n: "1,234.5" is not a number (a number has no thousands separators, and a point before the fraction)' \
        'wh-clean --type n=float comma.csv'
    echo '{"a":-1}' >negative
    message 1 'wh-featurize: negative:1: a: -1 is not above -1, so that it has no log1p' \
        'wh-featurize --log1p a negative'
    echo '{"a":1e308}' >large
    message 1 'wh-featurize: large:1: a: 1e308 is too large to be standardized' \
        'wh-featurize --standard a large'
    awk 'BEGIN { printf "{"; for (i = 0; i < 9; i++) printf "%s\"c%d\":1.7e308", i ? "," : "", i; print "}" }' >sums
    message 1 'wh-featurize: sums:1: numbers that fall together in one place of /c/# add up to more than any double' \
        'wh-featurize --hash /c/=1 sums'
    awk 'BEGIN { printf "{\"a\":{\"z\":1"; for (i = 0; i < 131072; i++) printf ",\"" i "\":1"; print "}}" }' >wide
    message 1 'wh-clean: wide:1: there would be more than 131072 columns' 'wh-clean --flatten wide'
    all_hold
}

@test "more values than are remembered" {
    { echo v; seq 1 100001; } >many.csv
    message 0 'wh-featurize: v: more than 100000 values, or 64 MB of them: further ones count as infrequent (--hash has no such limit)' \
        'wh-featurize --state s --fit --onehot v many.csv'
    all_hold
}

@test "values that were not learned are counted" {
    printf 'city\nA\n' >one.csv
    printf 'city\nA\nB\n' >two.csv
    printf 'city\nA\nB\nC\n' >three.csv
    wh-featurize --state s --fit --onehot city one.csv
    message 0 'wh-featurize: column "city": 1 value was not learned, such as "B" (--strict makes such rows bad; --fit learns them)' \
        'wh-featurize --state s --frozen --onehot city two.csv'
    message 0 'wh-featurize: column "city": 2 values were not learned, such as "B" (--strict makes such rows bad; --fit learns them)' \
        'wh-featurize --state s --frozen --onehot city three.csv'
    head -n 1 one.csv >none.csv
    message 1 'wh-featurize: t: no row came to learn from, so it was not made' \
        'wh-featurize --state t --fit --onehot city none.csv'
    message 1 'wh-featurize: s: the steps dropped every row, so it stays as it was' \
        'echo "{\"city\":null}" | wh-featurize --state s --fit --drop-missing city --onehot city'
    all_hold
}

# changed FILE SED TEXT COMMAND: the state, edited, with a digest that fits, is refused.
changed() {
    sed "$2" "$1" >c
    run ! cmp -s "$1" c
    digested c
    message 2 "$3" "$4"
}

@test "each damage of a state is named" {
    printf 'city,n\nA,1\nB,2\n' >in.csv
    steps='--standard n --onehot city'
    frozen="wh-featurize --state c --frozen $steps in.csv"
    # shellcheck disable=SC2086 # several options
    wh-featurize --state s --fit $steps in.csv
    sed 's/"rows":2/"rows":3/' s >c
    message 2 'wh-featurize: c is damaged: its digest does not fit its content (cut short, or edited)' \
        "$frozen"
    echo '{"wh":"model"}' >other
    message 2 'wh-featurize: other is not a state of wh-clean or wh-featurize' \
        "wh-featurize --state other --frozen $steps in.csv"
    changed s 's/"rows":2/"rows":-2/' 'wh-featurize: c lacks rows, absent or steps' "$frozen"
    changed s 's/"checkpoint":null/"checkpoint":1/' 'wh-featurize: c has an invalid checkpoint' "$frozen"
    changed s 's/"absent":\[\]/"absent":1/' 'wh-featurize: c lacks rows, absent or steps' "$frozen"
    changed s 's/"absent":\[\]/"absent":[1]/' 'wh-featurize: c: "absent" is not a list of columns' "$frozen"
    changed s 's/"recipe":/"recipes":/' 'wh-featurize: c names no recipe' "$frozen"
    changed s 's/"version":2/"version":9/' \
        'wh-featurize: c was written by a newer version (version 9 of the file, this one reads up to 2)' \
        "$frozen"
    changed s 's/"met":\[2,2\]/"met":[2]/' \
        'wh-featurize: c: "met" does not have an entry for each step' "$frozen"
    changed s 's/"column":"n"/"column":1/' \
        'wh-featurize: c: standard: the saved state of column 1 is invalid' "$frozen"
    changed s 's/"overflow":0/"overflow":-1/' \
        'wh-featurize: c: onehot: the saved state of column 1 is invalid' "$frozen"
    wh-clean --unique city --state u in.csv >/dev/null
    { head -n 1 u | sed 's/"keys":2/"keys":3/' >c; } && digested c && tail -n +2 u >>c
    message 2 'wh-clean: c: unique: the saved state is invalid' \
        'wh-clean --unique city --state c in.csv'
    all_hold
}

@test "a state of --live alone has no constants" {
    printf 'city,n\nA,1\nB,2\n' >in.csv
    steps='--unique city --standard n'
    # shellcheck disable=SC2086 # several options
    wh-featurize --state s --fit $steps in.csv
    # shellcheck disable=SC2086
    wh-featurize --state s --frozen --live l $steps in.csv >/dev/null
    message 2 'wh-featurize: l: standard: the state has no constants (it is one of --live)' \
        "wh-featurize --state l --frozen $steps in.csv"
    all_hold
}

@test "files that a run would overwrite are looked at first" {
    echo text >text
    printf 'a\n1\n' >in.csv
    message 2 'wh-clean: text: holds something else and would be overwritten (give another name, or remove it first)' \
        'wh-clean --rejects text in.csv'
    all_hold
}
