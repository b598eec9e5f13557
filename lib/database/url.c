#include "database/url.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/display.h"
#include "base/memory.h"

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
