#define PCRE2_CODE_UNIT_WIDTH 8

#include "record/shape.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "record/json.h"
#include "record/row.h"

/* What a pattern may cost on one column name before it is given up. */
enum { MATCH_LIMIT = 1000000, DEPTH_LIMIT = 10000, HEAP_LIMIT_KIB = 8192 };

uint64_t wh_shape_serial(void)
{
    static atomic_uint_least64_t last;
    uint64_t count = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    /* One number for each, and 0 for 0 alone: the steps of SplitMix64 (Steele, Lea, Flood 2014). */
    count = (count ^ count >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    count = (count ^ count >> 27) * UINT64_C(0x94D049BB133111EB);
    return count ^ count >> 31;
}

struct wh_column wh_column_named(const char *name)
{
    return (struct wh_column){ .name = name, .length = (uint32_t)strlen(name) };
}

/* Appends `"name":` as NDJSON spells it. */
static void add_key(struct wh_buffer *text, const struct wh_column *column)
{
    if (column->key) {
        wh_buffer_add(text, column->key, column->key_length);
        return;
    }
    wh_buffer_byte(text, '"');
    wh_json_escape(text, column->name, column->length);
    wh_buffer_literal(text, "\":");
}

struct wh_shape *wh_shape_open(const struct wh_column *columns, size_t count)
{
    struct wh_buffer text = { 0 };
    uint32_t *key_lengths = wh_alloc(count, sizeof *key_lengths);
    for (size_t i = 0; i < count; i++) {
        wh_buffer_add(&text, columns[i].name, columns[i].length);
        wh_buffer_byte(&text, '\0');
        size_t before = text.length;
        add_key(&text, &columns[i]);
        key_lengths[i] = (uint32_t)(text.length - before);
    }

    size_t table = count * sizeof(struct wh_column);
    struct wh_shape *shape = wh_alloc(1, sizeof *shape + table + text.length + WH_SLACK);
    struct wh_column *own = (struct wh_column *)(shape + 1);
    char *next = (char *)own + table;
    if (text.length)
        memcpy(next, text.data, text.length);
    for (size_t i = 0; i < count; i++) {
        own[i].name = next;
        own[i].length = columns[i].length;
        own[i].key = next + columns[i].length + 1;
        own[i].key_length = key_lengths[i];
        next += columns[i].length + 1 + key_lengths[i];
    }
    shape->serial = wh_shape_serial();
    shape->count = (uint32_t)count;
    shape->columns = own;
    free(key_lengths);
    wh_buffer_free(&text);
    return shape;
}

void wh_shape_close(struct wh_shape *shape)
{
    free(shape);
}

int wh_shape_find(const struct wh_shape *shape, const char *name, size_t length)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        if (column->length == length && memcmp(column->name, name, length) == 0)
            return (int)i;
    }
    return -1;
}

const char *wh_shape_delimiter(const struct wh_shape *shape)
{
    static const struct {
        char byte;
        const char *option;
    } likely[] = { { ';', "';'" }, { '\t', "'\\t'" }, { '|', "'|'" }, { ',', "," } };
    if (shape->count != 1 || !shape->header)
        return NULL;
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (strchr(shape->columns[0].name, likely[i].byte))
            return likely[i].option;
    return NULL;
}

void wh_shape_suggest(const struct wh_shape *shape, const char *name, struct wh_error *error)
{
    const char *delimiter = wh_shape_delimiter(shape);
    size_t used = strlen(error->text);
    if (delimiter) {
        char shown[96];
        snprintf(error->text + used, sizeof error->text - used,
                 " (the only one is %s: is the delimiter -d %s?)",
                 wh_quote(shown, shape->columns[0].name, shape->columns[0].length), delimiter);
        return;
    }
    const char **names = wh_alloc(shape->count, sizeof *names);
    for (uint32_t i = 0; i < shape->count; i++)
        names[i] = shape->columns[i].name;
    wh_suggest(error->text, sizeof error->text, name, names, shape->count);
    free(names);
}

int wh_shape_lacks(const struct wh_shape *shape, const char *name, size_t length,
                   struct wh_error *error)
{
    char shown[96];
    wh_bad_row(error, "column", name, length, 0, "there is no column %s",
               wh_quote(shown, name, length));
    wh_shape_suggest(shape, name, error);
    return -1;
}

