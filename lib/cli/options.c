#include "cli/options.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/choice.h"
#include "base/file.h"
#include "base/formats.h"
#include "base/memory.h"
#include "base/scheme.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/completion.h"

enum { WIDTH = 80, HELP_COLUMN_MAX = 32 };

/* What every tool answers by itself. */
struct standard {
    bool help;
    bool version;
    const char *completion;
};

static const struct wh_option standard_options[] = {
    WH_HEADING("Help"),
    WH_FLAG(struct standard, help, "help", 'h', "print this and exit"),
    WH_FLAG(struct standard, version, "version", 'V', "print the version and exit"),
    WH_TEXT(struct standard, completion, "completion", 0, "SHELL",
            "print completion for bash, zsh or fish and exit", .words = wh_completion_shells),
};

struct parser {
    const struct wh_command *command;
    struct wh_option_part *parts; /* those of kinds, the command's, and the standard one */
    size_t part_count;
    struct standard standard;
    int argc;
    char **argv;
    int next; /* index in argv */
    const struct wh_option **given; /* in the order of the command line */
    size_t given_count;
};

/* An option, the struct that its offset means, and the group of a kind's that it is of, or NULL. */
struct found {
    const struct wh_option *option;
    void *target;
    const struct wh_option_group *group;
};

/* Iterates over all options of all parts, headings too: begin with zero for both. */
static const struct wh_option *option_at(const struct parser *parser, size_t *part, size_t *index)
{
    while (*part < parser->part_count && *index == parser->parts[*part].count) {
        (*part)++;
        *index = 0;
    }
    return *part < parser->part_count ? &parser->parts[*part].options[(*index)++] : NULL;
}

/* The group whose options a part is; NULL: it is the command's. */
static const struct wh_option_group *group_of(const struct parser *parser, size_t part)
{
    const struct wh_asked *asked = parser->command->asked;
    return asked && part < asked->count ? asked->groups[part] : NULL;
}

static struct found found_at(const struct parser *parser, const struct wh_option *option,
                             size_t part)
{
    return (struct found){ option, parser->parts[part].target, group_of(parser, part) };
}

static struct found find_long(const struct parser *parser, const char *name, size_t length)
{
    size_t part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index)))
        if (option->name && strlen(option->name) == length && !memcmp(option->name, name, length))
            return found_at(parser, option, part);
    return (struct found){ 0 };
}

static struct found find_letter(const struct parser *parser, char letter)
{
    size_t part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index)))
        if (option->letter && option->letter == letter)
            return found_at(parser, option, part);
    return (struct found){ 0 };
}

/* Whether a value may be there, but only after "=". */
static bool may_take_value(const struct wh_option *option)
{
    return option->argument && option->argument[0] == '[';
}

static bool takes_value(const struct wh_option *option)
{
    return option->kind != WH_OPTION_FLAG && option->argument && !may_take_value(option);
}

/* ------------------------------------------------------------------ values */

/* Reads digits with a suffix k, m or g, each step of it `base` times the one before. */
static bool scaled_number(const char *text, uint64_t base, uint64_t *value)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(number, 10, &number)
            || __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
            return false;
    if (at == text)
        return false;
    static const char suffixes[] = "kmg";
    const char *suffix = *at ? strchr(suffixes, *at | 0x20) : NULL;
    if (suffix) {
        at++;
        for (const char *step = suffixes; step <= suffix; step++)
            if (__builtin_mul_overflow(number, base, &number))
                return false;
    }
    *value = number;
    return *at == '\0';
}

