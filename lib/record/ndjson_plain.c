/* The NDJSON scan in plain C: the reference for the vector code, and what runs elsewhere. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define SCAN wh_ndjson_scan_plain
#define SCAN_NAME "plain"
#define TARGET
#define WIDTH ((size_t)16)

enum { SPECIAL = 1, UNSAFE = 2, DIGIT = 4 };

/* One byte of flags for each byte value. */
static unsigned kind(unsigned char c)
{
    unsigned unsafe = c == '"' || c == '\\' || c < 0x20 ? UNSAFE : 0;
    unsigned special = unsafe || c >= 0x80 ? SPECIAL : 0;
    return unsafe | special | (c >= '0' && c <= '9' ? (unsigned)DIGIT : 0);
}

static size_t first_kind(const char *p, unsigned flag, unsigned wanted)
{
    size_t i = 0;
    while (i < WIDTH && (kind((unsigned char)p[i]) & flag) != wanted)
        i++;
    return i;
}

static inline size_t first_special(const char *p)
{
    return first_kind(p, SPECIAL, SPECIAL);
}

static inline size_t first_unsafe(const char *p)
{
    return first_kind(p, UNSAFE, UNSAFE);
}

static inline size_t first_nondigit(const char *p)
{
    return first_kind(p, DIGIT, 0);
}

static inline bool same_chunk(const char *p, const char *text, size_t length)
{
    return memcmp(p, text, length) == 0;
}

#include "record/ndjson_scan.h"
