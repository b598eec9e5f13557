#include "model/task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/choice.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "model/examples.h"
#include "record/json.h"

const char *const wh_task_names[] = { "binary", "multiclass", "regression", NULL };

#define UNSETTLED "not settled"
static const char *const type_names[] = {
    [WH_TRUE] = "boolean", [WH_NUMBER] = "number", [WH_STRING] = "string",
};

/* Margins are within +-50, and so are logarithms of their sums and of numbers of rows. */
static const double LARGEST_OFFSET = 200;

/* Words that say by themselves which of two classes they are, in families that do not mix. */
static const struct {
    const char *word;
    int side, family;
} words[] = {
    { "no", 0, 1 }, { "n", 0, 1 }, { "yes", 1, 1 }, { "y", 1, 1 },
    { "false", 0, 2 }, { "f", 0, 2 }, { "true", 1, 2 }, { "t", 1, 2 },
    { "off", 0, 3 }, { "on", 1, 3 },
};

static void make_two(struct wh_task *task)
{
    task->kind = WH_TASK_BINARY;
    task->classes = wh_resize(task->classes, 2, sizeof *task->classes);
    while (task->count < 2)
        task->classes[task->count++] = (struct wh_class){ 0 };
}

int wh_task_init(struct wh_task *task, const char *kind, const char *positive,
                 struct wh_error *error)
{
    *task = (struct wh_task){ 0 };
    if (wh_choice_check("task", kind, wh_task_names, error) != 0)
        return -1;
    if (kind && strcmp(kind, "regression") == 0)
        task->kind = WH_TASK_REGRESSION;
    else if (kind && strcmp(kind, "multiclass") == 0)
        task->kind = WH_TASK_MULTICLASS;
    else if (positive || kind)
        make_two(task);
    if (positive && task->kind != WH_TASK_BINARY)
        return wh_fail(error, WH_REFUSED, "--positive applies only to two classes, and the "
                       "task is %s", kind);
    if (positive)
        task->positive = wh_copy(positive, strlen(positive));
    return 0;
}

void wh_task_free(struct wh_task *task)
{
    free(task->positive);
    for (uint32_t i = 0; i < task->count; i++)
        free(task->classes[i].text);
    free(task->classes);
    *task = (struct wh_task){ 0 };
}

const char *wh_task_name(const struct wh_task *task)
{
    static const char *const names[] = {
        [WH_TASK_UNSETTLED] = UNSETTLED,
        [WH_TASK_BINARY] = "binary",
        [WH_TASK_REGRESSION] = "regression",
        [WH_TASK_MULTICLASS] = "multiclass",
    };
    return names[task->kind];
}

/* A label while it is being looked at. */
struct label {
    uint8_t type; /* WH_TRUE for both booleans */
    struct wh_slice text;
    double number; /* of a number */
    const char *column;
    struct wh_task *task;
};

/*
 * Spelling
 */

/* The number that the whole text is; NaN for another text. */
static double number_of(const struct wh_slice *text)
{
    return wh_number_valid(text->text, text->length) ? wh_number_parse(text->text, text->length)
                                                     : (double)NAN;
}

/* What a word says of two classes. */
struct side {
    int side; /* -1: nothing */
    int family;
    bool digit; /* it is 1, 0 or -1 */
    bool minus; /* it is -1, which goes with 1 only: with 0 it would be one of three */
};

/* Also of "+1", which is no number in JSON. */
static struct side find_side(const struct wh_slice *text)
{
    bool plus = text->length > 0 && *text->text == '+';
    double number = number_of(&(struct wh_slice){ text->text + plus, text->length - plus });
    if (fabs(number) == 1 || number == 0)
        return (struct side){ number == 1, 2, true, number == -1 };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == text->length
            && strncasecmp(words[i].word, text->text, text->length) == 0)
            return (struct side){ words[i].side, words[i].family, false, false };
    return (struct side){ -1, 0, false, false };
}

static struct wh_slice slice_of(const struct wh_class *class)
{
    return (struct wh_slice){ class->text, class->length };
}