static bool decimal_number(const char *text, double *value)
{
    if (!*text || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    char *end;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static int refuse_value(const char *name, const char *value, const char *what,
                        struct wh_error *error)
{
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "--%s: %s is not %s", name,
                   wh_quote(quoted, value, strlen(value)), what);
}

static int set_choice(const struct wh_option *option, void *place, const char *value,
                      struct wh_error *error)
{
    int index = wh_choice_find(option->words, value);
    if (index < 0)
        return wh_choice_refuse(option->name, value, option->words, error);
    *(const char **)place = option->words[index];
    return 0;
}

static int set_whole_number(const struct wh_option *option, uint64_t *place, const char *value,
                            struct wh_error *error)
{
    bool bytes = option->kind == WH_OPTION_SIZE;
    uint64_t least = option->least, most = option->most, number;
    if (scaled_number(value, bytes ? 1024 : 1000, &number) && number >= least && number <= most) {
        *place = number;
        return 0;
    }
    char what[128];
    snprintf(what, sizeof what, "a %s from %" PRIu64 " to %" PRIu64 "%s",
             bytes ? "number of bytes" : "whole number", least, most,
             bytes        ? " (k, m, g: times 2^10, 2^20, 2^30)"
             : most > 999 ? " (k, m, g: times 10^3, 10^6, 10^9)" : "");
    return refuse_value(option->name, value, what, error);
}

/* 0.5, 17, 1e9 */
static void print_limit(char text[static 32], double limit)
{
    double exponent = floor(log10(fabs(limit)));
    if (fabs(limit) >= 1e6)
        snprintf(text, 32, "%.15ge%.0f", limit / pow(10, exponent), exponent);
    else
        snprintf(text, 32, "%.15g", limit);
}

/* "", " from 0 to 1", " above 0, up to 1e9": what a number must be, and --help says. */
static void print_limits(char text[static 64], const struct wh_option *option)
{
    bool low = isfinite(option->low), high = isfinite(option->high);
    char least[32], most[32];
    size_t used = 0;
    text[0] = '\0';
    print_limit(least, option->low);
    print_limit(most, option->high);
    if (low)
        used = (size_t)snprintf(text, 64, " %s %s", option->above ? "above" : "from", least);
    if (high)
        snprintf(text + used, 64 - used, "%s to %s", option->above || !low ? ", up" : "", most);
}

static int set_number(const struct wh_option *option, double *place, const char *value,
                      struct wh_error *error)
{
    double number;
    if (decimal_number(value, &number) && number <= option->high
        && (option->above ? number > option->low : number >= option->low)) {
        *place = number;
        return 0;
    }
    char limits[64], what[80];
    print_limits(limits, option);
    snprintf(what, sizeof what, "a number%s", limits);
    return refuse_value(option->name, value, what, error);
}

static int set_duration(const struct wh_option *option, double *place, const char *value,
                        struct wh_error *error)
{
    int64_t milliseconds;
    if (!wh_duration_parse(value, strlen(value), &milliseconds))
        return refuse_value(option->name, value, "a duration, such as 500ms, 30s or 10m", error);
    *place = (double)milliseconds / 1000;
    return 0;
}

static void add_item(struct wh_texts *texts, const char *value)
{
    texts->items = wh_resize(texts->items, texts->count + 1, sizeof *texts->items);
    texts->items[texts->count++] = value;
}

static int set_names(const struct wh_option *option, struct wh_name_list *list, const char *value,
                     struct wh_error *error)
{
    wh_name_list_free(list);
    list->text = wh_split_list(value, &list->names, &list->count);
    for (size_t i = 0; i < list->count; i++) {
        if (*list->names[i] == '\0')
            return wh_fail(error, WH_REFUSED, "--%s: a name is missing between the commas",
                           option->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(list->names[i], list->names[k]) == 0)
                return wh_fail(error, WH_REFUSED, "--%s: column %s is listed twice",
                               option->name, list->names[i]);
    }
    return 0;
}

static int call_set(struct found found, const char *value, struct wh_error *error)
{
    if (found.option->call(found.target, found.option, value, error) == 0)
        return 0;
    return wh_error_in(error, "--%s", found.option->name);
}

static int set_file(const struct wh_option *option, const char **place, const char *value,
                    struct wh_error *error)
{
    if (wh_scheme_check_file(value, error) != 0)
        return wh_error_in(error, "--%s", option->name);
    *place = value;
    return 0;
}

static int set_value(struct found found, const char *value, struct wh_error *error)
{
    const struct wh_option *option = found.option;
    void *place = (char *)found.target + option->offset;
    switch (option->kind) {
    case WH_OPTION_FLAG:
        *(bool *)place = true;
        return 0;
    case WH_OPTION_TEXT:
        *(const char **)place = value;
        return 0;
    case WH_OPTION_FILE:
        return set_file(option, place, value, error);
    case WH_OPTION_CHOICE:
        return set_choice(option, place, value, error);
    case WH_OPTION_COUNT:
    case WH_OPTION_SIZE:
        return set_whole_number(option, place, value, error);
    case WH_OPTION_NUMBER:
        return set_number(option, place, value, error);
    case WH_OPTION_DURATION:
        return set_duration(option, place, value, error);
    case WH_OPTION_TEXTS:
        add_item(place, value);
        return 0;
    case WH_OPTION_NAMES:
        return set_names(option, place, value, error);
    case WH_OPTION_CALL:
        return call_set(found, value, error);
    case WH_OPTION_HEADING:
        break;
    }
    return 0;
}

/* -------------------------------------------------------------- arguments */

/* A shortened name means the option it begins; else the one that is spelled alike. */
static const char *likely_name(const char *wanted, const char *const *names, size_t count)
{
    size_t length = strlen(wanted);
    for (size_t i = 0; i < count; i++)
        if (length > 1 && strncmp(names[i], wanted, length) == 0)
            return names[i];
    return wh_nearest(wanted, names, count);
}

static int refuse_unknown(const struct parser *parser, const char *name, size_t length,
                          struct wh_error *error)
{
    size_t count = 0, part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index)))
        count += option->name != NULL;
    const char **names = wh_alloc(count, sizeof *names);
    part = index = count = 0;
    while ((option = option_at(parser, &part, &index)))
        if (option->name)
            names[count++] = option->name;
    char *wanted = wh_copy(name, length);
    const char *likely = likely_name(wanted, names, count);
    if (likely)
        wh_fail(error, WH_REFUSED, "unknown option --%s (did you mean --%s?)", wanted, likely);
    else
        wh_fail(error, WH_REFUSED, "unknown option --%s (see %s --help)", wanted,
                parser->command->tool);
    free(wanted);
    free(names);
    return -1;
}

