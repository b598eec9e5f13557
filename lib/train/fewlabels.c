#include "train/fewlabels.h"

#include <math.h>
#include <string.h>

/* Larger numbers are rarely those of classes. */
static const double LARGEST = 100;

void wh_few_labels_add(struct wh_few_labels *labels, double label)
{
    if (labels->others)
        return;
    labels->rows++;
    uint32_t at = 0;
    while (at < labels->count && labels->values[at] < label)
        at++;
    if (at < labels->count && labels->values[at] == label)
        return;
    if (labels->count == WH_FEW_LABELS || fabs(label) > LARGEST || floor(label) != label) {
        labels->others = true;
        return;
    }
    memmove(labels->values + at + 1, labels->values + at,
            (labels->count - at) * sizeof *labels->values);
    labels->values[at] = label;
    labels->count++;
}

void wh_few_labels_tell(const struct wh_few_labels *labels, const char *column,
                        struct wh_buffer *out)
{
    if (labels->others || labels->count < 2 || labels->rows < 2 * (uint64_t)labels->count)
        return;
    wh_buffer_format(out, "%s is taken for a number, and all that came are", column);
    for (uint32_t i = 0; i < labels->count; i++)
        wh_buffer_format(out, "%s %.0f", i ? "," : "", labels->values[i]);
    wh_buffer_format(out, ": if these are classes, learn anew with --new --task multiclass");
    if (labels->count == 2)
        wh_buffer_format(out, ", or with --new --positive %.0f for two classes", labels->values[1]);
    wh_buffer_byte(out, '\n');
}
