/*
 * The task: what kind of label there is, and what a label means.
 *
 * It is settled by the first label. A word of the usual pairs (no/yes, n/y, false/true, f/t, 0/1
 * and -1/1: booleans, numbers, or texts in any case) means two classes, of which the second of each
 * pair is the positive one; other texts are classes of which there may be ever more; other numbers
 * are regression. Any two values are two classes where the positive one is named.
 *
 * A label is the same in another spelling where there is no doubt: of two classes 1, 1.0, "1", true
 * and "T" are one, and so are "yes" and "Y"; of more, 1 and "1.0". A label that does not fit what
 * came before is a bad row.
 */
#ifndef WH_MODEL_TASK_H
#define WH_MODEL_TASK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "learn/loss.h"
#include "pipe/stage.h"
#include "record/row.h"

enum {
    WH_MAX_CLASS = 512, /* bytes of the label of a class of many */
};

/* A class, as its label was first spelled. */
struct wh_class {
    char *text; /* decoded; NULL while it was not seen */
    size_t length;
    double number; /* its value, NaN where it is no number */
    double offset; /* of its margin, where there are many: what it began with (model/model.h) */
};

struct wh_task {
    enum wh_task_kind kind;
    uint8_t type;               /* of the first label: WH_TRUE (booleans), WH_NUMBER, WH_STRING */
    char *positive; /* the positive class as the user named it, or NULL */
    struct wh_class *classes; /* negative and positive (seen or not), or those seen so far */
    uint32_t count;
};

/* Of the kinds, NULL last. */
extern const char *const wh_task_names[];

/* `kind` ("binary", "multiclass", "regression" or NULL) and `positive` (or NULL) as the user gave
 * them. */
int wh_task_init(struct wh_task *task, const char *kind, const char *positive,
                 struct wh_error *error);
void wh_task_free(struct wh_task *task);
/* Makes `copy` one of its own; freed by wh_task_free. */
void wh_task_copy(struct wh_task *copy, const struct wh_task *task);
const char *wh_task_name(const struct wh_task *task);

/* Whether labels are classes. */
static inline bool wh_task_classifies(const struct wh_task *task)
{
    return task->kind == WH_TASK_BINARY || task->kind == WH_TASK_MULTICLASS;
}

/*
 * What the label says: the number of its class, which may be new, or its number. WH_BAD where it
 * contradicts what is known. `column` is the label's name, for messages; the row gives scratch
 * memory.
 */
enum wh_verdict wh_task_read(struct wh_task *task, struct wh_row *row, const struct wh_field *field,
                             const char *column, double *target, struct wh_error *error);

/* Whether a text is the class's label, in one spelling or another. */
bool wh_task_is_label(const struct wh_task *task, const struct wh_class *class,
                      const struct wh_slice *text);

/* Whether two classes of one task may be the same, as they may where one was not
 * seen, however they are spelled. */
bool wh_task_same_class(const struct wh_task *task, const struct wh_class *one,
                        const struct wh_class *other);

/* The number of a class of another task, `number` there, which is added where there is room among
 * many; the task's count where it does not fit. */
uint32_t wh_task_take_class(struct wh_task *task, const struct wh_class *class, uint32_t number);

/* What is settled and what classes there are, to go back to: a row that is bad after all, or held
 * out, settles and adds none. */
struct wh_task_mark {
    enum wh_task_kind kind;
    uint8_t type;
    uint32_t count;
    bool seen[2]; /* of two classes: which of them */
};
struct wh_task_mark wh_task_mark(const struct wh_task *task);
void wh_task_undo(struct wh_task *task, const struct wh_task_mark *mark);

/* The label of a class as a field in `row`; null where it is not known. */
struct wh_field wh_task_label(const struct wh_task *task, struct wh_row *row, uint32_t class);

/* What a model's header holds about it, added to the object `header`; and back. */
void wh_task_save(const struct wh_task *task, json_t *header);
int wh_task_load(struct wh_task *task, const json_t *header, struct wh_error *error);

#endif
