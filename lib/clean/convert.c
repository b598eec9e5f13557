#include "clean/convert.h"

#include <math.h>
#include <strings.h>

#include "base/number.h"
#include "base/time.h"

/* A number of fewer digits and without exponent is within the range of a double. */
enum { SURELY_FINITE = 300 };

/*
 * The field gets another type and keeps its text. In CSV that shows no difference between a string
 * and what it spells, so the row's raw text may still stand for it.
 */
static void retype(struct wh_row *row, uint32_t index, enum wh_type type)
{
    struct wh_field *field = &row->fields[index];
    field->type = (uint8_t)type;
    if (row->raw_format != WH_FORMAT_CSV)
        row->changed = true;
}

static size_t digits(const char *text, size_t length)
{
    size_t n = 0;
    while (n < length && text[n] >= '0' && text[n] <= '9')
        n++;
    return n;
}

/* A number as people and programs spell it, taken apart: "+007.", ".5e3". */
struct spelled {
    bool negative;
    struct wh_slice whole, fraction, exponent; /* the last from its "e" */
};

static bool take_apart(struct wh_slice text, struct spelled *number)
{
    const char *next = text.text, *end = text.text + text.length;
    *number = (struct spelled){ .negative = next < end && *next == '-' };
    if (next < end && (*next == '-' || *next == '+'))
        next++;
    number->whole = (struct wh_slice){ next, digits(next, (size_t)(end - next)) };
    next += number->whole.length;
    if (next < end && *next == '.') {
        next++;
        number->fraction = (struct wh_slice){ next, digits(next, (size_t)(end - next)) };
        next += number->fraction.length;
    }
    if (number->whole.length + number->fraction.length == 0)
        return false;
    if (next < end && (*next == 'e' || *next == 'E')) {
        const char *exponent = next++;
        if (next < end && (*next == '-' || *next == '+'))
            next++;
        size_t length = digits(next, (size_t)(end - next));
        if (length == 0)
            return false;
        next += length;
        number->exponent = (struct wh_slice){ exponent, (size_t)(next - exponent) };
    }
    return next == end;
}

static char *put(char *out, struct wh_slice slice)
{
    if (slice.length)
        memcpy(out, slice.text, slice.length);
    return out + slice.length;
}

/* Spells it by the grammar of JSON. */
static void respell(struct wh_row *row, uint32_t index, struct spelled number, size_t length)
{
    char *text = wh_row_take(row, length + 2);
    char *out = text;
    while (number.whole.length > 1 && *number.whole.text == '0')
        number.whole.text++, number.whole.length--;
    if (number.negative)
        *out++ = '-';
    if (number.whole.length == 0)
        *out++ = '0';
    out = put(out, number.whole);
    if (number.fraction.length) {
        *out++ = '.';
        out = put(out, number.fraction);
    }
    out = put(out, number.exponent);
    wh_row_set_text(row, index, WH_NUMBER, text, (size_t)(out - text), 0);
}

static enum wh_converted to_number(struct wh_row *row, uint32_t index)
{
    struct wh_field *field = &row->fields[index];
    if (field->type == WH_NUMBER || field->type == WH_NULL)
        return WH_CONVERTED;
    if (field->type != WH_STRING)
        return WH_NOT_CONVERTED;
    struct wh_slice text = wh_row_text(row, field);
    if (wh_number_valid(text.text, text.length)) {
        if (field->flags & WH_ESCAPED)
            wh_row_set_text(row, index, WH_NUMBER, text.text, text.length, 0);
        else
            retype(row, index, WH_NUMBER);
        return WH_CONVERTED;
    }
    struct spelled number;
    if (!take_apart(text, &number))
        return WH_NOT_CONVERTED;
    respell(row, index, number, text.length);
    return WH_CONVERTED;
}

enum wh_converted wh_convert_decimal(struct wh_row *row, uint32_t index)
{
    return to_number(row, index);
}

enum wh_converted wh_convert_float(struct wh_row *row, uint32_t index)
{
    enum wh_converted result = to_number(row, index);
    const struct wh_field *field = &row->fields[index];
    if (result != WH_CONVERTED || field->type != WH_NUMBER)
        return result;
    bool exponent = memchr(field->text, 'e', field->length) ||
                    memchr(field->text, 'E', field->length);
    if (!exponent && field->length < SURELY_FINITE)
        return WH_CONVERTED;
    return isfinite(wh_number_parse(field->text, field->length)) ? WH_CONVERTED : WH_OUT_OF_RANGE;
}

