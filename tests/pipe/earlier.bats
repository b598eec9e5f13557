# States, models and checkpoints of an earlier version, which tests/pipe/earlier keeps in the middle
# of a stream: the stream goes on from them.
load ../helper
load ../earlier

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir kept whole
    cp "$ROOT"/tests/pipe/earlier/* kept
    (cd whole && extend_source 1 60)
    cp whole/source.db kept
}

# in_both COMMAND...: in the folder of the earlier version's files, and in that of a run by the
# tools as they are.
in_both() {
    (cd kept && "$@")
    (cd whole && "$@")
}

@test "a stream goes on from the states, the model and the checkpoint of an earlier version" {
    sqlite3 kept/target.db <kept/target.sql
    (cd whole && run_stream)
    in_both extend_source 61 120
    in_both run_stream
    sqlite3 whole/target.db 'SELECT * FROM scores' >expected
    [ "$(wc -l <expected)" -gt 90 ]
    sqlite3 kept/target.db 'SELECT * FROM scores' | diff expected -
}

@test "a model that is its stream's checkpoint goes on from there" {
    (cd whole && run_model)
    in_both extend_source 61 120
    in_both run_model
    wh-score -m kept/live.whm --describe | grep -E 'rows +120'
    earlier_rows 121 126 | wh-score -q --digits 6 -m whole/live.whm >expected
    earlier_rows 121 126 | wh-score -q --digits 6 -m kept/live.whm | diff expected -
}

@test "frozen states of an earlier version do to rows what they did" {
    cd kept
    freeze_rows | diff features.ndjson -
}
