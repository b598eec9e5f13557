#include "model/census.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "model/model.h"

enum {
    LOOKED = 1000,   /* texts of a column that are looked at for dates and decimal commas */
    DIFFERENT = 1024, /* values, all different: enough to say so */
    SLOTS = 2 * DIFFERENT,
    MOST_SKETCHES = 256,
    RARE = 32,       /* a column with values in fewer than one of this many rows is not expected */
    MOST_COUNT_BITS = 53,
};

static const uint64_t MOST_COUNT = UINT64_C(1) << MOST_COUNT_BITS;

/* The values of a column so far, no two alike, by their hashes (0: free). */
struct wh_sketch {
    uint32_t slots[SLOTS];
    uint32_t texts;
    bool rising, falling;
    int64_t last, lowest, highest;
};

void wh_census_init(struct wh_census *census)
{
    *census = (struct wh_census){ .version = 1 };
    wh_names_init(&census->names);
    wh_names_init(&census->stranger_names);
}

static void free_columns(struct wh_census_column **columns, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        free(columns[i]->sketch);
        free(columns[i]);
    }
    free(columns);
}

void wh_census_free(struct wh_census *census)
{
    free_columns(census->columns, wh_census_count(census));
    free_columns(census->strangers, census->stranger_names.count - 1);
    wh_names_free(&census->names);
    wh_names_free(&census->stranger_names);
    wh_buffer_free(&census->deferred);
}

struct wh_census_column *wh_census_find(const struct wh_census *census, struct wh_slice name)
{
    uint32_t id = wh_names_find(&census->names, name.text, name.length);
    return id == WH_NO_FEATURE ? NULL : census->columns[id - 1];
}

void wh_census_begin(struct wh_census *census)
{
    census->rows_before = census->rows;
    for (uint32_t i = 0; i < wh_census_count(census); i++)
        census->columns[i]->before = census->columns[i]->taught;
}

/*
 * Kinds
 */

/*
 * What most values are. A kind stays as long as a tenth of the values that could be either came as
 * it: which of two spellings is ahead by a few rows must not decide how the next is read.
 */
static enum wh_census_kind kind_of(const struct wh_census_counts *counts, enum wh_census_kind now)
{
    uint64_t numbers = counts->met[WH_NUMBER], texts = counts->met[WH_STRING];
    uint64_t booleans = counts->met[WH_FALSE] + counts->met[WH_TRUE];
    uint64_t all = numbers + texts + booleans;
    uint64_t words = texts - counts->numeric - counts->truths;
    uint64_t tenfold = now == WH_CENSUS_NUMBERS ? 9 : 1;
    bool bits = counts->bits == numbers;
    if (all == 0)
        return WH_CENSUS_NONE;
    if (10 * numbers >= all && tenfold * numbers >= counts->numeric
        && 10 * (words + counts->truths) <= all && (bits || 10 * booleans <= all))
        return WH_CENSUS_NUMBERS;
    tenfold = now == WH_CENSUS_BOOLEANS ? 9 : 1;
    if (booleans > 0 && tenfold * booleans >= counts->truths
        && 10 * (words + counts->numeric + numbers) <= all)
        return WH_CENSUS_BOOLEANS;
    if (10 * texts >= 9 * all || (texts > numbers + booleans && 10 * words <= texts))
        return WH_CENSUS_TEXTS;
    return WH_CENSUS_MIXED;
}

/* Which types need no more than counting. */
static uint8_t quick_types(const struct wh_census_column *column)
{
    const struct wh_census_counts *counts = &column->taught;
    uint64_t numbers = counts->met[WH_NUMBER], texts = counts->met[WH_STRING];
    uint64_t booleans = counts->met[WH_FALSE] + counts->met[WH_TRUE];
    bool stranger = column->stranger, watched = column->sketch != NULL;
    unsigned quick = 1 << WH_NULL;
    if (!watched && (stranger || (column->kind == WH_CENSUS_NUMBERS && counts->bits < numbers)))
        quick |= 1 << WH_NUMBER;
    if (!watched && column->looked >= LOOKED
        && (stranger || (column->kind == WH_CENSUS_TEXTS && numbers + booleans == 0)))
        quick |= 1 << WH_STRING;
    if (!watched && (stranger || (column->kind == WH_CENSUS_BOOLEANS && numbers + texts == 0)))
        quick |= 1 << WH_FALSE | 1 << WH_TRUE;
    return (uint8_t)quick;
}

