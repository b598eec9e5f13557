/*
 * Command lines. Tables (base/option.h) say what options there are; parsing, --help and the shells'
 * completions are all made from them.
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
#include "base/kind.h"
#include "base/option.h"

/* Several tables make one command line, each with the struct that its offsets mean. */
struct wh_option_part {
    const struct wh_option *options;
    size_t count;
    void *target;
};

/* A part from an array and its target. */
#define WH_PART(table, target) { table, sizeof(table) / sizeof *(table), target }

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
                             columns), the man page; the kinds and their examples come before */
    struct wh_asked *asked; /* the options of the kinds that operands can be, which come first in
                               --help and set its structs; NULL: there are no such kinds */
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

#endif
