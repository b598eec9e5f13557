#include "model/feature_columns.h"

#include <stdlib.h>
#include <string.h>

#include "model/findings.h"

/*
 * Binding
 */

void wh_column_reader_close(struct wh_column_reader *reader)
{
    free(reader->odd);
}

void wh_feature_columns_begin(struct wh_feature_columns *columns, size_t count, bool raw)
{
    *columns = (struct wh_feature_columns){
        .raw = raw,
        .list = wh_alloc(count, sizeof *columns->list),
        .known = wh_alloc(count, sizeof *columns->known),
    };
}

void wh_feature_columns_add(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                            uint32_t index, const char *name, uint32_t length)
{
    struct wh_feature_column *column = &columns->list[columns->count++];
    *column = (struct wh_feature_column){ .index = index, .length = length,
                                          .offset = columns->text.length,
                                          .fast = WH_NO_FEATURE, .last = WH_NO_FEATURE };
    wh_buffer_add(&columns->text, name, length);
    wh_buffer_byte(&columns->text, '=');
    column->id = wh_maker_find(reader->maker, name, length);
}

void wh_feature_columns_release(struct wh_column_reader *reader,
                                struct wh_feature_columns *columns)
{
    if (reader->census && reader->census->pending.columns == columns->known)
        wh_census_settle(reader->census);
    free(columns->list);
    free(columns->absent);
    free(columns->known);
    wh_buffer_free(&columns->text);
    *columns = (struct wh_feature_columns){ 0 };
}

static struct wh_slice name_in(const struct wh_feature_columns *columns,
                               const struct wh_feature_column *column)
{
    return (struct wh_slice){ columns->text.data + column->offset, column->length };
}

static void add_absent(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                       uint32_t id, size_t before)
{
    struct wh_census_column *known = reader->census->columns[id];
    struct wh_slice name = wh_census_name(reader->census, known);
    columns->absent[columns->absent_count++] = (struct wh_absent_column){
        known, before, wh_maker_find(reader->maker, name.text, name.length)
    };
}

/* Missing columns stand where rows that have them mostly have them: then a row says the same
 * whether it lacks a column or has null there. */
static void find_absent(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                        const bool *there, uint32_t count)
{
    size_t before = 0;
    columns->absent = wh_alloc(count, sizeof *columns->absent);
    for (uint32_t id = 0; id < count; id++) {
        const struct wh_census_column *known;
        while (before < columns->count
               && (!(known = columns->known[before]) || known->id - 1 < id))
            before++;
        if (!there[id])
            add_absent(reader, columns, id, before);
    }
}

/* Holds the shape against the census as it is now. */
static void bind_census(struct wh_column_reader *reader, struct wh_feature_columns *columns)
{
    struct wh_census *census = reader->census;
    uint32_t count = wh_census_count(census);
    if (count > WH_CENSUS_EXPECTED && !reader->strict)
        count = WH_CENSUS_EXPECTED;
    bool *there = wh_alloc((size_t)count + 1, sizeof *there);
    wh_census_settle(census);
    for (size_t i = 0; i < columns->count; i++) {
        struct wh_census_column **known = &columns->known[i];
        columns->list[i].fast = WH_NO_FEATURE; /* the kind may be another */
        if (!*known || (*known)->stranger)
            *known = wh_census_find(census, name_in(columns, &columns->list[i]));
        if (*known && !(*known)->stranger && (*known)->id <= count)
            there[(*known)->id - 1] = true;
    }
    free(columns->absent);
    columns->absent = NULL;
    columns->absent_count = 0;
    if (reader->maker->missing || reader->strict)
        find_absent(reader, columns, there, count);
    columns->version = census->version;
    free(there);
}

/*
 * Values
 */

/* Whether the model knows the category. */
static bool is_category(struct wh_column_reader *reader, const struct wh_named *column,
                        struct wh_slice value)
{
    struct wh_slice name = wh_maker_category(reader->maker, column, value);
    return wh_maker_find(reader->maker, name.text, name.length) != WH_NO_FEATURE;
}

/* A number or boolean in a column of texts: its own spelling where that is known, or the one that
 * programs give a boolean; else the one spelling that it is given here. */
