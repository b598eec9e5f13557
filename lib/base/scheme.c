#include "base/scheme.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

size_t wh_scheme_length(const char *operand)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-";
    size_t length = strspn(operand, rest);
    if (strspn(operand, alphabet) == 0 || length < 2 || operand[length] != ':')
        return 0;
    if (strncmp(operand + length, "://", 3) == 0)
        return length + 3;
    return strcspn(operand, ".-") < length ? 0 : length + 1;
}

bool wh_is_connection_string(const char *operand)
{
    static const char *const keys[] = { "host", "hostaddr", "dbname", "user", "password", "service",
                                        "passfile", "sslmode", "driver", "dsn", "server",
                                        "database", "uid", "pwd" };
    size_t first = strspn(operand, " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (operand[first] != '=')
        return false;
    for (const char *at = operand; *at; at += strcspn(at, "; \t"), at += strspn(at, "; \t")) {
        size_t name = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (at[name + strspn(at + name, " ")] != '=')
            continue;
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (strlen(keys[i]) == name && strncasecmp(at, keys[i], name) == 0)
                return true;
    }
    return false;
}

int wh_scheme_check_file(const char *name, struct wh_error *error)
{
    size_t length = wh_scheme_length(name);
    bool connects = length == 0 && wh_is_connection_string(name);
    if ((length == 0 && !connects) || access(name, F_OK) == 0)
        return 0;
    if (connects)
        return wh_fail(error, WH_REFUSED, "a file is expected, but this looks like a connection "
                       "string (put ./ before the name of a file)");
    return wh_fail(error, WH_REFUSED, "a file is expected, but %.*s begins a URL (put ./ before "
                   "the name of a file)", (int)(length < 64 ? length : 64), name);
}

int wh_scheme_refuse_sqlite(const char *path, struct wh_error *error)
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
