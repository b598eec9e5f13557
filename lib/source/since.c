#include "source/since.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/text.h"
#include "source/query.h"

/* ---- options --------------------------------------------------------------------------------- */

static int take_names(struct wh_since *since, struct wh_error *error)
{
    since->column_text = wh_split_list(since->request->query->since, &since->names, &since->count);
    since->places = wh_alloc(since->count, sizeof *since->places);
    since->last.values = wh_alloc(since->count, sizeof *since->last.values);
    since->before.values = wh_alloc(since->count, sizeof *since->before.values);
    for (size_t i = 0; i < since->count; i++) {
        if (!*since->names[i])
            return wh_fail(error, WH_REFUSED, "--since %s: a name is missing between the commas",
                           since->request->query->since);
        for (size_t k = 0; k < i; k++)
            if (strcmp(since->names[i], since->names[k]) == 0)
                return wh_fail(error, WH_REFUSED, "--since %s: %s is listed twice",
                               since->request->query->since, since->names[i]);
    }
    return 0;
}

static int take_from(struct wh_since *since, struct wh_error *error)
{
    const char **values;
    size_t count;
    char *text = wh_split_list(since->request->query->from, &values, &count);
    int status = 0;
    since->start = json_array();
    since->given = true;
    if (count != 1 && count != since->count)
        status = wh_fail(error, WH_REFUSED, "--from %s does not fit --since %s: give one value, or "
                         "one for each column (a comma within a value is written \\,)",
                         since->request->query->from, since->request->query->since);
    for (size_t i = 0; i < count && status == 0; i++)
        if (json_array_append_new(since->start, json_string(values[i])) != 0)
            status = wh_fail(error, WH_REFUSED, "--from: a value is not valid UTF-8");
    free(values);
    free(text);
    return status;
}

/* ---- positions ------------------------------------------------------------------------------- */

static void digest(const char *text, size_t length, char hex[static 65])
{
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, text, length);
    wh_sha256_hex(&sha, hex);
}

/* The same query may stand on the command line or, with a line end, in a file. */
static void digest_query(struct wh_since *since)
{
    static const char blanks[] = " \t\r\n;";
    const char *sql = since->request->query->sql;
    sql += strspn(sql, " \t\r\n");
    size_t length = strlen(sql);
    while (length > 0 && strchr(blanks, sql[length - 1]))
        length--;
    digest(sql, length, since->query);
}

static int by_name(const void *left, const void *right)
{
    const struct wh_sql_param *one = left, *other = right;
    size_t shorter = one->length < other->length ? one->length : other->length;
    int order = memcmp(one->name, other->name, shorter);
    return order ? order : (one->length > other->length) - (one->length < other->length);
}

static void digest_parameters(struct wh_since *since)
{
    const struct wh_sql_params *params = &since->request->query->params;
    struct wh_sql_param *sorted = wh_alloc(params->count, sizeof *sorted);
    struct wh_buffer text = { 0 };
    memcpy(sorted, params->items, params->count * sizeof *sorted);
    qsort(sorted, params->count, sizeof *sorted, by_name);
    for (size_t i = 0; i < params->count; i++) {
        wh_buffer_format(&text, "%.*s=%s", (int)sorted[i].length, sorted[i].name, sorted[i].value);
        wh_buffer_byte(&text, '\0');
    }
    digest(text.data, text.length, since->parameters);
    wh_buffer_free(&text);
    free(sorted);
}

/* What a position says besides its values; a new object. */
static json_t *describe(const struct wh_since *since)
{
    json_t *position = json_object();
    json_object_set_new(position, "source", json_string(since->source));
    if (since->request->query->table)
        json_object_set_new(position, "table", json_string(since->request->query->table));
    if (*since->query)
        json_object_set_new(position, "query", json_string(since->query));
    if (*since->parameters)
        json_object_set_new(position, "parameters", json_string(since->parameters));
    json_t *names = json_array();
    for (size_t i = 0; i < since->count; i++)
        json_array_append_new(names, json_string(since->names[i]));
    json_object_set_new(position, "since", names);
    if (since->facts)
        json_object_update(position, since->facts);
    return position;
}

