#include "database/pgtext.h"

#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/text.h"
#include "record/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- types ----------------------------------------------------------------------------------- */

/* OIDs of built-in types never change (PostgreSQL, catalog/pg_type.dat); here in their order. */
#define SCALAR(PRINTED, READ) { .kind = WH_PG_##PRINTED, .input = WH_PG_IN_##READ, .modifier = -1 }
#define SPAN(READ, OF)                                                                             \
    { .kind = WH_PG_STRING, .input = WH_PG_IN_##READ, .modifier = -1, .element = &(OF) }

static const struct wh_pg_type integers = SCALAR(NUMBER, INTEGER), bigints = SCALAR(NUMBER, BIGINT),
                               numerics = SCALAR(NUMBER, NUMERIC), dates = SCALAR(STRING, DATE),
                               stamps = SCALAR(TIMESTAMP, STAMP),
                               zoned_stamps = SCALAR(TIMESTAMPTZ, STAMP_ZONED);
static const struct wh_pg_type integer_ranges = SPAN(RANGE, integers),
                               bigint_ranges = SPAN(RANGE, bigints),
                               numeric_ranges = SPAN(RANGE, numerics),
                               date_ranges = SPAN(RANGE, dates),
                               stamp_ranges = SPAN(RANGE, stamps),
                               zoned_stamp_ranges = SPAN(RANGE, zoned_stamps);

static const struct {
    uint32_t oid;
    struct wh_pg_type type;
} known[] = {
    { 16, SCALAR(BOOL, BOOLEAN) },                 /* boolean */
    { 17, SCALAR(BYTEA, BYTES) },                  /* bytea */
    { 18, SCALAR(STRING, LETTER) },                /* "char" */
    { 19, SCALAR(STRING, NAME) },                  /* name */
    { 20, SCALAR(NUMBER, BIGINT) },                /* bigint */
    { 21, SCALAR(NUMBER, SMALLINT) },              /* smallint */
    { 23, SCALAR(NUMBER, INTEGER) },               /* integer */
    { 25, SCALAR(STRING, TEXT) },                  /* text */
    { 26, SCALAR(NUMBER, OID) },                   /* oid */
    { 114, SCALAR(JSON, DOCUMENT) },               /* json */
    { 142, SCALAR(STRING, XML) },                  /* xml */
    { 600, SCALAR(STRING, GEOMETRY) },             /* point */
    { 601, SCALAR(STRING, GEOMETRY) },             /* lseg */
    { 602, SCALAR(STRING, GEOMETRY) },             /* path */
    { 603, SCALAR(STRING, GEOMETRY) },             /* box */
    { 604, SCALAR(STRING, GEOMETRY) },             /* polygon */
    { 628, SCALAR(STRING, GEOMETRY) },             /* line */
    { 650, SCALAR(STRING, NETWORK) },              /* cidr */
    { 700, SCALAR(NUMBER, REAL) },                 /* real */
    { 701, SCALAR(NUMBER, DOUBLE) },               /* double precision */
    { 705, SCALAR(STRING, TEXT) },                 /* unknown */
    { 718, SCALAR(STRING, GEOMETRY) },             /* circle */
    { 774, SCALAR(STRING, MAC8) },                 /* macaddr8 */
    { 790, SCALAR(STRING, MONEY) },                /* money */
    { 829, SCALAR(STRING, MAC) },                  /* macaddr */
    { 869, SCALAR(STRING, NETWORK) },              /* inet */
    { 1042, SCALAR(STRING, CHARACTER) },           /* character */
    { 1043, SCALAR(STRING, VARCHAR) },             /* character varying */
    { 1082, SCALAR(STRING, DATE) },                /* date */
    { 1083, SCALAR(STRING, TIME) },                /* time */
    { 1114, SCALAR(TIMESTAMP, STAMP) },            /* timestamp */
    { 1184, SCALAR(TIMESTAMPTZ, STAMP_ZONED) },    /* timestamp with time zone */
    { 1186, SCALAR(STRING, INTERVAL) },            /* interval */
    { 1266, SCALAR(STRING, TIME_ZONED) },          /* time with time zone */
    { 1560, SCALAR(STRING, BITS) },                /* bit */
    { 1562, SCALAR(STRING, VARBITS) },             /* bit varying */
    { 1700, SCALAR(NUMBER, NUMERIC) },             /* numeric */
    { 2950, SCALAR(STRING, UUID) },                /* uuid */
    { 3802, SCALAR(JSON, BINARY_DOCUMENT) },       /* jsonb */
    { 3904, SPAN(RANGE, integers) },               /* int4range */
    { 3906, SPAN(RANGE, numerics) },               /* numrange */
    { 3908, SPAN(RANGE, stamps) },                 /* tsrange */
    { 3910, SPAN(RANGE, zoned_stamps) },           /* tstzrange */
    { 3912, SPAN(RANGE, dates) },                  /* daterange */
    { 3926, SPAN(RANGE, bigints) },                /* int8range */
    { 4451, SPAN(MULTIRANGE, integer_ranges) },    /* int4multirange */
    { 4532, SPAN(MULTIRANGE, numeric_ranges) },    /* nummultirange */
    { 4533, SPAN(MULTIRANGE, stamp_ranges) },      /* tsmultirange */
    { 4534, SPAN(MULTIRANGE, zoned_stamp_ranges) },/* tstzmultirange */
    { 4535, SPAN(MULTIRANGE, date_ranges) },       /* datemultirange */
    { 4536, SPAN(MULTIRANGE, bigint_ranges) },     /* int8multirange */
};

const struct wh_pg_type *wh_pg_builtin(uint32_t oid)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].oid == oid)
            return &known[i].type;
    return NULL;
}

