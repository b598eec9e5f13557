#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/diagnostic.h"

enum { LINE_SIZE = 512 };

static const double DRAW_EVERY = 0.5, LINE_EVERY = 10.0;

struct wh_progress {
    bool terminal; /* drawn in place; otherwise lines in a log */
    bool drawn;    /* a line stands on the screen */
    double begun;
    double drawn_at;
    uint64_t rows; /* as last drawn */
    double rate;   /* rows per second, smoothed; negative before the first */
};

static bool is_pipe(int descriptor)
{
    struct stat status;
    return fstat(descriptor, &status) == 0
           && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

struct wh_progress *wh_progress_begin(bool wanted, bool quiet, int output, double now)
{
    bool terminal = isatty(STDERR_FILENO);
    bool free_screen = !is_pipe(STDOUT_FILENO) && (output < 0 || !isatty(output));
    if (quiet || !(wanted || (terminal && free_screen)))
        return NULL;
    struct wh_progress *progress = wh_alloc(1, sizeof *progress);
    progress->terminal = terminal;
    progress->begun = progress->drawn_at = now;
    progress->rate = -1;
    return progress;
}

bool wh_progress_due(const struct wh_progress *progress, double now)
{
    return progress && now - progress->drawn_at >= (progress->terminal ? DRAW_EVERY : LINE_EVERY);
}

static void add(char line[static LINE_SIZE], const char *text)
{
    size_t used = strlen(line);
    snprintf(line + used, LINE_SIZE - used, "%s%s", used ? "  " : "", text);
}

/* What a stage says may hold names from the rows. */
static void add_shown(char line[static LINE_SIZE], const char *text)
{
    struct wh_buffer shown = { 0 };
    wh_diagnostic_text(&shown, text);
    add(line, wh_buffer_text(&shown));
    wh_buffer_free(&shown);
}

static void add_time_left(char line[static LINE_SIZE], double seconds)
{
    char text[32];
    unsigned long left = seconds < 1e9 ? (unsigned long)seconds : 1000000000UL;
    if (left < 3600)
        snprintf(text, sizeof text, "%lu:%02lu left", left / 60, left % 60);
    else
        snprintf(text, sizeof text, "%lu:%02lu:%02lu left", left / 3600, left / 60 % 60, left % 60);
    add(line, text);
}

/* The rate of the last moments counts for half, so that the number neither jumps nor lies. */
static void measure_rate(struct wh_progress *progress, uint64_t rows, double now)
{
    double recent = (double)(rows - progress->rows) / (now - progress->drawn_at);
    progress->rate = progress->rate < 0 ? recent : (progress->rate + recent) / 2;
    progress->rows = rows;
    progress->drawn_at = now;
}

static void compose(const struct wh_progress *progress, const struct wh_run_progress *state,
                    double now, char line[static LINE_SIZE])
{
    char count[32], text[64];
    line[0] = '\0';
    snprintf(text, sizeof text, "%s row%s", wh_count_text(state->rows, count),
             state->rows == 1 ? "" : "s");
    add(line, text);
    if (progress->rate < 10)
        snprintf(text, sizeof text, "%.1f/s", progress->rate);
    else
        snprintf(text, sizeof text, "%s/s", wh_count_text((uint64_t)(progress->rate + 0.5), count));
    add(line, text);
    if (state->rejected) {
        snprintf(text, sizeof text, "%s rejected", wh_count_text(state->rejected, count));
        add(line, text);
    }
    if (state->share >= 0) {
        snprintf(text, sizeof text, "%d%%", (int)(100 * state->share));
        add(line, text);
    }
    if (state->share > 0.001 && state->share < 1)
        add_time_left(line, (now - progress->begun) * (1 - state->share) / state->share);
    if (state->lag) {
        snprintf(text, sizeof text, "lag %s rows %.1fs", wh_count_text(state->lag->rows, count),
                 state->lag->seconds);
        add(line, text);
    }
    if (state->more && *state->more)
        add_shown(line, state->more);
}

/* Cuts the line where the terminal's ends: one that wraps could not be taken back. */
static void fit(char line[static LINE_SIZE])
{
    struct winsize size;
    size_t width = 80;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        width = size.ws_col;
    size_t length = wh_utf8_valid(line, strlen(line)), at = 0, columns = 0;
    while (at < length && columns < width - 1) {
        uint32_t code;
        at += wh_utf8_get(line + at, length - at, &code);
        columns++;
    }
    line[at] = '\0';
}

static void print(const char *text, size_t length)
{
    /* What cannot be shown is not worth ending a run for. */
    ssize_t written = write(STDERR_FILENO, text, length);
    (void)written;
}

void wh_progress_draw(struct wh_progress *progress, const struct wh_run_progress *state,
                      double now)
{
    if (now <= progress->drawn_at)
        return;
    char line[LINE_SIZE], shown[LINE_SIZE + 8];
    measure_rate(progress, state->rows, now);
    compose(progress, state, now, line);
    if (progress->terminal)
        fit(line);
    int length = snprintf(shown, sizeof shown, progress->terminal ? "\r%s\033[K" : "%s\n", line);
    print(shown, (size_t)length);
    progress->drawn = progress->terminal;
}

void wh_progress_clear(struct wh_progress *progress)
{
    static const char erase[] = "\r\033[K";
    if (!progress || !progress->drawn)
        return;
    print(erase, sizeof erase - 1);
    progress->drawn = false;
}

void wh_progress_end(struct wh_progress *progress)
{
    wh_progress_clear(progress);
    free(progress);
}
