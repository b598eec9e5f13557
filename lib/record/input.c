#include "record/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/scheme.h"
#include "record/row.h"

enum { CHUNK = 256 << 10, COMPRESSED_CHUNK = 64 << 10, WAIT_MILLISECONDS = 200 };

/* The words of the last whole chunks, by their numbers, from which a digest can begin. */
enum { WORDS = WH_DIGEST_LAST / WH_RUNNING_CHUNK + 1 };

/* What has been digested, up to the beginning of the block. */
struct digesting {
    bool on;
    struct wh_running running;
    uint64_t first;  /* where it began */
    uint64_t offset; /* how far it has come */
    uint64_t words[WORDS];
};

struct wh_input_private {
    int descriptor;     /* -1: bytes come from memory */
    const char *memory; /* `size` of them */
    bool regular;
    uint64_t size; /* of a regular file or of memory */
    uint64_t read; /* bytes read from the descriptor or memory, compressed or not */
    char *block;
    size_t capacity; /* of the block, slack left out */

    struct digesting digesting;

    bool begun;    /* the magic bytes have been looked at */
    bool gzip;
    bool in_member; /* between a gzip member's header and its trailer */
    z_stream stream;
    unsigned char *compressed;
    bool descriptor_ended;
};

/* What cannot be opened; of what looks like a database no more is shown than its scheme. */
static void refuse_path(const char *path, struct wh_error *error)
{
    size_t length = wh_scheme_length(path);
    if (length > 0 && length < 64)
        wh_fail(error, WH_FAILED, "%.*s...: cannot open: there is no such file (rows of a database "
                "are read by wh-extract URL -t TABLE | ...)", (int)length, path);
    else
        wh_fail_errno(error, WH_FAILED, "%s: cannot open", path);
}

static struct wh_input *create(const char *name, int descriptor, bool regular, uint64_t size)
{
    struct wh_input *input = wh_alloc(1, sizeof *input);
    struct wh_input_private *private = wh_alloc(1, sizeof *private);
    input->private = private;
    input->name = name;
    private->descriptor = descriptor;
    private->regular = regular;
    private->size = size;
    private->capacity = 2 * CHUNK;
    private->block = wh_alloc(private->capacity + WH_SLACK, 1);
    input->next = private->block;
    return input;
}

static const char STANDARD[] = "standard input";

/* Takes over the descriptor, which is not closed where it is standard input's. */
static struct wh_input *begin(const char *name, int descriptor, struct wh_error *error)
{
    struct stat status;
    if (fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
        if (S_ISDIR(status.st_mode))
            errno = EISDIR;
        wh_fail_errno(error, WH_FAILED, "%s: cannot read", name);
        if (descriptor != STDIN_FILENO)
            close(descriptor);
        return NULL;
    }
    bool regular = S_ISREG(status.st_mode);
    struct wh_input *input = create(name, descriptor, regular,
                                    regular ? (uint64_t)status.st_size : 0);
    if (S_ISFIFO(status.st_mode))
        wh_pipe_enlarge(descriptor);
#if defined(POSIX_FADV_SEQUENTIAL)
    if (regular)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
    return input;
}

struct wh_input *wh_input_open(const char *path, struct wh_error *error)
{
    if (!path || strcmp(path, "-") == 0)
        return begin(STANDARD, STDIN_FILENO, error);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor >= 0)
        return begin(path, descriptor, error);
    refuse_path(path, error);
    return NULL;
}

