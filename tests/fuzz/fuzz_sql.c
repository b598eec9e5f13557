/*
 * SQL: substitution changes nothing but the names that have values, whatever the text; and a
 * table's name always becomes identifiers in quotes, with nothing behind them.
 */
#include <stdbool.h>
#include <string.h>

#include "database/sql.h"
#include "fuzz.h"

/* Puts the name back where it stood. */
static int restore(void *context, struct wh_buffer *out, const char *value, struct wh_error *error)
{
    (void)context;
    (void)error;
    wh_buffer_add(out, value, strlen(value));
    return 0;
}

static void check_substitution(const char *sql)
{
    struct wh_sql_params params = { 0 };
    struct wh_error error;
    struct wh_buffer out = { 0 };
    CHECK(wh_sql_params_add(&params, "x=:x", &error) == 0);
    CHECK(wh_sql_params_add(&params, "y=:y", &error) == 0);
    int status = wh_sql_substitute(&out, sql, &params, restore, NULL, &error);
    if (status == 0 && !strstr(sql, ":'")) {
        CHECK(out.length <= strlen(sql));
        CHECK(memcmp(out.data, sql, out.length) == 0);
        CHECK(sql[out.length] == '\0' || sql[out.length] == ';');
    }
    static const char *const words[] = { "SELECT", NULL };
    wh_sql_begins(sql, words);
    wh_buffer_free(&out);
    wh_sql_params_free(&params);
}

/* Behind the identifier in quotes at `at`; NULL where there is none. */
static const char *skip_identifier(const char *at, const char *end)
{
    if (at == end || *at++ != '"')
        return NULL;
    for (; at < end; at++) {
        if (*at != '"')
            continue;
        if (at + 1 == end || at[1] != '"')
            return at + 1;
        at++;
    }
    return NULL;
}

static void check_table(const char *name)
{
    struct wh_error error;
    struct wh_buffer out = { 0 };
    if (wh_sql_table(&out, name, 3, &error) == 0) {
        const char *end = out.data + out.length;
        const char *at = skip_identifier(out.data, end);
        while (at && at < end)
            at = *at == '.' ? skip_identifier(at + 1, end) : NULL;
        CHECK(at == end);
    }
    wh_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = wh_copy((const char *)data, size);
    check_substitution(text);
    check_table(text);
    free(text);
    return 0;
}
