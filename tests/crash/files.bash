# What is done to the files of a pipeline, for tests/crash/run: each function disturbs the line in
# the folder of its own and goes on until it ends well, by the way that the refusals name.
#
# shellcheck disable=SC2154 # run sets line, seed and top

# The line as a shell reads it.
line_text() {
    local word
    for word in "${line[@]}"; do
        if [ "$word" = '|' ]; then printf '| '; else printf '%q ' "$word"; fi
    done
}

# The file that the line loads into.
target() {
    local i
    for i in "${!line[@]}"; do
        [ "${line[i]}" != wh-load ] || break
    done
    echo "${line[i + 2]}"
}

# Starts the line in a process group of its own; sets $started.
start_line() {
    setsid bash -c "set -o pipefail; $(line_text)" 2>said &
    started=$!
}

# end_line STATUS...: what was started ends with one of these.
end_line() {
    local ended=0 status
    wait "$started" || ended=$?
    echo "ended with $ended"
    cat said
    for status; do
        [ "$ended" -ne "$status" ] || return 0
    done
    return 1
}

# A random moment of the run, which takes $1 milliseconds.
pause_somewhere() {
    local pause=$((RANDOM % ($1 + 100)))
    echo "after $pause ms"
    sleep "$(printf '%d.%03d' $((pause / 1000)) $((pause % 1000)))"
}

# Runs the line until it ends well, and does what it asks for.
go_on() {
    local tries
    for ((tries = 0; tries < 8; tries++)); do
        start_line
        if end_line 0; then return 0; fi
        eval "$(sed -n 's/.*cut it off: \(.*\))$/\1/p' said | head -n 1)"
    done
    return 1
}

# Another program appends to the target, during the run or after it; the run may be killed then.
disturb_append() {
    local file appended=false
    file=$(target)
    start_line
    pause_somewhere "$1"
    if [ -s "$file" ]; then
        printf '\nforeign %s\n' "$seed" >>"$file"
        appended=true
    fi
    if ((RANDOM % 2)); then
        kill -KILL -- "-$started" 2>/dev/null || true
        end_line 0 3 137 && go_on || return 1
    else
        end_line 0 3 && go_on || return 1
    fi
    ! $appended || grep -qa "^foreign $seed" OTHERS
}

# Another file takes the target's name, perhaps its inode, while the run is stopped. Where it was
# stopped between looking at the file and writing to it, a file of that inode gets one write more.
disturb_replace() {
    local file
    file=$(target)
    start_line
    pause_somewhere "$1"
    kill -STOP -- "-$started" 2>/dev/null || true
    if [ -s "$file" ]; then
        cp "$file" good
        case $((RANDOM % 3)) in
        0) echo foreign >"$file" ;;
        1) mv "$file" moved && echo foreign >"$file" ;;
        2) rm "$file" && seq 100000 >"$file" ;;
        esac
        cp "$file" foreign
    fi
    kill -CONT -- "-$started" 2>/dev/null || true
    end_line 0 3 || return 1
    if [ -s foreign ]; then
        start_line
        end_line 2 && cmp -n "$(stat -c %s foreign)" foreign "$file" || return 1
        cp good "$file"
    fi
    go_on
}

# The locks are removed while the run is stopped; another completes, and the first wakes up.
disturb_unlock() {
    local first
    start_line
    first=$started
    pause_somewhere "$1"
    kill -STOP -- "-$first" 2>/dev/null || true
    rm -f ./*.lock
    go_on || return 1
    kill -CONT -- "-$first" 2>/dev/null || true
    started=$first
    end_line 0 3 && go_on
}

# All files are brought back as they were when a run was killed, with other inodes. Where no filter
# has a state, also the target or its checkpoint alone.
disturb_restore() {
    local file backup
    file=$(target)
    backup=$top/backup.$seed
    start_line
    pause_somewhere "$1"
    kill -KILL -- "-$started" 2>/dev/null || true
    wait "$started" || true
    cp -R . "$backup"
    go_on || return 1
    if [ "$pipeline" = many ] && [ -s "$backup/$file" ] && [ -e "$backup/c.json" ]; then
        cp "$file" newer
        cp "$backup/$file" .
        start_line
        end_line 0 2 || return 1
        cp newer "$file"
        cp "$backup/c.json" .
        go_on && check_result || return 1
    fi
    find . -mindepth 1 -delete
    cp -R "$backup/." .
    rm -rf "$backup"
    go_on
}
