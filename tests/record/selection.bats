# A choice of columns that finds none is a slip: it is refused wherever columns are chosen.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'OrderID,x,note\n1,a,\n2,b,\n' >rows.csv
    printf '{"OrderID":1,"x":"a"}\n{"OrderID":2,"x":"b"}\n' >rows.ndjson
}

# refused TEXT COMMAND...: the command ends with 2, says TEXT, and writes nothing.
refused() {
    local text=$1
    shift
    exits 2 "$@"
    says "$text"
    # shellcheck disable=SC2154 # bats sets output
    [ -z "$output" ] || { echo "written: $output"; return 1; }
}

# Each step that takes columns, with what follows them.
steps() {
    printf '%s\n' --trim --lower --drop-missing --unique --select --exclude --passthrough \
        --standard --log1p --onehot
    printf '%s\n' '--type =string' '--fill =0' '--hash =8' '--dates :hour' '--flatten '
}

# of_step FILE CHOICE: runs each step with this choice, which must be refused.
of_step() {
    while read -r option behind; do
        tool=wh-clean
        case $option in --passthrough | --standard | --log1p | --onehot | --hash | --dates)
            tool=wh-featurize ;;
        esac
        echo "$tool $option=$2$behind $1"
        exits 2 "$tool" "$option=$2$behind" "$1"
        says "$3"
    done < <(steps)
}

@test "a pattern that matches no column of the header is refused by every step" {
    of_step rows.csv '/_id$/' 'no column matches /_id$/ (did you mean "OrderID"?)'
    of_step rows.csv 'x,/zz/' 'no column matches /zz/'
    of_step rows.csv '!/zz/' 'no column matches /zz/'
}

@test "a name that is taken away must be that of a column, for every step" {
    of_step rows.csv '!order_id' 'there is no column "order_id" (did you mean OrderID?)'
    of_step rows.csv '/./,!orderid' 'there is no column "orderid" (did you mean OrderID?)'
}

@test "a list that leaves no column is refused by every step" {
    of_step rows.csv 'x,!x' '"x,!x" chooses no column'
    of_step rows.csv '!x,!OrderID,!note' 'chooses no column'
    of_step rows.csv 'x,!/./' 'chooses no column'
}

@test "a name or a range that is not there is refused by every step" {
    of_step rows.csv 'order_id' 'there is no column "order_id" (did you mean OrderID?)'
    of_step rows.csv 'x-nota' 'there is no column "x-nota"'
}

@test "a pattern that matches no column of any NDJSON row is refused at the end" {
    for option in --trim --unique --select --exclude --drop-missing; do
        exits 2 wh-clean $option '/_id$/' rows.ndjson
        says "no row has a column that matches /_id\$/ (did you mean \"OrderID\"?)"
    done
    exits 2 wh-featurize --onehot '/_id$/' rows.ndjson
    says "onehot: no row has a column that matches /_id\$/"
}

@test "later NDJSON rows may bring the columns that a pattern is for" {
    echo '{"OrderID":3,"x":"c","note":" n "}' >>rows.ndjson
    prints '{"OrderID":3,"x":"c","note":"n"}' sh -c 'wh-clean --trim "/^note$/" rows.ndjson | tail -n 1'
    exits 0 wh-clean --exclude '!/^x$/,!/note/' rows.ndjson
    exits 0 wh-clean --drop-missing note rows.ndjson
}

@test "input without rows says nothing about what NDJSON rows have, but a header does" {
    exits 0 wh-clean --trim '/zz/' -i ndjson /dev/null
    refused 'no column matches /zz/' wh-clean --trim '/zz/' -i csv <<<'a,b'
}

