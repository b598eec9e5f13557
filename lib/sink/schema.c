#include "sink/schema.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/text.h"
#include "database/pgaccept.h"
#include "database/sql.h"
#include "record/shape_cache.h"
#include "sink/into.h"

enum { PLACES_LOG2 = 4 }; /* shapes that are remembered */

/* What kinds of values a column has had, a bit each. */
enum seen {
    SEEN_BOOLEAN = 1,
    SEEN_INTEGER = 2,
    SEEN_DECIMAL = 4,  /* also an integer of more than 64 bits */
    SEEN_EXPONENT = 8,
    SEEN_INEXACT = 16, /* a number that a double would change */
    SEEN_DATE = 32,
    SEEN_TIMESTAMP = 64,
    SEEN_TIMESTAMPTZ = 128,
    SEEN_NESTED = 256,
    SEEN_TEXT = 512,
};

struct column {
    char *name;
    size_t length;
    unsigned seen;
    const char *given; /* its type as --schema has it; NULL: by what was seen */
};

/* Where the columns of rows of one shape stand here. */
struct places {
    uint64_t serial;
    size_t *at; /* of each column; SIZE_MAX: not in the table */
};

struct wh_schema {
    const struct wh_sink_request *request;
    struct column *columns;
    size_t count;
    struct wh_shape_cache places;
};

/* ---- types --------------------------------------------------------------------------------- */

/* The names that --schema and messages know a type by, and what each database calls it. */
static const struct type {
    const char *name, *postgres, *sqlite;
} types[] = {
    { "bigint", "bigint", "INTEGER" },
    /* SQLite would round numbers in a column called NUMERIC: one without a type takes each value as
     * it is given. */
    { "numeric", "numeric", "" },
    { "double precision", "double precision", "REAL" },
    { "boolean", "boolean", "BOOLEAN" },
    { "date", "date", "TEXT" },
    { "timestamp", "timestamp", "TEXT" },
    { "timestamptz", "timestamp with time zone", "TEXT" },
    { "json", "json", "TEXT" },
    { "text", "text", "TEXT" },
    /* Values that have no type in common, or none: SQLite can keep each as it is. */
    { "", "text", "" },
};
enum { BIGINT, NUMERIC, DOUBLE, BOOLEAN, DATE, TIMESTAMP, TIMESTAMPTZ, JSON, TEXT, MIXED, TYPES };

static int narrowest(unsigned seen)
{
    const unsigned numbers = SEEN_INTEGER | SEEN_DECIMAL | SEEN_EXPONENT | SEEN_INEXACT;
    const unsigned strings = SEEN_DATE | SEEN_TIMESTAMP | SEEN_TIMESTAMPTZ | SEEN_TEXT;
    if (seen == 0)
        return MIXED;
    if (seen == SEEN_BOOLEAN)
        return BOOLEAN;
    if ((seen & ~numbers) == 0 && (seen & SEEN_EXPONENT))
        return seen & SEEN_INEXACT ? NUMERIC : DOUBLE;
    if ((seen & ~numbers) == 0)
        return seen & SEEN_DECIMAL ? NUMERIC : BIGINT;
    if ((seen & strings) == seen && (seen & (SEEN_TIMESTAMPTZ | SEEN_TEXT)) == 0)
        return seen & SEEN_TIMESTAMP ? TIMESTAMP : DATE;
    if (seen == SEEN_TIMESTAMPTZ)
        return TIMESTAMPTZ;
    return seen == SEEN_NESTED ? JSON : (seen & ~strings) == 0 ? TEXT : MIXED;
}

static const char *type_in(const struct column *column, enum wh_dialect dialect)
{
    const struct type *type = NULL;
    if (!column->given)
        type = &types[narrowest(column->seen)];
    for (size_t i = 0; !type && i < TYPES; i++)
        if (strcasecmp(column->given, types[i].name) == 0)
            type = &types[i];
    if (!type)
        return column->given;
    return dialect == WH_SQL_SQLITE ? type->sqlite : type->postgres;
}

