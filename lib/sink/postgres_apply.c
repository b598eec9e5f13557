#include "sink/postgres_apply.h"

#include <string.h>

static const char op_name[] = "_op", unchanged_name[] = "_unchanged";

bool wh_pg_apply_is_op(const struct wh_column *column)
{
    return column->length == strlen(op_name) && memcmp(column->name, op_name, column->length) == 0;
}

int wh_pg_apply_op(struct wh_row *row, const struct wh_field *field, enum wh_pg_op *op,
                   struct wh_error *error)
{
    static const struct {
        const char *name;
        enum wh_pg_op op;
    } ops[] = {
        { "upsert", WH_PG_UPSERT }, { "insert", WH_PG_UPSERT }, { "update", WH_PG_UPSERT },
        { "delete", WH_PG_DELETE }, { "truncate", WH_PG_TRUNCATE },
    };
    struct wh_slice text = wh_row_text(row, field);
    *op = WH_PG_UPSERT;
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

static int bad_unchanged(struct wh_error *error)
{
    return wh_bad_row(error, unchanged_name, unchanged_name, strlen(unchanged_name), 0,
                      "not an array of columns' names");
}

/* A name that the row does not have is left alone anyway. */
static int leave(const struct wh_pg_table *table, const char *name, const uint32_t *columns,
                 uint32_t count, bool *alone, struct wh_error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        if (columns[i] == WH_PG_NONE || strcmp(table->columns[columns[i]].name, name) != 0)
            continue;
        if (table->columns[columns[i]].key)
            return wh_bad_row(error, unchanged_name, unchanged_name, strlen(unchanged_name), 0,
                              "%s is a column of --key, which every row needs", name);
        alone[i] = true;
    }
    return 0;
}

int wh_pg_apply_unchanged(const struct wh_pg_table *table, const struct wh_field *field,
                          const uint32_t *columns, uint32_t count, bool *alone,
                          struct wh_error *error)
{
    if (field->type == WH_NULL)
        return 0;
    json_t *names = field->type == WH_NESTED || field->type == WH_STRING
                        ? json_loadb(field->text, field->length, 0, NULL) : NULL;
    int status = json_is_array(names) ? 0 : bad_unchanged(error);
    for (size_t i = 0; status == 0 && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        status = name ? leave(table, name, columns, count, alone, error) : bad_unchanged(error);
    }
    json_decref(names);
    return status;
}
