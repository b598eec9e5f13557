# Each step, what it does and what it refuses, on the command line.

load ../helper

# clean ROW OPTION...: runs the options on one row.
clean() {
    local row=$1
    shift
    wh-clean "$@" <<<"$row"
}

@test "--type takes several columns, and keeps the text of valid numbers" {
    prints '{"a":1,"b":1.10,"c":"1"}' clean '{"a":"1","b":1.10,"c":"1"}' --type a,b=decimal
    prints '{"a":-0,"b":1e400,"c":"x"}' clean '{"a":"-0","b":"1e400","c":"x"}' --type '!c=decimal'
    prints '{"a":123456789012345678901234567890}' \
        clean '{"a":"123456789012345678901234567890"}' --type a=int
}

@test "--type spells numbers as JSON does" {
    prints '{"a":7,"b":0.5,"c":5,"d":1,"e":-0.5e3}' \
        clean '{"a":"007","b":".5","c":"5.","d":"+1","e":"-.5e3"}' --type /./=decimal
    prints '{"a":5,"b":-3,"c":7}' clean '{"a":5.00,"b":"-3.0","c":"0007.0"}' --type a-c=int
}

@test "--type refuses what is no number, and says what helps" {
    exits 1 clean '{"a":"12,5"}' --type a=decimal
    says ':1: a: "12,5" is not a number (a number has no thousands separators'
    exits 1 clean '{"a":" 12"}' --type a=int
    says '" 12" is not an integer (--trim takes the blanks off)'
    exits 1 clean '{"a":""}' --type a=float
    says "\"\" is not a number (--null-value '' makes it null)"
    exits 1 clean '{"a":" "}' --type a=float
    says "\" \" is not a number (it is blank: --null-value '' with --trim before --type makes it null)"
    exits 1 clean '{"a":"N/A"}' --type a=float
    says "(--null-value 'N/A' makes it null)"
    exits 1 clean '{"a":1.5}' --type a=int
    says '"1.5" is not an integer (decimal and float take fractions and exponents)'
    exits 1 clean '{"a":"1.5"}' --type a=int
    says '"1.5" is not an integer'
    exits 1 clean '{"a":1e400}' --type a=float
    says '"1e400" is beyond the range of a float (decimal takes it)'
    exits 1 clean '{"a":true}' --type a=int
    says '"true" is not an integer'
    exits 1 clean '{"a":[1]}' --type a=decimal
    says '"[1]" is not a number'
}

@test "--type bool takes the words for true and false in any case" {
    prints '{"a":true,"b":true,"c":true,"d":true,"e":true,"f":true}' \
        clean '{"a":"TRUE","b":"t","c":"Yes","d":"y","e":"on","f":1}' --type /./=bool
    prints '{"a":false,"b":false,"c":false,"d":false,"e":false,"f":null}' \
        clean '{"a":"False","b":"F","c":"no","d":"off","e":0,"f":null}' --type /./=bool
    exits 1 clean '{"a":2}' --type a=bool
    says 'a: "2" is not true or false'
}

@test "--type string makes a text of numbers, booleans and nested values" {
    prints '{"a":"1.10","b":"true","c":"[1,\"x\"]","d":null,"e":"s"}' \
        clean '{"a":1.10,"b":true,"c":[1,"x"],"d":null,"e":"s"}' --type /./=string
}

@test "--type timestamp writes ISO 8601" {
    prints '{"a":"2024-03-01T12:30:00+02:00","b":"2024-03-01T00:00:00","c":"2024-03-01T12:30:05.25Z"}' \
        clean '{"a":"2024-03-01 12:30+02","b":"2024-03-01","c":"20240301T123005.250Z"}' \
        --type /./=timestamp
    exits 1 clean '{"a":"2024-02-30"}' --type a=timestamp
    says '"2024-02-30" is not a timestamp'
    # shellcheck disable=SC2154 # bats sets stderr
    [[ $stderr != *'ISO 8601'* ]]
    exits 1 clean '{"a":"31.12.2024"}' --type a=timestamp
    says '"31.12.2024" is not a timestamp (ISO 8601 is: 2024-03-01T12:30:05Z)'
    exits 1 clean '{"a":1709295000}' --type a=timestamp
    says "wh-clean -o ndjson | jq -c '.COL |= todate'"
}