static bool same_bytes(const struct wh_slice *one, const struct wh_slice *other)
{
    return one->length == other->length && memcmp(one->text, other->text, one->length) == 0;
}

static bool same_value(const struct wh_slice *one, const struct wh_slice *other)
{
    return same_bytes(one, other) || number_of(one) == number_of(other);
}

/* The same word of two classes too, as "Y" and "yes", or 1 and true. */
static bool same_word(const struct wh_slice *one, const struct wh_slice *other)
{
    struct side side = find_side(one), others = find_side(other);
    return same_value(one, other)
        || (side.side >= 0 && side.side == others.side && side.family == others.family
            && side.minus == others.minus);
}

bool wh_task_is_label(const struct wh_task *task, const struct wh_class *class,
                      const struct wh_slice *text)
{
    if (!class->text)
        return false;
    struct wh_slice label = slice_of(class);
    return task->kind == WH_TASK_BINARY ? same_word(&label, text) : same_value(&label, text);
}

/*
 * Labels that do not fit
 */

/* What would have made the label fit, as far as its text tells; "" where it does not. */
static void advise_trimming(const struct label *label, char *advice, size_t size)
{
    struct wh_slice text = label->text;
    while (text.length && strchr(" \t\r\n", text.text[0]))
        text = (struct wh_slice){ text.text + 1, text.length - 1 };
    while (text.length && strchr(" \t\r\n", text.text[text.length - 1]))
        text.length--;
    bool fits = text.length && text.length < label->text.length
             && (label->task->kind == WH_TASK_REGRESSION ? !isnan(number_of(&text))
                                                         : find_side(&text).side >= 0);
    *advice = '\0';
    if (fits)
        snprintf(advice, size, " (wh-clean --trim %s removes the blanks)", label->column);
}

/* How to learn from labels of two classes and a third value. The remedy is the same whether a model
 * is there or not, and whichever tool reads the labels. */
static void advise_learning(const struct label *label, char *advice, size_t size)
{
    const struct wh_task *task = label->task;
    bool number = label->type == WH_NUMBER, two = task->classes[0].text && task->classes[1].text;
    char quoted[96];
    snprintf(advice, size, " (learn anew with wh-update --new%s --task multiclass for more than "
             "two classes%s", number ? " --task regression for a number," : "", two ? ")" : "");
    if (two)
        return;
    size_t length = strlen(advice);
    snprintf(advice + length, size - length, ", or with --positive %s for these two)",
             wh_quote(quoted, label->text.text, label->text.length));
}

static enum wh_verdict contradicts(const struct label *label, struct wh_error *error)
{
    enum { ADVICE = 512 };
    const struct wh_task *task = label->task;
    const struct wh_class *classes = task->classes;
    char quoted[96], other[96], positive[96], advice[ADVICE];
    advise_trimming(label, advice, sizeof advice);
    if (!*advice && (classes[0].text || classes[1].text))
        advise_learning(label, advice, sizeof advice);
    wh_quote(quoted, label->text.text, label->text.length);
    if (!classes[0].text && !classes[1].text)
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s is not one of two classes%s", quoted,
                   *advice ? advice : " (of two name the positive one with --positive VALUE)");
    else if (classes[0].text && classes[1].text)
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s is neither %s nor %s, the labels so far%s", quoted,
                   wh_quote(other, classes[0].text, classes[0].length),
                   wh_quote(positive, classes[1].text, classes[1].length), advice);
    else if (task->positive)
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s is neither %s (--positive) nor %s, the label so far%s", quoted,
                   wh_quote(positive, task->positive, strlen(task->positive)),
                   wh_quote(other, classes[0].text, classes[0].length), advice);
    else {
        const struct wh_class *seen = &classes[classes[1].text ? 1 : 0];
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s does not go with %s, the label so far%s", quoted,
                   wh_quote(other, seen->text, seen->length), advice);
    }
    return WH_BAD;
}

/*
 * Two classes
 */

