#include "cli/tool.h"

#include "base/memory.h"
#include "base/process.h"
#include "cli/diagnostic.h"
#include "cli/signals.h"

/* Prints "TOOL: TEXT" to standard error and returns the exit status that belongs to the error. A
 * process that a signal asked to end does so here, by that signal. */
static int complain(const char *tool, const struct wh_error *error)
{
    wh_signals_die();
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "%s%s%s", error->column, *error->column ? ": " : "", error->text);
    wh_diagnostic(tool, wh_buffer_text(&text));
    wh_buffer_free(&text);
    return error->status == WH_OK ? WH_FAILED : (int)error->status;
}

/* The reason comes first, so that it is read before the words of the tools that it stops. Whoever a
 * signal ends has none to give. */
static int fail(const struct wh_command *command, struct wh_common *common,
                const struct wh_error *error)
{
    if (wh_process_stop())
        wh_farewell(common);
    int status = complain(command->tool, error);
    wh_farewell(common);
    return status;
}

int wh_tool(const struct wh_command *command, struct wh_common *common, int argc, char **argv,
            wh_act *act, void *context)
{
    struct wh_error error;
    int count;
    bool done;
    wh_signals_own();
    int result = wh_options_parse(command, argc, argv, &count, &done, &error);
    if (result == 0 && !done) {
        result = wh_common_settle(common, &error);
        if (result == 0)
            result = act(context, common, (const char *const *)argv + 1, (size_t)count, &error);
    }
    int status = result == 0 ? WH_OK : fail(command, common, &error);
    wh_common_free(common);
    return status;
}