@test "--type in CSV shows in NDJSON, and CSV keeps its text" {
    printf 'a,b,c\n1,yes,007\n' >in.csv
    prints $'a,b,c\n1,true,7' wh-clean --type a=string --type b=bool --type c=int in.csv
    prints '{"a":"1","b":true,"c":7}' \
        wh-clean -o ndjson --type a=string --type b=bool --type c=int in.csv
    prints '{"a":"1","b":"yes","c":"007"}' wh-clean -o ndjson --type a=string in.csv
}

@test "an unknown type is refused with the nearest" {
    exits 2 clean '{"a":1}' --type a=integer
    says '--type: there is no type "integer"'
    exits 2 clean '{"a":1}' --type a=flot
    says 'did you mean float?'
    exits 2 clean '{"a":1}' --type a
    says '--type: "a" is not COL=VALUE'
}

@test "--trim takes Unicode's white space off, and nothing else" {
    prints '{"a":"x y","b":"x","c":"x","d":"","e":1,"f":"\u200bx"}' \
        clean '{"a":" x y\t","b":"\u00a0\u2003x\u3000","c":"\n x\r\n","d":" \u0020 ","e":1,"f":"\u200bx"}' \
        --trim /./
    prints '{"a":"q\"q"}' clean '{"a":" q\"q "}' --trim a
    printf 'a,b\n" x ", y \n"  ",z\n' >in.csv
    prints $'a,b\n"x",y\n"",z' wh-clean --trim a,b in.csv
}

@test "--lower turns letters of every script, one for one" {
    prints '{"a":"abc","b":"éßñ","c":"привет","d":"καλη","e":"é\"x"}' \
        clean '{"a":"AbC","b":"ÉßÑ","c":"ПРИВЕТ","d":"ΚΑΛΗ","e":"\u00c9\"X"}' --lower a-e
    prints '{"a":"x\u0041","b":"k"}' clean '{"a":"x\u0041","b":"k"}' --lower '/^b$/'
    prints '{"a":"ⱥk"}' clean '{"a":"ȺK"}' --lower a
}

@test "--fill fills null, and neither the empty string nor what is absent" {
    prints '{"a":0,"b":"","c":1}' clean '{"a":null,"b":"","c":1}' --fill a,b=0
    prints $'{"a":"none"}\n{"b":1}' wh-clean --fill a=none <<<$'{"a":null}\n{"b":1}'
    prints '{"a":"x=y","b":true}' clean '{"a":null,"b":null}' --fill a=x=y --fill b=true
    prints '{"a":"say \"hi\""}' clean '{"a":null}' --fill 'a=say "hi"'
    prints $'a,b\n0,""' wh-clean -i csv --fill a,b=0 <<<$'a,b\n,""'
    exits 2 clean '{"a":null}' --fill a=null
    says '--fill: "value" must be something other than null'
    exits 2 clean '{"a":null}' --fill a=99999999999999999999
    says 'too large for an exact number'
}

@test "--null-value makes null of strings and numbers in NDJSON, and of values in CSV" {
    prints '{"a":null,"b":null,"c":"NAN","d":{"x":"NA"}}' \
        clean '{"a":"NA","b":-999,"c":"NAN","d":{"x":"NA"}}' --null-value NA --null-value -999
    prints '{"a":null,"b":"x"}' clean '{"a":"\u004eA","b":"x"}' --null-value NA
    prints '{"a":null}' clean '{"a":""}' --null-value ''
    prints $'a,b\n0,2' wh-clean -i csv --null-value NA --fill a=0 <<<$'a,b\nNA,2'
    prints $'a,b\n,2' wh-clean -i csv --null-value NA <<<$'a,b\nNA,2'
}

