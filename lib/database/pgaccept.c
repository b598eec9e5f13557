#include "database/pgaccept.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "database/pgaccept_scan.h"

/* ---- booleans -------------------------------------------------------------------------------- */

static bool accept_boolean(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    if (is_word(text, "true") || is_word(text, "false") || is_word(text, "t")
        || is_word(text, "f"))
        return true;
    if (refuse_blanks(text, "is not true or false", refusal))
        return false;
    return refuse(refusal, "is not true or false",
                  CONVERTS("bool", "reads yes and no, on and off, 1 and 0"));
}

/* ---- texts ----------------------------------------------------------------------------------- */

enum { LENGTH_HEADER = 4 }; /* more than the length in pg_attribute.atttypmod */

static bool accept_length(const struct wh_pg_type *type, const struct wh_slice *text,
                          struct wh_pg_refusal *refusal)
{
    size_t most = (size_t)(type->modifier - LENGTH_HEADER), length = text->length;
    if (type->modifier < LENGTH_HEADER || length <= most)
        return true;
    while (type->input == WH_PG_IN_CHARACTER && length > 0 && text->text[length - 1] == ' ')
        length--;
    return characters(text->text, length) <= most
           || refuse(refusal, "is longer than the type", KEEPS("text"));
}

static bool accept_bytes(const struct wh_slice *text, size_t most, struct wh_pg_refusal *refusal)
{
    return text->length <= most || refuse(refusal, "is longer than the type", KEEPS("text"));
}

/* "char": a byte, or \ooo. */
static bool accept_letter(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    enum { OCTAL = 4 };
    if (text->length == OCTAL && text->text[0] == '\\')
        return true;
    return accept_bytes(text, 1, refusal);
}

static bool accept_bits(const struct wh_pg_type *type, const struct wh_slice *text,
                        struct wh_pg_refusal *refusal)
{
    size_t length = type->modifier < 0 ? text->length : (size_t)type->modifier;
    for (size_t i = 0; i < text->length; i++)
        if (text->text[i] != '0' && text->text[i] != '1')
            return refuse(refusal, "is not made of the digits 0 and 1", KEEPS("text"));
    if (text->length > length || (text->length < length && type->input == WH_PG_IN_BITS))
        return refuse(refusal, "has another length than the type", KEEPS("varbit"));
    return true;
}

/* All four parts of an IPv4 address, since PostgreSQL fills the others up, and without zeros before
 * them, which others read as octal. */
static bool accept_network(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    struct cursor left = cursor_of(text);
    int value;
    if (memchr(text->text, ':', text->length))
        return true;
    for (int part = 0; part < 4; part++) {
        const char *begin = left.at;
        int count = part == 0 || take(&left, '.') ? take_digits(&left, &value) : 0;
        begin += part > 0;
        if (count == 0 || value > 255 || (count > 1 && *begin == '0'))
            return refuse(refusal, "is not an address such as 10.0.0.1 or 10.0.0.0/8",
                          KEEPS("text"));
    }
    return left.at == left.end || (take(&left, '/') && take_digits(&left, &value) > 0)
           || refuse(refusal, "is not an address such as 10.0.0.1 or 10.0.0.0/8", KEEPS("text"));
}

/* Pairs of hexadecimal digits, six, or eight of macaddr8, between them colons or dashes. */
static bool accept_mac(const struct wh_pg_type *type, const struct wh_slice *text,
                       struct wh_pg_refusal *refusal)
{
    enum { PAIR = 3 };
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = text->text;
    size_t pairs = type->input == WH_PG_IN_MAC ? 6 : 8;
    bool good = text->length == pairs * PAIR - 1 && (at[2] == ':' || at[2] == '-');
    for (size_t i = 0; good && i < text->length; i++)
        good = i % PAIR == 2 ? at[i] == at[2] : at[i] != '\0' && strchr(digits, at[i]);
    return good || refuse(refusal, pairs == 6 ? "is not an address such as 08:00:2b:01:02:03"
                                              : "is not an address such as 08:00:2b:ff:fe:01:02:03",
                          KEEPS("text"));
}