/* One item of a choice: a pattern, or a name that may turn out to be a range. */
struct choice {
    bool negated;
    pcre2_code *pattern;     /* NULL: a name */
    struct wh_buffer name;   /* without its escapes, NUL following */
    struct wh_buffer dashes; /* size_t each: where a dash stood without a backslash */
    struct wh_buffer given;  /* as it was written, for messages; NUL after it */
    bool found;              /* some shape had a column for it */
};

struct wh_columns {
    struct choice *choices;
    size_t count;
    bool chosen;           /* in some shape a column was left over at the end of the list */
    struct wh_buffer hint; /* what may have been meant by an item that was not found at first */
    pcre2_match_data *match;
    pcre2_match_context *limits;
};

void wh_columns_free(struct wh_columns *columns)
{
    if (!columns)
        return;
    for (size_t i = 0; i < columns->count; i++) {
        pcre2_code_free(columns->choices[i].pattern);
        wh_buffer_free(&columns->choices[i].name);
        wh_buffer_free(&columns->choices[i].dashes);
        wh_buffer_free(&columns->choices[i].given);
    }
    free(columns->choices);
    wh_buffer_free(&columns->hint);
    pcre2_match_data_free(columns->match);
    pcre2_match_context_free(columns->limits);
    free(columns);
}

/* Whether `code` finds a match in `name`; negative when it was given up. */
static int pattern_matches(const struct wh_columns *columns, const pcre2_code *code,
                           const char *name, size_t length)
{
    int found = pcre2_match(code, (PCRE2_SPTR)name, length, 0, 0, columns->match, columns->limits);
    if (found == PCRE2_ERROR_NOMATCH)
        return 0;
    return found < 0 ? -1 : 1;
}

static int compile(struct choice *choice, const char *text, size_t length, uint32_t options,
                   struct wh_error *error)
{
    int code;
    PCRE2_SIZE offset;
    choice->pattern = pcre2_compile((PCRE2_SPTR)text, length, PCRE2_UTF | options, &code, &offset,
                                    NULL);
    if (choice->pattern)
        return 0;
    PCRE2_UCHAR reason[128];
    char shown[96];
    pcre2_get_error_message(code, reason, sizeof reason);
    return wh_fail(error, WH_REFUSED, "pattern %s: %s, at character %zu",
                   wh_quote(shown, text, length), (const char *)reason, (size_t)offset + 1);
}

/* A pattern from after its first slash; *end is then after the item. */
static int parse_pattern(struct choice *choice, const char *text, const char *stop,
                         const char **end, struct wh_error *error)
{
    char shown[96];
    const char *close = text;
    while (close < stop && *close != '/')
        close += *close == '\\' && stop - close > 1 ? 2 : 1;
    if (close >= stop)
        return wh_fail(error, WH_REFUSED,
                       "columns %s: the pattern has no closing slash (a column whose name begins "
                       "with a slash is written \\/name)",
                       wh_quote(shown, text - 1, (size_t)(stop - text) + 1));
    uint32_t options = 0;
    const char *next = close + 1;
    if (next < stop && *next == 'i') {
        options = PCRE2_CASELESS;
        next++;
    }
    if (next < stop && *next != ',')
        return wh_fail(error, WH_REFUSED,
                       "columns %s: a comma is missing after the pattern (a slash within it is "
                       "written \\/)", wh_quote(shown, text - 1, (size_t)(stop - text) + 1));
    *end = next;
    return compile(choice, text, (size_t)(close - text), options, error);
}

/* A name or range up to the next comma; *end is then there. */
static int parse_name(struct choice *choice, const char *text, const char *stop, const char **end,
                      struct wh_error *error)
{
    char shown[96];
    const char *next = text;
    for (; next < stop && *next != ','; next++) {
        if (*next == '-') {
            size_t place = choice->name.length;
            wh_buffer_add(&choice->dashes, &place, sizeof place);
        } else if (*next == '\\' && ++next == stop) {
            return wh_fail(error, WH_REFUSED, "columns %s: nothing follows the backslash",
                           wh_quote(shown, text, (size_t)(stop - text)));
        }
        wh_buffer_byte(&choice->name, *next);
    }
    if (choice->name.length == 0)
        return wh_fail(error, WH_REFUSED, "a list of columns holds an empty name");
    wh_buffer_text(&choice->name);
    *end = next;
    return 0;
}

