/*
 * The census: what a model remembers of the columns that it learned from, and what came in them in
 * this run.
 *
 * Of each raw column (a features object is guarded by its recipe's stamp) the model counts the
 * numbers, texts and booleans that it met. What is in most of them is the column's kind, and a
 * value of another type is read as that where its whole text says so: "90" in a column of numbers
 * is 90, true in a CSV column of booleans is true, 3.0 in a column of texts is the text 3. A column
 * that has both in earnest is mixed, and each of its values is read by itself.
 *
 * A column is known from the first row learned from that had it, be it as null. The kind follows
 * from the rows alone, in their order, and never from where a run or a checkpoint ends. Only what
 * follows from the rows learned from is saved; the rest is for the report at the end of a run
 * (model/findings.h).
 *
 * A column takes about 400 bytes and its name; while its values have all been different, 8 KB more
 * until 1,024 of them have come. At most WH_CENSUS_COLUMNS columns are remembered.
 */
#ifndef WH_MODEL_CENSUS_H
#define WH_MODEL_CENSUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/lines.h"
#include "learn/names.h"
#include "record/row.h"

enum {
    WH_CENSUS_COLUMNS = 8192,   /* that are remembered */
    WH_CENSUS_EXPECTED = 1024,  /* the first of them, which are missed where a row lacks them */
    WH_CENSUS_STRANGERS = 1024, /* columns unknown to the model that a run tells of */
    WH_CENSUS_TYPES = WH_NESTED + 1,
    WH_CENSUS_SAMPLE = 48,
};

enum wh_census_kind {
    WH_CENSUS_NONE, /* no value has come */
    WH_CENSUS_NUMBERS,
    WH_CENSUS_TEXTS,
    WH_CENSUS_BOOLEANS,
    WH_CENSUS_MIXED,
};

/* "numbers", "texts" ... */
const char *wh_census_kind_name(enum wh_census_kind kind);

struct wh_census_counts {
    uint64_t met[WH_CENSUS_TYPES]; /* values, by enum wh_type */
    uint64_t numeric, truths;      /* of the texts, those that read as numbers, or as booleans */
    uint64_t bits; /* numbers that were 0 or 1, counted as long as all were */
};

/* A value as messages show it, cut. */
struct wh_census_sample {
    char text[WH_CENSUS_SAMPLE];
    uint8_t length;
    bool taken;
};

struct wh_sketch;
struct wh_model;

struct wh_census_column {
    uint32_t id;    /* its number in the census' names, or in those of the strangers */
    bool stranger;  /* the model does not know it */
    uint8_t quick;  /* bits by type: values that only need to be counted */
    uint8_t usual;  /* the type of these that wh_census_usual() counts: number or string */
    enum wh_census_kind kind;
    uint64_t first; /* rows learned from before the one that brought it */
    struct wh_census_counts taught;

    /* Of this run. */
    struct wh_census_counts before; /* what `taught` was when it began */
    struct wh_census_counts seen;   /* in rows that were only scored */
    uint64_t changed;               /* values that cannot be read as the column's kind */
    uint64_t fresh;                 /* texts that were no category of the model yet */
    struct wh_census_sample odd;    /* the first value that changed */
    struct wh_census_sample word;   /* the first text that is no number */
    uint64_t looked, dates, others, separated; /* texts looked at; of these dates by ISO 8601, other
                                       dates, and numbers with commas or blanks in them */
    struct wh_sketch *sketch;       /* of values that were all different; NULL: not watched */
    uint32_t different;             /* values before two were alike; 0: two were */
    bool ordered;                   /* these were texts, or whole numbers in order or without large
                                       gaps */
    bool gaps;                      /* they are numbers in order, with large gaps */
    bool gathered;                  /* of a census that defers: the other one has it too */
};

/* In the model. */
struct wh_census {
    uint64_t rows;    /* learned from */
    uint64_t earlier; /* rows that the model learned from before it had a census */
    struct wh_names names;
    struct wh_census_column **columns; /* number i has the name i + 1 */
    uint32_t version; /* goes up when a column or a kind is new */

    /* Rows in which these columns had their usual values, not yet counted in each of them. */
    struct {
        struct wh_census_column *const *columns;
        size_t count;
        uint64_t taught, seen;
    } pending;

    uint64_t rows_before; /* as `before` of a column */
    uint64_t seen;        /* rows only scored */
    struct wh_names stranger_names;
    struct wh_census_column **strangers;
    uint32_t sketches;
    bool defers;
    struct wh_buffer deferred; /* values that are for another census to count */
};

void wh_census_init(struct wh_census *census);
void wh_census_free(struct wh_census *census);
/* Makes `copy` a census of its own that knows the same columns, in which nothing has come yet that
 * was not learned from; freed by wh_census_free. */
void wh_census_copy(struct wh_census *copy, const struct wh_census *census);

static inline uint32_t wh_census_count(const struct wh_census *census)
{
    return census->names.count - 1;
}

/* Its name, of names.names[id].length bytes. */
static inline struct wh_slice wh_census_name(const struct wh_census *census,
                                             const struct wh_census_column *column)
{
    const struct wh_names *names = column->stranger ? &census->stranger_names : &census->names;
    return (struct wh_slice){ wh_names_text(names, column->id), names->names[column->id].length };
}

