#include "model/join.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "model/model.h"
#include "record/json.h"
#include "record/required.h"
#include "record/writer.h"

enum {
    SHAPES = 16,          /* of joined rows that are kept */
    LONGEST_ID = 1 << 12, /* bytes */
    LONGEST_ROW = 1 << 18, /* its JSON, which escapes make at most twice as long in the file */
};

/* The joined rows of one shape. */
struct made {
    struct wh_shape *shape;
    uint32_t count;   /* columns that the row had when it came */
    int label, weight;
};

struct wh_join {
    const struct wh_settings *settings;
    struct wh_joining *state;
    struct wh_join_counts before; /* of earlier runs */
    int64_t within;
    const char *time; /* the column of the event time; NULL: by rows */
    struct wh_required required; /* the ID */
    bool labels; /* some row had the label's column */
    /* Of the row looked at last. */
    enum wh_join_kind kind;
    struct wh_waiting *waiting;
    int64_t now;
    bool timed;
    int64_t when;
    char spelled[WH_NUMBER_SIZE]; /* the row's ID, where it is a number */
    char *name;
    size_t name_length, name_capacity;
    struct wh_buffer text; /* the row as JSON */
    struct made made[SHAPES];
    size_t next_made;
    struct wh_column *columns; /* of the joined row, */
    struct wh_field *fields;   /* and its values */
    size_t column_capacity;
    struct wh_row joined;
};

static const char LEARN[] = "learn";
const char *const wh_unmatched_names[] = { WH_DEFAULT_UNMATCHED, LEARN, NULL };

/*
 * Settings
 */

static bool parse_within(const char *text, bool *rows, int64_t *within)
{
    size_t length = strlen(text);
    *rows = wh_number_valid(text, length) && wh_number_integer(text, length, within);
    return (*rows || wh_duration_parse(text, length, within)) && *within > 0
        && *within < INT64_C(1) << 53;
}

int wh_join_check(const struct wh_model *model, struct wh_error *error)
{
    const struct wh_settings *settings = &model->settings;
    const char *within = settings->within, *unmatched = settings->unmatched;
    char quoted[96];
    bool rows;
    int64_t length;
    if (!settings->roles.join) {
        if (!within && !unmatched)
            return 0;
        return wh_fail(error, WH_REFUSED, "--%s requires --join ID",
                       within ? "within" : "unmatched");
    }
    if (!within)
        return wh_fail(error, WH_REFUSED,
                       "--join needs --within, a duration or a number of rows: how long may a row "
                       "wait for its label?");
    if (!parse_within(within, &rows, &length))
        return wh_fail(error, WH_REFUSED,
                       "--within: %s is neither a duration, such as 14d, nor a number of rows",
                       wh_quote(quoted, within, strlen(within)));
    if (!rows && !settings->roles.time)
        return wh_fail(error, WH_REFUSED,
                       "--within %s needs --time COLUMN: a row's time is up by the event time of "
                       "later rows", within);
    return wh_choice_check("unmatched", unmatched, wh_unmatched_names, error);
}

struct wh_join *wh_join_open(struct wh_model *model)
{
    struct wh_join *join = wh_alloc(1, sizeof *join);
    bool rows;
    join->settings = &model->settings;
    join->state = &model->joining;
    join->before = model->joining.counts;
    join->required = (struct wh_required){ .option = "--join", .name = model->settings.roles.join };
    parse_within(model->settings.within, &rows, &join->within);
    join->time = rows ? NULL : model->settings.roles.time;
    return join;
}

void wh_join_close(struct wh_join *join)
{
    if (!join)
        return;
    for (size_t i = 0; i < SHAPES; i++)
        wh_shape_close(join->made[i].shape);
    wh_row_free(&join->joined);
    wh_buffer_free(&join->text);
    free(join->columns);
    free(join->fields);
    free(join->name);
    free(join);
}

int wh_join_finish(const struct wh_join *join, struct wh_error *error)
{
    return join->state->pending.count > 0 ? 0 : wh_required_check(&join->required, error);
}

