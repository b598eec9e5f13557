# What the tools say to people is what the golden files hold: `make golden` writes them anew, so that
# each change of wording is read in a diff.

load ../helper

# Lines of tests/golden/untried: a message that is new has a test, so this may only become smaller.
MOST_UNTRIED=0

setup_file() {
    "$ROOT/tests/golden/write" "$BATS_FILE_TMPDIR/golden" 2>"$BATS_FILE_TMPDIR/said" || {
        cat "$BATS_FILE_TMPDIR/said"
        return 1
    }
}

# golden NAME: the golden file or folder is as written just now.
golden() {
    diff -ru "$ROOT/tests/golden/$1" "$BATS_FILE_TMPDIR/golden/$1" || {
        echo "If this is meant, run make golden and commit what it writes."
        return 1
    }
}

@test "every --help is that of the golden file" {
    golden help
}

@test "what runs say at their end is that of the golden files" {
    golden summaries
}

@test "the display of progress is that of the golden file" {
    golden progress
}

@test "the texts of errors and notices are those of the golden file" {
    golden messages
}

@test "a message that is new is triggered by a test" {
    LC_ALL=C comm -13 "$ROOT/tests/golden/untried" "$BATS_FILE_TMPDIR/golden/untried" >new
    [ ! -s new ] || {
        echo "No test triggers these messages:"
        cat new
        return 1
    }
    [ "$(wc -l <"$ROOT/tests/golden/untried")" -le "$MOST_UNTRIED" ]
}

@test "man pages have the options of the tools' tables, with the texts that they share" {
    perl "$ROOT/man/options.pl" "$BIN" .
    for page in wh-*.1; do
        diff -u "$ROOT/man/$page" "$page" || {
            echo "man/common-options.mdoc holds the shared texts; make golden brings them into the pages."
            return 1
        }
    done
}