bool wh_census_expects(const struct wh_census *census, const struct wh_census_column *column)
{
    const uint64_t *met = column->taught.met;
    uint64_t values = met[WH_FALSE] + met[WH_TRUE] + met[WH_NUMBER] + met[WH_STRING];
    return RARE * values >= census->rows - column->first && values > 0;
}

bool wh_census_always(const struct wh_census *census, const struct wh_census_column *column)
{
    const uint64_t *met = column->taught.met;
    return met[WH_FALSE] + met[WH_TRUE] + met[WH_NUMBER] + met[WH_STRING] == census->rows
        && census->rows > 0;
}

/*
 * Reading
 */

/* Whether a text is true or false, in any case; *value is then which. */
static bool is_truth(struct wh_slice text, bool *value)
{
    *value = text.length == 4 && strncasecmp(text.text, "true", 4) == 0;
    return *value || (text.length == 5 && strncasecmp(text.text, "false", 5) == 0);
}

static bool is_bit(const struct wh_field *field)
{
    double value = wh_number_parse_slack(field->text, field->length);
    return value == 0 || value == 1;
}

static bool only_bits(const struct wh_census_column *column)
{
    return column->taught.bits == column->taught.met[WH_NUMBER];
}

static bool read_number(struct wh_slice text, struct wh_field *as)
{
    if (!wh_number_valid(text.text, text.length))
        return false;
    *as = (struct wh_field){ .text = text.text, .length = (uint32_t)text.length,
                             .type = WH_NUMBER };
    return true;
}

static bool read_truth(struct wh_slice text, struct wh_field *as)
{
    bool value;
    if (!is_truth(text, &value))
        return false;
    *as = (struct wh_field){ .type = value ? WH_TRUE : WH_FALSE };
    return true;
}

static bool read_as_number(const struct wh_census_column *column, struct wh_row *row,
                           const struct wh_field *field, struct wh_field *as)
{
    if (field->type == WH_STRING) {
        struct wh_slice text = wh_row_text(row, field);
        return read_number(text, as) || (only_bits(column) && read_truth(text, as));
    }
    if (only_bits(column))
        return true;
    *as = (struct wh_field){ .type = WH_NULL };
    return false;
}

static bool read_as_boolean(struct wh_row *row, const struct wh_field *field, struct wh_field *as)
{
    if (field->type == WH_STRING) {
        struct wh_slice text = wh_row_text(row, field);
        struct wh_field number;
        if (read_truth(text, as))
            return true;
        if (!read_number(text, &number) || !is_bit(&number))
            return false;
        *as = number;
        return true;
    }
    if (is_bit(field))
        return true;
    *as = (struct wh_field){ .type = WH_NULL };
    return false;
}

static void read_as_text(struct wh_row *row, const struct wh_field *field, struct wh_field *as)
{
    struct wh_slice text = wh_row_text(row, field);
    if (field->type == WH_NUMBER) {
        char spelled[WH_NUMBER_SIZE];
        const char *number = wh_number_spell(text.text, &text.length, spelled);
        if (number == spelled) {
            char *copy = wh_row_take(row, text.length);
            memcpy(copy, spelled, text.length);
            number = copy;
        }
        text.text = number;
    }
    *as = (struct wh_field){ .text = text.text, .length = (uint32_t)text.length,
                             .type = WH_STRING, .flags = WH_JSON_SAFE };
}

bool wh_census_read(const struct wh_census_column *column, struct wh_row *row,
                    const struct wh_field *field, struct wh_field *as)
{
    *as = *field;
    switch (column->kind) {
    case WH_CENSUS_NUMBERS:
        return read_as_number(column, row, field, as);
    case WH_CENSUS_BOOLEANS:
        return read_as_boolean(row, field, as);
    case WH_CENSUS_TEXTS:
        read_as_text(row, field, as);
        return true;
    case WH_CENSUS_NONE:
    case WH_CENSUS_MIXED:
        break;
    }
    return true;
}

/*
 * Values that are all different
 */

static void end_sketch(struct wh_census *census, struct wh_census_column *column)
{
    free(column->sketch);
    column->sketch = NULL;
    census->sketches--;
}

static void begin_sketch(struct wh_census *census, struct wh_census_column *column)
{
    if (census->sketches == MOST_SKETCHES)
        return;
    census->sketches++;
    column->sketch = wh_alloc(1, sizeof *column->sketch);
    column->sketch->rising = column->sketch->falling = true;
}

