#include "database/sql.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* ---- values ---------------------------------------------------------------------------------- */

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool within_name(char c)
{
    return starts_name(c) || (c >= '0' && c <= '9');
}

static size_t name_length(const char *text)
{
    if (!starts_name(*text))
        return 0;
    size_t length = 1;
    while (within_name(text[length]))
        length++;
    return length;
}

static struct wh_sql_param *find(const struct wh_sql_params *params, const char *name,
                                 size_t length)
{
    for (size_t i = 0; i < params->count; i++) {
        struct wh_sql_param *param = &params->items[i];
        if (param->length == length && memcmp(param->name, name, length) == 0)
            return param;
    }
    return NULL;
}

int wh_sql_params_add(struct wh_sql_params *params, const char *assignment, struct wh_error *error)
{
    size_t length = name_length(assignment);
    if (length == 0 || assignment[length] != '=') {
        char quoted[96];
        return wh_fail(error, WH_REFUSED, "%s is not NAME=VALUE (a name has letters, digits and _)",
                       wh_quote(quoted, assignment, strlen(assignment)));
    }
    struct wh_sql_param *param = find(params, assignment, length);
    if (!param) {
        params->items = wh_resize(params->items, params->count + 1, sizeof *params->items);
        param = &params->items[params->count++];
    }
    *param = (struct wh_sql_param){ assignment, length, assignment + length + 1, false };
    return 0;
}

void wh_sql_params_free(struct wh_sql_params *params)
{
    free(params->items);
    *params = (struct wh_sql_params){ 0 };
}

const struct wh_sql_param *wh_sql_params_use(struct wh_sql_params *params, const char *name,
                                             size_t length)
{
    struct wh_sql_param *param = find(params, name, length);
    if (param)
        param->used = true;
    return param;
}

int wh_sql_params_missing(const struct wh_sql_params *params, const char *name, size_t length,
                          struct wh_error *error)
{
    const char **given = wh_alloc(params->count + 1, sizeof *given);
    for (size_t i = 0; i < params->count; i++)
        given[i] = wh_copy(params->items[i].name, params->items[i].length);
    char *wanted = wh_copy(name, length);
    wh_fail(error, WH_REFUSED, "the SQL asks for :%s and no -v %s=VALUE is given", wanted, wanted);
    wh_suggest(error->text, sizeof error->text, wanted, given, params->count);
    for (size_t i = 0; i < params->count; i++)
        free((char *)given[i]);
    free(given);
    free(wanted);
    return -1;
}

int wh_sql_params_check(const struct wh_sql_params *params, struct wh_error *error)
{
    for (size_t i = 0; i < params->count; i++) {
        const struct wh_sql_param *param = &params->items[i];
        if (!param->used)
            return wh_fail(error, WH_REFUSED, "-v %.*s: the SQL has no :%.*s", (int)param->length,
                           param->name, (int)param->length, param->name);
    }
    return 0;
}

/* ---- reading SQL ----------------------------------------------------------------------------- */

static bool within_identifier(char c)
{
    return within_name(c) || c == '$' || (unsigned char)c >= 0x80;
}

/* Each of these takes the begin of something and returns what is after it; where it does not
 * end, the end of the text (the server will say so). */

static const char *skip_quoted(const char *at, bool backslashes)
{
    char quote = *at++;
    while (*at) {
        if (*at == quote && at[1] != quote)
            return at + 1;
        if (*at == quote || (backslashes && *at == '\\' && at[1]))
            at++;
        at++;
    }
    return at;
}

static const char *skip_line(const char *at)
{
    return at + strcspn(at, "\n");
}

