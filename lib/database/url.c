#include "database/url.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/display.h"
#include "base/memory.h"
#include "base/scheme.h"
#include "base/text.h"

/* scheme://user:password@host:port/database?parameters; every part up to the next one's begin. */
struct parts {
    size_t scheme;    /* with "://" */
    size_t user;      /* with the '@', 0 where there is none; the password is a part of it */
    size_t authority; /* user and hosts */
    size_t path;      /* with the '/' */
    bool broken;      /* the password holds a character that ends a part */
};

/* Whether a host's port is something else than digits: then it is no port. */
static bool has_odd_port(const char *hosts, size_t length)
{
    const char *end = hosts + length;
    const char *bracket = memchr(hosts, ']', length); /* [::1]:5432 */
    const char *colon = bracket ? bracket : hosts;
    while ((colon = memchr(colon, ':', (size_t)(end - colon))) != NULL) {
        colon++;
        size_t digits = strspn(colon, "0123456789");
        if (colon + digits < end && colon[digits] != ',')
            return true;
    }
    return false;
}

static struct parts split(const char *url)
{
    struct parts parts = { 0 };
    const char *mark = strstr(url, "://");
    if (!mark)
        return parts;
    parts.scheme = (size_t)(mark + 3 - url);
    const char *authority = url + parts.scheme;
    parts.authority = strcspn(authority, "/?#");
    for (size_t i = 0; i < parts.authority; i++) {
        if (authority[i] != '@')
            continue;
        parts.broken = parts.broken || parts.user > 0;
        parts.user = i + 1;
    }
    const char *path = authority + parts.authority;
    parts.path = strcspn(path, "?#");
    if (parts.user == 0 && strchr(path, '@') && has_odd_port(authority, parts.authority))
        parts.broken = true;
    return parts;
}

/* Whether one of "?name=value&name=value" is a secret, like the password of a private key. */
static bool has_secret(const char *parameters)
{
    for (const char *at = strpbrk(parameters, "?&"); at; at = strpbrk(at, "?&")) {
        at++;
        if (wh_display_is_secret(at, strcspn(at, "=&#")))
            return true;
    }
    return false;
}

bool wh_url_has_password(const char *url)
{
    struct parts parts = split(url);
    const char *parameters = url + parts.scheme + parts.authority + parts.path;
    return parts.broken || memchr(url + parts.scheme, ':', parts.user) != NULL
           || has_secret(parameters);
}

int wh_url_check(const char *url, struct wh_error *error)
{
    if (!split(url).broken)
        return 0;
    return wh_fail(error, WH_REFUSED,
                   "the password in the URL holds '@', '/', '?' or '#': write %%40, %%2F, %%3F or "
                   "%%23, or keep it in PGPASSFILE");
}

char *wh_url_display(const char *url)
{
    struct parts parts = split(url);
    if (parts.broken)
        return wh_copy(url, parts.scheme);
    const char *authority = url + parts.scheme;
    struct wh_buffer shown = { 0 };
    wh_buffer_add(&shown, url, parts.scheme);
    if (parts.user > 0) {
        const char *colon = memchr(authority, ':', parts.user);
        wh_buffer_add(&shown, authority, colon ? (size_t)(colon - authority) : parts.user - 1);
        wh_buffer_byte(&shown, '@');
    }
    wh_buffer_add(&shown, authority + parts.user, parts.authority - parts.user + parts.path);
    return wh_buffer_text(&shown);
}

int wh_url_check_file(const char *operand, const char *what, const char *const *known,
                      size_t count, struct wh_error *error)
{
    size_t length = wh_scheme_length(operand);
    if (length == 0 && wh_is_connection_string(operand))
        return wh_fail(error, WH_REFUSED, "this %s looks like a connection string: write it as "
                       "postgresql://[USER@]HOST[:PORT]/DATABASE, with the password in PGPASSFILE "
                       "(put ./ before the name of a file)", what);
    if (length == 0)
        return 0;
    char *wanted = wh_copy(operand, length);
    wh_fail(error, WH_REFUSED, "no kind of %s is called %s", what, wanted);
    size_t plain = strlen(error->text);
    wh_suggest(error->text, sizeof error->text, wanted, known, count);
    if (strlen(error->text) == plain)
        wh_fail(error, WH_REFUSED, "no kind of %s is called %s (give sqlite:PATH, "
                "postgresql://[USER@]HOST[:PORT]/DATABASE or a file, with ./ before a name like "
                "this)", what, wanted);
    free(wanted);
    return -1;
}

static bool begins_with_any(const char *name, const char *const *prefixes)
{
    while (*prefixes && strncmp(name, *prefixes, strlen(*prefixes)) != 0)
        prefixes++;
    return *prefixes != NULL;
}

size_t wh_url_kind(const char *name, const char *what, const char *const *const *prefixes,
                   size_t count, struct wh_error *error)
{
    enum { MOST = 16 };
    const char *known[MOST];
    size_t known_count = 0;
    for (size_t k = 0; k + 1 < count; k++) {
        if (begins_with_any(name, prefixes[k]))
            return k;
        for (size_t p = 0; prefixes[k][p] && known_count < MOST; p++)
            known[known_count++] = prefixes[k][p];
    }
    return wh_url_check_file(name, what, known, known_count, error) == 0 ? count - 1 : count;
}
