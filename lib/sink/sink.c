#include "sink/sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "database/url.h"
#include "sink/checkpoint_name.h"

static const struct kind {
    const char *prefix; /* targets of this kind begin so */
    struct wh_sink *(*open)(const struct wh_sink_request *request, struct wh_error *error);
} kinds[] = {
    { "sqlite:", wh_sqlite_sink },
    { "postgresql://", wh_postgres_sink },
    { "postgres://", wh_postgres_sink },
    { "", wh_file_sink },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* The kind that a target names; NULL where its scheme is unknown (the nearest is suggested). */
static const struct kind *find_kind(const char *target, struct wh_error *error)
{
    size_t i = 0;
    while (strncmp(target, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
        i++;
    const char *names[KINDS];
    for (size_t k = 0; k < KINDS; k++)
        names[k] = kinds[k].prefix;
    if (kinds[i].prefix[0] != '\0'
        || wh_url_check_file(target, "target", names, KINDS - 1, error) == 0)
        return &kinds[i];
    return NULL;
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

static int check_database(const struct wh_sink_request *request, struct wh_error *error)
{
    const struct wh_writing *writing = request->writing;
    const char *given = writing->format != WH_FORMAT_NONE ? "--output-format"
                        : writing->columns                ? "--columns"
                        : request->rotate                 ? "--rotate"
                                                          : NULL;
    if (given)
        return wh_fail(error, WH_REFUSED, "%s applies only to files, but the target is a database",
                       given);
    if (!request->table)
        return wh_fail(error, WH_REFUSED, "say which table the rows go to: -t NAME");
    return check_changes(request, error) == 0 ? check_checkpoint(request, error) : -1;
}

static int check_file(const struct wh_sink_request *request, struct wh_error *error)
{
    const char *given = request->table       ? "--table"
                        : request->key_count ? "--key"
                        : request->create    ? "--create"
                        : request->schema    ? "--schema"
                        : request->apply     ? "--apply"
                        : request->changed   ? "--changed-target"
                                             : NULL;
    if (given)
        return wh_fail(error, WH_REFUSED, "%s applies only to databases, but %s is a file", given,
                       request->target);
    return 0;
}

struct wh_sink *wh_sink_open(const struct wh_sink_request *request, struct wh_error *error)
{
    const struct kind *kind = find_kind(request->target, error);
    if (!kind)
        return NULL;
    bool file = kind->open == wh_file_sink;
    if ((file ? check_file(request, error) : check_database(request, error)) != 0)
        return NULL;
    return kind->open(request, error);
}
