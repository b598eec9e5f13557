# The script of wh-checkpoint(7) that runs every night, over five of them.

load ../helper

# night FIRST LAST: orders come in.
night() {
    sqlite3 shop.db "
        CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, channel TEXT, price REAL,
                                           returned INTEGER);
        WITH RECURSIVE n (i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
            INSERT INTO orders (id, channel, price, returned)
            SELECT i, CASE i % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'shop' ELSE 'app' || i / 1000 END,
                i * 7919 % 2000 / 10.0 + i / 500, i * 7919 % 2000 > 1200 FROM n"
}

new_column() {
    sqlite3 shop.db "ALTER TABLE orders ADD COLUMN coupon TEXT;
        UPDATE orders SET coupon = 'spring' WHERE id % 7 = 0"
}

# outcome: what was learned and loaded.
outcome() {
    wh-score -m returns.whm --digest
    sqlite3 mart.db 'SELECT * FROM scores ORDER BY id'
}

# in_folder NAME: a folder with the recipe and nothing else.
in_folder() {
    mkdir "$BATS_TEST_TMPDIR/$1"
    cd "$BATS_TEST_TMPDIR/$1" || return 1
    wh-featurize --standard price --onehot channel --print-recipe >returns.json
}

@test "the manual shows the script that is shipped" {
    page_text "$ROOT/man/wh-checkpoint.7" | awk '
        /\$ cat nightly.sh/ { indent = index($0, "$"); inside = 1; next }
        inside && /^ *\$ / { exit }
        inside { print substr($0, indent) }' >shown
    same <(grep -v '^#\|^$' "$ROOT/examples/nightly.sh") shown
}

@test "five nights: new constants, a new column, a missed, a killed and an empty one" {
    in_folder plain
    night 1 800
    bash "$ROOT/examples/nightly.sh"
    prints 800 sqlite3 mart.db 'SELECT count(*) FROM scores'
    night 801 1500
    new_column
    bash "$ROOT/examples/nightly.sh"
    night 1501 1900 # the script does not run
    night 1901 6000
    bash "$ROOT/examples/nightly.sh"
    bash "$ROOT/examples/nightly.sh" # nothing is new
    prints '6000|6000' sqlite3 mart.db 'SELECT count(*), max(id) FROM scores'
    outcome >../wanted

    in_folder killed
    night 1 800
    bash "$ROOT/examples/nightly.sh"
    night 801 1500
    new_column
    bash "$ROOT/examples/nightly.sh"
    night 1501 1900
    night 1901 6000
    for moment in 0.02 0.05 0.1 0.2 0.4; do
        timeout -s KILL "$moment" bash "$ROOT/examples/nightly.sh" 2>killed || true
    done
    # What belongs to the last one that was killed may take a moment to end.
    eventually bash "$ROOT/examples/nightly.sh"
    bash "$ROOT/examples/nightly.sh"
    outcome | same ../wanted -
}

@test "a night through other steps is refused until that is said to be meant" {
    in_folder plain
    night 1 100
    bash "$ROOT/examples/nightly.sh"
    before=$(outcome)
    wh-featurize --standard price --print-recipe >returns.json
    night 101 200
    run ! bash "$ROOT/examples/nightly.sh"
    [ "$(outcome)" = "$before" ]
}