/* False where it is there already. A slot is free: a sketch ends when half of them are taken. */
static bool add_hash(struct wh_sketch *sketch, struct wh_slice value)
{
    uint32_t hash = (uint32_t)wh_hash(value.text, value.length) | 1;
    for (uint32_t at = (hash >> 1) % SLOTS;; at = (at + 1) % SLOTS) {
        if (sketch->slots[at] == hash)
            return false;
        if (sketch->slots[at] == 0) {
            sketch->slots[at] = hash;
            return true;
        }
    }
}

static void order(struct wh_sketch *sketch, int64_t number, uint32_t before)
{
    if (before) {
        sketch->rising &= number > sketch->last;
        sketch->falling &= number < sketch->last;
    }
    if (!before || number < sketch->lowest)
        sketch->lowest = number;
    if (!before || number > sketch->highest)
        sketch->highest = number;
    sketch->last = number;
}

/* Texts may be names of rows whatever they are, whole numbers where they count the rows; those that
 * only rise may also be a time, or what the rows are sorted by. */
static void find_order(struct wh_census_column *column)
{
    const struct wh_sketch *sketch = column->sketch;
    uint64_t range = (uint64_t)sketch->highest - (uint64_t)sketch->lowest;
    column->gaps = sketch->texts == 0 && range >= 2 * (uint64_t)column->different;
    column->ordered = sketch->texts ? sketch->texts == column->different
                                    : !column->gaps || sketch->rising || sketch->falling;
}

static void watch_value(struct wh_census *census, struct wh_census_column *column,
                        const struct wh_field *field, struct wh_slice text)
{
    struct wh_sketch *sketch = column->sketch;
    int64_t number = 0;
    bool is_text = field->type == WH_STRING;
    bool fits = is_text || (field->type == WH_NUMBER
                            && wh_number_integer(text.text, text.length, &number));
    if (!fits || !add_hash(sketch, text)) {
        column->different = 0;
        end_sketch(census, column);
        return;
    }
    if (is_text)
        sketch->texts++;
    else
        order(sketch, number, column->different);
    column->different++;
    find_order(column);
    if (column->different >= DIFFERENT)
        end_sketch(census, column);
}

/*
 * What texts look like
 */

/* The number of digits from `at` on. */
static size_t digits_at(struct wh_slice text, size_t at)
{
    size_t count = 0;
    while (at + count < text.length && wh_is_digit(text.text[at + count]))
        count++;
    return count;
}

/* A day, month and year in any order with a slash, point or dash between: 31/12/2024, 31.12.24.
 * The year has two or four digits, so that versions (1.2.3) and phone numbers are no dates. */
static bool is_other_date(struct wh_slice text)
{
    size_t at = 0, digits[3];
    char between = 0;
    for (int group = 0; group < 3; group++) {
        digits[group] = digits_at(text, at);
        at += digits[group];
        if (group == 2)
            break;
        if (at == text.length || !strchr("/.-", text.text[at]))
            return false;
        if (group == 1 && text.text[at] != between)
            return false;
        between = text.text[at++];
    }
    if (at < text.length && text.text[at] != ' ')
        return false;
    bool first = digits[0] == 1 || digits[0] == 2, last = digits[2] == 1 || digits[2] == 2;
    return (digits[1] == 1 || digits[1] == 2)
        && ((first && (digits[2] == 2 || digits[2] == 4)) || (last && digits[0] == 4));
}

/*
 * A number but for commas, points, blanks or apostrophes in it: 12,5 or 1.234,50 or 1 000. Digits
 * are grouped by thousands (or, but for the last group, by hundreds), and one comma or point may
 * come before a fraction; other lists of digits, such as phone numbers, are none.
 */
static bool is_separated(struct wh_slice text)
{
    size_t at = text.length && (*text.text == '-' || *text.text == '+');
    size_t digits = digits_at(text, at), last = digits, groups = 0;
    char between = 0;
    bool grouped = digits > 0 && digits <= 3;
    for (at += digits; digits > 0 && at < text.length; groups++) {
        char separator = text.text[at++];
        if (!strchr(",. '", separator))
            return false;
        digits = digits_at(text, at);
        at += digits;
        bool fraction = at == text.length && (separator == ',' || separator == '.')
                     && (groups == 0 || (separator != between && last == 3));
        if (digits == 0 || (!fraction && (!grouped || (between && separator != between)
                                          || (digits != 2 && digits != 3))))
            return false;
        if (fraction)
            return separator == ',' || between;
        between = separator;
        last = digits;
    }
    return groups > 0 && digits == 3 && between != '.';
}

