# What is said where files are not those that a checkpoint knows: each message whole, with its remedy.

load ../helper
load ../messages

# committed FILE...: the files' rows are committed to the checkpoint c.
committed() {
    wh-extract -q "$@" --checkpoint c | wh-load -q out.ndjson --checkpoint c
}

@test "a file is read with the options that it was read with" {
    printf 'a\n1\n' >in.csv
    committed in.csv
    message 2 'wh-extract: in.csv was read so far with --delimiter="," --input-format="csv", but is now with --delimiter="," --input-format="csv" --no-header (give the same options, or begin anew with another --checkpoint)' \
        'wh-extract --no-header in.csv --checkpoint c'
    cp in.csv copy.csv
    message 2 'wh-extract: the checkpoint is in in.csv, but in its place is copy.csv (name the same files in the same order; new ones go to the end)' \
        'wh-extract copy.csv in.csv --checkpoint c'
    all_hold
}

@test "a checkpoint that says nothing of options" {
    printf 'a\n1\n' >in.csv
    committed in.csv
    jq -c '.checkpoint.position.options={}' c >d
    message 2 'wh-extract: in.csv was read so far with no options, but is now with --delimiter="," --input-format="csv" (give the same options, or begin anew with another --checkpoint)' \
        'wh-extract in.csv --checkpoint d'
    all_hold
}

@test "what cannot be read again has no checkpoint" {
    mkfifo pipe
    message 2 'wh-extract: pipe is not a regular file: what has gone through a pipe or device cannot be read again from a checkpoint (write it to a file and name that)' \
        'wh-extract pipe --checkpoint c'
    all_hold
}

@test "a line that was unfinished grows no further once it was taken" {
    printf 'a\n1\n2' >in.csv
    committed --complete in.csv
    printf 'a\n1\n2345\n' >in.csv
    message 2 'wh-extract: in.csv:3: this line was unfinished when it was read, and has changed since (begin anew with another --checkpoint; append whole lines)' \
        'wh-extract in.csv --checkpoint c'
    all_hold
}