@test "--drop-missing drops rows with null or without the column, and counts them" {
    prints $'{"a":1,"b":""}' wh-clean --drop-missing a,b --stats stats \
        <<<$'{"a":null,"b":1}\n{"a":1,"b":""}\n{"b":2}'
    need jq
    prints '[3,2,0]' jq -c '.steps[0] | [.rows_in, .rows_dropped, .rows_rejected]' stats
    prints '[3,1,0]' jq -c '[.rows_in, .rows_out, .rows_rejected]' stats
}

@test "--drop-missing says at the end when no row had the column" {
    exits 2 wh-clean --drop-missing a,bb <<<$'{"a":1}\n{"a":2}'
    says 'drop_missing: no row has a column "bb"'
    exits 0 wh-clean --drop-missing a,b <<<$'{"a":1}\n{"a":2,"b":1}\n{"b":1}'
    [ "$output" = '{"a":2,"b":1}' ]
    exits 2 wh-clean -i csv --drop-missing c <<<$'a,b\n1,2'
    says 'there is no column "c"'
}

@test "--unique keeps the first row of each key" {
    prints $'{"a":1,"b":"x"}\n{"a":1,"b":"y"}\n{"a":"1","b":"x"}' wh-clean --unique a,b <<'EOF'
{"a":1,"b":"x"}
{"a":1,"b":"y"}
{"b":"x","a":1.0}
{"a":"1","b":"x"}
{"a":10e-1,"b":"\u0078"}
EOF
}

@test "--unique takes null and absent for the same, and no value for another" {
    prints $'{"a":null,"b":1}\n{"a":"","b":1}\n{"a":1,"b":null}' wh-clean --unique a,b <<'EOF'
{"a":null,"b":1}
{"b":1}
{"a":"","b":1}
{"a":1,"b":null}
{"a":1}
EOF
    prints $'a,b\nx,yz\nxy,z' wh-clean -i csv --unique a,b <<<$'a,b\nx,yz\nxy,z\nx,yz'
}

@test "--unique by a pattern knows columns by their names" {
    prints $'{"a":1,"b":2}\n{"a":2,"b":1}\n{"a":1,"c":2}' wh-clean --unique /./ <<'EOF'
{"a":1,"b":2}
{"b":2,"a":1}
{"a":2,"b":1}
{"a":1,"c":2}
{"c":2,"a":1}
EOF
}

@test "--select and --exclude choose columns, in order" {
    prints '{"c":3,"a":1}' clean '{"a":1,"b":2,"c":3}' --select c,a
    prints '{"b":2}' clean '{"a":1,"b":2,"c":3}' --exclude a,c
    prints '{"a":1,"c":3}' clean '{"a":1,"b":2,"c":3}' --select '!b'
    prints '{}' clean '{"a":1}' --exclude a
    prints $'{"a":1}\n{}' wh-clean --select a <<<$'{"a":1,"b":1}\n{"b":2}'
    prints $'c,a\n3,1' wh-clean -i csv --select c,a <<<$'a,b,c\n1,2,3'
}

@test "--rename changes names all at once" {
    prints '{"b":1,"a":2}' clean '{"a":1,"b":2}' --rename a=b,b=a
    prints '{"x y":1,"q\"":2}' clean '{"a":1,"b":2}' --rename 'a=x y,b=q"'
    prints '{"c":1}' clean '{"a=b,":1}' --rename 'a\=b\,=c'
    prints $'x,b\n1,2' wh-clean -i csv --rename a=x <<<$'a,b\n1,2'
    prints $'{"x":1}\n{"b":1}' wh-clean --rename a=x <<<$'{"a":1}\n{"b":1}'
}