/* A new choice at the end of the list. */
static struct choice *add_choice(struct wh_columns *columns)
{
    columns->choices = wh_resize(columns->choices, columns->count + 1, sizeof *columns->choices);
    struct choice *choice = &columns->choices[columns->count++];
    *choice = (struct choice){ 0 };
    return choice;
}

static int parse_choices(struct wh_columns *columns, const char *next, const char *stop,
                         struct wh_error *error)
{
    for (;;) {
        struct choice *choice = add_choice(columns);
        const char *begin = next;
        if (next < stop && *next == '!') {
            choice->negated = true;
            next++;
        }
        int failed = next < stop && *next == '/'
                         ? parse_pattern(choice, next + 1, stop, &next, error)
                         : parse_name(choice, next, stop, &next, error);
        if (failed)
            return -1;
        wh_buffer_add(&choice->given, begin, (size_t)(next - begin));
        wh_buffer_text(&choice->given);
        if (next == stop)
            return 0;
        next++; /* the comma */
    }
}

int wh_columns_parse(const char *text, size_t length, struct wh_columns **columns,
                     struct wh_error *error)
{
    struct wh_columns *made = wh_alloc(1, sizeof *made);
    made->match = pcre2_match_data_create(1, NULL);
    made->limits = pcre2_match_context_create(NULL);
    *columns = NULL;
    if (!made->match || !made->limits)
        wh_out_of_memory();
    pcre2_set_match_limit(made->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(made->limits, DEPTH_LIMIT);
    pcre2_set_heap_limit(made->limits, HEAP_LIMIT_KIB);
    if (parse_choices(made, text, text + length, error)) {
        wh_columns_free(made);
        return -1;
    }
    *columns = made;
    return 0;
}

/* The indices chosen so far, in order, and for each column whether it is among them. */
struct chosen {
    uint32_t *indices;
    int count;
    bool *present;
};

static void put(struct chosen *chosen, uint32_t index)
{
    if (!chosen->present[index])
        chosen->indices[chosen->count++] = index;
    chosen->present[index] = true;
}

static void put_or_remove(struct chosen *chosen, uint32_t index, bool negated)
{
    if (negated)
        chosen->present[index] = false; /* its index goes when the choice is done */
    else
        put(chosen, index);
}

static void drop_removed(struct chosen *chosen)
{
    int kept = 0;
    for (int i = 0; i < chosen->count; i++)
        if (chosen->present[chosen->indices[i]])
            chosen->indices[kept++] = chosen->indices[i];
    chosen->count = kept;
}

/*
 * Reads the name as a range. A name may hold dashes of its own, so every dash is tried as the one
 * between two columns; more than one reading is refused. 1 found, 0 no range, -1 error.
 */
static int find_range(const struct choice *choice, const struct wh_shape *shape, int *first,
                      int *last, struct wh_error *error)
{
    const char *name = choice->name.data;
    size_t count = choice->dashes.length / sizeof(size_t);
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t dash;
        memcpy(&dash, choice->dashes.data + i * sizeof dash, sizeof dash);
        int left = wh_shape_find(shape, name, dash);
        int right = wh_shape_find(shape, name + dash + 1, choice->name.length - dash - 1);
        if (left < 0 || right < 0)
            continue;
        char shown[96];
        if (found++)
            return wh_bad_row(error, "column", name, choice->name.length, 0,
                              "%s can be read as more than one range of columns (write \\- for a "
                              "dash within a name)", wh_quote(shown, name, choice->name.length));
        *first = left < right ? left : right;
        *last = left < right ? right : left;
    }
    return found;
}

static int resolve_name(struct choice *choice, const struct wh_shape *shape, bool lenient,
                        struct chosen *chosen, struct wh_error *error)
{
    lenient = lenient || (choice->negated && choice->found);
    int first = wh_shape_find(shape, choice->name.data, choice->name.length);
    int last = first;
    if (first < 0) {
        int found = find_range(choice, shape, &first, &last, error);
        if (found < 0)
            return -1;
        if (!found)
            return lenient ? 0 : wh_shape_lacks(shape, choice->name.data, choice->name.length,
                                                error);
    }
    for (int i = first; i <= last; i++)
        put_or_remove(chosen, (uint32_t)i, choice->negated);
    choice->found = true;
    return 0;
}