/* ---- scalars --------------------------------------------------------------------------------- */

/* NaN, Infinity and -Infinity are no numbers in JSON. */
static bool is_finite(const char *text)
{
    return text[0] != 'N' && text[0] != 'I' && (text[0] != '-' || text[1] != 'I');
}

/* Writes T between date and time, and Z for UTC's +00 (which " BC" may follow). Returns the new
 * length; infinity stays as it is. */
static size_t iso_timestamp(char *text, size_t length, bool zoned)
{
    char *blank = memchr(text, ' ', length);
    if (!blank)
        return length;
    *blank = 'T';
    if (!zoned)
        return length;
    char *end = text + length;
    char *era = memchr(blank, ' ', (size_t)(end - blank));
    char *zone = (era ? era : end) - 3;
    if (zone <= blank || memcmp(zone, "+00", 3) != 0)
        return length;
    *zone = 'Z';
    memmove(zone + 1, zone + 3, (size_t)(end - zone - 3));
    return length - 2;
}

/* JSON holds control characters only as white space between its tokens. */
static void put_on_one_line(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20)
            text[i] = ' ';
}

/* Whether it is "\x6162", the form of bytea that the session asks for. */
static bool is_hex(const char *text, size_t length)
{
    return length >= 2 && length % 2 == 0 && text[0] == '\\' && text[1] == 'x';
}

/* Decodes "\x6162" in place; returns how many bytes there are. */
static size_t decode_hex(char *text, size_t length)
{
    size_t count = length / 2 - 1;
    for (size_t i = 0; i < count; i++) {
        const char *digits = text + 2 + 2 * i;
        /* The server sends only digits. Of anything else something is made. */
        text[i] = (char)((unsigned)wh_hex_digit(digits[0]) << 4
                         | (unsigned)wh_hex_digit(digits[1]));
    }
    return count;
}

/* ---- nested values --------------------------------------------------------------------------- */

static bool to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *text,
                    size_t length);

static void add_string(struct wh_buffer *out, const char *text, size_t length)
{
    wh_buffer_byte(out, '"');
    wh_json_escape(out, text, length);
    wh_buffer_byte(out, '"');
}

char *wh_pg_take_element(struct wh_pg_element *element, char *at, const char *end, char delimiter,
                         char closing)
{
    element->quoted = at < end && *at == '"';
    if (!element->quoted) {
        element->text = at;
        while (at < end && *at != delimiter && *at != closing)
            at++;
        element->length = (size_t)(at - element->text);
        return at < end ? at : NULL;
    }
    char *place = ++at;
    element->text = at;
    while (at < end) {
        if (*at == '"' && (at + 1 == end || at[1] != '"'))
            break;
        if ((*at == '\\' || *at == '"') && at + 1 < end)
            at++;
        *place++ = *at++;
    }
    element->length = (size_t)(place - element->text);
    at++;
    return at < end && (*at == delimiter || *at == closing) ? at : NULL;
}

