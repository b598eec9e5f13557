# Nothing changes that nobody asked to change.

load ../helper

awkward_ndjson() {
    cat <<'EOF'
{"n":123456789012345678901234567890,"d":1.10,"z":-0,"big":1e400,"small":1E-400,"e":1.0e+5}
{"escapes":"\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000","plain":"é 😀 日本"}
{ "nested" : { "a" : [ 1 , 2.50 , { } ] , "b" : { "c" : null } } , "after" : "x" }
{}
{"":0,"empty":"","null":null,"t":true,"f":false,"arr":[],"obj":{}}
{"k\u0065y":1,"other":"  blanks  "}
EOF
    printf '{"long":"'
    head -c 1048576 /dev/zero | tr '\0' x
    printf '","end":1}\n'
    printf '{"last":"no newline"}'
}

awkward_csv() {
    printf 'id,text,"quoted name",number\r\n'
    printf '1,"a ""quoted"" word",,1.10\r\n'
    printf '2,"","line\nbreak",-0\r\n'
    printf '3,  blanks  ,"comma, inside",123456789012345678901234567890\r\n'
    printf '4,é 日本,"needless quotes",1e400\r\n'
    printf '5,last,no,newline'
}

@test "no step is the identity on NDJSON, byte for byte" {
    awkward_ndjson >in
    wh-clean in >out
    same in out
    wh-clean <in >out
    same in out
    wh-clean - <in | cat >out
    same in out
}

@test "rows stay in order, however long they are" {
    long=$(head -c 30000 /dev/zero | tr '\0' x)
    for count in 1 5 1 4 1 1 9 1; do
        printf '{"count":%d,"long":"' "$count"
        for _ in $(seq "$count"); do printf '%s' "$long"; done
        printf '"}\n'
    done >in
    wh-clean in >out
    same in out
}

@test "no step is the identity on CSV, byte for byte" {
    awkward_csv >in.csv
    wh-clean in.csv >out
    same in.csv out
    wh-clean -i csv <in.csv >out
    same in.csv out
    tr ',' '\t' <in.csv >tabbed
    wh-clean -i csv -d '\t' tabbed >out
    same tabbed out
    printf 'a\tb "q"\r\n"\t""\r\n 1 \t\\n\r\n\t5'"'"'9" tall' >in.tsv
    wh-clean in.tsv >out
    same in.tsv out
    wh-clean --trim a in.tsv | sed 's/^1/ 1 /' >out
    same in.tsv out
}

@test "steps that find nothing to do leave every byte of NDJSON" {
    cat >in <<'EOF'
{ "id" : 12 , "amount" : 1.10 , "city" : "lagos" , "when" : "2024-03-01T09:30:00Z" , "b" : true }
{"id":123456789012345678901234567890,"amount":-0,"city":"a \" quote","when":null,"b":null}
{"id":7,"amount":1e400,"city":"\u00e9t\u00e9","when":"2024-03-01T09:30:00.5+02:00","b":false}
EOF
    wh-clean --type id=int --type amount=decimal --type b=bool --type city=string \
        --type when=timestamp --trim city --lower city --fill city=none --drop-missing id \
        --unique id --select id,amount,city,when,b --flatten in >out
    same in out
}

@test "steps that find nothing to do leave every byte of CSV" {
    printf 'id,"amount",city,b\r\n"12",1.10,"lagos",true\r\n13,,"it is ""so""",false\r\n' >in.csv
    wh-clean --type id,amount=decimal --type b=bool --type city=string --trim city --lower city \
        --fill city=none --drop-missing id --unique id --select id-b --flatten in.csv >out
    same in.csv out
}

@test "in a row that is changed the other values keep their text" {
    prints '{"a":1,"n":123456789012345678901234567890,"d":1.10,"z":-0,"e":"\u0041\/","o":{ "x" : [ 1 ] }}' \
        wh-clean --fill a=1 <<'EOF'
{ "a" : null , "n" : 123456789012345678901234567890 , "d" : 1.10, "z":-0,"e":"\u0041\/","o":{ "x" : [ 1 ] }}
EOF
    prints $'a,b,c,d\n1,"x",,""' wh-clean -i csv --fill a=1 <<<$'a,b,c,d\n,"x",,""'
}

@test "a last line without a newline stays without when it is changed" {
    printf '{"a":null}' | wh-clean --fill a=1 >out
    printf '{"a":1}' >expected
    same expected out
    printf 'a,b\n,2' | wh-clean -i csv --fill a=1 >out
    printf 'a,b\n1,2' >expected
    same expected out
}

@test "no row in is no row out, and a header stays" {
    wh-clean --trim a </dev/null >out
    [ ! -s out ]
    for header in 'a,b\n' 'a,"b"\r\n' 'a,b'; do
        # shellcheck disable=SC2059 # the escapes are meant
        printf "$header" >in.csv
        wh-clean --trim a in.csv >out
        same in.csv out
    done
    prints 'x' wh-clean --rename a=x --exclude b in.csv
    prints 'a,b' wh-clean -i csv --drop-missing a <<<$'a,b\n,1'
    exits 2 wh-clean --trim c in.csv
    wh-clean -o ndjson in.csv >out
    [ ! -s out ]
}
