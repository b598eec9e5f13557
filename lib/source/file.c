/* Files: NDJSON, CSV and TSV, plain or gzip, and standard input. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/source.h"

/* A database given without its scheme would be read as one very bad row. */
static int refuse_database(const char *path, struct wh_error *error)
{
    static const char magic[] = "SQLite format 3";
    char begin[sizeof magic];
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode))
        return 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    ssize_t length = read(descriptor, begin, sizeof begin);
    close(descriptor);
    if (length != (ssize_t)sizeof begin || memcmp(begin, magic, sizeof magic) != 0)
        return 0;
    return wh_fail(error, WH_REFUSED, "%s is an SQLite database: write sqlite:%s", path, path);
}

struct wh_reader *wh_file_source(const struct wh_source_request *request, struct wh_error *error)
{
    if (request->table || request->sql || request->params->count > 0) {
        wh_fail(error, WH_REFUSED, "%s is a file: -t, -c, -f and -v are for databases",
                request->operands[0]);
        return NULL;
    }
    for (size_t i = 0; i < request->count; i++)
        if (refuse_database(request->operands[i], error) != 0)
            return NULL;
    struct wh_reading reading = *request->reading;
    reading.position = request->position;
    reading.resumable = request->resumable;
    return wh_reader_open(&reading, request->operands, request->count, error);
}
