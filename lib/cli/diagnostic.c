#include "cli/diagnostic.h"

#include <string.h>
#include <unistd.h>

#include "base/display.h"

static struct wh_buffer secrets; /* of this process's command line */

void wh_diagnostic_arguments(int argc, char *const *argv)
{
    secrets.length = 0;
    for (int i = 1; i < argc; i++)
        wh_display_secrets(&secrets, argv[i]);
}

void wh_diagnostic_hide(struct wh_buffer *out, const char *text)
{
    struct wh_buffer known = { 0 };
    wh_display_hide_these(&known, text, strlen(text), &secrets);
    wh_display_hide(out, known.data, known.length);
    wh_buffer_free(&known);
}

void wh_diagnostic_text(struct wh_buffer *out, const char *text)
{
    struct wh_buffer hidden = { 0 };
    wh_diagnostic_hide(&hidden, text);
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
