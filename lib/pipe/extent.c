#include "pipe/extent.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

enum { PART = 4096, DIGEST = 64 };

static int digest_part(int descriptor, uint64_t from, size_t size, char hex[static DIGEST + 1],
                       struct wh_error *error)
{
    char bytes[PART];
    size_t length = 0;
    while (length < size) {
        ssize_t got = pread(descriptor, bytes + length, size - length, (off_t)(from + length));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return wh_fail_errno(error, WH_FAILED, "cannot read");
        if (got == 0)
            return wh_fail(error, WH_BROKEN, "another program has made it shorter (put it back as "
                           "it was and run again)");
        length += (size_t)got;
    }
    struct wh_sha256 sha;
    wh_sha256_init(&sha);
    wh_sha256_add(&sha, bytes, length);
    wh_sha256_hex(&sha, hex);
    return 0;
}

int wh_extent_take(int descriptor, uint64_t length, struct wh_extent *extent,
                   struct wh_error *error)
{
    size_t size = length < PART ? (size_t)length : PART;
    *extent = (struct wh_extent){ .length = length };
    if (digest_part(descriptor, 0, size, extent->first, error) != 0
        || digest_part(descriptor, length - size, size, extent->last, error) != 0)
        return -1;
    extent->known = true;
    return 0;
}

bool wh_extent_same(const struct wh_extent *left, const struct wh_extent *right)
{
    return left->length == right->length && strcmp(left->first, right->first) == 0
           && strcmp(left->last, right->last) == 0;
}

void wh_extent_put(json_t *object, const struct wh_extent *extent)
{
    json_object_set_new(object, "length", json_integer((json_int_t)extent->length));
    if (!extent->known)
        return;
    json_object_set_new(object, "first", json_string(extent->first));
    json_object_set_new(object, "last", json_string(extent->last));
}

bool wh_extent_get(const json_t *object, struct wh_extent *extent)
{
    const json_t *length = json_object_get(object, "length");
    const char *first = json_string_value(json_object_get(object, "first"));
    const char *last = json_string_value(json_object_get(object, "last"));
    if (!json_is_integer(length) || json_integer_value(length) < 0 || !first != !last)
        return false;
    *extent = (struct wh_extent){ .length = (uint64_t)json_integer_value(length),
                                  .known = first != NULL };
    if (!first)
        return true;
    if (strlen(first) != DIGEST || strlen(last) != DIGEST)
        return false;
    memcpy(extent->first, first, DIGEST + 1);
    memcpy(extent->last, last, DIGEST + 1);
    return true;
}