static void note_given(struct parser *parser, const struct wh_option *option)
{
    parser->given = wh_resize(parser->given, parser->given_count + 1, sizeof *parser->given);
    parser->given[parser->given_count++] = option;
}

/* Whoever chooses the default, such as "auto", asks for nothing that a kind could not do. */
static bool is_default(const struct wh_option *option, const char *value)
{
    const char *standard = option->fallback ? option->fallback : option->otherwise;
    return option->kind == WH_OPTION_CHOICE && standard && strcmp(value, standard) == 0;
}

static int take_value(const struct parser *parser, struct found found, const char *value,
                      struct wh_error *error)
{
    struct wh_asked *asked = parser->command->asked;
    if (asked && (found.group || found.option->needs) && !is_default(found.option, value))
        wh_asked_note(asked, found.option, found.group);
    return set_value(found, value, error);
}

static int parse_long(struct parser *parser, const char *text, struct wh_error *error)
{
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    struct found found = find_long(parser, text, length);
    if (!found.option)
        return refuse_unknown(parser, text, length, error);
    note_given(parser, found.option);
    if (!takes_value(found.option)) {
        if (equals && !may_take_value(found.option))
            return wh_fail(error, WH_REFUSED, "--%s takes no value", found.option->name);
        return take_value(parser, found, equals ? equals + 1 : NULL, error);
    }
    const char *value = equals ? equals + 1 : NULL;
    if (!value && parser->next < parser->argc)
        value = parser->argv[parser->next++];
    if (!value)
        return wh_fail(error, WH_REFUSED, "--%s needs a value: --%s %s", found.option->name,
                       found.option->name, found.option->argument);
    return take_value(parser, found, value, error);
}

/* A cluster of letters after one dash; the last may take a value, in the same word or the next. */
static int parse_letters(struct parser *parser, const char *text, struct wh_error *error)
{
    while (*text) {
        struct found found = find_letter(parser, *text);
        if (!found.option) {
            char quoted[96];
            wh_quote(quoted, text, 1);
            return wh_fail(error, WH_REFUSED, "unknown option -%.*s (see %s --help)",
                           (int)strlen(quoted) - 2, quoted + 1, parser->command->tool);
        }
        text++;
        note_given(parser, found.option);
        if (!takes_value(found.option)) {
            if (take_value(parser, found, NULL, error))
                return -1;
            continue;
        }
        const char *value = *text ? text : NULL;
        if (!value && parser->next < parser->argc)
            value = parser->argv[parser->next++];
        if (!value)
            return wh_fail(error, WH_REFUSED, "-%c needs a value: --%s %s", found.option->letter,
                           found.option->name, found.option->argument);
        return take_value(parser, found, value, error);
    }
    return 0;
}

