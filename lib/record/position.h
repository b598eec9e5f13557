/*
 * A position in files: where reading can go on exactly, as a JSON object.
 *
 *     {"kind":"file","path":"orders.csv","file":1,"paths":"5d1f...",
 *      "first":{"bytes":4096,"sha256":"77e0..."},
 *      "options":{"--input-format":"csv","--delimiter":",","--ragged":true},
 *      "offset":10382,"line":214,"before":{"from":0,"digest":"9f2c..."},"header":"id,amount"}
 *
 * `file` is the place of `path` among the operands, from 0, and `paths` a digest of all operands up
 * to it: later ones may change, earlier ones may not. `first` are the bytes that the file began
 * with, compressed or not, by which it is recognised. `offset` counts uncompressed bytes, and
 * `before` tells what the bytes before it are (record/input.h), with "word" where they are not all
 * from 0; where it is absent, in a position of an earlier version, they are not compared. Where a
 * row stands at it that was given although its end had not been seen, "unfinished":LENGTH says how
 * long it was, or "too_long":true that only its beginning was given.
 *
 * The options are those that say what rows are made of the bytes, format and delimiter as they were
 * settled for the file. What CSV adds is in csv.c: the header or the number of columns, and the
 * types of --infer. All this is for the same version of the tools, no promise to other programs.
 */
#ifndef WH_RECORD_POSITION_H
#define WH_RECORD_POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/input.h"
#include "record/reader.h"

/* Where in its file a row begins. */
struct wh_spot {
    uint64_t offset;
    uint64_t line;
    bool given;    /* the row was given, although its end was not seen */
    size_t length; /* of that row, in bytes; 0: it was too long, and only its beginning given */
};

/* The spot as the members of a new object; and back, WH_REFUSED for what is none. */
json_t *wh_spot_json(const struct wh_spot *spot);
int wh_spot_read(const json_t *position, struct wh_spot *spot, struct wh_error *error);

/* Moves the input forward to the spot's offset. WH_REFUSED where the bytes before it are no longer
 * those that they were. */
int wh_spot_seek(const json_t *position, const struct wh_spot *spot, struct wh_input *input,
                 struct wh_error *error);

/*
 * For a reader whose input has just been moved to the spot's offset: drops the row that was given
 * there. WH_REFUSED where it is no longer the row that it was.
 */
int wh_spot_pass(const struct wh_spot *spot, struct wh_reader *reader,
                 const struct wh_input *input, struct wh_error *error);

/* What is known of a position that does not hold what it should. Returns -1. */
int wh_position_damaged(struct wh_error *error);

/* The file that is being read, one of several. */
struct wh_position_file {
    const struct wh_reading *reading; /* as it was settled for this file */
    const char *const *paths;
    size_t index;                     /* in paths */
    const struct wh_input *input;
    size_t first_bytes;               /* of `first`; kept by wh_position_make */
    char first[65];
};

/* Adds to what the file's own reader says of the spot which file that is and how it is read; takes
 * `spot` over and returns it. */
json_t *wh_position_make(struct wh_position_file *file, json_t *spot);

/* The place among the paths where a position is. WH_REFUSED where it is in other files. */
int wh_position_find(const json_t *position, const char *const *paths, size_t count,
                     size_t *index, struct wh_error *error);
/* Whether the file, just opened, is still the one that the position is in; then, its format being
 * settled, whether it is read in the same way. WH_REFUSED where not. */
int wh_position_check_file(const json_t *position, const struct wh_input *input,
                           struct wh_error *error);
int wh_position_check_reading(const json_t *position, const struct wh_position_file *file,
                              struct wh_error *error);

#endif