static struct wh_slice spell(struct wh_column_reader *reader, const struct wh_named *column,
                             const struct wh_field *field, const struct wh_field *as)
{
    static const char *const truths[][2] = { { "False", "True" }, { "FALSE", "TRUE" } };
    struct wh_slice text = { as->text, as->length };
    if (is_category(reader, column, text))
        return text;
    struct wh_slice own = { field->text, field->length };
    if (field->type == WH_NUMBER)
        return is_category(reader, column, own) ? own : text;
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
        const char *word = truths[i][field->type == WH_TRUE];
        if (is_category(reader, column, (struct wh_slice){ word, strlen(word) }))
            return (struct wh_slice){ word, strlen(word) };
    }
    return text;
}

/* The value as the column's kind has it; *as is room for another. NULL: a bad row. */
static const struct wh_field *as_kind(struct wh_column_reader *reader,
                                      const struct wh_census_column *known,
                                      const struct wh_named *name, struct wh_row *row,
                                      const struct wh_field *field, struct wh_field *as,
                                      struct wh_error *error)
{
    if (!known || !wh_census_differs(known, field->type))
        return field;
    if (!wh_census_read(known, row, field, as) && reader->strict) {
        wh_refuse_value(known, (struct wh_slice){ name->text, name->length },
                        wh_row_text(row, field), error);
        return NULL;
    }
    if (as->type == WH_STRING && field->type != WH_STRING) {
        struct wh_slice text = spell(reader, name, field, as);
        as->text = text.text;
        as->length = (uint32_t)text.length;
    }
    return as;
}

/* A text that is no feature, and so says nothing, is missing in its column. */
static bool read_text(struct wh_column_reader *reader, struct wh_feature_column *column,
                      struct wh_named *name, struct wh_slice text, bool declared,
                      struct wh_error *error)
{
    size_t count = reader->maker->count;
    if (!wh_maker_string(reader->maker, name, text, declared, &column->last, error))
        return false;
    return reader->maker->count > count || name->id == WH_NO_FEATURE || !reader->maker->missing
        || wh_maker_put_value(reader->maker, name, (double)NAN, error);
}

static void note_odd(struct wh_column_reader *reader, uint32_t column)
{
    if (reader->odd_count == reader->odd_capacity) {
        reader->odd_capacity = 2 * reader->odd_capacity + 16;
        reader->odd = wh_resize(reader->odd, reader->odd_capacity, sizeof *reader->odd);
    }
    reader->odd[reader->odd_count++] = column;
}

static bool read_column(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                        struct wh_feature_column *column, struct wh_row *row,
                        struct wh_error *error)
{
    struct wh_field as;
    size_t number = (size_t)(column - columns->list);
    struct wh_census_column *known = columns->known[number];
    const struct wh_field *own = &row->fields[column->index];
    struct wh_named name = { columns->text.data + column->offset, column->length, column->id };
    const struct wh_field *field = as_kind(reader, known, &name, row, own, &as, error);
    bool good = true;
    if (!field)
        return false;
    if (!wh_census_is_usual(known, own))
        note_odd(reader, (uint32_t)number);
    switch ((enum wh_type)field->type) {
    case WH_NULL:
        good = wh_maker_missing(reader->maker, &name, error);
        break;
    case WH_FALSE:
        good = wh_maker_value(reader->maker, &name, 0, error);
        break;
    case WH_TRUE:
        good = wh_maker_value(reader->maker, &name, 1, error);
        break;
    case WH_NUMBER:
        good = wh_maker_number(reader->maker, &name, field->text, field->length, error);
        break;
    case WH_STRING:
        good = read_text(reader, column, &name, wh_row_text(row, field),
                         own->flags & WH_DECLARED, error);
        if (reader->maker->fresh && known && !known->stranger)
            wh_census_surprise(known, own);
        return good;
    case WH_NESTED:
        return wh_maker_bad_nested(reader->maker, &name, *wh_row_text(row, field).text, error);
    }
    column->id = name.id;
    if (!known || known->quick >> WH_NUMBER & 1)
        column->fast = name.id;
    return good;
}

