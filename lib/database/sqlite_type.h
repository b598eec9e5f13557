/*
 * What the declared type of an SQLite column does to values (https://sqlite.org/datatype3.html,
 * section 3.1), and how values are carried that JSON has no type for.
 *
 * Bytes are a string of base64 in a column declared for bytes, as text is a string elsewhere. The
 * other of the two, which SQLite allows in any column, is an object with one of these keys:
 *
 *     {"$blob":"AP8="}    bytes in a column that is not declared for them
 *     {"$text":"abcd"}    text in one that is
 *
 * An infinite number is the string "Infinity" in a column that makes numbers of texts (where the
 * text is {"$text":"Infinity"}), and the number 1e999 in one that does not.
 */
#ifndef WH_DATABASE_SQLITE_TYPE_H
#define WH_DATABASE_SQLITE_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#define WH_SQLITE_INFINITE "1e999"
#define WH_SQLITE_BLOB_KEY "{\"$blob\":\""
#define WH_SQLITE_TEXT_KEY "{\"$text\":\""

enum wh_sqlite_affinity {
    WH_SQLITE_TEXTUAL, /* makes text of numbers */
    WH_SQLITE_WHOLE,   /* these three make numbers of text that looks like one */
    WH_SQLITE_REAL,
    WH_SQLITE_NUMERIC,
    WH_SQLITE_AS_GIVEN,
};

struct wh_sqlite_declared {
    enum wh_sqlite_affinity affinity;
    bool boolean; /* BOOLEAN or BOOL */
    bool bytes;   /* BLOB, VARBINARY(16), BYTEA and so on */
};

/* `type` is "" or NULL where none is declared. In a STRICT table ANY takes values as given. */
struct wh_sqlite_declared wh_sqlite_declared(const char *type, bool strict);

/* Whether a column of this affinity makes numbers of texts that look like one. */
bool wh_sqlite_makes_numbers(enum wh_sqlite_affinity affinity);
/* Whether SQLite takes a text for a number: with blanks around it, signs, and points at
 * its ends. */
bool wh_sqlite_looks_numeric(const char *text, size_t length);

#endif