static unsigned see_number(const struct wh_field *field)
{
    int64_t integer;
    if (wh_number_integer(field->text, field->length, &integer))
        return SEEN_INTEGER | (wh_number_exact(field->text, field->length) ? 0 : SEEN_INEXACT);
    bool exponent = memchr(field->text, 'e', field->length) != NULL
                    || memchr(field->text, 'E', field->length) != NULL;
    return (exponent ? SEEN_EXPONENT : SEEN_DECIMAL)
           | (wh_number_exact(field->text, field->length) ? 0 : SEEN_INEXACT);
}

/* A date or time of day as columns of these types take it. */
static unsigned see_string(const struct wh_field *field)
{
    bool zoned;
    if (field->flags & WH_ESCAPED)
        return SEEN_TEXT;
    if (wh_pg_is_date(field->text, field->length))
        return SEEN_DATE;
    if (!wh_pg_is_timestamp(field->text, field->length, &zoned))
        return SEEN_TEXT;
    return zoned ? SEEN_TIMESTAMPTZ : SEEN_TIMESTAMP;
}

static unsigned see(const struct wh_field *field)
{
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        return 0;
    case WH_FALSE:
    case WH_TRUE:
        return SEEN_BOOLEAN;
    case WH_NUMBER:
        return see_number(field);
    case WH_STRING:
        return see_string(field);
    case WH_NESTED:
        return SEEN_NESTED;
    }
    return SEEN_TEXT;
}

/* ---- columns ------------------------------------------------------------------------------- */

bool wh_schema_reserved(const struct wh_sink_request *request, const struct wh_column *column)
{
    static const char operation[] = "_op", unchanged[] = "_unchanged";
    if (!request->into->apply)
        return false;
    return (column->length == sizeof operation - 1
            && memcmp(column->name, operation, column->length) == 0)
           || (column->length == sizeof unchanged - 1
               && memcmp(column->name, unchanged, column->length) == 0);
}

static size_t place_of(struct wh_schema *schema, const char *name, size_t length)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->columns[i].length == length
            && memcmp(schema->columns[i].name, name, length) == 0)
            return i;
    schema->columns = wh_resize(schema->columns, schema->count + 1, sizeof *schema->columns);
    schema->columns[schema->count] = (struct column){ .name = wh_copy(name, length),
                                                      .length = length };
    return schema->count++;
}

static void find_places(struct wh_schema *schema, struct places *places,
                        const struct wh_shape *shape)
{
    places->at = wh_resize(places->at, shape->count, sizeof *places->at);
    for (uint32_t i = 0; i < shape->count; i++)
        places->at[i] = wh_schema_reserved(schema->request, &shape->columns[i])
                            ? SIZE_MAX
                            : place_of(schema, shape->columns[i].name, shape->columns[i].length);
    places->serial = shape->serial;
}

void wh_schema_see(struct wh_schema *schema, const struct wh_row *row)
{
    struct places *places = wh_shape_cache_at(&schema->places, row->shape->serial);
    if (places->serial != row->shape->serial)
        find_places(schema, places, row->shape);
    for (uint32_t i = 0; i < row->shape->count; i++)
        if (places->at[i] != SIZE_MAX)
            schema->columns[places->at[i]].seen |= see(&row->fields[i]);
}

/* ---- --schema ------------------------------------------------------------------------------ */

/* A type is put into SQL as it stands: more than a name with its arguments is none. */
static bool is_type(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "_ ().,[]\"";
    int depth = 0;
    for (const char *at = text; *at; at++) {
        depth += (*at == '(') - (*at == ')');
        if (depth < 0 || (*at == ',' && depth == 0))
            return false;
    }
    return *text && depth == 0 && text[strspn(text, letters)] == '\0';
}

static int take_given(struct wh_schema *schema, struct wh_error *error)
{
    json_t *columns = json_object_get(schema->request->into->schema, "columns");
    if (!json_is_object(columns) || json_object_size(schema->request->into->schema) != 1)
        return wh_fail(error, WH_REFUSED, "--schema: it has the form "
                                          "{\"columns\":{\"id\":\"bigint\",...}}");
    const char *name;
    json_t *value;
    json_object_foreach(columns, name, value) {
        char quoted[96];
        const char *type = json_string_value(value);
        if (!type || !is_type(type))
            return wh_fail(error, WH_REFUSED, "--schema: column %s must have the name of a type, "
                                              "such as \"bigint\" or \"numeric(12,2)\"",
                           wh_quote(quoted, name, strlen(name)));
        size_t place = place_of(schema, name, strlen(name)); /* may move the columns */
        schema->columns[place].given = type;
    }
    return 0;
}

