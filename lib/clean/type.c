/* --type: what a column's values must be, and are made where that is clear. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"
#include "clean/chosen.h"
#include "clean/convert.h"
#include "clean/table.h"

struct target {
    const char *name;
    const char *noun;
    wh_convert *convert;
    bool number;
};

static const struct target targets[] = {
    { "int", "an integer", wh_convert_int, true },
    { "decimal", "a number", wh_convert_decimal, true },
    { "float", "a number", wh_convert_float, true },
    { "bool", "true or false", wh_convert_bool, false },
    { "string", "a string", wh_convert_string, false },
    { "timestamp", "a timestamp", wh_convert_timestamp, false },
};
enum { TARGETS = sizeof targets / sizeof *targets };

struct type_step {
    struct wh_step base;
    const struct target *target;
};

/* Words that stand for a missing value where somebody did not know about null. */
static bool says_missing(struct wh_slice text)
{
    static const char *const words[] = { "", "na", "n/a", "nan", "null", "none", "nil", "-", "--",
                                         "?", ".", "\\N", "unknown", "inf", "-inf", "infinity" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == text.length &&
            strncasecmp(text.text, words[i], text.length) == 0)
            return true;
    return false;
}

/* Whether nothing but digits, signs, points and commas is in `text`, and a comma. */
static bool has_separators(struct wh_slice text)
{
    bool comma = false;
    for (size_t i = 0; i < text.length; i++) {
        if (!isdigit((unsigned char)text.text[i]) && !strchr("+-.,' ", text.text[i]))
            return false;
        comma |= text.text[i] == ',' || text.text[i] == '\'' || text.text[i] == ' ';
    }
    return comma;
}

/* "2024-02-30" is the right form, and wrong for another reason. */
static bool begins_with_year(struct wh_slice text)
{
    size_t digits = 0;
    while (digits < text.length && isdigit((unsigned char)text.text[digits]))
        digits++;
    return digits == 4 && text.length > 4 && text.text[4] == '-';
}

/* What to do about a value that does not fit: " (...)", or nothing. */
static void advise(const struct target *target, struct wh_slice text, char *advice, size_t size)
{
    bool blank = text.length && (isspace((unsigned char)text.text[0]) ||
                                 isspace((unsigned char)text.text[text.length - 1]));
    size_t i = 0;
    while (i < text.length && isspace((unsigned char)text.text[i]))
        i++;
    if (i == text.length && target->number)
        snprintf(advice, size, text.length ? " (it is blank: --null-value '' with --trim before "
                                             "--type makes it null)"
                                           : " (--null-value '' makes it null)");
    else if (says_missing(text))
        snprintf(advice, size, " (--null-value '%.*s' makes it null)", (int)text.length, text.text);
    else if (blank)
        snprintf(advice, size, " (--trim takes the blanks off)");
    else if (target->number && has_separators(text))
        snprintf(advice, size, " (a number has no thousands separators, and a point before the "
                               "fraction)");
    else if (target->convert == wh_convert_int && wh_number_valid(text.text, text.length))
        snprintf(advice, size, " (decimal and float take fractions and exponents)");
    else if (target->convert == wh_convert_timestamp && wh_number_valid(text.text, text.length))
        snprintf(advice, size, " (seconds since 1970 become one by wh-clean -o ndjson | jq -c "
                               "'.COL |= todate')");
    else if (target->convert == wh_convert_timestamp && !begins_with_year(text))
        snprintf(advice, size, " (ISO 8601 is: 2024-03-01T12:30:05Z)");
    else
        advice[0] = '\0';
}

static enum wh_verdict refuse(const struct target *target, struct wh_row *row, uint32_t index,
                              enum wh_converted why, struct wh_error *error)
{
    const struct wh_column *column = &row->shape->columns[index];
    const struct wh_field *field = &row->fields[index];
    struct wh_slice text = wh_row_text(row, field);
    char quoted[96], advice[200];
    wh_quote(quoted, text.text, text.length);
    if (why == WH_OUT_OF_RANGE) {
        wh_bad_row(error, "type", column->name, column->length, 0,
                   "%s is beyond the range of a float (decimal takes it)", quoted);
        return WH_BAD;
    }
    advise(target, text, advice, sizeof advice);
    wh_bad_row(error, "type", column->name, column->length, 0, "%s is not %s%s", quoted,
               target->noun, advice);
    return WH_BAD;
}

static enum wh_verdict type_row(struct wh_step *step, struct wh_binding *binding,
                                struct wh_row *row, struct wh_error *error)
{
    const struct target *target = ((const struct type_step *)step)->target;
    const struct wh_chosen *chosen = (const struct wh_chosen *)binding;
    for (uint32_t i = 0; i < chosen->count; i++) {
        const struct wh_field *field = &row->fields[chosen->indices[i]];
        const char *before = field->text;
        uint32_t length = field->length;
        enum wh_converted result = target->convert(row, chosen->indices[i]);
        if (result != WH_CONVERTED)
            return refuse(target, row, chosen->indices[i], result, error);
        if (field->text != before || field->length != length)
            wh_step_made(step, row, chosen->indices[i]);
    }
    return WH_PASSED;
}

static const struct target *find_target(const json_t *recipe, struct wh_error *error)
{
    const char *names[TARGETS];
    const char *name = json_string_value(json_object_get(recipe, "type"));
    for (size_t i = 0; i < TARGETS; i++) {
        names[i] = targets[i].name;
        if (name && strcmp(name, targets[i].name) == 0)
            return &targets[i];
    }
    if (!name) {
        wh_fail(error, WH_REFUSED,
                "\"type\" must be int, decimal, float, bool, string or timestamp");
        return NULL;
    }
    char quoted[96];
    wh_fail(error, WH_REFUSED, "there is no type %s, only int, decimal, float, bool, string and "
            "timestamp", wh_quote(quoted, name, strlen(name)));
    wh_suggest(error->text, sizeof error->text, name, names, TARGETS);
    return NULL;
}

static struct wh_step *type_create(const json_t *recipe, struct wh_error *error)
{
    static const struct wh_step_ops ops = {
        .bind = wh_chosen_bind, .row = type_row, .close = wh_chosen_close,
    };
    const struct target *target = find_target(recipe, error);
    struct wh_columns *columns;
    if (!target || wh_chosen_columns(recipe, &columns, error) < 0)
        return NULL;
    struct type_step *self = wh_alloc(1, sizeof *self);
    *self = (struct type_step){ .base = { .ops = &ops, .columns = columns }, .target = target };
    return &self->base;
}

static json_t *type_parse(const char *argument, struct wh_error *error)
{
    return wh_chosen_value_argument(argument, "type", error);
}

const struct wh_step_type wh_clean_type = {
    .op = "type",
    .argument = "COLS=TYPE",
    .words = (const char *const[]){ "int", "decimal", "float", "bool", "string", "timestamp",
                                    NULL },
    .help = "make values int, decimal, float, bool, string or timestamp; one that is not makes "
            "the row bad",
    .keys = (const char *const[]){ "columns", "column", "type", NULL },
    .parse = type_parse,
    .create = type_create,
};
