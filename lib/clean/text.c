/* --trim and --lower: what they do to strings, and to nothing else. */
#include <locale.h>
#include <stdlib.h>
#include <wctype.h>

#include "base/text.h"
#include "clean/chosen.h"
#include "clean/table.h"
#include "pipe/step_argument.h"

static const char *const only_columns[] = { "columns", "column", NULL };

/* The property White_Space of Unicode. */
static bool is_space(uint32_t code)
{
    if (code < 0x80)
        return code == ' ' || (code >= 0x09 && code <= 0x0D);
    return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) ||
           code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

/* Length of the last character of well-formed UTF-8. */
static size_t last_character(const char *text, size_t length)
{
    size_t n = 1;
    while (n < length && ((unsigned char)text[length - n] & 0xC0) == 0x80)
        n++;
    return n;
}

static struct wh_slice trimmed(struct wh_slice slice)
{
    uint32_t code;
    while (slice.length) {
        size_t n = wh_utf8_get(slice.text, slice.length, &code);
        if (!is_space(code))
            break;
        slice.text += n;
        slice.length -= n;
    }
    while (slice.length) {
        size_t n = last_character(slice.text, slice.length);
        wh_utf8_get(slice.text + slice.length - n, n, &code);
        if (!is_space(code))
            break;
        slice.length -= n;
    }
    return slice;
}

/* Whether the first and last byte show at once that there is nothing to trim. */
static bool is_trim(const struct wh_field *field)
{
    if (field->length == 0)
        return true;
    unsigned char first = (unsigned char)field->text[0];
    unsigned char last = (unsigned char)field->text[field->length - 1];
    return !(field->flags & WH_ESCAPED) && first > ' ' && first < 0x80 && last > ' ' && last < 0x80;
}

static enum wh_verdict trim_row(struct wh_step *step, struct wh_binding *binding,
                                struct wh_row *row, struct wh_error *error)
{
    (void)error;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    for (uint32_t i = 0; i < chosen->count; i++) {
        const struct wh_field *field = &row->fields[chosen->indices[i]];
        if (field->type != WH_STRING || is_trim(field))
            continue;
        struct wh_slice whole = wh_row_text(row, field);
        struct wh_slice rest = trimmed(whole);
        if (rest.length == whole.length)
            continue;
        /* Part of a text that needs no escapes needs none; a decoded one may need them again. */
        unsigned keep = field->flags & WH_ESCAPED ? WH_QUOTED : WH_QUOTED | WH_JSON_SAFE;
        wh_row_set_text(row, chosen->indices[i], WH_STRING, rest.text, rest.length,
                        field->flags & keep);
        wh_step_made(step, row, chosen->indices[i]);
    }
    return WH_PASSED;
}

static struct wh_step *trim_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = wh_chosen_bind, .row = trim_row, .close = wh_chosen_close,
    };
    return wh_chosen_open(recipe, &ops, error);
}

const struct wh_step_type wh_clean_trim = {
    .op = "trim",
    .argument = "COLS",
    .help = "take white space (Unicode's) off both ends of strings",
    .keys = only_columns,
    .parse = wh_parse_columns_argument,
    .create = trim_create,
};

struct lower {
    struct wh_step base;
    locale_t locale; /* whose only use is the table of lower-case letters */
};

/* What there is to do for a text. */
enum letters { NO_UPPER, ASCII_UPPER, NOT_ASCII };

static enum letters look(struct wh_slice slice)
{
    unsigned char high = 0, upper = 0;
    for (size_t i = 0; i < slice.length; i++) {
        unsigned char byte = (unsigned char)slice.text[i];
        high |= byte & 0x80;
        upper |= (unsigned char)(byte - 'A') < 26;
    }
    return high ? NOT_ASCII : upper ? ASCII_UPPER : NO_UPPER;
}

static size_t lower_ascii(struct wh_slice slice, char *out)
{
    for (size_t i = 0; i < slice.length; i++) {
        unsigned char byte = (unsigned char)slice.text[i];
        out[i] = (char)(byte | ((unsigned char)(byte - 'A') < 26 ? 0x20 : 0));
    }
    return slice.length;
}

static size_t lower_unicode(struct wh_slice slice, locale_t locale, char *out)
{
    size_t length = 0;
    for (size_t i = 0; i < slice.length;) {
        uint32_t code;
        i += wh_utf8_get(slice.text + i, slice.length - i, &code);
        length += wh_utf8_put((uint32_t)towlower_l((wint_t)code, locale), out + length);
    }
    return length;
}

static enum wh_verdict lower_row(struct wh_step *step, struct wh_binding *binding,
                                 struct wh_row *row, struct wh_error *error)
{
    (void)error;
    const struct lower *self = (const struct lower *)step;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    for (uint32_t i = 0; i < chosen->count; i++) {
        const struct wh_field *field = &row->fields[chosen->indices[i]];
        if (field->type != WH_STRING)
            continue;
        struct wh_slice text = wh_row_text(row, field);
        enum letters letters = look(text);
        if (letters == NO_UPPER)
            continue;
        /* A lower-case letter may take one byte more, and wh_utf8_put writes up to four. */
        char *out = wh_row_take(row, text.length * 2 + 4);
        size_t length = letters == ASCII_UPPER ? lower_ascii(text, out)
                                               : lower_unicode(text, self->locale, out);
        if (length == text.length && memcmp(out, text.text, length) == 0)
            continue;
        unsigned keep = field->flags & WH_ESCAPED ? WH_QUOTED : WH_QUOTED | WH_JSON_SAFE;
        wh_row_set_text(row, chosen->indices[i], WH_STRING, out, length, field->flags & keep);
        wh_step_made(step, row, chosen->indices[i]);
    }
    return WH_PASSED;
}

static void lower_close(struct wh_step *step)
{
    freelocale(((struct lower *)step)->locale);
    wh_chosen_close(step);
}

static struct wh_step *lower_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = wh_chosen_bind, .row = lower_row, .close = lower_close,
    };
    struct wh_columns *columns;
    if (wh_chosen_columns(recipe, &columns, error) < 0)
        return NULL;
    locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!locale) {
        wh_columns_free(columns);
        wh_fail(error, WH_REFUSED, "this system has no locale C.UTF-8 to take letters from");
        return NULL;
    }
    struct lower *self = wh_alloc(1, sizeof *self);
    *self = (struct lower){ .base = { .ops = &ops, .columns = columns }, .locale = locale };
    return &self->base;
}

const struct wh_step_type wh_clean_lower = {
    .op = "lower",
    .argument = "COLS",
    .help = "turn letters into lower case, one for one",
    .keys = only_columns,
    .parse = wh_parse_columns_argument,
    .create = lower_create,
};
