#include "base/secrets.h"

#include <string.h>

#include "base/display.h"

static struct wh_buffer noted;

void wh_secrets_note(int argc, char *const *argv)
{
    noted.length = 0;
    for (int i = 1; i < argc; i++)
        wh_display_secrets(&noted, argv[i]);
}

void wh_secrets_hide(struct wh_buffer *out, const char *text)
{
    struct wh_buffer known = { 0 };
    wh_display_hide_these(&known, text, strlen(text), &noted);
    wh_display_hide(out, known.data, known.length);
    wh_buffer_free(&known);
}