/* "updated_at,id" out of a position; free() it. */
static char *joined(const json_t *names)
{
    struct wh_buffer text = { 0 };
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        wh_buffer_format(&text, "%s%s", i ? "," : "", name ? name : "?");
    }
    return wh_buffer_text(&text);
}

static const char *member(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static bool same(const json_t *left, const json_t *right, const char *name)
{
    const json_t *one = json_object_get(left, name), *other = json_object_get(right, name);
    return one == other || (one && other && json_equal(one, other));
}

/* Fails where the position is one in something else than `wanted` describes. */
static int compare(const json_t *position, const json_t *wanted, struct wh_error *error)
{
    static const char remedy[] = "give the same as before, or --changed-source to go on in this "
                                 "one, or another --checkpoint to begin anew";
    if (!json_is_array(json_object_get(position, "since")))
        return wh_fail(error, WH_REFUSED, "the checkpoint is not one of --since, but of another "
                                          "kind of source (%s)", remedy);
    if (!same(position, wanted, "source"))
        return wh_fail(error, WH_REFUSED, "the checkpoint is one of %s, not of %s (%s)",
                       member(position, "source"), member(wanted, "source"), remedy);
    if (!same(position, wanted, "table")) {
        const char *then = member(position, "table"), *now = member(wanted, "table");
        return wh_fail(error, WH_REFUSED, "the checkpoint is one of %s%s, not of %s%s (%s)",
                       *then ? "table " : "a query", then, *now ? "table " : "a query", now,
                       remedy);
    }
    if (!same(position, wanted, "query"))
        return wh_fail(error, WH_REFUSED, "the checkpoint is one of another query (%s)", remedy);
    if (!same(position, wanted, "parameters"))
        return wh_fail(error, WH_REFUSED, "the checkpoint is one of this query with other values "
                                          "of -v (%s)", remedy);
    if (same(position, wanted, "since"))
        return 0;
    char *then = joined(json_object_get(position, "since"));
    char *now = joined(json_object_get(wanted, "since"));
    wh_fail(error, WH_REFUSED, "the checkpoint goes by --since %s, not %s (%s)", then, now, remedy);
    free(then);
    free(now);
    return -1;
}

/* Whether `values` are some that wh_since_position may have written. */
static bool is_tuple(const struct wh_since *since, const json_t *values)
{
    size_t count = json_array_size(values);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(values, i);
        if (!json_is_string(value) && !json_is_number(value))
            return false;
    }
    return count > 0 && count <= since->count;
}

/* The position's values, after which the rows begin; none where nothing had been read. */
static int take_values(struct wh_since *since, struct wh_error *error)
{
    json_t *values = json_object_get(since->request->position, "values");
    if (json_is_null(values))
        return 0;
    if (!is_tuple(since, values))
        return wh_fail(error, WH_REFUSED, "the checkpoint's position holds no values of --since %s"
                       "%s", since->request->query->since,
                       since->moved ? " (--from VALUE[,VALUE...] says where to begin)" : "");
    since->start = json_incref(values);
    return 0;
}

static int take_position(struct wh_since *since, struct wh_error *error)
{
    json_t *wanted = describe(since);
    int status = compare(since->request->position, wanted, error);
    json_decref(wanted);
    if (status == 0)
        return take_values(since, error);
    if (!since->request->query->changed)
        return -1;
    since->moved = true;
    return since->request->query->from ? take_from(since, error) : take_values(since, error);
}

/* ---- facts ----------------------------------------------------------------------------------- */

static const char moving[] = "give --changed-source to continue after the same values, and --from "
                             "VALUE[,VALUE...] with it to continue after others";

/* Whether both know the member and disagree. */
static bool differ(const json_t *then, const json_t *now, const char *name)
{
    return json_object_get(then, name) && json_object_get(now, name) && !same(then, now, name);
}