bool wh_join_learns_unmatched(const struct wh_join *join)
{
    return join->settings->unmatched && strcmp(join->settings->unmatched, LEARN) == 0;
}

/*
 * Joined rows
 */

static bool is_column(const struct wh_column *column, const char *name, size_t length)
{
    return column->length == length && memcmp(column->name, name, length) == 0;
}

/* The columns and values of the row that waited, in `columns` and `fields`; their number. */
static uint32_t read_waiting(struct wh_join *join, const struct wh_waiting *waiting)
{
    struct wh_json_walk walk;
    uint32_t count = 0;
    wh_json_walk_begin(&walk, wh_waiting_text(waiting).text);
    while (wh_json_walk_next(&walk)) {
        if (count + 2 >= join->column_capacity) {
            join->column_capacity = join->column_capacity ? 2 * join->column_capacity : 64;
            join->columns = wh_resize(join->columns, join->column_capacity, sizeof *join->columns);
            join->fields = wh_resize(join->fields, join->column_capacity, sizeof *join->fields);
        }
        const char *name = walk.key;
        size_t length = walk.key_length;
        if (walk.key_escaped) {
            char *decoded = wh_row_take(&join->joined, length);
            length = wh_json_unescape(walk.key, length, decoded);
            name = decoded;
        }
        join->columns[count] = (struct wh_column){ .name = name, .length = (uint32_t)length };
        join->fields[count++] = walk.field;
    }
    return count;
}

static int find_column(const struct wh_join *join, uint32_t count, const char *name)
{
    size_t length = name ? strlen(name) : 0;
    for (uint32_t i = 0; name && i < count; i++)
        if (is_column(&join->columns[i], name, length))
            return (int)i;
    return -1;
}

/* The shape of these columns, with the label's, and with the weight's where that is asked for. */
static const struct made *shape_of(struct wh_join *join, uint32_t count, bool weight)
{
    for (size_t i = 0; i < SHAPES; i++) {
        const struct made *made = &join->made[i];
        bool same = made->shape && made->count == count && (!weight || made->weight >= 0);
        for (uint32_t k = 0; same && k < count; k++)
            same = is_column(&made->shape->columns[k], join->columns[k].name,
                             join->columns[k].length);
        if (same)
            return made;
    }
    struct made *made = &join->made[join->next_made++ % SHAPES];
    const struct wh_roles *roles = &join->settings->roles;
    wh_shape_close(made->shape);
    *made = (struct made){ .count = count, .label = find_column(join, count, roles->label),
                           .weight = find_column(join, count, roles->weight) };
    uint32_t all = count;
    if (made->label < 0) {
        made->label = (int)all;
        join->columns[all++] = wh_column_named(roles->label);
    }
    if (weight && made->weight < 0) {
        made->weight = (int)all;
        join->columns[all++] = wh_column_named(roles->weight);
    }
    made->shape = wh_shape_open(join->columns, all);
    return made;
}

/* The row that waited with the label of `row`, and its weight where it has one. */
static struct wh_row *join_rows(struct wh_join *join, const struct wh_waiting *waiting,
                                const struct wh_row *row, const struct wh_row_plan *plan)
{
    struct wh_row *joined = &join->joined;
    const struct wh_field *weight = wh_row_plan_field(row, plan->weight);
    bool weighs = weight && weight->type != WH_NULL;
    wh_arena_reset(&joined->scratch);
    uint32_t count = read_waiting(join, waiting);
    const struct made *made = shape_of(join, count, weighs);
    for (uint32_t i = count; i < made->shape->count; i++)
        join->fields[i] = (struct wh_field){ .type = WH_NULL };
    joined->fields = join->fields;
    joined->shape = made->shape;
    joined->fields[made->label] = row->fields[plan->label];
    if (weighs)
        joined->fields[made->weight] = *weight;
    joined->source = row->source;
    joined->line = row->line;
    return joined;
}

/*
 * Looking at rows
 */

/* IDs are compared as text: 7 and "7" are one, and so are 7 and 7.0. A row that has waited since
 * before they were keeps its ID as it came. */
