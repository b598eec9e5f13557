/*
 * Completion for bash, zsh and fish, made from a tool's table of options: their names, the words
 * that a value can be, files, the columns of the files on the command line, and what the names of
 * sources and targets begin with.
 */
#ifndef WH_CLI_COMPLETION_H
#define WH_CLI_COMPLETION_H

#include <stddef.h>

#include "base/kind.h"
#include "base/memory.h"
#include "cli/options.h"

/* The shells, NULL last. */
extern const char *const wh_completion_shells[];

/*
 * Appends the script for `shell`, one of wh_completion_shells, to `out`. `options` holds `count`
 * options without headings; `role` says what an operand can be beside a file (NULL: nothing). A column's name is asked for by "TOOL --completion=columns -- WORD...",
 * which must print the columns of the operands among the words (wh_completion_columns).
 * (--completion=options prints the table itself, for man/options.pl.)
 */
void wh_completion_print(struct wh_buffer *out, const char *shell, const char *tool,
                         const struct wh_option *const *options, size_t count,
                         const struct wh_role *role);

/* Appends the columns of the first row of each file, a line each. A file that cannot be read, or
 * has no rows, adds nothing. */
void wh_completion_columns(struct wh_buffer *out, const char *const *paths, size_t count);

#endif
