#include "base/kind.h"

#include <stdlib.h>
#include <string.h>

#include "base/scheme.h"
#include "base/text.h"

/* ---- names ----------------------------------------------------------------------------------- */

static bool begins_with_any(const char *name, const char *const *prefixes)
{
    while (*prefixes && strncmp(name, *prefixes, strlen(*prefixes)) != 0)
        prefixes++;
    return *prefixes != NULL;
}

/* The last kind is for names without a prefix. */
static bool is_last(const struct wh_role *role, size_t kind)
{
    return !role->kinds[kind + 1];
}

/* All prefixes of all kinds but the last; free() them. */
static const char **known_prefixes(const struct wh_role *role, size_t *count)
{
    const char **known = NULL;
    *count = 0;
    for (size_t k = 0; !is_last(role, k); k++)
        for (const char *const *prefix = role->kinds[k]->prefixes; *prefix; prefix++) {
            known = wh_resize(known, *count + 1, sizeof *known);
            known[(*count)++] = *prefix;
        }
    return known;
}

/* "sqlite:PATH, postgresql://...": the operands of all kinds but the last. */
static void add_operands(struct wh_buffer *out, const struct wh_role *role)
{
    for (size_t k = 0; !is_last(role, k); k++)
        wh_buffer_format(out, "%s%s", k > 0 ? ", " : "", role->kinds[k]->operand);
}

int wh_kind_missing(const struct wh_role *role, struct wh_error *error)
{
    struct wh_buffer operands = { 0 };
    add_operands(&operands, role);
    wh_fail(error, WH_REFUSED, "no %s: name %s or a file", role->operand,
            wh_buffer_text(&operands));
    wh_buffer_free(&operands);
    return -1;
}

static int refuse_scheme(const struct wh_role *role, const char *what, const char *name,
                         size_t length, struct wh_error *error)
{
    size_t count;
    const char **known = known_prefixes(role, &count);
    char *wanted = wh_copy(name, length);
    wh_fail(error, WH_REFUSED, "no kind of %s is called %s", what, wanted);
    size_t plain = strlen(error->text);
    wh_suggest(error->text, sizeof error->text, wanted, known, count);
    if (strlen(error->text) == plain) {
        struct wh_buffer operands = { 0 };
        add_operands(&operands, role);
        wh_fail(error, WH_REFUSED, "no kind of %s is called %s (give %s or a file, with ./ before a "
                "name like this)", what, wanted, wh_buffer_text(&operands));
        wh_buffer_free(&operands);
    }
    free(wanted);
    free(known);
    return -1;
}

int wh_kind_check_file(const struct wh_role *role, const char *what, const char *name,
                       struct wh_error *error)
{
    size_t length = wh_scheme_length(name);
    if (length > 0)
        return refuse_scheme(role, what, name, length, error);
    if (!wh_is_connection_string(name))
        return 0;
    return wh_fail(error, WH_REFUSED, "this %s looks like a connection string: write it as "
                   "postgresql://[USER@]HOST[:PORT]/DATABASE, with the password in PGPASSFILE "
                   "(put ./ before the name of a file)", what);
}

int wh_kind_check_built(const struct wh_kind *kind, struct wh_error *error)
{
    if (!kind->absent)
        return 0;
    return wh_fail(error, WH_REFUSED, "this program was built without %s (install %s and build "
                   "again)", kind->name, kind->package);
}

