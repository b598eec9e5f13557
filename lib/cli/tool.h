/*
 * A tool from its command line to its exit status: what the main() of each of them has in common.
 */
#ifndef WH_CLI_TOOL_H
#define WH_CLI_TOOL_H

#include <stddef.h>

#include "base/error.h"
#include "cli/common.h"
#include "cli/options.h"

/* What the tool does once its options are known and the common ones settled. `context` is its own.
 * 0, or -1 with the error. */
typedef int wh_act(void *context, struct wh_common *common, const char *const *operands,
                   size_t count, struct wh_error *error);

/*
 * Parses the command line, settles `common`, acts (unless --help or the like was all there was to
 * do), frees what `common` holds, complains where anything failed. Returns the exit status.
 */
int wh_tool(const struct wh_command *command, struct wh_common *common, int argc, char **argv,
            wh_act *act, void *context);

#endif
