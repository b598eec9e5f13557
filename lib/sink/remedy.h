/*
 * What can be done about rows that a database refuses, where nothing is set aside by --rejects.
 */
#ifndef WH_SINK_REMEDY_H
#define WH_SINK_REMEDY_H

#include <stdbool.h>

#include "base/memory.h"
#include "sink/sink.h"

enum wh_refused_by { WH_BY_NOT_NULL, WH_BY_FOREIGN_KEY, WH_BY_UNIQUE, WH_BY_OTHER };

struct wh_refused {
    enum wh_refused_by by;
    const char *column; /* at fault; "": it is not known */
    bool absent;        /* the row lacks it */
    bool deleted;       /* the row was to be deleted */
};

/* Appends " (...)" to the reason; nothing where there is a --rejects. */
void wh_refused_remedy(struct wh_buffer *out, const struct wh_sink_request *request,
                       const struct wh_refused *refused);

#endif
