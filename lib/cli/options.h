/*
 * Command lines. One table says what options there are; parsing, --help and the shells'
 * completions are all made from it.
 *
 * `--name VALUE`, `--name=VALUE`, `-nVALUE`, `-n VALUE`, clustered flags, `--` and `-` as POSIX
 * and GNU have them; operands may stand between options. Long names may not be shortened, so that
 * a new option never breaks a script. An unknown option is WH_REFUSED with the nearest known one.
 */
#ifndef WH_CLI_OPTIONS_H
#define WH_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum wh_option_kind {
    WH_OPTION_HEADING, /* no option: a heading in --help, text in `help` */
    WH_OPTION_FLAG,    /* bool at `offset` becomes true */
    WH_OPTION_TEXT,    /* const char * at `offset` */
    WH_OPTION_CHOICE,  /* the same, one of the words in `detail`: const char *const *, NULL last */
    WH_OPTION_COUNT,   /* uint64_t at `offset`; suffixes k, m, g for 10^3, 10^6, 10^9; up to the
                          const uint64_t that `detail` points to, NULL: 2^64 - 1 */
    WH_OPTION_POSITIVE, /* the same, from 1 */
    WH_OPTION_SIZE,    /* the same of bytes; suffixes k, m, g for 2^10, 2^20, 2^30 */
    WH_OPTION_NUMBER,  /* double at `offset`, finite */
    WH_OPTION_CALL,    /* set() is called, in the order of the command line; where it fails, its
                          text says what is wrong and "--name: " is put before that */
};

struct wh_option {
    const char *name;     /* long name, without dashes */
    char letter;          /* 0: none */
    const char *argument; /* name of the value in --help, NULL for a flag; FILE, MODEL, STATE
                             and PATH are completed with the names of files, what begins with COL
                             with those of columns; "[=NAME]": a call whose value may be left out,
                             and else follows the "=" */
    const char *help;     /* one sentence without full stop; may hold \n */
    enum wh_option_kind kind;
    size_t offset;        /* into the target of the table's part */
    int (*set)(void *target, const struct wh_option *option, const char *value,
               struct wh_error *error); /* value is NULL where there is none */
    const void *detail;   /* of a number the largest, see above. Else const char *const *, NULL
                             last: the words of a choice; of a text or a call those that completion
                             offers, after "COLS=" where the argument has one; NULL: none */
};

/* Several tables make one command line, each with the struct that its offsets mean. */
struct wh_option_part {
    const struct wh_option *options;
    size_t count;
    void *target;
};

/*
 * An option with which the tool does something else, so that others would have no effect: these are
 * refused. They are all but a few, or a few.
 */
struct wh_mode {
    const char *option;
    const char *why;                /* what it does instead, as in "reads no rows" */
    const char *const *all_but;     /* with its own name; NULL last */
    const char *const *only;        /* NULL last; one of the two is NULL */
};

struct wh_command {
    const char *tool;     /* "wh-clean" */
    const char *usage;    /* "[OPTION]... [FILE]..." */
    const char *summary;  /* one sentence: what it does */
    const char *closing;  /* printed at the end of --help: an example (indented, at most 80
                             columns), the man page */
    const struct wh_option_part *parts;
    size_t part_count;
    const struct wh_mode *modes;
    size_t mode_count;
};

/*
 * Parses; the operands' pointers are moved to the front of argv + 1 and counted in *operands.
 * --help, --version and --completion=SHELL print to standard output and set *done. Returns 0 or -1.
 *
 * As the first thing every tool does, it also sees to it that descriptors 0, 1 and 2 are open, so
 * that no file opened later takes the place of a closed standard output.
 */
int wh_options_parse(const struct wh_command *command, int argc, char **argv, int *operands,
                     bool *done, struct wh_error *error);

/*
 * For the call of an option whose value lists plain names, "a,b": a backslash takes the meaning
 * from the next byte. The names, all different, take the place of what was given before; both
 * arrays are to be freed.
 */
int wh_option_names(const char *value, const char ***names, size_t *count, char **text,
                    struct wh_error *error);

#endif
