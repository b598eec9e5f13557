#include "base/display.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static const char hidden[] = "***";

/* ---- characters ------------------------------------------------------------------------------ */

static bool misleads(uint32_t code)
{
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E
           || code == 0x200F || (code >= 0x2028 && code <= 0x202E)
           || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

size_t wh_display_character(const char *text, size_t length)
{
    unsigned char first = (unsigned char)*text;
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code;
    if (size > length || wh_utf8_valid(text, size) != size)
        return 0;
    wh_utf8_get(text, size, &code);
    return misleads(code) ? 0 : size;
}

void wh_display_text(struct wh_buffer *out, const char *text, size_t length, bool lines)
{
    for (size_t i = 0; i < length;) {
        size_t size = lines && text[i] == '\n' ? 1 : wh_display_character(text + i, length - i);
        if (size == 0)
            wh_buffer_format(out, "\\x%02X", (unsigned char)text[i]);
        else
            wh_buffer_add(out, text + i, size);
        i += size ? size : 1;
    }
}

/* ---- passwords ------------------------------------------------------------------------------- */

/* A part of a text. */
struct span {
    size_t from, to;
};

static const struct span nothing = { 0, 0 };

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_word(char byte)
{
    return is_letter(byte) || (byte >= '0' && byte <= '9') || byte == '_';
}

static bool is_blank(char byte)
{
    return (unsigned char)byte <= ' ';
}

bool wh_display_is_secret(const char *name, size_t length)
{
    static const char *const ends[] = {
        "password", "passwd", "passwort", "pwd", "passphrase", "secret", "token", "api_key",
        "apikey", "access_key", "secret_key",
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i]);
        if (length >= end && strncasecmp(name + length - end, ends[i], end) == 0)
            return true;
    }
    return false;
}

/* Whether a scheme's "://" begins at `at`. */
static bool scheme_ends(const char *text, size_t at, size_t length)
{
    return at > 0 && length - at >= 3 && memcmp(text + at, "://", 3) == 0 && is_word(text[at - 1]);
}

static size_t find_blank(const char *text, size_t from, size_t length)
{
    while (from < length && !is_blank(text[from]))
        from++;
    return from;
}

static size_t find_last(const char *text, size_t from, size_t to, char wanted)
{
    for (size_t i = to; i > from; i--)
        if (text[i - 1] == wanted)
            return i - 1;
    return to;
}

/* Without an '@' all colons of the authority should stand before ports. */
static struct span find_odd_port(const char *text, size_t from, size_t end)
{
    size_t i = from;
    if (i < end && text[i] == '[')
        i = find_last(text, i, end, ']');
    for (; i < end && !memchr("/?#\"'<>", text[i], 7); i++) {
        if (text[i] != ':')
            continue;
        size_t port = i + 1, after = port;
        while (after < end && text[after] >= '0' && text[after] <= '9')
            after++;
        bool ends = after == end || memchr(",/?#\"':;)]<>", text[after], 12);
        if (!ends || (end - after >= 3 && memcmp(text + after, "...", 3) == 0))
            return (struct span){ port, end };
    }
    return nothing;
}

/* The password of the URL whose authority begins at `from`, which ends at `end`. */
static struct span url_password(const char *text, size_t from, size_t end)
{
    size_t at = find_last(text, from, end, '@');
    if (at == end)
        return find_odd_port(text, from, end);
    const char *colon = memchr(text + from, ':', at - from);
    return colon ? (struct span){ (size_t)(colon + 1 - text), at } : nothing;
}

/* Where a value ends whose first byte is at `from`. */
static struct span value_span(const char *text, size_t from, size_t length)
{
    char close = from < length && text[from] == '{' ? '}' : from < length ? text[from] : '\0';
    size_t end = from;
    if (close != '\'' && close != '"' && close != '}') {
        while (end < length && !is_blank(text[end]) && text[end] != '"' && text[end] != '\'')
            end++;
        return (struct span){ from, end };
    }
    for (end = ++from; end < length && text[end] != close; end++)
        if (text[end] == '\\' && end + 1 < length)
            end++;
    return (struct span){ from, end };
}

/* The secret after the '=' at `equals`, if a name before it says that it is one. */
static struct span named_secret(const char *text, size_t equals, size_t length)
{
    size_t end = equals, from = equals + 1;
    while (end > 0 && text[end - 1] == ' ')
        end--;
    size_t name = end;
    while (name > 0 && is_word(text[name - 1]))
        name--;
    if (!wh_display_is_secret(text + name, end - name))
        return nothing;
    while (end < equals && from < length && text[from] == ' ')
        from++;
    if (from < length && text[from] == '=')
        return nothing;
    return value_span(text, from, length);
}

static struct span secret_at(const char *text, size_t at, size_t length)
{
    if (text[at] == ':' && scheme_ends(text, at, length))
        return url_password(text, at + 3, find_blank(text, at + 3, length));
    return text[at] == '=' ? named_secret(text, at, length) : nothing;
}

static void hide_from(struct wh_buffer *out, const char *text, size_t length, size_t done)
{
    for (size_t i = done; i < length; i++) {
        struct span span = secret_at(text, i, length);
        if (span.from >= span.to)
            continue;
        wh_buffer_add(out, text + done, span.from - done);
        wh_buffer_add(out, hidden, sizeof hidden - 1);
        done = span.to;
        i = done - 1;
    }
    wh_buffer_add(out, text + done, length - done);
}