/* A column that the model knows, or NULL. It lives as long as the census. */
struct wh_census_column *wh_census_find(const struct wh_census *census, struct wh_slice name);

/* A run begins here: what is told of it is what follows. */
void wh_census_begin(struct wh_census *census);

/*
 * Reading
 */

/* Whether values of this type are none of the column's kind. */
static inline bool wh_census_differs(const struct wh_census_column *column, unsigned type)
{
    static const uint8_t own[] = {
        [WH_CENSUS_NONE] = 0xFF,
        [WH_CENSUS_NUMBERS] = 1 << WH_NULL | 1 << WH_NUMBER | 1 << WH_NESTED,
        [WH_CENSUS_TEXTS] = 1 << WH_NULL | 1 << WH_STRING | 1 << WH_NESTED,
        [WH_CENSUS_BOOLEANS] = 1 << WH_NULL | 1 << WH_FALSE | 1 << WH_TRUE | 1 << WH_NESTED,
        [WH_CENSUS_MIXED] = 0xFF,
    };
    return !(own[column->kind] >> type & 1);
}

/*
 * A value of another type than the column's kind, as it is read: of that kind where its text says
 * so; a text as the text it is otherwise, and a number or boolean as null. What is made is in
 * *as, with text of the row's scratch. False where the value cannot be read as the kind.
 */
bool wh_census_read(const struct wh_census_column *column, struct wh_row *row,
                    const struct wh_field *field, struct wh_field *as);

/* Whether rows that lack the column, or have null, are told apart from others by it: it had values
 * in one of 32 rows or more since it first came. */
bool wh_census_expects(const struct wh_census *census, const struct wh_census_column *column);
/* Whether it had a value in every row so far. */
bool wh_census_always(const struct wh_census *census, const struct wh_census_column *column);

/*
 * Counting: first the row, then each of its columns.
 */

static inline struct wh_census_counts *wh_census_counts(struct wh_census_column *column,
                                                        bool taught)
{
    return taught ? &column->taught : &column->seen;
}

static inline void wh_census_row(struct wh_census *census, bool taught)
{
    census->rows += taught;
    census->seen += !taught;
}

/* Adds to each column what is pending. Due before any count is looked at, and before what
 * `columns` points at goes. */
void wh_census_settle(struct wh_census *census);

/* Counts a usual value in each of the columns (NULL: none), which must live until they are settled.
 * The caller takes one off again for a value that is another, by wh_census_unusual(). */
static inline void wh_census_usual(struct wh_census *census,
                                   struct wh_census_column *const *columns, size_t count,
                                   bool taught)
{
    if (census->pending.columns != columns) {
        wh_census_settle(census);
        census->pending.columns = columns;
        census->pending.count = count;
    }
    census->pending.taught += taught;
    census->pending.seen += !taught;
}

/* Counts a value that wh_census_is_quick() is not true of. `taught`: of a row that was learned
 * from. Returns the column, new where it was not known; NULL where there is no room for
 * another. */
struct wh_census_column *wh_census_value(struct wh_census *census,
                                         struct wh_census_column *column, struct wh_slice name,
                                         struct wh_row *row, const struct wh_field *field,
                                         bool taught);

static inline void wh_census_unusual(struct wh_census_column *column, bool taught)
{
    wh_census_counts(column, taught)->met[column->usual]--;
}

/* Whether a string, going by how it begins, may read as a number or as true or false. Those are
 * counted one by one, whatever has come before in this run. */
static inline bool wh_census_may_read(const struct wh_field *field)
{
    char first = *field->text;
    char letter = (char)(first | ' ');
    return (first >= '0' && first <= '9') || first == '-' || first == '\\'
        || ((letter == 't' || letter == 'f')
            && (field->length == 4 || field->length == 5 || field->flags & WH_ESCAPED));
}

/* Whether a value of a column, or NULL, needs no more than counting by its type. */
static inline bool wh_census_is_quick(const struct wh_census_column *column,
                                      const struct wh_field *field)
{
    return column && column->quick >> field->type & 1
        && (field->type != WH_STRING || !wh_census_may_read(field));
}

static inline bool wh_census_is_usual(const struct wh_census_column *column,
                                      const struct wh_field *field)
{
    return wh_census_is_quick(column, field) && column->usual == field->type;
}

/* The value was read as `kind` is, but makes a category that the model did not know. */
void wh_census_surprise(struct wh_census_column *column, const struct wh_field *field);

/*
 * Keeping
 */

/* The section "columns" (model/sections.h). */
int wh_census_write(const struct wh_model *model, struct wh_lines *lines, struct wh_error *error);
int wh_census_load(struct wh_model *model, const json_t *value, struct wh_error *error);

/* Adds what another model's census has counted. */
void wh_census_merge(struct wh_census *census, const struct wh_census *from);

/*
 * Censuses of several threads, each a copy of the same one, whose rows are part of one run. What
 * depends on the order of values, such as whether all are different, a census that `defers` only
 * notes; the one that it gathers into counts that, as if it had met the rows itself: rows that
 * follow those that it has. The other begins anew then. (What it needs no more than counting is
 * what the other one has found out.)
 */
void wh_census_defer(struct wh_census *census, const struct wh_census *into);
void wh_census_gather(struct wh_census *into, struct wh_census *census);

/* What was counted in this run goes on in another model's census, which takes this one's place. */
void wh_census_carry(struct wh_census *census, struct wh_census *from);

#endif