@test "--string, --columns and --keep must find their columns" {
    refused '--string: no column matches /zip/' wh-clean --string '/zip/' rows.csv
    refused '--string: there is no column "zip"' wh-clean --string 'x,!zip' rows.csv
    refused '--columns: there is no column "order_id" (did you mean OrderID?)' \
        wh-clean --columns order_id,x,note rows.csv
    exits 2 wh-clean -o csv --columns OrderID,x,note rows.ndjson
    says '--columns: no row has a column "note"'
    exits 2 wh-load --columns OrderID,x,note out.csv rows.ndjson
    says '--columns: no row has a column "note"'
    [ ! -e out.csv ]
    refused '--keep: no column matches /_id/ (did you mean "OrderID"?)' \
        wh-featurize --onehot x --keep '/_id/' rows.csv
    refused '--keep: there is no column "order_id" (did you mean OrderID?)' \
        wh-featurize --onehot x --keep order_id,note rows.csv
    exits 2 wh-featurize --onehot x --keep OrderID,note rows.ndjson
    says '--keep: no row has a column "note"'
}

@test "a column to keep may be missing from rows that are prepared, but not all of them" {
    wh-featurize --state s --onehot x --keep OrderID,note --fit rows.csv
    wh-clean --exclude note rows.csv >unlabelled.csv
    exits 0 wh-featurize --state s --frozen --onehot x --keep OrderID,note -q unlabelled.csv
    exits 2 wh-featurize --state s --frozen --onehot x --keep order_id -q unlabelled.csv
    says '--keep: there is no column "order_id" (did you mean OrderID?)'
    exits 2 wh-featurize --state s --frozen --onehot x --keep '/_id/' -q unlabelled.csv
    says '--keep: no column matches /_id/'
}

@test "rows that a state prepares may lack what its pattern or negation had found" {
    printf '{"a":1,"label":1,"note":"x"}\n{"a":2,"label":0}\n' >fit.ndjson
    wh-featurize --state s --trim '/note/' --standard '!label,!note' --fit fit.ndjson
    printf '{"a":1}\n' >one.ndjson
    exits 0 wh-featurize --state s --trim '/note/' --standard '!label,!note' --frozen one.ndjson
    printf 'a\n1\n' >one.csv
    exits 0 wh-featurize --state s --trim '/note/' --standard '!label,!note' --frozen one.csv
}

@test "wh-update refuses a choice that finds no column, and says which was meant" {
    wh-update -q -m old.whm --label x rows.csv
    for file in rows.csv rows.ndjson; do
        for option in --ignore --id; do
            exits 2 wh-update -m m.whm --label x $option '/_id$/' $file
            says "$option: no "
            says ' /_id$/ (did you mean "OrderID"?)'
            exits 2 wh-update -m m.whm --label x $option order_id $file
            says "$option: there is no column \"order_id\" (did you mean OrderID?)"
        done
        exits 2 wh-update -m m.whm --label Order_id $file
        says 'column Order_id, the label (did you mean OrderID?)'
        exits 2 wh-score -m old.whm --label Order_id $file
        says 'column Order_id, the label (did you mean OrderID?)'
    done
    [ ! -e m.whm ]
}

@test "wh-update and wh-score refuse a weight, ID or share by a column that no row has" {
    wh-update -q -m old.whm --label x rows.csv
    cp old.whm before.whm
    for choice in --weight=orderid --holdout=20%:orderid --holdout=20%:x,orderid \
        '--join=orderid --within 9'; do
        for file in rows.csv rows.ndjson; do
            # shellcheck disable=SC2086 # two options
            exits 2 wh-update -m old.whm --new --label x $choice --rejects r $file
            says "${choice%%=*}: "
            says ' column "orderid" (did you mean OrderID?)'
            same before.whm old.whm
        done
        # shellcheck disable=SC2086
        exits 1 wh-update -m m.whm --label x $choice rows.ndjson
        [ ! -e m.whm ]
    done
    for file in rows.csv rows.ndjson; do
        exits 2 wh-score -m old.whm --label x --weight orderid --rejects r $file
        says '--weight: '
        says ' column "orderid" (did you mean OrderID?)'
    done
}

@test "rows that go on teaching a model may all be bad, and later rows may bring a column" {
    printf '{"id":1,"w":1,"y":0}\n{"id":2,"w":1,"y":1}\n' >first
    printf '{"id":3,"y":1}\n' >second
    for choice in --weight=w --holdout=1%:w; do
        wh-update -q -m m.whm --new --label y $choice first
        exits 0 wh-update -q -m m.whm --rejects r second
        lines r 1
        exits 0 wh-update -q -m m.whm --new --label y $choice --rejects r second first
    done
    echo '{"id":1,"x":2}' >waits
    wh-update -q -m j.whm --label y --join id --within 9 waits
    exits 0 wh-update -q -m j.whm --rejects r rows.ndjson
}