/* ------------------------------------------------------------------- help */

/* How many columns well-formed UTF-8 takes, each character taken as one. */
static size_t text_width(const char *text, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xC0) != 0x80;
    return width;
}

static void add_blanks(struct wh_buffer *out, size_t count)
{
    while (count--)
        wh_buffer_byte(out, ' ');
}

/* Appends `text` at column `indent`, wrapped, with the same indent for all its lines. */
static void add_wrapped(struct wh_buffer *out, const char *text, size_t indent)
{
    size_t at = indent;
    while (*text) {
        size_t length = strcspn(text, " \n");
        size_t width = text_width(text, length);
        if (at > indent && at + 1 + width >= WIDTH) {
            wh_buffer_byte(out, '\n');
            add_blanks(out, indent);
            at = indent;
        }
        if (at > indent && length) {
            wh_buffer_byte(out, ' ');
            at++;
        }
        wh_buffer_add(out, text, length);
        at += width;
        text += length;
        if (*text == '\n') {
            wh_buffer_byte(out, '\n');
            add_blanks(out, indent);
            at = indent;
        }
        text += *text != '\0';
    }
    wh_buffer_byte(out, '\n');
}

/* Appends "  -i, --input-format FORMAT" and returns its width. */
static size_t add_synopsis(struct wh_buffer *out, const struct wh_option *option)
{
    size_t begin = out->length;
    if (option->letter)
        wh_buffer_format(out, "  -%c, --%s", option->letter, option->name);
    else
        wh_buffer_format(out, "      --%s", option->name);
    if (takes_value(option))
        wh_buffer_format(out, " %s", option->argument);
    else if (may_take_value(option))
        wh_buffer_format(out, "%s", option->argument);
    return text_width(out->data + begin, out->length - begin);
}

/* The column where the options' sentences begin: after the longest synopsis that is not absurd. */
static size_t help_column(const struct parser *parser)
{
    struct wh_buffer scratch = { 0 };
    size_t column = 0, part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index))) {
        if (!option->name)
            continue;
        size_t width = add_synopsis(&scratch, option) + 2;
        if (width > column && width <= HELP_COLUMN_MAX)
            column = width;
    }
    wh_buffer_free(&scratch);
    return column;
}

/* Sentences are wrapped; lines that begin with a blank are examples, to be left as they are. */
static void add_closing(struct wh_buffer *out, const char *closing)
{
    for (const char *line = closing; *line;) {
        size_t length = strcspn(line, "\n");
        char *copy = wh_copy(line, length);
        if (*copy == ' ')
            wh_buffer_format(out, "%s\n", copy);
        else
            add_wrapped(out, copy, 0);
        free(copy);
        line += length + (line[length] == '\n');
    }
}

/* A whole number as one may give it: 64m, and small ones in full. */
static void add_scaled(struct wh_buffer *out, uint64_t number, uint64_t base)
{
    static const char suffixes[] = "kmg";
    size_t steps = 0;
    bool is_long = number >= 10000;
    while (is_long && number % base == 0 && steps < strlen(suffixes)) {
        number /= base;
        steps++;
    }
    wh_buffer_format(out, "%" PRIu64, number);
    if (steps)
        wh_buffer_byte(out, suffixes[steps - 1]);
}

/* " (1 to 17)": what a number must be, where that is not obvious. */
static void add_limits(struct wh_buffer *out, const struct wh_option *option)
{
    char limits[64];
    switch (option->kind) {
    case WH_OPTION_COUNT:
    case WH_OPTION_SIZE:
        if (option->most == WH_NO_LIMIT)
            return;
        wh_buffer_format(out, " (%" PRIu64 " to ", option->least);
        add_scaled(out, option->most, option->kind == WH_OPTION_SIZE ? 1024 : 1000);
        wh_buffer_byte(out, ')');
        return;
    case WH_OPTION_NUMBER:
        print_limits(limits, option);
        if (*limits)
            wh_buffer_format(out, " (%s)", limits + 1);
        return;
    default:
        return;
    }
}

/* " (files only)", where other kinds have no use for the option. */
static void add_kinds(struct wh_buffer *out, const struct parser *parser,
                      const struct wh_option *option)
{
    struct wh_buffer kinds = { 0 };
    if (parser->command->asked && option->needs)
        wh_asked_applies(parser->command->asked, option, &kinds);
    if (kinds.length > 0)
        wh_buffer_format(out, " (%s only)", wh_buffer_text(&kinds));
    wh_buffer_free(&kinds);
}