static int resolve_pattern(const struct wh_columns *columns, struct choice *choice,
                           const struct wh_shape *shape, struct chosen *chosen,
                           struct wh_error *error)
{
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct wh_column *column = &shape->columns[i];
        int found = pattern_matches(columns, choice->pattern, column->name, column->length);
        char shown[96];
        if (found < 0)
            return wh_bad_row(error, "column", column->name, column->length, 0,
                              "a pattern that chooses columns costs too much on the name %s",
                              wh_quote(shown, column->name, column->length));
        if (found)
            put_or_remove(chosen, i, choice->negated);
        choice->found = choice->found || found;
    }
    return 0;
}

/* The letters and digits of a name, in lower case; of a pattern, without its escapes. */
static void plain_letters(struct wh_buffer *out, const char *text, size_t length)
{
    out->length = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\\')
            i++;
        else if (isalnum(c) || c >= 0x80)
            wh_buffer_byte(out, (char)tolower(c));
    }
    wh_buffer_text(out);
}

/* A column whose name has the pattern's letters, whatever their case and what is between them. */
static const struct wh_column *like_pattern(const struct choice *choice,
                                            const struct wh_shape *shape)
{
    enum { FEWEST = 2 };
    struct wh_buffer wanted = { 0 }, letters = { 0 };
    const struct wh_column *found = NULL;
    const char *text = choice->given.data + choice->negated;
    plain_letters(&wanted, text, (size_t)(strrchr(text, '/') - text));
    for (uint32_t i = 0; !found && wanted.length >= FEWEST && i < shape->count; i++) {
        plain_letters(&letters, shape->columns[i].name, shape->columns[i].length);
        if (strstr(letters.data, wanted.data))
            found = &shape->columns[i];
    }
    wh_buffer_free(&wanted);
    wh_buffer_free(&letters);
    return found;
}

/* The first item that has found no column so far: among all, or all but the plain names. */
static const struct choice *not_found(const struct wh_columns *columns, bool names)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct choice *choice = &columns->choices[i];
        if (!choice->found && (names || choice->pattern || choice->negated))
            return choice;
    }
    return NULL;
}

/* Adds to the error what may have been meant. */
static void suggest(const struct choice *choice, const struct wh_shape *shape,
                    struct wh_error *error)
{
    if (!choice->pattern || wh_shape_delimiter(shape)) {
        wh_shape_suggest(shape, choice->pattern ? "" : choice->name.data, error);
        return;
    }
    const struct wh_column *like = like_pattern(choice, shape);
    char shown[96];
    size_t used = strlen(error->text);
    if (like)
        snprintf(error->text + used, sizeof error->text - used, " (did you mean %s?)",
                 wh_quote(shown, like->name, like->length));
}

/* Keeps what an item that the shape has no column for may have meant: the row is gone by the time
 * that no other is known to have one. */
static void keep_hint(struct wh_columns *columns, const struct wh_shape *shape)
{
    const struct choice *choice = columns->hint.data ? NULL : not_found(columns, true);
    if (!choice)
        return;
    struct wh_error error;
    error.text[0] = '\0';
    suggest(choice, shape, &error);
    wh_buffer_add(&columns->hint, error.text, strlen(error.text) + 1);
}

int wh_columns_resolve(struct wh_columns *columns, const struct wh_shape *shape, bool lenient,
                       uint32_t *indices, struct wh_error *error)
{
    struct chosen chosen = { .indices = indices,
                             .present = wh_alloc(shape->count, sizeof(bool)) };
    if (columns->choices[0].negated)
        for (uint32_t i = 0; i < shape->count; i++)
            put(&chosen, i);
    int failed = 0;
    for (size_t i = 0; i < columns->count && !failed; i++) {
        struct choice *choice = &columns->choices[i];
        failed = choice->pattern ? resolve_pattern(columns, choice, shape, &chosen, error)
                                 : resolve_name(choice, shape, lenient, &chosen, error);
        if (choice->negated)
            drop_removed(&chosen);
    }
    free(chosen.present);
    columns->chosen = columns->chosen || (!failed && chosen.count > 0);
    if (!failed)
        keep_hint(columns, shape);
    return failed ? -1 : chosen.count;
}