/* Where the user has named the positive class. */
static int named_side(const struct label *label)
{
    const struct wh_task *task = label->task;
    const struct wh_slice positive = { task->positive, strlen(task->positive) };
    if (same_word(&label->text, &positive))
        return 1;
    return !task->classes[0].text || wh_task_is_label(task, &task->classes[0], &label->text) ? 0
                                                                                             : -1;
}

/* Whether a class, once it was seen, has a word that goes with this one. */
static bool goes_with(const struct side *side, const struct wh_class *class)
{
    if (!class->text)
        return true;
    struct wh_slice text = slice_of(class);
    struct side other = find_side(&text);
    if (side->family != other.family)
        return false;
    return side->side == other.side ? side->minus == other.minus : !side->minus || other.digit;
}

/* Which class the label is; -1 where it is none. */
static int side_of(const struct label *label)
{
    const struct wh_class *classes = label->task->classes;
    for (int i = 0; i < 2; i++) {
        struct wh_slice text = slice_of(&classes[i]);
        if (text.text && same_bytes(&label->text, &text))
            return i;
    }
    if (label->task->positive)
        return named_side(label);
    struct side side = find_side(&label->text);
    return goes_with(&side, &classes[0]) && goes_with(&side, &classes[1]) ? side.side : -1;
}

/* The task that a first label means. */
static enum wh_task_kind kind_of(const struct label *label)
{
    if (find_side(&label->text).side >= 0)
        return WH_TASK_BINARY;
    return label->type == WH_NUMBER ? WH_TASK_REGRESSION : WH_TASK_MULTICLASS;
}

/* Settles the task by the first label. */
static enum wh_verdict settle(const struct label *label, struct wh_error *error)
{
    struct wh_task *task = label->task;
    char quoted[96];
    enum wh_task_kind kind = kind_of(label);
    if (task->kind == WH_TASK_BINARY && !task->positive && kind == WH_TASK_MULTICLASS) {
        wh_fail(error, WH_REFUSED,
                "%s: which class is %s? Of two name the positive one with --positive VALUE",
                label->column, wh_quote(quoted, label->text.text, label->text.length));
        return WH_FATAL;
    }
    if (task->kind == WH_TASK_UNSETTLED)
        task->kind = kind;
    if (task->kind == WH_TASK_BINARY)
        make_two(task);
    task->type = label->type;
    return WH_TAKEN;
}

/*
 * Reading
 */

static enum wh_verdict read_number(const struct label *label, double *target,
                                   struct wh_error *error)
{
    char quoted[96], advice[256];
    double number = label->type == WH_NUMBER ? label->number : number_of(&label->text);
    if (isnan(number)) {
        advise_trimming(label, advice, sizeof advice);
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s is not a number, and the task is regression%s",
                   wh_quote(quoted, label->text.text, label->text.length),
                   *advice ? advice : " (for classes learn anew with wh-update --new --task "
                                      "multiclass)");
        return WH_BAD;
    }
    if (!(fabs(number) <= WH_LARGEST_VALUE)) {
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s is too large to learn from (the limit is 1e50)",
                   wh_quote(quoted, label->text.text, label->text.length));
        return WH_BAD;
    }
    *target = number;
    return WH_TAKEN;
}

static enum wh_verdict too_long(const struct label *label, int most, struct wh_error *error)
{
    wh_bad_row(error, "label", label->column, strlen(label->column), 0,
               "is too long for a label (%d bytes at most)", most);
    return WH_BAD;
}

static struct wh_class make_class(const struct label *label)
{
    return (struct wh_class){ .text = wh_copy(label->text.text, label->text.length),
                              .length = label->text.length, .number = number_of(&label->text) };
}

/* Of two classes. */
static enum wh_verdict read_side(const struct label *label, double *target,
                                 struct wh_error *error)
{
    struct wh_task *task = label->task;
    int side = side_of(label);
    if (side < 0)
        return contradicts(label, error);
    struct wh_class *class = &task->classes[side];
    if (!class->text && label->text.length > WH_MAX_NAME)
        return too_long(label, WH_MAX_NAME, error);
    if (!class->text)
        *class = make_class(label);
    *target = side;
    return WH_TAKEN;
}