/* A column that the model knows and the row lacks: the same as null. */
static bool miss_column(struct wh_column_reader *reader, struct wh_absent_column *absent,
                        struct wh_error *error)
{
    const struct wh_census *census = reader->census;
    struct wh_slice text = wh_census_name(census, absent->known);
    if (reader->strict && wh_census_always(census, absent->known))
        return wh_refuse_absent(text, error) == 0;
    if (!reader->maker->missing || !wh_census_expects(census, absent->known))
        return true;
    struct wh_named name = { text.text, text.length, absent->id };
    bool good = wh_maker_put_value(reader->maker, &name, (double)NAN, error);
    absent->id = name.id;
    return good;
}

/*
 * Rows
 */

static inline bool read_some(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                             struct wh_row *row, size_t from, size_t to, struct wh_error *error)
{
    const struct wh_field *fields = row->fields;
    struct wh_feature_column *end = columns->list + to;
    for (struct wh_feature_column *column = columns->list + from; column < end; column++) {
        const struct wh_field *field = &fields[column->index];
        bool taken = field->type == WH_NUMBER
                  && wh_maker_known(reader->maker, column->fast, field->text, field->length);
        if (!taken && !read_column(reader, columns, column, row, error))
            return false;
    }
    return true;
}

static bool refuse_column(const struct wh_column_reader *reader,
                          const struct wh_feature_columns *columns,
                          const struct wh_feature_column *column, struct wh_error *error)
{
    size_t count = columns->absent_count;
    char **names = wh_alloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) {
        struct wh_slice name = wh_census_name(reader->census, columns->absent[i].known);
        names[i] = wh_copy(name.text, name.length);
    }
    wh_refuse_unknown(name_in(columns, column), (const char *const *)names, count,
                      reader->maker->growing != NULL, error);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return false;
}

/* Whether the census knows all columns of the shape, where they must be known. */
static bool knows_columns(const struct wh_column_reader *reader,
                          const struct wh_feature_columns *columns, struct wh_error *error)
{
    const struct wh_census *census = reader->census;
    if (!census || census->rows == 0 || census->earlier > 0
        || wh_census_count(census) == WH_CENSUS_COLUMNS)
        return true;
    for (size_t i = 0; i < columns->count; i++) {
        const struct wh_census_column *known = columns->known[i];
        if (!known || known->stranger)
            return refuse_column(reader, columns, &columns->list[i], error);
    }
    return true;
}

/* Holds the shape against the census where that has changed; false for a bad row. */
static bool meet_columns(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                         struct wh_error *error)
{
    struct wh_census *census = reader->census;
    if (census && columns->version != census->version)
        bind_census(reader, columns);
    if (columns->absent_count > 0 && census->pending.columns != columns->known)
        wh_census_settle(census); /* it is asked for other columns */
    return !reader->strict || knows_columns(reader, columns, error);
}

bool wh_feature_columns_read(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                             struct wh_row *row, struct wh_error *error)
{
    reader->row = row;
    reader->fields = row->fields;
    reader->odd_count = 0;
    if (columns->raw && !meet_columns(reader, columns, error))
        return false;
    for (size_t i = 0, from = 0;; i++) {
        bool last = i == columns->absent_count;
        size_t to = last ? columns->count : columns->absent[i].before;
        if (!read_some(reader, columns, row, from, to, error))
            return false;
        if (last)
            return true;
        if (!miss_column(reader, &columns->absent[i], error))
            return false;
        from = to;
    }
}

/*
 * Counting
 */

/* A column in which something else than usual came. */
static void count_odd(struct wh_column_reader *reader, struct wh_feature_columns *columns,
                      uint32_t number, bool taught)
{
    struct wh_feature_column *column = &columns->list[number];
    struct wh_census_column **known = &columns->known[number];
    const struct wh_field *field = &reader->fields[column->index];
    if (wh_census_is_quick(*known, field))
        wh_census_counts(*known, taught)->met[field->type]++;
    else
        *known = wh_census_value(reader->census, *known, name_in(columns, column), reader->row,
                                 field, taught);
    if (*known)
        wh_census_unusual(*known, taught); /* which the row is about to count */
}

void wh_column_reader_count(struct wh_column_reader *reader, bool taught)
{
    struct wh_census *census = reader->census;
    struct wh_feature_columns *columns = reader->columns;
    if (!census || !columns || !columns->raw)
        return;
    wh_census_row(census, taught);
    for (size_t i = 0; i < reader->odd_count; i++)
        count_odd(reader, columns, reader->odd[i], taught);
    wh_census_usual(census, columns->known, columns->count, taught);
}