static struct wh_slice one_spelling(struct wh_join *join, struct wh_slice number)
{
    struct wh_slice one = number;
    if (wh_pending_find(&join->state->pending, number))
        return number;
    one.text = wh_number_spell(number.text, &one.length, join->spelled);
    return one;
}

static bool read_id(struct wh_join *join, struct wh_row *row, const struct wh_field *field,
                    struct wh_slice *id, struct wh_error *error)
{
    const char *column = join->settings->roles.join;
    if (field->type == WH_NULL || field->type == WH_NESTED) {
        wh_bad_row(error, "join", column, strlen(column), 0, "%s",
                   field->type == WH_NULL ? "null cannot be an ID" : "an array or object cannot be an ID");
        return false;
    }
    *id = wh_row_text(row, field);
    if (field->type == WH_NUMBER)
        *id = one_spelling(join, *id);
    if (id->length <= LONGEST_ID && wh_utf8_valid(id->text, id->length) == id->length)
        return true;
    wh_bad_row(error, "join", column, strlen(column), 0, "the ID is too long (%d bytes at most), "
               "or not valid UTF-8", LONGEST_ID);
    return false;
}

/* The row's time, and what is then the latest. Who has a label may do without. */
static bool read_time(struct wh_join *join, struct wh_row *row, int column, bool labelled,
                      struct wh_error *error)
{
    const struct wh_joining *state = join->state;
    join->timed = true;
    if (!join->time) {
        join->when = join->now = state->now + 1;
        return true;
    }
    join->timed = !labelled || (column >= 0 && row->fields[column].type != WH_NULL);
    join->now = state->now;
    if (join->timed
        && wh_event_time_at(join->time, column, row, &join->when, error) != WH_TAKEN)
        return false;
    if (join->timed && (!state->begun || join->when > join->now))
        join->now = join->when;
    return true;
}

static bool keep_text(struct wh_join *join, const struct wh_row *row, struct wh_error *error)
{
    join->text.length = 0;
    wh_row_to_json(&join->text, row);
    if (join->text.length <= LONGEST_ROW)
        return true;
    wh_bad_row(error, "join", NULL, 0, 0, "the row has %zu bytes as JSON, and one that is to wait "
               "for its label may have %d", join->text.length, LONGEST_ROW);
    return false;
}

static void keep_id(struct wh_join *join, struct wh_slice id)
{
    if (id.length > join->name_capacity) {
        join->name_capacity = 2 * id.length;
        join->name = wh_resize(join->name, join->name_capacity, 1);
    }
    if (id.length)
        memcpy(join->name, id.text, id.length);
    join->name_length = id.length;
}

enum wh_verdict wh_join_look(struct wh_join *join, struct wh_row *row,
                             const struct wh_row_plan *plan, enum wh_join_kind *kind,
                             struct wh_row **joined, struct wh_error *error)
{
    struct wh_slice id;
    if (wh_required_at(&join->required, row, plan->join, error) < 0)
        return error->status == WH_REFUSED ? WH_FATAL : WH_BAD;
    join->labels |= plan->label >= 0;
    bool labelled = plan->label >= 0 && row->fields[plan->label].type != WH_NULL;
    if (!read_id(join, row, &row->fields[plan->join], &id, error)
        || !read_time(join, row, plan->time, labelled, error))
        return WH_BAD;
    struct wh_waiting *waiting = wh_pending_find(&join->state->pending, id);
    if (waiting && join->now - join->within > waiting->time)
        waiting = NULL; /* its time is up */
    join->waiting = waiting;
    if (labelled)
        join->kind = waiting ? WH_JOIN_COMPLETES : WH_JOIN_UNMATCHED;
    else
        join->kind = waiting ? WH_JOIN_REPEATED : WH_JOIN_WAITS;
    *kind = join->kind;
    if (join->kind == WH_JOIN_COMPLETES)
        *joined = join_rows(join, waiting, row, plan);
    if (join->kind != WH_JOIN_WAITS)
        return WH_TAKEN;
    keep_id(join, id);
    return keep_text(join, row, error) ? WH_TAKEN : WH_BAD;
}