struct wh_schema *wh_schema_open(const struct wh_sink_request *request, struct wh_error *error)
{
    struct wh_schema *schema = wh_alloc(1, sizeof *schema);
    wh_shape_cache_open(&schema->places, sizeof(struct places), PLACES_LOG2);
    schema->request = request;
    if (!request->into->schema || take_given(schema, error) == 0)
        return schema;
    wh_schema_close(schema);
    return NULL;
}

void wh_schema_close(struct wh_schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->count; i++)
        free(schema->columns[i].name);
    free(schema->columns);
    for (struct places *places = NULL; (places = wh_shape_cache_next(&schema->places, places));)
        free(places->at);
    wh_shape_cache_close(&schema->places);
    free(schema);
}

bool wh_schema_given(const struct wh_schema *schema)
{
    return schema->request->into->schema != NULL;
}

size_t wh_schema_count(const struct wh_schema *schema)
{
    return schema->count;
}

/* ---- the statement ------------------------------------------------------------------------- */

static int check_names(const struct wh_schema *schema, struct wh_error *error)
{
    if (schema->count == 0)
        return wh_fail(error, WH_REFUSED, "--create: a table needs a column, and the rows have "
                                          "none");
    for (size_t i = 0; i < schema->count; i++) {
        const struct column *column = &schema->columns[i];
        char quoted[96];
        if (column->length == 0 || memchr(column->name, '\0', column->length))
            return wh_fail(error, WH_REFUSED, "--create: %s cannot be the name of a column (see "
                                              "wh-clean --rename)",
                           wh_quote(quoted, column->name, column->length));
    }
    return 0;
}

static int check_key(const struct wh_schema *schema, const char *key, struct wh_error *error)
{
    const char **names = wh_alloc(schema->count, sizeof *names);
    bool found = false;
    for (size_t i = 0; i < schema->count; i++) {
        names[i] = schema->columns[i].name;
        found = found || strcmp(names[i], key) == 0;
    }
    if (!found) {
        char quoted[96];
        wh_fail(error, WH_REFUSED, "--key: the rows have no column %s",
                wh_quote(quoted, key, strlen(key)));
        wh_suggest(error->text, sizeof error->text, key, names, schema->count);
    }
    free(names);
    return found ? 0 : -1;
}

static int add_columns(const struct wh_schema *schema, enum wh_dialect dialect,
                       struct wh_buffer *out, struct wh_error *error)
{
    const struct wh_sink_request *request = schema->request;
    for (size_t i = 0; i < schema->count; i++) {
        const struct column *column = &schema->columns[i];
        const char *type = type_in(column, dialect);
        wh_buffer_format(out, i > 0 ? ", " : "");
        wh_sql_identifier(out, column->name, column->length);
        wh_buffer_format(out, *type ? " %s" : "%s", type);
    }
    for (size_t i = 0; i < request->into->key.count; i++) {
        if (check_key(schema, request->into->key.names[i], error) != 0)
            return -1;
        wh_buffer_format(out, i > 0 ? ", " : ", PRIMARY KEY (");
        wh_sql_identifier(out, request->into->key.names[i], strlen(request->into->key.names[i]));
    }
    wh_buffer_format(out, request->into->key.count > 0 ? "))" : ")");
    return 0;
}

int wh_schema_sql(const struct wh_schema *schema, enum wh_dialect dialect, size_t parts,
                  struct wh_buffer *out, struct wh_error *error)
{
    if (check_names(schema, error) != 0)
        return -1;
    wh_buffer_format(out, "CREATE TABLE IF NOT EXISTS ");
    if (wh_sql_table(out, schema->request->into->table, parts, error) != 0)
        return -1;
    wh_buffer_format(out, " (");
    return add_columns(schema, dialect, out, error);
}