void wh_display_hide(struct wh_buffer *out, const char *text, size_t length)
{
    hide_from(out, text, length, 0);
}

void wh_display_hide_value(struct wh_buffer *out, const char *value, size_t length)
{
    struct span span = nothing;
    size_t scheme = 0;
    while (scheme < length && is_word(value[scheme]))
        scheme++;
    if (scheme < length && scheme_ends(value, scheme, length))
        span = url_password(value, scheme + 3, length);
    if (span.from < span.to) {
        wh_buffer_add(out, value, span.from);
        wh_buffer_add(out, hidden, sizeof hidden - 1);
    }
    hide_from(out, value, length, span.to);
}

/* ---- the command line's own ------------------------------------------------------------------ */

enum { SHORTEST = 4 }; /* a shorter secret may be a part of any word */

static bool occurs_elsewhere(const char *argument, const char *secret)
{
    const char *first = strstr(argument, secret);
    return first && strstr(first + 1, secret);
}

static int hex_value(char digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0'
           : is_letter(digit) && (digit | 0x20) <= 'f' ? (digit | 0x20) - 'a' + 10 : -1;
}

/* Takes %XX for the byte that it stands for; in place. */
static void decode(char *text)
{
    char *out = text;
    for (; *text; text++) {
        bool coded = *text == '%' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
        *out++ = coded ? (char)(hex_value(text[1]) << 4 | hex_value(text[2])) : *text;
        text += coded ? 2 : 0;
    }
    *out = '\0';
}

static void add_secret(struct wh_buffer *secrets, const char *argument, size_t from, size_t to)
{
    if (to < from + SHORTEST)
        return;
    char *secret = wh_copy(argument + from, to - from);
    if (!occurs_elsewhere(argument, secret)) {
        wh_buffer_add(secrets, secret, strlen(secret) + 1);
        if (strchr(secret, '%')) {
            decode(secret);
            if (strlen(secret) >= SHORTEST)
                wh_buffer_add(secrets, secret, strlen(secret) + 1);
        }
    }
    free(secret);
}

/* user:PASSWORD@host from `from` on: to the first '@' and, where the password holds one, to the
 * last. */
static void add_user_password(struct wh_buffer *secrets, const char *argument, size_t from)
{
    const char *colon = strchr(argument + from, ':');
    const char *at = colon ? strchr(colon, '@') : NULL;
    if (!at)
        return;
    size_t first = (size_t)(colon + 1 - argument);
    add_secret(secrets, argument, first, (size_t)(at - argument));
    if (strrchr(at, '@') != at)
        add_secret(secrets, argument, first, (size_t)(strrchr(at, '@') - argument));
}

static void add_named(struct wh_buffer *secrets, const char *argument, size_t equals)
{
    size_t length = strlen(argument);
    struct span span = named_secret(argument, equals, length);
    if (span.from >= span.to)
        return;
    add_secret(secrets, argument, span.from, span.to);
    for (size_t i = span.from; i < span.to; i++)
        if (memchr("&;#", argument[i], 3))
            add_secret(secrets, argument, span.from, i);
}

/* Whether the argument is a connection string: a value of the option --fill is none. */
static bool names_server(const char *argument)
{
    static const char *const marks[] = {
        "://", "host=", "hostaddr=", "dbname=", "service=", "user=", "dsn=", "uid=", "server=",
        "driver=", "odbc:",
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        for (const char *at = argument; *at; at++)
            if (strncasecmp(at, marks[i], strlen(marks[i])) == 0)
                return true;
    return false;
}

/* user:password@host without a scheme. */
static bool is_bare_login(const char *argument)
{
    size_t user = 0;
    while (is_word(argument[user]) || argument[user] == '-' || argument[user] == '.')
        user++;
    return user > 0 && argument[user] == ':' && argument[user + 1] != '/'
           && strchr(argument + user, '@') && !strpbrk(argument, "={} ");
}

void wh_display_secrets(struct wh_buffer *secrets, const char *argument)
{
    size_t length = strlen(argument);
    bool server = names_server(argument);
    for (size_t i = 0; server && i < length; i++) {
        if (argument[i] == ':' && scheme_ends(argument, i, length))
            add_user_password(secrets, argument, i + 3);
        if (argument[i] == '=')
            add_named(secrets, argument, i);
    }
    if (!server && is_bare_login(argument))
        add_user_password(secrets, argument, 0);
}

/* The longest of the secrets that stands at `at`, as a word of its own; 0 where none does. */
static size_t known_secret(const char *text, size_t at, size_t length,
                           const struct wh_buffer *secrets)
{
    size_t longest = 0;
    for (size_t i = 0; i < secrets->length;) {
        const char *secret = secrets->data + i;
        size_t size = strlen(secret);
        i += size + 1;
        bool here = size > longest && size <= length - at && memcmp(text + at, secret, size) == 0;
        bool within = here && ((at > 0 && is_word(text[at - 1]) && is_word(*secret))
                               || (at + size < length && is_word(text[at + size])
                                   && is_word(secret[size - 1])));
        longest = here && !within ? size : longest;
    }
    return longest;
}

void wh_display_hide_these(struct wh_buffer *out, const char *text, size_t length,
                           const struct wh_buffer *secrets)
{
    for (size_t i = 0; i < length;) {
        size_t size = known_secret(text, i, length, secrets);
        if (size > 0)
            wh_buffer_add(out, hidden, sizeof hidden - 1);
        else
            wh_buffer_byte(out, text[i]);
        i += size ? size : 1;
    }
}