static int refuse_choice(const struct wh_columns *columns, const struct choice *choice,
                         const struct wh_shape *shape, struct wh_error *error)
{
    const char *pattern = choice->given.data + choice->negated;
    char shown[96];
    if (choice->pattern)
        wh_fail(error, WH_REFUSED, shape ? "no column matches %s"
                                         : "no row has a column that matches %s", pattern);
    else
        wh_fail(error, WH_REFUSED, shape ? "there is no column %s" : "no row has a column %s",
                wh_quote(shown, choice->name.data, choice->name.length));
    size_t used = strlen(error->text);
    if (shape)
        suggest(choice, shape, error);
    else if (columns->hint.data)
        snprintf(error->text + used, sizeof error->text - used, "%s", columns->hint.data);
    return -1;
}

static int refuse_empty(const struct wh_columns *columns, struct wh_error *error)
{
    struct wh_buffer list = { 0 };
    char shown[96];
    for (size_t i = 0; i < columns->count; i++) {
        if (i > 0)
            wh_buffer_byte(&list, ',');
        wh_buffer_add(&list, columns->choices[i].given.data, columns->choices[i].given.length);
    }
    wh_fail(error, WH_REFUSED, "%s chooses no column", wh_quote(shown, list.data, list.length));
    wh_buffer_free(&list);
    return -1;
}

int wh_columns_check(const struct wh_columns *columns, bool names, const struct wh_shape *shape,
                     struct wh_error *error)
{
    const struct choice *choice = not_found(columns, names);
    if (choice)
        return refuse_choice(columns, choice, shape, error);
    if (!columns->chosen && !not_found(columns, true))
        return refuse_empty(columns, error);
    return 0;
}

bool wh_columns_chosen(const struct wh_columns *columns)
{
    return columns->chosen;
}

/* The last bit says that a column was chosen; items beyond the others are taken as found. */
enum { FOUND_BITS = 48 };

uint64_t wh_columns_found(const struct wh_columns *columns)
{
    uint64_t found = columns->chosen ? UINT64_C(1) << FOUND_BITS : 0;
    for (size_t i = 0; i < columns->count && i < FOUND_BITS; i++)
        found |= (uint64_t)columns->choices[i].found << i;
    return found;
}

void wh_columns_set_found(struct wh_columns *columns, uint64_t found)
{
    columns->chosen = found >> FOUND_BITS & 1;
    for (size_t i = 0; i < columns->count; i++)
        columns->choices[i].found = i >= FOUND_BITS || (found >> i & 1);
}

const char *wh_columns_absent(const struct wh_columns *columns, const struct wh_shape *shape,
                              size_t *item, size_t *length)
{
    struct wh_error ignored;
    int first, last;
    while (*item < columns->count) {
        const struct choice *choice = &columns->choices[(*item)++];
        if (choice->pattern || choice->negated ||
            wh_shape_find(shape, choice->name.data, choice->name.length) >= 0 ||
            find_range(choice, shape, &first, &last, &ignored) != 0)
            continue;
        *length = choice->name.length;
        return choice->name.data;
    }
    return NULL;
}

void wh_columns_suggest_later(const struct wh_columns *columns, const struct wh_shape *shape,
                              struct wh_error *error)
{
    size_t used = strlen(error->text), item = 0, length;
    if (wh_columns_absent(columns, shape, &item, &length))
        snprintf(error->text + used, sizeof error->text - used,
                 " in the first row; a pattern, /^NAME$/, is for columns that rows may lack");
}

static bool plain_names(const struct wh_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct choice *choice = &columns->choices[i];
        if (choice->pattern || choice->negated || choice->dashes.length)
            return false;
    }
    return true;
}

bool wh_columns_overlap(const struct wh_columns *left, const struct wh_columns *right)
{
    if (!plain_names(left) || !plain_names(right))
        return true;
    for (size_t i = 0; i < left->count; i++)
        if (wh_columns_match(right, left->choices[i].name.data, left->choices[i].name.length))
            return true;
    return false;
}

bool wh_columns_match(const struct wh_columns *columns, const char *name, size_t length)
{
    bool chosen = columns->choices[0].negated;
    for (size_t i = 0; i < columns->count; i++) {
        const struct choice *choice = &columns->choices[i];
        bool same = choice->pattern
                        ? pattern_matches(columns, choice->pattern, name, length) > 0
                        : choice->name.length == length &&
                              memcmp(choice->name.data, name, length) == 0;
        if (same)
            chosen = !choice->negated;
    }
    return chosen;
}