/* The class among many that the label is; their count where it is none of them. */
static uint32_t find_class(const struct label *label)
{
    const struct wh_task *task = label->task;
    uint32_t i = 0;
    while (i < task->count
           && (label->text.length != task->classes[i].length
               || memcmp(label->text.text, task->classes[i].text, label->text.length) != 0))
        i++;
    double number = i < task->count ? (double)NAN : number_of(&label->text);
    if (isnan(number))
        return i;
    for (i = 0; i < task->count && task->classes[i].number != number;)
        i++;
    return i;
}

static enum wh_verdict other_type(const struct label *label, struct wh_error *error)
{
    char quoted[96];
    wh_bad_row(error, "label", label->column, strlen(label->column), 0,
               "%s is no %s, as the labels before were (wh-clean --type %s=string makes texts of "
               "all labels, and so does --string %s in CSV)",
               wh_quote(quoted, label->text.text, label->text.length),
               type_names[label->task->type], label->column, label->column);
    return WH_BAD;
}

/* Of many, which may be a new one. */
static enum wh_verdict read_class(const struct label *label, double *target,
                                  struct wh_error *error)
{
    struct wh_task *task = label->task;
    char quoted[96];
    uint32_t class = find_class(label);
    *target = class;
    if (class < task->count)
        return WH_TAKEN;
    bool number = task->type == WH_NUMBER && !isnan(number_of(&label->text));
    if (label->type != task->type && !number)
        return other_type(label, error);
    if (label->text.length > WH_MAX_CLASS)
        return too_long(label, WH_MAX_CLASS, error);
    if (task->count == WH_MOST_CLASSES) {
        wh_bad_row(error, "label", label->column, strlen(label->column), 0,
                   "%s would be one class too many (%d at most)",
                   wh_quote(quoted, label->text.text, label->text.length), WH_MOST_CLASSES);
        return WH_BAD;
    }
    task->classes = wh_resize(task->classes, task->count + 1, sizeof *task->classes);
    task->classes[task->count++] = make_class(label);
    return WH_TAKEN;
}

static struct wh_class copy_class(const struct wh_class *class)
{
    struct wh_class copy = *class;
    copy.text = wh_copy(class->text, class->length);
    return copy;
}

void wh_task_copy(struct wh_task *copy, const struct wh_task *task)
{
    *copy = *task;
    if (task->positive)
        copy->positive = wh_copy(task->positive, strlen(task->positive));
    copy->classes = wh_alloc(task->count, sizeof *copy->classes);
    for (uint32_t i = 0; i < task->count; i++)
        copy->classes[i] = task->classes[i].text ? copy_class(&task->classes[i])
                                                 : task->classes[i];
}

bool wh_task_same_class(const struct wh_task *task, const struct wh_class *one,
                        const struct wh_class *other)
{
    struct wh_slice text = slice_of(other);
    return !one->text || !text.text || wh_task_is_label(task, one, &text);
}

uint32_t wh_task_take_class(struct wh_task *task, const struct wh_class *class, uint32_t number)
{
    if (task->kind == WH_TASK_BINARY) {
        struct wh_class *here = &task->classes[number];
        if (class->text && !here->text)
            *here = copy_class(class);
        return wh_task_same_class(task, here, class) ? number : task->count;
    }
    for (uint32_t i = 0; i < task->count; i++)
        if (wh_task_same_class(task, &task->classes[i], class))
            return i;
    if (task->count == WH_MOST_CLASSES)
        return task->count;
    task->classes = wh_resize(task->classes, task->count + 1, sizeof *task->classes);
    task->classes[task->count] = copy_class(class);
    return task->count++;
}

struct wh_task_mark wh_task_mark(const struct wh_task *task)
{
    const struct wh_class *classes = task->classes;
    return (struct wh_task_mark){
        .kind = task->kind,
        .type = task->type,
        .count = task->count,
        .seen = { task->count > 0 && classes[0].text, task->count > 1 && classes[1].text },
    };
}

