/*
 * What went wrong, told once and handed up.
 *
 * A function that can fail takes a `struct wh_error *`, returns -1 and has filled it; nobody
 * below cmd/ prints or exits. The text says what was found and what to do about it. It does not
 * name the tool or the place in the input: the run loop knows those and adds them.
 *
 * No memory is owned; an error may be copied by assignment.
 */
#ifndef WH_BASE_ERROR_H
#define WH_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit status of every tool. */
enum wh_status {
    WH_OK = 0,
    WH_FAILED = 1,      /* bad rows beyond the limit, or reading or writing failed */
    WH_REFUSED = 2,     /* usage, recipe, or a combination, model or state that is refused */
    WH_BROKEN = 3,      /* the stream is broken, miscounted or fenced */
    WH_UNREACHABLE = 4, /* the other side could not be reached: trying again may help */
};

struct wh_error {
    enum wh_status status;
    size_t byte;      /* place within the row, counted from 1; 0 where it is the row as a whole */
    char column[96];  /* the column at fault, "" where none; cut with "..." when longer */
    char rule[32];    /* what was broken: a step's op, or the reader's word ("utf-8", "number") */
    char text[1024];  /* one line, no final newline */
};

/* Fills `error` and returns -1, so that a failing function can `return wh_fail(...)`. */
int wh_fail(struct wh_error *error, enum wh_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with the text of errno after it: "shop.db: cannot open: No such file ...". */
int wh_fail_errno(struct wh_error *error, enum wh_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A row that breaks a rule; `column` may be NULL. Status is WH_FAILED. Returns -1. */
int wh_bad_row(struct wh_error *error, const char *rule, const char *column, size_t column_length,
               size_t byte, const char *format, ...) __attribute__((format(printf, 6, 7)));

/*
 * Context where an error is forwarded: "X: " before the text, which X's format gives. Status,
 * column, rule and byte stay. A text that then has no room loses its end, and a very long X the
 * end of itself rather than all of the text. Returns -1.
 */
int wh_error_in(struct wh_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same for what is no fault of a row, though it was found in one: the command line or a recipe
 * asks for something that is refused. The status becomes WH_REFUSED; column, rule and byte go, so
 * the text itself must name the column. */
int wh_refuse_in(struct wh_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The error is about this column of the row; the rest stays. -1. */
int wh_error_column(struct wh_error *error, const char *column, size_t length);

/* Where a row came from: a line of a file or, `counted`, a row of a database. */
struct wh_source_place {
    const char *source; /* as messages name it; NULL: unknown */
    uint64_t line;      /* from 1; 0: the source as a whole */
    bool counted;
};

/* Puts place and column before the text: "orders.csv:3: amount: ...", "orders.ndjson:3: byte 17:
 * ...", "shop.db: row 3: ...". The column then is in the text, and no longer in `column`. -1. */
int wh_error_at(struct wh_error *error, struct wh_source_place place);

/* Who is told what the user should know although nothing failed: one line, no final newline. A
 * `notice` of NULL: nobody. */
struct wh_notify {
    void (*notice)(void *context, const char *text);
    void *context;
};

/* Tells them, if there is anybody. */
void wh_notify_say(const struct wh_notify *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for each line of `text`; the last ends in a newline too. */
void wh_notify_lines(const struct wh_notify *notify, const char *text);

/*
 * A value as it may stand in a message: quoted, cut after about 60 bytes, control characters and
 * broken UTF-8 shown as \xNN. Returns `out`.
 */
const char *wh_quote(char out[static 96], const char *text, size_t length);

#endif
