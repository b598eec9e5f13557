#!/usr/bin/env bats
# The progress display, on a terminal made by script(1).

load ../helper

# on_terminal COMMAND: runs the shell command with a terminal, whose screen goes into the file
# screen, carriage returns shown as ^M and escapes as ^[.
on_terminal() {
    need script
    script -qec true /dev/null </dev/null >/dev/null 2>&1 || skip "needs a pseudo-terminal"
    timeout "$PATIENCE" script -qfec "$1" raw </dev/null >/dev/null
    sed -e '/^Script started on/d' -e '/^$/{N;/Script done on/d;}' raw | cat -v >screen
}

slow_rows='{ echo "{\"a\":1}"; echo "{"; sleep 1.1; echo "{\"a\":2}"; }'
# The last row comes when progress has been drawn. (The file raw begins with the command itself, in
# which the pattern must not find itself.)
drawn_rows='{ echo "{\"a\":1}"; echo "{"; until grep -q "2 row[s]" raw; do sleep 0.05; done
    echo "{\"a\":2}"; }'

@test "progress is drawn on a terminal and gone at the end" {
    on_terminal "$drawn_rows | wh-clean --rejects bad.ndjson >/dev/null"
    grep -qF '^M2 rows  ' screen
    grep -qF '  1 rejected^[[K' screen
    grep -qF '^M^[[Kwh-clean: 1 of 3 rows rejected, see bad.ndjson' screen
}

@test "a tool whose output is a pipe leaves progress to the next one" {
    on_terminal "$slow_rows | wh-clean -q --rejects bad.ndjson | cat >/dev/null"
    [ ! -s screen ]
    on_terminal "$slow_rows | wh-clean --rejects bad.ndjson | cat >/dev/null"
    prints 'wh-clean: 1 of 3 rows rejected, see bad.ndjson^M' cat screen
}

@test "--progress draws it all the same" {
    on_terminal "$drawn_rows | wh-clean --progress --rejects bad.ndjson | cat >/dev/null"
    grep -qF '^M2 rows  ' screen
}

@test "rows on the screen are not mixed with progress" {
    on_terminal "$slow_rows | wh-clean -q --rejects bad.ndjson"
    prints $'{"a":1}^M\n{"a":2}^M' cat screen
    on_terminal "$slow_rows | wh-clean --rejects bad.ndjson"
    run ! grep -qF '^[[K' screen
}

@test "--quiet draws nothing" {
    on_terminal "$slow_rows | wh-clean --quiet --rejects bad.ndjson >/dev/null"
    [ ! -s screen ]
}

@test "a log gets no progress" {
    bash -c "$slow_rows | wh-clean --rejects bad.ndjson >/dev/null" 2>log
    prints 'wh-clean: 1 of 3 rows rejected, see bad.ndjson' cat log
}