/* Whether both know the number and the first one's is smaller. */
static bool less(const json_t *one, const json_t *other, const char *name)
{
    const json_t *smaller = json_object_get(one, name), *larger = json_object_get(other, name);
    return smaller && larger && json_integer_value(smaller) < json_integer_value(larger);
}

static int compare_database(const json_t *then, const json_t *now, struct wh_error *error)
{
    const json_t *before = json_object_get(then, "database");
    const json_t *database = json_object_get(now, "database");
    if (less(database, before, "changes") || less(database, before, "schema"))
        return wh_fail(error, WH_REFUSED, "the checkpoint is one of a later state of this "
                       "database: the file was created anew, or replaced by an older copy (%s)",
                       moving);
    if (!differ(before, database, "system") && !differ(before, database, "oid"))
        return 0;
    return wh_fail(error, WH_REFUSED, "the checkpoint is one of another database that had the same "
                   "name: this one was created anew or restored, or is on another server (%s)",
                   moving);
}

static int compare_relation(const json_t *then, const json_t *now, struct wh_error *error)
{
    const json_t *before = json_object_get(then, "relation");
    const json_t *relation = json_object_get(now, "relation");
    if (differ(before, relation, "definition") && !differ(before, relation, "server"))
        return wh_fail(error, WH_REFUSED, "the view %s is defined otherwise than when the "
                       "checkpoint was written (%s)", member(relation, "name"), moving);
    if (!differ(before, relation, "oid"))
        return 0;
    if (same(before, relation, "name"))
        return wh_fail(error, WH_REFUSED, "the table %s was dropped and created again since the "
                       "checkpoint was written (%s)", member(relation, "name"), moving);
    return wh_fail(error, WH_REFUSED, "the checkpoint is one of %s, and the rows come from %s now "
                   "(name the same table with its schema, or %s)", member(before, "name"),
                   member(relation, "name"), moving);
}

/* A column's type and order. */
static int compare_type(const char *name, const json_t *then, const json_t *now,
                        bool (*widened)(const char *then, const char *now),
                        struct wh_error *error)
{
    if (differ(then, now, "type") && !(widened && widened(member(then, "type"),
                                                          member(now, "type"))))
        return wh_fail(error, WH_REFUSED, "the checkpoint goes by %s as %s, and its type is %s "
                       "now: rows may come in another order (%s)", name, member(then, "type"),
                       member(now, "type"), moving);
    if (differ(then, now, "collation") || differ(then, now, "version"))
        return wh_fail(error, WH_REFUSED, "the checkpoint goes by %s in the order of the collation "
                       "%s%s%s, and it is that of %s%s%s now (%s)", name,
                       member(then, "collation"), *member(then, "version") ? " " : "",
                       member(then, "version"), member(now, "collation"),
                       *member(now, "version") ? " " : "", member(now, "version"), moving);
    if (differ(then, now, "number"))
        return wh_fail(error, WH_REFUSED, "the column %s is another than the one that the "
                       "checkpoint goes by: that was renamed or dropped (%s)", name, moving);
    return 0;
}

/* Fails where the position's values mean something else by now. */
static int compare_facts(const struct wh_since *since, const struct wh_since_facts *facts,
                         struct wh_error *error)
{
    const json_t *then = since->request->position;
    const json_t *before = json_object_get(then, "types");
    if (compare_database(then, since->facts, error) != 0)
        return -1;
    for (size_t i = 0; i < since->count && i < json_array_size(before); i++)
        if (compare_type(since->names[i], json_array_get(before, i),
                         json_array_get(facts->types, i), facts->widened, error) != 0)
            return -1;
    return compare_relation(then, since->facts, error);
}

static int move(struct wh_since *since, struct wh_error *error)
{
    since->moved = true;
    if (!since->request->query->from)
        return 0;
    json_decref(since->start);
    since->start = NULL;
    return take_from(since, error);
}

