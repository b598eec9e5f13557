/*
 * --rotate NAME: a file for each day, say. NAME is a pattern of strftime(3), in local time; what it
 * means when a file is begun is the name that the file will get when it is complete, that is when
 * NAME means something else. A name without a slash is in the folder of the target.
 */
#ifndef WH_SINK_FILE_ROTATE_H
#define WH_SINK_FILE_ROTATE_H

#include "base/error.h"
#include "base/kind.h"
#include "pipe/extent.h"

/* The option, and what it says; NULL: never. */
extern const struct wh_option_group wh_file_rotate_options;
const char *wh_file_rotate_pattern(const struct wh_asked *asked);

/* What the pattern means now, to be freed; NULL, WH_REFUSED, where it is no name for a file beside
 * these two. */
char *wh_file_rotate_name(const char *pattern, const char *target, const char *checkpoint,
                          struct wh_error *error);

/* 0 where no file has the name that `target` is to get, else WH_REFUSED. */
int wh_file_rotate_free(const char *target, const char *name, struct wh_error *error);

/*
 * Gives the target, a file of exactly this extent, its other name and makes that last; where it has
 * that name already, from a run that was killed, takes only its old one away. No other file is
 * removed or replaced: WH_REFUSED where another has the name, or the file is not found.
 */
int wh_file_rotate_move(const char *target, const char *name, const struct wh_extent *extent,
                        struct wh_error *error);

#endif