/* The help, with the limits and the default. */
static void add_sentence(struct wh_buffer *out, const struct parser *parser,
                         const struct wh_option *option, size_t column)
{
    struct wh_buffer text = { 0 };
    const char *standard = option->fallback ? option->fallback : option->otherwise;
    wh_buffer_format(&text, "%s", option->help);
    add_limits(&text, option);
    add_kinds(&text, parser, option);
    if (standard)
        wh_buffer_format(&text, " [%s]", standard);
    wh_buffer_byte(&text, '\0');
    add_wrapped(out, text.data, column);
    wh_buffer_free(&text);
}

/* "What to extract from a database (sqlite:, postgresql://):" */
static void add_heading(struct wh_buffer *out, const struct parser *parser,
                        const struct wh_option *heading, size_t part)
{
    const struct wh_option_group *group = group_of(parser, part);
    struct wh_buffer prefixes = { 0 };
    if (group)
        wh_asked_prefixes(parser->command->asked, group, &prefixes);
    wh_buffer_format(out, "\n%s", heading->help);
    if (prefixes.length > 0)
        wh_buffer_format(out, " (%s)", wh_buffer_text(&prefixes));
    wh_buffer_format(out, ":\n");
    wh_buffer_free(&prefixes);
}

/* The left column, and a sentence in the right one. */
static void add_beside(struct wh_buffer *out, size_t width, size_t column)
{
    if (width + 2 > column) {
        wh_buffer_byte(out, '\n');
        width = 0;
    }
    add_blanks(out, column - width);
}

/* The kinds that an operand can be, those that this build lacks too, with examples. */
static void add_operands(struct wh_buffer *out, const struct wh_role *role, size_t column)
{
    wh_buffer_format(out, "\n%s can be:\n", role->operand);
    for (size_t k = 0; role->kinds[k]; k++) {
        const struct wh_kind *kind = role->kinds[k];
        wh_buffer_format(out, "  %s", kind->operand);
        add_beside(out, 2 + text_width(kind->operand, strlen(kind->operand)), column);
        struct wh_buffer text = { 0 };
        wh_buffer_format(&text, "%s", kind->help);
        if (kind->absent)
            wh_buffer_format(&text, " (not in this build: install %s and build again)",
                             kind->package);
        add_wrapped(out, wh_buffer_text(&text), column);
        wh_buffer_free(&text);
    }
    wh_buffer_format(out, "\nExamples:\n");
    for (size_t k = 0; role->kinds[k]; k++)
        if (role->kinds[k]->example && !role->kinds[k]->absent)
            add_closing(out, role->kinds[k]->example);
}

/* A line for each word of a choice, where somebody says what it means. */
static void add_words(struct wh_buffer *out, const struct wh_option *option, size_t column)
{
    for (const char *const *word = option->words; option->about && *word; word++) {
        struct wh_buffer text = { 0 };
        wh_buffer_format(&text, "%s: %s", *word, option->about(*word));
        add_blanks(out, column);
        add_wrapped(out, wh_buffer_text(&text), column);
        wh_buffer_free(&text);
    }
}

static void add_help(struct wh_buffer *out, const struct parser *parser)
{
    const struct wh_command *command = parser->command;
    wh_buffer_format(out, "Usage: %s %s\n", command->tool, command->usage);
    add_wrapped(out, command->summary, 0);
    size_t column = help_column(parser);
    size_t part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index))) {
        if (option->kind == WH_OPTION_HEADING) {
            add_heading(out, parser, option, part);
            continue;
        }
        size_t width = add_synopsis(out, option);
        add_beside(out, width, column);
        add_sentence(out, parser, option, column);
        add_words(out, option, column);
    }
    if (command->asked)
        add_operands(out, command->asked->role, column);
    if (command->closing) {
        wh_buffer_byte(out, '\n');
        add_closing(out, command->closing);
    }
}

/* ------------------------------------------------------------- completion */