struct wh_input *wh_input_open_spooled(int spool, struct wh_error *error)
{
    int descriptor = fcntl(spool, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (descriptor >= 0)
        return begin(STANDARD, descriptor, error);
    wh_fail_errno(error, WH_FAILED, "%s: cannot be read again", STANDARD);
    return NULL;
}

struct wh_input *wh_input_open_memory(const char *name, const char *bytes, size_t length)
{
    struct wh_input *input = create(name, -1, true, length);
    input->private->memory = bytes;
    return input;
}

struct wh_input *wh_input_open_block(const char *name)
{
    struct wh_input *input = wh_alloc(1, sizeof *input);
    input->private = wh_alloc(1, sizeof *input->private);
    input->private->descriptor = -1;
    input->name = name;
    input->ended = true;
    return input;
}

void wh_input_set_block(struct wh_input *input, const char *bytes, size_t length)
{
    input->next = (char *)bytes;
    input->available = length;
    input->offset = 0;
}

void wh_input_close(struct wh_input *input)
{
    if (!input)
        return;
    struct wh_input_private *private = input->private;
    if (private->descriptor >= 0 && private->descriptor != STDIN_FILENO)
        close(private->descriptor);
    if (private->gzip)
        inflateEnd(&private->stream);
    free(private->compressed);
    free(private->block);
    free(private);
    free(input);
}

/* Digests. */

static void begin_at(struct digesting *digesting, uint64_t offset, uint64_t word)
{
    digesting->on = true;
    digesting->first = digesting->offset = offset;
    digesting->words[offset / WH_RUNNING_CHUNK % WORDS] = word;
    wh_running_begin(&digesting->running, word);
}

static void digest_bytes(struct digesting *digesting, const char *bytes, size_t length)
{
    while (length > 0) {
        size_t taken = wh_running_add(&digesting->running, bytes, length);
        bytes += taken;
        length -= taken;
        digesting->offset += taken;
        if (digesting->running.length == 0)
            digesting->words[digesting->offset / WH_RUNNING_CHUNK % WORDS] =
                digesting->running.word;
    }
}

/* The bytes of the block that were taken are about to go. */
static void digest_taken(struct wh_input *input)
{
    struct wh_input_private *private = input->private;
    if (private->digesting.on)
        digest_bytes(&private->digesting, private->block, (size_t)(input->next - private->block));
}

void wh_input_begin_digest(struct wh_input *input)
{
    begin_at(&input->private->digesting, 0, 0);
}

bool wh_input_take_digest(const struct wh_input *input, uint64_t offset,
                          struct wh_input_digest *digest)
{
    const struct wh_input_private *private = input->private;
    struct digesting copy = private->digesting;
    if (!copy.on || offset < copy.offset || offset > input->offset + input->available)
        return false;
    digest_bytes(&copy, private->block, (size_t)(offset - copy.offset));
    uint64_t chunk = offset / WH_RUNNING_CHUNK, first = copy.first / WH_RUNNING_CHUNK;
    if (copy.first > 0 || offset > WH_DIGEST_ALL)
        first = chunk - first >= WORDS ? chunk - (WORDS - 1) : first;
    *digest = (struct wh_input_digest){
        .from = first * WH_RUNNING_CHUNK,
        .word = first == 0 ? 0 : copy.words[first % WORDS],
        .digest = wh_running_digest(&copy.running),
    };
    return true;
}

/* Moves what is left to the front of the block and makes room for a chunk after it. */
static void make_room(struct wh_input *input)
{
    struct wh_input_private *private = input->private;
    digest_taken(input);
    if (private->capacity - input->available < CHUNK) {
        size_t capacity = private->capacity * 2;
        char *block = wh_alloc(capacity + WH_SLACK, 1);
        memcpy(block, input->next, input->available);
        free(private->block);
        private->block = block;
        private->capacity = capacity;
    } else if (input->next != private->block) {
        memmove(private->block, input->next, input->available);
        if (private->capacity > 8 * CHUNK && input->available < CHUNK) {
            /* A single long row is over: do not keep its memory for the rest of the run. */
            private->capacity = 2 * CHUNK;
            private->block = wh_resize(private->block, private->capacity + WH_SLACK, 1);
            memset(private->block + private->capacity, 0, WH_SLACK);
        }
    }
    input->next = private->block;
}

/* Waits until a read returns at once, calling the hook before and several times a second. A signal
 * (a run stopped and continued) is no reason to read: that would wait without the hook. */
static int wait_for_bytes(struct wh_input *input, struct wh_error *error)
{
    struct pollfd descriptor = { .fd = input->private->descriptor, .events = POLLIN };
    for (int timeout = 0;; timeout = WAIT_MILLISECONDS) {
        int ready = poll(&descriptor, 1, timeout);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return 0; /* what is wrong with the descriptor, the read tells */
        if (input->before_wait(input->wait_context, error) != 0)
            return -1;
    }
}

static size_t copy_memory(const struct wh_input_private *private, uint64_t from, void *bytes,
                          size_t size)
{
    uint64_t left = private->size - from;
    size_t length = size < left ? size : (size_t)left;
    if (length > 0)
        memcpy(bytes, private->memory + from, length);
    return length;
}

static ssize_t read_bytes(const struct wh_input_private *private, void *bytes, size_t size)
{
    if (private->descriptor < 0)
        return (ssize_t)copy_memory(private, private->read, bytes, size);
    ssize_t got;
    do
        got = read(private->descriptor, bytes, size);
    while (got < 0 && errno == EINTR);
    return got;
}

static ssize_t read_some(struct wh_input *input, void *bytes, size_t size, struct wh_error *error)
{
    struct wh_input_private *private = input->private;
    if (input->before_wait && !private->regular && wait_for_bytes(input, error) != 0)
        return -1;
    ssize_t got = read_bytes(private, bytes, size);
    if (got < 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot read", input->name);
    if (got == 0)
        private->descriptor_ended = true;
    private->read += (uint64_t)got;
    return got;
}

/* Reads until the first two bytes are there and tell whether this is gzip. */
static int look_at_magic(struct wh_input *input, struct wh_error *error)
{
    struct wh_input_private *private = input->private;
    while (input->available < 2 && !private->descriptor_ended) {
        ssize_t got = read_some(input, input->next + input->available, CHUNK - input->available,
                                error);
        if (got < 0)
            return -1;
        input->available += (size_t)got;
    }
    private->begun = true;
    private->gzip = input->available >= 2 && memcmp(input->next, "\x1f\x8b", 2) == 0;
    if (!private->gzip)
        return 0;
    if (inflateInit2(&private->stream, 15 + 16) != Z_OK)
        wh_out_of_memory();
    private->compressed = wh_resize(NULL, CHUNK, 1);
    memcpy(private->compressed, input->next, input->available);
    private->stream.next_in = private->compressed;
    private->stream.avail_in = (uInt)input->available;
    private->in_member = true;
    input->available = 0;
    return 0;
}

/* Whether a further gzip member follows the one that ended; zero padding after the last is
 * allowed, as gzip(1) does, anything else is not. */
static int next_member(struct wh_input *input, struct wh_error *error)
{
    z_stream *stream = &input->private->stream;
    while (stream->avail_in > 0 && *stream->next_in == 0) {
        stream->next_in++;
        stream->avail_in--;
    }
    if (stream->avail_in == 0)
        return 0;
    if (*stream->next_in != 0x1f)
        return wh_fail(error, WH_FAILED, "%s: there are other bytes after the gzip data",
                       input->name);
    inflateReset(stream); /* fails only for a stream that was never begun */
    input->private->in_member = true;
    return 0;
}

static int inflate_some(struct wh_input *input, struct wh_error *error)
{
    struct wh_input_private *private = input->private;
    z_stream *stream = &private->stream;
    size_t room = private->capacity - input->available;
    if (room > 1u << 30)
        room = 1u << 30;
    stream->next_out = (unsigned char *)input->next + input->available;
    stream->avail_out = (uInt)room;
    while (stream->avail_out == room) {
        if (stream->avail_in == 0 && !private->descriptor_ended) {
            ssize_t got = read_some(input, private->compressed, COMPRESSED_CHUNK, error);
            if (got < 0)
                return -1;
            stream->next_in = private->compressed;
            stream->avail_in = (uInt)got;
        }
        if (!private->in_member && next_member(input, error) != 0)
            return -1;
        if (stream->avail_in == 0 && private->descriptor_ended) {
            if (private->in_member)
                return wh_fail(error, WH_FAILED, "%s: the gzip data ends too early", input->name);
            input->ended = true;
            return 0;
        }
        if (!private->in_member)
            continue;
        int result = inflate(stream, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            private->in_member = false;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return wh_fail(error, WH_FAILED, "%s: the gzip data is corrupt (%s)", input->name,
                           stream->msg ? stream->msg : zError(result));
    }
    input->available += room - stream->avail_out;
    return 0;
}

int wh_input_fill(struct wh_input *input, struct wh_error *error)
{
    struct wh_input_private *private = input->private;
    if (input->ended)
        return 0;
    make_room(input);
    if (!private->begun) {
        if (look_at_magic(input, error) != 0)
            return -1;
        if (!private->gzip) {
            input->ended = private->descriptor_ended;
            if (input->available > 0)
                return 0;
        }
    }
    if (private->gzip)
        return inflate_some(input, error);
    if (private->descriptor_ended) {
        input->ended = true;
        return 0;
    }
    ssize_t got = read_some(input, input->next + input->available, CHUNK, error);
    if (got < 0)
        return -1;
    input->available += (size_t)got;
    input->ended = private->descriptor_ended;
    return 0;
}

static int ends_before(const struct wh_input *input, uint64_t offset, struct wh_error *error)
{
    return wh_fail(error, WH_REFUSED, "%s is shorter than it was: it ends before byte %llu, up to "
                   "which it had been read (begin anew with another --checkpoint)", input->name,
                   (unsigned long long)offset);
}

static int jump_in_file(const struct wh_input *input, uint64_t offset, struct wh_error *error)
{
    struct stat status;
    if (fstat(input->private->descriptor, &status) != 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot read", input->name);
    if (offset > (uint64_t)status.st_size)
        return ends_before(input, offset, error);
    if (lseek(input->private->descriptor, (off_t)offset, SEEK_SET) < 0)
        return wh_fail_errno(error, WH_FAILED, "%s: cannot read", input->name);
    return 0;
}

/* In plain bytes of which nothing is left in the block. */
static int jump(struct wh_input *input, uint64_t offset, struct wh_error *error)
{
    struct wh_input_private *private = input->private;
    bool memory = private->descriptor < 0;
    if (memory && offset > private->size)
        return ends_before(input, offset, error);
    if (!memory && jump_in_file(input, offset, error) != 0)
        return -1;
    input->ended = private->descriptor_ended = false;
    input->offset = private->read = offset;
    input->next = private->block;
    return 0;
}

/* Goes forward by reading, or where `jumps` and it can, at once. */
static int go_to(struct wh_input *input, uint64_t offset, bool jumps, struct wh_error *error)
{
    const struct wh_input_private *private = input->private;
    while (input->offset < offset) {
        uint64_t missing = offset - input->offset;
        if (input->available > 0)
            wh_input_take(input, missing < input->available ? (size_t)missing : input->available);
        else if (jumps && private->regular && private->begun && !private->gzip)
            return jump(input, offset, error);
        else if (input->ended)
            return ends_before(input, offset, error);
        else if (wh_input_fill(input, error) != 0)
            return -1;
    }
    return 0;
}

int wh_input_seek(struct wh_input *input, uint64_t offset, struct wh_error *error)
{
    input->private->digesting.on = false;
    return go_to(input, offset, true, error);
}

/* Jumps to where the digest begins; where none is given, to where one would. */
static int begin_late(struct wh_input *input, uint64_t offset,
                      const struct wh_input_digest *digest, struct wh_error *error)
{
    uint64_t chunks = (offset - WH_DIGEST_LAST) / WH_RUNNING_CHUNK;
    uint64_t from = digest ? digest->from : offset > WH_DIGEST_ALL ? chunks * WH_RUNNING_CHUNK : 0;
    struct wh_input_private *private = input->private;
    if (from <= input->offset + input->available || !private->regular || private->gzip)
        return 0;
    private->digesting.on = false;
    if (go_to(input, from, true, error) != 0)
        return -1;
    begin_at(&private->digesting, from, digest ? digest->word : 0);
    return 0;
}

int wh_input_seek_checked(struct wh_input *input, uint64_t offset,
                          const struct wh_input_digest *digest, bool *same,
                          struct wh_error *error)
{
    struct wh_input_digest found;
    *same = true;
    if (!input->private->digesting.on)
        return wh_input_seek(input, offset, error);
    if (begin_late(input, offset, digest, error) != 0 || go_to(input, offset, false, error) != 0)
        return -1;
    if (digest && wh_input_take_digest(input, offset, &found))
        *same = found.digest == digest->digest;
    return 0;
}

size_t wh_input_first(const struct wh_input *input, void *bytes, size_t size)
{
    if (input->private->descriptor < 0)
        return copy_memory(input->private, 0, bytes, size);
    size_t length = 0;
    while (length < size) {
        ssize_t got = pread(input->private->descriptor, (char *)bytes + length, size - length,
                            (off_t)length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    return length;
}

double wh_input_progress(const struct wh_input *input)
{
    const struct wh_input_private *private = input->private;
    if (!private->regular || private->size == 0)
        return -1;
    double share = (double)private->read / (double)private->size;
    return share > 1 ? 1 : share;
}

bool wh_input_regular(const struct wh_input *input)
{
    return input->private->regular;
}