static void expire(struct wh_joining *state, int64_t before)
{
    for (;;) {
        struct wh_waiting *waiting = wh_pending_earliest(&state->pending);
        if (!waiting || waiting->time >= before)
            return;
        wh_pending_remove(&state->pending, waiting);
        state->counts.expired++;
    }
}

void wh_join_take(struct wh_join *join)
{
    struct wh_joining *state = join->state;
    switch (join->kind) {
    case WH_JOIN_COMPLETES:
        wh_pending_remove(&state->pending, join->waiting);
        state->counts.joined++;
        break;
    case WH_JOIN_REPEATED:
        state->counts.repeated++;
        break;
    case WH_JOIN_UNMATCHED:
        state->counts.unmatched++;
        break;
    case WH_JOIN_WAITS:
        break;
    }
    state->begun |= join->timed;
    state->now = join->now;
    if (state->begun)
        expire(state, state->now - join->within);
    if (join->kind != WH_JOIN_WAITS)
        return;
    wh_pending_add(&state->pending, (struct wh_slice){ join->name, join->name_length }, join->when,
                   (struct wh_slice){ join->text.data, join->text.length });
    expire(state, state->now - join->within);
}

/*
 * Reports
 */

void wh_join_summary(struct wh_buffer *out, const struct wh_join *join)
{
    const struct wh_join_counts *all = &join->state->counts, *before = &join->before;
    uint64_t joined = all->joined - before->joined;
    size_t left = join->state->pending.count;
    wh_buffer_format(out, "%" PRIu64 " %s, %zu %s for it, %" PRIu64 " waited longer than --within",
                     joined, joined == 1 ? "row got its label" : "rows got their label", left,
                     left == 1 ? "waits" : "wait", all->expired - before->expired);
    if (all->repeated > before->repeated)
        wh_buffer_format(out, ", %" PRIu64 " came again while waiting",
                         all->repeated - before->repeated);
    if (all->unmatched > before->unmatched)
        wh_buffer_format(out, "; %" PRIu64 " came with a label that none waited for%s",
                         all->unmatched - before->unmatched,
                         wh_join_learns_unmatched(join) ? " and were learned from as they are"
                                                        : " (see --unmatched)");
    if (!join->labels && join->state->pending.count > 0)
        wh_buffer_format(out, "; no row had a column %s, the label", join->settings->roles.label);
    wh_buffer_byte(out, '\n');
}

static void set_count(json_t *stats, const char *name, uint64_t count)
{
    json_object_set_new(stats, name, json_integer((json_int_t)count));
}

void wh_join_stats(json_t *stats, const struct wh_join *join)
{
    const struct wh_join_counts *all = &join->state->counts, *before = &join->before;
    set_count(stats, "rows_joined", all->joined - before->joined);
    set_count(stats, "rows_waiting", join->state->pending.count);
    set_count(stats, "rows_expired", all->expired - before->expired);
    set_count(stats, "rows_repeated", all->repeated - before->repeated);
    set_count(stats, "labels_unmatched", all->unmatched - before->unmatched);
}

void wh_join_describe(struct wh_buffer *out, const struct wh_model *model)
{
    const struct wh_joining *state = &model->joining;
    const struct wh_join_counts *counts = &state->counts;
    if (!model->settings.roles.join)
        return;
    wh_buffer_format(out, "%-12s on %s within %s: %" PRIu64 " rows joined, %zu waiting, %" PRIu64
                     " expired, %" PRIu64 " labels unmatched\n", "labels late",
                     model->settings.roles.join, model->settings.within, counts->joined,
                     state->pending.count, counts->expired, counts->unmatched);
}