static void add_script(struct wh_buffer *out, const struct parser *parser)
{
    const struct wh_option **options = NULL;
    size_t count = 0, part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index))) {
        if (!option->name)
            continue;
        options = wh_resize(options, count + 1, sizeof *options);
        options[count++] = option;
    }
    const struct wh_asked *asked = parser->command->asked;
    wh_completion_print(out, parser->standard.completion, parser->command->tool, options, count,
                        asked ? asked->role : NULL);
    free(options);
}

/* The table for man/options.pl: a line "heading TEXT" or "option NAME LETTER ARGUMENT CHOICES LIMITS
 * DEFAULT", separated by tabs. */
static void add_table(struct wh_buffer *out, const struct parser *parser)
{
    size_t part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index))) {
        if (option->kind == WH_OPTION_HEADING) {
            wh_buffer_format(out, "heading\t%s\n", option->help);
            continue;
        }
        wh_buffer_format(out, "option\t%s\t%.1s\t%s\t", option->name, &option->letter,
                         option->argument ? option->argument : "");
        bool choice = option->kind == WH_OPTION_CHOICE;
        for (const char *const *word = option->words; choice && *word; word++)
            wh_buffer_format(out, "%s%s", word == option->words ? "" : " ", *word);
        wh_buffer_byte(out, '\t');
        add_limits(out, option);
        const char *standard = option->fallback ? option->fallback : option->otherwise;
        wh_buffer_format(out, "\t%s\n", standard ? standard : "");
    }
}

/* Whether the option of `word` takes the next word as its value. */
static bool takes_next(const struct parser *parser, const char *word)
{
    size_t length = strlen(word);
    struct found found = { 0 };
    if (length > 2 && word[1] == '-')
        found = find_long(parser, word + 2, length - 2);
    else if (length == 2)
        found = find_letter(parser, word[1]);
    return found.option && takes_value(found.option);
}

/* The columns of the operands among the words that are left: those of an unfinished command line,
 * in which bash has made words of its own of each "=". */
static void add_columns(struct wh_buffer *out, const struct parser *parser)
{
    const char **paths = wh_alloc((size_t)parser->argc, sizeof *paths);
    size_t count = 0;
    for (int i = parser->next; i < parser->argc; i++) {
        const char *word = parser->argv[i];
        struct stat status;
        if (word[0] == '-' && takes_next(parser, word))
            i += i + 2 < parser->argc && strcmp(parser->argv[i + 1], "=") == 0 ? 2 : 1;
        else if (word[0] != '-' && stat(word, &status) == 0 && S_ISREG(status.st_mode))
            paths[count++] = word;
    }
    wh_completion_columns(out, paths, count);
    free(paths);
}

static int add_completion(struct wh_buffer *out, const struct parser *parser,
                          struct wh_error *error)
{
    const char *what = parser->standard.completion;
    if (strcmp(what, "columns") == 0) {
        add_columns(out, parser);
        return 0;
    }
    if (strcmp(what, "options") == 0) {
        add_table(out, parser);
        return 0;
    }
    for (size_t i = 0; wh_completion_shells[i]; i++)
        if (strcmp(what, wh_completion_shells[i]) == 0) {
            add_script(out, parser);
            return 0;
        }
    char quoted[96];
    return wh_fail(error, WH_REFUSED, "--completion: unknown shell %s (bash, zsh or fish)",
                   wh_quote(quoted, what, strlen(what)));
}

/* Answers --help, --version or --completion where one of them was given. */
static int answer(const struct parser *parser, bool *done, struct wh_error *error)
{
    const struct standard *standard = &parser->standard;
    *done = standard->help || standard->version || standard->completion;
    if (!*done)
        return 0;
    struct wh_buffer out = { 0 };
    if (standard->help)
        add_help(&out, parser);
    else if (standard->version)
        wh_buffer_format(&out, "%s %s (stream %d, state %d, model %d)\n", parser->command->tool,
                         WH_VERSION, WH_STREAM_VERSION, WH_STATE_VERSION, WH_MODEL_VERSION);
    else if (add_completion(&out, parser, error))
        return -1;
    int result = wh_write_all(STDOUT_FILENO, out.data, out.length, error);
    wh_buffer_free(&out);
    return result == 0 ? 0 : wh_error_in(error, "standard output");
}

/* ------------------------------------------------------------------ parse */

/*
 * A closed standard descriptor is opened on /dev/null the wrong way round: whoever uses it gets
 * the error that a closed one gives, and no file opened later takes its number.
 */
