#include "learn/forgetting.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "base/time.h"
#include "learn/linear.h"

int wh_forgetting_parse(const char *text, const char *time, struct wh_forgetting *forgetting,
                        struct wh_error *error)
{
    char quoted[96];
    size_t length = strlen(text);
    int64_t number;
    *forgetting = (struct wh_forgetting){ 0 };
    if (wh_number_valid(text, length) && wh_number_integer(text, length, &number) && number > 0) {
        forgetting->rows = (double)number;
        return 0;
    }
    if (!wh_duration_parse(text, length, &number) || number <= 0)
        return wh_fail(error, WH_REFUSED,
                       "--half-life: %s is neither a number of rows, such as 100000, nor a "
                       "duration, such as 30d", wh_quote(quoted, text, length));
    if (!time)
        return wh_fail(error, WH_REFUSED,
                       "--half-life %s needs --time COLUMN: by which time do rows grow old?", text);
    forgetting->milliseconds = (double)number;
    return 0;
}

void wh_forgetting_row(struct wh_forgetting *forgetting)
{
    if (forgetting->rows > 0)
        forgetting->clock += 1 / forgetting->rows;
}

void wh_forgetting_time(struct wh_forgetting *forgetting, int64_t milliseconds)
{
    if (!forgetting->begun)
        forgetting->began = (double)milliseconds;
    forgetting->begun = true;
    forgetting->clock = fmax(forgetting->clock, ((double)milliseconds - forgetting->began)
                                                    / forgetting->milliseconds);
}

json_t *wh_forgetting_save(const struct wh_forgetting *forgetting)
{
    return json_pack("{s:f, s:o}", "clock", forgetting->clock, "began",
                     forgetting->begun ? json_real(forgetting->began) : json_null());
}

bool wh_forgetting_load(struct wh_forgetting *forgetting, const json_t *object)
{
    static const double MOST_TIME = 1e15; /* milliseconds, far beyond the year 9999 */
    const json_t *began = json_object_get(object, "began");
    forgetting->begun = json_is_number(began);
    return wh_state_number(object, "clock", WH_LAST_CLOCK, &forgetting->clock)
        && forgetting->clock >= 0
        && (json_is_null(began)
            || wh_state_number(object, "began", MOST_TIME, &forgetting->began));
}
