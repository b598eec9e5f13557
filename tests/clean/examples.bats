# The EXAMPLES of wh-clean(1): each command prints what stands behind it.

load ../helper

# Prints the literal blocks of the section, without their indentation.
examples() {
    mandoc -T ascii -O width=200 "$ROOT/man/wh-clean.1" | col -bx |
        sed -n '/^EXAMPLES/,/^SEE ALSO/s/^           //p'
}

@test "the examples of the manual print what the manual says" {
    need mandoc jq
    cat >orders.csv <<'EOF'
order_id,city,amount,discount,flag,ordered
1, Lagos ,12.50,0.1,yes,2024-03-01 09:30
2,ACCRA,7,NA,no,2024-03-01
2,ACCRA,7,NA,no,2024-03-01
EOF
    examples >manual
    [ "$(grep -c '^\$ ' manual)" -ge 8 ]
    {
        echo 'set -u'
        # A command becomes: print it, run it. Its other lines are what it should print.
        awk '/^\$ / { command = substr($0, 3); taking = 1 }
             taking && !/^\$ / { command = command "\n" $0 }
             taking { taking = /\\$/
                      if (!taking) { printf "cat <<\"SHOWN\"\n$ %s\nSHOWN\n%s\n", command, command } }
            ' manual
    } >script
    sh script >printed
    same manual printed
}
