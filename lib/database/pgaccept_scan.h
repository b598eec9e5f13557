/*
 * What the files of database/pgaccept.h share: reading a text from its beginning, and saying why it
 * is refused.
 */
#ifndef WH_DATABASE_PGACCEPT_SCAN_H
#define WH_DATABASE_PGACCEPT_SCAN_H

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

#include "database/pgaccept.h"

/* ---- reasons --------------------------------------------------------------------------------- */

#define KEEPS(TYPE) "a column of " TYPE " keeps it", NULL
#define CONVERTS(TYPE, RESULT) "wh-clean --type ", "=" TYPE " " RESULT

static inline bool refuse(struct wh_pg_refusal *refusal, const char *what, const char *before,
                          const char *after)
{
    *refusal = (struct wh_pg_refusal){ what, before, after };
    return false;
}

/* Whether nothing, or blanks, are what keeps a value out: then it is refused, with a remedy. */
static inline bool refuse_blanks(const struct wh_slice *text, const char *what,
                                 struct wh_pg_refusal *refusal)
{
    size_t first = 0;
    while (first < text->length && isspace((unsigned char)text->text[first]))
        first++;
    if (text->length == 0)
        refuse(refusal, what, "--null-value '' makes it null", "");
    else if (first == text->length)
        refuse(refusal, what, "wh-clean --trim ", " | wh-clean --null-value '' makes it null");
    else if (first > 0 || isspace((unsigned char)text->text[text->length - 1]))
        refuse(refusal, what, "wh-clean --trim ", " takes the blanks off");
    else
        return false;
    return true;
}

static inline bool refuse_form(struct wh_pg_refusal *refusal)
{
    return refuse(refusal, "is not written as PostgreSQL writes values of the type", KEEPS("text"));
}

/* ---- reading text ---------------------------------------------------------------------------- */

struct cursor {
    const char *at, *end;
    bool fine; /* a fraction of a second had more digits than were asked for */
};

static inline struct cursor cursor_of(const struct wh_slice *text)
{
    return (struct cursor){ text->text, text->text + text->length, false };
}

static inline bool take(struct cursor *left, char wanted)
{
    if (left->at == left->end || *left->at != wanted)
        return false;
    left->at++;
    return true;
}

static inline bool take_word(struct cursor *left, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(left->end - left->at) < length || memcmp(left->at, word, length) != 0)
        return false;
    left->at += length;
    return true;
}

/* How many digits come next; they are read. Their value is cut off at a billion. */
static inline int take_digits(struct cursor *left, int *value)
{
    enum { MOST = 1000000000 };
    int count = 0;
    *value = 0;
    for (; left->at < left->end && wh_is_digit(*left->at); left->at++, count++)
        *value = *value >= MOST / 10 ? MOST : *value * 10 + (*left->at - '0');
    return count;
}

/* Two digits of a value up to `most`. */
static inline bool take_pair(struct cursor *left, int most, int *value)
{
    if (left->end - left->at < 2 || !wh_is_digit(left->at[0]) || !wh_is_digit(left->at[1]))
        return false;
    *value = (left->at[0] - '0') * 10 + (left->at[1] - '0');
    left->at += 2;
    return *value <= most;
}

static inline bool is_word(const struct wh_slice *text, const char *word)
{
    return text->length == strlen(word) && strncasecmp(text->text, word, text->length) == 0;
}

/* The characters of UTF-8 text. */
static inline size_t characters(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* ---- numbers (pgaccept_number.c), dates and times (pgaccept_time.c) ------------------------- */

bool wh_pg_accept_integer(struct wh_slice *text, int64_t least, int64_t most,
                          struct wh_pg_refusal *refusal);
bool wh_pg_accept_numeric(const struct wh_pg_type *type, const struct wh_slice *text,
                          struct wh_pg_refusal *refusal);
bool wh_pg_accept_float(const struct wh_slice *text, bool single, struct wh_pg_refusal *refusal);
bool wh_pg_accept_money(const struct wh_slice *text, struct wh_pg_refusal *refusal);
bool wh_pg_accept_date(struct wh_slice *text, struct wh_pg_refusal *refusal);
bool wh_pg_accept_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
                        struct wh_pg_refusal *refusal);
bool wh_pg_accept_zoned_stamp(const struct wh_pg_type *type, const struct wh_slice *text,
                              struct wh_pg_refusal *refusal);
bool wh_pg_accept_time(const struct wh_pg_type *type, const struct wh_slice *text,
                       struct wh_pg_refusal *refusal);
bool wh_pg_accept_interval(const struct wh_pg_type *type, const struct wh_slice *text,
                           struct wh_pg_refusal *refusal);

#endif