static void take_sample(struct wh_census_sample *sample, struct wh_slice text)
{
    if (sample->taken)
        return;
    sample->taken = true;
    sample->length = (uint8_t)(text.length < WH_CENSUS_SAMPLE ? text.length : WH_CENSUS_SAMPLE);
    if (sample->length)
        memcpy(sample->text, text.text, sample->length);
}

static void look_at(struct wh_census_column *column, struct wh_slice text)
{
    struct wh_civil time;
    column->looked++;
    if (text.length == 0 || !(wh_is_digit(*text.text) || *text.text == '-' || *text.text == '+'))
        return;
    if (wh_time_parse(text.text, text.length, &time))
        column->dates++;
    else if (is_other_date(text))
        column->others++;
    else if (is_separated(text))
        column->separated++;
}

/*
 * Counting
 */

void wh_census_settle(struct wh_census *census)
{
    for (size_t i = 0; i < census->pending.count; i++) {
        struct wh_census_column *column = census->pending.columns[i];
        if (!column)
            continue;
        column->taught.met[column->usual] += census->pending.taught;
        column->seen.met[column->usual] += census->pending.seen;
    }
    census->pending.columns = NULL;
    census->pending.count = 0;
    census->pending.taught = census->pending.seen = 0;
}

static struct wh_census_column *add_column(struct wh_names *names,
                                           struct wh_census_column ***columns,
                                           struct wh_slice name)
{
    struct wh_census_column *column = wh_alloc(1, sizeof *column);
    column->id = wh_names_add(names, name.text, name.length);
    *columns = wh_resize(*columns, column->id, sizeof **columns);
    (*columns)[column->id - 1] = column;
    return column;
}

/* The column, added where it is new; NULL where there is no room for it. */
static struct wh_census_column *meet(struct wh_census *census, struct wh_slice name, bool taught)
{
    struct wh_census_column *column = wh_census_find(census, name);
    struct wh_names *names = taught ? &census->names : &census->stranger_names;
    uint32_t most = taught ? WH_CENSUS_COLUMNS : WH_CENSUS_STRANGERS;
    if (column)
        return column;
    uint32_t id = taught ? WH_NO_FEATURE : wh_names_find(names, name.text, name.length);
    if (id != WH_NO_FEATURE)
        return census->strangers[id - 1];
    if (names->count > most || name.length > WH_MAX_NAME)
        return NULL;
    column = add_column(names, taught ? &census->columns : &census->strangers, name);
    column->stranger = !taught;
    if (taught) {
        column->first = census->rows - 1;
        census->version++;
    }
    return column;
}

void wh_census_copy(struct wh_census *copy, const struct wh_census *census)
{
    wh_census_init(copy);
    copy->rows = copy->rows_before = census->rows;
    copy->earlier = census->earlier;
    for (uint32_t i = 0; i < wh_census_count(census); i++) {
        const struct wh_census_column *from = census->columns[i];
        struct wh_census_column *column = add_column(&copy->names, &copy->columns,
                                                     wh_census_name(census, from));
        column->kind = from->kind;
        column->first = from->first;
        column->taught = column->before = from->taught;
    }
}

static void note_change(struct wh_census_column *column, struct wh_slice text)
{
    column->changed++;
    take_sample(&column->odd, text);
}

static void count_text(struct wh_census_column *column, struct wh_census_counts *counts,
                       struct wh_slice text)
{
    bool value;
    counts->met[WH_STRING]++;
    if (wh_number_valid(text.text, text.length)) {
        counts->numeric++;
    } else {
        counts->truths += is_truth(text, &value);
        take_sample(&column->word, text);
    }
    if (column->looked < LOOKED)
        look_at(column, text);
}

static void count_number(struct wh_census_counts *counts, const struct wh_field *field)
{
    if (counts->bits == counts->met[WH_NUMBER])
        counts->bits += is_bit(field);
    counts->met[WH_NUMBER]++;
}

