#include "sink/apply.h"

#include <string.h>

static const char op_name[] = "_op", unchanged_name[] = "_unchanged";

bool wh_apply_is_op(const struct wh_column *column)
{
    return column->length == strlen(op_name) && memcmp(column->name, op_name, column->length) == 0;
}

int wh_apply_op(struct wh_row *row, const struct wh_field *field, enum wh_apply_op *op,
                struct wh_error *error)
{
    static const struct {
        const char *name;
        enum wh_apply_op op;
    } ops[] = {
        { "upsert", WH_APPLY_UPSERT },     { "insert", WH_APPLY_UPSERT },
        { "update", WH_APPLY_UPSERT },     { "delete", WH_APPLY_DELETE },
        { "truncate", WH_APPLY_TRUNCATE },
    };
    struct wh_slice text = wh_row_text(row, field);
    *op = WH_APPLY_UPSERT;
    if (field->type == WH_NULL)
        return 0;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (text.length == strlen(ops[i].name)
            && memcmp(text.text, ops[i].name, text.length) == 0) {
            *op = ops[i].op;
            return 0;
        }
    char quoted[96];
    return wh_bad_row(error, op_name, op_name, strlen(op_name), 0,
                      "%s is none of upsert, insert, update, delete, truncate",
                      wh_quote(quoted, text.text, text.length));
}

static int check_names(const json_t *names, const char *const *key, size_t key_count,
                       struct wh_error *error)
{
    size_t i;
    json_t *item;
    json_array_foreach(names, i, item) {
        const char *name = json_string_value(item);
        if (!name)
            return wh_bad_row(error, unchanged_name, unchanged_name, strlen(unchanged_name), 0,
                              "is not an array of columns' names");
        for (size_t k = 0; k < key_count; k++)
            if (strcmp(name, key[k]) == 0)
                return wh_bad_row(error, unchanged_name, unchanged_name, strlen(unchanged_name), 0,
                                  "%s is a column of --key, which every row needs", name);
    }
    return 0;
}

json_t *wh_apply_unchanged(const struct wh_field *field, const char *const *key, size_t key_count,
                           struct wh_error *error)
{
    json_t *names = NULL;
    if (field->type == WH_NULL)
        return json_array();
    if (field->type == WH_NESTED || field->type == WH_STRING)
        names = json_loadb(field->text, field->length, 0, NULL);
    if (json_is_array(names) && check_names(names, key, key_count, error) == 0)
        return names;
    if (!json_is_array(names))
        wh_bad_row(error, unchanged_name, unchanged_name, strlen(unchanged_name), 0,
                   "is not an array of columns' names");
    json_decref(names);
    return NULL;
}