void wh_task_undo(struct wh_task *task, const struct wh_task_mark *mark)
{
    while (task->count > mark->count)
        free(task->classes[--task->count].text);
    for (uint32_t i = 0; i < task->count && mark->kind == WH_TASK_BINARY; i++) {
        if (mark->seen[i])
            continue;
        free(task->classes[i].text);
        task->classes[i] = (struct wh_class){ 0 };
    }
    task->kind = mark->kind;
    task->type = mark->type;
}

static enum wh_verdict read_label(const struct label *label, double *target,
                                  struct wh_error *error)
{
    struct wh_task *task = label->task;
    if (task->type == WH_NULL) {
        enum wh_verdict verdict = settle(label, error);
        if (verdict != WH_TAKEN)
            return verdict;
    }
    switch (task->kind) {
    case WH_TASK_REGRESSION:
        return read_number(label, target, error);
    case WH_TASK_MULTICLASS:
        return read_class(label, target, error);
    case WH_TASK_BINARY:
    case WH_TASK_UNSETTLED:
        break;
    }
    return read_side(label, target, error);
}

enum wh_verdict wh_task_read(struct wh_task *task, struct wh_row *row, const struct wh_field *field,
                             const char *column, double *target, struct wh_error *error)
{
    if (field->type == WH_NESTED) {
        wh_bad_row(error, "label", column, strlen(column), 0, "an array or object is no label");
        return WH_BAD;
    }
    struct label label = {
        .type = field->type == WH_FALSE ? (uint8_t)WH_TRUE : field->type,
        .text = field->type == WH_TRUE    ? (struct wh_slice){ "true", 4 }
              : field->type == WH_FALSE   ? (struct wh_slice){ "false", 5 }
                                          : wh_row_text(row, field),
        .column = column,
        .task = task,
    };
    wh_field_number(field, &label.number);
    /* A bad row settles nothing. */
    enum wh_task_kind kind = task->kind;
    uint8_t type = task->type;
    enum wh_verdict verdict = read_label(&label, target, error);
    if (verdict != WH_TAKEN) {
        task->kind = kind;
        task->type = type;
    }
    return verdict;
}

struct wh_field wh_task_label(const struct wh_task *task, struct wh_row *row, uint32_t number)
{
    const struct wh_class *class = &task->classes[number];
    if (task->type == WH_TRUE && task->kind == WH_TASK_BINARY)
        return (struct wh_field){ .type = number ? WH_TRUE : WH_FALSE };
    if (task->type == WH_TRUE)
        return (struct wh_field){ .type = class->length == strlen("true") ? WH_TRUE : WH_FALSE };
    if (!class->text)
        return (struct wh_field){ .type = WH_NULL };
    char *text = wh_row_take(row, class->length);
    memcpy(text, class->text, class->length);
    /* The first labels may have been 1 and "false". */
    uint8_t type = task->type;
    if (type == WH_NUMBER && isnan(class->number))
        type = WH_STRING;
    bool safe = type == WH_STRING && wh_json_safe(class->text, class->length);
    return (struct wh_field){ .type = type, .text = text,
                              .length = (uint32_t)class->length,
                              .flags = safe ? WH_JSON_SAFE : 0 };
}

static json_t *text_or_null(const char *text, size_t length)
{
    return text ? json_stringn(text, length) : json_null();
}

void wh_task_save(const struct wh_task *task, json_t *header)
{
    json_object_set_new(header, "task", json_string(wh_task_name(task)));
    if (!wh_task_classifies(task))
        return;
    json_t *labels = json_array();
    for (uint32_t i = 0; i < task->count; i++)
        json_array_append_new(labels,
                              text_or_null(task->classes[i].text, task->classes[i].length));
    json_object_set_new(header, "labels", labels);
    json_object_set_new(header, "label_type",
                        task->type == WH_NULL ? json_null() : json_string(type_names[task->type]));
    if (task->kind == WH_TASK_MULTICLASS) {
        json_t *offsets = json_array();
        for (uint32_t i = 0; i < task->count; i++)
            json_array_append_new(offsets, json_real(task->classes[i].offset));
        json_object_set_new(header, "offsets", offsets);
        return;
    }
    json_object_set_new(header, "positive",
                        task->positive ? json_string(task->positive) : json_null());
}