static int guard_descriptors(struct wh_error *error)
{
    static const int contrary[] = { O_WRONLY, O_RDONLY, O_RDONLY };
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) == -1 && errno == EBADF
            && open("/dev/null", contrary[descriptor]) != descriptor)
            return wh_fail_errno(error, WH_FAILED, "cannot open /dev/null");
    return 0;
}

static int set_fallbacks(const struct parser *parser, struct wh_error *error)
{
    size_t part = 0, index = 0;
    const struct wh_option *option;
    while ((option = option_at(parser, &part, &index)))
        if (option->fallback
            && set_value(found_at(parser, option, part), option->fallback, error) != 0)
            return -1;
    return 0;
}

static int parse_arguments(struct parser *parser, int *operands, bool *done,
                           struct wh_error *error)
{
    bool only_operands = false;
    while (parser->next < parser->argc && !*done) {
        char *word = parser->argv[parser->next++];
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            parser->argv[++*operands] = word;
        } else if (word[1] != '-') {
            if (parse_letters(parser, word + 1, error) || answer(parser, done, error))
                return -1;
        } else if (word[2] == '\0') {
            only_operands = true;
        } else if (parse_long(parser, word + 2, error) || answer(parser, done, error)) {
            return -1;
        }
    }
    return 0;
}

static bool is_listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static bool is_given(const struct parser *parser, const char *name)
{
    for (size_t i = 0; i < parser->given_count; i++)
        if (strcmp(parser->given[i]->name, name) == 0)
            return true;
    return false;
}

static int check_mode(const struct parser *parser, const struct wh_mode *mode,
                      struct wh_error *error)
{
    if (!is_given(parser, mode->option))
        return 0;
    for (size_t i = 0; i < parser->given_count; i++) {
        const char *name = parser->given[i]->name;
        if (mode->all_but ? !is_listed(mode->all_but, name) : is_listed(mode->only, name))
            return wh_fail(error, WH_REFUSED, "--%s has no effect with --%s, which %s (leave it "
                           "out)", name, mode->option, mode->why);
    }
    return 0;
}

static int check_required(const struct parser *parser, struct wh_error *error)
{
    for (size_t i = 0; i < parser->given_count; i++) {
        const struct wh_option *option = parser->given[i];
        if (!option->requires || is_given(parser, option->requires))
            continue;
        const struct wh_option *other =
            find_long(parser, option->requires, strlen(option->requires)).option;
        return wh_fail(error, WH_REFUSED, "--%s requires --%s %s", option->name, other->name,
                       other->argument ? other->argument : "");
    }
    return 0;
}

static int check_modes(const struct parser *parser, struct wh_error *error)
{
    const struct wh_command *command = parser->command;
    for (size_t i = 0; i < command->mode_count; i++)
        if (check_mode(parser, &command->modes[i], error) != 0)
            return -1;
    return 0;
}

static void collect_parts(struct parser *parser)
{
    const struct wh_command *command = parser->command;
    const struct wh_asked *asked = command->asked;
    size_t groups = asked ? asked->count : 0;
    struct wh_option_part *parts = wh_alloc(groups + command->part_count + 1, sizeof *parts);
    for (size_t i = 0; i < groups; i++)
        parts[i] = (struct wh_option_part){ asked->groups[i]->options, asked->groups[i]->count,
                                            asked->values[i] };
    for (size_t i = 0; i < command->part_count; i++)
        parts[groups + i] = command->parts[i];
    parser->part_count = groups + command->part_count + 1;
    parser->parts = parts;
    parts[parser->part_count - 1] = (struct wh_option_part)WH_PART(standard_options,
                                                                   &parser->standard);
}

int wh_options_parse(const struct wh_command *command, int argc, char **argv, int *operands,
                     bool *done, struct wh_error *error)
{
    *operands = 0;
    *done = false;
    wh_secrets_note(argc, argv);
    if (guard_descriptors(error))
        return -1;
    struct parser parser = { .command = command, .argc = argc, .argv = argv, .next = 1 };
    collect_parts(&parser);
    int result = set_fallbacks(&parser, error);
    if (result == 0)
        result = parse_arguments(&parser, operands, done, error);
    if (result == 0 && !*done)
        result = check_required(&parser, error) == 0 ? check_modes(&parser, error) : -1;
    free(parser.given);
    free(parser.parts);
    return result;
}