@test "that no row had the label's column yet is said where rows wait for it" {
    exits 0 wh-update -m j.whm --label lable --join OrderID --within 9 rows.ndjson
    says '2 wait for it, 0 waited longer than --within; no row had a column lable, the label'
    echo '{"OrderID":1,"lable":2}' >label.ndjson
    exits 0 wh-update -m j.whm label.ndjson
    # shellcheck disable=SC2154 # bats sets stderr
    [[ $stderr != *'no row had'* ]]
}

@test "--interactions must name columns or features that can be learned from" {
    printf '{"x":1,"c":"a","y":0}\n{"x":2,"c":"b","y":1,"late":3}\n' >in.ndjson
    wh-clean -o csv --columns x,c,y,late in.ndjson >in.csv
    wh-featurize -q --onehot c --passthrough x --keep y in.ndjson >features.ndjson
    wh-featurize -q --onehot c --passthrough x --keep y -o csv in.ndjson >features.csv
    wh-update -q -m m.whm --label y in.csv
    cp m.whm before.whm
    for file in in.csv in.ndjson features.csv features.ndjson; do
        for pairs in 'nope*x' 'x*nope' 'x*c,nope*nope' 'nope*all' 'nope=a*x' 'y*x'; do
            exits 2 wh-update -m m.whm --new --label y --interactions "$pairs" $file
            says '--interactions: '
            same before.whm m.whm
        done
        for pairs in 'c*x' 'all' 'c=a*x' 'c=other*x'; do
            exits 0 wh-update -m n.whm --new --label y --interactions "$pairs" $file
        done
        says '--interactions: no feature and no column of strings is called "c=other"'
    done
    exits 2 wh-update -m m.whm --new --label y --interactions 'cc*late' in.csv
    says 'in.csv: --interactions: there is no column or feature "cc" to learn from'
    exits 2 wh-update -m m.whm --new --label y --interactions 'cc*late' in.ndjson
    says '--interactions: no row has a column or feature "cc" to learn from'
    exits 2 wh-update -m m.whm --new --label y --ignore c --interactions 'c*x' in.csv
    says '--interactions: the column "c" is not learned from'
    exits 0 wh-update -m n.whm --new --label y --interactions 'c*late' in.ndjson
    head -n 1 in.ndjson >early.ndjson
    exits 0 wh-update -q -m n.whm early.ndjson
}

@test "a name that the first NDJSON row lacks is told what chooses it, and that does" {
    printf '{"x":1,"y":0}\n{"x":2,"y":1,"late":3}\n' >in.ndjson
    for option in --ignore --id --string; do
        exits 2 wh-update -m m.whm --new --label y $option late in.ndjson
        says "in the first row; a pattern, /^NAME\$/, is for columns that rows may lack"
        exits 0 wh-update -m m.whm --new --label y $option '/^late$/' in.ndjson
    done
}

@test "what a choice has found is part of the state of a stream" {
    {
        echo '{"@wh":"begin","epoch":"0123456789ab","from":null,"position":{}}'
        echo '{"k":1,"note":" a "}'
        echo '{"@wh":"checkpoint","epoch":"0123456789ab","n":1,"rows":1,"committed":0,"position":{}}'
        echo '{"@wh":"end","epoch":"0123456789ab","n":2,"rows":0,"committed":1,"position":{}}'
    } >first
    {
        echo '{"@wh":"begin","epoch":"0123456789ac","from":{"epoch":"0123456789ab","n":2},"position":{}}'
        echo '{"k":2}'
        echo '{"@wh":"end","epoch":"0123456789ac","n":1,"rows":1,"committed":0,"position":{}}'
    } >second
    wh-clean --unique k --trim '/note/' --state s <first >/dev/null
    wh-clean --unique k --trim '/note/' --state s <second >out
    grep -q '"k":2' out
}
