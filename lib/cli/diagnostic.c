#include "cli/diagnostic.h"

#include <unistd.h>

#include "base/display.h"
#include "base/secrets.h"

void wh_diagnostic_text(struct wh_buffer *out, const char *text)
{
    struct wh_buffer hidden = { 0 };
    wh_secrets_hide(&hidden, text);
    wh_display_text(out, hidden.data, hidden.length, false);
    wh_buffer_free(&hidden);
}

void wh_diagnostic(const char *tool, const char *text)
{
    struct wh_buffer line = { 0 };
    if (tool)
        wh_buffer_format(&line, "%s: ", tool);
    wh_diagnostic_text(&line, text);
    wh_buffer_byte(&line, '\n');
    /* Where this cannot be written there is nobody to tell. */
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written;
    wh_buffer_free(&line);
}
