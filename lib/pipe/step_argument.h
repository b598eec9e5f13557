/*
 * The arguments of steps' options.
 */
#ifndef WH_PIPE_STEP_ARGUMENT_H
#define WH_PIPE_STEP_ARGUMENT_H

#include <jansson.h>

#include "base/error.h"

/*
 * Reads an option's argument "COLS[:KEY=VALUE,...]": `columns` gets "COLS", every KEY=VALUE a
 * member, numbers as numbers, true and false as booleans, the rest as strings; KEY alone is true.
 * A list of columns may hold colons after a backslash and in patterns.
 */
json_t *wh_parse_columns_argument(const char *argument, struct wh_error *error);
/* "COL=VALUE": members column (whatever is before the "=", also a list) and `key`; VALUE is kept
 * as a string unless it is a JSON number, true, false or null. */
json_t *wh_parse_value_argument(const char *argument, const char *key, struct wh_error *error);

/* Adds to an error about such an argument how a column is written whose name holds a "=", where one
 * may have been meant: "a=b=5" is for the column a. */
void wh_suggest_equals(const char *argument, struct wh_error *error);

#endif