int wh_since_take_facts(struct wh_since *since, const struct wh_since_facts *facts,
                        struct wh_error *error)
{
    const struct wh_source_request *request = since->request;
    since->facts = json_pack("{s:o*, s:o*, s:o*}", "database", facts->database, "relation",
                             facts->relation, "types", facts->types);
    if (!request->position || since->moved)
        return 0;
    if (compare_facts(since, facts, error) != 0)
        return request->query->changed ? move(since, error) : -1;
    if (request->query->from)
        wh_notify_say(&request->notify, "--from is not looked at: the checkpoint says where to go "
                      "on");
    return 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int check_request(const struct wh_source_request *request, struct wh_error *error)
{
    if (!request->query->since && request->query->from)
        return wh_fail(error, WH_REFUSED, "--from says where --since begins, which is not given");
    if (!request->query->since && (request->resumable || request->position))
        return wh_fail(error, WH_REFUSED, "a database gives its rows in no order that a later run "
                       "could go on in: --since COLUMN,KEY gives them one (a column that grows "
                       "with every change, and one that tells rows apart)");
    return 0;
}

static int settle(struct wh_since *since, struct wh_error *error)
{
    const struct wh_source_request *request = since->request;
    if (take_names(since, error) != 0)
        return -1;
    if (request->resumable && request->limit > 0 && since->count == 1)
        return wh_fail(error, WH_REFUSED, "--limit may stop between two rows with the same %s, "
                       "where no later run could continue: add a column that tells rows apart "
                       "(--since %s,KEY)", since->names[0], request->query->since);
    if (request->query->sql)
        digest_query(since);
    if (request->query->params.count > 0)
        digest_parameters(since);
    if (request->position)
        return take_position(since, error);
    return request->query->from ? take_from(since, error) : 0;
}

int wh_since_open(const struct wh_source_request *request, const char *source,
                  struct wh_since **result, struct wh_error *error)
{
    *result = NULL;
    if (check_request(request, error) != 0)
        return -1;
    if (!request->query->since)
        return 0;
    struct wh_since *since = wh_alloc(1, sizeof *since);
    since->request = request;
    since->source = source;
    if (settle(since, error) == 0) {
        *result = since;
        return 0;
    }
    wh_since_close(since);
    return -1;
}

void wh_since_close(struct wh_since *since)
{
    if (!since)
        return;
    json_decref(since->start);
    json_decref(since->facts);
    wh_buffer_free(&since->last.text);
    wh_buffer_free(&since->before.text);
    free(since->last.values);
    free(since->before.values);
    free(since->places);
    free(since->names);
    free(since->column_text);
    free(since);
}

int wh_since_bind(struct wh_since *since, const struct wh_shape *shape, struct wh_error *error)
{
    for (size_t i = 0; i < since->count; i++) {
        const char *name = since->names[i];
        int place = wh_shape_find(shape, name, strlen(name));
        if (place < 0) {
            wh_fail(error, WH_REFUSED, "--since: %s gives no column %s",
                    since->request->query->table ? "the table" : "the query", name);
            wh_shape_suggest(shape, name, error);
            return -1;
        }
        since->places[i] = (uint32_t)place;
    }
    return 0;
}

/* ---- SQL ------------------------------------------------------------------------------------- */

void wh_since_name(struct wh_buffer *out, const char *name)
{
    wh_buffer_byte(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            wh_buffer_byte(out, '"');
        wh_buffer_byte(out, *name);
    }
    wh_buffer_byte(out, '"');
}

static void add_column(const struct wh_since *since, struct wh_buffer *out, size_t index,
                       const struct wh_since_dialect *dialect)
{
    wh_since_name(out, since->names[index]);
    wh_buffer_format(out, "%s", dialect->collation);
}

static void add_columns(const struct wh_since *since, struct wh_buffer *out, size_t count,
                        const struct wh_since_dialect *dialect)
{
    for (size_t i = 0; i < count; i++) {
        wh_buffer_format(out, "%s", i ? ", " : "");
        add_column(since, out, i, dialect);
    }
}

/* `COLUMN OPERATOR VALUE` */
static int add_comparison(const struct wh_since *since, struct wh_buffer *out, size_t index,
                          const char *operator, const struct wh_since_dialect *dialect,
                          struct wh_error *error)
{
    add_column(since, out, index, dialect);
    wh_buffer_format(out, " %s ", operator);
    return dialect->value(dialect->context, out, index, error);
}

/* Behind the start, a row at a time: (w, k) > (W, K) is w > W OR (w = W AND k > K). */
static int add_bound(const struct wh_since *since, struct wh_buffer *out,
                     const struct wh_since_dialect *dialect, struct wh_error *error)
{
    size_t count = json_array_size(since->start);
    wh_buffer_format(out, " WHERE ");
    if (dialect->bound_first && count > 1) {
        if (add_comparison(since, out, 0, ">=", dialect, error) != 0)
            return -1;
        wh_buffer_format(out, " AND ");
    }
    wh_buffer_byte(out, '(');
    add_columns(since, out, count, dialect);
    wh_buffer_format(out, ") > (");
    for (size_t i = 0; i < count; i++) {
        wh_buffer_format(out, "%s", i ? ", " : "");
        if (dialect->value(dialect->context, out, i, error) != 0)
            return -1;
    }
    wh_buffer_byte(out, ')');
    return 0;
}

int wh_since_rows_sql(const struct wh_since *since, struct wh_buffer *out, const char *from,
                      const struct wh_since_dialect *dialect, struct wh_error *error)
{
    wh_buffer_format(out, "SELECT * FROM %s", from);
    if (since->start && add_bound(since, out, dialect, error) != 0)
        return -1;
    wh_buffer_format(out, " ORDER BY ");
    add_columns(since, out, since->count, dialect);
    if (since->request->limit > 0)
        wh_buffer_format(out, " LIMIT %" PRIu64, since->request->limit);
    return 0;
}

/*
 * Rows that (w, k) > (W, K) leaves out because it is NULL, not because it is false: those with w
 * NULL, and with k NULL where w = W. A NULL elsewhere comes among the rows. All are asked for one
 * by one, so that an index on w serves. Without a start nothing is left out, but it is known before
 * the first row instead of at the last, where many databases put what is NULL.
 */
int wh_since_nulls_sql(const struct wh_since *since, struct wh_buffer *out, const char *from,
                       const bool *filled, const struct wh_since_dialect *dialect,
                       struct wh_error *error)
{
    size_t bounds = json_array_size(since->start);
    for (size_t i = 0; i < since->count; i++) {
        wh_buffer_format(out, "%s ", i ? "," : "SELECT");
        if ((filled && filled[i]) || (since->start && i >= bounds)) {
            wh_buffer_format(out, "0 = 1");
            continue;
        }
        wh_buffer_format(out, "EXISTS (SELECT 1 FROM %s WHERE ", from);
        for (size_t k = 0; k < i && since->start; k++) {
            if (add_comparison(since, out, k, "=", dialect, error) != 0)
                return -1;
            wh_buffer_format(out, " AND ");
        }
        wh_since_name(out, since->names[i]);
        wh_buffer_format(out, " IS NULL)");
    }
    return 0;
}

int wh_since_null(const struct wh_since *since, size_t index, struct wh_error *error)
{
    const char *name = since->names[index];
    return wh_fail(error, WH_REFUSED, "--since: there are rows whose %s is NULL, which has no "
                   "place in the order (give it a value, or say with -c which rows to leave out: "
                   "... WHERE %s IS NOT NULL)", name, name);
}

/* ---- rows ------------------------------------------------------------------------------------ */

void wh_since_row(struct wh_since *since)
{
    struct wh_since_tuple oldest = since->before;
    since->before = since->last;
    since->last = oldest;
    since->last.text.length = 0;
    since->rows++;
}

void wh_since_integer(struct wh_since *since, size_t index, int64_t value)
{
    since->last.values[index] = (struct wh_since_value){ .kind = WH_SINCE_INTEGER,
                                                         .integer = value };
}

void wh_since_real(struct wh_since *since, size_t index, double value)
{
    since->last.values[index] = (struct wh_since_value){ .kind = WH_SINCE_REAL, .real = value };
}

void wh_since_text(struct wh_since *since, size_t index, const char *text, size_t length)
{
    struct wh_since_tuple *tuple = &since->last;
    tuple->values[index] = (struct wh_since_value){ .kind = WH_SINCE_TEXT, .length = length,
                                                    .offset = tuple->text.length };
    wh_buffer_add(&tuple->text, text, length);
}

/* Exactly: the integer must not be rounded to a double. */
static bool is_integer(double real, int64_t integer)
{
    return real >= -0x1p63 && real < 0x1p63 && (int64_t)real == integer &&
           (double)(int64_t)real == real;
}

static bool same_value(const struct wh_since_tuple *left, const struct wh_since_tuple *right,
                       size_t index)
{
    const struct wh_since_value *one = &left->values[index], *other = &right->values[index];
    if (one->kind == WH_SINCE_TEXT || other->kind == WH_SINCE_TEXT)
        return one->kind == other->kind && one->length == other->length &&
               memcmp(left->text.data + one->offset, right->text.data + other->offset,
                      one->length) == 0;
    if (one->kind == WH_SINCE_INTEGER && other->kind == WH_SINCE_INTEGER)
        return one->integer == other->integer;
    if (one->kind == WH_SINCE_REAL && other->kind == WH_SINCE_REAL)
        return one->real == other->real;
    return one->kind == WH_SINCE_REAL ? is_integer(one->real, other->integer)
                                      : is_integer(other->real, one->integer);
}

/* Whether the last two rows are of one tuple. */
static bool tied(const struct wh_since *since)
{
    if (since->rows < 2)
        return false;
    for (size_t i = since->count; i > 0; i--) /* keys differ more often */
        if (!same_value(&since->last, &since->before, i - 1))
            return false;
    return true;
}

static json_t *value_of(const struct wh_since_tuple *tuple, size_t index)
{
    const struct wh_since_value *value = &tuple->values[index];
    switch (value->kind) {
    case WH_SINCE_INTEGER:
        return json_integer(value->integer);
    case WH_SINCE_REAL:
        return json_real(value->real);
    case WH_SINCE_TEXT:
        break;
    }
    return json_stringn(value->length ? tuple->text.data + value->offset : "", value->length);
}

static json_t *values_of(const struct wh_since *since, const struct wh_since_tuple *tuple)
{
    json_t *values = json_array();
    for (size_t i = 0; i < since->count; i++)
        json_array_append_new(values, value_of(tuple, i));
    return values;
}

int wh_since_check(const struct wh_since *since, struct wh_error *error)
{
    if (since->count == 1 || !tied(since))
        return 0;
    json_t *values = values_of(since, &since->last);
    char *text = json_dumps(values, JSON_ENSURE_ASCII);
    wh_fail(error, WH_REFUSED, "--since %s: two rows have the same values there, %.200s: the keys "
            "must tell rows apart", since->request->query->since, text ? text : "");
    free(text);
    json_decref(values);
    return -1;
}

int wh_since_check_encoding(const struct wh_since *since, struct wh_error *error)
{
    for (size_t i = 0; i < since->count; i++) {
        const struct wh_since_value *value = &since->last.values[i];
        if (value->kind != WH_SINCE_TEXT)
            continue;
        const char *text = since->last.text.data + value->offset;
        if (wh_utf8_valid(text, value->length) == value->length)
            continue;
        char quoted[96];
        return wh_fail(error, WH_REFUSED, "--since: a row's %s is %s, which is no UTF-8",
                       since->names[i], wh_quote(quoted, text, value->length));
    }
    return 0;
}

json_t *wh_since_position(const struct wh_since *since, bool behind)
{
    const struct wh_since_tuple *tuple = NULL; /* none: where the run began */
    if (behind && since->rows > 0) {
        if (!since->ended && since->count == 1)
            return NULL;
        tuple = &since->last;
    } else if (!behind && since->rows > 1) {
        if (tied(since))
            return NULL;
        tuple = &since->before;
    }
    json_t *position = describe(since);
    json_t *values = tuple ? values_of(since, tuple)
                           : since->start ? json_incref(since->start) : json_null();
    json_object_set_new(position, "values", values);
    return position;
}