static void count_value(struct wh_census_column *column, struct wh_census_counts *counts,
                        const struct wh_field *field, struct wh_slice text)
{
    if (field->type == WH_STRING)
        count_text(column, counts, text);
    else if (field->type == WH_NUMBER)
        count_number(counts, field);
    else
        counts->met[field->type]++;
}

/* A value that another census is to count, before its text. */
struct deferred {
    uint32_t column, length;
    bool stranger;
    uint8_t type, flags;
};

static struct wh_census_column *defer_value(struct wh_census *census,
                                            struct wh_census_column *column,
                                            const struct wh_field *field)
{
    const struct deferred value = { column->id, field->length, column->stranger, field->type,
                                    field->flags };
    if (field->type == WH_NULL && column->gathered) {
        column->seen.met[WH_NULL]++;
        return column;
    }
    wh_buffer_add(&census->deferred, (const char *)&value, sizeof value);
    if (field->length > 0)
        wh_buffer_add(&census->deferred, field->text, field->length);
    return column;
}

struct wh_census_column *wh_census_value(struct wh_census *census,
                                         struct wh_census_column *column, struct wh_slice name,
                                         struct wh_row *row, const struct wh_field *field,
                                         bool taught)
{
    struct wh_field as;
    wh_census_settle(census);
    if (!column && !(column = meet(census, name, taught)))
        return NULL;
    if (census->defers)
        return defer_value(census, column, field);
    struct wh_census_counts *counts = wh_census_counts(column, taught);
    if (field->type == WH_NULL) {
        counts->met[WH_NULL]++;
        return column;
    }
    uint64_t values = counts->met[WH_FALSE] + counts->met[WH_TRUE] + counts->met[WH_NUMBER]
                    + counts->met[WH_STRING];
    if (taught) {
        const uint64_t *met = column->before.met;
        values -= met[WH_FALSE] + met[WH_TRUE] + met[WH_NUMBER] + met[WH_STRING];
    }
    struct wh_slice text = wh_row_text(row, field);
    if (wh_census_differs(column, field->type) && !wh_census_read(column, row, field, &as))
        note_change(column, text);
    if (values == 0)
        begin_sketch(census, column);
    if (column->sketch)
        watch_value(census, column, field, text);
    count_value(column, counts, field, text);
    enum wh_census_kind kind = column->kind;
    if (taught)
        column->kind = kind_of(&column->taught, kind);
    census->version += column->kind != kind;
    column->quick = quick_types(column);
    bool number = column->quick >> WH_NUMBER & 1 || !(column->quick >> WH_STRING & 1);
    column->usual = number ? WH_NUMBER : WH_STRING;
    return column;
}

void wh_census_surprise(struct wh_census_column *column, const struct wh_field *field)
{
    column->fresh++;
    if (field->type == WH_STRING)
        return;
    bool truth = field->type == WH_TRUE;
    struct wh_slice text = field->type == WH_NUMBER
                         ? (struct wh_slice){ field->text, field->length }
                         : (struct wh_slice){ truth ? "true" : "false", truth ? 4 : 5 };
    note_change(column, text);
}

/*
 * Keeping: {"columns":{"rows":N,"earlier":N}}, then for each column
 * {"columns":[NAME,KIND,FIRST,NUMBERS,BITS,TEXTS,NUMERIC,TRUTHS,FALSE,TRUE]}.
 */

static const char *const kinds[] = {
    [WH_CENSUS_NONE] = "none",         [WH_CENSUS_NUMBERS] = "numbers",
    [WH_CENSUS_TEXTS] = "texts",       [WH_CENSUS_BOOLEANS] = "booleans",
    [WH_CENSUS_MIXED] = "mixed",
};

const char *wh_census_kind_name(enum wh_census_kind kind)
{
    return kinds[kind];
}

static json_t *save_column(const struct wh_census *census, const struct wh_census_column *column)
{
    const struct wh_census_counts *counts = &column->taught;
    struct wh_slice name = wh_census_name(census, column);
    return json_pack("[s%, s, I, I, I, I, I, I, I, I]", name.text, name.length,
                     kinds[column->kind], (json_int_t)column->first,
                     (json_int_t)counts->met[WH_NUMBER], (json_int_t)counts->bits,
                     (json_int_t)counts->met[WH_STRING], (json_int_t)counts->numeric,
                     (json_int_t)counts->truths, (json_int_t)counts->met[WH_FALSE],
                     (json_int_t)counts->met[WH_TRUE]);
}