static bool is_null_word(const struct wh_pg_element *element)
{
    return !element->quoted && element->length == 4 && memcmp(element->text, "NULL", 4) == 0;
}

static char *braces_to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *at,
                            const char *end);

/* An element of an array; returns what is after it, NULL where it is broken. */
static char *array_element_to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *at,
                                   const char *end)
{
    if (at < end && *at == '{')
        return braces_to_json(out, type, at, end);
    struct wh_pg_element element;
    at = wh_pg_take_element(&element, at, end, type->delimiter, '}');
    if (!at || (!element.quoted && element.length == 0))
        return NULL;
    if (is_null_word(&element))
        wh_buffer_literal(out, "null");
    else if (!to_json(out, type->element, element.text, element.length))
        return NULL;
    return at;
}

/* A pair of braces and what is in it; likewise. */
static char *braces_to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *at,
                            const char *end)
{
    at++;
    wh_buffer_byte(out, '[');
    bool more = at < end && *at != '}';
    while (more) {
        at = array_element_to_json(out, type, at, end);
        if (!at || at == end || (*at != type->delimiter && *at != '}'))
            return NULL;
        more = *at == type->delimiter;
        if (more) {
            wh_buffer_byte(out, ',');
            at++;
        }
    }
    wh_buffer_byte(out, ']');
    return at < end ? at + 1 : NULL;
}

static bool array_to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *text,
                          size_t length)
{
    const char *end = text + length;
    if (length > 0 && *text == '[') { /* [0:1]={...} */
        text = memchr(text, '=', length);
        if (!text)
            return false;
        text++;
    }
    return text < end && *text == '{' && braces_to_json(out, type, text, end) == end;
}

static bool composite_to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *text,
                              size_t length)
{
    const char *end = text + length;
    char *at = text + 1;
    if (length < 2 || *text != '(')
        return false;
    wh_buffer_byte(out, '{');
    for (size_t i = 0; i < type->count; i++) {
        const struct wh_pg_member *member = &type->members[i];
        struct wh_pg_element element;
        at = wh_pg_take_element(&element, at, end, ',', ')');
        if (!at || (*at == ')') != (i + 1 == type->count))
            return false;
        at++;
        if (i > 0)
            wh_buffer_byte(out, ',');
        wh_buffer_add(out, member->key, member->key_length);
        if (!element.quoted && element.length == 0)
            wh_buffer_literal(out, "null");
        else if (!to_json(out, member->type, element.text, element.length))
            return false;
    }
    wh_buffer_byte(out, '}');
    return type->count == 0 || at == end;
}

/* Appends a value that is not null; false where the text is not what the type prints. */
static bool to_json(struct wh_buffer *out, const struct wh_pg_type *type, char *text,
                    size_t length)
{
    switch (type->kind) {
    case WH_PG_NUMBER:
        if (length == 0 || !is_finite(text))
            break;
        wh_buffer_add(out, text, length);
        return true;
    case WH_PG_BOOL:
        if (*text == 't')
            wh_buffer_literal(out, "true");
        else
            wh_buffer_literal(out, "false");
        return true;
    case WH_PG_TIMESTAMP:
    case WH_PG_TIMESTAMPTZ:
        length = iso_timestamp(text, length, type->kind == WH_PG_TIMESTAMPTZ);
        break;
    case WH_PG_JSON:
        put_on_one_line(text, length);
        wh_buffer_add(out, text, length);
        return true;
    case WH_PG_BYTEA:
        if (!is_hex(text, length))
            break;
        length = decode_hex(text, length);
        wh_buffer_byte(out, '"');
        wh_buffer_reserve(out, wh_base64_size(length));
        out->length += wh_base64_encode(text, length, out->data + out->length);
        wh_buffer_byte(out, '"');
        return true;
    case WH_PG_ARRAY:
        return array_to_json(out, type, text, length);
    case WH_PG_COMPOSITE:
        return composite_to_json(out, type, text, length);
    case WH_PG_STRING:
        break;
    }
    add_string(out, text, length);
    return true;
}