const struct wh_kind *wh_kind_find(const struct wh_role *role, const char *name,
                                   struct wh_error *error)
{
    size_t found = 0;
    while (!is_last(role, found) && !begins_with_any(name, role->kinds[found]->prefixes))
        found++;
    const struct wh_kind *kind = role->kinds[found];
    if (is_last(role, found) && wh_kind_check_file(role, role->what, name, error) != 0)
        return NULL;
    return wh_kind_check_built(kind, error) == 0 ? kind : NULL;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

static bool has_group(const struct wh_kind *kind, const struct wh_option_group *group)
{
    for (size_t i = 0; kind->groups && kind->groups[i]; i++)
        if (kind->groups[i] == group)
            return true;
    return false;
}

static size_t find_group(const struct wh_asked *asked, const struct wh_option_group *group)
{
    size_t i = 0;
    while (i < asked->count && asked->groups[i] != group)
        i++;
    return i;
}

static void add_group(struct wh_asked *asked, const struct wh_option_group *group)
{
    if (find_group(asked, group) < asked->count)
        return;
    asked->groups = wh_resize(asked->groups, asked->count + 1, sizeof *asked->groups);
    asked->values = wh_resize(asked->values, asked->count + 1, sizeof *asked->values);
    asked->groups[asked->count] = group;
    asked->values[asked->count++] = wh_alloc(1, group->size);
}

struct wh_asked *wh_asked_open(const struct wh_role *role)
{
    struct wh_asked *asked = wh_alloc(1, sizeof *asked);
    asked->role = role;
    for (size_t k = 0; role->kinds[k]; k++)
        for (size_t i = 0; role->kinds[k]->groups && role->kinds[k]->groups[i]; i++)
            add_group(asked, role->kinds[k]->groups[i]);
    return asked;
}

void wh_asked_close(struct wh_asked *asked)
{
    if (!asked)
        return;
    for (size_t i = 0; i < asked->count; i++) {
        if (asked->groups[i]->clear)
            asked->groups[i]->clear(asked->values[i]);
        free(asked->values[i]);
    }
    free(asked->groups);
    free(asked->values);
    free(asked->given);
    free(asked);
}

void wh_asked_note(struct wh_asked *asked, const struct wh_option *option,
                   const struct wh_option_group *group)
{
    asked->given = wh_resize(asked->given, asked->given_count + 1, sizeof *asked->given);
    asked->given[asked->given_count++] = (struct wh_given){ option, group };
}

void *wh_asked_values(const struct wh_asked *asked, const struct wh_option_group *group)
{
    size_t i = asked ? find_group(asked, group) : 0;
    return asked && i < asked->count ? asked->values[i] : NULL;
}

static bool applies(const struct wh_kind *kind, const struct wh_option *option,
                    const struct wh_option_group *group)
{
    return (!group || has_group(kind, group)) && !(option->needs & ~kind->can);
}

/* Whether the option is about kinds of this role: what it needs some of them can do. */
static bool concerns(const struct wh_role *role, const struct wh_option *option)
{
    unsigned can = 0;
    for (size_t k = 0; role->kinds[k]; k++)
        can |= role->kinds[k]->can;
    return !(option->needs & ~can);
}

/* "databases and files": the kinds that the option applies to, by what all alike are called, each
 * once, or by their names. */
static void add_kinds(struct wh_buffer *out, const struct wh_role *role,
                      const struct wh_option *option, const struct wh_option_group *group,
                      bool by_name)
{
    size_t begin = out->length;
    for (size_t k = 0; role->kinds[k]; k++) {
        const struct wh_kind *kind = role->kinds[k];
        bool said = false;
        for (size_t i = 0; i < k && !by_name; i++)
            said = said || (applies(role->kinds[i], option, group)
                            && strcmp(role->kinds[i]->all, kind->all) == 0);
        if (!said && applies(kind, option, group))
            wh_buffer_format(out, "%s%s", out->length > begin ? " and " : "",
                             by_name ? kind->name : kind->all);
    }
}

/* Whether the option applies to kinds that are called like this one. */
static bool applies_to_alike(const struct wh_role *role, const struct wh_kind *kind,
                             const struct wh_option *option, const struct wh_option_group *group)
{
    for (size_t k = 0; role->kinds[k]; k++)
        if (applies(role->kinds[k], option, group)
            && strcmp(role->kinds[k]->all, kind->all) == 0)
            return true;
    return false;
}

void wh_asked_applies(const struct wh_asked *asked, const struct wh_option *option,
                      struct wh_buffer *out)
{
    const struct wh_kind *const *kind = asked->role->kinds;
    while (*kind && applies(*kind, option, NULL))
        kind++;
    if (*kind && concerns(asked->role, option))
        add_kinds(out, asked->role, option, NULL,
                  applies_to_alike(asked->role, *kind, option, NULL));
}

void wh_asked_prefixes(const struct wh_asked *asked, const struct wh_option_group *group,
                       struct wh_buffer *out)
{
    const struct wh_kind *const *kinds = asked->role->kinds;
    size_t begin = out->length;
    for (size_t k = 0; kinds[k]; k++) {
        if (!has_group(kinds[k], group))
            continue;
        if (**kinds[k]->prefixes == '\0') {
            out->length = begin;
            return;
        }
        wh_buffer_format(out, "%s%s", out->length > begin ? ", " : "", *kinds[k]->prefixes);
    }
}

static int refuse(const struct wh_asked *asked, const struct wh_given *given,
                  const struct wh_kind *kind, struct wh_error *error)
{
    const struct wh_option *option = given->option;
    const char *elsewhere = option->elsewhere;
    bool by_name = applies_to_alike(asked->role, kind, option, given->group);
    struct wh_buffer kinds = { 0 };
    add_kinds(&kinds, asked->role, option, given->group, by_name);
    wh_fail(error, WH_REFUSED, "--%s applies only to %s, but the %s is %s%s%s%s", option->name,
            wh_buffer_text(&kinds), asked->role->what, by_name ? kind->name : kind->one,
            elsewhere ? " (" : "", elsewhere ? elsewhere : "", elsewhere ? ")" : "");
    wh_buffer_free(&kinds);
    return -1;
}

int wh_asked_check(const struct wh_asked *asked, const struct wh_kind *kind,
                   struct wh_error *error)
{
    for (size_t i = 0; asked && i < asked->given_count; i++) {
        const struct wh_given *given = &asked->given[i];
        if (concerns(asked->role, given->option) && !applies(kind, given->option, given->group))
            return refuse(asked, given, kind, error);
    }
    for (size_t i = 0; asked && i < asked->count; i++) {
        const struct wh_option_group *group = asked->groups[i];
        if (has_group(kind, group) && group->settle
            && group->settle(asked->values[i], error) != 0)
            return -1;
    }
    return 0;
}