@test "--rename refuses a name that is there" {
    exits 2 clean '{"a":1,"b":2}' --rename a=b
    says 'rename: there would be two columns "b"'
    exits 2 clean '{"a":1,"b":2}' --rename a=c,b=c
    says 'there would be two columns "c"'
    exits 1 wh-clean --rename a=b <<<$'{"a":1}\n{"a":1,"b":2}'
    says ':2: b: there would be two columns "b"'
    exits 2 clean '{"a":1}' --rename a=b,a=c
    says '--rename: "a" is renamed twice'
    exits 2 clean '{"a":1}' --rename a
    says '"a" is not OLD=NEW'
    exits 2 clean '{"a":1}' --rename a=@wh
    says 'control records'
}

@test "--flatten opens objects, and leaves arrays and empty objects" {
    prints '{"i":1,"a.b":1,"a.c.d":[1,{"x":2}],"a.c.e":{},"z":[]}' \
        clean '{"i":1,"a":{"b":1,"c":{"d":[1,{"x":2}],"e":{}}},"z":[]}' --flatten
    prints '{"a_b":1,"a_c":{"d":2},"z":{"y":1}}' \
        clean '{"a":{"b":1,"c":{"d":2}},"z":{"y":1}}' --flatten=a:separator=_,depth=1
    prints '{"a/b":1,"z/y":1}' clean '{"a":{"b":1},"z":{"y":1}}' --flatten=:separator=/
}

@test "--flatten follows rows whose objects differ, and the steps behind it follow too" {
    prints $'{"a.b":1}\n{"a.b":0,"a.c":2}\n{"a":3}\n{"a.b":4}' \
        wh-clean --flatten --fill a.b=0 <<'EOF'
{"a":{"b":1}}
{"a":{"b":null,"c":2}}
{"a":3}
{"a":{"\u0062":4}}
EOF
}

@test "--flatten makes a row bad that would have two columns of one name" {
    exits 1 wh-clean --flatten <<<'{"a":{"b":1},"a.b":2}'
    says ':1: a.b: there would be two columns "a.b"'
    exits 1 wh-clean --flatten <<<'{"a":{"b":1,"b":2}}'
    says 'there would be two columns "a.b"'
}

@test "a column that the first row lacks is refused, with the nearest name" {
    for step in --trim --lower --unique --select --exclude; do
        exits 2 clean '{"city":"x"}' "$step" ctiy
        says "${step#--}: there is no column \"ctiy\" (did you mean city?)"
    done
    exits 2 clean '{"city":"x"}' --type ctiy=string
    says 'did you mean city?'
    exits 2 clean '{"city":"x"}' --fill ctiy=string
    exits 2 clean '{"city":"x"}' --rename ctiy=town
    says 'rename: there is no column "ctiy"'
    printf 'city\nx\n' >in.csv
    exits 2 wh-clean --trim ctiy in.csv
    [ -z "$output" ]
}

@test "a later NDJSON row may lack a column, a later CSV file may not" {
    prints $'{"a":"x"}\n{"b":" y "}\n{"a":"z"}' wh-clean --trim a --lower a --fill a=q \
        --type a=string <<<$'{"a":" X "}\n{"b":" y "}\n{"a":"z"}'
    printf 'a,b\n1,2\n' >one.csv
    printf 'b\n3\n' >two.csv
    exits 2 wh-clean -o ndjson --trim a one.csv two.csv
    says 'wh-clean: two.csv: trim: there is no column "a"'
    exits 1 wh-clean two.csv one.csv
    says 'one.csv:2: a: the CSV header was written without this column (name all columns with --columns'
}

@test "a CSV header that came as one column asks for its delimiter" {
    printf 'city;plan\nx;y\n' >semicolons.csv
    exits 2 wh-clean --trim plan semicolons.csv
    says "semicolons.csv: trim: there is no column \"plan\" (the only one is \"city;plan\": is the"
    says "is the delimiter -d ';'?)"
    printf 'city\tplan\nx\ty\n' >tabs.csv
    exits 2 wh-clean --trim plan tabs.csv
    says "is the delimiter -d '\\t'?)"
    printf 'city;plan\n1,5;y\n' >commas.csv
    exits 1 wh-clean commas.csv
    says "commas.csv:2: 2 values where there is 1 column (is the delimiter -d ';'?)"
    exits 2 wh-clean -d ';' --trim plam semicolons.csv
    says 'there is no column "plam" (did you mean plan?)'
}

