#include "model/settings.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

enum kind { TEXT, NUMBER, COUNT };
static const char *const kind_names[] = { [TEXT] = "a text", [NUMBER] = "a number",
                                          [COUNT] = "a count" };

struct setting {
    const char *option; /* in the file dashes are underscores */
    enum kind kind;
    size_t offset;
    bool changes; /* a later run may give another value */
};

#define AT(member) offsetof(struct wh_settings, member)

static const struct setting table[] = {
    { "label", TEXT, AT(roles.label), false },
    { "weight", TEXT, AT(roles.weight), false },
    { "id", TEXT, AT(roles.id), false },
    { "ignore", TEXT, AT(roles.ignore), false },
    { "time", TEXT, AT(roles.time), false },
    { "learning-rate", NUMBER, AT(rate), false },
    { "l1", NUMBER, AT(l1), false },
    { "l2", NUMBER, AT(l2), false },
    { "class-weight", TEXT, AT(class_weights), false },
    { "half-life", TEXT, AT(half_life), false },
    { "interactions", TEXT, AT(roles.interactions), false },
    { "hash-bits", COUNT, AT(roles.hash_bits), false },
    { "max-features", COUNT, AT(max_features), true },
    { "holdout", TEXT, AT(holdout), false },
    { "join", TEXT, AT(roles.join), false },
    { "within", TEXT, AT(within), false },
    { "unmatched", TEXT, AT(unmatched), false },
    { "drift", TEXT, AT(drift), false },
    { "on-drift", TEXT, AT(on_drift), false },
};

enum {
    SETTINGS = sizeof table / sizeof *table,
    MAX_KEY = 64,
    MOST_STORED = 256 << 10, /* bytes of all texts in a model's header */
};

static const char **text_at(const struct wh_settings *settings, const struct setting *setting)
{
    return (const char **)((char *)(uintptr_t)settings + setting->offset);
}

static double *number_at(const struct wh_settings *settings, const struct setting *setting)
{
    return (double *)((char *)(uintptr_t)settings + setting->offset);
}

static uint64_t *count_at(const struct wh_settings *settings, const struct setting *setting)
{
    return (uint64_t *)((char *)(uintptr_t)settings + setting->offset);
}

static bool is_given(const struct wh_settings *settings, const struct setting *setting)
{
    switch (setting->kind) {
    case TEXT:
        return *text_at(settings, setting) != NULL;
    case NUMBER:
        return !isnan(*number_at(settings, setting));
    case COUNT:
        break;
    }
    return *count_at(settings, setting) != 0;
}

static void set(struct wh_settings *to, const struct wh_settings *from,
                const struct setting *setting)
{
    switch (setting->kind) {
    case TEXT:
        *text_at(to, setting) = *text_at(from, setting);
        break;
    case NUMBER:
        *number_at(to, setting) = *number_at(from, setting);
        break;
    case COUNT:
        *count_at(to, setting) = *count_at(from, setting);
        break;
    }
}

struct wh_settings wh_settings_none(void)
{
    struct wh_settings settings = { 0 };
    for (size_t i = 0; i < SETTINGS; i++)
        if (table[i].kind == NUMBER)
            *number_at(&settings, &table[i]) = (double)NAN;
    return settings;
}

void wh_settings_fill(struct wh_settings *given, const struct wh_settings *stored)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!is_given(given, &table[i]))
            set(given, stored, &table[i]);
}

struct wh_settings wh_settings_copy(const struct wh_settings *settings)
{
    struct wh_settings copy = *settings;
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *text = table[i].kind == TEXT ? *text_at(settings, &table[i]) : NULL;
        if (text)
            *text_at(&copy, &table[i]) = wh_copy(text, strlen(text));
    }
    return copy;
}

void wh_settings_free(struct wh_settings *settings)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (table[i].kind == TEXT)
            free((char *)(uintptr_t)*text_at(settings, &table[i]));
    *settings = wh_settings_none();
}

/*
 * Checks
 */

int wh_setting_check(const char *option, const char *text, struct wh_error *error)
{
    char quoted[96];
    size_t length = text ? strlen(text) : 0;
    if (length == 0 || wh_utf8_valid(text, length) == length)
        return 0;
    return wh_fail(error, WH_REFUSED, "--%s: %s is not UTF-8", option,
                   wh_quote(quoted, text, length));
}

/* Bytes of the text in JSON. */
static size_t stored_size(const char *text)
{
    json_t *string = json_string(text);
    size_t size = json_dumpb(string, NULL, 0, JSON_ENCODE_ANY);
    json_decref(string);
    return size;
}

