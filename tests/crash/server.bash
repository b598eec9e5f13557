# Disturbances of the target's database server, for tests/crash/run: each run has a server of its
# own, which commits asynchronously, as far as wh-load lets it.
#
#   restart    the server stops at once, several times, and starts again: what was only in its
#              memory is lost
#   failover   a standby that is behind takes over: the server is as it was some commits ago
#   locked     the target is locked by another session when a signal stops the pipeline
#   path       another search_path leads to another table of checkpoints, or another target
#   retype     the type of a column of --since changes between two runs
#
# Where a run is refused, what its message says is done; the result must then be the right one.

# shellcheck disable=SC2034,SC2154 # variables are shared with tests/crash/run
server_modes=restart,failover,locked,path,retype

# The pipelines that a mode is for: rows must come from elsewhere than the server that is lost.
server_takes() {
    case $1:$2 in
    retype:upsert) ;;
    restart:postgres | restart:many_postgres | failover:postgres | failover:many_postgres) ;;
    locked:postgres | locked:upsert | path:postgres | path:upsert) ;;
    *) return 1 ;;
    esac
}

wants_server() {
    local mode
    for mode in ${server_modes//,/ }; do
        [[ ,$modes, != *,$mode,* ]] || return 0
    done
    return 1
}

# No server runs as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

server_bin() {
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1
}

# The data of a new server with the source's table, made once and copied for each run.
make_server_template() {
    mkdir "$top/server"
    chmod 755 "$top"
    [ "$(id -u)" != 0 ] || chown postgres "$top/server"
    (cd / && as_server "$(server_bin)/initdb" -D "$top/server/template" -A trust --no-sync \
        -U "$PGUSER" >"$top/initdb.log" 2>&1) || {
        cat "$top/initdb.log"
        return 1
    }
    server_data=$top/server/template
    server_start
    make_orders
    server_stop fast
}

# Starts the server of $server_data, on a port of its own the first time: sets $PGHOST, $PGPORT.
server_start() {
    local attempt
    for attempt in 1 2 3 4 5; do
        server_port=${server_port-$((33000 + RANDOM % 20000))}
        (cd / && as_server "$(server_bin)/pg_ctl" -w -t 120 -D "$server_data" -l "$server_data/log" \
            -o "-p $server_port -k $server_data -c listen_addresses=127.0.0.1 -c fsync=off
                -c synchronous_commit=off -c wal_writer_delay=10s -c autovacuum=off" \
            start >/dev/null 2>&1) && break
        [ -z "${server_known-}" ] && unset server_port
        [ "$attempt" -lt 5 ] || return 1
    done
    server_known=yes
    export PGHOST=127.0.0.1 PGPORT=$server_port
}

server_stop() {
    (cd / && as_server "$(server_bin)/pg_ctl" -w -D "$server_data" -m "$1" stop >/dev/null 2>&1)
}

# server_copy FROM TO: of a server that is stopped.
server_copy() {
    as_server rm -rf "$2"
    as_server cp -a "$1" "$2"
}

# Starts the pipeline, and kills it at a random moment after its first commit, if it has not ended
# by then.
run_part() {
    local words pid waited=0
    words=$(line_words)
    setsid bash -c "$words" 2>>part.log &
    pid=$!
    until [ "$(psql -qXAt -c "SELECT count(*) FROM $schema.wh_checkpoint WHERE n > 0" 2>/dev/null)" = 1 ] ||
        ! kill -0 "$pid" 2>/dev/null || [ $((waited += 1)) -gt 3000 ]; do
        sleep 0.02
    done
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    kill -KILL -- "-$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

# The line as a shell's.
line_words() {
    local words='' word
    for word in "${line[@]}"; do
        if [ "$word" = '|' ]; then words+=' |'; else words+=" $(printf %q "$word")"; fi
    done
    printf 'set -o pipefail;%s' "$words"
}

run_whole() {
    bash -c "$(line_words)" 2>whole.log
}

# refused TEXT: the line is refused with this, and status 2 from the tool that says it.
refused() {
    local status=0
    run_whole || status=$?
    cat whole.log
    if [ "$status" -eq 0 ] || ! grep -qF -- "$1" whole.log; then
        echo "not refused by: $1 (status $status)"
        return 1
    fi
}

driver_retries() {
    "${driver[@]}" -m retry "${line[@]}"
}

disturb_restart() {
    local pid i
    driver_retries &
    pid=$!
    for i in 1 2 3; do
        sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
        server_stop immediate
        server_start
    done
    wait "$pid"
}

# A standby takes over that had not got the last commits. Filters go back by one commit themselves;
# further than that, the states of that moment are brought back, or everything begins anew.
disturb_failover() {
    run_part
    server_stop fast
    server_copy "$server_data" "$server_data.standby"
    mkdir backup
    find . -maxdepth 1 -type f \( -name '*.state*' -o -name '*.rejects*' \) -exec cp -a {} backup \;
    server_start
    run_part
    run_part
    server_stop immediate
    server_copy "$server_data.standby" "$server_data"
    server_start
    if ! run_whole; then follow_failover; fi
    rm -rf backup
    driver_retries
}

follow_failover() {
    cat whole.log
    grep -q 'bring back the state and --checkpoint as they were at one time' whole.log
    rm -rf -- *.state* *.rejects*
    if [ $((RANDOM % 2)) = 0 ]; then
        find backup -type f -exec cp -a {} . \;
    else
        psql -qX -c "DELETE FROM $schema.wh_checkpoint; TRUNCATE $schema.loaded" \
            -c "DROP TABLE IF EXISTS $schema.many"
    fi
}

# Prints the number of wh-load's sessions that wait for a lock, or with `all` of all of them.
loading_sessions() {
    psql -qXAt -c "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'wh-load'
        AND ('${1-}' = 'all' OR wait_event_type = 'Lock')"
}

disturb_locked() {
    local table=loaded pid holder lock
    [ "$pipeline" = postgres ] || table=checked
    mkfifo lock.sql
    psql -qXAt <lock.sql >locked &
    holder=$!
    exec {lock}>lock.sql
    echo "BEGIN; LOCK TABLE $schema.$table; SELECT 'locked';" >&"$lock"
    until grep -q locked locked; do sleep 0.02; done
    setsid bash -c "$(line_words)" 2>locked.log {lock}>&- &
    pid=$!
    until [ "$(loading_sessions)" = 1 ]; do
        kill -0 "$pid"
        sleep 0.05
    done
    # The lock is there until the pipeline has ended.
    kill -TERM -- "-$pid"
    wait "$pid" || true
    kill -0 "$holder"
    exec {lock}>&-
    wait "$holder" || true
    until [ "$(loading_sessions all)" = 0 ]; do sleep 0.05; done
    driver_retries
}

disturb_path() {
    local right=$url table=loaded
    [ "$pipeline" = postgres ] || table=checked
    psql -qX -c 'CREATE SCHEMA elsewhere' \
        -c "CREATE TABLE elsewhere.$table (LIKE $schema.$table INCLUDING ALL)"
    run_part
    if [ $((RANDOM % 2)) = 0 ]; then
        url=${right%"$schema"}elsewhere%2C$schema
        "pipeline_$pipeline"
        refused "and --table leads to elsewhere.$table: name the same table with its schema"
        line=("${line[@]/#$table/$schema.$table}")
    else
        # The stream would begin anew, which filters that remember something notice first.
        url=${right%"$schema"}elsewhere
        "pipeline_$pipeline"
        line=("${line[@]/#$table/$schema.$table}")
        if [ "$pipeline" = postgres ]; then
            refused 'and the stream begins anew'
        else
            refused "set search_path so that $schema.wh_checkpoint comes first again"
        fi
        url=$right
        "pipeline_$pipeline"
    fi
    [ "$(psql -qXAt -c "SELECT count(*) FROM elsewhere.$table")" = 0 ]
    driver_retries
}

disturb_retype() {
    local i
    run_part
    if [ $((RANDOM % 2)) = 0 ]; then
        psql -qX -c 'ALTER TABLE public.orders ALTER id TYPE bigint'
    else
        psql -qX -c 'ALTER TABLE public.orders ALTER id TYPE text'
        refused 'the checkpoint goes by id as integer, and its type is text now'
        grep -q -- 'give --changed-source to continue after the same values' whole.log
        for i in "${!line[@]}"; do
            case ${line[i]} in
            -t) [ "${line[i + 1]}" != public.orders ] || line[i]=-c ;;
            public.orders)
                line[i]='SELECT id::int AS id, number, city, price, quantity, returned FROM public.orders'
                ;;
            --since) line[i]=--changed-source line[i + 1]=--since=id ;;
            esac
        done
    fi
    driver_retries
}

# disturb_server PIPELINE MODE SEED: like disturb, on a server of its own.
disturb_server() {
    local pipeline=$1 mode=$2 status=0 server_data=$top/server/$name server_port server_known
    # The runs that follow go to the common server again.
    local -x PGHOST=${PGHOST-} PGPORT=$PGPORT
    unset server_port server_known
    RANDOM=$3
    server_copy "$top/server/template" "$server_data"
    server_start || return 1
    begin_folder "$name" "$server_port"
    "pipeline_$pipeline"
    printf '%s\n' "${line[*]}"
    # A function that is tested does not end at its first failure; a shell of its own does.
    (set -e; "disturb_$mode") &
    wait $! || status=1
    [ "$status" -ne 0 ] || check_result || status=1
    server_stop immediate || true
    as_server rm -rf "$server_data" "$server_data.standby"
    cd "$top" || status=1
    return "$status"
}
