#include "pipe/tool.h"

int wh_tool(const struct wh_command *command, struct wh_common *common, int argc, char **argv,
            wh_act *act, void *context)
{
    struct wh_error error;
    int count;
    bool done;
    int result = wh_options_parse(command, argc, argv, &count, &done, &error);
    if (result == 0 && !done) {
        result = wh_common_settle(common, &error);
        if (result == 0)
            result = act(context, common, (const char *const *)argv + 1, (size_t)count, &error);
    }
    wh_common_free(common);
    return result == 0 ? WH_OK : wh_complain(command->tool, &error);
}