int wh_settings_check(const struct wh_settings *given, struct wh_error *error)
{
    size_t all = 0, most = 0;
    const char *longest = NULL;
    for (size_t i = 0; i < SETTINGS; i++) {
        const char *text = table[i].kind == TEXT ? *text_at(given, &table[i]) : NULL;
        if (wh_setting_check(table[i].option, text, error) != 0)
            return -1;
        size_t size = text ? stored_size(text) : 0;
        all += size;
        if (size > most) {
            most = size;
            longest = table[i].option;
        }
    }
    if (all <= MOST_STORED)
        return 0;
    return wh_fail(error, WH_REFUSED, "--%s is too long: the options that a model keeps may take "
                   "%d bytes in its file, and these take %zu (a pattern such as /_id$/ or a range "
                   "such as a-f names many columns, and wh-clean --exclude leaves some out)",
                   longest, MOST_STORED, all);
}

int wh_setting_compare(const char *option, const char *given, const char *stored,
                       const char *path, struct wh_error *error)
{
    if (!given || (stored && strcmp(given, stored) == 0))
        return 0;
    if (!stored)
        return wh_fail(error, WH_REFUSED,
                       "%s was learned without --%s: --%s %s contradicts that (--new starts "
                       "another model)", path, option, option, given);
    return wh_fail(error, WH_REFUSED,
                   "%s was learned with --%s %s: --%s %s contradicts that (--new starts another "
                   "model)", path, option, stored, option, given);
}

static int compare_number(const char *option, double given, double stored, const char *path,
                          struct wh_error *error)
{
    if (given == stored)
        return 0;
    if (isnan(stored))
        return wh_fail(error, WH_REFUSED,
                       "%s was learned without --%s: one contradicts that (--new starts another "
                       "model)", path, option);
    return wh_fail(error, WH_REFUSED,
                   "%s was learned with --%s %.15g: another one contradicts that (--new starts "
                   "another model)", path, option, stored);
}

int wh_settings_compare(const struct wh_settings *given, const struct wh_settings *stored,
                        const char *path, struct wh_error *error)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *setting = &table[i];
        int differs = 0;
        if (setting->changes || !is_given(given, setting))
            continue;
        if (setting->kind == TEXT)
            differs = wh_setting_compare(setting->option, *text_at(given, setting),
                                         *text_at(stored, setting), path, error);
        else if (setting->kind == NUMBER)
            differs = compare_number(setting->option, *number_at(given, setting),
                                     *number_at(stored, setting), path, error);
        else
            differs = compare_number(setting->option, (double)*count_at(given, setting),
                                     (double)*count_at(stored, setting), path, error);
        if (differs)
            return -1;
    }
    return 0;
}

/*
 * In the file
 */

static const char *key_of(const struct setting *setting, char key[static MAX_KEY])
{
    size_t length = strlen(setting->option);
    for (size_t i = 0; i <= length; i++)
        key[i] = setting->option[i] == '-' ? '_' : setting->option[i];
    return key;
}

static json_t *value_of(const struct wh_settings *settings, const struct setting *setting)
{
    if (!is_given(settings, setting))
        return json_null();
    if (setting->kind == TEXT)
        return json_string(*text_at(settings, setting));
    if (setting->kind == NUMBER)
        return json_real(*number_at(settings, setting));
    return json_integer((json_int_t)*count_at(settings, setting));
}

json_t *wh_settings_save(const struct wh_settings *settings)
{
    char key[MAX_KEY];
    json_t *object = json_object();
    for (size_t i = 0; i < SETTINGS; i++)
        json_object_set_new(object, key_of(&table[i], key), value_of(settings, &table[i]));
    return object;
}

static bool load(struct wh_settings *settings, const struct setting *setting, const json_t *value)
{
    static const double MOST = 9007199254740992; /* 2^53 */
    double number = json_number_value(value);
    if (json_is_null(value))
        return true;
    if (setting->kind == TEXT ? !json_is_string(value) : !json_is_number(value))
        return false;
    if (setting->kind == TEXT) {
        if (strlen(json_string_value(value)) != json_string_length(value))
            return false;
        *text_at(settings, setting) =
            wh_copy(json_string_value(value), json_string_length(value));
    } else if (setting->kind == NUMBER) {
        *number_at(settings, setting) = number;
    } else {
        if (!(number >= 0 && number <= MOST))
            return false;
        *count_at(settings, setting) = (uint64_t)number;
    }
    return true;
}

int wh_settings_load(struct wh_settings *settings, const json_t *object, struct wh_error *error)
{
    char key[MAX_KEY];
    *settings = wh_settings_none();
    for (size_t i = 0; i < SETTINGS; i++)
        if (!load(settings, &table[i], json_object_get(object, key_of(&table[i], key))))
            return wh_fail(error, WH_REFUSED, "the value of --%s is not %s", table[i].option,
                           kind_names[table[i].kind]);
    return 0;
}