/* ---- fields ---------------------------------------------------------------------------------- */

static void set(struct wh_field *field, enum wh_type type, const char *text, size_t length,
                unsigned flags)
{
    *field = (struct wh_field){ text, (uint32_t)length, (uint8_t)type, (uint8_t)flags };
}

static void set_bool(struct wh_field *field, bool value)
{
    if (value)
        set(field, WH_TRUE, "true", 4, 0);
    else
        set(field, WH_FALSE, "false", 5, 0);
}

static void set_number(struct wh_field *field, const char *text, size_t length)
{
    if (is_finite(text))
        set(field, WH_NUMBER, text, length, 0);
    else
        set(field, WH_STRING, text, length, WH_JSON_SAFE);
}

/* A JSON value as a field: PostgreSQL has checked that it is one. */
static void set_json(struct wh_field *field, char *text, size_t length)
{
    put_on_one_line(text, length);
    while (length > 0 && *text == ' ') {
        text++;
        length--;
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    if (*text == '{' || *text == '[')
        set(field, WH_NESTED, text, length, 0);
    else if (*text == '"')
        set(field, WH_STRING, text + 1, length - 2,
            WH_DOCUMENT | WH_JSON_SAFE | (memchr(text, '\\', length) ? WH_ESCAPED : 0));
    else if (*text == 't' || *text == 'f')
        set_bool(field, *text == 't');
    else if (*text == 'n')
        set(field, WH_NULL, text, 4, WH_DOCUMENT);
    else
        set(field, WH_NUMBER, text, length, 0);
}

static void set_bytes(struct wh_row *row, uint32_t index, char *text, size_t length)
{
    if (!is_hex(text, length)) {
        set(&row->fields[index], WH_STRING, text, length, 0);
        return;
    }
    length = decode_hex(text, length);
    char *out = wh_row_take(row, wh_base64_size(length));
    set(&row->fields[index], WH_STRING, out, wh_base64_encode(text, length, out), WH_JSON_SAFE);
}

static int set_nested(struct wh_pg_rows *rows, uint32_t index, char *text, size_t length,
                      struct wh_error *error)
{
    struct wh_buffer *json = &rows->work;
    json->length = 0;
    if (!to_json(json, rows->types[index], text, length))
        return wh_fail(error, WH_FAILED, "%s: the server's text is not of the column's type",
                       rows->row->shape->columns[index].name);
    size_t longest = rows->longest ? rows->longest : WH_MAX_FIELD;
    if (json->length > longest)
        return wh_fail(error, WH_FAILED, "%s: the value has %zu bytes as JSON (at most %zu): select "
                       "its parts as columns of their own", rows->row->shape->columns[index].name,
                       json->length, longest);
    char *copy = wh_row_take(rows->row, json->length);
    memcpy(copy, json->data, json->length);
    set(&rows->row->fields[index], WH_NESTED, copy, json->length, 0);
    return 0;
}

int wh_pg_field(struct wh_pg_rows *rows, uint32_t index, char *text, size_t length,
                struct wh_error *error)
{
    struct wh_field *field = &rows->row->fields[index];
    enum wh_pg_kind kind = rows->types[index]->kind;
    switch (kind) {
    case WH_PG_NUMBER:
        set_number(field, text, length);
        return 0;
    case WH_PG_BOOL:
        set_bool(field, *text == 't');
        return 0;
    case WH_PG_TIMESTAMP:
    case WH_PG_TIMESTAMPTZ:
        length = iso_timestamp(text, length, kind == WH_PG_TIMESTAMPTZ);
        set(field, WH_STRING, text, length, WH_JSON_SAFE);
        return 0;
    case WH_PG_JSON:
        set_json(field, text, length);
        return 0;
    case WH_PG_BYTEA:
        set_bytes(rows->row, index, text, length);
        return 0;
    case WH_PG_ARRAY:
    case WH_PG_COMPOSITE:
        return set_nested(rows, index, text, length, error);
    case WH_PG_STRING:
        break;
    }
    set(field, WH_STRING, text, length, 0);
    return 0;
}

/* ---- COPY's text format ---------------------------------------------------------------------- */

enum { BLOCK = 64 };

/*
 * Bit k: text[k] cannot stand in a JSON string as it is (a control character, which a tab is too,
 * a quote, a backslash). Looks at BLOCK bytes.
 */
#ifdef __SSE2__
static uint64_t special_16(const char *text)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)text);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    return (uint64_t)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, backslash)));
}