/* 32 hexadecimal digits, with or without braces around them and a dash after any four of them. */
static bool accept_uuid(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    enum { DIGITS = 32 };
    struct cursor left = cursor_of(text);
    bool brace = take(&left, '{');
    int digits = 0;
    while (digits < DIGITS && left.at < left.end && isxdigit((unsigned char)*left.at)) {
        left.at++;
        digits++;
        if (digits % 4 == 0 && digits < DIGITS)
            take(&left, '-');
    }
    bool sound = digits == DIGITS && (!brace || take(&left, '}')) && left.at == left.end;
    if (sound || refuse_blanks(text, "is not a UUID", refusal))
        return sound;
    return refuse(refusal, "is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                  KEEPS("text"));
}

/* Points and what is made of them: numbers that doubles keep, in brackets. */
static bool accept_geometry(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    static const char numerals[] = "0123456789.eE+-";
    struct cursor left = cursor_of(text);
    if (text->length == 0 || !strchr("([{<", text->text[0]))
        return refuse_form(refusal);
    while (left.at < left.end) {
        const char *begin = left.at;
        while (left.at < left.end && *left.at && strchr(numerals, *left.at))
            left.at++;
        size_t length = (size_t)(left.at - begin);
        if (length == 0)
            left.at++;
        else if (wh_number_valid(begin, length) && !wh_number_kept(begin, length))
            return refuse(refusal, "has more digits than a double keeps", KEEPS("text"));
    }
    return true;
}

/* ---- texts with parts ------------------------------------------------------------------------ */

static bool accept_part(const struct wh_pg_type *type, const struct wh_pg_element *part,
                        struct wh_pg_refusal *refusal)
{
    struct wh_slice text = { part->text, part->length };
    return wh_pg_accepts(type, &text, refusal);
}

/* [1,5): bounds may be in quotes or left out. */
static bool accept_range(const struct wh_pg_type *type, char *text, size_t length,
                         struct wh_pg_refusal *refusal)
{
    struct wh_pg_element part;
    char *at = text + 1;
    const char *end = text + length;
    if (length == 5 && strncasecmp(text, "empty", length) == 0)
        return true;
    if (length < 3 || !strchr("[(", text[0]) || !strchr("])", end[-1]))
        return refuse_form(refusal);
    for (int bound = 0; bound < 2; bound++) {
        char closing = bound == 0 ? ',' : end[-1];
        at = wh_pg_take_element(&part, at, end, closing, closing);
        if (!at)
            return refuse_form(refusal);
        at++;
        if ((part.quoted || part.length > 0) && !accept_part(type->element, &part, refusal))
            return false;
    }
    return at == end || refuse_form(refusal);
}

/* {[1,5),[7,9)} */
static bool accept_multirange(const struct wh_pg_type *type, char *text, size_t length,
                              struct wh_pg_refusal *refusal)
{
    char *at = text + 1, *end = text + length - 1;
    if (length < 2 || *text != '{' || *end != '}')
        return refuse_form(refusal);
    while (at < end) {
        bool quoted = false;
        char *begin = at;
        for (; at < end && (quoted || (*at != ')' && *at != ']')); at++)
            quoted = quoted != (*at == '"');
        if (at == end)
            return refuse_form(refusal);
        at++;
        if (!accept_range(type->element, begin, (size_t)(at - begin), refusal))
            return false;
        if (at < end && (*at++ != ',' || at == end))
            return refuse_form(refusal);
    }
    return true;
}

static char *skip_blanks(char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* The braces of an array's dimension, the first of which is 1, and what is in them; returns the
 * byte following them, NULL where it is not accepted. */
static char *accept_braces(const struct wh_pg_type *type, char *at, const char *end, int dimension,
                           struct wh_pg_refusal *refusal)
{
    enum { MOST_DIMENSIONS = 6 }; /* MAXDIM of PostgreSQL */
    if (dimension > MOST_DIMENSIONS) {
        refuse_form(refusal);
        return NULL;
    }
    at = skip_blanks(at + 1, end);
    if (at < end && *at == '}')
        return at + 1;
    refuse_form(refusal);
    while (at < end) {
        at = skip_blanks(at, end);
        struct wh_pg_element part = { .quoted = true };
        if (at < end && *at == '{')
            at = accept_braces(type, at, end, dimension + 1, refusal);
        else
            at = wh_pg_take_element(&part, at, end, type->delimiter, '}');
        if (!at)
            return NULL;
        while (!part.quoted && part.length > 0 && part.text[part.length - 1] == ' ')
            part.length--;
        bool null = !part.quoted && part.length == 4 && strncasecmp(part.text, "NULL", 4) == 0;
        if (part.text && !null && !accept_part(type->element, &part, refusal))
            return NULL;
        refuse_form(refusal);
        if (at == end || (*at != type->delimiter && *at != '}'))
            return NULL;
        if (*at++ == '}')
            return at;
    }
    return NULL;
}

/* {1,2}, which bounds may come before: [0:1]={1,2}. */
static bool accept_array(const struct wh_pg_type *type, char *text, size_t length,
                         struct wh_pg_refusal *refusal)
{
    char *at = text;
    const char *end = text + length;
    if (length > 0 && *text == '[') {
        at = memchr(text, '=', length);
        if (!at)
            return refuse_form(refusal);
        at++;
    }
    if (at == end || *at != '{')
        return refuse_form(refusal);
    return accept_braces(type, at, end, 1, refusal) == end;
}

static bool accept_composite(const struct wh_pg_type *type, char *text, size_t length,
                             struct wh_pg_refusal *refusal)
{
    char *at = text + 1;
    const char *end = text + length;
    if (length < 2 || *text != '(')
        return refuse_form(refusal);
    for (size_t i = 0; i < type->count; i++) {
        struct wh_pg_element part;
        at = wh_pg_take_element(&part, at, end, ',', ')');
        if (!at || (*at == ')') != (i + 1 == type->count))
            return refuse_form(refusal);
        at++;
        if ((part.quoted || part.length > 0)
            && !accept_part(type->members[i].type, &part, refusal))
            return false;
    }
    return type->count == 0 || at == end || refuse_form(refusal);
}

/* What is taken apart is a copy, whose escapes are resolved in place. */
static bool accept_parts(const struct wh_pg_type *type, const struct wh_slice *text,
                         struct wh_pg_refusal *refusal)
{
    char *copy = wh_copy(text->text, text->length);
    size_t length = text->length;
    bool good = type->kind == WH_PG_ARRAY       ? accept_array(type, copy, length, refusal)
                : type->kind == WH_PG_COMPOSITE ? accept_composite(type, copy, length, refusal)
                : type->input == WH_PG_IN_RANGE ? accept_range(type, copy, length, refusal)
                                                : accept_multirange(type, copy, length, refusal);
    free(copy);
    return good;
}

/* ---- every type ------------------------------------------------------------------------------ */

bool wh_pg_accepts_nested(const struct wh_pg_type *type)
{
    return type->kind != WH_PG_ARRAY && type->kind != WH_PG_COMPOSITE
           && (type->input == WH_PG_IN_ANYTHING || type->input == WH_PG_IN_TEXT
               || type->input == WH_PG_IN_VARCHAR);
}

/* bytea as a part of a literal. */
static bool accept_hexadecimal(const struct wh_slice *text, struct wh_pg_refusal *refusal)
{
    return (text->length >= 2 && memcmp(text->text, "\\x", 2) == 0)
           || refuse(refusal, "is not \\x and hexadecimal digits", NULL, NULL);
}

static bool accept_number(const struct wh_pg_type *type, struct wh_slice *text,
                          struct wh_pg_refusal *refusal)
{
    switch (type->input) {
    case WH_PG_IN_SMALLINT:
        return wh_pg_accept_integer(text, INT16_MIN, INT16_MAX, refusal);
    case WH_PG_IN_INTEGER:
        return wh_pg_accept_integer(text, INT32_MIN, INT32_MAX, refusal);
    case WH_PG_IN_BIGINT:
        return wh_pg_accept_integer(text, INT64_MIN, INT64_MAX, refusal);
    case WH_PG_IN_OID:
        return wh_pg_accept_integer(text, 0, UINT32_MAX, refusal);
    case WH_PG_IN_NUMERIC:
        return wh_pg_accept_numeric(type, text, refusal);
    case WH_PG_IN_REAL:
        return wh_pg_accept_float(text, true, refusal);
    case WH_PG_IN_DOUBLE:
        return wh_pg_accept_float(text, false, refusal);
    default: /* WH_PG_IN_MONEY */
        return wh_pg_accept_money(text, refusal);
    }
}

static bool accept_time(const struct wh_pg_type *type, struct wh_slice *text,
                        struct wh_pg_refusal *refusal)
{
    switch (type->input) {
    case WH_PG_IN_DATE:
        return wh_pg_accept_date(text, refusal);
    case WH_PG_IN_TIME:
    case WH_PG_IN_TIME_ZONED:
        return wh_pg_accept_time(type, text, refusal);
    case WH_PG_IN_STAMP:
        return wh_pg_accept_stamp(type, text, refusal);
    case WH_PG_IN_STAMP_ZONED:
        return wh_pg_accept_zoned_stamp(type, text, refusal);
    default: /* WH_PG_IN_INTERVAL */
        return wh_pg_accept_interval(type, text, refusal);
    }
}

bool wh_pg_accepts(const struct wh_pg_type *type, struct wh_slice *text,
                   struct wh_pg_refusal *refusal)
{
    enum { NAME_LENGTH = 63 };
    if (type->kind == WH_PG_ARRAY || type->kind == WH_PG_COMPOSITE)
        return accept_parts(type, text, refusal);
    switch (type->input) {
    case WH_PG_IN_BOOLEAN:
        return accept_boolean(text, refusal);
    case WH_PG_IN_SMALLINT: case WH_PG_IN_INTEGER: case WH_PG_IN_BIGINT: case WH_PG_IN_OID:
    case WH_PG_IN_NUMERIC: case WH_PG_IN_REAL: case WH_PG_IN_DOUBLE: case WH_PG_IN_MONEY:
        return accept_number(type, text, refusal);
    case WH_PG_IN_DATE: case WH_PG_IN_TIME: case WH_PG_IN_TIME_ZONED: case WH_PG_IN_STAMP:
    case WH_PG_IN_STAMP_ZONED: case WH_PG_IN_INTERVAL:
        return accept_time(type, text, refusal);
    case WH_PG_IN_VARCHAR:
    case WH_PG_IN_CHARACTER:
        return accept_length(type, text, refusal);
    case WH_PG_IN_NAME:
        return accept_bytes(text, NAME_LENGTH, refusal);
    case WH_PG_IN_LETTER:
        return accept_letter(text, refusal);
    case WH_PG_IN_BITS:
    case WH_PG_IN_VARBITS:
        return accept_bits(type, text, refusal);
    case WH_PG_IN_NETWORK:
        return accept_network(text, refusal);
    case WH_PG_IN_MAC:
    case WH_PG_IN_MAC8:
        return accept_mac(type, text, refusal);
    case WH_PG_IN_GEOMETRY:
        return accept_geometry(text, refusal);
    case WH_PG_IN_UUID:
        return accept_uuid(text, refusal);
    case WH_PG_IN_RANGE:
    case WH_PG_IN_MULTIRANGE:
        return accept_parts(type, text, refusal);
    case WH_PG_IN_BYTES:
        return accept_hexadecimal(text, refusal);
    case WH_PG_IN_ANYTHING:
    case WH_PG_IN_TEXT:
    case WH_PG_IN_XML:
    case WH_PG_IN_DOCUMENT:
    case WH_PG_IN_BINARY_DOCUMENT:
        break;
    }
    return true;
}