int wh_join_export(const struct wh_model *model, const char *path, struct wh_error *error)
{
    enum { BLOCK = 1 << 16 };
    struct wh_atomic_file *file = wh_atomic_open(path, error);
    struct wh_buffer text = { 0 };
    int result = file ? 0 : -1;
    const struct wh_waiting *waiting = model->joining.pending.first;
    for (; result == 0 && (waiting || text.length);) {
        for (; waiting && text.length < BLOCK; waiting = waiting->after) {
            wh_buffer_add(&text, wh_waiting_text(waiting).text, waiting->text_length);
            wh_buffer_byte(&text, '\n');
        }
        result = wh_write_named(wh_atomic_descriptor(file), path, text.data, text.length, error);
        text.length = 0;
    }
    wh_buffer_free(&text);
    if (file && result != 0)
        wh_atomic_abort(file);
    return result == 0 ? wh_atomic_commit(file, error) : -1;
}

/*
 * In the model's file: {"pending":{"now":...,"joined":...}}, then {"pending":[ID,TIME,ROW]} for
 * each row, which is a text, since nothing of it may change.
 */

int wh_join_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error)
{
    const struct wh_joining *state = &model->joining;
    const struct wh_join_counts *counts = &state->counts;
    if (!model->settings.roles.join)
        return 0;
    json_t *head = json_pack("{s:I, s:b, s:I, s:I, s:I, s:I}", "now", (json_int_t)state->now,
                             "begun", state->begun, "joined", (json_int_t)counts->joined,
                             "expired", (json_int_t)counts->expired, "repeated",
                             (json_int_t)counts->repeated, "unmatched",
                             (json_int_t)counts->unmatched);
    if (wh_lines_add(lines, head, error) != 0)
        return -1;
    const struct wh_waiting *waiting = state->pending.first;
    for (; waiting; waiting = waiting->after) {
        struct wh_slice id = wh_waiting_id(waiting), text = wh_waiting_text(waiting);
        json_t *line = json_pack("[s%, I, s%]", id.text, id.length, (json_int_t)waiting->time,
                                 text.text, text.length);
        if (wh_lines_add(lines, line, error) != 0)
            return -1;
    }
    return 0;
}

/* Beyond are neither times nor numbers of rows. */
static const json_int_t MOST = INT64_C(1) << 53;

static bool load_count(const json_t *head, const char *name, uint64_t *count)
{
    const json_t *value = json_object_get(head, name);
    json_int_t number = json_integer_value(value);
    *count = (uint64_t)number;
    return json_is_integer(value) && number >= 0 && number <= MOST;
}

static bool load_head(struct wh_joining *state, const json_t *head)
{
    const json_t *now = json_object_get(head, "now"), *begun = json_object_get(head, "begun");
    state->now = json_integer_value(now);
    state->begun = json_is_true(begun);
    return json_is_integer(now) && state->now <= MOST && state->now >= -MOST
        && json_is_boolean(begun) && load_count(head, "joined", &state->counts.joined)
        && load_count(head, "expired", &state->counts.expired)
        && load_count(head, "repeated", &state->counts.repeated)
        && load_count(head, "unmatched", &state->counts.unmatched);
}

static bool load_row(struct wh_joining *state, const json_t *line)
{
    const json_t *id = json_array_get(line, 0), *time = json_array_get(line, 1);
    const json_t *text = json_array_get(line, 2);
    json_int_t at = json_integer_value(time);
    size_t length = json_string_length(text);
    struct wh_slice name = { json_string_value(id), json_string_length(id) };
    if (json_array_size(line) != 3 || !json_is_string(id) || !json_is_integer(time)
        || !json_is_string(text) || at > MOST || at < -MOST || name.length > LONGEST_ID
        || length > LONGEST_ROW || length < 2 || wh_pending_find(&state->pending, name))
        return false;
    char *copy = wh_alloc(length + WH_SLACK, 1);
    memcpy(copy, json_string_value(text), length);
    bool valid = copy[0] == '{' && wh_json_valid(copy, length);
    if (valid)
        wh_pending_add(&state->pending, name, at, (struct wh_slice){ copy, length });
    free(copy);
    return valid;
}

int wh_join_read(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    struct wh_joining *state = &model->joining;
    bool sound = model->settings.roles.join
              && (json_is_object(value) ? load_head(state, value) : load_row(state, value));
    return sound ? 0 : wh_fail(error, WH_REFUSED, "its rows that wait for labels are invalid");
}
