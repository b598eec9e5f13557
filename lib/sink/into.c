#include "sink/into.h"

#include <stdlib.h>

#include "base/file.h"

enum { LARGEST_SCHEMA = 16 << 20 };

static const struct wh_option options[] = {
    WH_HEADING("Into a database"),
    WH_TEXT(struct wh_into, table, "table", 't', "NAME",
            "the table that gets the rows; schema.table names the schema"),
    WH_NAMES(struct wh_into, key, "key", 0, "A,B,...",
             "the columns that identify a row: one that is there already is changed"),
    WH_FLAG(struct wh_into, create, "create", 0,
            "make the table where it is not there, with columns as the rows have them"),
    WH_FILE(struct wh_into, schema_file, "schema", 0, "FILE",
            "make it with the columns in FILE: {\"columns\":{\"id\":\"bigint\"}}"),
    WH_FLAG(struct wh_into, apply, "apply", 0,
            "rows say in _op what is to be done: upsert, insert, update, delete or truncate"),
    WH_FLAG(struct wh_into, changed, "changed-target", 0,
            "with --checkpoint: continue although the table is no longer the one that the rows "
            "before went to", .requires = "checkpoint"),
};

static int read_schema(struct wh_into *into, struct wh_error *error)
{
    size_t length;
    json_error_t broken;
    char *text = wh_read_file(into->schema_file, LARGEST_SCHEMA, &length, error);
    if (!text)
        return -1;
    into->schema = json_loadb(text, length, JSON_REJECT_DUPLICATES, &broken);
    free(text);
    return into->schema ? 0
                        : wh_fail(error, WH_REFUSED, "%s:%d: %s", into->schema_file, broken.line,
                                  broken.text);
}

static int settle(void *values, struct wh_error *error)
{
    struct wh_into *into = values;
    if (into->schema_file && read_schema(into, error) != 0)
        return -1;
    if (!into->table)
        return wh_fail(error, WH_REFUSED, "say which table the rows go to: -t NAME");
    if (into->schema && !into->create)
        return wh_fail(error, WH_REFUSED, "--schema says how to make the table: it needs --create");
    if (into->apply && into->key.count == 0)
        return wh_fail(error, WH_REFUSED, "--apply needs --key COLUMN[,COLUMN...], by which the "
                                          "rows of the table are found");
    return 0;
}

static void clear(void *values)
{
    struct wh_into *into = values;
    wh_name_list_free(&into->key);
    json_decref(into->schema);
}

const struct wh_option_group wh_into_options = {
    WH_GROUP(options, struct wh_into), .settle = settle, .clear = clear,
};
