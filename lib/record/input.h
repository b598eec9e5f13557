/*
 * Bytes in, a block at a time: from a file, a pipe, standard input or memory, plain or gzip.
 *
 * The bytes not yet taken stand at next[0 .. available). Behind them WH_SLACK bytes may be read
 * (their content is undefined), so that vector code need not stop early. Filling moves what is
 * left to the front and reads more after it; pointers into the block are then stale. The block
 * grows to hold one row, up to the limit that the caller gives.
 *
 * Gzip is recognised by its magic bytes, members may follow one another, and a truncated or
 * corrupt file is an error.
 */
#ifndef WH_RECORD_INPUT_H
#define WH_RECORD_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct wh_input_private;

/*
 * What the uncompressed bytes from one place of the input to another are: the digest of a running
 * hash (base/hash.h), which is begun at the former place with the word there. Unless the input is
 * long it begins at 0, and stands for all bytes before the latter.
 */
struct wh_input_digest {
    uint64_t from, word; /* a whole number of chunks */
    uint64_t digest;
};

struct wh_input {
    char *next;
    size_t available;
    bool ended;          /* nothing more will come after what is available */
    const char *name;    /* path or name as given, or "standard input" */
    uint64_t offset;     /* bytes before the block, uncompressed: position of next[0] in the file */
    /* Called before a read that would block, and several times a second while it does, so that
     * output is flushed and clocks are looked at. -1 ends the read with its error. May be NULL. */
    int (*before_wait)(void *context, struct wh_error *error);
    void *wait_context;
    struct wh_input_private *private;
};

/* Opens a file, "-" or NULL being standard input. NULL on failure. */
struct wh_input *wh_input_open(const char *path, struct wh_error *error);
/* Standard input, of which a regular file holds what came: from where its descriptor is. */
struct wh_input *wh_input_open_spooled(int spool, struct wh_error *error);
/* The same over `length` bytes of memory, which are read as a regular file would be: nothing waits,
 * and they can be read again. `name` stands for the path in messages. Both must outlive the input,
 * which copies what it reads a block at a time and never writes to them. */
struct wh_input *wh_input_open_memory(const char *name, const char *bytes, size_t length);
/* An input that is given what it holds, and ends with it; it begins with nothing. */
struct wh_input *wh_input_open_block(const char *name);
/* Gives it `length` bytes, WH_SLACK more being readable, which must outlive their use and are not
 * written to. */
void wh_input_set_block(struct wh_input *input, const char *bytes, size_t length);
void wh_input_close(struct wh_input *input);

/* Reads more after what is available; blocks until there is at least one byte or the end.
 * Returns 0, or -1 with the error (reading failed, gzip corrupt). */
int wh_input_fill(struct wh_input *input, struct wh_error *error);

static inline void wh_input_take(struct wh_input *input, size_t length)
{
    input->next += length;
    input->available -= length;
    input->offset += length;
}

/* Goes forward to a place in the file, in uncompressed bytes: at once, or in gzip by reading up to
 * it. WH_REFUSED where the file ends before. */
int wh_input_seek(struct wh_input *input, uint64_t offset, struct wh_error *error);

/*
 * Called before the first read: what is read is digested. WH_DIGEST_ALL is how far a digest begins
 * at 0, which must be read again to check it; beyond that it is of the last WH_DIGEST_LAST or more.
 */
#define WH_DIGEST_ALL (UINT64_C(1) << 30)
#define WH_DIGEST_LAST (UINT64_C(1) << 20)
void wh_input_begin_digest(struct wh_input *input);
/* The digest up to a place in the block, or up to next: false where it cannot be known, the bytes
 * being gone, or nothing is digested. */
bool wh_input_take_digest(const struct wh_input *input, uint64_t offset,
                          struct wh_input_digest *digest);
/* As wh_input_seek, but reads what the digest, or NULL: a digest of later, stands for. *same is
 * whether the bytes are still those. */
int wh_input_seek_checked(struct wh_input *input, uint64_t offset,
                          const struct wh_input_digest *digest, bool *same,
                          struct wh_error *error);
/* The first `size` bytes of a regular file, or of memory, as they stand in it, compressed or not,
 * wherever reading is. Returns how many there are. */
size_t wh_input_first(const struct wh_input *input, void *bytes, size_t size);

/* Share of a regular file or of memory read so far, 0 to 1; negative where it cannot be known. */
double wh_input_progress(const struct wh_input *input);
/* Whether it is a regular file, or memory, so that it can be read twice. */
bool wh_input_regular(const struct wh_input *input);

#endif
