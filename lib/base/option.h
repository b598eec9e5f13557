/*
 * Options, as whoever has them describes them: a table of rows, each with a name, an argument, a
 * help, bounds, a default and the member of a struct that it sets. It is data alone; what a command
 * line is made of it is cli/options.h.
 *
 * The rows of a table are made by the constructors below. Each names the struct and the member
 * that the option sets, and does not compile where the member has another type.
 */
#ifndef WH_BASE_OPTION_H
#define WH_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum wh_option_kind {
    WH_OPTION_HEADING,
    WH_OPTION_FLAG,
    WH_OPTION_TEXT,
    WH_OPTION_FILE,
    WH_OPTION_CHOICE,
    WH_OPTION_COUNT,
    WH_OPTION_SIZE,
    WH_OPTION_NUMBER,
    WH_OPTION_DURATION,
    WH_OPTION_TEXTS,
    WH_OPTION_NAMES,
    WH_OPTION_CALL,
};

struct wh_option;

/* Takes an option's value, NULL where none was given; what else the value must be is said in the
 * error's text, before which "--name: " is put. */
typedef int wh_option_call(void *target, const struct wh_option *option, const char *value,
                           struct wh_error *error);

struct wh_option {
    const char *name;     /* long name, without dashes */
    char letter;          /* 0: none */
    const char *argument; /* name of the value in --help, NULL for a flag. What begins with COL is
                             completed with the names of columns. "[=NAME]": a call whose value may
                             be left out, and else follows the "=" */
    const char *help;     /* one sentence without full stop; may hold \n */
    enum wh_option_kind kind;
    size_t offset;        /* into the target of the table's part */
    wh_option_call *call;
    const char *const *words; /* NULL last: those of a choice; of a text or a call those that
                                 completion offers, after "COLS=" where the argument has one */
    const char *(*about)(const char *word); /* what a word of a choice means, for a line of its own
                                               in --help; NULL: `help` says it */
    uint64_t least, most; /* of a count or a size */
    double low, high;     /* of a number */
    bool above;           /* it must be above `low`, not `low` itself */
    const char *fallback; /* set as if given before the command line; --help shows it in brackets */
    const char *otherwise; /* shown there instead, where the code decides: a word or two */
    unsigned needs;        /* what a kind (base/kind.h) must be able to do for it to apply, or'ed; 0:
                              nothing */
    const char *requires;  /* another option, without which it has no effect; NULL: none */
    const char *elsewhere; /* what does instead for kinds that it does not apply to; NULL: nothing */
};

/*
 * The constructors: WH_X(TYPE, MEMBER, name, letter, ...) sets MEMBER of the part's target, a
 * struct TYPE. The last argument is the help; .fallback, .otherwise, .words, .about, .requires, .needs and
 * .elsewhere may follow it.
 */

/* A heading in --help. */
#define WH_HEADING(text) { .kind = WH_OPTION_HEADING, .help = text }

/* bool: becomes true. */
#define WH_FLAG(type, member, name, letter, ...) \
    WH_ROW(FLAG, type, member, bool, name, letter, NULL, __VA_ARGS__)

/* const char *: the text as it is. */
#define WH_TEXT(type, member, name, letter, argument, ...) \
    WH_ROW(TEXT, type, member, const char *, name, letter, argument, __VA_ARGS__)

/* const char *: the name of a file that is read or written, refused where it is a database's. */
#define WH_FILE(type, member, name, letter, argument, ...) \
    WH_ROW(FILE, type, member, const char *, name, letter, argument, __VA_ARGS__)

/* const char *: one of `choices`, a const char *const[] with NULL last. */
#define WH_CHOICE(type, member, name, letter, argument, choices, ...) \
    WH_ROW(CHOICE, type, member, const char *, name, letter, argument, __VA_ARGS__, \
           .words = choices)

/* uint64_t: a whole number from `from` to `to`; suffixes k, m, g for 10^3, 10^6, 10^9. */
#define WH_COUNT(type, member, name, letter, argument, from, to, ...) \
    WH_ROW(COUNT, type, member, uint64_t, name, letter, argument, __VA_ARGS__, \
           .least = from, .most = to)
#define WH_NO_LIMIT UINT64_MAX

/* uint64_t: the same of bytes; suffixes k, m, g for 2^10, 2^20, 2^30. */
#define WH_SIZE(type, member, name, letter, argument, from, to, ...) \
    WH_ROW(SIZE, type, member, uint64_t, name, letter, argument, __VA_ARGS__, \
           .least = from, .most = to)

/* double: a finite number from `from` to `to`, -INFINITY and INFINITY where there is no limit. */
#define WH_NUMBER(type, member, name, letter, argument, from, to, ...) \
    WH_ROW(NUMBER, type, member, double, name, letter, argument, __VA_ARGS__, \
           .low = from, .high = to)
/* The same, but above `from`. */
#define WH_NUMBER_ABOVE(type, member, name, letter, argument, from, to, ...) \
    WH_NUMBER(type, member, name, letter, argument, from, to, __VA_ARGS__, .above = true)

/* double: a duration such as 500ms or 10m, in seconds. */
#define WH_DURATION(type, member, name, letter, argument, ...) \
    WH_ROW(DURATION, type, member, double, name, letter, argument, __VA_ARGS__)

/* struct wh_texts: the texts of all times that the option is given. */
#define WH_TEXTS(type, member, name, letter, argument, ...) \
    WH_ROW(TEXTS, type, member, struct wh_texts, name, letter, argument, __VA_ARGS__)

/* struct wh_name_list: "a,b", names that all differ, in place of those given before; a backslash
 * takes the meaning from the next byte. */
#define WH_NAMES(type, member, name, letter, argument, ...) \
    WH_ROW(NAMES, type, member, struct wh_name_list, name, letter, argument, __VA_ARGS__)

/* Calls `function` with the part's target, in the order of the command line. */
#define WH_CALL(function, long_name, short_name, value, ...) \
    { .kind = WH_OPTION_CALL, .call = function, .name = long_name, .letter = short_name, \
      .argument = value, .help = __VA_ARGS__ }

/* What the constructors have in common. _Generic has no case for a member of another type. */
#define WH_ROW(which, type, member, member_type, long_name, short_name, value, ...) \
    { .kind = WH_OPTION_##which, \
      .offset = _Generic(&((type *)0)->member, member_type *: offsetof(type, member)), \
      .name = long_name, .letter = short_name, .argument = value, .help = __VA_ARGS__ }

struct wh_texts {
    const char **items; /* of the command line */
    size_t count;
};

struct wh_name_list {
    const char **names; /* in `text` */
    size_t count;
    char *text;
};

/* What the lists hold; the texts belong to the command line. */
void wh_texts_free(struct wh_texts *texts);
void wh_name_list_free(struct wh_name_list *list);

/*
 * Options that some kinds have and others have not, with the struct that they set. A group is one
 * thing however many kinds refer to it, and so is its struct.
 */
struct wh_option_group {
    const struct wh_option *options; /* the first is a heading */
    size_t count;
    size_t size; /* of the struct, all zero at first */
    /* Makes ready what the options say, for a kind that has them: WH_REFUSED where they contradict
     * each other. NULL: nothing to do. */
    int (*settle)(void *values, struct wh_error *error);
    void (*clear)(void *values); /* frees what the struct holds; NULL: nothing */
};

/* A group's first members from an array and the struct that it sets. */
#define WH_GROUP(table, type) \
    .options = table, .count = sizeof(table) / sizeof *(table), .size = sizeof(type)

#endif
