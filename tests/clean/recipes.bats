# Recipes: from options to text and back, and what is refused about them.

load ../helper

steps=(--null-value NA --trim a-b --lower '/^b$/' --type '/^[ac]$/=decimal' --fill 'd=x=1' --fill e=1.50
    --drop-missing a --unique '!b' --rename 'b=name' --rename 'c=a\=b' --flatten=:separator=_
    --select '!e' --exclude 'f')

rows() {
    cat <<'EOF'
{"a":" 1","b":" X ","c":2,"d":null,"e":null,"f":{"x":{"y":{"z":1}}}}
{"a":"1","b":"Y","c":2.0,"d":"d","e":1,"f":{"x":{"y":{"z":2}}}}
{"a":"NA","b":"Y","c":3,"d":"d","e":1,"f":1}
EOF
}

@test "a printed recipe fed back prints the same and does the same" {
    wh-clean "${steps[@]}" --print-recipe >one.json
    wh-clean -r one.json --print-recipe >two.json
    same one.json two.json
    steps[${#steps[@]}-1]=f_x_y_z
    wh-clean "${steps[@]}" --print-recipe >one.json
    rows | wh-clean "${steps[@]}" >direct
    [ -s direct ]
    rows | wh-clean --null-value NA -r one.json >by_recipe
    same direct by_recipe
}

@test "options and files stand in the order given" {
    echo '{"steps":[{"op":"fill","column":"a","value":"file"}]}' >r.json
    prints '{"a":"file"}' wh-clean -r r.json --fill a=option <<<'{"a":null}'
    prints '{"a":"option"}' wh-clean --fill a=option -r r.json <<<'{"a":null}'
    prints '{"steps":[{"column":"a","op":"fill","value":"file"},{"column":"a","op":"fill","value":"file"}]}' \
        wh-clean -r r.json -r r.json --print-recipe
}

@test "a recipe printed is canonical: sorted keys, no blanks, shortest numbers" {
    cat >r.json <<'EOF'
{ "steps" : [ { "value" : 1.50e0, "op" : "fill", "columns" : [ "a", "b,c" ] } ] }
EOF
    prints '{"steps":[{"columns":["a","b,c"],"op":"fill","value":1.5}]}' \
        wh-clean -r r.json --print-recipe
    prints '{"steps":[]}' wh-clean --print-recipe
}

@test "an array of columns holds names as they are" {
    echo '{"steps":[{"op":"fill","columns":["a,b","/x/","!y","c-d"],"value":0}]}' >r.json
    prints '{"a,b":0,"/x/":0,"!y":0,"c-d":0,"e":null}' \
        wh-clean -r r.json <<<'{"a,b":null,"/x/":null,"!y":null,"c-d":null,"e":null}'
}

@test "fill takes any JSON value from a recipe" {
    printf '%s\n' '{"steps":[{"op":"fill","columns":"a","value":"0"},{"op":"fill","columns":"b","value":{"x":[1,"é\n"]}}]}' >r.json
    prints '{"a":"0","b":{"x":[1,"é\n"]}}' wh-clean -r r.json <<<'{"a":null,"b":null}'
}

refused() {
    printf '%s\n' "$1" >r.json
    exits 2 wh-clean -r r.json
    says "wh-clean: --recipe: $2"
}

@test "a recipe that is wrong is refused, with its place" {
    refused '{"steps":[{"op":"trim","columns":"a"},{"op":"trmi","columns":"a"}]}' \
        'r.json: step 2: there is no step "trmi" (did you mean trim?)'
    refused '{"steps":[{"op":"trim","column":"a","colums":"b"}]}' \
        'r.json: step 1: trim: there is no key "colums" (did you mean column'
    refused '{"steps":[{"op":"trim"}]}' 'r.json: step 1: trim: "columns" must say which columns'
    refused '{"steps":[{"op":"trim","column":"a","columns":"b"}]}' \
        'r.json: step 1: trim: either "column" or "columns"'
    refused '{"steps":[{"op":"trim","columns":""}]}' 'r.json: step 1: trim: '
    refused '{"steps":[{"op":"trim","columns":[1]}]}' 'r.json: step 1: trim: "columns" must hold names'
    refused '{"steps":[{"op":"type","columns":"a","type":"float64"}]}' \
        'r.json: step 1: type: there is no type "float64"'
    refused '{"steps":[{"op":"flatten","depth":0}]}' 'r.json: step 1: flatten: "depth" must be'
    refused '{"steps":[{"columns":"a"}]}' 'r.json: step 1: a step must be an object with "op"'
    refused '{"steps":["trim"]}' 'r.json: step 1: a step must be an object with "op"'
    refused '{"step":[]}' 'r.json: a recipe is an object with "steps"'
    refused '{"steps":[],"name":"x"}' 'r.json: a recipe has no key "name"'
    refused $'{"steps":[\n  {"op":"trim","op":"lower"}\n]}' 'r.json:2:'
    refused $'{"steps":[\n  {"op":"trim",}\n]}' 'r.json:2:'
}

@test "a recipe that is not there is refused" {
    exits 2 wh-clean -r nowhere.json
    says 'nowhere.json'
}

@test "options of steps are refused with what is wrong about them" {
    exits 2 wh-clean --trim 'a:colour=1'
    says 'wh-clean: --trim: there is no key "colour"'
    exits 2 wh-clean --trim ''
    says 'wh-clean: --trim: '
    exits 2 wh-clean --flatten=a:depth=1,depth=2
    says '--flatten: depth is given twice'
    exits 2 wh-clean --flatten=a:depth=x
    says '--flatten: "depth" must be a whole number from 1'
    exits 2 wh-clean --select '/a(/'
    says '--select: pattern'
    exits 2 wh-clean --drop_missing a
    says 'did you mean --drop-missing?'
}