@test "a pattern asks for no column" {
    prints $'{"b":1}\n{"a":"x"}' wh-clean --trim '/^a$/' <<<$'{"b":1}\n{"a":" x "}'
}

@test "rows that a step rejects go to the rejects, and the counts add up" {
    printf '{"a":"1"}\n{"a":"x"}\n{"a":null}\n{"a":"y"}\n' >in
    wh-clean -q --type a=int --drop-missing a --rejects bad --stats stats in >out
    printf '{"a":1}\n' >expected
    same expected out
    need jq
    prints '[4,1,2]' jq -c '[.rows_in, .rows_out, .rows_rejected]' stats
    prints '[[4,0,2],[2,1,0]]' \
        jq -c '[.steps[] | [.rows_in, .rows_dropped, .rows_rejected]]' stats
    prints $'[2,"a","type","{\\"a\\":\\"x\\"}"]\n[4,"a","type","{\\"a\\":\\"y\\"}"]' \
        jq -c '[.line, .column, .rule, .row]' bad
}

@test "rows of ever new shapes go through in small memory" {
    need /usr/bin/time
    without_sanitizers
    awk 'BEGIN { for (i = 0; i < 20000; i++) {
        printf "{\"id\":\"%d\"", i
        for (j = 0; j < 40; j++) printf ",\"k%d_%d\":{\"v\":%d}", i, j, j
        print "}" } }' >in
    /usr/bin/time -f %M -o memory wh-clean --type id=int --trim /./ --flatten --rename id=x \
        --exclude '/_7/' --lower '/_8/' in >out
    [ "$(wc -l <out)" -eq 20000 ]
    tail -n 1 out | grep -q '^{"x":19999,"k19999_0.v":0,'
    [ "$(cat memory)" -lt 65536 ]
}

@test "--unique forgets a row that turned out to be bad" {
    printf 'id,x\n1,bad\n1,5\n1,6\n2,7\n' >rows.csv
    prints $'id,x\n1,5\n2,7' wh-clean -q --unique id --type x=int --rejects bad.ndjson rows.csv
    [ "$(wc -l <bad.ndjson)" -eq 1 ]
    rm bad.ndjson
    printf '%s\n' '{"id":1,"x":1}' '{"id":2,"x":1,"y":1}' '{"id":2,"x":2}' >rows.ndjson
    prints $'id,x\n1,1\n2,2' wh-clean -q --unique id -o csv --rejects bad.ndjson rows.ndjson
}

@test "--unique knows a column whose name holds a NUL" {
    prints '{"a\u0000b":1}' wh-clean --unique '/^a/' \
        <<<$'{"a\\u0000b":1}\n{"a\\u0000b":1,"c":1}\n{"d":0,"a\\u0000b":1}'
}

@test "no step makes a control record of a row" {
    printf '{"a":1,"@wh":"begin"}\n{"a":2}\n' >rows.ndjson
    exits 1 wh-clean --exclude a rows.ndjson
    says 'rows.ndjson:1: @wh: the row would begin with this column'
    exits 1 wh-clean --select @wh,a rows.ndjson
    exits 1 wh-clean --flatten=:separator= <<<'{"@w":{"h":1}}'
    prints '{"at":"begin"}' wh-clean --rename @wh=at --exclude a <<<'{"a":1,"@wh":"begin"}'
    exits 0 wh-clean --exclude a --rejects bad.ndjson rows.ndjson
    [ "$output" = '{}' ]
    [ "$(jq -r .rule bad.ndjson)" = reserved ]
}