enum wh_converted wh_convert_int(struct wh_row *row, uint32_t index)
{
    struct wh_field before = row->fields[index];
    bool changed = row->changed;
    enum wh_converted result = to_number(row, index);
    const struct wh_field *field = &row->fields[index];
    if (result != WH_CONVERTED || field->type != WH_NUMBER)
        return result;
    size_t sign = field->text[0] == '-';
    size_t whole = sign + digits(field->text + sign, field->length - sign);
    if (whole == field->length)
        return WH_CONVERTED;
    size_t zeros = whole + 1;
    while (zeros < field->length && field->text[zeros] == '0')
        zeros++;
    if (field->text[whole] == '.' && zeros == field->length) {
        wh_row_set_text(row, index, WH_NUMBER, field->text, whole, field->flags & WH_QUOTED);
        return WH_CONVERTED;
    }
    row->fields[index] = before; /* what the message shows */
    row->changed = changed;
    return WH_NOT_CONVERTED;
}

static bool is_word(struct wh_slice text, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == text.length && strncasecmp(text.text, *words, text.length) == 0)
            return true;
    return false;
}

enum wh_converted wh_convert_bool(struct wh_row *row, uint32_t index)
{
    static const char *const yes[] = { "true", "t", "yes", "y", "on", "1", NULL };
    static const char *const no[] = { "false", "f", "no", "n", "off", "0", NULL };
    struct wh_field *field = &row->fields[index];
    if (field->type == WH_NULL || field->type == WH_TRUE || field->type == WH_FALSE)
        return WH_CONVERTED;
    if (field->type == WH_NESTED)
        return WH_NOT_CONVERTED;
    struct wh_slice text = wh_row_text(row, field);
    bool value = is_word(text, yes);
    if (!value && !is_word(text, no))
        return WH_NOT_CONVERTED;
    bool quoted = field->flags & WH_QUOTED;
    const char *word = value ? "true" : "false";
    if (text.length == strlen(word) && memcmp(text.text, word, text.length) == 0 && !quoted)
        retype(row, index, value ? WH_TRUE : WH_FALSE);
    else
        wh_row_set_bool(row, index, value);
    return WH_CONVERTED;
}

enum wh_converted wh_convert_string(struct wh_row *row, uint32_t index)
{
    struct wh_field *field = &row->fields[index];
    switch ((enum wh_type)field->type) {
    case WH_NULL:
    case WH_STRING:
        break;
    case WH_NUMBER:
        retype(row, index, WH_STRING);
        field->flags |= WH_JSON_SAFE;
        break;
    case WH_NESTED:
        retype(row, index, WH_STRING);
        field->flags = 0;
        row->changed = true;
        break;
    case WH_TRUE:
    case WH_FALSE: {
        struct wh_slice word = wh_row_text(row, field);
        char *text = wh_row_take(row, word.length);
        memcpy(text, word.text, word.length);
        wh_row_set_text(row, index, WH_STRING, text, word.length, WH_JSON_SAFE);
        break;
    }
    }
    return WH_CONVERTED;
}

enum wh_converted wh_convert_timestamp(struct wh_row *row, uint32_t index)
{
    struct wh_field *field = &row->fields[index];
    if (field->type == WH_NULL)
        return WH_CONVERTED;
    if (field->type != WH_STRING && field->type != WH_NUMBER)
        return WH_NOT_CONVERTED;
    struct wh_slice text = wh_row_text(row, field);
    struct wh_civil time;
    if (!wh_time_parse(text.text, text.length, &time))
        return WH_NOT_CONVERTED;
    char printed[48];
    size_t length = wh_time_print(&time, printed);
    bool same = length == text.length && memcmp(printed, text.text, length) == 0;
    if (same && field->type == WH_STRING)
        return WH_CONVERTED;
    char *copy = wh_row_take(row, length);
    memcpy(copy, printed, length);
    wh_row_set_text(row, index, WH_STRING, copy, length,
                    WH_JSON_SAFE | (field->flags & WH_QUOTED));
    return WH_CONVERTED;
}