/* Comments of PostgreSQL nest. */
static const char *skip_comment(const char *at)
{
    size_t depth = 0;
    while (*at) {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return at;
}

/* $tag$ ... $tag$, or just the dollar where that is none. */
static const char *skip_dollars(const char *at)
{
    const char *tag = at + 1;
    while (*tag != '$' && within_identifier(*tag) && (tag > at + 1 || *tag < '0' || *tag > '9'))
        tag++;
    if (*tag != '$')
        return at + 1;
    size_t length = (size_t)(tag + 1 - at);
    for (const char *next = tag + 1; (next = strchr(next, '$')) != NULL; next++)
        if (strncmp(next, at, length) == 0)
            return next + length;
    return at + strlen(at);
}

static const char *skip_word(const char *at)
{
    const char *end = at + 1;
    while (within_identifier(*end))
        end++;
    bool escapes = end == at + 1 && (*at == 'e' || *at == 'E') && *end == '\'';
    return escapes ? skip_quoted(end, true) : end;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

static bool is_comment(const char *at)
{
    return (at[0] == '-' && at[1] == '-') || (at[0] == '/' && at[1] == '*');
}

static const char *skip_blanks_and_comments(const char *at)
{
    for (at = skip_blanks(at); is_comment(at); at = skip_blanks(at))
        at = *at == '-' ? skip_line(at) : skip_comment(at);
    return at;
}

/* What is after the smallest piece of SQL at `at`. */
static const char *skip_piece(const char *at)
{
    if (*at == '\'' || *at == '"')
        return skip_quoted(at, false);
    if (is_comment(at))
        return *at == '-' ? skip_line(at) : skip_comment(at);
    if (*at == '$')
        return skip_dollars(at);
    if (within_identifier(*at))
        return skip_word(at);
    if (at[0] == ':' && at[1] == ':')
        return at + 2;
    return at + 1;
}

/* ---- substitution ---------------------------------------------------------------------------- */

/* The name that follows the colon at `at`; *end is set to what follows it. NULL: no name follows. */
static const char *parameter_name(const char *at, size_t *length, const char **end)
{
    const char *name = at + 1;
    bool quoted = *name == '\'';
    name += quoted;
    *length = name_length(name);
    if (*length == 0 || (quoted && name[*length] != '\''))
        return NULL;
    *end = name + *length + quoted;
    return name;
}

int wh_sql_substitute(struct wh_buffer *out, const char *sql, struct wh_sql_params *params,
                      wh_sql_quote *quote, void *context, struct wh_error *error)
{
    const char *at = sql;
    long brackets = 0;
    while (*at && *at != ';') {
        size_t length;
        const char *end;
        const char *name = *at == ':' ? parameter_name(at, &length, &end) : NULL;
        const struct wh_sql_param *param = name ? wh_sql_params_use(params, name, length) : NULL;
        if (param) {
            if (quote(context, out, param->value, error) != 0)
                return -1;
            at = end;
            continue;
        }
        if (name && brackets <= 0)
            return wh_sql_params_missing(params, name, length, error);
        brackets += (*at == '[') - (*at == ']');
        end = skip_piece(at);
        wh_buffer_add(out, at, (size_t)(end - at));
        at = end;
    }
    if (*at == ';' && *skip_blanks_and_comments(at + 1) != '\0')
        return wh_fail(error, WH_REFUSED, "only one SQL statement can be extracted from");
    if (skip_blanks_and_comments(sql) == at)
        return wh_fail(error, WH_REFUSED, "the SQL is empty");
    return 0;
}

bool wh_sql_begins(const char *sql, const char *const *words)
{
    const char *at = skip_blanks_and_comments(sql);
    while (*at == '(')
        at = skip_blanks_and_comments(at + 1);
    for (; *words; words++) {
        size_t length = strlen(*words);
        if (strncasecmp(at, *words, length) == 0 && !within_identifier(at[length]))
            return true;
    }
    return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* What is in quotes has such a quote twice. */
static void add_quoted(struct wh_buffer *out, char quote, const char *text, size_t length)
{
    wh_buffer_byte(out, quote);
    for (size_t i = 0; i < length; i++) {
        if (text[i] == quote)
            wh_buffer_byte(out, quote);
        wh_buffer_byte(out, text[i]);
    }
    wh_buffer_byte(out, quote);
}

void wh_sql_literal(struct wh_buffer *out, const char *text)
{
    add_quoted(out, '\'', text, strlen(text));
}

void wh_sql_identifier(struct wh_buffer *out, const char *name, size_t length)
{
    add_quoted(out, '"', name, length);
}

/* Appends one part of a name; returns what is after it, NULL where it is broken. */
static const char *table_part(struct wh_buffer *out, const char *at)
{
    if (*at == '"') {
        const char *end = at + 1;
        while (*end && (*end != '"' || end[1] == '"'))
            end += *end == '"' ? 2 : 1;
        if (*end == '\0' || end == at + 1)
            return NULL;
        wh_buffer_add(out, at, (size_t)(end + 1 - at));
        return end + 1;
    }
    size_t length = strcspn(at, ".");
    if (length == 0)
        return NULL;
    wh_sql_identifier(out, at, length);
    return at + length;
}

int wh_sql_table(struct wh_buffer *out, const char *name, size_t most, struct wh_error *error)
{
    const char *at = name;
    for (size_t parts = 1; parts <= most; parts++) {
        at = table_part(out, at);
        if (!at)
            break;
        if (*at == '\0')
            return 0;
        if (*at != '.')
            break;
        wh_buffer_byte(out, '.');
        at++;
    }
    char quoted[96];
    return wh_fail(error, WH_REFUSED,
                   "%s is not the name of a table (put parts that hold dots in double quotes)",
                   wh_quote(quoted, name, strlen(name)));
}

void wh_sql_suggest_table(struct wh_error *error, const char *wanted, const char *const *names,
                          size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(wanted, names[i]) == 0) {
            wh_suggest(error->text, sizeof error->text, names[i], names, count);
            return;
        }
    wh_suggest(error->text, sizeof error->text, wanted, names, count);
}