int wh_census_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error)
{
    const struct wh_census *census = &model->census;
    if (census->rows == 0)
        return 0;
    json_t *head = json_pack("{s:I, s:I}", "rows", (json_int_t)census->rows, "earlier",
                             (json_int_t)census->earlier);
    int result = wh_lines_add(lines, head, error);
    for (uint32_t i = 0; i < wh_census_count(census) && result == 0; i++)
        result = wh_lines_add(lines, save_column(census, census->columns[i]), error);
    return result;
}

static bool load_count(const json_t *value, uint64_t *count)
{
    json_int_t number = json_integer_value(value);
    *count = (uint64_t)number;
    return json_is_integer(value) && number >= 0 && *count <= MOST_COUNT;
}

static bool load_kind(const json_t *value, enum wh_census_kind *kind)
{
    const char *name = json_string_value(value);
    for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i], name) != 0)
            continue;
        *kind = (enum wh_census_kind)i;
        return true;
    }
    return false;
}

static bool load_counts(const json_t *line, struct wh_census_counts *counts)
{
    return load_count(json_array_get(line, 3), &counts->met[WH_NUMBER])
        && load_count(json_array_get(line, 4), &counts->bits)
        && load_count(json_array_get(line, 5), &counts->met[WH_STRING])
        && load_count(json_array_get(line, 6), &counts->numeric)
        && load_count(json_array_get(line, 7), &counts->truths)
        && load_count(json_array_get(line, 8), &counts->met[WH_FALSE])
        && load_count(json_array_get(line, 9), &counts->met[WH_TRUE])
        && counts->bits <= counts->met[WH_NUMBER]
        && counts->numeric + counts->truths <= counts->met[WH_STRING];
}

static bool load_column(struct wh_census *census, const json_t *line)
{
    const json_t *name = json_array_get(line, 0);
    struct wh_slice text = { json_string_value(name), json_string_length(name) };
    struct wh_census_counts counts = { 0 };
    enum wh_census_kind kind;
    uint64_t first;
    if (json_array_size(line) != 10 || !json_is_string(name) || text.length > WH_MAX_NAME
        || !load_kind(json_array_get(line, 1), &kind)
        || !load_count(json_array_get(line, 2), &first) || !load_counts(line, &counts))
        return false;
    uint64_t values = counts.met[WH_NUMBER] + counts.met[WH_STRING] + counts.met[WH_FALSE]
                    + counts.met[WH_TRUE];
    if (first > census->rows || values > census->rows - first
        || wh_census_count(census) == WH_CENSUS_COLUMNS || wh_census_find(census, text))
        return false;
    struct wh_census_column *column = add_column(&census->names, &census->columns, text);
    column->kind = kind;
    column->first = first;
    column->taught = column->before = counts;
    return true;
}

int wh_census_load(struct wh_model *model, const json_t *value, struct wh_error *error)
{
    struct wh_census *census = &model->census;
    bool sound;
    if (json_is_object(value))
        sound = census->rows == 0 && load_count(json_object_get(value, "rows"), &census->rows)
             && load_count(json_object_get(value, "earlier"), &census->earlier);
    else
        sound = load_column(census, value);
    census->rows_before = census->rows;
    return sound ? 0 : wh_fail(error, WH_REFUSED, "what it holds about columns is invalid");
}

/*
 * Joining
 */

static void add_counts(struct wh_census_counts *counts, const struct wh_census_counts *more)
{
    for (size_t i = 0; i < WH_CENSUS_TYPES; i++)
        counts->met[i] += more->met[i];
    counts->numeric += more->numeric;
    counts->truths += more->truths;
    counts->bits += more->bits;
}

void wh_census_merge(struct wh_census *census, const struct wh_census *from)
{
    for (uint32_t i = 0; i < wh_census_count(from); i++) {
        const struct wh_census_column *other = from->columns[i];
        struct wh_slice name = wh_census_name(from, other);
        struct wh_census_column *column = wh_census_find(census, name);
        if (!column && wh_census_count(census) < WH_CENSUS_COLUMNS) {
            column = add_column(&census->names, &census->columns, name);
            column->first = census->rows;
            column->kind = other->kind;
        }
        if (!column)
            continue;
        /* Where some numbers were others than 0 and 1, `bits` just has to be smaller. */
        add_counts(&column->taught, &other->taught);
        column->first += other->first;
        column->kind = kind_of(&column->taught, column->kind);
    }
    for (uint32_t i = 0; i < wh_census_count(census); i++) {
        struct wh_slice name = wh_census_name(census, census->columns[i]);
        if (!wh_census_find(from, name))
            census->columns[i]->first += from->rows;
    }
    census->rows += from->rows;
    census->earlier += from->earlier;
    census->version++;
}

