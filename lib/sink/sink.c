#include "sink/sink.h"

#include <stdlib.h>
#include <string.h>

#include "database/url.h"
#include "sink/checkpoint_name.h"
#include "sink/into.h"

/* The last takes every target. */
static const struct wh_kind *const kinds[] = {
    &wh_sqlite_sink.kind, &wh_postgres_sink.kind, &wh_file_sink.kind, NULL,
};

const struct wh_role wh_targets = { .what = "target", .operand = "TARGET", .kinds = kinds };

/* What C can be. */
static const struct wh_role checkpoints = { .what = "checkpoint", .operand = "C", .kinds = kinds };

static const struct wh_sink_kind *sink_kind(const struct wh_kind *kind)
{
    return (const struct wh_sink_kind *)(const void *)kind;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The checkpoint of a database is a row in that database, or it could not be committed together
 * with the rows. */
static int check_checkpoint(const struct wh_sink_request *request, struct wh_error *error)
{
    const char *checkpoint = request->checkpoint;
    size_t length = strlen(request->target);
    if (!checkpoint)
        return 0;
    const char *row = wh_checkpoint_row(checkpoint);
    if (*row != '\0' && (size_t)(row - 1 - checkpoint) == length
        && memcmp(checkpoint, request->target, length) == 0)
        return 0;
    char *shown = strstr(request->target, "://") ? wh_url_display(request->target)
                                                 : wh_copy(request->target, length);
    wh_fail(error, WH_REFUSED,
            "--checkpoint must lie in the target, to be committed together with the rows: give "
            "--checkpoint '%s#NAME', the URL being the TARGET's letter for letter",
            shown);
    free(shown);
    return -1;
}

static int check_table(const struct wh_sink_request *request, struct wh_error *error)
{
    const struct wh_into *into = request->into;
    if (into && into->apply && request->replace)
        return wh_fail(error, WH_REFUSED, "--replace and --apply exclude each other");
    if (request->checkpoint && request->replace)
        return wh_fail(error, WH_REFUSED, "--replace and --checkpoint exclude each other: rows "
                       "that replace all others do not go on where others ended");
    return check_checkpoint(request, error);
}

/* The checkpoint of a file is another file. */
static int check_beside(const struct wh_sink_request *request, struct wh_error *error)
{
    const char *checkpoint = request->checkpoint;
    struct wh_error unknown;
    if (!checkpoint)
        return 0;
    const struct wh_kind *kind = wh_kind_find(&checkpoints, checkpoint, &unknown);
    if (strstr(checkpoint, "://") || (kind && kind->can & WH_CAN_TABLE))
        return wh_fail(error, WH_REFUSED, "the target is a file, and its checkpoint a small file "
                       "beside it: give --checkpoint %s.checkpoint, say", request->target);
    return kind ? 0 : (*error = unknown, -1);
}

struct wh_sink *wh_sink_open(struct wh_sink_request *request, struct wh_error *error)
{
    const struct wh_kind *kind = wh_kind_find(&wh_targets, request->target, error);
    if (!kind || wh_asked_check(request->asked, kind, error) != 0)
        return NULL;
    bool table = kind->can & WH_CAN_TABLE;
    if (table && !request->into)
        request->into = wh_asked_values(request->asked, &wh_into_options);
    if ((table ? check_table(request, error) : check_beside(request, error)) != 0)
        return NULL;
    return sink_kind(kind)->open(request, error);
}

/* ---- C in a database ------------------------------------------------------------------------- */

/* A name that looks like a database of an unknown kind is refused when it is opened. */
static bool takes(const char *name)
{
    struct wh_error unknown;
    const struct wh_kind *kind = wh_kind_find(&checkpoints, name, &unknown);
    return !kind || kind->can & WH_CAN_TABLE;
}

static struct wh_store *open_store(const char *name, const struct wh_notify *notify,
                                   struct wh_error *error)
{
    const struct wh_kind *kind = wh_kind_find(&checkpoints, name, error);
    return kind ? sink_kind(kind)->store->open(name, notify, error) : NULL;
}

const struct wh_store_kind wh_table_store = { takes, open_store, false };
