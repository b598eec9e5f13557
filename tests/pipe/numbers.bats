# The range that a message states for a number is the one that is taken.

load ../helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    printf 'x,y,c\n1,0,a\n2,1,b\n' >in.csv
    wh-update -q -m m --label y in.csv
}

# Every option whose value is a number, and a command that takes it; @ is the value.
numeric_options() {
    cat <<'END'
wh-clean --infer=@ in.csv
wh-clean --max-row=@ in.csv
wh-clean --rejects=r --max-rejects=@ in.csv
wh-clean --flatten=:depth=@ in.csv
wh-clean --threads=@ in.csv
wh-extract --limit=@ in.csv
wh-extract --checkpoint=p --every=@ in.csv
wh-load -q --checkpoint=q --every=@ out.ndjson in.csv
wh-featurize --hash=c=@ in.csv
wh-featurize --standard=x:ddof=@ in.csv
wh-featurize --onehot=c:min_frequency=@ in.csv
wh-featurize --onehot=c:max_categories=@ in.csv
wh-score -m m --explain=@ in.csv
wh-score -m m --digits=@ in.csv
wh-score -m m --threshold=@ in.csv
wh-update -q -m n --new --label y --save-every=@ in.csv
wh-update -q -m n --new --label y --passes=@ in.csv
wh-update -q -m n --new --label y --window=@ in.csv
wh-update -q -m n --new --label y -p --digits=@ in.csv
wh-update -q -m n --new --label y --half-life=@ --learner nag in.csv
wh-update -q -m n --new --label y --hash-bits=@ --learner nag in.csv
wh-update -q -m n --new --label y --learning-rate=@ --learner nag in.csv
wh-update -q -m n --new --label y --l1=@ --learner nag in.csv
wh-update -q -m n --new --label y --l2=@ --learner nag in.csv
wh-update -q -m n --new --label y --max-features=@ in.csv
wh-update -q -m n --new --label y --holdout=@ in.csv
wh-update -q -m n --new --label y --class-weight=1=@ in.csv
wh-update -q -m n --new --label y --loss=huber:@ in.csv
wh-update -q -m n --new --label y --loss=quantile:@ in.csv
wh-update -q -m n --new --label y --join=x --within=@ in.csv
wh-update -q -m n --label y --checkpoint=n --every=@ in.csv
END
}

# attempt COMMAND VALUE: runs it with this value; what it says is in $stderr.
attempt() {
    # shellcheck disable=SC2034 # status is read by the caller
    run --separate-stderr sh -c "${1//@/$2}"
}

# shellcheck disable=SC2154 # bats sets status and stderr
@test "a value that is no number is refused with status 2 by every option that takes one" {
    while read -r command; do
        option=${command%%@*}
        option=${option##*--}
        option=${option%%=*}
        for value in x '' -1e9x 99999999999999999999999999x 0x10 1e999; do
            attempt "$command" "$value"
            if [ "$status" -ne 2 ] || [[ $stderr != *"--$option"* ]]; then
                echo "$command [$value]: $status, $stderr"
                return 1
            fi
        done
    done < <(numeric_options)
}

# shellcheck disable=SC2154
@test "what a message says is the range of a whole number is taken to both ends and not beyond" {
    ranges=0
    while read -r command; do
        attempt "$command" x
        [[ $stderr =~ (whole number|of bytes)\ from\ ([0-9]+)\ to\ ([0-9]+) ]] || continue
        least=${BASH_REMATCH[2]} most=${BASH_REMATCH[3]}
        ranges=$((ranges + 1))
        for value in "$least" "$most"; do
            # A run with the largest is not waited for.
            case $command in *--passes*) [ "$value" = "$least" ] || continue ;; esac
            attempt "$command" "$value"
            [[ $stderr != *"from $least to "* ]] || { echo "$command: $value: $stderr"; return 1; }
        done
        beyond=${most}0
        [ ${#most} -gt 17 ] || beyond=$((most + 1))
        for value in "$((least - 1))" "$beyond"; do
            attempt "$command" "$value"
            if [ "$status" -ne 2 ] || { [[ $stderr != *"from $least to $most"* ]] &&
                [[ $stderr != *'too large'* ]]; }; then
                echo "$command: $value: $status, $stderr"
                return 1
            fi
        done
    done < <(numeric_options)
    [ "$ranges" -ge 10 ]
}

@test "the ranges of digits, bits and rates are stated as they are" {
    for tool in 'wh-score -m m' 'wh-update -q -m n --label y -p'; do
        for digits in 0 18 -1 x; do
            exits 2 sh -c "$tool --digits=$digits in.csv"
            says "--digits: "
            says " is not a whole number from 1 to 17"
        done
    done
    exits 2 wh-update -m n --label y --learner nag --hash-bits 29 in.csv
    says '--hash-bits: "29" is not a whole number from 1 to 28'
    exits 2 wh-update -m n --label y --learner nag --learning-rate 0 in.csv
    says '--learning-rate: "0" is not a number above 0, up to 1e9'
    exits 2 wh-clean --max-row 0 in.csv
    says '--max-row: "0" is not a number of bytes from 1 to 2147483648'
}

# numbers_of TOOL: its options whose argument is called as numbers are.
numbers_of() {
    "$1" --help | sed -n 's/^  *\(-[a-z], \)\{0,1\}--\([a-z0-9-]*\) \([A-Z|%]*\).*/\2 \3/p' |
        grep -E ' (N|K|T|SIZE|RATE|PENALTY|BITS|LIMIT|DURATION|ROWS\|DURATION|N\|.*)$' | sed 's/ .*//'
}

@test "every option of --help whose value is a number is among those that are tried" {
    for tool in wh-extract wh-clean wh-featurize wh-score wh-update wh-load; do
        for option in $(numbers_of $tool); do
            numeric_options | grep -q -- "--$option=" || { echo "$tool --$option"; return 1; }
        done
    done
    [ "$(numbers_of wh-update | wc -l)" -ge 12 ]
}
