#include "model/classweights.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"

static const double MOST = 1e9;

/* One LABEL=WEIGHT; the weight begins after the last '='. */
struct entry {
    const char *label, *weight;
    size_t label_length, weight_length;
};

/* Takes the entry that *at begins with; false where there is none. */
static bool next(const char **at, struct entry *entry)
{
    size_t length = strcspn(*at, ","), equals = length;
    while (equals > 0 && (*at)[equals - 1] != '=')
        equals--;
    if (equals < 2 || equals == length)
        return false;
    *entry = (struct entry){ *at, *at + equals, equals - 1, length - equals };
    *at += length;
    return true;
}

int wh_class_weights_check(const char *text, struct wh_error *error)
{
    char quoted[96];
    struct entry entry;
    for (const char *at = text;; at++) {
        double weight = -1;
        if (next(&at, &entry) && wh_number_valid(entry.weight, entry.weight_length))
            weight = wh_number_parse(entry.weight, entry.weight_length);
        if (!(weight >= 0 && weight <= MOST))
            return wh_fail(error, WH_REFUSED,
                           "--class-weight %s: it must be LABEL=WEIGHT,..., with weights from 0 to "
                           "1e9", wh_quote(quoted, text, strlen(text)));
        if (*at == '\0')
            return 0;
    }
}

static bool is_of(const struct entry *entry, const struct wh_task *task,
                  const struct wh_class *class)
{
    struct wh_slice label = { entry->label, entry->label_length };
    return wh_task_is_label(task, class, &label);
}

bool wh_class_weights_unmet(const char *text, const struct wh_task *task, const char **label,
                            size_t *length)
{
    struct entry entry;
    for (const char *at = text; next(&at, &entry); at++) {
        uint32_t i = 0;
        while (i < task->count && !is_of(&entry, task, &task->classes[i]))
            i++;
        *label = entry.label;
        *length = entry.label_length;
        if (i == task->count)
            return true;
        if (*at == '\0')
            break;
    }
    return false;
}

double wh_class_weight(const char *text, const struct wh_task *task, const struct wh_class *class)
{
    struct entry entry;
    for (const char *at = text; next(&at, &entry); at++) {
        if (is_of(&entry, task, class))
            return wh_number_parse(entry.weight, entry.weight_length);
        if (*at == '\0')
            break;
    }
    return 1;
}
