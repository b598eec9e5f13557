#include "sink/file/output.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/memory.h"

/* zlib's ways to say: with a gzip header; the compromise between speed and size; its memory. */
enum { GZIP = 16 + MAX_WBITS, LEVEL = 6, MEMORY = 8, PACKED = 256 << 10 };

struct wh_file_output {
    int descriptor;
    struct wh_lock *lock;
    uint64_t length, least;
    bool gzip;
    bool within; /* a member has begun */
    z_stream stream;
    unsigned char *packed;
};

struct wh_file_output *wh_file_output_open(bool gzip)
{
    struct wh_file_output *output = wh_alloc(1, sizeof *output);
    output->descriptor = -1;
    output->gzip = gzip;
    if (gzip)
        output->packed = wh_alloc(1, PACKED);
    return output;
}

void wh_file_output_close(struct wh_file_output *output)
{
    if (!output)
        return;
    if (output->within)
        deflateEnd(&output->stream);
    free(output->packed);
    free(output);
}

void wh_file_output_set(struct wh_file_output *output, int descriptor, uint64_t length,
                        struct wh_lock *lock)
{
    output->descriptor = descriptor;
    output->lock = lock;
    if (lock)
        wh_lock_appends(lock, length);
    output->length = output->least = length;
}

uint64_t wh_file_output_length(const struct wh_file_output *output)
{
    return output->length;
}

uint64_t wh_file_output_least(const struct wh_file_output *output)
{
    return output->least;
}

static int put(struct wh_file_output *output, const void *bytes, size_t length,
               struct wh_error *error)
{
    output->length += length;
    if (output->lock)
        wh_lock_appends(output->lock, output->length);
    if (wh_write_all(output->descriptor, bytes, length, error) != 0)
        return -1;
    output->least = output->length;
    return 0;
}

/* Compresses what the stream has for input; with Z_FINISH to the member's end. */
static int deflate_all(struct wh_file_output *output, int flush, struct wh_error *error)
{
    z_stream *stream = &output->stream;
    do {
        stream->next_out = output->packed;
        stream->avail_out = PACKED;
        deflate(stream, flush); /* cannot fail: there is room, and the state is sound */
        if (put(output, output->packed, PACKED - stream->avail_out, error) != 0)
            return -1;
    } while (stream->avail_out == 0);
    return 0;
}

int wh_file_output_write(void *context, const char *bytes, size_t length, struct wh_error *error)
{
    struct wh_file_output *output = context;
    if (!output->gzip)
        return put(output, bytes, length, error);
    if (!output->within) {
        output->stream = (z_stream){ 0 };
        if (deflateInit2(&output->stream, LEVEL, Z_DEFLATED, GZIP, MEMORY, Z_DEFAULT_STRATEGY)
            != Z_OK)
            return wh_fail(error, WH_FAILED, "cannot compress: zlib has no memory");
        output->within = true;
    }
    while (length > 0) {
        uInt part = length < INT_MAX ? (uInt)length : INT_MAX;
        output->stream.next_in = (Bytef *)(uintptr_t)bytes; /* zlib does not write there */
        output->stream.avail_in = part;
        if (deflate_all(output, Z_NO_FLUSH, error) != 0)
            return -1;
        bytes += part;
        length -= part;
    }
    return 0;
}

int wh_file_output_end(struct wh_file_output *output, struct wh_error *error)
{
    if (!output->within)
        return 0;
    output->stream.avail_in = 0;
    int status = deflate_all(output, Z_FINISH, error);
    deflateEnd(&output->stream);
    output->within = false;
    return status;
}