static int load_class(struct wh_task *task, const json_t *label, struct wh_class *class,
                      struct wh_error *error)
{
    size_t most = task->kind == WH_TASK_BINARY ? WH_MAX_NAME : WH_MAX_CLASS;
    *class = (struct wh_class){ 0 };
    if (json_is_null(label) && task->kind == WH_TASK_BINARY)
        return 0;
    if (!json_is_string(label) || json_string_length(label) > most)
        return wh_fail(error, WH_REFUSED, "its labels are not texts");
    class->length = json_string_length(label);
    class->text = wh_copy(json_string_value(label), class->length);
    class->number = number_of(&(struct wh_slice){ class->text, class->length });
    if (isnan(class->number) && task->type == WH_NUMBER && task->kind == WH_TASK_MULTICLASS)
        return wh_fail(error, WH_REFUSED, "its labels are not numbers");
    return 0;
}

static int load_classes(struct wh_task *task, const json_t *labels, struct wh_error *error)
{
    size_t count = json_array_size(labels);
    bool two = task->kind == WH_TASK_BINARY;
    if (!json_is_array(labels) || (two ? count != 2 : count > WH_MOST_CLASSES))
        return wh_fail(error, WH_REFUSED, "it has too many or too few labels for its task");
    task->classes = wh_resize(task->classes, count, sizeof *task->classes);
    task->count = 0;
    for (size_t i = 0; i < count; i++)
        if (load_class(task, json_array_get(labels, i), &task->classes[task->count++], error) != 0)
            return -1;
    return 0;
}

static int load_offsets(struct wh_task *task, const json_t *offsets, struct wh_error *error)
{
    bool good = json_array_size(offsets) == task->count;
    for (uint32_t i = 0; good && i < task->count; i++) {
        const json_t *offset = json_array_get(offsets, i);
        task->classes[i].offset = json_number_value(offset);
        good = json_is_number(offset) && fabs(task->classes[i].offset) <= LARGEST_OFFSET;
    }
    return good ? 0 : wh_fail(error, WH_REFUSED, "its offsets are invalid");
}

static int load_type(struct wh_task *task, const json_t *header, struct wh_error *error)
{
    const json_t *label_type = json_object_get(header, "label_type");
    const char *type = json_string_value(label_type);
    for (uint8_t i = WH_TRUE; type && i <= WH_STRING; i++)
        if (type_names[i] && strcmp(type, type_names[i]) == 0)
            task->type = i;
    if (task->type == WH_NULL && !json_is_null(label_type))
        return wh_fail(error, WH_REFUSED, "the type of its labels is unknown");
    return 0;
}

int wh_task_load(struct wh_task *task, const json_t *header, struct wh_error *error)
{
    *task = (struct wh_task){ 0 };
    const char *kind = json_string_value(json_object_get(header, "task"));
    if (kind && strcmp(kind, UNSETTLED) == 0)
        return 0;
    if (!kind)
        return wh_fail(error, WH_REFUSED, "its header's task is not a text");
    if (wh_task_init(task, kind, NULL, error) != 0)
        return wh_error_in(error, "its task is not known here");
    if (task->kind == WH_TASK_REGRESSION) {
        task->type = WH_NUMBER;
        return 0;
    }
    const json_t *positive = json_object_get(header, "positive");
    if (json_is_string(positive))
        task->positive = wh_copy(json_string_value(positive), json_string_length(positive));
    if (load_type(task, header, error) != 0
        || load_classes(task, json_object_get(header, "labels"), error) != 0)
        return -1;
    return task->kind == WH_TASK_BINARY
             ? 0 : load_offsets(task, json_object_get(header, "offsets"), error);
}
