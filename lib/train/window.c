#include "train/window.h"

#include <string.h>

#include "base/number.h"
#include "base/time.h"
#include "pipe/eventtime.h"

int wh_window_parse(const char *text, const char *time, struct wh_window *window,
                    struct wh_error *error)
{
    char quoted[96];
    size_t length = strlen(text);
    int64_t rows;
    *window = (struct wh_window){ .time = time };
    if (wh_number_valid(text, length) && wh_number_integer(text, length, &rows) && rows > 0) {
        window->rows = (uint64_t)rows;
        return 0;
    }
    if (!wh_duration_parse(text, length, &window->milliseconds) || window->milliseconds <= 0)
        return wh_fail(error, WH_REFUSED,
                       "--window: %s is neither a number of rows, such as 1000000, nor a duration, "
                       "such as 90d", wh_quote(quoted, text, length));
    if (!time)
        return wh_fail(error, WH_REFUSED,
                       "--window %s needs --time COLUMN: by which time are rows recent?", text);
    return 0;
}

enum wh_verdict wh_window_look(struct wh_window *window, struct wh_row *row, int time,
                               struct wh_error *error)
{
    int64_t at;
    window->looked++;
    if (window->rows > 0)
        return WH_TAKEN;
    enum wh_verdict verdict = wh_event_time_at(window->time, time, row, &at, error);
    if (verdict == WH_TAKEN && (!window->timed || at > window->newest)) {
        window->newest = at;
        window->timed = true;
    }
    return verdict;
}

void wh_window_begin(struct wh_window *window)
{
    window->at = 0;
}

enum wh_verdict wh_window_row(struct wh_window *window, struct wh_row *row, int time, bool *inside,
                              struct wh_error *error)
{
    int64_t at;
    window->at++;
    if (window->rows > 0) {
        *inside = window->at + window->rows > window->looked;
        return WH_TAKEN;
    }
    enum wh_verdict verdict = wh_event_time_at(window->time, time, row, &at, error);
    if (verdict == WH_TAKEN)
        *inside = at > window->newest - window->milliseconds;
    return verdict;
}
