#include "sink/checkpoint_name.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "database/url.h"

const char *wh_checkpoint_row(const char *checkpoint)
{
    const char *mark = strrchr(checkpoint, '#');
    return mark ? mark + 1 : "";
}

char *wh_checkpoint_display(const char *checkpoint)
{
    if (!strstr(checkpoint, "://"))
        return wh_copy(checkpoint, strlen(checkpoint));
    char *url = wh_url_display(checkpoint);
    struct wh_buffer text = { 0 };
    wh_buffer_format(&text, "%s#%s", url, wh_checkpoint_row(checkpoint));
    free(url);
    return text.data;
}