static uint64_t special(const char *text)
{
    return special_16(text) | special_16(text + 16) << 16 | special_16(text + 32) << 32 |
           special_16(text + 48) << 48;
}
#else
static uint64_t special(const char *text)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        unsigned char c = (unsigned char)text[i];
        bits |= (uint64_t)(c < 0x20 || c == '"' || c == '\\') << i;
    }
    return bits;
}
#endif

/* Resolves COPY's escapes in place; returns the new length. The server writes \b \f \n \r \t \v
 * and \\ and nothing else. */
static size_t unescape(char *text, size_t length)
{
    char *from = memchr(text, '\\', length);
    char *end = text + length;
    char *to = from;
    while (from < end) {
        char c = *from++;
        if (c == '\\' && from < end) {
            c = *from++;
            c = (char)(c == 'b' ? '\b' : c == 'f' ? '\f' : c == 'n' ? '\n' : c == 'r' ? '\r'
                     : c == 't' ? '\t' : c == 'v' ? '\v' : c);
        }
        *to++ = c;
    }
    return (size_t)(to - text);
}

static bool is_json_escape(char c)
{
    return c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't' || c == '\\';
}

/* Whether all escapes are the same in JSON: of those the server writes, all but \v. */
static bool escapes_are_json(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end && (text = memchr(text, '\\', (size_t)(end - text))) != NULL) {
        if (text + 1 == end || !is_json_escape(text[1]))
            return false;
        text += 2;
    }
    return true;
}

enum { SEEN_BACKSLASH = 1, SEEN_OTHER = 2 };

static int copy_field(struct wh_pg_rows *rows, uint32_t index, char *text, size_t length,
                      unsigned seen, struct wh_error *error)
{
    struct wh_field *field = &rows->row->fields[index];
    bool string = rows->types[index]->kind == WH_PG_STRING;
    if (seen == 0 && string) {
        set(field, WH_STRING, text, length, WH_JSON_SAFE);
        return 0;
    }
    if (seen & SEEN_BACKSLASH) {
        if (length == 2 && text[1] == 'N') {
            set(field, WH_NULL, "null", 4, 0);
            return 0;
        }
        if (seen == SEEN_BACKSLASH && string && escapes_are_json(text, length)) {
            set(field, WH_STRING, text, length, WH_ESCAPED | WH_JSON_SAFE);
            return 0;
        }
        length = unescape(text, length);
    }
    return wh_pg_field(rows, index, text, length, error);
}

static int wrong_count(const struct wh_pg_rows *rows, struct wh_error *error)
{
    return wh_fail(error, WH_FAILED, "the server announced %u columns, and has sent a row of another "
                   "number", rows->row->shape->count);
}

int wh_pg_copy_row(struct wh_pg_rows *rows, char *line, size_t length, struct wh_error *error)
{
    uint32_t count = rows->row->shape->count;
    uint32_t index = 0;
    char *begin = line;
    unsigned seen = 0;
    for (size_t at = 0; at < length; at += BLOCK) {
        uint64_t bits = special(line + at);
        if (length - at < BLOCK)
            bits &= ((uint64_t)1 << (length - at)) - 1;
        for (; bits; bits &= bits - 1) {
            char *place = line + at + __builtin_ctzll(bits);
            if (*place != '\t') {
                seen |= *place == '\\' ? SEEN_BACKSLASH : SEEN_OTHER;
                continue;
            }
            if (index + 1 >= count)
                return wrong_count(rows, error);
            if (copy_field(rows, index, begin, (size_t)(place - begin), seen, error) != 0)
                return -1;
            index++;
            begin = place + 1;
            seen = 0;
        }
    }
    if (index + 1 != count)
        return wrong_count(rows, error);
    return copy_field(rows, index, begin, (size_t)(line + length - begin), seen, error);
}
