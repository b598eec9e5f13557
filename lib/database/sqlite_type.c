#include "database/sqlite_type.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static bool contains(const char *type, const char *word)
{
    size_t length = strlen(word);
    for (; *type; type++)
        if (strncasecmp(type, word, length) == 0)
            return true;
    return false;
}

/* The rules of section 3.1, in their order. */
static enum wh_sqlite_affinity affinity_of(const char *type)
{
    if (contains(type, "INT"))
        return WH_SQLITE_WHOLE;
    if (contains(type, "CHAR") || contains(type, "CLOB") || contains(type, "TEXT"))
        return WH_SQLITE_TEXTUAL;
    if (*type == '\0' || contains(type, "BLOB"))
        return WH_SQLITE_AS_GIVEN;
    return contains(type, "REAL") || contains(type, "FLOA") || contains(type, "DOUB")
               ? WH_SQLITE_REAL : WH_SQLITE_NUMERIC;
}

struct wh_sqlite_declared wh_sqlite_declared(const char *type, bool strict)
{
    type = type ? type : "";
    struct wh_sqlite_declared declared = {
        .affinity = affinity_of(type),
        .boolean = strcasecmp(type, "boolean") == 0 || strcasecmp(type, "bool") == 0,
        .bytes = contains(type, "BLOB") || contains(type, "BINARY") || contains(type, "BYTEA"),
    };
    if (strict && strcasecmp(type, "ANY") == 0)
        declared.affinity = WH_SQLITE_AS_GIVEN;
    return declared;
}

bool wh_sqlite_makes_numbers(enum wh_sqlite_affinity affinity)
{
    return affinity != WH_SQLITE_TEXTUAL && affinity != WH_SQLITE_AS_GIVEN;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && wh_is_digit(*at))
        at++;
    return at;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at != '\0' && strchr(" \t\n\v\f\r", *at))
        at++;
    return at;
}

static const char *skip_sign(const char *at, const char *end)
{
    return at < end && (*at == '-' || *at == '+') ? at + 1 : at;
}

bool wh_sqlite_looks_numeric(const char *text, size_t length)
{
    const char *end = text + length, *at = skip_sign(skip_blanks(text, end), end), *from = at;
    at = skip_digits(at, end);
    size_t digits = (size_t)(at - from);
    if (at < end && *at == '.') {
        from = ++at;
        at = skip_digits(at, end);
        digits += (size_t)(at - from);
    }
    if (digits == 0)
        return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        from = skip_sign(at + 1, end);
        at = skip_digits(from, end);
        if (at == from)
            return false;
    }
    return skip_blanks(at, end) == end;
}