static void carry_column(struct wh_census *census, const struct wh_census *from,
                         struct wh_census_column *other)
{
    struct wh_census_column *column = meet(census, wh_census_name(from, other), false);
    if (!column)
        return;
    add_counts(&column->seen, &other->seen);
    column->changed += other->changed;
    column->fresh += other->fresh;
    column->odd = other->odd;
    column->word = other->word;
    column->looked = other->looked;
    column->dates = other->dates;
    column->others = other->others;
    column->separated = other->separated;
    /* Values of two models cannot be told apart: only what was settled before is kept. */
    if (column->sketch)
        end_sketch(census, column);
    column->different = other->sketch ? 0 : other->different;
    column->ordered = other->ordered;
    column->gaps = other->gaps;
}

void wh_census_carry(struct wh_census *census, struct wh_census *from)
{
    for (uint32_t i = 0; i < wh_census_count(from); i++)
        carry_column(census, from, from->columns[i]);
    for (uint32_t i = 0; i + 1 < from->stranger_names.count; i++)
        carry_column(census, from, from->strangers[i]);
    census->seen += from->seen;
}

/*
 * Gathering
 */

/* The same column of a census of the same model, or one as strange to it; NULL: none yet. */
static struct wh_census_column *counterpart(const struct wh_census *into,
                                            const struct wh_census *census,
                                            const struct wh_census_column *column)
{
    if (!column->stranger)
        return into->columns[column->id - 1];
    struct wh_slice name = wh_census_name(census, column);
    uint32_t id = wh_names_find(&into->stranger_names, name.text, name.length);
    return id == WH_NO_FEATURE ? NULL : into->strangers[id - 1];
}

static void count_deferred(struct wh_census *into, struct wh_census *census)
{
    struct wh_buffer *values = &census->deferred;
    struct wh_row row = { 0 };
    struct deferred value;
    wh_buffer_reserve(values, WH_SLACK);
    for (size_t at = 0; at < values->length; at += value.length) {
        memcpy(&value, values->data + at, sizeof value);
        at += sizeof value;
        struct wh_field field = { values->data + at, value.length, value.type, value.flags };
        const struct wh_census_column *column = value.stranger ? census->strangers[value.column - 1]
                                                               : census->columns[value.column - 1];
        struct wh_census_column *other = counterpart(into, census, column);
        if (wh_census_is_quick(other, &field))
            other->seen.met[field.type]++;
        else
            wh_census_value(into, other, wh_census_name(census, column), &row, &field, false);
    }
    values->length = 0;
    wh_row_free(&row);
}

static void gather_column(struct wh_census *into, struct wh_census *census,
                          struct wh_census_column *column)
{
    struct wh_census_column *other = counterpart(into, census, column);
    if (other) {
        add_counts(&other->seen, &column->seen);
        other->changed += column->changed;
        other->fresh += column->fresh;
        if (column->odd.taken && !other->odd.taken)
            other->odd = column->odd;
        column->quick = other->quick;
        column->usual = other->usual;
        column->gathered = true;
    }
    column->seen = (struct wh_census_counts){ { 0 }, 0, 0, 0 };
    column->changed = column->fresh = 0;
    column->odd.taken = false;
}

void wh_census_gather(struct wh_census *into, struct wh_census *census)
{
    wh_census_settle(into);
    wh_census_settle(census);
    count_deferred(into, census);
    for (uint32_t i = 0; i < wh_census_count(census); i++)
        gather_column(into, census, census->columns[i]);
    for (uint32_t i = 0; i + 1 < census->stranger_names.count; i++)
        gather_column(into, census, census->strangers[i]);
    into->seen += census->seen;
    census->seen = 0;
}

void wh_census_defer(struct wh_census *census, const struct wh_census *into)
{
    census->defers = true;
    for (uint32_t i = 0; i < wh_census_count(census); i++) {
        census->columns[i]->quick = into->columns[i]->quick;
        census->columns[i]->usual = into->columns[i]->usual;
        census->columns[i]->gathered = true;
    }
}
