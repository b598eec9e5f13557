#include "sink/sink.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "database/url.h"
#include "sink/checkpoint_name.h"

/* The last takes every target. */
static const struct wh_sink_kind *const kinds[] = {
    &wh_sqlite_sink, &wh_postgres_sink, &wh_file_sink,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The kind that a target names; NULL where its scheme is unknown (the nearest is suggested). */
static const struct wh_sink_kind *find_kind(const char *target, struct wh_error *error)
{
    const char *const *prefixes[KINDS];
    for (size_t i = 0; i < KINDS; i++)
        prefixes[i] = kinds[i]->prefixes;
    size_t found = wh_url_kind(target, "target", prefixes, KINDS, error);
    return found < KINDS ? kinds[found] : NULL;
}

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

/* What of the request contradicts itself, or lacks something. */
static int check_changes(const struct wh_sink_request *request, struct wh_error *error)
{
    if (request->schema && !request->create)
        return wh_fail(error, WH_REFUSED, "--schema says how to make the table: it needs --create");
    if (request->apply && request->key_count == 0)
        return wh_fail(error, WH_REFUSED, "--apply needs --key COLUMN[,COLUMN...], by which the "
                                          "rows of the table are found");
    if (request->apply && request->replace)
        return wh_fail(error, WH_REFUSED, "--replace and --apply exclude each other");
    if (request->checkpoint && request->replace)
        return wh_fail(error, WH_REFUSED, "--replace and --checkpoint exclude each other: rows "
                       "that replace all others do not go on where others ended");
    return 0;
}

static int refuse_writing(const struct wh_sink_request *request, const struct wh_sink_kind *kind,
                          struct wh_error *error)
{
    const struct wh_writing *writing = request->writing;
    const char *given = writing->format != WH_FORMAT_NONE ? "--output-format"
                        : writing->columns                ? "--columns"
                        : request->rotate                 ? "--rotate"
                                                          : NULL;
    return given ? wh_fail(error, WH_REFUSED, "%s applies only to files, but the target is %s",
                           given, kind->what)
                 : 0;
}

static int check_table(const struct wh_sink_request *request, struct wh_error *error)
{
    if (!request->table)
        return wh_fail(error, WH_REFUSED, "say which table the rows go to: -t NAME");
    return check_changes(request, error) == 0 ? check_checkpoint(request, error) : -1;
}

static int refuse_table(const struct wh_sink_request *request, const struct wh_sink_kind *kind,
                        struct wh_error *error)
{
    const char *given = request->table       ? "--table"
                        : request->key_count ? "--key"
                        : request->create    ? "--create"
                        : request->schema    ? "--schema"
                        : request->apply     ? "--apply"
                        : request->changed   ? "--changed-target"
                                             : NULL;
    if (given)
        return wh_fail(error, WH_REFUSED, "%s applies only to databases, but %s is %s", given,
                       request->target, kind->what);
    return 0;
}

struct wh_sink *wh_sink_open(const struct wh_sink_request *request, struct wh_error *error)
{
    const struct wh_sink_kind *kind = find_kind(request->target, error);
    if (!kind)
        return NULL;
    bool table = kind->can & WH_SINK_TABLE;
    if ((!(kind->can & WH_SINK_WRITE) && refuse_writing(request, kind, error) != 0)
        || (table ? check_table(request, error) : refuse_table(request, kind, error)) != 0)
        return NULL;
    return kind->open(request, error);
}
